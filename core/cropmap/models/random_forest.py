"""A random forest, fitted by scikit-learn, kept as plain arrays and walked by Numba."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from cropmap.contract.errors import ModelError, PackageError
from cropmap.contract.params import param
from cropmap.kernels import kernel
from cropmap.models import MODELS
from cropmap.models.base import FitSettings, SelfFittingClassifier, SeriesShape, check_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress

# Trees fitted between two progress reports, the moments at which a fit can be cancelled.
_TREES_A_REPORT = 20
# A block's features and sums stay in the second-level cache while every tree passes over them.
_BLOCK = 4096


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
    )
    min_leaf: int = param(
        1, help="Fewest samples in a leaf; 5 halves the trees at a small loss.", low=1, high=10_000, advanced=True
    )
    max_samples: int = param(
        0,
        help="Samples drawn for each tree; 0 draws as many as there are. 20,000 makes a large fit much faster.",
        low=0,
        high=100_000_000,
        advanced=True,
    )


@MODELS.register(
    "random_forest",
    title="Random forest",
    params=ForestParams,
    citation="Breiman 2001, Machine Learning 45:5-32, doi:10.1023/A:1010933404324; settings of Long et al. 2026, "
    "doi:10.1016/j.compag.2026.111646",
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
    """

    params: ForestParams

    def __init__(self, params: ForestParams, shape: SeriesShape, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        super().__init__(params, shape)
        _check_trees(arrays, shape)
        self._feature = arrays["feature"].astype(np.int32)
        self._threshold = arrays["threshold"].astype(np.float32)
        self._right = arrays["right"].astype(np.int32)
        # One more than there are trees: the end of the last.
        self._start = np.append(arrays["start"].astype(np.int64), len(self._feature))
        self._leaves = np.ascontiguousarray(arrays["leaves"].astype(np.float64))

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
        """Return the trees; features as int16 where that holds them."""
        return {
            "feature": self._feature.astype(_feature_type(self.shape)),
            "threshold": self._threshold,
            "right": self._right,
            "start": self._start[:-1],
            "leaves": self._leaves,
        }

    def head(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean of the trees' class probabilities, (n, class), for features (n, step x band)."""
        rows = np.ascontiguousarray(features, np.float32)
        trees = (self._feature, self._threshold, self._right, self._start, self._leaves)
        found = np.empty((len(rows), self.shape.classes), np.float32)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            # Summed in float64 and in the order of the trees, as scikit-learn does: equal votes stay equal.
            sums = np.zeros((len(block), self.shape.classes))
            _add_votes(block, trees, sums)
            found[start : start + _BLOCK] = _narrowed(sums / (len(self._start) - 1))
        return found


def _narrowed(probabilities: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the probabilities as float32 with the same likeliest class: where rounding made a tie, break it again."""
    found = probabilities.astype(np.float32)
    winner = probabilities.argmax(axis=1)
    tied = np.flatnonzero(found.argmax(axis=1) != winner)
    found[tied, winner[tied]] = np.nextafter(found[tied, winner[tied]], np.float32(2))
    return found


def _grown(
    params: ForestParams,
    rows: NDArray[np.float32],
    columns: NDArray[np.intp],
    settings: FitSettings,
    progress: Progress,
) -> RandomForestClassifier:
    """Return the fitted forest; growing it in parts gives the same trees as growing it at once."""
    forest = RandomForestClassifier(
        max_features=min(params.features_per_split, rows.shape[1]) or "sqrt",
        min_samples_leaf=params.min_leaf,
        max_samples=min(params.max_samples, len(rows)) or None,
        random_state=settings.seed,
        n_jobs=settings.threads or -1,
        warm_start=True,
    )
    for done in range(0, params.trees, _TREES_A_REPORT):
        progress.at(done / params.trees, f"Tree {done + 1} of {params.trees}")
        forest.set_params(n_estimators=min(done + _TREES_A_REPORT, params.trees)).fit(rows, columns)
    progress.at(1.0)
    return forest


def _trees(forest: RandomForestClassifier, shape: SeriesShape) -> dict[str, NDArray[np.generic]]:
    if list(forest.classes_) != list(range(shape.classes)):
        raise ModelError(
            f"The forest saw {len(forest.classes_)} of {shape.classes} classes.", fix="Give samples of all."
        )
    trees = [estimator.tree_ for estimator in forest.estimators_]
    feature = np.concatenate([np.where(tree.children_left < 0, -1, tree.feature) for tree in trees])
    leaf = feature < 0
    left = np.concatenate([tree.children_left - np.arange(tree.node_count) for tree in trees])
    if (left[~leaf] != 1).any():
        raise ModelError("This version of scikit-learn orders trees in another way.", fix="Install scikit-learn 1.5.")
    leaves, row = np.unique(np.concatenate([tree.value[:, 0, :] for tree in trees])[leaf], axis=0, return_inverse=True)
    right = np.concatenate([tree.children_right for tree in trees])
    right[leaf] = row.reshape(-1)
    return {
        "feature": feature.astype(_feature_type(shape)),
        "threshold": np.where(leaf, 0.0, floor32(np.concatenate([tree.threshold for tree in trees]))).astype(
            np.float32
        ),
        "right": right.astype(np.int32),
        "start": np.concatenate([[0], np.cumsum([tree.node_count for tree in trees])[:-1]]).astype(np.int64),
        "leaves": leaves,
    }


def _feature_type(shape: SeriesShape) -> type[np.signedinteger]:
    return np.int16 if shape.features <= np.iinfo(np.int16).max else np.int32


def floor32(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 not above each number: `x <= t` says the same of both for every float32 x."""
    near = thresholds.astype(np.float32)
    below = np.nextafter(near, np.float32(-np.inf))
    return np.where(near.astype(np.float64) > thresholds, below, near)


def _check_trees(arrays: Mapping[str, NDArray[np.generic]], shape: SeriesShape) -> None:
    """Refuse trees that would lead the walker outside its arrays or round in circles."""
    nodes = arrays["feature"].shape[0] if "feature" in arrays and arrays["feature"].ndim else 0
    check_arrays(
        arrays,
        {
            "feature": (nodes,),
            "threshold": (nodes,),
            "right": (nodes,),
            "start": (None,),
            "leaves": (None, shape.classes),
        },
    )
    kinds = "".join(arrays[name].dtype.kind for name in ("feature", "threshold", "right", "start", "leaves"))
    if kinds != "ifiif" or not _is_sound(arrays, shape):
        raise PackageError(
            "The forest's trees are damaged: a node leads outside its tree.",
            where="random_forest",
            fix="Train the model again.",
        )


def _is_sound(arrays: Mapping[str, NDArray[np.generic]], shape: SeriesShape) -> bool:
    feature, right, start = (arrays[name].astype(np.int64) for name in ("feature", "right", "start"))
    leaf = feature < 0
    if not len(start) or start[0] != 0 or (np.diff(start) <= 0).any() or start[-1] >= len(feature):
        return False
    sizes = np.diff(np.append(start, len(feature)))
    position = np.arange(len(feature)) - np.repeat(start, sizes)
    size = np.repeat(sizes, sizes)
    # A child stands after its parent and inside its tree, so every walk ends in a leaf.
    inner = (feature < shape.features) & (right > position) & (right < size) & (position + 1 < size)
    outer = (feature == -1) & (right >= 0) & (right < len(arrays["leaves"]))
    return bool(np.where(leaf, outer, inner).all())


@kernel
def _add_votes(rows: NDArray[np.float32], trees: tuple[NDArray[Any], ...], sums: NDArray[np.float64]) -> None:
    """Add every tree's class probabilities of each row to its sums; tree by tree, so that one stays in the cache.

    The unsigned positions spare Numba's test for negative indexes: 1.5 times as fast. Walking several rows at once,
    packed nodes and ranks instead of thresholds were all slower.
    """
    feature, threshold, right, start, leaves = trees
    for tree in range(len(start) - 1):
        first, end = start[tree], start[tree + 1]
        features, thresholds, rights = feature[first:end], threshold[first:end], right[first:end]
        for row in range(rows.shape[0]):
            values = rows[row]
            node = np.uint32(0)
            split = features[node]
            while split >= 0:
                if values[np.uint32(split)] <= thresholds[node]:
                    node += np.uint32(1)
                else:
                    node = np.uint32(rights[node])
                split = features[node]
            leaf = rights[node]
            for column in range(leaves.shape[1]):
                sums[row, column] += leaves[leaf, column]
