"""GeoPackages of points: written whole, with binary columns where tools for vector tables carry none, and read by row.

Source: OGC 12-128, GeoPackage Encoding Standard 1.2: geometries (2.1.3), metadata (F.8).
"""

from __future__ import annotations

import contextlib
import sqlite3
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pyogrio.errors
import shapely
from numpy.typing import NDArray

from cropmap.contract.errors import OutputError, SampleError
from cropmap.io.files import sync_file, sync_folder, write_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

NO_DATE = "1970-01-01T00:00:00.000Z"  # in place of the time of writing
PAGE_BYTES = 16384  # rows of a kilobyte or two leave less of such a page empty than of SQLite's 4,096
WAIT_S = 5.0  # for another program's write to end

_DATE_OPTION = "OGR_CURRENT_DATE"
_MAGIC = b"SQLite format 3\0"
_READ_VERSION, _WAL = 19, 2  # where a database says how it is read; what it says where its journal is written ahead

# A geometry as a GeoPackage holds it: a header of its own, then WKB.
_HEADER_BYTES = 8
_POINT = np.dtype("S2, u1, u1, <i4, u1, <u4, <f8, <f8")
_POINT.names = ("magic", "version", "flags", "srs", "order", "kind", "x", "y")
_LITTLE_ENDIAN, _WKB_POINT = 1, 1
_CELL_BYTES = 16  # of a text or a number, about
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)  # by the flags' envelope code

_METADATA_TABLE = (
    "CREATE TABLE gpkg_metadata (id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL, md_scope TEXT NOT NULL DEFAULT "
    "'dataset', md_standard_uri TEXT NOT NULL, mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL "
    "DEFAULT '')"
)
_REFERENCE_TABLE = (
    "CREATE TABLE gpkg_metadata_reference (reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, "
    "row_id_value INTEGER, timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), md_file_id "
    "INTEGER NOT NULL, md_parent_id INTEGER, CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES "
    "gpkg_metadata(id), CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id))"
)
_METADATA_EXTENSION = "http://www.geopackage.org/spec120/#extension_metadata"


@dataclass(frozen=True)
class PointLayer:
    """A layer of points with their attributes.

    Args:
        name: The layer's name.
        crs: WKT of the coordinates; empty where there is none.
        points: x and y, (row, 2), float64.
        columns: Values of each field, (row,): text, numbers or dates; with a binary field text and whole numbers alone.
        binary: Name of a binary field, and its bytes, (row, byte), uint8; None for none.
        metadata: What a layer with a binary field says of itself: the URI of its form, and JSON text.
        description: What the layer is, for people.
    """

    name: str
    crs: str
    points: NDArray[np.float64]
    columns: Mapping[str, NDArray[Any]]
    binary: tuple[str, NDArray[np.uint8]] | None = None
    metadata: tuple[str, str] = ("", "")
    description: str = ""

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        binary = self.binary[1].nbytes if self.binary else 0
        return binary + len(self.points) * (_POINT.itemsize + _CELL_BYTES * len(self.columns))


def write_points(path: Path, layer: PointLayer) -> None:
    """Write a GeoPackage that holds one layer; it appears whole or not at all, the same for the same layer and GDAL.

    Args:
        path: File to write; one that exists is replaced.
        layer: What it holds.

    Raises:
        OutputError: It cannot be written, or another program has it open to write.
    """
    with replacing(path, layer.size) as temporary:
        write_point_layer(temporary, layer)


@contextlib.contextmanager
def replacing(target: Path, size: int) -> Iterator[Path]:
    """Give a temporary path beside a GeoPackage; put it in the GeoPackage's place if all went well.

    Args:
        target: The file.
        size: About how many bytes it takes, for messages.

    Raises:
        OutputError: It cannot be written, or another program has it open to write.
    """
    if wal_of(target).exists():
        raise OutputError(
            "Another program has the file open to write.",
            where=str(target),
            fix=f"Remove the layer from QGIS; if nothing has it open, delete {wal_of(target).name} beside it.",
        )
    temporary = target.with_name(f".{target.name}.part.gpkg")
    try:
        temporary.unlink(missing_ok=True)
        yield temporary
        sync_file(temporary)
        temporary.replace(target)
        sync_folder(target.parent)
    except (OSError, sqlite3.Error, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        if not target.parent.is_dir():
            raise OutputError("The folder is not there.", where=str(target.parent), fix="Make it first.") from error
        raise write_error(target, error, needed_bytes=size) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_point_layer(path: Path, layer: PointLayer) -> None:
    """Write a GeoPackage that holds one layer: the same to the byte for the same layer, GDAL and SQLite.

    GDAL's writer of NumPy arrays knows no binary fields: where there is one, GDAL makes the empty file and SQLite fills
    it.

    Args:
        path: File to write; none may be there, and nothing keeps a reader from meeting half of it.
        layer: What it holds.

    Raises:
        pyogrio.errors.DataSourceError, sqlite3.Error: It cannot be written.
    """
    if layer.binary is None:
        _write_rows(path, layer, len(layer.points))
        return
    _write_rows(path, layer, 0)
    # No journal: a file half-written is thrown away.
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", f"page_size = {PAGE_BYTES}"):
            database.execute(f"PRAGMA {pragma}")
        database.execute("VACUUM")
        database.execute("BEGIN")
        _fill(database, layer, layer.binary)
        _describe(database, layer)
        database.execute("COMMIT")


def _write_rows(path: Path, layer: PointLayer, count: int) -> None:
    """Write the first rows without the binary field, by GDAL."""
    with _fixed_date(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided", category=UserWarning)
        pyogrio.raw.write(
            str(path),
            geometry=shapely.to_wkb(shapely.points(layer.points[:count])),
            field_data=[_column(values[:count]) for values in layer.columns.values()],
            fields=list(layer.columns),
            layer=layer.name,
            driver="GPKG",
            geometry_type="Point",
            crs=layer.crs or None,
            dataset_options={"VERSION": "1.2"},  # what QGIS 3.22 knows in full
            layer_options={"DESCRIPTION": layer.description},
        )


def _column(values: NDArray[Any]) -> NDArray[Any]:
    return np.array(values.tolist(), dtype=object) if values.dtype.kind == "U" else values


@contextlib.contextmanager
def _fixed_date() -> Iterator[None]:
    """Keep the time of writing, which GDAL sets by itself, out of a GeoPackage (gpkg_contents.last_change)."""
    before = pyogrio.get_gdal_config_option(_DATE_OPTION)
    pyogrio.set_gdal_config_options({_DATE_OPTION: NO_DATE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({_DATE_OPTION: before})


def _fill(database: sqlite3.Connection, layer: PointLayer, binary: tuple[str, NDArray[np.uint8]]) -> None:
    """Insert the rows, and what GDAL's triggers would add for each: its place in the index, and the count."""
    table, count = quoted(layer.name), len(layer.points)
    name, data = binary
    triggers = database.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (layer.name,)
    ).fetchall()
    for trigger, _ in triggers:
        database.execute(f"DROP TRIGGER {quoted(trigger)}")
    database.execute(f"ALTER TABLE {table} ADD COLUMN {quoted(name)} BLOB")
    (srs,) = database.execute("SELECT srs_id FROM gpkg_geometry_columns").fetchone()
    fields = ["fid", "geom", *layer.columns, name]
    marks = ", ".join("?" * len(fields))
    rows = zip(
        range(1, count + 1),
        _split(_geometries(layer.points, srs), _POINT.itemsize),
        *(values.tolist() for values in layer.columns.values()),
        _split(np.ascontiguousarray(data).data.cast("B"), data.shape[1]),
        strict=True,
    )
    database.executemany(f"INSERT INTO {table} ({', '.join(map(quoted, fields))}) VALUES ({marks})", rows)  # noqa: S608 - quoted names
    x, y = layer.points[:, 0].tolist(), layer.points[:, 1].tolist()
    index = quoted(f"rtree_{layer.name}_geom")
    places = zip(range(1, count + 1), x, x, y, y, strict=True)
    database.executemany(f"INSERT INTO {index} VALUES (?, ?, ?, ?, ?)", places)  # noqa: S608 - a quoted name
    for _, sql in triggers:
        database.execute(sql)
    database.execute("UPDATE gpkg_ogr_contents SET feature_count = ?", (count,))
    database.execute(
        "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ?", (min(x), min(y), max(x), max(y))
    )


def _describe(database: sqlite3.Connection, layer: PointLayer) -> None:
    database.execute(_METADATA_TABLE)
    database.execute(_REFERENCE_TABLE)
    form, text = layer.metadata
    database.execute("INSERT INTO gpkg_metadata VALUES (1, 'dataset', ?, 'application/json', ?)", (form, text))
    database.execute(
        "INSERT INTO gpkg_metadata_reference VALUES ('table', ?, NULL, NULL, ?, 1, NULL)", (layer.name, NO_DATE)
    )
    database.executemany(
        "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_metadata', ?, 'read-write')",
        [("gpkg_metadata", _METADATA_EXTENSION), ("gpkg_metadata_reference", _METADATA_EXTENSION)],
    )


def _geometries(points: NDArray[np.float64], srs: int) -> memoryview:
    found = np.zeros(len(points), _POINT)
    found["magic"], found["flags"], found["srs"] = b"GP", _LITTLE_ENDIAN, srs
    found["order"], found["kind"] = _LITTLE_ENDIAN, _WKB_POINT
    found["x"], found["y"] = points[:, 0], points[:, 1]
    return memoryview(found.tobytes())


def _split(data: memoryview, width: int) -> Iterator[memoryview]:
    return (data[start : start + width] for start in range(0, len(data), width))


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


# ---------------------------------------------------------------- reading


@contextlib.contextmanager
def reading(path: Path, fix: str) -> Iterator[sqlite3.Connection]:
    """Open a GeoPackage to read it while another program may have it open; what that has saved is seen.

    Nothing that the file says is run: no view, trigger or function of its own.

    Args:
        path: The file.
        fix: How to go on where it cannot be read.

    Raises:
        SampleError: It is none, is damaged, or is being written.
    """
    try:
        with contextlib.closing(sqlite3.connect(_address(path, fix), uri=True, timeout=WAIT_S)) as database:
            for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON"):
                database.execute(f"PRAGMA {pragma}")
            yield database
    except sqlite3.Error as error:
        if "locked" in str(error):
            what = "Another program is writing the file"
            raise SampleError(f"{what}.", where=str(path), fix="Save or close it there, then try again.") from error
        raise SampleError(f"The GeoPackage is damaged: {error}.", where=str(path), fix=fix) from error
    except OSError as error:
        what = f"The file cannot be read: {error.strerror or error}."
        raise SampleError(what, where=str(path), fix=fix) from error


def _address(path: Path, fix: str) -> str:
    with path.open("rb") as stream:
        head = stream.read(100)
    if not head.startswith(_MAGIC) or len(head) < 100:
        raise SampleError("The file is no GeoPackage.", where=str(path), fix=fix)
    if wal_of(path).exists():
        return f"{path.resolve().as_uri()}?mode=ro"
    pages, page_bytes = int.from_bytes(head[28:32], "big"), int.from_bytes(head[16:18], "big")
    if path.stat().st_size < pages * page_bytes:
        raise SampleError("The GeoPackage is damaged: its end is missing.", where=str(path), fix=fix)
    # Where nobody writes ahead, a file made for that is opened as it lies: in a folder that is not ours to write the
    # journal could not be made, and in another it would stay behind.
    return f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if head[_READ_VERSION] == _WAL else ''}"


def wal_of(path: Path) -> Path:
    """Return the journal that a program keeps beside a file that it has open to write."""
    return path.with_name(f"{path.name}-wal")


def plain_columns(database: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns; none where it is a view, is computed, or is not there."""
    found = database.execute("SELECT type, rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchall()
    if len(found) != 1 or found[0][0] != "table" or not found[0][1]:
        return []
    columns = database.execute(f"PRAGMA table_xinfo({quoted(table)})").fetchall()
    return [str(column[1]) for column in columns if not column[6]]


def points_of(geometries: Sequence[bytes]) -> NDArray[np.float64]:
    """Return x and y of points as a GeoPackage holds them, (row, 2); NaN where a geometry is empty or no point."""
    headless = [_wkb(geometry) for geometry in geometries]
    shapes = shapely.from_wkb(np.array(headless, dtype=object), on_invalid="ignore")
    shapes[shapely.is_empty(shapes)] = None
    points = np.full((len(shapes), 2), np.nan)
    points[:, 0], points[:, 1] = shapely.get_x(shapes), shapely.get_y(shapes)
    return points


def _wkb(geometry: Any) -> bytes | None:
    if not isinstance(geometry, bytes) or len(geometry) < _HEADER_BYTES or geometry[:2] != b"GP":
        return None
    code = (geometry[3] >> 1) & 7
    return geometry[_HEADER_BYTES + _ENVELOPE_BYTES[code] :] if code < len(_ENVELOPE_BYTES) else None
