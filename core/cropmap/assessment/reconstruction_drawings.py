"""The drawings of a comparison of recipes as SVG: text that a page holds, whose lines the reader can switch off."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from cropmap.assessment.profiles import quantity_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from cropmap.assessment.reconstruction import Comparison, Trial

_WIDTH, _HEIGHT = 560, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 8, 24
_ROW, _NAMES, _HEAT_WIDTH = 26, 268, 1090
# From no error to the largest: light to dark, told apart in grey too.
_STOPS = (0.0, 0.35, 0.7, 1.0)
_RAMP = ((247, 250, 249), (253, 212, 158), (227, 74, 51), (103, 0, 13))
_WORST = 95  # percentile of the cells that takes the darkest colour


def title_of(trial: Trial) -> str:
    """Return what a recipe is called on the page, with its number where the same one is compared several times."""
    number = trial.asked.name.removeprefix(trial.asked.recipe)
    return f"{trial.title}{number}" if number.strip().isdigit() else trial.title


@dataclass(frozen=True)
class _Axes:
    """Where days and values are drawn."""

    first: float
    last: float
    low: float
    high: float

    def x(self, day: float) -> float:
        """Return the place of a day, in drawing units."""
        return _LEFT + (day - self.first) / (self.last - self.first) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """Return the place of a value, in drawing units; what is off the axis lies on its edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def pixel_svg(found: Comparison, position: int, colours: Sequence[str]) -> str:
    """Draw one of the drawn pixels: what was seen, clouds, what was hidden, and each recipe's series.

    Args:
        found: The comparison.
        position: Which of `found.drawn`.
        colours: Of the recipes, in their order.
    """
    block, pixel = found.sampled.block, int(found.drawn[position])
    name, values = quantity_of(block.bands, block.values[pixel].astype(np.float64))
    days = _days(block.dates)
    inside = (days >= _day(found.season.start)) & (days <= _day(found.season.end)) & np.isfinite(values)
    hidden = np.zeros(len(days), np.bool_)
    hidden[found.hidden.times[found.hidden.pixels == pixel]] = True
    clear = block.clear[pixel] & inside
    axes = _axes(found, values[clear])
    marks = [f'<path class="cloud" d="{_cross(axes, days[k], values[k])}"/>' for k in np.flatnonzero(inside & ~clear)]
    lines = [
        f'<path class="line r{number}" stroke="{colour}" d="{path}"><title>{escape(trial.asked.name)}</title></path>'
        for number, (trial, colour) in enumerate(zip(found.trials, colours, strict=True))
        if (path := _path(axes, trial, position, block.bands))
    ]
    points = [_point(axes, days[k], values[k], hidden=bool(hidden[k]), name=name) for k in np.flatnonzero(clear)]
    label = f"{name} of row {found.sampled.rows[pixel]}, column {found.sampled.cols[pixel]}"
    head = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">'
    # A nested drawing cuts off what leaves the axes.
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    place = f'x="{_LEFT}" y="{_TOP}" width="{width}" height="{height}"'
    inner = f'<svg {place} viewBox="{_LEFT} {_TOP} {width} {height}">'
    return "\n".join([head, *_frame(axes), *marks, inner, *lines, "</svg>", *points, "</svg>"])


def _axes(found: Comparison, clear: NDArray[np.float64]) -> _Axes:
    low, high = float(clear.min(initial=np.inf)), float(clear.max(initial=-np.inf))
    if low > high:  # nothing was clear that has a value: NDVI of bands that are not above 0
        low, high = 0.0, 1.0
    margin = 0.15 * (high - low) or 0.05 * abs(high) or 1.0
    first, last = _day(found.season.start), _day(found.season.end)
    return _Axes(first, max(last, first + 1), low - margin, high + margin)


def _frame(axes: _Axes) -> Iterator[str]:
    for tick in _ticks(axes.low, axes.high):
        y = axes.y(tick)
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="end" x="{_LEFT - 6}" y="{y + 4:.1f}">{tick:.10g}</text>'
    bottom = _HEIGHT - _BOTTOM
    for month, shown in _months(axes.first, axes.last):
        x = axes.x(_day(month))
        yield f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 4}"/>'
        yield f'<text class="middle" x="{x:.1f}" y="{_HEIGHT - 6}">{shown}</text>'
    yield f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{bottom}" y2="{bottom}"/>'


def _cross(axes: _Axes, day: float, value: float) -> str:
    x, y = axes.x(day), axes.y(value)
    return f"M{x - 3:.1f} {y - 3:.1f}l6 6m0-6l-6 6"


def _point(axes: _Axes, day: float, value: float, *, hidden: bool, name: str) -> str:
    kind, radius = ("hidden", 4.5) if hidden else ("seen", 2.6)
    title = f"{_date(day)}: {name} {value:.4g}{', hidden' if hidden else ''}"
    return (
        f'<circle class="{kind}" cx="{axes.x(day):.1f}" cy="{axes.y(value):.1f}" r="{radius}">'
        f"<title>{escape(title)}</title></circle>"
    )


def _path(axes: _Axes, trial: Trial, position: int, bands: Sequence[str]) -> str:
    """Return a recipe's series as a line, broken where it has no value; empty where it has none at all."""
    _, values = quantity_of(bands, trial.curve.values[position])
    parts, pen = [], "M"
    for day, value in zip(_days(trial.curve.dates).tolist(), values.tolist(), strict=True):
        if not math.isfinite(value):
            pen = "M"
            continue
        # Beyond the axes the line goes on, and is cut off: clipping its points would bend it.
        y = _HEIGHT - _BOTTOM - (value - axes.low) / (axes.high - axes.low) * (_HEIGHT - _TOP - _BOTTOM)
        parts.append(f"{pen}{axes.x(day):.1f} {min(max(y, -9999.0), 9999.0):.1f}")
        pen = "L"
    return "".join(parts)


# ---------------------------------------------------------------- errors by date


def heat_svg(found: Comparison) -> tuple[str, float]:
    """Draw each recipe's relative RMSE on each date, and how many observations were hidden on it.

    Returns:
        The drawing, and the relative RMSE of its darkest colour.
    """
    times = np.unique(found.hidden.times[found.common]) if found.common.any() else np.unique(found.hidden.times)
    masks = [found.hidden.times == position for position in times.tolist()]
    errors = np.array([[found.relative(trial, mask) for mask in masks] for trial in found.trials])
    counts = [int((found.common & mask).sum()) for mask in masks]
    known = errors[np.isfinite(errors)]
    worst = float(np.percentile(known, _WORST)) if len(known) else 1.0
    dates = [found.sampled.block.dates[position] for position in times.tolist()]
    wide = (_HEAT_WIDTH - _NAMES) / max(len(dates), 1)
    height = _ROW * (len(found.trials) + 1) + 30
    parts = [f'<svg viewBox="0 0 {_HEAT_WIDTH} {height}" role="img" aria-label="Relative error by recipe and date">']
    for number, trial in enumerate(found.trials):
        y = number * _ROW
        parts.append(f'<text class="end" x="{_NAMES - 8}" y="{y + 17}">{escape(_short(title_of(trial)))}</text>')
        for column, date in enumerate(dates):
            title = (
                f"{title_of(trial)}, {date}: {_share(errors[number, column])} of the spread, {counts[column]} hidden"
            )
            parts.append(_cell(_NAMES + column * wide, y, wide, (_colour(errors[number, column], worst), title)))
    parts += _feet(dates, counts, wide, _ROW * len(found.trials))
    return "\n".join([*parts, "</svg>"]), worst


def ramp_css() -> str:
    """Return the colours of the drawing, from no error to the largest, as the stops of a CSS gradient."""
    return ", ".join(f"rgb{colour} {100 * stop:.0f}%" for stop, colour in zip(_STOPS, _RAMP, strict=True))


def _cell(x: float, y: float, width: float, look: tuple[str, str]) -> str:
    colour, title = look
    return (
        f'<rect x="{x:.1f}" y="{y + 1}" width="{max(width - 1, 0.5):.1f}" height="{_ROW - 2}" fill="{colour}">'
        f"<title>{escape(title)}</title></rect>"
    )


def _feet(dates: Sequence[dt.date], counts: Sequence[int], wide: float, top: int) -> Iterator[str]:
    """Yield a bar for the observations of each date, and the names of the months."""
    most = max(counts, default=0) or 1
    yield f'<text class="end" x="{_NAMES - 8}" y="{top + 19}">hidden observations</text>'
    free = 0.0
    for column, (date, count) in enumerate(zip(dates, counts, strict=True)):
        x, tall = _NAMES + column * wide, (_ROW - 4) * count / most
        yield (
            f'<rect class="count" x="{x:.1f}" y="{top + _ROW - tall:.1f}" width="{max(wide - 1, 0.5):.1f}" '
            f'height="{tall:.1f}"><title>{date}: {count} hidden</title></rect>'
        )
        new = column == 0 or (date.year, date.month) != (dates[column - 1].year, dates[column - 1].month)
        if new and free <= x <= _HEAT_WIDTH - 60:
            yield f'<text x="{x:.1f}" y="{top + _ROW + 18}">{date:%b %Y}</text>'
            free = x + 62


def _colour(error: float, worst: float) -> str:
    if not math.isfinite(error):
        return "#ffffff"
    share = min(error / worst, 1.0) if worst > 0 else 0.0
    parts = [[colour[channel] for colour in _RAMP] for channel in range(3)]
    return "#" + "".join(f"{round(float(np.interp(share, _STOPS, part))):02x}" for part in parts)


# ---------------------------------------------------------------- text and numbers


def _share(error: float) -> str:
    return f"{100 * error:.0f} %" if math.isfinite(error) else "no value"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}\N{HORIZONTAL ELLIPSIS}"


def _ticks(low: float, high: float) -> list[float]:
    """Return three to six round numbers between two."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * min((1, 2, 2.5, 5, 10), key=lambda factor: abs(factor * power - rough))
    return [round(k * step, 12) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _months(first: float, last: float) -> list[tuple[dt.date, str]]:
    """Return the first days of months to name on an axis, at most about nine, January with its year."""
    start, stop = _date(first), _date(last)
    months = [
        dt.date(year, month, 1)
        for year in range(start.year, stop.year + 1)
        for month in range(1, 13)
        if start <= dt.date(year, month, 1) <= stop
    ]
    every = -(-len(months) // 9) or 1
    return [(month, f"{month:%b %Y}" if month.month == 1 else f"{month:%b}") for month in months[::every]]


def _day(date: dt.date) -> float:
    return float(date.toordinal())


def _days(dates: Sequence[dt.date]) -> NDArray[np.float64]:
    return np.array([date.toordinal() for date in dates], np.float64)


def _date(day: float) -> dt.date:
    return dt.date.fromordinal(int(day))
