"""The area of applicability: which series are so unlike the training series that a model's answer means little.

A model answers for every series, however strange. Here its training series are kept with it, as many as a map can be
compared with, and the distance from which on a series counts as outside is measured by cross-validation.

Source: Meyer & Pebesma 2021, doi:10.1111/2041-210X.13650.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError, TransferError
from cropmap.data.applicability import INPUTS, SPACES, Applicability, nearest
from cropmap.models.predictor import Predictor

if TYPE_CHECKING:
    from cropmap.data.package import ModelPackage
    from cropmap.data.samples import FoldPlan, SampleSet

# Beyond the upper quartile by so many times the distance of the quartiles, an index is an outlier (Tukey's whisker).
_WHISKER = 1.5
# Rows whose distances to all others are held at a time.
_PAIRS = 256


@dataclass(frozen=True, eq=False)
class AreaOptions:
    """How the area of applicability is measured.

    Args:
        space: What is compared: "inputs", what the model is given; or "features", what its head decides on, in which a
            network may have folded what it never saw onto a class.
        rows: Most training series that are kept for comparison, each class about the same number.
        judged: Most training series that the threshold is measured on.
        importance: What each input is worth, (band, step), such as `Importance.cell_drop`; below 0 counts as 0. None
            counts all alike. Of inputs only.
        seed: Draws the series.
        device: Where a network's features are computed: "auto", "cpu" or "cuda".
    """

    space: str = INPUTS
    rows: int = 1000
    judged: int = 5000
    importance: NDArray[np.floating[Any]] | None = None
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.space not in SPACES:
            raise TransferError(f"There is no space {self.space!r}.", fix=f"Choose one of {', '.join(SPACES)}.")
        if min(self.rows, self.judged) < 2:
            raise TransferError(f"{min(self.rows, self.judged)} series are too few.", fix="Keep at least two.")
        if self.importance is not None and self.space != INPUTS:
            raise TransferError("Importance is that of inputs.", where=self.space, fix=f"Compare {INPUTS}, or drop it.")


def with_area(
    package: ModelPackage, samples: SampleSet, plan: FoldPlan, options: AreaOptions | None = None
) -> ModelPackage:
    """Return the package with its area of applicability, which then travels with it; arguments as `fit_area`."""
    return dataclasses.replace(package, applicability=fit_area(package, samples, plan, options))


def fit_area(
    package: ModelPackage, samples: SampleSet, plan: FoldPlan, options: AreaOptions | None = None
) -> Applicability:
    """Measure a model's area of applicability on its training samples.

    Each feature is standardised by the training samples, and may be multiplied by its importance; one that is the same
    in all of them does not count. The index of a series is its distance to the nearest training series over the mean
    distance between two of them. The threshold is the largest index, outliers left out, that training samples have
    against the training samples of other folds: so far apart is what the model could be tested on.

    Args:
        package: The model.
        samples: What it was trained on, prepared, not scaled.
        plan: Their folds; samples that may not train the model of a fold are not compared with its samples.
        options: How.

    Raises:
        SampleError: Fewer than two folds, or training series that are all alike.
        PackageError: The samples are not the model's: other bands or days.
    """
    options = options or AreaOptions()
    # A package's days move another site's season; that of the training is the model's own.
    predictor = Predictor(package, options.device).moved(0.0)
    predictor.check(samples.bands, samples.days)
    make = predictor.inputs if options.space == INPUTS else predictor.features
    features = make(samples.values)
    centre, factors = features.mean(axis=0, dtype=np.float64), _factors(features, options.importance)
    rng = np.random.default_rng(options.seed)
    kept = _spread(samples.codes, options.rows, rng)
    rows = ((features - centre.astype(np.float32)) * factors.astype(np.float32)).astype(np.float32)
    distance = mean_distance(rows[kept])
    if not distance > 0:
        raise SampleError("The training series are all alike.", fix="Check how they were prepared.")
    indexes = _cross_validated(rows, kept, plan, rng.permutation(np.flatnonzero(plan.fold >= 0))[: options.judged])
    indexes = indexes / distance
    threshold = whisker(indexes)
    if not threshold > 0:
        raise SampleError("The training series are doubles of each other.", fix="Take each only once.")
    beyond = float((indexes > threshold).mean())
    return Applicability(
        options.space,
        centre.astype(np.float32),
        factors.astype(np.float32),
        rows[kept],
        distance,
        threshold,
        beyond,
    )


def whisker(indexes: NDArray[np.float64]) -> float:
    """Return the largest index that is no outlier: not above the upper quartile + 1.5 quartile distances."""
    low, high = np.quantile(indexes, (0.25, 0.75))
    return float(indexes[indexes <= high + _WHISKER * (high - low)].max())


def mean_distance(rows: NDArray[np.float32]) -> float:
    """Return the mean Euclidean distance between two different rows, (row, feature), of at least two."""
    exact = rows.astype(np.float64)
    squares = np.einsum("rf,rf->r", exact, exact)
    total = 0.0
    for start in range(0, len(exact), _PAIRS):
        part = slice(start, start + _PAIRS)
        between = squares[part, np.newaxis] + squares - 2 * (exact[part] @ exact.T)
        between[np.arange(len(between)), start + np.arange(len(between))] = 0
        total += float(np.sqrt(np.maximum(between, 0)).sum())
    return total / (len(exact) * (len(exact) - 1))


def _factors(features: NDArray[np.float32], importance: NDArray[np.floating[Any]] | None) -> NDArray[np.float64]:
    """Return what each feature is multiplied by, (feature,): 0 where it is the same in all training series."""
    deviation = features.std(axis=0, dtype=np.float64)
    varies = np.ptp(features, axis=0) > 0
    factors: NDArray[np.float64] = np.divide(1, deviation, out=np.zeros_like(deviation), where=varies)
    if importance is not None:
        if importance.size != len(factors) or not np.isfinite(importance).all():
            raise SampleError(
                f"An importance of shape {importance.shape} does not fit {len(factors)} inputs.",
                fix="Give a finite number for each band and step.",
            )
        factors = factors * np.maximum(importance.T.reshape(-1), 0)
    if not factors.any():
        raise SampleError("No input that differs between training series counts.", fix="Check series and importance.")
    return factors


def _spread(codes: NDArray[np.uint8], most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw positions of samples, (row,): all, or as many of each class as there are, up to the same number."""
    order = rng.permutation(len(codes))
    # How many of its class stand before each: the first of all classes are drawn first.
    rank = np.empty(len(codes), np.intp)
    for code in np.unique(codes):
        own = order[codes[order] == code]
        rank[own] = np.arange(len(own))
    return np.sort(order[np.argsort(rank[order], kind="stable")][:most])


def _cross_validated(
    rows: NDArray[np.float32], kept: NDArray[np.intp], plan: FoldPlan, judged: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the distance of each judged sample to the nearest kept one that may train its fold's model."""
    found = np.full(len(judged), np.nan)
    for number in np.unique(plan.fold[judged]).tolist():
        others = kept[plan.train_mask(number)[kept]]
        own = plan.fold[judged] == number
        if len(others):
            found[own] = nearest(rows[judged[own]], rows[others])
    if np.isnan(found).all():
        raise SampleError("The samples lie in one fold, or in none.", fix="Split them into two folds or more.")
    told: NDArray[np.float64] = found[~np.isnan(found)]
    return told
