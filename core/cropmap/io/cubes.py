"""Prepared series on disk: a GeoTIFF stack that other tools read, with its quality layers."""

from __future__ import annotations

import contextlib
import json
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.transform import Affine

from cropmap.contract.errors import OutputError, RecipeError
from cropmap.data.recipe import Recipe
from cropmap.data.site import Grid, Window
from cropmap.io.files import FileLock, check_space, check_writable, safe_name, sync_file, sync_folder, write_error
from cropmap.io.partial_map import TILE, WRITE_ERRORS, raster_window

if TYPE_CHECKING:
    from types import TracebackType

    from cropmap.data.cube import RegularCube

# Reflectance as float32 shrinks to about this share (deflate after floating-point differencing).
_SHARE = 0.6
_FINGERPRINT_TAG, _USABLE_TAG = "CROPMAP_FINGERPRINT", "CROPMAP_USABLE_PIXELS"
_QUALITY_BANDS = ("clear dates", "longest gap, days")


@dataclass(frozen=True)
class CubePlan:
    """Which cube is written where.

    Args:
        folder: It is made if need be.
        grid: Of the cube.
        days: Day of season of each step, (step,).
        bands: Feature names.
        recipe: How the series are prepared; its season dates the steps.
        name: Of the files: NAME.tif, NAME_quality.tif.
        fingerprint: Of all that the values depend on (images, recipe): tells whether a finished cube is this one.
    """

    folder: Path
    grid: Grid
    days: NDArray[np.int32]
    bands: tuple[str, ...]
    recipe: Recipe
    name: str = "cube"
    fingerprint: str = ""

    @property
    def path(self) -> Path:
        """The finished stack: float32, NaN where there is no series, time-major."""
        return self.folder / f"{safe_name(self.name)}.tif"

    @property
    def quality_path(self) -> Path:
        """The finished quality layers: number of clear dates, longest gap in days; uint16."""
        return self.folder / f"{safe_name(self.name)}_quality.tif"

    @property
    def lock_path(self) -> Path:
        """What keeps a second writer away while one is at work."""
        return self.path.with_suffix(".lock")

    @property
    def band_names(self) -> tuple[str, ...]:
        """Description of each band of the stack: "2023-05-07 B04"."""
        dates = [self.recipe.season.date(int(day)).isoformat() for day in self.days]
        return tuple(f"{date} {band}" for date in dates for band in self.bands)

    @property
    def needed_bytes(self) -> int:
        """About how much the cube takes on the disk."""
        return round(self.grid.width * self.grid.height * (4 * len(self.band_names) * _SHARE + 4))

    def check(self) -> None:
        """Refuse what cannot be written, before any work.

        Raises:
            OutputError: Another cube is finished there, or the disk is too full.
        """
        if self.path.exists():
            raise OutputError(
                "There is a finished cube already, and it is not this one: its images, recipe or version of cropmap "
                "differ, or a part of it is missing.",
                where=str(self.path),
                fix="Choose another folder, or delete that cube.",
            )
        check_space(self.folder, self.needed_bytes, what="The cube")


class CubeWriter:
    """Writes a cube block by block; it has its name only when all of it is there.

    Use it as a context manager, from one thread. What is not finished is deleted at the end of the context. Within it,
    no other writer can write that cube (NAME.lock). Where the plan's cube is finished already (`finished`), there is
    nothing to write. `usable` counts the pixels with a series.

    Args:
        plan: What is written where.

    Raises:
        OutputError: It cannot be written, another cube is finished there, or another run is writing there.
    """

    def __init__(self, plan: CubePlan) -> None:
        self.plan = plan
        self.finished, self.usable = False, 0
        self._written: dict[Window, int] = {}
        self._open: list[Any] = []
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> CubeWriter:
        check_writable(self.plan.folder)
        with contextlib.ExitStack() as undo:
            lock = FileLock(self.plan.lock_path)
            undo.callback(lock.release)
            found = _usable_in_finished(self.plan)
            self.finished, self.usable = found is not None, found or 0
            if not self.finished:
                self.plan.check()
                self._begin()
            self._stack = undo.pop_all()
        return self

    def _begin(self) -> None:
        try:
            self._open = [_create(path, self.plan, count) for path, count in self._files().items()]
        except WRITE_ERRORS as error:
            raise self._failure(error) from error
        cube, quality = self._open
        cube.descriptions = self.plan.band_names
        recipe = json.dumps(self.plan.recipe.to_dict(), ensure_ascii=False)
        cube.update_tags(CROPMAP_RECIPE=recipe, **{_FINGERPRINT_TAG: self.plan.fingerprint})
        quality.update_tags(**{_FINGERPRINT_TAG: self.plan.fingerprint})
        quality.descriptions = _QUALITY_BANDS

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stack:
            try:
                self._close()
            finally:
                for path in self._files():
                    path.unlink(missing_ok=True)

    def write(self, window: Window, cube: RegularCube) -> None:
        """Write a block: the prepared series of all pixels of a window, in row-major order.

        Pixels that the recipe refuses become NaN.

        Raises:
            OutputError: It cannot be written.
            RecipeError: Its steps or bands are not the plan's.
        """
        if cube.bands != self.plan.bands or not np.array_equal(cube.days, self.plan.days):
            raise RecipeError("The block's steps or bands are not the cube's.", fix="Prepare all blocks alike.")
        values = np.where(cube.valid[:, None, None], cube.values, np.float32(np.nan))
        layers = np.ascontiguousarray(values.reshape(window.pixels, -1).T).reshape(-1, window.height, window.width)
        shape = (window.height, window.width)
        quality = np.stack([cube.quality.clear_dates.reshape(shape), cube.quality.longest_gap.reshape(shape)])
        try:
            self._open[0].write(layers, window=raster_window(window))
            self._open[1].write(quality, window=raster_window(window))
        except WRITE_ERRORS as error:
            raise self._failure(error) from error
        self._written[window] = zlib.crc32(layers.tobytes())
        self.usable += int(cube.valid.sum())

    def finish(self) -> Path:
        """Close, check, and give the files their names; the stack last.

        Returns:
            The stack's path.

        Raises:
            OutputError: Blocks are missing, or did not reach the disk.
        """
        if self.finished:
            return self.plan.path
        missing = self.plan.grid.width * self.plan.grid.height - sum(window.pixels for window in self._written)
        if missing:
            raise OutputError(f"{missing} pixels were not written.", where=str(self.plan.path), fix="Run again.")
        self._tag_usable()
        self._close()
        self._check()
        try:
            for path in self._files():
                sync_file(path)
            _partial(self.plan.quality_path).replace(self.plan.quality_path)
            _partial(self.plan.path).replace(self.plan.path)
            sync_folder(self.plan.folder)
        except OSError as error:
            raise self._failure(error) from error
        return self.plan.path

    def _files(self) -> dict[Path, int]:
        return {_partial(self.plan.path): len(self.plan.band_names), _partial(self.plan.quality_path): 2}

    def _tag_usable(self) -> None:
        try:
            self._open[0].update_tags(**{_USABLE_TAG: str(self.usable)})
        except WRITE_ERRORS as error:
            raise self._failure(error) from error

    def _close(self) -> None:
        opened, self._open = self._open, []
        try:
            for dataset in opened:
                dataset.close()
        except WRITE_ERRORS as error:
            raise self._failure(error) from error

    def _check(self) -> None:
        # GDAL does not report every failed write: what counts is what reads back.
        try:
            with rasterio.open(_partial(self.plan.path)) as dataset:
                for window, check in self._written.items():
                    if zlib.crc32(dataset.read(window=raster_window(window)).tobytes()) != check:
                        raise self._failure(OSError("values did not reach the disk"))
        except WRITE_ERRORS as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> OutputError:
        return write_error(_partial(self.plan.path), error, needed_bytes=self.plan.needed_bytes)


def _usable_in_finished(plan: CubePlan) -> int | None:
    """Return how many pixels of the plan's finished cube are usable; None where there is no such cube."""
    paths = (plan.path, plan.quality_path)
    if not plan.fingerprint or not all(path.exists() for path in paths):
        return None
    try:
        stack, quality = (_tags(path) for path in paths)
        same = stack[_FINGERPRINT_TAG] == quality[_FINGERPRINT_TAG] == plan.fingerprint
        return int(stack[_USABLE_TAG]) if same else None
    except (*WRITE_ERRORS, KeyError, ValueError):  # damaged, or not written by cropmap
        return None


def _tags(path: Path) -> dict[str, str]:
    with rasterio.open(path) as dataset:
        return dict(dataset.tags())


def _partial(path: Path) -> Path:
    return path.with_suffix(".partial.tif")


def _create(path: Path, plan: CubePlan, count: int) -> Any:
    stack = path == _partial(plan.path)
    profile = {
        "driver": "GTiff",
        "width": plan.grid.width,
        "height": plan.grid.height,
        "count": count,
        "dtype": "float32" if stack else "uint16",
        "nodata": math.nan if stack else None,
        "crs": CRS.from_wkt(plan.grid.crs) if plan.grid.crs else None,
        "transform": Affine(*plan.grid.transform),
        "tiled": True,
        "blockxsize": TILE,
        "blockysize": TILE,
        "interleave": "band",
        "compress": "deflate",
        "predictor": 3 if stack else 2,
        "bigtiff": "IF_SAFER",
    }
    return rasterio.open(path, "w", **profile)
