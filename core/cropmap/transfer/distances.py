"""How far two sets of numbers lie apart: distribution functions, kernel means, and how well a model parts them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Strength of the penalty of the classifier that tells two sites apart, as scikit-learn's C: its inputs are many and
# alike, so that with a weak one it would learn each sample by heart.
_PENALTY = 0.01
_MOST_STEPS = 500


# ---------------------------------------------------------------- Kolmogorov-Smirnov


def ks_distances(one: NDArray[np.floating[Any]], other: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the largest distance between two distribution functions, with a sign, of each column.

    Args:
        one: (n, ...); NaN counts for nothing.
        other: (m, ...), the same columns.

    Returns:
        (...), -1..1: above 0 where `other` has the larger values at the place of the largest distance; the absolute
        value is the two-sided statistic D. NaN where a column has no value on one side.

    Source: Smirnov 1939, Bull. Math. Univ. Moscow 2:3-14.
    """
    columns = zip(one.reshape(len(one), -1).T, other.reshape(len(other), -1).T, strict=True)
    return np.array([_ks_distance(first, second) for first, second in columns]).reshape(one.shape[1:])


def _ks_distance(one: NDArray[Any], other: NDArray[Any]) -> float:
    first, second = np.sort(one[~np.isnan(one)]), np.sort(other[~np.isnan(other)])
    if not (len(first) and len(second)):
        return math.nan
    places = np.concatenate([first, second])
    gaps = np.searchsorted(first, places, "right") / len(first) - np.searchsorted(second, places, "right") / len(second)
    above, below = float(gaps.max()), float(-gaps.min())
    return above if above >= below else -below


def ks_exact_p(distance: float, count: int) -> float:
    """Return how likely a two-sided D at least so large is where both sides are `count` draws of one distribution.

    Args:
        distance: D, 0..1; its sign does not matter.
        count: Values on each side, at least 1.

    Source: Gnedenko & Korolyuk 1951, Dokl. Akad. Nauk SSSR 80:525-528: paths that return, by reflection.
    """
    height = round(abs(distance) * count)
    if height == 0:
        return 1.0
    ways = [math.comb(2 * count, count - k * height) for k in range(1, count // height + 1)]
    return min(1.0, 2 * (sum(ways[::2]) - sum(ways[1::2])) / math.comb(2 * count, count))


def ks_p(distances: NDArray[np.float64], one: int, other: int) -> NDArray[np.float64]:
    """Return how likely so large a two-sided D is by chance, for large sets of `one` and `other` independent values."""
    from scipy.stats import kstwo  # noqa: PLC0415 - it takes a second to import

    found: NDArray[np.float64] = kstwo.sf(np.abs(distances), max(1, round(one * other / (one + other))))
    return found


def adjusted(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p values such that those below q are wrong in a share q at most; of the same shape, NaN stays NaN.

    Source: Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    found = np.full(p.size, np.nan)
    known = np.flatnonzero(np.isfinite(p.ravel()))
    order = known[np.argsort(p.ravel()[known])]
    raised = p.ravel()[order] * len(order) / np.arange(1, len(order) + 1)
    found[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return found.reshape(p.shape)


def effect_sizes(one: NDArray[np.floating[Any]], other: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return by how many pooled standard deviations the mean of `other` lies above that of `one`, of each column.

    Args:
        one: (n, ...), at least two rows; NaN counts for nothing.
        other: (m, ...), likewise.

    Returns:
        (...); 0 where nothing differs, infinite where the means differ and nothing varies, NaN where there is no value.

    Source: Cohen 1988, Statistical Power Analysis for the Behavioral Sciences, d.
    """
    moments = []
    for side in (one.astype(np.float64), other.astype(np.float64)):
        known = np.isfinite(side)
        count = known.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(known, side, 0.0).sum(axis=0) / count
        squares = np.where(known, (side - mean) ** 2, 0.0).sum(axis=0)
        moments.append((count, mean, squares))
    (n, first, one_squares), (m, second, other_squares) = moments
    with np.errstate(invalid="ignore", divide="ignore"):
        deviation = np.sqrt((one_squares + other_squares) / np.maximum(n + m - 2, 1))
        found = np.where(first == second, 0.0, (second - first) / deviation)
    return np.where(np.isfinite(first) & np.isfinite(second), found, np.nan)


# ---------------------------------------------------------------- maximum mean discrepancy


def mmd2(
    x: NDArray[np.floating[Any]],
    y: NDArray[np.floating[Any]],
    bandwidths: Sequence[float] | None = None,
    *,
    unbiased: bool = False,
) -> float:
    """Return the squared maximum mean discrepancy of two sets: 0 where they follow one distribution.

    The kernel is the mean over the bandwidths s of exp(-|a - b|^2 / (2 s^2)).

    Args:
        x: (n, ...), each row one point.
        y: (m, ...), likewise.
        bandwidths: In the unit of the values; None takes `median_distance`.
        unbiased: Leave out each point's kernel with itself: right on average, and below 0 at times. It needs two
            points on each side.

    Source: Gretton et al. 2012, JMLR 13:723-773, equations 3 and 5.
    """
    points = _pooled(x, y)
    kernel = gaussian_kernel(points, bandwidths or (median_distance(points),))
    first = np.zeros((len(points), 1))
    first[: len(x)] = 1.0
    return float(_mmd2_of(kernel, first, own=0.0 if unbiased else 1.0)[0])


def mmd_test(
    sides: tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]],
    units: tuple[NDArray[Any], NDArray[Any]],
    rng: np.random.Generator,
    permutations: int = 200,
) -> tuple[float, float, float]:
    """Return the unbiased `mmd2` of two sets, how likely so large a one is by chance, and the bandwidth.

    Whole units change sides in each permutation, so that series of one field or block do not count as independent.

    Args:
        sides: (n, ...) and (m, ...).
        units: What each point belongs to, (n,) and (m,).
        rng: Draws the permutations.
        permutations: How many; p is never below 1 / (permutations + 1).
    """
    points = _pooled(*sides)
    bandwidth = median_distance(points)
    kernel = gaussian_kernel(points, (bandwidth,))
    count, numbers = joined_units(*units)
    own = np.zeros(count)
    own[np.unique(numbers[: len(sides[0])])] = 1.0
    drawn = np.stack([own, *(rng.permutation(own) for _ in range(permutations))], axis=1)[numbers]
    # A side of fewer than two points has no estimate: such a draw is none.
    found = _mmd2_of(kernel, drawn[:, np.minimum(drawn.sum(axis=0), (1 - drawn).sum(axis=0)) > 1], own=0.0)
    reached = int((found[1:] >= found[0] - 1e-12).sum())
    return float(found[0]), (1 + reached) / len(found), bandwidth


def gaussian_kernel(points: NDArray[np.floating[Any]], bandwidths: Sequence[float]) -> NDArray[np.float64]:
    """Return the kernel between all pairs of points, (n, n): the mean over bandwidths of exp(-|a - b|^2 / (2 s^2))."""
    squares = squared_distances(points)
    found = np.zeros_like(squares)
    for bandwidth in bandwidths:
        found += np.exp(squares * (-0.5 / bandwidth**2))
    return found / len(bandwidths)


def median_distance(points: NDArray[np.floating[Any]]) -> float:
    """Return the median distance between two different points, 1 where that is 0.

    Source: Gretton et al. 2012, JMLR 13:723-773, section 8.
    """
    squares = squared_distances(points)
    return math.sqrt(float(np.median(squares[np.triu_indices(len(squares), 1)]))) or 1.0


def squared_distances(points: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the squared distance of each pair of points, (n, n), of points (n, ...)."""
    rows = points.reshape(len(points), -1).astype(np.float64)
    rows -= rows.mean(axis=0)  # the products below are then no larger than need be
    lengths = (rows**2).sum(axis=1)
    found = lengths[:, None] + lengths[None, :] - 2 * rows @ rows.T
    np.fill_diagonal(found, 0.0)
    return np.asarray(np.maximum(found, 0.0))


def _pooled(x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return np.concatenate([x.reshape(len(x), -1), y.reshape(len(y), -1)]).astype(np.float64)


def _mmd2_of(kernel: NDArray[np.float64], first: NDArray[np.float64], own: float) -> NDArray[np.float64]:
    """Return the estimate of each way to part the points, (way,), first (n, way) 1 or 0; own 0 leaves out own pairs."""
    toward = kernel @ first
    inner, across = (first * toward).sum(axis=0), ((1 - first) * toward).sum(axis=0)
    outer = kernel.sum() - inner - 2 * across
    n = first.sum(axis=0)
    m = len(first) - n
    left = 1.0 - own  # of a kernel whose value of a point with itself is 1
    within = (inner - left * n) / (n * (n - left)) + (outer - left * m) / (m * (m - left))
    found: NDArray[np.float64] = within - 2 * across / (n * m)
    return found


# ---------------------------------------------------------------- a classifier of domains


def domain_auc(
    sides: tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]],
    units: tuple[NDArray[Any], NDArray[Any]],
    rng: np.random.Generator,
    folds: int = 5,
) -> float:
    """Return how well a classifier parts two sets on units that it has not seen: 0.5 not at all, 1 always.

    It is a logistic regression on the standardised values, and sees what differs in the mean. Sharper ones (a forest,
    kernels) part even two years of one place nearly always, and then tell no small shift from a large one; what differs
    in other ways than the mean is for `mmd2`.

    Args:
        sides: (n, ...) and (m, ...); each column is standardised on what a fold learns from.
        units: What each row belongs to, (n,) and (m,), at least two different ones a side; no fold parts one.
        rng: Deals the units to folds.
        folds: How many; never more than the units of a side.

    Returns:
        The area under the curve of the pooled out-of-fold scores.

    Source: Ben-David et al. 2010, doi:10.1007/s10994-009-5152-4, for a classifier of domains as a distance.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - it takes a second to import

    rows = _pooled(*sides)
    other = np.arange(len(rows)) >= len(sides[0])
    count, numbers = joined_units(*units)
    fold = _dealt(numbers, other, count, folds, rng)
    scores = np.zeros(len(rows))
    for number in range(int(fold.max()) + 1):
        learns = fold != number
        scaled = _standardised(rows, learns)
        model = LogisticRegression(C=_PENALTY, max_iter=_MOST_STEPS, tol=1e-3, class_weight="balanced")
        scores[~learns] = model.fit(scaled[learns], other[learns]).decision_function(scaled[~learns])
    return auc(scores, other)


def auc(scores: NDArray[np.floating[Any]], positive: NDArray[np.bool_]) -> float:
    """Return the share of pairs in which the positive one has the higher score; equal ones count half.

    Source: Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747.
    """
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    many, few = int(positive.sum()), int((~positive).sum())
    return float((ranks[place][positive].sum() - many * (many + 1) / 2) / (many * few))


def _standardised(rows: NDArray[np.float64], learns: NDArray[np.bool_]) -> NDArray[np.float64]:
    mean, deviation = rows[learns].mean(axis=0), rows[learns].std(axis=0)
    return np.asarray((rows - mean) / np.where(deviation > 0, deviation, 1.0))


def joined_units(one: NDArray[Any], other: NDArray[Any]) -> tuple[int, NDArray[np.intp]]:
    """Return how many units two sides have, and each row's number, those of the second side after the first's."""
    first, second = (np.unique(side, return_inverse=True)[1].ravel() for side in (one, other))
    numbers = np.concatenate([first, second + first.max() + 1])
    return int(numbers.max()) + 1, numbers


def total_variation(one: NDArray[np.floating[Any]], other: NDArray[np.floating[Any]]) -> float:
    """Return half the summed differences of two lists of shares: 0 where they are equal, 1 where they share none."""
    return 0.5 * float(np.abs(one - other).sum())


def _dealt(
    numbers: NDArray[np.intp], other: NDArray[np.bool_], count: int, folds: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Deal the units of each side to folds, so that every fold has units of both, (row,)."""
    first = int(numbers[other].min())
    dealt = np.concatenate([rng.permutation(first), rng.permutation(count - first)])
    found: NDArray[np.intp] = (dealt % min(folds, first, count - first))[numbers]
    return found
