"""The whole road: images and labels in, styled crop map and report out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cropmap.assessment.report import Measured, Report, write_report
from cropmap.contract.params import to_dict
from cropmap.data.maps import ClassMap
from cropmap.data.prepared import PreparedSeries
from cropmap.data.samples import FoldPlan, SampleSet
from cropmap.data.scenes import SceneSeries
from cropmap.jobs import JOBS
from cropmap.jobs.images import clear_dates_of, open_images, recipe_for
from cropmap.jobs.map import make_map, map_figures
from cropmap.jobs.params import LabelledParams, MapParams, RecipeParams
from cropmap.jobs.run import versions
from cropmap.jobs.sample import at_site, collect, split, split_figures, write_collected
from cropmap.jobs.train import (
    EvidenceParams,
    Trained,
    check_model,
    clear_checkpoints,
    figures_of,
    fit_and_judge,
    training_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.jobs.run import Run


@dataclass(frozen=True, kw_only=True)
class ClassifyParams(MapParams, EvidenceParams, RecipeParams, LabelledParams):
    """What `classify` takes."""


@dataclass(frozen=True)
class Classified:
    """What the whole road gives, for its report."""

    series: SceneSeries | PreparedSeries
    samples: SampleSet
    plan: FoldPlan
    trained: Trained
    class_map: ClassMap


@JOBS.register("classify", title="Classify crops", params=ClassifyParams)
def classify(params: ClassifyParams, run: Run) -> Mapping[str, Any]:
    """Sample, train, judge by cross-validation, map and report: from images and labels to a crop map."""
    done = go_the_road(params, run)
    report_on(done, params, run, site=Path(params.samples).stem, measured=done.trained.measured)
    clear_checkpoints(run)
    return {"figures": road_figures(done)}


def go_the_road(params: ClassifyParams, run: Run) -> Classified:
    """Do everything but the report."""
    check_model(params)
    series = open_images(params.images, run)
    recipe = recipe_for(params.recipe, series, run)
    with run.stage("Sampling", 0.0, 0.15) as progress:
        samples = at_site(collect(params, series, recipe, run, progress), params.site)
    plan = split(samples, params, params.seed, run)
    write_collected(params, samples, plan, run)
    learning = run.within(0.15, 0.5)
    trained = fit_and_judge(samples, plan, params, learning)
    run.device = learning.device
    with run.stage("Mapping", 0.5, 0.97) as progress:
        class_map = make_map(trained.package, series, params, run, progress)
    return Classified(series, samples, plan, trained, class_map)


def report_on(
    done: Classified, params: Any, run: Run, *, site: str, measured: tuple[Measured, ...], title: str = "Crop map"
) -> None:
    """Write the report of the whole road."""
    report = Report(
        title=title,
        site=site,
        season=done.samples.recipe.season,
        class_map=done.class_map,
        measured=measured,
        samples=done.samples,
        folds=done.plan,
        training=training_of(done.trained, done.samples, run),
        clear=clear_dates_of(done.series),
        settings=to_dict(params),
        versions=versions(),
        warnings=tuple(run.warnings),
    )
    write_report(run.output("report", "report.html"), report)


def road_figures(done: Classified) -> dict[str, Any]:
    """Return the whole road's headline figures."""
    figures = {"samples": len(done.samples), **split_figures(done.plan)}
    return {**figures, **figures_of(done.trained.judged), **map_figures(done.class_map)}
