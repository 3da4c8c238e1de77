"""Read a cube back as the prepared series that it was made of."""

from __future__ import annotations

import datetime as dt
import json
import threading
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import CropMapError, GridError, SourceError
from cropmap.data.cube import Quality, RegularCube
from cropmap.data.prepared import PreparedSeries
from cropmap.data.recipe import recipe_of
from cropmap.data.site import Window
from cropmap.io.cube_layout import QUALITY_BANDS, CubeLayout, header_of, to_series
from cropmap.io.rasters import dataset_grid, opened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

CUBE_TAG = "CROPMAP_CUBE"
_AGAIN = "Run the prepare job again, into another folder."
# A reader asks for windows of about this side.
_BLOCK = 512


def read_cube(path: Path) -> PreparedSeries:
    """Describe a finished cube; its directory is read, its series are not.

    Raises:
        SourceError: It is no cube, was written anew by another program, or is cut short.
    """
    with opened(str(path)) as dataset:
        grid, tags = dataset_grid(dataset, str(path)), dataset.tags()
        layout = CubeLayout(grid, dataset.count, int(dataset.block_shapes[0][0]))
    if CUBE_TAG not in tags:
        raise SourceError(
            "The raster is no cube of the prepare job.",
            where=str(path),
            fix="Name the cube.tif of a prepare job; take other rasters as a folder of images.",
        )
    _check_layout(path, layout)
    try:
        found = _described(path, layout, json.loads(tags[CUBE_TAG]))
    except (CropMapError, KeyError, TypeError, ValueError) as error:
        raise SourceError(f"The cube does not say what it holds: {error}.", where=str(path), fix=_AGAIN) from error
    layers = len(found.steps) * len(found.bands) + len(QUALITY_BANDS)
    if (layers, len(found.checks)) != (layout.layers, layout.count):
        raise SourceError(f"The cube has {layout.layers} bands instead of {layers}.", where=str(path), fix=_AGAIN)
    return found


def is_cube(path: Path) -> bool:
    """Tell whether a raster is a cube of the prepare job, whatever became of it since.

    Raises:
        SourceError: It cannot be opened.
    """
    with opened(str(path)) as dataset:
        return CUBE_TAG in dataset.tags()


def layout_of(series: PreparedSeries) -> CubeLayout:
    """Return where the squares of a cube stand."""
    return CubeLayout(series.grid, len(series.steps) * len(series.bands) + len(QUALITY_BANDS), series.tile)


def damaged_squares(series: PreparedSeries) -> list[int]:
    """Return the numbers of the squares that are not as they were written; all of the file is read."""
    layout = layout_of(series)
    planes = np.empty((layout.layers, layout.tile, layout.tile), np.float32)
    return [
        number
        for number, check in enumerate(series.checks)
        if square_check(series.path, layout, number, planes) != check
    ]


def square_check(path: Path, layout: CubeLayout, number: int, planes: NDArray[np.float32] | None = None) -> int:
    """Return the CRC-32 of a square as it stands in a file; -1 where it cannot be read.

    Args:
        path: The file, finished or not.
        layout: Of the file.
        number: Of the square.
        planes: Memory to read it into, (layer, tile, tile); new where None.
    """
    if planes is None:
        planes = np.empty((layout.layers, layout.tile, layout.tile), np.float32)
    try:
        _read_square(path, layout.offset(number), planes)
    except OSError:
        return -1
    return zlib.crc32(planes.data)


class CubeReader:
    """Reads windows and pixels of a cube; threads may share it.

    Whole squares are read, and each is checked against the sum that was noted when it was written.

    Args:
        series: What to read.
    """

    def __init__(self, series: PreparedSeries) -> None:
        self._series = series
        self._layout = layout_of(series)
        self._buffers = threading.local()

    @property
    def block_size(self) -> int:
        """Side of the square windows that suit the file: whole squares, about 512 pixels."""
        return self._layout.tile * max(1, _BLOCK // self._layout.tile)

    def read(self, window: Window) -> RegularCube:
        """Return the series of all pixels of a window, in row-major order.

        Raises:
            GridError: The window reaches outside the grid.
            SourceError: The file cannot be read there, or is damaged.
        """
        self._check_inside(window)
        layers = np.empty((window.height, window.width, self._layout.layers), np.float32)
        for number in self._layout.squares(window):
            square, planes = self._layout.window(number), self._square(number)
            top, left = max(window.row, square.row), max(window.col, square.col)
            bottom = min(window.row + window.height, square.row + square.height)
            right = min(window.col + window.width, square.col + square.width)
            part = layers[top - window.row : bottom - window.row, left - window.col : right - window.col]
            to_series(planes, top - square.row, left - square.col, part)
        return self._cube(layers.reshape(window.pixels, -1))

    def read_pixels(self, rows: Sequence[int] | NDArray[Any], cols: Sequence[int] | NDArray[Any]) -> RegularCube:
        """Return the series of single pixels, in the order given; each square is read once.

        Args:
            rows: Row of each pixel, (pixel,).
            cols: Column of each pixel, (pixel,).

        Raises:
            GridError: A pixel lies outside the grid.
            SourceError: The file cannot be read there, or is damaged.
        """
        row, col = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
        layers = np.empty((len(row), self._layout.layers), np.float32)
        if len(row):
            self._check_inside(Window(int(row.min()), int(col.min()), int(np.ptp(row)) + 1, int(np.ptp(col)) + 1))
        tile = self._layout.tile
        numbers = row // tile * self._layout.across + col // tile
        order = np.argsort(numbers, kind="stable")
        for members in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1) if len(row) else ():
            planes = self._square(int(numbers[members[0]]))
            layers[members] = planes[:, row[members] % tile, col[members] % tile].T
        return self._cube(layers)

    def gather(
        self, rows: Sequence[int] | NDArray[Any], cols: Sequence[int] | NDArray[Any]
    ) -> tuple[NDArray[np.intp], ...]:
        """Return the positions of the pixels of each square, row by row; see `SeriesReader.gather`."""
        row, col = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
        if not len(row):
            return ()
        numbers = row // self._layout.tile * self._layout.across + col // self._layout.tile
        order = np.lexsort((col, row, numbers))
        return tuple(np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1))

    def _square(self, number: int) -> NDArray[np.float32]:
        """Return a square's planes, (layer, tile, tile), in memory that this thread's next square takes again."""
        planes: NDArray[np.float32] | None = getattr(self._buffers, "planes", None)
        if planes is None:
            planes = np.empty((self._layout.layers, self._layout.tile, self._layout.tile), np.float32)
            self._buffers.planes = planes
        try:
            _read_square(self._series.path, self._layout.offset(number), planes)
        except OSError as error:
            raise self._unreadable(number, str(error.strerror or error)) from error
        if zlib.crc32(planes.data) != self._series.checks[number]:
            raise self._unreadable(number, "its numbers are not those that were written")
        return planes

    def _cube(self, layers: NDArray[np.float32]) -> RegularCube:
        series, own = self._series, len(QUALITY_BANDS)
        clear_dates, longest_gap, usable = (layers[:, k - own] for k in range(own))
        return RegularCube(
            np.ascontiguousarray(layers[:, :-own]).reshape(-1, len(series.steps), len(series.bands)),
            series.days,
            series.bands,
            Quality(clear_dates.astype(np.uint16), longest_gap.astype(np.uint16)),
            usable == 1,
        )

    def _check_inside(self, window: Window) -> None:
        grid = self._series.grid
        bottom, right = window.row + window.height, window.col + window.width
        if min(window.row, window.col) < 0 or bottom > grid.height or right > grid.width:
            raise GridError(
                f"Rows {window.row}..{bottom - 1} and columns {window.col}..{right - 1} reach outside the cube "
                f"({grid.width} x {grid.height} pixels).",
                fix="Keep to pixels inside the grid.",
            )

    def _unreadable(self, number: int, reason: str) -> SourceError:
        window = self._layout.window(number)
        rows = f"rows {window.row}..{window.row + window.height - 1}"
        cols = f"columns {window.col}..{window.col + window.width - 1}"
        return SourceError(f"The cube is damaged: {reason}.", where=f"{self._series.path}, {rows}, {cols}", fix=_AGAIN)


def _read_square(path: Path, offset: int, planes: NDArray[np.float32]) -> None:
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        left = planes.data.cast("B")
        while left:
            count = file.readinto(left)
            if not count:
                raise OSError("the file ends too early")
            left = left[count:]


def _check_layout(path: Path, layout: CubeLayout) -> None:
    with path.open("rb") as file:
        header = file.read(16)
    if header != header_of(layout.end):
        raise SourceError(
            "The cube was written anew by another program.",
            where=str(path),
            fix="Name the file that the prepare job wrote, as it wrote it.",
        )


def _described(path: Path, layout: CubeLayout, about: dict[str, Any]) -> PreparedSeries:
    return PreparedSeries(
        path=path,
        grid=layout.grid,
        steps=tuple(int(day) for day in about["days"]),
        bands=tuple(map(str, about["bands"])),
        recipe=recipe_of(about["recipe"]),
        dates=tuple(dt.date.fromisoformat(text) for text in about["dates"]),
        image_bands=tuple(map(str, about["image_bands"])),
        masked=bool(about["masked"]),
        usable=int(about["usable"]),
        fingerprint=str(about["fingerprint"]),
        tile=layout.tile,
        checks=tuple(int(check) for check in about["checks"]),
    )
