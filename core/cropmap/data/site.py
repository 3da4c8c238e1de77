"""Where: a study area with its pixel grid."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import GridError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels: first row and column, height and width."""

    row: int
    col: int
    height: int
    width: int

    @property
    def pixels(self) -> int:
        """How many pixels it holds."""
        return self.height * self.width


@dataclass(frozen=True)
class Grid:
    """A north-up pixel grid.

    Args:
        crs: Coordinate reference system as WKT; works without an EPSG code. Empty where the file names none.
        west: Left edge, in CRS units.
        north: Upper edge, in CRS units.
        pixel_width: In CRS units, above 0.
        pixel_height: In CRS units, above 0.
        width: Columns.
        height: Rows.

    Raises:
        GridError: A size that is not above 0, or a corner that is nowhere.
    """

    crs: str
    west: float
    north: float
    pixel_width: float
    pixel_height: float
    width: int
    height: int

    def __post_init__(self) -> None:
        placed = math.isfinite(self.west) and math.isfinite(self.north)
        sizes = (self.pixel_width, self.pixel_height, self.width, self.height)
        if not placed or not all(0 < size < math.inf for size in sizes):
            raise GridError(
                f"{self.width} x {self.height} pixels of {self.pixel_width} x {self.pixel_height} "
                f"from {self.west}, {self.north} make no grid.",
                fix="Use a north-up raster; warp a rotated one first.",
            )

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north, in CRS units."""
        east = self.west + self.width * self.pixel_width
        south = self.north - self.height * self.pixel_height
        return self.west, south, east, self.north

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        """Affine coefficients a, b, c, d, e, f: x = a * col + b * row + c, y = d * col + e * row + f."""
        return self.pixel_width, 0.0, self.west, 0.0, -self.pixel_height, self.north

    def windows(self, size: int) -> Iterator[Window]:
        """Yield windows of at most size x size pixels that cover each pixel once, row by row."""
        for row in range(0, self.height, size):
            for col in range(0, self.width, size):
                yield Window(row, col, min(size, self.height - row), min(size, self.width - col))

    def centres(
        self, rows: NDArray[np.integer], cols: NDArray[np.integer]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return x of columns' and y of rows' middles, in CRS units; of pixels' centres where both go together.

        Args:
            rows: (row,).
            cols: (col,).

        Returns:
            x, (col,), and y, (row,), float64.
        """
        x = np.asarray(self.west + (cols + 0.5) * self.pixel_width, np.float64)
        return x, np.asarray(self.north - (rows + 0.5) * self.pixel_height, np.float64)

    def subset(self, window: Window) -> Grid:
        """Return the grid of a window."""
        return Grid(
            self.crs,
            self.west + window.col * self.pixel_width,
            self.north - window.row * self.pixel_height,
            self.pixel_width,
            self.pixel_height,
            window.width,
            window.height,
        )

    def differences(self, other: Grid, tolerance: float = 1e-3) -> list[str]:
        """Say in what another grid differs; empty if it is the same to `tolerance` of a pixel.

        The CRS is compared as text here; a reader normalises it first.
        """
        found = []
        if self.crs != other.crs:
            found.append("another coordinate reference system")
        if (self.width, self.height) != (other.width, other.height):
            found.append(f"size {other.width} x {other.height} instead of {self.width} x {self.height} pixels")
        if _apart(self.pixel_width, other.pixel_width, tolerance * self.pixel_width / self.width) or _apart(
            self.pixel_height, other.pixel_height, tolerance * self.pixel_height / self.height
        ):
            found.append(
                f"pixel size {other.pixel_width:.12g} x {other.pixel_height:.12g} "
                f"instead of {self.pixel_width:.12g} x {self.pixel_height:.12g}"
            )
        if _apart(self.west, other.west, tolerance * self.pixel_width) or _apart(
            self.north, other.north, tolerance * self.pixel_height
        ):
            found.append(
                f"upper left corner {other.west:.12g}, {other.north:.12g} "
                f"instead of {self.west:.12g}, {self.north:.12g}"
            )
        return found


def _apart(first: float, other: float, tolerance: float) -> bool:
    return abs(first - other) > tolerance


@dataclass(frozen=True)
class Site:
    """A study area: its name and its grid."""

    name: str
    grid: Grid
