"""Samples whose series is unlike the others of its class."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.data.doubts import Doubts
from cropmap.data.measured import measured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.data.samples import SampleSet

LEAST = 10  # samples that a class needs before one of them can be unlike it
_NORMAL = 1.4826  # median absolute deviation of a normal variable to its standard deviation
_RANGE = (0.05, 0.95)
_USUAL = 0.01  # tail probability from which a series may well be of a class


@dataclass(frozen=True)
class OutlierOptions:
    """When a series counts as unlike its class.

    Args:
        level: Share of false alarms that is accepted among the outliers of a class, 0..1.
        trim: Share of a series' values, the furthest ones, that is left out of its distance, 0..1: a few wild dates
            make no wrong label.

    Raises:
        SampleError: A level that is not between 0 and 1, or a trim that leaves nothing.
    """

    level: float = 0.05
    trim: float = 0.1

    def __post_init__(self) -> None:
        if not (0 < self.level < 1 and 0 <= self.trim < 1):
            raise SampleError(
                f"Outliers cannot be found at level {self.level} with {self.trim} trimmed.",
                fix="Give a level between 0 and 1, and a trim from 0 to below 1.",
            )


@dataclass(frozen=True, eq=False)
class Outliers:
    """How far each series is from its class.

    Args:
        distance: Trimmed mean of the squared robust deviations of a series' values, (sample,), float64: about 1 where a
            series is as far from its class as usual; NaN where its class cannot be judged.
        tail: Probability that a series of the class is as far or further, (sample,), float64; NaN likewise.
        doubts: The outliers, the furthest for its class first.
    """

    distance: NDArray[np.float64]
    tail: NDArray[np.float64]
    doubts: Doubts


def find_outliers(samples: SampleSet, options: OutlierOptions | None = None) -> Outliers:
    """Return the series that are unlike their class.

    Each value's deviation from its class is told in robust standard deviations: (value - median) / (1.4826 MAD), for
    each step and band; values that most samples share exactly (a MAD of 0), and those that a mask hid, do not count.
    A series' distance is the mean of their squares without the furthest ones. The logarithms of a class's distances are
    taken for normal, by their own median and MAD, which gives each series a tail probability; outliers are those that
    pass Benjamini and Hochberg's step-up at the level asked for, class by class.

    The class suggested is the one that the series is nearest to, where that distance is usual there (a tail
    probability of 1 % or more) and smaller than from its own class.

    Sources: Rousseeuw, Hubert 2011, Robust statistics for outlier detection, WIREs Data Mining and Knowledge Discovery
    1, 73-79 (median and MAD); Benjamini, Hochberg 1995, Journal of the Royal Statistical Society B 57, 289-300.
    """
    options = options or OutlierOptions()
    bands, values = measured(samples)
    distance, tail = (np.full(len(samples), np.nan) for _ in range(2))
    chosen: list[int] = []
    reasons: dict[int, str] = {}
    notes: list[str] = []
    usual: dict[str, _Usual] = {}
    for found in samples.legend.classes:
        own = np.flatnonzero(samples.codes == found.code)
        if len(own) < LEAST:
            if len(own):
                notes.append(
                    f"Class {found.name!r} has {len(own)} samples: too few to tell which series are unlike it."
                )
            continue
        centre, spread = _centre(values[own])
        deviations = (values[own] - centre) / spread
        distance[own] = _distance(deviations, options.trim)
        usual[found.name] = _Usual(centre, spread, _centre(_logarithm(distance[own])))
        tail[own] = usual[found.name].tail(distance[own])
        places = np.flatnonzero(_passed(tail[own], options.level))
        chosen += own[places].tolist()
        why = _reasons(samples, bands, (values[own], deviations), (places, found.name))
        reasons |= dict(zip(own[places].tolist(), why, strict=True))
    # Tails of the furthest may all be 0: then the distance decides.
    chosen.sort(key=lambda position: (tail[position], -distance[position]))
    suggested = [_nearest(values[position], distance[position], usual, options.trim) for position in chosen]
    told = [
        reasons[position] + (f"; it is like {other}" if other else "")
        for position, other in zip(chosen, suggested, strict=True)
    ]
    doubts = Doubts(np.array(chosen, np.int64), np.array(suggested, np.str_), np.array(told, np.str_), tuple(notes))
    return Outliers(distance, tail, doubts)


@dataclass(frozen=True, eq=False)
class _Usual:
    """What is usual in a class: each feature's median and robust standard deviation, and the distances' logarithms'."""

    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    logarithm: tuple[NDArray[np.float64], NDArray[np.float64]]

    def tail(self, distance: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the upper tail of distances, (sample,); NaN where the class's own have no spread."""
        centre, spread = self.logarithm
        deviation = (_logarithm(distance) - centre) / (spread * math.sqrt(2))
        return np.array([0.5 * math.erfc(one) if math.isfinite(one) else math.nan for one in deviation])


def _nearest(series: NDArray[np.float64], own: float, usual: Mapping[str, _Usual], trim: float) -> str:
    """Return the class that a series is nearest to, if it would be usual there and nearer than in its own."""
    best, least = "", own
    for name, found in usual.items():
        there = _distance(((series - found.centre) / found.spread)[None], trim)
        if there[0] < least and found.tail(there)[0] >= _USUAL:
            best, least = name, float(there[0])
    return best


def _distance(deviations: NDArray[np.float64], trim: float) -> NDArray[np.float64]:
    return trimmed_mean(deviations.reshape(len(deviations), -1) ** 2, trim)


def robust_deviations(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (value - median) / (1.4826 MAD) of each feature over the first axis; NaN where the MAD is 0 or unknown."""
    centre, spread = _centre(values)
    found: NDArray[np.float64] = (values - centre) / spread
    return found


def trimmed_mean(squares: NDArray[np.float64], trim: float) -> NDArray[np.float64]:
    """Return the mean of each row's values without the largest share of them, (row,); NaN where a row has none.

    Args:
        squares: (row, value); NaN where there is none.
        trim: Share of a row's known values, the largest, that is left out; the number is rounded down.
    """
    ordered = np.sort(squares, axis=1)  # NaN last
    known = np.isfinite(ordered).sum(axis=1)
    kept = known - np.floor(trim * known).astype(np.int64)
    taken = np.where(np.arange(squares.shape[1]) < kept[:, None], ordered, 0.0)
    found: NDArray[np.float64] = np.divide(taken.sum(axis=1), kept, out=np.full(len(squares), np.nan), where=kept > 0)
    return found


def _centre(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return median and robust standard deviation of each feature over the first axis; NaN for a spread of 0."""
    centre = _median(values)
    spread = _NORMAL * _median(np.abs(values - centre))
    return centre, np.where(spread > 0, spread, np.nan)


def _median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median over the first axis of what is known; NaN where nothing is."""
    found = np.full(values.shape[1:], np.nan)
    known = np.isfinite(values).any(axis=0)
    found[known] = np.nanmedian(values[:, known], axis=0)
    return found


def _logarithm(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the natural logarithm; NaN where there is none."""
    return np.log(distance, out=np.full(distance.shape, np.nan), where=distance > 0)


def _passed(tail: NDArray[np.float64], level: float) -> NDArray[np.bool_]:
    """Return True for the tail probabilities that pass the step-up at a level."""
    known = np.sort(tail[np.isfinite(tail)])
    under = np.flatnonzero(known <= level * np.arange(1, len(known) + 1) / max(len(known), 1))
    passed: NDArray[np.bool_] = tail <= (known[under[-1]] if len(under) else -1.0)
    return passed


def _reasons(
    samples: SampleSet,
    bands: tuple[str, ...],
    arrays: tuple[NDArray[np.float64], NDArray[np.float64]],
    named: tuple[NDArray[np.intp], str],
) -> list[str]:
    """Say of each outlier of a class in which band and month it is furthest from its class, and what is usual there."""
    (values, deviations), (places, name) = arrays, named
    dates = [samples.recipe.season.date(int(day)) for day in samples.days]
    months = sorted({(date.year, date.month) for date in dates})
    of_step = np.array([months.index((date.year, date.month)) for date in dates])
    usual: dict[tuple[int, int], tuple[float, float]] = {}  # of the whole class: found once for a step and band
    told = []
    for place in places.tolist():
        step, band = _furthest(deviations[place], of_step)
        if (step, band) not in usual:
            low, high = np.nanquantile(values[:, step, band], _RANGE).tolist()
            usual[step, band] = low, high
        low, high = usual[step, band]
        told.append(
            f"series unlike its class: {bands[band]} on {dates[step].day} {dates[step]:%B} is "
            f"{values[place, step, band]:.3g}, where nine of ten {name} samples have {low:.3g} to {high:.3g}"
        )
    return told


def _furthest(deviations: NDArray[np.float64], of_step: NDArray[np.intp]) -> tuple[int, int]:
    """Return step and band of the largest deviation, (step, band), in the month and band that deviate most."""
    best = (-1.0, 0, 0)
    for month in range(int(of_step.max()) + 1):
        for band in range(deviations.shape[1]):
            own = deviations[of_step == month, band]
            size = float(np.mean(own[np.isfinite(own)] ** 2)) if np.isfinite(own).any() else -1.0
            best = max(best, (size, -month, band))
    month, band = -best[1], best[2]
    steps = np.flatnonzero(of_step == month)
    return int(steps[np.nanargmax(np.abs(deviations[steps, band]))]), band
