"""Every registered step and recipe passes the same checks; a new one needs no edit here."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import numpy as np
import pytest

from cropmap.contract.params import to_dict
from cropmap.data.recipe import Recipe, StepUse, recipe_of
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare import RECIPES, STEPS
from cropmap.prepare.observe import observe
from cropmap.prepare.recipe import make_recipe, prepare, recipe_bands, recipe_nodes
from cropmap.prepare.step import SeasonParams

SEASON = Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30))
BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")  # those that any step may ask for
FULL, HALF, NONE = 0, 1, 2  # the pixels of the block: all dates clear, every second, none

steps = pytest.mark.parametrize("entry", STEPS.entries(), ids=lambda entry: entry.name)
recipes = pytest.mark.parametrize("entry", RECIPES.entries(), ids=lambda entry: entry.name)
both = pytest.mark.parametrize("entry", [*STEPS.entries(), *RECIPES.entries()], ids=lambda entry: entry.name)


def make_block():
    days = range(-20, 200, 10)
    dates = tuple(SEASON.date(day) for day in days)
    values = np.random.default_rng(0).uniform(0.05, 0.6, (3, len(dates), len(BANDS))).astype(np.float32)
    clear = np.ones((3, len(dates)), bool)
    clear[HALF, ::2] = False
    clear[NONE] = False
    values[~clear] = np.nan
    return SceneBlock(values, clear, dates, BANDS)


def weekly_series():
    """Return regular series without gaps, that any step can take."""
    block = make_block()
    step = STEPS.get("linear")
    return step.make(step.parse({})).apply(observe(block, SEASON), SEASON)


def array_copies(thing):
    return {
        field.name: getattr(thing, field.name).copy()
        for field in dataclasses.fields(thing)
        if isinstance(getattr(thing, field.name), np.ndarray)
    }


@both
def test_it_says_what_it_is_and_its_defaults_are_allowed(entry):
    assert entry.title
    assert entry.summary.endswith(".")
    assert entry.citation
    defaults = entry.parse({})
    assert entry.parse(json.loads(json.dumps(to_dict(defaults)))) == defaults
    assert all(prop["description"] for prop in entry.catalogued().schema["properties"].values())


@steps
def test_a_step_announces_what_it_makes(entry):
    given = weekly_series()
    step = entry.make(entry.parse({}))
    made = step.apply(given, SEASON)
    np.testing.assert_array_equal(made.days, step.nodes(given.days, SEASON))
    assert made.bands == step.bands(given.bands)
    assert made.values.dtype == np.float32
    assert made.values.flags.c_contiguous
    assert made.clear.flags.c_contiguous


@steps
def test_a_step_changes_nothing_that_it_is_given(entry):
    for given in (observe(make_block(), SEASON), weekly_series()):
        before = array_copies(given)
        entry.make(entry.parse({})).apply(given, SEASON)
        for name, array in before.items():
            np.testing.assert_array_equal(getattr(given, name), array)


@steps
def test_a_step_gives_finite_values_wherever_it_says_clear(entry):
    made = entry.make(entry.parse({})).apply(observe(make_block(), SEASON), SEASON)
    assert np.isfinite(made.values[made.clear]).all()
    assert made.clear[FULL].any()


@steps
def test_a_step_never_accepts_what_was_refused(entry):
    given = dataclasses.replace(weekly_series(), valid=np.zeros(3, bool))
    assert not entry.make(entry.parse({})).apply(given, SEASON).valid.any()


@steps
def test_a_step_repeats_itself(entry):
    given = weekly_series()
    first, second = (entry.make(entry.parse({})).apply(given, SEASON) for _ in range(2))
    for name, array in array_copies(first).items():
        np.testing.assert_array_equal(array, getattr(second, name))


@steps
def test_a_step_travels_in_a_recipe(entry):
    recipe = Recipe("one step", SEASON, (StepUse(entry.name, to_dict(entry.parse({}))),))
    assert recipe_of(json.loads(json.dumps(recipe.to_dict()))) == recipe


@recipes
def test_a_recipe_takes_a_season(entry):
    assert issubclass(entry.params, SeasonParams)
    span = {"start": SEASON.start.isoformat(), "end": SEASON.end.isoformat()}
    assert make_recipe(entry.name, span, make_block().dates).season == SEASON


@recipes
def test_a_recipe_yields_the_steps_and_bands_that_it_announces(entry):
    block = make_block()
    recipe = make_recipe(entry.name, {}, block.dates)
    cube = prepare(block, recipe)
    np.testing.assert_array_equal(cube.days, recipe_nodes(recipe))
    assert cube.bands == recipe_bands(recipe, BANDS)
    assert cube.values.shape == (3, len(cube.days), len(cube.bands))


@recipes
def test_a_recipe_accepts_a_clear_pixel_and_refuses_a_cloudy_one(entry):
    block = make_block()
    cube = prepare(block, make_recipe(entry.name, {}, block.dates))
    assert cube.valid[FULL]
    assert np.isfinite(cube.values[cube.valid]).all()
    assert not cube.valid[NONE]
    assert np.isnan(cube.values[NONE]).all()


@recipes
def test_a_recipe_repeats_itself_after_travelling(entry):
    block = make_block()
    recipe = make_recipe(entry.name, {}, block.dates)
    travelled = recipe_of(json.loads(json.dumps(recipe.to_dict())))
    assert travelled == recipe
    np.testing.assert_array_equal(prepare(block, recipe).values, prepare(block, travelled).values)


@recipes
def test_a_recipe_prepares_a_pixel_alone_as_in_its_block(entry):
    block = make_block()
    recipe = make_recipe(entry.name, {}, block.dates)
    together = prepare(block, recipe)
    for pixel in (FULL, HALF, NONE):
        one = SceneBlock(block.values[[pixel]], block.clear[[pixel]], block.dates, BANDS)
        np.testing.assert_array_equal(prepare(one, recipe).values[0], together.values[pixel])
