"""The numbers, the drawing and the page of an early-season curve."""

from __future__ import annotations

import datetime as dt
import math
import re

import numpy as np
import pytest

from cropmap.assessment.axes import Axes
from cropmap.assessment.early_season import (
    CutOff,
    chosen_samples,
    curve_rows,
    cut_off_dates,
    f1_interval,
    first_date_rows,
    first_dates,
    least_share,
    stays_from,
    usable_samples,
)
from cropmap.assessment.early_season_drawings import curves_svg
from cropmap.assessment.early_season_report import EarlySeasonReport, render_early_season
from cropmap.contract.errors import RecipeError, SampleError
from cropmap.data.accuracy import Accuracy, wilson_interval
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season

LEGEND = Legend((LegendClass(1, "Rye <&>", "#ffd300"), LegendClass(4, "Oat", "#267000")))
SEASON = Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30))
# Rye right, rye taken for oat, oat taken for rye, oat right.
COUNTS = ((50, 50, 50, 50), (90, 10, 10, 90), (70, 30, 30, 70), (85, 15, 15, 85), (95, 5, 5, 95))
DATES = tuple(dt.date(2023, 6, 1) + dt.timedelta(days=20 * k) for k in range(5))


@pytest.fixture
def cut_offs():
    return tuple(
        CutOff(date, 3 + k, Accuracy(np.array(counts).reshape(2, 2), LEGEND))
        for k, (date, counts) in enumerate(zip(DATES, COUNTS, strict=True))
    )


def sample_set(ids, codes, years=2023):
    count = len(ids)
    return SampleSet(
        values=np.arange(count, dtype=np.float32).reshape(count, 1, 1),
        codes=np.array(codes, np.uint8),
        ids=np.array(ids),
        x=np.zeros(count),
        y=np.zeros(count),
        groups=np.array(ids),
        days=np.zeros(1, np.int32),
        bands=("red",),
        legend=LEGEND,
        recipe=Recipe("weekly", SEASON, ()),
        crs="",
        years=np.full(count, years, np.int16),
    )


def test_the_season_is_cut_every_so_many_days_and_at_its_end():
    found = cut_off_dates(SEASON, dt.date(2023, 6, 1), 40)
    assert [f"{date:%m-%d}" for date in found] == ["06-01", "07-11", "08-20", "09-30"]
    third = cut_off_dates(SEASON)[0]
    assert third == dt.date(2023, 4, 1) + dt.timedelta(days=182 // 3)
    # A cut-off that would fall on the season's end is that end.
    assert cut_off_dates(SEASON, dt.date(2023, 9, 29), 1) == (dt.date(2023, 9, 29), dt.date(2023, 9, 30))
    assert cut_off_dates(SEASON, dt.date(2023, 9, 29), 14) == (dt.date(2023, 9, 29), dt.date(2023, 9, 30))
    # 24 September is less than half of 14 days before the end.
    assert cut_off_dates(SEASON, dt.date(2023, 9, 10), 14) == (dt.date(2023, 9, 10), dt.date(2023, 9, 30))
    assert len(cut_off_dates(SEASON, dt.date(2023, 9, 8), 14)) == 3
    for outside in (SEASON.start, SEASON.end, dt.date(2024, 1, 1)):
        with pytest.raises(RecipeError, match="does not lie inside"):
            cut_off_dates(SEASON, outside)


@pytest.mark.parametrize(
    ("values", "position"),
    [
        ([0.9, 0.9], 0),
        ([0.5, 0.8, 0.9], 1),
        ([0.9, 0.5, 0.8], 2),
        ([0.9, 0.5], None),
        ([0.9, math.nan, 0.9], 2),
        ([0.9, math.nan], None),
    ],
)
def test_a_threshold_is_reached_where_it_is_kept(values, position):
    assert stays_from(np.array(values), 0.8) == position


def test_a_dip_undoes_an_earlier_date(cut_offs):
    """Both classes' F1 are .5, .9, .7, .85 and .95."""
    for found in first_dates(cut_offs, 0.8):
        assert found.date == DATES[3]
        assert found.f1 == pytest.approx(0.85)
        assert (found.best, found.best_date) == (pytest.approx(0.95), DATES[4])
    assert [found.date for found in first_dates(cut_offs, 0.99)] == [None, None]
    assert [found.f1 for found in first_dates(cut_offs, 0.99)] == pytest.approx([0.95, 0.95])
    # The lower end of F1 .85 with 85 of 115 is below .8, that of .95 with 95 of 105 is not.
    assert wilson_interval(85, 115)[0] < 0.8 / (2 - 0.8) < wilson_interval(95, 105)[0]
    assert [found.sure for found in first_dates(cut_offs, 0.8)] == [DATES[4], DATES[4]]


def test_the_interval_is_wilsons_of_the_union(cut_offs):
    found = cut_offs[1].accuracy.by_class()[0]
    low, high = wilson_interval(90, 110)
    assert f1_interval(found) == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))
    assert f1_interval(found)[0] < found.f1 < f1_interval(found)[1]


def test_the_rows_hold_every_cut_off_and_class(cut_offs):
    header, *rows = curve_rows(cut_offs)
    assert len(rows) == 10
    row = dict(zip(header, rows[2], strict=True))
    assert (row["cut_off"], row["images"], row["class"], row["code"]) == ("2023-06-21", 4, "Rye <&>", 1)
    assert (row["users_accuracy"], row["producers_accuracy"], row["f1"]) == pytest.approx((0.9, 0.9, 0.9))
    assert (row["support"], row["overall_accuracy"], row["macro_f1"]) == pytest.approx((100, 0.9, 0.9))
    header, *rows = first_date_rows(first_dates(cut_offs, 0.99), 0.99)
    assert dict(zip(header, rows[0], strict=True))["first_date"] == ""


def test_samples_are_told_by_id_and_year():
    whole = sample_set(["a", "b", "c", "d"], [1, 1, 4, 4])
    part = sample_set(["d", "b", "x"], [4, 1, 1])
    assert usable_samples(whole, part).tolist() == [False, True, False, True]
    assert usable_samples(whole, sample_set(["d", "b"], [4, 1], years=2022)).tolist() == [False] * 4
    assert least_share(whole, np.array([True, False, True, True])) == ("Rye <&>", 0.5)
    assert chosen_samples(part, np.array(["b", "d"])).values[:, 0, 0].tolist() == [1, 0]
    with pytest.raises(SampleError):
        chosen_samples(part, np.array(["b", "c"]))


def test_the_curve_is_drawn_where_the_numbers_are(cut_offs):
    first = first_dates(cut_offs, 0.8)
    drawing = curves_svg(cut_offs, first, [own.colour for own in LEGEND.classes], 0.8)
    days = np.array([date.toordinal() for date in DATES], float)
    axes = Axes(days[0] - 2, days[-1] + 2, 0.0, 1.02, 1090, 400)
    path = re.search(r'<g class="c4">.*?class="line"[^>]* d="([^"]+)"', drawing, re.DOTALL)[1]
    points = np.array([pair.split() for pair in re.split("[ML]", path)[1:]], float)
    np.testing.assert_allclose(points[:, 0], [axes.x(day) for day in days], atol=0.06)
    np.testing.assert_allclose(points[:, 1], [axes.y(f1) for f1 in (0.5, 0.9, 0.7, 0.85, 0.95)], atol=0.06)
    ring = re.search(r'<g class="c4">.*?class="reached"[^>]*cx="([\d.]+)"', drawing, re.DOTALL)[1]
    assert float(ring) == pytest.approx(axes.x(days[3]), abs=0.06)
    assert f'y1="{axes.y(0.8):.1f}"' in drawing


def test_the_page_is_whole_needs_nothing_and_escapes_names(cut_offs):
    report = EarlySeasonReport(
        SEASON, "weekly_linear", "Random forest", cut_offs, first_dates(cut_offs, 0.8), 0.8,
        {dt.date(2023, 5, 1): "too <short>"}, 200, {"seed": 3}, {"numpy": "2"}, ("mind the gap",),
    )  # fmt: skip
    page = render_early_season(report)
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "Rye &lt;&amp;&gt;" in page
    assert "<&>" not in page
    assert "2023-05-01 was not judged: too &lt;short&gt;" in page
    assert page.count("<td>31 July 2023</td>") == 2
    assert "2 of 2" in page
    none = EarlySeasonReport(SEASON, "r", "m", cut_offs, first_dates(cut_offs, 1.0), 1.0)
    assert render_early_season(none).count("not reached") == 4
