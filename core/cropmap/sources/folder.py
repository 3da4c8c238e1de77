"""A folder of rasters as a series: files by date and band, by date, or with many dates in one file."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cropmap.contract.errors import CropMapError, SourceError
from cropmap.contract.params import param
from cropmap.data.scenes import Asset, Scene, SceneSeries
from cropmap.io.rasters import RasterInfo, check_readable
from cropmap.io.temperatures import read_temperatures
from cropmap.sources import SOURCES
from cropmap.sources.checks import check_complete, check_grids, check_mask_grids, check_params
from cropmap.sources.files import files_in, named_files, no_dates, some
from cropmap.sources.layers import Layer, acquisitions, content_of, first_grid, notes_on, twice
from cropmap.sources.masks import Mask, asked_masks, find_masks, is_off, rule_text
from cropmap.sources.patterns import TEMPLATE_HELP, Named, common_pattern, is_quality_band
from cropmap.sources.sensors import SENSORS, as_sensor, numbers_of, sensor_notes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cropmap.data.site import Grid


@dataclass(frozen=True, kw_only=True)
class FolderParams:
    """Where the images are, and how their names and numbers are read."""

    path: str = param(kind="folder", help="Folder with the images; a single file with many dates is allowed too.")
    pattern: str = param(
        "",
        help="How file names hold date and band, e.g. {band}_{date:%Y%m%d}.tif with {*} for anything. "
        "Empty: recognised from the names.",
    )
    sensor: str = param(
        "",
        choices=("", *SENSORS),
        help="Names the bands by their roles (red, nir, swir1, ...) and knows scale, offset, fill number, valid range "
        "and masks. Empty: as the files say.",
    )
    boa_offset: str = param(
        "auto",
        choices=("auto", "yes", "no"),
        title="Sentinel-2 offset",
        advanced=True,
        help="Whether sentinel_2_l2a takes 1000 from the stored numbers. auto: by the processing baseline in the path "
        "(04.00 or later), else from 25 January 2022; no: harmonised images (Earth Engine, Sentinel Hub).",
    )
    bands: list[str] = param([], kind="texts", help="Bands to use, in this order; empty takes all.")
    band_names: list[str] = param(
        [],
        kind="texts",
        advanced=True,
        help="Names of the bands of multi-band files, in order; empty takes the files'.",
    )
    scale: float = param(
        0.0,
        help="Factor from stored numbers to physical values, e.g. 0.0001; 0 takes the file's or the sensor's.",
        advanced=True,
    )
    offset: float = param(
        0.0, help="Added after scaling; with scale 0 and offset 0, the file's or the sensor's.", advanced=True
    )
    nodata: str = param(
        "",
        help="Stored number that means no value, or nan; empty takes the file's, else the sensor's.",
        advanced=True,
    )
    valid_range: list[float] = param(
        [],
        kind="numbers",
        help="Lowest and highest physical value; others count as clouded. Empty keeps all, or the sensor's.",
    )
    masks: list[str] = param(
        [],
        kind="texts",
        help="Bands that tell cloud from clear, e.g. QA_PIXEL, SCL clear 4 5 6 7, QA_PIXEL bits 1 3 4, X bad 3 8, "
        "CLP up to 102; a pixel is clear if all say so. Empty: those that are recognised; none: no mask.",
    )
    mask_dilate: int = param(
        0, unit="pixels", low=0, high=50, help="Widens clouds and shadows of the masks by this distance."
    )
    start: str = param("", kind="date", help="First date to use; empty takes all from the beginning.")
    end: str = param("", kind="date", help="Last date to use; empty takes all to the end.")
    first_date: str = param(
        "",
        kind="date",
        advanced=True,
        help="Date of the first step of a file that holds many dates without saying which.",
    )
    step_days: int = param(
        0, unit="days", low=0, high=366, advanced=True, help="Days between the steps of such a file; 0 where none is."
    )
    warp: bool = param(
        default=False,
        help="Resample images on other grids to the first image's: bands bilinear, masks nearest. Masks that cover the "
        "images in the same coordinate system need no warp.",
    )
    temperatures: str = param(
        "",
        kind="file",
        advanced=True,
        help="CSV of the site's daily temperatures in degrees C, with the columns date and mean, or date, min and max: "
        "for recipes that count degree-days.",
    )


@dataclass(frozen=True)
class _Found:
    """What a folder holds, before it becomes a series."""

    layers: tuple[Layer, ...]
    bands: tuple[str, ...]
    masks: tuple[Mask, ...]
    named: tuple[Named, ...]
    files: int
    notes: tuple[str, ...]

    @property
    def infos(self) -> dict[str, RasterInfo]:
        """The rasters in use, by path, in order."""
        return {layer.info.path: layer.info for layer in self.layers}

    @property
    def data_infos(self) -> dict[str, RasterInfo]:
        """Those of them that hold measurements."""
        return {layer.info.path: layer.info for layer in self.layers if layer.band in self.bands}

    @property
    def grid(self) -> Grid:
        """The grid of the first date's finest data band."""
        return first_grid(self.layers, self.bands)

    @property
    def mask_bands(self) -> tuple[str, ...]:
        """The names of the mask layers."""
        return tuple(mask.band for mask in self.masks)

    def check_grids(self, *, warp: bool) -> None:
        """Refuse files on grids that cannot be brought to the series'."""
        data = self.data_infos
        check_grids(data, self.grid, warp=warp)
        masks = {path: info for path, info in self.infos.items() if path not in data}
        check_mask_grids(masks, self.grid, warp=warp)


@SOURCES.register("folder", title="Folder of images", params=FolderParams)
def folder(params: FolderParams) -> SceneSeries:
    """Take a folder of raster files on this computer, in any format that GDAL reads.

    Every file is opened and read at its end before a series is returned, so that missing, damaged and misplaced images
    are known before work starts.

    Args:
        params: Where the images are, and how they are read.

    Raises:
        ParameterError: Values that contradict each other.
        SourceError: No folder, no raster, no date, a band missing on a date, a damaged file, a prepared cube.
        GridError: Files on different grids without `warp`.
    """
    found = _find(params)
    found.check_grids(warp=params.warp)
    for info in found.infos.values():
        check_readable(info)
    return _series(found, params)


def listing(params: FolderParams) -> dict[str, Any]:
    """Say what was found, as plain JSON, for the user to look at before anything runs; only files' headers are read.

    Returns:
        "dates", "bands", "scenes" (the bands that each date has), "grid", "files", "pattern" (empty where dates come
        from inside the files), "sensor", "file_bands" (the files' name of each band that the sensor names otherwise),
        "scale", "offset" and "nodata" by band (a list where dates differ), "valid_range", "masks" (the rule by band),
        "mask_dilate", "warnings" (what was left out or guessed), and "problems" (why `folder` would refuse it; empty
        if it would not).

    Raises:
        CropMapError: Nothing can be listed: no folder, no raster, no date.
    """
    found = _find(params)
    problems = []
    dates: list[str] = []
    try:
        dates = [date.isoformat() for date in _series(found, params).dates]
        found.check_grids(warp=params.warp)
    except CropMapError as error:
        problems.append(str(error))
    return {
        "path": params.path,
        "files": found.files,
        "pattern": _pattern_shown(found, params),
        "dates": dates or sorted({layer.date.isoformat() for layer in found.layers}),
        "bands": list(found.bands),
        "scenes": _scenes_shown(found),
        "grid": _grid_shown(found.grid),
        "sensor": params.sensor,
        "file_bands": {layer.band: layer.file_band for layer in found.layers if layer.file_band},
        **_numbers_shown(found, params),
        "valid_range": list(_valid_range(params) or ()),
        "masks": {mask.band: rule_text(mask.rule) for mask in found.masks},
        "mask_dilate": params.mask_dilate,
        "warnings": [*found.notes, *_storage_notes(found)],
        "problems": problems,
    }


def _numbers_shown(found: _Found, params: FolderParams) -> dict[str, dict[str, Any]]:
    """Return scale, offset and no-data number by band; lists where they differ between dates."""
    shown: dict[str, dict[str, Any]] = {"scale": {}, "offset": {}, "nodata": {}}
    for band in found.bands:
        several = [numbers_of(layer, params) for layer in found.layers if layer.band == band]
        for name, values in zip(shown, zip(*several, strict=True), strict=True):
            distinct = list(dict.fromkeys(_number_shown(value) for value in values))
            shown[name][band] = distinct[0] if len(distinct) == 1 else distinct
    return shown


def _scenes_shown(found: _Found) -> list[dict[str, Any]]:
    bands: dict[str, set[str]] = {}
    for layer in found.layers:
        bands.setdefault(layer.date.isoformat(), set()).add(layer.band)
    return [{"date": date, "bands": [band for band in found.bands if band in bands[date]]} for date in sorted(bands)]


# ---------------------------------------------------------------- finding


def _find(params: FolderParams) -> _Found:
    """Return the layers that the folder holds, between the dates and of the bands asked for."""
    check_params(params)
    files, root = files_in(params)
    named, notes = named_files(files, root, params)
    contents = [content_of(str(file), name, params) for file, name in named]
    read = [layer for content in contents for layer in content.layers]
    if not read:
        raise no_dates(files, root)
    layers, own_notes = as_sensor(read, params)
    bands, unused = _bands(layers, params)
    dated = _in_span(layers, bands, params)
    usual = SENSORS[params.sensor].masks if params.sensor else ()
    masks, reasons = find_masks(dated, bands, params, usual)
    used = {*bands, *(mask.band for mask in masks)}
    general = "{} holds quality flags and is not used; say in masks how it is read, or name it in bands."
    flags = [general.format(band) for band in unused if band not in used and band not in reasons]
    kept = tuple(layer for layer in dated if layer.band in used)
    notes += [*notes_on(contents), *own_notes, *sensor_notes(kept, params), *reasons.values(), *flags]
    return _Found(kept, bands, masks, tuple(name for _, name in named), len(files), tuple(dict.fromkeys(notes)))


def _bands(layers: Sequence[Layer], params: FolderParams) -> tuple[tuple[str, ...], list[str]]:
    """Return the data bands, in order, and the quality bands that the user said nothing of."""
    known = list(dict.fromkeys(layer.band for layer in layers))
    asked = [mask.band for mask in asked_masks(params)]
    missing = [band for band in [*params.bands, *asked] if band not in known]
    if missing:
        raise SourceError(
            f"There is no band {missing[0]!r}.",
            where=params.path,
            fix=f"Known: {', '.join(known)}. Names are compared letter by letter.",
        )
    if params.bands:
        return tuple(params.bands), []
    quality = [band for band in known if band not in asked and is_quality_band(band)]
    kept = [band for band in known if band not in asked and band not in quality]
    if params.sensor:
        kept = [band.role for band in SENSORS[params.sensor].bands if band.role in kept]
    if not kept:
        raise SourceError(
            f"The folder holds only quality bands: {', '.join(known)}.", where=params.path, fix="Add the images' bands."
        )
    return tuple(kept), [] if is_off(params) else quality


def _in_span(layers: Sequence[Layer], bands: Sequence[str], params: FolderParams) -> list[Layer]:
    """Return the layers between the dates asked for, of which at least one is of the data bands."""
    first, last = params.start or "0", params.end or "9999-12-31"
    kept = [layer for layer in layers if first <= layer.date.isoformat() <= last]
    if not any(layer.band in bands for layer in kept):
        span = f"{min(layer.date for layer in layers)} .. {max(layer.date for layer in layers)}"
        raise SourceError(
            f"No image lies between {params.start or 'the beginning'} and {params.end or 'the end'}; there are {span}.",
            where=params.path,
            fix="Change start and end.",
        )
    return kept


def _series(found: _Found, params: FolderParams) -> SceneSeries:
    scenes = tuple(_scene(group, found, params) for group in acquisitions(found.layers))
    check_complete(scenes, found.bands, found.mask_bands)
    return SceneSeries(
        found.grid,
        found.bands,
        scenes,
        {mask.band: mask.rule for mask in found.masks},
        params.mask_dilate,
        params.warp,
        _valid_range(params),
        found.notes,
        read_temperatures(params.temperatures) if params.temperatures else None,
    )


def _valid_range(params: FolderParams) -> tuple[float, float] | None:
    if params.valid_range:
        return params.valid_range[0], params.valid_range[1]
    return SENSORS[params.sensor].valid_range if params.sensor else None


def _scene(layers: Sequence[Layer], found: _Found, params: FolderParams) -> Scene:
    same = twice(layers)
    if same:
        raise SourceError(
            f"Band {same[0].band} stands twice on {same[0].date}.",
            where=f"{same[0].info.path} and {same[1].info.path}",
            fix=f"Leave one out, or tell them apart. {TEMPLATE_HELP}",
        )
    bands = {layer.band: _asset(layer, params) for layer in layers if layer.band in found.bands}
    flags = (layer for layer in layers if layer.band in found.mask_bands)
    masks = {flag.band: Asset(flag.info.path, flag.number.index, nodata=flag.number.nodata) for flag in flags}
    return Scene(layers[0].date, bands, masks)


def _asset(layer: Layer, params: FolderParams) -> Asset:
    """Return how a layer of measurements is read."""
    scale, offset, nodata = numbers_of(layer, params)
    if not scale or not math.isfinite(scale):
        raise SourceError(
            f"The file gives band {layer.band} the scale {scale:g}.",
            where=layer.info.path,
            fix="Give the scale yourself.",
        )
    return Asset(layer.info.path, layer.number.index, scale, offset, nodata)


# ---------------------------------------------------------------- listing


def _pattern_shown(found: _Found, params: FolderParams) -> str:
    """Return the template that the names were read by; empty where dates come from inside the files."""
    if params.pattern:
        return params.pattern
    dates = {name.date for name in found.named}
    if any(layer.date not in dates for layer in found.layers):
        return ""
    return common_pattern([name.shown for name in found.named if name.date])


def _number_shown(number: float | None) -> float | str | None:
    """Return a number that JSON can hold."""
    return number if number is None or math.isfinite(number) else str(number)


def _grid_shown(grid: Grid) -> dict[str, Any]:
    return {**dataclasses.asdict(grid), "bounds": list(grid.bounds)}


def _storage_notes(found: _Found) -> list[str]:
    """Tell of files in strips: a square window must decode whole rows of them."""
    strips = [info.path for info in found.infos.values() if info.block[1] == info.grid.width > 1024 > info.block[0]]
    if not strips:
        return []
    return [f"{len(strips)} files are stored in strips; tiled ones are read up to five times faster: {some(strips)}."]
