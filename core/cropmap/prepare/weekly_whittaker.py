"""Smoothed weekly series straight from the clear observations: clouds weigh nothing, nothing is bridged first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.contract.params import param
from cropmap.data.recipe import Recipe, StepUse
from cropmap.prepare import RECIPES
from cropmap.prepare.enough_clear import EnoughClearParams
from cropmap.prepare.raw_whittaker import DailySmoothingParams
from cropmap.prepare.robust import ROBUST
from cropmap.prepare.weekly_linear import SteppedParams, enough

if TYPE_CHECKING:
    import datetime as dt

    from cropmap.data.season import Season


@dataclass(frozen=True)
class WeeklyWhittakerParams(DailySmoothingParams, EnoughClearParams, SteppedParams):
    """The season, the step, which pixels are well enough observed, how smooth, and what outliers count."""

    robust: str = param(
        "none",
        title="Outliers",
        help="Fit again with less weight for observations far from the curve: on both sides (bisquare), or below it, "
        "where missed clouds and shadows put a vegetation index (upper).",
        choices=ROBUST,
    )


@RECIPES.register(
    "weekly_whittaker",
    title="Weekly, smoothed from the observations",
    params=WeeklyWhittakerParams,
    citation="Eilers 2003, doi 10.1021/ac034173t (recipe ours)",
)
def weekly_whittaker(params: WeeklyWhittakerParams, season: Season, dates: tuple[dt.date, ...]) -> Recipe:
    """Draw a smooth curve through the clear observations on their own dates, and take it at regular steps."""
    del dates
    curve = {"smoothing": params.smoothing, "choose": params.choose, "robust": params.robust}
    smoothed = StepUse("whittaker", {**curve, "grid_days": 1, "step_days": params.step_days})
    return Recipe("weekly_whittaker", season, (enough(params), smoothed))
