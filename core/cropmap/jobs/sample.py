"""Turn labels on a map into labelled series."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.data.ranges import band_ranges, check_units
from cropmap.data.schemes import own_scheme, scheme_of
from cropmap.io.files import atomic_write_text
from cropmap.io.geometries import file_of, read_geometries
from cropmap.io.samples import read_sample_file, write_samples
from cropmap.io.series_table import read_series_table
from cropmap.io.vectors import LabelOptions, read_labels
from cropmap.jobs import JOBS
from cropmap.jobs.images import image_bands, open_images, ranges_in, recipe_for
from cropmap.jobs.params import LabelledParams, LabelParams, RecipeParams, SplitParams
from cropmap.sampling.draw import DrawOptions, draw_placed
from cropmap.sampling.extract import extract
from cropmap.sampling.folds import FoldOptions, FoldPlan, check_classes, fold_samples, no_sample_file, stored_folds
from cropmap.sampling.from_series import samples_from_series
from cropmap.sampling.outlines import in_one_field
from cropmap.sampling.parcels import PlacedParcels, extract_parcels, place_parcels
from cropmap.sampling.place import PlaceOptions, place
from cropmap.sampling.variogram import block_note, resemblance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress
    from cropmap.data.prepared import PreparedSeries
    from cropmap.data.recipe import Recipe
    from cropmap.data.samples import LabelFeatures, LabelledSeries, PlacedSamples, SampleSet
    from cropmap.data.scenes import SceneSeries
    from cropmap.data.schemes import ClassScheme
    from cropmap.io.samples import SampleFile
    from cropmap.jobs.run import Run

# Each use of randomness draws from a stream of its own, so that a change in one leaves the others alone.
PLACE_STREAM, FOLD_STREAM, VALIDATION_STREAM, RESEMBLANCE_STREAM = range(4)


@dataclass(frozen=True, kw_only=True)
class SampleParams(RecipeParams, LabelledParams):
    """What `sample` takes."""


@JOBS.register("sample", title="Sample series", params=SampleParams)
def sample(params: SampleParams, run: Run) -> Mapping[str, Any]:
    """Extract the prepared series of labelled points or polygons, and split them for testing."""
    series = open_images(params.images, run)
    recipe = recipe_for(params.recipe, series, run)
    with run.stage("Sampling", 0.0, 0.95) as progress:
        samples = at_site(collect(params, series, recipe, run, progress), params.site)
    plan = split(samples, params, params.seed, run)
    write_collected(params, samples, plan, run)
    figures = {"samples": len(samples), "classes": samples.counts(), **split_figures(plan)}
    return {"figures": {**figures, "resemblance_m": _told_resemblance(samples, plan, params, run)}}


def at_site(samples: SampleSet, site: str) -> SampleSet:
    """Name the site of samples that bear none, where a name is given."""
    if not site:
        return samples
    return dataclasses.replace(samples, sites=np.where(samples.sites == "", site, samples.sites))


def _told_resemblance(samples: SampleSet, plan: FoldPlan, params: LabelledParams, run: Run) -> float:
    """Return how far the samples resemble each other, in metres, and tell whether blocks are as large."""
    found = resemblance(samples, np.random.default_rng([params.seed, RESEMBLANCE_STREAM]))
    if params.block_km and plan.method == "blocks":
        run.warn(block_note(found, plan.block_m))
    return found.range_m


def collect(
    params: LabelledParams, series: SceneSeries | PreparedSeries, recipe: Recipe, run: Run, progress: Progress
) -> SampleSet:
    """Read the labels and return their prepared series; notes on what was left out go to the user."""
    table = read_labelled_series(params, series, run)
    if table is not None:
        return samples_from_series(table, recipe, image_bands(series), scheme=asked_scheme(params), progress=progress)
    placing, reading = progress.part(0.0, 0.2), progress.part(0.2, 1.0)
    placed = place_labels(params, series, run, placing)
    if isinstance(placed, PlacedParcels):
        samples, notes = extract_parcels(series, placed, recipe, params.min_clear_share, reading)
    else:
        samples, notes = extract(series, placed, recipe, reading)
    run.warn(*notes)
    return samples


def read_labelled_series(
    params: LabelledParams, series: SceneSeries | PreparedSeries, run: Run
) -> LabelledSeries | None:
    """Read the labels where they are a table of labelled series; None where they are places.

    Raises:
        SampleError: The split takes the folds of a sample file, and there is none; or the table cannot be read.
    """
    if params.split == "file":
        raise no_sample_file()
    path = Path(params.samples)
    run.inputs.add(path)
    is_table = path.suffix.casefold() == ".npz"
    if (params.total or params.min_distance_m) and (is_table or params.unit == "parcels"):
        run.warn("Samples drawn and smallest distance thin labelled pixels alone: all of these samples are taken.")
    if not is_table:
        return None
    table = read_series_table(path)
    check_units(band_ranges(table.values, table.bands), ranges_in(series), what="The samples hold")
    return table


def place_labels(
    params: LabelledParams, series: SceneSeries | PreparedSeries, run: Run, progress: Progress
) -> PlacedSamples | PlacedParcels:
    """Read labelled places and find their pixels; notes on what was left out go to the user."""
    features = _grouped(read_labels(Path(params.samples), _label_options(params)), params, run)
    options = PlaceOptions(params.inner_buffer_m, params.per_polygon, asked_scheme(params))
    rng = np.random.default_rng([params.seed, PLACE_STREAM])
    placed: PlacedSamples | PlacedParcels
    if params.unit == "parcels":
        placed = place_parcels(features, series.grid, options, rng, progress)
        samples = placed.samples
    else:
        placed = samples = _drawn(place(features, series.grid, options, rng, progress), params, series)
    run.warn(*samples.notes)
    check_classes(samples.codes, samples.legend, params.folds)
    return placed


def asked_scheme(params: LabelParams) -> ClassScheme | None:
    """Return the class scheme that is asked for; None where each label is a class."""
    return scheme_of(params.scheme) if params.scheme.strip() else None


def _drawn(placed: PlacedSamples, params: LabelledParams, series: SceneSeries | PreparedSeries) -> PlacedSamples:
    """Thin the labelled pixels, as far as that is asked for."""
    if not (params.total or params.min_distance_m):
        return placed
    options = DrawOptions(params.seed, min_distance_m=params.min_distance_m)
    return draw_placed(placed, series.grid, params.total, params.allocation, options)


def _grouped(features: LabelFeatures, params: LabelParams, run: Run) -> LabelFeatures:
    """Join the groups of features that stand in one field."""
    if not params.fields:
        return in_one_field(features)
    run.inputs.add(file_of(params.fields))
    return in_one_field(features, read_geometries(params.fields, features.crs))


def split(
    samples: SampleSet, params: SplitParams, seed: int, run: Run, stored: NDArray[np.int8] | None = None
) -> FoldPlan:
    """Split samples into folds; notes on what the split could not keep apart go to the user.

    Args:
        samples: What is split.
        params: How.
        seed: Of the job.
        run: Told the notes.
        stored: Folds of the samples' file, for the split "file".
    """
    options = FoldOptions(params.folds, params.block_km * 1000, samples.crs, params.split, params.gap_m)
    rng = np.random.default_rng([seed, FOLD_STREAM])
    if params.split == "file" and stored is not None:
        plan = stored_folds(samples, stored, options, rng)
    else:
        plan = fold_samples(samples, options, rng)
    run.warn(*plan.notes)
    return plan


def read_and_split(sample_set: str, params: SplitParams, seed: int, run: Run) -> tuple[SampleFile, FoldPlan]:
    """Read a sample file and split its samples into folds; notes on both go to the user."""
    path = Path(sample_set)
    held = read_sample_file(path)
    run.inputs.add(path)
    run.warn(*held.notes)
    return held, split(held.samples, params, seed, run, held.fold)


def split_figures(plan: FoldPlan) -> dict[str, Any]:
    """Return how far apart the folds are: edge of their blocks, nearest of training and test, the gap kept."""
    return {"split": plan.method, "block_m": plan.block_m, "nearest_m": plan.nearest_m, "gap_m": plan.gap_m}


def write_collected(params: LabelParams, samples: SampleSet, plan: FoldPlan, run: Run) -> None:
    """Write the samples with class and fold, and their class scheme to edit and give again."""
    scheme = asked_scheme(params) or own_scheme(samples.legend)
    write_samples(run.output("samples", "samples.gpkg"), samples, plan, scheme=scheme.to_text())
    atomic_write_text(run.output("scheme", "scheme.txt"), scheme.to_text())


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
