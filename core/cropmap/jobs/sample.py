"""Turn labels on a map into labelled series."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.data.ranges import band_ranges, check_units
from cropmap.io.legends import read_legend, write_legend
from cropmap.io.samples import write_sample_layer, write_samples
from cropmap.io.series_table import read_series_table
from cropmap.io.vectors import LabelOptions, read_labels
from cropmap.jobs import JOBS
from cropmap.jobs.images import image_bands, open_images, ranges_in, recipe_for
from cropmap.jobs.params import ImagesParams, LabelledParams, RecipeParams, SplitParams
from cropmap.sampling.extract import extract
from cropmap.sampling.folds import FoldOptions, FoldPlan, check_classes, fold_samples
from cropmap.sampling.from_series import samples_from_series
from cropmap.sampling.place import PlaceOptions, place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.contract.progress import Progress
    from cropmap.data.prepared import PreparedSeries
    from cropmap.data.recipe import Recipe
    from cropmap.data.samples import SampleSet
    from cropmap.data.scenes import SceneSeries
    from cropmap.jobs.run import Run

# Each use of randomness draws from a stream of its own, so that a change in one leaves the others alone.
PLACE_STREAM, FOLD_STREAM, VALIDATION_STREAM = range(3)


@dataclass(frozen=True, kw_only=True)
class SampleParams(RecipeParams, LabelledParams, ImagesParams):
    """What `sample` takes."""


@JOBS.register("sample", title="Sample series", params=SampleParams)
def sample(params: SampleParams, run: Run) -> Mapping[str, Any]:
    """Extract the prepared series of labelled points or polygons, and split them by spatial blocks."""
    series = open_images(params.images, run)
    recipe = recipe_for(params.recipe, series, run)
    with run.stage("Sampling", 0.0, 0.95) as progress:
        samples = collect(params, series, recipe, run, progress)
    plan = split(samples, params, params.seed, run)
    write_collected(samples, plan, run)
    return {"figures": {"samples": len(samples), "classes": samples.counts(), **split_figures(plan)}}


def collect(
    params: LabelledParams, series: SceneSeries | PreparedSeries, recipe: Recipe, run: Run, progress: Progress
) -> SampleSet:
    """Read the labels and return their prepared series; notes on what was left out go to the user."""
    path = Path(params.samples)
    run.inputs.add(path)
    legend = read_legend(Path(params.legend)) if params.legend else None
    if path.suffix.casefold() == ".npz":
        table = read_series_table(path)
        check_units(band_ranges(table.values, table.bands), ranges_in(series), what="The samples hold")
        return samples_from_series(table, recipe, image_bands(series), legend=legend, progress=progress)
    features = read_labels(path, _label_options(params))
    options = PlaceOptions(params.inner_buffer_m, params.per_polygon, legend, params.other_class)
    rng = np.random.default_rng([params.seed, PLACE_STREAM])
    placed = place(features, series.grid, options, rng, progress.part(0.0, 0.2))
    run.warn(*placed.notes)
    check_classes(placed.codes, placed.legend, params.folds)
    samples, notes = extract(series, placed, recipe, progress.part(0.2, 1.0))
    run.warn(*notes)
    return samples


def split(samples: SampleSet, params: SplitParams, seed: int, run: Run) -> FoldPlan:
    """Split samples into spatially blocked folds; notes on adapted blocks go to the user."""
    options = FoldOptions(params.folds, params.block_km * 1000, samples.crs)
    plan = fold_samples(samples, options, np.random.default_rng([seed, FOLD_STREAM]))
    run.warn(*plan.notes)
    return plan


def split_figures(plan: FoldPlan) -> dict[str, Any]:
    """Return how far apart the folds are: edge of their blocks, smallest distance between samples of two folds."""
    return {"block_m": plan.block_m, "nearest_m": plan.nearest_m}


def write_collected(samples: SampleSet, plan: FoldPlan, run: Run) -> None:
    """Write the samples, their legend to edit and give again, and a layer of points that shows class and fold."""
    write_samples(run.output("samples", "samples.npz"), samples)
    write_legend(run.output("legend", "legend.json"), samples.legend)
    write_sample_layer(run.output("samples_layer", "samples.gpkg"), samples, plan.fold)


def _label_options(params: LabelledParams) -> LabelOptions:
    return LabelOptions(
        class_field=params.class_field,
        id_field=params.id_field,
        group_field=params.group_field,
        layer=params.layer,
        x_field=params.x_field,
        y_field=params.y_field,
        crs=params.samples_crs,
    )
