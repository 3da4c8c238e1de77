"""Where to sample next: pixels on which a model is unsure, unlike each other, and within reach.

Sources: uncertainty sampling, Lewis and Gale 1994, doi 10.1007/978-1-4471-2099-5_1; its measures, Settles 2009, Active
learning literature survey, University of Wisconsin-Madison, TR 1648, section 3.1; farthest-first traversal, Gonzalez
1985, doi 10.1016/0304-3975(85)90224-5, used for active learning by Sener and Savarese 2018, arXiv 1708.00489; exchange
of two edges of a route, Croes 1958, doi 10.1287/opre.6.6.791.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.contract.progress import Progress
from cropmap.training.scaling import fit_scaling

if TYPE_CHECKING:
    from collections.abc import Callable

    from cropmap.data.package import ModelPackage

MEASURES = ("entropy", "margin", "least_confidence")
DIMENSIONS = 20  # of the space in which series are compared
_ROWS = 2048  # distances computed at a time: 2,048 x 2,048 numbers of 8 bytes are 32 MB
_SUM_TOLERANCE = 1e-3  # float32 probabilities of many classes
_SHORTER = 1e-9  # share of the route by which an exchange must shorten it


@dataclass(frozen=True)
class Wishes:
    """What makes a point worth a visit.

    The score of a candidate is uncertainty^a x novelty^b x appeal, where novelty is its distance, in the space of
    series, to the nearest sample that exists or is chosen already.

    Args:
        count: Points wanted.
        weight_uncertainty: The exponent a; 0 leaves uncertainty out.
        weight_diversity: The exponent b; 0 leaves novelty out.
        min_distance_m: No two points are nearer to each other on the ground, nor to an existing sample, in metres.
    """

    count: int
    weight_uncertainty: float = 1.0
    weight_diversity: float = 0.5
    min_distance_m: float = 0.0


@dataclass(frozen=True)
class Spots:
    """Where things lie, on the ground and in the space of series.

    Args:
        ground: Metres east and north of any origin, (spot, 2), float64.
        series: Place in the space of series, (spot, dimension), float64.
    """

    ground: NDArray[np.float64]
    series: NDArray[np.float64]


def uncertainty(probabilities: NDArray[np.floating], measure: str) -> NDArray[np.float64]:
    """Return how unsure a model is, (n,), float64: 0 where one class is certain, 1 where all are alike.

    With p1 >= p2 >= ... the probabilities of K classes: entropy is -sum(p ln p) / ln K, margin is 1 - (p1 - p2), least
    confidence is (1 - p1) K / (K - 1).

    Args:
        probabilities: (n, class), each row summing to 1.
        measure: One of `MEASURES`.

    Raises:
        SampleError: Fewer than two classes, or a row that is no distribution.
    """
    values = np.asarray(probabilities, np.float64)
    if values.ndim != 2 or values.shape[1] < 2:
        raise SampleError(
            f"Probabilities of shape {values.shape} say nothing of uncertainty: it takes two classes or more.",
            fix="Use a model of at least two classes.",
        )
    off = ~(np.isfinite(values).all(axis=1) & (values >= 0).all(axis=1))
    off |= np.abs(values.sum(axis=1) - 1) > _SUM_TOLERANCE
    if off.any():
        raise SampleError(
            f"{off.sum()} of {len(values)} rows of probabilities do not sum to 1.",
            where=f"first: row {int(np.flatnonzero(off)[0])}",
            fix="Give the class probabilities of pixels that have a series.",
        )
    return np.clip(_MEASURE[measure](values), 0.0, 1.0)


def _entropy(values: NDArray[np.float64]) -> NDArray[np.float64]:
    logs = np.log(values, out=np.zeros_like(values), where=values > 0)
    return np.asarray(-(values * logs).sum(axis=1) / np.log(values.shape[1]))


def _margin(values: NDArray[np.float64]) -> NDArray[np.float64]:
    top = np.partition(values, -2, axis=1)
    return np.asarray(1 - (top[:, -1] - top[:, -2]))


def _least_confidence(values: NDArray[np.float64]) -> NDArray[np.float64]:
    classes = values.shape[1]
    return np.asarray((1 - values.max(axis=1)) * classes / (classes - 1))


_MEASURE: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "entropy": _entropy,
    "margin": _margin,
    "least_confidence": _least_confidence,
}


def series_space(
    candidates: NDArray[np.float32], existing: NDArray[np.float32], package: ModelPackage
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the places of candidates and existing samples in the space of series, (n, dimension) each, float64.

    Series are scaled as the model scales them (a forest does not: then each band is, by the candidates' mean and
    deviation), and turned to the up to 20 principal axes of the candidates, which keep most of their distances.

    Args:
        candidates: Prepared values, (n, step, band), float32, finite; the bands are the model's.
        existing: The same of existing samples, (m, step, band); m may be 0.
        package: The model.
    """
    scaling = package.scaling if package.scaling.mean.size else fit_scaling(candidates, package.bands)
    width = candidates.shape[1] * candidates.shape[2]
    flat = [scaling.apply(values).reshape(-1, width).astype(np.float64) for values in (candidates, existing)]
    mean = flat[0].mean(axis=0)
    centred = flat[0] - mean
    # The axes of largest variance come last.
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :DIMENSIONS]
    return centred @ axes, (flat[1] - mean) @ axes


def choose(
    candidates: Spots,
    doubt: NDArray[np.float64],
    appeal: NDArray[np.float64],
    existing: Spots,
    wishes: Wishes,
    progress: Progress | None = None,
) -> NDArray[np.intp]:
    """Choose points one by one, each the candidate of the highest score at that moment; of equals the first.

    Where nothing exists or is chosen yet, novelty is 1 everywhere.

    Args:
        candidates: (candidate,).
        doubt: Uncertainty of each, (candidate,), 0..1.
        appeal: What else speaks for each, (candidate,), 0..1: reach, an even neighbourhood. 0 refuses it.
        existing: Samples there are; none is an empty one.
        wishes: How many, and what counts.
        progress: Told after each point; it cancels.

    Returns:
        Positions of the chosen, in the order of choice, (at most count,). Fewer than `count` where no candidate is
        left that is far enough from the others and has an appeal above 0.

    Raises:
        SampleError: More points are wanted than there are candidates.
    """
    progress, total = progress or Progress(), len(doubt)
    if wishes.count > total:
        raise SampleError(
            f"{wishes.count} points are wanted of {total} candidates.", fix="Take more candidates, or fewer points."
        )
    worth = np.asarray(doubt, np.float64) ** wishes.weight_uncertainty * appeal
    open_ = np.asarray(appeal > 0) & (nearest(candidates.ground, existing.ground) >= wishes.min_distance_m)
    novelty = nearest(candidates.series, existing.series)
    chosen: list[int] = []
    while len(chosen) < wishes.count and open_.any():
        progress.at(len(chosen) / wishes.count, "Choosing points")
        known = bool(chosen) or len(existing.series) > 0
        score = worth * novelty**wishes.weight_diversity if known else worth
        best = int(np.argmax(np.where(open_, score, -1.0)))
        chosen.append(best)
        novelty = np.minimum(novelty, _distance(candidates.series, candidates.series[best]))
        open_ &= _distance(candidates.ground, candidates.ground[best]) >= wishes.min_distance_m
        open_[best] = False
    return np.array(chosen, np.intp)


def nearest(points: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each point's distance to the nearest of others, (point,); infinite where there is none.

    Args:
        points: (point, dimension).
        others: (other, dimension).
    """
    found = np.full(len(points), np.inf)
    for start in range(0, len(points), _ROWS):
        rows = points[start : start + _ROWS]
        for other in range(0, len(others), _ROWS):
            some = others[other : other + _ROWS]
            squares = (rows**2).sum(axis=1)[:, None] + (some**2).sum(axis=1) - 2 * rows @ some.T
            # The one that looks nearest is measured again: the squares' difference loses small distances.
            closest = _lengths(rows - some[squares.argmin(axis=1)])
            found[start : start + _ROWS] = np.minimum(found[start : start + _ROWS], closest)
    return found


def route(ground: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return an order in which to walk from point to point, (point,), that is short as the crow flies.

    From the westernmost point to the nearest one not visited yet, and so on; then two edges are exchanged as long as
    that shortens the way. The way is open: nobody walks back.

    Args:
        ground: Metres east and north, (point, 2).
    """
    count = len(ground)
    if count < 3:
        return np.arange(count)
    lengths = _lengths(ground[:, None] - ground[None])
    order = _to_the_nearest(lengths, int(np.lexsort((ground[:, 1], ground[:, 0]))[0]))
    least = _SHORTER * float(lengths[order[:-1], order[1:]].sum())
    shortened = True
    while shortened:
        shortened = False
        for start in range(count - 1):
            gain, end = _best_turn(lengths, order, start)
            if gain > least:
                order[start : end + 1] = order[start : end + 1][::-1]
                shortened = True
    return order


def _to_the_nearest(lengths: NDArray[np.float64], first: int) -> NDArray[np.intp]:
    order = [first]
    left = np.ones(len(lengths), bool)
    left[first] = False
    while left.any():
        step = int(np.argmin(np.where(left, lengths[order[-1]], np.inf)))
        order.append(step)
        left[step] = False
    return np.array(order, np.intp)


def _best_turn(lengths: NDArray[np.float64], order: NDArray[np.intp], start: int) -> tuple[float, int]:
    """Return what turning a stretch round saves at most, of those that begin at `start`, and where that one ends."""
    ends = np.arange(start + 1, len(order))
    head, tails = order[start], order[ends]
    gain = np.zeros(len(ends))
    if start:
        gain += lengths[order[start - 1], head] - lengths[order[start - 1], tails]
    after = order[ends[:-1] + 1]
    gain[:-1] += lengths[tails[:-1], after] - lengths[head, after]
    best = int(gain.argmax())
    return float(gain[best]), int(ends[best])


def _distance(points: NDArray[np.float64], to: NDArray[np.float64]) -> NDArray[np.float64]:
    return _lengths(points - to)


def _lengths(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt((differences**2).sum(axis=-1)))
