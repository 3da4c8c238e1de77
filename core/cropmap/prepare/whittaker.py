"""Whittaker's smoother: a series as close to the observations as it is smooth."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cropmap.contract.errors import RecipeError
from cropmap.contract.params import param
from cropmap.kernels import kernel
from cropmap.prepare import STEPS
from cropmap.prepare.days import IN_PLACE_OF_STEPS, NAMED_DAYS, wanted_days, whole_days
from cropmap.prepare.even_smoother import smooth_even
from cropmap.prepare.robust import ITERATIONS, ROBUST, reweigh
from cropmap.prepare.smoother import day_grid, own_grid, smooth, trade_offs
from cropmap.prepare.step import Step
from cropmap.prepare.v_curve import best, lambdas

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season
    from cropmap.prepare.smoother import Grid

SUPPORT_DAYS = 64
LEAST_DATES = 5  # Fewer say nothing about the right lambda.
PART = 1024  # Pixels whose V-curves are held in memory at a time.


@dataclass(frozen=True)
class WhittakerParams:
    """How smooth, what counts how much, and where values are wanted."""

    smoothing: float = param(
        10.0,
        title="Smoothing",
        help="Lambda, the price of a bend: the higher, the smoother. It counts in grid nodes: weekly steps and a daily "
        "grid want different values.",
        low=0.0001,
        high=1e9,
    )
    choose: str = param(
        "given",
        title="Choice of lambda",
        help="Take lambda as given, or find it by V-curve: once for the first site the recipe looks at, or for each "
        "pixel and band.",
        choices=("given", "site", "pixel"),
    )
    near_days: int = param(
        8,
        title="Near",
        help="A step this near to a clear observation of the pixel has weight 1.",
        unit="days",
        low=0,
        high=731,
    )
    far_weight: float = param(
        0.2, title="Far weight", help="Weight of the steps further from any clear observation.", low=0.0, high=1.0
    )
    robust: str = param(
        "none",
        title="Outliers",
        help="Fit again with less weight for observations far from the curve: on both sides (bisquare), or below it "
        "(upper, for vegetation indices).",
        choices=ROBUST,
    )
    grid_days: int = param(
        1,
        title="Grid",
        help="Distance of the nodes that the curve is solved on where dates are irregular.",
        unit="days",
        low=1,
        high=92,
        advanced=True,
    )
    step_days: int = param(
        0,
        title="Step",
        help="Days from one output step to the next; 0 keeps the days that the series has.",
        unit="days",
        low=0,
        high=92,
    )
    days: list[float] = param([], help=IN_PLACE_OF_STEPS, advanced=True, **NAMED_DAYS)
    support_days: int = param(
        SUPPORT_DAYS,
        title="Support around the season",
        help="Where new steps are made: clear dates up to this long before the season's start and after its end count.",
        unit="days",
        low=0,
        high=731,
        advanced=True,
    )
    edges: str = param(
        "hold",
        help="Before a pixel's first and after its last clear date: hold the curve's value there, or go straight on in "
        "line, as the minimiser does, however far.",
        choices=("hold", "line"),
        advanced=True,
    )
    lowest: float = param(0.1, help="Smallest lambda that a V-curve tries.", low=0.0001, high=1e9, advanced=True)
    highest: float = param(1e6, help="Largest lambda that a V-curve tries.", low=0.0001, high=1e9, advanced=True)


class Whittaker(Step):
    """Smooths every pixel and band.

    Raises:
        RecipeError: Days that are not whole or do not ascend; a highest lambda that is not above the lowest.
    """

    gaps = False

    def __init__(self, params: WhittakerParams) -> None:
        self.params = params
        self.days = whole_days(params.days, "whittaker")
        self.looks = params.choose == "site"
        if params.highest <= params.lowest:
            raise RecipeError(
                f"The highest lambda tried, {params.highest:g}, is not above the lowest, {params.lowest:g}.",
                where="step 'whittaker'",
                fix="Give a wider range.",
            )

    def nodes(self, nodes: NDArray[np.int32] | None, season: Season) -> NDArray[np.int32] | None:
        """Return the days named; where none are, 0, step, 2 step, ...; with a step of 0 those that there are."""
        return wanted_days(self.days, self.params.step_days, nodes, season)

    def settle(self, series: PixelSeries, season: Season) -> Mapping[str, Any]:
        """Return the median of the V-curves' lambdas as the one that is given from now on, here and on other sites.

        Where no valid pixel has five weighted dates, nothing: the next site is looked at again.
        """
        task = self._task(series, season)
        enough = series.valid & ((task.weights > 0).sum(axis=1).min(axis=1) >= LEAST_DATES)
        if not enough.any():
            return {}
        found = self._lambdas(_Task(task.values[enough], task.weights[enough], task.grid))
        return {"smoothing": float(np.median(found)), "choose": "given"}

    def apply(self, series: PixelSeries, season: Season) -> PixelSeries:
        """Return the smooth series; a pixel without a weighted date in one of its bands is not clear and not valid.

        A band without any is NaN.
        """
        wanted = self._wanted(series, season)
        task = self._task(series, season)
        usable: NDArray[np.bool_] = np.all(np.any(task.weights > 0, axis=1), axis=1)
        clear = np.empty((len(usable), len(wanted)), np.bool_)
        clear[:] = usable[:, np.newaxis]
        return dataclasses.replace(
            series, values=self._smooth(task), clear=clear, days=wanted, valid=series.valid & usable, holes=False
        )

    def _wanted(self, series: PixelSeries, season: Season) -> NDArray[np.int32]:
        nodes = self.nodes(None, season)
        return series.days if nodes is None else nodes

    def _task(self, series: PixelSeries, season: Season) -> _Task:
        """Return what is to be solved: the series itself where its steps are regular, else one on a grid of days."""
        moves = self.nodes(None, season) is not None
        if not moves and _equally_spaced(series.days) and not series.native:
            weights = self._weights(series, slice(None))
            return _Task(
                series.values, _without_holes(series.values, weights, series.holes), own_grid(len(series.days))
            )
        used = slice(None)
        if moves:
            reach = self.params.support_days
            used = slice(*np.searchsorted(series.days, [-reach, season.length_days + reach + 1]))
        values = np.ascontiguousarray(series.values[:, used])
        weights = _without_holes(values, self._weights(series, used), series.holes)
        wanted = self._wanted(series, season)
        if not len(series.days[used]):
            nothing = np.zeros((len(values), 1, values.shape[2]), np.float32)
            return _Task(nothing, np.zeros((len(values), 1, 1)), day_grid(wanted[:1], wanted, self.params.grid_days))
        grid = day_grid(series.days[used], wanted, self.params.grid_days)
        return _Task(*_merged(values, weights, grid))

    def _weights(self, series: PixelSeries, used: slice) -> NDArray[np.float64]:
        """Return 1 where clear and near to a clear observation, the far weight where clear but far, else 0.

        What was held before the first and after the last observation, and is far from it, has no weight where edges are
        held: it would only bend the curve's end, which overshoots where the series was falling or rising.
        """
        clear, observed = series.clear[:, used], series.observed
        if observed is None or series.clear is observed.clear:  # nothing was filled: what is clear was seen
            return clear.astype(np.float64)[..., np.newaxis]
        weights = np.empty(clear.shape, np.float64)
        days, near = series.days[used], self.params.near_days
        first = np.searchsorted(observed.days, days - near, side="left")
        stop = np.searchsorted(observed.days, days + near, side="right")
        far = self.params.far_weight
        beyond = 0.0 if self.params.edges == "hold" else far
        _weigh(clear, observed.clear, (first, stop), (far, beyond), weights)
        return weights[..., np.newaxis]

    def _smooth(self, task: _Task) -> NDArray[np.float32]:
        """Return the smooth series, (pixel, step, band)."""
        given = self.params
        if given.choose == "pixel":
            chosen = self._lambdas(task)
            weights = np.repeat(task.weights, chosen.shape[1] // task.weights.shape[2], axis=2)
            return _fit(_Task(task.values, weights, task.grid), chosen, given)
        even = np.zeros(len(task.values), np.bool_)
        if given.far_weight == 1 and given.robust == "none" and task.solves_itself:
            even = (task.weights == 1).all(axis=(1, 2))
        if len(even) and even.all():
            return smooth_even(task.values, given.smoothing)
        made = _fit(task, np.full((len(task.values), task.weights.shape[2]), given.smoothing), given)
        if even.any():
            made[even] = smooth_even(task.values[even], given.smoothing)
        return made

    def _lambdas(self, task: _Task) -> NDArray[np.float64]:
        """Return each pixel's and band's lambda by V-curve, (pixel, band)."""
        tried = lambdas(self.params.lowest, self.params.highest)
        parts = [
            best(
                *trade_offs(task.values[start : start + PART], task.weights[start : start + PART], tried, task.grid),
                tried,
            )
            for start in range(0, len(task.values), PART)
        ]
        return np.concatenate(parts) if parts else np.ones((0, task.values.shape[2]))


@STEPS.register(
    "whittaker", title="Whittaker smoothing", params=WhittakerParams, citation="Eilers 2003, doi 10.1021/ac034173t"
)
def whittaker(params: WhittakerParams) -> Step:
    """Draw the curve that is as close to the observations as it is smooth; lambda says which counts more.

    Regular steps are smoothed where they are: those near to a clear observation have weight 1, those further away,
    which only bridge a gap, less. Series on the images' own dates are solved on a grid of days, where clear dates have
    weight 1 and all others 0; cloudy values count for nothing.
    """
    return Whittaker(params)


class _Task(NamedTuple):
    """What a fit takes: values (pixel, date, band), weights (pixel, date, 1 or band), and the grid."""

    values: NDArray[np.float32]
    weights: NDArray[np.float64]
    grid: Grid

    @property
    def solves_itself(self) -> bool:
        """Whether dates, nodes and days wanted are the same, three or more."""
        return self.grid.nodes is self.grid.places and self.grid.size > 2


def _fit(task: _Task, smoothing: NDArray[np.float64], given: WhittakerParams) -> NDArray[np.float32]:
    """Return the smooth series, (pixel, step, band), its outliers weighted down if asked for."""
    values, weights, grid = task
    seen = weights > 0
    if given.robust != "none":
        at_dates = grid._replace(nodes=grid.places, shares=np.zeros(len(grid.places)), between=False)
        bands = values.shape[2]
        first, smoothing = weights, np.repeat(smoothing, bands // smoothing.shape[1], axis=1)
        weights = np.repeat(weights, bands // weights.shape[2], axis=2)
        for _ in range(ITERATIONS):
            residuals = np.where(seen, values, 0) - smooth(values, weights, smoothing, at_dates)
            weights = reweigh(residuals, first, given.robust)
    made: NDArray[np.float32] = smooth(values, weights, smoothing, grid, hold=seen if given.edges == "hold" else None)
    return made


def _equally_spaced(days: NDArray[np.int32]) -> bool:
    """Tell whether there are two days or more, each as long after the one before as the second after the first."""
    gaps = np.diff(days)
    return len(gaps) > 0 and bool((gaps == gaps[0]).all())


def _without_holes(
    values: NDArray[np.float32],
    weights: NDArray[np.float64],
    holes: bool,  # noqa: FBT001 - says what it is
) -> NDArray[np.float64]:
    """Return weights that are 0 where a feature is missing, one column a band; where nothing can be, those given."""
    return np.where(np.isfinite(values), weights, 0.0) if holes else weights


def _merged(
    values: NDArray[np.float32], weights: NDArray[np.float64], grid: Grid
) -> tuple[NDArray[np.float32], NDArray[np.float64], Grid]:
    """Return the task with dates that share a node made one: the sum of weights, the weighted mean of values."""
    first = np.flatnonzero(np.diff(grid.places, prepend=grid.places[0] + 1) != 0)
    if len(first) == len(grid.places):
        return values, weights, grid
    sums = np.add.reduceat(weights, first, axis=1)
    totals = np.add.reduceat(np.where(weights > 0, values, 0) * weights, first, axis=1)
    means = np.divide(totals, sums, out=np.zeros_like(totals), where=sums > 0)
    return means.astype(np.float32), sums, grid._replace(places=grid.places[first])


@kernel
def _weigh(
    clear: NDArray[np.bool_],
    observed: NDArray[np.bool_],
    windows: tuple[NDArray[np.intp], NDArray[np.intp]],
    away: tuple[float, float],
    weights: NDArray[np.float64],
) -> None:
    """Fill in the weights, (pixel, date).

    Args:
        clear: (pixel, date).
        observed: Where each pixel was clear, (pixel, acquisition).
        windows: First acquisition near to each date, and the first one after it that is not.
        away: Weight of dates far from an observation: between two of them, and beyond the first or last.
        weights: Filled.
    """
    first, stop = windows
    before = np.zeros(observed.shape[1] + 1, np.int64)
    for pixel in range(len(clear)):
        for date in range(observed.shape[1]):
            before[date + 1] = before[date] + observed[pixel, date]
        for date in range(clear.shape[1]):
            near = before[stop[date]] > before[first[date]]
            between = before[first[date]] > 0 and before[stop[date]] < before[-1]
            weight = 1.0 if near else away[0] if between else away[1]
            weights[pixel, date] = weight if clear[pixel, date] else 0.0
