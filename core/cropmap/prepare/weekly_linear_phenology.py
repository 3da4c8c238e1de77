"""Weekly linear series whose calendar is moved, so that crops peak when the model expects it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.data.recipe import Recipe, StepUse
from cropmap.prepare import RECIPES
from cropmap.prepare.phenology import REGION, PeakParams
from cropmap.prepare.weekly_linear import WeeklyLinearParams, enough, resampled

if TYPE_CHECKING:
    import datetime as dt

    from cropmap.data.season import Season


@dataclass(frozen=True)
class WeeklyLinearPhenologyParams(PeakParams, WeeklyLinearParams):
    """What `weekly_linear` takes, and how peaks are aligned."""


@RECIPES.register(
    "weekly_linear_phenology",
    title="Weekly, linear, peaks aligned",
    params=WeeklyLinearPhenologyParams,
    citation="Long et al. 2026 (alignment rule ours)",
)
def weekly_linear_phenology(params: WeeklyLinearPhenologyParams, season: Season, dates: tuple[dt.date, ...]) -> Recipe:
    """Move the series so that the greenest day falls on the same day of season, and interpolate at regular steps.

    A region and year is moved as a whole, unless each pixel is asked to be.
    """
    del dates
    aligned = StepUse(
        "phenology", {field.name: getattr(params, field.name) for field in dataclasses.fields(PeakParams)}
    )
    # A region's dates are moved before they are resampled, so nothing is interpolated twice; a pixel's own shift needs
    # its curve first.
    regular = (aligned, resampled(params)) if params.variant == REGION else (resampled(params), aligned)
    return Recipe("weekly_linear_phenology", season, (enough(params), *regular))
