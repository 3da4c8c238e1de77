"""Labels in delimited text: one row a feature, coordinates or WKT in columns."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import numpy as np
import shapely

from cropmap.contract.errors import SampleError
from cropmap.io.label_fields import LabelOptions, LabelRows, choose_fields
from cropmap.io.projection import crs_wkt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
DEFAULT_CRS = "EPSG:4326"

_WKT_NAMES = ("wkt", "wktgeom", "geometry", "geom", "thegeom")
_PAIRS = (
    ("longitude", "latitude"),
    ("lon", "lat"),
    ("long", "lat"),
    ("lng", "lat"),
    ("x", "y"),
    ("xcoord", "ycoord"),
    ("coordx", "coordy"),
    ("pointx", "pointy"),
    ("easting", "northing"),
)


def read_label_table(path: Path, options: LabelOptions) -> LabelRows:
    """Read labelled points (or WKT geometries) from a text table.

    The delimiter is , ; or tab; the encoding UTF-8 (with or without BOM), UTF-16 with BOM, or Windows-1252 / Latin-1;
    decimals may be written with a comma. Without `options.crs` coordinates are EPSG:4326.

    Raises:
        SampleError: No rows, a broken row, no coordinates, or coordinates that are no degrees while no CRS is given.
    """
    names, lines, rows = _table(_text(path), str(path))
    fields = choose_fields(names, options, str(path))
    columns = {name: [row[position] for row in rows] for position, name in enumerate(names)}
    geometries = _geometries(columns, lines, options, str(path))
    if not options.crs:
        _check_degrees(geometries, str(path))
    return LabelRows(
        geometries,
        {name: columns[name] for name in fields.names},
        np.arange(1, len(rows) + 1, dtype=np.int64),
        crs_wkt(options.crs or DEFAULT_CRS, str(path)),
    )


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        what = "The path is a folder" if path.is_dir() else f"The file cannot be read: {error.strerror}"
        raise SampleError(f"{what}.", where=str(path), fix="Give a text table, e.g. CSV.") from error
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace")
    if b"\0" in raw:
        raise SampleError("The file is binary, not a text table.", where=str(path), fix="Give a text table, e.g. CSV.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Windows-1252 is Latin-1 with letters such as s-caron where Latin-1 has control characters.
        return "".join(_windows_letter(byte) for byte in raw)


def _windows_letter(byte: int) -> str:
    return bytes([byte]).decode("cp1252", errors="ignore") or chr(byte)


def _table(text: str, where: str) -> tuple[list[str], list[int], list[list[str]]]:
    """Return the columns' names, each row's line number, and the rows."""
    # Spreadsheets put "sep=;" on a line of its own before the header.
    declared = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    body = text[declared.end() :] if declared else text
    delimiter = declared.group(1) if declared else _delimiter(body)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
    try:
        table = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise SampleError(f"The table is malformed: {error}.", where=where, fix="Write it again as CSV.") from error
    if not table:
        raise SampleError("The file is empty.", where=where, fix="Give a text table, e.g. CSV.")
    if len(table) < 2:
        raise SampleError(
            "The table has no rows.",
            where=where,
            fix="The first line names the columns, each further line is a sample.",
        )
    names = [name.strip() for name in table[0][1]]
    twice = [name for name in names if names.count(name) > 1 and name]
    if twice:
        raise SampleError(f"Two columns are named {twice[0]!r}.", where=where, fix="Rename one.")
    rows = [_filled(row, len(names), f"{where}, line {line}") for line, row in table[1:]]
    return names, [line for line, _ in table[1:]], rows


def _filled(row: list[str], width: int, where: str) -> list[str]:
    if any(cell.strip() for cell in row[width:]):
        raise SampleError(
            f"A row has {len(row)} cells under {width} columns.",
            where=where,
            fix="Put texts that hold the delimiter in quotes; with decimal commas use ; between the columns.",
        )
    return row[:width] + [""] * (width - len(row))


def _delimiter(text: str) -> str:
    header = re.sub(r'"[^"]*"', "", text.lstrip("\r\n").splitlines()[0]) if text.strip() else ""
    return max(",;\t", key=header.count)


def _geometries(columns: dict[str, list[str]], lines: list[int], options: LabelOptions, where: str) -> NDArray[Any]:
    x_name, y_name = _coordinate_columns(list(columns), options, where)
    if not y_name:
        shapes = np.asarray(shapely.from_wkt(columns[x_name], on_invalid="ignore"), dtype=object)
        if shapely.is_missing(shapes).all():
            raise SampleError(
                f"No row has a readable geometry: column {x_name!r} holds {columns[x_name][0]!r} in line {lines[0]}.",
                where=where,
                fix="Write WKT, e.g. POINT (3.5 50.2), or name the columns of x and y by x_field and y_field.",
            )
        return shapes
    x, y = _numbers(columns[x_name]), _numbers(columns[y_name])
    readable = np.isfinite(x) & np.isfinite(y)
    if not readable.any():
        bad = x_name if not np.isfinite(x[0]) else y_name
        raise SampleError(
            f"No row has readable coordinates in the columns {x_name!r} and {y_name!r}: "
            f"{bad!r} holds {columns[bad][0]!r} in line {lines[0]}.",
            where=where,
            fix="Write coordinates as numbers, e.g. 3.5, or name other columns by x_field and y_field.",
        )
    geometries = np.full(len(x), None, dtype=object)
    geometries[readable] = shapely.points(x[readable], y[readable])
    return geometries


def _coordinate_columns(names: Sequence[str], options: LabelOptions, where: str) -> tuple[str, str]:
    for wanted in (options.x_field, options.y_field):
        if wanted and wanted not in names:
            raise SampleError(f"There is no column {wanted!r}.", where=where, fix=f"Columns: {', '.join(names)}.")
    if options.x_field:
        return options.x_field, options.y_field
    plain = {re.sub(r"[\s_-]", "", name.casefold()): name for name in names}
    for name in _WKT_NAMES:
        if name in plain:
            return plain[name], ""
    for x_name, y_name in _PAIRS:
        if x_name in plain and y_name in plain:
            return plain[x_name], plain[y_name]
    raise SampleError(
        "No columns are known to hold coordinates.",
        where=where,
        fix="Name the columns of x and y by x_field and y_field, or one WKT column by x_field; "
        f"the file has: {', '.join(names)}.",
    )


def _numbers(cells: Sequence[str]) -> NDArray[np.float64]:
    return np.array([_number(cell) for cell in cells], dtype=np.float64)


def _number(cell: str) -> float:
    text = cell.strip()
    try:
        return float(text if "." in text else text.replace(",", ".", 1))
    except ValueError:
        return float("nan")


def _check_degrees(geometries: NDArray[Any], where: str) -> None:
    if shapely.is_missing(geometries).all():
        return
    west, south, east, north = shapely.total_bounds(geometries)
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise SampleError(
            f"The coordinates ({west:g} .. {east:g}, {south:g} .. {north:g}) are not longitudes and latitudes.",
            where=where,
            fix="Give the CRS, e.g. EPSG:32631.",
        )
