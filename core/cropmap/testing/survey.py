"""A field survey: points with a class, well inside the parcels that they name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.testing.mixtures import PIXEL_M

if TYPE_CHECKING:
    from cropmap.testing.history import YearCover
    from cropmap.testing.mixtures import Mixtures


@dataclass(frozen=True)
class Survey:
    """Surveyed points, in random order. All (point,).

    Args:
        x: Metres east of the site's left edge.
        y: Metres south of its upper edge.
        codes: The class noted, uint8.
        parcels: Number of the parcel it stands in, from 1.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    codes: NDArray[np.uint8]
    parcels: NDArray[np.int64]


def draw_survey(
    cover: YearCover, mixtures: Mixtures, points: int, wrong_labels: float, rng: np.random.Generator
) -> Survey:
    """Survey a year.

    Each class gets points by the root of its area, and its parcels are visited in turn before one is visited twice.

    Args:
        cover: The year.
        mixtures: The pixels' parts.
        points: How many; fewer where the site has not as many pure pixels.
        wrong_labels: Share of points that note another of the classes.
        rng: Source of randomness.
    """
    pure = np.flatnonzero(np.diff(mixtures.first) == 1)
    pure = pure[cover.truth[pure] != 255]
    codes = cover.truth[pure]
    kinds, areas = np.unique(codes, return_counts=True)
    parcels = mixtures.parcel[mixtures.first[pure]].astype(np.int64)
    picked = [
        pure[codes == kind][_in_turn(parcels[codes == kind], count, rng)]
        for kind, count in zip(kinds, _allot(areas, points), strict=True)
    ]
    pixels = rng.permutation(np.concatenate(picked)) if picked else np.empty(0, dtype=np.int64)
    row, col = np.divmod(pixels, mixtures.size)
    # Up to 10 m from the pixel's centre, so that the point is never on the pixel's edge.
    aside = rng.uniform(-10, 10, (2, len(pixels)))
    return Survey(
        x=(col + 0.5) * PIXEL_M + aside[0],
        y=(row + 0.5) * PIXEL_M + aside[1],
        codes=_misnoted(cover.truth[pixels], kinds, wrong_labels, rng),
        parcels=mixtures.parcel[mixtures.first[pixels]].astype(np.int64),
    )


def _allot(areas: NDArray[np.int64], points: int) -> NDArray[np.int64]:
    """Share the points out by the root of the areas, no class more than it has pixels."""
    given = np.zeros(len(areas), dtype=np.int64)
    points = min(points, int(areas.sum()))
    while given.sum() < points:
        room = given < areas
        weight = np.sqrt(areas) * room
        exact = given + (points - given.sum()) * weight / weight.sum()
        more = np.minimum(np.floor(exact).astype(np.int64), areas)
        if (more == given).all():
            more[np.argmax((exact - given) * room)] += 1
        given = more
    return given


def _in_turn(parcels: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose pixels so that every parcel has one before any has two: positions in `parcels`."""
    shuffled = rng.permutation(len(parcels))
    by_parcel = shuffled[np.argsort(parcels[shuffled], kind="stable")]
    ordered = parcels[by_parcel]
    turn = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    # Within a turn, parcels come at random.
    order = np.lexsort((rng.random(len(ordered)), turn))
    chosen: NDArray[np.int64] = by_parcel[order[:count]]
    return chosen


def _misnoted(
    codes: NDArray[np.uint8], kinds: NDArray[np.uint8], share: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    wrong = rng.permutation(len(codes))[: round(share * len(codes))]
    if len(kinds) < 2 or not len(wrong):
        return codes
    noted: NDArray[np.uint8] = codes.copy()
    step = rng.integers(1, len(kinds), len(wrong))
    noted[wrong] = kinds[(np.searchsorted(kinds, codes[wrong]) + step) % len(kinds)]
    return noted
