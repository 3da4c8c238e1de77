"""Permutation importance against models that look at one place, and a plain loop."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pytest

from cropmap.assessment.importance import IMPORTANCE_HEADER, ImportanceOptions, ImportanceTally, importance_rows
from cropmap.contract.errors import SampleError
from cropmap.data.accuracy import accuracy_of
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.models.predictor import Predictor
from cropmap.training.fit import FitOptions, fit

LEGEND = Legend(
    (LegendClass(1, "maize", "#ffd300"), LegendClass(5, "soybean", "#267000"), LegendClass(9, "none", "#000000"))
)
STEPS, BANDS = 4, 3


def samples_of(count, seed=0):
    """The class is told by the second band on the third step, and by nothing else."""
    rng = np.random.default_rng(seed)
    codes = np.where(rng.random(count) < 0.5, 1, 5).astype(np.uint8)
    values = rng.normal(0, 1, (count, STEPS, BANDS)).astype(np.float32)
    values[:, 2, 1] = np.where(codes == 5, 1.0, -1.0)
    return SampleSet(
        values=values,
        codes=codes,
        ids=np.array([f"s{seed}-{k}" for k in range(count)]),
        x=np.arange(count, dtype=float),
        y=np.zeros(count),
        groups=np.array([f"g{k}" for k in range(count)]),
        days=np.arange(STEPS, dtype=np.int32) * 7,
        bands=("red", "nir", "swir"),
        legend=LEGEND,
        recipe=Recipe("weekly", Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30)), ()),
        crs="",
    )


def looks_at_one_cell(values):
    return np.where(values[:, 2, 1] > 0, 5, 1).astype(np.uint8)


def test_exactly_what_the_model_looks_at_matters():
    tally = ImportanceTally(LEGEND, ImportanceOptions(repeats=5))
    for seed in range(3):
        tally.add(looks_at_one_cell, samples_of(300, seed))
    found = tally.result("overall accuracy")
    assert found.baseline == 1.0
    assert found.samples == 900
    # Half of the values come from a sample of the other class.
    assert found.cell_drop[1, 2] == pytest.approx(0.5, abs=0.05)
    assert found.band_drop[1] == found.step_drop[2] == found.cell_drop[1, 2]
    others = np.delete(found.cell_drop.ravel(), STEPS + 2)
    assert (others == 0).all()
    assert (np.delete(found.band_drop, 1) == 0).all()
    assert (np.delete(found.step_drop, 2) == 0).all()


def looks_at_much(values):
    score = values[:, 2, 1] + values[:, 0, 0] * values[:, 3, 2] + 0.3 * values[:, 1].sum(axis=1)
    return np.where(score > 0, 5, 1).astype(np.uint8)


@pytest.mark.parametrize("measure", ["macro F1", "overall accuracy"])
def test_the_drops_are_those_of_a_plain_loop(measure):
    folds = [samples_of(120, 1), samples_of(80, 2)]
    options = ImportanceOptions(repeats=2, most=100, seed=7)
    tally = ImportanceTally(LEGEND, options)
    for fold in folds:
        tally.add(looks_at_much, fold)
    found = tally.result(measure)

    def score(picked):
        own = accuracy_of(np.concatenate([t for t, _ in picked]), np.concatenate([p for _, p in picked]), LEGEND)
        return own.macro_f1 if measure == "macro F1" else own.overall

    drawn = []
    for number, fold in enumerate(folds):
        rng = np.random.default_rng([7, number])
        rows = np.sort(rng.permutation(len(fold))[:100])
        drawn.append((fold.values[rows], fold.codes[rows], [rng.permutation(len(rows)) for _ in range(2)]))
    baseline = score([(codes, looks_at_much(values)) for values, codes, _ in drawn])
    assert found.baseline == pytest.approx(baseline)

    def drop(steps, bands):
        lost = []
        for repeat in range(2):
            picked = []
            for values, codes, orders in drawn:
                changed = values.copy()
                for step, band in itertools.product(steps, bands):
                    changed[:, step, band] = values[orders[repeat], step, band]
                picked.append((codes, looks_at_much(changed)))
            lost.append(baseline - score(picked))
        return np.mean(lost)

    steps, bands = range(STEPS), range(BANDS)
    assert found.band_drop == pytest.approx([drop(steps, [band]) for band in bands])
    assert found.step_drop == pytest.approx([drop([step], bands) for step in steps])
    assert found.cell_drop == pytest.approx(np.array([[drop([step], [band]) for step in steps] for band in bands]))
    assert np.abs(found.cell_drop).max() > 0.02


def test_a_fitted_forest_looks_where_the_class_is_told():
    samples = samples_of(200)
    package = fit(samples, "random_forest", {"trees": 20}, FitOptions(threads=1))
    tally = ImportanceTally(LEGEND, ImportanceOptions(repeats=1, most=100))
    tally.add(Predictor(package).codes, samples_of(150, 9))
    found = tally.result()
    assert found.baseline > 0.95
    assert np.unravel_index(found.cell_drop.argmax(), found.cell_drop.shape) == (1, 2)
    assert found.samples == 100


def test_samples_are_not_changed_and_the_same_seed_gives_the_same():
    samples = samples_of(60)
    before = samples.values.copy()
    drops = []
    for seed in (3, 3, 4):
        tally = ImportanceTally(LEGEND, ImportanceOptions(seed=seed))
        tally.add(looks_at_much, samples)
        drops.append(tally.result().cell_drop)
    np.testing.assert_array_equal(samples.values, before)
    np.testing.assert_array_equal(drops[0], drops[1])
    assert not np.array_equal(drops[0], drops[2])
    rows = importance_rows(tally.result())
    assert rows[0] == IMPORTANCE_HEADER
    assert [row[1:3] for row in rows[1:8]] == [("red", ""), ("nir", ""), ("swir", ""), *(("", 7 * k) for k in range(4))]
    assert [row[1:3] for row in rows[8:]] == [(band, 7 * k) for band in ("red", "nir", "swir") for k in range(4)]


def test_nothing_and_folds_of_other_bands_are_refused():
    tally = ImportanceTally(LEGEND)
    with pytest.raises(SampleError, match="No fold"):
        tally.result()
    samples = samples_of(20)
    tally.add(looks_at_one_cell, samples)
    with pytest.raises(SampleError, match="different bands"):
        tally.add(looks_at_one_cell, SampleSet(**{**vars(samples), "bands": ("nir", "red", "swir")}))
