"""When: the dates of one growing season."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

LONGEST_DAYS = 731  # two years, one of them a leap year, to the same date


@dataclass(frozen=True)
class Season:
    """A span of dates, both included; may cross the turn of a year.

    Raises:
        RecipeError: The end is before the start, or over two years after it.
    """

    start: dt.date
    end: dt.date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise RecipeError(
                f"The season {self.start} .. {self.end} ends before it starts.",
                fix="Give a start before the end, both as YYYY-MM-DD.",
            )
        if self.length_days > LONGEST_DAYS:
            raise RecipeError(
                f"The season {self.start} .. {self.end} is longer than two years.",
                fix="Give a start and an end within two years, both as YYYY-MM-DD.",
            )

    @property
    def length_days(self) -> int:
        """Days from the start to the end."""
        return (self.end - self.start).days

    def days(self, dates: Iterable[dt.date]) -> NDArray[np.int32]:
        """Return each date as a day of season: 0 on the start, negative before it."""
        return np.array([(date - self.start).days for date in dates], dtype=np.int32)

    def date(self, day: int) -> dt.date:
        """Return the date of a day of season."""
        return self.start + dt.timedelta(days=int(day))

    def nodes(self, step_days: int) -> NDArray[np.int32]:
        """Return the days of season 0, step, 2 step, ... up to the end."""
        return np.arange(0, self.length_days + 1, step_days, dtype=np.int32)

    def moved(self, years: int) -> Season:
        """Return the same span that many years later; 29 February becomes 28."""
        start = _move(self.start, years)
        return Season(start, start + dt.timedelta(days=self.length_days))

    def check_dates(self, dates: Sequence[dt.date]) -> None:
        """Refuse images of which fewer than two lie in the season; the dates ascend.

        Raises:
            RecipeError: So they are.
        """
        inside = sum(self.start <= date <= self.end for date in dates)
        if inside < 2:
            raise RecipeError(
                f"{inside} of the {len(dates)} image dates ({dates[0]} .. {dates[-1]}) lie in the season "
                f"{self.start} .. {self.end}.",
                fix="Give images of that season, or another season start.",
            )

    def nearest(self, dates: Iterable[dt.date]) -> Season:
        """Return this season moved to the year in which it holds most of the dates (the earliest of equals).

        Raises:
            RecipeError: There is no date.
        """
        given = sorted(dates)
        if not given:
            raise RecipeError("There is no date to find the season's year by.", fix="Give images with dates.")
        years = range(given[0].year - self.start.year - 1, given[-1].year - self.start.year + 2)
        moved = [self.moved(year) for year in years]
        return max(moved, key=lambda season: sum(season.start <= date <= season.end for date in given))


def _move(date: dt.date, years: int) -> dt.date:
    try:
        return date.replace(year=date.year + years)
    except ValueError:
        return date.replace(year=date.year + years, day=28)
