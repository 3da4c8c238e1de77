"""Map a season of images with a fitted model."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cropmap.contract.params import param
from cropmap.data.ranges import check_units
from cropmap.data.season import Season
from cropmap.io.packages import read_package
from cropmap.jobs import JOBS
from cropmap.jobs.images import open_images, ranges_in
from cropmap.jobs.params import ImagesParams, MapParams
from cropmap.mapping.predict import MapOptions, map_series
from cropmap.prepare.blocks import prepared_bands

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.contract.progress import Progress
    from cropmap.data.maps import ClassMap
    from cropmap.data.package import ModelPackage
    from cropmap.data.prepared import PreparedSeries
    from cropmap.data.scenes import SceneSeries
    from cropmap.jobs.run import Run


@dataclass(frozen=True, kw_only=True)
class PackageParams:
    """Which model maps which season."""

    package: str = param(kind="package", title="Model", help="Model package (.cropmap) that the train job wrote.")
    season_start: str = param(
        "",
        kind="date",
        help="First day of the season to map; the year that holds most of the images where empty.",
        advanced=True,
    )


@dataclass(frozen=True, kw_only=True)
class MapJobParams(MapParams, PackageParams, ImagesParams):
    """What `map` takes."""


@JOBS.register("map", title="Map crops", params=MapJobParams)
def map_crops(params: MapJobParams, run: Run) -> Mapping[str, Any]:
    """Map every pixel of a season of images with a fitted model; an interrupted map is resumed."""
    path = Path(params.package)
    package = read_package(path)
    run.inputs.add(path)
    series = open_images(params.images, run)
    season = asked_season(params, package)
    with run.stage("Looking at the images", 0.0, 0.02):
        check_images(package, series, run)
    with run.stage("Mapping", 0.02, 1.0) as progress:
        found = make_map(package, series, params, run, progress, season)
    return {"figures": map_figures(found)}


def asked_season(params: PackageParams, package: ModelPackage) -> Season | None:
    """Return the season that was asked for, as long as the model's; None where the images' own is meant."""
    if not params.season_start:
        return None
    start = dt.date.fromisoformat(params.season_start)
    return Season(start, start + dt.timedelta(days=package.recipe.season.length_days))


def check_images(package: ModelPackage, series: SceneSeries | PreparedSeries, run: Run) -> None:
    """Refuse images that lack bands of the model or are in other units than its samples; warn of a missing mask.

    Raises:
        PackageError: A band is missing.
        SourceError: A band lies far outside what the model was trained on.
    """
    package.check_bands(prepared_bands(series, package.recipe))
    if package.record.get("masked") and not series.masked:
        run.warn(
            "The model was trained on images with a cloud mask, and these have none: clouds will be taken for crops. "
            "Name the mask band."
        )
    ranges = {band: (float(span[0]), float(span[1])) for band, span in package.record.get("ranges", {}).items()}
    shared = {band: span for band, span in ranges.items() if band in series.bands}
    if shared:
        check_units(shared, ranges_in(series), what="The model was trained on")


def make_map(
    package: ModelPackage,
    series: SceneSeries | PreparedSeries,
    params: MapParams,
    run: Run,
    progress: Progress,
    season: Season | None = None,
) -> ClassMap:
    """Map a series into the run folder."""
    options = MapOptions(
        folder=run.folder,
        name="class_map",
        block=params.block,
        threads=params.threads,
        confidence=params.confidence,
        outside=params.outside,
        season=season,
        device=params.device,
    )
    found = map_series(package, series, options, progress)
    run.output("class_map", found.path.name)
    if found.confidence_path:
        run.output("confidence", found.confidence_path.name)
    if found.outside_path:
        run.output("outside", found.outside_path.name)
    return found


def map_figures(found: ClassMap) -> dict[str, Any]:
    """Return the map's pixel counts by class name, and the share that is not like what the model learnt from."""
    counts = {each.name: found.pixels.get(each.code, 0) for each in found.legend.classes}
    figures: dict[str, Any] = {"mapped_pixels": counts, "unmapped_pixels": found.unmapped}
    if found.outside_path:
        figures["outside_share"] = found.outside_share
    return figures
