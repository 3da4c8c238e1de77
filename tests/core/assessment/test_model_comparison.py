"""Comparisons of models whose right and wrong samples are known."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest

from cropmap.assessment.learning_curve import CurvePoint
from cropmap.assessment.model_comparison import (
    MODELS_HEADER,
    PAIRS_HEADER,
    ComparedModel,
    LeftOut,
    ModelRun,
    class_rows,
    compare_models,
    model_rows,
    pair_rows,
    prediction_rows,
)
from cropmap.assessment.model_comparison_report import ModelComparisonReport, render_model_comparison
from cropmap.assessment.paired import OVERALL, exact_p
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.recipe import Recipe
from cropmap.data.samples import FoldPlan, SampleSet
from cropmap.data.season import Season

LEGEND = Legend((LegendClass(1, "maize", "#ffd300"), LegendClass(5, "soya & <b>", "#267000")))
COUNT = 120


def run_of(truth, wrong, seconds=2.0):
    """A run that has just these samples wrong, and is .8 sure of all."""
    codes = truth.copy()
    codes[wrong] = np.where(truth[wrong] == 1, 5, 1)
    shares = np.where(codes[:, None] == np.array([1, 5]), 0.8, 0.2).astype(np.float32)
    return ModelRun(codes, shares, seconds)


@pytest.fixture(scope="module")
def comparison():
    truth = np.where(np.arange(COUNT) % 2, 5, 1).astype(np.uint8)
    samples = SampleSet(
        values=np.zeros((COUNT, 2, 1), np.float32),
        codes=truth,
        ids=np.array([f"s{k:03d}" for k in range(COUNT)]),
        x=np.arange(COUNT) * 1000.0,
        y=np.zeros(COUNT),
        groups=np.array([f"g{k // 6}" for k in range(COUNT)]),
        days=np.arange(2, dtype=np.int32) * 7,
        bands=("ndvi",),
        legend=LEGEND,
        recipe=Recipe("weekly", Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30)), ()),
        crs="",
    )
    units = (np.arange(COUNT) // 6).astype(np.int32)
    plan = FoldPlan((units % 4).astype(np.int8), units, truth, np.nan, method="groups")
    models = [
        ComparedModel("ltae", "ltae", {}, (run_of(truth, np.arange(30)), run_of(truth, np.arange(36)))),
        ComparedModel("random_forest", "random_forest", {"trees": 5}, (run_of(truth, np.arange(20, 32)),)),
    ]
    found = compare_models(samples, plan, LEGEND, models, seed=1)
    curve = (
        CurvePoint("ltae", 5, 1, 10, None, 0.1, "too few"),
        CurvePoint("random_forest", 5, 1, 10, found.accuracy(found.models[0].runs[0]), 0.1),
    )
    return dataclasses.replace(found, curve=curve, left_out=(LeftOut("tempcnn", "tempcnn", "5 steps <are> few."),))


def table(rows):
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def test_the_most_accurate_comes_first(comparison):
    assert [own.name for own in comparison.models] == ["random_forest", "ltae"]
    first, second = (comparison.resampled.of(k, OVERALL) for k in range(2))
    assert first.value == pytest.approx(108 / COUNT)
    assert second.value == pytest.approx((90 + 84) / 2 / COUNT)
    ahead = comparison.resampled.difference(1, 0, OVERALL)
    assert ahead.value == pytest.approx(first.value - second.value)
    assert ahead.low < ahead.value < ahead.high


def test_the_models_table_holds_every_fold_run_mean_and_sd(comparison):
    rows = table(model_rows(comparison))
    assert tuple(rows[0]) == MODELS_HEADER
    forest = [row for row in rows if row["model"] == "random_forest"]
    assert [row["fold"] for row in forest] == [1, 2, 3, 4, "mean", "sd", "all"]
    overall = [row["overall_accuracy"] for row in forest]
    # Samples 20..31 lie in units 3, 4 and 5: folds 4, 1 and 2.
    assert overall[:4] == pytest.approx([24 / 30, 28 / 30, 1.0, 26 / 30])
    assert overall[4:] == pytest.approx([np.mean(overall[:4]), np.std(overall[:4], ddof=1), 108 / COUNT])
    # .8 sure and .9 right; the Brier score of a right sample is .08, of a wrong one 1.28.
    assert forest[-1]["ece"] == pytest.approx(0.1)
    assert forest[-1]["brier"] == pytest.approx(0.9 * 0.08 + 0.1 * 1.28)
    assert forest[-1]["nll"] == pytest.approx(-0.9 * np.log(0.8) - 0.1 * np.log(0.2))
    several = [row for row in rows if row["model"] == "ltae" and row["run"] in ("mean", "sd")]
    assert several[0]["overall_accuracy"] == pytest.approx(87 / COUNT)
    assert several[1]["overall_accuracy"] == pytest.approx(np.std([90 / COUNT, 84 / COUNT], ddof=1))


def test_the_pairs_table_tells_who_is_right_alone(comparison):
    rows = table(pair_rows(comparison))
    assert tuple(rows[0]) == PAIRS_HEADER
    # Of the first runs the forest alone is right on 0..19, the other one on 30 and 31.
    assert (rows[0]["model"], rows[0]["other"], rows[0]["test"]) == ("random_forest", "ltae", "McNemar")
    assert (rows[0]["only_model_right"], rows[0]["only_other_right"]) == (20, 2)
    assert rows[0]["z"] == pytest.approx(18 / np.sqrt(22))
    assert rows[0]["p"] == rows[0]["p_holm"] == exact_p(20, 2)
    maize = next(row for row in rows if row["test"] == "McNemar, samples of the class" and row["class"] == "maize")
    assert (maize["only_model_right"], maize["only_other_right"]) == (10, 1)
    assert maize["p_holm"] == pytest.approx(2 * exact_p(10, 1))
    difference = next(row for row in rows if row["test"] == "difference in overall accuracy")
    assert difference["difference"] == pytest.approx(108 / COUNT - 87 / COUNT)


def test_the_other_tables_hold_every_sample_and_class(comparison):
    predictions = table(prediction_rows(comparison))
    assert list(predictions[0]) == ["id", "fold", "reference", "random_forest", "ltae", "ltae run 2"]
    assert predictions[31] == {"id": "s031", "fold": 2, "reference": 5, "random_forest": 1, "ltae": 5, "ltae run 2": 1}
    assert len(predictions) == COUNT
    classes = table(class_rows(comparison))
    assert [(row["model"], row["run"], row["class"]) for row in classes[:3]] == [
        ("random_forest", 1, "maize"),
        ("random_forest", 1, "soya & <b>"),
        ("ltae", 1, "maize"),
    ]
    assert classes[0]["producers"] == pytest.approx(54 / 60)
    assert classes[0]["iou"] == pytest.approx(54 / 66)


def test_samples_of_no_fold_are_not_compared(comparison):
    fold = comparison.plan.fold.copy()
    fold[:24] = -1
    plan = dataclasses.replace(comparison.plan, fold=fold)
    found = compare_models(comparison.samples, plan, LEGEND, comparison.models)
    assert found.accuracy(found.models[0].runs[0]).total == 96
    assert len(prediction_rows(found)) == 97


def test_the_page_tells_the_best_and_stands_alone(comparison):
    asked = {"models": ["ltae", {"name": "random_forest", "trees": 5}]}
    text = render_model_comparison(ModelComparisonReport(comparison, asked))
    assert "http" not in text.replace("http-equiv", "")
    assert "soya &amp; &lt;b&gt;" in text
    assert "5 steps &lt;are&gt; few." in text
    assert "Ahead of the next by" in text
    assert "+17.5" in text
    assert text.count('class="line"') == 1
    assert "random_forest, trees 5" in text


def test_one_model_alone_has_a_page_without_pairs(comparison):
    found = compare_models(comparison.samples, comparison.plan, LEGEND, comparison.models[:1])
    assert found.pairs == ()
    text = render_model_comparison(ModelComparisonReport(found))
    assert "Every two models" not in text
    assert "Ahead of the next by" not in text
    assert "Learning curves" not in text
