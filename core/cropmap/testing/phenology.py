"""How covers look through a year: canopy curves, spectra, and what surface reflectance follows from them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropmap.testing.noise import stream

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")

# Codes of the Cropland Data Layer.
CORN, SOYBEAN, SUNFLOWER, WHEAT, ALFALFA, BEET = 1, 5, 6, 24, 36, 41
WATER, VERGE, BUILT, GARDEN, FOREST, GRASS = 111, 121, 122, 123, 141, 176
NAMES = {
    CORN: "Corn",
    SOYBEAN: "Soybean",
    SUNFLOWER: "Sunflower",
    WHEAT: "Winter wheat",
    ALFALFA: "Alfalfa",
    BEET: "Sugar beet",
    WATER: "Water",
    FOREST: "Forest",
    GRASS: "Grass",
    VERGE: "Developed, open space",
    BUILT: "Developed, low intensity",
    GARDEN: "Developed, gardens",
}
# Roadsides, houses and gardens: in the images, but no class of the truth.
UNCLASSED = (VERGE, BUILT, GARDEN)

Spectrum = tuple[float, float, float, float, float, float]

# Dead plant matter; invented to the likeness of crop residue spectra, as are the numbers below.
RESIDUE: Spectrum = (0.085, 0.120, 0.165, 0.245, 0.320, 0.250)
_BLOOM = (0.005, 0.040, 0.055, 0.020, 0.010, 0.005)


@dataclass(frozen=True)
class Crop:
    """A cover's year.

    Args:
        leaf: Reflectance of the full green canopy, by band.
        green_up: Day of year at which half of the canopy stands.
        browning: Day of year at which half of it is gone.
        up_days: Width of the rise (of a logistic curve), in days.
        down_days: Width of the decline, in days.
        base: Green cover outside the season, 0..1.
        peak: Green cover at its height, 0..1.
        residue: Cover of dead matter after browning, 0..1.
        cleared: Day of year at which half of the residue is ploughed in.
        cuts: Days of year of mowing.
        bloom: Day of year of yellow bloom; 0 for none.
        ground: Reflectance below the canopy, by band; None for the site's soil.
    """

    leaf: Spectrum
    green_up: float
    browning: float
    up_days: float
    down_days: float
    base: float
    peak: float
    residue: float = 0.0
    cleared: float = 400.0
    cuts: tuple[float, ...] = ()
    bloom: float = 0.0
    ground: Spectrum | None = None

    def moved(self, days: float, lengthened: float = 0.0) -> Crop:
        """Return the same cover `days` later, with a season that is `lengthened` days longer."""
        return dataclasses.replace(
            self,
            green_up=self.green_up + days,
            browning=self.browning + days + lengthened,
            cleared=self.cleared + days + lengthened,
            cuts=tuple(cut + days for cut in self.cuts),
            bloom=self.bloom + days if self.bloom else 0.0,
        )


# The years of western Minnesota and central Iowa.
CROPS: dict[int, Crop] = {
    CORN: Crop((0.028, 0.056, 0.033, 0.43, 0.190, 0.085), 166, 262, 7.5, 7.5, 0.03, 0.92, 0.75, 318),
    SOYBEAN: Crop((0.029, 0.064, 0.033, 0.51, 0.205, 0.088), 178, 254, 7.5, 4.5, 0.03, 0.93, 0.35, 305),
    SUNFLOWER: Crop((0.034, 0.068, 0.042, 0.45, 0.205, 0.098), 168, 245, 7.0, 7.5, 0.03, 0.88, 0.55, 282, (), 205),
    WHEAT: Crop((0.028, 0.058, 0.035, 0.42, 0.170, 0.082), 116, 187, 10.0, 5.5, 0.08, 0.93, 0.80, 240),
    BEET: Crop((0.030, 0.066, 0.034, 0.50, 0.175, 0.076), 168, 292, 9.0, 6.0, 0.03, 0.94, 0.15, 320),
    ALFALFA: Crop(
        (0.030, 0.064, 0.037, 0.45, 0.185, 0.084), 116, 296, 8.0, 10.0, 0.20, 0.90, 0.15, 400, (152, 187, 225, 268)
    ),
    GRASS: Crop((0.036, 0.068, 0.047, 0.36, 0.205, 0.105), 121, 276, 11.0, 17.0, 0.18, 0.80, 0.35),
    FOREST: Crop((0.020, 0.040, 0.025, 0.36, 0.145, 0.062), 128, 284, 6.5, 7.5, 0.15, 0.95, 0.45),
    WATER: Crop((0.030, 0.060, 0.035, 0.30, 0.150, 0.070), 190, 250, 20, 20, 0.0, 0.02, 0.0, 400, (), 0, (
        0.042, 0.048, 0.033, 0.016, 0.008, 0.006
    )),
    VERGE: Crop((0.036, 0.068, 0.047, 0.34, 0.205, 0.105), 123, 276, 11, 17, 0.12, 0.50, 0.20, 400, (), 0, (
        0.110, 0.130, 0.150, 0.190, 0.230, 0.210
    )),
    BUILT: Crop((0.030, 0.060, 0.040, 0.35, 0.190, 0.095), 124, 280, 9, 12, 0.06, 0.28, 0.05, 400, (), 0, (
        0.135, 0.150, 0.165, 0.205, 0.240, 0.225
    )),
    GARDEN: Crop((0.030, 0.060, 0.038, 0.38, 0.185, 0.090), 126, 278, 11, 13, 0.12, 0.72, 0.15),
}  # fmt: skip


def logistic(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 / (1 + exp(-x)), without overflow."""
    risen: NDArray[np.float32] = np.float32(0.5) * (1 + np.tanh(np.float32(0.5) * x))
    return risen


@dataclass(frozen=True)
class Variation:
    """How much plants and soils differ from their kind: standard deviations at `variation` 1.

    Args:
        timing_days: Green-up between fields.
        length_days: Season length between fields.
        vigour: Peak cover between fields, as a share.
        colour: Leaf reflectance between fields, as a share, band by band.
        soil: Soil brightness between fields, as a share.
        year_days: Green-up between years, the same for all fields.
    """

    timing_days: float = 8.0
    length_days: float = 7.0
    vigour: float = 0.10
    colour: float = 0.09
    soil: float = 0.13
    year_days: float = 5.0


@dataclass(frozen=True)
class FieldYears:
    """One season of every parcel; row 0 is the land between parcels. All arrays float32, first axis (parcel,).

    Args:
        curve: Columns green_up, browning, up_days, down_days, base, peak, residue, cleared.
        leaf: (parcel, band).
        ground: (parcel, band).
        cuts: Days of year of mowing, (parcel, cut); 999 where there is none.
        bloom: Day of year of bloom; 999 where there is none.
    """

    curve: NDArray[np.float32]
    leaf: NDArray[np.float32]
    ground: NDArray[np.float32]
    cuts: NDArray[np.float32]
    bloom: NDArray[np.float32]


def year_shift(site: str, year: int, spread_days: float) -> float:
    """Return how many days later than usual a year is at a site; the same for every seed."""
    return float(stream(0, "year", site, year).normal()) * spread_days


def field_years(
    covers: NDArray[np.uint8], crops: dict[int, Crop], soil: Spectrum, rng: np.random.Generator, spread: Variation
) -> FieldYears:
    """Draw every parcel's season.

    Args:
        covers: Cover code of each parcel, (parcel,).
        crops: Each cover's year at this site.
        soil: The site's soil, by band.
        rng: Source of randomness.
        spread: Standard deviations.
    """
    kinds = {code: row for row, code in enumerate(crops)}
    kind = np.array([kinds[int(code)] for code in covers])
    listed = list(crops.values())
    count = len(covers)
    most_cuts = max(len(crop.cuts) for crop in listed)

    curve = np.array([_curve_of(crop) for crop in listed], dtype=np.float64)[kind]
    later = rng.normal(0, spread.timing_days, count)
    longer = rng.normal(0, spread.length_days, count)
    curve[:, 0] += later
    curve[:, 1] += later + longer
    curve[:, 7] += later + longer + rng.normal(0, 2 * spread.length_days, count)
    curve[:, 5] = np.clip(curve[:, 5] * (1 + rng.normal(0, spread.vigour, count)), curve[:, 4], 0.98)
    curve[:, 6] = np.clip(curve[:, 6] * (1 + rng.normal(0, 2 * spread.vigour, count)), 0, 0.9)

    leaf = np.array([crop.leaf for crop in listed])[kind]
    leaf *= 1 + rng.normal(0, spread.colour, (count, 1)) + rng.normal(0, spread.colour / 2, (count, len(BANDS)))
    ground = np.array([crop.ground or soil for crop in listed])[kind]
    ground *= np.exp(rng.normal(0, spread.soil, (count, 1)))
    cuts = np.array([(*crop.cuts, *[999.0] * (most_cuts - len(crop.cuts))) for crop in listed])[kind]
    cuts += rng.normal(0, spread.timing_days, (count, 1))
    bloom = np.array([crop.bloom or 999.0 for crop in listed])[kind] + later
    return FieldYears(*(array.astype(np.float32) for array in (curve, leaf, ground, cuts, bloom)))


def _curve_of(crop: Crop) -> tuple[float, ...]:
    return (
        crop.green_up,
        crop.browning,
        crop.up_days,
        crop.down_days,
        crop.base,
        crop.peak,
        crop.residue,
        crop.cleared,
    )


@dataclass(frozen=True)
class Parts:
    """Parts of pixels, each inside one parcel.

    Args:
        parcel: Row of `FieldYears`, (part,), int32.
        later: Days by which plants here are later than the parcel's mean, (part,), float32.
        vigour: Factor on the green cover, (part,), float32.
        brightness: Factor on the ground's reflectance, (part,), float32.
    """

    parcel: NDArray[np.int32]
    later: NDArray[np.float32]
    vigour: NDArray[np.float32]
    brightness: NDArray[np.float32]


def cover_shares(years: FieldYears, parts: Parts, day: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the green and the dead share of each part on a day of year, both (part,), 0..1."""
    up, down, up_days, down_days, base, peak, residue, cleared = years.curve.T[:, parts.parcel]
    now = np.float32(day) - parts.later
    brown = logistic((now - down) / down_days)
    season = np.maximum(logistic((now - up) / up_days) - brown, 0)
    green = (base + (peak - base) * season) * parts.vigour
    if years.cuts.size and day > years.cuts.min() - 30:
        green *= _after_cuts(years.cuts, float(day))[parts.parcel]
    green = np.clip(green, 0, 0.98)
    dead = residue * brown * (1 - logistic((now - cleared) / np.float32(5.0)))
    return green, np.minimum(dead, 1 - green)


def _after_cuts(cuts: NDArray[np.float32], day: float) -> NDArray[np.float32]:
    since = np.float32(day) - cuts
    # A cut takes 70 % of the canopy; it comes back with a time constant of 12 days.
    left = np.where(since > 0, 1 - np.float32(0.7) * np.exp(-np.maximum(since, 0) / np.float32(12.0)), 1)
    product: NDArray[np.float32] = left.prod(axis=1, dtype=np.float32)
    return product


def reflectance(years: FieldYears, parts: Parts, day: float) -> NDArray[np.float32]:
    """Return the parts' surface reflectance on a day of year, (band, part), float32.

    A linear mixture of leaf, residue and ground by their shares.
    """
    green, dead = cover_shares(years, parts, day)
    bare = (1 - green - dead) * parts.brightness
    bloom = np.exp(-(((np.float32(day) - years.bloom) / np.float32(9.0)) ** 2))
    values = np.empty((len(BANDS), len(green)), dtype=np.float32)
    for band in range(len(BANDS)):
        leaf = years.leaf[:, band] + bloom * np.float32(_BLOOM[band])
        values[band] = green * leaf[parts.parcel]
        values[band] += dead * np.float32(RESIDUE[band])
        values[band] += bare * years.ground[parts.parcel, band]
    return values
