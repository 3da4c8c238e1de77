"""Geometries of a vector file as they are, without their attributes: roads, borders, areas."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pyogrio.errors
import shapely

from cropmap.contract.errors import SampleError
from cropmap.io.projection import crs_name, crs_wkt, reproject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_NAMED = "|layername="  # as QGIS writes it behind a file


def read_geometries(path: Path | str, crs: str) -> NDArray[Any]:
    """Read all geometries of a layer, and move them to a CRS.

    Args:
        path: What OGR reads. Where it holds several layers, one is named as QGIS does: "a.gpkg|layername=roads".
        crs: WKT of the CRS wanted; empty leaves the coordinates as they are.

    Returns:
        Shapely geometries, (feature,), object; none missing, none empty.

    Raises:
        SampleError: The file cannot be read, holds several layers or no such layer, names no CRS, or holds no geometry
            that has a place in the CRS wanted.
    """
    file, _, named = str(path).partition(_NAMED)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            layers = [str(name) for name, kind in pyogrio.list_layers(file) if kind]
            found = _moved(file, _chosen(file, layers, named), crs)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise SampleError(
            "The file cannot be read as vector data." if Path(file).exists() else "There is no such file.",
            where=file,
            fix="Give a GeoPackage, Shapefile, GeoJSON or another vector file.",
        ) from error
    kept = ~(shapely.is_missing(found) | shapely.is_empty(found))
    if not kept.any():
        raise SampleError(
            f"The layer holds no geometry that has a place in {crs_name(crs)}." if crs else "The layer is empty.",
            where=str(path),
            fix="Check the layer and its CRS.",
        )
    return np.asarray(found[kept])


def file_of(path: str) -> Path:
    """Return the file that is meant where a layer may be named behind it: "a.gpkg" of "a.gpkg|layername=roads"."""
    return Path(path.partition(_NAMED)[0])


def _chosen(file: str, layers: Sequence[str], named: str) -> str:
    if named in layers or (not named and len(layers) == 1):
        return named or layers[0]
    if not layers:
        raise SampleError("The file has no layer with geometries.", where=file, fix="Give another vector file.")
    what = f"There is no layer {named!r}." if named else f"The file has {len(layers)} layers."
    raise SampleError(
        what, where=file, fix=f'Name one behind the file, as in "{file}{_NAMED}{layers[0]}": {", ".join(layers)}.'
    )


def _moved(path: str, layer: str, crs: str) -> NDArray[Any]:
    meta, _, shapes, _ = pyogrio.raw.read(path, layer=layer, columns=[], force_2d=True)
    if not meta["crs"]:
        raise SampleError(
            "The layer names no coordinate reference system.",
            where=f"{path}, layer {layer}",
            fix="Assign the CRS to the layer.",
        )
    geometries = np.asarray(shapely.from_wkb(shapes, on_invalid="ignore"), dtype=object)
    return reproject(geometries, crs_wkt(meta["crs"], path), crs) if crs else geometries
