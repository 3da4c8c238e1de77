"""Labelled series from text tables: one table a date, one row a date, or one column a date."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.contract.progress import Progress
from cropmap.contract.words import counted, listed
from cropmap.data.samples import LabelledSeries
from cropmap.io.label_fields import texts_of
from cropmap.io.projection import crs_wkt
from cropmap.io.series_table import groups_of_places
from cropmap.io.text_table import TextTable, read_text_table
from cropmap.sources.csv_dates import DateRule, dates_of, is_step, skipped_notes
from cropmap.sources.csv_forms import (
    DATED,
    LONG,
    POINTS,
    WIDE,
    Form,
    class_columns,
    form_of,
    ids_of,
    places_of,
    values_of,
)
from cropmap.sources.patterns import find_date

if TYPE_CHECKING:
    from pathlib import Path

_CUT = "*"  # stands for the date in a file's name
_SAME_PLACE = 1e-7  # degrees: a centimetre
_SHOWN = 5
_POINTWISE = ("labels", "sites", "places")
_PLACES = (".geo", "longitude", "latitude", "lon", "lat")
_FORM_WORDS = {
    DATED: "one table a date, the date in the file's name",
    LONG: "one row a point and date",
    WIDE: "one row a point, one column a band and date",
}


@dataclass(frozen=True)
class CsvOptions:
    """How tables of series are read.

    Args:
        class_field: Column of the class; recognised where empty.
        id_field: Column that identifies the points; recognised where empty.
        bands: Columns, or their parts, that are bands; recognised where empty.
        dates: What dates without a year, and numbers of steps, mean.
        scale: What stored numbers are multiplied by.
        scales: The same for single bands.
        nodata: Stored numbers that stand for no value.
    """

    class_field: str = ""
    id_field: str = ""
    bands: tuple[str, ...] = ()
    dates: DateRule = field(default_factory=DateRule)
    scale: float = 1.0
    scales: Mapping[str, float] = field(default_factory=dict)
    nodata: tuple[float, ...] = ()


@dataclass(frozen=True)
class _Table:
    """A table with what it was recognised as.

    Args:
        source: The table.
        form: How it is built.
        label: Column of the class; empty where it has none.
        ids: Point of each row, (row,), text; its place where nothing else identifies it.
        id_column: Column of the ids; empty where there is none.
        places: Longitude and latitude, (row, 2); None where it tells none.
        key: The file's name with the date cut out, in parts.
        step: The date, or number of step, in the file's name.
    """

    source: TextTable
    form: Form
    label: str
    ids: NDArray[np.str_]
    id_column: str
    places: NDArray[np.float64] | None
    key: tuple[str, ...] = ()
    step: str = ""

    @property
    def name(self) -> str:
        """The file's name."""
        return self.source.path.name


@dataclass(frozen=True)
class _Rows:
    """Observations, one a row, by point and date.

    Args:
        owner: Position of the point, (row,), ascending.
        days: Date, (row,), datetime64[D].
        values: (row, band), float32; NaN where there is none.
        twice: How many were left out because the point has another of that date.
    """

    owner: NDArray[np.intp]
    days: NDArray[np.datetime64]
    values: NDArray[np.float32]
    twice: int = 0


@dataclass(frozen=True)
class _Set:
    """The points of one set of tables, (point,), with their observations."""

    name: str
    ids: NDArray[np.str_]
    labels: NDArray[np.str_]
    sites: NDArray[np.str_]
    places: NDArray[np.float64]
    rows: _Rows


@dataclass(frozen=True)
class _Reading:
    """What all tables share: the bands in order, what each date's text means, and the options."""

    bands: tuple[str, ...]
    dates: Mapping[str, dt.date]
    options: CsvOptions


def read_csv_series(
    paths: Sequence[Path],
    options: CsvOptions,
    progress: Progress | None = None,
    opened: Callable[[Path], object] = lambda _path: None,
) -> LabelledSeries:
    """Read labelled series from text tables, of whichever form they are.

    Args:
        paths: The tables: those with series, and at most one for each set of them with the points' classes and places.
        options: How they are read.
        progress: Told of the tables read.
        opened: Told of each table read.

    Raises:
        SampleError: Tables that contradict each other, that tell no class, place or date, or none with series.
    """
    progress = progress or Progress()
    sources = []
    for path in progress.over(list(paths), "Reading tables"):
        opened(path)
        sources.append(read_text_table(path))
    tables = _recognised(sources, options)
    kind = _kind_of(tables)
    grouped = _sets(tables, kind)
    bands = _shared_bands([table for table in tables if table.form.kind == kind])
    dates = _dates([table for _, own in grouped for table in own if table.form.kind == kind], kind, options.dates)
    sets = [_set_of(name, own, _Reading(bands, dates, options)) for name, own in grouped]
    return _series(sets, bands, [*_told(tables, kind), *skipped_notes(list(dates))], str(paths[0].parent))


def _recognised(sources: Sequence[TextTable], options: CsvOptions) -> list[_Table]:
    forms = [form_of(source, options.bands) for source in sources]
    if all(form.kind == POINTS for form in forms):
        raise _no_series(sources, options)
    found = []
    for source, form, label in zip(sources, forms, class_columns(sources, options.class_field), strict=True):
        wanted = options.id_field if options.id_field in source.columns or form.kind != POINTS else ""
        ids, id_column = ids_of(source, form, wanted)
        places = places_of(source)
        if not id_column and places is not None:
            ids = np.array([f"{lon:.7f} {lat:.7f}" for lon, lat in places.tolist()], np.str_)
        elif not id_column:
            raise SampleError(
                "No column identifies the points.",
                where=str(source.path),
                fix=f"Name it by id_field; there are: {', '.join(source.names)}.",
            )
        found.append(_Table(source, form, label, ids, id_column, places))
    return found


def _no_series(sources: Sequence[TextTable], options: CsvOptions) -> SampleError:
    names = ", ".join(dict.fromkeys(name for source in sources for name in source.names))
    if options.bands:
        what = f"No column holds the bands {', '.join(options.bands)}."
        return SampleError(what, where=str(sources[0].path), fix=f"Columns: {names}.")
    return SampleError(
        f"No column is known to hold a band: {names}.",
        where=str(sources[0].path),
        fix="Name the bands; points without series are labels, which the sample job takes as its samples.",
    )


def _kind_of(tables: Sequence[_Table]) -> str:
    first = {table.form.kind: table for table in reversed(tables) if table.form.kind != POINTS}
    if len(first) > 1:
        told = "; ".join(f"{table.name}: {_FORM_WORDS[kind]}" for kind, table in first.items())
        raise SampleError(f"The tables are built in different ways: {told}.", fix="Import each kind by itself.")
    return next(iter(first))


# ---------------------------------------------------------------- which tables belong together


def _sets(tables: Sequence[_Table], kind: str) -> list[tuple[str, list[_Table]]]:
    """Return sets of tables of the same points, by name."""
    about = [table for table in tables if table.form.kind == POINTS]
    series = [table for table in tables if table.form.kind == kind]
    if kind == DATED:
        return _dated_sets(series, about)
    if about:
        if len(about) > 1:
            raise SampleError(
                f"Several tables hold points without series: {', '.join(table.name for table in about[:_SHOWN])}.",
                fix="Choose one by files.",
            )
        return [("", [*about, *series])]
    return [("" if len(series) == 1 else table.source.path.stem, [table]) for table in series]


def _dated_sets(series: Sequence[_Table], about: Sequence[_Table]) -> list[tuple[str, list[_Table]]]:
    keyed = _keyed(series)
    sets: dict[tuple[str, ...], list[_Table]] = {}
    for table in keyed:
        twice = next((other for other in sets.get(table.key, []) if other.step == table.step), None)
        if twice is not None:
            raise SampleError(f"{twice.name} and {table.name} are of the same date.", fix="Choose the tables by files.")
        sets.setdefault(table.key, []).append(table)
    for table in about:
        fitting = [key for key in sets if _belongs(table, key)]
        own = fitting[0] if len(fitting) == 1 else next(iter(sets)) if len(sets) == 1 else None
        if own is None or sets[own][0].form.kind == POINTS:
            raise SampleError(
                f"{table.name} holds no series, and its name does not tell to which tables it belongs.",
                fix="Name it like them, with a word in place of the date; or leave it out by files.",
            )
        sets[own].insert(0, table)
    return [("_".join(part for part in key if part != _CUT), own) for key, own in sets.items()]


def _keyed(series: Sequence[_Table]) -> list[_Table]:
    """Return the tables with the date, or number of step, in each name, and the rest of it."""
    names = [table.source.path.stem for table in series]
    found = [find_date(name) for name in names]
    if not any(found):
        parts = [tuple(re.split(r"[_\-. ]+", name)) for name in names]
        place = _step_place(parts, series)
        return [
            _with(table, (*own[:place], _CUT, *own[place + 1 :]), own[place])
            for table, own in zip(series, parts, strict=True)
        ]
    keyed = []
    for table, name, hit in zip(series, names, found, strict=True):
        if hit is None:
            raise SampleError(
                f"The name of {table.name} tells no date, others do.", fix="Name it alike, or leave it out by files."
            )
        rest = f"{name[: hit.start]}_{_CUT}_{name[hit.end :]}"
        keyed.append(_with(table, tuple(part for part in re.split(r"[_\-. ]+", rest) if part), hit.date.isoformat()))
    return keyed


def _with(table: _Table, key: tuple[str, ...], step: str) -> _Table:
    return _Table(table.source, table.form, table.label, table.ids, table.id_column, table.places, key, step)


def _step_place(parts: Sequence[tuple[str, ...]], series: Sequence[_Table]) -> int:
    """Return which part of the names numbers the dates: the one with most values, all of which end in a number."""
    names = ", ".join(table.name for table in series[:2])
    if len({len(own) for own in parts}) > 1:
        what = f"The names are built in different ways: {', '.join(table.name for table in series[:_SHOWN])} ..."
        raise SampleError(what, fix="Name the tables alike, e.g. AR_2021-04-01.csv, or choose them by files.")
    values = [set(column) for column in zip(*parts, strict=True)]
    counts = {place: len(own) for place, own in enumerate(values) if all(is_step(text) for text in own)}
    best = [place for place, count in counts.items() if count == max(counts.values())]
    if len(best) != 1:
        raise SampleError(
            f"The date of each table cannot be told from its name: {names}.",
            fix="Put the date into the names, e.g. AR_2021-04-01.csv.",
        )
    return best[0]


def _belongs(table: _Table, key: tuple[str, ...]) -> bool:
    """Tell whether a table's name is that of a set, with a word in place of the date."""
    own = re.split(r"[_\-. ]+", table.source.path.stem)
    return len(own) == len(key) and all(part in (_CUT, mine) for part, mine in zip(key, own, strict=True))


# ---------------------------------------------------------------- bands and dates


def _shared_bands(series: Sequence[_Table]) -> tuple[str, ...]:
    first = series[0]
    for table in series[1:]:
        strange = sorted(set(first.form.bands) ^ set(table.form.bands))
        if strange:
            has, lacks = (first, table) if strange[0] in first.form.bands else (table, first)
            raise SampleError(
                f"{has.name} holds the band {strange[0]}, {lacks.name} does not.",
                where=str(lacks.source.path),
                fix="Export the same bands for each date, or name those to take by bands.",
            )
    return first.form.bands


def _dates(series: Sequence[_Table], kind: str, rule: DateRule) -> dict[str, dt.date]:
    """Return the date that each text means, in names of files, names of columns or cells."""
    if kind == DATED:
        return dates_of([table.step for table in series], rule, f"{series[0].name} ...")
    if kind == WIDE:
        columns = [column for table in series for column in table.form.columns]
        return dates_of([step for _, step, _ in columns], rule, f"columns {columns[0][0]} ...")
    found: dict[str, dt.date] = {}
    for table in series:
        where = f"{table.source.path}, column {table.form.date}"
        found |= dates_of(table.source.columns[table.form.date], rule, where)
    return found


# ---------------------------------------------------------------- one set


def _set_of(name: str, tables: Sequence[_Table], reading: _Reading) -> _Set:
    ids = _shared_ids(tables)
    position = {text: place for place, text in enumerate(ids.tolist())}
    owners = [np.array([position[text] for text in table.ids.tolist()], np.intp) for table in tables]
    pairs = list(zip(tables, owners, strict=True))
    site = tables[-1].key[0] if len(tables[-1].key) > 1 else ""
    return _Set(
        name,
        ids,
        _agreed(pairs, ids, lambda table: table.label),
        _sites(pairs, ids, "" if site == _CUT else site),
        _places(pairs, ids),
        _once([_rows(table, owner, reading) for table, owner in pairs if table.form.kind != POINTS]),
    )


def _shared_ids(tables: Sequence[_Table]) -> NDArray[np.str_]:
    """Return the points of a set, in the order of its first table.

    Raises:
        SampleError: A table holds other points; pieces of a long or wide table may hold some of them each.
    """
    first = tables[0]
    ids = first.ids[np.sort(np.unique(first.ids, return_index=True)[1])]
    rest = [table.ids for table in tables[1:]]
    if first.form.kind == POINTS and tables[1:] and tables[1].form.kind != DATED:
        rest = [np.concatenate(rest)]
    for table, own in zip(tables[1:], rest, strict=False):
        strange = np.setxor1d(ids, own)
        if len(strange):
            raise SampleError(
                f"{first.name} and {table.name} hold different points: {len(strange)} "
                f"{'is' if len(strange) == 1 else 'are'} in one of them alone (id {listed(strange.tolist(), _SHOWN)}).",
                where=f"columns {first.id_column or 'of the place'}, {table.id_column or 'of the place'}",
                fix="Export the same points to every table, or choose the tables by files.",
            )
    return ids


def _agreed(
    pairs: Sequence[tuple[_Table, NDArray[np.intp]]], ids: NDArray[np.str_], column_of: Callable[[_Table], str]
) -> NDArray[np.str_]:
    """Return the text of a column for each point, (point,); empty where no table tells it."""
    found = np.full(len(ids), "", object)
    for table, owner in pairs:
        column = column_of(table)
        if not column:
            continue
        own = np.array(texts_of(table.source.columns[column]), object)
        told = own != ""
        before = found[owner]
        found[owner[told]] = own[told]
        other = told & ((found[owner] != own) | ((before != "") & (before != own)))
        if other.any():
            row = int(np.flatnonzero(other)[0])
            also = before[row] or found[owner[row]]
            raise SampleError(
                f"Point {ids[owner[row]]} is of class {also!r} in one row and of {own[row]!r} in another.",
                where=f"{table.source.path}, line {table.source.lines[row]}, column {column}",
                fix="Give each point one class; name the column that tells points apart by id_field.",
            )
    return found.astype(np.str_)


def _sites(pairs: Sequence[tuple[_Table, NDArray[np.intp]]], ids: NDArray[np.str_], named: str) -> NDArray[np.str_]:
    own = _agreed(
        pairs, ids, lambda table: next((name for name in table.source.names if name.casefold() == "site"), "")
    )
    return np.where(own == "", named, own)


def _places(pairs: Sequence[tuple[_Table, NDArray[np.intp]]], ids: NDArray[np.str_]) -> NDArray[np.float64]:
    found = np.full((len(ids), 2), np.nan)
    for table, owner in pairs:
        if table.places is None:
            continue
        found[owner] = np.where(np.isnan(found[owner]), table.places, found[owner])
        apart = np.flatnonzero((np.abs(found[owner] - table.places) > _SAME_PLACE).any(axis=1))
        if len(apart):
            raise SampleError(
                f"Point {ids[owner[apart[0]]]} lies at two places: {found[owner[apart[0]]].tolist()} and "
                f"{table.places[apart[0]].tolist()}.",
                where=f"{table.source.path}, line {table.source.lines[apart[0]]}",
                fix="Name the column that tells points apart by id_field.",
            )
    if np.isnan(found).any():
        raise SampleError(
            "No table tells where the points lie.",
            where=str(pairs[0][0].source.path),
            fix="Export them with their geometry (.geo), or with columns longitude and latitude.",
        )
    return found


# ---------------------------------------------------------------- observations


def _rows(table: _Table, owner: NDArray[np.intp], reading: _Reading) -> _Rows:
    steps = list(dict.fromkeys(step for _, step, _ in table.form.columns))
    bands, count = reading.bands, len(owner)
    values = np.full((len(steps), count, len(bands)), np.nan, np.float32)
    for column, step, band in table.form.columns:
        values[steps.index(step), :, bands.index(band)] = _physical(values_of(table.source, column), band, reading)
    if table.form.kind == LONG:
        texts = table.source.columns[table.form.date]
    else:
        texts = [table.step or step for step in steps for _ in range(count)]
    days = np.array([reading.dates[text] for text in texts], "datetime64[D]")
    return _Rows(np.tile(owner, len(steps)), days, values.reshape(-1, len(bands)))


def _physical(stored: NDArray[np.float64], band: str, reading: _Reading) -> NDArray[np.float64]:
    options = reading.options
    scale = options.scales.get(band, options.scale)
    return np.where(np.isin(stored, options.nodata), np.nan, stored * scale)


def _once(parts: Sequence[_Rows]) -> _Rows:
    """Return all rows by point and date; of several of one point and date the first that is complete."""
    owner = np.concatenate([part.owner for part in parts])
    days = np.concatenate([part.days for part in parts])
    values = np.concatenate([part.values for part in parts])
    order = np.lexsort((np.isnan(values).sum(axis=1), days, owner))
    owner, days, values = owner[order], days[order], values[order]
    first = np.ones(len(owner), np.bool_)
    first[1:] = (owner[1:] != owner[:-1]) | (days[1:] != days[:-1])
    return _Rows(owner[first], days[first], values[first], int((~first).sum()))


def _series(sets: Sequence[_Set], bands: tuple[str, ...], told: Sequence[str], where: str) -> LabelledSeries:
    parts = [_padded(own.rows, len(own.ids)) for own in sets]
    longest = max(days.shape[1] for days, _ in parts)
    # What a shorter series lacks is its last date again, without values.
    days = np.concatenate([np.pad(own, ((0, 0), (0, longest - own.shape[1])), "edge") for own, _ in parts])
    values = np.concatenate(
        [np.pad(own, ((0, 0), (0, longest - own.shape[1]), (0, 0)), constant_values=np.nan) for _, own in parts]
    )
    ids = np.concatenate([_named(own, alone=len(sets) == 1) for own in sets])
    labels, sites, places = (np.concatenate([getattr(own, name) for own in sets]) for name in _POINTWISE)
    kept = labels != ""
    if not kept.any():
        raise SampleError("No point has a class.", where=where, fix="Fill the column of the class, or name another.")
    return LabelledSeries(
        values=np.ascontiguousarray(values[kept]),
        dates=days[kept],
        labels=labels[kept],
        ids=ids[kept],
        groups=groups_of_places(places[kept, 0], places[kept, 1]),
        x=np.ascontiguousarray(places[kept, 0]),
        y=np.ascontiguousarray(places[kept, 1]),
        bands=bands,
        crs=crs_wkt("EPSG:4326"),
        where=where,
        notes=(*told, *_left_out(sets, kept)),
        sites=sites[kept],
    )


def _padded(rows: _Rows, count: int) -> tuple[NDArray[np.datetime64], NDArray[np.float32]]:
    """Return dates (point, time) and values (point, time, band) of a set, padded to its longest series."""
    lengths = np.bincount(rows.owner, minlength=count)
    ends = np.cumsum(lengths)
    time = np.arange(len(rows.owner)) - (ends - lengths)[rows.owner]
    values = np.full((count, int(lengths.max()), rows.values.shape[1]), np.nan, np.float32)
    days = np.repeat(rows.days[ends - 1], values.shape[1]).reshape(values.shape[:2])
    days[rows.owner, time], values[rows.owner, time] = rows.days, rows.values
    return days, values


def _named(own: _Set, *, alone: bool) -> NDArray[np.str_]:
    return own.ids if alone or not own.name else np.char.add(f"{own.name}/", own.ids)


# ---------------------------------------------------------------- notes


def _told(tables: Sequence[_Table], kind: str) -> list[str]:
    """Return what was recognised, which columns are missing, and which were not taken."""
    series = next(table for table in tables if table.form.kind == kind)
    label = next(table.label for table in tables if table.label)
    points = repr(series.id_column) if series.id_column else "their place"
    way = f"{_FORM_WORDS[kind]}; class in {label!r}, points by {points}"
    notes = [f"Recognised: {way}, bands {', '.join(series.form.bands)}."]
    if kind == WIDE:
        wanted = len({step for _, step, _ in series.form.columns}) * len(series.form.bands)
        missing = wanted - len({column[1:] for column in series.form.columns})
        notes += [f"{missing} of {wanted} columns, a band and date each, are missing."] if missing else []
    used = {series.form.date, label, *(table.id_column for table in tables), *_PLACES}
    used |= {name for table in tables for name, _, _ in table.form.columns}
    rest = dict.fromkeys(name for table in tables for name in table.source.names if name not in used)
    return [*notes, f"Columns that are not taken: {', '.join(rest)}."] if rest else notes


def _left_out(sets: Sequence[_Set], kept: NDArray[np.bool_]) -> list[str]:
    notes = []
    twice, lost = sum(own.rows.twice for own in sets), int((~kept).sum())
    if twice:
        observations = counted(twice, "observation is", "observations are")
        notes.append(f"{observations} of a point and date that has another: the most complete one is taken.")
    if lost:
        notes.append(f"{lost} of {len(kept)} points {'has' if lost == 1 else 'have'} no class: left out.")
    days = [np.unique(own.rows.days) for own in sets]
    every = np.unique(np.concatenate(days))
    for own, mine in zip(sets, days, strict=True):
        missing = np.setdiff1d(every, mine)
        if len(missing):
            notes.append(f"{own.name} lacks {len(missing)} of {len(every)} dates (first: {missing[0]}).")
    return notes
