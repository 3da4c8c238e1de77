"""Opens the images that a job names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.assessment.report import ClearDate
from cropmap.contract.params import chosen
from cropmap.data.ranges import band_ranges
from cropmap.prepare.recipe import make_recipe
from cropmap.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.data.recipe import Recipe
    from cropmap.data.scenes import SceneBlock, SceneSeries
    from cropmap.jobs.run import Run


def open_images(images: str | Mapping[str, Any], run: Run) -> SceneSeries:
    """Open a series through its source, list its files as the run's inputs, and pass on what it noticed."""
    name, values = chosen(images)
    entry = SOURCES.get(name)
    series = entry.make(entry.parse(values))
    run.inputs |= files_of(series)
    run.warn(*series.notes)
    return series


def files_of(series: SceneSeries) -> set[Path]:
    """Return the files on this machine that a series is read from."""
    assets = [asset for scene in series.scenes for asset in scene.assets]
    # A subdataset's name, NETCDF:"file.nc":variable, holds its file between the colons.
    paths = {Path(asset.path if Path(asset.path).is_file() else _file_in(asset.path)) for asset in assets}
    return {path for path in paths if path.is_file()}


def _file_in(subdataset: str) -> str:
    quoted = re.fullmatch(r'\w+:"?(.+?)"?(?::[^:]*)?', subdataset)
    return quoted[1] if quoted else subdataset


def recipe_for(recipe: str | Mapping[str, Any], series: SceneSeries) -> Recipe:
    """Make the recipe that a job names, its season filled in from the images' dates."""
    name, values = chosen(recipe)
    return make_recipe(name, values, series.dates)


def clear_dates(seen: SceneBlock) -> tuple[ClearDate, ...]:
    """Return the share of clear pixels of each acquisition in what a glance saw."""
    shares = seen.clear.mean(axis=0)
    return tuple(ClearDate(date, float(share)) for date, share in zip(seen.dates, shares, strict=True))


def ranges_seen(seen: SceneBlock) -> dict[str, tuple[float, float]]:
    """Return the span of each band's clear values in what a glance saw."""
    return band_ranges(np.where(seen.clear[..., np.newaxis], seen.values, np.nan), seen.bands)
