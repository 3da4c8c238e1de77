"""Several models that judge together: the mean of their probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import ModelError, PackageError
from cropmap.contract.params import chosen, param
from cropmap.data.package import NO_SCALING, Scaling
from cropmap.models import MODELS
from cropmap.models.base import SeriesClassifier, SeriesShape, model_class

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_NAME = "ensemble"
_MODEL, _SCALING = "model.", "scaling."
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
    """

    model: SeriesClassifier
    scaling: Scaling


@MODELS.register(
    _NAME,
    title="Ensemble",
    params=EnsembleParams,
    citation="Hansen & Salamon 1990, IEEE TPAMI 12:993-1001, doi:10.1109/34.58871; Lakshminarayanan et al. 2017, "
    "arXiv:1612.01474",
)
class Ensemble(SeriesClassifier):
    """The mean of several models' probabilities; costs what all of them cost; where each point of accuracy counts.

    Its package has no scaling of its own: every member has one.

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
        return _mean([member.model.head(part) for member, part in zip(self.members, parts, strict=True)])

    def predict_proba(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean of the members' class probabilities, (n, class), of prepared values, (n, step, band)."""
        return _mean([member.model.predict_proba(member.scaling.apply(values)) for member in self.members])

    def to(self, device: str) -> Ensemble:
        """Move every member that can use it to a device, and return the ensemble."""
        return Ensemble(
            self.params, self.shape, [Member(member.model.to(device), member.scaling) for member in self.members]
        )

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the members' arrays, those of the first as "0.model.<name>", "0.scaling.mean" and so on."""
        found: dict[str, NDArray[np.generic]] = {}
        for number, member in enumerate(self.members):
            own = {_MODEL + name: array for name, array in member.model.arrays().items()}
            own |= {_SCALING + "mean": member.scaling.mean, _SCALING + "deviation": member.scaling.deviation}
            found |= {f"{number}.{name}": array for name, array in own.items()}
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
            _member(name, values, shape, found) for (name, values), found in zip(entries, own.values(), strict=True)
        ]
        return cls(params, shape, members)


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
    return member.model.encode(member.scaling.apply(values))


def _mean(probabilities: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    total = np.zeros(probabilities[0].shape)
    for found in probabilities:
        total += found
    return (total / len(probabilities)).astype(np.float32)


def _member(
    name: str, values: Mapping[str, Any], shape: SeriesShape, arrays: Mapping[str, NDArray[np.generic]]
) -> Member:
    own = {part.removeprefix(_MODEL): array for part, array in arrays.items() if part.startswith(_MODEL)}
    model = model_class(name).from_arrays(MODELS.get(name).parse(values), shape, own)
    return Member(model, _scaling({part: arrays[part] for part in arrays if not part.startswith(_MODEL)}, shape))


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
