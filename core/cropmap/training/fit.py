"""From samples to a model package, and to out-of-fold predictions."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import ModelError, OutputError, PackageError
from cropmap.contract.params import to_dict
from cropmap.contract.progress import Progress
from cropmap.data.legend import NODATA, Legend
from cropmap.data.package import NO_SCALING, ModelPackage, Scaling
from cropmap.io.packages import read_package, write_package
from cropmap.models import MODELS
from cropmap.models.base import FitSettings, SelfFittingClassifier, SeriesClassifier, SeriesShape, model_class
from cropmap.models.ensemble import Ensemble, members_of
from cropmap.models.predictor import Predictor
from cropmap.training.scaling import fit_scaling
from cropmap.training.sides import (
    check_counts,
    check_split,
    drawn_validation,
    fold_numbers,
    fold_validation,
    occurring,
    seen,
    tested_notes,
)
from cropmap.training.start import Start, check_start, started
from cropmap.version import __version__

if TYPE_CHECKING:
    from cropmap.data.samples import FoldPlan, SampleSet
    from cropmap.models.neural import NeuralClassifier
    from cropmap.training.loop import Trained

_LIBRARIES = ("numpy", "numba", "scikit-learn", "torch", "safetensors", "xgboost-cpu", "xgboost")
_CHECKPOINT = "training.checkpoint"


@dataclass(frozen=True)
class FitOptions:
    """How a model is fitted, whatever the model.

    Args:
        seed: Of every random choice.
        validation_share: Share of the samples that decides when a network stops, where no mask says which.
        device: "auto", "cpu" or "cuda"; only networks use a GPU.
        threads: CPU threads; 0 for the library's choice.
        checkpoints: Folder that an interrupted training goes on from, with the same result. A finished
            training leaves it; finished parts of a longer work stay, for who asked for the whole to delete. None keeps
            nothing.
        keep: Given the best package so far where the user cancels a network's training after at least one epoch.
        start: What a network begins with, and which parts of it may change. A model without gradients takes none, but
            for the package, where it builds on one (`SelfFittingClassifier.takes_package`).
    """

    seed: int = 0
    validation_share: float = 0.2
    device: str = "auto"
    threads: int = 0
    checkpoints: Path | None = None
    keep: Callable[[ModelPackage], None] | None = None
    start: Start = field(default_factory=Start)

    def __post_init__(self) -> None:
        if int(self.seed) != self.seed or not 0 <= self.seed < 2**31:
            raise ModelError(f"The seed {self.seed!r} is no whole number from 0 to {2**31 - 1}.", fix="Give one.")
        object.__setattr__(self, "seed", int(self.seed))
        if self.threads < 0:
            raise ModelError(f"{self.threads} threads cannot be used.", fix="Give their number, or 0 for all.")
        if not 0 < self.validation_share < 1:
            raise ModelError(
                f"A share of {self.validation_share} cannot validate.", fix="Give a share between 0 and 1, such as 0.2."
            )


@dataclass(frozen=True)
class OutOfFold:
    """What models that had not seen a sample's fold said of it.

    Args:
        codes: Predicted class code, (sample,), uint8; NODATA for samples of no fold (fold below 0).
        probabilities: (sample, class) by the legend's ascending codes, float32; NaN for samples of no fold.
        fold: The plan's folds, (sample,).
        legend: The classes of the columns: those that occur in the samples.
        records: The training record of each fold's model, by fold.
        notes: What a reader of the accuracies should know, e.g. a class that a fold's model never saw; they count folds
            from 1.
    """

    codes: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    fold: NDArray[np.int8]
    legend: Legend
    records: Mapping[int, Mapping[str, Any]]
    notes: tuple[str, ...]

    def taught(self, codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return where the model of a sample's fold has learnt from the sample's class, (sample,), by its true code."""
        names = self.legend.names_by_code
        found = self.fold >= 0
        for number, record in self.records.items():
            unseen = [code for code, name in names.items() if name not in record["samples"]]
            found &= ~((self.fold == number) & np.isin(codes, unseen))
        return found


def fit(
    samples: SampleSet,
    model: str,
    values: Mapping[str, Any] | None = None,
    options: FitOptions | None = None,
    progress: Progress | None = None,
    validation: NDArray[np.bool_] | None = None,
) -> ModelPackage:
    """Fit a model and return it with everything that its predictions depend on.

    Args:
        samples: Labelled, prepared series.
        model: Registered name.
        values: Parameter values of the model; defaults are filled in.
        options: Seed, device, threads, share of validation.
        progress: Told how far it is; it cancels. A network's epochs are points of its curve, or of "Model".
        validation: True for samples that decide when a network stops, (sample,), best whole spatial blocks; where
            None, whole groups are drawn. A model without gradients stops by itself and learns from every sample.

    Raises:
        JobError: There is no such model.
        ParameterError: Parameter values are wrong.
        SampleError: Fewer than two classes, or fewer than two training samples of a class.
        ModelError: The training failed, or the device is missing.
    """
    options, progress = options or FitOptions(), (progress or Progress()).curve("Model", default=True)
    task = _task(samples, model, values or {})
    _check_start(task, samples, options.start)
    if issubclass(task.kind, Ensemble):
        fitted = _fit_members(task, samples, options, progress, validation)
    elif issubclass(task.kind, SelfFittingClassifier):
        fitted = _fit_at_once(task.kind, task, options, progress)
    else:
        held = (
            drawn_validation(samples, task.columns, options.validation_share, options.seed, progress)
            if validation is None
            else validation
        )
        fitted = _fit_by_gradients(task, samples, held, options, progress)
    return _package(task, samples, fitted, options)


def fit_once(
    samples: SampleSet,
    model: str,
    values: Mapping[str, Any] | None = None,
    options: FitOptions | None = None,
    progress: Progress | None = None,
    validation: NDArray[np.bool_] | None = None,
) -> ModelPackage:
    """Return what `fit` returns; a package that lies finished in `options.checkpoints` is not fitted again.

    Arguments and errors are those of `fit`. The package stays in the folder, for whoever asked for the whole to delete.
    """
    options = options or FitOptions()
    if options.checkpoints is None:
        return fit(samples, model, values, options, progress, validation)
    progress = progress or Progress()
    digest = _digest(samples, model, to_dict(MODELS.get(model).parse(values or {})), options, validation)
    path = options.checkpoints / f"{digest[:16]}.cropmap"
    if path.exists():
        try:
            return read_package(path)
        except PackageError as error:
            progress.warn(f"A finished part cannot be used again: {error} It is fitted anew.")
    package = fit(samples, model, values, options, progress, validation)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_package(path, package)
    except (OutputError, OSError) as error:
        progress.warn(f"A finished part could not be kept: {error}")
    return package


def cross_validate(  # noqa: PLR0913 - as `fit`, with a plan instead of a mask, and a listener
    samples: SampleSet,
    plan: FoldPlan,
    model: str,
    values: Mapping[str, Any] | None = None,
    options: FitOptions | None = None,
    progress: Progress | None = None,
    *,
    each: Callable[[int, ModelPackage, NDArray[np.bool_]], None] | None = None,
) -> OutOfFold:
    """Predict every sample with a model that has not seen its fold.

    The model tested on fold k sees `plan.train_mask(k)` and nothing else, be it for scaling, training or stopping.
    Of these samples one other fold, whole, decides when a network stops, where there are three folds or more, else
    whole units of the plan; samples too near to that fold are left out of a network's training, as they are for the
    test.

    Args:
        samples: Labelled, prepared series.
        plan: Fold of each sample, and what no split parts; samples of no fold are neither trained on nor predicted.
        model: Registered name.
        values: Parameter values of the model.
        options: As for `fit`. Finished folds stay in `checkpoints`, so that an interrupted run does not fit them again;
            who asked for the whole deletes the folder. `keep` is not called.
        progress: Told how far it is; it cancels. Each fold's epochs are points of a curve of its own, "Fold 1" first.
        each: Called after each fold with its number from 0, its model's package and True for its test samples,
            (sample,).

    Raises:
        SampleError: Fewer than two folds, or a plan of another number of samples; else as `fit`.
    """
    # The best so far of one fold is nobody's model.
    options, progress = replace(options or FitOptions(), keep=None), progress or Progress()
    numbers = fold_numbers(samples, plan)
    legend = occurring(samples.subset(plan.fold >= 0))
    stops = not issubclass(model_class(model), SelfFittingClassifier)
    probabilities = np.full((len(samples), len(legend)), np.nan, np.float32)
    records: dict[int, Mapping[str, Any]] = {}
    notes = tested_notes(samples.codes, plan, legend)
    for done, number in enumerate(numbers):
        part = progress.part(done / len(numbers), (done + 1) / len(numbers)).curve(f"Fold {number + 1}")
        chosen, unseen = seen(samples.codes, legend, plan.train_mask(number))
        notes += [
            f"Fold {number + 1}: its model never saw class {name!r}, of which nearly all samples lie in that fold or "
            "too near to it."
            for name in unseen
        ]
        held = None
        if stops:
            chosen, held = fold_validation(samples.codes, plan, chosen, options.validation_share, options.seed)
        package = fit_once(samples.subset(chosen), model, values, _of_fold(options, number), part, held)
        tested = plan.fold == number
        columns = np.searchsorted(legend.codes, package.legend.codes)
        found = np.zeros((int(tested.sum()), len(legend)), np.float32)
        found[:, columns] = Predictor(package, options.device).probabilities(samples.values[tested])
        probabilities[tested] = found
        records[number] = package.record
        if each:
            each(number, package, tested)
    codes = np.full(len(samples), NODATA, np.uint8)
    tested = plan.fold >= 0
    codes[tested] = np.array(legend.codes, np.uint8)[probabilities[tested].argmax(axis=1)]
    return OutOfFold(codes, probabilities, plan.fold, legend, records, tuple(notes))


def check_fit(model: str, values: Mapping[str, Any] | None = None, device: str = "auto") -> None:
    """Refuse, before any samples are read, what `fit` would refuse whatever the samples are.

    A network is made once, for the smallest series: so what its own layers refuse is found too. A forest does not wait
    for PyTorch.

    Args:
        model: Registered name.
        values: Parameter values of the model.
        device: As in `FitOptions`.

    Raises:
        JobError: There is no such model.
        ParameterError: Parameter values are wrong, alone or together.
        ModelError: A network is asked for on a device that is missing.
        CropMapError: Something that the model needs is missing (`SeriesClassifier.check`).
    """
    params = MODELS.get(model).parse(values or {})
    kind = model_class(model)
    kind.check(params)
    if issubclass(kind, Ensemble):
        for member, own in members_of(params):
            check_fit(member, own, device)
    if issubclass(kind, (Ensemble, SelfFittingClassifier)):
        return
    import torch  # noqa: PLC0415 - a forest must not wait for PyTorch

    from cropmap.models.neural import NeuralClassifier, resolve_device  # noqa: PLC0415

    resolve_device(device)
    if issubclass(kind, NeuralClassifier):
        # On the meta device no memory is taken and no weight is drawn.
        with torch.device("meta"):
            kind.build(params, SeriesShape(steps=1, bands=1, classes=2))


def fingerprint(samples: SampleSet) -> str:
    """Return a SHA-256 of the samples' ids, codes and values, in their order."""
    digest = hashlib.sha256()
    for sample_id in samples.ids.tolist():
        name = str(sample_id).encode()
        digest.update(len(name).to_bytes(8, "little") + name)
    digest.update(np.array(samples.values.shape, "<i8").tobytes())
    digest.update(np.ascontiguousarray(samples.codes, np.uint8).tobytes())
    digest.update(np.ascontiguousarray(samples.values, "<f4").data)
    return digest.hexdigest()


# ---------------------------------------------------------------- one fit


@dataclass(frozen=True)
class _Task:
    """What is to be fitted: unscaled values, (sample, step, band), and the column of each sample's class."""

    model: str
    kind: type[SeriesClassifier]
    params: Any
    values: NDArray[np.float32]
    columns: NDArray[np.intp]
    legend: Legend
    bands: tuple[str, ...]
    days: tuple[int, ...]
    first: dt.date

    @property
    def shape(self) -> SeriesShape:
        return SeriesShape(
            steps=self.values.shape[1],
            bands=self.values.shape[2],
            classes=len(self.legend),
            names=self.bands,
            days=self.days,
            first=self.first,
        )


@dataclass(frozen=True)
class _Fitted:
    model: SeriesClassifier
    scaling: Scaling
    evidence: dict[str, Any]


def _task(samples: SampleSet, model: str, values: Mapping[str, Any]) -> _Task:
    params = MODELS.get(model).parse(values)
    legend = occurring(samples)
    columns = np.searchsorted(legend.codes, samples.codes)
    return _Task(
        model=model,
        kind=model_class(model),
        params=params,
        values=samples.values,
        columns=columns,
        legend=legend,
        bands=samples.bands,
        days=tuple(samples.days.tolist()),
        first=samples.recipe.season.start,
    )


def _check_start(task: _Task, samples: SampleSet, start: Start) -> None:
    if issubclass(task.kind, SelfFittingClassifier) and task.kind.takes_package:
        # It knows by itself what it can build on.
        start = replace(start, package=None)
    if issubclass(task.kind, (Ensemble, SelfFittingClassifier)) and start != Start():
        raise ModelError(
            f"The model {task.model} is not trained by gradients: it can neither go on from weights nor keep parts.",
            fix="Choose a network, or fit the model anew.",
        )
    check_start(start, task.model, samples.bands, samples.days)


def _fit_at_once(kind: type[SelfFittingClassifier], task: _Task, options: FitOptions, progress: Progress) -> _Fitted:
    check_counts(task.columns, task.legend)
    scaling = fit_scaling(task.values, task.bands) if kind.scaled else NO_SCALING
    settings = FitSettings(options.seed, options.threads, options.start.package)
    model = kind.fit(task.params, task.shape, (scaling.apply(task.values), task.columns), settings, progress)
    evidence = {"training_samples": len(task.columns), "validation_samples": 0, "device": "cpu"}
    return _Fitted(model, scaling, evidence)


def _fit_members(
    task: _Task, samples: SampleSet, options: FitOptions, progress: Progress, validation: NDArray[np.bool_] | None
) -> _Fitted:
    from cropmap.training.members import fit_members  # noqa: PLC0415 - it fits its members with `fit`

    model, evidence = fit_members(samples, task.params, options, progress, validation)
    return _Fitted(model, NO_SCALING, evidence)


def _fit_by_gradients(
    task: _Task, samples: SampleSet, held: NDArray[np.bool_], options: FitOptions, progress: Progress
) -> _Fitted:
    # Here, not above: a forest must not wait for PyTorch.
    from cropmap.models.neural import NeuralClassifier  # noqa: PLC0415
    from cropmap.training.checkpoints import Checkpoint  # noqa: PLC0415
    from cropmap.training.loop import LoopOptions, Part, train  # noqa: PLC0415

    if not issubclass(task.kind, NeuralClassifier):
        message = f"{task.kind.__name__} neither fits itself nor is neural"
        raise TypeError(message)
    kind = task.kind
    check_split(held, task.columns, task.legend)
    start = options.start
    scaling = start.known_scaling or fit_scaling(task.values[~held], task.bands, task.params.scaling)
    parts = [Part(scaling.apply(task.values[chosen]), task.columns[chosen]) for chosen in (~held, held)]
    counts = {"training_samples": int((~held).sum()), "validation_samples": int(held.sum())}

    def fitted(trained: Trained[NeuralClassifier]) -> _Fitted:
        return _Fitted(trained.model, scaling, counts | trained.to_dict())

    keep, checkpoint = options.keep, None
    if options.checkpoints is not None:
        digest = _digest(samples, task.model, to_dict(task.params), options, held)
        checkpoint = Checkpoint(options.checkpoints / _CHECKPOINT, digest, progress.warn)
    hand_on = (lambda trained: keep(_package(task, samples, fitted(trained), options))) if keep else None
    loop = LoopOptions(
        options.seed,
        options.device,
        options.threads,
        checkpoint,
        hand_on,
        start.frozen,
        start.factors,
        start.adaptation,
        start.labels_count,
    )
    make = partial(started, kind, task.params, task.shape, task.legend, start)
    return fitted(train(make, parts[0], parts[1], loop, progress))


def _package(task: _Task, samples: SampleSet, fitted: _Fitted, options: FitOptions) -> ModelPackage:
    return ModelPackage(
        model=task.model,
        params=to_dict(fitted.model.params),
        arrays=fitted.model.arrays(),
        recipe=samples.recipe,
        days=samples.days,
        bands=samples.bands,
        legend=task.legend,
        scaling=fitted.scaling,
        fingerprint=fingerprint(samples),
        record={
            "versions": library_versions(),
            "seed": options.seed,
            "samples": {name: count for name, count in samples.counts().items() if count},
            **fitted.evidence,
        },
    )


def _digest(
    samples: SampleSet,
    model: str,
    params: Mapping[str, Any],
    options: FitOptions,
    held: NDArray[np.bool_] | None,
) -> str:
    """Return a SHA-256 of all that a fit's result depends on."""
    asked = {
        "samples": fingerprint(samples),
        "groups": hashlib.sha256("\n".join(samples.groups.tolist()).encode()).hexdigest(),
        "file": _content(params.get("package")),
        "bands": samples.bands,
        "days": samples.days.tolist(),
        "legend": samples.legend.to_list(),
        "recipe": samples.recipe.to_dict(),
        "model": model,
        "params": params,
        "seed": options.seed,
        "share": options.validation_share,
        "device": options.device,
        "threads": options.threads,
        "versions": library_versions(),
        "held": None if held is None else hashlib.sha256(held.tobytes()).hexdigest(),
        "start": options.start.describe(),
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _content(path: object) -> str | None:
    """Return a SHA-256 of a file that a model is built on; None where none is named, or none is there."""
    if not (isinstance(path, str) and path and Path(path).is_file()):
        return None
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _of_fold(options: FitOptions, number: int) -> FitOptions:
    return replace(options, checkpoints=options.checkpoints and options.checkpoints / f"fold_{number + 1}")


def library_versions() -> dict[str, str]:
    """Return the versions of all that a fit's last digits depend on."""
    found = {"cropmap": __version__, "python": platform.python_version()}
    for library in _LIBRARIES:
        with suppress(PackageNotFoundError):  # XGBoost goes by one of two names
            found[library] = version(library)
    return found
