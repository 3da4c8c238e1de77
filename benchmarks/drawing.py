"""Seconds to draw points from a class raster, and to find the fields that they stand in.

Run it from the repository's root: python benchmarks/drawing.py [--size 6000]
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
from harness import machine, peak_bytes, say, table

from cropmap.data.site import Grid
from cropmap.io.projection import crs_wkt
from cropmap.sampling.draw import DrawOptions, draw_pixels
from cropmap.sampling.fields import connected_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

ROWS, YEARS, REPEATS = 512, 10, 3
CASES = (
    ("3,000 points", 3000, DrawOptions()),
    ("3,000 points over cells of 10 km", 3000, DrawOptions(spread="cells")),
    ("90,000 points", 90_000, DrawOptions()),
    ("90,000 points 300 m apart", 90_000, DrawOptions(min_distance_m=300.0)),
)


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=6000)
    size = parser.parse_args().size
    grid = Grid(crs_wkt("EPSG:32615"), 400_000.0, 4_800_000.0, 30.0, 30.0, size, size)
    classes = fields_of(size)

    def blocks() -> Iterator[tuple[int, int, NDArray[np.uint8]]]:
        return ((row, 0, classes[row : row + ROWS]) for row in range(0, size, ROWS))

    def strips() -> Iterator[tuple[int, NDArray[np.uint8]]]:
        for row in range(0, size, ROWS):
            yield row, np.broadcast_to(classes[row : row + ROWS], (YEARS, len(classes[row : row + ROWS]), size))

    rows = []
    for name, total, options in CASES:
        seconds, drawn = [], None
        for _ in range(REPEATS):
            began = time.perf_counter()
            drawn = draw_pixels(blocks, grid, dict.fromkeys(range(3), total // 3), options)
            seconds.append(time.perf_counter() - began)
        rows.append([f"{name} ({len(drawn or ()):,} drawn)", f"{statistics.median(seconds):.1f}"])
    few = draw_pixels(blocks, grid, dict.fromkeys(range(3), 1000))
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        connected_fields(strips(), grid, few.rows, few.cols)
        seconds.append(time.perf_counter() - began)
    rows.append([f"fields of 3,000 points over {YEARS} years, in memory", f"{statistics.median(seconds):.1f}"])
    say(f"{machine()}; {size:,} x {size:,} pixels of three classes in memory, median of {REPEATS}\n")
    say(table(["case", "seconds"], rows))
    say(f"\nPeak memory {peak_bytes() / 1e6:,.0f} MB, {classes.nbytes / 1e6:,.0f} MB of it the raster.")


def fields_of(size: int) -> NDArray[np.uint8]:
    """Return fields of about 18 x 18 pixels, of three classes, with a pixel of no class in each 50."""
    rng = np.random.default_rng(0)
    down, across = (np.cumsum(rng.random(size) < 1 / 18) for _ in range(2))
    kinds = rng.integers(0, 3, (down[-1] + 1, across[-1] + 1)).astype(np.uint8)
    classes = kinds[down[:, None], across[None]]
    classes[rng.random(classes.shape, dtype=np.float32) < 0.02] = 255
    return classes


if __name__ == "__main__":
    main()
