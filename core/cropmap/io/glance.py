"""A quick look at a series: nine small windows, to notice in a second what would cost hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cropmap.data.scenes import SceneBlock
from cropmap.data.site import Window
from cropmap.io.series import SeriesReader

if TYPE_CHECKING:
    from cropmap.data.scenes import SceneSeries

EDGE_PIXELS = 64


def glance(series: SceneSeries) -> SceneBlock:
    """Read nine windows of at most 64 x 64 pixels, spread evenly over the site.

    Raises:
        SourceError: An image cannot be read.
    """
    height, width = min(EDGE_PIXELS, series.grid.height), min(EDGE_PIXELS, series.grid.width)
    windows = [
        Window((series.grid.height - height) * down // 2, (series.grid.width - width) * right // 2, height, width)
        for down in range(3)
        for right in range(3)
    ]
    with SeriesReader(series) as reader:
        blocks = [reader.read(window) for window in dict.fromkeys(windows)]
    return SceneBlock(
        np.concatenate([block.values for block in blocks]),
        np.concatenate([block.clear for block in blocks]),
        series.dates,
        series.bands,
    )
