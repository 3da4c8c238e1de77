"""Linear interpolation between clear dates, at regular days."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cropmap.contract.params import param
from cropmap.kernels import fused_kernel
from cropmap.prepare import STEPS
from cropmap.prepare.step import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season

SUPPORT_DAYS = 64


@dataclass(frozen=True)
class LinearParams:
    """Where values are wanted, and from how far outside the season they may come."""

    step_days: int = param(7, title="Step", help="Days from one output step to the next.", unit="days", low=1, high=92)
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
    """Makes steps on the season's days 0, step, 2 step, ..."""

    def __init__(self, params: LinearParams) -> None:
        self.params = params

    def nodes(self, nodes: NDArray[np.int32] | None, season: Season) -> NDArray[np.int32]:
        """Return the days of season 0, step, 2 step, ... up to the season's end."""
        del nodes
        return season.nodes(self.params.step_days)

    def apply(self, series: PixelSeries, season: Season) -> PixelSeries:
        """Return the series at the nodes; a pixel without a clear date in reach is NaN, and no longer valid."""
        nodes = self.nodes(series.days, season)
        reach = self.params.support_days
        axis = axis_of(series.days, nodes, (-reach, season.length_days + reach))
        values, usable = interpolate(series.values, series.clear, axis)
        return dataclasses.replace(
            series,
            values=values,
            clear=np.repeat(usable[:, np.newaxis], len(nodes), axis=1),
            days=nodes,
            valid=series.valid & usable,
        )


@STEPS.register("linear", title="Linear resampling", params=LinearParams, citation="Long et al. 2026")
def linear(params: LinearParams) -> Step:
    """Interpolate linearly between the nearest clear dates before and after each regular step.

    Before the first and after the last clear date the nearest clear value is held.
    """
    return Linear(params)


class Axis(NamedTuple):
    """What the dates and nodes alone decide, the same for all pixels; a tuple, because Numba takes those.

    Args:
        first: Position of the first date used.
        days: Day of season of each date used, (time,), int32.
        nodes: Day of season of each step, (step,), int32.
        upto: How many of the dates used are not after each node, (step,).
        reciprocals: 1 / k for every possible distance k of two dates, 0 for k = 0, float64.
    """

    first: int
    days: NDArray[np.int32]
    nodes: NDArray[np.int32]
    upto: NDArray[np.uintp]
    reciprocals: NDArray[np.float64]


def axis_of(days: NDArray[np.int32], nodes: NDArray[np.int32], reach: tuple[int, int]) -> Axis:
    """Work out the axis of dates and nodes.

    Args:
        days: Day of season of each date of the series, (time,), ascending.
        nodes: Day of season of each step wanted, (step,), ascending.
        reach: First and last day of season from which dates are used.
    """
    first, stop = np.searchsorted(days, [reach[0], reach[1] + 1]).tolist()
    used = days[first:stop]
    reciprocals = np.zeros(int(np.ptp(used)) + 1 if len(used) else 1)
    reciprocals[1:] = 1 / np.arange(1, len(reciprocals))
    return Axis(first, used, nodes, np.searchsorted(used, nodes, side="right").astype(np.uintp), reciprocals)


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
    # NumPy asks for huge pages where Numba does not: that saves three tenths of the time on large blocks.
    made = np.empty((len(values), len(axis.nodes), values.shape[2]), np.float32)
    usable = np.empty(len(values), np.bool_)
    _interpolate(values, clear, axis, (0,) * values.shape[2], (made, usable))
    return made, usable


class _Places(NamedTuple):
    """Scratch of one pixel: which clear dates lie around each node.

    Args:
        rank: How many clear dates there are before each place, (time + 1,).
        slots: The clear dates' places from 1 on, the first and the last of them once more at the ends, (time + 2,).
        left: The clear date at or before each node, (step,).
        right: The clear date after each node, (step,).
        share: The right one's share in the node's value, (step,).
    """

    rank: NDArray[np.uintp]
    slots: NDArray[np.uintp]
    left: NDArray[np.uintp]
    right: NDArray[np.uintp]
    share: NDArray[np.float64]


@fused_kernel
def _interpolate(
    values: NDArray[np.float32],
    clear: NDArray[np.bool_],
    axis: Axis,
    bands: tuple[int, ...],
    result: tuple[NDArray[np.float32], NDArray[np.bool_]],
) -> None:
    """Fill in the result, as `interpolate` returns it."""
    # The length of a tuple is a constant to the compiler, so it unrolls the loop over bands: 1.5 times faster.
    width = len(bands)
    first, pixels, times, steps = axis.first, len(values), len(axis.days), len(axis.nodes)
    flat = values.reshape(pixels, values.shape[1] * width)
    out_flat, usable = result[0].reshape(pixels, steps * width), result[1]
    places = _Places(
        np.empty(times + 1, np.uintp),
        np.empty(times + 2, np.uintp),
        np.empty(steps, np.uintp),
        np.empty(steps, np.uintp),
        np.empty(steps, np.float64),
    )
    # One pixel in float64, in the first-level cache: converted in whole vectors, not value by value.
    known, wanted = np.empty((times, width), np.float64), np.empty((steps, width), np.float64)
    known_flat, wanted_flat = known.reshape(times * width), wanted.reshape(steps * width)
    for pixel in range(pixels):
        mask = clear[pixel, first : first + times]
        if pixel == 0 or _differ(mask, clear[pixel - 1, first : first + times]):
            usable[pixel] = _rank(mask, places)
            if usable[pixel]:
                _find_shares(axis, places)
        else:
            usable[pixel] = usable[pixel - 1]
        if not usable[pixel]:
            out_flat[pixel] = np.nan
            continue
        row = flat[pixel, first * width : (first + times) * width]
        for place in range(times * width):
            known_flat[place] = row[place]
        _blend(known, wanted, places, bands)
        for place in range(steps * width):
            out_flat[pixel, place] = wanted_flat[place]


@fused_kernel
def _blend(known: NDArray[np.float64], wanted: NDArray[np.float64], places: _Places, bands: tuple[int, ...]) -> None:
    """Fill in one pixel's values at the nodes, (step, band), from those on its dates, (time, band)."""
    for step in range(len(wanted)):
        left, right, share = places.left[step], places.right[step], places.share[step]
        for band in range(len(bands)):
            value = known[left, band]
            wanted[step, band] = value + share * (known[right, band] - value)


@fused_kernel
def _differ(mask: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    """Say whether two masks differ; without leaving early, so that it runs in whole vectors."""
    found = False
    for time in range(len(mask)):
        found |= mask[time] != other[time]
    return found


@fused_kernel
def _rank(mask: NDArray[np.bool_], places: _Places) -> bool:
    """Fill in the clear dates' ranks and slots; say whether there is any.

    Every date is written to the next slot, and only a clear one moves on: clouds come at random, and a mispredicted
    branch would cost more.
    """
    rank = np.uintp(0)
    places.rank[0] = rank
    for time in range(len(mask)):
        places.slots[rank + np.uintp(1)] = time
        rank += np.uintp(mask[time])
        places.rank[time + 1] = rank
    places.slots[0] = places.slots[1]
    places.slots[rank + np.uintp(1)] = places.slots[rank]
    return bool(rank)


@fused_kernel
def _find_shares(axis: Axis, places: _Places) -> None:
    """Fill in the two dates that each node lies between, and the share of the right one.

    Past an edge both are the nearest clear date: their distance is 0, so is its "reciprocal", and the value is held.
    """
    for step in range(len(axis.nodes)):
        rank = places.rank[axis.upto[step]]
        left, right = places.slots[rank], places.slots[rank + np.uintp(1)]
        places.left[step], places.right[step] = left, right
        distance = np.uintp(axis.days[right] - axis.days[left])
        places.share[step] = (axis.nodes[step] - axis.days[left]) * axis.reciprocals[distance]
