"""Tell a model what was seen and what was not, in place of guessing what clouds hid."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropmap.data.cube import CLEAR_BAND
from cropmap.kernels import kernel
from cropmap.prepare import STEPS
from cropmap.prepare.step import Step, with_band

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season


@dataclass(frozen=True)
class MaskChannelParams:
    """Nothing to choose."""


class MaskChannel(Step):
    """Fills gaps with 0 and says where they were."""

    gaps = False

    def bands(self, bands: tuple[str, ...]) -> tuple[str, ...]:
        """Return the bands and, last, the mask.

        Raises:
            RecipeError: One of them is called like the mask already.
        """
        return with_band(bands, CLEAR_BAND, "mask_channel")

    def apply(self, series: PixelSeries, season: Season) -> PixelSeries:
        """Return the series without gaps; a pixel with no clear date is NaN throughout, and no longer valid."""
        del season
        bands = self.bands(series.bands)
        pixels, times, _ = series.values.shape
        values = np.empty((pixels, times, len(bands)), np.float32)
        usable = np.empty(pixels, np.bool_)
        _fill(series.values, series.clear, values, usable)
        return dataclasses.replace(
            series,
            values=values,
            clear=np.repeat(usable[:, np.newaxis], times, axis=1),
            bands=bands,
            valid=series.valid & usable,
            holes=False,
        )


@STEPS.register("mask_channel", title="Mask as a band", params=MaskChannelParams, citation="Long et al. 2026 (ours)")
def mask_channel(params: MaskChannelParams) -> Step:
    """Fill what is not clear with 0, and add the band "clear": 1 where the values were seen, 0 where they were filled.

    A date on which a feature is missing counts as not clear.
    """
    del params
    return MaskChannel()


@kernel
def _fill(
    values: NDArray[np.float32], clear: NDArray[np.bool_], made: NDArray[np.float32], usable: NDArray[np.bool_]
) -> None:
    """Fill in the values with the mask as their last band, and which pixels have a clear date."""
    pixels, times, bands = values.shape
    for pixel in range(pixels):
        usable[pixel] = False
        for time in range(times):
            seen = clear[pixel, time]
            for band in range(bands):
                seen &= np.isfinite(values[pixel, time, band])
            usable[pixel] |= seen
            for band in range(bands):
                made[pixel, time, band] = values[pixel, time, band] if seen else np.float32(0)
            made[pixel, time, bands] = np.float32(seen)
        if not usable[pixel]:
            made[pixel] = np.nan
