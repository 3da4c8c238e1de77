"""The page, the drawings and the tables of a shift between two sites."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import math
import re

import numpy as np
import pytest

from cropmap.assessment.axes import Axes, value_range
from cropmap.assessment.shift_drawings import band_svg, distance_svg, lag_svg, ramp_css
from cropmap.assessment.shift_report import ShiftReport, lag_words, render_shift, shift_tables, write_shift
from cropmap.data.season import Season
from cropmap.io.tables import csv_text
from cropmap.transfer.calendar_shift import CalendarShift
from cropmap.transfer.lags import Lag
from cropmap.transfer.shift import CurveDistance, PixelDistance, ShareGap, Shift

STEPS, BANDS = 12, ("red <&>", "nir")
DAYS = np.arange(0, 14 * STEPS, 14, dtype=np.int32)
SEASON = Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30))
DATES = [SEASON.date(int(day)) for day in DAYS]
CURVE = np.exp(-(((DAYS - 80.0) / 30) ** 2))


def lag(name="all", days=13.0, low=11.0, high=15.0):
    return Lag(name, days, low, high, 0.97, CURVE, np.exp(-(((DAYS - 93.0) / 30) ** 2)), 360, 1200)


@pytest.fixture
def found():
    distance = np.linspace(-0.9, 0.9, STEPS * 2).reshape(STEPS, 2)
    distance[3, 0] = np.nan
    curves = np.stack([CURVE, CURVE / 2], axis=1)
    return Shift(
        verdict="high",
        reasons=("A classifier says <so>.",),
        bands=BANDS,
        days=DAYS,
        season=SEASON,
        curves=CurveDistance(curves, curves + 0.1, np.array([0.25, -0.5]), np.array([0.8, 0.05])),
        pixels=PixelDistance(distance, np.abs(distance) / 10, distance * 2, 0.04),
        mmd2=0.123,
        mmd_p=0.005,
        auc=0.93,
        index="NDVI",
        lags=(lag(), lag("Corn <&>", -7.0, -9.0, -5.0), lag("Others", math.nan, math.nan, math.nan)),
        lag_days=-7.0,
        model_shift=CalendarShift(9.0, 9.0, (0.0, 9.0), (0.1, 0.4), 1000),
        shares=ShareGap(("Corn <&>", "Others"), np.array([0.7, 0.3]), np.array([0.4, 0.6]), np.array([0.2, 0.8]),
                        0.3, 0.2),
        differences=(),
        source_count=(360, 360),
        target_count=(1200, 100_000),
        unit_counts=(30, 40),
        notes=("1,200 of 100,000 were drawn.",),
    )  # fmt: skip


def read(rows):
    return list(csv.DictReader(io.StringIO(csv_text(rows))))


def test_the_page_is_whole_needs_nothing_and_escapes_names(found):
    page = render_shift(ShiftReport("A <&>", "B", found, {"seed": 3}, {"numpy": "2"}, ("mind <the> gap",)))
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "<&>" not in page
    assert "<so>" not in page
    for words in (
        "The shift is high",
        "A classifier says &lt;so&gt;.",
        "mind &lt;the&gt; gap",
        "1,200 of 100,000 were drawn.",
        "All series: 13 days later (95 %: +11 to +15)",
        "Corn &lt;&amp;&gt;: 7 days earlier (95 %: -9 to -5)",
        "Others: curves too unlike to tell a lag",
        "their season moved by 9 days later",
        "\N{MINUS SIGN}7 d",
        "Collect labels of the target",
        "100,000 series without labels",
        "width:40.0%",
    ):
        assert words in page, words
    assert page.count("<svg") == page.count("</svg>")


@pytest.mark.parametrize(
    ("verdict", "said"), [("low", "as it is"), ("medium", "Move the calendar"), ("high", "Collect labels")]
)
def test_every_verdict_has_its_advice(found, verdict, said):
    page = render_shift(ShiftReport("A", "B", dataclasses.replace(found, verdict=verdict)))
    assert said in page
    assert f'class="verdict {verdict}"' in page


def test_without_a_package_there_are_no_shares(found):
    bare = dataclasses.replace(found, shares=None, model_shift=None, lags=(lag(),), lag_days=math.nan, notes=())
    page = render_shift(ShiftReport("A", "B", bare))
    assert "more or less common" not in page
    assert "Before you rely on this" not in page
    assert "nan" not in page.replace("finance", "")
    assert shift_tables(bare)["shift_shares"] == [("class", "source", "target_answered", "target_corrected")]


def test_a_page_is_one_file(found, tmp_path):
    write_shift(tmp_path / "shift.html", ShiftReport("A", "B", found))
    assert (tmp_path / "shift.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_tables_hold_every_number(found):
    tables = shift_tables(found)
    cells = read(tables["shift_distances"])
    assert len(cells) == STEPS * 2
    cell = next(row for row in cells if (row["band"], row["date"]) == ("nir", "2023-04-15"))
    assert float(cell["d_signed"]) == pytest.approx(found.pixels.distance[1, 1])
    assert float(cell["effect_sd"]) == pytest.approx(2 * found.pixels.distance[1, 1])
    assert next(row for row in cells if row["date"] == "2023-05-13")["d_signed"] == ""
    curve = read(tables["shift_curves"])
    assert float(curve[5]["target_mean"]) == pytest.approx(CURVE[5] + 0.1)
    assert [row["days"] for row in read(tables["shift_lags"])] == ["13", "-7", ""] or [
        row["days"] for row in read(tables["shift_lags"])
    ] == ["13.0", "-7.0", ""]
    assert len(read(tables["shift_lag_curves"])) == 3 * STEPS
    shares = read(tables["shift_shares"])
    assert (shares[1]["class"], float(shares[1]["target_answered"])) == ("Others", 0.6)
    assert [float(row["p_exact"]) for row in read(tables["shift_bands"])] == [0.8, 0.05]
    measures = {row["measure"]: row["value"] for row in read(tables["shift_measures"])}
    assert measures["AUC of a classifier of sites"] == "0.93"
    assert measures["Lag of Corn <&>"] == "-7 days"
    assert measures["Gap of class shares"] == "0.30"


def test_the_heat_map_has_a_cell_for_each_band_and_date(found):
    drawing = distance_svg(found, DATES)
    cells = re.findall(r'<rect x="([\d.]+)" y="(\d+)" width="[\d.]+" height="24" fill="(#\w{6})">', drawing)
    assert len(cells) == STEPS * 2
    colours = [colour for _, _, colour in cells]
    assert colours[3] == "#ffffff"  # red on the fourth date has no value
    below, above = (tuple(int(colour[k : k + 2], 16) for k in (1, 3, 5)) for colour in (colours[0], colours[-1]))
    assert below[2] > below[0]  # blue
    assert above[0] > above[2]  # orange
    assert "red &lt;&amp;&gt;, 2023-04-01: D 0.90, target below the source" in drawing
    assert "means 1.80 standard deviations apart" in drawing
    assert "rgb(8, 64, 120) 0%" in ramp_css()


def test_the_lag_is_drawn_where_it_is():
    drawing = lag_svg(lag(), "NDVI", DATES)
    low, high = value_range(np.concatenate([CURVE, lag().target]), 0.15)
    axes = Axes(DATES[0].toordinal(), DATES[-1].toordinal(), low, high)
    start, end = (float(part) for part in re.search(r'class="arrow" d="M([\d.]+) [\d.]+H([\d.]+)', drawing).groups())
    peak = DATES[int(CURVE.argmax())].toordinal()
    assert start == pytest.approx(axes.x(peak), abs=0.06)
    assert end == pytest.approx(axes.x(peak + 13), abs=0.06)
    moved = re.search(r'class="moved"[^>]* d="M([\d.]+) ', drawing)[1]
    assert float(moved) == pytest.approx(axes.x(DATES[0].toordinal() + 13), abs=0.06)
    assert "+13 d" in drawing
    for none in (lag(days=math.nan), lag(days=0.0)):
        assert "moved" not in lag_svg(none, "NDVI", DATES)


def test_a_band_without_values_and_a_single_date_are_drawn():
    empty = np.full(STEPS, np.nan)
    assert 'd=""' in band_svg("red", empty, CURVE, DATES)
    assert band_svg("red", CURVE[:1], CURVE[:1], DATES[:1]).endswith("</svg>")


@pytest.mark.parametrize(
    ("days", "low", "high", "words"),
    [
        (1.0, math.nan, math.nan, "1 day later"),
        (-13.0, -15.0, -11.0, "13 days earlier (95 %: -15 to -11)"),
        (0.0, -1.0, 2.0, "no lag (-1 to +2 days)"),
        (math.nan, math.nan, math.nan, "curves too unlike to tell a lag"),
    ],
)
def test_a_lag_is_told_in_words(days, low, high, words):
    assert lag_words(lag("all", days, low, high)) == words
