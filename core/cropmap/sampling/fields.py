"""Which field a pixel stands in: neighbours that bear the same class in every year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import GridError
from cropmap.contract.progress import Progress
from cropmap.io.labels_raster import pixel_metres
from cropmap.kernels import kernel
from cropmap.sampling.pixel_ids import pixel_ids

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cropmap.data.site import Grid

WIDEST_M = 2000.0  # a section of one mile, with room

_NONE = -1


@dataclass(frozen=True)
class Fields:
    """The field of each point. All (point,).

    Args:
        rows: Row of the field's first pixel, by rows and then columns, int64.
        cols: Its column, int64.
        height: Rows from the field's first to its last, int64.
        width: Columns from its westernmost to its easternmost, int64.
    """

    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    height: NDArray[np.int64]
    width: NDArray[np.int64]


def connected_fields(
    strips: Iterable[tuple[int, NDArray[np.uint8]]],
    grid: Grid,
    rows: NDArray[np.int64],
    cols: NDArray[np.int64],
    progress: Progress | None = None,
) -> Fields:
    """Find the field that each point stands in: pixels joined by their edges, of one class in every year.

    The raster is gone through once, strip by strip (union-find, the smallest pixel as root: Hoshen and Kopelman 1976,
    Phys. Rev. B 14, 3438). Memory grows with a strip, its border's length for each strip, and the points.

    Args:
        strips: First row and classes, (year, row, col), uint8, of strips over the grid's whole width, from its first
            row to its last without a gap. No data is a class like others.
        grid: The grid.
        rows: Row of each point, (point,).
        cols: Column of each point, (point,).
        progress: Told what is done; it cancels.

    Raises:
        GridError: The strips leave a gap, or do not have the grid's width.
    """
    progress = progress or Progress()
    rows, cols = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
    forest = _Forest(grid, rows, cols)
    for row, classes in strips:
        progress.at(row / grid.height, "Finding fields")
        forest.add(row, np.ascontiguousarray(classes))
    return forest.fields()


def field_groups(
    fields: Fields, grid: Grid, rows: NDArray[np.int64], cols: NDArray[np.int64], widest_m: float = WIDEST_M
) -> NDArray[np.str_]:
    """Return the name of each point's field, for the groups that no split parts.

    A field is named after its first pixel: "FE304800N5040300@32615". What is wider or higher than `widest_m` is no
    field but a forest, or many fields that no road parts; it is cut into squares of that edge, from the grid's corner,
    whose row and column are added: "FE304800N5040300@32615/3_0". Otherwise it would hold a whole site together.

    Args:
        fields: Of the points.
        grid: The grid.
        rows: Row of each point, (point,).
        cols: Column of each point, (point,).
        widest_m: In metres.
    """
    names = np.char.add("F", pixel_ids(grid, fields.rows, fields.cols))
    across, down = pixel_metres(grid) or (1.0, 1.0)
    wide = (fields.width * across > widest_m) | (fields.height * down > widest_m)
    squares = zip((rows * down // widest_m).astype(int), (cols * across // widest_m).astype(int), strict=True)
    parts = [f"/{row}_{col}" if cut else "" for cut, (row, col) in zip(wide.tolist(), squares, strict=True)]
    return np.asarray(np.char.add(names, np.array(parts, dtype=np.str_)))


class _Forest:
    """Joins the parts of fields that strips show.

    A node is a part of a field within one strip that touches the strip before or the next one, or holds a point.
    """

    def __init__(self, grid: Grid, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> None:
        self._grid = grid
        self._order = np.lexsort((cols, rows))
        self._rows, self._cols = rows[self._order], cols[self._order]
        self._of_point = np.full(len(rows), _NONE, np.int64)
        self._next_row = 0
        self._border = np.empty((0, 0), np.uint8)  # classes of the last row, (year, col)
        self._border_nodes = np.empty(0, np.int64)
        # First pixel, last row, first and last column of each node, and the node that it was joined to.
        self._boxes: list[NDArray[np.int64]] = []
        self._links: list[NDArray[np.int64]] = []
        self._count = 0

    def add(self, row: int, classes: NDArray[np.uint8]) -> None:
        """Take in the next strip."""
        height, width = classes.shape[1:]
        if row != self._next_row or width != self._grid.width:
            raise GridError(
                f"A strip of {width} columns begins at row {row}, not one of {self._grid.width} at row "
                f"{self._next_row}.",
                fix="Give strips of the grid's whole width, one after the other.",
            )
        root = _joined(classes)
        first, last = np.searchsorted(self._rows, [row, row + height])
        own = root[(self._rows[first:last] - row) * width + self._cols[first:last]]
        above, below = root[:width], root[-width:]
        met = self._met(classes[:, 0])
        kept, number = np.unique(np.concatenate([own, below, above[met]]), return_inverse=True)
        number = number.reshape(-1) + self._count
        points, ends = last - first, last - first + width
        self._of_point[first:last] = number[:points]
        if met.any():
            self._links.append(np.column_stack([self._border_nodes[met], number[ends:]]))
        self._boxes.append(self._boxes_of(root, kept, row, width))
        self._border, self._border_nodes = classes[:, -1].copy(), number[points:ends]
        self._count += len(kept)
        self._next_row = row + height

    def fields(self) -> Fields:
        """Return the field of each point, in the order in which the points were given."""
        if self._next_row != self._grid.height:
            raise GridError(
                f"The strips end at row {self._next_row} of {self._grid.height}.", fix="Give strips down to the end."
            )
        links = np.concatenate([np.empty((0, 2), np.int64), *self._links])
        whole = _boxes_joined(np.concatenate(self._boxes), links)[self._of_point]
        found = np.empty_like(whole)
        found[self._order] = whole
        rows, cols = np.divmod(found[:, 0], self._grid.width)
        return Fields(rows, cols, found[:, 1] - rows + 1, found[:, 3] - found[:, 2] + 1)

    def _met(self, top: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return where the strip's first row goes on what the one before ended with, (col,)."""
        if not len(self._border):
            return np.zeros(top.shape[1], np.bool_)
        return np.asarray((self._border == top).all(axis=0))

    def _boxes_of(self, root: NDArray[np.int32], kept: NDArray[np.int32], row: int, width: int) -> NDArray[np.int64]:
        boxes = _boxes(root, kept, width)
        boxes[:, 0] += row * width
        boxes[:, 1] += row
        return boxes


@kernel
def _joined(classes: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the first pixel of the part that each pixel of a strip belongs to, (row * col,)."""
    height, width = classes.shape[1:]
    root = np.arange(height * width, dtype=np.int32)
    beside = np.empty(width, np.bool_)
    above = np.empty(width, np.bool_)
    for row in range(height):
        _compare(classes, row, beside, above)
        for col in range(width):
            here = row * width + col
            if beside[col]:
                root[here] = root[here - 1]
            if above[col]:
                one, other = _top(root, here), _top(root, here - width)
                root[max(one, other)] = min(one, other)
    # A parent is never larger than its child, so that one walk in order finishes all.
    for here in range(height * width):
        root[here] = root[root[here]]
    return root


@kernel
def _compare(classes: NDArray[np.uint8], row: int, beside: NDArray[np.bool_], above: NDArray[np.bool_]) -> None:
    """Fill in where a pixel of a row is in all years what its neighbours are: the one before it, the one above it."""
    width = classes.shape[2]
    beside[:] = True
    beside[0] = False
    above[:] = row > 0
    for year in range(classes.shape[0]):
        for col in range(1, width):
            beside[col] &= classes[year, row, col] == classes[year, row, col - 1]
        for col in range(width if row > 0 else 0):
            above[col] &= classes[year, row, col] == classes[year, row - 1, col]


@kernel
def _top(parent: NDArray[np.int32], node: int) -> int:
    """Return the root of a node's tree, and halve the way to it."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def _boxes(root: NDArray[np.int32], kept: NDArray[np.int32], width: int) -> NDArray[np.int64]:
    """Return first pixel, last row, first and last column of the kept parts, (part, 4)."""
    place = np.full(len(root), -1, np.int32)
    boxes = np.empty((len(kept), 4), np.int64)
    for k in range(len(kept)):
        place[kept[k]] = k
        boxes[k, 0] = kept[k]
        boxes[k, 1] = kept[k] // width
        boxes[k, 2] = boxes[k, 3] = kept[k] % width
    for row in range(len(root) // width):
        for col in range(width):
            k = place[root[row * width + col]]
            if k >= 0:
                boxes[k, 1] = row
                boxes[k, 2] = min(boxes[k, 2], col)
                boxes[k, 3] = max(boxes[k, 3], col)
    return boxes


@kernel
def _boxes_joined(boxes: NDArray[np.int64], links: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the box of the whole field that each node belongs to, (node, 4)."""
    parent = np.arange(len(boxes), dtype=np.int32)
    for k in range(len(links)):
        one, other = _top(parent, links[k, 0]), _top(parent, links[k, 1])
        parent[max(one, other)] = min(one, other)
    whole: NDArray[np.int64] = boxes.copy()
    for node in range(len(boxes)):
        parent[node] = parent[parent[node]]
        top = parent[node]
        whole[top, 0] = min(whole[top, 0], boxes[node, 0])
        whole[top, 1] = max(whole[top, 1], boxes[node, 1])
        whole[top, 2] = min(whole[top, 2], boxes[node, 2])
        whole[top, 3] = max(whole[top, 3], boxes[node, 3])
    found: NDArray[np.int64] = whole[parent]
    return found
