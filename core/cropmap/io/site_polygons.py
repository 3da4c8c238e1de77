"""The outline of a study area, from any vector file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pyogrio.errors
import shapely

from cropmap.contract.errors import SampleError
from cropmap.io.projection import crs_wkt, reproject

if TYPE_CHECKING:
    from pathlib import Path

_POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def read_site(path: Path | str, crs: str) -> Any:
    """Return the union of a file's polygons as one Shapely geometry.

    Args:
        path: What OGR reads; the first layer counts.
        crs: WKT of the coordinates wanted; the polygons are moved to it vertex by vertex.

    Raises:
        SampleError: The file cannot be read, names no CRS, or holds no polygon that has a place in `crs`.
    """
    try:
        meta, _, shapes, _ = pyogrio.raw.read(str(path), columns=[], force_2d=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise SampleError(
            "The site's outline cannot be read as vector data.", where=str(path), fix="Give a file of polygons."
        ) from error
    found = np.asarray(shapely.from_wkb(shapes, on_invalid="ignore"), dtype=object)
    polygons = shapely.make_valid(found[np.isin(shapely.get_type_id(found), _POLYGONS)])
    if not meta["crs"]:
        raise SampleError(
            "The site's outline names no coordinate reference system.", where=str(path), fix="Save it with its CRS."
        )
    moved = reproject(polygons, crs_wkt(meta["crs"], str(path)), crs) if crs else polygons
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(moved[~shapely.is_missing(moved)])))
    united = shapely.union_all(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])
    if shapely.is_empty(united):
        raise SampleError(
            "The site's outline holds no polygon in the maps' coordinate reference system.",
            where=str(path),
            fix="Give polygons, not lines or points.",
        )
    return united
