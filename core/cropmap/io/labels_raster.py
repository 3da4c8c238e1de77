"""Reading class rasters: maps and reference maps, by window, by pixel, or small enough for a picture."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window as FileWindow

from cropmap.contract.errors import GridError, SourceError
from cropmap.data.legend import NODATA
from cropmap.data.site import Grid, Window
from cropmap.io.projection import METRES_PER_DEGREE, metres_per_unit
from cropmap.io.rasters import dataset_grid, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray


class LabelRaster:
    """A raster of class codes, open for reading. Use it in a `with` block.

    Args:
        path: What GDAL opens.
        band: Band that holds the codes, from 1.

    Raises:
        SourceError: It cannot be opened, has no such band, or holds complex numbers.
        GridError: It is not north-up.
    """

    def __init__(self, path: Path | str, band: int = 1) -> None:
        self.path = str(path)
        self._band = band
        with contextlib.ExitStack() as stack:
            self._file: Any = stack.enter_context(opened(self.path))
            self.grid = dataset_grid(self._file, self.path)
            if not 1 <= band <= self._file.count or np.dtype(self._file.dtypes[band - 1]).kind not in "uif":
                raise SourceError(
                    f"Band {band} holds no class codes.", where=self.path, fix="Choose a raster of whole numbers."
                )
            self._nodata = self._file.nodatavals[band - 1]
            self._open = stack.pop_all()

    def __enter__(self) -> LabelRaster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._open.close()

    def read(self, window: Window) -> NDArray[np.int64]:
        """Return a window's codes, (height, width), int64; no data is 255.

        Raises:
            GridError: The window reaches outside the raster.
            SourceError: Damaged blocks, or numbers that are not whole.
        """
        if not self._inside(window):
            raise GridError(f"{window} reaches outside the raster.", where=self.path, fix="Read inside the grid.")
        return self._codes(window=FileWindow(window.col, window.row, window.width, window.height))

    def blocks(self, size: int = 1024) -> Iterator[tuple[int, int, NDArray[np.uint8]]]:
        """Yield first row, first column and codes, (row, col), of squares that cover the raster, row by row.

        Args:
            size: Edge of the squares, smaller at the right and lower edge.
        """
        for window in self.grid.windows(size):
            yield window.row, window.col, self.read(window).astype(np.uint8)

    def read_small(self, longest: int) -> NDArray[np.int64]:
        """Return the whole raster with at most `longest` rows and columns, nearest neighbour; no data is 255.

        GDAL reads overviews where the file has them, so a large map costs little.
        """
        shrink = max(1.0, max(self.grid.width, self.grid.height) / longest)
        shape = (max(1, round(self.grid.height / shrink)), max(1, round(self.grid.width / shrink)))
        return self._codes(out_shape=shape, resampling=Resampling.nearest)

    def read_pixels(
        self, rows: NDArray[np.integer], cols: NDArray[np.integer], *, block: int = 512
    ) -> NDArray[np.int64]:
        """Return the codes of single pixels, (pixel,), int64, in the order given; no data is 255.

        Args:
            rows: Row of each pixel, (pixel,).
            cols: Column of each pixel, (pixel,).
            block: Edge of the windows that are read, each once.

        Raises:
            GridError: A pixel lies outside the raster.
        """
        rows, cols = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
        outside = (rows < 0) | (rows >= self.grid.height) | (cols < 0) | (cols >= self.grid.width)
        if outside.any():
            first = int(np.flatnonzero(outside)[0])
            raise GridError(
                f"{int(outside.sum())} pixels lie outside the raster of {self.grid.width} x {self.grid.height} pixels.",
                where=f"{self.path}, first: row {rows[first]}, column {cols[first]}",
                fix="Place the samples on this raster's grid.",
            )
        found = np.full(len(rows), NODATA, dtype=np.int64)
        across = math.ceil(self.grid.width / block)
        key = rows // block * across + cols // block
        order = np.argsort(key, kind="stable")
        for chosen in np.split(order, np.flatnonzero(np.diff(key[order])) + 1) if len(order) else ():
            window = self._around(rows[chosen], cols[chosen])
            found[chosen] = self.read(window)[rows[chosen] - window.row, cols[chosen] - window.col]
        return found

    def _around(self, rows: NDArray[np.integer], cols: NDArray[np.integer]) -> Window:
        row, col = int(rows.min()), int(cols.min())
        return Window(row, col, int(rows.max()) - row + 1, int(cols.max()) - col + 1)

    def _inside(self, window: Window) -> bool:
        return (
            min(window.row, window.col) >= 0
            and window.row + window.height <= self.grid.height
            and window.col + window.width <= self.grid.width
        )

    def _codes(self, **options: Any) -> NDArray[np.int64]:
        try:
            numbers = self._file.read(self._band, **options)
        except RasterioError as error:
            raise SourceError(
                "The class raster cannot be read.", where=self.path, fix="Copy or compute the file again."
            ) from error
        return _whole(numbers, self._nodata, self.path)


def _whole(numbers: NDArray[Any], nodata: float | None, path: str) -> NDArray[np.int64]:
    """Return numbers as int64 codes, with 255 for no data."""
    empty = np.zeros(numbers.shape, bool) if nodata is None else numbers == nodata
    if numbers.dtype.kind == "f":
        empty |= np.isnan(numbers)
        known = numbers[~empty]
        if not np.all(known == np.round(known)) or (known.size and np.abs(known).max() > 2**53):
            raise SourceError(
                "The class raster holds numbers that are not whole.", where=path, fix="Choose a raster of class codes."
            )
        numbers = np.where(empty, 0, numbers)
    codes: NDArray[np.int64] = numbers.astype(np.int64)
    codes[empty] = NODATA
    return codes


def pixel_metres(grid: Grid) -> tuple[float, float] | None:
    """Return a pixel's width and height in metres, at the grid's middle; None where the grid has no CRS.

    Degrees are taken on a sphere, which is right to 0.7 %.
    """
    if not grid.crs:
        return None
    factor = metres_per_unit(grid.crs)
    if factor:
        return grid.pixel_width * factor, grid.pixel_height * factor
    _, south, _, north = grid.bounds
    shrink = math.cos(math.radians((south + north) / 2))
    return grid.pixel_width * METRES_PER_DEGREE * shrink, grid.pixel_height * METRES_PER_DEGREE
