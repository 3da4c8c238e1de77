"""Which parcels a pixel holds, and with what shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import Affine

if TYPE_CHECKING:
    from cropmap.testing.landscape import Land

PIXEL_M = 30.0
# A pixel is judged by 5 x 5 points, each worth 4 %.
SUBPIXELS = 5


@dataclass(frozen=True)
class Mixtures:
    """The parts of all pixels, in row-major order of the pixels.

    Args:
        pixel: Pixel number of each part, (part,), int32, ascending.
        parcel: Parcel number from 1; 0 is the land between parcels, (part,), int32.
        share: Of the pixel, (part,), float32; a pixel's shares sum to 1.
        first: Number of each pixel's first part, (pixel + 1,), int64; the last closes the array.
        size: Rows, and columns, of the site.
    """

    pixel: NDArray[np.int32]
    parcel: NDArray[np.int32]
    share: NDArray[np.float32]
    first: NDArray[np.int64]
    size: int

    def class_shares(self, codes: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the codes that occur, and each pixel's share of each, (pixel, code).

        Args:
            codes: Of each parcel, with that of the land between first, (parcel + 1,).
        """
        kinds, kind = np.unique(codes, return_inverse=True)
        cell = self.pixel.astype(np.int64) * len(kinds) + kind[self.parcel]
        count = self.size**2 * len(kinds)
        shares = np.bincount(cell, weights=self.share, minlength=count).astype(np.float32)
        return kinds.astype(np.int64), shares.reshape(self.size**2, len(kinds))


def mix(land: Land, size: int) -> Mixtures:
    """Find the parcels under every pixel of a square site of 30 m pixels.

    Args:
        land: The parcels, in metres from the lower left corner.
        size: Pixels along the edge.
    """
    pieces = [_mix_rows(land, size, row, min(256, size - row)) for row in range(0, size, 256)]
    pixel, parcel, share = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    first = np.searchsorted(pixel, np.arange(size**2 + 1)).astype(np.int64)
    return Mixtures(pixel.astype(np.int32), parcel, share, first, size)


def _mix_rows(
    land: Land, size: int, row: int, height: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    points = SUBPIXELS**2
    fine = _parcels_under(land, size, row, height)
    cells = fine.reshape(height, SUBPIXELS, size, SUBPIXELS).transpose(0, 2, 1, 3).reshape(height * size, points)
    pure = (cells == cells[:, :1]).all(axis=1)
    mixed = np.flatnonzero(~pure)
    ordered = np.sort(cells[mixed], axis=1)
    starts = np.ones(ordered.shape, dtype=bool)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    at = np.flatnonzero(starts)
    lengths = np.diff(np.append(at, starts.size))
    pixel = np.concatenate([np.flatnonzero(pure), mixed[at // points]])
    parcel = np.concatenate([cells[pure, 0], ordered.ravel()[at]])
    share = np.concatenate([np.ones(int(pure.sum())), lengths / points])
    order = np.argsort(pixel, kind="stable")
    return pixel[order] + row * size, parcel[order].astype(np.int32), share[order].astype(np.float32)


def _parcels_under(land: Land, size: int, row: int, height: int) -> NDArray[np.int32]:
    """Return the parcel number under each sub-pixel's centre of some rows, 0 where there is none."""
    step = PIXEL_M / SUBPIXELS
    north = (size - row) * PIXEL_M
    strip = shapely.box(0, north - height * PIXEL_M, size * PIXEL_M, north)
    near = np.sort(shapely.STRtree(land.geometry).query(strip))
    shapes: list[tuple[Any, int]] = [(land.geometry[at], int(at) + 1) for at in near]
    shape = (height * SUBPIXELS, size * SUBPIXELS)
    if not shapes:
        return np.zeros(shape, dtype=np.int32)
    burnt: NDArray[np.int32] = rasterize(
        shapes, out_shape=shape, transform=Affine(step, 0, 0, 0, -step, north), dtype="int32"
    )
    return burnt
