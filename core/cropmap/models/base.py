"""What every model of pixel series can do, and how one is made again from a package."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from cropmap.contract.errors import JobError, PackageError, ParameterError
from cropmap.models import MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress
    from cropmap.data.package import ModelPackage

ModelT = TypeVar("ModelT", bound="SeriesClassifier")


@dataclass(frozen=True)
class SeriesShape:
    """The sizes that a model is made for: time steps, bands, classes."""

    steps: int
    bands: int
    classes: int

    @property
    def features(self) -> int:
        """Numbers in one series."""
        return self.steps * self.bands


class SeriesClassifier(ABC):
    """A fitted model of pixel series.

    Args:
        params: The parameters that its registry entry declares.
        shape: The sizes that it is made for.
    """

    def __init__(self, params: Any, shape: SeriesShape) -> None:
        self.params = params
        self.shape = shape

    @abstractmethod
    def predict_proba(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of each class, (n, class), for scaled and finite values, (n, step, band).

        Any n, also 0 and 1. Asked twice, it answers with the same bytes; it may be called from several threads.
        """

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
    """

    seed: int
    threads: int = 0


class SelfFittingClassifier(SeriesClassifier):
    """A model that is fitted in one go, without gradients and without validation samples: a forest, for one."""

    # Whether values are standardised per band first; splits of single features do not care.
    scaled = False

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
    """Return the sizes that a package's model is made for."""
    return SeriesShape(len(package.days), len(package.bands), len(package.legend))


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
        PackageError: A name is missing or unknown, a shape differs, a number is not finite.
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
        if np.issubdtype(found.dtype, np.floating) and not np.isfinite(found).all():
            raise PackageError(f"Array {name} holds numbers that are not finite.", where=name, fix=fix)
