"""The page, the drawing and the tables of a transfer."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
import re

import numpy as np
import pytest

from cropmap.assessment.model_comparison import ComparedModel, LeftOut, ModelRun, compare_models
from cropmap.assessment.paired import MACRO_F1, OVERALL, Estimate
from cropmap.assessment.transfer_drawings import Reached, reached_svg
from cropmap.assessment.transfer_outcome import (
    Advised,
    Candidate,
    Outcome,
    class_match_rows,
    outcome_figures,
    ranked,
    strategy_rows,
)
from cropmap.assessment.transfer_report import TransferReport, render_transfer, write_transfer
from cropmap.data.legend import Legend
from cropmap.data.samples import FoldPlan
from cropmap.io.tables import csv_text
from cropmap.testing.series import draw_series
from cropmap.testing.synthetic import SyntheticOptions
from cropmap.transfer.classes import ClassMatch

ADVISED = Advised("Pooled <&>", "pooled", {"rows": 3}, "random_forest", ("Because <so>.",), (0.7, 0.8, 0.9), 12.0)
WRONG = {"direct": 40, "scratch": 20, "pooled": 5}


def candidate(name, **changed):
    return Candidate(name, name.partition(" ")[0], {}, f"Title of {name} <&>", "random_forest", 1.5, **changed)


@pytest.fixture(scope="module")
def comparison():
    """Three strategies: each has another number of corn samples wrong."""
    samples = draw_series({"Corn": 90, "Soybean": 60}, SyntheticOptions(seed=3))
    legend = Legend(tuple(own for own in samples.legend.classes if own.name in ("Corn", "Soybean")))
    plan = FoldPlan((np.arange(150) % 3).astype(np.int8), (np.arange(150) // 5).astype(np.int32), samples.codes, 500.0)
    models = []
    for name, wrong in WRONG.items():
        codes = samples.codes.copy()
        codes[7 * np.arange(wrong) % 90] = legend.code_of("Soybean")
        shares = (codes[:, None] == np.array(legend.codes)).astype(np.float32)
        models.append(ComparedModel(name, "random_forest", {}, (ModelRun(codes, shares, 2.0),)))
    return compare_models(samples, plan, legend, models)


@pytest.fixture
def found(comparison):
    return Outcome(
        candidates=ranked([candidate(name, masked=("Rye <&>",), masked_share=0.125) for name in WRONG], comparison),
        match=ClassMatch(("Corn", "Soybean"), ("Rye <&>",), ("Hemp <&>",)),
        classes_known=True,
        labels=150,
        series=1000,
        comparison=comparison,
        left_out=(LeftOut("dann", "tempcnn", "It <failed>."),),
        advised=(ADVISED,),
    )


@pytest.fixture
def scored():
    scores = {"direct": {"information": 0.4, "entropy": 0.3}, "shifted": {"information": 0.6, "entropy": 0.2}}
    candidates = tuple(candidate(name, scores=own) for name, own in scores.items())
    return Outcome(candidates, ClassMatch(("Corn",), (), ()), classes_known=False, labels=0, series=500)


def read(rows):
    return list(csv.DictReader(io.StringIO(csv_text(rows))))


def test_candidates_are_ranked_by_macro_f1(found):
    assert [own.name for own in found.candidates] == ["pooled", "scratch", "direct"]


def test_differences_and_tests_are_signed_in_favour_of_the_first(found):
    over = found.over("pooled", "direct", OVERALL)
    assert over.value == pytest.approx(35 / 150)
    assert found.over("direct", "pooled", OVERALL).value == pytest.approx(-35 / 150)
    assert found.test("pooled", "direct").z == pytest.approx(math.sqrt(35))
    assert found.test("direct", "pooled").z == pytest.approx(-math.sqrt(35))
    assert found.over("pooled", "pooled", OVERALL) is None
    assert found.test("pooled", "dann") is None
    assert math.isnan(found.figure("dann", OVERALL).value)


def test_the_table_holds_the_figures(found):
    rows = {row["name"]: row for row in read(strategy_rows(found))}
    assert float(rows["pooled"]["overall_accuracy"]) == pytest.approx(145 / 150)
    f1 = [2 * (90 - 5) / (90 + 85), 2 * 60 / (60 + 65)]
    assert float(rows["pooled"]["macro_f1"]) == pytest.approx(np.mean(f1))
    assert float(rows["pooled"]["macro_f1_over_scratch"]) == pytest.approx(
        float(rows["pooled"]["macro_f1"]) - float(rows["scratch"]["macro_f1"])
    )
    assert rows["direct"]["macro_f1_over_direct"] == ""
    assert rows["pooled"]["masked_classes"] == "Rye <&>"
    assert [row["site"] for row in read(class_match_rows(found))] == ["both", "both", "source", "target"]


def test_figures_are_plain_values(found, scored):
    figures = outcome_figures(found)
    assert figures["best"] == "pooled"
    assert figures["strategies"]["pooled"]["overall_accuracy"] == pytest.approx(145 / 150, abs=5e-5)
    assert figures["open_set_share"] == 0.125
    assert figures["advice"][0]["expected"] == [0.7, 0.8, 0.9]
    assert figures["left_out"] == {"dann": "It <failed>."}
    plain = outcome_figures(scored)
    assert plain["strategies"]["shifted"]["score"] == 0.6
    assert "macro_f1" not in plain["strategies"]["shifted"]
    assert "open_set_share" not in plain


def test_the_page_is_whole_needs_nothing_and_escapes_names(found):
    page = render_transfer(
        TransferReport("A <&>", "B", found, {"strategies": [{"name": "pooled", "rows": 3}]}, {}, ("<w>",))
    )
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    for raw in ("<&>", "<failed>", "<so>", "<w>"):
        assert raw not in page
    for words in (
        "Transfer from A &lt;&amp;&gt; to B",
        "Because &lt;so&gt;.",
        "It &lt;failed&gt;.",
        "Strategies, best first",
        "The source does not know Hemp",
        "are masked",
        "12.5 %",
        "0.800<small>0.700 to 0.900</small>",
        "pooled, rows 3",
    ):
        assert words in page, words


def test_a_page_without_labels_shows_scores_and_promises_no_accuracy(scored):
    page = render_transfer(TransferReport("A", "B", scored))
    assert "nothing here is an accuracy" in page
    assert '<span class="sure">0.600</span>' in page  # most information
    assert '<span class="sure">0.200</span>' in page  # least entropy
    assert "Over the source" not in page
    assert "Nothing tells which of these classes the target has" in page


def test_a_lead_that_may_be_chance_is_said_to_be(found, comparison):
    alike = dataclasses.replace(comparison.models[0], name="scratch")
    models = [comparison.models[0], alike]
    again = compare_models(comparison.samples, comparison.plan, comparison.legend, models)
    page = render_transfer(TransferReport("A", "B", dataclasses.replace(found, comparison=again)))
    assert "may do as well" in page
    assert "may do as well" not in render_transfer(TransferReport("A", "B", found))


def test_the_page_is_written_as_one_file(found, tmp_path):
    write_transfer(tmp_path / "transfer.html", TransferReport("A", "B", found))
    assert (tmp_path / "transfer.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_drawing_puts_values_in_their_place():
    rows = [
        Reached("a <&>", Estimate(0.8, 0.7, 0.9), "#0072b2"),
        Reached("b", Estimate(0.6, math.nan, math.nan), "#d55e00"),
    ]
    drawing = reached_svg(rows, {"plain <&>": 0.6}, MACRO_F1)
    assert "<&>" not in drawing
    (first, second) = [float(x) for x in re.findall(r'<circle fill="[^"]+" cx="([\d.]+)"', drawing)]
    (line,) = [float(x) for x in re.findall(r'<line class="beat" x1="([\d.]+)"', drawing)]
    low, high = (
        float(x)
        for x in re.search(r'<line class="span" stroke="#0072b2" x1="([\d.]+)" x2="([\d.]+)"', drawing).groups()
    )
    assert second == line < low < first < high
    assert (first - low) == pytest.approx(high - first, abs=0.2)
    assert (first - second) == pytest.approx(high - low, abs=0.2)
    assert drawing.count("<circle") == 2
