"""Recipes are made from parameters and dates, travel as JSON, and say what they yield."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cropmap.contract.errors import JobError, ParameterError, RecipeError
from cropmap.contract.params import param
from cropmap.data.recipe import Recipe, StepUse, recipe_of
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare import STEPS
from cropmap.prepare.recipe import make_recipe, needs_look, prepare, recipe_bands, recipe_nodes, settle, widest
from cropmap.prepare.step import Step

DATES = tuple(dt.date(2023, 4, 3) + dt.timedelta(days=10 * k) for k in range(19))  # to 30 September


def full_block(dates):
    values = np.arange(len(dates), dtype=np.float32)[np.newaxis, :, np.newaxis]
    return SceneBlock(values, np.ones((1, len(dates)), bool), dates, ("ndvi",))


def test_the_season_is_taken_from_the_images_where_none_is_given():
    recipe = make_recipe("weekly_linear", {}, reversed(DATES))
    assert recipe.season == Season(dt.date(2023, 4, 3), dt.date(2023, 9, 30))


def test_a_given_start_is_kept_and_only_the_end_is_taken_from_the_images():
    recipe = make_recipe("weekly_linear", {"start": "2023-05-01"}, DATES)
    assert recipe.season == Season(dt.date(2023, 5, 1), dt.date(2023, 9, 30))


def test_the_22_april_to_23_september_window_has_23_steps():
    recipe = make_recipe("weekly_linear", {"start": "2023-04-22", "end": "2023-09-23"}, DATES)
    assert recipe_nodes(recipe).tolist() == list(range(0, 155, 7))
    assert len(recipe_nodes(recipe)) == 23


def test_resampling_keeps_the_band_names():
    assert recipe_bands(make_recipe("weekly_linear", {}, DATES), ["red", "nir"]) == ("red", "nir")


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"start": "2023-10-05", "end": "2023-12-31"}, "holds 0 of the dates"),
        ({"start": "2023-09-25", "end": "2023-12-31"}, "holds 1 of the dates"),
    ],
)
def test_a_season_with_fewer_than_two_dates_is_refused_and_the_dates_are_named(values, what):
    with pytest.raises(RecipeError, match=what) as caught:
        make_recipe("weekly_linear", values, DATES)
    assert "2023-04-03" in caught.value.where
    assert "2023-09-30" in caught.value.where
    assert "Set the season's start and end" in caught.value.fix


def test_two_scenes_of_one_day_are_one_date_of_a_season():
    with pytest.raises(RecipeError, match="holds 1 of the dates"):
        make_recipe("weekly_linear", {}, [DATES[0], DATES[0]])


def test_a_season_cannot_be_taken_from_no_dates():
    with pytest.raises(RecipeError, match="Give its start and end"):
        make_recipe("weekly_linear", {}, [])


def test_an_end_before_the_start_is_refused():
    with pytest.raises(RecipeError, match="Give a start before the end"):
        make_recipe("weekly_linear", {"start": "2024-01-01"}, DATES)


def test_all_wrong_parameters_are_named_at_once():
    with pytest.raises(ParameterError) as caught:
        make_recipe("weekly_linear", {"step_days": 0, "min_clear": "five", "start": "1 May"}, DATES)
    assert {problem.parameter for problem in caught.value.problems} == {"step_days", "min_clear", "start"}


def test_an_unknown_recipe_or_step_is_refused_with_the_known_ones():
    with pytest.raises(JobError, match=r"Known: .*weekly_linear"):
        make_recipe("monthly_guess", {}, DATES)
    with pytest.raises(JobError, match=r"Known: .*linear"):
        recipe_nodes(Recipe("odd", Season(DATES[0], DATES[-1]), (StepUse("cubic", {}),)))


def test_a_recipe_that_makes_no_regular_dates_is_refused():
    recipe = Recipe("marks only", Season(DATES[0], DATES[-1]), (StepUse("enough_clear", {}),))
    with pytest.raises(RecipeError, match="Add a step that does, such as linear"):
        prepare(full_block(DATES), recipe)


def test_a_season_of_another_year_gives_the_same_steps():
    recipe = make_recipe("weekly_linear", {}, DATES)
    later = tuple(date.replace(year=2024) for date in DATES)
    ours, theirs = prepare(full_block(DATES), recipe), prepare(full_block(later), recipe, recipe.season.moved(1))
    np.testing.assert_array_equal(ours.values, theirs.values)
    np.testing.assert_array_equal(theirs.days, recipe_nodes(recipe))


def test_a_season_with_other_steps_is_refused():
    recipe = make_recipe("weekly_linear", {}, DATES)
    with pytest.raises(RecipeError, match="Use a season of 180 days"):
        prepare(full_block(DATES), recipe, Season(DATES[0], DATES[-3]))


@pytest.mark.parametrize(
    ("values", "valid"),
    [
        ({"min_clear": 4, "max_gap_days": 60}, True),
        ({"min_clear": 5, "max_gap_days": 60}, False),
        ({"min_clear": 4, "max_gap_days": 59}, False),
        ({"min_clear": 4, "max_gap_days": 0}, True),
    ],
)
def test_a_pixel_is_valid_only_with_enough_clear_dates_and_no_long_gap(values, valid):
    start = dt.date(2023, 4, 1)
    dates = tuple(start + dt.timedelta(days=day) for day in (0, 60, 120, 180))
    cube = prepare(full_block(dates), make_recipe("weekly_linear", values, dates))
    assert cube.valid.tolist() == [valid]
    np.testing.assert_allclose(cube.values[0, :, 0], cube.days / 60, rtol=1e-6)


@given(
    start=st.dates(dt.date(1985, 1, 1), dt.date(2040, 1, 1)),
    length=st.integers(2, 731),
    step_days=st.integers(1, 92),
    min_clear=st.integers(1, 366),
    max_gap_days=st.integers(0, 731),
)
@settings(deadline=None)
def test_a_recipe_travels_as_json(start, length, step_days, min_clear, max_gap_days):
    end = start + dt.timedelta(days=length)
    values = {"step_days": step_days, "min_clear": min_clear, "max_gap_days": max_gap_days}
    recipe = make_recipe("weekly_linear", values, [start, end])
    travelled = recipe_of(json.loads(json.dumps(recipe.to_dict())))
    assert travelled == recipe
    np.testing.assert_array_equal(recipe_nodes(travelled), np.arange(0, length + 1, step_days))


# ---------------------------------------------------------------- steps that look, steps that leave gaps


@dataclass(frozen=True)
class OffsetParams:
    base: float = param(0.0, help="What is taken away.")


class TakeAway(Step):
    """Takes away a site's mean: what a step that looks does, at its smallest."""

    looks = True

    def __init__(self, params):
        self.params = params

    def settle(self, series, _season):
        return {"base": float(series.values[series.clear].mean())}

    def apply(self, series, _season):
        return dataclasses.replace(series, values=series.values - np.float32(self.params.base))


class Holes(Step):
    gaps = True

    def __init__(self, params):
        pass

    def nodes(self, _nodes, season):
        return season.nodes(7)

    def apply(self, series, _season):
        return series


@pytest.fixture
def looking(monkeypatch):
    monkeypatch.setattr(STEPS, "_entries", dict(STEPS._entries))
    STEPS.register("take_away", title="Take away", params=OffsetParams, citation="here")(TakeAway)
    STEPS.register("holes", title="Holes", params=OffsetParams, citation="here")(Holes)
    uses = (StepUse("linear", {}), StepUse("take_away", {}), StepUse("take_away", {}))
    return Recipe("looking", Season(DATES[0], DATES[-1]), uses)


def test_a_step_that_looks_is_settled_on_what_the_steps_before_it_make(looking):
    assert needs_look(looking)
    assert not needs_look(make_recipe("weekly_linear", {}, DATES))
    settled = settle(looking, full_block(DATES))
    nodes = recipe_nodes(looking)
    mean = np.interp(nodes, [(date - DATES[0]).days for date in DATES], np.arange(len(DATES))).mean()
    bases = [use.params.get("base") for use in settled.steps]
    assert bases == [None, pytest.approx(mean), pytest.approx(0.0, abs=1e-6)]
    assert recipe_of(json.loads(json.dumps(settled.to_dict()))) == settled
    assert prepare(full_block(DATES), settled).values.mean() == pytest.approx(0.0, abs=1e-5)
    assert looking.steps[1].params == {}


@pytest.mark.usefixtures("looking")
def test_a_recipe_that_leaves_gaps_is_refused_before_anything_is_read():
    steps = [{"name": "linear"}, {"name": "holes"}]
    with pytest.raises(RecipeError, match="no value") as caught:
        make_recipe("own", {"steps": steps}, DATES)
    assert "'holes'" in caught.value.where
    assert make_recipe("own", {"steps": steps[::-1]}, DATES).steps[-1].name == "linear"


def test_own_steps_are_those_given_in_their_order():
    steps = [{"name": "linear", "step_days": 10}, "enough_clear"]
    recipe = make_recipe("own", {"steps": steps}, DATES)
    assert recipe.steps == (StepUse("linear", {"step_days": 10}), StepUse("enough_clear", {}))
    assert np.diff(recipe_nodes(recipe)).tolist() == [10] * 18


def test_the_widest_point_of_a_recipe_is_a_step_with_what_it_is_given():
    span = {"start": "2023-04-22", "end": "2023-09-23"}
    linear = make_recipe("weekly_linear", span, DATES)
    assert widest(linear, 40, ("red", "nir")) == 40 * 2 + 40 * 2  # enough_clear hands on what it is given
    many = ("blue", "green", "red", "nir", "swir1", "swir2")
    wide = make_recipe("weekly_indices", {"features": "long6"}, DATES)
    assert widest(wide, 100, many) == max(100 * 6 + 100 * 12, 100 * 12 + len(recipe_nodes(wide)) * 12)
