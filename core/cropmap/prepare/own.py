"""A recipe of the user's own: any steps, in any order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cropmap.contract.params import chosen, param
from cropmap.data.recipe import Recipe, StepUse
from cropmap.prepare import RECIPES
from cropmap.prepare.step import SeasonParams

if TYPE_CHECKING:
    import datetime as dt

    from cropmap.data.season import Season


@dataclass(frozen=True)
class OwnParams(SeasonParams):
    """The season, and the steps."""

    steps: list[Any] = param(
        [{"name": "enough_clear"}, {"name": "linear"}],
        kind="entries",
        registry="steps",
        help="What is done to each pixel's series, in this order.",
    )


@RECIPES.register("own", title="Your own steps", params=OwnParams, citation="cropmap")
def own(params: OwnParams, season: Season, dates: tuple[dt.date, ...]) -> Recipe:
    """Take the steps that you choose, in your order: save them as a JSON file and use them again."""
    del dates
    return Recipe("own", season, tuple(StepUse(*chosen(step)) for step in params.steps))
