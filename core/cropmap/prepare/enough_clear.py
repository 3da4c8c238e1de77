"""Refuse pixels that too few clear dates support."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.contract.params import param
from cropmap.prepare import STEPS
from cropmap.prepare.step import Step

if TYPE_CHECKING:
    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season

MIN_CLEAR = 5
MAX_GAP_DAYS = 64


@dataclass(frozen=True)
class EnoughClearParams:
    """What counts as enough."""

    min_clear: int = param(
        MIN_CLEAR, title="Clear dates", help="Fewest clear dates inside the season.", unit="dates", low=1, high=366
    )
    max_gap_days: int = param(
        MAX_GAP_DAYS,
        title="Longest gap",
        help="Longest time inside the season without a clear date; its start and end count as the edges of gaps. "
        "0 sets no limit.",
        unit="days",
        low=0,
        high=731,
    )


class EnoughClear(Step):
    """Marks; it changes no value."""

    def __init__(self, params: EnoughClearParams) -> None:
        self.params = params

    def apply(self, series: PixelSeries, season: Season) -> PixelSeries:
        """Return the series with the ill-supported pixels no longer valid."""
        limit = self.params.max_gap_days or season.length_days
        quality = series.quality
        enough = (quality.clear_dates >= self.params.min_clear) & (quality.longest_gap <= limit)
        return dataclasses.replace(series, valid=series.valid & enough)


@STEPS.register(
    "enough_clear", title="Enough clear dates", params=EnoughClearParams, citation="Long et al. 2026 (thresholds ours)"
)
def enough_clear(params: EnoughClearParams) -> Step:
    """Refuse pixels that have too few clear dates in the season, or too long a gap between them.

    Their values are prepared all the same; only their `valid` is False.
    """
    return EnoughClear(params)
