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
from cropmap.io.projection import crs_wkt, reproject

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_geometries(path: Path | str, crs: str) -> NDArray[Any]:
    """Read all geometries of a vector file, of every layer that has some, and move them to a CRS.

    Args:
        path: What OGR reads.
        crs: WKT of the CRS wanted.

    Returns:
        Shapely geometries, (feature,), object; none missing, none empty.

    Raises:
        SampleError: The file cannot be read, names no CRS, or holds no geometry that has a place in the CRS wanted.
    """
    where = str(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            layers = [str(name) for name, kind in pyogrio.list_layers(where) if kind]
            found = [_moved(where, layer, crs) for layer in layers]
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise SampleError(
            "The file cannot be read as vector data." if Path(path).exists() else "There is no such file.",
            where=where,
            fix="Give a GeoPackage, Shapefile, GeoJSON or another vector file.",
        ) from error
    joined = np.concatenate([np.empty(0, object), *found])
    kept = ~(shapely.is_missing(joined) | shapely.is_empty(joined))
    if not kept.any():
        raise SampleError(
            "The file holds no geometry that has a place in the images' CRS.",
            where=where,
            fix="Check the layer and its CRS.",
        )
    return np.asarray(joined[kept])


def _moved(path: str, layer: str, crs: str) -> NDArray[Any]:
    meta, _, shapes, _ = pyogrio.raw.read(path, layer=layer, columns=[], force_2d=True)
    if not meta["crs"]:
        raise SampleError(
            "The file names no coordinate reference system.",
            where=f"{path}, layer {layer}",
            fix="Assign the CRS to the layer.",
        )
    geometries = np.asarray(shapely.from_wkb(shapes, on_invalid="ignore"), dtype=object)
    return reproject(geometries, crs_wkt(meta["crs"], path), crs)
