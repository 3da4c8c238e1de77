"""Keep acquisitions on their own dates, the same days of season in every year."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.params import param
from cropmap.prepare import STEPS
from cropmap.prepare.days import NAMED_DAYS, whole_days
from cropmap.prepare.step import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season


@dataclass(frozen=True)
class NativeDatesParams:
    """Which days are kept, and how far an acquisition may lie from them."""

    days: list[float] = param(
        [],
        help="Whole days of season wanted, ascending, 0 for its first day; empty keeps the images' own.",
        **NAMED_DAYS,
    )
    tolerance_days: int = param(
        1,
        title="Tolerance",
        help="Each day takes the nearest acquisition at most this long before or after it.",
        unit="days",
        low=0,
        high=92,
    )


class NativeDates(Step):
    """Chooses dates; it changes no value."""

    def __init__(self, params: NativeDatesParams) -> None:
        self.days = whole_days(params.days, "native_dates")
        self.gaps = True if params.days else None
        self.tolerance_days = params.tolerance_days

    def nodes(self, nodes: NDArray[np.int32] | None, season: Season) -> NDArray[np.int32] | None:
        """Return the days wanted; where none are named, those that there are."""
        del season
        return self.days if len(self.days) else nodes

    def apply(self, series: PixelSeries, season: Season) -> PixelSeries:
        """Return the series on the days wanted; a day without an acquisition near it is not clear for any pixel."""
        del season
        if not len(self.days):
            return series
        taken = _nearest(series.days, self.days)
        near = np.abs(series.days[taken] - self.days) <= self.tolerance_days
        return dataclasses.replace(
            series,
            values=np.take(series.values, taken, axis=1),
            clear=np.take(series.clear, taken, axis=1) & near,
            days=self.days,
        )


@STEPS.register(
    "native_dates", title="Native dates", params=NativeDatesParams, citation="Long et al. 2026 (tolerance ours)"
)
def native_dates(params: NativeDatesParams) -> Step:
    """Keep acquisitions as they are, each on the day of season where the model looks for it.

    Each wanted day takes the nearest acquisition, the earlier of equals. Where the pixel is not clear on it, or none is
    near enough, that day is not clear: a step that fills, or `mask_channel`, comes after.

    Raises:
        RecipeError: The days are not whole, or do not ascend.
    """
    return NativeDates(params)


def _nearest(days: NDArray[np.int32], wanted: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return the position of the day nearest to each one wanted, the earlier of equals."""
    after = np.clip(np.searchsorted(days, wanted), 0, len(days) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(np.abs(days[before] - wanted) <= np.abs(days[after] - wanted), before, after)
