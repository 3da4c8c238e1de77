"""What every model of pixel series can do, and how one is made again from a package."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from cropmap.contract.errors import JobError, PackageError, ParameterError
from cropmap.data.package import ModelPackage, mask_position
from cropmap.models import MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress

ModelT = TypeVar("ModelT", bound="SeriesClassifier")

# How the training of a model makes up for rare classes, and the power of their numbers of samples that this takes away.
BALANCE: Mapping[str, float] = {"none": 0.0, "weights": 1.0, "root_weights": 0.5, "sampling": 1.0}

# How PyTorch calls the variances of a batch normalisation, which takes their root.
_VARIANCES = "running_var"


@dataclass(frozen=True)
class SeriesShape:
    """What a model is made for: time steps, bands, classes, and what is known of them.

    Args:
        steps: Number of time steps.
        bands: Number of bands.
        classes: Number of classes.
        names: The bands' names, in order; empty where unknown.
        days: Day of season of each step, ascending; empty where unknown: a week apart.
        first: First day of the season; None where unknown. Of another year it means the same day of the year.
    """

    steps: int
    bands: int
    classes: int
    names: tuple[str, ...] = ()
    days: tuple[int, ...] = ()
    first: dt.date | None = None

    @property
    def features(self) -> int:
        """Numbers in one series."""
        return self.steps * self.bands

    @property
    def mask(self) -> int | None:
        """Position of the band that tells which steps were seen, 1, or not, 0; None where there is none."""
        return mask_position(self.names)

    @property
    def step_days(self) -> NDArray[np.float64]:
        """Day of season of each step, (step,); a week apart where it is not known."""
        return np.array(self.days or range(0, 7 * self.steps, 7), np.float64)


class SeriesClassifier(ABC):
    """A fitted model of pixel series.

    Args:
        params: The parameters that its registry entry declares.
        shape: The sizes that it is made for.
    """

    def __init__(self, params: Any, shape: SeriesShape) -> None:
        self.params = params
        self.shape = shape

    @classmethod  # noqa: B027 - most models need nothing
    def check(cls, params: Any) -> None:
        """Refuse, before any samples are read, parameters that cannot work here: a file of weights that is missing.

        Raises:
            CropMapError: What is missing, and how to go on.
        """

    @abstractmethod
    def encode(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return features, (n, feature), of scaled and finite values, (n, step, band): what the head decides on."""

    @abstractmethod
    def head(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return class probabilities, (n, class), of features, (n, feature)."""

    def predict_proba(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of each class, (n, class), for scaled and finite values, (n, step, band).

        Any n, also 0 and 1. Asked twice, it answers with the same bytes; it may be called from several threads.
        """
        return self.head(self.encode(values))

    def to(self: ModelT, device: str) -> ModelT:  # noqa: ARG002 - models without a GPU form stay where they are
        """Move to a device, "auto", "cpu" or "cuda", where the model can use one, and return the model."""
        return self

    @abstractmethod
    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return everything that was learnt, by name."""

    @classmethod
    @abstractmethod
    def from_arrays(
        cls: type[ModelT], params: Any, shape: SeriesShape, arrays: Mapping[str, NDArray[np.generic]]
    ) -> ModelT:
        """Make the model again from its arrays.

        Raises:
            PackageError: An array is missing, unknown, or does not fit the shape.
        """


@dataclass(frozen=True)
class FitSettings:
    """How a model that fits itself goes about it.

    Args:
        seed: Of every random choice.
        threads: CPU threads; 0 for all.
        package: A model that it builds on, where it can (`SelfFittingClassifier.takes_package`).
    """

    seed: int
    threads: int = 0
    package: ModelPackage | None = None


class SelfFittingClassifier(SeriesClassifier):
    """A model that is fitted in one go, without gradients and without validation samples: a forest, for one."""

    # Whether values are standardised per band first; splits of single features do not care.
    scaled = False
    # Whether it can build on another model's package.
    takes_package = False

    def encode(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the series as they are, flattened, (n, step x band)."""
        return np.ascontiguousarray(values, np.float32).reshape(len(values), self.shape.features)

    @classmethod
    @abstractmethod
    def fit(
        cls: type[ModelT],
        params: Any,
        shape: SeriesShape,
        samples: tuple[NDArray[np.float32], NDArray[np.intp]],
        settings: FitSettings,
        progress: Progress,
    ) -> ModelT:
        """Fit on values, (sample, step, band), and columns of the probabilities, (sample,)."""


def model_class(name: str) -> type[SeriesClassifier]:
    """Return the class of a registered model.

    Raises:
        JobError: There is none of that name.
    """
    return cast("type[SeriesClassifier]", MODELS.get(name).make)


def shape_of(package: ModelPackage) -> SeriesShape:
    """Return what a package's model is made for."""
    return SeriesShape(
        steps=len(package.days),
        bands=len(package.bands),
        classes=len(package.legend),
        names=package.bands,
        days=tuple(package.days.tolist()),
        first=package.recipe.season.start,
    )


def load_model(package: ModelPackage) -> SeriesClassifier:
    """Make a package's model ready to predict.

    Raises:
        PackageError: The model is not known here, or its parameters or arrays do not fit it.
    """
    where = f"model {package.model}"
    try:
        entry = MODELS.get(package.model)
        params = entry.parse(package.params)
    except JobError as error:
        raise PackageError(error.what, where=where, fix=f"{error.fix} Update cropmap, or train again.") from error
    except ParameterError as error:
        raise PackageError(
            f"The model's parameters are not valid here: {error.what}", where=where, fix="Train the model again."
        ) from error
    return model_class(package.model).from_arrays(params, shape_of(package), package.arrays)


def check_arrays(arrays: Mapping[str, NDArray[np.generic]], expected: Mapping[str, tuple[int | None, ...]]) -> None:
    """Refuse arrays whose names or shapes are not the expected ones; None in a shape stands for any length.

    Raises:
        PackageError: A name is missing or unknown, a shape differs, a number is not finite in float32, what is stored
            is no real numbers, a variance is below 0.
    """
    fix = "The package is damaged or made for other data: train the model again."
    if set(arrays) != set(expected):
        different = ", ".join(sorted(set(arrays) ^ set(expected)))
        raise PackageError("The model's arrays are not the ones it needs.", where=different, fix=fix)
    for name, shape in expected.items():
        found = arrays[name]
        fits = len(found.shape) == len(shape) and all(
            want in (None, have) for want, have in zip(shape, found.shape, strict=True)
        )
        if not fits:
            raise PackageError(f"Array {name} has shape {found.shape}, not {shape}.", where=name, fix=fix)
        wrong = _wrong_numbers(name, found)
        if wrong:
            raise PackageError(f"Array {name} holds {wrong}.", where=name, fix=fix)


def _wrong_numbers(name: str, found: NDArray[np.generic]) -> str:
    """Return what an array holds that no model can use; empty where it holds nothing of the kind."""
    if found.dtype.kind not in "fiu":
        return f"{found.dtype} instead of numbers"
    # Also false of NaN. A number of float64 may be finite there and infinite as a weight.
    if found.dtype.kind == "f" and not (np.abs(found) <= np.finfo(np.float32).max).all():
        return "numbers that are not finite"
    return "variances below 0" if name.endswith(_VARIANCES) and (found.astype(np.float64) < 0).any() else ""
