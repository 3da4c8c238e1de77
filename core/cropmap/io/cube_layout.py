"""Where everything stands in a cube's file: a GeoTIFF whose squares hold all steps and bands side by side.

It is an ordinary, uncompressed, tiled BigTIFF with its bands one after the other (PlanarConfiguration 2). TIFF lets a
file keep its tiles in any order; here the tiles of one square of pixels stand together, band after band. So the series
of a square are one piece of the file: written in one call, by any thread, at a place known beforehand, and read back in
one call. The directory stands at the end and is written last: until then no program takes the file for a raster.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.io import MemoryFile
from rasterio.transform import Affine

from cropmap.data.site import Grid, Window
from cropmap.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

TILE = 128
# Bands that follow the series: how well the pixel was seen, and whether the recipe accepts it.
QUALITY_BANDS = ("clear dates", "longest gap, days", "usable")
# The squares begin on a page of their own, behind the header.
_FIRST = 4096
# Tags of TIFF 6.0 that tell of the raster's size and the place of its tiles; all others are copied.
_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT, _OFFSETS, _COUNTS = 256, 257, 322, 323, 324, 325
_LONG, _LONG8 = 4, 16
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
# So many pixels are turned together: two cache lines of each layer are written, or read, at a time.
_LINE = 32


@dataclass(frozen=True)
class CubeLayout:
    """The squares of a cube.

    Args:
        grid: Of the pixels.
        layers: Steps times bands, and the quality bands.
        tile: Side of the squares, a multiple of 16; those at the right and lower edge reach over it.
    """

    grid: Grid
    layers: int
    tile: int = TILE

    @property
    def across(self) -> int:
        """Squares in a row."""
        return -(-self.grid.width // self.tile)

    @property
    def count(self) -> int:
        """Squares in all."""
        return self.across * -(-self.grid.height // self.tile)

    @property
    def tile_bytes(self) -> int:
        """Of one square with all its layers."""
        return 4 * self.layers * self.tile**2

    @property
    def end(self) -> int:
        """Where the squares end and the directory begins."""
        return self.offset(self.count)

    def offset(self, number: int) -> int:
        """Return where a square begins in the file."""
        return _FIRST + number * self.tile_bytes

    def window(self, number: int) -> Window:
        """Return the pixels of a square, without what reaches over the edge."""
        row, col = (self.tile * place for place in divmod(number, self.across))
        return Window(row, col, min(self.tile, self.grid.height - row), min(self.tile, self.grid.width - col))

    def squares(self, window: Window) -> Iterator[int]:
        """Yield the numbers of the squares that a window touches, row by row."""
        for down in range(window.row // self.tile, -(-(window.row + window.height) // self.tile)):
            for right in range(window.col // self.tile, -(-(window.col + window.width) // self.tile)):
                yield down * self.across + right


def header_of(directory: int) -> bytes:
    """Return a BigTIFF's first 16 bytes, which point to its directory; with 0 to none."""
    return struct.pack("<2sHHHQ", b"II", 43, 8, 0, directory)


def directory_of(layout: CubeLayout, names: Sequence[str], tags: Mapping[str, str]) -> bytes:
    """Return the directory that makes the squares a GeoTIFF, to stand at `layout.end`.

    Args:
        layout: Of the file.
        names: Description of each layer.
        tags: Metadata of the dataset.
    """
    entries = _entries(_template(layout, names, tags))
    entries |= {
        _WIDTH: (_LONG, np.array([layout.grid.width], "<u4").tobytes()),
        _HEIGHT: (_LONG, np.array([layout.grid.height], "<u4").tobytes()),
        _TILE_WIDTH: (_LONG, np.array([layout.tile], "<u4").tobytes()),
        _TILE_HEIGHT: (_LONG, np.array([layout.tile], "<u4").tobytes()),
    }
    plane = 4 * layout.tile**2
    squares = _FIRST + layout.tile_bytes * np.arange(layout.count, dtype="<u8")
    offsets = np.arange(layout.layers, dtype="<u8")[:, None] * np.uint64(plane) + squares
    entries[_OFFSETS] = (_LONG8, offsets.astype("<u8").tobytes())
    entries[_COUNTS] = (_LONG, np.full(layout.layers * layout.count, plane, "<u4").tobytes())
    return _packed(entries, layout.end)


def _template(layout: CubeLayout, names: Sequence[str], tags: Mapping[str, str]) -> bytes:
    """Return a small, empty BigTIFF of GDAL's own making with all that is the same in the large one."""
    grid = layout.grid
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "width": 16,
        "height": 16,
        "count": layout.layers,
        "dtype": "float32",
        "nodata": math.nan,
        "crs": CRS.from_wkt(grid.crs) if grid.crs else None,
        "transform": Affine(*grid.transform),
        "tiled": True,
        "blockxsize": 16,
        "blockysize": 16,
        "interleave": "band",
        "photometric": "MINISBLACK",
        "bigtiff": "YES",
        "sparse_ok": True,
    }
    with MemoryFile(ext=".tif") as memory:
        with rasterio.Env(GDAL_TIFF_ENDIANNESS="LITTLE"), memory.open(**profile) as dataset:
            dataset.descriptions = tuple(names)
            dataset.update_tags(**tags)
        return bytes(memory.read())


def _entries(data: bytes) -> dict[int, tuple[int, bytes]]:
    """Return the type and the value of each tag of a little-endian BigTIFF's first directory."""
    (start,) = struct.unpack_from("<Q", data, 8)
    (count,) = struct.unpack_from("<Q", data, start)
    entries = {}
    for k in range(count):
        place = start + 8 + 20 * k
        tag, kind, number = struct.unpack_from("<HHQ", data, place)
        size = _TYPE_BYTES[kind] * number
        (far,) = struct.unpack_from("<Q", data, place + 12)
        begin = place + 12 if size <= 8 else far
        entries[tag] = (kind, data[begin : begin + size])
    return entries


def _packed(entries: Mapping[int, tuple[int, bytes]], start: int) -> bytes:
    """Return a directory with its values behind it, as it stands at `start` in a file."""
    lines, values = [], b""
    behind = start + 8 + 20 * len(entries) + 8
    for tag, (kind, value) in sorted(entries.items()):
        if len(value) <= 8:
            field = value.ljust(8, b"\0")
        else:
            field = struct.pack("<Q", behind + len(values))
            values += value + b"\0" * (-len(value) % 8)
        lines.append(struct.pack("<HHQ", tag, kind, len(value) // _TYPE_BYTES[kind]) + field)
    return struct.pack("<Q", len(entries)) + b"".join(lines) + struct.pack("<Q", 0) + values


def to_planes(values: NDArray[np.float32], valid: NDArray[np.bool_], planes: NDArray[np.float32]) -> None:
    """Turn series into the planes of a square; NaN for pixels that are not valid and over the edge.

    Args:
        values: (row, col, layer).
        valid: (row, col).
        planes: Filled, (layer, tile, tile).
    """
    if values.shape[:2] != planes.shape[1:]:
        planes[:] = np.nan
    _to_planes(values, valid, planes)


@kernel
def _to_planes(values: NDArray[np.float32], valid: NDArray[np.bool_], planes: NDArray[np.float32]) -> None:
    height, width, layers = values.shape
    for row in range(height):
        for first in range(0, width, _LINE):
            last = min(first + _LINE, width)
            for layer in range(layers):
                for col in range(first, last):
                    planes[layer, row, col] = values[row, col, layer]
            for col in range(first, last):
                if not valid[row, col]:
                    planes[:, row, col] = np.nan


@kernel
def to_series(planes: NDArray[np.float32], row: int, col: int, values: NDArray[np.float32]) -> None:
    """Turn a part of a square's planes into series.

    Args:
        planes: (layer, tile, tile).
        row: First row to take.
        col: First column to take.
        values: Filled, (row, col, layer).
    """
    height, width, layers = values.shape
    for down in range(height):
        for first in range(0, width, _LINE):
            last = min(first + _LINE, width)
            for layer in range(layers):
                for right in range(first, last):
                    values[down, right, layer] = planes[layer, row + down, col + right]
