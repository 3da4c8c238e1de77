"""The raster of trusted pixels on disk: class and pattern, written row by row, whole or not there."""

from __future__ import annotations

import contextlib
from typing import IO, TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.windows import Window as FileWindow

from cropmap.data.legend import NODATA
from cropmap.io.files import atomic_write_text, check_space, check_writable, sync_file, sync_folder, write_error
from cropmap.io.map_styles import Histogram, class_aux, class_style, rgb
from cropmap.io.partial_map import TILE, WRITE_ERRORS, stored_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from cropmap.data.legend import Legend
    from cropmap.data.site import Grid

CLASS_BAND, PATTERN_BAND = 1, 2
_HELD_BYTES = 3  # of a pixel: class and the number of its pattern
_BLOCK_PIXELS = 3_000_000  # that are written at a time


class TrustedRaster:
    """Takes rows of both bands from the top, and gives all of it its name at the end. Use it in a `with` block.

    Until then it lies in a hidden file beside it, always of one name: what a killed run left goes with the next one.
    Two must not write one raster at a time; a run's folder is locked.

    Args:
        path: The raster, a GeoTIFF; an older one is replaced.
        grid: Its grid.
        legend: The classes of the first band, by code.
        patterns: Names of the numbers of the second band, from 0.

    Raises:
        OutputError: The folder cannot be written, or has too little space.
    """

    def __init__(self, path: Path, grid: Grid, legend: Legend, patterns: Sequence[str]) -> None:
        self.path, self._grid, self._legend, self._patterns = path, grid, legend, patterns
        check_writable(path.parent)
        self._hidden = (_temporary_of(path), _aux_of(_temporary_of(path)), *_held_paths(path))
        with self._told():
            self._clear()
        check_space(path.parent, 2 * stored_bytes(grid), what="The raster of trusted pixels")
        self._temporary = _temporary_of(path)
        self._dataset: Any = None
        self._row = 0
        self._waiting: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]] = []

    def __enter__(self) -> TrustedRaster:
        with self._told():
            self._dataset = rasterio.open(self._temporary, "w", **self._profile())
            colours = {found.code: (*rgb(found.colour), 255) for found in self._legend.classes}
            self._dataset.write_colormap(CLASS_BAND, colours)
            self._dataset.set_band_description(CLASS_BAND, "class")
            self._dataset.set_band_description(PATTERN_BAND, "pattern")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._dataset is not None:
            with contextlib.suppress(*WRITE_ERRORS):
                self._dataset.close()
        self._clear()

    def add(self, codes: NDArray[np.uint8], patterns: NDArray[np.uint8]) -> None:
        """Take the next rows, all columns, (row, column) each; no tile is written twice, however few rows come.

        Args:
            codes: Class codes; 255 where a pixel is not kept.
            patterns: Numbers of patterns; 255 where a pixel is not kept.

        Raises:
            OutputError: They cannot be written.
        """
        self._waiting.append((codes, patterns))
        rows = sum(len(part) for part, _ in self._waiting)
        whole = rows if self._row + rows == self._grid.height else rows // TILE * TILE
        if not whole:
            return
        bands = [np.concatenate(parts) if len(parts) > 1 else parts[0] for parts in zip(*self._waiting, strict=True)]
        window = FileWindow(0, self._row, self._grid.width, whole)
        with self._told():
            for index, band in enumerate(bands):
                self._dataset.write(band[:whole], index + 1, window=window)
        self._row += whole
        self._waiting = [(bands[0][whole:], bands[1][whole:])] if whole < rows else []

    def finish(self, counts: NDArray[np.int64]) -> None:
        """Write names, colours and style, and give all of it its name; every row has been added.

        Args:
            counts: Pixels of each class code, (256,), int64.

        Raises:
            OutputError: It cannot be written.
        """
        with self._told():
            self._dataset.close()
            self._dataset = None
            sync_file(self._temporary)
            self._publish(counts)

    # ---------------------------------------------------------------- writing

    def _clear(self) -> None:
        for path in self._hidden:
            path.unlink(missing_ok=True)

    def _profile(self) -> dict[str, Any]:
        return {
            "driver": "GTiff",
            "width": self._grid.width,
            "height": self._grid.height,
            "count": 2,
            "dtype": "uint8",
            "nodata": NODATA,
            "crs": CRS.from_wkt(self._grid.crs) if self._grid.crs else None,
            "transform": Affine(*self._grid.transform),
            "tiled": True,
            "blockxsize": TILE,
            "blockysize": TILE,
            "interleave": "band",
            "compress": "deflate",
            "zlevel": 1,
            "bigtiff": "IF_SAFER",
            "num_threads": "ALL_CPUS",
        }

    def _publish(self, counts: NDArray[np.int64]) -> None:
        kept = _aux_of(self._temporary)
        crs = self._grid.crs if kept.exists() and "<SRS" in kept.read_text(encoding="utf-8") else ""
        text = _with_patterns(class_aux(self._legend, Histogram(counts), crs), self._patterns)
        atomic_write_text(_aux_of(self.path), text)
        atomic_write_text(self.path.with_suffix(".qml"), class_style(self._legend))
        self._temporary.replace(self.path)
        sync_folder(self.path.parent)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except WRITE_ERRORS as error:
            raise write_error(self.path, error, needed_bytes=stored_bytes(self._grid) * 2) from error


class HeldRows:
    """Rows of classes and patterns that wait uncompressed in two hidden files, always of the same names.

    Use it in a `with` block inside that of the raster, which removes what a killed run left of them.

    Args:
        path: Of the raster beside which they lie.
        grid: Its grid.

    Raises:
        OutputError: The folder has too little space.
    """

    def __init__(self, path: Path, grid: Grid) -> None:
        self._path, self._grid = path, grid
        self._needed = grid.width * grid.height * _HELD_BYTES
        needed = self._needed + 2 * stored_bytes(grid)
        check_space(path.parent, needed, what="The raster of trusted pixels, while it is written,")
        self._paths = _held_paths(path)
        self._files: tuple[IO[bytes], ...] = ()

    def __enter__(self) -> HeldRows:
        with self._told():
            self._files = tuple(path.open("wb+") for path in self._paths)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files:
            with contextlib.suppress(OSError):
                file.close()
        for path in self._paths:
            path.unlink(missing_ok=True)

    def add(self, classes: NDArray[np.uint8], patterns: NDArray[np.uint16]) -> None:
        """Take the next rows, all columns: (row, column) each.

        Raises:
            OutputError: They cannot be written.
        """
        with self._told():
            for file, rows in zip(self._files, (classes, patterns), strict=True):
                file.write(np.ascontiguousarray(rows).data)

    def blocks(self) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint16]]]:
        """Yield classes and patterns from the top, of whole rows of tiles, however the rows were added.

        Raises:
            OutputError: They cannot be read back.
        """
        width = self._grid.width
        height = max(1, _BLOCK_PIXELS // (width * TILE)) * TILE
        for file in self._files:
            file.seek(0)
        for row in range(0, self._grid.height, height):
            rows = min(height, self._grid.height - row)
            with self._told():
                classes, patterns = (
                    file.read(rows * width * size) for file, size in zip(self._files, (1, 2), strict=True)
                )
            yield (
                np.frombuffer(classes, np.uint8).reshape(rows, width),
                np.frombuffer(patterns, np.uint16).reshape(rows, width),
            )

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise write_error(self._path, error, needed_bytes=self._needed) from error


def _with_patterns(aux: str, patterns: Sequence[str]) -> str:
    """Return an .aux.xml with the names of the second band's numbers too."""
    root = ET.fromstring(aux)  # noqa: S314 - we have just written it
    band = ET.SubElement(root, "PAMRasterBand", {"band": str(PATTERN_BAND)})
    names = ET.SubElement(band, "CategoryNames")
    for name in patterns:
        ET.SubElement(names, "Category").text = name
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode") + "\n"


def _temporary_of(path: Path) -> Path:
    return path.with_name(f".{path.stem}.part.tif")


def _held_paths(path: Path) -> tuple[Path, Path]:
    return path.with_name(f".{path.stem}.part.classes"), path.with_name(f".{path.stem}.part.patterns")


def _aux_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.aux.xml")
