"""What a pixel is called, and its lot in every draw, from its place on the ground alone."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import GridError
from cropmap.io.projection import crs_name, crs_wkt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cropmap.data.site import Grid

_PARTS = 1000  # of a pixel: grids that agree to half of one are the same
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_WORD = 1 << 64


def pixel_ids(grid: Grid, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return the persistent ids of pixels: "E304800N5040300@32615" is the one whose centre lies there in EPSG:32615.

    A pixel bears the same id in every clip of its grid. Coordinates are written to a hundredth of a pixel or finer. A
    CRS without an EPSG code is told by eight hexadecimal digits of its WKT's SHA-256.

    Args:
        grid: The grid, with a CRS.
        rows: (pixel,).
        cols: (pixel,).

    Returns:
        (pixel,), text, unique in the CRS for one size of pixels.

    Raises:
        GridError: The grid has no CRS.
    """
    if not grid.crs:
        raise GridError(
            "The grid names no coordinate reference system, so its pixels have no place.", fix="Assign the CRS."
        )
    left, above = _origin(grid)
    x = np.asarray((left / _PARTS + cols + 0.5) * grid.pixel_width, np.float64)
    y = np.asarray(-(above / _PARTS + rows + 0.5) * grid.pixel_height, np.float64)
    east = _texts(x, grid.pixel_width)
    north = _texts(y, grid.pixel_height)
    tag = _crs_tag(grid.crs)
    return np.array([f"E{own}N{other}@{tag}" for own, other in zip(east, north, strict=True)], dtype=np.str_)


def pixel_keys(grid: Grid, rows: NDArray[np.int64], cols: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """Return the lots of pixels: the smaller, the earlier a pixel is drawn.

    With i and j the numbers of a pixel's column and row, counted in pixels from the CRS's origin eastwards and
    southwards, its key is m(m(m(seed) + i) + j), where m is a step of SplitMix64 (Steele, Lea, Flood 2014, OOPSLA
    453-472) and sums are taken modulo 2^64. So a pixel has the same key in every clip, whatever else is drawn.

    Args:
        grid: The grid.
        rows: (pixel,) or any shape that broadcasts against `cols`.
        cols: (pixel,).
        seed: Another seed gives another order.

    Returns:
        uint64, uniform on 0 .. 2^64 - 1; two pixels of one column or row never share one.
    """
    left, above = (start // _PARTS for start in _origin(grid))
    start = mixed(np.array([seed % _WORD], np.uint64))
    by_column = mixed(start + (np.asarray(cols, np.int64) + left).astype(np.uint64))
    return mixed(by_column + (np.asarray(rows, np.int64) + above).astype(np.uint64))


def text_keys(texts: Sequence[str] | NDArray[np.str_], seed: int) -> NDArray[np.uint64]:
    """Return the lots of things that have a name: the first eight bytes of BLAKE2b, keyed by the seed, (text,)."""
    salt = str(seed).encode("ascii")
    digests = [hashlib.blake2b(str(text).encode("utf-8"), digest_size=8, key=salt).digest() for text in texts]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return one step of SplitMix64 from each state, uint64; different states give different words."""
    with np.errstate(over="ignore"):
        words = words + _GOLDEN
        words = (words ^ (words >> np.uint64(30))) * _FIRST
        words = (words ^ (words >> np.uint64(27))) * _SECOND
        return np.asarray(words ^ (words >> np.uint64(31)))


def _origin(grid: Grid) -> tuple[int, int]:
    """Return where the grid's corner lies east and south of the CRS's origin, in thousandths of a pixel.

    Whole numbers, so that noise in the last digits of a clip's corner shifts no pixel.
    """
    return round(grid.west / grid.pixel_width * _PARTS), round(-grid.north / grid.pixel_height * _PARTS)


def _texts(values: NDArray[np.float64], pixel: float) -> list[str]:
    decimals = max(0, math.ceil(-math.log10(pixel / 100) - 1e-9))
    texts = (f"{value:.{decimals}f}" for value in (np.round(values, decimals) + 0.0).tolist())
    return [text.rstrip("0").rstrip(".") if decimals else text for text in texts]


def _crs_tag(wkt: str) -> str:
    authority, _, code = crs_name(wkt).partition(":")
    if authority == "EPSG" and code.isdigit():
        return code
    return hashlib.sha256(crs_wkt(wkt).encode("utf-8")).hexdigest()[:8]
