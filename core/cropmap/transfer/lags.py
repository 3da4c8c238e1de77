"""How much later one site's season is than another's, from mean curves of greenness."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LONGEST_LAG_DAYS = 60
# Curves must overlap by so much of the season, or a short piece of one fits anything.
_LEAST_OVERLAP = 0.5
# Mean curves less alike than this at their best lag are of different plants, and tell no lag.
LEAST_CORRELATION = 0.8
_DRAWS = 200


@dataclass(frozen=True, eq=False)
class Lag:
    """How much later a target's curve is than a source's.

    Args:
        name: Of what: "all", or a class's name.
        days: By which the source's curve is moved to fit best, above 0 where the target is later; NaN where the curves
            are too unlike at every lag to tell (`LEAST_CORRELATION`).
        low: Lower end of the 95 % interval, units drawn anew; NaN where it is not known.
        high: Its upper end.
        correlation: Of the two curves at the best lag, -1..1; NaN where a curve is flat.
        source: Mean curve of the source, (step,).
        target: Mean curve of the target, (step,).
        source_count: How many series the source's curve is the mean of.
        target_count: How many the target's is.
    """

    name: str
    days: float
    low: float
    high: float
    correlation: float
    source: NDArray[np.float64]
    target: NDArray[np.float64]
    source_count: int
    target_count: int


def lag_of(
    name: str,
    sides: tuple[NDArray[np.float64], NDArray[np.float64]],
    units: tuple[NDArray[Any], NDArray[Any]],
    days: NDArray[np.int32],
    rng: np.random.Generator,
) -> Lag:
    """Return how much later the target's mean curve is than the source's, with an interval.

    The source's curve is moved by whole days, and the lag is the one at which a gain above 0 and an offset bring it
    nearest to the target's by least squares; so brightness does not matter. Between steps curves are straight.

    Args:
        name: Of what it is.
        sides: Series of source and target, (n, step) and (m, step); NaN counts for nothing.
        units: What each series belongs to, (n,) and (m,): whole units are drawn anew for the interval.
        days: Day of season of each step, (step,), ascending.
        rng: Draws the units.
    """
    source, target = (np.concatenate([mean_curves(side)[None], _redrawn(side, own, rng)])
                      for side, own in zip(sides, units, strict=True))  # fmt: skip
    found, fit = best_lags(source, target, days)
    known = found[1:][fit[1:] >= LEAST_CORRELATION]
    sure = fit[0] >= LEAST_CORRELATION
    low, high = np.quantile(known, [0.025, 0.975]).tolist() if sure and len(known) > _DRAWS // 2 else (math.nan,) * 2
    best = float(found[0]) if sure else math.nan
    return Lag(name, best, low, high, float(fit[0]), source[0], target[0], len(sides[0]), len(sides[1]))


def best_lags(
    source: NDArray[np.float64], target: NDArray[np.float64], days: NDArray[np.int32], longest: int = LONGEST_LAG_DAYS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return by how many days each target curve is later than its source curve, and their correlation then.

    Args:
        source: (curve, step); NaN is filled by straight lines.
        target: Likewise.
        days: Day of season of each step, (step,), ascending.
        longest: Days to move at most; no more than leaves half of the season.

    Returns:
        Days, (curve,), and correlations, (curve,); NaN where a curve is flat or has no value.
    """
    one, other = _daily(source, days), _daily(target, days)
    count = one.shape[1]
    most = min(longest, int((1 - _LEAST_OVERLAP) * count))
    lags = np.array(sorted(range(-most, most + 1), key=abs))  # of equal fits the smallest
    fits = np.stack([
        _correlation(one[:, max(-lag, 0) : count - max(lag, 0)], other[:, max(lag, 0) : count - max(-lag, 0)])
        for lag in lags.tolist()
    ])  # fmt: skip
    known = np.isfinite(fits).any(axis=0)
    place = np.where(np.isfinite(fits), fits, -np.inf).argmax(axis=0)
    best = np.where(known, fits[place, np.arange(len(place))], np.nan)
    return np.where(known, lags[place], np.nan), best


def mean_curves(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the mean over series, (step, ...), of (n, step, ...); NaN where no series has a value."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0, dtype=np.float64)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _redrawn(series: NDArray[np.float64], units: NDArray[Any], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return mean curves of units drawn anew, (draw, step)."""
    _, numbers = np.unique(units, return_inverse=True)
    count = int(numbers.max(initial=-1)) + 1
    known = np.isfinite(series)
    sums, counts = np.zeros((2, count, series.shape[1]))
    np.add.at(sums, numbers, np.where(known, series, 0.0))
    np.add.at(counts, numbers, known)
    times = rng.multinomial(count, np.full(count, 1 / count), _DRAWS).astype(np.float64)
    total = times @ counts
    return np.asarray(np.divide(times @ sums, total, out=np.full(total.shape, np.nan), where=total > 0))


def _daily(curves: NDArray[np.float64], days: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return curves at every day of the season, (curve, day); all NaN where a curve has no value."""
    wanted = np.arange(days[0], days[-1] + 1)
    found = np.full((len(curves), len(wanted)), np.nan)
    for row, curve in zip(found, curves, strict=True):
        known = np.isfinite(curve)
        if known.any():
            row[:] = np.interp(wanted, days[known], curve[known])
    return found


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    first, second = (side - side.mean(axis=1, keepdims=True) for side in (one, other))
    size = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    # What rounding leaves of a flat curve is no shape.
    flat = size <= 1e-12 * one.shape[1]
    found: NDArray[np.float64] = np.divide(
        (first * second).sum(axis=1), size, out=np.full(len(size), np.nan), where=~flat
    )
    return found
