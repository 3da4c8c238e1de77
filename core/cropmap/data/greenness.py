"""NDVI of series, whatever their bands are called: what calendars are read from and curves are drawn of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.data.bands import roles_of, spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def ndvi_pair(bands: Sequence[str]) -> tuple[int, int] | None:
    """Return the positions of near infrared and red among band names, by role; None where they are not known."""
    roles = roles_of(bands)
    nir = roles.get("nir", roles.get("nir_narrow"))
    return None if nir is None or "red" not in roles else (nir, roles["red"])


def greenness(
    bands: Sequence[str], values: NDArray[np.floating[Any]], pair: tuple[int, int] | None = None
) -> tuple[str, NDArray[np.float64]]:
    """Return NDVI, be it a band or computed from two; the first band where there is none.

    Args:
        bands: Names of the last axis.
        values: (..., band); NaN where there is none.
        pair: Positions of near infrared and red; None takes them by role.

    Returns:
        Its name, and its values, (...); NaN where there are none.
    """
    names = [spelled(band) for band in bands]
    if "ndvi" in names:
        return "NDVI", values[..., names.index("ndvi")].astype(np.float64)
    pair = pair or ndvi_pair(bands)
    if pair is None:
        return bands[0], values[..., 0].astype(np.float64)
    nir, red = (values[..., position].astype(np.float64) for position in pair)
    total = nir + red
    index = np.divide(nir - red, total, out=np.full(total.shape, np.nan), where=total > 0)
    return "NDVI", np.clip(index, -1.0, 1.0)
