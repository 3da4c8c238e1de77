"""Years of crops in each field, and label rasters of them with the errors that such rasters have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.data.legend import NODATA
from cropmap.testing.noise import smooth_field, stream
from cropmap.testing.phenology import (
    ALFALFA,
    BEET,
    BUILT,
    CORN,
    FOREST,
    GARDEN,
    GRASS,
    SOYBEAN,
    SUNFLOWER,
    UNCLASSED,
    VERGE,
    WATER,
    WHEAT,
)
from cropmap.testing.sites import Rotation

if TYPE_CHECKING:
    from cropmap.testing.landscape import Land
    from cropmap.testing.mixtures import Mixtures

# What a label raster takes each cover for where it errs, likeliest first.
CONFUSIONS: dict[int, tuple[int, ...]] = {
    CORN: (SOYBEAN, SUNFLOWER, GRASS),
    SOYBEAN: (CORN, BEET, ALFALFA),
    SUNFLOWER: (CORN, SOYBEAN),
    WHEAT: (ALFALFA, GRASS),
    ALFALFA: (GRASS, WHEAT),
    BEET: (SOYBEAN, CORN),
    WATER: (GRASS, FOREST),
    FOREST: (GRASS, ALFALFA),
    GRASS: (ALFALFA, FOREST, CORN),
    VERGE: (GRASS,),
    BUILT: (VERGE,),
    GARDEN: (GRASS, BUILT),
}


@dataclass(frozen=True)
class Plan:
    """Which rotation each parcel follows.

    Args:
        rotations: The rotations there are.
        rotation: Number of each parcel's, -1 where its cover is permanent, (parcel,), int64.
        phase: Place in the cycle in the year 0, (parcel,), int64.
        cover: Permanent cover code, 0 where there is none, (parcel,), uint8.
        breaks: Share of field years in which another crop than the rotation's is grown.
        seed: Of the world.
    """

    rotations: tuple[Rotation, ...]
    rotation: NDArray[np.int64]
    phase: NDArray[np.int64]
    cover: NDArray[np.uint8]
    breaks: float
    seed: int

    def covers(self, year: int) -> NDArray[np.uint8]:
        """Return every parcel's cover code in a year, (parcel,); the same whichever year is asked for first."""
        found = self.cover.copy()
        for number, rotation in enumerate(self.rotations):
            own = self.rotation == number
            cycle = np.array(rotation.cycle, dtype=np.uint8)
            found[own] = cycle[(self.phase[own] + year) % len(cycle)]
        return self._with_breaks(found, year)

    def _with_breaks(self, covers: NDArray[np.uint8], year: int) -> NDArray[np.uint8]:
        """Let a few fields with annual crops grow what another field grows."""
        annual = np.flatnonzero((self.rotation >= 0) & ~np.isin(covers, (ALFALFA, GRASS)))
        rng = stream(self.seed, "breaks", year)
        breaks = rng.random(len(self.rotation))[annual] < self.breaks
        other = rng.permutation(annual)[: breaks.sum()]
        changed: NDArray[np.uint8] = covers.copy()
        changed[annual[breaks]] = covers[other]
        return changed


def plan_rotations(land: Land, rotations: tuple[Rotation, ...], breaks: float, seed: int) -> Plan:
    """Give every field a rotation, so that each rotation and each phase of it has its share of the fields' area."""
    rng = stream(seed, "rotations")
    choices = [(number, phase) for number, rotation in enumerate(rotations) for phase in range(len(rotation.cycle))]
    wanted = np.array([rotations[number].share / len(rotations[number].cycle) for number, _ in choices])
    area = land.area_m2
    fields = np.flatnonzero(land.cover == 0)
    left = wanted / wanted.sum() * area[fields].sum()
    chosen = np.zeros(len(fields), dtype=np.int64)
    # Large fields first: the small ones then even out what is left.
    order = np.argsort(-area[fields] * rng.uniform(0.7, 1.3, len(fields)), kind="stable")
    for at in order:
        open_area = np.maximum(left, 0) + 1e-6
        chosen[at] = rng.choice(len(choices), p=open_area / open_area.sum())
        left[chosen[at]] -= area[fields[at]]
    rotation = np.full(len(area), -1, dtype=np.int64)
    phase = np.zeros(len(area), dtype=np.int64)
    pairs = np.array(choices)
    rotation[fields], phase[fields] = pairs[chosen].T
    return Plan(rotations, rotation, phase, land.cover, breaks, seed)


def with_background(covers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the covers with that of the land between parcels first, (parcel + 1,)."""
    return np.concatenate([np.array([VERGE], dtype=np.uint8), covers])


@dataclass(frozen=True)
class YearCover:
    """What every pixel of a year is. All (pixel,).

    Args:
        majority: Code of the cover with the largest share, uint8.
        second: Code of the next, the same where there is only one, uint8.
        purity: Share of the largest, float32.
    """

    majority: NDArray[np.uint8]
    second: NDArray[np.uint8]
    purity: NDArray[np.float32]

    @property
    def truth(self) -> NDArray[np.uint8]:
        """Class code of each pixel; 255 on roads, houses and gardens."""
        classed: NDArray[np.uint8] = np.where(np.isin(self.majority, UNCLASSED), np.uint8(NODATA), self.majority)
        return classed


def year_cover(mixtures: Mixtures, covers: NDArray[np.uint8]) -> YearCover:
    """Find every pixel's largest and second cover.

    Args:
        mixtures: The pixels' parts.
        covers: Of each parcel, without background, (parcel,).
    """
    codes, shares = mixtures.class_shares(with_background(covers))
    kinds = codes.astype(np.uint8)
    # Ties go to the lower code.
    first = shares.argmax(axis=1)
    purity = shares.max(axis=1)
    others = shares.copy()
    np.put_along_axis(others, first[:, None], 0, axis=1)
    second = np.where(others.max(axis=1) > 0, others.argmax(axis=1), first)
    return YearCover(kinds[first], kinds[second], purity)


@dataclass(frozen=True)
class LabelRaster:
    """One year as a label raster shows it: codes, and confidence in percent; both (pixel,), uint8."""

    codes: NDArray[np.uint8]
    confidence: NDArray[np.uint8]


def label_raster(
    cover: YearCover, mixtures: Mixtures, error_share: float, known: tuple[int, ...], rng: np.random.Generator
) -> LabelRaster:
    """Draw a label raster of a year with errors.

    Every pixel has a risk: high at edges, in patches, in some parcels, and by chance. The `error_share` of pixels
    with the highest risk are wrong: mixed ones show their second cover, others what their cover is confused
    with. The confidence falls with the risk.

    Args:
        cover: The year.
        mixtures: The pixels' parts.
        error_share: Of wrong pixels, 0..1.
        known: Codes that may appear besides those of roads and houses.
        rng: Source of randomness.
    """
    shape = (mixtures.size, mixtures.size)
    main = mixtures.parcel[mixtures.first[:-1]]
    by_parcel = rng.standard_normal(int(mixtures.parcel.max()) + 1).astype(np.float32)
    risk = np.float32(4.0) * (1 - cover.purity) + np.float32(0.55) * by_parcel[main]
    risk += np.float32(0.6) * smooth_field(shape, 4.0, rng).ravel()
    risk += np.float32(0.7) * rng.standard_normal(len(main), dtype=np.float32)
    order = np.argsort(risk, kind="stable")
    rank = np.empty(len(risk), dtype=np.float32)
    rank[order] = np.arange(len(risk), dtype=np.float32) / max(len(risk) - 1, 1)
    wrong = np.zeros(len(risk), dtype=bool)
    wrong[order[len(risk) - round(error_share * len(risk)) :]] = True
    codes = np.where(wrong, _mistaken(cover, known, rng), cover.majority).astype(np.uint8)
    certain = 97 - 40 * rank**6 - 22 * wrong + 4 * rng.standard_normal(len(risk), dtype=np.float32)
    return LabelRaster(codes, np.clip(np.rint(certain), 1, 100).astype(np.uint8))


def _mistaken(cover: YearCover, known: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return what each pixel would be taken for."""
    mistaken = np.zeros(256, dtype=np.uint8)
    rarer = np.zeros(256, dtype=np.uint8)
    for code, others in CONFUSIONS.items():
        possible = [other for other in others if other in known or other in UNCLASSED] or [GRASS]
        mistaken[code], rarer[code] = possible[0], possible[-1]
    taken = np.where(rng.random(len(cover.majority)) < 0.75, mistaken[cover.majority], rarer[cover.majority])
    mixed = cover.second != cover.majority
    return np.where(mixed, cover.second, taken).astype(np.uint8)
