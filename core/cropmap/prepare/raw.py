"""Acquisitions at their own dates, with a mask as a band: nothing is guessed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from cropmap.contract.params import param
from cropmap.data.recipe import Recipe, StepUse
from cropmap.prepare import RECIPES
from cropmap.prepare.step import SeasonParams

if TYPE_CHECKING:
    import datetime as dt

    from cropmap.data.season import Season

MIN_CLEAR = 3


@dataclass(frozen=True)
class NativeParams(SeasonParams):
    """The season, and which pixels are seen often enough in it."""

    min_clear: int = param(
        MIN_CLEAR,
        title="Clear dates",
        help="Fewest clear dates inside the season; gaps between them have no limit.",
        unit="dates",
        low=1,
        high=366,
    )


@dataclass(frozen=True)
class RawParams(NativeParams):
    """What `raw` takes: also what counts as the same date in another year."""

    tolerance_days: int = param(
        -1,
        title="Tolerance",
        help="In another year each date takes the nearest acquisition at most this long before or after it; -1 for "
        "half the dates' median distance.",
        unit="days",
        low=-1,
        high=92,
        advanced=True,
    )


@RECIPES.register("raw", title="Raw dates, with a mask", params=RawParams, citation="Long et al. 2026")
def raw(params: RawParams, season: Season, dates: tuple[dt.date, ...]) -> Recipe:
    """Keep the clear observations at the images' own dates, and add a band that says which are clear.

    The days of season are fixed when the recipe is made. In another year each takes the nearest acquisition.
    """
    tolerance = half_spacing(dates) if params.tolerance_days < 0 else params.tolerance_days
    kept = StepUse("native_dates", {"days": native_days(season, dates), "tolerance_days": tolerance})
    return Recipe("raw", season, (seen_enough(params), kept, StepUse("mask_channel", {})))


def seen_enough(params: NativeParams) -> StepUse:
    """Return the step that refuses pixels with too few clear dates, however they lie."""
    return StepUse("enough_clear", {"min_clear": params.min_clear, "max_gap_days": 0})


def native_days(season: Season, dates: tuple[dt.date, ...]) -> list[int]:
    """Return the acquisitions' days of season; a day on which there are several counts once."""
    return sorted({(date - season.start).days for date in dates})


def half_spacing(dates: tuple[dt.date, ...]) -> int:
    """Return half the median distance of the dates in whole days, one at least."""
    distances = [(after - before).days for before, after in pairwise(sorted(set(dates)))]
    return max(1, int(median(distances) / 2))
