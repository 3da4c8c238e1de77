"""Search for a model's best hyper-parameters, and judge them on samples that the search never saw."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.assessment.paired import compare_pair
from cropmap.assessment.tuning_report import HeldOut, TuningReport, trial_rows, write_tuning
from cropmap.contract.errors import SampleError
from cropmap.contract.params import chosen, param, to_dict
from cropmap.contract.words import counted
from cropmap.data.accuracy import accuracy_of
from cropmap.io.files import atomic_write_text
from cropmap.io.tables import csv_text
from cropmap.jobs import JOBS
from cropmap.jobs.params import FitParams
from cropmap.jobs.run import versions
from cropmap.jobs.sample import read_and_split, split_figures
from cropmap.jobs.train import SampleSetParams, check_model, fit_options, headline, held_back
from cropmap.models import MODELS
from cropmap.models.predictor import Predictor
from cropmap.sampling.folds import check_training, nested_folds
from cropmap.training.fit import fit
from cropmap.training.sides import MIN_SAMPLES
from cropmap.training.trials import MACRO_F1, OBJECTIVES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress
    from cropmap.data.samples import FoldPlan, SampleSet
    from cropmap.io.tables import Cell
    from cropmap.jobs.run import Run
    from cropmap.training.trials import SearchResult

# The fold that the search never sees.
HELD_OUT = 0
# A use of randomness of its own, after those of `sample`.
INNER_STREAM = 10


@dataclass(frozen=True, kw_only=True)
class BudgetParams:
    """How long is searched, and for what."""

    minutes: float = param(
        30.0,
        title="Time",
        help="What the search may take; judging its result comes on top, with two fits. The defaults are always tried.",
        unit="minutes",
        low=0.1,
        high=100_000,
    )
    trials: int = param(0, title="Most trials", help="Most sets of values tried; 0 sets no limit.", low=0, high=100_000)
    objective: str = param(
        MACRO_F1,
        choices=OBJECTIVES,
        help="What is made as large as possible: the mean F1 of the classes, or the overall accuracy.",
    )


@dataclass(frozen=True, kw_only=True)
class TuneParams(BudgetParams, FitParams, SampleSetParams):
    """What `tune` takes."""


@JOBS.register("tune", title="Tune model", params=TuneParams)
def tune(params: TuneParams, run: Run) -> Mapping[str, Any]:
    """Search for the model's best parameter values by cross-validation; values that are given stay as they are."""
    check_model(params)
    _check_space(params)
    held, plan = read_and_split(params.sample_set, params, params.seed, run)
    samples = held.samples
    inner = _inner(samples, plan, params.seed)
    check_training(inner, samples.legend)
    with run.stage("Searching", 0.0, 0.9) as progress:
        found = _searched(samples, inner, params, run, progress)
    with run.stage("Judging what was found", 0.9, 0.98) as progress:
        judged = _judged(samples, plan, params, found, progress)
    _write(found, judged, run)
    report = TuningReport(
        season=samples.recipe.season,
        model=MODELS.get(found.model).title,
        found=found,
        held_out=judged,
        samples=int((inner.fold >= 0).sum()),
        settings=to_dict(params),
        versions=versions(),
        warnings=tuple(run.warnings),
    )
    write_tuning(run.output("report", "report.html"), report)
    return {"figures": {**_figures(found, judged), **split_figures(plan)}}


def _check_space(params: TuneParams) -> None:
    # Here, not above: who lists the jobs must not wait for Optuna.
    from cropmap.training.search import check_search  # noqa: PLC0415

    check_search(*chosen(params.model))


def _inner(samples: SampleSet, plan: FoldPlan, seed: int) -> FoldPlan:
    """Return the folds of the search: of the samples that may train for the fold that is held out."""
    rng = np.random.default_rng([seed, INNER_STREAM])
    units = len(np.unique(plan.units[plan.train_mask(HELD_OUT)]))
    if units < 2:
        raise SampleError(
            f"The samples that may be searched with form {counted(units, 'unit', 'units')}; two are needed.",
            where=f"{plan.folds} folds, one of which judges the search",
            fix="Ask for more folds, use smaller blocks, or add samples elsewhere.",
        )
    return nested_folds(plan, HELD_OUT, samples, max(2, plan.folds - 1), rng)


def _searched(samples: SampleSet, inner: FoldPlan, params: TuneParams, run: Run, progress: Progress) -> SearchResult:
    # Here, not above: who lists the jobs must not wait for Optuna.
    from cropmap.training.search import SearchOptions, search  # noqa: PLC0415

    name, values = chosen(params.model)

    def keep(found: SearchResult) -> None:
        _write(found, None, run)
        run.warn(f"Cancelled: the best values so far are kept in {run.folder / 'model.json'}.")

    options = SearchOptions(
        minutes=params.minutes,
        trials=params.trials,
        objective=params.objective,
        fit=fit_options(params),
        journal=run.folder / "journal.jsonl",
        keep=keep,
    )
    return search(samples, inner, name, values, options, progress)


def _judged(samples: SampleSet, plan: FoldPlan, params: TuneParams, found: SearchResult, progress: Progress) -> HeldOut:
    """Fit the model as it is and as it was found, and judge both on the fold that the search has not seen."""
    given = found.fixed
    own = _predicted(samples, plan, params, given, progress.part(0.0, 0.5))
    best = own
    if found.best.number:
        best = _predicted(samples, plan, params, found.values, progress.part(0.5, 1.0))
    truth = samples.codes[plan.fold == HELD_OUT]
    return HeldOut(
        defaults=accuracy_of(truth, own, samples.legend),
        best=accuracy_of(truth, best, samples.legend),
        test=compare_pair(truth, own, best, samples.legend).overall,
    )


def _predicted(
    samples: SampleSet, plan: FoldPlan, params: TuneParams, values: Mapping[str, Any], progress: Progress
) -> NDArray[np.uint8]:
    """Return what a model of all other folds says of the one that is held out; it trains as the final model would."""
    seen = plan.train_mask(HELD_OUT)
    codes, counts = np.unique(samples.codes[seen], return_counts=True)
    seen &= np.isin(samples.codes, codes[counts >= MIN_SAMPLES])
    name, _ = chosen(params.model)
    held = held_back(plan, seen, params)
    package = fit(samples.subset(seen), name, values, fit_options(params), progress, held)
    return Predictor(package, params.device).codes(samples.values[plan.fold == HELD_OUT])


def _write(found: SearchResult, judged: HeldOut | None, run: Run) -> None:
    """Write the trials and the model with the best values, as a job takes it."""
    atomic_write_text(run.output("trials", "trials.csv"), csv_text(trial_rows(found)))
    atomic_write_text(run.output("model", "model.json"), json.dumps(found.entry, indent=2) + "\n")
    if judged is not None:
        rows: list[Sequence[Cell]] = [("values", "measure", "value"), *_judged_rows(judged)]
        atomic_write_text(run.output("held_out", "held_out.csv"), csv_text(rows))
        (run.folder / "journal.jsonl").unlink(missing_ok=True)


def _judged_rows(judged: HeldOut) -> list[tuple[str, str, float]]:
    both = (("defaults", judged.defaults), ("best", judged.best))
    return [(name, key, value) for name, own in both for key, value in headline(own).items()]


def _figures(found: SearchResult, judged: HeldOut) -> dict[str, Any]:
    return {
        "trials": len(found.trials),
        "best": dict(found.best.values),
        "search_score": found.best.score,
        "search_score_of_defaults": found.trials[0].score,
        "held_out": headline(judged.best),
        "held_out_of_defaults": headline(judged.defaults),
        "only_best_right": judged.test.only_second,
        "only_defaults_right": judged.test.only_first,
    }
