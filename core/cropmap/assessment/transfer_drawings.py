"""The drawings of a transfer as SVG: what each strategy reaches, with the two that it has to beat as lines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from cropmap.assessment.axes import ticks
from cropmap.assessment.paired import Estimate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_NAMES, _WIDE, _ROW, _TOP, _FIGURES = 330, 1090, 30, 26, 74
_LONGEST = 46


@dataclass(frozen=True)
class Reached:
    """A row of the drawing.

    Args:
        name: What stands at its left.
        estimate: What it reaches, 0..1, with its interval.
        colour: #rrggbb.
    """

    name: str
    estimate: Estimate
    colour: str


def reached_svg(rows: Sequence[Reached], lines: Mapping[str, float], what: str) -> str:
    """Draw each row's value as a dot on its interval, and a dashed line at each value that is to be beaten.

    Args:
        rows: From top to bottom; one at least with a value.
        lines: Values by what they are called.
        what: The figure's name, "Macro F1".
    """
    held = [value for row in rows for value in (row.estimate.value, row.estimate.low, row.estimate.high)]
    low, high = _widened([value for value in [*held, *lines.values()] if math.isfinite(value)])
    bottom = _TOP + _ROW * len(rows)

    def place(value: float) -> float:
        return _NAMES + (value - low) / (high - low) * (_WIDE - _NAMES - _FIGURES)

    parts = [f'<svg viewBox="0 0 {_WIDE} {bottom + 28}" role="img" aria-label="{escape(what)} of each strategy">']
    for tick in ticks(low, high):
        parts.append(f'<line class="grid" x1="{place(tick):.1f}" x2="{place(tick):.1f}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(f'<text class="middle" x="{place(tick):.1f}" y="{bottom + 18}">{tick:.10g}</text>')
    parts += _lines({name: place(value) for name, value in lines.items() if math.isfinite(value)}, bottom)
    for number, row in enumerate(rows):
        y = _TOP + number * _ROW + _ROW / 2
        parts.append(f'<text class="end" x="{_NAMES - 14}" y="{y + 4}">{escape(_short(row.name))}</text>')
        if math.isfinite(row.estimate.value):
            parts += _row(row, y, [place(value) for value in _bounds(row.estimate)])
    return "\n".join([*parts, "</svg>"])


def _lines(places: Mapping[str, float], bottom: float) -> Iterator[str]:
    """Yield the lines to be beaten; the names of two that lie near to each other stand on either side."""
    ordered = sorted(places.items(), key=lambda item: item[1])
    for number, (name, x) in enumerate(ordered):
        side = "end" if number == 0 and len(ordered) > 1 else "begin"
        shift = -5 if side == "end" else 5
        yield f'<line class="beat" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 4}" y2="{bottom}"/>'
        yield f'<text class="{side} told" x="{x + shift:.1f}" y="{_TOP - 10}">{escape(name)}</text>'


def _row(row: Reached, y: float, at: Sequence[float]) -> Iterator[str]:
    own = row.estimate
    between = f", 95 % interval {own.low:.3f} to {own.high:.3f}" if math.isfinite(own.low) else ""
    x, low, high = at
    yield f'<line class="span" stroke="{row.colour}" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>'
    title = f"<title>{escape(row.name)}: {own.value:.3f}{between}</title>"
    yield f'<circle fill="{row.colour}" cx="{x:.1f}" cy="{y}" r="5.5">{title}</circle>'
    yield f'<text class="end told" x="{_WIDE - 6}" y="{y + 4}">{own.value:.3f}</text>'


def _bounds(own: Estimate) -> tuple[float, float, float]:
    return (own.value, own.low, own.high) if math.isfinite(own.low) else (own.value, own.value, own.value)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def _widened(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = max(0.08 * (high - low), 0.01)
    return low - margin, high + margin
