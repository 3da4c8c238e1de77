"""Whittaker smoothing against the packages that do it series by series, on one thread; Savitzky-Golay beside.

Run: .venv-peers/bin/python benchmarks/whittaker.py (bash benchmarks/peers.sh makes that environment)
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from typing import TYPE_CHECKING

import numpy as np
from harness import machine, median_seconds, say, table
from scipy.linalg import solveh_banded
from scipy.signal import savgol_filter
from vam.whittaker import ws2d
from whittaker_eilers import WhittakerSmoother

from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare import STEPS
from cropmap.prepare.even_smoother import smooth_even
from cropmap.prepare.observe import observe
from cropmap.prepare.smoother import own_grid, smooth

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cropmap.prepare.step import Step

DATES, BANDS, STEPS_WEEKLY, CLOUDS = 46, 6, 36, 0.3
LAMBDA = 10.0
PART = 200  # Pixels for the loops and the V-curve, which are far slower: a part tells their pace.
ROUNDS = 16  # A block is worked on so often in a row: as in preparing an image, it comes from the cache.
GOAL, GOAL_EVEN, GOAL_FILTER, GOAL_ERROR = 15, 40, 4, 2e-6


def make_block(pixels: int, season: Season) -> SceneBlock:
    """Return a season of noise under random clouds, each pixel its own."""
    rng = np.random.default_rng(0)
    days = np.sort(rng.choice(np.arange(season.length_days + 1), DATES, replace=False))
    dates = tuple(season.date(day) for day in days)
    values = rng.random((pixels, DATES, BANDS), dtype=np.float32)
    return SceneBlock(
        values, rng.random((pixels, DATES)) > CLOUDS, dates, tuple(f"b{number}" for number in range(BANDS))
    )


def step_of(name: str, **values: object) -> Step:
    """Return a registered step."""
    entry = STEPS.get(name)
    return entry.make(entry.parse(values))


def again(task: Callable[[], object]) -> Callable[[], None]:
    """Return a task that does this one several times."""

    def repeated() -> None:
        for _ in range(ROUNDS):
            task()

    return repeated


def by_series(
    solve: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    values: NDArray[np.float32],
    weights: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Smooth the first pixels one series at a time."""
    made = np.empty((PART, *values.shape[1:]), np.float32)
    series = np.ascontiguousarray(values[:PART].transpose(0, 2, 1), dtype=np.float64)
    for pixel in range(PART):
        for band in range(values.shape[2]):
            made[pixel, :, band] = solve(series[pixel, band], weights[pixel])
    return made


def banded(series: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve one series by SciPy's banded Cholesky factorisation."""
    count = len(series)
    bend = np.diff(np.eye(count), 2, axis=0)
    penalty = LAMBDA * bend.T @ bend
    bands = [np.concatenate([np.zeros(above), np.diagonal(penalty, above)]) for above in (2, 1, 0)]
    bands[2] = bands[2] + weights
    solved: NDArray[np.float64] = solveh_banded(np.array(bands), weights * series)
    return solved


def by_eilers(values: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """Smooth the first pixels by whittaker-eilers: weights set once a pixel, then band by band."""
    made = np.empty((PART, *values.shape[1:]), np.float32)
    series = np.ascontiguousarray(values[:PART].transpose(0, 2, 1), dtype=np.float64)
    smoother = WhittakerSmoother(lmbda=LAMBDA, order=2, data_length=values.shape[1], weights=weights[0].tolist())
    for pixel in range(PART):
        smoother.update_weights(weights[pixel].tolist())
        for band in range(values.shape[2]):
            made[pixel, :, band] = smoother.smooth(series[pixel, band].tolist())
    return made


def largest_error(values: NDArray[np.float32], weights: NDArray[np.float64]) -> float:
    """Return the largest error against dense float64 solves, relative to the largest value, for lambda up to 10,000."""
    bend = np.diff(np.eye(values.shape[1]), 2, axis=0)
    worst = 0.0
    for price in (0.1, 1.0, 10.0, 100.0, 1e3, 1e4):
        made = smooth(
            values[:PART], weights[:PART, :, np.newaxis], np.full((PART, 1), price), own_grid(values.shape[1])
        )
        for pixel in range(PART):
            matrix = np.diag(weights[pixel]) + price * bend.T @ bend
            expected = np.linalg.solve(matrix, weights[pixel][:, np.newaxis] * values[pixel])
            worst = max(worst, float(np.abs(made[pixel] - expected).max() / np.abs(expected).max()))
    return worst


def goals(pace: dict[str, float], error: float) -> None:
    """Say which goals are reached."""
    ours, eilers = pace["weights per pixel"], pace["whittaker-eilers, weights per pixel"]
    peer, share = pace["ws2d, series by series"], pace["weekly linear"] / pace["Savitzky-Golay"]
    reached = [
        (f"weights per pixel at least {GOAL} x ws2d", ours / peer, ours >= GOAL * peer),
        (f"weights per pixel at least {GOAL} x whittaker-eilers", ours / eilers, ours >= GOAL * eilers),
        (
            f"even weights at least {GOAL_EVEN} x ws2d",
            pace["even weights"] / peer,
            pace["even weights"] >= GOAL_EVEN * peer,
        ),
        (f"Savitzky-Golay within {GOAL_FILTER} x weekly linear's time", share, share <= GOAL_FILTER),
        (f"error at most {GOAL_ERROR:g} for lambda 0.1 .. 10,000", error, error <= GOAL_ERROR),
    ]
    for text, found, good in reached:
        say(f"Goal, {text}: {'reached' if good else 'MISSED'} ({found:.3g})")


def main() -> None:
    """Measure, check that the results agree, and write the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pixels", type=int, default=1024)
    options.add_argument("--repeats", type=int, default=15)
    chosen = options.parse_args()
    pixels = max(chosen.pixels, PART)
    season = Season(dt.date(2023, 3, 1), dt.date(2023, 3, 1) + dt.timedelta(days=7 * STEPS_WEEKLY - 7))
    native = observe(make_block(pixels, season), season)
    linear = step_of("linear")
    weekly = linear.apply(native, season)
    few = observe(make_block(PART, season), season)
    few_weekly = linear.apply(few, season)
    weights = np.where(np.random.default_rng(1).random((pixels, STEPS_WEEKLY)) > CLOUDS, 1.0, 0.2)
    shared, price = weights[..., np.newaxis], np.full((pixels, 1), LAMBDA)
    grid = own_grid(STEPS_WEEKLY)
    weighted, by_pixel, daily = (
        step_of("whittaker"),
        step_of("whittaker", choose="pixel"),
        step_of("whittaker", step_days=7),
    )
    filtered = step_of("savitzky_golay")

    loops: dict[str, Callable[[], object]] = {
        "scipy solveh_banded, series by series": lambda: by_series(banded, weekly.values, weights),
        "ws2d, series by series": lambda: by_series(lambda one, own: ws2d(one, LAMBDA, own), weekly.values, weights),
        "whittaker-eilers, weights per pixel": lambda: by_eilers(weekly.values, weights),
        "V-curve per pixel and band, then smoothed": lambda: by_pixel.apply(few_weekly, season),
    }
    whole: dict[str, Callable[[], object]] = {
        "weights per pixel": lambda: smooth(weekly.values, shared, price, grid),
        "even weights": lambda: smooth_even(weekly.values, LAMBDA),
        "step: weights found, then smoothed": lambda: weighted.apply(weekly, season),
        "step: native dates, daily grid, to weekly": lambda: daily.apply(native, season),
        "weekly linear": lambda: linear.apply(native, season),
        "scipy savgol_filter, all at once": lambda: savgol_filter(weekly.values, 7, 2, axis=1, mode="interp"),
        "Savitzky-Golay": lambda: filtered.apply(weekly, season),
    }
    tasks = {**loops, **{name: again(task) for name, task in whole.items()}}
    seconds = median_seconds(tasks, chosen.repeats, time.thread_time)
    pace = {name: (PART if name in loops else ROUNDS * pixels) / taken for name, taken in seconds.items()}
    peer = pace["ws2d, series by series"]
    rows = [
        [name, f"{speed:,.0f}", f"{speed / peer:.2f}" if speed < peer else f"{speed / peer:.1f}"]
        for name, speed in pace.items()
    ]
    ours = smooth(weekly.values, shared, price, grid)[:PART]
    peers = (
        by_series(lambda one, own: ws2d(one, LAMBDA, own), weekly.values, weights),
        by_eilers(weekly.values, weights),
    )
    say(f"{machine()}; numpy {np.__version__}\n")
    say(f"{pixels:,} pixels {ROUNDS} times in a row ({PART} in loops and V-curves), {DATES} dates, {BANDS} bands,")
    say(
        f"{STEPS_WEEKLY} steps, {CLOUDS:.0%} clouds; one thread; median of {chosen.repeats}, CPU time; differences from"
    )
    say("ws2d and whittaker-eilers")
    say(f"{', '.join(f'{np.abs(ours - other).max():.1e}' for other in peers)}\n")
    say(table(["", "pixels/s", "x ws2d"], rows))
    say("")
    goals(pace, largest_error(weekly.values, weights))


if __name__ == "__main__":
    main()
