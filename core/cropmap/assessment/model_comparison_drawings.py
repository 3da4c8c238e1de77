"""The drawings of a comparison of models as SVG: accuracies with their intervals, and learning curves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from cropmap.assessment.axes import ticks
from cropmap.assessment.paired import Estimate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cropmap.assessment.learning_curve import CurvePoint

# Told apart by people who see colours differently; the first eight after Okabe and Ito.
_COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#7b3294", "#4d4d4d"),
    *("#a6611a", "#1b7837", "#e7298a", "#666fbd"),
)
_NAMES, _WIDE, _ROW = 230, 1090, 28
_LEFT, _RIGHT, _TOP, _BOTTOM, _TALL = 52, 10, 10, 40, 380


def colours_of(names: Sequence[str]) -> dict[str, str]:
    """Return a colour, #rrggbb, for each name, by position; after twelve they come round again."""
    return {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(names)}


@dataclass(frozen=True)
class AccuracyRow:
    """A model as the drawing of accuracies shows it.

    Args:
        name: Of the model.
        colour: #rrggbb.
        estimate: Its overall accuracy, 0..1, with the interval.
        runs: Overall accuracy of each run.
    """

    name: str
    colour: str
    estimate: Estimate
    runs: tuple[float, ...]


def accuracies_svg(rows: Sequence[AccuracyRow]) -> str:
    """Draw each model's overall accuracy as a dot on its interval; each run is a thin stroke."""
    held = [value for row in rows for value in (row.estimate.low, row.estimate.high, row.estimate.value, *row.runs)]
    known = [value for value in held if math.isfinite(value)]
    low, high = _widened(min(known), max(known))
    bottom = _ROW * len(rows)

    def place(value: float) -> float:
        return _NAMES + (value - low) / (high - low) * (_WIDE - _NAMES - 24)

    parts = [f'<svg viewBox="0 0 {_WIDE} {bottom + 30}" role="img" aria-label="Overall accuracy of each model">']
    for tick in ticks(low, high):
        x = place(tick)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom}"/>')
        parts.append(f'<text class="middle" x="{x:.1f}" y="{bottom + 18}">{100 * tick:.10g} %</text>')
    for number, row in enumerate(rows):
        parts += _accuracy(row, number * _ROW + _ROW / 2, place(row.estimate.value), [place(run) for run in row.runs])
        if math.isfinite(row.estimate.low):
            y, ends = number * _ROW + _ROW / 2, (place(row.estimate.low), place(row.estimate.high))
            parts.append(
                f'<line class="span" stroke="{row.colour}" x1="{ends[0]:.1f}" x2="{ends[1]:.1f}" y1="{y}" y2="{y}"/>'
            )
    return "\n".join([*parts, "</svg>"])


def _accuracy(row: AccuracyRow, y: float, x: float, runs: Sequence[float]) -> Iterator[str]:
    own = row.estimate
    between = f", 95 % interval {own.low:.1%} to {own.high:.1%}" if math.isfinite(own.low) else ""
    yield f'<text class="end" x="{_NAMES - 14}" y="{y + 4}">{escape(row.name)}</text>'
    for run in runs if len(runs) > 1 else ():
        yield f'<line class="run" stroke="{row.colour}" x1="{run:.1f}" x2="{run:.1f}" y1="{y - 8}" y2="{y + 8}"/>'
    title = f"<title>{escape(row.name)}: {own.value:.1%}{between}</title>"
    yield f'<circle fill="{row.colour}" cx="{x:.1f}" cy="{y}" r="5">{title}</circle>'


def curves_svg(points: Sequence[CurvePoint], colours: Mapping[str, str]) -> str:
    """Draw overall accuracy against labels per class: a dot for each run, a line through the runs' means.

    Args:
        points: Of all models; those without accuracy are not drawn.
        colours: Of the models, by name.
    """
    drawn = [(point, point.accuracy.overall) for point in points if point.accuracy]
    labels = sorted({point.labels for point in points})
    low, high = _widened(min(value for _, value in drawn), max(value for _, value in drawn))
    first, last = math.log(labels[0]), math.log(labels[-1])

    def x_of(label: int) -> float:
        share = (math.log(label) - first) / (last - first) if last > first else 0.5
        return _LEFT + 20 + share * (_WIDE - _LEFT - _RIGHT - 40)

    def y_of(value: float) -> float:
        return _TALL - _BOTTOM - (value - low) / (high - low) * (_TALL - _TOP - _BOTTOM)

    parts = [f'<svg viewBox="0 0 {_WIDE} {_TALL}" role="img" aria-label="Overall accuracy by labels per class">']
    for tick in ticks(low, high):
        y = y_of(tick)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="end" x="{_LEFT - 6}" y="{y + 4:.1f}">{100 * tick:.10g} %</text>')
    parts += [f'<text class="middle" x="{x_of(label):.1f}" y="{_TALL - 22}">{label:,}</text>' for label in labels]
    parts.append(f'<text class="middle" x="{_WIDE / 2}" y="{_TALL - 4}">labels of each class</text>')
    for name, colour in colours.items():
        own = [(point, value) for point, value in drawn if point.model == name]
        steps = sorted({point.labels for point, _ in own})
        means = [(label, np.mean([value for point, value in own if point.labels == label])) for label in steps]
        line = "L".join(f"{x_of(label):.1f} {y_of(float(mean)):.1f}" for label, mean in means)
        parts.append(
            f'<path class="line" stroke="{colour}" d="M{line}"><title>{escape(name)}</title></path>' * bool(line)
        )
        parts += [
            f'<circle fill="{colour}" cx="{x_of(point.labels):.1f}" cy="{y_of(value):.1f}" r="3">'
            f"<title>{escape(name)}, {point.labels} labels of each class, run {point.run}: {value:.1%}</title></circle>"
            for point, value in own
        ]
    return "\n".join([*parts, "</svg>"])


def shade(share: float) -> str:
    """Return the CSS background of a share, 0..1: white for 0, green for 1; none where it is undefined."""
    return f"rgba(31,111,84,{0.5 * share**2:.3f})" if math.isfinite(share) else "none"


def _widened(low: float, high: float) -> tuple[float, float]:
    margin = max(0.06 * (high - low), 0.005)
    return low - margin, high + margin
