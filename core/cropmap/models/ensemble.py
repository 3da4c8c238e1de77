"""Several models that judge together: the mean of their probabilities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import ModelError, PackageError
from cropmap.contract.params import chosen, param
from cropmap.data.calendar import check_shift, shifted
from cropmap.data.package import NO_SCALING, Scaling
from cropmap.data.probabilities import check_class_weights, check_temperature, tempered, weighted
from cropmap.models import MODELS
from cropmap.models.base import SeriesClassifier, SeriesShape, model_class

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_NAME = "ensemble"
_MODEL, _SCALING, _ANSWER = "model.", "scaling.", "answer."
_FIX = "The package is damaged: train the model again."


@dataclass(frozen=True)
class EnsembleParams:
    """Which models judge together."""

    members: list[Any] = param(
        [
            {"name": "random_forest", "splits": "random", "trees": 300},
            "gradient_boosting",
            {"name": "tempcnn", "width": 64, "dense": 256},
        ],
        help="The models, each with its own parameters; all learn from the same samples.",
        kind="entries",
        registry="models",
    )
    copies: int = param(
        1,
        title="Copies of each",
        help="How often each of them is fitted, each time with another seed; networks gain most.",
        low=1,
        high=100,
    )


@dataclass(frozen=True)
class Member:
    """One model of an ensemble.

    Args:
        model: The fitted model.
        scaling: Applied to prepared values before it.
        temperature: Its probabilities are tempered by it (`data.probabilities.tempered`).
        class_weights: Each of its classes' probability is then multiplied by its weight (`weighted`); empty: left.
        columns: Which column of the ensemble each of its classes is; empty: they are the ensemble's.
        shift_days: By how many days series are moved before they are scaled (`data.calendar.shifted`).
    """

    model: SeriesClassifier
    scaling: Scaling
    temperature: float = 1.0
    class_weights: tuple[float, ...] = ()
    columns: tuple[int, ...] = ()
    shift_days: float = 0.0

    def scaled(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return prepared values, (n, step, band), as the model takes them."""
        shape = self.model.shape
        if self.shift_days:
            values = shifted(values, np.array(shape.days, np.int32), self.shift_days, shape.mask)
        return self.scaling.apply(values)

    def answer(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what is made of the model's probabilities, (n, class), in its own columns."""
        return weighted(tempered(probabilities, self.temperature), self.class_weights)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return all of it as "model.<name>", "scaling.<name>" and, where it answers specially, "answer.<name>"."""
        own = {_MODEL + name: array for name, array in self.model.arrays().items()}
        own |= {_SCALING + "mean": self.scaling.mean, _SCALING + "deviation": self.scaling.deviation}
        if self.temperature != 1:
            own[_ANSWER + "temperature"] = np.array([self.temperature], np.float64)
        if self.class_weights:
            own[_ANSWER + "class_weights"] = np.array(self.class_weights, np.float64)
        if self.columns:
            own[_ANSWER + "columns"] = np.array(self.columns, np.int64)
        if self.shift_days:
            own[_ANSWER + "shift_days"] = np.array([self.shift_days], np.float64)
        return own


@MODELS.register(
    _NAME,
    title="Ensemble",
    params=EnsembleParams,
    citation="Hansen & Salamon 1990, IEEE TPAMI 12:993-1001, doi:10.1109/34.58871; Lakshminarayanan et al. 2017, "
    "arXiv:1612.01474",
)
class Ensemble(SeriesClassifier):
    """The mean of several models' probabilities; costs what all of them cost; where each point of accuracy counts.

    Its package has no scaling of its own: every member has one. Where members know different classes, a class gets the
    mean of those that know it, and all are then made to sum to 1.

    Args:
        params: Its parameters.
        shape: The sizes that it and its members are made for.
        members: The fitted members: the copies of the first model, those of the second, ...
    """

    params: EnsembleParams

    def __init__(self, params: EnsembleParams, shape: SeriesShape, members: Sequence[Member]) -> None:
        super().__init__(params, shape)
        self.members = tuple(members)

    @classmethod
    def check(cls, params: EnsembleParams) -> None:
        """Refuse members that are not known, or that refuse their own parameters."""
        for name, values in members_of(params):
            model_class(name).check(MODELS.get(name).parse(values))

    def encode(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return all members' features side by side, (n, feature), of prepared values, (n, step, band)."""
        return np.concatenate([_features(member, values) for member in self.members], axis=1)

    def head(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean of the members' class probabilities, (n, class), each from its own part of the features."""
        nothing = np.zeros((1, self.shape.steps, self.shape.bands), np.float32)
        ends = np.cumsum([_features(member, nothing).shape[1] for member in self.members])
        parts = np.split(features, ends[:-1], axis=1)
        heads = zip(self.members, parts, strict=True)
        return self._mean([member.answer(member.model.head(part)) for member, part in heads])

    def predict_proba(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean of the members' class probabilities, (n, class), of prepared values, (n, step, band)."""
        return self._mean([member.answer(member.model.predict_proba(member.scaled(values))) for member in self.members])

    def to(self, device: str) -> Ensemble:
        """Move every member that can use it to a device, and return the ensemble."""
        return Ensemble(
            self.params, self.shape, [replace(member, model=member.model.to(device)) for member in self.members]
        )

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the members' arrays, those of the first as "0.model.<name>", "0.scaling.mean" and so on."""
        found: dict[str, NDArray[np.generic]] = {}
        for number, member in enumerate(self.members):
            found |= {f"{number}.{name}": array for name, array in member.arrays().items()}
        return found

    @classmethod
    def from_arrays(
        cls, params: EnsembleParams, shape: SeriesShape, arrays: Mapping[str, NDArray[np.generic]]
    ) -> Ensemble:
        """Make the ensemble again from its members' arrays."""
        entries = members_of(params)
        own: dict[str, dict[str, NDArray[np.generic]]] = {str(number): {} for number in range(len(entries))}
        for name, array in arrays.items():
            number, _, rest = name.partition(".")
            if number not in own:
                raise PackageError(
                    f"The ensemble of {len(entries)} models has none for {name!r}.", where=name, fix=_FIX
                )
            own[number][rest] = array
        members = [
            member_of(name, values, shape, found) for (name, values), found in zip(entries, own.values(), strict=True)
        ]
        return cls(params, shape, members)

    def _mean(self, probabilities: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return for each class, (n, class), the mean of the members that know it."""
        total, knowing = np.zeros((len(probabilities[0]), self.shape.classes)), np.zeros(self.shape.classes)
        for member, found in zip(self.members, probabilities, strict=True):
            columns = list(member.columns or range(self.shape.classes))
            total[:, columns] += found
            knowing[columns] += 1
        total /= np.maximum(knowing, 1)
        if any(member.columns for member in self.members):
            total /= total.sum(axis=1, keepdims=True)
        return total.astype(np.float32)


def members_of(params: EnsembleParams) -> list[tuple[str, dict[str, Any]]]:
    """Return the name and the parameter values of every model that an ensemble fits, its copies included.

    Raises:
        JobError: There is no such model.
        ParameterError: A member's parameter values are wrong.
        ModelError: A member is an ensemble itself.
    """
    entries = [chosen(member) for member in params.members]
    for name, values in entries:
        if name == _NAME:
            raise ModelError(
                "An ensemble is asked for inside an ensemble.",
                where="members",
                fix="Name the inner one's members themselves, and how many copies.",
            )
        MODELS.get(name).parse(values)
    return [entry for entry in entries for _ in range(params.copies)]


def _features(member: Member, values: NDArray[np.float32]) -> NDArray[np.float32]:
    return member.model.encode(member.scaled(values))


def member_of(
    name: str, values: Mapping[str, Any], shape: SeriesShape, arrays: Mapping[str, NDArray[np.generic]]
) -> Member:
    """Return the member that `Member.arrays` was asked of.

    Raises:
        JobError: There is no such model.
        ParameterError: Its parameter values are wrong.
        PackageError: An array is missing, unknown or damaged.
    """
    parts: dict[str, dict[str, NDArray[np.generic]]] = {_MODEL: {}, _ANSWER: {}, "": {}}
    for part, array in arrays.items():
        kind = next(prefix for prefix in parts if part.startswith(prefix))
        parts[kind][part.removeprefix(kind)] = array
    how = _how(parts[_ANSWER], shape.classes)
    own = replace(shape, classes=len(how.get("columns", ())) or shape.classes)
    model = model_class(name).from_arrays(MODELS.get(name).parse(values), own, parts[_MODEL])
    return Member(model, _scaling(parts[""], shape), **how)


def _how(stored: Mapping[str, NDArray[np.generic]], classes: int) -> dict[str, Any]:
    """Return how a member answers, checked."""
    kinds = {"temperature": np.float64, "class_weights": np.float64, "columns": np.int64, "shift_days": np.float64}
    for name, array in stored.items():
        if name not in kinds or array.dtype != kinds[name] or array.ndim != 1 or not array.size:
            raise PackageError(f"How a member answers is told by a strange {name!r}.", where=_NAME, fix=_FIX)
    found: dict[str, Any] = {name: tuple(array.tolist()) for name, array in stored.items()}
    found |= {name: found[name][0] for name in ("temperature", "shift_days") if name in found}
    columns = found.get("columns", tuple(range(classes)))
    if len(set(columns)) != len(columns) or not 0 <= min(columns) <= max(columns) < classes:
        raise PackageError(f"A member's classes stand in the columns {columns} of {classes}.", where=_NAME, fix=_FIX)
    try:
        check_temperature(found.get("temperature", 1.0))
        check_shift(found.get("shift_days", 0.0))
        check_class_weights(found.get("class_weights", (1.0,) * len(columns)), len(columns))
    except ModelError as error:
        raise PackageError(error.what, where=_NAME, fix=_FIX) from error
    return found


def _scaling(arrays: Mapping[str, NDArray[np.generic]], shape: SeriesShape) -> Scaling:
    if set(arrays) != {_SCALING + "mean", _SCALING + "deviation"}:
        raise PackageError("A member's scaling is not a mean and a deviation.", where=_NAME, fix=_FIX)
    mean, deviation = arrays[_SCALING + "mean"], arrays[_SCALING + "deviation"]
    shapes = ((0,), (shape.bands,), (shape.steps, shape.bands))
    if mean.shape not in shapes or mean.shape != deviation.shape:
        raise PackageError(f"A member's scaling has shape {mean.shape}.", where=_NAME, fix=_FIX)
    usable = mean.dtype == deviation.dtype == np.float32 and np.isfinite(mean).all() and np.isfinite(deviation).all()
    if not usable or not (deviation.astype(np.float32) > 0).all():
        raise PackageError("A member's scaling is not finite or not above 0.", where=_NAME, fix=_FIX)
    if not mean.size:
        return NO_SCALING
    return Scaling(mean.astype(np.float32), deviation.astype(np.float32), shape.mask)
