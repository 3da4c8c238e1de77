"""Composites, harmonic regression and alignment of peaks against weekly linear resampling, on one thread.

Run: python benchmarks/steps.py
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from harness import machine, median_seconds, say, table
from resampling import BANDS, CLOUDS, DATES, STEPS, make_block

from cropmap.prepare import STEPS as REGISTERED
from cropmap.prepare.observe import observe
from cropmap.prepare.recipe import make_recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season

GOAL = 4
NAMES = ("blue", "green", "red", "nir", "swir1", "swir2")
# The steps as they are by default, and variants that do more; the goal is for the first ones.
PEAKS = {"target_day": 100, "from_day": "04-01", "to_day": "10-01", "min_amplitude": 0.01}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "composite, median": ("composite", {}),
    "composite, mean": ("composite", {"method": "mean"}),
    "composite, max_ndvi": ("composite", {"method": "max_ndvi"}),
    "composite, least_cloud": ("composite", {"method": "least_cloud"}),
    "harmonic": ("harmonic", {}),
    "phenology, region, on dates": ("phenology", {"target_day": 100, "region_day": 110}),
    "phenology, region, on steps": ("phenology", {"target_day": 100, "region_day": 110}),
    "phenology, pixel, on steps": ("phenology", {"variant": "pixel", **PEAKS}),
}
MORE: dict[str, tuple[str, dict[str, Any]]] = {
    "composite of 7 days, median": ("composite", {"interval_days": 7}),
    "composite of 7 days, mean": ("composite", {"interval_days": 7, "method": "mean"}),
    "harmonic, with a trend": ("harmonic", {"trend": True}),
    "harmonic, 3 waves": ("harmonic", {"harmonics": 3}),
}


def task(use: tuple[str, dict[str, Any]], series: PixelSeries, season: Season) -> Callable[[], PixelSeries]:
    """Return one step's work on series, settled for them where it looks at a site before its parameters are known."""
    entry = REGISTERED.get(use[0])
    values = dict(use[1])
    step = entry.make(entry.parse(values))
    if use[0] == "composite" and step.looks:
        step = entry.make(entry.parse({**values, **step.settle(series, season)}))
    return lambda: step.apply(series, season)


def main() -> None:
    """Measure every step in one run, and write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pixels", type=int, default=16_384)
    options.add_argument("--repeats", type=int, default=21)
    chosen = options.parse_args()
    block = dataclasses.replace(make_block(chosen.pixels, 1), bands=NAMES)
    season = make_recipe("weekly_linear", {}, block.dates).season
    series = observe(block, season)
    linear = task(("linear", {"step_days": 7}), series, season)
    weekly = linear()
    given = {name: weekly if "on steps" in name else series for name in (*CASES, *MORE)}
    tasks = {name: task(use, given[name], season) for name, use in {**CASES, **MORE}.items()}
    seconds = median_seconds({"linear, weekly": linear, **tasks}, chosen.repeats, time.thread_time)
    base = seconds["linear, weekly"]
    rows = []
    for name, taken in seconds.items():
        verdict = ("reached" if taken <= GOAL * base else "MISSED") if name in CASES else ""
        rows.append([name, f"{chosen.pixels / taken:,.0f}", f"{taken / base:.2f}", verdict])
    say(f"{machine()}; numpy {np.__version__}, numba {numba.__version__}\n")
    say(f"{chosen.pixels:,} pixels, {DATES} dates, {BANDS} bands, {STEPS} steps, {CLOUDS:.0%} clouds; one thread;")
    say(f"every pixel its own clouds; median of {chosen.repeats}, CPU time; composites of 16 days unless said\n")
    say(table(["", "pixels/s", "x the time of linear", f"goal: at most {GOAL} x"], rows))


if __name__ == "__main__":
    main()
