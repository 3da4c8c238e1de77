"""The whole road on a synthetic site whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cropmap.assessment.reference import ComparisonOptions, ReferenceRaster, map_accuracy, seen_pixels
from cropmap.assessment.report import Measured
from cropmap.contract.params import param
from cropmap.jobs import JOBS
from cropmap.jobs.classify import ClassifyParams, go_the_road, report_on, road_figures
from cropmap.jobs.params import MapParams, ModelParams, RecipeParams, SeedParams
from cropmap.jobs.train import check_model, clear_checkpoints, headline
from cropmap.testing.synthetic import SyntheticOptions, write_site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.jobs.run import Run

_TRUTH = (
    "Measured by comparing the map with the synthetic site's known truth, pixel by pixel, field edges included. Pixels "
    "on which the model was trained are left out."
)


@dataclass(frozen=True, kw_only=True)
class SiteParams:
    """Which synthetic site."""

    site: str = param("corn_belt", choices=("corn_belt", "vojvodina"), help="Which synthetic landscape.")
    size: int = param(256, help="Edge of the site.", unit="pixels", low=64, high=4096)
    points: int = param(400, help="Surveyed points to learn from.", low=50, high=100000)


@dataclass(frozen=True, kw_only=True)
class DemoParams(SeedParams, MapParams, ModelParams, RecipeParams, SiteParams):
    """What `demo` takes."""


@JOBS.register("demo", title="Demo", params=DemoParams)
def demo(params: DemoParams, run: Run) -> Mapping[str, Any]:
    """Make a synthetic site with clouds, crops and surveyed points, map it, and compare the map with the truth."""
    options = SyntheticOptions(
        site=params.site, size=params.size, seed=params.seed, points=params.points, history=False
    )
    check_model(params)
    with run.stage("Making the site", 0.0, 0.3) as progress:
        site = write_site(run.folder / "site", options, progress)
    road = ClassifyParams(
        images={"name": "folder", "path": str(site.images), "masks": ["QA_PIXEL"], "valid_range": [0.0, 1.0]},
        samples=str(site.points),
        recipe=params.recipe,
        model=params.model,
        device=params.device,
        confidence=params.confidence,
        outside=params.outside,
        threads=params.threads,
        block=params.block,
        seed=params.seed,
    )
    rest = run.within(0.3, 0.97)
    done = go_the_road(road, rest)
    run.device = rest.device
    truth = ReferenceRaster(str(site.truth))
    seen = seen_pixels(done.samples, done.class_map.grid)
    accuracy = map_accuracy(done.class_map, truth, ComparisonOptions(seen=seen))
    run.warn(*accuracy.notes)
    against = Measured("Known truth", _TRUTH, accuracy)
    report_on(done, road, run, site=params.site, measured=(against, *done.trained.measured), title="Demo: crop map")
    clear_checkpoints(run)
    figures = {f"truth_{name}": value for name, value in headline(accuracy).items()}
    return {"figures": {**road_figures(done), **figures}}
