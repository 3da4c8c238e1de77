"""Labels in delimited text: one row a feature, coordinates or WKT in columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import shapely

from cropmap.contract.errors import SampleError
from cropmap.io.label_fields import LabelOptions, LabelRows, choose_fields
from cropmap.io.projection import crs_wkt
from cropmap.io.text_table import TextTable, numbers_of, read_text_table

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
    table = read_text_table(path)
    fields = choose_fields(table.names, options, str(path))
    geometries = _geometries(table, options, str(path))
    if not options.crs:
        _check_degrees(geometries, str(path))
    return LabelRows(
        geometries,
        {name: table.columns[name] for name in fields.names},
        np.arange(1, len(table) + 1, dtype=np.int64),
        crs_wkt(options.crs or DEFAULT_CRS, str(path)),
        table.notes,
    )


def _geometries(table: TextTable, options: LabelOptions, where: str) -> NDArray[Any]:
    columns, lines = table.columns, table.lines
    x_name, y_name = coordinate_columns(table.names, options, where)
    if not y_name:
        shapes = np.asarray(shapely.from_wkt(columns[x_name], on_invalid="ignore"), dtype=object)
        if shapely.is_missing(shapes).all():
            raise SampleError(
                f"No row has a readable geometry: column {x_name!r} holds {columns[x_name][0]!r} in line {lines[0]}.",
                where=where,
                fix="Write WKT, e.g. POINT (3.5 50.2), or name the columns of x and y by x_field and y_field.",
            )
        return shapes
    x, y = numbers_of(columns[x_name]), numbers_of(columns[y_name])
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


def coordinate_columns(names: Sequence[str], options: LabelOptions, where: str) -> tuple[str, str]:
    """Return the columns of x and y, or that of WKT and "".

    Raises:
        SampleError: A named column is not there, or none is known to hold coordinates.
    """
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


def _check_degrees(geometries: NDArray[Any], where: str) -> None:
    if shapely.is_missing(geometries).all():
        return
    west, south, east, north = shapely.total_bounds(geometries)
    if west < -180 or east > 180 or south < -90 or north > 90:
        swapped = -90 <= west <= east <= 90 and -180 <= south <= north <= 180
        raise SampleError(
            f"The coordinates ({west:g} .. {east:g}, {south:g} .. {north:g}) are not longitudes and latitudes.",
            where=where,
            fix="They look swapped: name the columns of x (longitude) and y (latitude) by x_field and y_field."
            if swapped
            else "Give the CRS, e.g. EPSG:32631.",
        )
