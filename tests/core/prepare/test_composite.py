"""Interval composites against NumPy on each interval's clear observations."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import numpy as np
import pytest

from cropmap.contract.errors import RecipeError
from cropmap.data.recipe import Recipe, StepUse, recipe_of
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare import STEPS
from cropmap.prepare.observe import observe
from cropmap.prepare.recipe import needs_look, prepare, recipe_nodes, settle

SEASON = Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30))
METHODS = ("median", "mean", "max_ndvi", "least_cloud")


def step_of(season=SEASON, series=None, **values):
    entry = STEPS.get("composite")
    step = entry.make(entry.parse(values))
    if step.looks and series is not None:
        step = entry.make(entry.parse({**values, **step.settle(series, season)}))
    return step


def block_of(days, values, clear, bands=("red", "nir"), season=SEASON):
    dates = tuple(season.date(day) for day in days)
    return SceneBlock(np.asarray(values, np.float32), np.asarray(clear, bool), dates, bands)


def random_series(pixels=60, times=50, clouds=0.5, seed=0):
    rng = np.random.default_rng(seed)
    days = np.sort(rng.choice(np.arange(-30, 210), times, replace=False))
    values = rng.uniform(0.02, 0.6, (pixels, times, 2)).astype(np.float32)
    clear = rng.random((pixels, times)) > clouds
    values[~clear] = np.nan
    return observe(block_of(days, values, clear), SEASON)


def intervals(series, length):
    """Yield each pixel and interval with its clear observations, (observation, band), and their days."""
    nodes = [first + (length - 1) // 2 for first in range(0, 400, length)]
    nodes = [node for node in nodes if node <= SEASON.length_days]
    for pixel in range(len(series.values)):
        for number, _ in enumerate(nodes):
            inside = (series.days >= number * length) & (series.days < (number + 1) * length)
            usable = inside & series.clear[pixel]
            yield pixel, number, series.values[pixel, usable].astype(float), np.flatnonzero(usable)


@pytest.mark.parametrize("length", [1, 7, 16, 30])
@pytest.mark.parametrize(("method", "expected"), [("median", np.median), ("mean", np.mean)])
def test_each_interval_holds_numpys_answer(method, expected, length):
    series = random_series()
    made = step_of(interval_days=length, method=method).apply(series, SEASON)
    for pixel, number, seen, _ in intervals(series, length):
        assert made.clear[pixel, number] == (len(seen) > 0)
        if len(seen):
            np.testing.assert_allclose(made.values[pixel, number], expected(seen, axis=0), rtol=1e-7)
        else:
            assert np.isnan(made.values[pixel, number]).all()


@pytest.mark.parametrize("length", [7, 40])
def test_max_ndvi_takes_every_band_of_the_greenest_clear_date(length):
    series = random_series()
    made = step_of(interval_days=length, method="max_ndvi").apply(series, SEASON)
    for pixel, number, seen, _ in intervals(series, length):
        if len(seen):
            red, nir = seen.T
            best = seen[np.argmax((nir - red) / (nir + red))]
            np.testing.assert_array_equal(made.values[pixel, number], best.astype(np.float32))


@pytest.mark.parametrize("length", [16, 40])
def test_least_cloud_takes_the_clear_date_on_which_the_site_is_clearest(length):
    series = random_series(pixels=200)
    share = series.clear.mean(axis=0)
    made = step_of(series=series, interval_days=length, method="least_cloud").apply(series, SEASON)
    for pixel, number, seen, places in intervals(series, length):
        if len(seen):
            best = seen[np.argmax(share[places])]
            np.testing.assert_array_equal(made.values[pixel, number], best.astype(np.float32))


def test_medians_of_many_bands_and_dates_are_numpys():
    rng = np.random.default_rng(2)
    values = rng.normal(0, 1, (5, 60, 11)).astype(np.float32)
    clear = rng.random((5, 60)) > 0.3
    names = tuple(f"b{number}" for number in range(11))
    made = step_of(interval_days=30).apply(observe(block_of(range(60), values, clear, names), SEASON), SEASON)
    for pixel in range(5):
        for first in (0, 30):
            seen = values[pixel, first : first + 30][clear[pixel, first : first + 30]].astype(float)
            np.testing.assert_allclose(made.values[pixel, first // 30], np.median(seen, axis=0), rtol=1e-6, atol=1e-9)


def test_a_date_without_an_ndvi_loses_to_any_other():
    days, values = [1, 2, 3], [[[0.0, 0.0], [0.4, 0.1], [-0.3, 0.1]]]
    made = step_of(method="max_ndvi").apply(observe(block_of(days, values, [[True] * 3]), SEASON), SEASON)
    np.testing.assert_array_equal(made.values[0, 0], np.float32([0.4, 0.1]))


def test_least_cloud_ranks_by_the_site_not_by_the_block():
    days = [2, 9]
    values = np.stack([np.full((10, 2), 0.1), np.full((10, 2), 0.3)], axis=1)
    clear = np.ones((10, 2), bool)
    clear[4:, 0] = False  # the site: the second date is the clearer one
    block = block_of(days, values, clear)
    recipe = Recipe("test", SEASON, (StepUse("composite", {"method": "least_cloud"}), StepUse("linear", {})))
    assert needs_look(recipe)
    settled = settle(recipe, block)
    assert settled.steps[0].params["cloud_shares"] == {"2": 0.6, "9": 0.0}
    assert recipe_of(json.loads(json.dumps(settled.to_dict()))) == settled
    alone = block_of(days, values[:1], clear[:1])
    assert (prepare(alone, settled).values == np.float32(0.3)).all()


def test_least_cloud_asks_for_a_look_first():
    with pytest.raises(RecipeError, match="not known"):
        step_of(method="least_cloud").apply(random_series(), SEASON)


@pytest.mark.parametrize("method", METHODS[:3])
def test_only_least_cloud_looks_at_the_site(method):
    assert not step_of(method=method).looks
    assert step_of(method="least_cloud").looks


@pytest.mark.parametrize(("length", "first", "count"), [(1, 0, 183), (2, 0, 92), (7, 3, 26), (16, 7, 11), (183, 91, 1)])
def test_steps_stand_on_the_middles_of_the_intervals(length, first, count):
    nodes = step_of(interval_days=length).nodes(None, SEASON)
    np.testing.assert_array_equal(nodes, first + length * np.arange(count))
    assert nodes[-1] <= SEASON.length_days
    assert nodes.dtype == np.int32


def test_a_season_shorter_than_half_an_interval_is_refused():
    short = Season(dt.date(2023, 4, 1), dt.date(2023, 4, 5))
    with pytest.raises(RecipeError, match="shorter than half an interval"):
        step_of(interval_days=16).nodes(None, short)


@pytest.mark.parametrize("method", METHODS)
def test_a_pixel_without_clear_dates_is_nan_and_no_longer_valid(method):
    series = random_series()
    series.clear[5] = False
    made = step_of(series=series, method=method).apply(series, SEASON)
    assert np.isnan(made.values[5]).all()
    assert not made.valid[5]
    assert made.valid[made.clear.any(axis=1)].all()
    assert np.isfinite(made.values[made.clear]).all()


@pytest.mark.parametrize(("method", "expected"), [("median", np.nanmedian), ("mean", np.nanmean)])
def test_missing_features_do_not_count(method, expected):
    series = random_series(clouds=0.2)
    holes = np.random.default_rng(1).random(series.values.shape) < 0.3
    series = dataclasses.replace(series, values=np.where(holes, np.float32(np.nan), series.values), holes=True)
    made = step_of(method=method).apply(series, SEASON)
    empty = 0
    for pixel, number, seen, _ in intervals(series, 16):
        for band in range(2):
            if np.isfinite(seen[:, band]).any():
                np.testing.assert_allclose(made.values[pixel, number, band], expected(seen[:, band]), rtol=1e-7)
            else:
                empty += 1
                assert np.isnan(made.values[pixel, number, band])
    assert empty
    assert made.holes


@pytest.mark.parametrize("method", METHODS)
def test_a_pixel_alone_gives_the_same_bytes(method):
    series = random_series()
    step = step_of(series=series, method=method)
    together = step.apply(series, SEASON)
    for pixel in (0, 7, 59):
        one = observe(block_of(series.days, series.values[[pixel]], series.clear[[pixel]]), SEASON)
        np.testing.assert_array_equal(step.apply(one, SEASON).values[0], together.values[pixel])


def test_linear_fills_the_empty_intervals_afterwards():
    block = block_of([7, 39], [[[0.1, 0.2], [0.3, 0.6]]], [[True, True]])
    recipe = Recipe("test", SEASON, (StepUse("composite", {}), StepUse("linear", {"step_days": 16})))
    np.testing.assert_array_equal(recipe_nodes(recipe), np.arange(0, 183, 16))
    made = prepare(block, recipe)
    np.testing.assert_allclose(made.values[0, :4, 0], np.interp([0, 16, 32, 48], [7, 39], [0.1, 0.3]), rtol=1e-6)
