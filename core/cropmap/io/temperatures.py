"""Daily temperatures from a CSV, as weather services and stations give them."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import SampleError, SourceError
from cropmap.contract.words import listed
from cropmap.data.temperatures import COLDEST, HOTTEST, Temperatures
from cropmap.io.text_table import numbers_of, read_text_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cropmap.io.text_table import TextTable

LONGEST_GAP = 5  # days without a temperature that are bridged
FORM = "Give a CSV whose first line names the columns: date and mean, or date, min and max, in degrees C."

# What columns are called, in small letters without units: plain words, then those of weather services.
_DATE = ("date", "day", "time", "datum", "timestamp", "mess_datum")
_MEAN = (
    *("mean", "average", "temperature", "temp", "tmean", "t_mean", "tavg"),
    *("t2m", "temperature_2m", "temperature_2m_mean", "tg", "tas", "tmk"),
)
_LOW = ("min", "minimum", "low", "tmin", "t_min", "t2m_min", "temperature_2m_min", "tn", "tasmin", "tnk")
_HIGH = ("max", "maximum", "high", "tmax", "t_max", "t2m_max", "temperature_2m_max", "tx", "tasmax", "txk")

_YEAR_FIRST = re.compile(r"(\d{4})([-/.]?)(\d{2})\2(\d{2})(?!\d{3})")
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_ABSENT = -99.0  # numbers at or below it stand for "no value"
_KELVIN = 150.0


def read_temperatures(path: Path | str) -> Temperatures:
    """Read daily temperatures.

    Columns are found by name, units in brackets left out: a date, and either the day's lowest and highest temperature
    or its mean. Several rows of one day (hours) give its lowest and its highest. Empty cells, and -99 and below, are
    missing; up to five days in a row are bridged linearly.

    Args:
        path: A table with , ; or tab between its columns, as `read_text_table` takes them.

    Raises:
        SourceError: It cannot be read, lacks a column, holds a row without a date, or no temperatures in degrees C, or
            lacks more days in a row.
    """
    where = str(path)
    try:
        table = read_text_table(Path(path))
    except SampleError as error:
        raise SourceError(error.what, where=error.where, fix=FORM) from error
    dates = _dates(table, where)
    low, high = _columns(table, where)
    known = np.isfinite(low) & np.isfinite(high)
    if not known.any():
        raise SourceError("The table holds no temperature.", where=where, fix=FORM)
    _check_units(low[known], high[known], where)
    first = min(dates)
    days = np.array([(date - first).days for date in dates])[known]
    return _daily(first, days, low[known], high[known], where)


def _daily(
    first: dt.date, days: NDArray[np.int64], low: NDArray[np.float64], high: NDArray[np.float64], where: str
) -> Temperatures:
    """Return the lowest and highest of each day, gaps bridged."""
    order = np.argsort(days, kind="stable")
    there, starts = np.unique(days[order], return_index=True)
    gaps = np.diff(there) - 1
    if (gaps > LONGEST_GAP).any():
        longest = int(gaps.argmax())
        before = first + dt.timedelta(days=int(there[longest]))
        raise SourceError(
            f"{gaps[longest]} days after {before} have no temperature; {LONGEST_GAP} are bridged.",
            where=where,
            fix="Fill the gap from a station near by.",
        )
    every = np.arange(there[0], there[-1] + 1)
    lows = np.interp(every, there, np.minimum.reduceat(low[order], starts))
    highs = np.interp(every, there, np.maximum.reduceat(high[order], starts))
    begin = first + dt.timedelta(days=int(there[0]))
    return Temperatures(begin, tuple(lows.tolist()), tuple(highs.tolist()), where)


def _dates(table: TextTable, where: str) -> list[dt.date]:
    name = _named(table, _DATE)
    if name is None:
        raise SourceError(f"No column holds the date; there are {listed(table.names)}.", where=where, fix=FORM)
    found = []
    for text, line in zip(table.columns[name], table.lines, strict=True):
        date = _date(text.strip())
        if date is None:
            raise SourceError(
                f"{text!r} is not a date.", where=f"{where}, line {line}", fix="Write dates as YYYY-MM-DD."
            )
        found.append(date)
    return found


def _date(text: str) -> dt.date | None:
    year_first, day_first = _YEAR_FIRST.match(text), _DAY_FIRST.match(text)
    if year_first:
        parts = year_first[1], year_first[3], year_first[4]
    elif day_first:
        parts = day_first[3], day_first[2], day_first[1]
    else:
        return None
    try:
        return dt.date(*map(int, parts))
    except ValueError:
        return None


def _columns(table: TextTable, where: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each row's lowest and highest temperature, (row,); NaN where there is none."""
    low, high, mean = (_named(table, names) for names in (_LOW, _HIGH, _MEAN))
    if low is not None and high is not None:
        names = [low, high]
    elif mean is not None:
        names = [mean, mean]
    else:
        raise SourceError(
            f"No columns hold the lowest and highest temperature, nor their mean; there are {listed(table.names)}.",
            where=where,
            fix=FORM,
        )
    lows, highs = (numbers_of(table.columns[name]) for name in names)
    return np.where(lows > _ABSENT, lows, np.nan), np.where(highs > _ABSENT, highs, np.nan)


def _named(table: TextTable, names: Sequence[str]) -> str | None:
    """Return the first column that bears one of the names, whatever its case, unit and spaces."""
    plain = {re.sub(r"\W+", "_", re.sub(r"[(\[].*", "", name)).strip("_").casefold(): name for name in table.names}
    return next((plain[name] for name in names if name in plain), None)


def _check_units(low: NDArray[np.float64], high: NDArray[np.float64], where: str) -> None:
    middle, most = float(np.median(low)), float(high.max())
    if float(low.min()) >= COLDEST and most <= HOTTEST:
        return
    unit = "kelvin" if middle > _KELVIN else "degrees Fahrenheit" if most <= 140 else "tenths of a degree"
    raise SourceError(
        f"The temperatures run from {float(low.min()):g} to {most:g}: no degrees C; they may be {unit}.",
        where=where,
        fix="Give them in degrees C.",
    )
