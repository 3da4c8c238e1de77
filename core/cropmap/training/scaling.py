"""Standardisation of bands, fitted on training samples only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cropmap.data.package import Scaling, mask_position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# A band that varies less than float32 can tell from its mean is constant: dividing would only enlarge rounding errors.
_RESOLUTION = 1e-6


def fit_scaling(values: NDArray[np.float32], bands: Sequence[str] = ()) -> Scaling:
    """Return each band's mean and standard deviation, pooled over samples and time.

    Args:
        values: The training samples alone, (sample, step, band), finite.
        bands: Their names. Where the step `mask_channel` added its band, only the steps that were seen are counted,
            and that band stays 0 and 1.

    Returns:
        A scaling; the deviation of a constant band is 1.

    Source: Long et al. 2026: 6 means and 6 deviations, not one for each step, so that the season's shape stays.
    """
    mask = mask_position(bands)
    counted = values.reshape(-1, values.shape[2]) if mask is None else values[values[..., mask] != 0]
    mean = counted.mean(axis=0, dtype=np.float64)
    deviation = np.sqrt(((counted - mean) ** 2).mean(axis=0))
    deviation[deviation <= _RESOLUTION * np.maximum(np.abs(mean), np.finfo(np.float32).tiny)] = 1
    if mask is not None:
        mean[mask], deviation[mask] = 0, 1
    return Scaling(mean.astype(np.float32), deviation.astype(np.float32), mask)
