"""Whittaker's smoother against dense solves, closed forms, and real series."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from cropmap.contract.errors import ParameterError, RecipeError
from cropmap.data.cube import Observations, PixelSeries, Quality
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare import STEPS
from cropmap.prepare.even_smoother import smooth_even
from cropmap.prepare.observe import observe
from cropmap.prepare.recipe import needs_look, prepare, settle
from cropmap.prepare.smoother import day_grid, own_grid, smooth

SEASON = Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30))
REAL = Path(__file__).parents[4] / "shared" / "data" / "sen2rts_ndvi_scl"
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _same_numbers_whatever_ran_before():
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


def step_of(**values):
    entry = STEPS.get("whittaker")
    return entry.make(entry.parse(values))


def block_of(days, values, clear, season=SEASON):
    """Build a block of values (pixel, time) in one band, or (pixel, time, band)."""
    values = np.asarray(values, np.float32)
    values = values[..., np.newaxis] if values.ndim == 2 else values
    names = tuple(f"b{number}" for number in range(values.shape[2]))
    return SceneBlock(values, np.asarray(clear, bool), tuple(season.date(day) for day in days), names)


def regular(values, clear=None, *, gap=7, observed=None, holes=False):
    """Return series (pixel, node, band) on steps that a resampling made."""
    values = np.asarray(values, np.float32)
    pixels, nodes, bands = values.shape
    days = np.arange(nodes, dtype=np.int32) * gap
    clear = np.ones((pixels, nodes), bool) if clear is None else clear
    quality = Quality(np.zeros(pixels, np.uint16), np.zeros(pixels, np.uint16))
    names = tuple(f"b{number}" for number in range(bands))
    return PixelSeries(values, clear, days, names, quality, np.ones(pixels, bool), observed, holes)


def dense(values, weights, smoothing):
    """Solve one series (node,) or several (node, band) as the normal equations say it, in float64."""
    bend = np.diff(np.eye(len(weights)), 2, axis=0)
    weights = np.asarray(weights, np.float64)
    known = np.where(weights > 0, np.asarray(values, np.float64).T, 0)
    return np.linalg.solve(np.diag(weights) + smoothing * bend.T @ bend, (weights * known).T)


def dense_native(days, values, weights, wanted, smoothing):
    """Solve on a grid of days: unseen days have weight 0."""
    start, stop = min(days[0], wanted[0]), max(days[-1], wanted[-1])
    full, weight = np.zeros(stop - start + 1), np.zeros(stop - start + 1)
    full[np.asarray(days) - start], weight[np.asarray(days) - start] = np.where(weights > 0, values, 0), weights
    return dense(full, weight, smoothing)[np.asarray(wanted) - start]


def line_of(days, values, weights, wanted):
    return np.polynomial.Polynomial.fit(days, values, 1, w=np.sqrt(weights))(wanted)


def cloudy(pixels=40, dates=36, bands=6, clouds=0.3):
    return RNG.uniform(0.05, 0.6, (pixels, dates, bands)).astype(np.float32), RNG.random((pixels, dates)) > clouds


# ------------------------------------------------------------------------------------------------ the solver


@pytest.mark.parametrize("smoothing", [0.1, 1.0, 10.0, 100.0, 1e3, 1e4])
@pytest.mark.parametrize(("nodes", "bands"), [(36, 6), (3, 1), (4, 1), (23, 7)])
def test_it_equals_a_dense_solve(smoothing, nodes, bands):
    values, near = cloudy(37, nodes, bands)
    weights = np.where(near, 1.0, 0.2)[..., np.newaxis]
    price = np.full((37, 1), smoothing)
    expected = np.array([dense(*pair, smoothing) for pair in zip(values, weights[..., 0], strict=True)])
    size = np.abs(expected).max()
    exact = smooth(values, weights, price, own_grid(nodes), dtype=np.float64)
    assert np.abs(exact - expected).max() <= 1e-10 * size
    assert np.abs(smooth(values, weights, price, own_grid(nodes)) - expected).max() <= 1e-7 * size


@pytest.mark.parametrize("smoothing", [0.1, 10.0, 1e4])
def test_with_weights_and_lambda_of_their_own_bands_are_solved_one_by_one(smoothing):
    values, _ = cloudy(5, 20, 6)
    weights, price = RNG.uniform(0, 1, values.shape), smoothing * RNG.uniform(0.2, 1, (5, 6))
    weights[RNG.random(values.shape) < 0.3] = 0
    made = smooth(values, weights, price, own_grid(20), dtype=np.float64)
    for pixel, band in np.ndindex(5, 6):
        expected = dense(values[pixel, :, band], weights[pixel, :, band], price[pixel, band])
        assert np.abs(made[pixel, :, band] - expected).max() <= 1e-10 * np.abs(expected).max()


@pytest.mark.parametrize("smoothing", [0.1, 10.0, 1e4])
@pytest.mark.parametrize(("nodes", "bands"), [(36, 6), (3, 1), (11, 6)])
def test_even_weights_have_a_faster_way_to_the_same_values(smoothing, nodes, bands):
    values, _ = cloudy(70, nodes, bands)
    expected = np.array([dense(one, np.ones(nodes), smoothing) for one in values])
    made = smooth_even(values, smoothing)
    np.testing.assert_allclose(made, expected, rtol=1e-6)
    for pixel in (0, 40, 64, 69):
        np.testing.assert_array_equal(smooth_even(values[[pixel]], smoothing)[0], made[pixel])


def test_the_grid_of_days_holds_dates_and_days_wanted():
    days, wanted = np.array([-3, 4, 11], np.int32), np.array([0, 7, 14], np.int32)
    grid = day_grid(days, wanted, 1)
    assert (grid.size, grid.places.tolist(), grid.nodes.tolist(), grid.between) == (18, [0, 7, 14], [3, 10, 17], False)
    coarse = day_grid(days, wanted, 5)
    assert (coarse.size, coarse.places.tolist(), coarse.nodes.tolist()) == (5, [0, 1, 3], [0, 2, 3])
    assert coarse.shares.tolist() == pytest.approx([0.6, 0.0, 0.4])


# ------------------------------------------------------------------------------------------- regular steps


def test_steps_near_to_a_clear_observation_weigh_one_and_others_less():
    values = RNG.random((2, 10, 1)).astype(np.float32)
    days = np.array([-9, 20, 37], np.int32)
    observed = Observations(np.array([[True, True, False], [False, False, True]]), days)
    given = {"near_days": 8, "far_weight": 0.2, "edges": "line"}
    made = step_of(**given).apply(regular(values, observed=observed), SEASON).values
    near = np.array([[0, 0, 1, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 1, 0, 0, 0]], bool)
    for pixel in range(2):
        expected = dense(values[pixel], np.where(near[pixel], 1, 0.2), 10)
        np.testing.assert_allclose(made[pixel], expected, rtol=1e-6)


def test_held_values_beyond_the_last_observation_do_not_bend_the_curves_end():
    """A crop is cut, then clouds: the curve ends at the last value seen, not below it."""
    nodes = np.arange(20, dtype=np.int32) * 7
    falling = np.interp(nodes, [0, 56, 91], [0.8, 0.8, 0.2]).astype(np.float32)[np.newaxis, :, np.newaxis]
    observed = Observations(np.ones((1, 14), bool), nodes[:14])
    given = regular(falling, observed=observed)
    held = step_of(near_days=3).apply(given, SEASON).values[0, :, 0]
    np.testing.assert_allclose(held[:14], dense(falling[0, :14, 0], np.ones(14), 10), rtol=1e-6)
    np.testing.assert_array_equal(held[14:], held[13])
    bent = step_of(near_days=3, edges="line").apply(given, SEASON).values[0, :, 0]
    assert bent[14:].min() < held[13] - 0.05


def test_after_linear_resampling_it_is_what_the_two_steps_say():
    days = [0, 11, 30, 31, 75, 120, 170, 180]
    block = block_of(days, RNG.random((1, 8)), np.array([[1, 1, 1, 0, 1, 1, 0, 1]]))
    recipe = Recipe("", SEASON, (StepUse("linear", {}), StepUse("whittaker", {"smoothing": 5})))
    cube = prepare(block, recipe)
    known = np.array(days)[block.clear[0]]
    weekly = np.interp(cube.days, known, block.values[0, block.clear[0], 0])
    near = np.abs(cube.days[:, np.newaxis] - known).min(axis=1) <= 8
    assert near.sum() not in (0, len(near))
    np.testing.assert_allclose(cube.values[0, :, 0], dense(weekly, np.where(near, 1, 0.2), 5), rtol=1e-6)


def test_a_far_weight_of_one_takes_the_faster_way_for_whole_pixels():
    values, clear = cloudy(40, 30, 6)
    clear[::3] = True
    made = step_of(far_weight=1, edges="line").apply(regular(values, clear), SEASON).values
    for pixel in range(40):
        np.testing.assert_allclose(made[pixel], dense(values[pixel], clear[pixel], 10), rtol=2e-6)
    for pixel in (0, 1):
        alone = step_of(far_weight=1, edges="line").apply(regular(values[[pixel]], clear[[pixel]]), SEASON)
        np.testing.assert_array_equal(alone.values[0], made[pixel])


def test_hardly_any_smoothing_returns_the_input_and_a_great_deal_the_weighted_line():
    values, near = cloudy(3, 30, 6)
    observed = Observations(near, np.arange(30, dtype=np.int32) * 7)
    given = dataclasses.replace(regular(values), observed=observed)
    some = {"near_days": 0, "far_weight": 0.2, "edges": "line"}
    np.testing.assert_allclose(step_of(smoothing=0.0001, **some).apply(given, SEASON).values, values, atol=0.01)
    stiff = step_of(smoothing=1e9, **some).apply(given, SEASON).values
    for pixel, band in np.ndindex(3, 6):
        line = line_of(given.days, values[pixel, :, band], np.where(near[pixel], 1, 0.2), given.days)
        np.testing.assert_allclose(stiff[pixel, :, band], line, rtol=1e-4)


@pytest.mark.parametrize("values", [{}, {"robust": "bisquare"}, {"robust": "upper"}, {"choose": "pixel"}])
def test_straight_lines_stay(values):
    line = np.linspace(0.1, 0.9, 30)[np.newaxis, :, np.newaxis] * [1.0, -2.0, 3.0, 0.0, 5.0, 0.1]
    made = step_of(**values).apply(regular(line), SEASON).values
    np.testing.assert_allclose(made, line, rtol=1e-6, atol=1e-12)


def test_a_gap_of_a_regular_series_has_no_weight():
    values, clear = cloudy(6, 25, 6)
    values[~clear] = np.nan
    made = step_of(edges="line").apply(regular(values, clear), SEASON)
    assert made.clear.all()
    for pixel in range(6):
        np.testing.assert_allclose(made.values[pixel], dense(values[pixel], clear[pixel], 10), rtol=2e-6)


# ------------------------------------------------------------------------------------------- native dates


def test_on_their_own_dates_series_are_solved_day_by_day():
    days = np.array([-20, -3, 2, 9, 10, 31, 60, 64, 90, 140, 181, 190])
    values, clear = RNG.random((4, 12)).astype(np.float32), RNG.random((4, 12)) > 0.3
    given = observe(block_of(days, values, clear), SEASON)
    kept = step_of(smoothing=300, edges="line").apply(given, SEASON)
    stepped = step_of(smoothing=300, edges="line", step_days=7).apply(given, SEASON)
    named = step_of(smoothing=300, edges="line", days=[5, 100, 182]).apply(given, SEASON)
    np.testing.assert_array_equal(kept.days, days)
    np.testing.assert_array_equal(stepped.days, SEASON.nodes(7))
    np.testing.assert_array_equal(named.days, [5, 100, 182])
    for made in (kept, stepped, named):
        for pixel in range(4):
            expected = dense_native(days, values[pixel], clear[pixel].astype(float), made.days, 300)
            np.testing.assert_allclose(made.values[pixel, :, 0], expected, rtol=1e-6)


def test_edges_are_held_and_nothing_between_changes():
    days = np.array([0, 30, 41, 60, 85, 120, 150, 180])
    values = RNG.random((3, 8)).astype(np.float32)
    clear = np.array([[0, 1, 1, 1, 1, 1, 0, 0], [0, 0, 1, 0, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1]], bool)
    given = observe(block_of(days, values, clear), SEASON)
    wanted = list(range(SEASON.length_days + 1))
    held, line = (
        step_of(days=wanted, smoothing=50, edges=edges).apply(given, SEASON).values for edges in ("hold", "line")
    )
    for pixel, (first, last) in enumerate([(30, 120), (41, 85), (0, 180)]):
        np.testing.assert_array_equal(held[pixel, first : last + 1], line[pixel, first : last + 1])
        assert (held[pixel, : first + 1] == line[pixel, first]).all()
        assert (held[pixel, last:] == line[pixel, last]).all()
    np.testing.assert_allclose(np.diff(line[0, 120:, 0], 2), 0, atol=1e-5)


def test_equally_spaced_images_are_solved_day_by_day_too():
    days, values = np.arange(0, 160, 16), RNG.random((1, 10)).astype(np.float32)
    made = step_of(smoothing=1e3).apply(observe(block_of(days, values, np.ones((1, 10))), SEASON), SEASON)
    np.testing.assert_allclose(made.values[0, :, 0], dense_native(days, values[0], np.ones(10), days, 1e3), rtol=1e-6)


def test_dates_of_their_own_that_were_filled_weigh_as_steps_do():
    days = np.array([0, 5, 40, 80, 120, 160])
    values = RNG.random((1, 6)).astype(np.float32)
    clear = np.array([[True, False, False, False, True, True]])
    given = observe(block_of(days, values, clear), SEASON)
    fill = STEPS.get("linear")
    filled = fill.make(fill.parse({"step_days": 0})).apply(given, SEASON)
    made = step_of(near_days=8, far_weight=0.2, step_days=7, edges="line").apply(filled, SEASON)
    known = np.interp(days, days[clear[0]], values[0, clear[0]])
    weights = np.array([1, 1, 0.2, 0.2, 1, 1])
    np.testing.assert_allclose(made.values[0, :, 0], dense_native(days, known, weights, made.days, 10), rtol=2e-6)


def test_support_ends_where_it_is_told_to():
    days, values = np.array([-40, -10, 30, 90, 170, 200, 260]), RNG.random((1, 7)).astype(np.float32)
    given = observe(block_of(days, values, np.ones((1, 7))), SEASON)
    made = step_of(step_days=7, support_days=20, edges="line").apply(given, SEASON)
    near = slice(1, 6)
    expected = dense_native(days[near], values[0, near], np.ones(5), made.days, 10)
    np.testing.assert_allclose(made.values[0, :, 0], expected, rtol=1e-5)
    nothing = step_of(step_days=7, support_days=0).apply(observe(block_of([-9], [[0.3]], [[1]]), SEASON), SEASON)
    assert np.isnan(nothing.values).all()
    assert not nothing.clear.any()
    assert not nothing.valid.any()


def test_a_coarser_grid_takes_the_mean_of_dates_that_share_a_node():
    days, values = np.array([0, 4, 6, 15, 31]), np.array([[0.1, 0.3, 0.5, 0.2, 0.6]], np.float32)
    made = step_of(smoothing=2, grid_days=5, days=[0, 7, 30], edges="line").apply(
        observe(block_of(days, values, np.ones((1, 5))), SEASON), SEASON
    )
    nodes = dense([0.1, 0.4, 0, 0.2, 0, 0, 0.6], [1, 2, 0, 1, 0, 0, 1], 2)
    np.testing.assert_allclose(made.values[0, :, 0], np.interp([0, 1.4, 6], np.arange(7), nodes), rtol=1e-6)


@pytest.mark.parametrize("cloud", [np.nan, np.inf, -np.inf, 1e30, -32768.0])
@pytest.mark.parametrize("values", [{"step_days": 7}, {"robust": "bisquare"}, {"choose": "pixel"}, {"grid_days": 4}])
def test_what_clouds_hide_changes_nothing(cloud, values):
    days = np.sort(RNG.choice(np.arange(-30, 210), 25, replace=False))
    truth, clear = cloudy(3, 25, 6, clouds=0.4)
    hidden = np.where(clear[..., np.newaxis], truth, cloud).astype(np.float32)
    plain, odd = (
        step_of(**values).apply(observe(block_of(days, given, clear), SEASON), SEASON) for given in (truth, hidden)
    )
    np.testing.assert_array_equal(plain.values, odd.values)
    assert np.isfinite(odd.values).all()


def test_no_clear_date_gives_nan_one_a_constant_and_two_the_line_through_them():
    days = np.array([10, 50, 60, 110])
    values = np.array([[1, 2, 3, 4], [1, 0.3, 3, 4], [0.1, 9, 0.4, 9], [0.4, 0.2, 0.4, 0.2]], np.float32)
    clear = np.array([[0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1]], bool)
    for smoothing in (0.1, 1e6):
        made = step_of(step_days=7, smoothing=smoothing, edges="line").apply(
            observe(block_of(days, values, clear), SEASON), SEASON
        )
        assert np.isnan(made.values[0]).all()
        assert made.valid.tolist() == made.clear[:, 0].tolist() == [False, True, True, True]
        np.testing.assert_array_equal(made.values[1], np.float32(0.3))
        np.testing.assert_allclose(made.values[2, :, 0], 0.1 + 0.3 * (made.days - 10) / 50, rtol=1e-5)


def test_a_feature_that_is_missing_on_a_date_has_no_weight_there():
    values, clear = cloudy(4, 20, 6)
    values[0, 4:9, 1], values[1, :, 2] = np.nan, np.nan
    made = step_of(near_days=0, edges="line").apply(regular(values, clear, holes=True), SEASON)
    for band in range(6):
        seen = (clear[0] & np.isfinite(values[0, :, band])).astype(float)
        np.testing.assert_allclose(made.values[0, :, band], dense(values[0, :, band], seen, 10), rtol=2e-6)
    assert made.valid.tolist() == [True, False, True, True]
    assert not made.clear[1].any()
    assert not made.holes


def test_a_pixel_alone_has_the_bytes_that_it_has_in_its_block():
    values, clear = cloudy(45, 25, 7, clouds=0.5)
    days = np.sort(RNG.choice(np.arange(-30, 210), 25, replace=False))
    for given in ({}, {"robust": "upper"}, {"choose": "pixel", "step_days": 7}):
        together = step_of(**given).apply(observe(block_of(days, values, clear), SEASON), SEASON).values
        for pixel in (0, 31, 32, 44):
            one = observe(block_of(days, values[[pixel]], clear[[pixel]]), SEASON)
            np.testing.assert_array_equal(step_of(**given).apply(one, SEASON).values[0], together[pixel])


def test_it_smooths_no_pixel_at_all():
    for given in ({}, {"far_weight": 1.0}, {"choose": "pixel"}, {"robust": "upper"}, {"step_days": 7}):
        assert step_of(**given).apply(regular(np.zeros((0, 9, 6))), SEASON).values.size == 0


# --------------------------------------------------------------------------------------- outliers and lambda


def season_curve(days):
    return 0.2 + 0.6 * np.exp(-(((days - 95) / 35) ** 2))


def test_bisquare_recovers_a_series_from_spikes():
    days = np.arange(0, 183, 5)
    noisy = season_curve(days) + RNG.normal(0, 0.005, (20, len(days)))
    noisy[:, [7, 20]] += [0.5, -0.4]
    given = observe(block_of(days, noisy, np.ones_like(noisy)), SEASON)
    plain, robust = (
        step_of(smoothing=100, robust=name).apply(given, SEASON).values[..., 0] - season_curve(days)
        for name in ("none", "bisquare")
    )
    assert np.abs(plain[:, [7, 20]]).min() > 0.1
    assert np.abs(robust[:, [7, 20]]).max() < 0.05
    assert np.sqrt(np.mean(robust**2)) < 0.15 * np.sqrt(np.mean(plain**2))


def test_upper_keeps_to_the_envelope_through_a_snow_dip_and_missed_clouds():
    days = np.arange(0, 183, 5)
    dipped = np.tile(season_curve(days), (1, 1))
    dipped[0, [2, 11, 12, 17, 25]] -= [0.25, 0.3, 0.2, 0.4, 0.3]
    given = observe(block_of(days, dipped, np.ones_like(dipped)), SEASON)
    plain, upper = (
        step_of(smoothing=300, robust=name).apply(given, SEASON).values[0, :, 0] for name in ("none", "upper")
    )
    low, less = (np.abs(made - season_curve(days)) for made in (plain, upper))
    assert less.mean() < 0.5 * low.mean()
    assert (upper - season_curve(days)).max() < 0.03


def test_the_v_curve_finds_nearly_the_lambda_that_knows_the_truth():
    days = np.arange(0, 400, dtype=np.float64)
    truth = np.sin(days / 30)
    noisy = (truth + RNG.normal(0, 0.3, (30, 400)))[..., np.newaxis].astype(np.float32)
    chosen = step_of(choose="pixel").apply(regular(noisy), SEASON).values[..., 0]
    errors = {
        price: np.sqrt(np.mean((step_of(smoothing=price).apply(regular(noisy), SEASON).values[..., 0] - truth) ** 2))
        for price in 10.0 ** np.arange(-1, 7)
    }
    oracle = min(errors.values())
    assert errors[0.1] > 3 * oracle
    assert errors[1e6] > 3 * oracle
    assert np.sqrt(np.mean((chosen - truth) ** 2)) < 1.3 * oracle


def test_the_site_s_lambda_is_the_pixels_median_and_stays_on_other_sites():
    days = np.arange(0, 183, 3)
    noisy = season_curve(days) + RNG.normal(0, 0.02, (15, len(days)))
    block = block_of(days, np.stack([noisy, 2 * noisy, *[noisy] * 4], axis=2), np.ones_like(noisy))
    recipe = Recipe("", SEASON, (StepUse("whittaker", {"choose": "site", "step_days": 7}),))
    assert needs_look(recipe)
    settled = settle(recipe, block)
    singles = [
        settle(recipe, block_of(days, one[np.newaxis, :, np.newaxis], np.ones((1, len(days)))))
        .steps[0]
        .params["smoothing"]
        for one in noisy
    ]
    assert settled.steps[0].params["smoothing"] == pytest.approx(np.median(singles))
    assert not needs_look(settled)
    assert settle(settled, block_of(days, noisy[:, ::-1] * 3, np.ones_like(noisy))) == settled
    np.testing.assert_array_equal(prepare(block, recipe).values, prepare(block, recipe).values)


def test_a_site_without_a_well_seen_pixel_settles_nothing():
    recipe = Recipe("", SEASON, (StepUse("whittaker", {"choose": "site", "step_days": 7}),))
    assert settle(recipe, block_of([0, 9, 20, 40], np.ones((2, 4)), np.ones((2, 4)))) == recipe


# ------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("values", [{"days": [3, 3]}, {"days": [0.5, 7]}, {"lowest": 10, "highest": 10}])
def test_it_refuses_what_makes_no_sense(values):
    with pytest.raises(RecipeError):
        step_of(**values)


def test_lambda_is_above_zero():
    with pytest.raises(ParameterError):
        step_of(smoothing=0)


# ------------------------------------------------------------------------------------------------- real data


@pytest.mark.skipif(not REAL.is_dir(), reason="the sen2rts NDVI and SCL series are not beside the project")
def test_real_ndvi_stays_in_the_range_of_its_clear_values():
    dates, values, clear = real_series()
    season = Season(dt.date(2020, 1, 9), dt.date(2020, 10, 30))
    block = SceneBlock(values[..., np.newaxis], clear, dates, ("ndvi",))
    given = observe(block, season)
    made = step_of(smoothing=1e4, step_days=7).apply(given, season)
    seen = np.where(clear, values, np.nan)
    low, high = np.nanmin(seen, axis=1, keepdims=True), np.nanmax(seen, axis=1, keepdims=True)
    margin = 0.25 * (high - low)
    curves = made.values[..., 0]
    assert ((curves > low - margin) & (curves < high + margin)).all()
    days = season.days(dates)
    for pixel in range(0, len(values), 50):
        expected = dense_native(days, values[pixel], clear[pixel].astype(float), made.days, 1e4)
        seen = days[clear[pixel]]
        between = (made.days >= seen[0]) & (made.days <= seen[-1])
        np.testing.assert_allclose(curves[pixel, between], expected[between], rtol=1e-5)


def real_series():
    """Return dates, NDVI (pixel, time) and clear (pixel, time) of a site with real clouds; SCL is on a 20 m grid."""
    import rasterio

    dates, values, clear = [], [], []
    for path in sorted((REAL / "NDVI").iterdir(), key=lambda path: path.name.split("_")[1]):
        with rasterio.open(path) as file:
            ndvi, grid = file.read(1), file.transform
        rows, cols = np.indices(ndvi.shape).reshape(2, -1)
        with rasterio.open(REAL / "SCL" / path.name.replace("_NDVI_", "_SCL_")) as file:
            x, y = rasterio.transform.xy(grid, rows, cols)
            scl_rows, scl_cols = rasterio.transform.rowcol(file.transform, x, y)
            scl = file.read(1)[scl_rows, scl_cols]
        dates.append(dt.datetime.strptime(path.name.split("_")[1], "%Y%m%d").replace(tzinfo=dt.timezone.utc).date())
        values.append(ndvi.ravel() / np.float32(10_000))
        clear.append(np.isin(scl, (4, 5)) & (ndvi.ravel() != -32768))
    return tuple(dates), np.array(values, np.float32).T, np.array(clear).T
