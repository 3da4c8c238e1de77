"""Open raster files: kept by thread, brought to the grid of a series where they lie on another."""

from __future__ import annotations

import contextlib
import math
import sys
import threading
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from rasterio.crs import CRS
from rasterio.enums import MaskFlags, Resampling
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window as RasterWindow

from cropmap.data.site import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from cropmap.data.site import Grid

_MOST_OPEN = 512  # Open files of one reader; Windows allows a process about 8,000, Linux by default 1,024.


class Readable(Protocol):
    """An open raster on the grid of a series."""

    def read(self, indexes: Sequence[int], window: Window) -> NDArray[Any]:
        """Return stored numbers, (layer, row, column); NaN where there is none."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class Handles:
    """Open files, some per thread, bounded in all.

    Args:
        limit: Most files kept open, all threads together.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._local = threading.local()
        self._lock = threading.Lock()
        self._kept: list[Readable] = []

    @contextlib.contextmanager
    def use(self, key: tuple[Any, ...], opener: Callable[[], Readable]) -> Iterator[Readable]:
        """Lend this thread's handle of a file; opened now if it is not kept."""
        own: dict[str, Readable] = self._local.__dict__
        name = repr(key)
        if name in own:
            yield own[name]
            return
        dataset = opener()
        if self._keep(dataset):
            own[name] = dataset
            yield dataset
            return
        try:
            yield dataset
        finally:
            dataset.close()

    def _keep(self, dataset: Readable) -> bool:
        with self._lock:
            if len(self._kept) >= self._limit:
                return False
            self._kept.append(dataset)
            return True

    def close(self) -> None:
        """Close all files of all threads; their reads must be over."""
        with self._lock:
            for dataset in self._kept:
                dataset.close()
            self._kept.clear()


def open_files_allowed() -> int:
    """Return how many files a reader may keep open: half of the process's limit, at most 512."""
    if sys.platform == "win32":
        return _MOST_OPEN
    import resource  # noqa: PLC0415 - POSIX only

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_OPEN if soft in (-1, resource.RLIM_INFINITY) else max(8, min(_MOST_OPEN, soft // 2))


class Opened:
    """An open raster, or a warped view of one, that knows whether it carries a mask of its own."""

    def __init__(self, dataset: Any, under: Any = None) -> None:
        self._dataset, self._under = dataset, under
        self._kinds = dataset.dtypes
        self._has_mask = under is None and any(MaskFlags.per_dataset in flags for flags in dataset.mask_flag_enums)

    def read(self, indexes: Sequence[int], window: Window) -> NDArray[Any]:
        """Return stored numbers, (layer, row, column); NaN where the file's own mask or alpha band says invalid."""
        area = RasterWindow(window.col, window.row, window.width, window.height)
        kinds = {self._kinds[index - 1] for index in indexes}
        common = np.result_type(*kinds) if len(kinds) > 1 else None
        planes: NDArray[Any] = self._dataset.read(list(indexes), window=area, out_dtype=common)
        if not self._has_mask:
            return planes
        return np.where(self._dataset.read_masks(indexes[0], window=area) > 0, planes, math.nan).astype(np.float64)

    def close(self) -> None:
        """Close the view and what lies under it."""
        self._dataset.close()
        if self._under is not None:
            self._under.close()


def warped(dataset: Any, grid: Grid, nodata: float, *, nearest: bool) -> Opened:
    """Return a view of a raster on another grid, of doubles; NaN where it has no value.

    Args:
        dataset: The open raster.
        grid: What it is brought to.
        nodata: Number that means no value; NaN where there is none.
        nearest: Take the nearest pixel, instead of bilinear interpolation.
    """
    view = WarpedVRT(
        dataset,
        crs=CRS.from_wkt(grid.crs),
        transform=Affine(*grid.transform),
        width=grid.width,
        height=grid.height,
        resampling=Resampling.nearest if nearest else Resampling.bilinear,
        src_nodata=None if math.isnan(nodata) else nodata,
        nodata=math.nan,
        dtype="float64",
    )
    return Opened(view, dataset)


class Nearest:
    """A raster read at the centres of another grid's pixels, in the same coordinate reference system.

    Args:
        opened: The raster.
        own: Its grid.
        grid: The grid it is read on.
    """

    def __init__(self, opened: Opened, own: Grid, grid: Grid) -> None:
        self._opened = opened
        self._rows, self._cols = _nearest_cells(own, grid)
        self._height, self._width = own.height, own.width

    def read(self, indexes: Sequence[int], window: Window) -> NDArray[Any]:
        """Return the numbers of the pixels in which the centres lie, (layer, row, column); NaN where none does."""
        rows = self._rows[window.row : window.row + window.height]
        cols = self._cols[window.col : window.col + window.width]
        outside = _outside(rows, self._height), _outside(cols, self._width)
        rows, cols = rows.clip(0, self._height - 1), cols.clip(0, self._width - 1)
        row, col = int(rows[0]), int(cols[0])
        around = Window(row, col, int(rows[-1]) - row + 1, int(cols[-1]) - col + 1)
        planes = self._opened.read(indexes, around)
        found = planes[:, (rows - row)[:, None], (cols - col)[None]]
        if not (outside[0].any() or outside[1].any()):
            return found
        return np.where(outside[0][:, None] | outside[1][None], math.nan, found)

    def close(self) -> None:
        """Close the raster."""
        self._opened.close()


def covers(own: Grid, grid: Grid) -> bool:
    """Tell whether a pixel of one grid lies at each pixel centre of another; both in one coordinate reference system.

    Args:
        own: The grid that may cover.
        grid: The grid to be covered.
    """
    rows, cols = _nearest_cells(own, grid)
    return not (_outside(rows, own.height).any() or _outside(cols, own.width).any())


def _nearest_cells(own: Grid, grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row of `own` for each row of `grid`, and the column for each column; they may lie outside."""
    down = own.north - grid.north + (np.arange(grid.height) + 0.5) * grid.pixel_height
    right = grid.west - own.west + (np.arange(grid.width) + 0.5) * grid.pixel_width
    return (
        np.floor(down / own.pixel_height).astype(np.int64),
        np.floor(right / own.pixel_width).astype(np.int64),
    )


def _outside(cells: NDArray[np.int64], size: int) -> NDArray[np.bool_]:
    return (cells < 0) | (cells >= size)
