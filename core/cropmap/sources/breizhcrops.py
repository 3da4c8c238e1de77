"""BreizhCrops: a Sentinel-2 series and a crop for each of 600,000 parcels in Brittany."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.contract.params import param
from cropmap.contract.progress import Progress
from cropmap.data.samples import LabelledSeries
from cropmap.io.breizhcrops_files import (
    BANDS,
    CLASSES,
    DATE,
    EARLIEST,
    L1C_CSV,
    LATEST,
    ORDERS,
    PUBLISHED_BYTES,
    ParcelFile,
    ParcelRows,
    RegionFiles,
    column_order,
    parcel_places,
    read_classes,
    read_code_names,
    read_index,
    region_files,
    regions_in,
)
from cropmap.io.projection import crs_wkt
from cropmap.sources import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# The ten bands by role (cropmap.data.bands).
ROLES = ("blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir_narrow", "swir1", "swir2")
SCALE = 1e-4
HIGHEST = 1.6  # reflectance above it is no ground
KEPT = 2  # dates of a parcel that is never clear
_CHUNK = 4096  # parcels read at a time
_SHOWN = 100  # ids that a note names
_DAY = 86_400 * 10**9  # nanoseconds

# The department of each region, and about its middle: longitude, latitude.
_DEPARTMENTS: Mapping[str, str] = {"belle-ile": "frh04", "kermaux": "frh04"}
_MIDDLES: Mapping[str, tuple[float, float]] = {
    "frh01": (-2.83, 48.46),
    "frh02": (-4.06, 48.26),
    "frh03": (-1.64, 48.15),
    "frh04": (-2.81, 47.85),
}


@dataclass(frozen=True)
class BreizhCropsParams:
    """Where the folder is, and which of its parcels and dates are taken."""

    folder: str = param(kind="folder", help="Folder of BreizhCrops: it holds classmapping.csv and 2017/L2A/frh01.h5.")
    regions: list[str] = param(
        [], kind="texts", help="frh01, frh02, frh03, frh04, belle-ile, kermaux; all where empty."
    )
    level: str = param(
        "L2A", choices=("L2A", "L1C"), help="L2A: reflectance of the ground; L1C: of the top of the atmosphere."
    )
    year: int = param(2017, help="Year of the series.", low=2015, high=2100)
    classes: list[str] = param([], kind="texts", help="Only these classes; all where empty.")
    most_per_class: int = param(
        0, title="Parcels per class", help="At most this many parcels of a class, drawn by seed; 0 takes all.", low=0
    )
    cld_max: float = param(
        0.0,
        title="Most cloud",
        help="A date is clear up to this mean of the parcel's cloud mask (L2A: CLD; L1C: QA60).",
        low=0,
        high=4096,
        advanced=True,
    )
    seed: int = param(0, help="The same seed draws the same parcels.", low=0, high=2**31 - 1, advanced=True)


@dataclass(frozen=True)
class _Parcels:
    """Parcels of one region that are wanted; arrays (parcel,)."""

    files: RegionFiles
    ids: NDArray[np.str_]
    labels: NDArray[np.str_]
    keys: NDArray[np.str_]

    def take(self, chosen: NDArray[np.bool_]) -> _Parcels:
        """Return some of them."""
        return _Parcels(self.files, self.ids[chosen], self.labels[chosen], self.keys[chosen])

    @property
    def department(self) -> str:
        """The department that they lie in."""
        return _department(self.files.region)


@dataclass(frozen=True)
class _Seen:
    """Rows of some parcels, one parcel after the other.

    Args:
        there: The file holds the parcel, (parcel,).
        doubtful: Hardly ever clear, (parcel that is there,).
        owner: Position among the parcels that are there, (row,), ascending.
        days: Days since 1970, (row,).
        values: (row, band), float32; NaN where not clear.
    """

    there: NDArray[np.bool_]
    doubtful: NDArray[np.bool_]
    owner: NDArray[np.intp]
    days: NDArray[np.int64]
    values: NDArray[np.float32]


@TABLES.register(
    "breizhcrops", title="BreizhCrops", params=BreizhCropsParams, citation="Russwurm et al. 2020 (BreizhCrops)"
)
def breizhcrops(
    params: BreizhCropsParams,
    progress: Progress | None = None,
    opened: Callable[[Path], object] = lambda _path: None,
) -> LabelledSeries:
    """Take the parcels of BreizhCrops, downloaded before: ten Sentinel-2 bands, the crop declared, clouds left out.

    Reflectance is scaled to 0..1. A date is clear where the cloud mask is, no edge and no saturation is flagged, and
    all bands are above 0 and at most 1.6. A parcel with fewer than two clear dates keeps its two least cloudy ones, and
    the notes name it.

    Args:
        params: What is taken.
        progress: Told of the parcels read.
        opened: Told of each file read.

    Returns:
        Series with all dates of the files, values NaN where not clear: so parcels of one satellite track share their
        dates. Shorter ones repeat their last date, with values NaN. Where a region has no shapefile, its parcels stand
        in the middle of their department and form one group, so that a split keeps departments whole.

    Raises:
        SampleError: A file is missing, damaged or of another kind, or no parcel is left.
    """
    progress = progress or Progress()
    folder = Path(params.folder)
    wanted, notes = _wanted(params, folder, opened)
    kept: list[_Parcels] = []
    seen: list[_Seen] = []
    places: list[NDArray[np.float64]] = []
    for position, parcels in enumerate(wanted):
        part = progress.part(position / len(wanted), (position + 1) / len(wanted))
        placed, points, place_notes = _placed(parcels, opened)
        opened(placed.files.series)
        own, read_notes = _read(placed, params, part)
        kept.append(placed.take(own.there))
        seen.append(own)
        places.append(points[own.there])
        notes += [*place_notes, *read_notes]
    ids = np.concatenate([parcels.ids for parcels in kept])
    if not len(ids):
        raise SampleError("The files hold none of the parcels.", where=str(folder), fix="Check level and year.")
    values, dates = _padded(seen)
    points = np.concatenate(places)
    table = LabelledSeries(
        values=values,
        dates=dates,
        labels=np.concatenate([parcels.labels for parcels in kept]),
        ids=ids,
        groups=np.concatenate([_groups(*pair) for pair in zip(kept, places, strict=True)]),
        x=points[:, 0],
        y=points[:, 1],
        bands=ROLES,
        crs=crs_wkt("EPSG:4326"),
        where=str(folder),
    )
    doubtful = ids[np.concatenate([own.doubtful for own in seen])]
    notes += [*_doubtful_notes(doubtful, len(ids)), *_year_notes(seen, params.year)]
    return dataclasses.replace(table, notes=tuple(notes))


# ---------------------------------------------------------------- which parcels


def _wanted(
    params: BreizhCropsParams, folder: Path, opened: Callable[[Path], object]
) -> tuple[list[_Parcels], list[str]]:
    """Return the parcels wanted, by region, and what was left out."""
    regions = [region.strip().casefold() for region in params.regions] or regions_in(folder, params.year, params.level)
    unknown = [region for region in regions if _department(region) not in _MIDDLES]
    if unknown:
        known = ", ".join([*_MIDDLES, *_DEPARTMENTS])
        raise SampleError(f"{unknown[0]!r} is no region of BreizhCrops.", where="regions", fix=f"Known: {known}.")
    classes, notes = _class_table(folder, opened)
    names = _chosen_classes(classes, params)
    code_names = _code_names(folder, opened)
    found = []
    # A whole department before the parts of it that are published alone.
    for region in sorted(dict.fromkeys(regions), key=lambda region: region in _DEPARTMENTS):
        files = region_files(folder, params.year, params.level, region)
        opened(files.index)
        parcels, index_notes = _indexed(files, classes, names, code_names)
        found.append(parcels)
        notes += [*index_notes, *_size_notes(files, params)]
    found, twice_notes = _each_once(found)
    found = _drawn(found, params)
    if not any(len(parcels.ids) for parcels in found):
        raise SampleError(
            "No parcel is of the classes wanted.", where=str(folder), fix=f"Classes: {', '.join(sorted(names))}."
        )
    return [parcels for parcels in found if len(parcels.ids)], [*notes, *twice_notes]


def _department(region: str) -> str:
    return _DEPARTMENTS.get(region, region)


def _class_table(folder: Path, opened: Callable[[Path], object]) -> tuple[dict[str, str], list[str]]:
    path = folder / "classmapping.csv"
    if not path.is_file():
        return dict(CLASSES), ["The folder has no classmapping.csv: the nine published classes are taken."]
    opened(path)
    return read_classes(path), []


def _code_names(folder: Path, opened: Callable[[Path], object]) -> dict[str, str]:
    path = folder / "codes.csv"
    if not path.is_file():
        return {}
    opened(path)
    return read_code_names(path)


def _chosen_classes(classes: Mapping[str, str], params: BreizhCropsParams) -> set[str]:
    known = {name.casefold(): name for name in classes.values()}
    unknown = [name for name in params.classes if name.strip().casefold() not in known]
    if unknown:
        raise SampleError(
            f"There is no class {unknown[0]!r}.", where="classes", fix=f"Known: {', '.join(sorted(known.values()))}."
        )
    return {known[name.strip().casefold()] for name in params.classes} or set(known.values())


def _indexed(
    files: RegionFiles, classes: Mapping[str, str], names: set[str], code_names: Mapping[str, str]
) -> tuple[_Parcels, list[str]]:
    index = read_index(files.index)
    codes = index.codes.tolist()
    labels = np.array([classes.get(code, "") for code in codes], np.str_)
    filled = index.lengths > 0
    known = labels != ""
    chosen = known & filled & np.isin(labels, sorted(names))
    notes = []
    if not known.all():
        counts = Counter(code for code, own in zip(codes, known.tolist(), strict=True) if not own)
        most = ", ".join(f"{count} {_named(code, code_names)}" for code, count in counts.most_common(3))
        notes.append(
            f"{files.region}: {int((~known).sum())} of {len(index)} parcels have one of {len(counts)} codes without a "
            f"class: left out (most: {most})."
        )
    if not (filled | ~known).all():
        notes.append(f"{files.region}: {int((known & ~filled).sum())} of {len(index)} parcels have no date: left out.")
    ids = np.array([f"{_department(files.region)}/{name}" for name in index.ids.tolist()], np.str_)
    return _Parcels(files, ids[chosen], labels[chosen], index.keys[chosen]), notes


def _named(code: str, code_names: Mapping[str, str]) -> str:
    return f"{code} ({code_names[code]})" if code in code_names else code


def _each_once(found: list[_Parcels]) -> tuple[list[_Parcels], list[str]]:
    """Keep the first of parcels that stand twice: regions overlap, and the islands are parts of a department."""
    seen: set[str] = set()
    kept, notes = [], []
    for parcels in found:
        first = np.zeros(len(parcels.ids), np.bool_)
        for position, name in enumerate(parcels.ids.tolist()):
            first[position] = name not in seen
            seen.add(name)
        if not first.all():
            notes.append(f"{parcels.files.region}: {int((~first).sum())} parcels stand twice: the first one is taken.")
        kept.append(parcels.take(first))
    return kept, notes


def _drawn(found: list[_Parcels], params: BreizhCropsParams) -> list[_Parcels]:
    """Draw at most so many parcels of each class, of all regions together."""
    if not params.most_per_class:
        return found
    labels = np.concatenate([parcels.labels for parcels in found])
    chosen = np.zeros(len(labels), np.bool_)
    rng = np.random.default_rng(params.seed)
    for name in np.unique(labels).tolist():
        chosen[rng.permutation(np.flatnonzero(labels == name))[: params.most_per_class]] = True
    bounds = np.cumsum([len(parcels.ids) for parcels in found])[:-1]
    return [parcels.take(own) for parcels, own in zip(found, np.split(chosen, bounds), strict=True)]


def _size_notes(files: RegionFiles, params: BreizhCropsParams) -> list[str]:
    published = PUBLISHED_BYTES.get((params.level, files.region)) if params.year == 2017 else None
    size = files.series.stat().st_size
    if published is None or size == published:
        return []
    note = (
        f"{files.series.name} has {size:,} bytes, the published file {published:,}: it is another version, not whole, "
        "or not the published data."
    )
    return [note]


# ---------------------------------------------------------------- where they are


def _placed(parcels: _Parcels, opened: Callable[[Path], object]) -> tuple[_Parcels, NDArray[np.float64], list[str]]:
    """Return the parcels that have a place, their longitudes and latitudes (parcel, 2), and notes."""
    region, shapes = parcels.files.region, parcels.files.shapes
    if shapes is None:
        points = np.tile(_MIDDLES[parcels.department], (len(parcels.ids), 1))
        note = (
            f"{region} has no shapefile: its parcels stand in the middle of department {parcels.department} and form "
            f"one group. A split then keeps departments whole; for blocks of land, put {region}.shp into the year's "
            "folder."
        )
        return parcels, points, [note]
    opened(shapes)
    places = parcel_places(shapes)
    own = [name.partition("/")[2] for name in parcels.ids.tolist()]
    known = np.array([name in places for name in own], np.bool_)
    points = np.array([places[name] for name in own if name in places], np.float64).reshape(-1, 2)
    lost = int((~known).sum())
    notes = [f"{region}: {lost} of {len(known)} parcels are not in the shapefile: left out."] if lost else []
    return parcels.take(known), points, notes


def _groups(parcels: _Parcels, points: NDArray[np.float64]) -> NDArray[np.str_]:
    """Return each parcel as a group of its own, or all as their department where nothing tells their places."""
    if parcels.files.shapes is None:
        return np.full(len(points), f"department {parcels.department}")
    return np.array([f"parcel {name}" for name in parcels.ids.tolist()], np.str_)


# ---------------------------------------------------------------- their series


def _read(parcels: _Parcels, params: BreizhCropsParams, progress: Progress) -> tuple[_Seen, list[str]]:
    files = parcels.files
    starts = range(0, len(parcels.keys), _CHUNK)
    order: tuple[str, ...] = ()
    parts, notes = [], []
    with ParcelFile(files.series, len(ORDERS[params.level][0])) as file:
        for start in progress.over(starts, f"Reading {files.region}"):
            rows = file.read(parcels.keys[start : start + _CHUNK].tolist())
            if not order and len(rows.table):
                order = column_order(rows.table, params.level, str(files.series))
            parts.append(_seen(rows, order, params))
        renamed = file.renamed
    if params.level == "L1C" and order:
        which = "of the raw CSV files" if order == L1C_CSV else "by band number"
        notes.append(f"{files.series.name}: the columns stand in the order {which}, as the darkest one (B10) shows.")
    if renamed:
        notes.append(
            f"{files.region}: {renamed} parcels were found by the name of their file, not by the index's path."
        )
    seen = _joined(parts)
    lost = int((~seen.there).sum())
    if lost:
        notes.append(f"{files.region}: {lost} of {len(seen.there)} parcels have no rows in the HDF5 file: left out.")
    return seen, notes


def _seen(rows: ParcelRows, order: tuple[str, ...], params: BreizhCropsParams) -> _Seen:
    """Return what is kept of rows; a row without a date is none."""
    asked = np.repeat(np.arange(len(rows.lengths)), np.maximum(rows.lengths, 0))
    when = rows.table[:, order.index(DATE)] if order else np.zeros(0)
    dated = (when > EARLIEST) & (when < LATEST)
    table = rows.table[dated]
    counts = np.bincount(asked[dated], minlength=len(rows.lengths))
    there = counts > 0
    owner = np.repeat(np.arange(int(there.sum())), counts[there])
    if not len(owner):
        none = np.zeros(0, np.int64)
        return _Seen(there, np.zeros(0, np.bool_), none, none, np.zeros((0, len(BANDS)), np.float32))
    reflectance = table[:, [order.index(band) for band in BANDS]] * SCALE
    kept, doubtful = _kept(table, reflectance, owner, order, params)
    values = np.where(kept[:, np.newaxis], reflectance, np.nan).astype(np.float32)
    return _Seen(there, doubtful, owner, np.floor(table[:, order.index(DATE)] / _DAY).astype(np.int64), values)


def _joined(parts: Sequence[_Seen]) -> _Seen:
    """Return the parts of one region as one."""
    starts = np.cumsum([0, *(len(part.doubtful) for part in parts)])
    owners = [part.owner + start for part, start in zip(parts, starts.tolist(), strict=False)]
    there, doubtful, days, values = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("there", "doubtful", "days", "values")
    )
    return _Seen(there, doubtful, np.concatenate(owners), days, values)


def _kept(
    table: NDArray[np.float64],
    reflectance: NDArray[np.float64],
    owner: NDArray[np.intp],
    order: tuple[str, ...],
    params: BreizhCropsParams,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows are kept, (row,), and which parcels are hardly ever clear, (parcel,).

    Source: Antonijevic et al. 2023 drop cloudy dates by a rule that they do not give; this one is ours.
    """
    measured = np.asarray((np.isfinite(reflectance) & (reflectance > 0)).all(axis=1))
    plausible = np.asarray(measured & (reflectance <= HIGHEST).all(axis=1))
    cloud = table[:, order.index("CLD" if params.level == "L2A" else "QA60")]
    clear = np.asarray(plausible & (cloud <= params.cld_max))
    if params.level == "L2A":
        clear &= (table[:, order.index("EDG")] == 0) & (table[:, order.index("SAT")] == 0)
    doubtful = np.asarray(np.bincount(owner, clear, int(owner[-1]) + 1) < KEPT)
    kept = clear.copy()
    # The least cloudy of what was measured: clear ones first, then by cloud, then those with plausible values.
    rows = np.flatnonzero(doubtful[owner] & measured)
    ranked = rows[np.lexsort((~plausible[rows], np.nan_to_num(cloud[rows], nan=np.inf), ~clear[rows], owner[rows]))]
    first = np.searchsorted(owner[ranked], owner[ranked])
    kept[ranked[np.arange(len(ranked)) - first < KEPT]] = True
    return kept, doubtful


def _padded(seen: Sequence[_Seen]) -> tuple[NDArray[np.float32], NDArray[np.datetime64]]:
    """Return values (parcel, time, band) and dates of all regions' parcels, padded to the longest series."""
    lengths = np.concatenate([np.bincount(own.owner, minlength=len(own.doubtful)) for own in seen])
    values = np.full((len(lengths), int(lengths.max()), len(BANDS)), np.nan, np.float32)
    days = np.zeros(values.shape[:2], np.int64)
    start = 0
    for own in seen:
        parcels = slice(start, start + len(own.doubtful))
        counts = lengths[parcels]
        time = np.arange(len(own.owner)) - (np.cumsum(counts) - counts)[own.owner]
        days[parcels] = own.days[np.cumsum(counts) - 1, np.newaxis]
        days[start + own.owner, time] = own.days
        values[start + own.owner, time] = own.values
        start = parcels.stop
    return values, days.astype("datetime64[D]")


# ---------------------------------------------------------------- notes


def _doubtful_notes(doubtful: NDArray[np.str_], count: int) -> list[str]:
    if not len(doubtful):
        return []
    listed = ", ".join(doubtful[:_SHOWN].tolist())
    more = f" and {len(doubtful) - _SHOWN} more" if len(doubtful) > _SHOWN else ""
    note = (
        f"{len(doubtful)} of {count} parcels have fewer than {KEPT} clear dates and keep their {KEPT} least cloudy "
        f"ones; their series are of low quality: {listed}{more}."
    )
    return [note]


def _year_notes(seen: Sequence[_Seen], year: int) -> list[str]:
    first, stop = (int(np.datetime64(f"{each}-01-01").astype(np.int64)) for each in (year, year + 1))
    strange = sum(len(np.unique(own.owner[(own.days < first) | (own.days >= stop)])) for own in seen)
    count = sum(len(own.doubtful) for own in seen)
    return [f"{strange} of {count} parcels have dates outside {year}."] if strange else []
