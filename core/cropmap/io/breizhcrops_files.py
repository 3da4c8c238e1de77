"""The files of a BreizhCrops folder: class tables, parcel indexes, series in HDF5, parcel shapes.

Source: Russwurm et al. 2020, BreizhCrops, ISPRS Archives XLIII-B2, 1545-1551, doi 10.5194/isprs-archives-XLIII-B2-2020-
1545-2020. The orders of the columns are told from the data, because published readers disagree on them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pyogrio.errors
import shapely
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.io.label_fields import texts_of
from cropmap.io.projection import crs_wkt, reproject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

DATE = "doa"
BANDS = ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12")
# Column orders by level. Of L1C, the order of the raw CSV files, and the one by band number that some readers assume.
L2A = (DATE, *BANDS, "CLD", "EDG", "SAT")
L1C_CSV = ("B1", "B10", "B11", "B12", *BANDS[:8], "B9", "QA10", "QA20", "QA60", DATE)
L1C_SORTED = ("B1", *BANDS[:8], "B9", "B10", "B11", "B12", "QA10", "QA20", "QA60", DATE)
ORDERS: Mapping[str, tuple[tuple[str, ...], ...]] = {"L2A": (L2A,), "L1C": (L1C_CSV, L1C_SORTED)}

# The nine classes by code of the French land parcel system, for folders without a classmapping.csv.
CLASSES: Mapping[str, str] = {
    code: name
    for name, codes in (
        ("barley", "ORH ORP"),
        ("wheat", "BTH BTP"),
        ("rapeseed", "CZH CZP"),
        ("corn", "MID MIE MIS"),
        ("sunflower", "TRN"),
        ("orchards", "VRG PWT PFR AGR"),
        ("nuts", "CAB CTG NOS NOX PIS"),
        ("permanent meadows", "PPH PRL"),
        ("temporary meadows", "PTR RGA"),
    )
    for code in codes.split()
}

# Size in bytes of the published HDF5 files of 2017.
PUBLISHED_BYTES: Mapping[tuple[str, str], int] = {
    ("L1C", "frh01"): 2559635960,
    ("L1C", "frh02"): 2253658856,
    ("L1C", "frh03"): 2493572704,
    ("L1C", "frh04"): 1555075632,
    ("L1C", "belle-ile"): 17038944,
    ("L1C", "kermaux"): 1259784,
    ("L2A", "frh01"): 987259904,
    ("L2A", "frh02"): 803457960,
    ("L2A", "frh03"): 890027448,
    ("L2A", "frh04"): 639215848,
    ("L2A", "belle-ile"): 8037952,
}

EARLIEST = 1e17  # nanoseconds since 1970: no reflectance or flag is as large
LATEST = 9.2e18  # more of them are no date: 64 bits hold no more
_MOST_ROWS = 100_000  # dates of a parcel: more is no series
_CLEAR_SHARE = 0.5  # cirrus is told from the next darkest column where it is at most this share of it
_FEWEST_ROWS = 20
_TREE = (
    "The folder must hold YEAR/LEVEL/REGION.csv and REGION.h5, e.g. 2017/L2A/frh01.csv and 2017/L2A/frh01.h5, and may "
    "hold classmapping.csv, codes.csv and 2017/frh01.shp."
)


@dataclass(frozen=True)
class RegionFiles:
    """The files of one region; `shapes` is None where there is no shapefile."""

    region: str
    index: Path
    series: Path
    shapes: Path | None


@dataclass(frozen=True)
class ParcelIndex:
    """What the index of a region says of its parcels, in its order.

    Args:
        ids: (parcel,), text.
        codes: Code of the crop, (parcel,), text.
        keys: Name of the parcel's dataset in the HDF5 file, (parcel,), text; may be out of date.
        lengths: Number of dates, (parcel,), int64.
    """

    ids: NDArray[np.str_]
    codes: NDArray[np.str_]
    keys: NDArray[np.str_]
    lengths: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)


def regions_in(folder: Path, year: int, level: str) -> list[str]:
    """Return the regions that a folder holds an index of, by name.

    Raises:
        SampleError: There is none.
    """
    base = folder / str(year) / level
    found = sorted(path.stem for path in base.glob("*.csv")) if base.is_dir() else []
    if not found:
        raise SampleError(f"There is no region of {year}, level {level}.", where=str(folder), fix=_TREE)
    return found


def region_files(folder: Path, year: int, level: str, region: str) -> RegionFiles:
    """Find the files of a region; the HDF5 file may lie in folders of its own, as it was unpacked.

    Raises:
        SampleError: The index or the HDF5 file is missing.
    """
    base = folder / str(year) / level
    index = base / f"{region}.csv"
    series = next(
        (path for path in (base / f"{region}.h5", *sorted(base.rglob(f"{region}.h5"))) if path.is_file()), None
    )
    if not index.is_file() or series is None:
        missing = f"{region}.h5" if index.is_file() else f"{region}.csv"
        raise SampleError(f"There is no {missing} of {year}, level {level}.", where=str(base), fix=_TREE)
    shapes = sorted([*base.parent.glob(f"{region}.shp"), *base.parent.glob(f"*/{region}.shp")])
    return RegionFiles(region, index, series, shapes[0] if shapes else None)


# ---------------------------------------------------------------- tables


def read_index(path: Path) -> ParcelIndex:
    """Read a region's index, as it is published or as later readers rewrote it; other columns are ignored.

    Raises:
        SampleError: It cannot be read, or lacks a column.
    """
    rows = _rows(path, ("id", "CODE_CULTU", "sequencelength"))
    ids = texts_of(row["id"] for row in rows)
    keys = [row.get("path") or f"csv/{name}.csv" for row, name in zip(rows, ids, strict=True)]
    return ParcelIndex(
        np.array(ids, np.str_),
        np.array([row["CODE_CULTU"].strip() for row in rows], np.str_),
        np.array(keys, np.str_),
        np.array([_whole(row["sequencelength"], path) for row in rows], np.int64),
    )


def read_classes(path: Path) -> dict[str, str]:
    """Read classmapping.csv: the class of each crop code, by code.

    Raises:
        SampleError: It cannot be read, or lacks a column.
    """
    rows = _rows(path, ("code",))
    column = next((name for name in ("classname", "group name", "groupname", "class") if name in rows[0]), "")
    if not column:
        raise SampleError(
            "No column of the class table holds the class.",
            where=str(path),
            fix="Call it classname, and the code code.",
        )
    return {row["code"].strip(): row[column].strip() for row in rows if row["code"].strip() and row[column].strip()}


def read_code_names(path: Path) -> dict[str, str]:
    """Read codes.csv: what each crop code means, in French, by code; its columns are taken in their order.

    Raises:
        SampleError: It cannot be read.
    """
    rows = _rows(path, ())
    return {cells[0].strip(): cells[1].strip() for cells in (list(row.values()) for row in rows) if len(cells) > 1}


def _rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            head = stream.readline()
            stream.seek(0)
            reader = csv.DictReader(stream, delimiter=";" if head.count(";") > head.count(",") else ",", restval="")
            rows = list(reader)
            columns = list(reader.fieldnames or [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SampleError(f"The table cannot be read: {error}.", where=str(path), fix=_TREE) from error
    missing = [name for name in needed if name not in columns]
    if missing or not rows:
        what = f"The table lacks the column {missing[0]}." if missing else "The table has no row."
        raise SampleError(what, where=str(path), fix="Download it again.")
    return rows


def _whole(text: str, path: Path) -> int:
    try:
        return int(float(text))
    except (ValueError, OverflowError) as error:
        raise SampleError(
            f"A sequencelength is {text!r}, not a number.", where=str(path), fix="Download it again."
        ) from error


# ---------------------------------------------------------------- shapes


def parcel_places(path: Path) -> dict[str, tuple[float, float]]:
    """Return longitude and latitude of each parcel's centroid, by id.

    Raises:
        SampleError: The shapefile cannot be read, or has no id or no CRS.
    """
    try:
        fields = [str(name) for name in pyogrio.read_info(path)["fields"]]
        field = next((name for name in fields if name.upper() in {"ID", "ID_PARCEL"}), "")
        if not field:
            raise SampleError(
                "No field of the shapefile holds the parcels' id.",
                where=f"{path}, fields {', '.join(fields)}",
                fix="It must be called ID or ID_PARCEL.",
            )
        meta, _, shapes, columns = pyogrio.raw.read(path, columns=[field], force_2d=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise SampleError(
            "The shapefile cannot be read.", where=str(path), fix="Download it again, with its .shx, .dbf and .prj."
        ) from error
    if not meta["crs"]:
        raise SampleError("The shapefile names no CRS.", where=str(path), fix="Add its .prj file.")
    centroids = shapely.centroid(shapely.from_wkb(shapes, on_invalid="ignore"))
    points = reproject(centroids, crs_wkt(meta["crs"], str(path)), crs_wkt("EPSG:4326"))
    lon, lat = shapely.get_x(points), shapely.get_y(points)
    known = np.isfinite(lon) & np.isfinite(lat)
    names = np.array(texts_of(columns[0].tolist()), np.str_)
    return dict(zip(names[known].tolist(), zip(lon[known].tolist(), lat[known].tolist(), strict=True), strict=True))


# ---------------------------------------------------------------- series


@dataclass(frozen=True)
class ParcelRows:
    """Rows of several parcels, one after the other.

    Args:
        table: (row, column), float64.
        lengths: Rows of each parcel asked for, (parcel,), int64; -1 for one that the file lacks.
    """

    table: NDArray[np.float64]
    lengths: NDArray[np.int64]


class ParcelFile:
    """A region's HDF5 file, open while the context lasts.

    Only data inside this one file is read: links to other files and external storage are refused.

    Args:
        path: The file.
        columns: Number of columns that its level has.

    Raises:
        SampleError: It is no HDF5 file, is damaged, or a dataset is of another kind.
    """

    def __init__(self, path: Path, columns: int) -> None:
        self.path = path
        self.renamed = 0
        self._columns = columns
        self._file: Any = None
        self._by_name: dict[str, str] | None = None

    def __enter__(self) -> ParcelFile:
        import h5py  # type: ignore[import-untyped] # noqa: PLC0415 - loaded for this one source alone

        try:
            self._file = h5py.File(self.path, "r")
        except OSError as error:
            raise self._damaged("The file is no HDF5 file, or is damaged.") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def read(self, keys: Sequence[str]) -> ParcelRows:
        """Return the rows of parcels; a key that is not there is looked up by the last part of its path."""
        try:
            found = [self._one(key) for key in keys]
        except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:  # all of them from h5py
            raise self._damaged("The file is damaged.") from error
        tables = [table for table in found if table is not None]
        return ParcelRows(
            np.concatenate(tables) if tables else np.empty((0, self._columns)),
            np.array([-1 if table is None else len(table) for table in found], np.int64),
        )

    def _one(self, key: str) -> NDArray[np.float64] | None:
        dataset = self._file.get(key)
        if dataset is None:
            other = self._names().get(key.rpartition("/")[2])
            if other is None:
                return None
            self.renamed += 1
            dataset = self._file[other]
        self._check(dataset, key)
        return np.asarray(dataset[()], np.float64)

    def _names(self) -> dict[str, str]:
        """Return the full key of each dataset by the last part of its path; one that stands twice tells nothing."""
        if self._by_name is None:
            known: dict[str, str] = {}
            twice: set[str] = set()

            def note(key: str, item: Any) -> None:
                name = key.rpartition("/")[2]
                if hasattr(item, "shape"):
                    twice.update({name} if name in known else ())
                    known[name] = key

            self._file.visititems(note)
            self._by_name = {name: key for name, key in known.items() if name not in twice}
        return self._by_name

    def _check(self, dataset: Any, key: str) -> None:
        if not hasattr(dataset, "shape"):
            raise self._damaged(f"{key} is no dataset.")
        elsewhere = dataset.file.filename != self._file.filename or bool(dataset.external) or dataset.is_virtual
        if elsewhere:
            raise self._damaged(f"{key} lies in another file.")
        shape: tuple[int, ...] = dataset.shape or ()  # None where there is nothing in it
        if len(shape) != 2 or shape[1] != self._columns or shape[0] > _MOST_ROWS or dataset.dtype.kind not in "fiu":
            raise self._damaged(
                f"{key} has shape {shape} and type {dataset.dtype}, not (dates, {self._columns}) numbers."
            )

    def _damaged(self, what: str) -> SampleError:
        return SampleError(what, where=str(self.path), fix="Check the level, or download and unpack the file again.")


def column_order(table: NDArray[np.float64], level: str, where: str) -> tuple[str, ...]:
    """Tell the order of a file's columns from their contents.

    The dates are the only numbers above 1e17 (nanoseconds since 1970). Of L1C, the reflectance column that is far
    darker than all others is B10 (cirrus), which light from the land hardly reaches: the second in the order of the
    raw CSV files, the eleventh in the order by number.

    Args:
        table: Rows of many parcels, (row, column).
        level: "L2A" or "L1C".
        where: The file, for messages.

    Returns:
        The columns' names, one of `ORDERS`.

    Raises:
        SampleError: The contents fit no order, or do not tell.
    """
    known = ORDERS[level]
    dates = np.flatnonzero((table > EARLIEST).mean(axis=0) > 0.5).tolist() if len(table) else []
    if dates != [known[0].index(DATE)]:
        raise _unknown_order(
            f"Dates stand in column {', '.join(map(str, dates)) or 'none'}, not in {known[0].index(DATE)}.",
            level,
            where,
        )
    if len(known) == 1:
        return known[0]
    reflectance = table[:, : known[0].index("QA10")]
    usable = reflectance[(np.isfinite(reflectance) & (reflectance > 0)).all(axis=1)]
    if len(usable) < _FEWEST_ROWS:
        raise _unknown_order(f"Only {len(usable)} rows hold a value in every band.", level, where)
    typical = np.median(usable, axis=0)
    darkest, next_darkest = np.argsort(typical, kind="stable")[:2].tolist()
    fitting = [order for order in known if order[darkest] == "B10"]
    if not fitting or typical[darkest] > _CLEAR_SHARE * typical[next_darkest]:
        raise _unknown_order(
            f"The darkest column is {darkest} (median {typical[darkest]:.0f}), the next {next_darkest} "
            f"({typical[next_darkest]:.0f}): neither order has B10 plainly there.",
            level,
            where,
        )
    return fitting[0]


def _unknown_order(what: str, level: str, where: str) -> SampleError:
    orders = " or ".join(", ".join(order) for order in ORDERS[level])
    return SampleError(
        f"The order of the columns cannot be told. {what}", where=where, fix=f"Known for {level}: {orders}."
    )
