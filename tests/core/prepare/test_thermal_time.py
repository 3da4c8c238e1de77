"""Thermal time against closed forms, NumPy, and crops whose cover is a function of degree-days in two unlike years."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.errors import RecipeError
from cropmap.data.recipe import Recipe, StepUse, recipe_of
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.data.temperatures import Temperatures
from cropmap.prepare import STEPS
from cropmap.prepare.blocks import recipe_differences
from cropmap.prepare.observe import observe
from cropmap.prepare.recipe import make_recipe, needs_look, prepare, recipe_nodes, settle

SEASON = Season(dt.date(2022, 4, 10), dt.date(2022, 9, 27))  # 170 days
LATER = SEASON.moved(1)
BANDS = ("red", "nir")
SOIL, LEAF = np.array([0.16, 0.22]), np.array([0.03, 0.48])
WARM = StepUse("thermal_time", {})
WEEKLY = StepUse("linear", {"step_days": 7})


def year_of(year, middle=10.0, swing=12.0, noise=0.0, seed=0):
    """Return a year's temperatures: a cosine with its top on 15 July, from October of the year before."""
    first = dt.date(year - 1, 10, 1)
    days = np.arange((dt.date(year, 12, 31) - first).days + 1)
    top = (dt.date(year, 7, 15) - first).days
    mean = middle + swing * np.cos(2 * np.pi * (days - top) / 365.25)
    mean += np.random.default_rng(seed).normal(0, noise, len(days)) if noise else 0
    return Temperatures(first, tuple((mean - 6).tolist()), tuple((mean + 6).tolist()))


def constant(degrees, season=SEASON):
    first = dt.date(season.start.year, 1, 1)
    days = 365 + 365
    return Temperatures(first, (degrees,) * days, (degrees,) * days)


def sums_of(temperatures, dates, base=0.0, cap=30.0):
    """Return the sum of degree-days from 1 January to each date, day by day in plain Python."""
    sums = []
    for date in dates:
        total, day = 0.0, dt.date(date.year, 1, 1)
        while day <= date:
            place = (day - temperatures.first).days
            low, high = (min(max(side[place], base), cap) for side in (temperatures.low, temperatures.high))
            total, day = total + (low + high) / 2 - base, day + dt.timedelta(days=1)
        sums.append(total)
    return np.array(sums)


def crops(temperatures, season, peaks, every=5, clear=None):
    """Return pixels whose green cover is a bell of the degree-days since 1 January, each with its peak."""
    dates = tuple(season.date(day) for day in range(-60, season.length_days + 60, every))
    sums = sums_of(temperatures, dates)
    cover = 0.05 + 0.85 * np.exp(-0.5 * ((sums - np.asarray(peaks)[:, np.newaxis]) / 350) ** 2)
    values = (SOIL + cover[..., np.newaxis] * (LEAF - SOIL)).astype(np.float32)
    clear = np.ones(cover.shape, bool) if clear is None else clear(cover.shape)
    return SceneBlock(values, clear, dates, BANDS, temperatures)


def settled(block, *uses, season=SEASON):
    return settle(Recipe("test", season, uses), block)


def of(recipe):
    return next(use.params for use in recipe.steps if use.name == "thermal_time")


def step_of(name="thermal_time", **values):
    entry = STEPS.get(name)
    return entry.make(entry.parse(values))


# ------------------------------------------------------------------------------------------------ the calendar


def test_the_same_warmth_every_day_is_the_calendar_itself():
    block = crops(constant(20.0), SEASON, [1500.0])
    found = of(settled(block, WARM, WEEKLY))
    assert found["degree_days"] == 20.0
    assert found["start_sum"] == 20.0 * 100  # 1 January to 10 April
    np.testing.assert_array_equal(found["calendar"], found["first_day"] + np.arange(len(found["calendar"])))
    calendar = prepare(block, Recipe("test", SEASON, (WEEKLY,)))
    np.testing.assert_array_equal(prepare(block, settled(block, WARM, WEEKLY)).values, calendar.values)


@pytest.mark.parametrize(("base", "cap"), [(0.0, 30.0), (10.0, 24.0)])
def test_the_calendar_is_the_sum_of_degree_days_by_hand(base, cap):
    weather = year_of(2022, noise=3.0)
    use = StepUse("thermal_time", {"base_temperature": base, "cap_temperature": cap})
    found = of(settled(crops(weather, SEASON, [1500.0]), use, WEEKLY))
    days = found["first_day"] + np.arange(len(found["calendar"]))
    sums = sums_of(weather, [SEASON.date(day) for day in days.tolist()], base, cap)
    inside = sums_of(weather, [SEASON.start, SEASON.end], base, cap)
    assert found["start_sum"] == pytest.approx(inside[0], abs=0.01)
    assert found["degree_days"] == pytest.approx((inside[1] - inside[0]) / SEASON.length_days, abs=1e-4)
    expected = (sums - inside[0]) / found["degree_days"]
    assert np.abs(found["calendar"] - expected).max() <= 0.5 + 0.02
    assert found["calendar"][-found["first_day"]] == 0
    assert found["calendar"][SEASON.length_days - found["first_day"]] == SEASON.length_days


@given(st.lists(st.floats(-30, 45), min_size=366, max_size=366), st.floats(-5, 15), st.floats(16, 40))
def test_whatever_the_weather_the_calendar_never_goes_back(means, base, cap):
    weather = Temperatures(dt.date(2022, 1, 1), tuple(means), tuple(means))
    dates = tuple(SEASON.date(day) for day in range(-60, 200, 20))
    block = SceneBlock(np.ones((1, len(dates), 2), np.float32), np.ones((1, len(dates)), bool), dates, BANDS, weather)
    values = {"base_temperature": base, "cap_temperature": cap, "degree_days": 12.0, "start_sum": 300.0}
    found = of(settled(block, StepUse("thermal_time", values)))
    steps = np.diff(found["calendar"])
    assert (steps >= 0).all()
    assert steps.max() <= math.ceil((cap - base) / 12.0)


def test_an_empty_from_day_sums_from_the_season_start():
    weather = year_of(2022)
    before = (SEASON.start - weather.first).days
    use = StepUse("thermal_time", {"from_day": ""})
    block = crops(weather, SEASON, [1500.0])
    found = of(settled(block, use))
    assert found["start_sum"] == pytest.approx(weather.degree_days(0, 30)[before], abs=0.01)
    late = Temperatures(SEASON.start, weather.low[before:], weather.high[before:])
    alone = of(settled(dataclasses.replace(block, temperatures=late), use))
    assert alone["start_sum"] == found["start_sum"]
    assert alone["first_day"] == 0  # earlier images have no temperature


def test_a_day_after_the_season_start_is_one_of_the_year_before():
    season = Season(dt.date(2023, 2, 1), dt.date(2023, 7, 31))
    block = crops(constant(15.0, SEASON), season, [1500.0])
    found = of(settled(block, StepUse("thermal_time", {"from_day": "10-01"}), season=season))
    assert found["start_sum"] == 15.0 * 124  # 1 October to 1 February


# ------------------------------------------------------------------------------------------------ the truth


def test_crops_of_a_warm_and_a_cool_year_stand_at_one_thermal_step_but_not_at_one_calendar_step():
    peaks = np.array([1300.0, 1700.0, 2100.0])
    warm, cool = crops(year_of(2022, 12.0), SEASON, peaks), crops(year_of(2023, 9.5, noise=2.0), LATER, peaks)
    trained = settled(warm, WARM, WEEKLY)
    carried = settle(trained, cool, LATER)
    source, target = prepare(warm, trained), prepare(cool, carried, LATER)
    np.testing.assert_array_equal(source.days, target.days)
    reached = source.days <= of(carried)["calendar"][-1]
    thermal = np.abs(source.values - target.values)[:, reached]
    plain = Recipe("test", SEASON, (WEEKLY,))
    calendar = np.abs(prepare(warm, plain).values - prepare(cool, plain, LATER).values)[:, reached]
    assert reached.mean() > 0.9
    assert thermal.max() < 0.02
    assert calendar.max() > 0.1


def test_another_site_keeps_what_a_day_is_and_finds_its_own_calendar():
    warm, cool = (crops(year_of(2022, middle), SEASON, [1500.0]) for middle in (12.0, 9.0))
    trained = settled(warm, WARM, WEEKLY)
    carried = settle(trained, cool)
    assert needs_look(trained)
    for kept in ("degree_days", "start_sum"):
        assert of(carried)[kept] == of(trained)[kept]
    assert of(carried)["calendar"] != of(trained)["calendar"]
    assert recipe_differences(carried, trained) == []
    assert settle(carried, warm) == trained
    np.testing.assert_array_equal(recipe_nodes(carried), recipe_nodes(trained))
    assert recipe_of(json.loads(json.dumps(carried.to_dict()))) == carried


# ------------------------------------------------------------------------------------------------ values


def clouded(shape):
    return np.random.default_rng(4).random(shape) > 0.4


@pytest.mark.parametrize("holes", [False, True])
def test_acquisitions_are_resampled_as_numpy_does_on_their_thermal_days(holes):
    weather = year_of(2022)
    block = crops(weather, SEASON, [1200.0, 1800.0], every=8, clear=clouded)
    recipe = settled(block, WARM, WEEKLY)
    series = dataclasses.replace(observe(block, SEASON), holes=holes)
    made = step_of("linear", step_days=7).apply(step_of(**of(recipe)).apply(series, SEASON), SEASON)
    sums = sums_of(weather, block.dates)
    days = np.floor((sums - of(recipe)["start_sum"]) / of(recipe)["degree_days"] + 0.5)
    assert len(set(days)) == len(days)
    for pixel in range(2):
        known = block.clear[pixel] & (days >= -64) & (days <= SEASON.length_days + 64)
        for band in range(2):
            expected = np.interp(made.days, days[known], block.values[pixel, known, band])
            np.testing.assert_allclose(made.values[pixel, :, band], expected, rtol=1e-5)


def test_acquisitions_without_warmth_between_them_are_one_day_and_their_clear_values_a_mean():
    weather = constant(20.0)
    cold = list(weather.low)
    first = (SEASON.date(30) - weather.first).days
    cold[first : first + 20] = [-5.0] * 20  # nothing grows on the days 30 to 49
    block = crops(weather, SEASON, [1500.0, 1500.0], every=5, clear=clouded)
    block = dataclasses.replace(block, temperatures=Temperatures(weather.first, tuple(cold), tuple(cold)))
    values = {**of(settled(block, WARM)), "degree_days": 20.0}
    series = observe(block, SEASON)
    made = step_of(**{**values, **step_of(**values).settle(series, SEASON)}).apply(series, SEASON)
    together = [place for place, day in enumerate(series.days.tolist()) if 29 <= day <= 49]
    place = made.days.tolist().index(29)
    assert len(together) == 4
    assert made.native
    assert (np.diff(made.days) > 0).all()
    for pixel in range(2):
        known = [time for time in together if block.clear[pixel, time]]
        assert made.clear[pixel, place] == bool(known) == made.observed.clear[pixel, place]
        if known:
            np.testing.assert_allclose(made.values[pixel, place], block.values[pixel, known].mean(axis=0), rtol=1e-6)
    inside = (made.days >= 0) & (made.days <= SEASON.length_days)
    np.testing.assert_array_equal(made.quality.clear_dates, made.clear[:, inside].sum(axis=1))


def test_images_without_a_temperature_are_left_out():
    weather = year_of(2022)
    short = Temperatures(weather.first, weather.low[:365], weather.high[:365])  # to 30 September
    block = dataclasses.replace(crops(weather, SEASON, [1500.0]), temperatures=short)
    recipe = settled(block, WARM)
    assert block.dates[-1] > short.last
    made = step_of(**of(recipe)).apply(observe(block, SEASON), SEASON)
    assert made.days[-1] <= SEASON.length_days + 5
    assert made.values.shape == (1, len(made.days), 2)


def test_regular_steps_are_interpolated_and_the_edges_held():
    weather = year_of(2022, 9.0)
    block = crops(weather, SEASON, [1200.0, 1800.0])
    values = {**of(settled(block, WARM)), "start_sum": 150.0, "degree_days": 13.0}
    regular = step_of("linear", step_days=7).apply(observe(block, SEASON), SEASON)
    values |= step_of(**values).settle(regular, SEASON)
    made = step_of(**values).apply(regular, SEASON)
    np.testing.assert_array_equal(made.days, regular.days)
    days = np.array(values["calendar"])[regular.days - values["first_day"]]
    assert len(set(days.tolist())) == len(days)
    for pixel in range(2):
        for band in range(2):
            expected = np.interp(regular.days, days, regular.values[pixel, :, band])
            np.testing.assert_allclose(made.values[pixel, :, band], expected, rtol=1e-5)
    assert not made.native
    assert len(made.observed.days) == made.observed.clear.shape[1]


def test_before_the_temperatures_are_known_nothing_moves():
    series = observe(crops(year_of(2022), SEASON, [1500.0]), SEASON)
    assert step_of().apply(series, SEASON) is series


def test_the_recipe_weekly_linear_thermal_judges_gaps_in_thermal_time():
    block = crops(year_of(2022), SEASON, [1500.0])
    span = {"start": str(SEASON.start), "end": str(SEASON.end)}
    recipe = settle(make_recipe("weekly_linear_thermal", {**span, "base_temperature": 5}, block.dates), block)
    assert [use.name for use in recipe.steps] == ["thermal_time", "enough_clear", "linear"]
    cube = prepare(block, recipe)
    assert cube.valid.all()
    series = step_of(**of(recipe)).apply(observe(block, SEASON), SEASON)
    np.testing.assert_array_equal(cube.quality.longest_gap, series.quality.longest_gap)


# ------------------------------------------------------------------------------------------------ refusals


def test_images_without_temperatures_are_refused():
    block = dataclasses.replace(crops(year_of(2022), SEASON, [1500.0]), temperatures=None)
    with pytest.raises(RecipeError, match=r"no temperatures are known.*Name a CSV"):
        settled(block, WARM, WEEKLY)


@pytest.mark.parametrize("year", [2021, 2023])
def test_temperatures_of_another_year_are_refused_by_the_days_needed(year):
    block = dataclasses.replace(crops(year_of(2022), SEASON, [1500.0]), temperatures=year_of(year))
    with pytest.raises(RecipeError, match="2022-01-01 to 2022-09-27 is needed"):
        settled(block, WARM, WEEKLY)


def test_images_of_another_year_than_the_temperatures_are_refused():
    block = crops(year_of(2022), SEASON, [1500.0])
    early = tuple(date - dt.timedelta(days=730) for date in block.dates)
    with pytest.raises(RecipeError, match="No image lies between"):
        settle(Recipe("test", SEASON, (WARM, WEEKLY)), dataclasses.replace(block, dates=early))


def test_a_season_without_warmth_is_refused():
    with pytest.raises(RecipeError, match="warmer than 25"):
        settled(
            dataclasses.replace(crops(year_of(2022), SEASON, [1500.0]), temperatures=constant(20.0)),
            StepUse("thermal_time", {"base_temperature": 25.0}),
        )


def test_series_that_the_calendar_does_not_reach_are_refused():
    series = observe(crops(year_of(2022), SEASON, [1500.0]), SEASON)
    with pytest.raises(RecipeError, match="the days 300 to 302"):
        step_of(first_day=300, calendar=[300, 301, 302]).apply(series, SEASON)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"base_temperature": 20, "cap_temperature": 20}, "not above the base"),
        ({"from_day": "13-01"}, "not a day of a year"),
        ({"calendar": [3, 2]}, "goes back"),
    ],
)
def test_values_that_make_no_sense_are_refused(values, words):
    with pytest.raises(RecipeError, match=words):
        step_of(**values)
