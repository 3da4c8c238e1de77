"""A map on its way: Byte layers that take blocks in any order and survive being killed at any moment.

The layers are uncompressed GeoTIFFs that are written whole, as nodata, before the first block. So the space is taken at
the start; a block later overwrites its own bytes only, and neither offsets nor directory ever change: a GeoTIFF that
grows has moments, while libtiff replaces its directory, at which a kill leaves a file that nobody can open. The journal
beside them lists the finished blocks with the CRC-32 of their pixels; it is written (atomically) only after those
pixels are on the disk and were read back right.
"""

from __future__ import annotations

import contextlib
import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.windows import Window as RasterWindow

from cropmap.contract.errors import OutputError
from cropmap.data.legend import NODATA
from cropmap.data.site import Grid, Window
from cropmap.io.files import atomic_write_text, remove_atomic, sync_file, write_error

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray


FORMAT = 1
TILE = 256
# Some of GDAL's errors reach us as the last class only, which rasterio does not re-export.
WRITE_ERRORS = (OSError, RasterioError, CPLE_BaseError)
_KEPT = "The blocks finished so far are kept; the same job run again continues from them."


@dataclass(frozen=True)
class Layer:
    """One Byte layer: its file, its band's name, its colours (by number; empty where it has none), its tags."""

    path: Path
    title: str
    colours: Mapping[int, tuple[int, int, int]]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class PartialPlan:
    """What is being written.

    Args:
        layers: At least one.
        journal: File that lists the finished blocks.
        grid: Of all layers.
        windows: The blocks, which cover each pixel once.
        fingerprint: Of all that the pixels depend on; a partial map with another one is not continued.
        checkpoint_s: Seconds between two checkpoints: the most work that a kill can cost.
    """

    layers: tuple[Layer, ...]
    journal: Path
    grid: Grid
    windows: tuple[Window, ...]
    fingerprint: str
    checkpoint_s: float = 20.0


class PartialMap:
    """Open layers with their journal.

    Args:
        plan: What is being written.
        warn: Told why an earlier partial map is not continued.
    """

    def __init__(self, plan: PartialPlan, warn: Callable[[str], None]) -> None:
        self.plan = plan
        self.checks: dict[Window, tuple[int, ...]] = {}
        self._pending: dict[Window, tuple[int, ...]] = {}
        self._open: list[Any] = []
        self._removed = False
        self._last = time.monotonic()
        journalled = _journalled(plan, warn)
        if journalled is None:
            self._create()
        else:
            self.checks = self._still_right(journalled, warn)

    def write(self, window: Window, arrays: tuple[NDArray[np.uint8], ...]) -> None:
        """Write a block of each layer, (row, col), and make a checkpoint when one is due.

        Raises:
            OutputError: It cannot be written; what earlier checkpoints hold is kept.
        """
        try:
            if not self._open:
                self._open = [rasterio.open(layer.path, "r+") for layer in self.plan.layers]
            for dataset, array in zip(self._open, arrays, strict=True):
                dataset.write(array, 1, window=raster_window(window))
        except WRITE_ERRORS as error:
            raise self._failure(error) from error
        self._pending[window] = tuple(zlib.crc32(array.tobytes()) for array in arrays)
        if time.monotonic() - self._last >= self.plan.checkpoint_s:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Bring all blocks to the disk, read the new ones back, and note them as finished.

        Raises:
            OutputError: A block is not on the disk as it was written, or the journal cannot be written.
        """
        self._close()
        self._last = time.monotonic()
        if not self._pending:
            return
        wrong = [window for window, check in self._pending.items() if self._checks_on_disk(window) != check]
        self.checks |= {window: check for window, check in self._pending.items() if window not in wrong}
        self._pending = {}
        self._write_journal()
        if wrong:
            raise self._failure(OSError(f"{len(wrong)} blocks did not reach the disk"))

    def close(self) -> None:
        """Keep what can be kept of a map that is not finished."""
        if self._removed:
            return
        with contextlib.suppress(OutputError):
            self.checkpoint()

    def remove(self) -> None:
        """Delete the layers and the journal: the map is finished."""
        self._close()
        self._removed = True
        remove_partial(self.plan)

    def _create(self) -> None:
        self.plan.journal.unlink(missing_ok=True)
        for layer in self.plan.layers:
            layer.path.unlink(missing_ok=True)
            try:
                _create_layer(layer, self.plan.grid)
                sync_file(layer.path)
            except WRITE_ERRORS as error:
                raise self._failure(error) from error
            # GDAL does not report every failure of the writes that closing makes.
            if layer.path.stat().st_size < stored_bytes(self.plan.grid):
                raise self._failure(OSError("the file is shorter than its pixels"))
        self._write_journal()

    def _close(self) -> None:
        opened, self._open = self._open, []
        if not opened:
            return
        try:
            for dataset in opened:
                dataset.close()
            for layer in self.plan.layers:
                sync_file(layer.path)
        except WRITE_ERRORS as error:
            raise self._failure(error) from error

    def _checks_on_disk(self, window: Window) -> tuple[int, ...]:
        return tuple(crc_of(layer.path, window) for layer in self.plan.layers)

    def _still_right(
        self, journalled: dict[Window, tuple[int, ...]], warn: Callable[[str], None]
    ) -> dict[Window, tuple[int, ...]]:
        right = {window: check for window, check in journalled.items() if self._checks_on_disk(window) == check}
        if len(right) < len(journalled):
            lost = len(journalled) - len(right)
            warn(f"{lost} blocks of the unfinished map {self.plan.layers[0].path.name} are damaged and computed again.")
        return right

    def _write_journal(self) -> None:
        blocks = [[w.row, w.col, w.height, w.width, *check] for w, check in self.checks.items()]
        fields = {"cropmap_partial": FORMAT, "fingerprint": self.plan.fingerprint, "blocks": blocks}
        try:
            atomic_write_text(self.plan.journal, json.dumps(fields) + "\n")
        except OutputError as error:
            raise OutputError(error.what, where=error.where, fix=f"{error.fix} {_KEPT}") from error

    def _failure(self, error: Exception) -> OutputError:
        size = stored_bytes(self.plan.grid) * len(self.plan.layers)
        return write_error(self.plan.layers[0].path, error, needed_bytes=size, kept=_KEPT)


def remove_partial(plan: PartialPlan) -> None:
    """Delete a partial map's journal and layers, as far as they are there."""
    remove_atomic(plan.journal)
    for layer in plan.layers:
        layer.path.unlink(missing_ok=True)
        # GDAL writes it where the GeoTIFF's own keys cannot express the coordinate reference system.
        layer.path.with_name(f"{layer.path.name}.aux.xml").unlink(missing_ok=True)


def stored_bytes(grid: Grid) -> int:
    """Return the bytes of an uncompressed Byte layer: its tiles, also where they reach over the edge."""
    return -(-grid.width // TILE) * TILE * -(-grid.height // TILE) * TILE


def raster_window(window: Window) -> Any:
    """Return a window as rasterio takes it."""
    return RasterWindow(window.col, window.row, window.width, window.height)


def crc_of(path: Path, window: Window) -> int:
    """Return the CRC-32 of a window's pixels, row by row; -1 where they cannot be read."""
    try:
        with rasterio.open(path) as dataset:
            return zlib.crc32(dataset.read(1, window=raster_window(window)).tobytes())
    except WRITE_ERRORS:
        return -1


def _create_layer(layer: Layer, grid: Grid) -> None:
    profile = {
        "driver": "GTiff",
        "width": grid.width,
        "height": grid.height,
        "count": 1,
        "dtype": "uint8",
        "nodata": NODATA,
        "crs": CRS.from_wkt(grid.crs) if grid.crs else None,
        "transform": Affine(*grid.transform),
        "tiled": True,
        "blockxsize": TILE,
        "blockysize": TILE,
        "bigtiff": "IF_SAFER",
    }
    with rasterio.open(layer.path, "w", **profile) as dataset:
        if layer.colours:
            dataset.write_colormap(1, {number: (*colour, 255) for number, colour in layer.colours.items()})
        dataset.set_band_description(1, layer.title)
        dataset.update_tags(**layer.tags)


def _journalled(plan: PartialPlan, warn: Callable[[str], None]) -> dict[Window, tuple[int, ...]] | None:
    if not plan.journal.exists():
        return None
    problem = ""
    blocks: dict[Window, tuple[int, ...]] = {}
    try:
        fields = json.loads(plan.journal.read_text(encoding="utf-8"))
        if fields["cropmap_partial"] != FORMAT or fields["fingerprint"] != plan.fingerprint:
            problem = "it was made with another model, other images or other options"
        found = {Window(*block[:4]): tuple(block[4:]) for block in fields["blocks"]}
        blocks = {window: found[window] for window in plan.windows if window in found}
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"its journal cannot be read ({error})"
    problem = problem or next((f"{layer.path.name} {why}" for layer in plan.layers if (why := _unfit(layer, plan))), "")
    if problem:
        warn(f"The unfinished map {plan.layers[0].path.name} is started over: {problem}.")
        return None
    return blocks


def _unfit(layer: Layer, plan: PartialPlan) -> str:
    try:
        with rasterio.open(layer.path) as dataset:
            same = (dataset.width, dataset.height) == (plan.grid.width, plan.grid.height)
    except WRITE_ERRORS:
        return "cannot be opened"
    return "" if same else "has another size"
