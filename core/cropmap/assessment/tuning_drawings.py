"""The drawings of a search for hyper-parameters as SVG: scores by trial, and by each parameter's values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from cropmap.training.trials import COMPLETE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cropmap.training.trials import Trial

_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 14, 10, 26


@dataclass(frozen=True)
class Scale:
    """Where values lie along an axis, as shares 0 .. 1.

    Args:
        values: All that are drawn, at least one; numbers, or anything where they are names.
        log: Equal ratios are equally long.
        names: Each value has a place of its own, in this order; empty for numbers.
    """

    values: tuple[Any, ...]
    log: bool = False
    names: tuple[Any, ...] = ()

    def at(self, value: Any) -> float:
        """Return a value's place."""
        if self.names:
            return (self.names.index(value) + 0.5) / len(self.names)
        low, high = self._ends
        return 0.5 if high == low else (self._of(value) - low) / (high - low)

    def ticks(self) -> list[tuple[float, str]]:
        """Return places to name, and what they are called."""
        if self.names:
            return [(self.at(name), _text(name)) for name in self.names]
        low, high = self._ends
        if low == high:
            return [(0.5, _text(self.values[0]))]
        if not self.log and all(isinstance(value, int) for value in self.values):
            step = max(1, -(-int(high - low) // 6))
            return [(self.at(value), str(value)) for value in range(int(low), int(high) + 1, step)]
        shown = [low + (high - low) * share for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
        return [((each - low) / (high - low), f"{math.exp(each) if self.log else each:.2g}") for each in shown]

    @property
    def _ends(self) -> tuple[float, float]:
        known = [self._of(value) for value in self.values]
        return min(known), max(known)

    def _of(self, value: Any) -> float:
        # A default of 0 among ratios stands with the smallest of them.
        smallest = min((float(each) for each in self.values if each > 0), default=1.0) if self.log else 0.0
        return math.log(max(float(value), smallest)) if self.log else float(value)


def scale_of(values: Sequence[Any]) -> Scale:
    """Return a scale for a parameter's values: names for texts, truths and up to six whole numbers, else numbers.

    Numbers of which the largest is over 50 times the smallest above 0 are drawn by ratios.
    """
    distinct = sorted(set(values), key=lambda value: (isinstance(value, str), value))
    if any(isinstance(value, (str, bool)) for value in distinct) or (
        len(distinct) <= 6 and all(isinstance(value, int) for value in distinct)
    ):
        return Scale(tuple(values), names=tuple(distinct))
    above = [value for value in distinct if value > 0]
    log = bool(above) and distinct[0] >= 0 and above[-1] > 50 * above[0]
    return Scale(tuple(values), log=log)


def scatter_svg(
    trials: Sequence[Trial], places: Sequence[Any], scale: Scale, label: str, size: tuple[int, int] = (540, 220)
) -> str:
    """Draw the trials' scores against something.

    A complete one is a dot, the defaults a square; the best has a ring around it. One without a score is a small ring
    on the axis: what the first folds gave cannot be compared with the score of all.

    Args:
        trials: At least one of them complete.
        places: Of each trial along the axis.
        scale: The axis.
        label: What it is.
        size: Of the drawing.
    """
    width, height = size
    complete = [trial for trial in trials if trial.state == COMPLETE]
    best = max(complete, key=lambda trial: trial.score)
    low, high = min(trial.score for trial in complete), best.score
    margin = 0.08 * (high - low) or 0.05
    up = Scale((low - margin, high + margin))

    def x(value: Any) -> float:
        return _LEFT + (0.03 + 0.94 * scale.at(value)) * (width - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return height - _BOTTOM - up.at(value) * (height - _TOP - _BOTTOM)

    def marks() -> Iterator[str]:
        for trial, place in zip(trials, places, strict=True):
            yield _mark(trial, x(place), y(trial.score) if trial.state == COMPLETE else height - _BOTTOM)
        where = next(place for trial, place in zip(trials, places, strict=True) if trial is best)
        yield f'<circle class="best-trial" cx="{x(where):.1f}" cy="{y(best.score):.1f}" r="8"/>'

    head = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
    right, bottom = width - _RIGHT, height - _BOTTOM
    frame = [f'<line class="axis" x1="{_LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>']
    for share, _ in up.ticks():
        value = low - margin + share * (high - low + 2 * margin)
        frame.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
        frame.append(f'<text class="end" x="{_LEFT - 6}" y="{y(value) + 4:.1f}">{value:.3f}</text>')
    for share, text in scale.ticks():
        place = _LEFT + (0.03 + 0.94 * share) * (width - _LEFT - _RIGHT)
        frame.append(f'<text class="middle" x="{place:.1f}" y="{height - 8}">{escape(text)}</text>')
    return "\n".join([head, *frame, *marks(), "</svg>"])


def _mark(trial: Trial, x: float, y: float) -> str:
    values = ", ".join(f"{name} {_text(value)}" for name, value in trial.values.items())
    score = f"{trial.score:.4f}" if trial.state == COMPLETE else trial.state
    tell = f"<title>{escape(f'Trial {trial.number + 1}: {score}; {values}')}</title>"
    if not trial.number:
        corner = f'x="{x - 4.5:.1f}" y="{y - 4.5:.1f}"'
        return f'<rect class="default-trial" {corner} width="9" height="9">{tell}</rect>'
    name, radius = ("trial", 3.6) if trial.state == COMPLETE else ("pruned-trial", 2.8)
    return f'<circle class="{name}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}">{tell}</circle>'


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
