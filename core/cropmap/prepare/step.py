"""What a preparation step is, and what every recipe is asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.contract.params import param

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season


class Step(ABC):
    """One operation on pixel series.

    A step that moves the dates says so in `nodes`, one that makes other features says so in `bands`: so a recipe's
    output is known before any image is read.
    """

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

    @abstractmethod
    def apply(self, series: PixelSeries, season: Season) -> PixelSeries:
        """Return new series; the given ones stay as they are.

        Days of season count from `season.start`; the season ends on day `season.length_days`.
        """


@dataclass(frozen=True)
class SeasonParams:
    """The span that a recipe covers; every recipe's parameters begin with it."""

    start: str = param("", kind="date", title="Season start", help="First day; empty for the first image's date.")
    end: str = param("", kind="date", title="Season end", help="Last day; empty for the last image's date.")
