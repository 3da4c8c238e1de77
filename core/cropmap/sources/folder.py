"""A folder of rasters as a series: files by date and band, by date, or with many dates in one file."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cropmap.contract.errors import CropMapError, GridError, ParameterError, Problem, SourceError
from cropmap.contract.params import param
from cropmap.data.scenes import Asset, MaskRule, Scene, SceneSeries
from cropmap.io.rasters import RasterBand, RasterInfo, check_readable, describe, grid_differences
from cropmap.sources import SOURCES
from cropmap.sources.patterns import (
    TEMPLATE_HELP,
    Named,
    Template,
    common_pattern,
    is_quality_band,
    recognise,
    split_description,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cropmap.data.site import Grid

# Formats that hold image series; a template may name any other that GDAL reads.
_EXTENSIONS = frozenset(
    f".{name}" for name in ("tif", "tiff", "jp2", "j2k", "vrt", "img", "nc", "nc4", "cdf", "h5", "he5", "hdf", "hdf5")
) | frozenset(f".{name}" for name in ("bil", "bsq", "bip", "dat", "asc", "kea"))

# Landsat Collection 2 QA_PIXEL: fill, dilated cloud, cirrus, cloud, cloud shadow, snow (USGS, Landsat 8-9 C2 L2 guide).
_LANDSAT_BAD_BITS = (0, 1, 2, 3, 4, 5)
# Sentinel-2 scene classification: vegetation, not vegetated, water, unclassified (ESA, Sen2Cor product definition).
_SCL_CLEAR = (4, 5, 6, 7)


@dataclass(frozen=True, kw_only=True)
class FolderParams:
    """Where the images are, and how their names and numbers are read."""

    path: str = param(kind="folder", help="Folder with the images; a single file with many dates is allowed too.")
    pattern: str = param(
        "",
        help="How file names hold date and band, e.g. {band}_{date:%Y%m%d}.tif with {*} for anything. "
        "Empty: recognised from the names.",
    )
    bands: list[str] = param([], kind="texts", help="Bands to use, in this order; empty takes all.")
    band_names: list[str] = param(
        [],
        kind="texts",
        advanced=True,
        help="Names of the bands of multi-band files, in order; empty takes the files'.",
    )
    scale: float = param(
        0.0, help="Factor from stored numbers to physical values, e.g. 0.0001; 0 takes the file's.", advanced=True
    )
    offset: float = param(0.0, help="Added after scaling; with scale 0 and offset 0, the file's.", advanced=True)
    nodata: str = param("", help="Stored number that means no value, or nan; empty takes the file's.", advanced=True)
    valid_range: list[float] = param(
        [], kind="numbers", help="Lowest and highest physical value; others count as clouded. Empty keeps all."
    )
    mask_band: str = param("", help="Band that tells cloud from clear, e.g. QA_PIXEL or SCL; empty uses none.")
    mask_clear_values: list[float] = param(
        [], kind="numbers", help="Numbers of the mask band that are clear; empty with SCL takes 4, 5, 6 and 7."
    )
    mask_bad_bits: list[float] = param(
        [], kind="numbers", help="Bits of the mask band that must not be set; empty with QA_PIXEL takes 0 to 5."
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
        default=False, help="Resample images on other grids to the first image's: bands bilinear, masks nearest."
    )


@dataclass(frozen=True)
class _Layer:
    """One band of one date, and where it lies; `rest` tells acquisitions of one date apart."""

    date: dt.date
    band: str
    number: RasterBand
    info: RasterInfo
    rest: str


@dataclass(frozen=True)
class _Found:
    """What a folder holds, before it becomes a series."""

    layers: tuple[_Layer, ...]
    bands: tuple[str, ...]
    named: tuple[Named, ...]
    files: int
    notes: tuple[str, ...]

    @property
    def infos(self) -> dict[str, RasterInfo]:
        """The rasters in use, by path, in order."""
        return {layer.info.path: layer.info for layer in self.layers}


@SOURCES.register("folder", title="Folder of images", params=FolderParams)
def folder(params: FolderParams) -> SceneSeries:
    """Take a folder of raster files on this computer, in any format that GDAL reads.

    Every file is opened and read at its end before a series is returned, so that missing, damaged and misplaced images
    are known before work starts.

    Args:
        params: Where the images are, and how they are read.

    Raises:
        ParameterError: Values that contradict each other.
        SourceError: No folder, no raster, no date, a band missing on a date, a damaged file.
        GridError: Files on different grids without `warp`.
    """
    found = _find(params)
    _check_grids(found, params)
    for info in found.infos.values():
        check_readable(info)
    return _series(found, params)


def listing(params: FolderParams) -> dict[str, Any]:
    """Say what was found, as plain JSON, for the user to look at before anything runs; only files' headers are read.

    Returns:
        "dates", "bands", "grid", "files", "pattern" (empty where dates come from inside the files), "scale", "offset"
        and "nodata" by band, "mask", "warnings" (what was left out or guessed), and "problems" (why `folder` would
        refuse it; empty if it would not).

    Raises:
        CropMapError: Nothing can be listed: no folder, no raster, no date.
    """
    found = _find(params)
    problems = []
    dates: list[str] = []
    try:
        dates = [date.isoformat() for date in _series(found, params).dates]
        _check_grids(found, params)
    except CropMapError as error:
        problems.append(str(error))
    firsts = {layer.band: _asset(layer, params) for layer in reversed(found.layers) if layer.band in found.bands}
    rule = _mask_rule(params)
    return {
        "path": params.path,
        "files": found.files,
        "pattern": _pattern_shown(found, params),
        "dates": dates or sorted({layer.date.isoformat() for layer in found.layers}),
        "bands": list(found.bands),
        "grid": _grid_shown(_first_grid(found)),
        "scale": {band: firsts[band].scale for band in found.bands},
        "offset": {band: firsts[band].offset for band in found.bands},
        "nodata": {band: _number_shown(firsts[band].nodata) for band in found.bands},
        "mask": {"band": params.mask_band, "clear_values": list(rule.clear_values), "bad_bits": list(rule.bad_bits)}
        if rule
        else None,
        "warnings": [*found.notes, *_storage_notes(found)],
        "problems": problems,
    }


# ---------------------------------------------------------------- finding


def _find(params: FolderParams) -> _Found:
    """Return the layers that the folder holds, between the dates and of the bands asked for."""
    _check_params(params)
    files, root = _files(params)
    named, notes = _named_files(files, root, params)
    layers: list[_Layer] = []
    for file, name in named:
        found, told = _layers_of_file(str(file), name, params)
        layers += found
        notes += told
    if not layers:
        raise _no_dates(files, root)
    bands, more = _bands(layers, params)
    kept = [layer for layer in layers if layer.band in {*bands, params.mask_band} and _in_span(layer.date, params)]
    if not kept:
        span = f"{min(layer.date for layer in layers)} .. {max(layer.date for layer in layers)}"
        raise SourceError(
            f"No image lies between {params.start or 'the beginning'} and {params.end or 'the end'}; there are {span}.",
            where=params.path,
            fix="Change start and end.",
        )
    return _Found(tuple(kept), bands, tuple(name for _, name in named), len(files), tuple(dict.fromkeys(notes + more)))


def _files(params: FolderParams) -> tuple[list[Path], Path]:
    """Return the raster files in natural order (B2 before B10), and the folder that their names are relative to."""
    root = Path(params.path).expanduser()
    if root.is_file():
        return [root], root.parent
    if not root.is_dir():
        raise SourceError(f"There is no folder {params.path!r}.", fix="Choose the folder that holds the images.")
    if params.pattern:
        deep = Template(params.pattern).in_subfolders
        found = [path for path in (root.rglob("*") if deep else root.iterdir()) if path.is_file()]
    else:
        found = _rasters(root.iterdir()) or _rasters(root.rglob("*"))
    if not found:
        raise SourceError(
            "The folder holds no raster file.",
            where=params.path,
            fix=f"Known extensions: {', '.join(sorted(_EXTENSIONS))}. Others need a pattern that names them.",
        )
    return sorted(found, key=lambda path: _natural(path.relative_to(root).as_posix())), root


def _rasters(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.suffix.lower() in _EXTENSIONS and path.name[0] != "." and path.is_file()]


def _natural(text: str) -> list[tuple[bool, int, str]]:
    """Return a sort key that puts B2 before B10."""
    return [
        (bool(part) and part.isdecimal(), int(part) if part.isdecimal() else 0, part)
        for part in re.split(r"(\d+)", text)
    ]


def _named_files(files: Sequence[Path], root: Path, params: FolderParams) -> tuple[list[tuple[Path, Named]], list[str]]:
    """Return the files with what their names say; those that do not fit are told of."""
    names = [file.relative_to(root).as_posix() for file in files]
    if not params.pattern:
        return list(zip(files, recognise(names), strict=True)), []
    template = Template(params.pattern)
    matched = [template.match(name) for name in names]
    found = [
        (file, name)
        for file, name in zip(files, matched, strict=True)
        if name and not file.name.endswith((".aux.xml", ".ovr", ".msk"))
    ]
    if not found:
        raise SourceError(
            f"No file fits the pattern {params.pattern!r}; there are {_some(names)}.",
            where=params.path,
            fix=TEMPLATE_HELP,
        )
    others = [name for name, match in zip(names, matched, strict=True) if not match]
    rasters = [name for name in others if Path(name).suffix.lower() in _EXTENSIONS]
    notes = (
        [f"{len(rasters)} raster files do not fit the pattern and are left out: {_some(rasters)}."] if rasters else []
    )
    return found, notes


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _no_dates(files: Sequence[Path], root: Path) -> SourceError:
    names = [file.relative_to(root).as_posix() for file in files]
    return SourceError(
        f"No date is found in the names of the {len(names)} files ({_some(names)}) or of their bands.",
        where=str(root),
        fix=f"{TEMPLATE_HELP} For one file with many dates give first_date and step_days.",
    )


# ---------------------------------------------------------------- one file


def _layers_of_file(path: str, name: Named, params: FolderParams) -> tuple[list[_Layer], list[str]]:
    """Return a file's layers, and what of it was left out and why."""
    infos = describe(path)
    if any(band.date for info in infos for band in info.bands):
        # A file with a time axis is dated by it; a date in its name, often its span, must not date its static layers.
        name = dataclasses.replace(name, date=None)
    layers: list[_Layer] = []
    for info in infos:
        dated = _dated_bands(info, name, params, alone=len(infos) == 1)
        rest = name.rest if len(info.bands) == 1 else path
        layers += [_Layer(date, band, number, info, rest) for date, band, number in dated]
    used = {(layer.info.path, layer.number.index) for layer in layers}
    undated = [_band_label(info, band) for info in infos for band in info.bands if (info.path, band.index) not in used]
    if not undated:
        return layers, []
    return layers, [f"Without a date and left out: {_some(undated)} ({Path(path).name})."]


def _band_label(info: RasterInfo, band: RasterBand) -> str:
    return band.name or (Path(info.path).name if len(info.bands) == 1 else f"band {band.index}")


_Dated = tuple[dt.date, str, "RasterBand"]


def _dated_bands(info: RasterInfo, name: Named, params: FolderParams, *, alone: bool) -> list[_Dated]:
    """Return date and band of each of a raster's bands that has a date."""
    if any(band.date for band in info.bands):
        return [(band.date, band.name or name.band, band) for band in info.bands if band.date]
    described = [split_description(band.name) for band in info.bands]
    if sum(date is not None for date, _ in described) > len(described) / 2:
        fallback = name.band or (params.band_names[0] if len(params.band_names) == 1 else "B1")
        pairs = zip(described, info.bands, strict=True)
        return [(date, text or fallback, band) for (date, text), band in pairs if date]
    if len(info.bands) == 1:
        return _single(info.bands[0], name, alone=alone)
    return _many(info, name, params)


def _single(band: RasterBand, name: Named, *, alone: bool) -> list[_Dated]:
    """Return the band of a one-band raster: named by the file, or by the variable where the file holds several."""
    if name.date is None:
        return []
    return [(name.date, (name.band if alone else "") or band.name or "B1", band)]


def _many(info: RasterInfo, name: Named, params: FolderParams) -> list[_Dated]:
    """Return the bands of a multi-band raster whose bands hold no dates: of one date, or of many in steps."""
    steps = _steps(info, params)
    count = 1 + max(step for step, _ in steps)
    first = dt.date.fromisoformat(params.first_date) if params.first_date else name.date
    if count == 1 and name.date is None and first and params.step_days:
        band = name.band or (params.band_names[0] if len(params.band_names) == 1 else "B1")
        steps, count = [(step, band) for step in range(len(info.bands))], len(info.bands)
    if count == 1:
        return [(name.date, band, number) for (_, band), number in zip(steps, info.bands, strict=True) if name.date]
    if first is None or not params.step_days:
        known = f" The file's name holds {name.date}." if name.date else ""
        raise SourceError(
            f"The file holds {count} dates of {_some(list(dict.fromkeys(band for _, band in steps)))} "
            "without saying which dates.",
            where=info.path,
            fix=f"Give first_date and step_days.{known}",
        )
    held = Counter(band for _, band in steps)
    return [
        (first + dt.timedelta(days=step * params.step_days), band, number)
        for (step, band), number in zip(steps, info.bands, strict=True)
        if held[band] == count
    ]


def _steps(info: RasterInfo, params: FolderParams) -> list[tuple[int, str]]:
    """Return time step and name of each band of a multi-band raster.

    Names given by the user go round; "B4" that comes again, "B4_1" beside "B4", and "1_B4" where all bands are numbered
    (Earth Engine's exports of image collections) count the steps.
    """
    names = [band.name for band in info.bands]
    given = params.band_names
    if given:
        if len(names) % len(given):
            raise SourceError(
                f"{len(given)} band names are given for a file with {len(names)} bands.",
                where=info.path,
                fix="Give one name for each band, or for each band of one date.",
            )
        return [(position // len(given), given[position % len(given)]) for position in range(len(names))]
    numbered = [re.fullmatch(r"(\d+)_(.+)", name) for name in names]
    matches = [match for match in numbered if match]
    if len(matches) == len(names):
        return [(int(match[1]), match[2]) for match in matches]
    return _counted(names)


def _counted(names: Sequence[str]) -> list[tuple[int, str]]:
    plain = set(names)
    seen: Counter[str] = Counter()
    found = []
    for position, name in enumerate(names, 1):
        suffixed = re.fullmatch(r"(.+)_(\d+)", name)
        if not name:
            found.append((0, f"B{position}"))
        elif suffixed and suffixed[1] in plain:
            found.append((int(suffixed[2]), suffixed[1]))
        else:
            found.append((seen[name], name))
            seen[name] += 1
    return found


# ---------------------------------------------------------------- bands, scenes, grids


def _bands(layers: Sequence[_Layer], params: FolderParams) -> tuple[tuple[str, ...], list[str]]:
    """Return the data bands, in order, and what was left out."""
    known = list(dict.fromkeys(layer.band for layer in layers))
    missing = [band for band in [*params.bands, params.mask_band] if band and band not in known]
    if missing:
        raise SourceError(
            f"There is no band {missing[0]!r}.",
            where=params.path,
            fix=f"Known: {', '.join(known)}. Names are compared letter by letter.",
        )
    if params.bands:
        return tuple(params.bands), []
    data = [band for band in known if band != params.mask_band]
    quality = [band for band in data if is_quality_band(band)]
    kept = tuple(band for band in data if band not in quality)
    if not kept:
        raise SourceError(
            f"The folder holds only quality bands: {', '.join(known)}.", where=params.path, fix="Add the images' bands."
        )
    notes = [
        f"{band} holds quality flags and is not used; choose it as mask_band, or name it in bands." for band in quality
    ]
    return kept, notes


def _in_span(date: dt.date, params: FolderParams) -> bool:
    text = date.isoformat()
    return (params.start or text) <= text <= (params.end or text)


def _series(found: _Found, params: FolderParams) -> SceneSeries:
    rule = _mask_rule(params)
    scenes = tuple(_scene(group, params) for group in _acquisitions(found.layers))
    _check_complete(scenes, found.bands, params)
    low_high = (params.valid_range[0], params.valid_range[1]) if params.valid_range else None
    return SceneSeries(_first_grid(found), found.bands, scenes, rule, params.warp, low_high)


def _acquisitions(layers: Sequence[_Layer]) -> list[list[_Layer]]:
    """Group layers into acquisitions: by date, and where a band stands twice on a date by the rest of the file name."""
    by_date: defaultdict[dt.date, list[_Layer]] = defaultdict(list)
    for layer in layers:
        by_date[layer.date].append(layer)
    found = []
    for date in sorted(by_date):
        group = by_date[date]
        if _twice(group) is None:
            found.append(group)
            continue
        by_rest: defaultdict[str, list[_Layer]] = defaultdict(list)
        for layer in group:
            by_rest[layer.rest].append(layer)
        found += by_rest.values()
    return found


def _twice(layers: Sequence[_Layer]) -> tuple[_Layer, _Layer] | None:
    """Return two layers of the same band, if there are."""
    seen: dict[str, _Layer] = {}
    for layer in layers:
        if layer.band in seen:
            return seen[layer.band], layer
        seen[layer.band] = layer
    return None


def _scene(layers: Sequence[_Layer], params: FolderParams) -> Scene:
    same = _twice(layers)
    if same:
        raise SourceError(
            f"Band {same[0].band} stands twice on {same[0].date}.",
            where=f"{same[0].info.path} and {same[1].info.path}",
            fix=f"Leave one out, or tell them apart. {TEMPLATE_HELP}",
        )
    assets = {layer.band: _asset(layer, params) for layer in layers}
    mask = assets.get(params.mask_band)
    if params.mask_band not in params.bands:
        assets.pop(params.mask_band, None)
    return Scene(layers[0].date, assets, mask)


def _asset(layer: _Layer, params: FolderParams) -> Asset:
    """Return how a layer is read; the user's scale comes with the user's offset, the mask band is never scaled."""
    number = layer.number
    scale, offset, nodata = number.scale, number.offset, number.nodata
    if layer.band != params.mask_band:
        if params.scale:
            scale, offset = params.scale, params.offset
        elif params.offset:
            offset = params.offset
        nodata = float(params.nodata) if params.nodata else nodata
    if not scale or not math.isfinite(scale):
        raise SourceError(
            f"The file gives band {layer.band} the scale {scale:g}.",
            where=layer.info.path,
            fix="Give the scale yourself.",
        )
    return Asset(layer.info.path, number.index, scale, offset, nodata)


def _check_complete(scenes: Sequence[Scene], bands: Sequence[str], params: FolderParams) -> None:
    for band in bands:
        lacking = [scene for scene in scenes if band not in scene.bands]
        if lacking:
            raise _missing(band, lacking, scenes)
    lacking = [scene for scene in scenes if scene.mask is None]
    if params.mask_band and lacking:
        raise _missing(params.mask_band, lacking, scenes)


def _missing(band: str, lacking: Sequence[Scene], scenes: Sequence[Scene]) -> SourceError:
    dates = _some([scene.date.isoformat() for scene in lacking])
    beside = [asset.path for asset in (*lacking[0].bands.values(), lacking[0].mask) if asset]
    return SourceError(
        f"Band {band} is missing on {len(lacking)} of {len(scenes)} dates: {dates}.",
        where=f"beside {beside[0]}" if beside else "",
        fix="Add the file, remove that date, or leave the band out.",
    )


def _first_grid(found: _Found) -> Grid:
    """Return the grid of the first date's finest data band."""
    date = min(layer.date for layer in found.layers if layer.band in found.bands)
    infos = [layer.info for layer in found.layers if layer.date == date and layer.band in found.bands]
    return min(infos, key=lambda info: info.grid.pixel_width).grid


def _check_grids(found: _Found, params: FolderParams) -> None:
    grid = _first_grid(found)
    first = next(info.path for info in found.infos.values() if info.grid == grid)
    known: set[Grid] = {grid}
    for info in found.infos.values():
        if info.grid in known:
            continue
        known.add(info.grid)
        if params.warp:
            _check_warpable(info, grid, first)
            continue
        differences = grid_differences(grid, info.grid)
        if differences:
            raise GridError(
                f"Two files lie on different grids: {'; '.join(differences)}.",
                where=f"{info.path} against {first}",
                fix="Switch on warp to resample to the first image's grid, or leave one out.",
            )


def _check_warpable(info: RasterInfo, grid: Grid, first: str) -> None:
    if grid_differences(grid, info.grid) and not (grid.crs and info.grid.crs):
        raise GridError(
            "A file on another grid cannot be warped without a coordinate reference system.",
            where=info.path if grid.crs else first,
            fix="Give the file its coordinate reference system.",
        )


# ---------------------------------------------------------------- parameters


def _mask_rule(params: FolderParams) -> MaskRule | None:
    if not params.mask_band:
        return None
    values = tuple(int(value) for value in params.mask_clear_values)
    bits = tuple(int(bit) for bit in params.mask_bad_bits)
    if not values and not bits:
        is_scl = params.mask_band.upper().endswith("SCL")
        return MaskRule(clear_values=_SCL_CLEAR) if is_scl else MaskRule(bad_bits=_LANDSAT_BAD_BITS)
    return MaskRule(values, bits)


def _check_params(params: FolderParams) -> None:
    problems = [*_number_problems(params), *_mask_problems(params)]
    for name in ("start", "end", "first_date"):
        text = getattr(params, name)
        if text and not _is_date(text):
            problems.append(Problem(name, f"{text!r} is not a date.", "Write it as YYYY-MM-DD."))
    if params.start and params.end and params.start > params.end:
        problems.append(Problem("end", f"{params.end} is before start, {params.start}.", "Exchange them."))
    for name in ("bands", "band_names"):
        twice = [text for text, count in Counter(getattr(params, name)).items() if count > 1 or not text]
        if twice:
            problems.append(Problem(name, f"{twice[0]!r} is empty or stands twice.", "Give each name once."))
    if params.first_date and not params.step_days:
        problems.append(Problem("step_days", "is missing beside first_date.", "Give the days between two steps."))
    if problems:
        raise ParameterError(problems, where="folder")


def _is_date(text: str) -> bool:
    try:
        return bool(dt.date.fromisoformat(text))
    except ValueError:
        return False


def _number_problems(params: FolderParams) -> list[Problem]:
    problems = []
    given = params.valid_range
    if given and not (len(given) == 2 and given[0] < given[1]):
        problems.append(Problem("valid_range", f"{given} is no range.", "Give the lowest and the highest value."))
    if params.nodata and not _is_number(params.nodata):
        problems.append(Problem("nodata", f"{params.nodata!r} is not a number.", "Give a number or nan."))
    problems += [
        Problem(name, f"{getattr(params, name)} is not finite.", "Give a number.")
        for name in ("scale", "offset")
        if not math.isfinite(getattr(params, name))
    ]
    return problems


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _mask_problems(params: FolderParams) -> list[Problem]:
    values, bits, band = params.mask_clear_values, params.mask_bad_bits, params.mask_band
    problems = []
    if (values or bits) and not band:
        problems.append(Problem("mask_band", "is missing beside its values or bits.", "Name the mask band."))
    if values and bits:
        problems.append(Problem("mask_bad_bits", "is given beside mask_clear_values.", "Give one of the two."))
    if band and not values and not bits and not band.upper().endswith(("QA_PIXEL", "SCL")):
        problems.append(
            Problem("mask_band", f"{band!r} has no rule.", "Give mask_clear_values or mask_bad_bits for this band.")
        )
    if any(value != int(value) for value in values):
        problems.append(Problem("mask_clear_values", f"{values} are not whole numbers.", "Give whole numbers."))
    if any(bit != int(bit) or not 0 <= bit < 64 for bit in bits):
        problems.append(Problem("mask_bad_bits", f"{bits} are not bits.", "Give whole numbers from 0 to 63."))
    return problems


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
    return [f"{len(strips)} files are stored in strips; tiled ones are read up to five times faster: {_some(strips)}."]
