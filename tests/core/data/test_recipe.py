"""Recipes as data."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from cropmap.contract.errors import RecipeError
from cropmap.data.recipe import Recipe, StepUse, recipe_of
from cropmap.data.season import Season

RECIPE = Recipe(
    "weekly_linear",
    Season(dt.date(2021, 3, 1), dt.date(2021, 11, 1)),
    (StepUse("clear", {"min_clear": 5}), StepUse("linear", {"step_days": 7, "bands": ["red"]})),
)


def test_a_recipe_survives_json():
    assert recipe_of(json.loads(json.dumps(RECIPE.to_dict()))) == RECIPE


def test_plain_values_name_each_step():
    assert RECIPE.to_dict()["steps"][0] == {"name": "clear", "min_clear": 5}


def test_reading_changes_nothing_in_the_values_given():
    fields = RECIPE.to_dict()
    recipe_of(fields)
    assert fields == RECIPE.to_dict()


@pytest.mark.parametrize(
    "change",
    [
        {"season": ["2021-03-01"]},
        {"season": ["2021-03-01", "soon"]},
        {"season": [1, 2]},
        {"season": None},
        {"steps": [{"min_clear": 5}]},
        {"steps": ["clear"]},
        {"steps": 3},
    ],
)
def test_a_malformed_recipe_is_refused(change):
    with pytest.raises(RecipeError, match='It needs "name", "season"'):
        recipe_of({**RECIPE.to_dict(), **change})


@pytest.mark.parametrize("missing", ["name", "season", "steps"])
def test_a_recipe_with_a_part_missing_is_refused(missing):
    fields = RECIPE.to_dict()
    del fields[missing]
    with pytest.raises(RecipeError, match=missing):
        recipe_of(fields)


def test_a_season_that_is_none_is_told_as_such():
    with pytest.raises(RecipeError, match="Give a start before the end"):
        recipe_of({**RECIPE.to_dict(), "season": ["2021-11-01", "2021-03-01"]})
