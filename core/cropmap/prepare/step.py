"""What a preparation step is, and what every recipe is asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cropmap.contract.errors import RecipeError
from cropmap.contract.params import param

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season


class Step(ABC):
    """One operation on pixel series.

    A step that moves the dates says so in `nodes`, one that makes other features says so in `bands`: so a recipe's
    output is known before any image is read. One whose parameters depend on the site (its median peak date) says so in
    `looks` and finds them in `settle`. `gaps` keeps recipes from models that would meet dates without a value.
    """

    looks: bool = False
    # Names of the parameters that a look at each site finds anew, whatever was found on another.
    found: tuple[str, ...] = ()
    # What it does to dates on which a pixel has no value: True where it may leave some, False where it leaves none,
    # None where it does not change that.
    gaps: bool | None = None

    def nodes(self, nodes: NDArray[np.int32] | None, season: Season) -> NDArray[np.int32] | None:
        """Return the days of season that the step makes, (step,), int32, ascending.

        Args:
            nodes: Days that the step before makes; None while they are the images' own.
            season: The season prepared.
        """
        del season
        return nodes

    def bands(self, bands: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names of the features that the step makes of these."""
        return bands

    def settle(self, series: PixelSeries, season: Season) -> Mapping[str, Any]:
        """Return the parameters that only a look at the site tells, by name; asked where `looks` is True.

        Args:
            series: Of pixels spread over the site, as the steps before this one make them.
            season: The season prepared.
        """
        del series, season
        return {}

    @abstractmethod
    def apply(self, series: PixelSeries, season: Season) -> PixelSeries:
        """Return new series; the given ones stay as they are.

        Days of season count from `season.start`; the season ends on day `season.length_days`.
        """


def with_band(bands: tuple[str, ...], added: str, step: str) -> tuple[str, ...]:
    """Return the bands and, last, the one that a step adds.

    Raises:
        RecipeError: One of them is called like it already.
    """
    if added in bands:
        raise RecipeError(
            f"There is a band {added!r} already.",
            where=f"step {step!r}",
            fix="Use the step once, and call no band of the images so.",
        )
    return (*bands, added)


@dataclass(frozen=True)
class SeasonParams:
    """The span that a recipe covers; every recipe's parameters begin with it."""

    start: str = param("", kind="date", title="Season start", help="First day; empty for the first image's date.")
    end: str = param("", kind="date", title="Season end", help="Last day; empty for the last image's date.")

    def default_span(self, dates: Sequence[dt.date]) -> tuple[dt.date, dt.date]:
        """Return what stands in for an empty start and end: the first and the last of the dates.

        Args:
            dates: The series' acquisition dates, ascending, at least one. A recipe with a calendar of its own
                overrides this.
        """
        return dates[0], dates[-1]
