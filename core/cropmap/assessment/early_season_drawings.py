"""The drawing of an early-season curve as SVG: how well each class is told apart, by date."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from cropmap.assessment.axes import Axes, day_of, days_of
from cropmap.assessment.early_season import f1_interval
from cropmap.contract.colours import line_colour

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from cropmap.assessment.early_season import CutOff, FirstDate
    from cropmap.data.accuracy import ClassAccuracy

_WIDTH, _HEIGHT = 1090, 400
_ABOVE = 0.02  # of the axis, so that points at 1 are whole


def curves_svg(cut_offs: Sequence[CutOff], first: Sequence[FirstDate], colours: Sequence[str], threshold: float) -> str:
    """Draw every class's F1 against the cut-off date, with the threshold; a class's parts are in a group `c<code>`.

    Args:
        cut_offs: By ascending date, at least one.
        first: From when on each class stays above the threshold, in the order of the classes; marked by a ring.
        colours: Of the classes, #rrggbb.
        threshold: Drawn as a line.
    """
    dates = [cut.date for cut in cut_offs]
    axes = _axes(dates)
    courses = list(zip(*(cut.accuracy.by_class() for cut in cut_offs), strict=True))
    drawn = [
        f'<g class="c{found.code}">{"".join(_course(axes, dates, course, (found, colour)))}</g>'
        for course, found, colour in zip(courses, first, colours, strict=True)
    ]
    level = axes.y(threshold)
    line = f'<line class="level" x1="{axes.x(axes.first):.1f}" x2="{axes.x(axes.last):.1f}" y1="{level:.1f}" '
    label = f"F1 of {len(first)} classes against the cut-off date"
    return "\n".join([axes.head(label), *axes.frame(), f'{line}y2="{level:.1f}"/>', *drawn, "</svg>"])


def _axes(dates: Sequence[dt.date]) -> Axes:
    first, last = day_of(dates[0]), day_of(dates[-1])
    margin = max(2.0, 0.02 * (last - first))
    return Axes(first - margin, last + margin, 0.0, 1.0 + _ABOVE, _WIDTH, _HEIGHT)


def _course(
    axes: Axes, dates: Sequence[dt.date], course: Sequence[ClassAccuracy], shown: tuple[FirstDate, str]
) -> Iterator[str]:
    found, colour = shown
    days, f1 = days_of(dates), np.array([own.f1 for own in course])
    low, high = np.array([f1_interval(own) for own in course]).T
    line = line_colour(colour)
    yield f'<path class="wide" fill="{colour}" d="{axes.ribbon(days, low, high)}"/>'
    yield f'<path class="line" stroke="{line}" d="{axes.line(days, f1)}"/>'
    for date, day, value in zip(dates, days.tolist(), f1.tolist(), strict=True):
        if np.isfinite(value):
            name = "reached" if date == found.date else "point"
            place = f'cx="{axes.x(day):.1f}" cy="{axes.y(value):.1f}" r="{5 if name == "reached" else 2.8}"'
            tell = f"{escape(found.name)}, {date}: F1 {value:.3f}"
            yield f'<circle class="{name}" stroke="{line}" fill="{line}" {place}><title>{tell}</title></circle>'
