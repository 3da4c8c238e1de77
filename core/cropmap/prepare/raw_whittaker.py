"""Smoothed values at the images' own dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.contract.params import param
from cropmap.data.recipe import Recipe, StepUse
from cropmap.prepare import RECIPES
from cropmap.prepare.raw import NativeParams, half_spacing, native_days, seen_enough
from cropmap.prepare.weekly_linear_whittaker import SmoothingParams

if TYPE_CHECKING:
    import datetime as dt

    from cropmap.data.season import Season


@dataclass(frozen=True)
class DailySmoothingParams(SmoothingParams):
    """How smooth a curve on a daily grid is."""

    smoothing: float = param(
        200.0,
        help="Lambda, the price of a bend: the higher, the smoother. It counts in days; 343 is what 1 is at 7 days.",
        low=0.0001,
        high=1e9,
    )


@dataclass(frozen=True)
class RawWhittakerParams(DailySmoothingParams, NativeParams):
    """The season, which pixels are seen often enough, how smooth, and whether to tell what was seen."""

    keep_mask: bool = param(
        False,
        title="Mask as a band",
        help='Add the band "seen": 1 on dates near a clear observation of the pixel, 0 where the curve alone tells.',
    )


@RECIPES.register(
    "raw_whittaker",
    title="Raw dates, smoothed",
    params=RawWhittakerParams,
    citation="Long et al. 2026; Eilers 2003, doi 10.1021/ac034173t",
)
def raw_whittaker(params: RawWhittakerParams, season: Season, dates: tuple[dt.date, ...]) -> Recipe:
    """Draw a smooth curve through the clear observations, and take it at the images' own dates.

    The days of season are fixed when the recipe is made, so another year gives the same days.
    """
    curve = {"smoothing": params.smoothing, "choose": params.choose, "grid_days": 1}
    steps = [seen_enough(params), StepUse("whittaker", {**curve, "days": native_days(season, dates)})]
    if params.keep_mask:
        steps.append(StepUse("seen_channel", {"within_days": half_spacing(dates)}))
    return Recipe("raw_whittaker", season, tuple(steps))
