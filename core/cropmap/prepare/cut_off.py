"""Forget what was acquired after the season's end, so that a model can be asked before later images exist."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropmap.data.cube import Observations
from cropmap.prepare import STEPS
from cropmap.prepare.step import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season


@dataclass(frozen=True)
class CutOffParams:
    """Nothing to choose."""


class CutOff(Step):
    """Drops dates; it changes no value."""

    def apply(self, series: PixelSeries, season: Season) -> PixelSeries:
        """Return the series without the dates after the season's end, those of its observations included.

        Where all dates are after it the first one is kept, not clear for any pixel.
        """
        values, clear, days = series.values, series.clear, series.days
        kept = _kept(days, season)
        cut = np.ascontiguousarray(values[:, :kept]), _seen(clear, days, season), days[:kept]
        observed = series.observed
        if observed is not None:
            # A native series tells that its dates are the images' own by sharing the array of days.
            own = cut[2] if series.native else observed.days[: _kept(observed.days, season)]
            observed = Observations(_seen(observed.clear, observed.days, season), own)
        return dataclasses.replace(series, values=cut[0], clear=cut[1], days=cut[2], observed=observed)


@STEPS.register("cut_off", title="Nothing after the season", params=CutOffParams, citation="cropmap")
def cut_off(params: CutOffParams) -> Step:
    """Forget all acquisitions after the season's end, so that a season still under way and one long past look alike.

    It is the first step of the recipes that `early_season` makes: other steps let a few weeks after the season support
    its last days.
    """
    del params
    return CutOff()


def _kept(days: NDArray[np.int32], season: Season) -> int:
    return max(1, int(np.searchsorted(days, season.length_days, side="right")))


def _seen(clear: NDArray[np.bool_], days: NDArray[np.int32], season: Season) -> NDArray[np.bool_]:
    """Return where the kept dates are clear, (pixel, date)."""
    kept = _kept(days, season)
    return np.ascontiguousarray(clear[:, :kept] & (days[:kept] <= season.length_days))
