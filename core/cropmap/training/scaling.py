"""Standardisation of bands, fitted on training samples only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cropmap.data.package import Scaling

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A band that varies less than float32 can tell from its mean is constant: dividing would only enlarge rounding errors.
_RESOLUTION = 1e-6


def fit_scaling(values: NDArray[np.float32]) -> Scaling:
    """Return each band's mean and standard deviation, pooled over samples and time.

    Args:
        values: The training samples alone, (sample, step, band), finite.

    Returns:
        A scaling; the deviation of a constant band is 1.

    Source: Long et al. 2026: 6 means and 6 deviations, not one for each step, so that the season's shape stays.
    """
    mean = values.mean(axis=(0, 1), dtype=np.float64)
    deviation = np.sqrt(((values - mean) ** 2).mean(axis=(0, 1)))
    constant = deviation <= _RESOLUTION * np.maximum(np.abs(mean), np.finfo(np.float32).tiny)
    return Scaling(mean.astype(np.float32), np.where(constant, 1.0, deviation).astype(np.float32))
