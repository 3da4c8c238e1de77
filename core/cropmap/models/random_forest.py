"""A random forest, fitted by scikit-learn, kept as plain arrays and walked by Numba."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

from cropmap.contract.errors import ModelError, PackageError
from cropmap.contract.params import param
from cropmap.models import MODELS
from cropmap.models.base import FitSettings, SelfFittingClassifier, SeriesShape
from cropmap.models.trees import Trees, class_weights, joined, narrowed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress

# Trees fitted between two progress reports, the moments at which a fit can be cancelled.
_TREES_A_REPORT = 20
# How far rounding may leave the sum of a leaf's probabilities from 1.
_ROUNDING = 1e-5


@dataclass(frozen=True)
class ForestParams:
    """Parameters of a random forest."""

    trees: int = param(
        100, help="Number of trees; more are steadier and slower. Long et al. take 500.", low=1, high=5000
    )
    features_per_split: int = param(
        8,
        help="Features tried at each split; 0 takes the square root of their number.",
        low=0,
        high=100_000,
        advanced=True,
        search=(0, 4, 8, 16, 32),
    )
    min_leaf: int = param(
        1,
        title="Smallest leaf",
        help="Fewest samples in a leaf; 5 halves the trees at a small loss.",
        low=1,
        high=10_000,
        advanced=True,
        search=(1, 2, 3, 5),
    )
    max_samples: int = param(
        0,
        title="Samples per tree",
        help="Samples drawn for each tree; 0 draws as many as there are. 20,000 makes a large fit much faster.",
        low=0,
        high=100_000_000,
        advanced=True,
    )
    splits: str = param(
        "best",
        choices=("best", "random"),
        title="Split points",
        help="best: each split takes the best threshold of each feature it tries. random: a random one, and each tree "
        "learns from all samples (extremely randomised trees); three times as quick to fit, often a little better.",
        advanced=True,
        search=("best", "random"),
    )
    balance: str = param(
        "none",
        title="Rare classes",
        choices=("none", "weights"),
        help="weights: samples of rare classes count more, so that all classes together count the same.",
        advanced=True,
    )


@MODELS.register(
    "random_forest",
    title="Random forest",
    params=ForestParams,
    citation="Breiman 2001, Machine Learning 45:5-32, doi:10.1023/A:1010933404324; settings of Long et al. 2026, "
    "doi:10.1016/j.compag.2026.111646; random splits: Geurts et al. 2006, doi:10.1007/s10994-006-6226-1",
)
class RandomForest(SelfFittingClassifier):
    """Many decision trees that vote; quick, steady with few samples, and in need of no tuning.

    Args:
        params: Its parameters.
        shape: The sizes that it is made for.
        arrays: The trees, one after the other, nodes in depth-first order, so that a node's left child follows it:
            feature (node,), the feature that the node splits, -1 for a leaf; threshold (node,), float32: left where
            the value is not above it; right (node,), the right child's position in its tree, or a leaf's row in
            leaves; start (tree,), the position of each root; leaves (row, class), float64, the distinct class
            probabilities.

    Raises:
        PackageError: Arrays that are missing, unknown or damaged.
    """

    params: ForestParams

    def __init__(self, params: ForestParams, shape: SeriesShape, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        super().__init__(params, shape)
        self._trees = Trees.read(arrays, shape.features, shape.classes, "random_forest")
        leaves = self._trees.leaves
        if (leaves < 0).any() or (np.abs(leaves.sum(axis=1) - 1) > _ROUNDING).any():
            raise PackageError(
                "The forest's leaves hold no class probabilities.", where="leaves", fix="Train the model again."
            )

    @classmethod
    def fit(
        cls,
        params: ForestParams,
        shape: SeriesShape,
        samples: tuple[NDArray[np.float32], NDArray[np.intp]],
        settings: FitSettings,
        progress: Progress,
    ) -> RandomForest:
        """Fit on values, (sample, step, band), and columns, (sample,); every column occurs."""
        values, columns = samples
        forest = _grown(params, values.reshape(len(values), -1), columns, settings, progress)
        return cls(params, shape, _trees(forest, shape))

    @classmethod
    def from_arrays(
        cls, params: ForestParams, shape: SeriesShape, arrays: Mapping[str, NDArray[np.generic]]
    ) -> RandomForest:
        """Make the forest again from its arrays."""
        return cls(params, shape, arrays)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the trees."""
        return self._trees.arrays(self.shape.features)

    def head(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean of the trees' class probabilities, (n, class), for features (n, step x band)."""
        rows = np.ascontiguousarray(features, np.float32)
        # Summed in float64 and in the order of the trees, as scikit-learn does: equal votes stay equal.
        sums = np.zeros((len(rows), self.shape.classes))
        self._trees.add_to(sums, rows, np.zeros(len(self._trees), np.int64))
        return narrowed(sums / len(self._trees))


def _grown(
    params: ForestParams,
    rows: NDArray[np.float32],
    columns: NDArray[np.intp],
    settings: FitSettings,
    progress: Progress,
) -> RandomForestClassifier | ExtraTreesClassifier:
    """Return the fitted forest; growing it in parts gives the same trees as growing it at once."""
    best = params.splits == "best"
    # Without a draw of samples every tree of random splits learns from all of them.
    samples = {"max_samples": min(params.max_samples, len(rows)) or None, "bootstrap": best or params.max_samples > 0}
    forest = (RandomForestClassifier if best else ExtraTreesClassifier)(
        max_features=min(params.features_per_split, rows.shape[1]) or "sqrt",
        min_samples_leaf=params.min_leaf,
        class_weight=class_weights(columns) if params.balance == "weights" else None,
        random_state=settings.seed,
        n_jobs=settings.threads or -1,
        warm_start=True,
        **samples,
    )
    for done in range(0, params.trees, _TREES_A_REPORT):
        progress.at(done / params.trees, f"Tree {done + 1} of {params.trees}")
        forest.set_params(n_estimators=min(done + _TREES_A_REPORT, params.trees)).fit(rows, columns)
    progress.at(1.0)
    return forest


def _trees(forest: RandomForestClassifier | ExtraTreesClassifier, shape: SeriesShape) -> dict[str, NDArray[np.generic]]:
    if list(forest.classes_) != list(range(shape.classes)):
        raise ModelError(
            f"The forest saw {len(forest.classes_)} of {shape.classes} classes.", fix="Give samples of all."
        )
    grown = [estimator.tree_ for estimator in forest.estimators_]
    if not all(_left_follows(tree.children_left) for tree in grown):
        raise ModelError("This version of scikit-learn orders trees in another way.", fix="Install scikit-learn 1.5.")
    leaf = [tree.children_left < 0 for tree in grown]
    trees = [
        (np.where(ends, -1, tree.feature), floor32(np.where(ends, 0.0, tree.threshold)), tree.children_right)
        for tree, ends in zip(grown, leaf, strict=True)
    ]
    leaves = np.concatenate([tree.value[ends, 0, :] for tree, ends in zip(grown, leaf, strict=True)])
    return joined(trees, leaves).arrays(shape.features)


def _left_follows(left: NDArray[np.intp]) -> bool:
    inner = np.flatnonzero(left >= 0)
    return bool((left[inner] == inner + 1).all())


def floor32(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 not above each number: `x <= t` says the same of both for every float32 x."""
    near = thresholds.astype(np.float32)
    below = np.nextafter(near, np.float32(-np.inf))
    return np.where(near.astype(np.float64) > thresholds, below, near)
