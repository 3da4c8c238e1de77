"""A block as it was read becomes sorted series, one date a day, with their support."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cropmap.contract.errors import RecipeError
from cropmap.data.cube import PixelSeries, Quality
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare.observe import measure, observe

SEASON = Season(dt.date(2023, 4, 1), dt.date(2023, 7, 10))  # 100 days
NAN = np.nan


def observed(days, values, clear):
    dates = tuple(SEASON.date(day) for day in days)
    values = np.asarray(values, np.float32)[..., np.newaxis]
    return observe(SceneBlock(values, np.asarray(clear, bool), dates, ("ndvi",)), SEASON)


@pytest.mark.parametrize(
    ("clear", "expected"),
    [
        ([True, True, True], [3.0, 5.0]),
        ([True, False, True], [2.0, 5.0]),
        ([False, True, False], [4.0, NAN]),
        ([False, False, True], [NAN, 5.0]),
    ],
)
def test_scenes_of_one_day_give_the_mean_of_the_clear_ones(clear, expected):
    series = observed([10, 10, 20], [[2, 4, 5]], [clear])
    assert series.days.tolist() == [10, 20]
    usable = series.clear[0]
    assert usable.tolist() == [not np.isnan(value) for value in expected]
    np.testing.assert_array_equal(series.values[0, :, 0], expected)


def test_two_scenes_of_one_day_count_as_one_clear_date():
    assert observed([10, 10, 20], [[2, 4, 5]], [[True] * 3]).quality.clear_dates.tolist() == [2]


def test_a_cloudy_duplicate_with_a_wild_value_changes_nothing():
    series = observed([10, 10], [[2, np.inf]], [[True, False]])
    assert series.values[0, 0, 0] == 2


def test_dates_out_of_order_are_sorted_with_their_values():
    series = observed([30, 10, 20, 10], [[3, 1, 2, 5]], [[True, True, False, True]])
    assert series.days.tolist() == [10, 20, 30]
    assert series.values[0, [0, 2], 0].tolist() == [3, 3]
    assert series.clear.tolist() == [[True, False, True]]


@pytest.mark.parametrize(
    ("days", "clear_dates", "longest_gap"),
    [
        ([], 0, 100),
        ([0, 100], 2, 100),
        ([30, 90], 2, 60),
        ([60, 70], 2, 60),
        ([10, 40], 2, 60),
        ([-20, 110], 0, 100),  # outside the season
        ([-20, 25, 50, 75, 120], 3, 25),
    ],
)
def test_support_counts_dates_and_gaps_inside_the_season(days, clear_dates, longest_gap):
    all_days = np.arange(-30, 131, 5, dtype=np.int32)
    quality = measure(np.isin(all_days, days)[np.newaxis], all_days, SEASON)
    assert quality.clear_dates.tolist() == [clear_dates]
    assert quality.longest_gap.tolist() == [longest_gap]


@given(st.sets(st.integers(-50, 150), min_size=1, max_size=30), st.integers(0, 1000))
@settings(deadline=None, max_examples=100)
def test_support_of_any_series_equals_the_plain_count(days, seed):
    days = np.array(sorted(days), np.int32)
    clear = np.random.default_rng(seed).random((5, len(days))) > 0.5
    quality = measure(clear, days, SEASON)
    for pixel in range(5):
        inside = [day for day, usable in zip(days.tolist(), clear[pixel], strict=True) if usable and 0 <= day <= 100]
        assert quality.clear_dates[pixel] == len(inside)
        assert quality.longest_gap[pixel] == np.diff([0, *inside, 100]).max()


@pytest.mark.parametrize("times", [63, 64, 65, 100, 400])
def test_support_by_any_number_of_dates_equals_the_plain_count(times):
    season = Season(dt.date(2023, 1, 1), dt.date(2024, 12, 1))
    rng = np.random.default_rng(times)
    days = np.sort(rng.choice(np.arange(-50, season.length_days + 50), times, replace=False)).astype(np.int32)
    clear = rng.random((20, times)) > np.linspace(0, 1, 20)[:, np.newaxis]
    quality = measure(clear, days, season)
    for pixel in range(20):
        inside = days[clear[pixel] & (days >= 0) & (days <= season.length_days)]
        assert quality.clear_dates[pixel] == len(inside)
        assert quality.longest_gap[pixel] == np.diff([0, *inside, season.length_days]).max()


@given(hnp.arrays(np.float32, (4, 6, 1), elements=st.floats(-9, 9, width=32)), hnp.arrays(bool, (4, 6)))
@settings(deadline=None, max_examples=50)
def test_merged_days_equal_the_plain_mean(values, clear):
    days = [5, 5, 5, 9, 30, 30]
    series = observed(days, values[..., 0], clear)
    for pixel in range(4):
        for place, day in enumerate([5, 9, 30]):
            chosen = [values[pixel, k, 0] for k in range(6) if days[k] == day and clear[pixel, k]]
            assert series.clear[pixel, place] == bool(chosen)
            if chosen:
                assert series.values[pixel, place, 0] == pytest.approx(np.mean(chosen, dtype=float), rel=1e-6, abs=1e-6)


def test_series_whose_days_do_not_ascend_are_refused():
    with pytest.raises(RecipeError, match="Sort the dates"):
        PixelSeries(
            np.zeros((1, 2, 1), np.float32),
            np.ones((1, 2), bool),
            np.array([5, 5], np.int32),
            ("ndvi",),
            Quality(np.ones(1, np.uint16), np.ones(1, np.uint16)),
            np.ones(1, bool),
        )


def test_series_of_another_shape_than_their_axes_are_refused():
    with pytest.raises(RecipeError, match="for 1 pixels, 3 dates and 1 bands"):
        PixelSeries(
            np.zeros((1, 2, 1), np.float32),
            np.ones((1, 2), bool),
            np.array([1, 2, 3], np.int32),
            ("ndvi",),
            Quality(np.ones(1, np.uint16), np.ones(1, np.uint16)),
            np.ones(1, bool),
        )
