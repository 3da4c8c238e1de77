"""Fit a model on labelled series and judge it by spatial cross-validation."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.assessment.report import Measured, Report, cross_validation_words, write_report
from cropmap.contract.params import chosen, param, to_dict
from cropmap.data.accuracy import accuracy_of
from cropmap.data.cube import CLEAR_BAND
from cropmap.data.ranges import band_ranges
from cropmap.io.packages import write_package
from cropmap.io.samples import read_sample_file
from cropmap.io.tables import write_accuracy, write_confusion
from cropmap.jobs import JOBS
from cropmap.jobs.params import FitParams, ModelParams
from cropmap.jobs.run import versions
from cropmap.jobs.sample import VALIDATION_STREAM, split
from cropmap.sampling.folds import check_training
from cropmap.sampling.splits import split_validation
from cropmap.training.fit import FitOptions, check_fit, cross_validate, fit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.contract.progress import Progress
    from cropmap.data.accuracy import Accuracy
    from cropmap.data.package import ModelPackage
    from cropmap.data.samples import FoldPlan, SampleSet
    from cropmap.jobs.run import Run


@dataclass(frozen=True, kw_only=True)
class SampleSetParams:
    """Which labelled series a training learns from."""

    sample_set: str = param(
        kind="file",
        help="Sample file (samples.gpkg) that the sample job wrote; rows and classes may have been edited.",
    )


@dataclass(frozen=True, kw_only=True)
class TrainParams(FitParams, SampleSetParams):
    """What `train` takes."""

    cross_validate: bool = param(
        default=True,
        help="Also fit one model for each fold, to measure the accuracy on pixels that it has not seen.",
    )


@JOBS.register("train", title="Train model", params=TrainParams)
def train(params: TrainParams, run: Run) -> Mapping[str, Any]:
    """Fit a model on labelled series, measure it by cross-validation, and write it as one package file."""
    check_model(params)
    path = Path(params.sample_set)
    found = read_sample_file(path)
    samples = found.samples
    run.inputs.add(path)
    run.warn(*found.notes)
    plan = split(samples, params, params.seed, run, found.fold)
    measured = None
    if params.cross_validate:
        with run.stage("Cross-validating", 0.0, 0.75) as progress:
            measured = judge(samples, plan, params, run, progress)
    with run.stage("Training", 0.75, 0.95) as progress:
        fit_package(samples, plan, params, measured, run, progress)
    write_train_report(params, samples, plan, measured, run)
    return {"figures": {"samples": len(samples), **figures_of(measured)}}


def check_model(params: ModelParams) -> None:
    """Refuse a model that cannot be made, or a device that is missing, before any work."""
    name, values = chosen(params.model)
    check_fit(name, values, params.device)


def judge(samples: SampleSet, plan: FoldPlan, params: FitParams, run: Run, progress: Progress) -> Measured:
    """Cross-validate over the plan's folds; the tables go into the run folder, notes to the user."""
    name, values = chosen(params.model)
    check_training(plan, samples.legend)
    found = cross_validate(samples, plan, name, values, fit_options(params), progress)
    run.warn(*found.notes)
    tested = plan.fold >= 0
    accuracy = accuracy_of(samples.codes[tested], found.codes[tested], found.legend)
    folds = tuple(
        accuracy_of(samples.codes[plan.fold == number], found.codes[plan.fold == number], found.legend)
        for number in np.unique(plan.fold[tested])
    )
    write_accuracy(run.output("accuracy", "accuracy.csv"), accuracy)
    write_confusion(run.output("confusion", "confusion.csv"), accuracy)
    return Measured(*cross_validation_words(plan.method), accuracy, folds)


def fit_package(
    samples: SampleSet, plan: FoldPlan, params: FitParams, measured: Measured | None, run: Run, progress: Progress
) -> ModelPackage:
    """Fit the model that is kept, on all samples, and write it with its cross-validated figures."""
    name, values = chosen(params.model)
    rng = np.random.default_rng([params.seed, VALIDATION_STREAM])
    validation = split_validation(plan, np.ones(len(samples), dtype=bool), params.validation_share, rng)
    # Where all samples form one unit no block can be held out; the fit then draws groups.
    held = validation if validation.any() else None
    package = fit(samples, name, values, fit_options(params), progress, held)
    run.device = str(package.record["device"])
    package = dataclasses.replace(package, record={**package.record, **evidence(samples, measured)})
    write_package(run.output("package", "model.cropmap"), package)
    return package


def evidence(samples: SampleSet, measured: Measured | None) -> dict[str, Any]:
    """Return what a package's record tells beside the fit's own: the bands' spans, the mask, the headline figures."""
    values = samples.values
    if CLEAR_BAND in samples.bands:
        # What was filled is no measurement.
        values = np.where(values[..., samples.bands.index(CLEAR_BAND)][..., np.newaxis] > 0, values, np.nan)
    spans = {band: list(span) for band, span in band_ranges(values, samples.bands).items()}
    return {"ranges": spans, "masked": samples.masked, "cross_validation": figures_of(measured)}


def fit_options(params: FitParams) -> FitOptions:
    """Return the fit's options from a job's parameters."""
    return FitOptions(params.seed, params.validation_share, params.device)


def figures_of(measured: Measured | None) -> dict[str, Any]:
    """Return a measurement's headline figures; empty without one."""
    return headline(measured.accuracy) if measured else {}


def headline(accuracy: Accuracy) -> dict[str, float]:
    """Return an accuracy's headline figures."""
    return {"overall_accuracy": accuracy.overall, "macro_f1": accuracy.macro_f1, "kappa": accuracy.kappa}


def write_train_report(
    params: TrainParams, samples: SampleSet, plan: FoldPlan, measured: Measured | None, run: Run
) -> None:
    """Write the report of a training without a map."""
    report = Report(
        title="Model training",
        season=samples.recipe.season,
        measured=(measured,) if measured else (),
        samples=samples,
        folds=plan,
        settings=to_dict(params),
        versions=versions(),
        warnings=tuple(run.warnings),
    )
    write_report(run.output("report", "report.html"), report)
