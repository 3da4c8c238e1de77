"""Drawing labelled pixels: uniform, repeatable in any clip, spread over the land where asked for.

Every pixel has a lot (`pixel_keys`); those of a class with the smallest lots are drawn. So a draw does not depend on
how the raster is cut into blocks, and one of more samples holds one of fewer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.contract.progress import Progress
from cropmap.contract.words import listed
from cropmap.data.legend import NODATA
from cropmap.io.projection import length_text
from cropmap.kernels import kernel
from cropmap.sampling.allocation import Strata, allocate
from cropmap.sampling.cells import Cells
from cropmap.sampling.near import chord, metric_points
from cropmap.sampling.pixel_ids import pixel_keys

if TYPE_CHECKING:
    from cropmap.data.samples import PlacedSamples
    from cropmap.data.site import Grid

SPREADS = ("none", "cells")

# Gives a raster's codes from the start: first row, first column and uint8 codes (row, col) of each block.
BlockSource = Callable[[], Iterable[tuple[int, int, NDArray[np.uint8]]]]

_CLASSES = NODATA + 1
_ROOM = 1 << 18  # candidates that are gathered before the losers among them are dropped
_SPARE = 6  # candidates gathered for one sample that must lie apart from others, and again where they do not suffice
_CANDIDATES = 4_000_000  # of all classes together; where so many do not suffice, the land is all but full
_LAST = np.iinfo(np.uint64).max
_NOBODY = -1


@dataclass(frozen=True)
class DrawOptions:
    """How pixels are drawn.

    Args:
        seed: Another seed draws others.
        spread: "none" draws each of a class with equal chance. "cells" goes round square cells of land: each that holds
            the class gives one sample before any gives its second, and so on.
        cell_m: Edge of the cells, in metres.
        min_distance_m: No two samples, of whatever class, are nearer to each other; 0 allows neighbours.
    """

    seed: int = 0
    spread: str = "none"
    cell_m: float = 10_000.0
    min_distance_m: float = 0.0


@dataclass(frozen=True)
class DrawnPixels:
    """Drawn pixels: by class, and in a class in the order in which they were drawn.

    Args:
        rows: (sample,), int64.
        cols: (sample,), int64.
        codes: Class code, (sample,), uint8.
        short: Wanted and drawn number of each class that had too few, by code.
    """

    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    codes: NDArray[np.uint8]
    short: Mapping[int, tuple[int, int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.codes)


def draw_pixels(
    blocks: BlockSource,
    grid: Grid,
    wanted: Mapping[int, int],
    options: DrawOptions | None = None,
    progress: Progress | None = None,
) -> DrawnPixels:
    """Draw pixels of each class from a raster that is read by blocks, twice or more.

    Without a distance, the first n of a class are what a draw of n gives. With one, candidates take turns: the first by
    key of each class and cell, then the second of each, and so on. One that lies nearer than that to a sample already
    taken, of whatever class, is passed over, and a class that has its number leaves room to the others. So a draw of
    fewer is then no part of one of more; a `cropmap.sampling.subsets.nested_subsets` of the larger one is.

    Args:
        blocks: Gives the raster's codes anew each time that it is called; 255 is no class. Blocks may come in any order
            and cut; each pixel once.
        grid: The raster's grid.
        wanted: How many of each class, by code.
        options: Seed, spread and distance.
        progress: Told what is done; it cancels.

    Returns:
        As many as wanted, or as there are; `short` tells of classes with fewer. With a distance, that may also be where
        none is found among 4 million candidates, shared alike by the classes. The memory taken grows with the number
        wanted, not with the raster.

    Raises:
        SampleError: Cells so small that there are more than a million, or a distance without a CRS to measure it.
    """
    options, progress = options or DrawOptions(), progress or Progress()
    cells = Cells.of(grid, options.cell_m if options.spread == "cells" else 0.0)
    codes = sorted(code for code, number in wanted.items() if number > 0)
    numbers = np.array([wanted[code] for code in codes], np.int64)
    there = _counted(blocks, codes, cells, progress.part(0.0, 0.3))
    factor = np.full(len(codes), _SPARE if options.min_distance_m > 0 else 1, np.int64)
    rest, part = progress.part(0.3, 1.0), 0.5 if options.min_distance_m > 0 else 1.0
    most = np.maximum(numbers, _CANDIDATES // max(len(codes), 1))
    while True:
        rounds = _rounds(there, np.minimum(np.minimum(numbers * factor, most), there.sum(axis=1)))
        pool = _smallest(blocks, _Asked(codes, there, rounds, options.seed), cells, rest.part(0.0, part))
        taken, full = _selected(pool, numbers, grid, options)
        lacking = ~full & (rounds < there.max(axis=1, initial=0)) & (numbers * factor < most)
        if not lacking.any():
            return _drawn(pool, taken, codes, numbers)
        # Had a class more candidates, they might stand in the way of others: all is chosen anew.
        factor[lacking] *= _SPARE
        rest = rest.part(part, 1.0)


def draw_placed(
    placed: PlacedSamples, grid: Grid, total: int, method: str, options: DrawOptions | None = None
) -> PlacedSamples:
    """Draw among labelled pixels that are already placed, e.g. to thin or to balance a survey.

    Args:
        placed: Pixels of the grid.
        grid: Their grid.
        total: How many are wanted; all where 0.
        method: How they are shared out to the classes; see `allocate`.
        options: Seed, spread and distance, as in `draw_pixels`; the pixels have the same lots.

    Returns:
        The drawn ones in the order that they had, with a note of what was drawn.
    """
    options = options or DrawOptions()
    present, classes = np.unique(placed.codes, return_inverse=True)
    sizes = np.bincount(classes, minlength=len(present)).astype(np.int64)
    numbers = sizes
    if total:
        numbers = allocate(method, total, Strata(sizes), np.random.default_rng(options.seed))
    keys = pixel_keys(grid, placed.rows, placed.cols, options.seed)
    cells = Cells.of(grid, options.cell_m if options.spread == "cells" else 0.0)
    numbered = cells.of_pixels(placed.rows, placed.cols)
    pool = _ranked(_Pool(classes.astype(np.int64), numbered, keys, placed.rows, placed.cols), cells.count)
    taken, _ = _selected(pool, numbers, grid, options)
    drawn = _drawn(pool, taken, present.tolist(), numbers)
    kept = np.isin(placed.rows * grid.width + placed.cols, drawn.rows * grid.width + drawn.cols)
    notes = [f"{len(drawn)} of {len(placed)} labelled pixels are drawn."] if len(drawn) < len(placed) else []
    notes += short_notes(drawn, placed.legend.names_by_code, options)
    arrays = {name: getattr(placed, name)[kept] for name in ("rows", "cols", "codes", "ids", "groups", "x", "y")}
    return dataclasses.replace(placed, **arrays, notes=(*placed.notes, *notes))


def short_notes(drawn: DrawnPixels, names: Mapping[int, str], options: DrawOptions) -> list[str]:
    """Say of which classes fewer were drawn than wanted, and why."""
    if not drawn.short:
        return []
    apart = f" that are {length_text(options.min_distance_m)} apart" if options.min_distance_m > 0 else ""
    told = [f"{found:,} of {number:,} of {names[code]!r}" for code, (number, found) in drawn.short.items()]
    return [f"There are fewer pixels{apart} than wanted: {listed(told)}."]


# ---------------------------------------------------------------- gathering candidates


@dataclass(frozen=True)
class _Pool:
    """Candidates. All (candidate,).

    Args:
        classes: Position among the classes drawn, int64.
        cells: Number of the cell, int64.
        keys: Lot, uint64.
        rows: int64.
        cols: int64.
        rounds: How many of the same class and cell come before, int64; empty before they are ranked.
    """

    classes: NDArray[np.int64]
    cells: NDArray[np.int64]
    keys: NDArray[np.uint64]
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    rounds: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> _Pool:
        return _Pool(
            self.classes[chosen],
            self.cells[chosen],
            self.keys[chosen],
            self.rows[chosen],
            self.cols[chosen],
            self.rounds[chosen] if len(self.rounds) else self.rounds,
        )

    def __len__(self) -> int:
        return len(self.keys)


def _joined(pools: list[_Pool]) -> _Pool:
    return _Pool(
        np.concatenate([pool.classes for pool in pools]),
        np.concatenate([pool.cells for pool in pools]),
        np.concatenate([pool.keys for pool in pools]),
        np.concatenate([pool.rows for pool in pools]),
        np.concatenate([pool.cols for pool in pools]),
    )


def _counted(blocks: BlockSource, codes: list[int], cells: Cells, progress: Progress) -> NDArray[np.int64]:
    """Count each class's pixels in each cell, (class, cell)."""
    found = np.zeros((len(codes), cells.count), np.int64)
    for row, col, block in _told(blocks, cells.grid, progress):
        _count(block, _position(codes), cells.of_block(row, col, block.shape), found)
    return found


def _position(codes: list[int]) -> NDArray[np.int64]:
    """Return the position of each code among the classes drawn, (256,); -1 of the others."""
    position = np.full(_CLASSES, _NOBODY, np.int64)
    position[codes] = np.arange(len(codes))
    return position


def _told(blocks: BlockSource, grid: Grid, progress: Progress) -> Iterable[tuple[int, int, NDArray[np.uint8]]]:
    """Yield the blocks, and tell how far they have come."""
    seen = 0
    for row, col, block in blocks():
        progress.at(seen / (grid.width * grid.height), "Drawing pixels")
        seen += block.size
        yield row, col, np.ascontiguousarray(block)


@kernel
def _count(
    block: NDArray[np.uint8],
    position: NDArray[np.int64],
    cells: tuple[NDArray[np.int64], NDArray[np.int64]],
    found: NDArray[np.int64],
) -> None:
    """Add a block's pixels to the counts, (class, cell)."""
    which, table = cells
    for row in range(block.shape[0]):
        for col in range(block.shape[1]):
            own = position[block[row, col]]
            if own >= 0:
                found[own, table[which[row], col]] += 1


@kernel
def _gather(
    block: NDArray[np.uint8],
    position: NDArray[np.int64],
    cells: tuple[NDArray[np.int64], NDArray[np.int64]],
    keys: NDArray[np.uint64],
    limit: NDArray[np.uint64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return row and column in the block of pixels whose lot is within the limit of their class and cell."""
    which, table = cells
    rows = np.empty(block.size, np.int64)
    cols = np.empty(block.size, np.int64)
    count = 0
    for row in range(block.shape[0]):
        for col in range(block.shape[1]):
            own = position[block[row, col]]
            if own >= 0 and keys[row, col] <= limit[own, table[which[row], col]]:
                rows[count], cols[count] = row, col
                count += 1
    return rows[:count], cols[:count]


def _rounds(there: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many rounds of the cells give each class its number, (class,)."""
    found = np.zeros(len(numbers), np.int64)
    for k, (counts, number) in enumerate(zip(there, numbers.tolist(), strict=True)):
        low, high = 0, int(counts.max(initial=0))
        while low < high:
            middle = (low + high) // 2
            enough = int(np.minimum(counts, middle).sum()) >= number
            low, high = (low, middle) if enough else (middle + 1, high)
        found[k] = low
    return found


@dataclass(frozen=True)
class _Asked:
    """Which candidates are gathered.

    Args:
        codes: Of the classes.
        there: How many pixels there are, (class, cell), int64.
        rounds: How many of them are asked for in each cell, (class,), int64.
        seed: Of the lots.
    """

    codes: list[int]
    there: NDArray[np.int64]
    rounds: NDArray[np.int64]
    seed: int

    def limits(self) -> NDArray[np.uint64]:
        """Return a lot that the last one asked for hardly ever exceeds, (class, cell): lots are uniform."""
        ample = self.rounds + 6 * np.sqrt(self.rounds) + 40
        share = ample[:, None] / np.maximum(self.there, 1)
        return np.where(share < 1, (np.minimum(share, 0.999) * 2.0**64).astype(np.uint64), _LAST)

    def complete(self, pool: _Pool) -> bool:
        """Return whether the candidates are as many as asked for."""
        return len(pool) == int(np.minimum(self.there, self.rounds[:, None]).sum())


def _smallest(blocks: BlockSource, asked: _Asked, cells: Cells, progress: Progress) -> _Pool:
    """Return the pixels with the smallest lots of each class and cell, as many of each as there are rounds."""
    pool = _within(blocks, asked, asked.limits(), cells, progress)
    if asked.complete(pool):
        return pool
    return _within(blocks, asked, np.full(asked.there.shape, _LAST), cells, progress)


def _within(blocks: BlockSource, asked: _Asked, limit: NDArray[np.uint64], cells: Cells, progress: Progress) -> _Pool:
    """Return the smallest lots among those within the limits, which are lowered as candidates come in."""
    position = _position(asked.codes)
    none = np.empty(0, np.int64)
    pools = [_Pool(none, none, np.empty(0, np.uint64), none, none)]
    gathered = 0
    for row, col, block in _told(blocks, cells.grid, progress):
        own = cells.of_block(row, col, block.shape)
        down, across = np.arange(row, row + block.shape[0]), np.arange(col, col + block.shape[1])
        keys = pixel_keys(cells.grid, down[:, None], across, asked.seed)
        rows, cols = _gather(block, position, own, keys, limit)
        cell = own[1][own[0][rows], cols]
        pools.append(_Pool(position[block[rows, cols]], cell, keys[rows, cols], rows + row, cols + col))
        gathered += len(rows)
        if gathered > _ROOM + 2 * len(pools[0]):
            pools = [_kept(_joined(pools), asked.rounds, limit)]
            gathered = 0
    return _kept(_joined(pools), asked.rounds, limit)


def _kept(pool: _Pool, rounds: NDArray[np.int64], limit: NDArray[np.uint64]) -> _Pool:
    """Drop what is not among the first rounds of its class and cell, and lower the limits accordingly."""
    pool = _ranked(pool, limit.shape[1])
    last = pool.rounds == rounds[pool.classes] - 1
    limit[pool.classes[last], pool.cells[last]] = pool.keys[last]
    return pool.take(pool.rounds < rounds[pool.classes])


def _ranked(pool: _Pool, cells: int) -> _Pool:
    """Return the candidates by class, cell and lot, each with its round."""
    group = pool.classes * cells + pool.cells
    order = np.lexsort((pool.cols, pool.rows, pool.keys, group))
    return dataclasses.replace(pool.take(order), rounds=_turns(group[order]))


def _turns(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many equal ones come before each of sorted numbers."""
    place = np.arange(len(groups))
    starts = np.ones(len(groups), np.bool_)
    starts[1:] = groups[1:] != groups[:-1]
    return place - np.maximum.accumulate(np.where(starts, place, 0))


# ---------------------------------------------------------------- choosing among them


def _selected(
    pool: _Pool, numbers: NDArray[np.int64], grid: Grid, options: DrawOptions
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return which candidates are taken, in order, and which classes got their number."""
    order = np.lexsort((pool.keys, pool.rounds))
    classes = pool.classes[order]
    if options.min_distance_m > 0 and len(order):
        points = _metres(grid, pool.rows[order], pool.cols[order])
        # A hair less, against rounding.
        limit = chord(points, options.min_distance_m) * (1 - 1e-9)
        space = np.pad(points, ((0, 0), (0, 3 - points.shape[1])))
        neighbourhood = _neighbourhood(space, options.min_distance_m)
        taken = _apart(space, neighbourhood, classes, numbers, limit * limit)
    else:
        by_class = np.argsort(classes, kind="stable")
        place = np.empty(len(order), np.int64)
        place[by_class] = _turns(classes[by_class])
        taken = place < numbers[classes]
    found = np.bincount(classes[taken], minlength=len(numbers))
    return order[taken], np.asarray(found >= numbers)


def _drawn(pool: _Pool, taken: NDArray[np.intp], codes: list[int], numbers: NDArray[np.int64]) -> DrawnPixels:
    chosen = pool.take(taken[np.argsort(pool.classes[taken], kind="stable")])
    found = np.bincount(chosen.classes, minlength=len(codes)).tolist()
    wanted = zip(codes, numbers.tolist(), found, strict=True)
    short = {code: (number, got) for code, number, got in wanted if got < number}
    return DrawnPixels(chosen.rows, chosen.cols, np.array(codes, np.uint8)[chosen.classes], short)


def _metres(grid: Grid, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return where pixels lie, as `metric_points` does."""
    if not grid.crs:
        raise SampleError("Without a coordinate reference system no distance is known.", fix="Assign the CRS.")
    return metric_points(*grid.centres(rows, cols), grid.crs)


def _neighbourhood(points: NDArray[np.float64], edge: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of each point's cube of space, (point,), and the cubes around each cube, (cube, 27), or -1."""
    cubes = np.floor(points / edge).astype(np.int64)
    cubes -= cubes.min(axis=0) - 1
    span = cubes.max(axis=0) + 2
    codes, square = np.unique((cubes[:, 0] * span[1] + cubes[:, 1]) * span[2] + cubes[:, 2], return_inverse=True)
    steps = np.array([(a * span[1] + b) * span[2] + c for a in (-1, 0, 1) for b in (-1, 0, 1) for c in (-1, 0, 1)])
    wanted = codes[:, None] + steps
    at = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    return square.reshape(-1).astype(np.int64), np.where(codes[at] == wanted, at, _NOBODY).astype(np.int64)


@kernel
def _apart(
    points: NDArray[np.float64],
    neighbourhood: tuple[NDArray[np.int64], NDArray[np.int64]],
    classes: NDArray[np.int64],
    numbers: NDArray[np.int64],
    limit: float,
) -> NDArray[np.bool_]:
    """Take points in their order unless a class is full or a taken one lies nearer than sqrt(limit), (point,) bool."""
    square, near = neighbourhood
    taken = np.zeros(len(points), np.bool_)
    newest = np.full(len(near), -1, np.int64)  # taken point of each cube; `older` goes on from it
    older = np.full(len(points), -1, np.int64)
    left = numbers.copy()
    for k in range(len(points)):
        if left[classes[k]] <= 0:
            continue
        free = True
        for cube in near[square[k]]:
            other = newest[cube] if cube >= 0 else -1
            while other >= 0 and free:
                apart = 0.0
                for axis in range(3):
                    apart += (points[k, axis] - points[other, axis]) ** 2
                free = apart >= limit
                other = older[other]
        if free:
            taken[k] = True
            left[classes[k]] -= 1
            older[k] = newest[square[k]]
            newest[square[k]] = k
    return taken
