"""A season that was prepared once and lies on the disk: what can stand in for its images."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cropmap.data.recipe import Recipe
from cropmap.data.site import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class PreparedSeries:
    """A finished cube. It describes the file; `io.cube_reader` reads it.

    Args:
        path: The cube.
        grid: Of its pixels.
        steps: Day of season of each step, ascending.
        bands: Feature names, in the order of every array's band axis.
        recipe: What prepared it, settled for its images; its season dates the steps.
        dates: Acquisition dates of the images that it was made of, ascending.
        image_bands: Bands of those images.
        masked: Whether those images told clear from cloud.
        usable: How many of its pixels the recipe accepts.
        fingerprint: Of all that its values depend on.
        tile: Side, in pixels, of the squares that it is stored in.
        checks: CRC-32 of each square, row by row.
    """

    path: Path
    grid: Grid
    steps: tuple[int, ...]
    bands: tuple[str, ...]
    recipe: Recipe
    dates: tuple[dt.date, ...]
    image_bands: tuple[str, ...]
    masked: bool
    usable: int
    fingerprint: str
    tile: int
    checks: tuple[int, ...]

    @property
    def days(self) -> NDArray[np.int32]:
        """Day of season of each step, (step,), int32."""
        return np.array(self.steps, np.int32)
