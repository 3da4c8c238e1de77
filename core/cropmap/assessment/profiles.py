"""How each class behaves over the season: mean and quantiles of an index or a band against the date."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.data.bands import spelled
from cropmap.data.greenness import greenness, ndvi_pair
from cropmap.data.legend import LegendClass
from cropmap.data.measured import measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cropmap.data.samples import SampleSet

# Near infrared and red of Landsat where its bands are too few to tell which one it is: the likelier first, 8 and 9,
# then 4 to 7. A drawing may guess; what models learn from may not (`data.bands`).
_LIKELY = (("srb5", "srb4"), ("srb4", "srb3"))
MIDDLE_EIGHTY = (0.1, 0.9)


@dataclass(frozen=True, eq=False)
class ClassProfile:
    """One class's course over the season.

    Args:
        found: The class.
        samples: How many samples it has.
        mean: Mean at each step, (step,); NaN where no sample has a value.
        quantiles: At the levels asked for, ascending, (level, step); NaN likewise.
    """

    found: LegendClass
    samples: int
    mean: NDArray[np.float64]
    quantiles: NDArray[np.float64]

    @property
    def low(self) -> NDArray[np.float64]:
        """The lowest quantile, (step,)."""
        return np.asarray(self.quantiles[0])

    @property
    def high(self) -> NDArray[np.float64]:
        """The highest quantile, (step,)."""
        return np.asarray(self.quantiles[-1])


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


def class_profiles(samples: SampleSet, band: str = "", levels: Sequence[float] = MIDDLE_EIGHTY) -> Profiles:
    """Return each class's mean and quantiles of a band at each step; values that a mask hid do not count.

    Args:
        samples: The samples.
        band: Name of the band. Where empty, NDVI, or the first band where there is no red and near infrared: (nir -
            red) / (nir + red), clipped to -1..1; a step whose bands do not sum above 0 has no value.
        levels: Quantiles, 0..1, ascending; as `numpy.nanquantile` interpolates them.

    Raises:
        SampleError: The samples have no such band.

    Source of NDVI: Rouse et al. 1974, Monitoring vegetation systems in the Great Plains with ERTS, NASA SP-351.
    """
    quantity, values = shown(samples, band)
    classes = [(found, values[samples.codes == found.code]) for found in samples.legend.classes]
    profiles = tuple(_profile(found, own, levels) for found, own in classes if len(own))
    return Profiles(quantity, step_dates(samples), profiles)


def shown(samples: SampleSet, band: str = "") -> tuple[str, NDArray[np.float64]]:
    """Return the name of what `class_profiles` shows, and each sample's values, (sample, step); NaN where hidden.

    Raises:
        SampleError: The samples have no such band.
    """
    bands, known = measured(samples)
    if not band:
        return quantity_of(bands, known)
    if band not in bands:
        raise SampleError(f"The samples have no band {band!r}.", fix=f"Bands: {', '.join(bands)}.")
    return band, known[:, :, bands.index(band)]


def step_dates(samples: SampleSet) -> tuple[dt.date, ...]:
    """Return the date of each step, (step,)."""
    return tuple(samples.recipe.season.date(int(day)) for day in samples.days)


def ndvi_bands(bands: Sequence[str]) -> tuple[int, int] | None:
    """Return the positions of near infrared and red among band names; None where they are not recognised."""
    known = {spelled(name): position for position, name in enumerate(bands)}
    likely = ((known[nir], known[red]) for nir, red in _LIKELY if {nir, red} <= known.keys())
    return ndvi_pair(bands) or next(likely, None)


def quantity_of(bands: Sequence[str], values: NDArray[np.floating[Any]]) -> tuple[str, NDArray[np.float64]]:
    """Return name and values of what is drawn of series, (..., band): `greenness` by `ndvi_bands`."""
    return greenness(bands, values, ndvi_bands(bands))


def _profile(found: LegendClass, values: NDArray[np.float64], levels: Sequence[float]) -> ClassProfile:
    mean, quantiles = np.full(values.shape[1], np.nan), np.full((len(levels), values.shape[1]), np.nan)
    known = np.isfinite(values).any(axis=0)
    if known.any():
        mean[known] = np.nanmean(values[:, known], axis=0)
        quantiles[:, known] = np.nanquantile(values[:, known], levels, axis=0)
    return ClassProfile(found, len(values), mean, quantiles)
