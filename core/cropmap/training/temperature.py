"""The temperature that makes probabilities mean what they say, fitted on samples that the model has not seen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize_scalar

from cropmap.contract.errors import SampleError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Outside of it probabilities are as good as certain, or as good as uniform.
LOWEST, HIGHEST = 0.05, 20.0
# A probability of 0 would make any mistake cost infinitely much; a forest of 500 trees tells shares of 0.002 apart.
FLOOR = 1e-6


def fit_temperature(probabilities: NDArray[np.floating[Any]], columns: NDArray[np.integer[Any]]) -> float:
    """Return the temperature under which the true classes are likeliest.

    It minimises the mean cross-entropy of `cropmap.data.probabilities.tempered`, which is convex in 1 / temperature, so
    there is one answer whatever the start; it lies between 0.05 and 20. Probabilities below 1e-6 count as that much.
    Of n samples and k classes a true class counts (n + 1) / (n + k) and each other one 1 / (n + k): n samples that are
    all right are no proof of certainty.

    Args:
        probabilities: (n, class), of samples that the model has not seen; rows with NaN count for nothing.
        columns: Column of each sample's true class, (n,); below 0 where it is none of the columns, which counts for
            nothing.

    Returns:
        The temperature: above 1 where the model is too sure, below 1 where it is not sure enough.

    Raises:
        SampleError: No sample has both a true class and probabilities, their numbers differ, or a column is none of
            the probabilities'.

    Source: Guo et al. 2017, arXiv 1706.04599; the smoothed targets: Platt 1999, Probabilistic outputs for support
    vector machines, for more than two classes.
    """
    check_columns(probabilities, columns)
    known = (columns >= 0) & ~np.isnan(probabilities).any(axis=1)
    if not known.any():
        raise SampleError("No sample is left to fit a temperature on.", fix="Hold some labelled samples back.")
    scores = np.log(np.maximum(probabilities[known].astype(np.float64), FLOOR))
    scores -= scores.max(axis=1, keepdims=True)
    count, classes = scores.shape
    own = scores[np.arange(count), columns[known]]
    # Targets of 1 / (n + k) for every class, and n / (n + k) more for the true one.
    aimed = float((scores.sum(axis=1) + count * own).mean()) / (count + classes)

    def loss(inverse: float) -> float:
        return float(np.log(np.exp(scores * inverse).sum(axis=1)).mean() - inverse * aimed)

    found = minimize_scalar(loss, bounds=(1 / HIGHEST, 1 / LOWEST), method="bounded", options={"xatol": 1e-9})
    return float(1 / found.x)


def check_columns(probabilities: NDArray[np.floating[Any]], columns: NDArray[np.integer[Any]]) -> None:
    """Refuse true classes, (n,), that do not fit probabilities, (n, class).

    Raises:
        SampleError: Their numbers differ, or a column is beyond the last class.
    """
    if probabilities.ndim != 2 or len(probabilities) != len(columns):
        raise SampleError(
            f"Probabilities of shape {probabilities.shape} meet {len(columns)} true classes.",
            fix="Give one row of probabilities for each sample.",
        )
    if (columns >= probabilities.shape[1]).any():
        raise SampleError(
            f"A true class stands in column {columns.max()}; the probabilities have {probabilities.shape[1]} columns.",
            fix="Count columns from 0; give -1 for a class that has none.",
        )


def cross_fitted(
    probabilities: NDArray[np.floating[Any]], columns: NDArray[np.integer[Any]], folds: NDArray[np.integer[Any]]
) -> NDArray[np.float64]:
    """Return the temperature for each sample, fitted on the samples of all other folds, (n,).

    So a calibration can be judged on the samples that a cross-validation predicted, and none judges the temperature
    that it helped to fit.

    Args:
        probabilities: Out-of-fold probabilities, (n, class).
        columns: Column of each sample's true class, (n,); below 0 where it is none.
        folds: Fold of each sample, (n,); below 0 where it has none: its temperature is NaN.

    Raises:
        SampleError: Fewer than two folds, or as `fit_temperature`.
    """
    numbers = np.unique(folds[folds >= 0]).tolist()
    if len(numbers) < 2:
        raise SampleError(
            f"Temperatures are fitted across folds; there are {len(numbers)}.", fix="Cross-validate with two or more."
        )
    found = np.full(len(columns), math.nan)
    for number in numbers:
        others = (folds >= 0) & (folds != number)
        found[folds == number] = fit_temperature(probabilities[others], columns[others])
    return found
