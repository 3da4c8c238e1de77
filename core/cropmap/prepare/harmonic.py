"""The year as a sum of waves, fitted to the clear observations."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cropmap.contract.params import param
from cropmap.kernels import fused_kernel
from cropmap.machine import LANES, combine
from cropmap.prepare import STEPS
from cropmap.prepare.days import IN_PLACE_OF_STEPS, NAMED_DAYS, wanted_days, whole_days
from cropmap.prepare.robust import ITERATIONS, ROBUST, reweigh
from cropmap.prepare.step import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season

SUPPORT_DAYS = 183
# A pivot that keeps less of its diagonal element than this says that the dates cannot tell the columns apart.
LEAST_PIVOT = 1e-10


@dataclass(frozen=True)
class HarmonicParams:
    """How many waves, how firmly they are held, and where their sum is wanted."""

    harmonics: int = param(2, title="Harmonics", help="Waves of a period, of half of it, of a third ...", low=1, high=6)
    period_days: float = param(
        365.25, title="Period", help="Length of the longest wave.", unit="days", low=30, high=1500, advanced=True
    )
    trend: bool = param(False, title="Trend", help="Fit a straight line besides.")
    ridge: float = param(
        0.1,
        title="Ridge",
        help="Holds waves and trend near 0 where dates are few: as if so many observations said so. 0 for plain "
        "least squares.",
        low=0,
        high=1e6,
        advanced=True,
    )
    step_days: int = param(
        7,
        title="Step",
        help="Days from one output step to the next; 0 keeps the days that the series has.",
        unit="days",
        low=0,
        high=92,
    )
    days: list[float] = param([], help=IN_PLACE_OF_STEPS, advanced=True, **NAMED_DAYS)
    robust: str = param(
        "none",
        title="Outliers",
        help="bisquare trusts observations far from the curve less and less, upper those below it; slower.",
        choices=ROBUST,
        advanced=True,
    )
    support_days: int = param(
        SUPPORT_DAYS,
        title="Support around the season",
        help="Clear dates up to this long before the season's start and after its end count in the fit.",
        unit="days",
        low=0,
        high=731,
        advanced=True,
    )


class Harmonic(Step):
    """Fits each pixel and band, and takes the curve's values at the nodes."""

    gaps = False

    def __init__(self, params: HarmonicParams) -> None:
        self.params = params
        self.days = whole_days(params.days, "harmonic")

    def nodes(self, nodes: NDArray[np.int32] | None, season: Season) -> NDArray[np.int32] | None:
        """Return the days named; where none are, 0, step, 2 step, ...; with a step of 0 those that there are."""
        return wanted_days(self.days, self.params.step_days, nodes, season)

    def apply(self, series: PixelSeries, season: Season) -> PixelSeries:
        """Return the curves at the nodes, without holes.

        A pixel without a clear date in reach is NaN, not clear and no longer valid; one of which a single feature has
        no value in reach is NaN in that feature alone, but not clear and not valid either.
        """
        nodes = self.nodes(series.days, season)
        wanted = series.days if nodes is None else nodes
        reach = self.params.support_days
        first, stop = np.searchsorted(series.days, [-reach, season.length_days + reach + 1]).tolist()
        model = self._model(series.days[first:stop], wanted, season, first)
        if series.holes or self.params.robust != "none":
            made, usable = fit_each(series.values, series.clear, model, self.params.robust)
        else:
            made, usable = fit(series.values, series.clear, model)
        return dataclasses.replace(
            series,
            values=made,
            clear=np.repeat(usable[:, np.newaxis], len(wanted), axis=1),
            days=wanted,
            valid=series.valid & usable,
            holes=False,
        )

    def _model(self, days: NDArray[np.int32], wanted: NDArray[np.int32], season: Season, first: int) -> Model:
        known = self._columns(days, season)
        rows, columns = np.tril_indices(known.shape[1])
        known = np.pad(known, ((0, 1), (0, 0)))
        return Model(
            first,
            known,
            np.pad(known[:, rows] * known[:, columns], ((0, 0), (0, -len(rows) % LANES))).reshape(-1),
            _padded(self._columns(wanted, season)),
            1 + int(self.params.trend),
            float(self.params.ridge),
        )

    def _columns(self, days: NDArray[np.int32], season: Season) -> NDArray[np.float64]:
        """Return the design matrix, (day, coefficient): 1, the trend in periods from the season's middle, the waves."""
        turns = days / self.params.period_days
        orders = range(1, self.params.harmonics + 1)
        waves = [wave(2 * np.pi * order * turns) for order in orders for wave in (np.cos, np.sin)]
        middle = season.length_days / 2 / self.params.period_days
        line = [turns - middle] if self.params.trend else []
        return np.ascontiguousarray(np.stack([np.ones(len(days)), *line, *waves], axis=1))


@STEPS.register(
    "harmonic",
    title="Harmonic regression",
    params=HarmonicParams,
    citation="Jakubauskas et al. 2001; Zhu & Woodcock 2014, doi 10.1016/j.rse.2014.01.011",
)
def harmonic(params: HarmonicParams) -> Step:
    """Fit a sum of sine waves to each pixel's clear observations, and take its values at regular steps.

    Gaps are bridged by the form of the whole year. A pixel with fewer clear dates than coefficients gets fewer waves.

    Raises:
        RecipeError: The days are not whole, or do not ascend.
    """
    return Harmonic(params)


class Model(NamedTuple):
    """What all pixels share; a tuple, because Numba takes those.

    Args:
        first: Position of the first date used.
        known: Design matrix of the dates used, then a row of zeros, (date + 1, coefficient).
        products: Products of each row's elements, the lower triangle row by row, then zeros to a multiple of 8, flat,
            (date + 1 x pair).
        wanted: Design matrix of the nodes without its column of ones, then columns of zeros to a multiple of 4.
        leading: How many coefficients come before the waves.
        ridge: Added to the diagonal, but for the intercept's.
    """

    first: int
    known: NDArray[np.float64]
    products: NDArray[np.float64]
    wanted: NDArray[np.float64]
    leading: int
    ridge: float


class _Sums(NamedTuple):
    """Scratch of one pixel; rows of bands begin `width` apart and have room for whole vectors.

    Args:
        slots: Places of its clear dates, then of the row of zeros, (date + 4,).
        weights: How much they count, then 1, (date + 4,).
        seen: Its values on all dates x weight, then zeros, flat, (date + 1 x band).
        gram: Lower triangle of the Gram matrix, then of its Cholesky factor, (pair,).
        reciprocal: 1 / the factor's diagonal, (coefficient,).
        solved: Right-hand sides, then coefficients, then rows of zeros, flat, (coefficient x width).
        zeros: (width,).
        total: A sum not yet complete, (width,).
    """

    slots: NDArray[np.uintp]
    weights: NDArray[np.float64]
    seen: NDArray[np.float64]
    gram: NDArray[np.float64]
    reciprocal: NDArray[np.float64]
    solved: NDArray[np.float64]
    zeros: NDArray[np.float64]
    total: NDArray[np.float64]


def fit(
    values: NDArray[np.float32], clear: NDArray[np.bool_], model: Model
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Fit every pixel's clear observations.

    Args:
        values: (pixel, date, band), float32, C-contiguous; finite where clear.
        clear: (pixel, date), C-contiguous.
        model: What is fitted, and where its values are wanted.

    Returns:
        Values at the nodes, (pixel, node, band), NaN throughout for a pixel with no clear date among those used; and
        which pixels have one, (pixel,). Computed in float64 and rounded once.
    """
    return _fitted(values, clear, model, np.empty((0, 0)))


def fit_each(
    values: NDArray[np.float32], clear: NDArray[np.bool_], model: Model, robust: str
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Do as `fit` does, each band on the dates on which it is there, and with robust weights of its own.

    A band that never is there is NaN, and its pixel not usable.
    """
    made = np.empty((len(values), len(model.wanted), values.shape[2]), np.float32)
    usable = np.ones(len(values), np.bool_)
    dates = slice(model.first, model.first + len(model.known) - 1)
    for band in range(values.shape[2]):
        one = np.ascontiguousarray(values[:, dates, band : band + 1])
        there = clear[:, dates] & np.isfinite(one[..., 0])
        alike = model._replace(first=0)
        weights = np.empty((0, 0))
        for _ in range(ITERATIONS if robust != "none" else 0):
            fitted, _seen = _fitted(one, there, alike._replace(wanted=_padded(model.known[:-1])), weights)
            weights = reweigh(one - fitted, there[..., np.newaxis].astype(np.float64), robust)[..., 0]
        curve, seen = _fitted(one, there, alike, weights)
        made[..., band] = curve[..., 0]
        usable &= seen
    return made, usable


def _fitted(
    values: NDArray[np.float32], clear: NDArray[np.bool_], model: Model, weights: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Fit with weights, (pixel, date used); none of them where they are empty: all count alike."""
    pixels, _, bands = values.shape
    shape, usable = (pixels, len(model.wanted), bands), np.empty(pixels, np.bool_)
    # The last vectors reach beyond the last band.
    made = np.empty(math.prod(shape) + LANES, np.float32)
    _fit(values, clear, (model, weights), (made, usable))
    return made[: math.prod(shape)].reshape(shape), usable


def _padded(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a design matrix without its column of ones, then columns of zeros to a multiple of 4."""
    return np.pad(columns[:, 1:], ((0, 0), (0, (1 - columns.shape[1]) % 4)))


@fused_kernel
def _fit(
    values: NDArray[np.float32],
    clear: NDArray[np.bool_],
    given: tuple[Model, NDArray[np.float64]],
    result: tuple[NDArray[np.float32], NDArray[np.bool_]],
) -> None:
    """Fill in the values at the nodes, flat, and which pixels have a clear date; given: model and weights."""
    model, weights = given
    made, usable = result
    pixels, bands = len(values), values.shape[2]
    times, columns = len(model.known) - 1, model.known.shape[1]
    width = -(-bands // LANES) * LANES
    pairs = len(model.products) // (times + 1)
    sums = _Sums(
        np.empty(times + 4, np.uintp),
        np.ones(times + 4),
        np.zeros(times * bands + width),
        np.empty(pairs),
        np.empty(columns),
        np.zeros((model.wanted.shape[1] + 1) * width),
        np.zeros(width),
        np.empty(width),
    )
    rows = values.reshape(pixels, values.shape[1] * bands)
    at = np.uintp(0)
    size = len(model.wanted) * bands
    for pixel in range(pixels):
        count = _find_clear(clear[pixel, model.first : model.first + times], sums)
        usable[pixel] = count > 0
        if count == 0:
            made[at : at + np.uintp(size)] = np.nan
            at += np.uintp(size)
            continue
        row = rows[pixel, model.first * bands : (model.first + times) * bands]
        for place in range(len(row)):
            sums.seen[place] = row[place]
        if len(weights):
            _weigh(weights[pixel], sums, count, bands)
        _add_products(model.products, sums, count)
        _add_values(model.known, sums, count, (bands, width))
        _solve(sums, _factorise(model, sums, count), width)
        _evaluate(model.wanted, sums, (bands, width), made, at)
        at += np.uintp(size)


@fused_kernel
def _weigh(weights: NDArray[np.float64], sums: _Sums, count: int, bands: int) -> None:
    """Fill in the clear dates' weights, and multiply the values by them."""
    for rank in range(count):
        time = sums.slots[rank]
        sums.weights[rank] = weights[time]
        for band in range(bands):
            sums.seen[time * np.uintp(bands) + np.uintp(band)] *= weights[time]


@fused_kernel
def _find_clear(mask: NDArray[np.bool_], sums: _Sums) -> int:
    """Fill in the clear dates, each of weight 1, and three times the row of zeros; return how many are clear.

    Every date is written to the next slot, and only a clear one moves on: clouds come at random, and a mispredicted
    branch would cost more.
    """
    count = np.uintp(0)
    for time in range(len(mask)):
        sums.slots[count] = time
        sums.weights[time] = 1.0
        count += np.uintp(mask[time])
    for rank in range(count, count + np.uintp(3)):
        sums.slots[rank] = len(mask)
    return int(count)


@fused_kernel
def _four(sums: _Sums, rank: int, width: int) -> tuple[np.uintp, np.uintp, np.uintp, np.uintp]:
    """Return where the rows of the next four clear dates begin."""
    slots, size = sums.slots, np.uintp(width)
    return slots[rank] * size, slots[rank + 1] * size, slots[rank + 2] * size, slots[rank + 3] * size


@fused_kernel
def _add_products(products: NDArray[np.float64], sums: _Sums, count: int) -> None:
    """Fill in the Gram matrix."""
    gram, weights = sums.gram, sums.weights
    for pair in range(len(gram)):
        gram[pair] = 0.0
    for rank in range(0, count, 4):
        places = _four(sums, rank, len(gram))
        factors = weights[rank], weights[rank + 1], weights[rank + 2], weights[rank + 3]
        for lane in range(np.uintp(0), np.uintp(len(gram)), np.uintp(LANES)):
            moved = places[0] + lane, places[1] + lane, places[2] + lane, places[3] + lane
            combine(gram, products, (moved, factors), gram, (lane, lane))


@fused_kernel
def _add_values(known: NDArray[np.float64], sums: _Sums, count: int, widths: tuple[int, int]) -> None:
    """Fill in the right-hand sides."""
    seen, solved = sums.seen, sums.solved
    bands, width = np.uintp(widths[0]), np.uintp(widths[1])
    for place in range(known.shape[1] * widths[1]):
        solved[place] = 0.0
    for rank in range(0, count, 4):
        one, two, three, four = _four(sums, rank, 1)
        for row in range(known.shape[1]):
            factors = known[one, row], known[two, row], known[three, row], known[four, row]
            for lane in range(np.uintp(0), width, np.uintp(LANES)):
                places = one * bands + lane, two * bands + lane, three * bands + lane, four * bands + lane
                at = np.uintp(row) * width + lane
                combine(solved, seen, (places, factors), solved, (at, at))


@fused_kernel
def _factorise(model: Model, sums: _Sums, count: int) -> int:
    """Replace the Gram matrix by its Cholesky factor; return of how many coefficients, waves whole.

    The leading part of the factor is the factor of the leading part, so a smaller model needs no new one.
    """
    gram, reciprocal = sums.gram, sums.reciprocal
    kept = own = 0
    for row in range(min(len(reciprocal), count)):
        gram[own + row] += model.ridge if row else 0.0
        diagonal = gram[own + row]
        other = 0
        for column in range(row + 1):
            part = gram[own + column]
            for inner in range(column):
                part -= gram[own + inner] * gram[other + inner]
            gram[own + column] = part * reciprocal[column] if column < row else part
            other += column + 1
        pivot = gram[own + row]
        if not pivot > LEAST_PIVOT * diagonal:
            break
        reciprocal[row] = 1 / np.sqrt(pivot)
        own += row + 1
        kept += 1
    return kept - (kept - model.leading) % 2 if kept > model.leading else kept


@fused_kernel
def _solve(sums: _Sums, kept: int, width: int) -> None:
    """Replace the right-hand sides by the coefficients; those not kept are 0."""
    gram, solved = sums.gram, sums.solved
    for place in range(kept * width, len(sums.reciprocal) * width):
        solved[place] = 0.0
    for row in range(kept):
        for inner in range(row):
            _take_off(sums, row, inner, gram[row * (row + 1) // 2 + inner], width)
        _scale(sums, row, width)
    for row in range(kept - 1, -1, -1):
        for inner in range(row + 1, kept):
            _take_off(sums, row, inner, gram[inner * (inner + 1) // 2 + row], width)
        _scale(sums, row, width)


@fused_kernel
def _take_off(sums: _Sums, row: int, other: int, factor: float, width: int) -> None:
    """Subtract another row of the right-hand sides."""
    for lane in range(np.uintp(0), np.uintp(width), np.uintp(LANES)):
        at = np.uintp(row * width) + lane
        combine(sums.solved, sums.solved, ((np.uintp(other * width) + lane,), (-factor,)), sums.solved, (at, at))


@fused_kernel
def _scale(sums: _Sums, row: int, width: int) -> None:
    """Divide a row of the right-hand sides by the factor's diagonal."""
    for lane in range(np.uintp(0), np.uintp(width), np.uintp(LANES)):
        at = np.uintp(row * width) + lane
        combine(sums.zeros, sums.solved, ((at,), (sums.reciprocal[row],)), sums.solved, (lane, at))


@fused_kernel
def _terms(
    wanted: NDArray[np.float64], node: int, row: int, begin: int, width: np.uintp
) -> tuple[tuple[np.uintp, ...], tuple[float, ...]]:
    """Return where four coefficients of some bands stand, and their factors at a node."""
    first = np.uintp(begin) + np.uintp(row + 1) * width
    parts = first, first + width, first + width * np.uintp(2), first + width * np.uintp(3)
    return parts, (wanted[node, row], wanted[node, row + 1], wanted[node, row + 2], wanted[node, row + 3])


@fused_kernel
def _evaluate(
    wanted: NDArray[np.float64], sums: _Sums, widths: tuple[int, int], made: NDArray[np.float32], at: np.uintp
) -> None:
    """Fill in a pixel's curves at the nodes.

    Lanes beyond the last band write into the next node, which then overwrites them.
    """
    bands, width = np.uintp(widths[0]), np.uintp(widths[1])
    solved, total = sums.solved, sums.total
    last = wanted.shape[1] - 4
    for node in range(len(wanted)):
        for lane in range(np.uintp(0), width, np.uintp(LANES)):
            if last == 0:
                combine(solved, solved, _terms(wanted, node, 0, lane, width), made, (lane, at + lane))
                continue
            combine(solved, solved, _terms(wanted, node, 0, lane, width), total, (lane, lane))
            for row in range(4, last, 4):
                combine(total, solved, _terms(wanted, node, row, lane, width), total, (lane, lane))
            combine(total, solved, _terms(wanted, node, last, lane, width), made, (lane, at + lane))
        at += bands
