"""How each class behaves over the season: mean and spread of a vegetation index against the date."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.data.cube import CLEAR_BAND
from cropmap.data.legend import LegendClass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cropmap.data.samples import SampleSet

# Names of near infrared and red that belong together, the most telling first: plain names, Sentinel-2, Landsat 8 and 9
# (SR_B5, SR_B4), Landsat 4 to 7 (SR_B4, SR_B3), MODIS, CBERS-4 WFI. Case and separators do not count.
_PAIRS = (
    ("nir", "red"),
    ("nir08", "red"),
    ("nir1", "red"),
    ("nbartnir1", "nbartred"),
    ("b8", "b4"),
    ("b08", "b04"),
    ("b8a", "b4"),
    ("b8a", "b04"),
    ("srb5", "srb4"),
    ("srb4", "srb3"),
    ("surreflb02", "surreflb01"),
    ("band16", "band15"),
    ("b16", "b15"),
)
# Landsat 4 to 7: SR_B4 is near infrared there; SR_B6 is thermal and not among the bands.
_LANDSAT_4_TO_7 = frozenset({"srb1", "srb2", "srb3", "srb4", "srb5", "srb7"})
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
    known = {_plain(name): position for position, name in reversed(list(enumerate(bands)))}
    if known.keys() >= _LANDSAT_4_TO_7 and "srb6" not in known:
        return known["srb4"], known["srb3"]
    for nir, red in _PAIRS:
        if nir in known and red in known:
            return known[nir], known[red]
    return None


def _quantity(samples: SampleSet) -> tuple[str, NDArray[np.float64]]:
    """Return what is shown, and its value for each sample and step, (sample, step); NaN where a mask hides it."""
    name, values = _shown(samples)
    if CLEAR_BAND in samples.bands:
        values = np.where(samples.values[:, :, samples.bands.index(CLEAR_BAND)] > 0, values, np.nan)
    return name, values


def _shown(samples: SampleSet) -> tuple[str, NDArray[np.float64]]:
    plain = [_plain(name) for name in samples.bands]
    pair = ndvi_bands(samples.bands)
    if "ndvi" in plain:
        return "NDVI", samples.values[:, :, plain.index("ndvi")].astype(np.float64)
    if pair is None:
        return samples.bands[0], samples.values[:, :, 0].astype(np.float64)
    nir, red = (samples.values[:, :, position].astype(np.float64) for position in pair)
    total = nir + red
    ratio = np.divide(nir - red, total, out=np.full(total.shape, np.nan), where=total > 0)
    return "NDVI", np.clip(ratio, -1.0, 1.0)


def _profile(found: LegendClass, values: NDArray[np.float64]) -> ClassProfile:
    mean, low, high = (np.full(values.shape[1], np.nan) for _ in range(3))
    known = np.isfinite(values).any(axis=0)
    if known.any():
        mean[known] = np.nanmean(values[:, known], axis=0)
        low[known], high[known] = np.nanpercentile(values[:, known], [LOW, HIGH], axis=0)
    return ClassProfile(found, len(values), mean, low, high)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
