"""How each class behaves over the season: mean and spread of a vegetation index against the date."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.data.bands import roles_of, spelled
from cropmap.data.cube import CLEAR_BAND
from cropmap.data.legend import LegendClass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cropmap.data.samples import SampleSet

# Near infrared and red of Landsat where its bands are too few to tell which one it is: the likelier first, 8 and 9,
# then 4 to 7. A drawing may guess; what models learn from may not (`data.bands`).
_LIKELY = (("srb5", "srb4"), ("srb4", "srb3"))
LOW, HIGH = 10, 90  # percentiles of the band


@dataclass(frozen=True, eq=False)
class ClassProfile:
    """One class's course over the season.

    Args:
        found: The class.
        samples: How many samples it has.
        mean: Mean at each step, (step,); NaN where no sample has a value.
        low: 10th percentile, (step,).
        high: 90th percentile, (step,).
    """

    found: LegendClass
    samples: int
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Profiles:
    """All classes' courses of one quantity.

    Args:
        quantity: What is shown: "NDVI", or a band's name.
        dates: Date of each step, (step,).
        classes: Those with samples, in the legend's order.
    """

    quantity: str
    dates: tuple[dt.date, ...]
    classes: tuple[ClassProfile, ...]


def class_profiles(samples: SampleSet) -> Profiles:
    """Return each class's mean and 10-90 % band of NDVI, or of the first band where there is no red and near infrared.

    NDVI is (nir - red) / (nir + red), clipped to -1..1; a step whose bands do not sum above 0 has no value.

    Source: Rouse et al. 1974, Monitoring vegetation systems in the Great Plains with ERTS, NASA SP-351.
    """
    quantity, values = _quantity(samples)
    dates = tuple(samples.recipe.season.date(int(day)) for day in samples.days)
    classes = [(found, values[samples.codes == found.code]) for found in samples.legend.classes]
    return Profiles(quantity, dates, tuple(_profile(found, own) for found, own in classes if len(own)))


def ndvi_bands(bands: Sequence[str]) -> tuple[int, int] | None:
    """Return the positions of near infrared and red among band names; None where they are not recognised."""
    roles = roles_of(bands)
    nir = roles.get("nir", roles.get("nir_narrow"))
    if nir is not None and "red" in roles:
        return nir, roles["red"]
    known = {spelled(name): position for position, name in enumerate(bands)}
    return next(((known[nir], known[red]) for nir, red in _LIKELY if {nir, red} <= known.keys()), None)


def quantity_of(bands: Sequence[str], values: NDArray[np.floating[Any]]) -> tuple[str, NDArray[np.float64]]:
    """Return what is drawn of series: NDVI, be it a band or computed from two; the first band where there is none.

    Args:
        bands: Names of the last axis.
        values: (..., band).

    Returns:
        Its name, and its values (...); NaN where there are none.
    """
    names = [spelled(band) for band in bands]
    if "ndvi" in names:
        return "NDVI", values[..., names.index("ndvi")].astype(np.float64)
    pair = ndvi_bands(bands)
    if pair is None:
        return bands[0], values[..., 0].astype(np.float64)
    nir, red = (values[..., position].astype(np.float64) for position in pair)
    total = nir + red
    ratio = np.divide(nir - red, total, out=np.full(total.shape, np.nan), where=total > 0)
    return "NDVI", np.clip(ratio, -1.0, 1.0)


def _quantity(samples: SampleSet) -> tuple[str, NDArray[np.float64]]:
    """Return what is shown, and its value for each sample and step, (sample, step); NaN where a mask hides it."""
    name, values = quantity_of(samples.bands, samples.values)
    if CLEAR_BAND in samples.bands:
        values = np.where(samples.values[:, :, samples.bands.index(CLEAR_BAND)] > 0, values, np.nan)
    return name, values


def _profile(found: LegendClass, values: NDArray[np.float64]) -> ClassProfile:
    mean, low, high = (np.full(values.shape[1], np.nan) for _ in range(3))
    known = np.isfinite(values).any(axis=0)
    if known.any():
        mean[known] = np.nanmean(values[:, known], axis=0)
        low[known], high[known] = np.nanpercentile(values[:, known], [LOW, HIGH], axis=0)
    return ClassProfile(found, len(values), mean, low, high)
