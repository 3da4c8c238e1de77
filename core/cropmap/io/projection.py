"""Coordinate reference systems: normal form, names, units, reprojection of geometries. Works without EPSG codes."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
import shapely
from rasterio._err import CPLE_BaseError, CPLE_NotSupportedError
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.warp import transform

from cropmap.contract.errors import SampleError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Mean length of a degree of latitude, sphere of 6,371,008.8 m (IUGG mean radius).
METRES_PER_DEGREE = 111_195.08
_WIDEST_BAR = 0.28  # share of a map's width that its scale bar may take


def crs_wkt(text: str, where: str = "") -> str:
    """Return the WKT of a CRS given as a code, WKT or PROJ text.

    Raises:
        SampleError: It is not understood.
    """
    try:
        # Inside an Env, PROJ's complaints go to the log and not to the terminal.
        with rasterio.Env():
            return str(CRS.from_user_input(text).to_wkt())
    except (CRSError, ValueError) as error:
        raise SampleError(
            f"{text[:80]!r} is not a coordinate reference system.",
            where=where,
            fix="Write a code such as EPSG:32631, or WKT.",
        ) from error


def crs_name(wkt: str) -> str:
    """Return what users call a CRS: its EPSG code, else the name in its WKT."""
    if not wkt:
        return "no CRS"
    code = CRS.from_user_input(wkt).to_epsg()
    if code:
        return f"EPSG:{code}"
    name = re.match(r'\w+\["([^"]+)"', wkt)
    if name and name.group(1).casefold() not in {"unnamed", "unknown"}:
        return name.group(1)
    method = re.search(r'PROJECTION\["([^"]+)"', wkt)
    return f"a custom {method.group(1).replace('_', ' ')} CRS" if method else "a custom CRS"


def length_text(metres: float) -> str:
    """Return a length as people write it, to three digits: "30 m", "156 m", "2.5 km"."""
    return f"{metres / 1000:.3g} km" if metres >= 999.5 else f"{metres:.3g} m"


def scale_bar(extent_m: float) -> float:
    """Return the length of a map's scale bar, in metres: round, and at most 28 % of the map's width."""
    limit = _WIDEST_BAR * extent_m
    power = 10 ** math.floor(math.log10(limit))
    return float(max(step * power for step in (1, 2, 5) if step * power <= limit))


def metres_per_unit(wkt: str) -> float:
    """Return the metres of one coordinate unit; 0 for degrees; 1 where there is no CRS."""
    if not wkt:
        return 1.0
    crs = CRS.from_user_input(wkt)
    if crs.is_geographic:
        return 0.0
    return float(crs.linear_units_factor[1]) if crs.is_projected else 1.0


def reproject(geometries: NDArray[Any], source: str, target: str) -> NDArray[Any]:
    """Move geometries to another CRS, vertex by vertex.

    Args:
        geometries: Shapely geometries, (feature,), object.
        source: WKT of their CRS.
        target: WKT of the CRS wanted.

    Returns:
        (feature,), object; None where a vertex has no place in the target CRS.

    Raises:
        SampleError: There is no way from one CRS to the other.
    """
    if source == target:
        return geometries
    coordinates, owner = shapely.get_coordinates(geometries, return_index=True)
    moved = reproject_points(coordinates, source, target)
    lost = np.unique(owner[~np.isfinite(moved).all(axis=1)])
    result = shapely.set_coordinates(geometries.copy(), np.where(np.isfinite(moved), moved, 0.0))
    result[lost] = None
    return np.asarray(result)


def reproject_points(points: NDArray[np.float64], source: str, target: str) -> NDArray[np.float64]:
    """Move points, (point, 2) x and y (longitude first), to another CRS; inf where there is no place for one.

    Raises:
        SampleError: There is no way from one CRS to the other.
    """
    start, end = CRS.from_user_input(source), CRS.from_user_input(target)
    possible = np.isfinite(points).all(axis=1)
    if start.is_geographic:
        possible &= (np.abs(points[:, 0]) <= 360) & (np.abs(points[:, 1]) <= 90)
    moved = np.full(points.shape, np.inf)
    moved[possible] = _moved(points[possible], start, end)
    return moved


def _moved(points: NDArray[np.float64], start: CRS, end: CRS) -> NDArray[np.float64]:
    if not len(points):
        return points
    try:
        with rasterio.Env():
            return np.column_stack(transform(start, end, points[:, 0], points[:, 1]))
    except CPLE_NotSupportedError as error:
        raise SampleError(
            f"Coordinates cannot be moved from {crs_name(start.to_wkt())} to {crs_name(end.to_wkt())}.",
            fix="Give the samples' CRS, e.g. EPSG:4326.",
        ) from error
    except CPLE_BaseError:
        # One point without a place spoils the whole call: halve until it stands alone.
        if len(points) == 1:
            return np.full((1, 2), np.inf)
        middle = len(points) // 2
        return np.concatenate([_moved(points[:middle], start, end), _moved(points[middle:], start, end)])
