"""Fit a model on labelled series and judge it by spatial cross-validation."""

from __future__ import annotations

import dataclasses
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.assessment.calibration import reliability, tempered_each
from cropmap.assessment.folds import fold_figures
from cropmap.assessment.importance import Importance, ImportanceOptions, ImportanceTally
from cropmap.assessment.profiles import step_dates
from cropmap.assessment.report import Measured, Report, cross_validation_words, write_report
from cropmap.assessment.training_curves import curves_of
from cropmap.assessment.training_report import Calibration, Training, fitted_model
from cropmap.contract.errors import OutputError, ParameterError, Problem
from cropmap.contract.params import chosen, param, to_dict
from cropmap.contract.progress import Cancelled
from cropmap.data.accuracy import accuracy_of
from cropmap.data.cube import CLEAR_BAND
from cropmap.data.package import ModelPackage
from cropmap.data.ranges import band_ranges
from cropmap.io.packages import write_package
from cropmap.jobs import JOBS
from cropmap.jobs.params import FitParams, ModelParams
from cropmap.jobs.run import versions
from cropmap.jobs.sample import VALIDATION_STREAM, read_and_split
from cropmap.jobs.training_files import write_measured_tables, write_samples_tables, write_training_tables
from cropmap.models.predictor import Predictor
from cropmap.sampling.folds import check_training
from cropmap.sampling.splits import split_validation
from cropmap.training.fit import FitOptions, OutOfFold, check_fit, cross_validate, fit_once
from cropmap.training.temperature import cross_fitted, fit_temperature
from cropmap.transfer.applicability import AreaOptions, with_area

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress
    from cropmap.data.accuracy import Accuracy
    from cropmap.data.samples import FoldPlan, SampleSet
    from cropmap.jobs.run import Run

# In the run folder until the job is done: where an interrupted training goes on from, and what a cancelled one learnt.
CHECKPOINTS, SO_FAR = "checkpoints", "model_so_far.cropmap"
_PACKAGE = "model.cropmap"


@dataclass(frozen=True, kw_only=True)
class SampleSetParams:
    """Which labelled series a training learns from."""

    sample_set: str = param(
        kind="file",
        help="Sample file (samples.gpkg) that the sample job wrote; rows and classes may have been edited.",
    )


@dataclass(frozen=True, kw_only=True)
class EvidenceParams(FitParams):
    """What a cross-validation tells of a model beside its accuracy."""

    calibrate: bool = param(
        default=True,
        help="Temper the model's probabilities by what the cross-validation tells, so that of what it maps with 80 % "
        "confidence about 80 % is right. The classes stay the same.",
        advanced=True,
    )
    importance: bool = param(
        default=False,
        title="Band and date importance",
        help="Also measure what each band, each date, and each band on each date is worth: how much accuracy is lost "
        "when its values are exchanged among the test samples. It takes as many predictions as there are of them, "
        "three times over.",
    )
    applicability: bool = param(
        default=False,
        title="Area of applicability",
        help="Keep training series with the model, so that its maps show where pixels are unlike all of them: there "
        "the map may be wrong however sure the model is.",
    )


@dataclass(frozen=True, kw_only=True)
class TrainParams(EvidenceParams, SampleSetParams):
    """What `train` takes."""

    cross_validate: bool = param(
        default=True,
        title="Cross-validate",
        help="Also fit one model for each fold, to measure the accuracy on pixels that it has not seen.",
    )


@dataclass(frozen=True, eq=False)
class Judged:
    """What a cross-validation told of a model.

    Args:
        measured: Accuracy of the out-of-fold predictions.
        found: These predictions.
        calibration: What tempering does to them; None where it was not asked for.
        importance: Of bands and steps, over the folds' test samples; None where it was not asked for.
    """

    measured: Measured
    found: OutOfFold
    calibration: Calibration | None = None
    importance: Importance | None = None


@dataclass(frozen=True, eq=False)
class Trained:
    """A model that is kept, and how it was judged; None where it was not."""

    package: ModelPackage
    judged: Judged | None = None

    @property
    def measured(self) -> tuple[Measured, ...]:
        """The accuracy of the cross-validation, for a report; empty without one."""
        return (self.judged.measured,) if self.judged else ()


@JOBS.register("train", title="Train model", params=TrainParams)
def train(params: TrainParams, run: Run) -> Mapping[str, Any]:
    """Fit a model on labelled series, measure it by cross-validation, and write it as one package file."""
    check_model(params)
    _check_evidence(params)
    held, plan = read_and_split(params.sample_set, params, params.seed, run)
    samples = held.samples
    trained = fit_and_judge(samples, plan, params, run, judged=params.cross_validate)
    write_train_report(params, samples, plan, trained, run)
    clear_checkpoints(run)
    return {"figures": {"samples": len(samples), **figures_of(trained.judged)}}


def check_model(params: ModelParams) -> None:
    """Refuse a model that cannot be made, or a device that is missing, before any work."""
    name, values = chosen(params.model)
    check_fit(name, values, params.device)


def _check_evidence(params: TrainParams) -> None:
    if params.importance and not params.cross_validate:
        wrong = Problem("importance", "is measured on the folds' test samples.", "Switch cross_validate on.")
        raise ParameterError([wrong], where="train")


def fit_and_judge(
    samples: SampleSet, plan: FoldPlan, params: EvidenceParams, run: Run, *, judged: bool = True
) -> Trained:
    """Fit the model that is kept, judge it by cross-validation, and write it and the tables into the run folder.

    The model comes first and is written at once: whoever cancels while it is judged keeps it whole. An interrupted
    training goes on where it stopped, until `clear_checkpoints`.

    Args:
        samples: Labelled, prepared series.
        plan: Their folds.
        params: The model, how it is fitted, and what is asked beside its accuracy.
        run: Where everything goes; its whole progress is used.
        judged: Whether to cross-validate.
    """
    if judged:
        check_training(plan, samples.legend)
    with run.stage("Training", 0.0, 0.25 if judged else 0.95) as progress:
        package = fit_package(samples, plan, params, run, progress)
    trained = Trained(package)
    if judged:
        with run.stage("Cross-validating", 0.25, 0.95) as progress, _telling_what_stands(run):
            found = judge(samples, plan, params, run, progress)
        trained = _finished(package, found, run)
        write_measured_tables(found.measured, run)
    write_samples_tables(samples, plan, trained.judged.found if trained.judged else None, run)
    return trained


def fit_package(
    samples: SampleSet, plan: FoldPlan, params: EvidenceParams, run: Run, progress: Progress
) -> ModelPackage:
    """Fit the model that is kept, on all samples, and write it, not judged yet."""
    name, values = chosen(params.model)
    held = held_back(plan, np.ones(len(samples), dtype=bool), params)
    told = evidence(samples)
    options = dataclasses.replace(
        fit_options(params), checkpoints=run.folder / CHECKPOINTS / "model", keep=_keeping(told, run)
    )
    package = fit_once(samples, name, values, options, progress, held)
    run.device = str(package.record["device"])
    package = dataclasses.replace(package, record={**package.record, **told})
    if params.applicability:
        package = with_area(package, samples, plan, AreaOptions(seed=params.seed, device=params.device))
    write_package(run.output("package", _PACKAGE), package)
    return package


def held_back(plan: FoldPlan, among: NDArray[np.bool_], params: FitParams) -> NDArray[np.bool_] | None:
    """Return which of the samples among these decide when a network stops, (sample among them,): whole units.

    None where all of them form one unit, of which nothing can be held back; the fit then draws groups.
    """
    rng = np.random.default_rng([params.seed, VALIDATION_STREAM])
    held = split_validation(plan, among, params.validation_share, rng)[among]
    return held if held.any() else None


def judge(samples: SampleSet, plan: FoldPlan, params: EvidenceParams, run: Run, progress: Progress) -> Judged:
    """Cross-validate over the plan's folds; notes go to the user."""
    name, values = chosen(params.model)
    options = dataclasses.replace(fit_options(params), checkpoints=run.folder / CHECKPOINTS / "folds")
    tally = ImportanceTally(samples.legend, ImportanceOptions(seed=params.seed))

    def measure(_number: int, package: ModelPackage, tested: NDArray[np.bool_]) -> None:
        predictor = Predictor(package, params.device)

        def predict(values: NDArray[np.float32]) -> NDArray[np.uint8]:
            progress.check()
            return predictor.codes(values)

        tally.add(predict, samples.subset(tested))

    found = cross_validate(samples, plan, name, values, options, progress, each=measure if params.importance else None)
    run.warn(*found.notes)
    return Judged(
        measured=_measured(samples, plan, found),
        found=found,
        calibration=calibration_of(samples, found) if params.calibrate else None,
        importance=tally.result() if params.importance else None,
    )


def calibration_of(samples: SampleSet, found: OutOfFold) -> Calibration:
    """Return what tempering does to out-of-fold probabilities; it stays at 1 where it does no good.

    Args:
        samples: Whose probabilities they are.
        found: What models said of them that had not seen their fold. Samples of a class that their fold's model never
            saw tell nothing of the model that is kept, which knows it, and are left out.
    """
    columns = np.searchsorted(found.legend.codes, samples.codes)
    columns[(found.fold < 0) | ~found.taught(samples.codes)] = -1
    known = columns >= 0
    shares, columns, folds = found.probabilities[known], columns[known], found.fold[known]
    before, after = (
        reliability(shares, columns),
        reliability(tempered_each(shares, cross_fitted(shares, columns, folds)), columns),
    )
    return Calibration(fit_temperature(shares, columns) if after.nll < before.nll else 1.0, before, after)


def clear_checkpoints(run: Run) -> None:
    """Remove what an interrupted training would have gone on from: the job is done."""
    shutil.rmtree(run.folder / CHECKPOINTS, ignore_errors=True)
    (run.folder / SO_FAR).unlink(missing_ok=True)


def evidence(samples: SampleSet) -> dict[str, Any]:
    """Return what a package's record tells beside the fit's own: the bands' spans, and whether there was a mask."""
    values = samples.values
    if CLEAR_BAND in samples.bands:
        # What was filled is no measurement.
        values = np.where(values[..., samples.bands.index(CLEAR_BAND)][..., np.newaxis] > 0, values, np.nan)
    spans = {band: list(span) for band, span in band_ranges(values, samples.bands).items()}
    return {"ranges": spans, "masked": samples.masked, "cross_validation": {}}


def fit_options(params: FitParams) -> FitOptions:
    """Return the fit's options from a job's parameters."""
    return FitOptions(params.seed, params.validation_share, params.device)


def figures_of(judged: Judged | None) -> dict[str, Any]:
    """Return a cross-validation's headline figures; empty without one."""
    return headline(judged.measured.accuracy) if judged else {}


def headline(accuracy: Accuracy) -> dict[str, float]:
    """Return an accuracy's headline figures."""
    return {"overall_accuracy": accuracy.overall, "macro_f1": accuracy.macro_f1, "kappa": accuracy.kappa}


def training_of(trained: Trained, samples: SampleSet, run: Run) -> Training:
    """Return what a report tells of a training, and write its tables into the run folder."""
    judged, record = trained.judged, trained.package.record
    folds = judged.found.records if judged else {}
    curves = curves_of(record, "Model", kept=True)
    for number, own in folds.items():
        curves += curves_of(own, f"Fold {number + 1}")
    seconds: dict[str, float] = {
        name: run.timings[name] for name in ("Training", "Cross-validating") if name in run.timings
    }
    training = Training(
        model=fitted_model(trained.package, (run.folder / _PACKAGE).stat().st_size, seconds),
        curves=curves,
        calibration=judged.calibration if judged else None,
        importance=judged.importance if judged else None,
        dates=step_dates(samples),
    )
    write_training_tables(training, run)
    return training


def write_train_report(params: TrainParams, samples: SampleSet, plan: FoldPlan, trained: Trained, run: Run) -> None:
    """Write the report of a training without a map."""
    report = Report(
        title="Model training",
        season=samples.recipe.season,
        measured=trained.measured,
        samples=samples,
        folds=plan,
        training=training_of(trained, samples, run),
        settings=to_dict(params),
        versions=versions(),
        warnings=tuple(run.warnings),
    )
    write_report(run.output("report", "report.html"), report)


def _measured(samples: SampleSet, plan: FoldPlan, found: OutOfFold) -> Measured:
    tested = plan.fold >= 0
    accuracy = accuracy_of(samples.codes[tested], found.codes[tested], found.legend)
    folds = tuple(
        accuracy_of(samples.codes[plan.fold == number], found.codes[plan.fold == number], found.legend)
        for number in np.unique(plan.fold[tested])
    )
    return Measured(*cross_validation_words(plan.method), accuracy, folds)


def _finished(package: ModelPackage, judged: Judged, run: Run) -> Trained:
    """Give the package its figures and its temperature, and write it again."""
    spread = fold_figures(judged.measured.folds)
    told: dict[str, Any] = {"cross_validation": {**figures_of(judged), "folds": len(spread.folds)}}
    temperature = 1.0
    if judged.calibration:
        temperature = judged.calibration.temperature
        told["calibration"] = {"error_before": judged.calibration.before.ece, "error": judged.calibration.after.ece}
    package = dataclasses.replace(package, record={**package.record, **told}, temperature=temperature)
    write_package(run.output("package", _PACKAGE), package)
    return Trained(package, judged)


def _keeping(told: Mapping[str, Any], run: Run) -> Callable[[ModelPackage], None]:
    """Return what keeps the best model so far of a training that the user cancels."""

    def keep(package: ModelPackage) -> None:
        kept = dataclasses.replace(package, record={**package.record, **told})
        try:
            path = write_package(run.folder / SO_FAR, kept)
        except OutputError as error:  # cancelled it is, all the same
            run.warn(f"The best model so far could not be kept: {error}")
            return
        run.warn(f"Cancelled: the best model so far is kept as {path}. It is not judged yet.")

    return keep


@contextmanager
def _telling_what_stands(run: Run) -> Iterator[None]:
    """Tell whoever cancels the judging of a model that the model itself is whole."""
    try:
        yield
    except Cancelled:
        run.warn(f"Cancelled before the model was judged. The model itself is whole: {run.folder / _PACKAGE}.")
        raise
