"""Alignment of calendars: series moved in time, so that vegetation peaks when a model expects it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cropmap.contract.errors import RecipeError
from cropmap.contract.params import param
from cropmap.data.bands import positions
from cropmap.data.cube import Observations
from cropmap.kernels import fused_kernel
from cropmap.machine import LANES, combine
from cropmap.prepare import STEPS
from cropmap.prepare.days import date_in, month_day
from cropmap.prepare.even_smoother import smooth_even
from cropmap.prepare.linear import SUPPORT_DAYS, axis_of, interpolate, interpolate_holed
from cropmap.prepare.observe import measure
from cropmap.prepare.smoother import Grid, day_grid, smooth
from cropmap.prepare.step import Step

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season

REGION, PIXEL = "region", "pixel"
UNSET = -1
LEAST_PEAKS = 25  # pixels with a peak that a median takes
SMOOTHING = 10.0  # Whittaker's lambda on steps of 7 days; other steps take what is as smooth in days
STEP_DAYS = 7
TINY = 1e-6  # a denominator closer to 0 gives no index


@dataclass(frozen=True)
class PeakParams:
    """Whose peak is moved, where it is looked for, and where it shall be: what a recipe that aligns asks."""

    variant: str = param(
        REGION,
        title="Variant",
        help="region moves all pixels by the same days, from the site's median peak to the target; pixel moves each "
        "pixel's own peak there, which takes the difference between early and late crops away.",
        choices=(REGION, PIXEL),
    )
    index: str = param("evi", title="Index", help="Its maximum is the peak.", choices=("evi", "gcvi", "ndvi"))
    target_day: int = param(
        UNSET,
        title="Target day",
        help="Day of season that the peak is moved to; -1 takes the median peak of the first site that is looked at.",
        unit="days",
        low=UNSET,
        high=731,
        advanced=True,
    )
    from_day: str = param(
        "06-01", title="Earliest peak", help="Month and day, MM-DD, of the season's own year.", advanced=True
    )
    to_day: str = param(
        "09-10", title="Latest peak", help="Month and day, MM-DD; before the earliest: a year later.", advanced=True
    )
    min_amplitude: float = param(
        0.2,
        title="Amplitude",
        help="A pixel whose smoothed index varies less than this has no peak. 0.2 suits EVI and NDVI, 1 suits GCVI.",
        low=0,
        high=50,
        advanced=True,
    )
    roles: list[str] = param(
        [],
        kind="texts",
        title="Band roles",
        help='Bands whose names do not tell what they are: "red=B4".',
        advanced=True,
    )


@dataclass(frozen=True)
class PhenologyParams(PeakParams):
    """What a recipe asks, and besides: what a look at the site finds, and how far a peak may be moved."""

    region_day: int = param(
        UNSET,
        title="Region's peak",
        help="For region: the site's median peak, day of season; a look at its images finds it.",
        unit="days",
        low=UNSET,
        high=731,
        advanced=True,
    )
    max_shift_days: int = param(
        45,
        title="Longest shift",
        help="A region further from the target is refused; a pixel further from it is moved by this much.",
        unit="days",
        low=0,
        high=366,
        advanced=True,
    )


class Phenology(Step):
    """Moves days where the series are on their own dates, and values where they are on regular steps."""

    def __init__(self, params: PhenologyParams) -> None:
        self.params = params
        self.span = tuple(month_day(text, "phenology") for text in (params.from_day, params.to_day))
        self.looks = params.variant == REGION or params.target_day == UNSET
        self.found = ("region_day",) if params.variant == REGION else ()
        self.gaps = False if params.variant == PIXEL else None

    def nodes(self, nodes: NDArray[np.int32] | None, season: Season) -> NDArray[np.int32] | None:
        """Return the days that there are.

        Raises:
            RecipeError: Pixels shall be moved one by one, and the days are still the images' own.
        """
        del season
        if nodes is None and self.params.variant == PIXEL:
            raise _no_steps()
        return nodes

    def settle(self, series: PixelSeries, season: Season) -> Mapping[str, Any]:
        """Return the site's median peak, and for a target what stands there, or else this peak.

        Raises:
            RecipeError: Too few pixels have a peak, or the site's is too far from the target.
        """
        given, peaks = self.params, self._peaks(series, season)
        days = peaks.days(series.valid & (peaks.places >= 0))
        if len(days) < LEAST_PEAKS:
            raise RecipeError(
                f"{len(days)} of {len(peaks.places)} pixels looked at have a peak of {given.index.upper()} between "
                f"{given.from_day} and {given.to_day}; {LEAST_PEAKS} are needed.",
                where=f"step 'phenology', season {season.start} .. {season.end}",
                fix="Check the span of days, lower min_amplitude, or take a recipe without phenology.",
            )
        found = round(float(np.median(days)))
        target = found if given.target_day == UNSET else given.target_day
        if given.variant == PIXEL:
            return {"target_day": target}
        if abs(found - target) > given.max_shift_days:
            raise RecipeError(
                f"The site's median peak is day {found} of the season ({season.date(found)}): {abs(found - target)} "
                f"days from the target, day {target} ({season.date(target)}).",
                where="step 'phenology', max_shift_days",
                fix=f"Allow more than {given.max_shift_days} days if the calendars do differ so much, or check the "
                "season and the span of days in which the peak is looked for.",
            )
        return {"target_day": target, "region_day": found}

    def apply(self, series: PixelSeries, season: Season) -> PixelSeries:
        """Return the series moved; regions stay where they are until a look has found their peak.

        Raises:
            RecipeError: The index lacks a band; or, for single pixels, there are no regular steps or is no target.
        """
        given = self.params
        if given.variant == PIXEL:
            return self._move_pixels(series, season)
        if UNSET in (given.target_day, given.region_day) or given.target_day == given.region_day:
            return series
        return _move_all(series, season, given.target_day - given.region_day)

    def _move_pixels(self, series: PixelSeries, season: Season) -> PixelSeries:
        if series.native:
            raise _no_steps()
        if self.params.target_day == UNSET:
            raise RecipeError(
                "The day that peaks shall be moved to is not known.",
                where="step 'phenology', target_day",
                fix="Give it, or settle the recipe for its first site (cropmap.prepare.look.settled_for).",
            )
        places = self._peaks(series, season).places
        filled, usable = series.values, np.asarray(series.clear.all(axis=1))
        if series.holes or not usable.all():  # on the same days: what is there stays as it is
            filled, usable = _filled(series, series.days, series.days)
        moves = _moves_of(series.days, self.params.target_day, self.params.max_shift_days)
        made = _shifted(filled, places, moves)
        clear = np.repeat(usable[:, np.newaxis], len(series.days), axis=1)
        # Each pixel now has a calendar of its own: no days of acquisitions hold for all.
        return dataclasses.replace(
            series, values=made, clear=clear, valid=series.valid & usable, observed=None, holes=False
        )

    def _peaks(self, series: PixelSeries, season: Season) -> _Peaks:
        """Find each pixel's peak: the largest smoothed index in the span, where that is not at one of its ends."""
        own = series.native
        nodes = season.nodes(STEP_DAYS) if own else series.days
        first, stop = self._window(nodes, season)
        days, dates = series.days, slice(None)
        if own:
            reach = [-SUPPORT_DAYS, season.length_days + SUPPORT_DAYS + 1]
            dates = slice(*np.searchsorted(days, reach).tolist())
            days = days[dates]
        if not len(days):
            curves = np.full((len(series.values), len(nodes)), np.nan, np.float32)
        else:
            curves = _smoothed(_index_of(series, dates, self.params), days, nodes)
        places = np.empty(len(curves), np.intp)
        _find_peaks(curves, (first, stop), self.params.min_amplitude, places)
        return _Peaks(curves, nodes, places)

    def _window(self, nodes: NDArray[np.int32], season: Season) -> tuple[int, int]:
        """Return which nodes lie in the span of days: the first, and the one after the last."""
        spans = [_span_of(self.span, year) for year in range(season.start.year - 1, season.end.year + 1)]
        shared = [(min(last, season.end) - max(first, season.start)).days for first, last in spans]
        days = season.days(spans[int(np.argmax(shared))])
        first, stop = np.searchsorted(nodes, [days[0], days[1] + 1]).tolist()
        if stop - first < 3:
            raise RecipeError(
                f"Between {self.params.from_day} and {self.params.to_day} lie {stop - first} steps of the season; a "
                "peak takes three.",
                where=f"step 'phenology', season {season.start} .. {season.end}",
                fix="Set from_day and to_day around the peak of this season's crops.",
            )
        return first, stop


@STEPS.register(
    "phenology",
    title="Alignment of peaks",
    params=PhenologyParams,
    citation="Long et al. 2026 (rule ours); Eilers 2003, doi 10.1021/ac034173t",
)
def phenology(params: PhenologyParams) -> Step:
    """Move series in time, so that vegetation peaks on the day of season that a model was trained for.

    By region and year, all pixels move by the same days: early and late crops stay apart. Put the step before `linear`
    then, so that values at the edges of the season are real ones. By pixel, every peak comes to stand on one day.

    Raises:
        RecipeError: A span that is not of months and days.
    """
    return Phenology(params)


class _Peaks(NamedTuple):
    """Each pixel's peak.

    Args:
        curves: Smoothed index, (pixel, node), float32.
        nodes: Day of season of each node.
        places: Position of the peak among the nodes, -1 where there is none, (pixel,).
    """

    curves: NDArray[np.float32]
    nodes: NDArray[np.int32]
    places: NDArray[np.intp]

    def days(self, pixels: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the day of season of some pixels' peaks: the top of the parabola through it and its neighbours."""
        places, nodes = self.places[pixels], self.nodes
        before, top, after = (
            np.take_along_axis(self.curves[pixels], (places + move)[:, np.newaxis], axis=1)[:, 0].astype(np.float64)
            for move in (-1, 0, 1)
        )
        left, right = nodes[places] - nodes[places - 1], nodes[places + 1] - nodes[places]
        rise, fall = (top - before) / left, (top - after) / right
        flat = rise + fall == 0
        days: NDArray[np.float64] = nodes[places] + 0.5 * (rise * right - fall * left) / np.where(flat, 1, rise + fall)
        return days


def _no_steps() -> RecipeError:
    return RecipeError(
        "Pixels that are moved one by one need regular steps.",
        where="step 'phenology', variant pixel",
        fix="Put a step before it that makes them, such as linear.",
    )


def _span_of(span: tuple[tuple[int, int], ...], year: int) -> tuple[dt.date, dt.date]:
    """Return the first and last date of the span that begins in a year; 29 February is 28 where there is none."""
    (first, last), later = span, int(span[1] < span[0])
    return date_in(year, *first), date_in(year + later, *last)


def _smoothed(index: _Index, days: NDArray[np.int32], nodes: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the smoothed index at the nodes, (pixel, node)."""
    grid, smoothing = _grid_of(days, nodes)
    # Each pixel by its own weights, so that it does not depend on its neighbours.
    whole = index.whole & (grid.size == len(days) == len(nodes))
    curves = np.empty((len(whole), len(nodes), 1), np.float32)
    if whole.any():
        curves = smooth_even(index.values, smoothing)
    if not whole.all():
        rest = np.flatnonzero(~whole)
        price = np.full((len(rest), 1), smoothing)
        curves[rest] = smooth(index.values[rest], index.weights[rest], price, grid)
    return curves[..., 0]


def _grid_of(days: NDArray[np.int32], nodes: NDArray[np.int32]) -> tuple[Grid, float]:
    """Return the equally spaced grid that holds all days, with the nodes on it, and lambda there.

    With d from one date to the next and u from one node of the grid to the next, lambda is 10 (7 / d) (7 / u)^3: the
    same balance of misfit and curvature, in days, as 10 on weekly dates.
    """
    unit = max(int(np.gcd.reduce(np.diff(np.union1d(days, nodes)), initial=0)), 1)
    between = max((int(days[-1]) - int(days[0])) / max(len(days) - 1, 1), 1.0)
    return day_grid(days, nodes, unit), SMOOTHING * (STEP_DAYS / between) * (STEP_DAYS / unit) ** 3


@fused_kernel
def _find_peaks(curves: NDArray[np.float32], window: tuple[int, int], least: float, places: NDArray[np.intp]) -> None:
    """Fill in the first of each curve's largest values in the window, -1 at its ends or where it varies too little."""
    first, last = window[0], window[1] - 1
    for pixel in range(len(curves)):
        low, high = np.float32(np.inf), np.float32(-np.inf)
        for node in range(curves.shape[1]):
            value = curves[pixel, node]
            low, high = min(low, value), max(high, value)
        top, place = np.float32(-np.inf), first
        for node in range(first, last + 1):
            value = curves[pixel, node]
            place, top = (node, value) if value > top else (place, top)
        there = (high - low >= least) & (place > first) & (place < last)
        places[pixel] = place if there else -1


def _filled(
    series: PixelSeries, days: NDArray[np.int32], nodes: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Interpolate between clear dates that lie on `days` at the nodes, the edges held; say which pixels can be."""
    axis = axis_of(days, nodes, (int(days[0]), int(days[-1])))
    return (interpolate_holed if series.holes else interpolate)(series.values, series.clear, axis)


def _move_all(series: PixelSeries, season: Season, later: int) -> PixelSeries:
    """Move every pixel by the same whole days."""
    days = series.days + np.int32(later)
    if series.native and series.observed is not None:
        observed = Observations(series.observed.clear, days)
        return dataclasses.replace(series, days=days, observed=observed, quality=measure(observed.clear, days, season))
    values, usable = _filled(series, days, series.days)
    moved = series.observed
    if moved is not None:
        moved = Observations(moved.clear, moved.days + np.int32(later))
    clear = np.repeat(usable[:, np.newaxis], len(series.days), axis=1)
    return dataclasses.replace(
        series, values=values, clear=clear, valid=series.valid & usable, observed=moved, holes=False
    )


class _Formula(NamedTuple):
    """gain (nir - one) / (nir_share nir + one_share one + two_share two + rest), kept within low .. high."""

    gain: float
    nir_share: float
    one_share: float
    two_share: float
    rest: float
    low: float
    high: float


# EVI: Huete et al. 2002; GCVI: Gitelson et al. 2003, nir / green - 1; NDVI: Tucker 1979.
_FORMULAS = {
    "evi": (("nir", "red", "blue"), _Formula(2.5, 1.0, 6.0, -7.5, 1.0, -1.0, 1.0)),
    "gcvi": (("nir", "green", "green"), _Formula(1.0, 0.0, 1.0, 0.0, 0.0, -1.0, 20.0)),
    "ndvi": (("nir", "red", "red"), _Formula(1.0, 1.0, 1.0, 0.0, 0.0, -1.0, 1.0)),
}


class _Index(NamedTuple):
    """The index on every date.

    Args:
        values: (pixel, date, 1), 0 where it is not known.
        weights: 1 where it is known, else 0, (pixel, date, 1).
        whole: Whether it is known on every date, (pixel,).
    """

    values: NDArray[np.float32]
    weights: NDArray[np.float64]
    whole: NDArray[np.bool_]


def _index_of(series: PixelSeries, dates: slice, params: PhenologyParams) -> _Index:
    """Return the index on some of the dates."""
    roles, formula = _FORMULAS[params.index]
    bands = positions(series.bands, roles, params.roles)
    values, clear = np.ascontiguousarray(series.values[:, dates]), np.ascontiguousarray(series.clear[:, dates])
    shape = (*clear.shape, 1)
    made = _Index(np.empty(shape, np.float32), np.empty(shape, np.float64), np.empty(len(clear), np.bool_))
    _compute(values, clear, (bands[0], bands[1], bands[2]), formula, made)
    return made


@fused_kernel
def _compute(
    values: NDArray[np.float32],
    clear: NDArray[np.bool_],
    bands: tuple[int, int, int],
    formula: _Formula,
    made: _Index,
) -> None:
    """Fill in the index and its weights."""
    first, second, third = np.uintp(bands[0]), np.uintp(bands[1]), np.uintp(bands[2])
    width, at, place = np.uintp(values.shape[2]), np.uintp(0), np.uintp(0)
    given, seen, index, weights = (
        values.reshape(-1),
        clear.reshape(-1),
        made.values.reshape(-1),
        made.weights.reshape(-1),
    )
    for pixel in range(len(values)):
        count = 0
        for _ in range(values.shape[1]):
            nir, one, two = np.float64(given[at + first]), np.float64(given[at + second]), np.float64(given[at + third])
            bottom = formula.nir_share * nir + formula.one_share * one + (formula.two_share * two + formula.rest)
            ratio = formula.gain * (nir - one) / bottom
            known = seen[place] & (bottom > TINY) & (ratio - ratio == 0.0)  # false for NaN and infinities
            ratio = min(max(ratio, formula.low), formula.high)
            index[place] = ratio if known else 0.0
            weights[place] = known
            count += known
            at += width
            place += np.uintp(1)
        made.whole[pixel] = count == values.shape[1]


class _Moves(NamedTuple):
    """For a peak on each node: where every node's value then comes from; a tuple, because Numba takes those.

    Args:
        left: Position of the node at or before that day, (peak, node).
        right: Position of the next one, (peak, node).
        share: The right one's share, 0 where that day is a node's own, (peak, node).
    """

    left: NDArray[np.uintp]
    right: NDArray[np.uintp]
    share: NDArray[np.float64]


def _moves_of(nodes: NDArray[np.int32], target: int, longest: int) -> _Moves:
    """Work out the moves that bring a peak to the node nearest to the target, the earlier of equals."""
    aim = nodes[np.abs(nodes - target).argmin()]
    earlier = np.clip(nodes - aim, -longest, longest)
    days = np.clip(nodes[np.newaxis] + earlier[:, np.newaxis], nodes[0], nodes[-1])
    left = np.clip(np.searchsorted(nodes, days, side="right") - 1, 0, len(nodes) - 1)
    right = np.minimum(left + 1, len(nodes) - 1)
    share = (days - nodes[left]) / np.maximum(nodes[right] - nodes[left], 1)
    right = np.where(share > 0, right, left)
    return _Moves(left.astype(np.uintp), right.astype(np.uintp), share)


def _shifted(values: NDArray[np.float32], places: NDArray[np.intp], moves: _Moves) -> NDArray[np.float32]:
    """Return each pixel's series moved as its peak asks; one without a peak stays."""
    made = np.empty(values.size + LANES, np.float32)  # the last vectors reach beyond the last band
    _shift(values, places, moves, made)
    return made[: values.size].reshape(values.shape)


@fused_kernel
def _shift(values: NDArray[np.float32], places: NDArray[np.intp], moves: _Moves, made: NDArray[np.float32]) -> None:
    """Fill in the values, flat.

    Lanes beyond the last band write into the next node, which then overwrites them.
    """
    pixels, nodes, bands = values.shape
    width, at = np.uintp(bands), np.uintp(0)
    rows, known = values.reshape(pixels, nodes * bands), np.zeros(nodes * bands + LANES, np.float32)
    for pixel in range(pixels):
        row, peak = rows[pixel], places[pixel]
        for place in range(len(row)):
            known[place] = row[place]
        for node in range(np.uintp(nodes)):
            left, right, share = node, node, 0.0
            if peak >= 0:
                left, right, share = moves.left[peak, node], moves.right[peak, node], moves.share[peak, node]
            for band in range(np.uintp(0), width, np.uintp(LANES)):
                before, after = left * width + band, right * width + band
                combine(known, known, ((after, before), (share, -share)), made, (before, at + band))
            at += width
