"""Axes of dates and values as SVG: what drawings that stand in a page share."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 8, 24
_FAR = 9999.0  # drawing units beyond which nothing needs to be told apart


@dataclass(frozen=True)
class Axes:
    """Where days and values are drawn.

    Args:
        first: First day, as `day_of` numbers them.
        last: Last day, after the first.
        low: Value at the bottom.
        high: Value at the top, above the low one.
        width: Of the drawing.
        height: Of the drawing.
    """

    first: float
    last: float
    low: float
    high: float
    width: int = 560
    height: int = 230

    def x(self, day: float) -> float:
        """Return the place of a day, in drawing units."""
        return _LEFT + (day - self.first) / (self.last - self.first) * (self.width - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """Return the place of a value, in drawing units; what is off the axis lies on its edge."""
        return self._beyond(min(max(value, self.low), self.high))

    def head(self, label: str) -> str:
        """Return the drawing's opening tag; it is closed by `</svg>`."""
        return f'<svg viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{escape(label)}">'

    def inside(self) -> str:
        """Return the opening tag of a nested drawing that cuts off what leaves the axes."""
        width, height = self.width - _LEFT - _RIGHT, self.height - _TOP - _BOTTOM
        place = f'x="{_LEFT}" y="{_TOP}" width="{width}" height="{height}"'
        return f'<svg {place} viewBox="{_LEFT} {_TOP} {width} {height}">'

    def frame(self) -> Iterator[str]:
        """Yield grid lines with their values, the months, and the line under them."""
        right, bottom = self.width - _RIGHT, self.height - _BOTTOM
        for tick in ticks(self.low, self.high):
            y = self.y(tick)
            yield f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
            yield f'<text class="end" x="{_LEFT - 6}" y="{y + 4:.1f}">{tick:.10g}</text>'
        for month, shown in _months(self.first, self.last):
            x = self.x(day_of(month))
            yield f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 4}"/>'
            yield f'<text class="middle" x="{x:.1f}" y="{self.height - 6}">{shown}</text>'
        yield f'<line class="axis" x1="{_LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>'

    def line(self, days: NDArray[np.float64], values: NDArray[np.float64]) -> str:
        """Return a path's data: a line that breaks where there is no value; empty where there is none at all."""
        parts, pen = [], "M"
        for day, value in zip(days.tolist(), values.tolist(), strict=True):
            if not math.isfinite(value):
                pen = "M"
                continue
            # Beyond the axes the line goes on, and is cut off: clipping its points would bend it.
            parts.append(f"{pen}{self.x(day):.1f} {min(max(self._beyond(value), -_FAR), _FAR):.1f}")
            pen = "L"
        return "".join(parts)

    def ribbon(self, days: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> str:
        """Return the data of closed paths between two lines, one for each stretch of days on which both have values."""
        known = np.isfinite(low) & np.isfinite(high)
        cuts = np.flatnonzero(np.diff(known.astype(np.int8))) + 1
        stretches = [part for part in np.split(np.arange(len(days)), cuts) if len(part) > 1 and known[part[0]]]
        there_and_back = [
            self.line(np.r_[days[part], days[part][::-1]], np.r_[high[part], low[part][::-1]]) for part in stretches
        ]
        return "".join(f"{path}Z" for path in there_and_back)

    def _beyond(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.height - _BOTTOM - share * (self.height - _TOP - _BOTTOM)


def value_range(values: NDArray[np.float64], margin: float) -> tuple[float, float]:
    """Return the lowest and highest value with a margin, a share of what lies between; 0 and 1 where there is none."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    wider = margin * (high - low) or 0.05 * abs(high) or 1.0
    return low - wider, high + wider


def day_of(date: dt.date) -> float:
    """Return a date's day on the axis."""
    return float(date.toordinal())


def days_of(dates: Sequence[dt.date]) -> NDArray[np.float64]:
    """Return the dates' days on the axis, (date,)."""
    return np.array([date.toordinal() for date in dates], np.float64)


def date_of(day: float) -> dt.date:
    """Return the date of a day on the axis."""
    return dt.date.fromordinal(int(day))


def ticks(low: float, high: float) -> list[float]:
    """Return three to six round numbers between two."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * min((1, 2, 2.5, 5, 10), key=lambda factor: abs(factor * power - rough))
    return [round(k * step, 12) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _months(first: float, last: float) -> list[tuple[dt.date, str]]:
    """Return the first days of months to name on an axis, at most about nine, January with its year."""
    start, stop = date_of(first), date_of(last)
    months = [
        dt.date(year, month, 1)
        for year in range(start.year, stop.year + 1)
        for month in range(1, 13)
        if start <= dt.date(year, month, 1) <= stop
    ]
    every = -(-len(months) // 9) or 1
    return [(month, f"{month:%b %Y}" if month.month == 1 else f"{month:%b}") for month in months[::every]]
