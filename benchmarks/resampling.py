"""Weekly linear resampling against a loop of np.interp and against a plain copy, on one thread.

Run: python benchmarks/resampling.py
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from typing import TYPE_CHECKING

import numpy as np
from harness import machine, median_seconds, say, table

from cropmap.data.scenes import SceneBlock
from cropmap.prepare.linear import axis_of, interpolate
from cropmap.prepare.recipe import make_recipe, prepare, recipe_nodes

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATES, BANDS, STEPS, CLOUDS = 46, 6, 36, 0.3
LOOP_PIXELS = 400  # the loop is far slower: a part tells its pace
RUN = 16  # neighbours under the same clouds, in the coherent case
GOAL = 60


def make_block(pixels: int, run: int) -> SceneBlock:
    """Return a season of noise under random clouds that runs of neighbouring pixels share."""
    rng = np.random.default_rng(0)
    days = np.sort(np.append(rng.choice(np.arange(1, 7 * STEPS - 7), DATES - 2, replace=False), [0, 7 * STEPS - 7]))
    clear = np.repeat(rng.random((-(-pixels // run), DATES)) > CLOUDS, run, axis=0)[:pixels]
    dates = tuple(dt.date(2023, 3, 1) + dt.timedelta(days=int(day)) for day in days)
    values = rng.random((pixels, DATES, BANDS), dtype=np.float32)
    return SceneBlock(values, clear, dates, tuple(f"b{number}" for number in range(BANDS)))


def by_loop(block: SceneBlock, days: NDArray[np.int32], nodes: NDArray[np.int32]) -> NDArray[np.float32]:
    """Interpolate the first pixels by np.interp, pixel by pixel and band by band."""
    out = np.full((LOOP_PIXELS, len(nodes), BANDS), np.nan, np.float32)
    for pixel in range(LOOP_PIXELS):
        clear = block.clear[pixel]
        known = days[clear]
        if not len(known):
            continue
        for band in range(BANDS):
            out[pixel, :, band] = np.interp(nodes, known, block.values[pixel, clear, band])
    return out


def main() -> None:
    """Measure, check that the results agree, and write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pixels", type=int, default=16_384)
    options.add_argument("--repeats", type=int, default=21)
    chosen = options.parse_args()
    pixels = max(chosen.pixels, LOOP_PIXELS)
    mixed, coherent = make_block(pixels, 1), make_block(pixels, RUN)
    recipe = make_recipe("weekly_linear", {}, mixed.dates)
    days, nodes = recipe.season.days(mixed.dates), recipe_nodes(recipe)
    axis = axis_of(days, nodes, (0, recipe.season.length_days))
    result, _ = interpolate(mixed.values, mixed.clear, axis)
    copied = np.empty_like(mixed.values), np.empty_like(result)

    def copy() -> None:
        np.copyto(copied[0], mixed.values)
        np.copyto(copied[1], result)

    seconds = median_seconds(
        {
            "np.interp per pixel and band": lambda: by_loop(mixed, days, nodes),
            "kernel, every pixel its own clouds": lambda: interpolate(mixed.values, mixed.clear, axis),
            f"kernel, {RUN} neighbours share clouds": lambda: interpolate(coherent.values, coherent.clear, axis),
            "prepare(), every pixel its own clouds": lambda: prepare(mixed, recipe),
            "copy of input and output (roof)": copy,
        },
        chosen.repeats,
        time.thread_time,
    )
    loop, *others = seconds
    pace = {loop: LOOP_PIXELS / seconds[loop], **{name: pixels / seconds[name] for name in others}}
    rows = [[name, f"{speed:,.0f}", f"{speed / pace[loop]:.1f}"] for name, speed in pace.items()]
    difference = np.nanmax(np.abs(result[:LOOP_PIXELS] - by_loop(mixed, days, nodes)))
    say(f"{machine()}; numpy {np.__version__}\n")
    say(f"{pixels:,} pixels, {DATES} dates, {BANDS} bands, {len(nodes)} steps, {CLOUDS:.0%} clouds; one thread;")
    say(f"median of {chosen.repeats}, CPU time; largest difference from np.interp {difference:.1e}\n")
    say(table(["", "pixels/s", "x np.interp"], rows))
    reached = pace[others[0]] / pace[loop]
    say(f"\nGoal, kernel at least {GOAL} x np.interp: {'reached' if reached >= GOAL else 'MISSED'} ({reached:.1f} x)")


if __name__ == "__main__":
    main()
