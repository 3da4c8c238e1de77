"""Reference maps of many years on one grid, with the layers that tell how sure and how cultivated they are."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds
from rasterio.windows import Window as FileWindow

from cropmap.contract.errors import GridError, LegendError, SampleError, SourceError
from cropmap.contract.words import listed
from cropmap.data.legend import NODATA
from cropmap.data.site import Window
from cropmap.io.handles import Handles, open_files_allowed
from cropmap.io.projection import crs_name
from cropmap.io.rasters import dataset_grid, grid_differences, open_raster, opened, same_crs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from numpy.typing import NDArray

    from cropmap.data.site import Grid

_FIRST_YEAR, _LAST_YEAR = 1950, 2100
_FOUR_DIGITS = re.compile(r"(?<!\d)\d{4}(?!\d)")
_WRITTEN_YEAR = re.compile(r"\s*(\d{4})\s*=\s*(.+)", re.DOTALL)
# By how much GDAL may be off when it works out which pixel is the nearest; it takes no 0.
_PIXELS_OFF = 1e-3
# Of GDAL, for all files together: every tile is read once, so nothing is gained by keeping more of them.
_CACHE_BYTES = 64 << 20
_COLOURS = {ColorInterp.red, ColorInterp.green, ColorInterp.blue}
# Of a layer, to learn what its numbers mean: so many places down and across, of at most so many rows and columns.
_SAMPLES, _SAMPLE_SIZE = 6, 256
_MOST_PERCENT = 100


@dataclass(frozen=True)
class ReferenceFiles:
    """Which files are read.

    Args:
        maps: Label rasters, one a year; each a path whose file name holds its year once, or "2016=path".
        confidence: Layers of how sure a map is, in percent: written the same way; a single one needs no year.
        cultivated: Layers of cultivated land, 2 where it is and 1 where it is not (as those of the Cropland Data
            Layer): written the same way; a single one needs no year.
        target_year: The year whose classes are wanted; 0 for that of the newest map.
        resample: Bring maps and layers of another grid to that of the target year's map by nearest neighbour; they are
            refused otherwise.
    """

    maps: Sequence[str]
    confidence: Sequence[str] = ()
    cultivated: Sequence[str] = ()
    target_year: int = 0
    resample: bool = False


@dataclass(frozen=True)
class _File:
    path: str
    name: str
    nodata: float | None
    dtype: str
    block: tuple[int, int]
    moved: bool


class ReferenceMaps:
    """Label rasters of several years, open for reading by several threads. Use it in a `with` block.

    The first band of each file counts; those with more are told, and pictures refused. The grid is that of the target
    year's map; where no map is given for that year, that of the newest map before it.

    Args:
        files: Which.

    Attributes:
        grid: Of all that is read.
        target_year: The year whose classes are wanted.
        years: Years of the maps up to the target year, ascending.
        notes: What was brought to the grid, stands in for something, is not used, or holds no percent.

    Raises:
        SampleError: No map, dates without a year, two maps of one year, or none up to the target year.
        SourceError: A file that cannot be opened, holds no numbers, or is a picture in red, green and blue.
        GridError: A grid that is not north-up; another than the maps', while `resample` is off; or one that does not
            touch theirs.
    """

    def __init__(self, files: ReferenceFiles) -> None:
        maps = dated(files.maps)
        self.target_year = files.target_year or max(maps)
        self.years = tuple(sorted(year for year in maps if year <= self.target_year))
        if not self.years:
            raise SampleError(
                f"The target year is {self.target_year}; the maps begin with {min(maps)}.",
                fix="Give maps of earlier years, or another target year.",
            )
        self.notes: tuple[str, ...] = ()
        later = sorted(year for year in maps if year > self.target_year)
        if later:
            self._note(f"Maps after {self.target_year} are not used: {', '.join(map(str, later))}.")
        with opened(maps[self.years[-1]]) as dataset:
            self.grid: Grid = dataset_grid(dataset, maps[self.years[-1]])
        self._resample = files.resample
        self._grid_of = Path(maps[self.years[-1]]).name
        self._banded: list[str] = []
        self._maps = {year: self._checked(maps[year], f"the map of {year}") for year in self.years}
        self._layers: dict[str, _File] = {}
        for kind in ("confidence", "cultivated"):
            path = self._layer_path(kind, getattr(files, kind))
            if path:
                self._layers[kind] = self._checked(path, f"the {kind} layer")
        if self._banded:
            self._note(f"Of files with several bands the first is read: {listed(self._banded)}.")
        if "confidence" in self._layers:
            self._note_scale(self._layers["confidence"].path)
        self._handles = Handles(open_files_allowed())

    def __enter__(self) -> ReferenceMaps:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._handles.close()

    @property
    def has_target(self) -> bool:
        """Whether there is a map of the target year itself."""
        return self.target_year in self._maps

    @property
    def block(self) -> tuple[int, int]:
        """Rows and columns of the largest units that the files are stored in."""
        blocks = [file.block for file in (*self._maps.values(), *self._layers.values())]
        return max(rows for rows, _ in blocks), max(cols for _, cols in blocks)

    def has_layer(self, kind: str) -> bool:
        """Tell whether there is a "confidence" or a "cultivated" layer."""
        return kind in self._layers

    def path(self, year: int) -> str:
        """Return the file of a year's map."""
        return self._maps[year].path

    def nodata(self, year: int) -> int:
        """Return the code that means no data in a year's map as `read` gives it; 255 besides, in every map."""
        file = self._maps[year]
        direct = file.dtype == "uint8" and file.nodata is not None and float(file.nodata).is_integer()
        return int(file.nodata) if direct and file.nodata is not None and 0 <= file.nodata <= NODATA else NODATA

    def read(self, year: int, window: Window, out: NDArray[np.uint8]) -> None:
        """Read a window of a year's map.

        Args:
            year: One of `years`.
            window: Inside the grid.
            out: Filled with codes as stored, (row, column), uint8; no data is what `nodata` says, and 255.

        Raises:
            SourceError: Damaged blocks, or numbers that are not whole.
            LegendError: Codes that are not in 0..255.
        """
        file = self._maps[year]
        if file.dtype == "uint8":
            self._read(file, window, out)
        else:
            out[:] = _bytes(self._read(file, window), file)

    def read_layer(self, kind: str, window: Window) -> NDArray[Any]:
        """Read a window of a layer, (row, column): uint8 with 255 for no data, or float32 with NaN.

        Raises:
            SourceError: Damaged blocks.
        """
        file = self._layers[kind]
        numbers = self._read(file, window)
        stands = file.nodata is None or (file.dtype == "uint8" and file.nodata == NODATA)
        empty = None if stands else numbers == file.nodata
        values: NDArray[Any] = numbers if file.dtype == "uint8" else numbers.astype(np.float32)
        if empty is not None:
            values[empty] = NODATA if file.dtype == "uint8" else np.nan
        return values

    def counts(self, year: int, windows: Sequence[Window]) -> NDArray[np.int64]:
        """Return the pixels of each code of a year's map, (256,), no data as 255."""
        found = np.zeros(NODATA + 1, np.int64)
        for window in windows:
            codes = np.empty((window.height, window.width), np.uint8)
            self.read(year, window, codes)
            found += np.bincount(codes.ravel(), minlength=NODATA + 1)
        nodata = self.nodata(year)
        if nodata != NODATA:
            found[NODATA] += found[nodata]
            found[nodata] = 0
        return found

    # ---------------------------------------------------------------- files

    def _note(self, text: str) -> None:
        self.notes = (*self.notes, text)

    def _layer_path(self, kind: str, texts: Sequence[str]) -> str:
        """Return the layer that belongs to the target year's map, else the newest before it; empty for none."""
        if not texts:
            return ""
        if len(texts) == 1 and len(_years_in(texts[0])) != 1:
            return texts[0]
        layers = dated(texts)
        usable = [year for year in layers if year <= self.target_year]
        if not usable:
            raise SampleError(
                f"The {kind} layers begin with {min(layers)}, after the target year {self.target_year}.",
                fix="Give one of the target year or before.",
            )
        chosen = max(usable)
        if chosen != self.target_year:
            self._note(f"There is no {kind} layer of {self.target_year}: that of {chosen} stands in.")
        return layers[chosen]

    def _checked(self, path: str, what: str) -> _File:
        """Open a file once, and refuse what it may not be."""
        with opened(path) as dataset:
            if not dataset.count or np.dtype(dataset.dtypes[0]).kind not in "uif":
                raise SourceError(f"Band 1 of {what} holds no numbers.", where=path, fix="Choose another raster.")
            if set(dataset.colorinterp) >= _COLOURS:
                raise SourceError(
                    f"{what[0].upper()}{what[1:]} is a picture in red, green and blue: its colours are no numbers of "
                    "classes or percent.",
                    where=path,
                    fix="Give the raster of numbers that the picture was made from; if band 1 does hold them, write it "
                    "to a file of its own.",
                )
            if dataset.count > 1:
                self._banded.append(Path(path).name)
            moved = self._must_move(dataset, path, what)
            rows, cols = dataset.block_shapes[0]
            dtype, nodata = str(dataset.dtypes[0]), dataset.nodatavals[0]
        if moved:
            self._note(f"{Path(path).name} lies on another grid: brought to that of {self._grid_of} by nearest pixels.")
            nodata, rows, cols = _nodata_of_view(dtype, nodata), 512, 512
        return _File(path, what, nodata, dtype, (int(rows), int(cols)), moved)

    def _must_move(self, dataset: Any, path: str, what: str) -> bool:
        grid = dataset_grid(dataset, path)
        apart = grid_differences(self.grid, grid)
        if not apart:
            return False
        if not same_crs(self.grid.crs, grid.crs):
            apart[0] = f"{crs_name(grid.crs)} instead of {crs_name(self.grid.crs)}"
        if not (grid.crs and self.grid.crs):
            fix = "Give every file its coordinate reference system first."
        elif self._resample:
            self._check_touches(grid, path, what)
            return True
        else:
            fix = "Turn `resample` on to take the nearest pixels, or give files of one grid."
        raise GridError(f"The grid of {what} is not that of {self._grid_of}: {'; '.join(apart)}.", where=path, fix=fix)

    def _check_touches(self, grid: Grid, path: str, what: str) -> None:
        if not _touch(self.grid, grid):
            raise GridError(
                f"Nothing of {what} lies on the grid of {self._grid_of}: it covers {_extent(grid)}, the grid "
                f"{_extent(self.grid)}.",
                where=path,
                fix="Give files of one place, and check the coordinate reference system that each names.",
            )

    def _note_scale(self, path: str) -> None:
        """Say so where numbers of a confidence layer, in some of its blocks, are none of percent."""
        with opened(path) as dataset:
            numbers = np.concatenate([_numbers(dataset, path, window) for window in _some_windows(dataset)])
        if not len(numbers):
            return
        low, high = numbers.min(), numbers.max()
        what = f"{Path(path).name} holds numbers from {low:.6g} to {high:.6g} where it was looked at, not percent"
        if high > _MOST_PERCENT:
            self._note(
                f"{what}: min_confidence is compared with them as they are, and those above 100 pass it nowhere."
            )
        elif numbers.dtype.kind == "f" and low >= 0 and 0 < high <= 1:
            self._note(f"{what}: min_confidence is compared with them as they are, so 0.9 asks for 90 %.")

    def _read(self, file: _File, window: Window, out: NDArray[Any] | None = None) -> NDArray[Any]:
        area = FileWindow(window.col, window.row, window.width, window.height)
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES), self._use(file) as dataset:
            try:
                found: NDArray[Any] = dataset.read(1, window=area, out=out)
            except RasterioError as error:
                raise SourceError(
                    f"{file.name[0].upper()}{file.name[1:]} cannot be read near row {window.row}, column {window.col}.",
                    where=file.path,
                    fix="Copy or download the file again.",
                ) from error
        return found

    @contextlib.contextmanager
    def _use(self, file: _File) -> Iterator[Any]:
        with self._handles.use((file.path,), partial(_opened, file, self.grid)) as dataset:
            yield dataset


def _opened(file: _File, grid: Grid) -> Any:
    return _View(file, grid) if file.moved else open_raster(file.path)


class _View:
    """A raster seen on another grid by its nearest pixels; what lies outside it is no data."""

    def __init__(self, file: _File, grid: Grid) -> None:
        self._under = open_raster(file.path)
        own = self._under.nodatavals[0]
        self._view = WarpedVRT(
            self._under,
            crs=CRS.from_wkt(grid.crs),
            transform=Affine(*grid.transform),
            width=grid.width,
            height=grid.height,
            resampling=Resampling.nearest,
            src_nodata=file.nodata if own is None else own,
            nodata=file.nodata,
            tolerance=_PIXELS_OFF,
        )

    def read(self, band: int, *, window: FileWindow, out: NDArray[Any] | None) -> NDArray[Any]:
        """Return the numbers of a window."""
        found: NDArray[Any] = self._view.read(band, window=window, out=out)
        return found

    def close(self) -> None:
        """Close the view and the file."""
        self._view.close()
        self._under.close()


def dated(texts: Sequence[str]) -> dict[int, str]:
    """Return paths by their years, ascending.

    Args:
        texts: Paths whose file names hold one year of 1950..2100 once, as four digits that stand alone; or "2016=path".

    Raises:
        SampleError: None; names without a year or with several, all of them; or two of one year.
    """
    if not texts:
        raise SampleError("There is no reference map.", fix="Give label rasters of several years.")
    found: dict[int, str] = {}
    unclear = [text for text in texts if len(_years_in(text)) != 1]
    if unclear:
        raise SampleError(
            f"{len(unclear)} of {len(texts)} files have no year, or several, in their names.",
            where=", ".join(unclear),
            fix='Name each file by its year, e.g. labels_2016.tif, or write "2016=path".',
        )
    for text in texts:
        year, path = _years_in(text)[0], _path_in(text)
        if year in found:
            raise SampleError(
                f"Two files are of {year}.", where=f"{found[year]}, {path}", fix='Leave one, or write "2016=path".'
            )
        found[year] = path
    return dict(sorted(found.items()))


def _years_in(text: str) -> list[int]:
    written = _WRITTEN_YEAR.fullmatch(text)
    digits = [written[1]] if written else _FOUR_DIGITS.findall(Path(text).stem)
    return [year for year in map(int, digits) if _FIRST_YEAR <= year <= _LAST_YEAR]


def _path_in(text: str) -> str:
    written = _WRITTEN_YEAR.fullmatch(text)
    return written[2].strip() if written else text


def _touch(first: Grid, other: Grid) -> bool:
    """Tell whether two grids share some place; those of two CRSs are compared by longitude and latitude."""
    if same_crs(first.crs, other.crs):
        return _overlap(first.bounds, other.bounds)
    try:
        around, found = _degrees(first), _degrees(other)
    except RasterioError:
        return True  # nothing is known against it
    west, south, east, north = found
    return any(_overlap(around, (west + turn, south, east + turn, north)) for turn in (-360, 0, 360))


def _overlap(first: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return first[0] < other[2] and other[0] < first[2] and first[1] < other[3] and other[1] < first[3]


def _degrees(grid: Grid) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a grid in degrees; east is above 180 where it reaches over that meridian."""
    with rasterio.Env():
        found = transform_bounds(CRS.from_wkt(grid.crs), CRS.from_epsg(4326), *grid.bounds, densify_pts=21)
    west, south, east, north = map(float, found)
    if not np.isfinite(found).all():
        return -180.0, -90.0, 180.0, 90.0  # a grid beyond what its CRS is for
    return west, south, east + 360 if east < west else east, north


def _extent(grid: Grid) -> str:
    west, south, east, north = (f"{edge:.10g}" for edge in grid.bounds)
    return f"{west} to {east} and {south} to {north} in {crs_name(grid.crs)}"


def _some_windows(dataset: Any) -> list[Window]:
    """Return windows spread over a raster, each inside one of the blocks that it is stored in."""
    (rows, cols), height, width = dataset.block_shapes[0], dataset.height, dataset.width
    return [
        Window(row, col, min(rows, _SAMPLE_SIZE, height - row), min(cols, _SAMPLE_SIZE, width - col))
        for row in _some_starts(height, rows)
        for col in _some_starts(width, cols)
    ]


def _some_starts(size: int, block: int) -> list[int]:
    blocks = -(-size // block)
    return sorted({block * round(place) for place in np.linspace(0, blocks - 1, min(blocks, _SAMPLES)).tolist()})


def _numbers(dataset: Any, path: str, window: Window) -> NDArray[Any]:
    """Return the numbers of a window of a layer, one-dimensional, without no data."""
    try:
        found = dataset.read(1, window=FileWindow(window.col, window.row, window.width, window.height)).ravel()
    except RasterioError as error:
        raise SourceError(
            f"The confidence layer cannot be read near row {window.row}, column {window.col}.",
            where=path,
            fix="Copy or download the file again.",
        ) from error
    empty = [
        *([NODATA] if found.dtype == np.uint8 else []),
        *(own for own in dataset.nodatavals[:1] if own is not None),
    ]
    numbers: NDArray[Any] = found[np.isfinite(found) & ~np.isin(found, empty)]
    return numbers


def _nodata_of_view(dtype: str, nodata: float | None) -> float:
    """Return what stands outside a raster: its own no-data number, else 255, else the lowest number it can hold."""
    if nodata is not None:
        return nodata
    return float(NODATA) if np.dtype(dtype).kind == "f" or np.iinfo(dtype).max >= NODATA else float(np.iinfo(dtype).min)


def _bytes(numbers: NDArray[Any], file: _File) -> NDArray[np.uint8]:
    """Return numbers as codes, 255 for no data."""
    empty = np.zeros(numbers.shape, bool) if file.nodata is None else numbers == file.nodata
    if numbers.dtype.kind == "f":
        empty |= np.isnan(numbers)
        if not np.all(empty | (numbers == np.round(numbers))):
            raise SourceError(
                f"{file.name[0].upper()}{file.name[1:]} holds numbers that are not whole.",
                where=file.path,
                fix="Choose a raster of class codes.",
            )
    strange = ~empty & ((numbers < 0) | (numbers > NODATA))
    if strange.any():
        codes = listed([f"{code:.0f}" for code in np.unique(numbers[strange])])
        raise LegendError(
            f"{file.name[0].upper()}{file.name[1:]} holds codes outside 0..{NODATA - 1}: {codes}.",
            where=file.path,
            fix="Give a raster of classes with codes up to 254.",
        )
    return np.where(empty, NODATA, numbers).astype(np.uint8)
