"""A quick look at a series: nine small windows, to notice in a second what would cost hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cropmap.data.scenes import SceneBlock
from cropmap.data.site import Window
from cropmap.io.series import SeriesReader

if TYPE_CHECKING:
    from cropmap.data.scenes import SceneSeries
    from cropmap.data.site import Grid

EDGE_PIXELS = 64


def glance(series: SceneSeries) -> SceneBlock:
    """Read nine windows of at most 64 x 64 pixels, spread evenly over the site.

    Raises:
        SourceError: An image cannot be read.
    """
    with SeriesReader(series) as reader:
        blocks = [reader.read(window) for window in glance_windows(series.grid)]
    return SceneBlock(
        np.concatenate([block.values for block in blocks]),
        np.concatenate([block.clear for block in blocks]),
        series.dates,
        series.bands,
        series.temperatures,
    )


def glance_windows(grid: Grid) -> tuple[Window, ...]:
    """Return the nine windows that a glance at a grid reads; fewer where they would be the same."""
    height, width = min(EDGE_PIXELS, grid.height), min(EDGE_PIXELS, grid.width)
    windows = [
        Window((grid.height - height) * down // 2, (grid.width - width) * right // 2, height, width)
        for down in range(3)
        for right in range(3)
    ]
    return tuple(dict.fromkeys(windows))
