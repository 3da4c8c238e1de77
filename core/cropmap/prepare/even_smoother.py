"""Whittaker's smoother, order 2, where every weight is 1: all pixels share their factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cropmap.kernels import fused_kernel
from cropmap.prepare.smoother import MARGIN, even_factors, tiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Pixels of a tile. As many of its numbers are worked on side by side: there a lane is one band of a pixel.
TILE = 64
_TILE = np.uintp(TILE)


def smooth_even(values: NDArray[np.float32], smoothing: float) -> NDArray[np.float32]:
    """Return what `smooth` does where every weight is 1 and the dates are the nodes, at twice its speed.

    Args:
        values: (pixel, node, band), float32, C-contiguous, finite; three nodes at least.
        smoothing: lambda, the same for all.
    """
    made = np.empty_like(values)
    factors = even_factors(values.shape[1], smoothing)
    whole = len(values) // TILE * TILE
    _smooth_even(_records(values[:whole]), factors, _records(made[:whole]), *_scratch(values))
    if whole < len(values):
        rest = np.empty((TILE, *values.shape[1:]), np.float32)
        _smooth_even(_records(tiled(values[whole:], TILE)), factors, _records(rest), *_scratch(values))
        made[whole:] = rest[: len(values) - whole]
    return made


def _records(values: NDArray[np.float32]) -> NDArray[np.void]:
    """Return a view, (pixel, node), in which all bands of a node are one thing that moves at once."""
    pixels, nodes, bands = values.shape
    return values.reshape(pixels, nodes * bands).view(np.dtype([("bands", np.uint8, (4 * bands,))]))


def _scratch(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.void]]:
    """Return room for one tile, node by node, as numbers and as records."""
    _, nodes, bands = values.shape
    numbers = np.empty((nodes, TILE * bands), np.float32)
    return numbers, _records(numbers.reshape(nodes * TILE, 1, bands)).reshape(nodes, TILE)


@fused_kernel
def _smooth_even(
    values: NDArray[np.void],
    factors: NDArray[np.float64],
    made: NDArray[np.void],
    tile: NDArray[np.float32],
    records: NDArray[np.void],
) -> None:
    """Fill in whole tiles; `tile` and `records` are the same room, (node, pixel and band) and (node, pixel)."""
    pixels, size = values.shape
    flat, made_flat, room = values.reshape(values.size), made.reshape(made.size), records.reshape(records.size)
    stride = np.uintp(size)
    solved = np.zeros(np.uintp(len(factors)) * _TILE)
    for start in range(0, pixels, TILE):
        for node in range(size):
            source, into = np.uintp(start * size + node), np.uintp(node * TILE)
            for lane in range(TILE):
                room[into + np.uintp(lane)] = flat[source + np.uintp(lane) * stride]
        for column in range(0, tile.shape[1], TILE):
            _eliminate_even(tile, column, factors, solved)
            _substitute_even(tile, column, factors, solved)
        for lane in range(TILE):
            into = np.uintp(start + lane) * stride
            for node in range(size):
                made_flat[into + np.uintp(node)] = room[np.uintp(node * TILE) + np.uintp(lane)]


@fused_kernel
def _eliminate_even(
    tile: NDArray[np.float32], column: int, factors: NDArray[np.float64], solved: NDArray[np.float64]
) -> None:
    """Go forwards through the nodes of some columns of a tile: all lanes share their factors."""
    flat = tile.reshape(tile.size)
    for node in range(len(tile)):
        first, second = factors[node + 1, 1], factors[node, 2]
        source = np.uintp(node * tile.shape[1] + column)
        base = np.uintp(node + MARGIN) * _TILE
        for lane in range(TILE):
            here = base + np.uintp(lane)
            solved[here] = (
                flat[source + np.uintp(lane)] - first * solved[here - _TILE] - second * solved[here - _TILE - _TILE]
            )


@fused_kernel
def _substitute_even(
    tile: NDArray[np.float32], column: int, factors: NDArray[np.float64], solved: NDArray[np.float64]
) -> None:
    """Go back through the nodes, two at a time, and write the columns."""
    # Above an odd number of nodes lies one of the margin: zeros, and factors of zero.
    for row in range(len(tile) + MARGIN - 1 + len(tile) % 2, MARGIN, -2):
        inverse, first, second = factors[row, 0], factors[row, 1], factors[row, 2]
        next_inverse, next_first, next_second = factors[row - 1, 0], factors[row - 1, 1], factors[row - 1, 2]
        base = np.uintp(row) * _TILE
        for lane in range(TILE):
            here = base + np.uintp(lane)
            after = solved[here + _TILE]
            value = solved[here] * inverse - first * after - second * solved[here + _TILE + _TILE]
            solved[here] = value
            solved[here - _TILE] = solved[here - _TILE] * next_inverse - next_first * value - next_second * after
    flat = tile.reshape(tile.size)
    for node in range(len(tile)):
        into = np.uintp(node * tile.shape[1] + column)
        base = np.uintp(node + MARGIN) * _TILE
        for lane in range(TILE):
            flat[into + np.uintp(lane)] = solved[base + np.uintp(lane)]
