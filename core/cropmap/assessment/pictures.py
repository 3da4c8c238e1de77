"""Maps as PNG bytes, one pixel of the picture for each number: no drawing library, the same bytes every time."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from cropmap.data.legend import NODATA

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.legend import Legend

# Percent to colour: five stops of viridis, as the map's own confidence style has them.
_STOPS = (0, 25, 50, 75, 100)
_RAMP = ("#440154", "#3b528b", "#21918c", "#5ec962", "#fde725")
CONFIDENCE_COLOURS = tuple(zip(_STOPS, _RAMP, strict=True))


def class_png(codes: NDArray[np.int64], legend: Legend) -> bytes:
    """Return a class map as PNG, transparent where there is no class.

    Args:
        codes: Class codes, (row, col); 255 or a code without a class is transparent.
        legend: The classes and their colours.
    """
    palette = np.zeros((256, 4), np.uint8)
    for found in legend.classes:
        palette[found.code] = (*_rgb(found.colour), 255)
    return _palette_png(codes, palette)


def confidence_png(percent: NDArray[np.int64]) -> bytes:
    """Return a confidence map as PNG: percent 0..100 on the viridis ramp, 255 transparent."""
    stops = np.array([_rgb(colour) for colour in _RAMP], np.float64)
    palette = np.zeros((256, 4), np.uint8)
    for channel in range(3):
        palette[:101, channel] = np.round(np.interp(np.arange(101), _STOPS, stops[:, channel]))
    palette[:101, 3] = 255
    return _palette_png(percent, palette)


def _palette_png(numbers: NDArray[np.int64], palette: NDArray[np.uint8]) -> bytes:
    """Encode numbers 0..255 under a palette of red, green, blue and opacity, (256, 4).

    Source: W3C, Portable Network Graphics, third edition, sections 5 and 11.
    """
    clipped = np.where((numbers < 0) | (numbers > NODATA), NODATA, numbers).astype(np.uint8)
    height, width = clipped.shape
    # Each row begins with its filter type: 0, none.
    rows = np.concatenate([np.zeros((height, 1), np.uint8), clipped], axis=1)
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", palette[:, :3].tobytes()),
        (b"tRNS", palette[:, 3].tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
