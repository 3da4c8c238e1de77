"""One value a month: linear interpolation at the middle of each month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.contract.errors import RecipeError
from cropmap.data.recipe import Recipe, StepUse
from cropmap.prepare import RECIPES
from cropmap.prepare.enough_clear import EnoughClearParams
from cropmap.prepare.linear import SUPPORT_DAYS
from cropmap.prepare.step import SeasonParams
from cropmap.prepare.weekly_linear import enough

if TYPE_CHECKING:
    import datetime as dt

    from cropmap.data.season import Season

MID_MONTH = 15


@dataclass(frozen=True)
class LinearMonthlyParams(EnoughClearParams, SeasonParams):
    """The season, and which pixels are well enough observed."""


@RECIPES.register("linear_monthly", title="Monthly, linear", params=LinearMonthlyParams, citation="Long et al. 2026")
def linear_monthly(params: LinearMonthlyParams, season: Season, dates: tuple[dt.date, ...]) -> Recipe:
    """Interpolate the clear observations linearly at the 15th of each month of the season.

    The days of season are fixed when the recipe is made: after a 29 February the same days are used in other years.

    Raises:
        RecipeError: The season holds no 15th of a month.
    """
    del dates
    days = [day for day in range(season.length_days + 1) if season.date(day).day == MID_MONTH]
    if not days:
        raise RecipeError(
            f"The season {season.start} .. {season.end} holds no {MID_MONTH}th of a month.",
            where="recipe 'linear_monthly'",
            fix="Take a longer season, or a recipe with shorter steps.",
        )
    monthly = StepUse("linear", {"days": days, "support_days": params.max_gap_days or SUPPORT_DAYS})
    return Recipe("linear_monthly", season, (enough(params), monthly))
