"""The drawings and rows of a search for hyper-parameters."""

from __future__ import annotations

import datetime as dt
import math
import re

import numpy as np
import pytest

from cropmap.assessment.paired import compare_pair
from cropmap.assessment.tuning_drawings import Scale, scale_of, scatter_svg
from cropmap.assessment.tuning_report import HeldOut, TuningReport, render_tuning, trial_rows
from cropmap.data.accuracy import accuracy_of
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.season import Season
from cropmap.training.trials import SearchResult, Trial

LEGEND = Legend((LegendClass(1, "Corn", "#ffd300"), LegendClass(5, "Soy", "#267000")))


def trial(number, state, scores, **values):
    score = scores[-1] if state == "complete" else math.nan
    return Trial(
        number, values, score, tuple(scores), tuple(scores), 2.5, state, "no <room>" if state == "failed" else ""
    )


@pytest.fixture
def found():
    trials = (
        trial(0, "complete", (0.5, 0.6), rate=0.0, kind="<a>", deep=True),
        trial(1, "complete", (0.7, 0.8), rate=0.001, kind="b", deep=False),
        trial(2, "pruned", (0.3,), rate=0.1, kind="b", deep=True),
        trial(3, "failed", (), rate=0.01, kind="<a>", deep=True),
    )
    return SearchResult("oracle", {"size": 4}, trials, "macro_f1")


def test_the_best_is_the_highest_complete_score(found):
    assert found.best.number == 1
    assert found.entry == {"name": "oracle", "size": 4, "rate": 0.001, "kind": "b", "deep": False}
    equal = SearchResult("m", {}, (trial(0, "complete", (0.6,)), trial(1, "complete", (0.6,))), "overall")
    assert equal.best.number == 0


def test_rows_hold_every_trial(found):
    header, *rows = trial_rows(found)
    told = [dict(zip(header, row, strict=True)) for row in rows]
    assert [row["trial"] for row in told] == [1, 2, 3, 4]
    assert (told[0]["fold_2"], told[2]["fold_1"], told[2]["fold_2"]) == (0.6, 0.3, "")
    assert (told[1]["deep"], told[3]["why"]) == ("false", "no <room>")


def test_numbers_lie_by_difference_or_by_ratio_and_names_in_order():
    assert [scale_of([1.0, 2.0, 3.0]).at(value) for value in (1.0, 2.0, 3.0)] == [0, 0.5, 1]
    rates = scale_of([1e-4, 1e-2, 1e-3, 1e-1, 0.0])
    assert rates.log
    assert [rates.at(value) for value in (0.0, 1e-4, 1e-1)] == [0, 0, 1]
    assert rates.at(1e-2) == pytest.approx(2 / 3)
    assert scale_of([32, 8, 16]).names == (8, 16, 32)
    assert scale_of([True, False]).ticks() == [(0.25, "no"), (0.75, "yes")]
    assert scale_of([5, 5]).at(5) == 0.5
    assert Scale((0.2, 0.2)).ticks() == [(0.5, "0.2")]
    assert not scale_of(list(range(1, 40))).names
    assert [text for _, text in Scale(tuple(range(1, 21))).ticks()] == ["1", "5", "9", "13", "17"]


def test_dots_stand_where_the_scores_are(found):
    drawn = found.trials[:3]
    drawing = scatter_svg(drawn, [1, 2, 3], Scale((1, 2, 3)), "Score by trial", (1000, 236))
    margin = 0.08 * 0.2

    def y(score):
        return 236 - 26 - (score - 0.6 + margin) / (0.2 + 2 * margin) * (236 - 36)

    def x(place):
        return 48 + (0.03 + 0.94 * (place - 1) / 2) * (1000 - 62)

    square = re.search(r'class="default-trial" x="([\d.]+)" y="([\d.]+)"', drawing)
    np.testing.assert_allclose(np.array(square.groups(), float) + 4.5, [x(1), y(0.6)], atol=0.06)
    for name, place, score in (("trial", 2, 0.8), ("pruned-trial", 3, 0.6 - margin), ("best-trial", 2, 0.8)):
        dot = re.search(rf'class="{name}" cx="([\d.]+)" cy="([\d.]+)"', drawing)
        np.testing.assert_allclose(np.array(dot.groups(), float), [x(place), y(score)], atol=0.06)
    assert "&lt;a&gt;" in drawing


@pytest.mark.parametrize("better", [True, False])
def test_the_page_says_which_values_to_believe(found, better):
    truth = np.repeat([1, 5], 20)
    good, bad = truth.copy(), truth.copy()
    good[:2], bad[:8] = 5, 5
    own, best = (bad, good) if better else (good, bad)
    test = compare_pair(truth, own, best, LEGEND).overall
    held_out = HeldOut(accuracy_of(truth, own, LEGEND), accuracy_of(truth, best, LEGEND), test)
    season = Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30))
    page = re.sub(r"\s+", " ", render_tuning(TuningReport(season, "Oracle", found, held_out, 100)))
    assert "<a>" not in page
    assert "no &lt;room&gt;" in page
    assert ("the defaults are better: keep them" in page) is not better
    ahead, behind = (6, 0) if better else (0, 6)
    assert f"only the best values get right: {ahead}; only the defaults: {behind}" in page
    assert "p = 0.031" in page  # two-sided: 2 / 2**6
    assert page.count("<svg") == page.count("</svg>") == 4
