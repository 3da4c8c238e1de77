"""The raster of trusted pixels on disk: class and pattern, written row by row, whole or not there."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.windows import Window as FileWindow

from cropmap.data.legend import NODATA, Legend
from cropmap.io.files import atomic_write_text, check_space, check_writable, sync_file, sync_folder, write_error
from cropmap.io.map_styles import Histogram, class_aux, class_style, rgb
from cropmap.io.partial_map import TILE, WRITE_ERRORS, stored_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from cropmap.contract.progress import Progress
    from cropmap.data.site import Grid

CLASS_BAND, PATTERN_BAND = 1, 2
_SCRATCH_BYTES = 3  # of a pixel: class and the number of its pattern
_BLOCK_PIXELS = 3_000_000  # that are written at a time


@dataclass(frozen=True)
class TrustedBands:
    """How what was added becomes the two bands.

    Args:
        legend: The classes, by code.
        patterns: Names of the numbers of the second band, from 0.
        counts: Pixels of each class code, (256,), int64.
        decide: Returns a block's class codes and pattern numbers, (row, column), uint8 each, of its classes and
            patterns as they were added.
    """

    legend: Legend
    patterns: Sequence[str]
    counts: NDArray[np.int64]
    decide: Callable[[NDArray[np.uint8], NDArray[np.uint16]], tuple[NDArray[np.uint8], NDArray[np.uint8]]]


class TrustedRaster:
    """Takes pixels row by row, and writes them once it is known which patterns are kept. Use it in a `with` block.

    Until `finish`, the pixels lie uncompressed in two hidden files beside the raster.

    Args:
        path: The raster, a GeoTIFF; an older one is replaced.
        grid: Its grid.

    Raises:
        OutputError: The folder cannot be written, or has too little space.
    """

    def __init__(self, path: Path, grid: Grid) -> None:
        self.path, self._grid = path, grid
        check_writable(path.parent)
        needed = grid.width * grid.height * _SCRATCH_BYTES + 2 * stored_bytes(grid)
        check_space(path.parent, needed, what="The raster of trusted pixels, while it is written,")
        mark = uuid.uuid4().hex[:8]
        self._temporary = path.with_name(f".{path.stem}.{mark}.tif")
        self._scratch = tuple(path.with_name(f".{path.stem}.{mark}.{kind}") for kind in ("classes", "patterns"))
        self._files: tuple[IO[bytes], ...] = ()

    def __enter__(self) -> TrustedRaster:
        with self._told():
            self._files = tuple(path.open("xb+") for path in self._scratch)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files:
            file.close()
        for path in (*self._scratch, self._temporary, _aux_of(self._temporary)):
            path.unlink(missing_ok=True)

    def add(self, classes: NDArray[np.uint8], patterns: NDArray[np.uint16]) -> None:
        """Take the next rows, all columns: (row, column) each.

        Raises:
            OutputError: They cannot be written.
        """
        with self._told():
            for file, rows in zip(self._files, (classes, patterns), strict=True):
                file.write(np.ascontiguousarray(rows).data)

    def finish(self, bands: TrustedBands, progress: Progress) -> None:
        """Write the raster, names, colours and style, and give all of it its name.

        Args:
            bands: What is written of what was added.
            progress: Told after each block of rows; cancels between them.

        Raises:
            OutputError: It cannot be written.
        """
        with self._told():
            with rasterio.open(self._temporary, "w", **self._profile()) as dataset:
                dataset.write_colormap(CLASS_BAND, {c.code: (*rgb(c.colour), 255) for c in bands.legend.classes})
                dataset.set_band_description(CLASS_BAND, "class")
                dataset.set_band_description(PATTERN_BAND, "pattern")
                for row, classes, shown in self._blocks():
                    window = FileWindow(0, row, self._grid.width, len(classes))
                    for index, numbers in enumerate(bands.decide(classes, shown)):
                        dataset.write(numbers, index + 1, window=window)
                    progress.at((row + len(classes)) / self._grid.height, "Writing the trusted pixels")
            sync_file(self._temporary)
            self._publish(bands)

    # ---------------------------------------------------------------- writing

    def _blocks(self) -> Iterator[tuple[int, NDArray[np.uint8], NDArray[np.uint16]]]:
        """Yield first row, classes and patterns of whole rows of tiles, however the rows were added."""
        width = self._grid.width
        height = max(1, _BLOCK_PIXELS // (width * TILE)) * TILE
        for file in self._files:
            file.seek(0)
        for row in range(0, self._grid.height, height):
            rows = min(height, self._grid.height - row)
            classes, patterns = (file.read(rows * width * size) for file, size in zip(self._files, (1, 2), strict=True))
            yield (
                row,
                np.frombuffer(classes, np.uint8).reshape(rows, width),
                np.frombuffer(patterns, np.uint16).reshape(rows, width),
            )

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

    def _publish(self, bands: TrustedBands) -> None:
        kept = _aux_of(self._temporary)
        crs = self._grid.crs if kept.exists() and "<SRS" in kept.read_text(encoding="utf-8") else ""
        text = _with_patterns(class_aux(bands.legend, Histogram(bands.counts), crs), bands.patterns)
        atomic_write_text(_aux_of(self.path), text)
        atomic_write_text(self.path.with_suffix(".qml"), class_style(bands.legend))
        self._temporary.replace(self.path)
        sync_folder(self.path.parent)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except WRITE_ERRORS as error:
            raise write_error(self.path, error, needed_bytes=stored_bytes(self._grid) * 2) from error


def _with_patterns(aux: str, patterns: Sequence[str]) -> str:
    """Return an .aux.xml with the names of the second band's numbers too."""
    root = ET.fromstring(aux)  # noqa: S314 - we have just written it
    band = ET.SubElement(root, "PAMRasterBand", {"band": str(PATTERN_BAND)})
    names = ET.SubElement(band, "CategoryNames")
    for name in patterns:
        ET.SubElement(names, "Category").text = name
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode") + "\n"


def _aux_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.aux.xml")
