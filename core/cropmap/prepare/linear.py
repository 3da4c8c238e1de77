"""Linear interpolation between clear dates."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cropmap.contract.params import param
from cropmap.kernels import fused_kernel
from cropmap.machine import LANES, WORD, blend, claim, fetch, highest, lowest, word_of
from cropmap.prepare import STEPS
from cropmap.prepare.days import IN_PLACE_OF_STEPS, NAMED_DAYS, wanted_days, whole_days
from cropmap.prepare.step import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season

SUPPORT_DAYS = 64

_AHEAD = 2  # Pixels that memory is asked for before they are needed.


@dataclass(frozen=True)
class LinearParams:
    """Where values are wanted, and from how far outside the season they may come."""

    step_days: int = param(
        7,
        title="Step",
        help="Days from one output step to the next. 0 keeps the dates as they are, and fills their gaps.",
        unit="days",
        low=0,
        high=92,
    )
    days: list[float] = param([], help=IN_PLACE_OF_STEPS, advanced=True, **NAMED_DAYS)
    support_days: int = param(
        SUPPORT_DAYS,
        title="Support around the season",
        help="Clear dates up to this long before the season's start and after its end support the steps inside it.",
        unit="days",
        low=0,
        high=731,
        advanced=True,
    )


class Linear(Step):
    """Makes steps on given days of season, on the days 0, step, 2 step, ..., or on those that there are.

    Raises:
        RecipeError: Days that are no whole numbers, or do not ascend.
    """

    gaps = False

    def __init__(self, params: LinearParams) -> None:
        self.params = params
        self.days = whole_days(params.days, "linear")

    def nodes(self, nodes: NDArray[np.int32] | None, season: Season) -> NDArray[np.int32] | None:
        """Return the days given, else the days of season 0, step, 2 step, ... up to its end, else those there are."""
        return wanted_days(self.days, self.params.step_days, nodes, season)

    def apply(self, series: PixelSeries, season: Season) -> PixelSeries:
        """Return the series at the nodes, without holes.

        A pixel without a clear date in reach is NaN, not clear and no longer valid. One of which a single feature has
        no value in reach is NaN in that feature alone, but not clear and not valid either. Where the dates stay as they
        are all of them are in reach, however far from the season.
        """
        nodes = self.nodes(None, season)
        reach = (-self.params.support_days, season.length_days + self.params.support_days)
        if nodes is None:
            nodes, reach = series.days, (int(min(series.days, default=0)), int(max(series.days, default=0)))
        axis = axis_of(series.days, nodes, reach)
        fill = interpolate_holed if series.holes else interpolate
        values, usable = fill(series.values, series.clear, axis)
        clear = np.ones(values.shape[:2], np.bool_)
        clear[~usable] = False
        return dataclasses.replace(
            series, values=values, clear=clear, days=nodes, valid=series.valid & usable, holes=False
        )


@STEPS.register("linear", title="Linear resampling", params=LinearParams, citation="Long et al. 2026")
def linear(params: LinearParams) -> Step:
    """Interpolate linearly between the nearest clear dates before and after each step.

    Before the first and after the last clear date the nearest clear value is held.
    """
    return Linear(params)


class Axis(NamedTuple):
    """What the dates and nodes alone decide, the same for all pixels; a tuple, because Numba takes those.

    Args:
        first: Position of the first date used.
        days: Day of season of each date used, (time,), int64.
        nodes: Day of season of each step, (step,), int64.
        upto: How many of the dates used are not after each node, (step,).
        before: The same dates as bits of a word, the first date the lowest, (step,), uint64; none where the dates are
            more than a word has bits.
        reciprocals: 1 / k for every possible distance k of two dates, 0 for k = 0, float64.
    """

    first: int
    days: NDArray[np.int64]
    nodes: NDArray[np.int64]
    upto: NDArray[np.int64]
    before: NDArray[np.uint64]
    reciprocals: NDArray[np.float64]


def axis_of(days: NDArray[np.int32], nodes: NDArray[np.int32], reach: tuple[int, int]) -> Axis:
    """Work out the axis of dates and nodes.

    Args:
        days: Day of season of each date of the series, (time,), ascending.
        nodes: Day of season of each step wanted, (step,), ascending.
        reach: First and last day of season from which dates are used.
    """
    first, stop = np.searchsorted(days, [reach[0], reach[1] + 1]).tolist()
    used = days[first:stop].astype(np.int64)
    reciprocals = np.zeros(int(np.ptp(used)) + 1 if len(used) else 1)
    reciprocals[1:] = 1 / np.arange(1, len(reciprocals))
    upto = np.searchsorted(used, nodes, side="right").astype(np.int64)
    words = [(1 << count) - 1 for count in upto.tolist()] if len(used) <= WORD else []
    return Axis(first, used, nodes.astype(np.int64), upto, np.array(words, np.uint64), reciprocals)


def interpolate(
    values: NDArray[np.float32], clear: NDArray[np.bool_], axis: Axis
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Interpolate every pixel's clear observations at the axis' nodes.

    Args:
        values: (pixel, date, band), float32, C-contiguous; finite where clear.
        clear: (pixel, date), C-contiguous.
        axis: The dates to use and the nodes wanted.

    Returns:
        Values (pixel, step, band), float32, NaN throughout for a pixel with no clear date among those used; and
        which pixels have one, (pixel,). Computed in float64 and rounded once: a straight line of whole numbers stays
        exact, but for 1e-15 of its neighbours' size where it passes through 0.

    Source: Long et al. 2026, weekly linear resampling; edges are held.
    """
    shape = len(values), len(axis.nodes), values.shape[2]
    # NumPy asks for huge pages where Numba does not: that saves three tenths of the time on large blocks.
    made = np.empty(math.prod(shape) + LANES, np.float32)
    usable = np.empty(len(values), np.bool_)
    _interpolate(values, clear, axis, axis.before if len(axis.before) else None, made, usable)
    return made[: math.prod(shape)].reshape(shape), usable


def interpolate_holed(
    values: NDArray[np.float32], clear: NDArray[np.bool_], axis: Axis
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Interpolate as `interpolate` does, where a feature may be NaN on a clear date: missing, for that feature alone.

    A feature without any value among the dates used is NaN, and its pixel not usable.
    """
    made, usable = interpolate(values, clear, axis)
    # A hole that any step would use has made that step NaN.
    holed = np.flatnonzero(usable & np.isnan(made).any(axis=(1, 2)))
    if len(holed):
        series = np.moveaxis(values[holed], 2, 1)
        known = clear[holed, np.newaxis] & ~np.isnan(series)
        count, features, dates = series.shape
        # Of one pixel alone both would be views that are not C-contiguous.
        rows = series.reshape(-1, dates, 1).copy(), known.reshape(-1, dates).copy()
        alone, found = interpolate(*rows, axis)
        made[holed] = np.moveaxis(alone.reshape(count, features, -1), 1, 2)
        usable[holed] = found.reshape(count, features).all(axis=1)
    return made, usable


@fused_kernel
def _interpolate(
    values: NDArray[np.float32],
    clear: NDArray[np.bool_],
    axis: Axis,
    before: NDArray[np.uint64] | None,
    made: NDArray[np.float32],
    usable: NDArray[np.bool_],
) -> None:
    """Fill in the values, flat, (pixel x step x band + LANES,), and which pixels have any, (pixel,).

    Where `before` is None, because the dates do not fit a word, Numba compiles the kernel without the other branch.
    """
    pixels, times, steps = len(values), len(axis.days), len(axis.nodes)
    bands, width = values.shape[2], np.uintp(values.shape[2])
    rows = values.reshape(pixels, values.shape[1] * bands)
    row_from, row_to = axis.first * bands, (axis.first + times) * bands
    stored = values.reshape(rows.size)
    # Lanes beyond a date's last band read the next date's values; beyond the last date they need room.
    known = np.zeros(row_to - row_from + LANES, np.float32)
    left, right = np.empty(steps, np.uint64), np.empty(steps, np.uint64)
    place = np.uintp(0)
    for pixel in range(pixels):
        mask = clear[pixel, axis.first : axis.first + times]
        dates = word_of(mask) if before is not None else np.uint64(mask.any())
        usable[pixel] = dates != np.uint64(0)
        if not usable[pixel]:
            for _ in range(steps * bands):
                made[place] = np.nan
                place += np.uintp(1)
            continue
        if before is not None:
            _find_neighbours(dates, before, left, right)
        else:
            _find_neighbours_of_many(mask, axis.upto, left, right)
        row = rows[pixel, row_from:row_to]
        for column in range(len(row)):
            known[column] = row[column]
        # Memory works on the pixels ahead while this one is computed.
        ahead = pixel + _AHEAD
        fetch(stored, ahead * rows.shape[1] + row_from, ahead * rows.shape[1] + row_to)
        claim(made, ahead * steps * bands, (ahead + 1) * steps * bands)
        for step in range(steps):
            day = axis.days[left[step]]
            distance = np.uintp(axis.days[right[step]] - day)
            share = (axis.nodes[step] - day) * axis.reciprocals[distance]
            sides = left[step] * width, right[step] * width
            # In whole vectors: lanes beyond the last band write into the next step, which then overwrites them.
            blend(known, sides, share, made, place, width)
            place += width


@fused_kernel
def _find_neighbours(
    dates: np.uint64, before: NDArray[np.uint64], left: NDArray[np.uint64], right: NDArray[np.uint64]
) -> None:
    """Fill in the clear date at or before each node, and the one after it; at least one date is clear.

    Past an edge both are the nearest clear date: their distance is 0, so is its "reciprocal", and the value is held.
    """
    first, last = np.uint64(1) << lowest(dates), np.uint64(1) << highest(dates)
    for step in range(len(before)):
        left[step] = highest((dates & before[step]) | first)
        right[step] = lowest((dates & ~before[step]) | last)


@fused_kernel
def _find_neighbours_of_many(
    mask: NDArray[np.bool_], upto: NDArray[np.int64], left: NDArray[np.uint64], right: NDArray[np.uint64]
) -> None:
    """Do as `_find_neighbours` does, for any number of dates: walk along them once forwards and once backwards."""
    first, last = 0, len(mask) - 1
    while not mask[first]:
        first += 1
    while not mask[last]:
        last -= 1
    found, time = first, 0
    for step in range(len(upto)):
        while time < upto[step]:
            found = time if mask[time] else found
            time += 1
        left[step] = found
    found, time = last, len(mask)
    for step in range(len(upto) - 1, -1, -1):
        while time > upto[step]:
            time -= 1
            found = time if mask[time] else found
        right[step] = found
