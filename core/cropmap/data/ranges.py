"""The span of values of each band, by which series of other units are told apart before they do harm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import SourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Ranges = Mapping[str, tuple[float, float]]

# A band is of other units when its largest values are this many times larger or smaller than expected. Clouds in a blue
# band make 10 to 20 times; a forgotten factor of 1/255 or 0.0001 makes hundreds to thousands.
_TIMES = 50.0


def band_ranges(values: NDArray[np.float32], bands: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """Return the 1st and 99th percentile of each band, without the values that are not finite.

    Args:
        values: (..., band), float32.
        bands: Names of the last axis; a band without a finite value is left out.
    """
    found = {}
    for position, band in enumerate(bands):
        numbers = values[..., position]
        finite = numbers[np.isfinite(numbers)]
        if finite.size:
            low, high = np.percentile(finite, [1, 99])
            found[band] = (float(low), float(high))
    return found


def check_units(expected: Ranges, found: Ranges, *, what: str) -> None:
    """Refuse a series whose values are plainly in other units than expected.

    Args:
        expected: Of the samples or the model.
        found: Of the images; only bands that both have are compared.
        what: What the expected values belong to, for the message: "The model was trained on".

    Raises:
        SourceError: A band lies far outside.
    """
    for band in sorted(expected.keys() & found.keys()):
        wanted, largest = (max(abs(low), abs(high)) for low, high in (expected[band], found[band]))
        if wanted and not wanted / _TIMES <= largest <= wanted * _TIMES:
            spans = [f"{low:.4g} to {high:.4g}" for low, high in (expected[band], found[band])]
            raise SourceError(
                f"{what} {band} of {spans[0]}; the images hold {spans[1]}.",
                where=f"band {band}",
                fix="Give the images' scale and offset, e.g. scale 0.0001.",
            )
