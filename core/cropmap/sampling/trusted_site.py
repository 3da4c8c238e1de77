"""Which pixels lie in a study area, far enough from its edge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from cropmap.contract.errors import GridError, SampleError
from cropmap.io.labels_raster import pixel_metres

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.site import Grid

_QUARTER = 32  # segments that a quarter of a circle is drawn with


def metres_of(grid: Grid, where: str = "") -> tuple[float, float]:
    """Return a pixel's width and height in metres, at the grid's middle.

    Args:
        grid: Of the pixels.
        where: The file that it is of, for messages.

    Raises:
        GridError: The grid has no coordinate reference system.
    """
    found = pixel_metres(grid)
    if found is None:
        raise GridError(
            "The maps name no coordinate reference system, so nothing can be measured in metres.",
            where=where,
            fix="Give the maps one, or switch off the rules of distance (edge_m, site_buffer_m).",
        )
    return found


class SiteRows:
    """The pixels whose centres lie inside a study area and at least some metres from its edge, row by row.

    Each row is found by itself, from where its line of centres crosses the outline: so it is the same whatever rows are
    asked for together.

    Args:
        grid: Of the pixels.
        outline: The area as a Shapely geometry in the grid's CRS; None for all that the grid covers.
        buffer_m: Metres from its edge.
        where: The file of the outline, for messages.

    Raises:
        GridError: Metres are asked for on a grid without a coordinate reference system.
        SampleError: Nothing is left of the area.
    """

    def __init__(self, grid: Grid, outline: Any, buffer_m: float, where: str = "") -> None:
        across, down = metres_of(grid) if buffer_m else (1.0, 1.0)
        self._centres = _middles(grid.width, across)
        self._lines = _middles(grid.height, down)
        self._size = grid.width * across, grid.height * down
        self._buffer = buffer_m
        self._edges: NDArray[np.float64] | None = None
        if outline is not None:
            corner, pixel = np.array([grid.west, grid.north]), np.array([grid.pixel_width, -grid.pixel_height])
            area = shapely.transform(outline, lambda points: (points - corner) / pixel * (across, down))
            self._edges = _edges(shapely.buffer(area, -buffer_m, quad_segs=_QUARTER) if buffer_m else area)
        if 2 * buffer_m > min(self._size) or (self._edges is not None and not len(self._edges)):
            raise SampleError(
                f"Nothing of the site is left {buffer_m:g} m inside its edge.",
                where=where,
                fix="Make `site_buffer_m` smaller.",
            )

    def read(self, row: int, height: int) -> NDArray[np.bool_]:
        """Return True for the pixels inside, (row, column)."""
        lines = self._lines[row : row + height]
        if self._edges is None:
            inside: NDArray[np.bool_] = self._far(lines, 1)[:, None] & self._far(self._centres, 0)
            return inside
        found = np.zeros((height, len(self._centres)), np.bool_)
        for line, y in zip(found, lines, strict=True):
            crossings = _crossings(self._edges, y)
            # Between an odd crossing and the next even one lies the area; a centre on either is inside.
            starts = np.searchsorted(self._centres, crossings[::2], side="left")
            stops = np.searchsorted(self._centres, crossings[1::2], side="right")
            for start, stop in zip(starts, stops, strict=True):
                line[start:stop] = True
        return found

    def _far(self, places: NDArray[np.float64], axis: int) -> NDArray[np.bool_]:
        """Tell which places along an axis lie far enough from both ends of the grid."""
        return np.asarray((places >= self._buffer) & (self._size[axis] - places >= self._buffer))


def _middles(count: int, size: float) -> NDArray[np.float64]:
    return np.asarray((np.arange(count) + 0.5) * size, np.float64)


def _edges(area: Any) -> NDArray[np.float64]:
    """Return the edges of all rings, (edge, 4): x and y of both ends, the lower y first; level ones are left out."""
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(area))]
    parts = [np.empty((0, 4)), *(np.hstack([points[:-1], points[1:]]) for points in rings)]
    joined = np.concatenate(parts)
    edges: NDArray[np.float64] = joined[joined[:, 1] != joined[:, 3]]
    down = edges[:, 1] > edges[:, 3]
    edges[down] = edges[down][:, [2, 3, 0, 1]]
    return edges


def _crossings(edges: NDArray[np.float64], y: float) -> NDArray[np.float64]:
    """Return where a level line crosses the edges, ascending; always an even number."""
    x0, y0, x1, y1 = edges[(edges[:, 1] <= y) & (edges[:, 3] > y)].T
    return np.array(sorted(x0 + (y - y0) / (y1 - y0) * (x1 - x0)), np.float64)
