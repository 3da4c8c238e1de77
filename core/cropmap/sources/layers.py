"""What files hold: layers, each one band of one date."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cropmap.contract.errors import SourceError
from cropmap.io.cube_layout import QUALITY_BANDS
from cropmap.io.cube_reader import is_cube
from cropmap.io.rasters import RasterBand, RasterInfo, describe
from cropmap.sources.files import some
from cropmap.sources.patterns import split_description

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cropmap.data.site import Grid
    from cropmap.sources.folder import FolderParams
    from cropmap.sources.patterns import Named


@dataclass(frozen=True)
class Layer:
    """One band of one date, and where it lies.

    Args:
        date: Its date.
        band: Its name in the series.
        number: The band of the file.
        info: The file.
        rest: What tells acquisitions of one date apart.
        file_band: What the file calls it, where a sensor names it otherwise.
    """

    date: dt.date
    band: str
    number: RasterBand
    info: RasterInfo
    rest: str
    file_band: str = ""


@dataclass(frozen=True)
class Content:
    """What a file holds: layers, and names of what is left out."""

    path: str
    layers: tuple[Layer, ...]
    undated: tuple[str, ...]
    off_grid: tuple[str, ...]
    alphas: tuple[str, ...]


def content_of(path: str, name: Named, params: FolderParams) -> Content:
    """Return what a file holds; `name` is what its name says.

    Raises:
        SourceError: GDAL cannot open it, or it is a prepared cube.
        GridError: It has no north-up grid.
    """
    described = describe(path)
    _refuse_cube(path, described.rasters[0])
    infos = [_without_alpha(info, params.band_names) for info in described.rasters]
    if any(band.date for info in infos for band in info.bands):
        # A file with a time axis is dated by it; a date in its name, often its span, must not date its static layers.
        name = dataclasses.replace(name, date=None)
    layers: list[Layer] = []
    for info in infos:
        dated = _dated_bands(info, name, params, alone=len(infos) == 1)
        rest = name.rest if len(info.bands) == 1 else path
        layers += [Layer(date, band, number, info, rest) for date, band, number in dated]
    return Content(
        path,
        tuple(layers),
        _left_out(infos, {(layer.info.path, layer.number.index) for layer in layers}),
        described.off_grid,
        _left_out(described.rasters, {(info.path, band.index) for info in infos for band in info.bands}),
    )


def _refuse_cube(path: str, info: RasterInfo) -> None:
    """Refuse series that are prepared already; of files whose bands are called like theirs the tags tell."""
    if tuple(band.name for band in info.bands[-len(QUALITY_BANDS) :]) == QUALITY_BANDS and is_cube(Path(path)):
        raise SourceError(
            "This is a cube that a prepare job wrote, not images: its clouds are masked and its gaps filled.",
            where=path,
            fix=f"Take it by the source prepared (--images prepared --images.path {path}; in QGIS, Prepared cube), or "
            "move it away from the images.",
        )


def notes_on(contents: Sequence[Content]) -> list[str]:
    """Tell what was left out of files, and why."""
    notes = [f"Without a date and left out: {some(c.undated)} ({Path(c.path).name})." for c in contents if c.undated]
    off_grid = list(dict.fromkeys(name for content in contents for name in content.off_grid))
    if off_grid:
        notes.append(f"On no north-up grid and left out: {some(off_grid)}.")
    alphas = [Path(content.path).name for content in contents if content.alphas and content.layers]
    if alphas:
        notes.append(
            f"{len(alphas)} files hold an alpha band, which hides pixels and is not taken as a measurement: "
            f"{some(alphas)}. To take it, name all bands in band_names."
        )
    return notes


def _without_alpha(info: RasterInfo, names: Sequence[str]) -> RasterInfo:
    """Return a raster without its alpha bands, unless the names given by the user only fit with them."""
    kept = tuple(band for band in info.bands if not band.alpha)
    if not kept or (names and len(kept) % len(names)):
        return info
    return dataclasses.replace(info, bands=kept)


def _left_out(infos: Sequence[RasterInfo], used: set[tuple[str, int]]) -> tuple[str, ...]:
    """Return the names of the bands that are not among the paths and band numbers used."""
    left = [(info, band) for info in infos for band in info.bands if (info.path, band.index) not in used]
    return tuple(
        band.name or (Path(info.path).name if len(info.bands) == 1 else f"band {band.index}") for info, band in left
    )


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
            f"The file holds {count} dates of {some(list(dict.fromkeys(band for _, band in steps)))} "
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


def acquisitions(layers: Sequence[Layer]) -> list[list[Layer]]:
    """Group layers into acquisitions: by date, and where a band stands twice on a date by the rest of the file name."""
    by_date: defaultdict[dt.date, list[Layer]] = defaultdict(list)
    for layer in layers:
        by_date[layer.date].append(layer)
    found = []
    for date in sorted(by_date):
        group = by_date[date]
        if twice(group) is None:
            found.append(group)
            continue
        by_rest: defaultdict[str, list[Layer]] = defaultdict(list)
        for layer in group:
            by_rest[layer.rest].append(layer)
        found += by_rest.values()
    return found


def twice(layers: Sequence[Layer]) -> tuple[Layer, Layer] | None:
    """Return two layers of the same band, if there are."""
    seen: dict[str, Layer] = {}
    for layer in layers:
        if layer.band in seen:
            return seen[layer.band], layer
        seen[layer.band] = layer
    return None


def first_grid(layers: Sequence[Layer], bands: Sequence[str]) -> Grid:
    """Return the grid of the first date's finest layer of these bands."""
    date = min(layer.date for layer in layers if layer.band in bands)
    infos = [layer.info for layer in layers if layer.date == date and layer.band in bands]
    return min(infos, key=lambda info: info.grid.pixel_width).grid
