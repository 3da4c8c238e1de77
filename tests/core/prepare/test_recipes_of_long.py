"""The recipes of Long et al. 2026, and the ones beside them, against what NumPy makes of the same dates."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest

from cropmap.contract.errors import RecipeError
from cropmap.data.recipe import recipe_of
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare.recipe import make_recipe, needs_look, prepare, recipe_bands, recipe_nodes, settle

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
SEASON = Season(dt.date(2023, 4, 22), dt.date(2023, 9, 23))
SPAN = {"start": "2023-04-22", "end": "2023-09-23"}
NAMES = (
    "raw",
    "raw_whittaker",
    "linear_monthly",
    "weekly_linear",
    "weekly_linear_whittaker",
    "weekly_linear_phenology",
    "weekly_whittaker",
)


def landsat_dates(season=SEASON, first=-30, every=16):
    return tuple(season.date(day) for day in range(first, season.length_days + 30, every))


def crops(dates, season=SEASON, cloudy=0.3, seed=0, pixels=60, peak=80.0):
    """Bell-shaped seasons whose peak lies around a day of season, seen through clouds."""
    rng = np.random.default_rng(seed)
    days = season.days(dates)
    green = np.exp(-0.5 * ((days - peak - rng.normal(0, 4, (pixels, 1))) / 28) ** 2)[..., np.newaxis]
    bare = np.array([0.09, 0.11, 0.14, 0.22, 0.30, 0.25])
    leaf = np.array([0.03, 0.06, 0.03, 0.46, 0.19, 0.09])
    values = (bare + (leaf - bare) * green).astype(np.float32)
    clear = rng.random((pixels, len(dates))) >= cloudy
    values[~clear] = 0.8
    return SceneBlock(values, clear, dates, BANDS)


def made(name, block, **values):
    return make_recipe(name, SPAN | values, block.dates)


def clear_days(block, pixel, season=SEASON):
    return season.days(block.dates)[block.clear[pixel]]


# ---------------------------------------------------------------- what they hold


def test_raw_is_the_observations_themselves_and_their_mask():
    block = crops(landsat_dates())
    inside = [SEASON.start <= date <= SEASON.end for date in block.dates]
    cube = prepare(block, made("raw", block))
    values, clear = block.values[:, inside], block.clear[:, inside]
    assert cube.bands == (*BANDS, "clear")
    np.testing.assert_array_equal(cube.days, SEASON.days(block.dates)[inside])
    np.testing.assert_array_equal(cube.values[..., -1], clear)
    np.testing.assert_array_equal(cube.values[..., :-1], np.where(clear[..., np.newaxis], values, 0))


def test_raw_accepts_pixels_with_long_gaps_and_refuses_those_hardly_seen():
    dates = landsat_dates()
    clear = np.zeros((2, len(dates)), bool)
    clear[0, [2, 3, -3]] = True
    clear[1, [2, 3]] = True
    block = crops(dates, pixels=2)
    block = SceneBlock(block.values, clear, dates, BANDS)
    assert prepare(block, made("raw", block)).valid.tolist() == [True, False]
    assert prepare(block, made("raw", block, min_clear=2)).valid.all()


def test_raw_in_another_year_takes_the_nearest_acquisition_within_half_the_spacing():
    block = crops(landsat_dates(), cloudy=0)
    recipe = made("raw", block)
    later = SEASON.moved(1)
    dates = tuple(later.date(day) for day in (3, 20, 47, 75, 140))  # where recipes ask for 2, 18, 34, ... 146
    other = prepare(crops(dates, later, cloudy=0), recipe, later)
    wanted = recipe_nodes(recipe)
    expected = np.abs(wanted[:, np.newaxis] - later.days(dates)).min(axis=1) <= 8
    assert recipe.steps[1].params["tolerance_days"] == 8
    np.testing.assert_array_equal(other.values[0, :, -1], expected)
    assert 0 < expected.sum() < len(wanted)


def test_the_tolerance_can_be_chosen():
    block = crops(landsat_dates())
    assert made("raw", block, tolerance_days=0).steps[1].params["tolerance_days"] == 0
    daily = SceneBlock(np.ones((1, 3, 1), np.float32), np.ones((1, 3), bool), landsat_dates(every=1)[40:43], ("red",))
    assert make_recipe("raw", {}, daily.dates).steps[1].params["tolerance_days"] == 1


def test_linear_monthly_is_numpys_interpolation_at_the_15ths():
    block = crops(landsat_dates())
    cube = prepare(block, made("linear_monthly", block, min_clear=1, max_gap_days=0))
    middles = [dt.date(2023, month, 15) for month in (5, 6, 7, 8, 9)]
    assert cube.days.tolist() == SEASON.days(middles).tolist()
    for pixel in range(len(block.values)):
        for band in range(len(BANDS)):
            clear = block.clear[pixel]
            expected = np.interp(cube.days, clear_days(block, pixel), block.values[pixel, clear, band])
            np.testing.assert_allclose(cube.values[pixel, :, band], expected, rtol=1e-6)


def test_april_to_september_has_six_months():
    recipe = make_recipe("linear_monthly", {"start": "2023-04-01", "end": "2023-09-30"}, landsat_dates())
    assert [recipe.season.date(day).month for day in recipe_nodes(recipe)] == [4, 5, 6, 7, 8, 9]


def test_a_season_without_a_mid_month_is_refused():
    with pytest.raises(RecipeError, match="holds no 15th of a month"):
        make_recipe("linear_monthly", {"start": "2023-05-16", "end": "2023-06-14"}, landsat_dates(every=5))


def second_differences(count):
    return np.diff(np.eye(count), 2, axis=0)


def dense_whittaker(values, weights, smoothing):
    bends = second_differences(len(values))
    return np.linalg.solve(np.diag(weights) + smoothing * bends.T @ bends, weights * values)


def test_raw_whittaker_is_a_dense_solve_on_days_taken_at_the_acquisitions():
    block = crops(landsat_dates(first=2), pixels=4)
    inside = SEASON.days(block.dates) <= SEASON.length_days
    cube = prepare(block, made("raw_whittaker", block, smoothing=500))
    days = SEASON.days(block.dates)
    np.testing.assert_array_equal(cube.days, days[inside])
    for pixel in range(4):
        weights, values = np.zeros(days[-1] - days[0] + 1), np.zeros(days[-1] - days[0] + 1)
        weights[clear_days(block, pixel) - days[0]] = 1
        values[clear_days(block, pixel) - days[0]] = block.values[pixel, block.clear[pixel], 3]
        expected = dense_whittaker(values, weights, 500)[cube.days - days[0]]
        np.testing.assert_allclose(cube.values[pixel, :, 3], expected, rtol=1e-5)


def test_raw_whittaker_tells_what_was_seen_where_asked():
    block = crops(landsat_dates())
    recipe = made("raw_whittaker", block, keep_mask=True)
    cube, bare = prepare(block, recipe), prepare(block, made("raw_whittaker", block))
    inside = [SEASON.start <= date <= SEASON.end for date in block.dates]
    assert cube.bands == recipe_bands(recipe, BANDS) == (*BANDS, "seen")
    np.testing.assert_array_equal(cube.values[..., :-1], bare.values)
    np.testing.assert_array_equal(cube.values[..., -1], block.clear[:, inside])


def test_weekly_linear_whittaker_is_a_dense_solve_with_less_weight_far_from_what_was_seen():
    block = crops(landsat_dates(), pixels=6, cloudy=0.5)
    free = {"min_clear": 1, "max_gap_days": 0}
    cube = prepare(block, made("weekly_linear_whittaker", block, **free))
    linear = prepare(block, made("weekly_linear", block, **free))
    assert len(cube.days) == 23
    far = 0
    for pixel in range(6):
        seen = clear_days(block, pixel)
        away = np.abs(cube.days[:, np.newaxis] - seen).min(axis=1)
        inside = (away <= 8) | ((cube.days > seen.min()) & (cube.days < seen.max()))
        first, last = np.flatnonzero(inside)[[0, -1]]
        weights = np.where(away <= 8, 1, 0.2)[first : last + 1]
        far += int((weights < 1).sum())
        solved = dense_whittaker(linear.values[pixel, first : last + 1, 3].astype(float), weights, 10)
        expected = np.pad(solved, (first, len(cube.days) - 1 - last), mode="edge")
        np.testing.assert_allclose(cube.values[pixel, :, 3], expected, rtol=1e-5)
    assert far


def test_weekly_whittaker_hits_a_straight_line_whatever_the_clouds():
    """A line has no bend: the smoothest curve through its points is the line; beyond them it is held."""
    dates = landsat_dates()
    days = SEASON.days(dates)
    block = crops(dates)
    block = SceneBlock(
        np.repeat((1000 + 8 * days[:, np.newaxis]).astype(np.float32)[np.newaxis], 60, axis=0),
        block.clear,
        dates,
        ("line",),
    )
    cube = prepare(block, made("weekly_whittaker", block, min_clear=3, max_gap_days=0))
    assert cube.days.tolist() == list(range(0, 155, 7))
    assert cube.valid.any()
    for pixel in np.flatnonzero(cube.valid):
        seen = days[block.clear[pixel]]
        expected = 1000 + 8 * np.clip(cube.days, seen.min(), seen.max())
        np.testing.assert_allclose(cube.values[pixel, :, 0], expected, rtol=1e-4)


@pytest.mark.parametrize("variant", ["region", "pixel"])
def test_phenology_brings_a_late_year_to_the_calendar_of_the_first(variant):
    usual = crops(landsat_dates(every=8), cloudy=0)
    later_season = SEASON.moved(1)
    late = crops(landsat_dates(later_season, every=8), later_season, cloudy=0, peak=108.0)
    recipe = settle(made("weekly_linear_phenology", usual, variant=variant), usual)
    here = prepare(usual, recipe)
    moved = settle(recipe, late, later_season) if needs_look(recipe) else recipe
    there = prepare(late, moved, later_season)
    plain = prepare(late, made("weekly_linear", usual), later_season)
    np.testing.assert_array_equal(here.days, there.days)
    nir = BANDS.index("nir")
    apart = np.abs(there.values[..., nir].mean(axis=0) - here.values[..., nir].mean(axis=0)).max()
    unmoved = np.abs(plain.values[..., nir].mean(axis=0) - here.values[..., nir].mean(axis=0)).max()
    assert unmoved > 0.1
    assert apart < unmoved / 2


# ---------------------------------------------------------------- what all promise


def test_phenology_takes_another_span_of_peaks_and_other_band_names():
    wanted = {"from_day": "11-15", "to_day": "02-29", "min_amplitude": 1.0, "roles": ["green=a", "nir=b"]}
    recipe = make_recipe("weekly_linear_phenology", {"index": "gcvi", **wanted}, landsat_dates())
    (phenology,) = (use for use in recipe.steps if use.name == "phenology")
    assert {name: phenology.params[name] for name in wanted} == wanted


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_survives_its_travel_and_means_the_same_in_a_leap_year(name):
    block = crops(landsat_dates())
    recipe = settle(made(name, block), block)
    travelled = recipe_of(json.loads(json.dumps(recipe.to_dict())))
    assert travelled == recipe
    leap = SEASON.moved(1)
    same = crops(landsat_dates(leap), leap)
    ours, theirs = prepare(block, recipe), prepare(same, travelled, leap)
    np.testing.assert_array_equal(theirs.days, recipe_nodes(recipe))
    np.testing.assert_array_equal(ours.values, theirs.values)
    np.testing.assert_array_equal(ours.valid, theirs.valid)


@pytest.mark.parametrize("name", NAMES)
def test_a_season_over_a_leap_day_has_the_steps_of_the_year_it_was_made_in(name):
    winter = Season(dt.date(2022, 11, 1), dt.date(2023, 6, 30))
    block = crops(landsat_dates(winter), winter)
    span = {"start": "2022-11-01", "end": "2023-06-30", "min_clear": 2}
    recipe = make_recipe(name, span, block.dates)
    leap = winter.moved(1)
    cube = prepare(crops(landsat_dates(leap), leap), recipe, leap)
    np.testing.assert_array_equal(cube.days, recipe_nodes(recipe))
    assert np.isfinite(cube.values[cube.valid]).all()
    assert cube.valid.any()


@pytest.mark.parametrize("name", NAMES)
def test_the_usual_thresholds_are_passed_on(name):
    block = crops(landsat_dates())
    uses = {use.name: use.params for use in made(name, block, min_clear=9).steps}
    assert uses["enough_clear"]["min_clear"] == 9
