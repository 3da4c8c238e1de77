"""Forty weekly steps of bands and indices, against np.interp feature by feature."""

from __future__ import annotations

import calendar
import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from cropmap.contract.errors import RecipeError
from cropmap.data.recipe import StepUse
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare.recipe import make_recipe, prepare, recipe_bands, recipe_nodes

S2 = ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12")
BLUE, GREEN, RED, EDGE1, EDGE2, EDGE3, NIR, NARROW, SWIR1, SWIR2 = range(10)
REAL = Path(__file__).parents[4] / "shared" / "data" / "us_s2_cdl_2021" / "us_arkansas_2021_zone0.npz"
# Some of the sheet, of reflectances (..., band).
PUBLISHED = {
    "NDVI": lambda x: (x[..., NIR] - x[..., RED]) / (x[..., NIR] + x[..., RED]),
    "IRECI": lambda x: (x[..., EDGE3] - x[..., RED]) / (x[..., EDGE1] / x[..., EDGE2]),
    "EVI": lambda x: 2.5 * (x[..., NIR] - x[..., RED]) / (x[..., NIR] + 6 * x[..., RED] - 7.5 * x[..., BLUE] + 1),
    "LSWI": lambda x: (x[..., NARROW] - x[..., SWIR1]) / (x[..., NARROW] + x[..., SWIR1]),
    "BI2": lambda x: (x[..., BLUE] - x[..., RED]) / (x[..., BLUE] - x[..., SWIR2]),
    "STI": lambda x: x[..., SWIR1] / x[..., SWIR2],
}


def year_of_dates(year, every=5, first=3):
    start = dt.date(year, 1, 1)
    return tuple(start + dt.timedelta(days=day) for day in range(first, 365, every))


def random_block(dates, pixels=6, cloudy=0.5):
    rng = np.random.default_rng(11)
    values = rng.uniform(0.01, 0.6, (pixels, len(dates), len(S2))).astype(np.float32)
    return SceneBlock(values, rng.random((pixels, len(dates))) > cloudy, dates, S2)


def by_interp(block, recipe, support=None):
    """Interpolate every clear feature value as the docs say it: (pixel, step, feature), with the features' names."""
    days, nodes = recipe.season.days(block.dates), recipe_nodes(recipe)
    exact = block.values.astype(np.float64)
    with np.errstate(all="ignore"):
        indices = np.stack([formula(exact) for formula in PUBLISHED.values()], axis=2)
    indices = np.where(np.isfinite(indices), np.clip(indices, -10, 10), np.nan)
    features = np.concatenate([exact, indices], axis=2)
    usable = block.clear[..., np.newaxis] & np.isfinite(features)
    if support == "window":
        usable &= ((days >= 0) & (days <= recipe.season.length_days))[:, np.newaxis]
    made = np.full((len(exact), len(nodes), features.shape[2]), np.nan)
    for pixel, feature in np.ndindex(len(exact), features.shape[2]):
        known = usable[pixel, :, feature]
        if known.any():
            made[pixel, :, feature] = np.interp(nodes, days[known], features[pixel, known, feature])
    return made, (*block.bands, *PUBLISHED)


def chosen(cube, names):
    return cube.values[..., [cube.bands.index(name) for name in names]]


@pytest.mark.parametrize(("year", "last"), [(2017, "11-01"), (2022, "11-01"), (2020, "10-31"), (2024, "10-31")])
def test_a_year_has_forty_steps_from_1_february_to_1_november(year, last):
    recipe = make_recipe("weekly_indices", {}, year_of_dates(year))
    nodes = recipe_nodes(recipe)
    assert (recipe.season.start, recipe.season.end) == (dt.date(year, 2, 1), dt.date(year, 11, 1))
    assert len(nodes) == 40
    assert set(np.diff(nodes).tolist()) == {7}
    assert recipe.season.date(nodes[0]).isoformat() == f"{year}-02-01"
    assert recipe.season.date(nodes[-1]).isoformat() == f"{year}-{last}"


def test_the_year_is_the_one_that_holds_most_of_the_dates():
    dates = (*year_of_dates(2021, every=20), *year_of_dates(2022), *year_of_dates(2023, every=20))
    assert make_recipe("weekly_indices", {}, dates).season.start == dt.date(2022, 2, 1)


def test_a_given_span_is_kept():
    recipe = make_recipe("weekly_indices", {"start": "2022-04-01", "end": "2022-09-30"}, year_of_dates(2022))
    assert recipe.season == Season(dt.date(2022, 4, 1), dt.date(2022, 9, 30))
    assert len(recipe_nodes(recipe)) == 27


@pytest.mark.parametrize(("trained", "mapped"), [(2017, 2020), (2020, 2017), (2017, 2022)])
def test_the_recipe_of_one_year_means_the_same_in_another(trained, mapped):
    recipe = make_recipe("weekly_indices", {}, year_of_dates(trained))
    season = recipe.season.moved(mapped - trained)
    assert calendar.isleap(2020)
    cube = prepare(random_block(year_of_dates(mapped)), recipe, season)
    np.testing.assert_array_equal(cube.days, np.arange(0, 274, 7))
    assert cube.bands == recipe_bands(recipe, S2)


def test_on_the_ten_bands_it_makes_the_full_sheet():
    recipe = make_recipe("weekly_indices", {}, year_of_dates(2017))
    full = make_recipe("weekly_indices", {"features": "full48"}, year_of_dates(2017))
    assert recipe_bands(recipe, S2) == recipe_bands(full, S2)
    assert len(recipe_bands(full, S2)) == 48
    block = random_block(year_of_dates(2017))
    np.testing.assert_array_equal(prepare(block, recipe).values, prepare(block, full).values)


def test_it_is_marking_indices_and_interpolation_in_this_order():
    recipe = make_recipe("weekly_indices", {"features": "long6", "min_clear": 2}, year_of_dates(2017))
    assert recipe.steps == (
        StepUse("enough_clear", {"min_clear": 2, "max_gap_days": 0}),
        StepUse("indices", {"features": "long6", "names": [], "roles": []}),
        StepUse("linear", {"step_days": 7, "support_days": 731}),
    )


@pytest.mark.parametrize("support", ["all", "window"])
def test_every_feature_is_interpolated_over_its_clear_dates(support):
    block = random_block(year_of_dates(2017), pixels=20)
    recipe = make_recipe("weekly_indices", {"support": support}, block.dates)
    expected, names = by_interp(block, recipe, support)
    np.testing.assert_allclose(chosen(prepare(block, recipe), names), expected, rtol=1e-6, atol=1e-6)


def test_indices_are_interpolated_not_made_of_interpolated_bands():
    dates = tuple(dt.date(2017, 2, 1) + dt.timedelta(days=day) for day in (0, 14))
    values = np.full((1, 2, 10), 0.2, np.float32)
    values[0, :, RED], values[0, :, NIR] = (0.1, 0.3), (0.1, 0.9)
    recipe = make_recipe("weekly_indices", {}, dates)
    cube = prepare(SceneBlock(values, np.ones((1, 2), bool), dates, S2), recipe)
    ndvi = cube.values[0, :, cube.bands.index("NDVI")]
    np.testing.assert_allclose(ndvi[:3], [0, 0.25, 0.5], atol=1e-6)  # of interpolated bands it would be 3 / 7


def test_before_the_first_and_after_the_last_clear_date_values_are_held():
    dates = year_of_dates(2017)
    block = random_block(dates, cloudy=0)
    inside = np.array([dt.date(2017, 5, 1) <= date <= dt.date(2017, 8, 1) for date in dates])
    block = SceneBlock(block.values, block.clear & inside, dates, S2)
    recipe = make_recipe("weekly_indices", {}, dates)
    cube = prepare(block, recipe)
    first, last = np.flatnonzero(inside)[[0, -1]]
    for step, date in ((0, first), (39, last)):
        np.testing.assert_array_equal(cube.values[:, step, :10], block.values[:, date])
        expected = PUBLISHED["NDVI"](block.values[:, date].astype(float))
        np.testing.assert_allclose(cube.values[:, step, cube.bands.index("NDVI")], expected, rtol=1e-6, atol=1e-6)


def test_the_window_leaves_out_dates_that_all_takes_in():
    dates = (dt.date(2017, 1, 20), dt.date(2017, 3, 1), dt.date(2017, 9, 1))
    values = np.full((1, 3, 10), 0.2, np.float32)
    values[0, 0] = 0.6
    block = SceneBlock(values, np.ones((1, 3), bool), dates, S2)
    window, every = (
        prepare(block, make_recipe("weekly_indices", {"support": support}, dates)).values[0, 0, 0]
        for support in ("window", "all")
    )
    assert window == np.float32(0.2)
    assert every == pytest.approx(0.2 + 0.4 * 28 / 40)  # 1 February lies 12 of the 40 days after 20 January


def test_no_pixel_is_dropped_and_those_without_a_clear_date_are_flagged():
    dates = year_of_dates(2017)
    block = random_block(dates, pixels=4, cloudy=0)
    clear = np.zeros((4, len(dates)), bool)
    clear[0], clear[1, 30] = True, True
    clear[2, 0] = True  # in January
    cube = prepare(SceneBlock(block.values, clear, dates, S2), make_recipe("weekly_indices", {}, dates))
    assert cube.values.shape == (4, 40, 48)
    assert cube.valid.tolist() == [True, True, False, False]
    assert np.isnan(cube.values[3]).all()
    np.testing.assert_array_equal(cube.values[1], np.repeat(cube.values[1, :1], 40, axis=0))
    assert np.isfinite(cube.values[:3]).all()


def test_too_few_clear_dates_are_flagged_where_asked_for():
    dates = year_of_dates(2017)
    block = random_block(dates, pixels=2, cloudy=0)
    clear = block.clear.copy()
    clear[0, 1:] = False
    clear[0, 20] = True
    for least, valid in ((1, [True, True]), (2, [False, True])):
        recipe = make_recipe("weekly_indices", {"min_clear": least}, dates)
        assert prepare(SceneBlock(block.values, clear, dates, S2), recipe).valid.tolist() == valid


def test_a_vanished_denominator_is_filled_from_the_features_own_neighbours():
    block = random_block(year_of_dates(2017), pixels=8, cloudy=0.3)
    values = block.values.copy()
    rng = np.random.default_rng(1)
    hit = rng.random(values.shape[:2]) < 0.2
    values[hit, SWIR2] = values[hit, BLUE]  # no BI2
    hit = rng.random(values.shape[:2]) < 0.2
    values[hit, EDGE1] = 0  # no IRECI
    block = SceneBlock(values, block.clear, block.dates, S2)
    recipe = make_recipe("weekly_indices", {}, block.dates)
    expected, names = by_interp(block, recipe)
    made = chosen(prepare(block, recipe), names)
    assert np.isfinite(made).all()
    np.testing.assert_allclose(made, expected, rtol=1e-6, atol=1e-6)


def test_a_pixel_alone_gives_the_same_bytes_as_in_its_block_with_holes_too():
    block = random_block(year_of_dates(2017), pixels=5, cloudy=0.3)
    block.values[2, ::7, SWIR2] = block.values[2, ::7, BLUE]
    recipe = make_recipe("weekly_indices", {}, block.dates)
    together = prepare(block, recipe).values
    for pixel in range(5):
        alone = SceneBlock(block.values[[pixel]], block.clear[[pixel]], block.dates, S2)
        assert prepare(alone, recipe).values.tobytes() == together[[pixel]].tobytes()


def test_missing_bands_are_told_before_any_image_is_read():
    recipe = make_recipe("weekly_indices", {"features": "full48"}, year_of_dates(2017))
    with pytest.raises(RecipeError, match="rededge1"):
        recipe_bands(recipe, ("blue", "green", "red", "nir", "swir1", "swir2"))


def test_real_series_of_arkansas_equal_np_interp():
    if not REAL.is_file():
        pytest.skip(f"there is no {REAL}")
    stored = np.load(REAL)
    dates = tuple(dt.date.fromisoformat(text) for text in stored["date_start"])
    values = stored["X"][::25].astype(np.float32) / 10_000
    block = SceneBlock(values, ~stored["missing"][::25], dates, tuple(stored["bands"].tolist()))
    recipe = make_recipe("weekly_indices", {}, dates)
    cube = prepare(block, recipe)
    assert recipe.season.start == dt.date(2021, 2, 1)
    assert cube.values.shape == (200, 40, 48)
    assert cube.valid.all()
    expected, names = by_interp(block, recipe)
    np.testing.assert_allclose(chosen(cube, names), expected, rtol=2e-6, atol=2e-6)
