"""Spectral indices against NumPy whole arrays and spyndex, and against a plain copy, on one thread.

Run: python benchmarks/indices.py
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import machine, median_seconds, say, table

from cropmap.data.bands import roles_of
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare import STEPS
from cropmap.prepare.index_formulas import FEATURE_SETS, weights
from cropmap.prepare.observe import observe
from cropmap.prepare.recipe import make_recipe, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cropmap.data.cube import PixelSeries

DATES, CLOUDS = 46, 0.3
BANDS = ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12")
CATALOGUED = ("ARVI", "GEMI", "NDMI", "NDDI", "NBR", "OSAVI", "MCARI", "TGI", "VARI", "WDRVI")
SEASON = Season(dt.date(2022, 2, 1), dt.date(2022, 11, 1))


def make_block(pixels: int) -> SceneBlock:
    """Return a season of random reflectances under random clouds."""
    rng = np.random.default_rng(0)
    dates = tuple(SEASON.date(6 * number) for number in range(DATES))
    values = rng.uniform(0.01, 0.7, (pixels, DATES, len(BANDS))).astype(np.float32)
    return SceneBlock(values, rng.random((pixels, DATES)) > CLOUDS, dates, BANDS)


def by_numpy(series: PixelSeries, name: str) -> NDArray[np.float32]:
    """Make a feature set formula by formula over whole arrays, as one writes it in a notebook."""
    chosen, roles = FEATURE_SETS[name], roles_of(series.bands)
    columns = {role: series.values[..., place] for role, place in roles.items()}
    made = [columns[role] for role in chosen.roles]
    for formula in chosen.formulas:
        top, bottom = _summed(formula.top, columns), _summed(formula.bottom, columns)
        value = top / np.where(np.abs(bottom) < 1e-6, np.nan, bottom) + formula.offset
        made.append(np.clip(value * columns[formula.times] if formula.times else value, *formula.clip))
    stacked: NDArray[np.float32] = np.stack(made, axis=2).astype(np.float32)
    return stacked


def _summed(text: str, columns: Mapping[str, NDArray[np.float32]]) -> Any:
    return sum(np.float32(factor) * columns[role] if role else factor for role, factor in weights(text).items())


def main() -> None:
    """Measure, check that the results agree, and write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pixels", type=int, default=4096)
    options.add_argument("--repeats", type=int, default=11)
    chosen = options.parse_args()
    block = make_block(chosen.pixels)
    series = observe(block, SEASON)
    entry = STEPS.get("indices")
    full, long6, bands = (entry.make(entry.parse({"features": name})) for name in ("full48", "long6", "bands"))
    listed = entry.make(entry.parse({"features": "listed", "names": list(CATALOGUED), "keep_bands": False}))
    recipe = make_recipe("weekly_indices", {"features": "full48"}, block.dates)
    result = full.apply(series, SEASON).values
    copied = np.empty_like(series.values), np.empty_like(result)

    def copy() -> None:
        np.copyto(copied[0], series.values)
        np.copyto(copied[1], result)

    seconds = median_seconds(
        {
            "NumPy on whole arrays, full48": lambda: by_numpy(series, "full48"),
            "indices, full48": lambda: full.apply(series, SEASON),
            "indices, long6": lambda: long6.apply(series, SEASON),
            "indices, bands only": lambda: bands.apply(series, SEASON),
            f"indices, {len(CATALOGUED)} of the catalogue by spyndex": lambda: listed.apply(series, SEASON),
            "prepare(), weekly_indices, full48": lambda: prepare(block, recipe),
            "copy of input and full48 (roof)": copy,
        },
        chosen.repeats,
        time.thread_time,
    )
    slow = next(iter(seconds))
    difference = np.nanmax(np.abs(result - by_numpy(series, "full48")))
    say(f"{machine()}; numpy {np.__version__}\n")
    say(f"{chosen.pixels:,} pixels, {DATES} dates, {len(BANDS)} bands, {CLOUDS:.0%} clouds; one thread;")
    say(f"median of {chosen.repeats}, CPU time; largest difference from NumPy (float32, clips +-10) {difference:.1e}\n")
    rows = [
        [name, f"{chosen.pixels / each:,.0f}", f"{seconds[slow] / each:.1f}" if "full48" in name else ""]
        for name, each in seconds.items()
    ]
    say(table(["", "pixels/s", "x NumPy, full48"], rows))


if __name__ == "__main__":
    main()
