"""Read blocks of a season's images as pixel series."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from cropmap.contract.errors import CropMapError, GridError, SourceError
from cropmap.data.scenes import MaskRule, SceneBlock
from cropmap.data.site import Grid, Window
from cropmap.io.handles import Handles, Nearest, Opened, covers, open_files_allowed, warped
from cropmap.io.masking import mask_is_clear, mask_is_cloud, widened
from cropmap.io.rasters import dataset_grid, grid_differences, open_raster, same_crs
from cropmap.io.spread import spread

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from cropmap.data.scenes import Asset, SceneSeries
    from cropmap.io.handles import Readable

_CACHE_BYTES = 64 * 2**20  # GDAL's own default is 5 % of the machine's memory.
_READ_BYTES = 256 * 2**20  # Upper bound of the numbers that one call to GDAL returns.
_SMALLEST_BLOCK, _DEFAULT_BLOCK, _LARGEST_BLOCK = 256, 512, 1024
_SERIES_BYTES = 4  # Of a number in a series; numbers that take more as stored are not held so.
# Of the series of single pixels that are read together; their numbers as stored are mostly half of it. All pixels of a
# tile of 512 x 512 with 46 dates x 6 bands are 300 MB.
_HELD_BYTES = 320 * 2**20
_LINE = 32  # layers written together: whole cache lines of the target, two at a time.


@dataclass(frozen=True)
class _Layers:
    """The layers that come from one file.

    Args:
        path: The file.
        indexes: Band numbers.
        places: Column among time x band, and time, of each layer, (layer, 2), int64.
        numbers: Scale, offset and no-data number (NaN: none) of each layer, (layer, 3), float64.
        rule: How they are read, if they are mask layers; None for measurements.
    """

    path: str
    indexes: tuple[int, ...]
    places: NDArray[np.int64]
    numbers: NDArray[np.float64]
    rule: MaskRule | None = None

    def take(self, part: slice) -> _Layers:
        """Return some of the layers."""
        return _Layers(self.path, self.indexes[part], self.places[part], self.numbers[part], self.rule)


@dataclass(frozen=True)
class _Target:
    """What a read fills: values (pixel, time x band), clear (pixel, time), and which pixels of the window it wants."""

    values: NDArray[np.float32]
    clear: NDArray[np.bool_]
    pick: NDArray[np.int64] | None = None

    def wanted(self, planes: NDArray[Any]) -> NDArray[Any]:
        """Return (layer, pixel) of planes (layer, row, column)."""
        flat = planes.reshape(len(planes), -1)
        return flat if self.pick is None else flat[:, self.pick]


class SeriesReader:
    """Reads a series in blocks; keeps its files open while the context lasts.

    Every thread has file handles of its own, so one reader may be shared by threads. Files beyond the bound on open
    files are opened for each read: all files are read in turn, and forgetting the oldest would then keep none.

    Args:
        series: What to read.
        open_files: Most files kept open, all threads together; 0 takes half of what the system allows, at most 512.

    Raises:
        SourceError: A file cannot be opened or a block of it cannot be read; the message names file and window.
        GridError: A file lies on another grid than the series, which does not warp.
    """

    def __init__(self, series: SceneSeries, *, open_files: int = 0) -> None:
        self._series = series
        self._layers = (*_data_layers(series), *_mask_layers(series))
        self._limit = open_files or open_files_allowed()
        self._handles: Handles | None = None

    def __enter__(self) -> SeriesReader:
        self._handles = Handles(self._limit)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handles is not None:
            self._handles.close()
            self._handles = None

    @property
    def block_size(self) -> int:
        """Side of the square windows that suit the files: a multiple of their tiles, 256 to 1024 pixels."""
        return self._blocks[0]

    @functools.cached_property
    def _blocks(self) -> tuple[int, tuple[int, int]]:
        """Side of the windows to read by, and the rows and columns of the unit that scattered pixels are read by."""
        shapes = [] if self._series.warp else [self._stored_block(path) for path in self._some_paths()]
        return _block_size(shapes, self._series.grid), _point_unit(shapes, self._series.grid)

    def read(self, window: Window) -> SceneBlock:
        """Return the series of all pixels of a window, in row-major order.

        Raises:
            GridError: The window reaches outside the grid.
            SourceError: A file cannot be read there.
        """
        _check_inside(window, self._series.grid)
        target = self._target(window.pixels)
        self._fill(window, target)
        return self._block(target)

    def read_parts(self, window: Window, parts: Sequence[Window]) -> Iterator[SceneBlock]:
        """Yield the series of parts of a window, one after the other, each in row-major order.

        The files are read once, before the first part. What is held meanwhile are the numbers as they are stored: half
        the memory of the window's series where those are of 16 bits.

        Args:
            window: What is read.
            parts: Windows inside it.

        Raises:
            GridError: The window reaches outside the grid.
            SourceError: A file cannot be read there.
        """
        _check_inside(window, self._series.grid)
        if self._stored_bytes > _SERIES_BYTES:
            block = self.read(window)
            yield from (_cut_out(block, window, part) for part in parts)
            return
        limits = self._limits()
        held, clear = self._held(window)
        clear = clear.reshape(window.height, window.width, -1)
        held = [(layers, planes.reshape(-1, window.height, window.width)) for layers, planes in held]
        for part in parts:
            rows, cols = _inside(window, part)
            target = self._target(part.pixels)
            target.clear[:] = clear[rows, cols].reshape(part.pixels, -1)
            batch = _Batch(target, limits)
            for layers, planes in held:
                batch.add(layers, planes[:, rows, cols].reshape(len(planes), -1))
            batch.flush()
            yield self._block(target)

    @functools.cached_property
    def _stored_bytes(self) -> int:
        """Bytes of a number as it is read; of the first file, whose kind the others share."""
        layers = next(layers for layers in self._layers if layers.rule is None)
        return int(self._planes(layers.take(slice(0, 1)), Window(0, 0, 1, 1)).dtype.itemsize)

    def read_pixels(self, rows: Sequence[int] | NDArray[Any], cols: Sequence[int] | NDArray[Any]) -> SceneBlock:
        """Return the series of single pixels, in the order given; each block of the files is read once.

        Args:
            rows: Row of each pixel, (pixel,).
            cols: Column of each pixel, (pixel,).

        Raises:
            GridError: A pixel lies outside the grid.
            SourceError: A file cannot be read there.
        """
        row, col = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
        target = self._target(len(row))
        for window, members in self._gatherings(row, col):
            pick = (row[members] - window.row) * window.width + (col[members] - window.col)
            part = self._target(len(members), pick)
            self._fill(window, part)
            target.values[members] = part.values
            target.clear[members] = part.clear
        return self._block(target)

    def gather(
        self, rows: Sequence[int] | NDArray[Any], cols: Sequence[int] | NDArray[Any]
    ) -> tuple[NDArray[np.intp], ...]:
        """Part single pixels by the units that the files are stored in, for `read_pixel_parts`.

        Args:
            rows: Row of each pixel, (pixel,).
            cols: Column of each pixel, (pixel,).

        Returns:
            Positions of each unit's pixels, row by row. Those of a unit are parted further where their series would
            take more than 320 MB.

        Raises:
            GridError: A pixel lies outside the grid.
            SourceError: A file cannot be opened.
        """
        row, col = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
        most = max(1, _HELD_BYTES // (len(self._series.scenes) * (_SERIES_BYTES * len(self._series.bands) + 1)))
        found = []
        for _, members in self._gatherings(row, col):
            by_row = members[np.lexsort((col[members], row[members]))]
            found += [by_row[start : start + most] for start in range(0, len(by_row), most)]
        return tuple(found)

    def read_pixel_parts(
        self, rows: NDArray[np.int64], cols: NDArray[np.int64], most: int
    ) -> Iterator[tuple[slice, SceneBlock]]:
        """Yield the series of single pixels of one unit of storage part by part, in the order given.

        Each block of the files is read once, before the first part. What is held meanwhile are the numbers as they are
        stored.

        Args:
            rows: Row of each pixel, (pixel,), as `gather` parts them.
            cols: Column of each pixel, (pixel,).
            most: Pixels of a part.

        Raises:
            GridError: A pixel lies outside the grid.
            SourceError: A file cannot be read there.
        """
        window = Window(int(rows.min()), int(cols.min()), int(np.ptp(rows)) + 1, int(np.ptp(cols)) + 1)
        _check_inside(window, self._series.grid)
        limits = self._limits()
        held, clear = self._held(window, (rows - window.row) * window.width + (cols - window.col))
        for start in range(0, len(rows), most):
            part = slice(start, min(start + most, len(rows)))
            target = self._target(part.stop - start)
            target.clear[:] = clear[part]
            batch = _Batch(target, limits)
            for layers, planes in held:
                batch.add(layers, planes[:, part])
            batch.flush()
            yield part, self._block(target)

    def _target(self, pixels: int, pick: NDArray[np.int64] | None = None) -> _Target:
        dates, bands = len(self._series.scenes), len(self._series.bands)
        return _Target(np.empty((pixels, dates * bands), np.float32), np.ones((pixels, dates), np.bool_), pick)

    def _block(self, target: _Target) -> SceneBlock:
        dates, bands = self._series.dates, self._series.bands
        return SceneBlock(target.values.reshape(-1, len(dates), len(bands)), target.clear, dates, bands)

    def _gatherings(
        self, rows: NDArray[np.int64], cols: NDArray[np.int64]
    ) -> Iterator[tuple[Window, NDArray[np.int64]]]:
        """Yield, for each unit of storage that holds pixels, the smallest window around them and their positions."""
        if not len(rows):
            return
        box = Window(int(rows.min()), int(cols.min()), int(np.ptp(rows)) + 1, int(np.ptp(cols)) + 1)
        _check_inside(box, self._series.grid)
        height, width = self._blocks[1]
        units = rows // height * (self._series.grid.width // width + 1) + cols // width
        order = np.argsort(units, kind="stable")
        for members in np.split(order, np.flatnonzero(np.diff(units[order])) + 1):
            row, col = rows[members], cols[members]
            window = Window(int(row.min()), int(col.min()), int(np.ptp(row)) + 1, int(np.ptp(col)) + 1)
            yield window, members

    def _limits(self) -> NDArray[np.float64]:
        return np.array(self._series.valid_range or (-math.inf, math.inf), np.float64)

    def _held(
        self, window: Window, pick: NDArray[np.int64] | None = None
    ) -> tuple[list[tuple[_Layers, NDArray[Any]]], NDArray[np.bool_]]:
        """Return a window's numbers, or some pixels', as stored, (layer, pixel), by file; and where masks are clear."""
        pixels = window.pixels if pick is None else len(pick)
        target = _Target(np.empty((0, 0), np.float32), np.ones((pixels, len(self._series.scenes)), np.bool_), pick)
        held = []
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES):
            for layers in self._layers:
                if layers.rule is None:
                    parts = _bounded(layers, window.pixels)
                    held += [(part, target.wanted(self._planes(part, window))) for part in parts]
                else:
                    self._veto(layers, layers.rule, window, target)
        return held, target.clear

    def _fill(self, window: Window, target: _Target) -> None:
        batch = _Batch(target, self._limits())
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES):
            for layers in self._layers:
                if layers.rule is not None:
                    self._veto(layers, layers.rule, window, target)
                    continue
                for part in _bounded(layers, window.pixels):
                    batch.add(part, target.wanted(self._planes(part, window)))
        batch.flush()

    def _veto(self, layers: _Layers, rule: MaskRule, window: Window, target: _Target) -> None:
        """Set not clear what masks say; clouds around the window reach into it, so that blocks leave no trace."""
        far = self._series.mask_dilate if rule.grows else 0
        around = _grown(window, far, self._series.grid)
        inner = np.s_[window.row - around.row :, window.col - around.col :]
        for part in _bounded(layers, around.pixels):
            planes = self._planes(part, around)
            for plane, (_, time), (_, _, nodata) in zip(planes, part.places, part.numbers, strict=True):
                clear = mask_is_clear(rule, plane, float(nodata))
                if far:
                    clear &= ~widened(mask_is_cloud(rule, plane, float(nodata)), far)
                    clear = clear[inner][: window.height, : window.width]
                target.clear[:, time] &= target.wanted(clear[np.newaxis])[0]

    def _planes(self, layers: _Layers, window: Window) -> NDArray[Any]:
        """Return the numbers of some layers of one file, (layer, row, column), as stored."""
        with self._open(layers) as dataset:
            try:
                return dataset.read(layers.indexes, window)
            except RasterioError as error:
                raise _unreadable_window(layers.path, window, error) from error

    def _open(self, layers: _Layers) -> contextlib.AbstractContextManager[Readable]:
        if self._handles is None:
            raise SourceError(
                "The series is not open.", fix="Use the reader as a context: with SeriesReader(...) as reader."
            )
        nodata = float(layers.numbers[0, 2]) if self._series.warp else math.nan
        key = (layers.path, layers.rule is None, None if math.isnan(nodata) else nodata)
        return self._handles.use(key, lambda: self._opened(layers, nodata))

    def _opened(self, layers: _Layers, nodata: float) -> Readable:
        dataset = open_raster(layers.path)
        is_mask, grid = layers.rule is not None, self._series.grid
        try:
            own = dataset_grid(dataset, layers.path)
            differences = grid_differences(grid, own)
            if not differences:
                return Opened(dataset)
            if is_mask and same_crs(grid.crs, own.crs) and (self._series.warp or covers(own, grid)):
                return Nearest(Opened(dataset), own, grid)
            if not self._series.warp:
                raise _other_grid(layers.path, differences)
            return warped(dataset, grid, nodata, nearest=is_mask)
        except (CropMapError, RasterioError):
            dataset.close()
            raise

    def _some_paths(self) -> list[str]:
        scene = self._series.scenes[0]
        return list(dict.fromkeys(scene.bands[band].path for band in self._series.bands))

    @staticmethod
    def _stored_block(path: str) -> tuple[int, int]:
        dataset = open_raster(path)
        rows, cols = dataset.block_shapes[0]
        dataset.close()
        return int(rows), int(cols)


def _inside(window: Window, part: Window) -> tuple[slice, slice]:
    """Return the rows and columns of a window that a part of it takes."""
    top, left = part.row - window.row, part.col - window.col
    return slice(top, top + part.height), slice(left, left + part.width)


def _cut_out(block: SceneBlock, window: Window, part: Window) -> SceneBlock:
    """Return the series of a part of a window, both in row-major order."""
    inside = _inside(window, part)
    shape = (window.height, window.width)
    values = block.values.reshape(*shape, *block.values.shape[1:])[inside]
    clear = block.clear.reshape(*shape, -1)[inside]
    return SceneBlock(
        np.ascontiguousarray(values).reshape(part.pixels, *block.values.shape[1:]),
        np.ascontiguousarray(clear).reshape(part.pixels, -1),
        block.dates,
        block.bands,
    )


class _Batch:
    """Gathers layers until they fill cache lines, then writes them to the target together."""

    def __init__(self, target: _Target, limits: NDArray[np.float64]) -> None:
        self._target, self._limits = target, limits
        self._layers: list[_Layers] = []
        self._planes: NDArray[Any] = np.empty((0, 0))
        self._held = 0

    def add(self, layers: _Layers, planes: NDArray[Any]) -> None:
        """Take the planes (layer, pixel) of some layers."""
        if self._planes.dtype != planes.dtype or self._held + len(planes) > len(self._planes):
            self.flush()
            if len(planes) > len(self._planes) or self._planes.dtype != planes.dtype:
                self._planes = np.empty((max(_LINE, len(planes)), planes.shape[1]), planes.dtype)
        self._planes[self._held : self._held + len(planes)] = planes
        self._layers.append(layers)
        self._held += len(planes)

    def flush(self) -> None:
        """Write what was gathered."""
        if not self._held:
            return
        places = np.concatenate([layers.places for layers in self._layers])
        numbers = np.concatenate([layers.numbers for layers in self._layers])
        planes = self._planes[: self._held]
        spread(planes, places, numbers, self._limits, self._target.values, self._target.clear)
        self._layers.clear()
        self._held = 0


def _data_layers(series: SceneSeries) -> tuple[_Layers, ...]:
    width = len(series.bands)
    entries = [
        (scene.bands[band], time * width + k, time)
        for time, scene in enumerate(series.scenes)
        for k, band in enumerate(series.bands)
    ]
    return _by_file(entries, series, None)


def _mask_layers(series: SceneSeries) -> tuple[_Layers, ...]:
    found: list[_Layers] = []
    for name, rule in series.mask_rules.items():
        entries = [(scene.masks[name], 0, time) for time, scene in enumerate(series.scenes)]
        found += _by_file(entries, series, rule)
    return tuple(found)


def _by_file(entries: list[tuple[Asset, int, int]], series: SceneSeries, rule: MaskRule | None) -> tuple[_Layers, ...]:
    """Group assets by file, read in one call; a warped file has one no-data number a call."""
    groups: dict[tuple[str, float | None], list[tuple[Asset, int, int]]] = {}
    for entry in entries:
        nodata = entry[0].nodata
        absent = nodata is None or math.isnan(nodata) or not series.warp
        groups.setdefault((entry[0].path, None if absent else nodata), []).append(entry)
    return tuple(_layers(path, group, rule) for (path, _), group in groups.items())


def _layers(path: str, group: list[tuple[Asset, int, int]], rule: MaskRule | None) -> _Layers:
    assets = [asset for asset, _, _ in group]
    numbers = [(a.scale, a.offset, math.nan if a.nodata is None else a.nodata) for a in assets]
    places = np.array([(column, time) for _, column, time in group], np.int64)
    return _Layers(path, tuple(a.index for a in assets), places, np.array(numbers, np.float64), rule)


def _bounded(layers: _Layers, pixels: int) -> Iterator[_Layers]:
    """Yield the layers in parts of bounded memory."""
    most = max(1, _READ_BYTES // (8 * pixels))
    for first in range(0, len(layers.indexes), most):
        yield layers.take(slice(first, first + most))


def _grown(window: Window, far: int, grid: Grid) -> Window:
    """Return a window with the pixels around it that lie inside the grid."""
    row, col = max(0, window.row - far), max(0, window.col - far)
    bottom = min(grid.height, window.row + window.height + far)
    right = min(grid.width, window.col + window.width + far)
    return Window(row, col, bottom - row, right - col)


def _check_inside(window: Window, grid: Grid) -> None:
    bottom, right = window.row + window.height, window.col + window.width
    if min(window.row, window.col) < 0 or bottom > grid.height or right > grid.width:
        raise GridError(
            f"Rows {window.row}..{bottom - 1} and columns {window.col}..{right - 1} reach outside the images "
            f"({grid.width} x {grid.height} pixels).",
            fix="Keep to pixels inside the grid.",
        )


def _unreadable_window(path: str, window: Window, error: Exception) -> SourceError:
    rows = f"rows {window.row}..{window.row + window.height - 1}"
    cols = f"columns {window.col}..{window.col + window.width - 1}"
    return SourceError(
        f"A block of the raster cannot be read: {error.__cause__ or error}",
        where=f"{path}, {rows}, {cols}",
        fix="Copy or download the file again, or leave that date out.",
    )


def _other_grid(path: str, differences: list[str]) -> GridError:
    return GridError(
        f"The raster lies on another grid than the series: {'; '.join(differences)}.",
        where=path,
        fix="Switch on warp, or bring all files to one grid first.",
    )


def _block_size(shapes: list[tuple[int, int]], grid: Grid) -> int:
    """Return a window side that is a multiple of the files' tiles, where they have tiles of one size."""
    sides = {side for shape in shapes for side in shape if side not in (1, grid.width, grid.height)}
    tiles = math.lcm(*sides) if sides and all(rows == cols for rows, cols in shapes) else 0
    if not 0 < tiles <= _LARGEST_BLOCK:
        return _DEFAULT_BLOCK
    return tiles * max(1, -(-_SMALLEST_BLOCK // tiles))


def _point_unit(shapes: list[tuple[int, int]], grid: Grid) -> tuple[int, int]:
    """Return rows and columns of the unit of storage: tiles, or whole rows where files are stored in strips."""
    rows = max((rows for rows, _ in shapes), default=_SMALLEST_BLOCK)
    cols = max((cols for _, cols in shapes), default=_SMALLEST_BLOCK)
    return min(rows * max(1, _SMALLEST_BLOCK // rows), grid.height), min(
        cols * max(1, _SMALLEST_BLOCK // cols), grid.width
    )
