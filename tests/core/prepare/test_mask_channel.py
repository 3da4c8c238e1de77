"""Two ways to tell a model what was seen: a mask over filled values, and a note beside bridged ones."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cropmap.contract.errors import RecipeError
from cropmap.data.cube import CLEAR_BAND, Observations, PixelSeries, Quality
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare import STEPS
from cropmap.prepare.observe import observe

SEASON = Season(dt.date(2023, 4, 1), dt.date(2023, 9, 28))


def applied(name, series, **values):
    entry = STEPS.get(name)
    return entry.make(entry.parse(values)).apply(series, SEASON)


def series_of(values, clear, days=None):
    count = len(values)
    quality = Quality(clear.sum(axis=1).astype(np.uint16), np.zeros(count, np.uint16))
    days = np.arange(values.shape[1], dtype=np.int32) * 8 if days is None else np.array(days, np.int32)
    names = tuple(f"band{band}" for band in range(values.shape[2]))
    return PixelSeries(values, clear, days, names, quality, np.ones(count, bool), Observations(clear, days))


@given(clear=hnp.arrays(bool, st.tuples(st.integers(1, 6), st.integers(1, 9))), bands=st.integers(1, 4))
@settings(deadline=None, max_examples=60)
def test_it_is_numpys_where_and_the_mask(clear, bands):
    values = np.random.default_rng(0).normal(size=(*clear.shape, bands)).astype(np.float32)
    hidden = np.where(clear[..., np.newaxis], values, np.float32(np.nan))
    made = applied("mask_channel", series_of(hidden, clear))
    usable = clear.any(axis=1)
    expected = np.concatenate([np.where(clear[..., np.newaxis], values, 0), clear[..., np.newaxis]], axis=2)
    np.testing.assert_array_equal(made.values[usable], expected[usable].astype(np.float32))
    assert np.isnan(made.values[~usable]).all()
    np.testing.assert_array_equal(made.valid, usable)
    assert made.clear[usable].all()
    assert not made.clear[~usable].any()
    assert made.bands[-1] == CLEAR_BAND


def test_what_is_under_a_cloud_does_not_matter():
    clear = np.array([[True, False, True]])
    values = np.array([[[0.1], [0.9], [0.3]]], np.float32)
    worse = values.copy()
    worse[0, 1] = np.inf
    ours, theirs = (applied("mask_channel", series_of(each, clear)).values for each in (values, worse))
    np.testing.assert_array_equal(ours, theirs)


def test_a_date_on_which_a_feature_is_missing_is_not_clear():
    values = np.array([[[0.1, 0.2], [0.3, np.nan], [0.5, 0.6]]], np.float32)
    series = dataclasses.replace(series_of(values, np.ones((1, 3), bool)), holes=True)
    made = applied("mask_channel", series)
    np.testing.assert_array_equal(made.values[0, :, 2], [1, 0, 1])
    np.testing.assert_array_equal(made.values[0, 1], [0, 0, 0])
    assert not made.holes


@pytest.mark.parametrize("name", ["mask_channel", "seen_channel"])
def test_a_band_of_that_name_is_refused(name):
    once = applied(name, series_of(np.zeros((1, 2, 1), np.float32), np.ones((1, 2), bool)))
    with pytest.raises(RecipeError, match=r"There is a band .* already"):
        applied(name, once)


@pytest.mark.parametrize(
    ("within", "seen"), [(0, [1, 0, 0, 0, 1]), (1, [1, 1, 0, 0, 1]), (4, [1, 1, 1, 1, 1]), (92, [1, 1, 1, 1, 1])]
)
def test_a_step_is_seen_where_a_clear_date_is_near(within, seen):
    days = (0, 2, 5, 20, 28)  # on day 2 it was cloudy
    clear = np.array([[True, False, False, True, True], [False] * 5])
    dates = tuple(SEASON.date(day) for day in days)
    series = observe(SceneBlock(np.ones((2, 5, 1), np.float32), clear, dates, ("red",)), SEASON)
    regular = applied("linear", series, step_days=1)
    wanted = [0, 1, 4, 24, 28]
    made = applied("seen_channel", regular, within_days=within)
    assert made.bands == ("red", "seen")
    assert made.values[0, wanted, 1].tolist() == seen
    np.testing.assert_array_equal(made.values[0, :, 0], regular.values[0, :, 0])
    assert np.isnan(made.values[1]).all()


def test_pixels_that_were_moved_one_by_one_no_longer_tell_when_they_were_seen():
    moved = dataclasses.replace(series_of(np.zeros((1, 2, 1), np.float32), np.ones((1, 2), bool)), observed=None)
    with pytest.raises(RecipeError, match="no longer known"):
        applied("seen_channel", moved)
