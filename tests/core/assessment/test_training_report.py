"""The report of a training: which sections there are, what they say, and the tables beside them."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import math
import re
import statistics

import numpy as np
import pytest

from cropmap.assessment.calibration import reliability
from cropmap.assessment.folds import FIGURES, fold_figures
from cropmap.assessment.importance import Importance
from cropmap.assessment.page import seconds_text
from cropmap.assessment.report import Measured, Report, render_report
from cropmap.assessment.training_curves import Curve, curves_of
from cropmap.assessment.training_report import Calibration, FittedModel, Training, size_text
from cropmap.assessment.training_tables import calibration_rows, curve_rows, fold_rows, profile_rows, split_rows
from cropmap.data.accuracy import Accuracy
from cropmap.data.legend import NODATA, legend_from_names
from cropmap.data.probabilities import tempered
from cropmap.io.tables import csv_text
from cropmap.training.fit import OutOfFold
from tests.core.assessment.test_report import _folds, _legend, _Page, _samples

MODEL = FittedModel(
    title="Transformer",
    summary="Attention over the season's steps.",
    citation="Vaswani et al. 2017",
    params={"width": 32, "members": ["a", "b"]},
    record={"training_samples": 306, "validation_samples": 90, "device": "cpu", "best_epoch": 2, "epochs": [{}] * 3},
    learnt=42_567,
    size=160_903,
    seconds={"Training": 24.0, "Cross-validating": 106.0},
)


def _curve(name="Model", epochs=3, *, kept=True):
    points = tuple(
        {"training_loss": 2 / k, "validation_loss": 2.5 / k, "validation_accuracy": 1 - 0.5 / k, "learning_rate": 1e-3}
        for k in range(1, epochs + 1)
    )
    return Curve(name, points, epochs, kept)


def _calibration():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(3), 200).astype(np.float32)
    truth = rng.integers(0, 3, 200)
    return Calibration(2.0, reliability(shares, truth), reliability(tempered(shares, 2.0), truth))


def _importance(bands=2, steps=12):
    rng = np.random.default_rng(0)
    cells = rng.uniform(-0.01, 0.1, (bands, steps))
    days = np.arange(0, 7 * steps, 7, dtype=np.int32)
    names = tuple(f"B{k:02}" for k in range(bands))
    return Importance(names, days, cells.sum(axis=1), cells.sum(axis=0), cells, 3, 0.9, samples=40)


def _dates(steps=12):
    return tuple(dt.date(2021, 3, 1) + dt.timedelta(days=7 * k) for k in range(steps))


def _training(**changes):
    fields = {
        "model": MODEL,
        "curves": (_curve(), _curve("Fold 1", kept=False)),
        "calibration": _calibration(),
        "importance": _importance(),
        "dates": _dates(),
    }
    return Training(**{**fields, **changes})


def _read(rows):
    return list(csv.DictReader(io.StringIO(csv_text(rows))))


def test_a_training_is_told_in_four_sections_with_three_pictures():
    page = _Page(render_report(Report("x", training=_training())))
    assert len(page.images) == 3
    assert all(len(image["alt"]) > 40 for image in page.images)
    for words in (
        "Numbers learnt 42,567",
        "Size of its file 161 kB",
        "Stopped by 90 validation samples",
        "Kept epoch 2 of 3",
        "Cross-validating 1 min 46 s",
        "members a, b",
        "Model: 3 epochs; the weights of epoch 3 were kept, with a validation loss of 0.833 and 83.3 %",
        "carries T = 2.000",
        "Which bands and dates it looks at",
    ):
        assert words in page.text


@pytest.mark.parametrize(
    ("without", "title"),
    [
        ({"model": None}, "Numbers learnt"),
        ({"curves": ()}, "How it learnt"),
        ({"calibration": None}, "Whether its confidence means what it says"),
        ({"importance": None}, "Which bands and dates it looks at"),
    ],
)
def test_a_section_vanishes_where_there_is_nothing_to_show(without, title):
    assert title in _Page(render_report(Report("x", training=_training()))).text
    assert title not in _Page(render_report(Report("x", training=_training(**without)))).text


def test_confidence_is_called_too_high_where_it_is():
    # Wholly sure, and right in half of the cases: 50 points too high.
    sure = reliability(np.array([[1.0, 0.0]] * 4), np.array([0, 0, 1, 1]))
    text = _Page(render_report(Report("x", training=_training(calibration=Calibration(3.0, sure, sure))))).text
    assert "their confidence is on average 50.0 points too high" in text


def test_the_worst_loss_is_named_first():
    drops = dataclasses.replace(_importance(3, 4), band_drop=np.array([0.1, 0.3, 0.2]))
    text = _Page(render_report(Report("x", training=_training(importance=drops, dates=_dates(4))))).text
    assert "Worth most: bands B01, B02, B00;" in text
    assert re.search(r"B01 0\.300 B02 0\.200 B00 0\.100", text)


@pytest.mark.parametrize(("bands", "steps"), [(1, 1), (1, 60), (40, 3)])
def test_any_number_of_bands_and_steps_makes_a_page(bands, steps):
    training = Training(importance=_importance(bands, steps), dates=_dates(steps), curves=(_curve(epochs=1),))
    assert len(_Page(render_report(Report("x", training=training))).images) == 2


@pytest.mark.parametrize("method", ["blocks", "random"])
def test_the_split_is_mapped_by_fold(method):
    samples = _samples(_legend("maize", "wheat"))
    plan = dataclasses.replace(_folds(samples), method=method, fold=np.arange(40, dtype=np.int8) % 22 - 1)
    page = _Page(render_report(Report("x", samples=samples, folds=plan)))
    assert "Where the samples of each of the 21 folds stand." in [image["alt"] for image in page.images]
    assert ("pieces of land that the cross-validation keeps whole" in page.text) == (method == "blocks")


def test_folds_have_a_mean_and_the_deviation_of_a_sample():
    legend = legend_from_names(["a", "b"])
    folds = [Accuracy(np.array(matrix), legend) for matrix in ([[4, 0], [1, 5]], [[2, 2], [0, 6]], [[5, 0], [0, 5]])]
    found = fold_figures(folds)
    overall = [9 / 10, 8 / 10, 10 / 10]
    assert [row[0] for row in found.folds] == pytest.approx(overall)
    assert found.mean[0] == pytest.approx(statistics.mean(overall))
    assert found.deviation[0] == pytest.approx(statistics.stdev(overall))
    rows = _read(fold_rows(folds))
    assert [row["fold"] for row in rows] == ["1", "2", "3", "mean", "SD"]
    assert float(rows[4]["overall accuracy"]) == pytest.approx(0.1)
    # Balanced accuracy of the second fold: half of a, all of b.
    assert float(rows[1]["balanced accuracy"]) == pytest.approx(0.75)
    text = _Page(render_report(Report("x", measured=(Measured("a", "b", folds[0], tuple(folds)),)))).text
    assert "Mean ± SD 0.900 ± 0.100" in text


def test_a_figure_that_one_fold_alone_has_no_spread():
    # All of one class: kappa is undefined.
    legend = legend_from_names(["a", "b"])
    single = Accuracy(np.array([[5, 0], [0, 0]]), legend)
    found = fold_figures([single, Accuracy(np.array([[4, 0], [1, 5]]), legend)])
    kappa = [name for name, _ in FIGURES].index("kappa")
    assert math.isnan(found.folds[0][kappa])
    assert found.mean[kappa] == found.folds[1][kappa]
    assert math.isnan(found.deviation[kappa])


def test_curves_are_those_of_the_record_and_of_each_member():
    epochs = [{"training_loss": 1.0}, {"training_loss": 0.5}]
    assert curves_of({"device": "cpu"}, "Model") == ()
    (curve,) = curves_of({"epochs": epochs, "best_epoch": 2}, "Model", kept=True)
    assert (curve.name, curve.best_epoch, curve.kept, list(curve.epochs)) == ("Model", 2, True, epochs)
    members = [{"device": "cpu"}, {"epochs": epochs, "best_epoch": 1}]
    assert [own.name for own in curves_of({"members": members}, "Fold 1")] == ["Fold 1, member 2"]


def test_every_epoch_is_a_row_and_the_kept_one_is_marked():
    rows = _read(curve_rows([_curve(), _curve("Fold 1", kept=False)]))
    assert [(row["curve"], row["epoch"], row["kept"]) for row in rows[2:4]] == [
        ("Model", "3", "1"),
        ("Fold 1", "1", "0"),
    ]
    assert float(rows[1]["training_loss"]) == 1.0


def test_calibration_rows_sum_up_to_their_first():
    found = _calibration()
    rows = _read(calibration_rows(found))
    assert len(rows) == 2 * 16
    for start, temperature in ((0, 1.0), (16, 2.0)):
        whole, bins = rows[start], [row for row in rows[start + 1 : start + 16] if row["samples"] != "0"]
        weights = [int(row["samples"]) for row in bins]
        assert float(whole["temperature"]) == temperature
        assert int(whole["samples"]) == sum(weights) == 200
        for name in ("confidence", "accuracy"):
            mean = sum(weight * float(row[name]) for weight, row in zip(weights, bins, strict=True)) / 200
            assert float(whole[name]) == pytest.approx(mean)
    assert float(rows[0]["calibration_error"]) == pytest.approx(found.before.ece)


def test_profiles_hold_every_band_of_every_class_on_every_date():
    samples = _samples(_legend("maize", "wheat"))
    rows = _read(profile_rows(samples))
    assert len(rows) == 3 * 2 * 12  # NDVI and two bands, two classes, twelve dates
    (row,) = [r for r in rows if (r["class"], r["band"], r["date"]) == ("wheat", "B08", "2021-03-08")]
    values = samples.values[samples.codes == 1, 1, 1]
    assert float(row["mean"]) == pytest.approx(float(values.mean()))
    assert float(row["high_90"]) == pytest.approx(float(np.quantile(values, 0.9)), rel=1e-6)
    assert int(row["samples"]) == len(values)


def test_the_split_names_each_samples_fold_and_what_was_predicted():
    legend = _legend("maize", "wheat")
    samples = _samples(legend, count=4)
    plan = dataclasses.replace(_folds(samples), fold=np.array([0, 1, -1, 1], np.int8))
    shares = np.array([[0.25, 0.75], [1, 0], [np.nan] * 2, [0.5, 0.5]], np.float32)
    found = OutOfFold(np.array([1, 0, NODATA, 0], np.uint8), shares, plan.fold, legend, {}, ())
    rows = _read(split_rows(samples, plan, found))
    assert [(row["fold"], row["predicted"], row["confidence"]) for row in rows] == [
        ("1", "wheat", "0.75"),
        ("2", "maize", "1.0"),
        ("", "", ""),
        ("2", "maize", "0.5"),
    ]
    assert [row["id"] for row in rows] == samples.ids.tolist()
    assert {row["predicted"] for row in _read(split_rows(samples, plan))} == {""}


def test_sizes_and_times_are_written_as_people_do():
    assert [size_text(size) for size in (0, 812, 28_184, 1_400_000, 3_000_000_000)] == [
        "0 B",
        "812 B",
        "28.2 kB",
        "1.4 MB",
        "3 GB",
    ]
    assert [seconds_text(seconds) for seconds in (0.418, 24.2, 200.4, 7500)] == [
        "0.42 s",
        "24 s",
        "3 min 20 s",
        "2 h 5 min",
    ]
