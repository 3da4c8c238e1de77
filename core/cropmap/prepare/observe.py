"""The border of the room: a block as it was read becomes series that steps can trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cropmap.data.cube import Observations, PixelSeries, Quality
from cropmap.kernels import fused_kernel
from cropmap.machine import WORD, lowest, set_bits, word_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.scenes import SceneBlock
    from cropmap.data.season import Season


def observe(block: SceneBlock, season: Season) -> PixelSeries:
    """Return a block's series by day of season: sorted, one date a day, their support measured.

    Where several scenes are of one day, a pixel gets the mean of those that are clear.
    """
    days = season.days(block.dates)
    values = np.ascontiguousarray(block.values, dtype=np.float32)
    clear = np.ascontiguousarray(block.clear, dtype=np.bool_)
    if (np.diff(days) < 0).any():
        order = np.argsort(days, kind="stable")
        days, values, clear = days[order], values[:, order].copy(), clear[:, order].copy()
    if (np.diff(days) == 0).any():
        days, first = np.unique(days, return_index=True)
        values, clear = merge_days(values, clear, np.append(first, len(block.dates)))
    quality = measure(clear, days, season)
    observed = Observations(clear, days)
    valid = np.ones(len(values), np.bool_)
    return PixelSeries(values, clear, days, block.bands, quality, valid, observed, temperatures=block.temperatures)


def measure(clear: NDArray[np.bool_], days: NDArray[np.int32], season: Season) -> Quality:
    """Measure how well clear dates support each pixel inside a season, its first and last day included.

    Args:
        clear: (pixel, time).
        days: Day of season of each date, (time,), ascending, each day once.
        season: The span that counts; the time from its start to the first clear date, and from the last one to its
            end, are gaps too.
    """
    first, stop = np.searchsorted(days, [0, season.length_days + 1]).tolist()
    clear_dates, longest_gap = _support(clear, days, first, stop, season.length_days)
    return Quality(clear_dates, longest_gap)


@fused_kernel
def _support(
    clear: NDArray[np.bool_], days: NDArray[np.int32], first: int, stop: int, length: int
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    pixels = len(clear)
    clear_dates = np.empty(pixels, np.uint16)
    longest_gap = np.empty(pixels, np.uint16)
    for pixel in range(pixels):
        count, gap, before = np.uint64(0), 0, 0
        for start in range(first, stop, WORD):
            dates = word_of(clear[pixel, start : min(start + WORD, stop)])
            count += set_bits(dates)
            while dates != np.uint64(0):
                day = days[np.uintp(start) + lowest(dates)]
                gap, before = max(gap, day - before), day
                dates &= dates - np.uint64(1)  # without the lowest of them
        clear_dates[pixel] = count
        longest_gap[pixel] = max(gap, length - before)
    return clear_dates, longest_gap


@fused_kernel
def merge_days(
    values: NDArray[np.float32], clear: NDArray[np.bool_], bounds: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Average the clear dates `bounds[k]` .. `bounds[k + 1] - 1` of each day k; NaN where none is clear.

    Args:
        values: (pixel, date, band).
        clear: (pixel, date).
        bounds: (day + 1,), ascending.

    Returns:
        Values (pixel, day, band), and on which days a pixel was clear, (pixel, day).
    """
    pixels, _, bands = values.shape
    merged = np.empty((pixels, len(bounds) - 1, bands), np.float32)
    usable = np.empty((pixels, len(bounds) - 1), np.bool_)
    for pixel in range(pixels):
        for day in range(len(bounds) - 1):
            count = 0
            for time in range(bounds[day], bounds[day + 1]):
                count += clear[pixel, time]
            usable[pixel, day] = count > 0
            for band in range(bands):
                total = 0.0
                for time in range(bounds[day], bounds[day + 1]):
                    if clear[pixel, time]:
                        total += values[pixel, time, band]
                merged[pixel, day, band] = total / count
    return merged, usable
