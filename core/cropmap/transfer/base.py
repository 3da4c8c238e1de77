"""What a strategy is given, what it may need, and how it is run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError, TransferError
from cropmap.contract.params import to_dict
from cropmap.contract.progress import Progress
from cropmap.data.package import ModelPackage
from cropmap.data.samples import SampleSet
from cropmap.models import MODELS
from cropmap.models.base import SelfFittingClassifier, model_class
from cropmap.models.ensemble import Ensemble
from cropmap.training.fit import FitOptions, fit_once
from cropmap.transfer import STRATEGIES
from cropmap.transfer.labels import teachable

if TYPE_CHECKING:
    from cropmap.registry import Entry

# What an entry may need. A model: the source's package, or its samples to train one.
MODEL, SOURCE, SERIES, LABELS, GRADIENTS = "model", "source", "series", "labels", "gradients"
_MISSING = {
    MODEL: ("a model of the source", "Give the source's package, or its labelled samples."),
    SOURCE: ("labelled samples of the source", "Give them, or choose a strategy that works from a package alone."),
    SERIES: ("series of the target", "Draw pixels of the target's images, whatever their class."),
    LABELS: ("labelled samples of the target", "Label some, or choose a strategy without labels."),
}
_NOTHING = np.empty((0, 0, 0), np.float32)


@dataclass(frozen=True, eq=False)
class Transfer:
    """One task of transfer: what is known of the source and of the target.

    All series are prepared alike: same steps, same bands in the same order. Codes of source and target samples belong
    to one legend (`classes.joined`, `classes.recoded`).

    Args:
        source: Labelled series of the source site or sites; None where they may not travel.
        package: The source's model; None where a strategy is to train one on the source's samples.
        series: Series of the target without labels, (n, step, band), float32, finite, drawn whatever their class, and
            apart from what will be tested; none is an empty array.
        target: Labelled series of the target; None where there are none.
        model: Registered name of the model that is trained on samples, where a strategy does so; empty: the package's.
        values: Its parameter values.
        options: Seed, device, threads, share of validation samples, checkpoints.
        progress: Told how far it is; it cancels.
    """

    source: SampleSet | None = None
    package: ModelPackage | None = None
    series: NDArray[np.float32] = field(default_factory=lambda: _NOTHING)
    target: SampleSet | None = None
    model: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    options: FitOptions = field(default_factory=FitOptions)
    progress: Progress = field(default_factory=Progress)

    def having(self, need: str) -> bool:
        """Return whether what an entry needs is given: `MODEL`, `SOURCE`, `SERIES` or `LABELS`."""
        return {
            MODEL: self.package is not None or self.source is not None,
            SOURCE: self.source is not None,
            SERIES: len(self.series) > 0,
            LABELS: self.target is not None,
        }[need]

    @property
    def source_model(self) -> str:
        """Return the registered name of the source's model: the package's, else the one to train."""
        return self.asked[0] if self.package is None else self.package.model

    @property
    def asked(self) -> tuple[str, Mapping[str, Any]]:
        """Return name and parameter values of the model to train on samples."""
        if self.model:
            return self.model, self.values
        if self.package is not None:
            return self.package.model, self.package.params
        raise TransferError("No model is named.", fix="Give the source's package, or the name of a model to train.")

    def source_package(self, progress: Progress | None = None) -> ModelPackage:
        """Return the source's model: the package that is given, else one trained on the source's samples."""
        if self.package is not None:
            return self.package
        if self.source is None:
            raise lacking(MODEL, "this strategy")
        # Who cancels wants no model of the source; what is finished is not trained again.
        options = dataclasses.replace(self.options, keep=None)
        return fit_once(self.source, *self.asked, options, progress or self.progress)

    def labelled(self) -> SampleSet:
        """Return the target's labelled samples, without classes that have too few to learn from; the user is told."""
        if self.target is None:
            raise lacking(LABELS, "this strategy")
        return teachable(self.target, self.progress)

    def taught(self) -> SampleSet:
        """Return the source's labelled samples."""
        if self.source is None:
            raise lacking(SOURCE, "this strategy")
        return self.source


def run_strategy(name: str, values: Mapping[str, Any] | None, task: Transfer) -> ModelPackage:
    """Return the model that a strategy makes for the target, with the strategy in its record.

    Args:
        name: Registered name of the strategy.
        values: Its parameter values; defaults are filled in.
        task: What is known of source and target.

    Raises:
        JobError: There is no such strategy.
        ParameterError: Parameter values are wrong.
        TransferError: Something that the strategy needs is missing, or source and target are not prepared alike.
        CropMapError: As the trainings that it asks for.
    """
    entry = STRATEGIES.get(name)
    params = entry.parse(values or {})
    check_task(entry, params, task)
    package = entry.make(params, task)
    about: dict[str, Any] = {"strategy": name, "strategy_params": to_dict(params), "target_series": len(task.series)}
    about["target_samples"] = 0 if task.target is None else len(task.target)
    if task.package is not None:
        about["source_fingerprint"] = task.package.fingerprint
    return dataclasses.replace(package, record={**package.record, **about})


@runtime_checkable
class TaskParams(Protocol):
    """Parameters of a strategy whose values may not fit a task."""

    def check_for(self, task: Transfer) -> None:
        """Refuse values that do not fit what is known of source and target."""
        ...


def check_task(entry: Entry[ModelPackage], params: Any, task: Transfer) -> None:
    """Refuse, before any work, a task that lacks what a strategy needs, or whose parts are not prepared alike.

    Args:
        entry: The strategy.
        params: Its parameters.
        task: What is known of source and target.

    Raises:
        TransferError: So it is, or a parameter's value does not fit the task.
        SampleError: A series of the target has a value that is not finite.
    """
    for need in entry.needs:
        if need == GRADIENTS:
            _check_gradients(entry, task)
        elif not task.having(need):
            raise lacking(need, entry.title)
    _check_alike(task)
    if isinstance(params, TaskParams):
        params.check_for(task)


def _check_gradients(entry: Entry[ModelPackage], task: Transfer) -> None:
    # A strategy that needs no model of the source trains the one that is asked for, whatever the package is.
    name = task.source_model if MODEL in entry.needs else task.asked[0]
    if not learns_by_gradients(name):
        raise TransferError(
            f"{entry.title} changes weights by gradients, which the model {name} does not have.",
            where=f"strategy {entry.name}",
            fix="Choose a network, such as tempcnn or ltae, or another strategy.",
        )


def learns_by_gradients(model: str) -> bool:
    """Return whether a registered model is a network that is trained by gradients."""
    MODELS.get(model)
    return not issubclass(model_class(model), (SelfFittingClassifier, Ensemble))


def lacking(need: str, who: str) -> TransferError:
    """Return the error that tells what is missing, and who needs it."""
    what, fix = _MISSING[need]
    return TransferError(f"{who} needs {what}; none is given.", fix=fix)


def _check_alike(task: Transfer) -> None:
    parts: list[tuple[str, SampleSet | ModelPackage]] = []
    for said, part in (("source", task.source), ("package", task.package), ("target", task.target)):
        if part is not None:
            parts.append((said, part))
    for said, part in parts[1:]:
        for what in ("bands", "days"):
            one, other = list(getattr(parts[0][1], what)), list(getattr(part, what))
            if one != other:
                raise TransferError(
                    f"The {parts[0][0]} has the {what} {one}, the {said} {other}.",
                    where=what,
                    fix="Prepare both with the same recipe; the source's package has it.",
                )
    if task.source is not None and task.target is not None and task.source.legend != task.target.legend:
        raise TransferError(
            "Source and target samples have different legends.",
            fix="Join them (classes.joined) and recode both (classes.recoded).",
        )
    if len(task.series):
        _check_series(task, parts)


def _check_series(task: Transfer, parts: list[tuple[str, Any]]) -> None:
    wanted = (len(parts[0][1].days), len(parts[0][1].bands)) if parts else task.series.shape[1:]
    if task.series.ndim != 3 or task.series.shape[1:] != wanted:
        raise TransferError(
            f"The target's series have shape {task.series.shape}, not (n, {wanted[0]}, {wanted[1]}).",
            fix="Prepare them with the source's recipe and bands.",
        )
    broken = int((~np.isfinite(task.series).all(axis=(1, 2))).sum())
    if broken:
        raise SampleError(
            f"{broken} of {len(task.series)} series of the target have values that are not finite.",
            fix="Leave them out.",
        )
