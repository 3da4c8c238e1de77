"""What the numbers of mask layers mean: clear or not, and cloud whose edge is widened."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.kernels import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.scenes import MaskRule


def mask_is_clear(rule: MaskRule, numbers: NDArray[Any], nodata: float) -> NDArray[np.bool_]:
    """Return where mask numbers mean a usable pixel; no number at all never does, unless the rule names it as clear.

    Args:
        rule: How numbers are read.
        numbers: The mask layer's, any shape.
        nodata: Its no-data number; NaN where there is none.
    """
    return _looked_up(0, rule, numbers, nodata)


def mask_is_cloud(rule: MaskRule, numbers: NDArray[Any], nodata: float) -> NDArray[np.bool_]:
    """Return where mask numbers mean what grows: neither clear nor "no data". Arguments as for `mask_is_clear`."""
    return _looked_up(1, rule, numbers, nodata)


def widened(cloud: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    """Return where a cloud lies within `pixels` of a pixel's centre, centre to centre: a dilation by a disc.

    Args:
        cloud: (row, column).
        pixels: Radius of the disc, 0 to 254.
    """
    wide = np.zeros(cloud.shape, np.uint8)
    _widen(np.ascontiguousarray(cloud).view(np.uint8), pixels, wide)
    return wide.view(np.bool_)


def _looked_up(which: int, rule: MaskRule, numbers: NDArray[Any], nodata: float) -> NDArray[np.bool_]:
    """Return one of the two meanings, clear or cloud; from a table where the number type is small."""
    kind = numbers.dtype
    if kind.kind not in "iu" or kind.itemsize > 2:
        return _meaning(rule, numbers, nodata)[which]
    table = _tables(rule, kind.str, None if math.isnan(nodata) else nodata)[which]
    found: NDArray[np.bool_] = np.take(table, numbers.view(f"u{kind.itemsize}"))
    return found


@functools.lru_cache(maxsize=64)
def _tables(rule: MaskRule, kind: str, nodata: float | None) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return what each number of a small type means: looking up is twice as fast as comparing."""
    dtype = np.dtype(kind)
    numbers = np.arange(1 << 8 * dtype.itemsize, dtype=f"u{dtype.itemsize}").view(dtype)
    return _meaning(rule, numbers, math.nan if nodata is None else nodata)


def _meaning(rule: MaskRule, numbers: NDArray[Any], nodata: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    # No 64 bits hold a larger one; false for NaN too.
    known = np.abs(numbers) < 2.0**63 if numbers.dtype.kind == "f" else np.ones(numbers.shape, np.bool_)
    if nodata not in rule.clear_values:
        known &= numbers != nodata
    safe = np.where(known, numbers, 0)
    clear = known & rule.clear(safe)
    cloud = known & ~clear & ~rule.fill(safe) if rule.grows else np.zeros_like(clear)
    return clear, cloud


@kernel
def _widen(cloud: NDArray[np.uint8], pixels: int, wide: NDArray[np.uint8]) -> None:
    rows, cols = cloud.shape
    # Distance to the nearest cloud of the same row, at most 255; then a disc is one comparison for each of its rows.
    beside = np.full((rows, cols), 255, np.uint8)
    cloudy = np.zeros(rows, np.bool_)
    for row in range(rows):
        since = 255
        for col in range(cols):
            since = 0 if cloud[row, col] else min(since + 1, 255)
            beside[row, col] = since
            cloudy[row] |= since == 0
        since = 255
        for col in range(cols - 1, -1, -1):
            since = 0 if cloud[row, col] else min(since + 1, 255)
            beside[row, col] = min(beside[row, col], since)
    for row in range(rows):
        for other in range(max(0, row - pixels), min(rows, row + pixels + 1)):
            if cloudy[other]:
                half = np.uint8(math.sqrt(pixels * pixels - (row - other) * (row - other)))
                for col in range(cols):
                    wide[row, col] |= beside[other, col] <= half
