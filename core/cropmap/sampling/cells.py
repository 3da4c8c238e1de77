"""Square cells of land, over which samples are spread."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import SampleError
from cropmap.data.site import Grid
from cropmap.io.projection import METRES_PER_DEGREE, length_text, metres_per_unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_CELLS = 1 << 20


@dataclass(frozen=True)
class Cells:
    """Square cells of land, counted from the CRS's origin, so that they lie alike in any clip.

    Args:
        grid: The raster's grid.
        size: Edge in CRS units; in metres where the CRS is in degrees; 0 for one cell that holds everything.
        degrees: Whether the CRS is in degrees.
        first: Number of the first row and column of cells.
        shape: Rows and columns of cells.
    """

    grid: Grid
    size: float = 0.0
    degrees: bool = False
    first: tuple[int, int] = (0, 0)
    shape: tuple[int, int] = (1, 1)

    @classmethod
    def of(cls, grid: Grid, edge_m: float) -> Cells:
        """Return the cells of a grid.

        Args:
            grid: The raster's grid.
            edge_m: Edge in metres; 0 for one cell that holds everything.

        Raises:
            SampleError: More than a million cells.
        """
        if not edge_m:
            return cls(grid)
        unit = metres_per_unit(grid.crs)
        cells = cls(grid, edge_m / (unit or 1.0), degrees=not unit)
        rows = np.repeat(np.arange(grid.height), 2)
        down, across = cells._numbers(rows, np.tile([0, grid.width - 1], grid.height))
        first = int(down.min()), int(across.min())
        shape = int(down.max()) - first[0] + 1, int(across.max()) - first[1] + 1
        if shape[0] * shape[1] > _MOST_CELLS:
            raise SampleError(
                f"{shape[0]} x {shape[1]} cells of {length_text(edge_m)} are too many.",
                fix="Choose larger cells.",
            )
        return dataclasses.replace(cells, first=first, shape=shape)

    @property
    def count(self) -> int:
        """How many cells there are."""
        return self.shape[0] * self.shape[1]

    def of_pixels(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of each pixel's cell, (pixel,)."""
        if not self.size:
            return np.zeros(len(rows), np.int64)
        down, across = self._numbers(rows, cols)
        return np.asarray((down - self.first[0]) * self.shape[1] + across - self.first[1])

    def of_block(self, row: int, col: int, shape: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the cells of a block: which row of a table each of its rows takes, (row,), and the table, (n, col)."""
        rows, cols = np.arange(row, row + shape[0]), np.arange(col, col + shape[1])
        if not self.size:
            return np.zeros(len(rows), np.int64), np.zeros((1, len(cols)), np.int64)
        down, _ = self._numbers(rows, np.full(len(rows), col))
        _, first, which = np.unique(down, return_index=True, return_inverse=True)
        pairs = np.repeat(rows[first], len(cols)), np.tile(cols, len(first))
        return which.reshape(-1).astype(np.int64), self.of_pixels(*pairs).reshape(len(first), -1)

    def _numbers(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        x, y = self.grid.centres(rows, cols)
        if not self.degrees:
            return np.floor(y / self.size).astype(np.int64), np.floor(x / self.size).astype(np.int64)
        height = self.size / METRES_PER_DEGREE
        down = np.floor(y / height)
        # A row of cells is as wide in degrees as its own middle latitude makes it.
        width = height / np.maximum(np.cos(np.radians((down + 0.5) * height)), 1e-3)
        return down.astype(np.int64), np.floor(x / width).astype(np.int64)
