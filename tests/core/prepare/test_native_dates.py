"""Acquisitions keep their values; only their days are looked for."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cropmap.contract.errors import RecipeError
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare import STEPS
from cropmap.prepare.observe import observe

SEASON = Season(dt.date(2023, 4, 1), dt.date(2023, 9, 28))


def series_on(days, clear=None):
    """Two bands whose value is the day, and its negative."""
    values = np.stack([np.array(days, np.float32), -np.array(days, np.float32)], axis=1)[np.newaxis]
    mask = np.ones((1, len(days)), bool) if clear is None else np.array([clear], bool)
    return observe(SceneBlock(values, mask, tuple(SEASON.date(day) for day in days), ("up", "down")), SEASON)


def taken(series, days, tolerance_days):
    step = STEPS.get("native_dates")
    return step.make(step.parse({"days": days, "tolerance_days": tolerance_days})).apply(series, SEASON)


def test_the_images_own_dates_stay_where_none_are_named():
    series = series_on([-8, 3, 20])
    assert taken(series, [], 4) is series


def test_each_day_takes_the_nearest_acquisition_the_earlier_of_equals():
    made = taken(series_on([0, 10, 20]), [1, 5, 6, 19], 5)
    assert made.values[0, :, 0].tolist() == [0, 0, 10, 20]
    assert made.values[0, :, 1].tolist() == [0, 0, -10, -20]
    assert made.clear.all()
    assert made.days.tolist() == [1, 5, 6, 19]


def test_what_is_out_of_reach_is_not_clear_and_what_is_just_in_reach_is():
    made = taken(series_on([0, 10, 40]), [4, 13, 14, 25, 44], 4)
    assert made.clear.tolist() == [[True, True, True, False, True]]
    made = taken(series_on([0, 10, 40]), [4, 13, 14, 25, 45], 3)
    assert made.clear.tolist() == [[False, True, False, False, False]]


def test_acquisitions_around_the_season_are_in_reach_too():
    made = taken(series_on([-3, 12, 183]), [0, 12, 180], 3)
    assert made.values[0, :, 0].tolist() == [-3, 12, 183]
    assert made.clear.all()


def test_a_cloudy_acquisition_stays_cloudy_although_a_clear_one_is_in_reach():
    made = taken(series_on([0, 2, 10], [True, False, True]), [2, 10], 4)
    assert made.clear.tolist() == [[False, True]]


def test_the_acquisitions_stay_known():
    series = series_on([0, 9, 18])
    assert taken(series, [9], 1).observed is series.observed


@pytest.mark.parametrize("days", [[3, 3], [5, 4], [1.5, 3]])
def test_days_that_do_not_ascend_or_are_not_whole_are_refused(days):
    with pytest.raises(RecipeError, match="not ascending whole numbers"):
        taken(series_on([0, 9]), days, 1)


@given(
    days=st.sets(st.integers(-30, 200), min_size=1, max_size=20),
    wanted=st.sets(st.integers(0, 180), min_size=1, max_size=20),
    tolerance=st.integers(0, 20),
)
@settings(deadline=None, max_examples=60)
def test_it_is_what_a_search_through_all_dates_finds(days, wanted, tolerance):
    days, wanted = sorted(days), sorted(wanted)
    made = taken(series_on(days), wanted, tolerance)
    for place, day in enumerate(wanted):
        nearest = min(days, key=lambda other: (abs(other - day), other))
        assert made.clear[0, place] == (abs(nearest - day) <= tolerance)
        if made.clear[0, place]:
            assert made.values[0, place, 0] == nearest
