"""The outline of a study area, from any vector file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import shapely

from cropmap.contract.errors import SampleError
from cropmap.io.geometries import read_geometries

if TYPE_CHECKING:
    from pathlib import Path


def read_site(path: Path | str, crs: str) -> Any:
    """Return the union of a layer's polygons as one Shapely geometry.

    Args:
        path: What OGR reads, as `read_geometries` takes it.
        crs: WKT of the coordinates wanted; the polygons are moved to it vertex by vertex.

    Raises:
        SampleError: The layer holds no polygon, or what `read_geometries` refuses.
    """
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(read_geometries(path, crs))))
    united = shapely.union_all(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])
    if shapely.is_empty(united):
        raise SampleError(
            "The site's outline holds no polygon.", where=str(path), fix="Give polygons, not lines or points."
        )
    return united
