"""Selecting trusted pixels against only reading the same files: time, memory, and their ratio.

    python benchmarks/trusted.py --size 6000 --years 10 --threads 2

Ten years of label rasters and a confidence layer are written to a temporary folder: fields with rotations, and speckle
as in real maps (the clip of the Cropland Data Layer in Kansas takes 0.18 bytes a pixel when packed the same way). One
process then reads them alone and selects from them, in turns. Wall time is what a user waits; the processor's time is
the fairer ratio where other processes run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from harness import machine, peak_bytes, say, table
from rasterio import Affine

from cropmap.data.schemes import scheme_of
from cropmap.data.site import Window
from cropmap.io.reference_maps import ReferenceFiles, ReferenceMaps
from cropmap.sampling.trusted import TrustOptions, TrustRules, select_trusted
from cropmap.threads import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

LAST = 2023
ROWS = 256
OTHERS = np.array([24, 28, 36, 37, 61, 111, 121, 141, 176, 190], np.uint8)
NAMED = "Corn [1] = 1; Soybean [5] = 5; Other [254] = 24, 28, 36, 37, 61, 111, 121, 141, 176, 190; rest = Other"
SPECKLE, EDGE_SPECKLE = 0.05, 0.3  # shares of pixels that show something else inside fields and at their edges


def main() -> None:
    """Write the files, and measure in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=6000)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(given.measure, given.threads, given.repeats)
        return
    with tempfile.TemporaryDirectory() as folder:
        stored = sum(write(Path(folder), given.size, year) for year in range(LAST - given.years + 1, LAST + 1))
        options = ["--measure", folder, "--threads", str(given.threads), "--repeats", str(given.repeats)]
        command = [sys.executable, __file__, *options]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    pixels = given.size**2
    say(f"{machine()}\n")
    say(f"{given.years} years x {given.size:,} x {given.size:,} pixels and a confidence layer,")
    say(f"{stored / pixels / given.years:.2f} bytes a pixel; {given.threads} threads; least of {given.repeats} turns\n")
    rows = [row(name, found, pixels) for name in ("reading", "selecting")]
    say(table(["", "wall s", "x reading", "processor s", "ns a pixel", "x reading"], rows))
    say(f"\nPeak memory {found['peak'] / 1e6:,.0f} MB; {found['kept']:,} pixels are kept.")


def row(name: str, found: dict[str, float], pixels: int) -> list[str]:
    """Return a row of the table."""
    wall, spent = found[name], found[f"{name}, processor"]
    own = [f"{spent:.2f}", f"{spent / pixels * 1e9:.1f}", f"{spent / found['reading, processor']:.2f}"]
    return [name, f"{wall:.2f}", f"{wall / found['reading']:.2f}", *own]


def write(folder: Path, size: int, year: int) -> int:
    """Write a year's map, and in the last year its confidence; return the map's size in bytes."""
    path = folder / f"labels_{year}.tif"
    with contextlib.ExitStack() as stack:
        label = stack.enter_context(rasterio.open(path, "w", **profile(size)))
        sure = None
        if year == LAST:
            sure = stack.enter_context(rasterio.open(folder / f"confidence_{year}.tif", "w", **profile(size)))
        for row in range(0, size, ROWS):
            codes, percent = strip(size, row, year)
            window = rasterio.windows.Window(0, row, size, len(codes))
            label.write(codes, 1, window=window)
            if sure is not None:
                sure.write(percent, 1, window=window)
    return path.stat().st_size


def profile(size: int) -> dict[str, object]:
    """Return rasterio's profile of the files."""
    place = {"crs": "EPSG:5070", "transform": Affine(30, 0, 0, 0, -30, 2_000_000)}
    tiles = {"tiled": True, "blockxsize": ROWS, "blockysize": ROWS, "compress": "deflate"}
    return {"driver": "GTiff", "width": size, "height": size, "count": 1, "dtype": "uint8", **place, **tiles}


def strip(size: int, row: int, year: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return codes and confidence of some rows in a year."""
    down, top = lines(size, 1)
    across, left = lines(size, 2)
    rows = slice(row, row + ROWS)
    field = (down[rows, None] * 40_503 + across[None]).astype(np.uint32) * np.uint32(2_654_435_769)
    kind, phase = field >> np.uint32(8) & np.uint32(127), (field >> np.uint32(16) & np.uint32(7)).astype(np.int64)
    turn = (phase + year) % 2 == 0
    codes = np.where(kind < 60, np.where(turn, 1, 5), np.where(kind < 74, 1, OTHERS[phase])).astype(np.uint8)
    codes[(kind >= 74) & (kind < 84)] = np.where((phase + year) % 3, 1, 24)[(kind >= 74) & (kind < 84)]
    rng = np.random.default_rng([year, row])
    risk = rng.random(codes.shape, dtype=np.float32)
    edge = top[rows, None] | left[None]
    wrong = risk < np.where(edge, EDGE_SPECKLE, SPECKLE)
    codes[wrong] = rng.choice(np.append(OTHERS, [1, 5]).astype(np.uint8), int(wrong.sum()))
    percent = np.where(wrong, 60, 95) + np.where(edge, -20, 0) + (kind % 6).astype(np.int64)
    return codes, percent.astype(np.uint8)


def lines(size: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the number of the field that each row (or column) lies in, and whether one begins there."""
    ends = np.cumsum(np.random.default_rng(seed).integers(8, 28, size))
    number = np.searchsorted(ends, np.arange(size), side="right")
    return number, np.diff(number, prepend=-1) > 0


def measure(folder: Path, threads: int, repeats: int) -> None:
    """Read and select in turns, and write the least seconds of each as JSON."""
    tasks: dict[str, Callable[[], int]] = {
        "reading": lambda: read_all(folder, threads),
        "selecting": lambda: select(folder, threads),
    }
    kept, figures = 0, {}
    for turn in range(repeats + 1):
        for name, task in tasks.items():
            wall, spent = time.perf_counter(), time.process_time()
            kept = task()
            taken = {name: time.perf_counter() - wall, f"{name}, processor": time.process_time() - spent}
            if turn:  # compiling and first touches do not count
                figures |= {each: min(figures.get(each, seconds), seconds) for each, seconds in taken.items()}
    json.dump({**figures, "peak": peak_bytes(), "kept": kept}, sys.stdout)


def opened(folder: Path) -> ReferenceMaps:
    """Open the maps and the confidence layer."""
    maps = sorted(str(path) for path in folder.glob("labels_*.tif"))
    return ReferenceMaps(ReferenceFiles(maps, confidence=(str(folder / f"confidence_{LAST}.tif"),)))


def read_all(folder: Path, threads: int) -> int:
    """Read every pixel of every file, in the bands of the pass, and return how many bands."""
    with opened(folder) as maps:
        size = maps.grid.width
        height = max(1, round(1_500_000 / (size * ROWS))) * ROWS

        def read(window: Window) -> int:
            codes = np.empty((len(maps.years), window.height, window.width), np.uint8)
            for year, out in zip(maps.years, codes, strict=True):
                maps.read(year, window, out)
            return int(codes[0, 0, 0]) + int(maps.read_layer("confidence", window)[0, 0])

        def windows() -> Iterator[Window]:
            for row in range(0, size, height):
                yield Window(row, 0, min(height, size - row), size)

        return sum(1 for _ in in_order(read, windows(), threads))


def select(folder: Path, threads: int) -> int:
    """Select with the default rules, and return how many pixels are kept."""
    with opened(folder) as maps:
        options = TrustOptions(folder / f"trusted_{os.getpid()}.tif", threads=threads)
        return int(select_trusted(maps, scheme_of(NAMED), TrustRules(), options).counts.left().sum())


if __name__ == "__main__":
    main()
