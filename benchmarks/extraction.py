"""Labelled pixels out of a stack of images: what cropmap takes, against reading each point by itself.

Run it from the repository's root: python benchmarks/extraction.py
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "core"))

from end_to_end import BANDS, write_stack
from harness import machine, peak_bytes, say, table

from cropmap.data.legend import legend_from_names
from cropmap.data.samples import PlacedSamples
from cropmap.io.series import SeriesReader
from cropmap.prepare.recipe import make_recipe
from cropmap.sampling.extract import extract
from cropmap.sampling.parcels import PlacedParcels, extract_parcels
from cropmap.sources.folder import FolderParams, folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cropmap.data.scenes import SceneSeries
    from cropmap.data.site import Grid

SIDE = 4  # pixels of a parcel
FILES = 3  # dates that GDAL and rasterio are measured on; every date is like the others
TILE = 512  # of the stack that is written


def drawn(grid: Grid, count: int) -> PlacedSamples:
    """Draw pixels at random, in random order."""
    place = np.random.default_rng(1).choice(grid.height * grid.width, count, replace=False)
    return placed(grid, place // grid.width, place % grid.width)


def placed(grid: Grid, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> PlacedSamples:
    """Label pixels at random."""
    ids = np.arange(len(rows)).astype(np.str_)
    codes = np.random.default_rng(2).integers(0, 2, len(rows)).astype(np.uint8)
    x, y = grid.west + (cols + 0.5) * grid.pixel_width, grid.north - (rows + 0.5) * grid.pixel_height
    return PlacedSamples(rows, cols, codes, ids, ids, x, y, legend_from_names(["a", "b"]))


def squares(grid: Grid, count: int) -> PlacedParcels:
    """Draw square parcels side by side that hold so many pixels in all."""
    across = grid.width // SIDE
    chosen = np.random.default_rng(3).choice(grid.height // SIDE * across, count // SIDE**2, replace=False)
    down, right = np.divmod(np.arange(SIDE**2), SIDE)
    rows = (chosen // across * SIDE)[:, None] + down
    cols = (chosen % across * SIDE)[:, None] + right
    sample = np.repeat(np.arange(len(chosen)), SIDE**2)
    return PlacedParcels(placed(grid, rows[:, 0], cols[:, 0]), rows.ravel(), cols.ravel(), sample)


def series_only(series: SceneSeries, points: PlacedSamples) -> None:
    """Read the pixels' series without preparing them, by one thread."""
    with SeriesReader(series) as reader:
        for members in reader.gather(points.rows, points.cols):
            for _ in reader.read_pixel_parts(points.rows[members], points.cols[members], 1 << 14):
                pass


def block_by_block(series: SceneSeries, points: PlacedSamples) -> float:
    """Read each file by windows of its blocks and pick the points, with GDAL alone; all files in seconds."""
    start = time.perf_counter()
    for path in some_files(series):
        with rasterio.open(path) as dataset:
            values = np.empty((len(points), dataset.count), dataset.dtypes[0])
            for _, window in dataset.block_windows(1):
                rows, cols = points.rows - window.row_off, points.cols - window.col_off
                inside = (rows >= 0) & (rows < window.height) & (cols >= 0) & (cols < window.width)
                values[inside] = dataset.read(window=window)[:, rows[inside], cols[inside]].T
    return (time.perf_counter() - start) * len(series.scenes) / FILES


def point_by_point(series: SceneSeries, points: PlacedSamples, share: int) -> float:
    """Read points by `dataset.sample`; all files and points in seconds.

    The blocks are decoded once, before: with fewer points than there are, each would count for more than its share.
    """
    chosen = np.arange(0, len(points), share)
    xy = np.column_stack([points.x, points.y])
    taken = 0.0
    for path in some_files(series):
        with rasterio.open(path) as dataset:
            start = time.perf_counter()
            dataset.read()
            decoded = time.perf_counter()
            for _ in dataset.sample(xy[chosen]):
                pass
            taken += decoded - start + (time.perf_counter() - decoded) * share
    return taken * len(series.scenes) / FILES


def some_files(series: SceneSeries) -> list[str]:
    """Return the files of the first dates, images and masks."""
    return [path for scene in series.scenes[:FILES] for path in dict.fromkeys(asset.path for asset in scene.assets)]


def block_reads(work: Callable[[], Any]) -> dict[str, int]:
    """Count the blocks of files that a task reads, and how many different ones they are."""
    seen: list[tuple[str, int, int, int]] = []
    read = SeriesReader._planes  # noqa: SLF001 - the one door through which numbers come

    def counted(self: SeriesReader, layers: Any, window: Any) -> Any:
        down, right = (
            range(first // TILE, (first + size - 1) // TILE + 1)
            for first, size in ((window.row, window.height), (window.col, window.width))
        )
        seen.extend((layers.path, index, row, col) for index in layers.indexes for row in down for col in right)
        return read(self, layers, window)

    SeriesReader._planes = counted  # type: ignore[method-assign] # noqa: SLF001
    work()
    return {"reads": len(seen), "blocks": len(set(seen))}


def seconds_of(task: Callable[[], Any], repeats: int) -> float:
    """Return the median of some runs, after one that compiles."""
    taken = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        task()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])


TASKS = {
    "extract": "cropmap: read, mask, prepare",
    "read": "cropmap: read and mask alone, one thread",
    "parcels": f"cropmap: parcels of {SIDE**2} pixels, read, mask, mean, prepare",
    "blocks": "GDAL, block by block, points picked",
    "sample": "rasterio, dataset.sample",
}


def work(stack: Path, task: str, given: argparse.Namespace) -> None:
    """Do a task in this process, and tell what it took as JSON."""
    series = folder(FolderParams(path=str(stack), masks=["QA_PIXEL"]))
    recipe = make_recipe("weekly_linear", {}, series.dates)
    points = drawn(series.grid, given.points)
    parcels = squares(series.grid, given.points)
    ways: dict[str, Callable[[], float]] = {
        "extract": lambda: seconds_of(lambda: extract(series, points, recipe), given.repeats),
        "read": lambda: seconds_of(lambda: series_only(series, points), given.repeats),
        "parcels": lambda: seconds_of(lambda: extract_parcels(series, parcels, recipe), given.repeats),
        "blocks": lambda: block_by_block(series, points),
        "sample": lambda: point_by_point(series, points, given.share),
    }
    told: dict[str, float] = {"seconds": ways[task](), "peak": peak_bytes()}
    if task == "extract":
        told |= block_reads(lambda: extract(series, points, recipe))
    say(json.dumps(told))


def main() -> None:
    """Write the stack, extract in all ways, each in a process of its own, and tell the time of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--dates", type=int, default=46)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--share", type=int, default=10, help="One point in so many is read by itself.")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--task", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work, given.task, given)
        return
    with tempfile.TemporaryDirectory() as name:
        write_stack(Path(name), given.size, given.dates, single=False)
        command = [sys.executable, __file__, "--work", name, "--points", str(given.points)]
        command += ["--share", str(given.share), "--repeats", str(given.repeats), "--task"]
        told = {
            task: json.loads(subprocess.run([*command, task], check=True, stdout=subprocess.PIPE, text=True).stdout)
            for task in TASKS
        }
    ours = told["extract"]
    size = f"{given.size} x {given.size} pixels, {given.dates} dates x {len(BANDS)} bands and a mask, 16 bit"
    say(f"{machine()}. {given.points:,} pixels drawn at random of {size}, tiles of {TILE} pixels, deflate.")
    say(f"cropmap reads {ours['reads']:,} blocks, {ours['blocks']:,} different ones. GDAL and rasterio are measured on")
    say(f"{FILES} dates, sample() on one point in {given.share} once the blocks are decoded, and scaled to all.\n")
    rows = [
        [what, f"{found['seconds']:.1f}", f"{found['seconds'] / ours['seconds']:.1f}", f"{found['peak'] / 1e6:.0f}"]
        for what, found in zip(TASKS.values(), told.values(), strict=True)
    ]
    say(table(["", "seconds", "x cropmap", "peak RSS, MB"], rows))


if __name__ == "__main__":
    main()
