"""Compare recipes by what they make of observations that they were not shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.assessment.hidden import draw_pixels, sampled_of
from cropmap.assessment.reconstruction import (
    Asked,
    Comparison,
    ComparisonOptions,
    by_date_rows,
    compare_recipes,
    summary_rows,
)
from cropmap.assessment.reconstruction_report import ComparisonReport, write_comparison
from cropmap.contract.errors import SourceError
from cropmap.contract.params import chosen, param, to_dict
from cropmap.io.files import atomic_write_text
from cropmap.io.series import SeriesReader
from cropmap.io.tables import csv_text
from cropmap.jobs import JOBS
from cropmap.jobs.images import open_scenes
from cropmap.jobs.params import ImagesParams, SeedParams
from cropmap.jobs.run import versions
from cropmap.prepare import RECIPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cropmap.assessment.hidden import Sampled
    from cropmap.data.scenes import SceneSeries
    from cropmap.jobs.run import Run

_OWN = "own"  # the recipe that has no steps before a user names them
_PIXEL_STREAM = 3


@dataclass(frozen=True, kw_only=True)
class AskedParams:
    """What is compared, and how much of it."""

    recipes: list[Any] = param(
        [{"name": entry.name} for entry in RECIPES.entries() if entry.name != _OWN],
        kind="entries",
        registry="recipes",
        help="The recipes to compare, each with its own settings; the same one may stand here several times.",
    )
    share: float = param(
        0.1, title="Share hidden", help="Part of each pixel's clear observations that is hidden.", low=0.01, high=0.5
    )
    pixels: int = param(
        2000, help="How many pixels are looked at, spread over the site.", unit="pixels", low=1, high=1_000_000
    )
    plots: int = param(12, help="How many of the pixels the report draws.", low=1, high=100)


@dataclass(frozen=True, kw_only=True)
class CompareParams(SeedParams, AskedParams, ImagesParams):
    """What `compare` takes."""


@JOBS.register("compare", title="Compare recipes", params=CompareParams)
def compare(params: CompareParams, run: Run) -> Mapping[str, Any]:
    """Hide some clear observations, prepare the rest with each recipe, and report how far its values are from them."""
    asked = _named(params.recipes)
    series = open_scenes(params.images, run)
    with run.stage("Reading pixels", 0.0, 0.6):
        sampled = _sampled(params, series, run)
    options = ComparisonOptions(params.share, params.plots, params.seed)
    with run.stage("Comparing recipes", 0.6, 0.9) as progress:
        found = compare_recipes(sampled, asked, options, progress)
    for out in found.left_out:
        run.warn(f"Recipe {out.name} is not compared: {out.why.rstrip('.')}.")
    if not found.common.any():
        run.warn(
            "No hidden observation was found again by all recipes, so there is no common error: hide a smaller share, "
            "or let the recipes accept fewer clear dates and longer gaps."
        )
    with run.stage("Writing", 0.9, 1.0):
        atomic_write_text(run.output("compare", "compare.csv"), csv_text(by_date_rows(found)))
        atomic_write_text(run.output("summary", "summary.csv"), csv_text(summary_rows(found)))
        report = ComparisonReport(found, masked=series.masked, settings=to_dict(params), versions=versions())
        write_comparison(run.output("report", "report.html"), report)
    return {"figures": _figures(found)}


def _named(recipes: Sequence[Any]) -> list[Asked]:
    """Return the recipes asked for; one that stands several times is numbered: "weekly_linear 2"."""
    seen: Counter[str] = Counter()
    asked = []
    for recipe in recipes:
        name, values = chosen(recipe)
        seen[name] += 1
        asked.append(Asked(name if seen[name] == 1 else f"{name} {seen[name]}", name, values))
    return asked


def _sampled(params: CompareParams, series: SceneSeries, run: Run) -> Sampled:
    """Read the pixels; those that are never clear are left out."""
    rng = np.random.default_rng([params.seed, _PIXEL_STREAM])
    rows, cols = draw_pixels(series.grid, params.pixels, rng)
    with SeriesReader(series) as reader:
        sampled = sampled_of(reader.read_pixels(rows, cols), rows, cols)
    if not len(sampled.rows):
        raise SourceError(
            f"None of {len(rows)} pixels is clear on any date.", fix="Check the mask and the valid range of the images."
        )
    if len(sampled.rows) < len(rows):
        run.warn(f"{len(rows) - len(sampled.rows)} of {len(rows)} pixels are never clear: left out.")
    return sampled


def _figures(found: Comparison) -> dict[str, Any]:
    return {
        "pixels": len(found.sampled.rows),
        "hidden_observations": len(found.hidden),
        "common_observations": int(found.common.sum()),
        "relative_rmse": {trial.asked.name: round(found.relative(trial), 4) for trial in found.trials},
        "left_out": {out.name: out.why for out in found.left_out},
    }
