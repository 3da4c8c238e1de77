"""The report's charts as PNG bytes. Every figure is an object of its own: no global state of the drawing library."""

from __future__ import annotations

import io
import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from matplotlib import colormaps
from matplotlib import dates as mdates
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from cropmap.contract.colours import line_colour
from cropmap.io.projection import metres_per_unit

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from cropmap.assessment.profiles import ClassProfile, Profiles
    from cropmap.data.accuracy import Accuracy
    from cropmap.data.samples import FoldPlan, SampleSet

_INK, _MUTED, _LINE = "#1f2937", "#6b7280", "#e5e7eb"
_DPI = 160
_TEXT_CELLS = 24  # classes up to which a matrix cell is large enough for text
_COUNT_CELLS = 13  # and for a count under it
_NAMED_UNITS = 80  # pieces of land up to which each is numbered
# Fill and outline of each fold of the cross-validation, in turn.
_FOLD_TINTS = (
    ("#dbeafe", "#2563eb"),
    ("#fef3c7", "#b45309"),
    ("#d1fae5", "#047857"),
    ("#fce7f3", "#be185d"),
    ("#ede9fe", "#6d28d9"),
    ("#ffedd5", "#c2410c"),
    ("#cffafe", "#0e7490"),
    ("#e7e5e4", "#57534e"),
)


def confusion_png(accuracy: Accuracy) -> bytes:
    """Draw a confusion matrix: each row as shares of its reference pixels, with the counts."""
    names, count = accuracy.legend.names, len(accuracy.legend)
    support = accuracy.support[:, None]
    shares = np.divide(accuracy.confusion, support, out=np.full((count, count), np.nan), where=support > 0)
    size = min(2.6 + 0.58 * count, 11.0)
    figure, axes = _figure(size + 0.6, size)
    colours = colormaps["Blues"].with_extremes(bad="#f3f4f6")
    axes.imshow(shares, cmap=colours, vmin=0, vmax=1.12, aspect="equal")
    font = 9 if count <= _COUNT_CELLS else 7
    spots = np.arange(count)
    axes.set_xticks(spots, names, rotation=40, ha="left", rotation_mode="anchor", fontsize=font, parse_math=False)
    axes.set_yticks(spots, names, fontsize=font, parse_math=False)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("Map", fontsize=10, color=_MUTED, labelpad=8)
    axes.set_ylabel("Reference", fontsize=10, color=_MUTED, labelpad=8)
    axes.tick_params(length=0)
    axes.set_xticks(np.arange(count + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(count + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)
    axes.spines[:].set_visible(False)
    if count <= _TEXT_CELLS:
        _write_cells(axes, accuracy.confusion, shares)
    return _png(figure)


def _write_cells(axes: Axes, confusion: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    count = len(confusion)
    with_counts = count <= _COUNT_CELLS
    for row, col in np.argwhere(confusion > 0):
        share = shares[row, col]
        ink = "white" if share > 0.6 else _INK
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
    figure = Figure(figsize=(3.2 * columns + 0.4, 2.05 * rows + 0.35), dpi=_DPI, layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    dates = _days(profiles.dates)
    for axes, own in zip(grid.flat, shown, strict=False):
        _tidy(axes)
        for other in shown:
            axes.plot(dates, other.mean, color="#d1d5db", linewidth=0.8, zorder=1)
        _draw_profile(axes, dates, own)
    for position, axes in enumerate(grid.flat):
        if position >= len(shown):
            axes.set_visible(False)
        elif position + columns >= len(shown):
            # The lowest panel of its column carries the dates, also above an empty place.
            axes.tick_params(labelbottom=True)
    _date_axis(grid[0, 0])
    figure.supylabel(profiles.quantity, fontsize=9, color=_MUTED, parse_math=False)
    return _png(figure)


def _draw_profile(axes: Axes, dates: NDArray[np.float64], own: ClassProfile) -> None:
    dark = line_colour(own.found.colour)
    axes.fill_between(dates, own.low, own.high, color=own.found.colour, alpha=0.4, linewidth=0, zorder=2)
    axes.plot(dates, own.low, color=dark, linewidth=0.5, alpha=0.6, zorder=3)
    axes.plot(dates, own.high, color=dark, linewidth=0.5, alpha=0.6, zorder=3)
    axes.plot(dates, own.mean, color=dark, linewidth=2.0, zorder=4)
    axes.set_title(f"{own.found.name}  ({own.samples:,})", fontsize=9, color=_INK, loc="left", parse_math=False)


def samples_png(samples: SampleSet, plan: FoldPlan | None = None) -> bytes:
    """Draw where the samples stand, by class, over the pieces of land that the cross-validation keeps whole."""
    stretch = _stretch(samples)
    east, north = max(float(np.ptp(samples.x)), 1e-9), max(float(np.ptp(samples.y)) * stretch, 1e-9)
    figure, axes = _figure(6.4, float(np.clip(6.2 * north / east, 2.8, 7.5)))
    if plan is not None:
        _draw_units(axes, samples, plan)
    for found in samples.legend.classes:
        own = samples.codes == found.code
        axes.scatter(
            samples.x[own],
            samples.y[own],
            s=float(np.clip(9000 / len(samples), 4, 28)),
            color=found.colour,
            edgecolors=line_colour(found.colour),
            linewidths=0.35,
            zorder=3,
        )
    axes.set_aspect(stretch, adjustable="datalim")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color(_LINE)
    axes.margins(0.03)
    return _png(figure)


def _stretch(samples: SampleSet) -> float:
    """Return how long a unit of y is drawn, in units of x: degrees of longitude shrink with latitude."""
    if metres_per_unit(samples.crs):
        return 1.0
    return 1.0 / max(math.cos(math.radians(float(samples.y.mean()))), 0.05)


def _draw_units(axes: Axes, samples: SampleSet, plan: FoldPlan) -> None:
    """Draw the outline of each unit's samples, tinted and numbered, from 1, by the fold that tests them."""
    points = np.stack([samples.x, samples.y], axis=1)
    margin = 0.012 * float(np.ptp(points, axis=0).max() or 1.0)
    units, first = np.unique(plan.units, return_index=True)
    for unit, number in zip(units, plan.fold[first].tolist(), strict=True):
        hull = shapely.buffer(shapely.convex_hull(shapely.multipoints(points[plan.units == unit])), margin, quad_segs=4)
        outline = shapely.get_coordinates(hull)
        tint, edge = _FOLD_TINTS[number % len(_FOLD_TINTS)]
        axes.add_patch(Polygon(outline, facecolor=tint, edgecolor=edge, linewidth=0.8, alpha=0.8, zorder=1))
        if len(units) <= _NAMED_UNITS:
            middle = hull.centroid
            style: dict[str, Any] = {"fontsize": 13, "fontweight": "bold", "color": edge, "alpha": 0.45}
            axes.text(middle.x, middle.y, str(number + 1), ha="center", va="center", zorder=2, clip_on=True, **style)


def clear_png(dates: Sequence[dt.date], shares: Sequence[float]) -> bytes:
    """Draw the share of clear pixels on each acquisition date, 0..1."""
    figure, axes = _figure(8.2, 2.3)
    days = _days(dates)
    gaps = np.diff(np.unique(days))
    width = float(np.clip(0.8 * gaps.min(initial=5.0), 0.9, 4.0))
    percent = 100 * np.asarray(shares, np.float64)
    axes.bar(days, np.full(len(days), 100.0), width=width, color="#f3f4f6", zorder=1)
    axes.bar(days, percent, width=width, color="#3b82a0", zorder=2)
    axes.set_ylim(0, 100)
    axes.set_ylabel("clear pixels, %", fontsize=8.5, color=_MUTED)
    _tidy(axes)
    _date_axis(axes)
    return _png(figure)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
    return figure, figure.subplots()


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#9ca3af")
    axes.tick_params(labelsize=8, colors=_MUTED, length=3)
    axes.grid(axis="y", color=_LINE, linewidth=0.7, zorder=0)
    axes.set_axisbelow(True)


def _date_axis(axes: Axes) -> None:
    # matplotlib's dates carry no annotations.
    locator = mdates.AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.get_offset_text().set(fontsize=8, color=_MUTED)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _days(dates: Sequence[dt.date]) -> NDArray[np.float64]:
    """Return dates as the date axis counts them: days since 1970, (date,)."""
    return np.array(dates, "datetime64[D]").astype(np.float64)


def _percent(share: float) -> str:
    return "<1" if 0 < share < 0.005 else f"{100 * share:.0f}"


def _png(figure: Any) -> bytes:
    data = io.BytesIO()
    with warnings.catch_warnings():
        # A class name in a script that the font lacks shows as boxes here; the tables carry it in full.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        # No software version in the file: the same figures give the same bytes.
        figure.savefig(data, format="png", facecolor="white", metadata={"Software": None})
    return data.getvalue()
