"""The recipe of Antonijević et al. 2023: indices on the clear dates, then forty weekly steps."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.contract.params import param
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.season import Season
from cropmap.prepare import RECIPES
from cropmap.prepare.indices import CHOICES, FEATURES_HELP, NAMES_HELP, POSSIBLE, ROLES_HELP
from cropmap.prepare.step import SeasonParams

if TYPE_CHECKING:
    from collections.abc import Sequence

STEP_DAYS = 7
ALL, WINDOW = "all", "window"
FARTHEST_DAYS = 731  # the farthest that resampling looks beyond a season


@dataclass(frozen=True)
class WeeklyIndicesParams(SeasonParams):
    """The season, the features, and what supports them."""

    start: str = param("", kind="date", title="Season start", help="First day; empty for 1 February.")
    end: str = param("", kind="date", title="Season end", help="Last day; empty for 1 November.")
    features: str = param(POSSIBLE, choices=CHOICES, help=FEATURES_HELP)
    names: list[str] = param([], kind="texts", help=NAMES_HELP)
    support: str = param(
        ALL,
        choices=(ALL, WINDOW),
        help="Which clear dates support the steps: all, those before and after the season too (up to two years away), "
        "or only those inside it.",
    )
    min_clear: int = param(
        1,
        title="Clear dates",
        help="A pixel with fewer clear dates inside the season is prepared, but not used.",
        unit="dates",
        low=1,
        high=366,
    )
    roles: list[str] = param([], kind="texts", title="Band roles", help=ROLES_HELP, advanced=True)

    def default_span(self, dates: Sequence[dt.date]) -> tuple[dt.date, dt.date]:
        """Return 1 February and 1 November of the year in which they hold most of the dates."""
        year = Season(dt.date(2017, 2, 1), dt.date(2017, 11, 1)).nearest(dates).start.year
        return dt.date(year, 2, 1), dt.date(year, 11, 1)


@RECIPES.register(
    "weekly_indices", title="Weekly, with indices", params=WeeklyIndicesParams, citation="Antonijević et al. 2023"
)
def weekly_indices(params: WeeklyIndicesParams, season: Season, dates: tuple[dt.date, ...]) -> Recipe:
    """Compute spectral indices on the clear dates, then interpolate bands and indices linearly every seven days.

    From 1 February to 1 November these are 40 steps; before the first and after the last clear date its values are
    held.
    """
    del dates
    made = {"features": params.features, "names": params.names, "roles": params.roles}
    reach = FARTHEST_DAYS if params.support == ALL else 0
    return Recipe(
        "weekly_indices",
        season,
        (
            StepUse("enough_clear", {"min_clear": params.min_clear, "max_gap_days": 0}),
            StepUse("indices", made),
            StepUse("linear", {"step_days": STEP_DAYS, "support_days": reach}),
        ),
    )
