"""What samples' series tell of the land: without what a mask hid, and without the band that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cropmap.data.cube import CLEAR_BAND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.samples import SampleSet


def measured(samples: SampleSet) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the bands that hold values of the land, and their values: NaN where the band `clear` says they are filled.

    Returns:
        Band names, (band,); values, (sample, step, band), float64.
    """
    values = samples.values.astype(np.float64)
    if CLEAR_BAND not in samples.bands:
        return samples.bands, values
    place = samples.bands.index(CLEAR_BAND)
    values[samples.values[:, :, place] <= 0] = np.nan
    kept = [position for position in range(len(samples.bands)) if position != place]
    return tuple(samples.bands[position] for position in kept), values[:, :, kept]
