"""Which pixels recipes are compared on, and which of their observations are hidden."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare.observe import observe

if TYPE_CHECKING:
    from cropmap.data.site import Grid

_CELLS = 6  # pixels are drawn from so many rows and columns of places
_PLACE = 64  # pixels: edge of a place


@dataclass(frozen=True, eq=False)
class Sampled:
    """The series of sampled pixels, one date a day.

    Args:
        block: Values, clear mask and dates; each date once.
        rows: Row of each pixel in the images, (pixel,).
        cols: Column, (pixel,).
    """

    block: SceneBlock
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Hidden:
    """Observations that no recipe was shown, by pixel and date.

    Args:
        pixels: Position of the pixel, (observation,).
        times: Position of the date, (observation,).
        values: What was observed, (observation, band), float64.
        clear: Clear observations that they were drawn from: all inside the span, of pixels with enough of them.
    """

    pixels: NDArray[np.intp]
    times: NDArray[np.intp]
    values: NDArray[np.float64]
    clear: int

    def __len__(self) -> int:
        return len(self.pixels)


def draw_pixels(grid: Grid, count: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw pixels from places spread evenly over a grid, so that a large site is not read as a whole.

    Args:
        grid: The images' grid.
        count: How many; fewer where there are not as many. A place is at most 64 x 64 pixels.
        rng: Source of randomness.

    Returns:
        Rows and columns, (pixel,), by row; each pixel once.
    """
    row_edges = np.linspace(0, grid.height, min(_CELLS, grid.height) + 1).astype(np.int64)
    col_edges = np.linspace(0, grid.width, min(_CELLS, grid.width) + 1).astype(np.int64)
    chosen: list[NDArray[np.int64]] = []
    places = [
        (_place(low, high, rng), _place(left, right, rng))
        for low, high in pairwise(row_edges.tolist())
        for left, right in pairwise(col_edges.tolist())
    ]
    wanted = count
    # The smallest places first: what they lack, the others give.
    for left_over, (rows, cols) in zip(
        range(len(places), 0, -1), sorted(places, key=lambda place: len(place[0]) * len(place[1])), strict=True
    ):
        own = min(-(-wanted // left_over), len(rows) * len(cols))
        picked = rng.choice(len(rows) * len(cols), own, replace=False)
        chosen.append(rows[picked // len(cols)] * grid.width + cols[picked % len(cols)])
        wanted -= own
    flat = np.sort(np.concatenate(chosen))
    return flat // grid.width, flat % grid.width


def _place(low: int, high: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return at most 64 rows (or columns) that follow each other, drawn from low .. high - 1."""
    length = min(_PLACE, high - low)
    start = low + int(rng.integers(high - low - length + 1))
    return np.arange(start, start + length)


def sampled_of(block: SceneBlock, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> Sampled:
    """Return pixels as they are compared: scenes of one day merged, pixels without a clear date left out.

    Args:
        block: The pixels' series, as they were read.
        rows: Row of each pixel in the images, (pixel,).
        cols: Column, (pixel,).
    """
    first = min(block.dates)
    series = observe(block, Season(first, first))
    seen = series.clear.any(axis=1)
    dates = tuple(first + dt.timedelta(days=day) for day in series.days.tolist())
    merged = SceneBlock(series.values[seen], series.clear[seen], dates, block.bands)
    return Sampled(merged, rows[seen], cols[seen])


def hide(block: SceneBlock, season: Season, share: float, rng: np.random.Generator) -> Hidden:
    """Choose clear observations to hide.

    Of each pixel about the same share of its clear dates inside the season, and of all pixels together exactly the
    share, rounded, unless the pixels have too few. A pixel's first and last clear date stay, so that every hidden one
    lies between others: errors are those of bridging gaps, not of going on where nothing was seen.

    Args:
        block: Each date once.
        season: Span from which observations are hidden.
        share: Part of the clear observations to hide, above 0 and below 1.
        rng: Draws which.
    """
    inside = np.array([season.start <= date <= season.end for date in block.dates], np.bool_)
    clear = block.clear & inside
    times = np.arange(len(block.dates))
    first = np.where(block.clear, times, len(times)).min(axis=1, keepdims=True)
    last = np.where(block.clear, times, -1).max(axis=1, keepdims=True)
    between = clear & (times > first) & (times < last)
    room = between.sum(axis=1)
    counted = np.where(room > 0, clear.sum(axis=1), 0)
    counts = _shared_out(share, counted, room, rng)
    # The lowest of random numbers are hidden, as many as the pixel's count.
    lots = np.where(between, rng.random(between.shape), 2.0)
    rank = np.argsort(np.argsort(lots, axis=1, kind="stable"), axis=1, kind="stable")
    pixels, hidden_times = np.nonzero(rank < counts[:, np.newaxis])
    values = block.values[pixels, hidden_times].astype(np.float64)
    return Hidden(pixels, hidden_times, values, int(counted.sum()))


def _shared_out(
    share: float, counted: NDArray[np.intp], room: NDArray[np.intp], rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return how many are hidden of each pixel: share x counted, what rounding leaves carried on in random order."""
    counts = np.zeros(len(counted), np.intp)
    # In millionths, whole: nothing is lost on the way.
    part, owed = round(share * 1_000_000), 500_000
    for pixel in rng.permutation(len(counted)).tolist():
        owed += part * int(counted[pixel])
        counts[pixel] = min(owed // 1_000_000, int(room[pixel]))
        owed -= 1_000_000 * int(counts[pixel])
    return counts
