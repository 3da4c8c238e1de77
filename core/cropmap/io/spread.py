"""Turn the planes of files, band by band, into series, pixel by pixel: the transposition that the road begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cropmap.kernels import kernel
from cropmap.machine import LANES, claim, fetch, turn

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TILE = 256  # Pixels that are converted and turned at a time: all their layers stay in the second-level cache.
_AHEAD = 2  # Layers that memory is asked for before they are needed.
_LARGEST = float(np.finfo(np.float32).max)


def spread(
    planes: NDArray[Any],
    places: NDArray[np.int64],
    numbers: NDArray[np.float64],
    limits: NDArray[np.float64],
    values: NDArray[np.float32],
    clear: NDArray[np.bool_],
) -> None:
    """Write stored numbers as physical values, pixel-major; what is no value or out of range is not clear.

    Args:
        planes: Stored numbers, (layer, pixel).
        places: Column in `values`, and time, of each layer, (layer, 2). Eight layers whose columns follow one another
            are written at once.
        numbers: Scale, offset, no-data number (NaN: none) of each layer, (layer, 3).
        limits: Lowest and highest valid physical value, (2,).
        values: Filled, (pixel, time x band), C-contiguous; NaN where there is no finite value.
        clear: Set False where a value is unusable, (pixel, time), C-contiguous.
    """
    if planes.size:
        _spread(_native(planes), places, numbers, np.clip(limits, -_LARGEST, _LARGEST), values, clear)


def _native(planes: NDArray[Any]) -> NDArray[Any]:
    """Return the planes contiguous and of a number type that Numba knows."""
    if planes.dtype == np.float16:
        planes = planes.astype(np.float32)
    return np.ascontiguousarray(planes)


class _Layers(NamedTuple):
    """What is spread, as in `spread`; a tuple, because Numba takes those."""

    planes: NDArray[Any]
    places: NDArray[np.int64]
    numbers: NDArray[np.float64]
    limits: NDArray[np.float64]


@kernel
def _spread(
    planes: NDArray[Any],
    places: NDArray[np.int64],
    numbers: NDArray[np.float64],
    limits: NDArray[np.float64],
    values: NDArray[np.float32],
    clear: NDArray[np.bool_],
) -> None:
    layers = _Layers(planes, places, numbers, limits)
    tile = np.empty((len(planes), _TILE), np.float32)
    together = _together(places)
    for first in range(0, planes.shape[1], _TILE):
        _convert(layers, first, tile, clear)
        _turn_tile(tile, places, together, first, values)


@kernel
def _convert(layers: _Layers, first: int, tile: NDArray[np.float32], clear: NDArray[np.bool_]) -> None:
    """Fill in the tile, (layer, pixel), from pixel `first` on, and set False what is not clear."""
    pixels = layers.planes.shape[1]
    count = min(_TILE, pixels - first)
    stored, made = layers.planes.reshape(layers.planes.size), tile.reshape(tile.size)
    low, high = layers.limits[0], layers.limits[1]
    for layer in range(len(layers.planes)):
        # Planes often lie a power of two apart, where the processor's own foresight fails.
        ahead = (layer + _AHEAD) * pixels + first
        fetch(stored, ahead, ahead + count)
        scale, offset, nodata = layers.numbers[layer, 0], layers.numbers[layer, 1], layers.numbers[layer, 2]
        source, target, bad = np.uintp(layer * pixels + first), np.uintp(layer * _TILE), np.uint32(0)
        for pixel in range(np.uintp(count)):
            number = np.float64(stored[source + pixel])
            value = number * scale + offset
            made[target + pixel] = value
            bad += np.uint32(not (low <= value <= high)) | np.uint32(number == nodata)
        if bad:
            _reject(layers, layer, first, tile, clear)


@kernel
def _reject(layers: _Layers, layer: int, first: int, tile: NDArray[np.float32], clear: NDArray[np.bool_]) -> None:
    """Set one layer of the tile NaN where it has no value, and not clear where it has none that is valid."""
    scale, offset, nodata = layers.numbers[layer]
    for pixel in range(min(_TILE, layers.planes.shape[1] - first)):
        number = np.float64(layers.planes[layer, first + pixel])
        value = number * scale + offset
        if number == nodata or not np.isfinite(np.float32(value)):
            value = np.nan
            tile[layer, pixel] = np.nan
        if not layers.limits[0] <= value <= layers.limits[1]:
            clear[first + pixel, layers.places[layer, 1]] = False


@kernel
def _together(places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return for each layer whether its column begins a run of eight layers in the order of their columns."""
    found = np.zeros(len(places), np.bool_)
    for layer in range(len(places) - LANES + 1):
        found[layer] = True
        for k in range(1, LANES):
            found[layer] &= places[layer + k, 0] == places[layer, 0] + k
    return found


@kernel
def _turn_tile(
    tile: NDArray[np.float32],
    places: NDArray[np.int64],
    together: NDArray[np.bool_],
    first: int,
    values: NDArray[np.float32],
) -> None:
    """Write the tile, (layer, pixel), to the values of its pixels, from pixel `first` on."""
    width, lowest, highest = values.shape[1], places[:, 0].min(), places[:, 0].max()
    planes, rows = tile.reshape(tile.size), values.reshape(values.size)
    for start in range(first, min(first + _TILE, len(values)), LANES):
        stop = min(start + LANES, len(values))
        for pixel in range(start, stop):
            claim(rows, (pixel + LANES) * width + lowest, (pixel + LANES) * width + highest + 1)
        layer = 0
        while layer < len(places):
            column = places[layer, 0]
            if together[layer] and stop == start + LANES:
                source = np.uintp(layer * _TILE + start - first), np.uintp(_TILE)
                turn(planes, source, rows, (np.uintp(start * width + column), np.uintp(width)))
                layer += LANES
            else:
                for pixel in range(start, stop):
                    values[pixel, column] = tile[layer, pixel - first]
                layer += 1
