"""From images to a prepared cube: time of the whole way against reading alone, memory, gain of threads.

Run it from the repository's root: python benchmarks/end_to_end.py
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import rasterio

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "core"))

from harness import machine, peak_bytes, say, table

from cropmap.contract.progress import Progress
from cropmap.io.cubes import CubePlan
from cropmap.io.series import SeriesReader
from cropmap.mapping.prepared import CubeOptions, prepare_cube
from cropmap.prepare.recipe import make_recipe, recipe_bands, recipe_nodes
from cropmap.sources.folder import FolderParams, folder
from cropmap.threads import in_order

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
CLEAR, CLOUD = 64, 8
STEPS = 36


def dates_of(count: int) -> list[dt.date]:
    """Return dates spread evenly over a season of 36 weeks."""
    days = np.linspace(0, 7 * (STEPS - 1), count).round().astype(int)
    return [dt.date(2023, 3, 1) + dt.timedelta(days=int(day)) for day in days]


def write_stack(path: Path, size: int, count: int, *, single: bool) -> None:
    """Write a date's bands into one file, or each into its own, and a mask; noise around a seasonal curve, clouds."""
    level = np.random.default_rng(1).integers(0, 8, (size // 16, size // 16)).repeat(16, 0).repeat(16, 1)
    profile: dict[str, Any] = {"driver": "GTiff", "width": size, "height": size, "tiled": True, "compress": "deflate"}
    profile |= {"blockxsize": 512, "blockysize": 512, "interleave": "band", "crs": "EPSG:32634"}
    profile |= {"transform": rasterio.Affine(10, 0, 4e5, 0, -10, 5e6)}

    def write(step: int, date: dt.date) -> None:
        rng = np.random.default_rng(step)
        cloud = (rng.random((size // 64, size // 64)) < 0.3).repeat(64, 0).repeat(64, 1)
        planes = [
            1500 + 800 * np.sin(step / count * 5 + level / 3 + band) + rng.normal(0, 60, (size, size))
            for band in range(len(BANDS))
        ]
        numbers = np.where(cloud, 8000, np.stack(planes)).astype(np.int16)
        images = (
            {"": (numbers, BANDS)} if not single else {f"{b}_": (numbers[k : k + 1], (b,)) for k, b in enumerate(BANDS)}
        )
        for prefix, (values, names) in images.items():
            kind = {"dtype": "int16", "count": len(names), "nodata": -9999}
            with rasterio.open(path / f"{prefix}{date:%Y%m%d}.tif", "w", **profile, **kind) as dataset:
                dataset.write(values)
                dataset.descriptions = names
        with rasterio.open(path / f"QA_PIXEL_{date:%Y%m%d}.tif", "w", **profile, dtype="uint16", count=1) as dataset:
            dataset.write(np.where(cloud, CLOUD, CLEAR).astype(np.uint16), 1)
            dataset.descriptions = ("QA_PIXEL",)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(count), dates_of(count)))


def work(stack: Path, task: str, threads: int) -> None:
    """Read or prepare, in this process, and tell what it took as JSON."""
    series = folder(FolderParams(path=str(stack), masks=["QA_PIXEL"]))
    recipe = make_recipe("weekly_linear", {}, series.dates)
    plan = CubePlan(
        stack.parent / "out",
        series.grid,
        recipe_nodes(recipe),
        recipe_bands(recipe, series.bands),
        recipe,
        series.dates,
    )
    start, cpu = time.perf_counter(), time.process_time()
    if task == "read":
        with SeriesReader(series) as reader:
            windows = list(series.grid.windows(reader.block_size))
            for _ in in_order(lambda window: len(reader.read(window).values), windows, threads):
                pass
    else:
        prepare_cube(series, plan, CubeOptions(threads=threads), Progress())
    told = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    say(json.dumps(told | {"peak": peak_bytes()}))


def measured(stack: Path, task: str, threads: int) -> dict[str, float]:
    """Run a task in a process of its own."""
    shutil.rmtree(stack.parent / "out", ignore_errors=True)
    command = [sys.executable, __file__, "--work", str(stack), "--task", task, "--threads", str(threads)]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return told


def main() -> None:
    """Write the stack, do each task by one thread and by two, taking turns, and tell the median of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--dates", type=int, default=46)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--single", action="store_true", help="One file a band, instead of one a date.")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--task", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work, given.task, given.threads)
        return
    with tempfile.TemporaryDirectory() as name:
        stack = Path(name) / "stack"
        stack.mkdir()
        write_stack(stack, given.size, given.dates, single=given.single)
        tasks = [(task, threads) for threads in (1, 2) for task in ("read", "prepare")]
        runs = {key: [] for key in tasks}
        for _ in range(given.repeats + 1):  # the first compiles
            for task, threads in tasks:
                runs[task, threads].append(measured(stack, task, threads))
    usual = {
        key: {what: statistics.median(run[what] for run in told[1:]) for what in told[0]} for key, told in runs.items()
    }
    rows = [
        [
            f"{'read once' if task == 'read' else 'read, mask, prepare, write'}, {threads} thread{'s'[: threads - 1]}",
            *(f"{found[what]:.1f}" for what in ("seconds", "cpu")),
            *(f"{found[what] / usual['read', threads][what]:.2f}" for what in ("seconds", "cpu")),
            f"{usual[task, 1]['seconds'] / found['seconds']:.2f}",
            f"{found['peak'] / 1e6:.0f}",
        ]
        for (task, threads), found in usual.items()
    ]
    files = "file a band" if given.single else "file a date"
    size = f"{given.size} x {given.size} pixels, {given.dates} dates x {len(BANDS)} bands, 16 bit, {files}"
    say(f"{machine()}. {size}; {STEPS} steps; median of {given.repeats}.\n")
    head = ["", "seconds", "CPU s", "x reading", "x reading, CPU", "x one thread", "peak RSS, MB"]
    say(table(head, rows))


if __name__ == "__main__":
    main()
