"""Sample sets on disk: one GeoPackage to learn from, to look at and to edit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import CropMapError, SampleError
from cropmap.contract.schemes import folded
from cropmap.contract.words import counted
from cropmap.data.legend import Legend, legend_of
from cropmap.data.recipe import recipe_of
from cropmap.data.review import DROP, KEEP, Review, no_review
from cropmap.data.samples import LONE_GROUP, FoldPlan, SampleSet
from cropmap.io.geopackage import (
    PointLayer,
    plain_columns,
    points_of,
    quoted,
    reading,
    wal_of,
    write_points,
)
from cropmap.io.label_fields import texts_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

FORMAT = "cropmap samples"
VERSION = 2
LAYER = "samples"
HEADER_BYTES = 16 << 20

_FORM = "urn:cropmap:samples"
_AGAIN = "Give a samples.gpkg that the sample job wrote."
_TEXTS = ("id", "class", "group", "site", "suggested", "why", "verdict")
_NUMBERS = {"year": 9999, "fold": 127, "suspect": 2**31 - 1}  # and the largest allowed
_TEXT_CHARACTERS = 1024  # of a text field
_ROWS = 4096  # read at a time


@dataclass(frozen=True)
class SampleFile:
    """What a sample file holds, once the verdicts have been carried out.

    Args:
        samples: The samples.
        notes: What verdicts and edits did: how many samples were left out, which got another class.
        review: What the file says of each sample.
        fold: Fold of each sample, from 0; -1 where it has none, (sample,), int8.
        scheme: Text of the class scheme by which labels became classes; empty where none was kept.
    """

    samples: SampleSet
    notes: tuple[str, ...]
    review: Review
    fold: NDArray[np.int8]
    scheme: str = ""


def write_samples(
    path: str | Path,
    samples: SampleSet,
    plan: FoldPlan | None = None,
    review: Review | None = None,
    *,
    scheme: str = "",
) -> None:
    """Write samples to a GeoPackage: a point each with its class, fold, review and series.

    The file appears whole or not at all, and is the same to the byte for the same samples, GDAL and SQLite.

    Args:
        path: File to write; one that exists is replaced.
        samples: The samples.
        plan: Their folds. The file counts folds from 1, as people do; 0 stands for none.
        review: What is said of each sample; nothing where None.
        scheme: Text of the class scheme by which labels became classes.

    Raises:
        SampleError: The plan or the review is one of other samples.
        OutputError: It cannot be written, or another program has it open to write.
    """
    count = len(samples)
    judged = review or no_review(count)
    fold = np.full(count, -1, np.int8) if plan is None else plan.fold
    for what, found in (("folds", fold), ("reviews", judged)):
        if len(found) != count:
            raise SampleError(f"{count} samples have {len(found)} {what}.", fix="Give one of each.")
    values = np.ascontiguousarray(samples.values, dtype="<f4").reshape(count, -1)
    layer = PointLayer(
        name=LAYER,
        crs=samples.crs,
        points=np.column_stack([samples.x, samples.y]).astype(np.float64),
        columns=_columns(samples, fold, judged),
        binary=("series", values.view(np.uint8)),
        metadata=(_FORM, json.dumps(_header(samples, scheme), ensure_ascii=False)),
    )
    write_points(Path(path), layer)


def read_samples(path: str | Path) -> SampleSet:
    """Read the samples of a file that `write_samples` wrote, as `read_sample_file` does."""
    return read_sample_file(path).samples


def read_sample_file(path: str | Path) -> SampleFile:
    """Read a file that `write_samples` wrote and a person may have edited since, and carry out its verdicts.

    A row that was deleted is gone; an edited class, group, fold or place is taken as it stands; "drop" as verdict
    leaves a sample out, the name of a class gives it that class. Rows without a series, added by hand, are left out.
    Another program may have the file open: what it has saved is read.

    Raises:
        SampleError: Not such a file, another version, a damaged one, a class or verdict that the legend does not know,
            or contents that contradict each other.
    """
    where = str(path)
    try:
        with reading(Path(path), _AGAIN) as database:
            header = _read_header(database)
            rows = _read_rows(database, header, _size(Path(path)))
        return _sample_file(header, rows)
    except CropMapError as error:
        raise SampleError(error.what, where=error.where or where, fix=error.fix) from error
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise SampleError(f"The sample file is damaged: {error}.", where=where, fix=_AGAIN) from error


# ---------------------------------------------------------------- writing


def _header(samples: SampleSet, scheme: str) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "series": "float32, little-endian; step by step, in each the bands",
        "days": samples.days.tolist(),
        "bands": list(samples.bands),
        "legend": samples.legend.to_list(),
        "scheme": scheme,
        "recipe": samples.recipe.to_dict(),
        "crs": samples.crs,
        "masked": samples.masked,
    }


def _columns(samples: SampleSet, fold: NDArray[np.int8], review: Review) -> dict[str, NDArray[Any]]:
    names, colours = np.full(256, "", object), np.full(256, "", object)
    for found in samples.legend.classes:
        names[found.code], colours[found.code] = found.name, found.colour
    return {
        "id": samples.ids.astype(np.str_),
        "class": names[samples.codes].astype(np.str_),
        "colour": colours[samples.codes].astype(np.str_),
        "group": samples.groups.astype(np.str_),
        "site": samples.sites.astype(np.str_),
        "year": samples.years.astype(np.int32),
        "fold": np.maximum(fold, -1).astype(np.int32) + 1,
        "suspect": review.rank.astype(np.int32),
        "suggested": review.suggested.astype(np.str_),
        "why": review.why.astype(np.str_),
        "verdict": review.verdict.astype(np.str_),
    }


# ---------------------------------------------------------------- reading


@dataclass(frozen=True)
class _Rows:
    """The rows of a file that have a series.

    Args:
        values: (row, step, band), float32.
        points: (row, 2), float64.
        columns: By name, (row,).
        without: How many rows have none.
    """

    values: NDArray[np.float32]
    points: NDArray[np.float64]
    columns: Mapping[str, NDArray[Any]]
    without: int


def _size(path: Path) -> int:
    return sum(part.stat().st_size for part in (path, wal_of(path)) if part.exists())


def _read_header(database: sqlite3.Connection) -> Mapping[str, Any]:
    no_samples = SampleError("The GeoPackage holds no samples of cropmap with their series.", fix=_AGAIN)
    if not {"md_standard_uri", "metadata"} <= set(plain_columns(database, "gpkg_metadata")):
        raise _copied() if "series" in plain_columns(database, LAYER) else no_samples
    found = database.execute(
        "SELECT CASE WHEN length(metadata) <= ? THEN metadata END FROM gpkg_metadata WHERE md_standard_uri = ?",
        (HEADER_BYTES, _FORM),
    ).fetchall()
    if not found:
        raise _copied() if "series" in plain_columns(database, LAYER) else no_samples
    if len(found) > 1 or not isinstance(found[0][0], str):
        raise SampleError("The description of the samples is damaged, or over 16 MB.", fix=_AGAIN)
    header = json.loads(found[0][0])
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise no_samples
    if header.get("version") != VERSION:
        raise SampleError(
            f"The sample file has version {header.get('version')!r}; this cropmap reads {VERSION}.",
            fix="Use the cropmap that wrote it, or extract the samples again.",
        )
    return header


def _copied() -> SampleError:
    return SampleError(
        "The file is a copy of samples that lacks what cropmap wrote beside them: bands, steps, classes, recipe.",
        fix="Edit the samples.gpkg that the sample job wrote itself, or copy it as a file: what QGIS or ogr2ogr saves "
        "as a new layer lacks that.",
    )


def _read_rows(database: sqlite3.Connection, header: Mapping[str, Any], file_bytes: int) -> _Rows:
    needed = ("geom", *_TEXTS, *_NUMBERS, "series")
    held = set(plain_columns(database, LAYER))
    if not held:
        raise SampleError(f"The file has no layer {LAYER!r} that is a table.", fix="Give it that name again.")
    missing = sorted(set(needed) - held)
    if missing:
        raise SampleError(f"The layer {LAYER} has no field {missing[0]!r}.", fix=_AGAIN)
    steps, bands = len(header["days"]), len(header["bands"])
    width = steps * bands * 4
    total, good, without = database.execute(
        "SELECT count(*), sum(typeof(series) = 'blob' AND length(series) = ?), sum(series IS NULL) FROM samples",
        (width,),
    ).fetchone()
    if not total or total == without:
        raise SampleError("The file holds no sample with a series.", fix=_AGAIN)
    if good + without < total or not width:
        raise SampleError(
            f"{total - good - without} of {total} samples hold a series that is not {steps} steps x {bands} bands.",
            fix="The file was changed by another program, or damaged: extract the samples again.",
        )
    if good * width > file_bytes:
        raise SampleError(f"The file claims {good} samples, more than it can hold.", fix=_AGAIN)
    values = np.empty((good, steps * bands), "<f4")
    columns: list[list[Any]] = [[] for _ in needed[:-1]]
    cursor = database.execute(
        f"SELECT {', '.join(map(quoted, needed))} FROM samples WHERE series IS NOT NULL ORDER BY rowid"  # noqa: S608 - our names
    )
    start = 0
    while chunk := cursor.fetchmany(_ROWS):
        *own, series = zip(*chunk, strict=True)
        part = np.frombuffer(b"".join(series), "<f4").reshape(len(chunk), -1)
        values[start : start + len(chunk)] = part
        start += len(chunk)
        for kept, cells in zip(columns, own, strict=True):
            kept.extend(cells)
    by_name = dict(zip(needed, columns, strict=False))
    return _Rows(
        values.reshape(good, steps, bands).astype(np.float32, copy=False),
        points_of(by_name["geom"]),
        {name: _texts(by_name[name], name) for name in _TEXTS}
        | {name: _wholes(by_name[name], name) for name in _NUMBERS},
        int(without),
    )


def _texts(cells: Sequence[Any], name: str) -> NDArray[np.str_]:
    cleaned = {cell: cell if isinstance(cell, str) else texts_of([cell])[0] for cell in set(cells)}
    if any(isinstance(cell, bytes) or len(text) > _TEXT_CHARACTERS for cell, text in cleaned.items()):
        raise SampleError(
            f"Field {name!r} holds bytes, or a text of over {_TEXT_CHARACTERS} letters.", fix="Shorten it."
        )
    return np.array([cleaned[cell] for cell in cells], dtype=np.str_)


def _wholes(cells: Sequence[Any], name: str) -> NDArray[np.int64]:
    for cell in set(cells) - {None}:
        if not isinstance(cell, int) or not 0 <= cell <= _NUMBERS[name]:
            raise SampleError(
                f"Field {name!r} holds {cell!r}, no whole number from 0 to {_NUMBERS[name]}.", fix="Mend or clear it."
            )
    return np.array([cell or 0 for cell in cells], dtype=np.int64)


# ---------------------------------------------------------------- what edits mean


def _sample_file(header: Mapping[str, Any], rows: _Rows) -> SampleFile:
    legend, recipe = legend_of(header["legend"]), recipe_of(header["recipe"])
    ids, verdict = rows.columns["id"], rows.columns["verdict"]
    codes = _codes(rows.columns["class"], legend, ids)
    _check_points(rows.points, ids)
    _check_ids(ids)
    kept, judged = _carried_out(verdict, codes, legend, ids)
    if not kept.any():
        raise SampleError(f"All {len(ids)} samples are left out by their verdict.", fix="Keep some.")
    groups, years, fold = (rows.columns[name] for name in ("group", "year", "fold"))
    samples = SampleSet(
        values=rows.values,
        codes=judged,
        ids=ids,
        x=np.ascontiguousarray(rows.points[:, 0]),
        y=np.ascontiguousarray(rows.points[:, 1]),
        groups=np.where(groups == "", np.char.add(LONE_GROUP, ids), groups),
        days=np.array(header["days"], dtype=np.int32),
        bands=tuple(str(band) for band in header["bands"]),
        legend=legend,
        recipe=recipe,
        crs=str(header["crs"]),
        masked=bool(header["masked"]),
        sites=rows.columns["site"],
        years=np.where(years == 0, recipe.season.start.year, years).astype(np.int16),
    )
    review = Review(rows.columns["suspect"].astype(np.int32), rows.columns["suggested"], rows.columns["why"], verdict)
    return SampleFile(
        samples if kept.all() else samples.subset(kept),
        _notes(rows.without, kept, (codes, judged), legend),
        review if kept.all() else review.subset(kept),
        (fold - 1).astype(np.int8)[kept],
        str(header.get("scheme", "")),
    )


def _code(text: str, legend: Legend) -> int | None:
    """Return the code of a class as a person may have typed it; None where the legend lacks it, or has two such."""
    codes = {found.name: found.code for found in legend.classes}
    if text in codes:
        return codes[text]
    near = [found.code for found in legend.classes if folded(found.name) == folded(text)]
    return near[0] if len(near) == 1 else None


def _codes(names: NDArray[np.str_], legend: Legend, ids: NDArray[np.str_]) -> NDArray[np.uint8]:
    result = np.zeros(len(names), np.uint8)
    for name in np.unique(names).tolist():
        mine, code = names == name, _code(name, legend)
        if code is None:
            what = f"class {name!r}, which the legend lacks" if name.strip() else "no class"
            raise SampleError(
                f"{_having(ids[mine])} {what} (first: {ids[mine][0]}).",
                fix=f"Classes: {', '.join(legend.names)}. A new class needs new labels and a new run of the sample "
                f'job; "{DROP}" as verdict leaves a sample out.',
            )
        result[mine] = code
    return result


def _check_points(points: NDArray[np.float64], ids: NDArray[np.str_]) -> None:
    lost = ids[~np.isfinite(points).all(axis=1)]
    if len(lost):
        raise SampleError(
            f"{_having(lost)} no point (first: {lost[0]}).",
            fix="Delete the rows, or draw the points again.",
        )


def _check_ids(ids: NDArray[np.str_]) -> None:
    ((first, count),) = Counter(ids.tolist()).most_common(1)
    if count > 1 or not first:
        what = f"Id {first!r} stands {count} times" if first else "A sample has no id"
        raise SampleError(f"{what}.", fix="Give every sample an id of its own, or delete the copies.")


def _carried_out(
    verdict: NDArray[np.str_], codes: NDArray[np.uint8], legend: Legend, ids: NDArray[np.str_]
) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """Return which samples the verdicts keep, (sample,), and every sample's code after them."""
    kept, judged = np.ones(len(codes), np.bool_), codes.copy()
    for said in np.unique(verdict).tolist():
        mine, code, plain = verdict == said, _code(said, legend), said.strip().casefold()
        if plain == DROP:
            kept[mine] = False
        elif plain not in {"", KEEP} and code is None:
            raise SampleError(
                f"{_having(ids[mine])} the verdict {said!r} (first: {ids[mine][0]}).",
                fix=f'Write "{KEEP}", "{DROP}", or a class: {", ".join(legend.names)}.',
            )
        elif plain not in {"", KEEP}:
            judged[mine] = code
    return kept, judged


def _notes(
    without: int, kept: NDArray[np.bool_], codes: tuple[NDArray[np.uint8], NDArray[np.uint8]], legend: Legend
) -> tuple[str, ...]:
    notes = []
    if without:
        rows = counted(without, "row has no series", "rows have no series")
        notes.append(f"{rows}: added by hand, left out. The sample job extracts series for new points.")
    dropped = int((~kept).sum())
    if dropped:
        notes.append(f'{counted(dropped, "sample", "samples")} left out by the verdict "{DROP}".')
    before, after = (own[kept] for own in codes)
    names = legend.names_by_code
    moved = Counter(
        (names[old], names[new]) for old, new in zip(before.tolist(), after.tolist(), strict=True) if old != new
    )
    if moved:
        ways = ", ".join(f"{count} {old} -> {new}" for (old, new), count in sorted(moved.items()))
        notes.append(f"{counted(moved.total(), 'sample', 'samples')} given another class by their verdict: {ways}.")
    return tuple(notes)


def _having(ids: NDArray[np.str_]) -> str:
    return counted(len(ids), "sample has", "samples have")
