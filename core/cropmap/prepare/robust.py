"""Weights that trust outliers less: fit, look at the residuals, fit again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cropmap.kernels import fused_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROBUST = ("none", "bisquare", "upper")
ITERATIONS = 3
# Tukey's constant: 95 % of the efficiency of least squares where the noise is Gaussian.
TUKEY = 4.685
# What a median absolute residual is multiplied by to estimate the standard deviation of Gaussian noise.
MAD_TO_SIGMA = 1.4826


def reweigh(residuals: NDArray[np.float32], weights: NDArray[np.float64], method: str) -> NDArray[np.float64]:
    """Return the weights for the next fit; each pixel and band has its own.

    Args:
        residuals: Observation minus fit, (pixel, time, band), float32; where the weight is 0 they mean nothing and may
            be NaN or infinite.
        weights: Of the first fit, not of the last one, (pixel, time, 1) or (pixel, time, band), float64; 0 where there
            is no observation.
        method: "bisquare" multiplies them by (1 - (r / 4.685 s)^2)^2 within 4.685 s and by 0 beyond, where s is 1.4826
            times the median of |r| over the observations with a weight; where that median is 0 they stay. "upper"
            multiplies those of observations below the fit by 1 - |r| / max |r|, and keeps the others.

    Returns:
        (pixel, time, band), float64. A usual start is the plain fit, followed by `ITERATIONS` rounds of this and a fit.

    Sources: bisquare, Beaton and Tukey 1974 (doi 10.1080/00401706.1974.10489171); upper, Chen et al. 2004
    (doi 10.1016/j.rse.2004.03.014), whose weights these are.
    """
    made = np.empty(residuals.shape, np.float64)
    _reweigh(residuals, weights, method == "upper", made)
    return made


@fused_kernel
def _reweigh(
    residuals: NDArray[np.float32],
    weights: NDArray[np.float64],
    upper: bool,  # noqa: FBT001 - kernels know no names
    made: NDArray[np.float64],
) -> None:
    """Fill in the new weights."""
    pixels, times, bands = residuals.shape
    columns = weights.shape[2]
    sizes = np.empty(times, np.float64)
    for pixel in range(pixels):
        for band in range(bands):
            column = min(band, columns - 1)
            count = 0
            for time in range(times):
                sizes[count] = abs(residuals[pixel, time, band])
                count += weights[pixel, time, column] > 0
            scale = _scale(sizes[:count], upper)
            for time in range(times):
                weight = weights[pixel, time, column]
                share = residuals[pixel, time, band] * scale if weight > 0 else 0.0
                made[pixel, time, band] = weight * _trust(share, upper)


@fused_kernel
def _scale(sizes: NDArray[np.float64], upper: bool) -> float:  # noqa: FBT001
    """Return 1 over the size of residual that loses all weight; 0 where there is none."""
    if not len(sizes):
        return 0.0
    limit = np.max(sizes) if upper else TUKEY * MAD_TO_SIGMA * np.median(sizes)
    return float(1 / limit) if limit > 0 else 0.0


@fused_kernel
def _trust(share: float, upper: bool) -> float:  # noqa: FBT001
    """Return what an observation keeps of its weight, its residual being this share of the one that loses all."""
    if upper:
        return 1 + share if share < 0 else 1.0
    inside = max(1 - share * share, 0.0)
    return inside * inside
