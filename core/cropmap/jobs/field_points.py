"""What jobs that send people to pixels share: a layer of points to fill in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.params import param
from cropmap.data.legend import Legend
from cropmap.data.site import Grid
from cropmap.io.field_layers import FieldLayer, offered, write_field_layer
from cropmap.io.projection import crs_wkt, reproject_points
from cropmap.sampling.pixel_ids import pixel_ids

if TYPE_CHECKING:
    from pathlib import Path

_DEGREES = "EPSG:4326"
_LABEL = "order"


@dataclass(frozen=True, kw_only=True)
class FormParams:
    """What the form of a layer to fill in offers."""

    further_classes: Any = param(
        [], kind="texts", help="Classes that the form offers besides the known ones, e.g. fallow.", advanced=True
    )


@dataclass(frozen=True, eq=False)
class FieldPoints:
    """Pixels to look at, in the order in which they are numbered.

    Args:
        grid: Their grid, with a CRS.
        rows: (point,), int64.
        cols: (point,), int64.
        legend: The classes that there may be.
        facts: What else the form shows, by field, (point,) each.
        description: What the layer is for, a sentence.
    """

    grid: Grid
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    legend: Legend
    facts: Mapping[str, NDArray[Any]]
    description: str


def write_field_points(path: Path, points: FieldPoints, params: FormParams) -> NDArray[np.str_]:
    """Write pixels' centres as a layer to fill in, and return the points' ids, (point,).

    Raises:
        GridError: The grid has no CRS.
        OutputError: The layer cannot be written.
    """
    grid, rows, cols = points.grid, points.rows, points.cols
    ids = pixel_ids(grid, rows, cols)
    x, y = grid.centres(rows, cols)
    degrees = reproject_points(np.column_stack([x, y]), grid.crs, crs_wkt(_DEGREES))
    facts = {
        _LABEL: np.arange(1, len(rows) + 1, dtype=np.int32),
        "id": ids,
        "lon": np.round(degrees[:, 0], 7),
        "lat": np.round(degrees[:, 1], 7),
        **points.facts,
    }
    classes = offered(points.legend.classes, params.further_classes)
    write_field_layer(path, FieldLayer(x, y, grid.crs, facts, classes, _LABEL, points.description))
    return ids
