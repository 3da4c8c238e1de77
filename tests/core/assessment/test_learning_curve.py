from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from cropmap.assessment.learning_curve import CURVE_HEADER, LabelDraw, curve_rows, learning_curve
from cropmap.contract.errors import SampleError
from cropmap.contract.progress import Progress
from cropmap.data.accuracy import accuracy_of
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.models.predictor import Predictor
from cropmap.training.fit import FitOptions, fit

OPTIONS = FitOptions(threads=1)
FOREST = ("forest", "random_forest", {"trees": 15})


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(0)
    codes = np.where(np.arange(160) % 2, 5, 1).astype(np.uint8)
    values = rng.normal(0, 1, (160, 4, 2)).astype(np.float32) + np.where(codes == 5, 0.8, 0)[:, None, None]
    return SampleSet(
        values=values.astype(np.float32),
        codes=codes,
        ids=np.array([f"s{k:03d}" for k in range(160)]),
        x=np.arange(160.0),
        y=np.zeros(160),
        groups=np.array([f"g{k // 4}" for k in range(160)]),
        days=np.arange(4, dtype=np.int32) * 7,
        bands=("red", "nir"),
        legend=Legend((LegendClass(1, "maize", "#ffd300"), LegendClass(5, "soybean", "#267000"))),
        recipe=Recipe("weekly", Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30)), ()),
        crs="",
    )


@pytest.fixture(scope="module")
def tested():
    return np.arange(160) >= 80


def draws_of(counts, seeds):
    """Subsets of the first so many samples, whose classes take turns."""
    masks = np.array([np.arange(160) < 2 * count for count in counts])
    return [LabelDraw(tuple(counts), masks, seed) for seed in seeds]


def test_every_point_is_a_fit_of_its_own_on_the_same_test(samples, tested):
    told = []
    progress = Progress(lambda fraction, _message: told.append(fraction))
    points = learning_curve(samples, tested, draws_of([3, 40], [4, 9]), FOREST, OPTIONS, progress)
    assert [(point.labels, point.run, point.samples) for point in points] == [
        (3, 1, 6),
        (40, 1, 80),
        (3, 2, 6),
        (40, 2, 80),
    ]
    for point, seed in zip(points, (4, 4, 9, 9), strict=True):
        chosen = np.arange(160) < point.samples
        package = fit(samples.subset(chosen), "random_forest", {"trees": 15}, FitOptions(seed=seed, threads=1))
        expected = accuracy_of(samples.codes[tested], Predictor(package).codes(samples.values[tested]), samples.legend)
        assert point.accuracy.confusion.tolist() == expected.confusion.tolist()
    assert points[1].accuracy.overall > points[0].accuracy.overall
    assert told == sorted(told)


def test_a_subset_too_small_for_the_model_is_told_and_the_rest_goes_on(samples, tested):
    masks = np.array([np.arange(160) < 3, np.arange(160) < 40])
    draws = [LabelDraw((1, 20), masks, 0)]
    points = learning_curve(samples, tested, draws, FOREST, OPTIONS, Progress())
    assert points[0].accuracy is None
    assert "needs 2" in points[0].why
    assert points[1].accuracy.total == 80
    rows = curve_rows(points)
    assert rows[0] == CURVE_HEADER
    assert rows[1][-1] == points[0].why
    assert [row[2] for row in rows[1:]] == [1, 1, "mean"]


def test_the_table_holds_every_run_with_mean_and_sd(samples, tested):
    points = learning_curve(samples, tested, draws_of([5], [0, 1, 2]), FOREST, OPTIONS, Progress())
    rows = curve_rows(points)
    assert [row[2] for row in rows[1:]] == [1, 2, 3, "mean", "sd"]
    overall = [row[4] for row in rows[1:4]]
    assert rows[4][4] == pytest.approx(np.mean(overall))
    assert rows[5][4] == pytest.approx(np.std(overall, ddof=1))


def test_an_interrupted_curve_does_not_fit_again_what_was_finished(samples, tested, tmp_path):
    options = FitOptions(threads=1, checkpoints=tmp_path)
    first = learning_curve(samples, tested, draws_of([3, 40], [4]), FOREST, options, Progress())
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.cropmap")}
    assert len(stamps) == 2
    again = learning_curve(samples, tested, draws_of([3, 40], [4]), FOREST, options, Progress())
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.cropmap")} == stamps
    for one, other in zip(first, again, strict=True):
        assert one.accuracy.confusion.tolist() == other.accuracy.confusion.tolist()


def test_subsets_that_hold_test_samples_are_refused(samples, tested):
    with pytest.raises(SampleError, match="subsets without them"):
        learning_curve(samples, tested, draws_of([60], [0]), FOREST, OPTIONS, Progress())
    with pytest.raises(SampleError, match="needs test samples"):
        learning_curve(samples, ~tested & tested, draws_of([6], [0]), FOREST, OPTIONS, Progress())
