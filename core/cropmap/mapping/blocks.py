"""Cut a grid into blocks of bounded memory."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.data.site import Window
from cropmap.threads import worker_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cropmap.data.site import Grid

# Of the blocks that are in work at a time, all together.
WORK_BYTES = 700 * 10**6
# Of one block. A tile that is read in two parts is decoded twice, so a whole one may take more.
_BLOCK_BYTES = 200 * 10**6
_WHOLE_TILE_BYTES = 400 * 10**6
# Of the parts of blocks that are being prepared and predicted or written, all together.
_PARTS_BYTES = 300 * 10**6
# With more workers than these, fewer of them are better than tiles in smaller parts.
_MOST_CUTTERS = 4
# Larger squares read no faster, and leave small maps with too few blocks to share.
_LARGEST_SIDE = 512


@dataclass(frozen=True)
class WorkPlan:
    """The blocks, and how many of them are in work at a time."""

    windows: tuple[Window, ...]
    workers: int

    def bounded(self, part_bytes: int) -> WorkPlan:
        """Return the plan with no more workers than the parts that they prepare one after the other leave room for.

        Args:
            part_bytes: What a part takes besides the block that it is cut from.
        """
        return WorkPlan(self.windows, max(1, min(self.workers, _PARTS_BYTES // part_bytes)))


def plan_work(
    grid: Grid, tile: int, pixel_bytes: int, *, side: int = 0, threads: int = 0, multiple: int = 1
) -> WorkPlan:
    """Cut a grid for a number of workers so that all their blocks together take at most about 700 MB.

    First the blocks become smaller, then the workers fewer; one worker remains, and a block size that the user chose.

    Args:
        grid: What to cover.
        tile: Side of the squares that suit the source files, in pixels.
        pixel_bytes: Memory that a pixel takes.
        side: Side of the blocks where the user chose one; 0 for none.
        threads: As `worker_count` takes it.
        multiple: Blocks begin at rows and columns that are multiples of it.
    """
    asked = worker_count(threads)
    if side:
        windows = tuple(grid.windows(_up(side, multiple)))
    else:
        windows = block_windows(grid, _up(tile, multiple), pixel_bytes, asked, multiple)
    largest = max(window.pixels for window in windows) * pixel_bytes
    return WorkPlan(windows, max(1, min(asked, WORK_BYTES // largest)))


def block_windows(grid: Grid, tile: int, pixel_bytes: int, workers: int, multiple: int = 1) -> tuple[Window, ...]:
    """Return windows that cover each pixel once, in the order in which the files are best read.

    Windows are squares of as many tiles as fit into a worker's share of the memory. Where one tile is too large, it is
    cut into equal bands of rows that follow each other, so that a reader's cache can serve them.

    Args:
        grid: What to cover.
        tile: Side of the squares that suit the source files, in pixels.
        pixel_bytes: Memory that a pixel takes.
        workers: How many of them are in work at a time.
        multiple: Bands of rows are a multiple of it high, and so is `tile`.
    """
    tile_bytes = tile * tile * pixel_bytes
    share = WORK_BYTES // min(workers, _MOST_CUTTERS)
    if tile_bytes <= min(_WHOLE_TILE_BYTES, share):
        fit = min(_BLOCK_BYTES, WORK_BYTES // workers) // tile_bytes
        return tuple(grid.windows(tile * max(1, min(math.isqrt(fit), _LARGEST_SIDE // tile))))
    rows = max(1, min(_BLOCK_BYTES, share) // (tile * pixel_bytes))
    rows = _up(-(-tile // -(-tile // rows)), multiple)
    return tuple(itertools.chain.from_iterable(_bands(window, rows) for window in grid.windows(tile)))


def _up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple


def _bands(window: Window, rows: int) -> Iterator[Window]:
    for row in range(0, window.height, rows):
        yield Window(window.row + row, window.col, min(rows, window.height - row), window.width)
