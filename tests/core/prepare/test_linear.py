"""The weekly linear recipe against closed forms, np.interp, a plain loop, and real cloudy series."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare.linear import axis_of, interpolate
from cropmap.prepare.recipe import make_recipe, prepare

SEASON = Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30))
REAL = Path(__file__).parents[4] / "shared" / "data" / "sen2rts_ndvi_scl"


def dates_on(days, season=SEASON):
    return tuple(season.date(day) for day in days)


def block_of(days, values, clear, season=SEASON):
    """Build a block of values (pixel, time) in one band, or (pixel, time, band)."""
    values = np.asarray(values, np.float32)
    values = values[..., np.newaxis] if values.ndim == 2 else values
    names = tuple(f"b{number}" for number in range(values.shape[2]))
    return SceneBlock(values, np.asarray(clear, bool), dates_on(days, season), names)


def weekly(season=SEASON, **values):
    span = {"start": season.start.isoformat(), "end": season.end.isoformat()}
    return make_recipe("weekly_linear", {**span, **values}, (season.start, season.end))


def by_loop(values, clear, days, nodes):
    """Interpolate one pixel and band, as the docs say it: nothing shared with the kernel."""
    known = [(day, value) for day, value, usable in zip(days, values, clear, strict=True) if usable]
    made = []
    for node in nodes:
        before = [entry for entry in known if entry[0] <= node]
        after = [entry for entry in known if entry[0] >= node]
        if not known:
            made.append(np.nan)
        elif not before or not after:
            made.append((before[-1] if before else after[0])[1])
        else:
            (day, value), (next_day, next_value) = before[-1], after[0]
            share = (node - day) / (next_day - day) if next_day > day else 0.0
            made.append(value + share * (next_value - value))
    return made


def random_block(rng, *, pixels=40, times=30, bands=2, clouds=0.4, span=(-60, 240)):
    days = np.sort(rng.choice(np.arange(*span), times, replace=False))
    values = rng.normal(0.3, 0.2, (pixels, times, bands))
    return days, values.astype(np.float32), rng.random((pixels, times)) > clouds


@pytest.mark.parametrize("bands", [1, 2, 6])
@pytest.mark.parametrize("clouds", [0.0, 0.3, 0.9])
def test_every_band_equals_numpy_interp_on_the_clear_dates(bands, clouds):
    rng = np.random.default_rng(1)
    days, values, clear = random_block(rng, bands=bands, clouds=clouds)
    clear[:, 3] = True
    cube = prepare(block_of(days, values, clear), weekly())
    for pixel in range(len(values)):
        for band in range(bands):
            expected = np.interp(cube.days, days[clear[pixel]], values[pixel, clear[pixel], band])
            np.testing.assert_allclose(cube.values[pixel, :, band], expected, rtol=1e-6, atol=1e-7)


def test_every_value_equals_the_plain_loop_where_whole_pixels_are_cloudy():
    rng = np.random.default_rng(2)
    days, values, clear = random_block(rng, clouds=0.95)
    cube = prepare(block_of(days, values, clear), weekly())
    expected = [
        [by_loop(values[pixel, :, band], clear[pixel], days, cube.days) for band in range(2)]
        for pixel in range(len(values))
    ]
    assert not clear.any(axis=1).all()
    np.testing.assert_allclose(cube.values, np.moveaxis(np.array(expected), 1, 2), rtol=1e-6, atol=1e-7)


@st.composite
def series(draw):
    times = draw(st.integers(1, 12))
    days = np.array(sorted(draw(st.sets(st.integers(-64, 246), min_size=times, max_size=times))))
    values = draw(hnp.arrays(np.float32, (3, times, 2), elements=st.floats(-2, 2, width=32)))
    clear = draw(hnp.arrays(bool, (3, times)))
    return days, values, clear


@given(series(), st.integers(1, 40))
@settings(deadline=None, max_examples=150)
def test_any_series_equals_the_plain_loop(drawn, step_days):
    days, values, clear = drawn
    cube = prepare(block_of(days, values, clear), weekly(step_days=step_days))
    for pixel in range(3):
        for band in range(2):
            expected = by_loop(values[pixel, :, band].astype(float), clear[pixel], days, cube.days)
            np.testing.assert_allclose(cube.values[pixel, :, band], expected, rtol=1e-6, atol=1e-6)


@given(
    start=st.integers(-100_000, 100_000),
    slope=st.integers(-1_000, 1_000),
    clear=hnp.arrays(bool, (1, 40)),
    seed=st.integers(0, 1000),
)
@example(start=-91, slope=1, clear=np.array([[True] + [False] * 38 + [True]]), seed=0)  # passes through 0
@example(start=0, slope=1, clear=np.array([[True] + [False] * 38 + [True]]), seed=0)
@settings(deadline=None, max_examples=150)
def test_a_straight_line_of_whole_numbers_stays_exact(start, slope, clear, seed):
    days = np.sort(np.random.default_rng(seed).choice(np.arange(0, 183), 40, replace=False))
    line = start + slope * days
    cube = prepare(block_of(days, np.stack([line, -line], axis=-1)[np.newaxis], clear), weekly())
    if clear.any():
        expected = start + slope * np.clip(cube.days, days[clear[0]][0], days[clear[0]][-1])
        away = expected != 0
        np.testing.assert_array_equal(cube.values[0, away], np.stack([expected, -expected], axis=-1)[away])
        np.testing.assert_allclose(cube.values[0, ~away], 0, atol=1e-15 * (np.abs(line).max() + 1))


@given(series(), st.integers(0, 10_000))
@settings(deadline=None, max_examples=50)
def test_what_stands_where_it_is_cloudy_does_not_matter(drawn, seed):
    days, values, clear = drawn
    noise = np.random.default_rng(seed).choice([np.nan, np.inf, 1e30, -7.0], values.shape).astype(np.float32)
    other = np.where(clear[..., np.newaxis], values, noise)
    first, second = (prepare(block_of(days, held, clear), weekly()).values for held in (values, other))
    np.testing.assert_array_equal(first, second)


@given(series(), st.permutations(range(3)))
@settings(deadline=None, max_examples=50)
def test_a_pixel_does_not_depend_on_its_neighbours(drawn, order):
    days, values, clear = drawn
    together = prepare(block_of(days, values, clear), weekly())
    shuffled = prepare(block_of(days, values[list(order)], clear[list(order)]), weekly())
    np.testing.assert_array_equal(together.values[list(order)], shuffled.values)
    np.testing.assert_array_equal(together.valid[list(order)], shuffled.valid)


def test_neighbours_of_one_mask_are_interpolated_each_from_its_own_values():
    days, values, _ = random_block(np.random.default_rng(3), pixels=4)
    mask = np.arange(30) % 3 == 0
    none = np.zeros(30, bool)
    cube = prepare(block_of(days, values, [mask, mask, none, none]), weekly())
    for pixel in range(2):
        expected = np.interp(cube.days, days[mask], values[pixel, mask, 0])
        np.testing.assert_allclose(cube.values[pixel, :, 0], expected, rtol=1e-6)
    assert np.isnan(cube.values[2:]).all()


def test_a_cloudy_pixel_stays_nan_and_is_not_valid():
    cube = prepare(block_of([0, 50, 100], [[1, 2, 3]], [[False] * 3]), weekly())
    assert np.isnan(cube.values).all()
    assert cube.valid.tolist() == [False]
    assert cube.quality.clear_dates.tolist() == [0]
    assert cube.quality.longest_gap.tolist() == [SEASON.length_days]


def test_one_clear_date_gives_a_constant_that_is_not_valid():
    cube = prepare(block_of([0, 50, 100], [[1, 2, 3]], [[False, True, False]]), weekly())
    assert (cube.values == 2).all()
    assert cube.valid.tolist() == [False]


def test_the_nearest_clear_value_is_held_at_both_edges():
    cube = prepare(block_of([20, 30, 90, 100], [[9, 1, 3, 9]], [[False, True, True, False]]), weekly())
    assert (cube.values[0, cube.days <= 30] == 1).all()
    assert (cube.values[0, cube.days >= 90] == 3).all()


def test_a_step_on_a_clear_date_keeps_its_value():
    days = [0, 7, 14, 21, 182]
    cube = prepare(block_of(days, [[0.1, 0.7, 0.2, 0.9, 0.3]], [[True] * 5]), weekly())
    np.testing.assert_array_equal(cube.values[0, [0, 1, 2, 3, 26], 0], np.float32([0.1, 0.7, 0.2, 0.9, 0.3]))


def test_dates_just_outside_the_season_support_the_steps_inside():
    days = [-10, 10, 60, 120, 170, 195]
    cube = prepare(block_of(days, [days], [[True] * 6]), weekly())
    np.testing.assert_allclose(cube.values[0, :, 0], cube.days, atol=1e-12)


def test_dates_further_from_the_season_than_the_gap_limit_do_not_count():
    days = [-65, -64, 10, 182 + 64, 182 + 65]
    one, other = (weekly(max_gap_days=limit) for limit in (64, 65))
    clear = [[True, False, True, False, True]]
    assert (prepare(block_of(days, [days], clear), one).values == 10).all()
    wide = prepare(block_of(days, [days], clear), other)
    np.testing.assert_allclose(wide.values[0, :, 0], SEASON.nodes(7), atol=1e-12)


def test_without_a_gap_limit_support_still_comes_from_64_days():
    assert weekly(max_gap_days=0).steps[1].params["support_days"] == 64


def test_a_block_without_any_date_in_reach_is_nan():
    cube = prepare(block_of([-400, 900], [[1, 2]], [[True, True]]), weekly())
    assert np.isnan(cube.values).all()
    assert not cube.valid.any()


def test_a_block_without_pixels_gives_a_cube_without_pixels():
    cube = prepare(block_of([0, 9], np.empty((0, 2, 2)), np.empty((0, 2))), weekly())
    assert cube.values.shape == (0, 27, 2)


@pytest.mark.parametrize(
    ("start", "end", "steps"),
    [
        ("2024-02-01", "2024-03-31", 9),  # holds 29 February
        ("2023-10-01", "2024-09-30", 53),  # crosses the turn of a year, and a leap day
        ("2023-01-01", "2023-12-31", 53),
    ],
)
def test_days_are_counted_through_leap_days_and_new_year(start, end, steps):
    season = Season(dt.date.fromisoformat(start), dt.date.fromisoformat(end))
    days = np.linspace(0, season.length_days, 8).astype(int)
    ordinals = [date.toordinal() for date in dates_on(days, season)]
    cube = prepare(block_of(days, [ordinals], [[True] * 8], season), weekly(season))
    assert cube.values.shape[1] == steps
    np.testing.assert_array_equal(cube.values[0, :, 0], season.start.toordinal() + cube.days)


def test_the_axis_uses_no_date_outside_its_reach():
    axis = axis_of(np.array([-9, 0, 5, 30], np.int32), np.array([0, 7], np.int32), (0, 10))
    assert axis.first == 1
    assert axis.days.tolist() == [0, 5]
    values = np.array([[[100], [1], [2], [100]]], np.float32)
    made, usable = interpolate(values, np.ones((1, 4), bool), axis)
    assert made[0, :, 0].tolist() == [1, 2]
    assert usable.tolist() == [True]


def test_infinite_detail_is_not_lost_to_float32():
    # 1/3 of the way between two neighbours of float32: computed in float64 and rounded once.
    low, high = np.float32(0.1), np.nextafter(np.float32(0.1), np.float32(1))
    recipe = Recipe("one", SEASON, (StepUse("linear", {"step_days": 1}),))
    cube = prepare(block_of([0, 182], [[low, high]], [[True, True]]), recipe)
    assert set(cube.values[0, :, 0].tolist()) == {float(low), float(high)}
    assert (np.diff(cube.values[0, :, 0]) >= 0).all()


@pytest.mark.skipif(not REAL.is_dir(), reason="the sen2rts NDVI and SCL series are not beside the project")
def test_real_cloudy_ndvi_equals_numpy_interp():
    days, values, clear = real_series()
    season = Season(dt.date(2020, 1, 9), dt.date(2020, 10, 30))
    recipe = weekly(season, max_gap_days=0)
    cube = prepare(SceneBlock(values[..., np.newaxis], clear, days, ("ndvi",)), recipe)
    numbers = season.days(days)
    assert 0.1 < clear.mean() < 0.9
    for pixel in range(len(values)):
        expected = np.interp(cube.days, numbers[clear[pixel]], values[pixel, clear[pixel]])
        np.testing.assert_allclose(cube.values[pixel, :, 0], expected, rtol=1e-6, atol=1e-7)
        inside = np.concatenate([[0], numbers[clear[pixel]], [season.length_days]])
        assert cube.quality.longest_gap[pixel] == np.diff(inside).max()
    np.testing.assert_array_equal(cube.quality.clear_dates, clear.sum(axis=1))


def real_series():
    """Return dates, NDVI (pixel, time) and clear (pixel, time) of a site with real clouds; SCL is on a 20 m grid."""
    import rasterio

    dates, values, clear = [], [], []
    for path in sorted((REAL / "NDVI").iterdir(), key=lambda path: path.name.split("_")[1]):
        with rasterio.open(path) as file:
            ndvi, grid = file.read(1), file.transform
        scl_path = REAL / "SCL" / path.name.replace("_NDVI_", "_SCL_")
        rows, cols = np.indices(ndvi.shape).reshape(2, -1)
        with rasterio.open(scl_path) as file:
            x, y = rasterio.transform.xy(grid, rows, cols)
            scl_rows, scl_cols = rasterio.transform.rowcol(file.transform, x, y)
            scl = file.read(1)[scl_rows, scl_cols]
        dates.append(dt.datetime.strptime(path.name.split("_")[1], "%Y%m%d").replace(tzinfo=dt.timezone.utc).date())
        values.append(ndvi.ravel() / np.float32(10_000))
        clear.append(np.isin(scl, (4, 5, 6)) & (ndvi.ravel() != -32768))
    return tuple(dates), np.array(values, np.float32).T, np.array(clear).T
