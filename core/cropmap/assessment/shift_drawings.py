"""The drawings of a shift between two sites as SVG: distances by band and date, and mean curves with their lag."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from cropmap.assessment.axes import Axes, days_of, value_range

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from cropmap.transfer.lags import Lag
    from cropmap.transfer.shift import Shift

# Blue and vermilion after Okabe and Ito, darkened: apart on white for every kind of colour vision.
SOURCE, TARGET = "#0b62a4", "#c2500a"
# From a target far below the source to one far above it; light in the middle, apart for every kind of colour vision.
_STOPS = (-1.0, -0.5, 0.0, 0.5, 1.0)
_RAMP = ((8, 64, 120), (120, 172, 212), (250, 250, 248), (244, 165, 106), (150, 52, 4))
_WIDE, _NAMES, _SIDE, _ROW, _BARS = 1090, 118, 84, 26, 44
_LONGEST_NAME = 16
_ARROW, _ABOVE = 5, 9


def distance_svg(found: Shift, dates: Sequence[dt.date]) -> str:
    """Draw D of each band on each date, with the mean of each band beside it and of each date below.

    Args:
        found: The shift.
        dates: Of its steps, (step,).
    """
    distance = found.pixels.distance
    wide = (_WIDE - _NAMES - _SIDE) / max(len(dates), 1)
    bottom = _ROW * len(found.bands)
    height = bottom + _BARS + 26
    parts = [f'<svg viewBox="0 0 {_WIDE} {height}" role="img" aria-label="Distance of both sites by band and date">']
    for row, band in enumerate(found.bands):
        y = row * _ROW
        parts.append(f'<text class="end" x="{_NAMES - 8}" y="{y + 17}">{escape(_short(band))}</text>')
        for step, date in enumerate(dates):
            place = (_NAMES + step * wide, y, wide)
            parts.append(_cell(place, float(distance[step, row]), _cell_words(found, step, row, date)))
        mean = _mean(distance[:, row])
        parts.append(f'<text x="{_WIDE - _SIDE + 10}" y="{y + 17}">{_number(mean)}</text>')
    return "\n".join([*parts, *_feet(distance, dates, wide, bottom), "</svg>"])


def lag_svg(lag: Lag, index: str, dates: Sequence[dt.date]) -> str:
    """Draw the mean curves of both sites, the source's moved by the lag, and an arrow of the lag at its peak.

    Args:
        lag: The curves and their lag.
        index: What the curves are of.
        dates: Of the steps, (step,).
    """
    days = days_of(dates)
    axes = _axes(days, np.concatenate([lag.source, lag.target]))
    parts = [axes.head(f"Mean {index} of both sites, {lag.name}"), *axes.frame(), axes.inside()]
    parts += _pair(axes, days, lag.source, lag.target)
    if math.isfinite(lag.days) and lag.days and np.isfinite(lag.source).any():
        parts.append(f'<path class="moved" stroke="{SOURCE}" d="{axes.line(days + lag.days, lag.source)}"/>')
        parts += _arrow(axes, days, lag)
    return "\n".join([*parts, "</svg>", "</svg>"])


def band_svg(name: str, source: NDArray[np.float64], target: NDArray[np.float64], dates: Sequence[dt.date]) -> str:
    """Draw one band's mean curves of both sites, each (step,)."""
    days = days_of(dates)
    axes = _axes(days, np.concatenate([source, target]))
    parts = [axes.head(f"Mean {name} of both sites"), *axes.frame(), axes.inside(), *_pair(axes, days, source, target)]
    return "\n".join([*parts, "</svg>", "</svg>"])


def ramp_css() -> str:
    """Return the colours of the distances, from below to above, as the stops of a CSS gradient."""
    stops = (f"rgb{colour} {50 * (stop + 1):.0f}%" for stop, colour in zip(_STOPS, _RAMP, strict=True))
    return ", ".join(stops)


def _axes(days: NDArray[np.float64], values: NDArray[np.float64]) -> Axes:
    low, high = value_range(values, 0.15)
    return Axes(float(days[0]), max(float(days[-1]), float(days[0]) + 1), low, high)


def _pair(
    axes: Axes, days: NDArray[np.float64], source: NDArray[np.float64], target: NDArray[np.float64]
) -> Iterator[str]:
    for name, colour, values in (("source", SOURCE, source), ("target", TARGET, target)):
        yield f'<path class="line {name}" stroke="{colour}" d="{axes.line(days, values)}"><title>{name}</title></path>'


def _arrow(axes: Axes, days: NDArray[np.float64], lag: Lag) -> Iterator[str]:
    """Yield an arrow from the source's peak to where the lag moves it, with the days beside it."""
    peak = int(np.nanargmax(lag.source))
    start, end, y = axes.x(days[peak]), axes.x(days[peak] + lag.days), axes.y(float(lag.source[peak])) - _ABOVE
    back = -_ARROW if end > start else _ARROW
    tip = f"M{start:.1f} {y:.1f}H{end:.1f}m{back} {-_ARROW}l{-back} {_ARROW}l{back} {_ARROW}"
    yield f'<path class="arrow" d="{tip}"/>'
    side = "end" if end < start else "start"
    x = end + (-8 if end < start else 8)
    yield f'<text class="lag" text-anchor="{side}" x="{x:.1f}" y="{y + 4:.1f}">{_days(lag.days)}</text>'


def _days(days: float) -> str:
    return f"{'+' if days > 0 else chr(0x2212)}{abs(days):g} d"


def _cell(place: tuple[float, float, float], value: float, title: str) -> str:
    x, y, wide = place
    return (
        f'<rect x="{x:.1f}" y="{y + 1}" width="{max(wide - 1, 0.5):.1f}" height="{_ROW - 2}" fill="{_colour(value)}">'
        f"<title>{escape(title)}</title></rect>"
    )


def _cell_words(found: Shift, step: int, band: int, date: dt.date) -> str:
    pixels = found.pixels
    distance = float(pixels.distance[step, band])
    if not math.isfinite(distance):
        return f"{found.bands[band]}, {date}: no values"
    effect = float(pixels.effect[step, band])
    where = "above" if distance > 0 else "below"
    return (
        f"{found.bands[band]}, {date}: D {abs(distance):.2f}, target {where} the source; "
        f"means {abs(effect):.2f} standard deviations apart; p {float(pixels.p[step, band]):.2g}"
    )


def _feet(distance: NDArray[np.float64], dates: Sequence[dt.date], wide: float, top: int) -> Iterator[str]:
    """Yield a bar for the mean of each date, and the names of the months."""
    means = [_mean(row) for row in distance]
    most = max((mean for mean in means if math.isfinite(mean)), default=0.0) or 1.0
    yield f'<text class="end" x="{_NAMES - 8}" y="{top + _BARS - 4}">all bands</text>'
    free = 0.0
    for step, date in enumerate(dates):
        x, mean = _NAMES + step * wide, means[step]
        tall = (_BARS - 8) * mean / most if math.isfinite(mean) else 0.0
        yield (
            f'<rect class="count" x="{x:.1f}" y="{top + _BARS - tall:.1f}" width="{max(wide - 1, 0.5):.1f}" '
            f'height="{tall:.1f}"><title>{date}: mean D {_number(mean)}</title></rect>'
        )
        new = step == 0 or (date.year, date.month) != (dates[step - 1].year, dates[step - 1].month)
        if new and x >= free and x <= _WIDE - _SIDE - 30:
            yield f'<text x="{x:.1f}" y="{top + _BARS + 18}">{date:%b %Y}</text>'
            free = x + 66


def _mean(values: NDArray[np.float64]) -> float:
    known = np.abs(values[np.isfinite(values)])
    return float(known.mean()) if len(known) else math.nan


def _colour(value: float) -> str:
    if not math.isfinite(value):
        return "#ffffff"
    parts = [np.interp(value, _STOPS, [colour[channel] for colour in _RAMP]) for channel in range(3)]
    return "#" + "".join(f"{round(float(part)):02x}" for part in parts)


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "no value"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}\N{HORIZONTAL ELLIPSIS}"
