"""How smooth is right: the V-curve's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP = 0.2  # of log10 lambda


def lambdas(lowest: float, highest: float) -> NDArray[np.float64]:
    """Return the lambdas to try, 10^0.2 apart, from the lowest up to at least the highest: two or more."""
    count = max(1, int(np.ceil(np.log10(highest / lowest) / STEP - 1e-9)))
    found: NDArray[np.float64] = lowest * 10 ** (STEP * np.arange(count + 1, dtype=np.float64))
    return found


def best(
    misfit: NDArray[np.float64], roughness: NDArray[np.float64], tried: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the lambda at the V-curve's lowest point, (...,), float64.

    Args:
        misfit: Weighted sum of squared residuals at each lambda tried, (..., lambda).
        roughness: Sum of squared second differences of the fit, (..., lambda).
        tried: The lambdas, (lambda,), each the same factor above the one before.

    The L-curve draws log(misfit) against log(roughness) along lambda; the V-curve is the distance from one of its
    points to the next, over the step in log(lambda). Where it is lowest the L-curve has its corner; the answer is the
    middle (in logs) of the two lambdas there, the lower of equals. A series that every lambda fits without error takes
    the lowest.

    Source: Frasso and Eilers 2015, doi 10.1177/1471082X14549288.
    """
    least = np.finfo(np.float64).tiny
    along = np.diff(np.log(np.maximum(misfit, least)), axis=-1)
    across = np.diff(np.log(np.maximum(roughness, least)), axis=-1)
    lowest = np.argmin(along * along + across * across, axis=-1)
    middles: NDArray[np.float64] = np.sqrt(tried[:-1] * tried[1:])[lowest]
    return middles
