"""Tell a model which steps rest on an observation, and which on interpolation alone."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import RecipeError
from cropmap.contract.params import param
from cropmap.prepare import STEPS
from cropmap.prepare.step import Step, with_band

if TYPE_CHECKING:
    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season

SEEN_BAND = "seen"


@dataclass(frozen=True)
class SeenChannelParams:
    """How near an observation must be."""

    within_days: int = param(
        4,
        title="Within",
        help="A step counts as seen where the pixel was clear at most this long before or after it.",
        unit="days",
        low=0,
        high=92,
    )


class SeenChannel(Step):
    """Adds a band; it changes no value."""

    def __init__(self, params: SeenChannelParams) -> None:
        self.within_days = params.within_days

    def bands(self, bands: tuple[str, ...]) -> tuple[str, ...]:
        """Return the bands and, last, the new one.

        Raises:
            RecipeError: One of them is called like it already.
        """
        return with_band(bands, SEEN_BAND, "seen_channel")

    def apply(self, series: PixelSeries, season: Season) -> PixelSeries:
        """Return the series with the band added; a pixel that no step could prepare stays NaN throughout.

        Raises:
            RecipeError: Each pixel was moved in time by itself: when it was seen is no longer known.
        """
        del season
        bands, observed = self.bands(series.bands), series.observed
        if observed is None:
            raise RecipeError(
                "Where each pixel was moved by itself, it is no longer known when it was seen.",
                where="step 'seen_channel'",
                fix="Put it before phenology with variant pixel, which moves the band too.",
            )
        values = np.empty((*series.clear.shape, len(bands)), np.float32)
        values[..., :-1] = series.values
        first = np.searchsorted(observed.days, series.days - self.within_days, side="left")
        stop = np.searchsorted(observed.days, series.days + self.within_days, side="right")
        for step in range(len(series.days)):
            values[:, step, -1] = observed.clear[:, first[step] : stop[step]].any(axis=1)
        values[~series.clear.any(axis=1), :, -1] = np.nan
        return dataclasses.replace(series, values=values, bands=bands)


@STEPS.register("seen_channel", title="Seen or not as a band", params=SeenChannelParams, citation="cropmap")
def seen_channel(params: SeenChannelParams) -> Step:
    """Add the band "seen": 1 at steps near a clear observation of the pixel, 0 where values come from farther away.

    Other than `mask_channel` it leaves the values as they are.
    """
    return SeenChannel(params)
