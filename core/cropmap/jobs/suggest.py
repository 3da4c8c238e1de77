"""Say where the next samples would teach a model most."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import JobError, SampleError
from cropmap.contract.params import param
from cropmap.io.geometries import file_of, read_geometries
from cropmap.io.packages import read_package
from cropmap.io.projection import length_text, reproject_points
from cropmap.io.rasters import same_crs
from cropmap.io.samples import read_samples
from cropmap.jobs import JOBS
from cropmap.jobs.field_points import FieldPoints, FormParams, write_field_points
from cropmap.jobs.images import open_images
from cropmap.jobs.map import PackageParams, asked_season, check_images
from cropmap.jobs.params import DeviceParams, ImagesParams, SeedParams
from cropmap.mapping.predict import check_season
from cropmap.prepare.blocks import recipe_differences
from cropmap.sampling.candidates import PixelPredictor, Predicted, Reach, draw_candidates, joined_reasons
from cropmap.sampling.next_points import MEASURES, Spots, Wishes, choose, route, series_space, uncertainty

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.contract.progress import Progress
    from cropmap.data.package import ModelPackage
    from cropmap.data.prepared import PreparedSeries
    from cropmap.data.samples import SampleSet
    from cropmap.data.scenes import SceneSeries
    from cropmap.data.season import Season
    from cropmap.data.site import Grid
    from cropmap.jobs.run import Run

_FAR = 20  # times the scale of access


@dataclass(frozen=True, kw_only=True)
class ReachParams:
    """Where people can go."""

    roads: str = param("", kind="vector", help="Roads, or whatever points should lie near to; none where empty.")
    access_m: float = param(
        500.0,
        title="Access distance",
        help="At this distance from a road a point counts 0.37 of one beside it; 0 lets all count alike.",
        unit="m",
        low=0,
        high=1e6,
    )
    max_access_m: float = param(
        0.0, title="Farthest from a road", help="Points farther away are refused; 0 for no bound.", unit="m", low=0
    )
    area: str = param("", kind="vector", help="Polygons in which points must lie; the whole images where empty.")


@dataclass(frozen=True, kw_only=True)
class WishParams:
    """What makes a point worth a visit."""

    total: int = param(50, title="Points", help="How many points to visit.", low=1, high=2_000)
    candidates: int = param(5_000, help="Random pixels to choose among.", low=10, high=50_000)
    uncertainty: str = param("margin", choices=MEASURES, help="How the model's doubt is measured.")
    weight_uncertainty: float = param(
        1.0, help="Exponent of the doubt in a point's score; 0 leaves it out.", low=0, high=10, advanced=True
    )
    weight_diversity: float = param(
        0.5,
        help="Exponent of the distance to the most similar sample in a point's score; 0 leaves it out.",
        low=0,
        high=10,
        advanced=True,
    )
    weight_evenness: float = param(
        1.0,
        help="Exponent of the share of the eight neighbours that are predicted as the same class; 0 leaves it out.",
        low=0,
        high=10,
        advanced=True,
    )
    min_distance_m: float = param(
        100.0,
        title="Smallest distance",
        help="No two points, and no point and existing sample, are nearer to each other.",
        unit="m",
        low=0,
        high=1e6,
    )


@dataclass(frozen=True, kw_only=True)
class ExistingParams:
    """What was sampled before."""

    sample_set: str = param(
        "",
        kind="file",
        help="Sample file (samples.gpkg) of the samples there are, so that new points differ from them; none where "
        "empty.",
    )


@dataclass(frozen=True, kw_only=True)
class SuggestParams(
    SeedParams, DeviceParams, FormParams, ReachParams, WishParams, ExistingParams, PackageParams, ImagesParams
):
    """What `suggest` takes."""


@JOBS.register("suggest", title="Suggest where to sample next", params=SuggestParams)
def suggest(params: SuggestParams, run: Run) -> Mapping[str, Any]:
    """Choose points that would teach a model most, and write them as a layer to fill in on the spot."""
    _check(params)
    path = Path(params.package)
    package = read_package(path)
    run.inputs.add(path)
    series = open_images(params.images, run)
    with run.stage("Looking at the images", 0.0, 0.05):
        check_images(package, series, run)
        season = _season(params, package, series)
        reach = _reach(params, series.grid, run)
        existing = _existing(params, package, run)
        predictor = PixelPredictor(package, series, season, params.device)
    with run.stage("Predicting candidates", 0.05, 0.6) as progress:
        pixels = _candidates(params, reach, predictor, run, progress)
    with run.stage("Choosing points", 0.6, 1.0) as progress:
        found = _chosen(params, pixels, reach, (existing, package), predictor, progress)
    if not len(found.order):
        raise SampleError(
            f"None of the {len(pixels)} candidates may be visited: all are too near to existing samples, or stand "
            "alone among other classes.",
            fix="Take more candidates, a smaller distance, or no weight of evenness.",
        )
    if len(found.order) < params.total:
        run.warn(
            f"{len(found.order)} points instead of {params.total}: no other candidate is far enough from the rest. "
            "Take more candidates, or a smaller distance."
        )
    run.warn(*_far(params, found))
    points = _points(package, reach, pixels, found)
    write_field_points(run.output("next_points", "next_points.gpkg"), points, params)
    return {"figures": _figures(found, pixels, package)}


@dataclass(frozen=True, eq=False)
class _Found:
    """The points, in the order of a walk, and what was computed of all candidates, (candidate,) each."""

    order: NDArray[np.intp]
    doubt: NDArray[np.float64]
    evenness: NDArray[np.float64]
    road_m: NDArray[np.float64]
    way_m: float


def _check(params: SuggestParams) -> None:
    if params.total > params.candidates:
        raise JobError(
            f"{params.total} points are wanted of {params.candidates} candidates.",
            where="candidates",
            fix="Take more candidates, or fewer points.",
        )
    if params.max_access_m > 0 and not params.roads:
        raise JobError(
            "A bound on the distance to a road needs roads.", where="max_access_m", fix="Name a layer of roads."
        )


def _season(params: PackageParams, package: ModelPackage, series: SceneSeries | PreparedSeries) -> Season:
    season = asked_season(params, package) or package.recipe.season.nearest(series.dates)
    check_season(package, season, series)
    return season


def _reach(params: ReachParams, grid: Grid, run: Run) -> Reach:
    read: dict[str, NDArray[Any] | None] = {"roads": None, "area": None}
    for name in read:
        path = getattr(params, name)
        # Without a CRS the grid is refused below, in words of its own.
        if path and grid.crs:
            run.inputs.add(file_of(path))
            read[name] = read_geometries(path, grid.crs)
    try:
        reach = Reach(grid, read["roads"], params.max_access_m, read["area"])
        _ = reach.window
    except SampleError as error:
        raise SampleError(error.what, where=params.area, fix=error.fix) from error
    return reach


def _existing(params: ExistingParams, package: ModelPackage, run: Run) -> SampleSet | None:
    if not params.sample_set:
        return None
    path = Path(params.sample_set)
    run.inputs.add(path)
    samples = read_samples(path)
    differences = recipe_differences(samples.recipe, package.recipe)
    differences += [f"it lacks band {band}" for band in package.bands if band not in samples.bands]
    if not np.array_equal(samples.days, package.days):
        differences.append("its time steps are others")
    if differences:
        raise SampleError(
            f"The samples were not prepared as the model's were: {'; '.join(differences)}.",
            where=str(path),
            fix="Give the samples that the model was trained on, or none.",
        )
    return samples


def _candidates(
    params: SuggestParams, reach: Reach, predictor: PixelPredictor, run: Run, progress: Progress
) -> Predicted:
    rows, cols = draw_candidates(reach, params.candidates, params.seed, progress.part(0.0, 0.1))
    pixels, why = predictor.predict(rows, cols, progress.part(0.1, 1.0))
    run.warn(*joined_reasons(why))
    if len(pixels) < params.total:
        raise SampleError(
            f"{len(pixels)} of {len(rows)} candidates have a usable series; {params.total} points are wanted.",
            fix="Take more candidates, fewer points, or a larger area; check the season and the cloud mask.",
        )
    return pixels


def _chosen(
    params: SuggestParams,
    pixels: Predicted,
    reach: Reach,
    existing: tuple[SampleSet | None, ModelPackage],
    predictor: PixelPredictor,
    progress: Progress,
) -> _Found:
    samples, package = existing
    ground = reach.ground(pixels.rows, pixels.cols)
    doubt = uncertainty(pixels.probabilities, params.uncertainty)
    road_m = reach.to_roads(pixels.rows, pixels.cols)
    evenness = np.full(len(pixels), np.nan)
    appeal = np.ones(len(pixels))
    if params.weight_evenness > 0:
        evenness = predictor.evenness(pixels, progress.part(0.0, 0.7))
        appeal *= evenness**params.weight_evenness
    if reach.roads is not None and params.access_m > 0:
        # Only ratios count; far from all roads the numbers themselves would vanish.
        appeal *= np.exp(-(road_m - road_m.min()) / params.access_m)
    there = _series_of(samples, package)
    places, known = series_space(pixels.values, there, package)
    wishes = Wishes(params.total, params.weight_uncertainty, params.weight_diversity, params.min_distance_m)
    old = Spots(_ground_of(samples, reach), known)
    chosen = choose(Spots(ground, places), doubt, appeal, old, wishes, progress.part(0.7, 1.0))
    order = chosen[route(ground[chosen])]
    way_m = float(np.hypot(*np.diff(ground[order], axis=0).T).sum())
    return _Found(order, doubt, evenness, road_m, way_m)


def _far(params: ReachParams, found: _Found) -> list[str]:
    """Doubt roads that lie so far away that none of them leads to the images."""
    nearest = float(found.road_m.min()) if params.roads else 0.0
    if not params.access_m or nearest < _FAR * params.access_m:
        return []
    return [f"The nearest road is {length_text(nearest)} from all candidates: {params.roads} may be the wrong layer."]


def _series_of(samples: SampleSet | None, package: ModelPackage) -> NDArray[np.float32]:
    if samples is None:
        return np.empty((0, len(package.days), len(package.bands)), np.float32)
    return samples.values[:, :, [samples.bands.index(band) for band in package.bands]]


def _ground_of(samples: SampleSet | None, reach: Reach) -> NDArray[np.float64]:
    """Return where the existing samples stand, (sample, 2); without those that have no place in the images' CRS."""
    if samples is None or not samples.crs:
        return np.empty((0, 2))
    points = np.stack([samples.x, samples.y], axis=1)
    if not same_crs(samples.crs, reach.grid.crs):
        points = reproject_points(points, samples.crs, reach.grid.crs)
    return reach.ground_of(points[np.isfinite(points).all(axis=1)])


def _points(package: ModelPackage, reach: Reach, pixels: Predicted, found: _Found) -> FieldPoints:
    names = np.array(package.legend.names)
    probabilities = pixels.probabilities[found.order]
    ranked = np.argsort(-probabilities, axis=1, kind="stable")
    facts: dict[str, NDArray[Any]] = {
        "predicted": names[ranked[:, 0]],
        "second": names[ranked[:, 1]],
        "probability": np.round(probabilities.max(axis=1).astype(np.float64), 4),
        "uncertainty": np.round(found.doubt[found.order], 4),
    }
    for name, values in (("same", found.evenness), ("road_m", found.road_m)):
        if np.isfinite(values).any():
            facts[name] = np.round(values[found.order], 3)
    return FieldPoints(
        reach.grid,
        pixels.rows[found.order],
        pixels.cols[found.order],
        package.legend,
        facts,
        "Points to visit: fill in the class that grows there.",
    )


def _figures(found: _Found, pixels: Predicted, package: ModelPackage) -> dict[str, Any]:
    likeliest = Counter(pixels.probabilities[found.order].argmax(axis=1).tolist())
    return {
        "points": len(found.order),
        "predicted": {name: likeliest[k] for k, name in enumerate(package.legend.names)},
        "uncertainty": float(found.doubt[found.order].mean()),
        "candidates": len(pixels),
        "candidates_uncertainty": float(found.doubt.mean()),
        "way_km": round(found.way_m / 1000, 3),
    }
