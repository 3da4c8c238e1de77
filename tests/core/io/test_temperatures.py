"""Daily temperatures from tables as services, stations and people write them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from cropmap.contract.errors import SourceError
from cropmap.data.temperatures import Temperatures
from cropmap.io.temperatures import read_temperatures

DAYS = ("2022-03-01", "2022-03-02", "2022-03-03")


def written(tmp_path, *lines, name="weather.csv"):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.mark.parametrize(
    "header",
    [
        "date,tmin,tmax",
        "time,temperature_2m_min (°C),temperature_2m_max (°C)",  # Open-Meteo
        "DATE,TN [degC],TX [degC]",  # E-OBS, ECA&D
        "Day,Min,Max",
        "date,T2M_MIN,T2M_MAX",  # NASA POWER
    ],
)
def test_columns_are_found_by_name(tmp_path, header):
    path = written(tmp_path, header, *(f"{day},{-1 - k}.5,{10 + k}" for k, day in enumerate(DAYS)))
    found = read_temperatures(path)
    assert found == Temperatures(dt.date(2022, 3, 1), (-1.5, -2.5, -3.5), (10.0, 11.0, 12.0), str(path))
    assert found.last == dt.date(2022, 3, 3)


def test_a_mean_alone_is_taken_for_the_lowest_and_the_highest(tmp_path):
    found = read_temperatures(written(tmp_path, "date,tavg", *(f"{day},{k + 4}" for k, day in enumerate(DAYS))))
    assert found.low == found.high == (4.0, 5.0, 6.0)


def test_a_german_table_is_read(tmp_path):
    path = written(
        tmp_path, "MESS_DATUM; TMK; TXK; TNK", "20220301;5,0;9,5;-0,5", "20220302;6,0;-999;1,0", "20220303;5;8;2"
    )
    found = read_temperatures(path)
    assert found.low == (-0.5, 0.75, 2.0)
    assert found.high == (9.5, 8.75, 8.0)
    dotted = written(tmp_path, "Datum;min;max", "1.3.2022;1,5;3", "02.03.2022;2,5;4")
    assert read_temperatures(dotted).first == dt.date(2022, 3, 1)


def test_hours_give_the_lowest_and_the_highest_of_each_day(tmp_path):
    rng = np.random.default_rng(0)
    hours = rng.uniform(-5, 25, (3, 24)).round(1)
    rows = [f"{day}T{hour:02d}:00,{hours[k, hour]}" for k, day in enumerate(DAYS) for hour in range(24)]
    found = read_temperatures(written(tmp_path, "time,temperature_2m", *rng.permutation(rows)))
    np.testing.assert_allclose(found.low, hours.min(axis=1))
    np.testing.assert_allclose(found.high, hours.max(axis=1))


def test_up_to_five_days_are_bridged_linearly_and_more_refused(tmp_path):
    rows = ["2022-03-01,0,6", "2022-03-04,,", "2022-03-07,6,12"]
    found = read_temperatures(written(tmp_path, "date,min,max", *rows))
    assert found.low == (0, 1, 2, 3, 4, 5, 6)
    assert found.high == (6, 7, 8, 9, 10, 11, 12)
    with pytest.raises(SourceError, match="6 days after 2022-03-01 have no temperature"):
        read_temperatures(written(tmp_path, "date,min,max", "2022-03-01,0,6", "2022-03-08,7,13"))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("date,rain", "2022-03-01,4"), "nor their mean; there are date, rain"),
        (("place,min,max", "2022-03-01,4,5"), "No column holds the date"),
        (("date,min,max", "March,4,5"), "'March' is not a date.*line 2"),
        (("date,min,max", "2022-02-30,4,5"), "is not a date"),
        (("date,min,max", "2022-03-01,,"), "holds no temperature"),
        (("date,min,max", "2022-03-01,274.1,280"), "may be kelvin"),
        (("date,min,max", "2022-07-01,61,88"), "may be degrees Fahrenheit"),
        (("date,min,max", "2022-07-01,85,243"), "may be tenths of a degree"),
        (("date,min,max", "2022-07-01,15,4"), "2022-07-01 the lowest temperature, 15, is above the highest, 4"),
        (("date,min,max",), "no rows.*date and mean, or date, min and max"),
    ],
)
def test_what_is_no_table_of_temperatures_is_refused(tmp_path, lines, words):
    with pytest.raises(SourceError, match=words):
        read_temperatures(written(tmp_path, *lines))


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(SourceError, match=r"cannot be read.*none\.csv"):
        read_temperatures(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("low", "high"), [((), ()), ((1.0,), (2.0, 3.0)), ((float("nan"),), (2.0,)), ((1.0,), (70.0,))]
)
def test_numbers_that_are_no_temperatures_are_refused(low, high):
    with pytest.raises(SourceError):
        Temperatures(dt.date(2022, 1, 1), low, high)


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(5, 15, 2.5), (12, 20, 6), (-3, 8, 0), (20, 40, 15), (32, 40, 20), (10, 10, 0)]
)
def test_degree_days_are_those_by_hand(low, high, expected):
    assert Temperatures(dt.date(2022, 1, 1), (low,), (high,)).degree_days(10, 30).tolist() == [expected]
