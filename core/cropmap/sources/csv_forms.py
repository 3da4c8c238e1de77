"""What a table of a series export holds: which columns are bands, dates, ids, classes and places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from cropmap.contract.errors import SampleError
from cropmap.io.label_fields import CLASS_NAMES, ID_NAMES, LabelOptions, texts_of
from cropmap.io.label_table import coordinate_columns
from cropmap.io.text_table import numbers_of
from cropmap.sources.patterns import find_date, is_band_name, split_description

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from cropmap.io.text_table import TextTable

INDEX, GEO = "system:index", ".geo"
POINTS, DATED, LONG, WIDE = "points", "dated", "long", "wide"
# The likeliest first, in lower case without blanks, dashes, colons and underscores. sits calls the date "Index".
_DATE_NAMES = (
    *("date", "datetime", "imagedate", "imgdate", "acquisitiondate"),
    *("systemtimestart", "timestamp", "time", "index"),
)
_NULLS = frozenset({"", "nan", "null", "none", "na", "n/a", "--", "masked"})
_STEP = r"[A-Za-z]{0,12}\d{1,4}|\d\d[-.]\d\d"
_STEP_FIRST, _STEP_LAST = re.compile(rf"({_STEP})_(.+)"), re.compile(rf"(.+?)_({_STEP})")


@dataclass(frozen=True)
class Form:
    """How a table is built.

    Args:
        kind: POINTS has no series; a DATED one holds a row a point, all of the date that its name tells; a LONG one a
            row a point and date; a WIDE one a row a point and a column a band and date.
        columns: Column, date's text ("" where the column tells none) and band of each series column.
        date: Column of the date, of a long table.
    """

    kind: str
    columns: tuple[tuple[str, str, str], ...]
    date: str = ""

    @property
    def bands(self) -> tuple[str, ...]:
        """The bands, each once, in the order of their columns."""
        return tuple(dict.fromkeys(band for _, _, band in self.columns))


def form_of(table: TextTable, bands: Sequence[str]) -> Form:
    """Recognise how a table is built.

    Args:
        table: The table.
        bands: Names of the bands, where the user gave them; else those known as bands are taken.

    Raises:
        SampleError: Columns of bands with and without dates.
    """

    def is_band(name: str) -> bool:
        return name in bands if bands else is_band_name(name)

    plain = tuple((name, "", name) for name in table.names if is_band(name))
    split = ((name, *_split(name, is_band)) for name in table.names if not is_band(name))
    wide = tuple(found for found in split if found[2])
    if plain and wide:
        raise SampleError(
            f"Some columns of bands tell a date, others none: {wide[0][0]!r}, {plain[0][0]!r}.",
            where=str(table.path),
            fix="Keep columns of one kind, or name the bands to take.",
        )
    if wide:
        return Form(WIDE, wide)
    date = _date_column(table) if plain else ""
    return Form((LONG if date else DATED) if plain else POINTS, plain, date)


def _split(name: str, is_band: Callable[[str], bool]) -> tuple[str, str]:
    """Return the date's text and the band of a column such as 20210401_B4, B4_T01, 0_B4; "" and "" of another."""
    date, band = split_description(name)
    if date is not None:
        return (date.isoformat(), band) if is_band(band) else ("", "")
    for pattern, step, band_part in ((_STEP_FIRST, 1, 2), (_STEP_LAST, 2, 1)):
        match = pattern.fullmatch(name)
        if match and is_band(match[band_part]) and not is_band(match[step]):
            return match[step], match[band_part]
    return "", ""


def _date_column(table: TextTable) -> str:
    plain = {_plain(name): name for name in reversed(table.names)}
    named = next((plain[name] for name in _DATE_NAMES if name in plain), "")
    if named:
        return named
    # Where each image was sampled by itself, its own name stands before the point's in the index.
    indexes = table.columns.get(INDEX, [])
    return INDEX if indexes and all(find_date(text) for text in indexes) else ""


def _plain(name: str) -> str:
    return re.sub(r"[\s:_-]", "", name.casefold())


def class_columns(tables: Sequence[TextTable], wanted: str) -> list[str]:
    """Return the column of the class in each table; "" where a table has none.

    Args:
        tables: The tables.
        wanted: The column that the user named; recognised by its name where empty.

    Raises:
        SampleError: No table has one, or columns of two names could be it.
    """
    where = f"{tables[0].path.name} ..." if len(tables) > 1 else str(tables[0].path)
    listed = ", ".join(dict.fromkeys(name for table in tables for name in table.names if name not in (INDEX, GEO)))
    if wanted:
        alike = [[name for name in table.names if name.casefold() == wanted.casefold()] for table in tables]
        if not any(alike):
            raise SampleError(f"No table has a column {wanted!r}.", where=where, fix=f"Columns: {listed}.")
        return [found[0] if found else "" for found in alike]
    known = [[name for name in table.names if _plain(name) in CLASS_NAMES] for table in tables]
    names = list(dict.fromkeys(name for found in known for name in found))
    if len(names) != 1:
        what = f"Several columns could hold the class: {', '.join(names)}." if names else ""
        raise SampleError(
            what or "No column is known to hold the class.",
            where=where,
            fix=f"Name it by class_field; there are: {listed}.",
        )
    return [found[0] if found else "" for found in known]


def ids_of(table: TextTable, form: Form, wanted: str) -> tuple[NDArray[np.str_], str]:
    """Return what identifies the point of each row, (row,), and the column; "" for both where nothing does.

    Raises:
        SampleError: The column named is not there, holds an empty cell, or repeats one where a row is a point.
    """
    if wanted and wanted not in table.columns:
        raise SampleError(
            f"There is no column {wanted!r}.", where=str(table.path), fix=f"Columns: {', '.join(table.names)}."
        )
    known = [name for name in table.names if name == INDEX or _plain(name) in ID_NAMES]
    for name in [wanted] if wanted else sorted(known, key=lambda name: name != INDEX):
        ids = np.array(texts_of(table.columns[name]), np.str_)
        each_once = len(np.unique(ids)) == len(ids)
        # A column that tells all rows of a long table apart numbers rows, not points.
        if form.kind == LONG and each_once and not wanted:
            continue
        _check_ids(ids, table, form, name)
        return ids, name
    return np.array([""] * len(table), np.str_), ""


def _check_ids(ids: NDArray[np.str_], table: TextTable, form: Form, name: str) -> None:
    where = f"{table.path}, column {name}"
    if (ids == "").any():
        line = table.lines[int(np.flatnonzero(ids == "")[0])]
        raise SampleError(f"A point has no id in line {line}.", where=where, fix="Fill it, or delete the row.")
    found, counts = np.unique(ids, return_counts=True)
    if form.kind != LONG and counts.max() > 1:
        raise SampleError(
            f"The id {str(found[counts.argmax()])!r} stands {counts.max()} times.",
            where=where,
            fix="Name the column that tells the points apart by id_field, or delete the copies.",
        )


def places_of(table: TextTable) -> NDArray[np.float64] | None:
    """Return longitude and latitude of each row, (row, 2); None where no column tells them.

    Raises:
        SampleError: They cannot be read.
    """
    if GEO in table.columns:
        texts, owner = np.unique(np.array(table.columns[GEO], object).astype(np.str_), return_inverse=True)
        shapes = np.asarray(shapely.from_geojson(texts, on_invalid="ignore"))
        points = shapely.centroid(shapes)
        places = np.column_stack([shapely.get_x(points), shapely.get_y(points)])[owner.ravel()]
        columns = GEO
    else:
        try:
            x, y = coordinate_columns(table.names, LabelOptions(), str(table.path))
        except SampleError:
            return None
        if not y:
            return None
        places = np.column_stack([numbers_of(table.columns[x]), numbers_of(table.columns[y])])
        columns = f"{x}, {y}"
    # The comparisons are false for NaN too.
    bad = ~((np.abs(places[:, 0]) <= 180) & (np.abs(places[:, 1]) <= 90))
    if bad.any():
        raise SampleError(
            f"{int(bad.sum())} of {len(bad)} rows have no longitude and latitude "
            f"(first: line {table.lines[int(np.flatnonzero(bad)[0])]}).",
            where=f"{table.path}, {columns}",
            fix="Export the points with their geometry, in EPSG:4326.",
        )
    return places


def values_of(table: TextTable, column: str) -> NDArray[np.float64]:
    """Return the numbers of a column, (row,); NaN where a cell is empty or says that there is none.

    Raises:
        SampleError: A cell that is neither.
    """
    cells = table.columns[column]
    try:
        values = np.array([float(cell) for cell in cells])
    except ValueError:
        values = numbers_of(cells)
        for row in np.flatnonzero(np.isnan(values)).tolist():
            if cells[row].strip().casefold() not in _NULLS:
                raise SampleError(
                    f"{cells[row]!r} is no number.",
                    where=f"{table.path}, line {table.lines[row]}, column {column}",
                    fix="Mend it, or leave the cell empty.",
                ) from None
    return np.where(np.isfinite(values), values, np.nan)
