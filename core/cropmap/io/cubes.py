"""Prepared series on disk: one GeoTIFF that other tools open, written by several threads, continued after a stop."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import json
import mmap
import os
import threading
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np
import rasterio
from numpy.typing import NDArray

from cropmap.contract.errors import CropMapError, OutputError, RecipeError
from cropmap.contract.progress import Progress
from cropmap.data.recipe import Recipe
from cropmap.data.site import Grid, Window
from cropmap.io.cube_layout import QUALITY_BANDS, TILE, CubeLayout, directory_of, header_of, to_planes
from cropmap.io.cube_reader import CUBE_TAG, damaged_squares, read_cube, square_check
from cropmap.io.files import (
    FileLock,
    atomic_write_text,
    check_space,
    check_writable,
    remove_atomic,
    safe_name,
    sync_file,
    sync_folder,
    write_error,
)
from cropmap.io.partial_map import WRITE_ERRORS

if TYPE_CHECKING:
    from types import TracebackType

    from cropmap.data.cube import RegularCube
    from cropmap.data.prepared import PreparedSeries

FORMAT = 1
# What file systems answer that cannot reserve space.
_NO_PROMISE = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)
_KEPT = "What is finished so far is kept; the same job run again continues from there."


@dataclass(frozen=True)
class CubePlan:
    """Which cube is written where.

    Args:
        folder: It is made if need be.
        grid: Of the cube.
        days: Day of season of each step, (step,).
        bands: Feature names.
        recipe: How the series are prepared; its season dates the steps.
        dates: Acquisition dates of the images.
        image_bands: Bands of the images.
        masked: Whether the images tell clear from cloud.
        name: Of the files: NAME.tif, NAME_quality.vrt.
        fingerprint: Of all that the values depend on (images, recipe): tells whether a finished cube is this one.
        tile: Side of the squares that it is stored in; a multiple of 16.
        checkpoint_s: Seconds between two checkpoints: the most work that a kill can cost.
    """

    folder: Path
    grid: Grid
    days: NDArray[np.int32]
    bands: tuple[str, ...]
    recipe: Recipe
    dates: tuple[dt.date, ...] = ()
    image_bands: tuple[str, ...] = ()
    masked: bool = False
    name: str = "cube"
    fingerprint: str = ""
    tile: int = TILE
    checkpoint_s: float = 20.0

    @property
    def path(self) -> Path:
        """The finished cube: float32, NaN where there is no series; time-major, the quality in its last bands."""
        return self.folder / f"{safe_name(self.name)}.tif"

    @property
    def partial(self) -> Path:
        """The cube while it is written."""
        return self.path.with_suffix(".partial.tif")

    @property
    def journal(self) -> Path:
        """What is finished of it."""
        return self.path.with_suffix(".partial.json")

    @property
    def quality_path(self) -> Path:
        """A view of the cube's last bands alone, for GIS programs."""
        return self.folder / f"{safe_name(self.name)}_quality.vrt"

    @property
    def lock_path(self) -> Path:
        """What keeps a second writer away while one is at work."""
        return self.path.with_suffix(".lock")

    @property
    def band_names(self) -> tuple[str, ...]:
        """Description of each band of the series: "2023-05-07 B04"."""
        dates = [self.recipe.season.date(int(day)).isoformat() for day in self.days]
        return tuple(f"{date} {band}" for date in dates for band in self.bands)

    @property
    def layout(self) -> CubeLayout:
        """Where its squares stand."""
        return CubeLayout(self.grid, len(self.days) * len(self.bands) + len(QUALITY_BANDS), self.tile)

    def check(self) -> None:
        """Refuse what cannot be written, before any work.

        Raises:
            OutputError: Another cube is finished there, or the disk is too full.
        """
        if self.path.exists():
            raise OutputError(
                "There is a finished cube already, and it is not this one: its images, recipe or version of cropmap "
                "differ, or it is damaged.",
                where=str(self.path),
                fix="Choose another folder, or delete that cube.",
            )
        there = self.partial.stat().st_size if self.partial.exists() else 0
        check_space(self.folder, max(0, self.layout.end - there), what="The cube")


class CubeWriter:
    """Writes a cube square by square; it has its name only when all of it is there.

    Use it as a context manager. Any thread may write; each square is written whole, by one call. What is finished when
    the context ends, or at the last checkpoint before a kill, is kept and not asked for again where the plan's
    fingerprint is the same. Within the context no other writer can write that cube (NAME.lock). Where the plan's cube
    is finished already (`finished`), there is nothing to write.

    Args:
        plan: What is written where.
        progress: Told why an unfinished cube is not continued.

    Raises:
        OutputError: It cannot be written, another cube is finished there, or another run is writing there.
    """

    def __init__(self, plan: CubePlan, progress: Progress | None = None) -> None:
        self.plan = plan
        self.layout = plan.layout
        self.finished = False
        self._found: PreparedSeries | None = None
        self._progress = progress or Progress()
        self._done: dict[int, tuple[int, int]] = {}
        self._unproved: dict[int, tuple[int, int]] = {}
        self._lock = threading.Lock()
        self._squares = _Squares(plan.partial)
        self._buffers = threading.local()
        self._last = time.monotonic()
        self._stack = contextlib.ExitStack()

    @property
    def usable(self) -> int:
        """How many of the pixels written have a series."""
        if self._found is not None:
            return self._found.usable
        return sum(usable for _, usable in self._done.values())

    def __enter__(self) -> CubeWriter:
        check_writable(self.plan.folder)
        with contextlib.ExitStack() as undo:
            lock = FileLock(self.plan.lock_path)
            undo.callback(lock.release)
            self.finished = self._is_finished()
            if self.finished:
                # A kill at the very end may have left the one, and not made the other.
                self._remove_partial()
                self._write_quality()
            else:
                self.plan.check()
                self._begin()
            self._stack = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stack:
            if self.finished:
                return
            if self.plan.fingerprint and self._done | self._unproved:
                with contextlib.suppress(OutputError):
                    self._checkpoint()
            else:
                self._remove_partial()

    def has(self, number: int) -> bool:
        """Tell whether an earlier run has written a square; what it wrote is read and checked now."""
        with self._lock:
            noted = self._unproved.pop(number, None)
        if noted is None:
            return number in self._done
        found = square_check(self.plan.partial, self.layout, number)
        if found == noted[0]:
            with self._lock:
                self._done[number] = noted
        return found == noted[0]

    def write(self, number: int, cube: RegularCube) -> None:
        """Write a square: the prepared series of all pixels of `layout.window(number)`, in row-major order.

        Pixels that the recipe refuses become NaN.

        Raises:
            OutputError: It cannot be written; what earlier checkpoints hold is kept.
            RecipeError: Its steps or bands are not the plan's.
        """
        if cube.bands != self.plan.bands or not np.array_equal(cube.days, self.plan.days):
            raise RecipeError("The block's steps or bands are not the cube's.", fix="Prepare all blocks alike.")
        planes = self._planes(self.layout.window(number), cube)
        try:
            self._squares.write(planes, self.layout.offset(number))
        except OSError as error:
            raise self._failure(error) from error
        with self._lock:
            self._done[number] = (zlib.crc32(planes.data), int(np.count_nonzero(cube.valid)))
            if self.plan.fingerprint and time.monotonic() - self._last >= self.plan.checkpoint_s:
                self._checkpoint()

    def finish(self) -> Path:
        """Write the directory that makes a raster of the squares, and give the file its name.

        Returns:
            The cube's path.

        Raises:
            OutputError: Squares are missing, or did not reach the disk.
        """
        if self.finished:
            return self.plan.path
        missing = self.layout.count - len(self._done)
        if missing:
            raise OutputError(
                f"{missing} of {self.layout.count} squares were not written.",
                where=str(self.plan.path),
                fix="Run again.",
            )
        try:
            self._close_file()
            self.plan.partial.replace(self.plan.path)
            self.finished = True
            sync_folder(self.plan.folder)
            self.plan.journal.unlink(missing_ok=True)
        except WRITE_ERRORS as error:
            raise self._failure(error) from error
        self._write_quality()
        return self.plan.path

    def _is_finished(self) -> bool:
        """Tell whether the plan's cube is there, whole and undamaged."""
        if not self.plan.fingerprint or not self.plan.path.exists():
            return False
        try:
            found = read_cube(self.plan.path)
        except CropMapError:
            return False
        if found.fingerprint != self.plan.fingerprint or damaged_squares(found):
            return False
        self._found = found
        return True

    def _begin(self) -> None:
        self._unproved = self._journalled()
        try:
            if self._unproved:
                return
            self._remove_partial()
            with self.plan.partial.open("xb") as file:
                _reserve(file.fileno(), self.layout.end)
        except OSError as error:
            self._remove_partial()
            raise self._failure(error) from error

    def _journalled(self) -> dict[int, tuple[int, int]]:
        """Return check and usable pixels of the squares that an earlier run finished."""
        plan = self.plan
        if not plan.fingerprint or not plan.journal.exists() or not plan.partial.exists():
            return {}
        try:
            fields = json.loads(plan.journal.read_text(encoding="utf-8"))
            squares = {int(number): (int(check), int(usable)) for number, check, usable in fields["squares"]}
            known = [fields["cropmap_cube"], fields["fingerprint"], fields["tile"], plan.partial.stat().st_size]
        except (OSError, ValueError, KeyError, TypeError) as error:
            known, squares, problem = [], {}, f"its journal cannot be read ({error})"
        else:
            problem = "it was made of other images, with another recipe or by another version"
        if known[:3] == [FORMAT, plan.fingerprint, self.layout.tile] and known[3] >= self.layout.end:
            return squares
        self._progress.warn(f"The unfinished cube {plan.partial.name} is started over: {problem}.")
        return {}

    def _planes(self, window: Window, cube: RegularCube) -> NDArray[np.float32]:
        planes: NDArray[np.float32] | None = getattr(self._buffers, "planes", None)
        if planes is None:
            # Kept, because fresh memory costs as much as filling it. It begins on a page, as direct writes ask.
            memory = mmap.mmap(-1, self.layout.tile_bytes)
            shape = (self.layout.layers, self.layout.tile, self.layout.tile)
            planes = np.frombuffer(memory, np.float32).reshape(shape)
            self._buffers.planes = planes
        size, own = (window.height, window.width), len(QUALITY_BANDS)
        values = np.ascontiguousarray(cube.values, np.float32).reshape(*size, -1)
        to_planes(values, cube.valid.reshape(size), planes[:-own])
        planes[-own:] = 0
        for plane, layer in zip(
            planes[-own:], (cube.quality.clear_dates, cube.quality.longest_gap, cube.valid), strict=True
        ):
            plane[: window.height, : window.width] = layer.reshape(size)
        return planes

    def _checkpoint(self) -> None:
        """Bring all squares to the disk, and note them as finished; the caller holds the lock or is alone."""
        self._last = time.monotonic()
        squares = [[number, *noted] for number, noted in sorted((self._unproved | self._done).items())]
        fields = {
            "cropmap_cube": FORMAT,
            "fingerprint": self.plan.fingerprint,
            "tile": self.layout.tile,
            "squares": squares,
        }
        try:
            sync_file(self.plan.partial)
        except OSError as error:
            raise self._failure(error) from error
        try:
            atomic_write_text(self.plan.journal, json.dumps(fields) + "\n")
        except OutputError as error:
            raise OutputError(error.what, where=error.where, fix=f"{error.fix} {_KEPT}") from error

    def _close_file(self) -> None:
        """Write directory and header, bring all to the disk, and see whether GDAL opens it."""
        names = (*self.plan.band_names, *QUALITY_BANDS)
        directory = directory_of(self.layout, names, self._tags())
        with self.plan.partial.open("r+b", buffering=0) as file:
            file.seek(self.layout.end)
            _write_whole(file, directory)
            file.truncate(self.layout.end + len(directory))
            os.fsync(file.fileno())
            file.seek(0)
            _write_whole(file, header_of(self.layout.end))
            os.fsync(file.fileno())
        with rasterio.open(self.plan.partial) as dataset:
            if (dataset.count, dataset.width, dataset.descriptions) != (len(names), self.plan.grid.width, names):
                raise OSError("the file does not read back as it was written")

    def _tags(self) -> dict[str, str]:
        plan = self.plan
        about = {
            "format": FORMAT,
            "recipe": plan.recipe.to_dict(),
            "fingerprint": plan.fingerprint,
            "days": plan.days.tolist(),
            "bands": plan.bands,
            "dates": [date.isoformat() for date in plan.dates],
            "image_bands": plan.image_bands,
            "masked": plan.masked,
            "usable": self.usable,
            "checks": [self._done[number][0] for number in range(self.layout.count)],
        }
        return {CUBE_TAG: json.dumps(about, ensure_ascii=False)}

    def _write_quality(self) -> None:
        source = f'<SourceFilename relativeToVRT="1">{escape(self.plan.path.name)}</SourceFilename>'
        first = self.layout.layers - len(QUALITY_BANDS) + 1
        bands = "".join(
            f'<VRTRasterBand dataType="UInt16" band="{k + 1}"><Description>{escape(name)}</Description>'
            f"<SimpleSource>{source}<SourceBand>{first + k}</SourceBand></SimpleSource></VRTRasterBand>\n"
            for k, name in enumerate(QUALITY_BANDS)
        )
        grid = self.plan.grid
        transform = (grid.west, grid.pixel_width, 0.0, grid.north, 0.0, -grid.pixel_height)
        text = (
            f'<VRTDataset rasterXSize="{grid.width}" rasterYSize="{grid.height}">\n<SRS>{escape(grid.crs)}</SRS>\n'
            f"<GeoTransform>{', '.join(map(repr, transform))}</GeoTransform>\n{bands}</VRTDataset>\n"
        )
        atomic_write_text(self.plan.quality_path, text)

    def _remove_partial(self) -> None:
        remove_atomic(self.plan.journal)
        self.plan.partial.unlink(missing_ok=True)

    def _failure(self, error: Exception) -> OutputError:
        kept = _KEPT if self.plan.fingerprint else ""
        return write_error(self.plan.partial, error, needed_bytes=self.layout.end, kept=kept)


class _Squares:
    """Writes squares into a file, past the system's cache where that can be.

    Copying a cube into the cache costs about as much as preparing it, and pushes out what is read again and again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._direct: int = getattr(os, "O_DIRECT", 0)

    def write(self, planes: NDArray[np.float32], offset: int) -> None:
        """Write a square's planes, which begin on a page of memory."""
        if self._direct and not planes.nbytes % mmap.PAGESIZE:
            try:
                self._write(planes, offset, self._direct)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                self._direct = 0  # a file system that does not know it
            else:
                return
        self._write(planes, offset, 0)

    def _write(self, planes: NDArray[np.float32], offset: int, more: int) -> None:
        with open(self._path, "r+b", buffering=0, opener=lambda path, flags: os.open(path, flags | more)) as file:
            file.seek(offset)
            _write_whole(file, planes.data)


def _write_whole(file: IO[bytes], data: bytes | memoryview) -> None:
    """Write all of it: one call writes no more than the system likes."""
    left = memoryview(data).cast("B")
    while left:
        left = left[file.write(left) :]


def _reserve(handle: int, size: int) -> None:
    """Give a file its size, and its place on the disk where the system can promise that."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(handle, 0, size)
        except OSError as error:
            if error.errno not in _NO_PROMISE:
                raise
        else:
            return
    os.ftruncate(handle, size)
