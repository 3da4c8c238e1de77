"""Charts of a training as PNG bytes: curves, reliability, importance. Told apart by more than colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from cropmap.assessment.charts import DPI, INK, LINE, MUTED, png, shortened, tidy
from cropmap.data.accuracy import wilson_interval

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from cropmap.assessment.calibration import Reliability
    from cropmap.assessment.importance import Importance
    from cropmap.assessment.training_curves import Curve

# Blue and vermilion of Okabe and Ito 2008, darkened: apart on white for every kind of colour vision.
_COOL, _WARM = "#0b62a4", "#c2500a"
_LONGEST_NAME = 20  # characters of a band's name on an axis
_DATE_LABELS = 20  # columns of a heat map that are labelled


def curves_png(curves: Sequence[Curve]) -> bytes:
    """Draw losses, validation accuracy and learning rate by epoch: the kept model thick, those that judge it thin."""
    figure = Figure(figsize=(8.6, 5.4), dpi=DPI, layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=(1.5, 1), hspace=0.08)
    loss, accuracy, rate = (figure.add_subplot(place) for place in (grid[0, :], grid[1, 0], grid[1, 1]))
    for curve in sorted(curves, key=lambda own: own.kept):
        _draw_curve(loss, curve, "training_loss", _WARM, "--")
        for axes, name in ((loss, "validation_loss"), (accuracy, "validation_accuracy"), (rate, "learning_rate")):
            _draw_curve(axes, curve, name, _COOL, "-")
    _title(loss, "Loss")
    _title(accuracy, "Accuracy on validation samples")
    _title(rate, "Learning rate")
    loss.set_ylim(*_loss_span(curves))
    accuracy.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    rate.set_yscale("log")
    for axes in (loss, accuracy, rate):
        tidy(axes)
        axes.set_xlim(0.5, max(len(curve.epochs) for curve in curves) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
        axes.set_xlabel("Epoch", fontsize=8.5, color=MUTED)
    _curve_legend(loss, curves)
    return png(figure)


def _draw_curve(axes: Axes, curve: Curve, name: str, colour: str, dashes: str) -> None:
    values = np.array([epoch.get(name, np.nan) for epoch in curve.epochs], np.float64)
    epochs = np.arange(1, len(values) + 1)
    width, strength, layer = (2.0, 1.0, 4) if curve.kept else (0.9, 0.45, 2)
    # A single epoch is a point, not a line.
    marker = "o" if len(values) == 1 else ""
    axes.plot(epochs, values, dashes, color=colour, linewidth=width, alpha=strength, zorder=layer, marker=marker,
              markersize=3)  # fmt: skip
    if curve.kept and name.startswith("validation") and 0 < curve.best_epoch <= len(values):
        best = curve.best_epoch
        axes.plot(best, values[best - 1], "o", color=colour, markersize=7, markeredgecolor="white", zorder=5)


def _loss_span(curves: Sequence[Curve]) -> tuple[float, float]:
    """Return the losses to show: none is left out but the spikes of a few epochs."""
    values = [epoch[name] for own in curves for epoch in own.epochs for name in ("training_loss", "validation_loss")]
    known = np.array(values, np.float64)
    high = min(float(known.max()), 1.5 * float(np.quantile(known, 0.98)))
    low = min(0.0, float(known.min()))
    return low, (1.04 * high if high > low else low + 1.0)


def _curve_legend(axes: Axes, curves: Sequence[Curve]) -> None:
    lines = [
        Line2D([], [], color=_WARM, linestyle="--", linewidth=2, label="training"),
        Line2D([], [], color=_COOL, linewidth=2, label="validation"),
    ]
    if any(own.kept for own in curves):
        lines.append(
            Line2D([], [], color=_COOL, marker="o", markersize=7, markeredgecolor="white", linestyle="", label="kept")
        )
    if any(not own.kept for own in curves):
        lines.append(Line2D([], [], color=MUTED, linewidth=1.1, label="models of the folds"))
    axes.legend(handles=lines, loc="upper right", fontsize=8.5, ncols=len(lines), labelcolor=INK, framealpha=0.9,
                edgecolor="none")  # fmt: skip


def reliability_png(before: Reliability, after: Reliability) -> bytes:
    """Draw how often samples of like confidence are right, with 95 % intervals, and how many have each confidence.

    Args:
        before: Of probabilities as they are given.
        after: Of the same, tempered; with the same bins.
    """
    figure = Figure(figsize=(5.8, 6.9), dpi=DPI, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    upper.plot([0, 1], [0, 1], color="#6b7280", linewidth=1, linestyle=":", zorder=1)
    _draw_reliability((upper, lower), before, "as given", (_WARM, "s", "--"))
    _draw_reliability((upper, lower), after, "tempered", (_COOL, "o", "-"))
    for axes in (upper, lower):
        tidy(axes)
    upper.set(xlim=(0, 1.02), ylim=(0, 1.02))
    upper.set_ylabel("Share that is right", fontsize=9, color=MUTED)
    figure.legend(*upper.get_legend_handles_labels(), loc="outside upper left", ncols=2, fontsize=9, labelcolor=INK,
                  frameon=False)  # fmt: skip
    lower.set_ylabel("Samples", fontsize=9, color=MUTED)
    lower.set_xlabel("Confidence: probability of the class shown", fontsize=9, color=MUTED)
    lower.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=3))
    for axis in (upper.xaxis, upper.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    figure.align_ylabels()
    return png(figure)


def _draw_reliability(pair: tuple[Axes, Axes], found: Reliability, label: str, style: tuple[str, str, str]) -> None:
    """Draw one set of probabilities; the more samples a bin has, the larger is its point."""
    upper, lower = pair
    colour, marker, dashes = style
    known = found.counts > 0
    counts, sure, right = found.counts[known], found.confidence[known], found.accuracy[known]
    bounds = [wilson_interval(round(share * count), count) for share, count in zip(right, counts.tolist(), strict=True)]
    low, high = np.array(bounds).T
    upper.vlines(sure, low, high, color=colour, linewidth=1.0, alpha=0.55, zorder=2)
    upper.scatter(sure, right, s=np.clip(400 * np.sqrt(counts / counts.sum()), 12, 200), color=colour, marker=marker,
                  edgecolors="white", linewidths=0.8, zorder=3, clip_on=False,
                  label=f"{label}: calibration error {100 * found.ece:.1f} %")  # fmt: skip
    lower.stairs(found.counts, found.edges, color=colour, linewidth=1.5, linestyle=dashes, zorder=3)


def importance_png(found: Importance, dates: Sequence[dt.date]) -> bytes:
    """Draw what each band on each date is worth, with bars for whole bands and whole dates.

    Args:
        found: The importance of bands and steps.
        dates: Of the steps, (step,).
    """
    height = float(np.clip(0.3 * len(found.bands), 0.7, 9.0))
    figure = Figure(figsize=(8.6, height + 2.6), dpi=DPI, layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(5, 1), height_ratios=(1.1, height))
    heat = figure.add_subplot(grid[1, 0])
    top, side = figure.add_subplot(grid[0, 0], sharex=heat), figure.add_subplot(grid[1, 1], sharey=heat)
    drops = 100 * found.cell_drop
    most = max(float(np.nanmax(drops, initial=0.0)), 1e-9)
    picture = heat.imshow(drops, cmap=colormaps["Blues"], vmin=0, vmax=most, aspect="auto", interpolation="none")
    heat.spines[:].set_color("#cbd5e1")
    names = [shortened(band, _LONGEST_NAME) for band in found.bands]
    heat.set_yticks(range(len(names)), names, parse_math=False)
    shown = range(0, len(dates), -(-len(dates) // _DATE_LABELS))
    heat.set_xticks(shown, [f"{dates[k].day} {dates[k]:%b}" for k in shown], rotation=90)
    heat.tick_params(labelsize=8.5, colors=INK, length=2)
    _bars(top, side, 100 * found.step_drop, 100 * found.band_drop)
    bar = figure.colorbar(picture, ax=[heat, side], location="bottom", aspect=40, pad=0.02, shrink=0.6)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, colors=MUTED, length=2)
    bar.set_label(f"points of {found.measure} lost without a band on a date", fontsize=8.5, color=MUTED)
    return png(figure)


def _bars(top: Axes, side: Axes, by_date: NDArray[np.float64], by_band: NDArray[np.float64]) -> None:
    """Draw the losses of whole dates over the heat map and those of whole bands beside it."""
    top.bar(range(len(by_date)), by_date, color=_COOL, width=0.8)
    side.barh(range(len(by_band)), by_band, color=_COOL, height=0.7)
    tidy(top)
    top.tick_params(labelbottom=False, bottom=False)
    top.yaxis.set_major_locator(MaxNLocator(nbins=3))
    _title(top, "Points lost without a date")
    side.spines[["top", "right"]].set_visible(False)
    side.spines[["left", "bottom"]].set_color("#9ca3af")
    side.grid(axis="x", color=LINE, linewidth=0.7)
    side.set_axisbelow(True)
    side.tick_params(labelleft=False, left=False, labelsize=8, colors=MUTED, length=3)
    side.xaxis.set_major_locator(MaxNLocator(nbins=3))
    _title(side, "... or a band")


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, fontsize=9.5, color=INK, loc="left")
