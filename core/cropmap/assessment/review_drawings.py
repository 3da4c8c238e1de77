"""The drawings of a review of labels as SVG: classes over the season, and suspects among them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from cropmap.assessment.axes import Axes, days_of, value_range
from cropmap.contract.colours import line_colour

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from cropmap.assessment.profiles import ClassProfile, Profiles

# The quantiles of the profiles that are drawn: a wide ribbon, the middle half, the median.
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_WIDE, _HALF, _MEDIAN = (0, 4), (1, 3), 2
_WIDTH, _HEIGHT = 1090, 360


def profiles_svg(profiles: Profiles) -> str:
    """Draw all classes' medians and ribbons of one quantity; what belongs to a class is in a group `c<code>`."""
    days = days_of(profiles.dates)
    axes = _axes(days, [own.quantiles for own in profiles.classes], (_WIDTH, _HEIGHT))
    groups = [
        f'<g class="c{own.found.code}">{"".join(_course(axes, days, own))}<title>{escape(own.found.name)}</title></g>'
        for own in profiles.classes
    ]
    label = f"{profiles.quantity} of {len(profiles.classes)} classes"
    return "\n".join([axes.head(label), *axes.frame(), axes.inside(), *groups, "</svg>", "</svg>"])


def suspect_svg(profiles: Profiles, series: NDArray[np.float64], codes: Sequence[int]) -> str:
    """Draw a suspect's series over the courses of its label's class and of the suggested one.

    Args:
        profiles: All classes' courses, at `LEVELS`.
        series: The sample's values, (step,); NaN where there are none.
        codes: Of the classes to draw, the label's first.
    """
    days = days_of(profiles.dates)
    courses = [own for code in codes for own in profiles.classes if own.found.code == code]
    axes = _axes(days, [*(own.quantiles for own in courses), series[None, :]])
    drawn = [part for own in courses for part in _course(axes, days, own)]
    points = [
        f'<circle class="seen" cx="{axes.x(day):.1f}" cy="{axes.y(value):.1f}" r="2.6">'
        f"<title>{date}: {escape(profiles.quantity)} {value:.4g}</title></circle>"
        for date, day, value in zip(profiles.dates, days.tolist(), series.tolist(), strict=True)
        if np.isfinite(value)
    ]
    own_line = f'<path class="own" d="{axes.line(days, series)}"/>'
    label = f"{profiles.quantity} of the sample over {' and '.join(own.found.name for own in courses)}"
    return "\n".join([axes.head(label), *axes.frame(), axes.inside(), *drawn, own_line, "</svg>", *points, "</svg>"])


def telling(profiles: Sequence[Profiles], series: Sequence[NDArray[np.float64]], code: int, other: int | None) -> int:
    """Return which quantity shows best why a sample is suspect.

    It is the one in which the two classes' medians are furthest apart, in units of their middle halves' widths; with
    one class, the one in which the sample is furthest from its median.

    Args:
        profiles: Of each quantity, at `LEVELS`.
        series: The sample's values of each quantity, (step,) each.
        code: The label's class.
        other: The suggested class, if any.
    """
    found = []
    for shown, values in zip(profiles, series, strict=True):
        own = {course.found.code: course.quantiles for course in shown.classes}
        first = own[code]
        second = own.get(code if other is None else other, first)
        aim = values if second is first else second[_MEDIAN]
        width = first[3] - first[1] + second[3] - second[1]
        apart = np.divide(np.abs(first[_MEDIAN] - aim), width, out=np.zeros(len(width)), where=width > 0)
        found.append(float(np.nan_to_num(apart).mean()))
    return int(np.argmax(found))


def _axes(days: NDArray[np.float64], curves: Sequence[NDArray[np.float64]], size: tuple[int, int] = (560, 230)) -> Axes:
    low, high = value_range(np.concatenate([curve.ravel() for curve in curves]), 0.05)
    return Axes(float(days[0]), max(float(days[-1]), float(days[0]) + 1), low, high, *size)


def _course(axes: Axes, days: NDArray[np.float64], own: ClassProfile) -> Iterator[str]:
    for name, (low, high) in (("wide", _WIDE), ("half", _HALF)):
        path = axes.ribbon(days, own.quantiles[low], own.quantiles[high])
        yield f'<path class="{name}" fill="{own.found.colour}" d="{path}"/>'
    yield f'<path class="line" stroke="{line_colour(own.found.colour)}" d="{axes.line(days, own.quantiles[_MEDIAN])}"/>'
