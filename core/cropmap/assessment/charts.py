"""What the charts share: inks, tidy axes, and PNG bytes. Every figure is an object of its own: no global state."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import dates as mdates
from matplotlib.figure import Figure

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

INK, MUTED, LINE = "#1f2937", "#4b5563", "#e5e7eb"
DPI = 160


def figure_of(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure of that many inches with one pair of axes."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    return figure, figure.subplots()


def tidy(axes: Axes) -> None:
    """Leave two thin axes and level grid lines."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#9ca3af")
    axes.tick_params(labelsize=8, colors=MUTED, length=3)
    axes.grid(axis="y", color=LINE, linewidth=0.7, zorder=0)
    axes.set_axisbelow(True)


def date_axis(axes: Axes) -> None:
    """Label the x axis with three to six dates."""
    # matplotlib's dates carry no annotations.
    locator = mdates.AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.get_offset_text().set(fontsize=8, color=MUTED)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def axis_days(dates: Sequence[dt.date]) -> NDArray[np.float64]:
    """Return dates as the date axis counts them: days since 1970, (date,)."""
    return np.array(dates, "datetime64[D]").astype(np.float64)


def shortened(text: str, longest: int) -> str:
    """Return a text that takes at most so many characters, its end left out."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def png(figure: Any) -> bytes:
    """Return a figure's PNG; the same figure gives the same bytes."""
    data = io.BytesIO()
    with warnings.catch_warnings():
        # A class name in a script that the font lacks shows as boxes here; the tables carry it in full.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        # No software version in the file: the same figures give the same bytes.
        figure.savefig(data, format="png", facecolor="white", metadata={"Software": None})
    return data.getvalue()
