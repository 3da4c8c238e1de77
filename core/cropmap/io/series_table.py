"""Tables of labelled series that bring their own dates (.npz)."""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import SampleError
from cropmap.data.samples import PLACE_GROUP, LabelledSeries
from cropmap.io.files import write_error
from cropmap.io.label_fields import texts_of
from cropmap.io.projection import crs_wkt, reproject_points

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

NEEDED = ("X", "dates_days_since_epoch", "label", "lon", "lat", "bands")
_FORMAT_HELP = (
    "It must be an .npz with X (sample, time, band), dates_days_since_epoch (sample, time), label, lon, lat (sample) "
    "and bands (band)."
)


def read_series_table(path: str | Path) -> LabelledSeries:
    """Read labelled series.

    The file is a NumPy .npz with X (sample, time, band), dates_days_since_epoch (sample, time) or (time,), label, lon,
    lat and bands; id, group and site are optional. Without groups, samples of one place (to 1e-6 degrees) form a group.

    Raises:
        SampleError: Not such a file, arrays missing or of the wrong kind or shape, an id twice, or no label.
    """
    where = str(path)
    arrays = _arrays(Path(path))
    _check_kinds(arrays, where)
    values = np.asarray(arrays["X"], dtype=np.float32)
    if values.ndim != 3:
        raise SampleError(f"X has shape {values.shape}.", where=where, fix=_FORMAT_HELP)
    labels = np.array(texts_of(arrays["label"].tolist()), dtype=np.str_)
    _check_lengths(arrays, len(values), where)
    kept = labels != ""
    if not kept.any():
        raise SampleError(f"None of the {len(labels)} series has a label.", where=where, fix="Fill the array label.")
    return LabelledSeries(
        values=np.ascontiguousarray(values[kept]),
        dates=_dates(arrays["dates_days_since_epoch"], values.shape[:2], where)[kept],
        labels=labels[kept],
        ids=_ids(arrays, len(labels), where)[kept],
        groups=_groups(arrays)[kept],
        x=np.asarray(arrays["lon"], dtype=np.float64)[kept],
        y=np.asarray(arrays["lat"], dtype=np.float64)[kept],
        bands=tuple(str(name) for name in arrays["bands"].tolist()),
        crs=crs_wkt("EPSG:4326"),
        where=where,
        notes=_unlabelled(kept),
        sites=_sites(arrays, len(labels))[kept],
    )


def write_series_table(path: str | Path, table: LabelledSeries) -> None:
    """Write labelled series as `read_series_table` reads them; coordinates become longitude and latitude.

    Series of different lengths are padded: values NaN, a date repeated. The file appears whole or not at all, and is
    the same to the byte for the same series.

    Raises:
        SampleError: A date is missing, or coordinates cannot be moved to EPSG:4326.
        OutputError: It cannot be written.
    """
    if np.isnat(table.dates).any():
        raise SampleError(
            f"{int(np.isnat(table.dates).any(axis=1).sum())} series have dates that are missing.",
            where=table.where,
            fix="Repeat a date of the series there, with values NaN.",
        )
    degrees = crs_wkt("EPSG:4326")
    points = np.column_stack([table.x, table.y]).astype(np.float64)
    if table.crs not in ("", degrees):
        points = reproject_points(points, table.crs, degrees)
    arrays = {
        "X": np.ascontiguousarray(table.values, dtype=np.float32),
        "dates_days_since_epoch": table.dates.astype("datetime64[D]").astype(np.int64).astype(np.int32),
        "label": table.labels.astype(np.str_),
        "lon": np.ascontiguousarray(points[:, 0]),
        "lat": np.ascontiguousarray(points[:, 1]),
        "bands": np.array(table.bands, dtype=np.str_),
        "id": table.ids.astype(np.str_),
        "group": table.groups.astype(np.str_),
        "site": table.sites.astype(np.str_),
    }
    target = Path(path)
    partial = target.with_name(f".{target.name}.part")
    try:
        with partial.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)
        partial.replace(target)
    except OSError as error:
        needed = sum(array.nbytes for array in arrays.values())
        raise write_error(target, error, needed_bytes=needed) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _unlabelled(kept: NDArray[np.bool_]) -> tuple[str, ...]:
    lost = int((~kept).sum())
    return (f"{lost} of {len(kept)} series {'has' if lost == 1 else 'have'} no label: left out.",) if lost else ()


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as stream:
            opened = np.load(stream, allow_pickle=False)
            found = opened.files if isinstance(opened, np.lib.npyio.NpzFile) else []
            missing = [name for name in NEEDED if name not in found]
            if missing:
                raise SampleError(f"The file lacks {', '.join(missing)}.", where=str(path), fix=_FORMAT_HELP)
            return {name: opened[name] for name in (*NEEDED, "id", "group", "site") if name in found}
    except OSError as error:
        raise SampleError(
            f"The file cannot be read: {error.strerror or 'it is damaged'}.", where=str(path), fix=_FORMAT_HELP
        ) from error
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise SampleError(
            "The file cannot be read as an .npz without pickled objects.", where=str(path), fix=_FORMAT_HELP
        ) from error


def _check_kinds(arrays: Mapping[str, NDArray[Any]], where: str) -> None:
    for name, kinds in (("X", "fiu"), ("dates_days_since_epoch", "iu"), ("lon", "fiu"), ("lat", "fiu")):
        if arrays[name].dtype.kind not in kinds:
            raise SampleError(f"{name} holds {arrays[name].dtype}, not numbers.", where=where, fix=_FORMAT_HELP)
    if arrays["bands"].ndim != 1:
        raise SampleError(f"bands has shape {arrays['bands'].shape}.", where=where, fix=_FORMAT_HELP)


def _check_lengths(arrays: Mapping[str, NDArray[Any]], count: int, where: str) -> None:
    for name in ("label", "lon", "lat", "id", "group", "site"):
        if name in arrays and arrays[name].shape != (count,):
            raise SampleError(
                f"{name} has shape {arrays[name].shape} for {count} series.", where=where, fix=_FORMAT_HELP
            )


def _dates(days: NDArray[Any], shape: tuple[int, ...], where: str) -> NDArray[np.datetime64]:
    if days.shape not in (shape, shape[1:]):
        raise SampleError(
            f"dates_days_since_epoch has shape {days.shape} for series of shape {shape}.", where=where, fix=_FORMAT_HELP
        )
    # Days outside the years 1 .. 9999 fit no calendar date.
    if days.size and (days.min() < -719162 or days.max() > 2932896):
        raise SampleError(
            f"Dates reach from day {days.min()} to {days.max()} of 1970.",
            where=where,
            fix="Give whole days since 1970-01-01.",
        )
    return np.broadcast_to(days, shape).astype("datetime64[D]")


def _ids(arrays: Mapping[str, NDArray[Any]], count: int, where: str) -> NDArray[np.str_]:
    if "id" not in arrays:
        return np.arange(count).astype(np.str_)
    ids = np.array(texts_of(arrays["id"].tolist()), dtype=np.str_)
    found, counts = np.unique(ids, return_counts=True)
    if counts.max() > 1 or "" in found:
        raise SampleError(
            f"The id {str(found[counts.argmax()])!r} stands {counts.max()} times, or one is empty.",
            where=where,
            fix="Give every series an id of its own, or leave id out.",
        )
    return ids


def _groups(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.str_]:
    if "group" in arrays:
        return np.array(texts_of(arrays["group"].tolist()), dtype=np.str_)
    return groups_of_places(arrays["lon"], arrays["lat"])


def groups_of_places(lon: NDArray[Any], lat: NDArray[Any]) -> NDArray[np.str_]:
    """Return a group for each place, to 1e-6 degrees, (sample,): what one place shows in two years never parts.

    It shows the same soil and slope, which must not stand on both sides of a split.
    """
    places = zip(lon.tolist(), lat.tolist(), strict=True)
    return np.array([f"{PLACE_GROUP}{east:.6f} {north:.6f}" for east, north in places], dtype=np.str_)


def _sites(arrays: Mapping[str, NDArray[Any]], count: int) -> NDArray[np.str_]:
    return np.array(texts_of(arrays["site"].tolist()) if "site" in arrays else [""] * count, dtype=np.str_)
