"""The two sites of the demo world, a continent apart."""

from __future__ import annotations

from dataclasses import dataclass

from cropmap.testing.phenology import (
    ALFALFA,
    BEET,
    CORN,
    CROPS,
    FOREST,
    GRASS,
    SOYBEAN,
    SUNFLOWER,
    WATER,
    WHEAT,
    Crop,
    Spectrum,
)


@dataclass(frozen=True)
class Rotation:
    """A cycle of crops, one a year, and its share of the fields' area."""

    cycle: tuple[int, ...]
    share: float


@dataclass(frozen=True)
class SiteTraits:
    """What makes a site.

    Args:
        epsg: Its coordinate reference system.
        west: Left edge, in metres.
        north: Upper edge, in metres.
        latitude: For the sun's place, in degrees.
        path_row: Of the Landsat scene.
        rotations: What its fields grow; the shares sum to 1. Each cycle's years share its area equally.
        permanent: Covers that stand outside the rotations.
        soil: Reflectance of its mean soil, by band.
        later_days: Season start against the table of crops, in days; negative is earlier.
        longer_days: Season length against it, in days.
        snow_until: Day of year of the last snow; 0 for none.
    """

    epsg: int
    west: float
    north: float
    latitude: float
    path_row: str
    rotations: tuple[Rotation, ...]
    permanent: tuple[int, ...]
    soil: Spectrum
    later_days: float
    longer_days: float
    snow_until: float

    @property
    def classes(self) -> tuple[int, ...]:
        """Codes of all its classes, ascending."""
        grown = {code for rotation in self.rotations for code in rotation.cycle}
        return tuple(sorted(grown | set(self.permanent)))

    @property
    def shares(self) -> dict[int, float]:
        """Each class's share of the fields' area, the same in every year."""
        found = dict.fromkeys(self.classes, 0.0)
        for rotation in self.rotations:
            for code in rotation.cycle:
                found[code] += rotation.share / len(rotation.cycle)
        return found

    @property
    def crops(self) -> dict[int, Crop]:
        """Each cover's year here."""
        return {code: crop.moved(self.later_days, self.longer_days) for code, crop in CROPS.items()}


SITES: dict[str, SiteTraits] = {
    "corn_belt": SiteTraits(
        epsg=32615,
        west=304_785.0,
        north=5_040_315.0,
        latitude=45.5,
        path_row="028029",
        rotations=(
            Rotation((CORN, SOYBEAN), 0.61),
            Rotation((CORN,), 0.12),
            Rotation((CORN, CORN, SOYBEAN), 0.09),
            Rotation((CORN, SOYBEAN, WHEAT), 0.06),
            Rotation((ALFALFA, ALFALFA, ALFALFA, CORN), 0.04),
            Rotation((GRASS,), 0.08),
        ),
        permanent=(FOREST, WATER, GRASS),
        soil=(0.045, 0.060, 0.074, 0.112, 0.160, 0.140),
        later_days=0.0,
        longer_days=0.0,
        snow_until=84.0,
    ),
    "vojvodina": SiteTraits(
        epsg=32634,
        west=400_005.0,
        north=5_040_015.0,
        latitude=45.4,
        path_row="187028",
        rotations=(
            Rotation((CORN, WHEAT), 0.22),
            Rotation((CORN, SOYBEAN, WHEAT), 0.21),
            Rotation((CORN, WHEAT, SUNFLOWER), 0.23),
            Rotation((CORN, BEET, WHEAT, SOYBEAN), 0.17),
            Rotation((CORN,), 0.06),
            Rotation((ALFALFA, ALFALFA, ALFALFA, WHEAT), 0.07),
            Rotation((GRASS,), 0.04),
        ),
        permanent=(FOREST, WATER, GRASS),
        soil=(0.066, 0.088, 0.112, 0.162, 0.232, 0.205),
        later_days=-17.0,
        longer_days=5.0,
        snow_until=0.0,
    ),
}
