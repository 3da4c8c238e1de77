"""The weekly linear recipe against closed forms, np.interp, a plain loop, and real cloudy series."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cropmap.contract.errors import ParameterError, RecipeError
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare import STEPS
from cropmap.prepare.linear import axis_of, interpolate
from cropmap.prepare.observe import observe
from cropmap.prepare.recipe import make_recipe, prepare, recipe_nodes

SEASON = Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30))
DATA = Path(__file__).parents[4] / "shared" / "data"
REAL = DATA / "sen2rts_ndvi_scl"
BELGIUM = DATA / "worldcereal_belgium" / "worldcereal_preprocessed_inputs.nc"
ARKANSAS = DATA / "us_s2_cdl_2021" / "us_arkansas_2021_zone0.npz"


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


def step_of(**params):
    entry = STEPS.get("linear")
    return entry.make(entry.parse(params))


def resampled(acquired, values, clear, **params):
    """Apply the step alone, to a block as `block_of` takes it."""
    return step_of(**params).apply(observe(block_of(acquired, values, clear), SEASON), SEASON)


@pytest.mark.parametrize("bands", [1, 2, 6, 8, 11])
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


@pytest.mark.parametrize("times", [62, 63, 64, 65, 127, 200])
def test_any_number_of_dates_equals_numpy_interp(times):
    rng = np.random.default_rng(times)
    days, values, clear = random_block(rng, pixels=30, times=times, bands=3, clouds=0.8)
    clear[:2], clear[1, -1], clear[2], clear[2, 0] = False, True, False, True  # none, the last alone, the first alone
    cube = prepare(block_of(days, values, clear), weekly())
    assert np.isnan(cube.values[0]).all()
    for pixel in range(1, 30):
        for band in range(3):
            expected = np.interp(cube.days, days[clear[pixel]], values[pixel, clear[pixel], band])
            np.testing.assert_allclose(cube.values[pixel, :, band], expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("bands", [1, 3, 7, 8, 9])
def test_a_pixel_alone_and_the_last_of_a_block_have_the_same_bytes(bands):
    days, values, clear = random_block(np.random.default_rng(4), pixels=5, times=3, bands=bands)
    together = prepare(block_of(days, values, clear), weekly()).values
    for pixel in range(5):
        alone = prepare(block_of(days, values[[pixel]], clear[[pixel]]), weekly()).values[0]
        assert alone.tobytes() == together[pixel].tobytes()


def test_a_leap_year_and_a_common_one_have_the_same_steps():
    spans = [Season(dt.date(year, 2, 1), dt.date(year, 2, 1) + dt.timedelta(days=60)) for year in (2023, 2024)]
    leap = [season.date(28).isoformat() for season in spans]
    assert leap == ["2023-03-01", "2024-02-29"]
    days, values, clear = random_block(np.random.default_rng(5), span=(0, 61))
    first, second = (prepare(block_of(days, values, clear, season), weekly(season)) for season in spans)
    np.testing.assert_array_equal(first.values, second.values)


def test_duplicate_and_unsorted_dates_count_as_their_mean_in_order():
    days, line = [90, 10, 50, 10], [[9.0, 0.0, 5.0, 2.0]]
    made = resampled(days, line, [[True] * 4], days=[10, 30, 50, 70, 90])
    assert made.values[0, :, 0].tolist() == [1, 3, 5, 7, 9]


def test_values_are_made_on_the_days_that_are_given():
    days, values, clear = random_block(np.random.default_rng(6))
    clear[:, 0] = True
    wanted = [-20, 0, 14, 15, 100, 182, 300]
    made = resampled(days, values, clear, days=wanted)
    assert made.days.tolist() == wanted
    assert made.days.dtype == np.int32
    for pixel in range(len(values)):
        expected = np.interp(wanted, days[clear[pixel]], values[pixel, clear[pixel], 1])
        np.testing.assert_allclose(made.values[pixel, :, 1], expected, rtol=1e-6, atol=1e-7)


def test_without_a_step_the_dates_stay_and_their_gaps_are_filled():
    days, values, clear = random_block(np.random.default_rng(7), span=(-300, 500))
    clear[0] = False
    made = resampled(days, values, clear, step_days=0, support_days=0)
    assert made.days.tolist() == days.tolist()
    assert step_of(step_days=0).nodes(None, SEASON) is None
    np.testing.assert_array_equal(made.values[clear], values[clear])
    assert made.clear[1:].all()
    assert not made.clear[0].any()
    for pixel in range(1, len(values)):
        expected = np.interp(days, days[clear[pixel]], values[pixel, clear[pixel], 0])
        np.testing.assert_allclose(made.values[pixel, :, 0], expected, rtol=1e-6, atol=1e-7)


def test_without_a_step_the_days_of_the_step_before_stay():
    nodes = np.array([3, 30, 60], np.int32)
    assert step_of(step_days=0).nodes(nodes, SEASON) is nodes
    assert step_of(days=[1, 2]).nodes(nodes, SEASON).tolist() == [1, 2]


def test_the_gaps_of_series_without_any_date_stay_empty():
    made = resampled([], np.empty((2, 0, 1)), np.empty((2, 0)), step_days=0)
    assert made.values.shape == (2, 0, 1)
    assert not made.valid.any()


@pytest.mark.parametrize("days", [[0, 7, 7], [10, 5], [0.5, 1]])
def test_days_that_do_not_ascend_or_are_not_whole_are_refused_before_reading(days):
    recipe = Recipe("own", SEASON, (StepUse("linear", {"days": days}),))
    with pytest.raises(RecipeError, match="ascending whole numbers"):
        recipe_nodes(recipe)


@pytest.mark.parametrize("days", [[-1e9], [5000], ["7"], 7])
def test_days_that_are_no_days_of_any_season_are_refused(days):
    with pytest.raises(ParameterError):
        step_of(days=days)


class TestHoles:
    """A feature may be NaN on a clear date: missing for that feature alone."""

    @staticmethod
    def holed(values, clear, acquired, **params):
        series = observe(block_of(acquired, values, clear), SEASON)
        return step_of(**params).apply(dataclasses.replace(series, holes=True), SEASON)

    def test_each_feature_is_interpolated_over_its_own_values(self):
        rng = np.random.default_rng(8)
        days, values, clear = random_block(rng, bands=4, times=40)
        holes = rng.random(values.shape) < 0.3
        holes[::2] = False  # every second pixel has none
        values[holes] = np.nan
        made = self.holed(values, clear, days)
        assert made.holes is False
        assert made.valid.all()
        for pixel in range(len(values)):
            for band in range(4):
                known = clear[pixel] & ~holes[pixel, :, band]
                expected = np.interp(made.days, days[known], values[pixel, known, band])
                np.testing.assert_allclose(made.values[pixel, :, band], expected, rtol=1e-6, atol=1e-7)

    def test_a_pixel_with_holes_has_the_same_bytes_alone(self):
        days, values, clear = random_block(np.random.default_rng(10), bands=4, times=40)
        values[np.random.default_rng(11).random(values.shape) < 0.3] = np.nan
        together = self.holed(values, clear, days).values
        for pixel in range(len(values)):
            alone = self.holed(values[[pixel]], clear[[pixel]], days).values
            np.testing.assert_array_equal(alone[0], together[pixel])

    def test_a_pixel_without_holes_has_the_bytes_that_it_has_beside_none(self):
        days, values, clear = random_block(np.random.default_rng(9), bands=3)
        plain = resampled(days, values, clear).values
        values[0, clear[0].argmax(), 1] = np.nan
        made = self.holed(values, clear, days).values
        assert made[1:].tobytes() == plain[1:].tobytes()
        np.testing.assert_array_equal(made[0, :, [0, 2]], plain[0, :, [0, 2]])

    def test_a_feature_without_any_value_is_nan_and_its_pixel_refused(self):
        values = np.array([[[1, np.nan], [3, np.nan]], [[1, 5], [3, 7]]])
        made = self.holed(values, [[True, True]] * 2, [0, 182], days=[0, 91])
        assert made.values[0, :, 0].tolist() == [1, 2]
        assert np.isnan(made.values[0, :, 1]).all()
        assert made.values[1].tolist() == [[1, 5], [2, 6]]
        assert made.valid.tolist() == [False, True]
        assert made.clear.tolist() == [[False, False], [True, True]]

    def test_a_cloudy_pixel_stays_nan(self):
        made = self.holed(np.full((1, 3, 2), np.nan), [[False] * 3], [0, 50, 100])
        assert np.isnan(made.values).all()
        assert not made.valid.any()


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


@pytest.mark.skipif(not BELGIUM.is_file(), reason="the WorldCereal stack of Belgium is not beside the project")
def test_two_months_that_are_missing_everywhere_are_bridged():
    import h5py

    with h5py.File(BELGIUM) as file:
        stored = np.stack([file[f"S2-L2A-{band}"][:].view(np.uint16) for band in ("B04", "B08")], axis=-1)
        dates = [dt.date(1990, 1, 1) + dt.timedelta(days=int(day)) for day in file["t"][:]]
    values = np.moveaxis(stored.reshape(12, -1, 2), 0, 1).astype(np.float32)
    clear = (values != 65535).all(axis=2)
    assert [date.month for date, seen in zip(dates, clear.any(axis=0), strict=True) if not seen] == [12, 1]
    season = Season(dates[0], dates[-1])
    made = step_of(step_days=0).apply(observe(SceneBlock(values, clear, tuple(dates), ("b04", "b08")), season), season)
    days, full = season.days(dates), clear[:, [0, 3]].all(axis=1)
    assert full.sum() > 9000
    share = (days[1:3] - days[0]) / (days[3] - days[0])
    rise = (values[full, 3] - values[full, 0]).astype(float)[:, np.newaxis]
    expected = values[full, 0][:, np.newaxis] + share[np.newaxis, :, np.newaxis] * rise
    np.testing.assert_allclose(made.values[full, 1:3], expected, rtol=1e-6)
    np.testing.assert_array_equal(made.values[clear], values[clear])
    assert np.isfinite(made.values[made.valid]).all()


@pytest.mark.skipif(not ARKANSAS.is_file(), reason="the Sentinel-2 samples of Arkansas are not beside the project")
def test_a_dekad_that_nearly_every_pixel_misses_equals_numpy_interp():
    with np.load(ARKANSAS) as file:
        values, clear, starts = file["X"][:400].astype(np.float32), ~file["missing"][:400], file["date_start"]
    dates = tuple(dt.date.fromisoformat(str(start)) for start in starts)
    assert clear[:, 3].mean() < 0.01
    season = Season(dates[0], dates[-1])
    days = season.days(dates)
    names = tuple(f"b{number}" for number in range(10))
    made = step_of().apply(observe(SceneBlock(values, clear, dates, names), season), season)
    for pixel in range(400):
        for band in (0, 9):
            expected = np.interp(made.days, days[clear[pixel]], values[pixel, clear[pixel], band])
            np.testing.assert_allclose(made.values[pixel, :, band], expected, rtol=1e-6)


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
