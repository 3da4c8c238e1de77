"""How warm each day was at a site, and the degree-days that follow from it."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import SourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Degrees C that no weather station has gone beyond; what lies outside is of another unit.
COLDEST, HOTTEST = -95.0, 65.0


@dataclass(frozen=True)
class Temperatures:
    """Daily temperatures of one place, without gaps.

    Args:
        first: Date of the first day.
        low: Lowest of each day, in degrees C, (day,).
        high: Highest of each day, (day,); the same numbers where only means are known.
        path: File that they were read from.

    Raises:
        SourceError: No day, another number of highs than of lows, a number that is no temperature of the air in
            degrees C, or a low above its high.
    """

    first: dt.date
    low: tuple[float, ...]
    high: tuple[float, ...]
    path: str = ""

    def __post_init__(self) -> None:
        wrong = self._wrong()
        if wrong:
            raise SourceError(
                wrong, where=self.path or "temperatures", fix="Give daily temperatures of the air in degrees C."
            )

    def _wrong(self) -> str:
        if not self.low or len(self.low) != len(self.high):
            return f"There are {len(self.low)} lowest and {len(self.high)} highest temperatures."
        for day, (low, high) in enumerate(zip(self.low, self.high, strict=True)):
            if not (math.isfinite(low) and math.isfinite(high) and low >= COLDEST and high <= HOTTEST):
                return f"On {self.date(day)} it was {low:g} to {high:g} degrees C: no temperature of the air."
            if low > high:
                return f"On {self.date(day)} the lowest temperature, {low:g}, is above the highest, {high:g}."
        return ""

    @property
    def last(self) -> dt.date:
        """Date of the last day."""
        return self.date(len(self.low) - 1)

    def date(self, day: int) -> dt.date:
        """Return the date of a day, 0 for the first."""
        return self.first + dt.timedelta(days=day)

    def degree_days(self, base: float, cap: float) -> NDArray[np.float64]:
        """Return the degree-days of each day, (day,): the mean of its low and high, less the base.

        Both are first brought into base .. cap: a plant rests below the one, and grows no faster above the other.

        Args:
            base: Degrees C at which growth begins.
            cap: Degrees C above which it is no faster.

        Source: Nyborg et al. 2022, arXiv:2203.09175, whose code takes base 0 and cap 30.
        """
        low, high = (np.clip(np.array(side, np.float64), base, cap) for side in (self.low, self.high))
        daily: NDArray[np.float64] = (low + high) / 2 - base
        return daily
