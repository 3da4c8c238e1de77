"""Where samples stand as PNG bytes: by class, and by the fold that tests them. Told apart by more than colour."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from matplotlib.patches import Polygon
from matplotlib.patheffects import withStroke

from cropmap.assessment.charts import INK, figure_of, png, shortened
from cropmap.contract.colours import line_colour
from cropmap.io.projection import METRES_PER_DEGREE, length_text, metres_per_unit, scale_bar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from cropmap.data.samples import FoldPlan, SampleSet

_MAP_WIDTH = 6.2  # inches
_FLATTEST, _TALLEST = 0.45, 1.1  # least and most height of a map, in widths
_SMALLEST_M = 100.0  # metres that a map shows at least
_NAMED_UNITS = 80  # pieces of land up to which each is numbered
_LONGEST_NAME = 24  # characters of a class name in a legend
_MARKERS = "os^DvPX*<>ph"
# Each fold's outline and points: five colours of Okabe and Ito 2008 and three darker ones; the tints fill its land.
_FOLD_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#5b3a99", "#57534e")
_FOLD_TINTS = ("#d6e9f5", "#fbe1cf", "#d0efe5", "#f7e4ee", "#f3ebc4", "#e0f1fc", "#e6def5", "#e7e5e4")


class _Kind(NamedTuple):
    """What is drawn alike: which samples, and how."""

    name: str
    chosen: NDArray[np.bool_]
    fill: str
    edge: str
    marker: str


class _Frame(NamedTuple):
    """What a map shows, in the samples' units.

    Args:
        stretch: How long a unit of y is drawn, in units of x.
        metres: Of a unit of x; 0 where that is not known.
    """

    left: float
    right: float
    bottom: float
    top: float
    stretch: float
    metres: float


def classes_png(samples: SampleSet) -> bytes:
    """Draw where the samples of each class stand, with a legend."""
    kinds = [
        _Kind(own.name, samples.codes == own.code, own.colour, line_colour(own.colour), _MARKERS[k % len(_MARKERS)])
        for k, own in enumerate(found for found in samples.legend.classes if (samples.codes == found.code).any())
    ]
    return _map_png(samples, kinds)


def folds_png(samples: SampleSet, plan: FoldPlan, *, outlined: bool) -> bytes:
    """Draw which fold tests each sample, with a legend.

    Args:
        samples: What was split.
        plan: How.
        outlined: Its units are pieces of land: draw the outline of each one's samples, numbered by its fold, from 1.
    """
    kinds = [
        _Kind(f"Fold {k + 1}", plan.fold == k, colour, colour, _MARKERS[k % len(_MARKERS)])
        for k, colour in enumerate(_cycled(_FOLD_COLOURS, plan.folds))
        if (plan.fold == k).any()
    ]
    if (plan.fold < 0).any():
        kinds.append(_Kind("In no fold", plan.fold < 0, "none", "#6b7280", "o"))
    return _map_png(samples, kinds, plan if outlined else None)


def _map_png(samples: SampleSet, kinds: Sequence[_Kind], land: FoldPlan | None = None) -> bytes:
    columns = 2 if max(len(kind.name) for kind in kinds) > 18 else 3
    frame = _frame(samples)
    height = _MAP_WIDTH * (frame.top - frame.bottom) * frame.stretch / (frame.right - frame.left)
    figure, axes = figure_of(_MAP_WIDTH + 0.2, height + 0.2 * -(-len(kinds) // columns) + 0.2)
    if land is not None:
        _draw_units(axes, samples, land)
    size = float(np.clip(9000 / len(samples), 4, 28))
    for kind in kinds:
        axes.scatter(
            samples.x[kind.chosen],
            samples.y[kind.chosen],
            s=size,
            color=kind.fill,
            edgecolors=kind.edge,
            linewidths=0.45,
            marker=kind.marker,
            label=shortened(kind.name, _LONGEST_NAME),
            zorder=3,
        )
    axes.set(xlim=(frame.left, frame.right), ylim=(frame.bottom, frame.top), xticks=[], yticks=[])
    axes.set_aspect(frame.stretch)
    axes.spines[:].set_color("#cbd5e1")
    _draw_scale(axes, frame)
    legend = figure.legend(loc="outside lower center", ncols=columns, frameon=False, fontsize=9, handletextpad=0.3)
    for text in legend.get_texts():
        text.set(color=INK, parse_math=False)
    # Points of a crowded map are too small to tell in a legend.
    legend_sizes: Iterable[Any] = legend.legend_handles
    for handle in legend_sizes:
        handle.set_sizes([36])
    return png(figure)


def _draw_units(axes: Axes, samples: SampleSet, plan: FoldPlan) -> None:
    """Draw the outline of each unit's samples, tinted and numbered by the fold that tests them."""
    points = np.stack([samples.x, samples.y], axis=1)
    margin = 0.012 * float(np.ptp(points, axis=0).max() or 1.0)
    tested = np.where(plan.fold >= 0, plan.units, -1)
    units, first = np.unique(tested[tested >= 0], return_index=True)
    folds = plan.fold[tested >= 0][first].tolist()
    tints, edges = _cycled(_FOLD_TINTS, plan.folds), _cycled(_FOLD_COLOURS, plan.folds)
    for unit, number in zip(units, folds, strict=True):
        hull = shapely.buffer(shapely.convex_hull(shapely.multipoints(points[tested == unit])), margin, quad_segs=4)
        outline = shapely.get_coordinates(hull)
        axes.add_patch(Polygon(outline, facecolor=tints[number], edgecolor=edges[number], linewidth=0.9, zorder=1))
        if len(units) <= _NAMED_UNITS:
            middle = hull.centroid
            style: dict[str, Any] = {"fontsize": 13, "fontweight": "bold", "color": edges[number], "alpha": 0.6}
            axes.text(middle.x, middle.y, str(number + 1), ha="center", va="center", zorder=4, clip_on=True, **style)


def _draw_scale(axes: Axes, frame: _Frame) -> None:
    """Draw a bar of a round length in the map's lower left corner, and where north is; none without a unit."""
    if not frame.metres:
        return
    extent = (frame.right - frame.left) * frame.metres
    length = scale_bar(extent)
    share = length / extent
    place = axes.transAxes
    white = [withStroke(linewidth=3, foreground="white")]
    axes.plot([0.02, 0.02 + share], [0.025, 0.025], transform=place, color=INK, linewidth=2.4, zorder=6,
              path_effects=white)  # fmt: skip
    text: dict[str, Any] = {"transform": place, "fontsize": 9, "color": INK, "zorder": 6, "path_effects": white}
    axes.text(0.02, 0.04, length_text(length), **text)
    axes.text(0.985, 0.98, "N \N{UPWARDS ARROW}", ha="right", va="top", **text)


def _frame(samples: SampleSet) -> _Frame:
    """Return what a map of the samples shows: all of them with a margin, and no strip."""
    metres = metres_per_unit(samples.crs) if samples.crs else 0.0
    stretch = 1.0
    if samples.crs and not metres:  # degrees, of which those of longitude shrink with latitude
        stretch = 1.0 / max(math.cos(math.radians(float(samples.y.mean()))), 0.05)
        metres = METRES_PER_DEGREE / stretch
    smallest = _SMALLEST_M / (metres or 1.0)
    east, north = float(np.ptp(samples.x)), float(np.ptp(samples.y)) * stretch
    width = 1.08 * max(east, north / _TALLEST, smallest)
    height = max(1.08 * north, _FLATTEST * width) / stretch
    x, y = ((float(own.min()) + float(own.max())) / 2 for own in (samples.x, samples.y))
    return _Frame(x - width / 2, x + width / 2, y - height / 2, y + height / 2, stretch, metres)


def _cycled(values: Sequence[str], count: int) -> list[str]:
    return [values[k % len(values)] for k in range(count)]
