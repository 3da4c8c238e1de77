"""Whether probabilities mean what they say: reliability, expected calibration error, Brier score, log-likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.data.probabilities import tempered
from cropmap.training.temperature import FLOOR, check_columns

if TYPE_CHECKING:
    from cropmap.io.tables import Cell

RELIABILITY_HEADER = ("from", "to", "samples", "confidence", "accuracy")


@dataclass(frozen=True, eq=False)
class Reliability:
    """How often samples of like confidence are right, and what follows from it.

    Confidence is the probability of the likeliest class, the lowest column of equals.

    Args:
        edges: Of the bins of confidence, (bin + 1,), from 0 to 1; a bin holds its upper edge.
        counts: Samples of each bin, (bin,).
        confidence: Mean confidence of each bin, (bin,); NaN where it is empty.
        accuracy: Share of each bin's samples that are right, (bin,); NaN where it is empty.
        ece: Expected calibration error, 0..1: the mean of |accuracy - confidence| over the bins, by their samples. 0
            is best; it grows with the number of bins and shrinks with that of samples, so only equal ones compare.
        brier: Brier score, 0..2: mean over the samples of the squared distance of their probabilities from 1 for the
            true class and 0 for the others.
        nll: Mean negative log-likelihood of the true class; probabilities below 1e-6 count as that much.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    ece: float
    brier: float
    nll: float

    @property
    def gap(self) -> float:
        """Mean confidence less the share that is right: above 0 the model is too sure."""
        known = self.counts > 0
        return float(((self.confidence - self.accuracy)[known] * self.counts[known]).sum() / self.counts.sum())


def reliability(
    probabilities: NDArray[np.floating[Any]], columns: NDArray[np.integer[Any]], bins: int = 15
) -> Reliability:
    """Compare confidence with the share of samples that are right, in bins of equal width.

    Args:
        probabilities: (n, class); rows with NaN count for nothing.
        columns: Column of each sample's true class, (n,); below 0 where it is none of them: such a sample is wrong
            whatever is said of it.
        bins: How many bins.

    Raises:
        SampleError: No sample has probabilities, their numbers differ, or a column is none of the probabilities'.

    Source: Guo et al. 2017, arXiv 1706.04599 (ECE); Brier 1950, doi 10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.
    """
    check_columns(probabilities, columns)
    known = ~np.isnan(probabilities).any(axis=1)
    if not known.any():
        raise SampleError("No sample has probabilities.", fix="Predict some labelled samples.")
    shares, truth = probabilities[known].astype(np.float64), columns[known]
    top = shares.max(axis=1)
    right = shares.argmax(axis=1) == truth
    edges = np.linspace(0.0, 1.0, bins + 1)
    own = np.clip(np.searchsorted(edges, top, side="left") - 1, 0, bins - 1)
    counts = np.bincount(own, minlength=bins)
    confidence = _mean(np.bincount(own, weights=top, minlength=bins), counts)
    accuracy = _mean(np.bincount(own, weights=right, minlength=bins), counts)
    apart = np.where(counts > 0, np.abs(accuracy - confidence), 0.0)
    given = np.where(truth >= 0, shares[np.arange(len(truth)), truth], 0.0)
    return Reliability(
        edges=edges,
        counts=counts,
        confidence=confidence,
        accuracy=accuracy,
        ece=float((apart * counts).sum() / counts.sum()),
        brier=float(((shares**2).sum(axis=1) - 2 * given + 1).mean()),
        nll=float(-np.log(np.maximum(given, FLOOR)).mean()),
    )


def tempered_each(probabilities: NDArray[np.float32], temperatures: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return probabilities, each row tempered by its own temperature; a temperature of NaN gives NaN.

    Args:
        probabilities: (n, class).
        temperatures: (n,), such as `cropmap.training.temperature.cross_fitted` gives.
    """
    found = np.full(probabilities.shape, math.nan, np.float32)
    for temperature in np.unique(temperatures[np.isfinite(temperatures)]).tolist():
        own = temperatures == temperature
        found[own] = tempered(probabilities[own], temperature)
    return found


def reliability_rows(found: Reliability) -> list[tuple[Cell, ...]]:
    """Return the bins as rows of a table, header first."""
    bins = zip(
        found.edges[:-1].tolist(),
        found.edges[1:].tolist(),
        found.counts.tolist(),
        found.confidence.tolist(),
        found.accuracy.tolist(),
        strict=True,
    )
    return [RELIABILITY_HEADER, *bins]


def _mean(sums: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    means: NDArray[np.float64] = np.divide(sums, counts, out=np.full(len(counts), math.nan), where=counts > 0)
    return means
