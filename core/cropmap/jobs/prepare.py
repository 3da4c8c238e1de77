"""Prepare a season of images once, as a raster that other tools can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cropmap.contract.params import param
from cropmap.io.cubes import CubePlan
from cropmap.jobs import JOBS
from cropmap.jobs.images import open_scenes, recipe_for
from cropmap.jobs.params import ImagesParams, RecipeParams
from cropmap.mapping.prepared import CubeOptions, prepare_cube
from cropmap.prepare.recipe import recipe_bands, recipe_nodes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.jobs.run import Run


@dataclass(frozen=True, kw_only=True)
class PrepareParams(RecipeParams, ImagesParams):
    """What `prepare` takes."""

    block: int = param(
        0,
        title="Block size",
        help="Edge of the blocks; 0 follows the images' own tiles.",
        unit="pixels",
        low=0,
        high=4096,
        advanced=True,
    )
    threads: int = param(0, help="Blocks computed at a time; 0 takes all cores.", low=0, high=256, advanced=True)


@JOBS.register("prepare", title="Prepare series", params=PrepareParams)
def prepare(params: PrepareParams, run: Run) -> Mapping[str, Any]:
    """Turn cloudy, irregular images into one raster with regular steps and no gaps, which stands in for them later."""
    series = open_scenes(params.images, run)
    recipe = recipe_for(params.recipe, series)
    days, bands = recipe_nodes(recipe), recipe_bands(recipe, series.bands)
    plan = CubePlan(
        run.folder,
        series.grid,
        days,
        bands,
        recipe,
        dates=series.dates,
        image_bands=series.bands,
        masked=series.masked,
    )
    with run.stage("Preparing", 0.0, 1.0) as progress:
        used = prepare_cube(series, plan, CubeOptions(params.block, params.threads), progress)
    run.output("cube", plan.path.name)
    run.output("quality", plan.quality_path.name)
    pixels = series.grid.width * series.grid.height
    return {"figures": {"steps": len(days), "bands": list(bands), "usable_share": used / pixels}}
