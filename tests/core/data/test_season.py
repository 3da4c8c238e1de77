"""Seasons: dates to days and back."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.errors import RecipeError
from cropmap.data.season import Season

SEASON = Season(dt.date(2021, 3, 1), dt.date(2021, 11, 1))


def test_the_start_is_day_zero_and_earlier_is_negative():
    dates = [dt.date(2021, 2, 28), dt.date(2021, 3, 1), dt.date(2021, 11, 1)]
    assert SEASON.days(dates).tolist() == [-1, 0, 245]
    assert SEASON.length_days == 245


def test_no_dates_give_no_days():
    assert SEASON.days([]).shape == (0,)


@given(st.integers(-1000, 1000))
def test_a_day_and_its_date_mean_each_other(day):
    assert SEASON.days([SEASON.date(day)]).tolist() == [day]


def test_weekly_nodes_end_within_the_season():
    assert SEASON.nodes(7).tolist() == list(range(0, 246, 7))
    assert SEASON.nodes(400).tolist() == [0]


def test_the_grid_of_a_published_study_has_its_forty_dates():
    # Antonijevic et al. 2023: weekly from 1 February, the last one on 1 November 2017.
    season = Season(dt.date(2017, 2, 1), dt.date(2017, 11, 1))
    nodes = season.nodes(7)
    assert len(nodes) == 40
    assert season.date(nodes[-1]) == dt.date(2017, 11, 1)


def test_a_season_may_cross_the_turn_of_a_year():
    season = Season(dt.date(2020, 9, 1), dt.date(2021, 8, 31))
    assert season.days([dt.date(2021, 1, 1)]).tolist() == [122]


def test_a_season_that_ends_before_it_starts_is_refused():
    with pytest.raises(RecipeError, match=r"ends before it starts.*Give a start before the end"):
        Season(dt.date(2021, 3, 2), dt.date(2021, 3, 1))


@pytest.mark.parametrize(("start", "end"), [((2019, 1, 1), (2021, 1, 2)), ((1, 1, 1), (9999, 1, 1))])
def test_a_season_of_over_two_years_is_refused(start, end):
    with pytest.raises(RecipeError, match=r"longer than two years.*Give a start and an end within two years"):
        Season(dt.date(*start), dt.date(*end))


def test_two_years_are_a_season():
    assert Season(dt.date(2019, 1, 1), dt.date(2021, 1, 1)).length_days == 731


def test_one_day_is_a_season():
    assert Season(dt.date(2021, 3, 1), dt.date(2021, 3, 1)).nodes(7).tolist() == [0]


def test_a_moved_season_keeps_its_length():
    moved = Season(dt.date(2020, 2, 29), dt.date(2020, 10, 1)).moved(1)
    assert moved.start == dt.date(2021, 2, 28)
    assert moved.length_days == 215


@pytest.mark.parametrize(
    ("years", "expected"),
    [
        ([2023] * 3 + [2022], 2023),
        ([2021], 2021),
        ([2024, 2023], 2023),
        ([1990], 1990),
    ],
)
def test_the_nearest_season_holds_most_of_the_dates(years, expected):
    assert SEASON.nearest(dt.date(year, 6, 1) for year in years).start.year == expected


def test_the_nearest_season_of_winter_crops_begins_in_the_year_before():
    season = Season(dt.date(2020, 9, 1), dt.date(2021, 8, 31))
    dates = [dt.date(2022, 11, 5), dt.date(2023, 3, 1), dt.date(2023, 6, 1)]
    assert season.nearest(dates) == Season(dt.date(2022, 9, 1), dt.date(2023, 8, 31))


def test_without_dates_there_is_no_nearest_season():
    with pytest.raises(RecipeError, match="Give images"):
        SEASON.nearest([])


def test_images_of_which_one_date_lies_in_the_season_are_refused_with_the_dates():
    season = Season(dt.date(2023, 4, 1), dt.date(2023, 9, 1))
    season.check_dates([dt.date(2023, 4, 1), dt.date(2023, 9, 1)])
    with pytest.raises(RecipeError, match=r"1 of the 2 image dates \(2023-03-31 \.\. 2023-05-01\)"):
        season.check_dates([dt.date(2023, 3, 31), dt.date(2023, 5, 1)])
