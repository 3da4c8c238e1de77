"""Labelled points and polygons from any vector file, and from text tables."""

from __future__ import annotations

import contextlib
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pyogrio.errors
import shapely

from cropmap.contract.errors import SampleError
from cropmap.data.samples import LONE_GROUP, LabelFeatures
from cropmap.io.label_fields import NO_GROUP, Fields, LabelOptions, LabelRows, choose_fields, texts_of
from cropmap.io.label_table import SUFFIXES, read_label_table
from cropmap.io.projection import crs_name, crs_wkt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["LabelFeatures", "LabelOptions", "read_labels"]

_POINTS = (shapely.GeometryType.POINT, shapely.GeometryType.MULTIPOINT)
_POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def read_labels(path: str | Path, options: LabelOptions | None = None) -> LabelFeatures:
    """Read labelled points and polygons.

    Args:
        path: GeoPackage, Shapefile, GeoJSON, FlatGeobuf or whatever else OGR reads; or delimited text.
        options: Which fields, layer and CRS; what is left empty is recognised.

    Returns:
        The features that have a class and a usable geometry; its notes count the others.

    Raises:
        SampleError: The file cannot be read, has no class field, no CRS, an id twice, or nothing usable.
    """
    options = options or LabelOptions()
    source = Path(path)
    if not source.exists() and not str(path).startswith("/vsi"):
        raise SampleError("There is no such file.", where=str(path), fix="Check the path.")
    rows = read_label_table(source, options) if source.suffix.casefold() in SUFFIXES else _read_ogr(str(path), options)
    return _features(rows, choose_fields(list(rows.columns), options, str(path)), options, str(path))


def _read_ogr(path: str, options: LabelOptions) -> LabelRows:
    with _own_words(path):
        layer = _layer(path, options.layer)
        info = pyogrio.read_info(path, layer=layer)
        if info["features"] == 0:
            raise SampleError(
                "The layer holds no features.", where=f"{path}, layer {layer}", fix="Digitise samples first."
            )
        if not len(info["fields"]):
            raise SampleError(
                "The layer has no fields, so none can hold the class.",
                where=f"{path}, layer {layer}",
                fix="Give a layer with a field of classes; a Shapefile keeps its fields in the .dbf beside it.",
            )
        fields = choose_fields([str(name) for name in info["fields"]], options, path)
        meta, numbers, shapes, columns = pyogrio.raw.read(
            path, layer=layer, columns=fields.names, force_2d=True, return_fids=True
        )
    crs, notes = _crs(meta["crs"], options, path)
    geometries = np.asarray(shapely.from_wkb(shapes, on_invalid="ignore"), dtype=object)
    read = dict(zip([str(name) for name in meta["fields"]], columns, strict=True))
    return LabelRows(geometries, read, np.asarray(numbers, dtype=np.int64), crs, notes)


@contextlib.contextmanager
def _own_words(path: str) -> Iterator[None]:
    """Turn what OGR says of a file that it cannot read into words for the user."""
    try:
        with warnings.catch_warnings():
            # E.g. "bad application_id": a file that is damaged fails with an error too.
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise SampleError(
            _unreadable(Path(path)),
            where=path,
            fix="Give a GeoPackage, GeoJSON, CSV, or a Shapefile with its .shx and .dbf beside it.",
        ) from error


def _unreadable(path: Path) -> str:
    if path.is_dir():
        return "The path is a folder, not a file of labels."
    if path.is_file() and not path.stat().st_size:
        return "The file is empty."
    return "The file cannot be read as vector data: it is of another kind, or damaged."


def _layer(path: str, wanted: str) -> str:
    layers = [str(name) for name, geometry in pyogrio.list_layers(path) if geometry]
    if wanted in layers or (not wanted and len(layers) == 1):
        return wanted or layers[0]
    if not layers:
        raise SampleError("The file has no layer with geometries.", where=path, fix="Give points or polygons.")
    what = f"There is no layer {wanted!r}." if wanted else f"The file has {len(layers)} layers."
    raise SampleError(what, where=path, fix=f"Name the layer: {', '.join(layers)}.")


def _crs(found: str | None, options: LabelOptions, path: str) -> tuple[str, tuple[str, ...]]:
    if not found and not options.crs:
        raise SampleError(
            "The file names no coordinate reference system.", where=path, fix="Give the CRS, e.g. EPSG:4326."
        )
    own = crs_wkt(found, path) if found else ""
    if not options.crs:
        return own, ()
    given = crs_wkt(options.crs, path)
    if own and own != given:
        note = (
            f"The file says that its coordinates are in {crs_name(own)}; they are read as {crs_name(given)}, as asked."
        )
        return given, (note,)
    return given, ()


def _features(rows: LabelRows, fields: Fields, options: LabelOptions, where: str) -> LabelFeatures:
    labels = np.array(texts_of(rows.columns[fields.label]), dtype=np.str_)
    labelled = labels != ""
    if not labelled.any():
        raise SampleError(
            f"All {len(labels)} features have an empty class.",
            where=f"{where}, field {fields.label}",
            fix="Name another class field, or fill it.",
        )
    ids, id_notes = _ids(rows, fields, options, where)
    groups, group_notes = _groups(rows, fields, ids, labelled)
    geometries, mend_notes = _mended(rows.geometries)
    usable = np.isin(shapely.get_type_id(geometries), _POINTS + _POLYGONS) & ~shapely.is_empty(geometries)
    kept = labelled & usable
    if not kept.any():
        raise _no_shape(rows, labelled, where)
    return LabelFeatures(
        geometries=geometries[kept],
        labels=labels[kept],
        ids=ids[kept],
        groups=groups[kept],
        crs=rows.crs,
        where=where,
        notes=(*rows.notes, *_left_out(labelled, usable, rows, fields.label), *mend_notes, *id_notes, *group_notes),
    )


def _no_shape(rows: LabelRows, labelled: NDArray[np.bool_], where: str) -> SampleError:
    shapes = rows.geometries[labelled]
    if shapely.is_missing(shapes).all():
        return SampleError(
            f"None of the {len(shapes)} features with a class has a readable geometry or coordinates.",
            where=where,
            fix="Give every feature a point or a polygon; in a text table, coordinates as numbers.",
        )
    return SampleError(
        "No feature with a class is a point or a polygon.", where=where, fix="Give points or polygons, not lines."
    )


def _left_out(labelled: NDArray[np.bool_], usable: NDArray[np.bool_], rows: LabelRows, field: str) -> list[str]:
    missing = shapely.is_missing(rows.geometries)
    counts = {
        ("has", "have", f"no class in field {field!r}"): ~labelled,
        ("has", "have", "no readable geometry or coordinates"): labelled & missing,
        ("is", "are", "neither point nor polygon"): labelled & ~usable & ~missing,
    }
    return [
        f"{lost.sum()} of {len(lost)} features {one if lost.sum() == 1 else many} {why}: left out."
        for (one, many, why), lost in counts.items()
        if lost.any()
    ]


def _ids(
    rows: LabelRows, fields: Fields, options: LabelOptions, where: str
) -> tuple[NDArray[np.str_], tuple[str, ...]]:
    numbered = rows.numbers.astype(np.str_)
    if not fields.id:
        return numbered, ()
    texts = texts_of(rows.columns[fields.id])
    text, count = Counter(texts).most_common(1)[0]
    if count == 1 and text:
        return np.array(texts, dtype=np.str_), ()
    if options.id_field:
        problem = f"stands {count} times" if text else "is missing"
        raise SampleError(
            f"The id {text!r} {problem}.",
            where=f"{where}, field {fields.id}",
            fix="Name a field in which every feature differs, or none.",
        )
    if fields.id == fields.group:
        return numbered, ()
    return numbered, (f"Field {fields.id!r} does not tell all features apart: they are numbered instead.",)


def _groups(
    rows: LabelRows, fields: Fields, ids: NDArray[np.str_], labelled: NDArray[np.bool_]
) -> tuple[NDArray[np.str_], tuple[str, ...]]:
    if not fields.group:
        return ids, ()
    texts = texts_of(rows.columns[fields.group])
    if fields.group_recognised and not _groups_something([texts[k] for k in np.flatnonzero(labelled)]):
        return ids, ()
    # A feature without a group is kept apart from a group that happens to bear its id.
    groups = np.array([text or f"{LONE_GROUP}{own}" for text, own in zip(texts, ids, strict=True)], dtype=np.str_)
    if not fields.group_recognised:
        return groups, ()
    note = (
        f"Field {fields.group!r} is taken as the group: features that share it stay in one fold "
        f'(group_field "{NO_GROUP}" leaves each alone).'
    )
    return groups, (note,)


def _groups_something(texts: list[str]) -> bool:
    """Return whether a field that nobody named parts the features into groups: two at least, one of which has two."""
    sizes = Counter(text for text in texts if text)
    return len(sizes) > 1 and max(sizes.values()) > 1


def _mended(geometries: NDArray[Any]) -> tuple[NDArray[Any], tuple[str, ...]]:
    broken = np.isin(shapely.get_type_id(geometries), _POLYGONS) & ~shapely.is_valid(geometries)
    if not broken.any():
        return geometries, ()
    result = geometries.copy()
    result[broken] = [_polygons_of(shapely.make_valid(geometry)) for geometry in geometries[broken]]
    return result, (
        f"{broken.sum()} {'polygon crosses itself' if broken.sum() == 1 else 'polygons cross themselves'}: mended.",
    )


def _polygons_of(geometry: Any) -> Any:
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return shapely.union_all(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])
