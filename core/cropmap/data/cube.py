"""Series of pixels: as preparation steps hand them on, and as models see them, regular and without gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import RecipeError
from cropmap.data.temperatures import Temperatures

# The feature that tells models which steps of a native-date series were seen: 1 where clear, 0 where filled.
CLEAR_BAND = "clear"


@dataclass(frozen=True)
class Quality:
    """How well the clear observations support each pixel's series.

    Args:
        clear_dates: Number of clear dates inside the season, (pixel,), uint16.
        longest_gap: Longest time inside the season without a clear date, in days, (pixel,), uint16.
    """

    clear_dates: NDArray[np.uint16]
    longest_gap: NDArray[np.uint16]


@dataclass(frozen=True)
class Observations:
    """When each pixel was seen: what remains of the acquisitions once a step has made regular dates of them.

    Args:
        clear: True where the pixel was clear, (pixel, date).
        days: Day of season of each acquisition, (date,), int32, ascending.
    """

    clear: NDArray[np.bool_]
    days: NDArray[np.int32]


@dataclass(frozen=True)
class PixelSeries:
    """What preparation steps take and return: the series of a set of pixels, regular or not.

    Args:
        values: (pixel, time, band), float32; where not clear they mean nothing.
        clear: True where the values are usable, (pixel, time).
        days: Day of season of each date or step, (time,), int32, each later than the one before.
        bands: Feature names, (band,).
        quality: Support of each pixel by its observations.
        valid: True for pixels that no step has refused, (pixel,).
        observed: The acquisitions that all of it comes from; their days are those of the images, whatever `days` is.
        holes: A feature may be NaN on a date that is clear (an index whose denominator vanished): every step takes
            such a value for missing.
        temperatures: Of the site, for steps that settle by them; None where they are not known or not needed.

    Raises:
        RecipeError: Shapes that disagree, or days that do not ascend.
    """

    values: NDArray[np.float32]
    clear: NDArray[np.bool_]
    days: NDArray[np.int32]
    bands: tuple[str, ...]
    quality: Quality
    valid: NDArray[np.bool_]
    observed: Observations | None = None
    holes: bool = False
    temperatures: Temperatures | None = None

    def __post_init__(self) -> None:
        pixels = len(self.valid)
        expected = (pixels, len(self.days), len(self.bands))
        if self.values.shape != expected or self.clear.shape != expected[:2]:
            raise RecipeError(
                f"Series have values {self.values.shape} and clear {self.clear.shape} "
                f"for {pixels} pixels, {len(self.days)} dates and {len(self.bands)} bands."
            )
        if (np.diff(self.days) <= 0).any():
            raise RecipeError(
                f"The days of season {self.days.tolist()} do not ascend.",
                fix="Sort the dates, and merge those of one day (cropmap.prepare.observe does both).",
            )

    @property
    def native(self) -> bool:
        """Whether the dates are still the images' own.

        Told by the array itself, which steps that keep the dates hand on: nodes may fall on the images' days by chance.
        """
        return self.observed is not None and self.days is self.observed.days


@dataclass(frozen=True)
class RegularCube:
    """Prepared series of a set of pixels.

    Args:
        values: (pixel, step, band), float32; a pixel that cannot be prepared is NaN throughout.
        days: Day of season of each step, (step,), ascending.
        bands: Feature names, (band,).
        quality: Support of each pixel.
        valid: True for pixels that the recipe accepts, (pixel,).

    Raises:
        RecipeError: Values for another number of steps or bands.
    """

    values: NDArray[np.float32]
    days: NDArray[np.int32]
    bands: tuple[str, ...]
    quality: Quality
    valid: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.values.shape[1:] != (len(self.days), len(self.bands)):
            raise RecipeError(
                f"A cube has values {self.values.shape} for {len(self.days)} steps and {len(self.bands)} bands."
            )
