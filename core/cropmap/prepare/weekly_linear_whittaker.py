"""Weekly linear series, smoothed: what was seen counts more than what was bridged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.contract.params import param
from cropmap.data.recipe import Recipe, StepUse
from cropmap.prepare import RECIPES
from cropmap.prepare.step import SeasonParams
from cropmap.prepare.weekly_linear import WeeklyLinearParams, enough, resampled

if TYPE_CHECKING:
    import datetime as dt

    from cropmap.data.season import Season


@dataclass(frozen=True)
class SmoothingParams(SeasonParams):
    """How smooth; every recipe that ends in the step `whittaker` asks it."""

    smoothing: float = param(
        10.0,
        help="Lambda, the price of a bend: the higher, the smoother. It counts in steps.",
        low=0.0001,
        high=1e9,
    )
    choose: str = param(
        "given",
        title="Choice of lambda",
        help="Take lambda as given, or by V-curve once for the site, or for each pixel and band.",
        choices=("given", "site", "pixel"),
    )


@dataclass(frozen=True)
class WeeklyLinearWhittakerParams(SmoothingParams, WeeklyLinearParams):
    """What `weekly_linear` takes, how smooth, and what a bridged step counts."""

    near_days: int = param(
        8,
        title="Near",
        help="A step this near to a clear observation of the pixel has weight 1.",
        unit="days",
        low=0,
        high=92,
        advanced=True,
    )
    far_weight: float = param(
        0.2, help="Weight of the steps that are farther from any clear observation.", low=0.0, high=1.0, advanced=True
    )


@RECIPES.register(
    "weekly_linear_whittaker",
    title="Weekly, linear, smoothed",
    params=WeeklyLinearWhittakerParams,
    citation="Long et al. 2026; Eilers 2003, doi 10.1021/ac034173t (weights ours)",
)
def weekly_linear_whittaker(params: WeeklyLinearWhittakerParams, season: Season, dates: tuple[dt.date, ...]) -> Recipe:
    """Interpolate linearly at regular steps, then smooth; steps far from any clear observation weigh less."""
    del dates
    weights = {"near_days": params.near_days, "far_weight": params.far_weight}
    smoothed = StepUse("whittaker", {"smoothing": params.smoothing, "choose": params.choose, **weights})
    return Recipe("weekly_linear_whittaker", season, (enough(params), resampled(params), smoothed))
