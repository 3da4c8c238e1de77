"""Opens the images that a job names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cropmap.assessment.report import ClearDate
from cropmap.contract.errors import JobError
from cropmap.contract.params import chosen
from cropmap.data.prepared import PreparedSeries
from cropmap.data.ranges import band_ranges
from cropmap.io.cube_reader import CubeReader
from cropmap.io.glance import glance, glance_windows
from cropmap.jobs.params import RecipeParams
from cropmap.prepare.blocks import recipe_differences, step_differences
from cropmap.prepare.look import settled_for
from cropmap.prepare.recipe import make_recipe, needs_look
from cropmap.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.data.recipe import Recipe
    from cropmap.data.scenes import SceneBlock, SceneSeries
    from cropmap.jobs.run import Run


# What the recipe's parameter holds where the user has chosen nothing.
_UNTOUCHED = RecipeParams().recipe


def open_images(images: str | Mapping[str, Any], run: Run) -> SceneSeries | PreparedSeries:
    """Open a series through its source, list its files as the run's inputs, and pass on what it noticed."""
    name, values = chosen(images)
    entry = SOURCES.get(name)
    series = cast("SceneSeries | PreparedSeries", entry.make(entry.parse(values)))
    run.inputs |= files_of(series)
    if not isinstance(series, PreparedSeries):
        run.warn(*series.notes)
    return series


def open_scenes(images: str | Mapping[str, Any], run: Run) -> SceneSeries:
    """Open images as `open_images` does, for what a cube cannot tell.

    Raises:
        JobError: It is a cube.
    """
    series = open_images(images, run)
    if isinstance(series, PreparedSeries):
        raise JobError(
            "This job needs the images themselves; a prepared cube no longer holds them.",
            where=str(series.path),
            fix="Choose the folder of images that the cube was made of.",
        )
    return series


def files_of(series: SceneSeries | PreparedSeries) -> set[Path]:
    """Return the files on this machine that a series is read from."""
    if isinstance(series, PreparedSeries):
        return {series.path}
    assets = [asset for scene in series.scenes for asset in scene.assets]
    # A subdataset's name, NETCDF:"file.nc":variable, holds its file between the colons.
    paths = {Path(asset.path if Path(asset.path).is_file() else _file_in(asset.path)) for asset in assets}
    if series.temperatures is not None:
        paths.add(Path(series.temperatures.path))
    return {path for path in paths if path.is_file()}


def _file_in(subdataset: str) -> str:
    quoted = re.fullmatch(r'\w+:"?(.+?)"?(?::[^:]*)?', subdataset)
    return quoted[1] if quoted else subdataset


def recipe_for(recipe: str | Mapping[str, Any], series: SceneSeries | PreparedSeries, run: Run | None = None) -> Recipe:
    """Make the recipe that a job names: its season filled in from the images' dates, settled for the images.

    A cube has its recipe already; the user is told where the job names another.

    Args:
        recipe: As the job's parameter holds it.
        series: The images, or a cube.
        run: Told; nobody is where None.
    """
    name, values = chosen(recipe)
    if not isinstance(series, PreparedSeries):
        return settled_for(make_recipe(name, values, series.dates), series)
    if run is not None and recipe != _UNTOUCHED:
        _warn_of_another(make_recipe(name, values, series.dates), series, run)
    return series.recipe


def _warn_of_another(asked: Recipe, series: PreparedSeries, run: Run) -> None:
    # What a look would make of the parameters is not known without the images.
    differences = (step_differences if needs_look(asked) else recipe_differences)(series.recipe, asked)
    if asked.season != series.recipe.season:
        differences.append(f"its season is {series.recipe.season.start} .. {series.recipe.season.end}")
    if differences:
        run.warn(
            f"The cube was prepared by {series.recipe.name!r}, and that is used: {'; '.join(differences)}. "
            f"The recipe that was asked for, {asked.name!r}, would need the images themselves."
        )


def image_bands(series: SceneSeries | PreparedSeries) -> tuple[str, ...]:
    """Return the bands of the images, as they are before any preparation."""
    return series.image_bands if isinstance(series, PreparedSeries) else series.bands


def ranges_in(series: SceneSeries | PreparedSeries) -> dict[str, tuple[float, float]]:
    """Return the span of each band's values in a glance at the images; of each feature's, in a cube."""
    if not isinstance(series, PreparedSeries):
        return ranges_seen(glance(series))
    reader = CubeReader(series)
    values = np.concatenate([reader.read(window).values for window in glance_windows(series.grid)])
    return band_ranges(values, series.bands)


def clear_dates_of(series: SceneSeries | PreparedSeries) -> tuple[ClearDate, ...]:
    """Return the share of clear pixels of each acquisition in a glance at the images; a cube has forgotten them."""
    return () if isinstance(series, PreparedSeries) else clear_dates(glance(series))


def clear_dates(seen: SceneBlock) -> tuple[ClearDate, ...]:
    """Return the share of clear pixels of each acquisition in what a glance saw."""
    shares = seen.clear.mean(axis=0)
    return tuple(ClearDate(date, float(share)) for date, share in zip(seen.dates, shares, strict=True))


def ranges_seen(seen: SceneBlock) -> dict[str, tuple[float, float]]:
    """Return the span of each band's clear values in what a glance saw."""
    return band_ranges(np.where(seen.clear[..., np.newaxis], seen.values, np.nan), seen.bands)
