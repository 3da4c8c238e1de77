"""The days of season on which a step makes values: those named, or regular ones, or those that there are."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cropmap.data.season import Season

# What `param` is told of a list of days.
NAMED_DAYS: Mapping[str, Any] = {
    "kind": "numbers",
    "title": "Days of season",
    "unit": "days",
    "low": -731,
    "high": 1462,
}
IN_PLACE_OF_STEPS = "Whole days of season wanted, ascending, in place of regular steps."


def whole_days(days: Sequence[float], step: str) -> NDArray[np.int32]:
    """Return the days of season that a user names, (day,), int32.

    Args:
        days: As they were given; may be none.
        step: Registered name of the step that they are given to.

    Raises:
        RecipeError: They are not whole numbers, or do not ascend.
    """
    found = np.array(days, np.float64)
    if (found % 1 != 0).any() or (np.diff(found) <= 0).any():
        raise RecipeError(
            f"The days {list(days)} are not ascending whole numbers.",
            where=f"step {step!r}, days",
            fix="Write days of season in order, each once: 0, 30, 61.",
        )
    return found.astype(np.int32)


def wanted_days(
    named: NDArray[np.int32], step_days: int, nodes: NDArray[np.int32] | None, season: Season
) -> NDArray[np.int32] | None:
    """Return the days named; where none are, 0, step, 2 step, ... up to the season's end; else those that there are.

    Args:
        named: By the user, (day,).
        step_days: Days from one step to the next; 0 keeps the days that there are.
        nodes: Those that the step before makes; None while they are the images' own.
        season: The season prepared.
    """
    if len(named):
        return named
    return season.nodes(step_days) if step_days else nodes


def month_day(text: str, step: str) -> tuple[int, int]:
    """Return the month and the day of a text MM-DD.

    Args:
        text: As the user wrote it.
        step: Registered name of the step that it is given to.

    Raises:
        RecipeError: It is no day of a year.
    """
    try:
        date = dt.date.fromisoformat(f"2024-{text}")
    except ValueError:
        date = None
    if date is None or f"{date:%m-%d}" != text:  # newer Pythons read other forms too
        raise RecipeError(
            f"{text!r} is not a day of a year.", where=f"step {step!r}", fix="Write month and day as MM-DD: 06-01."
        )
    return date.month, date.day


def date_in(year: int, month: int, day: int) -> dt.date:
    """Return a day of a year; 29 February is 28 where there is none."""
    leap = (month, day) == (2, 29)
    return dt.date(year, 3, 1) - dt.timedelta(days=1) if leap else dt.date(year, month, day)
