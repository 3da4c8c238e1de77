"""What was acquired after the season is forgotten, whatever the other steps reach for."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest

from cropmap.data.recipe import Recipe
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.data.temperatures import Temperatures
from cropmap.prepare import RECIPES, STEPS
from cropmap.prepare.observe import observe
from cropmap.prepare.recipe import make_recipe, needs_look, prepare, settle
from cropmap.sampling.raw_series import recipe_until

START, CUT = dt.date(2023, 4, 1), dt.date(2023, 8, 20)
SEASON = Season(START, CUT)
DATES = tuple(START + dt.timedelta(days=days) for days in range(-20, 200, 8))
BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
NAMES = [entry.name for entry in RECIPES.entries()]


@pytest.fixture(scope="module")
def block():
    """200 pixels whose greenness peaks in July, a fifth of the dates hidden; what follows the cut-off is wild."""
    rng = np.random.default_rng(0)
    days = np.array([(date - START).days for date in DATES])
    values = rng.uniform(0.05, 0.08, (200, len(DATES), len(BANDS)))
    values[:, :, 3] += 0.5 * np.exp(-(((days - 100 - rng.normal(0, 4, (200, 1))) / 35) ** 2))
    values[:, days > SEASON.length_days] = rng.uniform(0.1, 0.9, (200, int((days > SEASON.length_days).sum()), 6))
    clear = rng.random((200, len(DATES))) > 0.2
    return SceneBlock(values.astype(np.float32), clear, DATES, BANDS, warmth())


def warmth(last=dt.date(2023, 12, 31)):
    """The temperatures of 2023 up to a day; what follows the cut-off is wild."""
    days = [dt.date(2023, 1, 1) + dt.timedelta(days=day) for day in range((last - dt.date(2023, 1, 1)).days + 1)]
    mean = tuple(12 + 10 * float(np.sin((day.timetuple().tm_yday - 105) / 58)) if day <= CUT else 29.0 for day in days)
    return Temperatures(days[0], mean, mean)


def until(block, date):
    kept = sum(acquired <= date for acquired in block.dates)
    known = block.values[:, :kept].copy(), block.clear[:, :kept].copy(), block.dates[:kept], block.bands
    return SceneBlock(*known, warmth(date))


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_gives_what_it_gives_of_the_images_up_to_the_cut_off_alone(name, block):
    known = RECIPES.get(name).catalogued().defaults
    values = {key: value for key, value in {"max_gap_days": 0, "min_clear": 3}.items() if key in known}
    recipe = recipe_until(name, values, block.dates, START, CUT)
    early = until(block, CUT)
    plain = make_recipe(name, {**values, "start": str(START), "end": str(CUT)}, early.dates)
    if needs_look(plain):
        recipe, plain = settle(recipe, block), settle(plain, early)
    found, expected = prepare(block, recipe), prepare(early, plain)
    np.testing.assert_array_equal(found.days, expected.days)
    np.testing.assert_array_equal(found.valid, expected.valid)
    np.testing.assert_array_equal(found.values, expected.values)
    assert found.valid.any()


def test_a_prepared_series_that_is_cut_differs_where_a_gap_spans_the_cut_off():
    """Seen on days 0, 10 and 30, cut off on day 20: honest holds the value of day 10, a cut series is on its way."""
    dates = tuple(START + dt.timedelta(days=days) for days in (0, 10, 30))
    values = np.array([0.1, 0.2, 0.8], np.float32).reshape(1, 3, 1)
    block = SceneBlock(values, np.ones((1, 3), bool), dates, ("red",))
    params = {"step_days": 10, "min_clear": 1, "max_gap_days": 0}
    whole = prepare(block, make_recipe("weekly_linear", params, dates))
    honest = prepare(block, recipe_until("weekly_linear", params, dates, START, START + dt.timedelta(days=20)))
    np.testing.assert_allclose(whole.values[0, :3, 0], [0.1, 0.2, 0.5], atol=1e-6)
    np.testing.assert_allclose(honest.values[0, :, 0], [0.1, 0.2, 0.2], atol=1e-6)


def test_a_shorter_season_alone_still_sees_what_follows_it():
    """The step is needed: recipes let dates a few weeks after the season support its last days."""
    dates = tuple(START + dt.timedelta(days=days) for days in (0, 10, 30))
    block = SceneBlock(np.array([0.1, 0.2, 0.8], np.float32).reshape(1, 3, 1), np.ones((1, 3), bool), dates, ("red",))
    params = {"step_days": 10, "min_clear": 1, "max_gap_days": 0, "end": "2023-04-21"}
    shorter = prepare(block, make_recipe("weekly_linear", params, dates))
    np.testing.assert_allclose(shorter.values[0, :, 0], [0.1, 0.2, 0.5], atol=1e-6)


def test_dates_before_the_season_stay_and_the_observations_are_cut_as_well(block):
    step = STEPS.get("cut_off")
    before = observe(block, SEASON)
    after = step.make(step.parse({})).apply(before, SEASON)
    kept = sum(date <= CUT for date in DATES)
    assert after.days.tolist() == before.days[:kept].tolist()
    assert after.native
    np.testing.assert_array_equal(after.observed.clear, before.clear[:, :kept])
    np.testing.assert_array_equal(after.values, before.values[:, :kept])


def test_where_every_date_is_after_the_season_nothing_is_clear(block):
    late = Season(dt.date(2022, 1, 1), dt.date(2022, 12, 31))
    step = STEPS.get("cut_off")
    cut = step.make(step.parse({})).apply(observe(block, late), late)
    assert cut.clear.shape == (200, 1)
    assert not cut.clear.any()
    assert not cut.observed.clear.any()
    recipe = Recipe("own", late, (*recipe_until("weekly_linear", {}, DATES, START, CUT).steps,))
    assert not prepare(block, dataclasses.replace(recipe, season=late)).valid.any()
