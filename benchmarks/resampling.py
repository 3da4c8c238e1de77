"""Weekly linear resampling against a loop of np.interp, eo-learn and a plain copy, on one thread and on two.

Run: python benchmarks/resampling.py, by the Python of `.venv-peers` (benchmarks/peers.sh) to compare with eo-learn too.
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from harness import machine, median_seconds, say, table

from cropmap.data.scenes import SceneBlock
from cropmap.io.spread import spread
from cropmap.prepare.linear import axis_of, interpolate
from cropmap.prepare.recipe import make_recipe, prepare, recipe_nodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

DATES, BANDS, STEPS, CLOUDS = 46, 6, 36, 0.3
LAYERS = DATES * BANDS
LOOP_PIXELS = 400  # the loop is far slower: a part tells its pace
PEER_PIXELS = 2_048
BLOCKS = 8  # for two threads
RUN = 16  # neighbours under the same clouds, in the coherent case
SCALE = 0.0001
NODATA = -32768

LOOP = "np.interp per pixel and band"
PEER = "eo-learn's linear interpolation"
OWN = "kernel, every pixel its own clouds"
SHARED = f"kernel, {RUN} neighbours share clouds"
PREPARE = "prepare(), every pixel its own clouds"
FILES = "16-bit planes by date, spread and interpolated"
COPY = "copy of input and output (roof)"


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


def by_peer(
    block: SceneBlock, days: NDArray[np.int32], nodes: NDArray[np.int32]
) -> Callable[[], NDArray[np.floating]] | None:
    """Return eo-learn's interpolation alone, without its copying and masking; None where it is not installed."""
    try:
        from eolearn.core import FeatureType  # noqa: PLC0415 - a peer that may be absent
        from eolearn.features.extra.interpolation import LinearInterpolationTask  # noqa: PLC0415
    except ImportError:
        return None
    task = LinearInterpolationTask((FeatureType.DATA, "bands"))
    masked = np.where(block.clear[:PEER_PIXELS, :, np.newaxis], block.values[:PEER_PIXELS], np.float32(np.nan))
    series = np.ascontiguousarray(np.moveaxis(masked, 1, 0).reshape(DATES, -1))
    return lambda: task.interpolate_data(series, days.astype(np.float64), nodes.astype(np.float64))


def by_files(block: SceneBlock) -> Callable[[], tuple[NDArray[np.float32], NDArray[np.bool_]]]:
    """Return a function that makes series, as the reader does, of planes of 16 bit that lie band by band, by date."""
    planes = np.ascontiguousarray(np.rint(block.values / SCALE).astype(np.int16).reshape(-1, LAYERS).T)
    places = np.stack([np.arange(LAYERS), np.arange(LAYERS) // BANDS], axis=1)
    numbers, limits = np.tile([SCALE, 0.0, NODATA], (LAYERS, 1)), np.array([-0.2, 1.6])

    def read() -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        values, clear = np.empty((planes.shape[1], LAYERS), np.float32), block.clear.copy()
        spread(planes, places, numbers, limits, values, clear)
        return values.reshape(-1, DATES, BANDS), clear

    return read


def goal(text: str, reached: float, wanted: float, unit: str) -> str:
    """Return one line on a goal."""
    verdict = "reached" if reached >= wanted else "MISSED"
    return f"- {text}: at least {wanted:g} {unit}: {verdict} ({reached:.0f})"


def main() -> None:
    """Read the options and measure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pixels", type=int, default=16_384)
    options.add_argument("--repeats", type=int, default=21)
    chosen = options.parse_args()
    measure(max(chosen.pixels, PEER_PIXELS), chosen.repeats)


def measure(pixels: int, repeats: int) -> None:
    """Measure on so many pixels, and write the table."""
    mixed, coherent = make_block(pixels, 1), make_block(pixels, RUN)
    recipe = make_recipe("weekly_linear", {}, mixed.dates)
    days, nodes = recipe.season.days(mixed.dates), recipe_nodes(recipe)
    axis = axis_of(days, nodes, (0, recipe.season.length_days))
    result, _ = interpolate(mixed.values, mixed.clear, axis)
    copied = np.empty_like(mixed.values), np.empty_like(result)
    peer, read = by_peer(mixed, days, nodes), by_files(mixed)

    def copy() -> None:
        np.copyto(copied[0], mixed.values)
        np.copyto(copied[1], result)

    def block(number: int) -> None:
        del number
        interpolate(mixed.values, mixed.clear, axis)

    seconds = median_seconds(
        {
            LOOP: lambda: by_loop(mixed, days, nodes),
            **({PEER: peer} if peer else {}),
            OWN: lambda: interpolate(mixed.values, mixed.clear, axis),
            SHARED: lambda: interpolate(coherent.values, coherent.clear, axis),
            PREPARE: lambda: prepare(mixed, recipe),
            FILES: lambda: interpolate(*read(), axis),
            COPY: copy,
        },
        repeats,
        time.thread_time,
    )
    with ThreadPoolExecutor(2) as pool:
        walls = median_seconds(
            {
                "one": lambda: list(map(block, range(BLOCKS))),
                "two": lambda: list(pool.map(block, range(BLOCKS))),
            },
            repeats,
        )
    counts = {LOOP: LOOP_PIXELS, PEER: PEER_PIXELS}
    pace = {name: counts.get(name, pixels) / taken for name, taken in seconds.items()}
    rows = [
        [name, f"{speed:,.0f}", f"{speed / pace[LOOP]:.1f}", f"{speed / pace[COPY]:.0%}"]
        for name, speed in pace.items()
    ]
    difference = np.nanmax(np.abs(result[:LOOP_PIXELS] - by_loop(mixed, days, nodes)))
    say(f"{machine()}; numpy {np.__version__}\n")
    say(f"{pixels:,} pixels, {DATES} dates, {BANDS} bands, {len(nodes)} steps, {CLOUDS:.0%} clouds; one thread;")
    say(f"median of {repeats}, CPU time; largest difference from np.interp {difference:.1e}\n")
    say(table(["", "pixels/s", "x np.interp", "of the roof"], rows))
    say(f"\nTwo threads over {BLOCKS} blocks: {walls['one'] / walls['two']:.2f} x one, by the clock.\n")
    say(goal("kernel", pace[OWN] / pace[LOOP], 100, "x np.interp"))
    if peer:
        say(goal("kernel", pace[OWN] / pace[PEER], 30, "x eo-learn"))
    say(goal("kernel", 100 * pace[OWN] / pace[COPY], 15, "% of the roof"))
    say(goal("from planes by date", pace[FILES] / pace[LOOP], 45, "x np.interp"))


if __name__ == "__main__":
    main()
