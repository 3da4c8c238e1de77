"""Weekly linear series whose calendar is moved, so that crops peak when the model expects it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.contract.params import param
from cropmap.data.recipe import Recipe, StepUse
from cropmap.prepare import RECIPES
from cropmap.prepare.weekly_linear import WeeklyLinearParams, enough, resampled

if TYPE_CHECKING:
    import datetime as dt

    from cropmap.data.season import Season


@dataclass(frozen=True)
class WeeklyLinearPhenologyParams(WeeklyLinearParams):
    """What `weekly_linear` takes, and how peaks are aligned."""

    variant: str = param(
        "region",
        help="Move all pixels of a region and year by the same days, which keeps the crops' own difference in timing, "
        "or each pixel by its own.",
        choices=("region", "pixel"),
    )
    index: str = param("evi", help="Vegetation index whose peak counts.", choices=("evi", "gcvi", "ndvi"))
    target_day: int = param(
        -1,
        title="Peak day",
        help="Day of season that the peaks are moved to; -1 for the median peak of the first site prepared.",
        unit="days",
        low=-1,
        high=731,
        advanced=True,
    )
    from_day: str = param(
        "06-01", title="Earliest peak", help="Month and day, MM-DD, of the season's own year.", advanced=True
    )
    to_day: str = param(
        "09-10",
        title="Latest peak",
        help="Month and day, MM-DD; before the earliest: a year later.",
        advanced=True,
    )
    min_amplitude: float = param(
        0.2,
        title="Amplitude",
        help="A pixel whose smoothed index varies less than this has no peak. 0.2 suits EVI and NDVI, 1 suits GCVI.",
        low=0,
        high=50,
        advanced=True,
    )
    roles: list[str] = param(
        [],
        kind="texts",
        title="Band roles",
        help='Bands whose names do not tell what they are: "red=B4".',
        advanced=True,
    )


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
    own = ("variant", "index", "target_day", "from_day", "to_day", "min_amplitude", "roles")
    aligned = StepUse("phenology", {name: getattr(params, name) for name in own})
    # A region's dates are moved before they are resampled, so nothing is interpolated twice; a pixel's own shift needs
    # its curve first.
    regular = (aligned, resampled(params)) if params.variant == "region" else (resampled(params), aligned)
    return Recipe("weekly_linear_phenology", season, (enough(params), *regular))
