"""Opens the images that a job names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.assessment.report import ClearDate
from cropmap.contract.params import chosen
from cropmap.data.site import Window
from cropmap.io.series import SeriesReader
from cropmap.prepare.recipe import make_recipe
from cropmap.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.data.recipe import Recipe
    from cropmap.data.scenes import SceneSeries
    from cropmap.jobs.run import Run

_GLANCE_PIXELS = 64


def open_images(images: str | Mapping[str, Any], run: Run) -> SceneSeries:
    """Open a series through its source, and list its files as the run's inputs."""
    name, values = chosen(images)
    entry = SOURCES.get(name)
    series = entry.make(entry.parse(values))
    run.inputs |= files_of(series)
    return series


def files_of(series: SceneSeries) -> set[Path]:
    """Return the files on this machine that a series is read from."""
    assets = [asset for scene in series.scenes for asset in (*scene.bands.values(), scene.mask) if asset]
    return {path for path in (Path(asset.path) for asset in assets) if path.is_file()}


def recipe_for(recipe: str | Mapping[str, Any], series: SceneSeries) -> Recipe:
    """Make the recipe that a job names, its season filled in from the images' dates."""
    name, values = chosen(recipe)
    return make_recipe(name, values, series.dates)


def clear_dates(series: SceneSeries) -> tuple[ClearDate, ...]:
    """Return the share of clear pixels of each acquisition, from nine small windows spread over the site."""
    grid, edge = series.grid, _GLANCE_PIXELS
    corners = [
        (round((grid.height - min(edge, grid.height)) * down / 2), round((grid.width - min(edge, grid.width)) * right / 2))
        for down in range(3)
        for right in range(3)
    ]
    windows = {Window(row, col, min(edge, grid.height), min(edge, grid.width)) for row, col in corners}
    with SeriesReader(series) as reader:
        shares = [reader.read(window).clear.mean(axis=0) for window in sorted(windows, key=lambda w: (w.row, w.col))]
    return tuple(ClearDate(date, float(share)) for date, share in zip(series.dates, np.mean(shares, axis=0), strict=True))
