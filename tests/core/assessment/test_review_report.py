"""The page about doubtful labels: what it says and what it draws."""

from __future__ import annotations

import datetime as dt
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from cropmap.assessment.axes import Axes
from cropmap.assessment.profiles import class_profiles
from cropmap.assessment.review_drawings import LEVELS, profiles_svg, suspect_svg, telling
from cropmap.assessment.review_report import ReviewReport, render_review
from cropmap.data.doubts import LabelNoise
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.recipe import Recipe
from cropmap.data.review import Review, no_review
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season

LEGEND = Legend(
    (LegendClass(1, "Corn", "#ffd300"), LegendClass(5, "Soy <&>", "#267000"), LegendClass(9, "Rye", "#101010"))
)


@pytest.fixture
def samples():
    rng = np.random.default_rng(0)
    codes = np.where(np.arange(40) % 2, 5, 1).astype(np.uint8)
    values = rng.normal(0.3, 0.02, (40, 6, 3))
    values[:, :, 2] += np.where(codes == 5, 0.3, 0.0)[:, None]
    return SampleSet(
        values=values.astype(np.float32),
        codes=codes,
        ids=np.array([f"P<{k}>" for k in range(40)]),
        x=np.arange(40, dtype=float),
        y=np.zeros(40),
        groups=np.array([f"g{k}" for k in range(40)]),
        days=np.arange(0, 180, 30, dtype=np.int32),
        bands=("red", "nir", "swir1"),
        legend=LEGEND,
        recipe=Recipe("weekly", Season(dt.date(2023, 4, 1), dt.date(2023, 10, 31)), ()),
        crs="",
    )


@pytest.fixture
def report(samples):
    rank = np.zeros(40, np.int32)
    rank[[4, 7]] = [2, 1]
    suggested, why = np.full(40, "", "<U20"), np.full(40, "", "<U40")
    suggested[7], why[7], why[4] = "Corn", "a model says <Corn>", "series unlike its class"
    counts = np.array([[18.5, 1.5], [3.25, 16.75]])
    noise = LabelNoise(Legend(LEGEND.classes[:2]), np.array([0.9, 0.8]), counts, counts * 0.5, counts * 2, (2.0, 9.0))
    review = Review(rank, suggested, why, np.full(40, ""))
    found = {"Contradicted by models": 1, "Unlike their class": 1}
    return ReviewReport(samples, review, noise, found, settings={"seed": 3}, versions={"numpy": "2"})


class Balance(HTMLParser):
    """Counts tags that are opened and never closed."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, _attributes):
        if tag not in {"meta", "input", "br", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_needs_nothing_and_escapes_names(report):
    page = render_review(report)
    balance = Balance()
    balance.feed(re.sub(r"<(path|circle|line|rect)[^>]*/>", "", page))
    assert balance.open == []
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "Soy &lt;&amp;&gt;" in page
    assert "<&>" not in page
    assert "P&lt;7&gt;" in page


def test_the_page_tells_the_estimates_and_the_suspects(report):
    page = re.sub(r"\s+", " ", render_review(report))
    assert "4.8</div>" in page  # 1.5 + 3.25 labels
    assert "95 % interval 2.0 to 9.0" in page
    assert re.search(r'Soy &lt;&amp;&gt;</th><td>Corn</td> <td class="n">3.2</td><td class="n">1.6 to 6.5</td>', page)
    assert page.index("1. P&lt;7&gt;") < page.index("2. P&lt;4&gt;")
    assert "A model says &lt;Corn&gt;." in page
    assert "Rye" not in page


def test_every_band_and_ndvi_can_be_chosen_and_every_class_switched(report):
    page = render_review(report)
    names = re.findall(r'name="band" id="band-\d"(?: checked)?>([^<]+)<', page)
    assert names == ["NDVI", "red", "nir", "swir1"]
    assert re.findall(r'id="class-(\d+)"', page) == ["1", "5"]


def test_without_suspects_and_without_models_the_page_still_shows_the_classes(samples):
    page = render_review(ReviewReport(samples, no_review(40)))
    assert "The first suspects" not in page
    assert "estimated" not in page.lower()
    assert "Classes over the season" in page


def test_drawn_medians_stand_where_the_numbers_are(samples):
    profiles = class_profiles(samples, "swir1", LEVELS)
    drawing = profiles_svg(profiles)
    highs, lows = (np.array([own.quantiles[row] for own in profiles.classes]) for row in (4, 0))
    margin = 0.05 * (highs.max() - lows.min())
    days = np.array([date.toordinal() for date in profiles.dates], float)
    axes = Axes(days[0], days[-1], lows.min() - margin, highs.max() + margin, 1090, 360)
    lines = re.findall(r'<path class="line"[^>]* d="([^"]+)"', drawing)
    assert len(lines) == 2
    for own, path in zip(profiles.classes, lines, strict=True):
        points = np.array([pair.split() for pair in re.split("[ML]", path)[1:]], float)
        expected = [(axes.x(day), axes.y(value)) for day, value in zip(days, own.quantiles[2], strict=True)]
        np.testing.assert_allclose(points, expected, atol=0.06)


def test_a_ribbon_breaks_where_a_class_has_no_value():
    axes = Axes(0, 10, 0.0, 1.0)
    low = np.array([0.1, 0.1, np.nan, 0.2, 0.2, 0.2])
    path = axes.ribbon(np.arange(0.0, 12, 2), low, low + 0.5)
    assert path.count("Z") == path.count("M") == 2
    assert path.count("L") == 3 + 5
    assert axes.ribbon(np.arange(3.0), np.full(3, np.nan), np.ones(3)) == ""


def test_a_suspect_is_drawn_in_the_band_that_tells_the_classes_apart(samples):
    profiles = [class_profiles(samples, band, LEVELS) for band in samples.bands]
    series = [samples.values[4, :, band].astype(float) for band in range(3)]
    assert telling(profiles, series, 1, 5) == 2
    series[0] = series[0] + 0.5
    assert telling(profiles, series, 1, None) == 0
    drawing = suspect_svg(profiles[2], series[2], [1, 5])
    assert drawing.count('class="line"') == 2
    assert drawing.count('class="seen"') == 6
    assert drawing.count('class="own"') == 1
