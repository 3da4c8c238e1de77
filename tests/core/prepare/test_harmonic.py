"""Harmonic regression against least squares by NumPy, the ridge's closed form, and series that are sums of waves."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest

from cropmap.contract.errors import RecipeError
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare import STEPS
from cropmap.prepare.observe import observe

SEASON = Season(dt.date(2023, 1, 1), dt.date(2023, 12, 31))
PERIOD = 365.25


def step_of(**values):
    entry = STEPS.get("harmonic")
    return entry.make(entry.parse(values))


def series_of(days, values, clear, season=SEASON):
    values = np.asarray(values, np.float32)
    dates = tuple(season.date(day) for day in days)
    names = tuple(f"b{number}" for number in range(values.shape[2]))
    return observe(SceneBlock(values, np.asarray(clear, bool), dates, names), season)


def random_series(pixels=40, times=46, bands=3, clouds=0.3, seed=0):
    rng = np.random.default_rng(seed)
    days = np.sort(rng.choice(np.arange(-40, 420), times, replace=False))
    values = rng.normal(0.3, 0.2, (pixels, times, bands)).astype(np.float32)
    clear = rng.random((pixels, times)) > clouds
    values[~clear] = np.nan
    return series_of(days, values, clear)


def design(days, harmonics, *, trend=False, season=SEASON):
    """Return the columns that the docs name."""
    turns = np.asarray(days, float) / PERIOD
    line = [turns - season.length_days / 2 / PERIOD] if trend else []
    waves = [wave(2 * np.pi * order * turns) for order in range(1, harmonics + 1) for wave in (np.cos, np.sin)]
    return np.stack([np.ones(len(turns)), *line, *waves], axis=1)


@pytest.mark.parametrize("harmonics", [1, 2, 3, 5])
@pytest.mark.parametrize("trend", [False, True])
def test_without_a_ridge_every_pixel_and_band_equals_numpys_least_squares(harmonics, trend):
    series = random_series()
    made = step_of(harmonics=harmonics, trend=trend, ridge=0.0).apply(series, SEASON)
    wanted = design(made.days, harmonics, trend=trend)
    known = design(series.days, harmonics, trend=trend)
    for pixel, usable in enumerate(series.clear):
        found = np.linalg.lstsq(known[usable], series.values[pixel, usable].astype(float), rcond=None)[0]
        np.testing.assert_allclose(made.values[pixel], wanted @ found, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("trend", [False, True])
@pytest.mark.parametrize("ridge", [0.1, 30.0])
def test_a_ridge_gives_its_closed_form(ridge, trend):
    series = random_series(bands=9)
    made = step_of(ridge=ridge, trend=trend).apply(series, SEASON)
    known, wanted = design(series.days, 2, trend=trend), design(made.days, 2, trend=trend)
    penalty = ridge * np.diag([0.0] + [1.0] * (known.shape[1] - 1))
    for pixel, usable in enumerate(series.clear):
        x, y = known[usable], series.values[pixel, usable].astype(float)
        np.testing.assert_allclose(
            made.values[pixel], wanted @ np.linalg.solve(x.T @ x + penalty, x.T @ y), rtol=1e-5, atol=1e-6
        )


def test_a_sum_of_waves_and_a_trend_is_found_exactly_under_clouds():
    days = np.arange(0, 365, 6)
    coefficients = np.random.default_rng(1).normal(0, 0.3, (6, 2))
    curve = design(days, 2, trend=True) @ coefficients
    clear = np.random.default_rng(2).random((30, len(days))) > 0.6
    series = series_of(days, np.repeat(curve[np.newaxis], 30, axis=0), clear)
    made = step_of(ridge=0.0, trend=True).apply(series, SEASON)
    expected = design(made.days, 2, trend=True) @ coefficients
    np.testing.assert_allclose(made.values, np.broadcast_to(expected, made.values.shape), atol=2e-6)


@pytest.mark.parametrize(
    ("count", "trend", "harmonics"),
    [(1, False, 0), (2, False, 0), (3, False, 1), (4, False, 1), (5, False, 2), (9, False, 4)],
)
def test_few_dates_carry_fewer_waves(count, trend, harmonics):
    days = np.array([3, 40, 90, 130, 170, 222, 260, 300, 350])[:count]
    values = np.random.default_rng(3).normal(0.3, 0.2, (1, count, 2))
    series = series_of(days, values, np.ones((1, count), bool))
    made = step_of(harmonics=4, ridge=0.0, trend=trend).apply(series, SEASON)
    found = np.linalg.lstsq(design(days, harmonics), series.values[0].astype(float), rcond=None)[0]
    np.testing.assert_allclose(made.values[0], design(made.days, harmonics) @ found, rtol=2e-4, atol=2e-4)


def test_two_dates_carry_a_trend():
    series = series_of([0, 100], [[[1.0], [2.0]]], [[True, True]])
    made = step_of(ridge=0.0, trend=True, step_days=50).apply(series, SEASON)
    np.testing.assert_allclose(made.values[0, :, 0], 1 + made.days / 100, rtol=1e-6)


def test_dates_that_cannot_tell_the_waves_apart_carry_none_of_them():
    days = [0, 100, 200, 300]
    series = series_of(days, np.full((1, 4, 1), 0.25), np.ones((1, 4), bool))
    made = step_of(ridge=0.0, period_days=100.0).apply(series, SEASON)
    np.testing.assert_allclose(made.values, 0.25, rtol=1e-6)


def test_one_clear_date_gives_a_constant_and_none_gives_nan():
    series = random_series(pixels=2)
    series.clear[0] = np.arange(46) == 20
    series.clear[1] = False
    made = step_of().apply(series, SEASON)
    np.testing.assert_allclose(made.values[0], np.broadcast_to(series.values[0, 20], made.values[0].shape), rtol=1e-6)
    assert np.isnan(made.values[1]).all()
    assert made.valid.tolist() == [True, False]
    assert made.clear.all(axis=1).tolist() == [True, False]


def test_dates_out_of_reach_do_not_count():
    series = random_series()
    near = (series.days >= -20) & (series.days <= SEASON.length_days + 20)
    assert not near.all()
    only = dataclasses.replace(series, clear=np.ascontiguousarray(series.clear & near))
    first, second = step_of(support_days=20).apply(series, SEASON), step_of(support_days=183).apply(only, SEASON)
    np.testing.assert_allclose(first.values, second.values, rtol=1e-6, atol=1e-7)


def test_it_makes_the_days_asked_for():
    series = random_series()
    named = [5.0, 17.0, 300.0]
    assert step_of(step_days=10).nodes(None, SEASON).tolist() == list(range(0, 365, 10))
    assert step_of(days=named).nodes(None, SEASON).tolist() == named
    assert step_of(step_days=0).nodes(None, SEASON) is None
    every, own = step_of(step_days=1).apply(series, SEASON), step_of(step_days=0).apply(series, SEASON)
    some = step_of(days=named).apply(series, SEASON)
    np.testing.assert_array_equal(some.values, every.values[:, [5, 17, 300]])
    np.testing.assert_array_equal(own.days, series.days)
    inside = (series.days >= 0) & (series.days <= SEASON.length_days)
    np.testing.assert_array_equal(own.values[:, inside], every.values[:, series.days[inside]])


@pytest.mark.parametrize("days", [[3.5], [5.0, 5.0], [9.0, 2.0]])
def test_days_that_do_not_ascend_by_whole_numbers_are_refused(days):
    with pytest.raises(RecipeError, match="not ascending whole numbers"):
        step_of(days=days)


def test_a_missing_feature_is_fitted_on_the_dates_that_have_it():
    series = random_series()
    values = series.values.copy()
    values[:, ::3, 1] = np.nan
    values[:, :, 2] = np.nan
    made = step_of().apply(dataclasses.replace(series, values=values, holes=True), SEASON)
    whole = step_of().apply(series, SEASON)
    fewer = dataclasses.replace(series, clear=np.ascontiguousarray(series.clear & (np.arange(46) % 3 != 0)))
    np.testing.assert_array_equal(made.values[..., 0], whole.values[..., 0])
    np.testing.assert_array_equal(made.values[..., 1], step_of().apply(fewer, SEASON).values[..., 1])
    assert np.isnan(made.values[..., 2]).all()
    assert not made.valid.any()
    assert not made.clear.any()
    assert not made.holes
    two = dataclasses.replace(series, values=values[..., :2].copy(), bands=series.bands[:2], holes=True)
    assert step_of().apply(two, SEASON).valid.all()


@pytest.mark.parametrize("robust", ["none", "bisquare"])
def test_a_pixel_alone_gives_the_same_bytes(robust):
    series = random_series(pixels=70)
    together = step_of(robust=robust).apply(series, SEASON)
    for pixel in (0, 33, 69):
        one = series_of(series.days, series.values[[pixel]], series.clear[[pixel]])
        np.testing.assert_array_equal(step_of(robust=robust).apply(one, SEASON).values[0], together.values[pixel])


def test_bisquare_weights_ignore_outliers_that_mislead_least_squares():
    days = np.arange(0, 365, 8)
    rng = np.random.default_rng(4)
    curve = design(days, 2) @ np.array([0.4, 0.2, -0.1, 0.05, 0.02])
    values = np.repeat(curve[np.newaxis, :, np.newaxis], 20, axis=0) + rng.normal(0, 0.005, (20, len(days), 1))
    for row in values:
        row[rng.choice(len(days), 4, replace=False)] += 0.8
    series = series_of(days, values, np.ones((20, len(days)), bool))
    expected = design(SEASON.nodes(7), 2) @ np.array([0.4, 0.2, -0.1, 0.05, 0.02])
    errors = {
        robust: np.abs(step_of(ridge=0.0, robust=robust).apply(series, SEASON).values[..., 0] - expected).max()
        for robust in ("none", "bisquare")
    }
    assert errors["bisquare"] < 0.02
    assert errors["none"] > 0.1
