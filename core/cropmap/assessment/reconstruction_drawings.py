"""The drawings of a comparison of recipes as SVG: text that a page holds, whose lines the reader can switch off."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from cropmap.assessment.axes import Axes, date_of, day_of, days_of, value_range
from cropmap.assessment.profiles import quantity_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from cropmap.assessment.reconstruction import Comparison, Trial

_ROW, _NAMES, _HEAT_WIDTH = 26, 268, 1090
# From no error to the largest: light to dark, told apart in grey too.
_STOPS = (0.0, 0.35, 0.7, 1.0)
_RAMP = ((247, 250, 249), (253, 212, 158), (227, 74, 51), (103, 0, 13))
_WORST = 95  # percentile of the cells that takes the darkest colour


def title_of(trial: Trial) -> str:
    """Return what a recipe is called on the page, with its number where the same one is compared several times."""
    number = trial.asked.name.removeprefix(trial.asked.recipe)
    return f"{trial.title}{number}" if number.strip().isdigit() else trial.title


def pixel_svg(found: Comparison, position: int, colours: Sequence[str]) -> str:
    """Draw one of the drawn pixels: what was seen, clouds, what was hidden, and each recipe's series.

    Args:
        found: The comparison.
        position: Which of `found.drawn`.
        colours: Of the recipes, in their order.
    """
    block, pixel = found.sampled.block, int(found.drawn[position])
    name, values = quantity_of(block.bands, block.values[pixel].astype(np.float64))
    days = days_of(block.dates)
    inside = (days >= day_of(found.season.start)) & (days <= day_of(found.season.end)) & np.isfinite(values)
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
    return "\n".join([axes.head(label), *axes.frame(), *marks, axes.inside(), *lines, "</svg>", *points, "</svg>"])


def _axes(found: Comparison, clear: NDArray[np.float64]) -> Axes:
    # Where nothing was clear that has a value (NDVI of bands that are not above 0) the axis is 0 to 1.
    low, high = value_range(clear, 0.15)
    first, last = day_of(found.season.start), day_of(found.season.end)
    return Axes(first, max(last, first + 1), low, high)


def _cross(axes: Axes, day: float, value: float) -> str:
    x, y = axes.x(day), axes.y(value)
    return f"M{x - 3:.1f} {y - 3:.1f}l6 6m0-6l-6 6"


def _point(axes: Axes, day: float, value: float, *, hidden: bool, name: str) -> str:
    kind, radius = ("hidden", 4.5) if hidden else ("seen", 2.6)
    title = f"{date_of(day)}: {name} {value:.4g}{', hidden' if hidden else ''}"
    return (
        f'<circle class="{kind}" cx="{axes.x(day):.1f}" cy="{axes.y(value):.1f}" r="{radius}">'
        f"<title>{escape(title)}</title></circle>"
    )


def _path(axes: Axes, trial: Trial, position: int, bands: Sequence[str]) -> str:
    """Return a recipe's series as a line, broken where it has no value; empty where it has none at all."""
    _, values = quantity_of(bands, trial.curve.values[position])
    return axes.line(days_of(trial.curve.dates), values)


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
