"""Folders in the on-disk format of BreizhCrops, with invented content: for tests and for trying the reader out."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.testing.noise import stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

# Crop codes of the French land parcel system, with the class of each; the last one has no class.
_CROPS = {
    "ORH": (0, "barley"),
    "BTH": (1, "wheat"),
    "BTP": (1, "wheat"),
    "CZH": (2, "rapeseed"),
    "MIS": (3, "corn"),
    "MIE": (3, "corn"),
    "PPH": (7, "permanent meadows"),
    "PTR": (8, "temporary meadows"),
    "SNE": (-1, ""),
}
_BANDS = ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12")
# Reflectance of bare soil and of a full canopy, by band.
_SOIL = np.array([0.07, 0.09, 0.12, 0.14, 0.16, 0.18, 0.2, 0.22, 0.28, 0.22])
_GREEN = np.array([0.02, 0.05, 0.03, 0.09, 0.3, 0.4, 0.44, 0.46, 0.2, 0.09])
# The other bands of level 1C: reflectance of aerosol, water vapour, cirrus.
_AIR = {"B1": 0.13, "B9": 0.06, "B10": 0.0015}
_ORDERS = {
    "L2A": ("doa", *_BANDS, "CLD", "EDG", "SAT"),
    "raw": ("B1", "B10", "B11", "B12", *_BANDS[:8], "B9", "QA10", "QA20", "QA60", "doa"),
    "sorted": ("B1", *_BANDS[:8], "B9", "B10", "B11", "B12", "QA10", "QA20", "QA60", "doa"),
}
_DAY = 86_400 * 10**9  # nanoseconds


@dataclass(frozen=True)
class BreizhCropsOptions:
    """What is written.

    Args:
        regions: One folder and file each.
        parcels: In each region.
        level: "L2A" or "L1C".
        order: Column order of L1C: "raw" (that of the raw CSV files) or "sorted" (by band number).
        year: Of all dates.
        rewritten: The index as later readers rewrite it (meanCLD in place of meanQA60, more columns).
        stale_keys: The index names datasets by another folder than the HDF5 file does.
        nested: The HDF5 file lies in folders, as the archive unpacks.
        shapes: Also write a shapefile.
        hidden: Share of cloudy dates; every seventh parcel is cloudy on all dates but one.
        seed: Of everything.
    """

    regions: tuple[str, ...] = ("frh01", "frh02")
    parcels: int = 60
    level: str = "L2A"
    order: str = "raw"
    year: int = 2017
    rewritten: bool = False
    stale_keys: bool = False
    nested: bool = False
    shapes: bool = False
    hidden: float = 0.3
    seed: int = 0


@dataclass(frozen=True, eq=False)
class InventedParcel:
    """What was written of one parcel.

    Args:
        region: Its region.
        name: Its id.
        code: Its crop code.
        label: Its class; empty where the code has none.
        dates: Ascending, (time,), datetime64[D].
        values: Reflectance of B2 .. B8, B8A, B11, B12, a multiple of 1e-4, (time, 10), float64.
        clear: (time,).
        place: Longitude and latitude of its centroid.
    """

    region: str
    name: str
    code: str
    label: str
    dates: NDArray[np.datetime64]
    values: NDArray[np.float64]
    clear: NDArray[np.bool_]
    place: tuple[float, float]


def write_breizhcrops(folder: Path, options: BreizhCropsOptions | None = None) -> tuple[InventedParcel, ...]:
    """Write a folder of invented parcels as BreizhCrops is laid out; return what was written, parcel by parcel.

    `codes.csv`, `classmapping.csv`, YEAR/LEVEL/REGION.csv and .h5, and YEAR/REGION.shp where asked for. A README says
    that the content is synthetic. Values are the same at both levels, so both can be compared.

    Source of the layout: Russwurm et al. 2020 (BreizhCrops).
    """
    options = options or BreizhCropsOptions()
    level = folder / str(options.year) / options.level
    level.mkdir(parents=True, exist_ok=True)
    (folder / "README.txt").write_text("SYNTHETIC data in the format of BreizhCrops: no real parcel.\n", "utf-8")
    mapped = [(kind, name, code) for code, (kind, name) in _CROPS.items() if name]
    _write_csv(
        folder / "classmapping.csv", ["", "id", "classname", "code"], [(k, *row) for k, row in enumerate(mapped)]
    )
    _write_csv(
        folder / "codes.csv",
        ["Code Culture", "Libellé Culture", "Code Groupe Culture", "Libellé Groupe Culture"],
        [(code, f"Culture {code} (synthétique)", kind, name) for code, (kind, name) in _CROPS.items()],
        delimiter=";",
    )
    written: list[InventedParcel] = []
    for number, region in enumerate(options.regions):
        parcels = tuple(_parcel(region, number, k, options) for k in range(options.parcels))
        _write_index(level / f"{region}.csv", parcels, options)
        _write_series(level, region, parcels, options)
        if options.shapes:
            _write_shapes(folder / str(options.year) / f"{region}.shp", parcels)
        written += parcels
    return tuple(written)


def _parcel(region: str, number: int, k: int, options: BreizhCropsOptions) -> InventedParcel:
    rng = stream(options.seed, region, k)
    code = tuple(_CROPS)[k % len(_CROPS)]
    # Parcels lie under one of two tracks, or under both.
    days = np.arange(3, 360, 10)
    days = {0: days, 1: days + 4, 2: np.union1d(days, days + 4)}[k % 3]
    green = np.exp(-(((days - (120 + 20 * (k % len(_CROPS)))) / 45) ** 2))[:, np.newaxis]
    values = _SOIL + green * (_GREEN - _SOIL) + rng.normal(0, 0.004, (len(days), len(_BANDS)))
    clear = rng.random(len(days)) >= options.hidden
    if k % 7 == 6:
        clear[:] = np.arange(len(days)) == rng.integers(len(days))
    values = np.where(clear[:, np.newaxis], values, 0.5 + 0.3 * rng.random((len(days), 1)))
    return InventedParcel(
        region=region,
        name=str(1_000_000 * (number + 1) + k),
        code=code,
        label=_CROPS[code][1],
        dates=np.datetime64(f"{options.year}-01-01") + days,
        values=np.round(values * 1e4) / 1e4,
        clear=clear,
        place=(-4.0 + number + 0.02 * (k % 10), 48.0 + 0.02 * (k // 10)),
    )


def _key(parcel: InventedParcel, options: BreizhCropsOptions, *, in_index: bool) -> str:
    prefix = "" if options.level == "L1C" else f"data/BreizhCrops/L2A_img/data/{options.year}/"
    if in_index and options.stale_keys:
        prefix = "elsewhere/"
    # A slash in front is harmless in HDF5, and some indexes have it.
    lead = "/" if in_index and options.rewritten else ""
    return f"{lead}{prefix}{options.level}/{parcel.region}/csv/{parcel.name}.csv"


def _write_index(path: Path, parcels: Sequence[InventedParcel], options: BreizhCropsOptions) -> None:
    rows: list[Mapping[str, Any]] = [
        {
            "": k,
            "meanQA60": round(float(1 - parcel.clear.mean()), 4),
            "id": parcel.name,
            "CODE_CULTU": parcel.code,
            "path": _key(parcel, options, in_index=True),
            "idx": k,
            "sequencelength": len(parcel.dates),
        }
        for k, parcel in enumerate(parcels)
    ]
    if options.rewritten:
        rows = [
            {
                "idx": row["idx"],
                "meanCLD": row["meanQA60"],
                **{name: row[name] for name in ("id", "CODE_CULTU", "path", "sequencelength")},
                "classid": _CROPS[parcel.code][0],
                "classname": parcel.label,
                "region": parcel.region,
            }
            for row, parcel in zip(rows, parcels, strict=True)
        ]
    _write_csv(path, list(rows[0]), [tuple(row.values()) for row in rows])


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str = ",") -> None:
    with path.open("w", encoding="utf-8", newline="") as stream_:
        writer = csv.writer(stream_, delimiter=delimiter)
        writer.writerow(header)
        writer.writerows(rows)


def _write_series(level: Path, region: str, parcels: Sequence[InventedParcel], options: BreizhCropsOptions) -> None:
    import h5py  # type: ignore[import-untyped] # noqa: PLC0415 - loaded for this one writer alone

    folder = level / "unpacked" / "breizhcrops" if options.nested else level
    folder.mkdir(parents=True, exist_ok=True)
    order = _ORDERS["L2A" if options.level == "L2A" else options.order]
    with h5py.File(folder / f"{region}.h5", "w") as file:
        for parcel in parcels:
            columns = _columns(parcel, options)
            table = np.stack([columns[name] for name in order], axis=1).astype(np.float64)
            file.create_dataset(_key(parcel, options, in_index=False), data=table)


def _columns(parcel: InventedParcel, options: BreizhCropsOptions) -> dict[str, NDArray[np.float64]]:
    """Return the numbers of each column, as they are stored."""
    rng = stream(options.seed, "air", parcel.region, parcel.name)
    count = len(parcel.dates)
    cloud = np.where(parcel.clear, 0.0, np.round(rng.uniform(0.05, 1.0, count), 4))
    columns = {name: np.round(parcel.values[:, k] * 1e4) for k, name in enumerate(_BANDS)}
    for name, typical in _AIR.items():
        columns[name] = np.round(1e4 * typical * (1 + 3 * cloud) + rng.uniform(0, 3, count)) + 1
    none = np.zeros(count)
    columns |= {"CLD": cloud, "EDG": none, "SAT": none, "QA10": none, "QA20": none, "QA60": 1024 * cloud}
    columns["doa"] = parcel.dates.astype(np.int64).astype(np.float64) * _DAY
    return columns


def _write_shapes(path: Path, parcels: Sequence[InventedParcel]) -> None:
    import pyogrio  # noqa: PLC0415 - the other files need no library of shapes
    import shapely  # noqa: PLC0415

    half = 0.001
    boxes = [shapely.box(x - half, y - half, x + half, y + half) for x, y in (parcel.place for parcel in parcels)]
    pyogrio.raw.write(
        str(path),
        geometry=shapely.to_wkb(boxes),
        field_data=[np.array([getattr(parcel, name) for parcel in parcels], object) for name in ("name", "code")],
        fields=["ID", "CODE_CULTU"],
        geometry_type="Polygon",
        crs="EPSG:4326",
        driver="ESRI Shapefile",
    )
