"""One value for every interval of the season, from the clear observations inside it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cropmap.contract.errors import RecipeError
from cropmap.contract.params import param
from cropmap.data.bands import positions
from cropmap.kernels import fused_kernel
from cropmap.machine import LANES, exchange
from cropmap.prepare import STEPS
from cropmap.prepare.step import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season

MEDIAN, MEAN, MAX_NDVI, LEAST_CLOUD = "median", "mean", "max_ndvi", "least_cloud"


@dataclass(frozen=True)
class CompositeParams:
    """How long an interval is, and what stands for it."""

    interval_days: int = param(
        16,
        title="Interval",
        help="Length of an interval; the first begins with the season.",
        unit="days",
        low=1,
        high=183,
    )
    method: str = param(
        MEDIAN,
        title="Method",
        help="median and mean are taken band by band; max_ndvi takes all bands of the pixel's greenest clear date, "
        "least_cloud those of its clear date on which the site has the fewest clouds.",
        choices=(MEDIAN, MEAN, MAX_NDVI, LEAST_CLOUD),
    )
    roles: list[str] = param(
        [],
        kind="texts",
        title="Band roles",
        help="For max_ndvi, where the bands' names do not tell it: what each one is, such as red=B4.",
        advanced=True,
    )
    cloud_shares: dict[str, float] = param(
        {},
        kind="table",
        title="Cloud shares",
        help="For least_cloud: share of the site that is not clear, by day of season; found by a look at the images.",
        advanced=True,
    )


class Composite(Step):
    """Makes one step of each interval."""

    gaps = True
    found = ("cloud_shares",)

    def __init__(self, params: CompositeParams) -> None:
        self.params = params
        self.looks = params.method == LEAST_CLOUD

    def nodes(self, nodes: NDArray[np.int32] | None, season: Season) -> NDArray[np.int32]:
        """Return the intervals' middles: of the days k n .. k n + n - 1 day k n + (n - 1) // 2.

        Raises:
            RecipeError: The season ends before the middle of the first interval.
        """
        del nodes
        length = self.params.interval_days
        middles = np.arange((length - 1) // 2, season.length_days + 1, length, dtype=np.int32)
        if not len(middles):
            raise RecipeError(
                f"The season {season.start} .. {season.end} is shorter than half an interval of {length} days.",
                where="step 'composite'",
                fix="Choose shorter intervals or a longer season.",
            )
        return middles

    def settle(self, series: PixelSeries, season: Season) -> Mapping[str, Any]:
        """Return the share of the pixels that is not clear, by day of season."""
        del season
        shares = 1 - series.clear.mean(axis=0, dtype=np.float64)
        return {
            "cloud_shares": {str(day): round(float(share), 6) for day, share in zip(series.days, shares, strict=True)}
        }

    def apply(self, series: PixelSeries, season: Season) -> PixelSeries:
        """Return the composites; an interval without a clear date is NaN and not clear.

        Raises:
            RecipeError: max_ndvi lacks a band, or least_cloud the share of a date.
        """
        nodes = self.nodes(series.days, season)
        bounds = np.searchsorted(series.days, np.arange(len(nodes) + 1) * self.params.interval_days).astype(np.uintp)
        shape = (len(series.values), len(nodes), len(series.bands))
        made, clear = np.empty(shape, np.float32), np.empty(shape[:2], np.bool_)
        given, unrolled = _Given(series.values, series.clear, bounds), (0,) * len(series.bands)
        if self.params.method == MEDIAN and series.holes:
            _medians_of_some(given, (made, clear))
        elif self.params.method == MEDIAN:
            _medians(given, unrolled, (made, clear))
        elif self.params.method == MEAN:
            _means(given, unrolled, (made, clear))
        else:
            _choose(given, self._ranking(series, bounds), unrolled, (made, clear))
        return dataclasses.replace(series, values=made, clear=clear, days=nodes, valid=series.valid & clear.any(axis=1))

    def _ranking(self, series: PixelSeries, bounds: NDArray[np.uintp]) -> _Ranking:
        """Return what decides between an interval's clear dates."""
        if self.params.method == MAX_NDVI:
            return _Ranking(np.zeros(0), *positions(series.bands, ("nir", "red"), self.params.roles))
        shares = self.params.cloud_shares
        ranks = np.zeros(len(series.days))
        for place in range(bounds[0], bounds[-1]):
            day = str(series.days[place])
            if day not in shares:
                raise RecipeError(
                    f"The cloud share of day {day} of the season is not known.",
                    where="step 'composite', least_cloud",
                    fix="Settle the recipe for these images (cropmap.prepare.look.settled_for).",
                )
            ranks[place] = -shares[day]
        return _Ranking(ranks, 0, 0)


@STEPS.register(
    "composite",
    title="Interval composites",
    params=CompositeParams,
    citation="Holben 1986 (max_ndvi), doi 10.1080/01431168608948945; Flood 2013 (median), doi 10.3390/rs5126481",
)
def composite(params: CompositeParams) -> Step:
    """Put one value in place of all clear observations of an interval: their median, their mean, or the best of them.

    It stands on the interval's middle. An interval without a clear observation stays empty: `linear` with step_days 0
    after this step fills it.
    """
    return Composite(params)


class _Given(NamedTuple):
    """What is composed; a tuple, because Numba takes those.

    Args:
        values: (pixel, date, band), float32.
        clear: (pixel, date).
        bounds: Interval k holds the dates bounds[k] .. bounds[k + 1] - 1, (interval + 1,).
    """

    values: NDArray[np.float32]
    clear: NDArray[np.bool_]
    bounds: NDArray[np.uintp]


class _Ranking(NamedTuple):
    """How good a date is: by its rank, (date,); by NDVI where no ranks are given."""

    ranks: NDArray[np.float64]
    nir: int
    red: int


Made = tuple["NDArray[np.float32]", "NDArray[np.bool_]"]


@fused_kernel
def _clear_dates(mask: NDArray[np.bool_], first: int, stop: int, slots: NDArray[np.uintp]) -> int:
    """Fill in the places of the clear dates among first .. stop - 1; return how many there are.

    Every place is written and only a clear one moves on: a mispredicted branch would cost more.
    """
    count = np.uintp(0)
    for place in range(first, stop):
        slots[count] = place
        count += np.uintp(mask[place])
    return int(count)


@fused_kernel
def _means(given: _Given, bands: tuple[int, ...], made: Made) -> None:
    """Fill in each interval's mean, added up in float64; missing features do not count."""
    # The length of a tuple is a constant to the compiler, so it unrolls the loops over bands.
    values, clear, bounds = given
    slots = np.empty(values.shape[1] + 1, np.uintp)
    total, number = np.empty(len(bands)), np.empty(len(bands))
    for pixel in range(len(values)):
        mask = clear[pixel]
        for interval in range(len(bounds) - 1):
            count = _clear_dates(mask, bounds[interval], bounds[interval + 1], slots)
            made[1][pixel, interval] = count > 0
            for band in range(len(bands)):
                total[band], number[band] = 0.0, 0.0
            for rank in range(count):
                for band in range(len(bands)):
                    value = np.float64(values[pixel, slots[rank], band])
                    there = value == value  # noqa: PLR0124 - false for NaN alone
                    total[band] += value if there else 0.0
                    number[band] += 1.0 if there else 0.0
            for band in range(len(bands)):
                made[0][pixel, interval, band] = total[band] / number[band]


@fused_kernel
def _medians(given: _Given, bands: tuple[int, ...], made: Made) -> None:
    """Fill in each interval's median, band by band; of an even number the mean of the middle two."""
    values, clear, bounds = given
    slots = np.empty(values.shape[1] + 1, np.uintp)
    width = np.uintp(-(-len(bands) // LANES) * LANES)
    ordered = np.zeros(np.uintp(values.shape[1]) * width, np.float32)
    for pixel in range(len(values)):
        mask = clear[pixel]
        for interval in range(len(bounds) - 1):
            count = _clear_dates(mask, bounds[interval], bounds[interval + 1], slots)
            made[1][pixel, interval] = count > 0
            if count == 0:
                for band in range(len(bands)):
                    made[0][pixel, interval, band] = np.nan
            elif count <= 2:  # most often there are no more: then nothing need be sorted
                left, right = slots[0], slots[count - 1]
                for band in range(len(bands)):
                    both = np.float64(values[pixel, left, band]) + np.float64(values[pixel, right, band])
                    made[0][pixel, interval, band] = 0.5 * both
            else:
                _sort(values, (pixel, count), slots, bands, ordered)
                left, right = np.uintp((count - 1) // 2) * width, np.uintp(count // 2) * width
                for band in range(np.uintp(len(bands))):
                    both = np.float64(ordered[left + band]) + np.float64(ordered[right + band])
                    made[0][pixel, interval, band] = 0.5 * both


@fused_kernel
def _sort(
    values: NDArray[np.float32],
    place: tuple[int, int],
    slots: NDArray[np.uintp],
    bands: tuple[int, ...],
    rows: NDArray[np.float32],
) -> None:
    """Fill in one pixel's dates at the first slots with every band in ascending order: by insertion, all bands at once.

    The place is the pixel and how many slots; the rows are flat and have room for whole vectors of bands.
    """
    pixel, count = np.uintp(place[0]), np.uintp(place[1])
    width = np.uintp(-(-len(bands) // LANES) * LANES)
    for rank in range(count):
        for band in range(len(bands)):
            rows[rank * width + np.uintp(band)] = values[pixel, slots[rank], band]
    for last in range(np.uintp(1), count):
        for rank in range(last):  # from the last row towards the first
            upper = (last - rank) * width
            for lane in range(np.uintp(0), width, np.uintp(LANES)):
                exchange(rows, upper - width + lane, upper + lane)


@fused_kernel
def _medians_of_some(given: _Given, made: Made) -> None:
    """Do as `_medians` does where features may be missing."""
    values, clear, bounds = given
    for pixel in range(len(values)):
        for interval in range(len(bounds) - 1):
            inside = values[pixel, bounds[interval] : bounds[interval + 1]]
            mask = clear[pixel, bounds[interval] : bounds[interval + 1]]
            made[1][pixel, interval] = mask.any()
            _middles_of_some(inside[mask], made[0][pixel, interval])


@fused_kernel
def _middles_of_some(rows: NDArray[np.float32], made: NDArray[np.float32]) -> None:
    """Fill in each column's median without its missing values; NaN where all are."""
    for band in range(rows.shape[1]):
        known = np.sort(rows[np.isfinite(rows[:, band]), band])
        count = len(known)
        made[band] = np.nan
        if count:
            made[band] = 0.5 * (np.float64(known[(count - 1) // 2]) + np.float64(known[count // 2]))


@fused_kernel
def _choose(given: _Given, ranking: _Ranking, bands: tuple[int, ...], made: Made) -> None:
    """Fill in all bands of each interval's best clear date, the earliest of equals."""
    values, clear, bounds = given
    by_index, nir, red = len(ranking.ranks) == 0, np.uintp(ranking.nir), np.uintp(ranking.red)
    for pixel in range(len(values)):
        for interval in range(len(bounds) - 1):
            none = bounds[interval + 1]
            best, chosen = -np.inf, none
            for place in range(bounds[interval], none):
                rank = _ndvi(values[pixel, place, nir], values[pixel, place, red]) if by_index else ranking.ranks[place]
                better = clear[pixel, place] & ((rank > best) | (chosen == none))
                best, chosen = (rank, place) if better else (best, chosen)
            made[1][pixel, interval] = chosen != none
            for band in range(len(bands)):
                made[0][pixel, interval, band] = values[pixel, chosen, band] if chosen != none else np.float32(np.nan)


@fused_kernel
def _ndvi(nir: np.float32, red: np.float32) -> float:
    """Return the NDVI; minus infinity where nir + red is not above 0, so that any other date wins."""
    total = np.float64(nir) + np.float64(red)
    return (np.float64(nir) - np.float64(red)) / total if total > 0 else -np.inf
