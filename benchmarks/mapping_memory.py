"""Memory and speed of mapping: a synthetic season, a forest, one worker process; the result as a table.

Run it from the repository's root: python benchmarks/mapping_memory.py --size 2048 --dates 23 --tile 512
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import rasterio

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "core"))

from cropmap.contract.progress import Progress
from cropmap.data.legend import legend_from_names
from cropmap.data.samples import SampleSet
from cropmap.data.scenes import Asset, Scene, SceneSeries
from cropmap.data.site import Grid
from cropmap.io.packages import read_package, write_package
from cropmap.io.rasters import grid_of
from cropmap.mapping.predict import MapOptions, map_series
from cropmap.prepare.recipe import make_recipe, recipe_nodes
from cropmap.training.fit import FitOptions, fit

BANDS = ("B02", "B03", "B04", "B08", "B11", "B12")
CLASSES = 8
SAMPLES = 2000
SEASON_DAYS = 210
NO_VALUE = -9999


def dates_of(count: int) -> tuple[dt.date, ...]:
    """Return dates spread evenly over the season."""
    days = np.linspace(0, SEASON_DAYS, count).round().astype(int)
    return tuple(dt.date(2023, 4, 1) + dt.timedelta(days=int(day)) for day in days)


def series_of(folder: Path, count: int) -> SceneSeries:
    """Describe the written images."""
    scenes = tuple(
        Scene(date, {band: Asset(str(path_of(folder, date, band)), 1, 1e-4, 0.0, NO_VALUE) for band in BANDS})
        for date in dates_of(count)
    )
    return SceneSeries(grid_of(next(iter(scenes[0].bands.values())).path), BANDS, scenes)


def path_of(folder: Path, date: dt.date, band: str) -> Path:
    """Return where an image lies."""
    return folder / f"{date:%Y%m%d}_{band}.tif"


def write_images(folder: Path, size: int, count: int, tile: int) -> None:
    """Write noise around a seasonal curve, with a tenth of the pixels of a date without value, in 64-pixel patches."""
    rng = np.random.default_rng(1)
    grid = Grid(rasterio.crs.CRS.from_epsg(32634).to_wkt(), 4e5, 5e6, 10.0, 10.0, size, size)
    level = rng.integers(0, CLASSES, (size // 16, size // 16)).repeat(16, 0).repeat(16, 1)
    noise = rng.integers(-200, 200, (size, size))
    profile: dict[str, Any] = {"driver": "GTiff", "width": size, "height": size, "count": 1, "dtype": "int16"}
    profile |= {
        "nodata": NO_VALUE,
        "crs": rasterio.crs.CRS.from_wkt(grid.crs),
        "transform": rasterio.Affine(*grid.transform),
    }
    profile |= {"tiled": True, "blockxsize": tile, "blockysize": tile, "compress": "deflate", "zlevel": 1}
    for step, date in enumerate(dates_of(count)):
        cloud = (rng.random((size // 64, size // 64)) < 0.1).repeat(64, 0).repeat(64, 1)
        for index, band in enumerate(BANDS):
            numbers = 1500 + 400 * np.sin(step / count * 3 + level + index) + np.roll(noise, (step, index), (0, 1))
            with rasterio.open(path_of(folder, date, band), "w", **profile) as dataset:
                dataset.write(np.where(cloud, NO_VALUE, numbers).astype(np.int16), 1)


def write_forest(path: Path, count: int, trees: int) -> None:
    """Fit a forest on random series of random classes: as deep as forests become, so as slow."""
    recipe = make_recipe("weekly_linear", {}, dates_of(count))
    rng = np.random.default_rng(2)
    codes = rng.integers(0, CLASSES, SAMPLES).astype(np.uint8)
    nodes = recipe_nodes(recipe)
    values = rng.normal(0.15 + 0.01 * codes[:, None, None], 0.04, (SAMPLES, len(nodes), len(BANDS))).astype(np.float32)
    names, zeros = np.array([str(k) for k in range(SAMPLES)]), np.zeros(SAMPLES)
    legend = legend_from_names(f"crop {k}" for k in range(CLASSES))
    samples = SampleSet(values, codes, names, zeros, zeros, names, nodes, BANDS, legend, recipe, "")
    write_package(path, fit(samples, "random_forest", {"trees": trees}, FitOptions(), Progress()))


def work(folder: Path, count: int, threads: int) -> None:
    """Map, in this process, and tell what it took as JSON."""
    import resource  # noqa: PLC0415 - POSIX only

    package = read_package(folder / "forest.cropmap")
    series = series_of(folder, count)
    start = time.monotonic()
    found = map_series(package, series, MapOptions(folder / "out", threads=threads), Progress())
    seconds = time.monotonic() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    told = {"seconds": seconds, "peak": peak, "mapped": sum(found.pixels.values())}
    sys.stdout.write(json.dumps(told) + "\n")


def main() -> None:
    """Write the images and the forest, map in a process of its own, and tell the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--dates", type=int, default=23)
    parser.add_argument("--tile", type=int, default=512)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work, given.dates, given.threads)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_images(folder, given.size, given.dates, given.tile)
        write_forest(folder / "forest.cropmap", given.dates, given.trees)
        command = [
            sys.executable,
            __file__,
            "--work",
            name,
            "--dates",
            str(given.dates),
            "--threads",
            str(given.threads),
        ]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    pixels = given.size**2
    row = [
        f"{given.size} x {given.size}",
        f"{given.dates} x {len(BANDS)}",
        str(given.tile),
        str(given.trees),
        str(given.threads),
        f"{told['peak'] / 1e6:.0f}",
        f"{told['seconds']:.1f}",
        f"{pixels / told['seconds']:,.0f}",
        f"{100 * told['mapped'] / pixels:.0f}",
    ]
    head = ["pixels", "dates x bands", "tile", "trees", "threads", "peak RSS, MB", "seconds", "px/s", "mapped, %"]
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), row)]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
