"""Seeded random streams and smooth random fields."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def stream(seed: int, *keys: str | int) -> np.random.Generator:
    """Return the random generator of one purpose.

    Each purpose has its own stream, so that asking for other images leaves the fields and the survey as they were.

    Args:
        seed: The world's seed, 0 or above.
        keys: What the numbers are for, e.g. "clouds", 2023, 4.
    """
    return np.random.default_rng([seed, *(zlib.crc32(str(key).encode()) for key in keys)])


def smooth_field(
    shape: tuple[int, int], scale: float, rng: np.random.Generator, steepness: float = 3.0
) -> NDArray[np.float32]:
    """Draw a Gaussian random field.

    White noise is filtered in the frequency domain by (1 + (2 pi k scale)^2)^(-steepness / 2), k in cycles per pixel.

    Args:
        shape: Rows, columns.
        scale: Correlation length, in pixels.
        rng: Source of randomness.
        steepness: Of the spectrum; lower is rougher.

    Returns:
        (row, column), float32, mean 0, standard deviation 1. Opposite edges match.
    """
    spectrum = np.fft.rfft2(rng.standard_normal(shape, dtype=np.float32))
    rows = np.fft.fftfreq(shape[0]).astype(np.float32)[:, None]
    cols = np.fft.rfftfreq(shape[1]).astype(np.float32)[None, :]
    spectrum *= (1 + (2 * np.pi * scale) ** 2 * (rows**2 + cols**2)) ** np.float32(-steepness / 2)
    spectrum[0, 0] = 0
    field: NDArray[np.float32] = np.fft.irfft2(spectrum, s=shape).astype(np.float32)
    spread = float(field.std())
    field /= np.float32(spread if spread > 0 else 1)
    return field
