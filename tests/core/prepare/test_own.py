"""Steps of the user's own, in the user's order."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from cropmap.contract.errors import JobError, ParameterError, RecipeError
from cropmap.data.scenes import SceneBlock
from cropmap.prepare.recipe import make_recipe, prepare, recipe_bands, recipe_nodes

DATES = tuple(dt.date(2023, 4, 3) + dt.timedelta(days=10 * k) for k in range(19))


def block():
    rng = np.random.default_rng(0)
    return SceneBlock(rng.random((5, 19, 2), np.float32), rng.random((5, 19)) < 0.7, DATES, ("red", "nir"))


def own(*steps):
    return make_recipe("own", {"steps": list(steps)}, DATES)


def test_the_steps_that_weekly_linear_takes_make_what_it_makes():
    ours = own({"name": "enough_clear", "min_clear": 5}, {"name": "linear", "step_days": 7, "support_days": 64})
    theirs = make_recipe("weekly_linear", {}, DATES)
    np.testing.assert_array_equal(prepare(block(), ours).values, prepare(block(), theirs).values)
    assert ours.season == theirs.season


def test_a_step_may_be_named_alone():
    assert own("linear").steps == own({"name": "linear"}).steps


def test_the_order_is_kept():
    days = [0, 7, 30]
    first = own({"name": "native_dates", "days": days}, {"name": "linear", "step_days": 0}, "seen_channel")
    assert [use.name for use in first.steps] == ["native_dates", "linear", "seen_channel"]
    assert recipe_nodes(first).tolist() == days
    assert recipe_bands(first, ("red",)) == ("red", "seen")


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        (["enough_clear"], "makes no regular dates"),
        (["mask_channel"], "makes no regular dates"),
        ([{"name": "native_dates", "days": [0, 30]}], "has no value"),
        (["linear", {"name": "native_dates", "days": [0, 30]}], "has no value"),
        (["composite"], "has no value"),
        (["linear", "composite", "enough_clear"], "has no value"),
    ],
)
def test_steps_that_no_model_can_use_are_refused_before_any_image_is_read(steps, what):
    with pytest.raises(RecipeError, match=what):
        own(*steps)


def test_native_dates_and_a_mask_need_no_regular_steps():
    recipe = own({"name": "native_dates", "days": [0, 30, 61]}, "mask_channel")
    cube = prepare(block(), recipe)
    assert cube.days.tolist() == [0, 30, 61]
    assert np.isfinite(cube.values[cube.valid]).all()


@pytest.mark.parametrize(
    "filling",
    [
        {"name": "linear", "step_days": 0},
        {"name": "harmonic", "step_days": 0},
        "whittaker",
        {"name": "savitzky_golay", "window": 3},
        {"name": "phenology", "variant": "pixel", "index": "ndvi", "target_day": 90},
        "mask_channel",
    ],
)
def test_what_a_composite_leaves_empty_many_steps_fill_or_refuse(filling):
    cube = prepare(block(), own({"name": "composite", "interval_days": 20}, filling))
    assert np.isfinite(cube.values[cube.valid]).all()


def test_a_pixel_that_lacks_an_index_at_the_end_is_not_valid():
    given = block()
    given.values[0] = 0.0
    cube = prepare(given, own("linear", {"name": "indices", "features": "listed", "names": ["NDVI"]}))
    assert cube.valid.tolist() == [False, True, True, True, True]
    assert np.isfinite(cube.values[cube.valid]).all()


@pytest.mark.parametrize("steps", [[], "linear", [{"step_days": 7}], [7]])
def test_what_lists_no_steps_is_refused(steps):
    with pytest.raises(ParameterError) as caught:
        make_recipe("own", {"steps": steps}, DATES)
    assert [problem.parameter for problem in caught.value.problems] == ["steps"]


def test_unknown_steps_and_wrong_values_are_refused():
    with pytest.raises(JobError, match=r"no 'cubic' in steps.*Known: .*linear"):
        recipe_nodes(own("linear", "cubic"))
    with pytest.raises(ParameterError, match="step_days"):
        recipe_nodes(own({"name": "linear", "step_days": -7}))
