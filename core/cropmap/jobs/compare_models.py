"""Compare models on the same folds of the same samples."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.assessment.learning_curve import LabelDraw, curve_rows, learning_curve
from cropmap.assessment.model_comparison import (
    ComparedModel,
    LeftOut,
    ModelComparison,
    ModelRun,
    class_rows,
    compare_models,
    model_rows,
    pair_rows,
    prediction_rows,
)
from cropmap.assessment.model_comparison_report import ModelComparisonReport, write_model_comparison
from cropmap.assessment.paired import MACRO_F1, OVERALL
from cropmap.contract.errors import ModelError, ParameterError, Problem, SampleError
from cropmap.contract.params import param, to_dict
from cropmap.io.files import atomic_write_text
from cropmap.io.tables import csv_text
from cropmap.jobs import JOBS
from cropmap.jobs.compared import Asked, clock, named
from cropmap.jobs.params import DeviceParams, SplitParams, ValidationParams
from cropmap.jobs.run import versions
from cropmap.jobs.sample import read_and_split
from cropmap.jobs.train import CHECKPOINTS, SampleSetParams, clear_checkpoints
from cropmap.sampling.folds import check_training
from cropmap.sampling.subsets import nested_by_class
from cropmap.training.fit import FitOptions, OutOfFold, check_fit, cross_validate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cropmap.assessment.learning_curve import CurvePoint
    from cropmap.contract.progress import Progress
    from cropmap.data.legend import Legend
    from cropmap.data.samples import FoldPlan, SampleSet
    from cropmap.jobs.run import Run

_CHEAP = ("random_forest", "gradient_boosting", "tempcnn", "ltae")


@dataclass(frozen=True, kw_only=True)
class AskedModelsParams(SampleSetParams):
    """What is compared, and on what."""

    models: list[Any] = param(
        [{"name": name} for name in _CHEAP],
        kind="entries",
        registry="models",
        help="The models to compare, each with its own settings; the same one may stand here several times.",
    )
    seeds: int = param(
        1,
        title="Runs of each model",
        help="How often each model is cross-validated, each time with another seed on the same folds: what differs "
        "between runs is chance.",
        low=1,
        high=50,
    )
    label_counts: list[float] = param(
        [],
        kind="numbers",
        title="Learning curve",
        help="Numbers of labels of each class: each model is also fitted on so many, drawn from all folds but the "
        "first, and tested on the first. Empty: no learning curve.",
        low=2,
        high=10_000_000,
    )


@dataclass(frozen=True, kw_only=True)
class CompareModelsParams(ValidationParams, DeviceParams, SplitParams, AskedModelsParams):
    """What `compare_models` takes."""


@JOBS.register("compare_models", title="Compare models", params=CompareModelsParams)
def compare_models_job(params: CompareModelsParams, run: Run) -> Mapping[str, Any]:
    """Cross-validate several models on the same folds of one sample set, and report which is best and by how much."""
    asked = named(params.models)
    _check(asked, params)
    held, plan = read_and_split(params.sample_set, params, params.seed, run)
    samples = held.samples
    check_training(plan, samples.legend)
    share = 0.6 if params.label_counts else 0.95
    with run.stage("Cross-validating", 0.0, share) as progress:
        judged, left_out, legend = _judged(samples, plan, asked, params, (run, progress))
    with run.stage("Learning curves", share, 0.95) as progress:
        compared = [own for own in asked if own.name in {other.name for other in judged}]
        curve = _curves(samples, plan, compared, params, (run, progress)) if params.label_counts else []
    with run.stage("Comparing", 0.95, 1.0):
        found = compare_models(samples, plan, legend, judged, params.seed)
        found = dataclasses.replace(found, left_out=tuple(left_out), curve=tuple(curve))
        _write(found, params, run)
    clear_checkpoints(run)
    return {"figures": _figures(found)}


def _check(asked: Sequence[Asked], params: CompareModelsParams) -> None:
    """Refuse models that cannot be made, and counts that are not whole, before any work."""
    for own in asked:
        check_fit(own.entry, own.values, params.device)
    broken = [count for count in params.label_counts if count != int(count)]
    if broken:
        raise ParameterError([Problem("label_counts", f"{broken[0]} is not a whole number.")])


# ---------------------------------------------------------------- the work


def _judged(
    samples: SampleSet, plan: FoldPlan, asked: Sequence[Asked], params: CompareModelsParams, told: tuple[Run, Progress]
) -> tuple[list[ComparedModel], list[LeftOut], Legend]:
    """Cross-validate every model in every run; what cannot be fitted is left out, with a warning."""
    run, progress = told
    judged: list[ComparedModel] = []
    left_out: list[LeftOut] = []
    notes: dict[str, None] = {}
    legend = samples.legend
    for done, own in enumerate(asked):
        part = progress.part(done / len(asked), (done + 1) / len(asked))
        try:
            runs, found = _runs(samples, plan, own, params, (run, part))
        except (SampleError, ModelError) as error:
            left_out.append(LeftOut(own.name, own.entry, error.what))
            run.warn(f"Model {own.name} is not compared: {error.what.rstrip('.')}.")
            continue
        notes |= dict.fromkeys(found.notes)
        legend = found.legend
        judged.append(ComparedModel(own.name, own.entry, own.values, tuple(runs)))
    run.warn(*notes)
    if not judged:
        raise ModelError(
            "None of the models could be fitted on these samples.",
            where="; ".join(f"{out.name}: {out.why}" for out in left_out),
            fix="Give more samples, or choose other models.",
        )
    return judged, left_out, legend


def _runs(
    samples: SampleSet, plan: FoldPlan, own: Asked, params: CompareModelsParams, told: tuple[Run, Progress]
) -> tuple[list[ModelRun], OutOfFold]:
    run, progress = told
    runs, outcomes = [], []
    for number in range(params.seeds):
        part = progress.part(number / params.seeds, (number + 1) / params.seeds).curve(f"{own.name}, run {number + 1}")
        part.at(0.0, f"{own.name}, run {number + 1} of {params.seeds}")
        folder = run.folder / CHECKPOINTS / own.name / f"run {number + 1}"
        options = _options(params, number, folder)
        with clock(folder / "seconds.txt") as seconds:
            found = cross_validate(samples, plan, own.entry, own.values, options, part)
        runs.append(ModelRun(found.codes, found.probabilities, round(seconds(), 3)))
        outcomes.append(found)
    return runs, outcomes[0]


def _options(params: CompareModelsParams, number: int, folder: Path) -> FitOptions:
    return FitOptions(params.seed + number, params.validation_share, params.device, checkpoints=folder)


def _curves(
    samples: SampleSet, plan: FoldPlan, asked: Sequence[Asked], params: CompareModelsParams, told: tuple[Run, Progress]
) -> list[CurvePoint]:
    """Fit every model on nested subsets of what the first fold's model may see, and test it on that fold."""
    run, progress = told
    counts = tuple(sorted({int(count) for count in params.label_counts}))
    first = int(plan.fold[plan.fold >= 0].min())
    train, test = np.flatnonzero(plan.train_mask(first)), plan.fold == first
    draws = []
    for number in range(params.seeds):
        masks = np.zeros((len(counts), len(samples)), np.bool_)
        masks[:, train] = nested_by_class(samples.codes[train], samples.ids[train], counts, params.seed + number)
        draws.append(LabelDraw(counts, masks, params.seed + number))
    points: list[CurvePoint] = []
    for done, own in enumerate(asked):
        part = progress.part(done / len(asked), (done + 1) / len(asked))
        named = (own.name, own.entry, own.values)
        options = _options(params, 0, run.folder / CHECKPOINTS / own.name / "learning curve")
        points += learning_curve(samples, test, draws, named, options, part)
    return points


# ---------------------------------------------------------------- what is written


def _write(found: ModelComparison, params: CompareModelsParams, run: Run) -> None:
    tables = {
        "models": model_rows(found),
        "classes": class_rows(found),
        "pairs": pair_rows(found),
        "predictions": prediction_rows(found),
    }
    if found.curve:
        tables["learning_curve"] = curve_rows(found.curve)
    for name, rows in tables.items():
        atomic_write_text(run.output(name, f"{name}.csv"), csv_text(rows))
    report = ModelComparisonReport(found, to_dict(params), versions(), tuple(run.warnings))
    write_model_comparison(run.output("report", "report.html"), report)


def _figures(found: ModelComparison) -> dict[str, Any]:
    overall = {own.name: found.resampled.of(k, OVERALL) for k, own in enumerate(found.models)}
    ahead = found.resampled.difference(1, 0, OVERALL) if len(found.models) > 1 else None
    return {
        "samples": int(found.tested.sum()),
        "best": found.models[0].name,
        "overall_accuracy": {name: round(own.value, 4) for name, own in overall.items()},
        "macro_f1": {own.name: round(found.resampled.of(k, MACRO_F1).value, 4) for k, own in enumerate(found.models)},
        "ahead_of_next": [round(value, 4) for value in (ahead.value, ahead.low, ahead.high)] if ahead else [],
        "left_out": {out.name: out.why for out in found.left_out},
    }
