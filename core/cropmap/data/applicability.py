"""Which series are like those that a model learnt from, and how far from them any other is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import ModelError
from cropmap.data.legend import NODATA

# What is compared: the numbers that the model is given, or the features that its head decides on.
INPUTS, FEATURES = "inputs", "features"
SPACES = (INPUTS, FEATURES)
# Percent of the threshold that a map's layer can tell; what is farther counts as this far.
FARTHEST = NODATA - 1
# Rows compared at a time: a few MB of distances. Fewer are filled up, so that a row's distance is computed in the same
# way wherever it stands, and a map does not depend on its blocks.
_ROWS = 1024
_KINDS = "fiu"


@dataclass(frozen=True, eq=False)
class Applicability:
    """The training series that others are compared with, and from which distance on a series is outside.

    A series' dissimilarity index is its distance to the nearest reference row over the mean distance between two
    training series. All distances are Euclidean, of features less `centre`, times `factors`.

    Args:
        space: What is compared: one of `SPACES`.
        centre: Mean of the training series, (feature,), float32.
        factors: Importance of each feature over its deviation, (feature,), float32; 0: it does not count.
        reference: Training series, less the centre, times the factors, (row, feature), float32.
        mean_distance: Between two training series.
        threshold: Largest index of what is inside.
        beyond: Share of the training series whose index, against those of other folds alone, is above the threshold.

    Raises:
        ModelError: Shapes that disagree, numbers that are not finite, or a distance or threshold not above 0.

    Source: Meyer & Pebesma 2021, doi:10.1111/2041-210X.13650.
    """

    space: str
    centre: NDArray[np.float32]
    factors: NDArray[np.float32]
    reference: NDArray[np.float32]
    mean_distance: float
    threshold: float
    beyond: float

    def __post_init__(self) -> None:
        wrong = self._wrong()
        if wrong:
            raise ModelError(f"The area of applicability has {wrong}.", fix="Fit it again on the training samples.")

    def _wrong(self) -> str:
        if self.space not in SPACES:
            return f"no space {self.space!r}"
        if not all(math.isfinite(number) and number > 0 for number in (self.mean_distance, self.threshold)):
            return f"the mean distance {self.mean_distance} and the threshold {self.threshold}"
        return self._wrong_arrays() if 0 <= self.beyond <= 1 else f"a share beyond the threshold of {self.beyond}"

    def _wrong_arrays(self) -> str:
        arrays = (self.centre, self.factors, self.reference)
        if self.reference.ndim != 2 or not self.reference.size or self.centre.shape != self.reference.shape[1:]:
            return f"a centre of shape {self.centre.shape} and a reference of shape {self.reference.shape}"
        if self.factors.shape != self.centre.shape or any(array.dtype.kind not in _KINDS for array in arrays):
            return f"factors of shape {self.factors.shape}, or arrays that are no real numbers"
        if not all(np.isfinite(array).all() for array in arrays) or not self.factors.any() or (self.factors < 0).any():
            return "numbers that are not finite, or factors that are below 0 or all 0"
        return ""

    def index(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the dissimilarity index, (n,), 0 or more, of features, (n, feature); NaN where one is not finite.

        Raises:
            ModelError: The rows have another number of features.
        """
        if rows.ndim != 2 or rows.shape[1] != len(self.centre):
            raise ModelError(
                f"The area of applicability compares {len(self.centre)} features; the series have shape {rows.shape}.",
                fix="Give what the model is given, or its features, as it says.",
            )
        found = np.full(len(rows), np.nan)
        usable = np.isfinite(rows).all(axis=1)
        found[usable] = nearest(self.standardised(rows[usable]), self.reference) / self.mean_distance
        return found

    def standardised(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return features less the centre, times the factors, (n, feature), float32."""
        with np.errstate(over="ignore"):
            found: NDArray[np.float32] = ((rows - self.centre) * self.factors).astype(np.float32)
        return found

    def percent(self, index: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return indexes as whole percent of the threshold, rounded up, so that what is outside is above 100.

        Args:
            index: (n,); NaN becomes NODATA.

        Returns:
            (n,), uint8, 0..254; 254 also stands for more.
        """
        known = ~np.isnan(index)
        found = np.full(len(index), NODATA, np.uint8)
        # What arithmetic adds in the last digits must not lift the threshold itself above 100.
        shares = np.round(index[known] / self.threshold * 100, 3)
        found[known] = np.minimum(np.ceil(shares), FARTHEST).astype(np.uint8)
        return found


def of_inputs(area: Applicability | None) -> Applicability | None:
    """Return the area where it compares inputs, else None: for a model whose features are no more those it compares."""
    return None if area is not None and area.space == FEATURES else area


def nearest(rows: NDArray[np.float32], reference: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the Euclidean distance, (n,), of each row, (n, feature), to the nearest of others, (m, feature).

    The nearest is found by matrix products, and its distance computed from the differences, so that that of a row to
    itself is 0. A row that is too far for float32 is infinitely far.
    """
    found = np.empty(len(rows), np.float64)
    half_squares = (reference.astype(np.float64) ** 2).sum(axis=1, keepdims=True).astype(np.float32) / 2
    # The nearest is the largest of x r - r r / 2; the column of ones brings the second term into the product.
    others = np.concatenate([reference, -half_squares], axis=1, dtype=np.float32).T
    filled = np.ones((_ROWS, len(others)), np.float32)
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS]
        filled[: len(part), :-1] = part
        with np.errstate(over="ignore", invalid="ignore"):
            closest = (filled @ others)[: len(part)].argmax(axis=1)
            differences = part.astype(np.float64) - reference[closest]
            found[start : start + _ROWS] = np.sqrt(np.einsum("rf,rf->r", differences, differences))
    found[np.isnan(found)] = np.inf
    return found
