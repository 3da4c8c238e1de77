"""The default recipe: clear observations, resampled linearly every seven days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.contract.params import param
from cropmap.data.recipe import Recipe, StepUse
from cropmap.prepare import RECIPES
from cropmap.prepare.enough_clear import EnoughClearParams
from cropmap.prepare.linear import SUPPORT_DAYS
from cropmap.prepare.step import SeasonParams

if TYPE_CHECKING:
    import datetime as dt

    from cropmap.data.season import Season


@dataclass(frozen=True)
class SteppedParams(SeasonParams):
    """The season, and how far its steps lie apart."""

    step_days: int = param(7, title="Step", help="Days from one step to the next.", unit="days", low=1, high=92)


@dataclass(frozen=True)
class WeeklyLinearParams(EnoughClearParams, SteppedParams):
    """The season, the step, and which pixels are well enough observed."""


@RECIPES.register("weekly_linear", title="Weekly, linear", params=WeeklyLinearParams, citation="Long et al. 2026")
def weekly_linear(params: WeeklyLinearParams, season: Season, dates: tuple[dt.date, ...]) -> Recipe:
    """Interpolate the clear observations linearly at regular steps, every seven days unless told otherwise.

    Clear dates outside the season support it from as far as the longest gap allows.
    """
    del dates
    return Recipe("weekly_linear", season, (enough(params), resampled(params)))


def enough(params: EnoughClearParams) -> StepUse:
    """Return the step that refuses pixels with too little support, as a recipe's parameters ask for it."""
    return StepUse("enough_clear", {"min_clear": params.min_clear, "max_gap_days": params.max_gap_days})


def resampled(params: WeeklyLinearParams) -> StepUse:
    """Return the step that interpolates linearly; clear dates from as far as the longest gap support the season."""
    return StepUse("linear", {"step_days": params.step_days, "support_days": params.max_gap_days or SUPPORT_DAYS})
