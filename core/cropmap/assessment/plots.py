"""Charts of accuracies, classes and images as PNG bytes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from cropmap.assessment.charts import DPI, INK, MUTED, axis_days, date_axis, figure_of, png, shortened, tidy
from cropmap.contract.colours import line_colour

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from cropmap.assessment.profiles import ClassProfile, Profiles
    from cropmap.data.accuracy import Accuracy

_LONGEST_NAME = 28  # characters of a class name on an axis
_TEXT_CELLS = 24  # classes up to which a matrix cell is large enough for text
_COUNT_CELLS = 13  # and for a count under it


def confusion_png(accuracy: Accuracy) -> bytes:
    """Draw a confusion matrix: each row as shares of its reference pixels, with the counts."""
    names, count = [shortened(name, _LONGEST_NAME) for name in accuracy.legend.names], len(accuracy.legend)
    support = accuracy.support[:, None]
    shares = np.divide(accuracy.confusion, support, out=np.full((count, count), np.nan), where=support > 0)
    size = min(2.6 + 0.58 * count, 11.0)
    figure, axes = figure_of(size + 0.6, size)
    colours = colormaps["Blues"].with_extremes(bad="#f3f4f6")
    axes.imshow(shares, cmap=colours, vmin=0, vmax=1.12, aspect="equal")
    font = 9 if count <= _COUNT_CELLS else 7
    spots = np.arange(count)
    axes.set_xticks(spots, names, rotation=40, ha="left", rotation_mode="anchor", fontsize=font, parse_math=False)
    axes.set_yticks(spots, names, fontsize=font, parse_math=False)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("Map", fontsize=10, color=MUTED, labelpad=8)
    axes.set_ylabel("Reference", fontsize=10, color=MUTED, labelpad=8)
    axes.tick_params(length=0)
    axes.set_xticks(np.arange(count + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(count + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)
    axes.spines[:].set_visible(False)
    if count <= _TEXT_CELLS:
        _write_cells(axes, accuracy.confusion, shares)
    return png(figure)


def _write_cells(axes: Axes, confusion: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    count = len(confusion)
    with_counts = count <= _COUNT_CELLS
    for row, col in np.argwhere(confusion > 0):
        share = shares[row, col]
        ink = "white" if share > 0.6 else INK
        weight = "bold" if row == col else "normal"
        lift = 0.12 if with_counts else 0.0
        text = _percent(float(share))
        axes.text(col, row - lift, text, ha="center", va="center", fontsize=10 if with_counts else 6, color=ink,
                  fontweight=weight)  # fmt: skip
        if with_counts:
            axes.text(col, row + 0.24, f"{confusion[row, col]:,}", ha="center", va="center", fontsize=7, color=ink,
                      alpha=0.85)  # fmt: skip


def profiles_png(profiles: Profiles) -> bytes:
    """Draw one panel a class: its mean over its 10-90 % band, with the other classes' means in grey."""
    shown = profiles.classes
    columns = min(3, len(shown))
    rows = math.ceil(len(shown) / columns)
    figure = Figure(figsize=(3.2 * columns + 0.4, 2.05 * rows + 0.35), dpi=DPI, layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    dates = axis_days(profiles.dates)
    for axes, own in zip(grid.flat, shown, strict=False):
        tidy(axes)
        for other in shown:
            axes.plot(dates, other.mean, color="#d1d5db", linewidth=0.8, zorder=1)
        _draw_profile(axes, dates, own)
    for position, axes in enumerate(grid.flat):
        if position >= len(shown):
            axes.set_visible(False)
        elif position + columns >= len(shown):
            # The lowest panel of its column carries the dates, also above an empty place.
            axes.tick_params(labelbottom=True)
    date_axis(grid[0, 0])
    figure.supylabel(profiles.quantity, fontsize=9, color=MUTED, parse_math=False)
    return png(figure)


def _draw_profile(axes: Axes, dates: NDArray[np.float64], own: ClassProfile) -> None:
    dark = line_colour(own.found.colour)
    axes.fill_between(dates, own.low, own.high, color=own.found.colour, alpha=0.4, linewidth=0, zorder=2)
    axes.plot(dates, own.low, color=dark, linewidth=0.5, alpha=0.6, zorder=3)
    axes.plot(dates, own.high, color=dark, linewidth=0.5, alpha=0.6, zorder=3)
    axes.plot(dates, own.mean, color=dark, linewidth=2.0, zorder=4)
    axes.set_title(f"{own.found.name}  ({own.samples:,})", fontsize=9, color=INK, loc="left", parse_math=False)


def clear_png(dates: Sequence[dt.date], shares: Sequence[float]) -> bytes:
    """Draw the share of clear pixels on each acquisition date, 0..1."""
    figure, axes = figure_of(8.2, 2.3)
    days = axis_days(dates)
    gaps = np.diff(np.unique(days))
    width = float(np.clip(0.8 * gaps.min(initial=5.0), 0.9, 4.0))
    percent = 100 * np.asarray(shares, np.float64)
    axes.bar(days, np.full(len(days), 100.0), width=width, color="#f3f4f6", zorder=1)
    axes.bar(days, percent, width=width, color="#3b82a0", zorder=2)
    axes.set_ylim(0, 100)
    axes.set_ylabel("clear pixels, %", fontsize=8.5, color=MUTED)
    tidy(axes)
    date_axis(axes)
    return png(figure)


def _percent(share: float) -> str:
    return "<1" if 0 < share < 0.005 else f"{100 * share:.0f}"
