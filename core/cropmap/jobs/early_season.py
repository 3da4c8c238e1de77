"""Judge how early in the season crops can be told apart, with one model for each date."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.assessment.early_season import (
    LEAST_SHARE,
    CutOff,
    chosen_samples,
    curve_rows,
    cut_off_dates,
    first_date_rows,
    first_dates,
    least_share,
    usable_samples,
)
from cropmap.assessment.early_season_report import EarlySeasonReport, write_early_season
from cropmap.contract.errors import RecipeError, SampleError
from cropmap.contract.params import chosen, param, to_dict
from cropmap.contract.progress import Progress
from cropmap.data.accuracy import accuracy_of
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.io.files import atomic_write_text
from cropmap.io.glance import glance
from cropmap.io.packages import write_package
from cropmap.io.tables import csv_text
from cropmap.jobs import JOBS
from cropmap.jobs.images import image_bands, open_scenes
from cropmap.jobs.params import FitParams, LabelledParams, RecipeParams
from cropmap.jobs.run import versions
from cropmap.jobs.sample import (
    asked_scheme,
    at_site,
    place_labels,
    read_labelled_series,
    split,
    split_figures,
)
from cropmap.jobs.train import (
    CHECKPOINTS,
    calibration_of,
    check_model,
    clear_checkpoints,
    evidence,
    fit_options,
    headline,
    held_back,
)
from cropmap.models import MODELS
from cropmap.prepare.recipe import make_recipe, needs_look, settle
from cropmap.sampling.folds import check_training
from cropmap.sampling.from_series import samples_from_series
from cropmap.sampling.parcels import PlacedParcels, read_raw_parcels
from cropmap.sampling.raw_series import read_raw, recipe_until
from cropmap.training.fit import cross_validate, fit_once

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.assessment.early_season import FirstDate
    from cropmap.data.samples import FoldPlan
    from cropmap.data.scenes import SceneSeries
    from cropmap.data.season import Season
    from cropmap.jobs.run import Run

# Prepares the samples by a recipe that is settled; notes go to the progress as warnings.
_Prepare = Callable[[Recipe, Progress], SampleSet]


@dataclass(frozen=True, kw_only=True)
class CutOffDatesParams:
    """When the season is cut off, and what is good enough."""

    first_cutoff: str = param(
        "", kind="date", title="First cut-off", help="Last day that the first model sees; empty: a third of the season."
    )
    every_days: int = param(
        14,
        title="Every",
        help="Days from one cut-off to the next; the season's last day is the last one.",
        unit="days",
        low=1,
        high=366,
    )
    threshold: float = param(
        0.8,
        help="F1 from which on a class counts as told; the first date that it stays there is looked for.",
        low=0,
        high=1,
    )


@dataclass(frozen=True, kw_only=True)
class EarlySeasonParams(CutOffDatesParams, FitParams, RecipeParams, LabelledParams):
    """What `early_season` takes."""


@dataclass(frozen=True, eq=False)
class _Cuts:
    """The cut-offs that are judged.

    Args:
        whole: The samples that all of them share, prepared with the whole season.
        recipes: Settled, by cut-off.
        prepare: Prepares the samples.
        left_out: The cut-offs that are not judged, and why.
    """

    whole: SampleSet
    recipes: Mapping[dt.date, Recipe]
    prepare: _Prepare
    left_out: Mapping[dt.date, str]

    def at(self, date: dt.date) -> SampleSet:
        """Return the shared samples as they look on a date, in the same order at each."""
        return chosen_samples(self.prepare(self.recipes[date], Progress()), self.whole.ids)


@JOBS.register("early_season", title="How early in the season", params=EarlySeasonParams)
def early_season(params: EarlySeasonParams, run: Run) -> Mapping[str, Any]:
    """Tell from which date on each crop is told apart well enough, by models that see nothing after it."""
    check_model(params)
    series = open_scenes(params.images, run)
    _dates(params, series)  # what is wrong with them is told before the images are read
    with run.stage("Reading", 0.0, 0.25) as progress:
        prepare = _reader(params, series, run, progress)
    with run.stage("Preparing each cut-off", 0.25, 0.35) as progress:
        cuts = _cuts(params, series, prepare, progress)
    plan = split(cuts.whole, params, params.seed, run)
    check_training(plan, cuts.whole.legend)
    with run.stage("Judging each cut-off", 0.35, 0.98) as progress:
        found = tuple(
            _judged(cuts.at(date), (date, _images(series, cuts.whole, date)), plan, params, (run, part))
            for date, part in zip(cuts.recipes, _parts(progress, len(cuts.recipes)), strict=True)
        )
    first = first_dates(found, params.threshold)
    _write(params, cuts, found, first, run)
    for path in set(run.folder.glob("cutoff_*.cropmap")) - set(run.outputs.values()):
        path.unlink()  # of an interrupted run with other labels
    clear_checkpoints(run)
    figures = {
        "samples": len(cuts.whole),
        "cut_offs": len(found),
        "left_out": {date.isoformat(): why for date, why in cuts.left_out.items()},
        "first_dates": {row.name: row.date.isoformat() if row.date else None for row in first},
        **split_figures(plan),
        **headline(found[-1].accuracy),
    }
    return {"figures": figures}


# ---------------------------------------------------------------- series, once read, prepared for each cut-off


def _reader(params: EarlySeasonParams, series: SceneSeries, run: Run, progress: Progress) -> _Prepare:
    """Read labels and series once, and return what prepares them."""
    table = read_labelled_series(params, series, run)
    if table is not None:
        bands, scheme = image_bands(series), asked_scheme(params)
        return lambda recipe, told: samples_from_series(table, recipe, bands, scheme=scheme, progress=told)
    placing, reading = progress.part(0.0, 0.2), progress.part(0.2, 1.0)
    placed = place_labels(params, series, run, placing)
    if isinstance(placed, PlacedParcels):
        raw = read_raw_parcels(series, placed, params.min_clear_share, reading)
    else:
        raw = read_raw(series, placed, reading)

    def prepare(recipe: Recipe, told: Progress) -> SampleSet:
        samples, notes = raw.prepared(recipe)
        for note in notes:
            told.warn(note)
        return samples

    return prepare


def _dates(params: EarlySeasonParams, series: SceneSeries) -> tuple[Season, tuple[dt.date, ...]]:
    """Return the whole season and the dates at which it is cut off."""
    name, values = chosen(params.recipe)
    season = make_recipe(name, values, series.dates).season
    first = dt.date.fromisoformat(params.first_cutoff) if params.first_cutoff else None
    return season, cut_off_dates(season, first, params.every_days)


def _cuts(params: EarlySeasonParams, series: SceneSeries, prepare: _Prepare, progress: Progress) -> _Cuts:
    """Prepare the samples for each cut-off; those of the whole season say which samples there are."""
    name, values = chosen(params.recipe)
    season, dates = _dates(params, series)
    settled = _settler(series)

    def recipe_at(date: dt.date) -> Recipe:
        return settled(recipe_until(name, values, series.dates, season.start, date))

    last = recipe_at(season.end)
    whole = at_site(prepare(last, progress), params.site)
    recipes: dict[dt.date, Recipe] = {}
    left_out: dict[dt.date, str] = {}
    shared = np.ones(len(whole), np.bool_)
    for date in progress.over(dates[:-1], "Preparing each cut-off"):
        try:
            recipe = recipe_at(date)
            usable = usable_samples(whole, prepare(recipe, Progress()))
        except (RecipeError, SampleError) as error:
            left_out[date] = f"{error.what} {error.where}".strip()
            continue
        rarest, share = least_share(whole, usable)
        if share < LEAST_SHARE:
            left_out[date] = f"only {share:.0%} of the samples of class {rarest!r} have a usable series by then."
            continue
        recipes[date], shared = recipe, shared & usable
    _tell(recipes, left_out, shared, progress)
    return _Cuts(whole.subset(shared), {**recipes, season.end: last}, prepare, left_out)


def _tell(
    recipes: Mapping[dt.date, Recipe], left_out: Mapping[dt.date, str], shared: NDArray[np.bool_], progress: Progress
) -> None:
    """Tell which cut-offs and how many samples are left out; refuse where nothing is left."""
    if not recipes:
        raise SampleError(
            "No cut-off before the season's end can be judged.",
            where="; ".join(f"{date}: {why}" for date, why in left_out.items()),
            fix="Begin later, or take a recipe that accepts fewer clear dates.",
        )
    if not shared.any():
        raise SampleError("No sample has a usable series at every cut-off.", fix="Begin later, or with fewer cut-offs.")
    for date, why in left_out.items():
        progress.warn(f"The cut-off {date} is left out: {why}")
    if not shared.all():
        lost = int((~shared).sum())
        progress.warn(f"{lost} of {len(shared)} samples are left out: they have no usable series at every cut-off.")


def _settler(series: SceneSeries) -> Callable[[Recipe], Recipe]:
    """Return what settles recipes by one glance at the images, taken when the first recipe needs it."""
    seen: list[Any] = []

    def settled(recipe: Recipe) -> Recipe:
        if not needs_look(recipe):
            return recipe
        if not seen:
            seen.append(glance(series))
        return settle(recipe, seen[0])

    return settled


# ---------------------------------------------------------------- one cut-off


def _judged(
    samples: SampleSet, at: tuple[dt.date, int], plan: FoldPlan, params: EarlySeasonParams, told: tuple[Run, Progress]
) -> CutOff:
    """Cross-validate at one cut-off, fit its model on all samples, and write that."""
    (date, images), (run, progress) = at, told
    name, values = chosen(params.model)
    folder = run.folder / CHECKPOINTS / date.isoformat()
    options = dataclasses.replace(fit_options(params), checkpoints=folder)
    progress = progress.curve(f"Until {date}")
    progress.at(0.0, f"Cut-off {date}")
    judged = cross_validate(samples, plan, name, values, options, progress.part(0.0, 0.8))
    tested = plan.fold >= 0
    accuracy = accuracy_of(samples.codes[tested], judged.codes[tested], judged.legend)
    held = held_back(plan, np.ones(len(samples), dtype=bool), params)
    package = fit_once(samples, name, values, options, progress.part(0.8, 1.0), held)
    run.device = str(package.record["device"])
    about = {**evidence(samples), "cross_validation": headline(accuracy), "cut_off": date.isoformat()}
    package = dataclasses.replace(
        package, record={**package.record, **about}, temperature=calibration_of(samples, judged).temperature
    )
    write_package(run.output(f"cutoff_{date}", f"cutoff_{date}.cropmap"), package)
    return CutOff(date, images, accuracy)


def _images(series: SceneSeries, samples: SampleSet, date: dt.date) -> int:
    return sum(samples.recipe.season.start <= acquired <= date for acquired in set(series.dates))


def _parts(progress: Progress, count: int) -> list[Progress]:
    return [progress.part(done / count, (done + 1) / count) for done in range(count)]


# ---------------------------------------------------------------- what is told


def _write(
    params: EarlySeasonParams, cuts: _Cuts, found: tuple[CutOff, ...], first: tuple[FirstDate, ...], run: Run
) -> None:
    atomic_write_text(run.output("curve", "early_season.csv"), csv_text(curve_rows(found)))
    rows = first_date_rows(first, params.threshold)
    atomic_write_text(run.output("first_dates", "first_dates.csv"), csv_text(rows))
    recipe = cuts.whole.recipe
    report = EarlySeasonReport(
        season=recipe.season,
        recipe=recipe.name,
        model=MODELS.get(chosen(params.model)[0]).title,
        cut_offs=found,
        first=first,
        threshold=params.threshold,
        left_out=cuts.left_out,
        samples=len(cuts.whole),
        settings=to_dict(params),
        versions=versions(),
        warnings=tuple(note for note in run.warnings if not note.startswith("The cut-off ")),
    )
    write_early_season(run.output("report", "report.html"), report)
