"""Thermal time: series in which warmth, not the calendar, tells how far the season is."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import RecipeError
from cropmap.contract.params import param
from cropmap.data.cube import Observations
from cropmap.prepare import STEPS
from cropmap.prepare.days import date_in, month_day
from cropmap.prepare.linear import axis_of, interpolate, interpolate_holed
from cropmap.prepare.observe import measure, merge_days
from cropmap.prepare.step import Step

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season
    from cropmap.data.temperatures import Temperatures

UNSET = -1.0
AROUND_DAYS = 366  # acquisitions farther from the season than this are left out


@dataclass(frozen=True)
class WarmthParams:
    """What warmth counts, from when, and how much of it is a day: what a recipe in thermal time asks."""

    base_temperature: float = param(
        0.0,
        title="Base temperature",
        help="At or below it nothing grows: 0 suits many crops at once, 10 suits corn and soybean alone.",
        unit="degrees C",
        low=-10,
        high=30,
    )
    cap_temperature: float = param(
        30.0,
        title="Cap",
        help="Above it nothing grows faster.",
        unit="degrees C",
        low=0,
        high=60,
        advanced=True,
    )
    from_day: str = param(
        "01-01",
        title="Sum from",
        help="Month and day, MM-DD, from which degree-days are summed: the last before the season's start. Empty takes "
        "the start itself.",
        advanced=True,
    )
    degree_days: float = param(
        0.0,
        title="Degree-days of a day",
        help="How many degree-days count as one day of season; 0 takes what a day of the first site's season has on "
        "average.",
        unit="degree-days",
        low=0,
        high=100,
    )
    start_sum: float = param(
        UNSET,
        title="Sum at the start",
        help="Sum of degree-days on day 0 of the season; -1 takes that of the first site.",
        unit="degree-days",
        low=UNSET,
        high=20000,
        advanced=True,
    )


@dataclass(frozen=True)
class ThermalTimeParams(WarmthParams):
    """What a recipe asks, and besides what each site's temperatures tell."""

    first_day: int = param(
        0,
        title="First day",
        help="Day of season that the calendar begins with; the site's temperatures tell it.",
        unit="days",
        low=-AROUND_DAYS,
        high=731 + AROUND_DAYS,
        advanced=True,
    )
    calendar: list[float] = param(
        [],
        kind="numbers",
        help="What each day of season, from the first day on, is in thermal time; the site's temperatures tell it.",
        unit="days",
        advanced=True,
    )


class ThermalTime(Step):
    """Dates series anew: acquisitions where they are on their own dates, values where they are on regular steps.

    Raises:
        RecipeError: A cap that is not above the base, a `from_day` that is no day of a year, or a calendar that goes
            back.
    """

    looks = True
    found = ("first_day", "calendar")

    def __init__(self, params: ThermalTimeParams) -> None:
        self.params = params
        self.begins = month_day(params.from_day, "thermal_time") if params.from_day else None
        self.calendar = np.array(params.calendar, np.float64).astype(np.int32)
        if params.cap_temperature <= params.base_temperature:
            raise RecipeError(
                f"The cap of {params.cap_temperature:g} degrees C is not above the base of "
                f"{params.base_temperature:g}.",
                where="step 'thermal_time'",
                fix="Choose a lower base or a higher cap.",
            )
        if (np.diff(self.calendar) < 0).any():
            raise RecipeError(
                "The calendar of thermal time goes back.",
                where="step 'thermal_time', calendar",
                fix="Leave it empty: the site's temperatures tell it.",
            )

    def settle(self, series: PixelSeries, season: Season) -> Mapping[str, Any]:
        """Return the site's calendar; and what a day is and where day 0 lies, where no site before told it.

        Raises:
            RecipeError: The images come without temperatures, these do not reach over the season or reach none of the
                images, or the season has no degree-days.
        """
        given, temperatures = self.params, _known(series)
        sums, first = self._sums(temperatures, season)
        start, end = sums[-first], sums[season.length_days - first]
        start_sum = round(float(start), 2) if given.start_sum == UNSET else given.start_sum
        a_day = given.degree_days or round(float(end - start) / max(season.length_days, 1), 4)
        if a_day <= 0:
            raise RecipeError(
                f"No day from {season.start} to {season.end} is warmer than {given.base_temperature:g} degrees C.",
                where="step 'thermal_time'",
                fix="Choose a lower base temperature, or a warmer season.",
            )
        low, high = _reach(series, season, (first, first + len(sums) - 1))
        if low > high:
            raise RecipeError(
                f"No image lies between {temperatures.first} and {temperatures.last}, the days of the temperatures.",
                where=temperatures.path or "step 'thermal_time'",
                fix="Give temperatures of the season of these images.",
            )
        counted = np.floor((sums[low - first : high + 1 - first] - start_sum) / a_day + 0.5)
        return {
            "degree_days": a_day,
            "start_sum": start_sum,
            "first_day": low,
            "calendar": counted.astype(int).tolist(),
        }

    def _sums(self, temperatures: Temperatures, season: Season) -> tuple[NDArray[np.float64], int]:
        """Return the sum of degree-days after each day that has temperatures, and the first of these days of season."""
        begin = self._begin(season)
        if not temperatures.first <= begin <= season.end <= temperatures.last:
            raise RecipeError(
                f"The temperatures reach from {temperatures.first} to {temperatures.last}; {begin} to {season.end} is "
                "needed.",
                where=temperatures.path or "step 'thermal_time'",
                fix="Give temperatures of all these days, or sum from a later day (from_day).",
            )
        daily = temperatures.degree_days(self.params.base_temperature, self.params.cap_temperature)
        sums = np.cumsum(daily)
        before = (begin - temperatures.first).days
        if before:
            sums -= sums[before - 1]
        return sums, (temperatures.first - season.start).days

    def _begin(self, season: Season) -> dt.date:
        """Return the date that the sum begins with."""
        if self.begins is None:
            return season.start
        begin = date_in(season.start.year, *self.begins)
        return begin if begin <= season.start else date_in(season.start.year - 1, *self.begins)

    def apply(self, series: PixelSeries, season: Season) -> PixelSeries:
        """Return the series in thermal time; they stay as they are until the site's calendar is known.

        On their own dates, those that fall on one day are averaged where clear, and those that the calendar does not
        reach are left out. On regular steps values are interpolated linearly at the days there are, the edges held.

        Raises:
            RecipeError: The calendar holds none of the dates.
        """
        if not len(self.calendar):
            return series
        values, clear, days = self._dated(series.values, series.clear, series.days)
        if series.native and series.observed is not None:
            seen = self._seen(series.observed, days)
            quality = measure(seen.clear, days, season)
            return dataclasses.replace(series, values=values, clear=clear, days=days, observed=seen, quality=quality)
        axis = axis_of(days, series.days, (int(days[0]), int(days[-1])))
        fill = interpolate_holed if series.holes else interpolate
        made, usable = fill(values, clear, axis)
        observed = series.observed
        if observed is not None:
            observed = self._seen(observed, np.unique(self._days(observed.days)[1]))
        whole = np.repeat(usable[:, np.newaxis], len(series.days), axis=1)
        return dataclasses.replace(
            series, values=made, clear=whole, valid=series.valid & usable, observed=observed, holes=False
        )

    def _days(self, days: NDArray[np.int32]) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
        """Return which days of season the calendar reaches, (day,), and what these count as."""
        places = days - self.params.first_day
        reached = (places >= 0) & (places < len(self.calendar))
        if not reached.any():
            last = self.params.first_day + len(self.calendar) - 1
            raise RecipeError(
                f"The temperatures tell of the days {self.params.first_day} to {last} of the season; the series has "
                f"days {days[0]} to {days[-1]}.",
                where="step 'thermal_time'",
                fix="Settle the recipe for these images (cropmap.prepare.look.settled_for).",
            )
        return reached, self.calendar[places[reached]]

    def _dated(
        self, values: NDArray[np.float32], clear: NDArray[np.bool_], days: NDArray[np.int32]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int32]]:
        """Return series by thermal time, each day once."""
        reached, dated = self._days(days)
        if not reached.all():
            values, clear = np.ascontiguousarray(values[:, reached]), np.ascontiguousarray(clear[:, reached])
        found, first = np.unique(dated, return_index=True)
        if len(found) < len(dated):
            values, clear = merge_days(values, clear, np.append(first, len(dated)))
        return values, clear, found

    def _seen(self, observed: Observations, days: NDArray[np.int32]) -> Observations:
        """Return on which of the thermal days each pixel was seen."""
        reached, dated = self._days(observed.days)
        clear = np.logical_or.reduceat(observed.clear[:, reached], np.searchsorted(dated, days), axis=1)
        return Observations(np.ascontiguousarray(clear), days)


@STEPS.register(
    "thermal_time",
    title="Thermal time",
    params=ThermalTimeParams,
    citation="Nyborg et al. 2022, arXiv:2203.09175; Turkoglu et al. 2025, arXiv:2506.12885 (regular thermal steps)",
)
def thermal_time(params: ThermalTimeParams) -> Step:
    """Count the season in degree-days instead of days, so that crops of a warm and of a cool year stand at one step.

    It is for models that go to another year or region. It needs the site's daily temperatures, which the folder of
    images names; put it before the step that makes regular dates.
    """
    return ThermalTime(params)


def _known(series: PixelSeries) -> Temperatures:
    if series.temperatures is None:
        raise RecipeError(
            "The recipe counts in degree-days, and no temperatures are known.",
            where="step 'thermal_time'",
            fix="Name a CSV of the site's daily temperatures in the parameter temperatures of the folder of images. A "
            "table of labelled series has none: take another recipe for it.",
        )
    return series.temperatures


def _reach(series: PixelSeries, season: Season, told: tuple[int, int]) -> tuple[int, int]:
    """Return the first and last day of season to date anew: with images, with temperatures, about the season."""
    days = series.days if series.observed is None else np.union1d(series.days, series.observed.days)
    low = max(int(days[0]), told[0], -AROUND_DAYS)
    return low, min(int(days[-1]), told[1], season.length_days + AROUND_DAYS)
