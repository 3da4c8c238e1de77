"""Decision trees as plain arrays, whoever grew them: checked when they are read, walked by Numba."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import PackageError
from cropmap.kernels import kernel
from cropmap.models.base import check_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAMES = ("feature", "threshold", "right", "start", "leaves")
# A block's features and sums stay in the second-level cache while every tree passes over them; shallow trees are so
# quick that they want them in the first.
BLOCK, SHALLOW_BLOCK = 4096, 64
# Deepest trees that are laid out in full: 256 leaves.
_SHALLOW = 8


@dataclass(frozen=True)
class Trees:
    """Trees one after the other, nodes in depth-first order, so that a node's left child follows it.

    Args:
        feature: The feature that each node splits, -1 for a leaf, (node,), int32.
        threshold: Of each node, (node,), float32: left where the value is not above it.
        right: The right child's position in its tree, or a leaf's row in `leaves`, (node,), int32.
        start: Position of each root, and one more: the end of the last tree, (tree + 1,), int64.
        leaves: What distinct leaves give, (row, number), float32 or float64.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    right: NDArray[np.int32]
    start: NDArray[np.int64]
    leaves: NDArray[np.floating[Any]]

    def __len__(self) -> int:
        return len(self.start) - 1

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray[np.generic]], features: int, numbers: int, where: str) -> Trees:
        """Return the trees that a package holds.

        Args:
            arrays: By `NAMES`, and nothing else; `start` without the end of the last tree.
            features: How many a series has.
            numbers: How many a leaf gives.
            where: The model's name, for messages.

        Raises:
            PackageError: An array is missing, unknown, of another shape or kind, or leads the walk outside its tree.
        """
        _check(arrays, features, numbers, where)
        feature = arrays["feature"].astype(np.int32)
        leaves: NDArray[Any] = np.ascontiguousarray(arrays["leaves"])
        return cls(
            feature,
            arrays["threshold"].astype(np.float32),
            arrays["right"].astype(np.int32),
            np.append(arrays["start"].astype(np.int64), len(feature)),
            leaves,
        )

    def arrays(self, features: int) -> dict[str, NDArray[np.generic]]:
        """Return the trees as a package holds them; features as int16 where that holds them."""
        return {
            "feature": self.feature.astype(np.int16 if features <= np.iinfo(np.int16).max else np.int32),
            "threshold": self.threshold,
            "right": self.right,
            "start": self.start[:-1],
            "leaves": self.leaves,
        }

    def add_to(self, sums: NDArray[np.floating[Any]], rows: NDArray[np.float32], columns: NDArray[np.int64]) -> None:
        """Add what each tree's leaf gives for each row, tree by tree.

        Args:
            sums: (row, column), of the leaves' type; changed.
            rows: (row, feature), C-contiguous, finite.
            columns: Column of the sums that the first number of each tree's leaves belongs to, (tree,).
        """
        trees = (self.feature, self.threshold, self.right, self.start, self.leaves)
        for start in range(0, len(rows), BLOCK):
            _add_leaves(rows[start : start + BLOCK], trees, columns, sums[start : start + BLOCK])


@dataclass(frozen=True)
class ShallowTrees:
    """Trees of one number a leaf, filled up so that every walk takes the same number of turns, without a branch.

    Args:
        feature: The feature that each node splits, (tree, 2 ** depth - 1), int32, level by level: the children of node
            i are 2 i + 1 and 2 i + 2.
        threshold: Of each node, float32, of the same shape: right where the value is above it.
        leaves: What each leaf gives, (tree, 2 ** depth), from left to right.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    leaves: NDArray[np.floating[Any]]

    def add_to(self, sums: NDArray[np.floating[Any]], rows: NDArray[np.float32], columns: NDArray[np.int64]) -> None:
        """Add what each tree's leaf gives for each row, as `Trees.add_to` does: the same bytes, six times as fast."""
        trees = (self.feature, self.threshold, self.leaves)
        for start in range(0, len(rows), SHALLOW_BLOCK):
            block = slice(start, start + SHALLOW_BLOCK)
            _add_shallow(rows[block], trees, columns, sums[block])


def shallow(trees: Trees) -> ShallowTrees | None:
    """Return trees of one number a leaf filled up; None where one is deeper than 8 splits."""
    node = trees.start[:-1, np.newaxis]
    features, thresholds = [np.empty((len(trees), 0), np.int32)], [np.empty((len(trees), 0), np.float32)]
    for _ in range(_SHALLOW + 1):
        leaf = trees.feature[node] < 0
        if leaf.all():
            leaves = trees.leaves[trees.right[node], 0]
            return ShallowTrees(np.concatenate(features, axis=1), np.concatenate(thresholds, axis=1), leaves)
        # Below a leaf all ways lead to it.
        features.append(np.where(leaf, 0, trees.feature[node]).astype(np.int32))
        thresholds.append(np.where(leaf, np.float32(np.inf), trees.threshold[node]))
        left = np.where(leaf, node, node + 1)
        right = np.where(leaf, node, trees.start[:-1, np.newaxis] + trees.right[node])
        node = np.stack([left, right], axis=2).reshape(len(trees), -1)
    return None


def joined(trees: Sequence[tuple[NDArray[Any], ...]], leaves: NDArray[np.floating[Any]]) -> Trees:
    """Return trees given one by one as one value.

    Args:
        trees: Of each its features, -1 for a leaf, (node,); its thresholds, float32; and its right children, in
            depth-first order. What stands at leaves in the last two does not matter.
        leaves: What each leaf gives, (leaf, number), in the order of trees and nodes.
    """
    feature, threshold, right = (np.concatenate(parts) for parts in zip(*trees, strict=True))
    leaf = feature < 0
    distinct, row = _distinct(leaves)
    found = right.astype(np.int32)
    found[leaf] = row
    return Trees(
        feature.astype(np.int32),
        np.where(leaf, np.float32(0), threshold).astype(np.float32),
        found,
        np.append(0, np.cumsum([len(tree[0]) for tree in trees])).astype(np.int64),
        distinct,
    )


def _distinct(leaves: NDArray[np.floating[Any]]) -> tuple[NDArray[np.floating[Any]], NDArray[np.intp]]:
    """Return the distinct rows, and which of them each row is; to sort numbers made of rows is quicker than rows."""
    mixed = np.zeros(len(leaves), np.uint64)
    for column in np.ascontiguousarray(leaves.T, np.float64).view(np.uint64):
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + (column ^ (column >> np.uint64(32)))
    _, first, row = np.unique(mixed, return_index=True, return_inverse=True)
    distinct = leaves[first]
    if np.array_equal(distinct[row], leaves):
        return distinct, row
    distinct, row = np.unique(leaves, axis=0, return_inverse=True)  # two rows made one number
    return distinct, row.reshape(-1)


def class_weights(columns: NDArray[np.intp]) -> dict[int, float]:
    """Return the weight of each class's samples with which all classes together count the same; their mean is 1."""
    counts = np.bincount(columns)
    return {column: len(columns) / (len(counts) * count) for column, count in enumerate(counts.tolist()) if count}


def narrowed(probabilities: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the probabilities as float32 with the same likeliest class: where rounding made a tie, break it again."""
    found = probabilities.astype(np.float32)
    winner = probabilities.argmax(axis=1)
    tied = np.flatnonzero(found.argmax(axis=1) != winner)
    found[tied, winner[tied]] = np.nextafter(found[tied, winner[tied]], np.float32(2))
    return found


def _check(arrays: Mapping[str, NDArray[np.generic]], features: int, numbers: int, where: str) -> None:
    """Refuse trees that would lead the walker outside its arrays or round in circles."""
    nodes = arrays["feature"].shape[0] if "feature" in arrays and arrays["feature"].ndim else 0
    shapes = ((nodes,), (nodes,), (nodes,), (None,), (None, numbers))
    check_arrays(arrays, dict(zip(NAMES, shapes, strict=True)))
    kinds = "".join(arrays[name].dtype.kind for name in NAMES)
    if kinds != "ifiif" or not _is_sound(arrays, features):
        raise PackageError(
            "The model's trees are damaged: a node leads outside its tree.", where=where, fix="Train the model again."
        )


def _is_sound(arrays: Mapping[str, NDArray[np.generic]], features: int) -> bool:
    feature, right, start = (arrays[name].astype(np.int64) for name in ("feature", "right", "start"))
    leaf = feature < 0
    if not len(start) or start[0] != 0 or (np.diff(start) <= 0).any() or start[-1] >= len(feature):
        return False
    sizes = np.diff(np.append(start, len(feature)))
    position = np.arange(len(feature)) - np.repeat(start, sizes)
    size = np.repeat(sizes, sizes)
    # A child stands after its parent and inside its tree, so every walk ends in a leaf.
    inner = (feature < features) & (right > position) & (right < size) & (position + 1 < size)
    outer = (feature == -1) & (right >= 0) & (right < len(arrays["leaves"]))
    return bool(np.where(leaf, outer, inner).all())


@kernel
def _add_leaves(
    rows: NDArray[np.float32],
    trees: tuple[NDArray[Any], ...],
    columns: NDArray[np.int64],
    sums: NDArray[np.floating[Any]],
) -> None:
    """Add every tree's leaf of each row to its sums; tree by tree, so that one stays in the cache.

    The unsigned positions spare Numba's test for negative indexes: 1.5 times as fast. Walking several rows at once,
    packed nodes and ranks instead of thresholds were all slower.
    """
    feature, threshold, right, start, leaves = trees
    for tree in range(len(start) - 1):
        first, end = start[tree], start[tree + 1]
        features, thresholds, rights = feature[first:end], threshold[first:end], right[first:end]
        column = np.uint64(columns[tree])
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
            for number in range(leaves.shape[1]):
                sums[row, column + np.uint64(number)] += leaves[leaf, number]


@kernel
def _add_shallow(
    rows: NDArray[np.float32],
    trees: tuple[NDArray[Any], ...],
    columns: NDArray[np.int64],
    sums: NDArray[np.floating[Any]],
) -> None:
    """Add every tree's leaf of each row to its sums; where to go next is computed, so no guess of the way can fail."""
    feature, threshold, leaves = trees
    flat, width = rows.reshape(rows.size), np.uint64(rows.shape[1])
    inner = np.uint32(feature.shape[1])
    for tree in range(len(feature)):
        features, thresholds, gives = feature[tree], threshold[tree], leaves[tree]
        column = np.uint64(columns[tree])
        for row in range(rows.shape[0]):
            first = np.uint64(row) * width
            node = np.uint32(0)
            while node < inner:
                above = flat[first + np.uint64(np.uint32(features[node]))] > thresholds[node]
                node = np.uint32(2) * node + np.uint32(1) + np.uint32(above)
            sums[row, column] += gives[node - inner]
