"""How a series is prepared, as data: a season and an ordered list of steps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cropmap.contract.errors import RecipeError
from cropmap.data.season import Season


@dataclass(frozen=True)
class StepUse:
    """One step of a recipe: the registered step's name and its parameter values."""

    name: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Recipe:
    """A named preparation of one season's series.

    Args:
        name: What it is called, e.g. "weekly_linear".
        season: Span that the steps cover.
        steps: In order; names are registered in `cropmap.prepare`.
    """

    name: str
    season: Season
    steps: tuple[StepUse, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as plain JSON values."""
        return {
            "name": self.name,
            "season": [self.season.start.isoformat(), self.season.end.isoformat()],
            "steps": [{"name": step.name, **step.params} for step in self.steps],
        }


def recipe_of(fields: Mapping[str, Any]) -> Recipe:
    """Build a recipe from plain JSON values."""
    try:
        start, end = (dt.date.fromisoformat(text) for text in fields["season"])
        steps = []
        for entry in fields["steps"]:
            values = dict(entry)
            steps.append(StepUse(values.pop("name"), values))
        return Recipe(str(fields["name"]), Season(start, end), tuple(steps))
    except (KeyError, TypeError, ValueError) as error:
        raise RecipeError(
            f"The recipe is malformed: {error}.", fix='It needs "name", "season": [start, end] and "steps".'
        ) from error
