"""Series and bands as they are drawn."""

import datetime as dt
import math

import pytest
from qgis.PyQt.QtGui import QColor

from cropmap_plugin.widgets.series_plot import Band, Line, SeriesPlot, months_between, round_numbers

DATES = [dt.date(2023, 4, 1) + dt.timedelta(days=10 * step) for step in range(11)]
LEFT, RIGHT, TOP, BOTTOM = 46, 390, 10, 178  # the frame of a plot of 400 x 200


@pytest.fixture
def plot(qgis_app):
    made = SeriesPlot()
    made.resize(400, 200)
    yield made
    made.deleteLater()


def has(plot, colour, x, y):
    """Return whether a colour was drawn at a place, a pixel more or less."""
    image = plot.grab().toImage()
    wanted = QColor(colour).rgb()
    return any(image.pixel(x + dx, y + dy) == wanted for dx in (-1, 0, 1) for dy in (-1, 0, 1))


def test_a_line_lies_at_its_values_and_leaves_a_gap_where_there_is_none(plot):
    values = [0.0] * 5 + [math.nan] + [1.0] * 5  # with the margin the span is -0.06 .. 1.06
    plot.show_series(DATES, [Line("sample", "#ff0000", values)])
    bottom, top = (round(BOTTOM - (value + 0.06) / 1.12 * (BOTTOM - TOP)) for value in (0, 1))
    first, middle, last = (round(LEFT + share * (RIGHT - LEFT)) for share in (0.2, 0.5, 0.8))
    assert has(plot, "#ff0000", first, bottom)
    assert has(plot, "#ff0000", last, top)
    assert not any(has(plot, "#ff0000", middle, y) for y in range(TOP, BOTTOM))


def test_a_line_may_have_dates_of_its_own(plot):
    early, late = [dt.date(2023, 3, 1), dt.date(2023, 3, 31)], [dt.date(2023, 3, 31), dt.date(2023, 4, 30)]
    own = [Line("a", "#ff0000", [1.0, 1.0], dates=early), Line("b", "#0000ff", [1.0, 1.0], dates=late)]
    plot.show_series((), own)
    middle = (TOP + BOTTOM) // 2
    assert has(plot, "#ff0000", LEFT + 80, middle)
    assert not has(plot, "#ff0000", RIGHT - 80, middle)
    assert has(plot, "#0000ff", RIGHT - 80, middle)


def test_a_band_fills_what_lies_between(plot):
    plot.show_series(DATES, [], [Band("corn", "#00ff00", [0.25] * 11, [0.75] * 11)])
    # The band is as wide as the plot without its margins.
    image = plot.grab().toImage()
    inside, outside = QColor(image.pixel(200, (TOP + BOTTOM) // 2)), QColor(image.pixel(200, TOP + 2))
    assert inside.green() > max(inside.red(), inside.blue())
    assert outside.green() == outside.red() == outside.blue()


def test_without_anything_to_draw_there_are_words(plot):
    plot.show_series(DATES, [Line("sample", "#ff0000", [math.nan] * 11)])
    assert plot.is_empty()
    plot.show_series(DATES, [Line("sample", "#ff0000", [1.0] * 11)])
    assert not plot.is_empty()
    blank = SeriesPlot()
    blank.resize(plot.size())
    plot.clear("Nothing is here.")
    assert plot.accessibleDescription() == "Nothing is here."
    assert plot.grab().toImage() != blank.grab().toImage()


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.0, 1.0, [0.0, 0.25, 0.5, 0.75, 1.0]), (-0.06, 0.46, [0.0, 0.1, 0.2, 0.3, 0.4]), (7, 43, [10, 20, 30, 40])],
)
def test_the_axis_has_round_numbers(low, high, expected):
    assert round_numbers(low, high) == pytest.approx(expected)


def test_months_are_thinned_to_what_has_room():
    months = months_between(dt.date(2023, 3, 15), dt.date(2023, 10, 31), 4)
    assert months == [dt.date(2023, month, 1) for month in (5, 7, 9)]
    assert months_between(dt.date(2023, 3, 1), dt.date(2023, 4, 30), 9) == [dt.date(2023, 3, 1), dt.date(2023, 4, 1)]
