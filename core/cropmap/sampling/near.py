"""How near samples lie to each other: on a plane, or on a sphere where coordinates are degrees."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cropmap.io.projection import METRES_PER_DEGREE, metres_per_unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_RADIUS_M = METRES_PER_DEGREE * 180 / math.pi


def are_degrees(x: NDArray[np.float64], y: NDArray[np.float64], crs: str) -> bool:
    """Whether coordinates are degrees: by their CRS, or where there is none, as all lie within +-180 and +-90."""
    if crs:
        return metres_per_unit(crs) == 0
    return bool((np.abs(x) <= 180).all() and (np.abs(y) <= 90).all())


def metric_points(x: NDArray[np.float64], y: NDArray[np.float64], crs: str) -> NDArray[np.float64]:
    """Return points whose distances are metres, (sample, 2), or (sample, 3) on a sphere where coordinates are degrees.

    The sphere is right to 0.7 %. On it a distance is the straight one through the ground; `arc` and `chord` turn one
    into the other.
    """
    if not are_degrees(x, y, crs):
        return np.column_stack([x, y]) * metres_per_unit(crs)
    lon, lat = np.radians(x), np.radians(y)
    return _RADIUS_M * np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def arc(points: NDArray[np.float64], distance: float) -> float:
    """Return the distance over the ground, in metres, of a distance between `metric_points`."""
    return 2 * _RADIUS_M * math.asin(min(distance / 2 / _RADIUS_M, 1.0)) if points.shape[1] == 3 else distance


def chord(points: NDArray[np.float64], distance: float) -> float:
    """Return the distance between `metric_points` of a distance over the ground, in metres."""
    return 2 * _RADIUS_M * math.sin(min(distance / 2 / _RADIUS_M, math.pi / 2)) if points.shape[1] == 3 else distance


def to_nearest(
    points: NDArray[np.float64], others: NDArray[np.float64], limit: float = math.inf
) -> NDArray[np.float64]:
    """Return each point's distance to the nearest of others, (point,); inf from `limit` on.

    Args:
        points: As `metric_points` gives them, (point, 2 or 3).
        others: The same, (other, 2 or 3), one at least.
        limit: In the same unit.
    """
    from scipy.spatial import KDTree

    distance, _ = KDTree(others).query(points, distance_upper_bound=limit)
    return np.asarray(distance)


def too_near(points: NDArray[np.float64], fold: NDArray[np.int8], gap_m: float) -> NDArray[np.bool_]:
    """Return True where a sample of another fold lies nearer than `gap_m` to a sample of the fold, (sample, fold).

    Args:
        points: As `metric_points` gives them, (sample, 2 or 3).
        fold: Fold of each sample, (sample,); samples below 0 are near to nothing.
        gap_m: Over the ground, in metres.
    """
    found = np.zeros((len(fold), int(fold.max()) + 1), dtype=bool)
    limit = chord(points, gap_m)
    for number, others, distance in _nearest_of_others(points, fold, limit):
        found[others[distance < limit], number] = True
    return found


def nearest_m(points: NDArray[np.float64], fold: NDArray[np.int8], near: NDArray[np.bool_] | None = None) -> float:
    """Return the smallest distance between samples of different folds, in metres; NaN where there are none.

    Args:
        points: As `metric_points` gives them, (sample, 2 or 3).
        fold: Fold of each sample, (sample,).
        near: Samples that are kept from a fold's training, (sample, fold); not counted.
    """
    nearest = math.inf
    for number, others, distance in _nearest_of_others(points, fold, math.inf):
        counted = distance if near is None else distance[~near[others, number]]
        nearest = min(nearest, float(counted.min(initial=math.inf)))
    return arc(points, nearest) if math.isfinite(nearest) else math.nan


def _nearest_of_others(
    points: NDArray[np.float64], fold: NDArray[np.int8], limit: float
) -> Iterator[tuple[int, NDArray[np.intp], NDArray[np.float64]]]:
    """Yield each fold, the samples of other folds, and each one's distance to the fold; inf from `limit` on."""
    for number in np.unique(fold[fold >= 0]).tolist():
        others = np.flatnonzero((fold != number) & (fold >= 0))
        yield number, others, to_nearest(points[others], points[fold == number], limit)
