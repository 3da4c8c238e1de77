"""What a raster file says of itself: its grid, its bands, their names, dates, scales and no-data numbers."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import math
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window as RasterWindow

from cropmap.contract.errors import GridError, SourceError
from cropmap.data.site import Grid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Calendars in which "days since" counts real days (CF conventions 1.9, section 4.4.1).
_REAL_CALENDARS = frozenset({"", "standard", "gregorian", "proleptic_gregorian"})
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_UNITS = re.compile(
    r"\s*(days?|d|hours?|hrs?|h|minutes?|mins?|seconds?|secs?|s)\s+since\s+(\d{1,4})-(\d{1,2})-(\d{1,2})(.*)"
)


@dataclass(frozen=True)
class RasterBand:
    """One band of a raster.

    Args:
        index: Number in the file, from 1.
        name: Its description, or the variable's name; empty where the file names none.
        scale: Factor to physical values.
        offset: Added after scaling.
        nodata: Number that means "no value"; None where there is none.
        date: Its date, where the file's own time axis gives one (NetCDF).
        dtype: NumPy name of its number type.
        alpha: It says which pixels are hidden and holds no measurement.
    """

    index: int
    name: str
    scale: float = 1.0
    offset: float = 0.0
    nodata: float | None = None
    date: dt.date | None = None
    dtype: str = ""
    alpha: bool = False


@dataclass(frozen=True)
class RasterInfo:
    """One raster as GDAL opens it.

    Args:
        path: What GDAL opens: a file, or a subdataset of one.
        grid: Its grid.
        bands: Its bands, in order.
        block: Rows and columns of the units it is stored in.
        driver: GDAL's name of the format.
    """

    path: str
    grid: Grid
    bands: tuple[RasterBand, ...]
    block: tuple[int, int]
    driver: str


@dataclass(frozen=True)
class Contents:
    """What a file holds: its rasters, and the names of its variables that lie on no north-up grid."""

    rasters: tuple[RasterInfo, ...]
    off_grid: tuple[str, ...] = ()


def open_raster(path: str) -> Any:
    """Open a raster for reading, with a handle of its own.

    Raises:
        SourceError: GDAL cannot open it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            return rasterio.open(path, sharing=False)
    except RasterioError as error:
        raise _unreadable(path, error) from error


@contextlib.contextmanager
def opened(path: str) -> Iterator[Any]:
    """Open a raster for as long as the context lasts; see `open_raster`."""
    dataset = open_raster(path)
    try:
        yield dataset
    finally:
        dataset.close()


def grid_of(path: str) -> Grid:
    """Return the grid of a raster.

    Args:
        path: What GDAL opens.

    Raises:
        SourceError: GDAL cannot open it.
        GridError: It is rotated, south-up, or placed by control points only.
    """
    with opened(path) as dataset:
        return dataset_grid(dataset, path)


def dataset_grid(dataset: Any, path: str) -> Grid:
    """Return the grid of an open raster; see `grid_of`."""
    transform = dataset.transform
    if transform.is_identity:
        has_points = bool(dataset.gcps[0])
        raise GridError(
            "The raster has control points but no grid." if has_points else "The raster has no position on the ground.",
            where=path,
            fix="Warp it to a north-up grid first, e.g. with gdalwarp." if has_points else "Give it a georeference.",
        )
    if transform.b or transform.d or transform.a <= 0 or transform.e >= 0:
        raise GridError(
            "The raster's grid is rotated or not north-up: "
            f"x = {transform.a:g} col + {transform.b:g} row, y = {transform.d:g} col + {transform.e:g} row.",
            where=path,
            fix="Warp it to a north-up grid first, e.g. with gdalwarp.",
        )
    crs = dataset.crs.to_wkt() if dataset.crs else ""
    return Grid(crs, transform.c, transform.f, transform.a, -transform.e, dataset.width, dataset.height)


def same_crs(first: str, other: str) -> bool:
    """Tell whether two WKT texts mean one coordinate reference system, however they are written."""
    if first == other or not first or not other:
        return first == other
    return bool(CRS.from_wkt(first) == CRS.from_wkt(other))


def grid_differences(first: Grid, other: Grid) -> list[str]:
    """Say in what another grid differs, with coordinate reference systems compared by meaning."""
    if same_crs(first.crs, other.crs):
        other = dataclasses.replace(other, crs=first.crs)
    return first.differences(other)


def describe(path: str) -> Contents:
    """Return what a file holds: one raster, or each variable of a container that lies on a grid.

    Raises:
        SourceError: GDAL cannot open it, or it holds no raster.
        GridError: It has no north-up grid.
    """
    with opened(path) as dataset:
        subdatasets = list(dataset.subdatasets)
        if not subdatasets:
            return Contents((_info(dataset, path),))
    found, off_grid = [], []
    for name in subdatasets:
        with opened(name) as dataset:
            try:
                found.append(_info(dataset, name))
            except GridError:
                off_grid.append(name.rpartition(":")[2])
    if not found:
        raise GridError("No variable of the file lies on a north-up grid.", where=path, fix="Convert it to GeoTIFF.")
    return Contents(tuple(found), tuple(off_grid))


def check_readable(info: RasterInfo) -> None:
    """Read the end of a raster, so that a file cut short is found before work starts.

    Raises:
        SourceError: Its last block cannot be read, or a TIFF's blocks lie behind the file's end.
    """
    last_row = (info.grid.height - 1) // info.block[0] * info.block[0]
    last_col = (info.grid.width - 1) // info.block[1] * info.block[1]
    window = RasterWindow(last_col, last_row, info.grid.width - last_col, info.grid.height - last_row)
    with opened(info.path) as dataset:
        try:
            for index in {1, dataset.count}:
                dataset.read(index, window=window)
        except RasterioError as error:
            raise _unreadable(info.path, error) from error


def _unreadable(path: str, error: Exception) -> SourceError:
    reason = " ".join(str(error.__cause__ or error).split())
    return SourceError(
        f"The raster cannot be read: {reason}", where=path, fix="Copy or download it again, or leave it out."
    )


def _info(dataset: Any, path: str) -> RasterInfo:
    if not dataset.count:
        raise SourceError("The file holds no raster band.", where=path, fix="Leave it out.")
    if any(np.dtype(kind).kind == "c" for kind in dataset.dtypes):
        raise SourceError(
            "The raster holds complex numbers.", where=path, fix="Convert it to real numbers, or leave it out."
        )
    grid = dataset_grid(dataset, path)
    bands = _netcdf_bands(dataset, path) if dataset.driver == "netCDF" else _plain_bands(dataset)
    rows, cols = dataset.block_shapes[0]
    return RasterInfo(path, grid, bands, (int(rows), int(cols)), str(dataset.driver))


def _plain_bands(dataset: Any) -> tuple[RasterBand, ...]:
    alphas = _alphas(dataset)
    return tuple(
        RasterBand(
            k + 1,
            dataset.descriptions[k] or "",
            dataset.scales[k],
            dataset.offsets[k],
            dataset.nodatavals[k],
            dtype=dataset.dtypes[k],
            alpha=k in alphas,
        )
        for k in range(dataset.count)
    )


def _alphas(dataset: Any) -> set[int]:
    """Return the positions of alpha bands: those without a name of their own.

    GDAL calls the fourth of four byte bands alpha where the writer does not say otherwise, be it named "nir".
    """
    if not any(MaskFlags.alpha in flags for flags in dataset.mask_flag_enums):
        return set()
    named = [name and "alpha" not in name.lower() for name in dataset.descriptions]
    kinds = enumerate(dataset.colorinterp)
    return {place for place, kind in kinds if kind == ColorInterp.alpha and not named[place]}


def _netcdf_bands(dataset: Any, path: str) -> tuple[RasterBand, ...]:
    """Return a NetCDF variable's bands: named by the variable and its further axes, dated by its time axis."""
    tags = dataset.tags()
    bands = []
    for band in _plain_bands(dataset):
        own = dataset.tags(band.index)
        dates, words = _axes_of_band(tags, own, band.index, path)
        variable = own.get("NETCDF_VARNAME", "")
        name = "_".join(words) if words and variable.startswith("__") else "_".join([variable, *words])
        nodata = _netcdf_nodata(band, own, tags)
        bands.append(dataclasses.replace(band, name=name, date=dates[0] if dates else None, nodata=nodata))
    return tuple(bands)


def _axes_of_band(
    tags: Mapping[str, str], own: Mapping[str, str], index: int, path: str
) -> tuple[list[dt.date], list[str]]:
    """Return a band's place on the axes besides y and x: dates on time axes, words on the others."""
    axes = _braced(tags.get("NETCDF_DIM_EXTRA", ""))
    values = [_braced(tags.get(f"NETCDF_DIM_{axis}_VALUES", "")) for axis in axes]
    sizes = [int(_braced(tags.get(f"NETCDF_DIM_{axis}_DEF", "{1}"))[0]) for axis in axes]
    fits = bool(axes) and math.prod(sizes) >= index
    places = [int(place) for place in np.unravel_index(index - 1, sizes)] if fits else [0] * len(axes)
    dates, words = [], []
    for axis, place, known in zip(axes, places, values, strict=True):
        text = own.get(f"NETCDF_DIM_{axis}") or (known[place] if place < len(known) else str(place))
        units = tags.get(f"{axis}#units", "")
        if "since" in units:
            dates.append(_cf_date(float(text), units, tags.get(f"{axis}#calendar", ""), path))
        elif sizes[axes.index(axis)] > 1:
            words.append(text)
    return dates, words


def _braced(text: str) -> list[str]:
    """Split GDAL's "{a,b,c}"; a single value comes without braces."""
    inner = text.strip().removeprefix("{").removesuffix("}")
    return inner.split(",") if inner else []


def _cf_date(value: float, units: str, calendar: str, path: str) -> dt.date:
    """Return the day that a CF time coordinate means, e.g. 11262 in "days since 1990-01-01"."""
    found = _UNITS.match(units.lower())
    if not found or calendar.lower() not in _REAL_CALENDARS:
        raise SourceError(
            f"The time axis counts {units!r} in calendar {calendar or 'standard'!r}, which is not understood.",
            where=path,
            fix="Write it as days since a date in the standard calendar.",
        )
    clock = re.findall(r"\d+", found[5].split("+")[0])[:3]
    hours, minutes, seconds = (int(part) for part in [*clock, 0, 0, 0][:3])
    start = dt.datetime(int(found[2]), int(found[3]), int(found[4]), hours, minutes, seconds)
    return (start + dt.timedelta(seconds=round(value * _SECONDS[found[1][0]]))).date()


def _netcdf_nodata(band: RasterBand, own: Mapping[str, str], tags: Mapping[str, str]) -> float | None:
    """Return a NetCDF band's no-data number.

    GDAL takes NetCDF's default fill for short, -32767, where a variable declares none. Read as unsigned (`_Unsigned`)
    that is 32769, an ordinary value; openEO's files then hold the largest number, 65535, in its stead.
    """
    declared = any(key in own for key in ("_FillValue", "missing_value"))
    if np.dtype(band.dtype).kind != "u" or own.get("_Unsigned", "").lower() != "true":
        return band.nodata
    span = np.iinfo(band.dtype).max + 1
    if declared and band.nodata is not None:
        return band.nodata % span
    overall = tags.get("NC_GLOBAL#_FillValue", "")
    return float(overall) % span if re.fullmatch(r"-?\d+", overall) else float(span - 1)
