"""Reading a region of BreizhCrops, writing its table and preparing it: time and memory, on one core.

Run: python benchmarks/breizhcrops_tables.py [--parcels 100000]

The parcels are invented, in the layout of BreizhCrops: 21 to 49 dates each, 30 % of them cloudy. No two parcels share
their dates, which is the worst case: each is prepared by itself.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
from harness import machine, peak_bytes, say, table

from cropmap.io.breizhcrops_files import CLASSES
from cropmap.io.series_table import read_series_table, write_series_table
from cropmap.prepare.recipe import make_recipe
from cropmap.sampling.from_series import samples_from_series
from cropmap.sources.breizhcrops import BreizhCropsParams, breizhcrops

REGION, YEAR = "frh01", 2017
FEWEST, MOST, CLOUDS = 21, 49, 0.3  # dates of a parcel, and the share of them that is cloudy
SEASON = (dt.date(YEAR, 2, 1), dt.date(YEAR, 11, 1))
WARM_UP = 50  # parcels that are prepared before, so that compiling does not count


def write_region(folder: Path, parcels: int) -> None:
    """Write one region, level L2A, and its index; it has no shapefile."""
    rng = np.random.default_rng(0)
    level = folder / str(YEAR) / "L2A"
    level.mkdir(parents=True)
    first, codes = np.datetime64(f"{YEAR}-01-01", "ns").astype(np.int64), list(CLASSES)
    rows = []
    with h5py.File(level / f"{REGION}.h5", "w") as file:
        for parcel in range(parcels):
            days = np.sort(rng.choice(365, rng.integers(FEWEST, MOST + 1), replace=False))
            columns = np.zeros((len(days), 14))  # the date, ten bands, then the masks CLD, EDG and SAT
            columns[:, 0] = first + days * 86_400 * 10**9
            columns[:, 1:11] = rng.integers(200, 5_000, (len(days), 10))
            columns[:, 11] = rng.random(len(days)) < CLOUDS
            key = f"L2A/{REGION}/csv/{parcel}.csv"
            file.create_dataset(key, data=columns)
            rows.append((parcel, codes[parcel % len(codes)], key, len(days)))
    with (level / f"{REGION}.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("id", "CODE_CULTU", "path", "sequencelength"), *rows])


def work(folder: Path, warm_up: Path) -> None:
    """Read, write and prepare, in this process and on one core, and tell what it took as JSON."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    recipe = make_recipe("weekly_linear", {}, SEASON)
    samples_from_series(read_series_table(warm_up), recipe)
    start = time.perf_counter()
    found = breizhcrops(BreizhCropsParams(str(folder)))
    read, peak = time.perf_counter(), peak_bytes()
    write_series_table(folder / "series.npz", found)
    written = time.perf_counter()
    samples_from_series(found, recipe)
    seconds = {"read": read - start, "written": written - read, "prepared weekly": time.perf_counter() - written}
    say(json.dumps({"seconds": seconds, "peak": peak, "size": (folder / "series.npz").stat().st_size}))


def main() -> None:
    """Write the parcels, do the work in a process of its own, and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--parcels", type=int, default=100_000)
    options.add_argument("--work", type=Path, nargs=2, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.work:
        work(*given.work)
        return
    with tempfile.TemporaryDirectory() as name:
        few, all_of_them = Path(name) / "few", Path(name) / "all"
        write_region(few, WARM_UP)
        write_series_table(few / "series.npz", breizhcrops(BreizhCropsParams(str(few))))
        write_region(all_of_them, given.parcels)
        command = [sys.executable, __file__, "--work", str(all_of_them), str(few / "series.npz")]
        told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    say(f"{machine()}. {given.parcels:,} parcels of {FEWEST} to {MOST} dates, on one core.\n")
    rows = [[task, f"{seconds:.1f}"] for task, seconds in told["seconds"].items()]
    say(table(["", "seconds"], rows))
    say(f"\nPeak memory while reading {told['peak'] / 1e9:.2f} GB; series.npz {told['size'] / 1e6:.0f} MB.")


if __name__ == "__main__":
    main()
