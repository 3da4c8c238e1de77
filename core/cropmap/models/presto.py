"""Presto: a small Transformer that others trained on the whole world's satellite series, as a maker of features."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression

from cropmap.contract.errors import PackageError
from cropmap.contract.params import Span, param
from cropmap.models import MODELS
from cropmap.models.base import FitSettings, SelfFittingClassifier, SeriesShape, check_arrays
from cropmap.models.neural import resolve_device
from cropmap.models.presto_encoder import ENCODER, MonthlyInput, PrestoEncoder, encoded, part_of, read_weights
from cropmap.models.random_forest import ForestParams, RandomForest
from cropmap.seeds import torch_threads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress

_LINEAR, _FOREST = "linear.", "forest."


@dataclass(frozen=True)
class PrestoParams:
    """Parameters of Presto."""

    weights: str = param(
        kind="file",
        title="File of weights",
        help="File of published weights (default_model.pt of nasaharvest/presto). Needed to train only: the package "
        "holds them.",
    )
    head: str = param(
        "linear",
        choices=("linear", "forest"),
        title="Classifier",
        help="What learns the classes from the features: a logistic regression, or a random forest.",
        search=("linear", "forest"),
    )
    strength: float = param(
        1.0,
        title="Closeness of fit",
        help="How closely the logistic regression follows the samples; lower is smoother.",
        low=1e-6,
        high=1e6,
        advanced=True,
        search=Span(1e-2, 1e2, log=True),
    )
    trees: int = param(100, help="Trees of the forest.", low=1, high=5000, advanced=True)


@MODELS.register(
    "presto",
    title="Presto",
    params=PrestoParams,
    citation="Tseng et al. 2023, Lightweight, pre-trained transformers for remote sensing timeseries, arXiv:2304.14065",
    needs=("weights",),
)
class Presto(SelfFittingClassifier):
    """Features of an encoder that learnt from the whole world, then a simple classifier; quick; for monthly images.

    Args:
        params: Its parameters.
        shape: The sizes, bands and days that it is made for.
        arrays: The encoder's under their published names, "encoder.norm.weight"; and the head's: "linear.weight",
            (class, feature), and "linear.bias", (class,), float64; or the forest's, "forest.feature" and so on.

    Raises:
        ModelError: The series have no bands that the encoder reads, no first day, or too many months.
        PackageError: Arrays that are missing, unknown or of the wrong shape.
    """

    params: PrestoParams

    def __init__(self, params: PrestoParams, shape: SeriesShape, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        super().__init__(params, shape)
        self._weights = part_of(ENCODER, arrays)
        self._encoder = PrestoEncoder.of(self._weights)
        self._input = MonthlyInput.of(shape, self._encoder.pos_embed.shape[1])
        self._head = _head_of(params, self._encoder.width, shape.classes, arrays)

    @classmethod
    def check(cls, params: PrestoParams) -> None:
        """Refuse weights that are missing or not Presto's, before any samples are read.

        Raises:
            PackageError: The file is missing, damaged or unsafe, or holds other weights.
        """
        PrestoEncoder.of(read_weights(params.weights))

    @classmethod
    def fit(
        cls,
        params: PrestoParams,
        shape: SeriesShape,
        samples: tuple[NDArray[np.float32], NDArray[np.intp]],
        settings: FitSettings,
        progress: Progress,
    ) -> Presto:
        """Fit the head on features of values, (sample, step, band), and columns, (sample,); the encoder stays.

        Reflectances are 0 to 1, radar is in decibels.

        Raises:
            SampleError: Reflectances that were not scaled to 0..1.
            ModelError, PackageError: As for the class, and for the file of weights.
        """
        values, columns = samples
        weights = read_weights(params.weights)
        encoder = PrestoEncoder.of(weights)
        reader = MonthlyInput.of(shape, encoder.pos_embed.shape[1])
        reader.check_values(values)
        with torch_threads(settings.threads):
            features = encoded(encoder, reader, values, progress.part(0.0, 0.8))
        fit_head = _fit_linear if params.head == "linear" else _fit_forest
        head = fit_head(params, (features, columns), shape.classes, settings, progress.part(0.8, 1.0))
        # Where the file lay is nobody's business but its owner's.
        kept = replace(params, weights=Path(params.weights).name)
        return cls(kept, shape, {ENCODER + name: array for name, array in weights.items()} | head)

    @classmethod
    def from_arrays(cls, params: PrestoParams, shape: SeriesShape, arrays: Mapping[str, NDArray[np.generic]]) -> Presto:
        """Make the model again from its arrays; the file of weights is not needed."""
        return cls(params, shape, arrays)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the encoder's and the head's arrays."""
        return {ENCODER + name: array for name, array in self._weights.items()} | self._head.arrays()

    def to(self, device: str) -> Presto:
        """Move the encoder to a device, "auto", "cpu" or "cuda", and return the model.

        Raises:
            ModelError: A GPU was asked for and PyTorch sees none, or the name is unknown.
        """
        self._encoder.to(resolve_device(device))
        return self

    def encode(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the encoder's features, (n, feature), of finite values, (n, step, band)."""
        return encoded(self._encoder, self._input, values)

    def head(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return class probabilities, (n, class), of features, (n, feature)."""
        return self._head.probabilities(features)


# ---------------------------------------------------------------- heads


class _LinearHead:
    """Scores that are linear in the features; the softmax of them."""

    def __init__(self, width: int, classes: int, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        check_arrays(arrays, {"weight": (classes, width), "bias": (classes,)})
        self._weight, self._bias = arrays["weight"].astype(np.float64), arrays["bias"].astype(np.float64)

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        scores = features.astype(np.float64) @ self._weight.T + self._bias
        grown = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
        found: NDArray[np.float32] = (grown / grown.sum(axis=1, keepdims=True)).astype(np.float32)
        return found

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        return {_LINEAR + "weight": self._weight, _LINEAR + "bias": self._bias}


class _ForestHead:
    """A random forest of the features."""

    def __init__(self, params: PrestoParams, shape: SeriesShape, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        self._forest = RandomForest.from_arrays(_forest_params(params), shape, arrays)

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._forest.head(features)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        return {_FOREST + name: array for name, array in self._forest.arrays().items()}


def _head_of(
    params: PrestoParams, width: int, classes: int, arrays: Mapping[str, NDArray[np.generic]]
) -> _LinearHead | _ForestHead:
    prefix = _LINEAR if params.head == "linear" else _FOREST
    own = part_of(prefix, arrays)
    strange = sorted(name for name in arrays if not name.startswith((ENCODER, prefix)))
    if strange:
        raise PackageError(
            "The model's arrays are not the ones it needs.", where=", ".join(strange), fix="Train the model again."
        )
    if params.head == "linear":
        return _LinearHead(width, classes, own)
    return _ForestHead(params, SeriesShape(1, width, classes), own)


def _fit_linear(
    params: PrestoParams,
    samples: tuple[NDArray[np.float32], NDArray[np.intp]],
    classes: int,
    settings: FitSettings,  # noqa: ARG001 - its optimum is one, whatever the seed
    progress: Progress,
) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of a logistic regression on standardised features, for features as they are."""
    features, columns = samples[0].astype(np.float64), samples[1]
    progress.at(0.0, "Logistic regression")
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    deviation[deviation == 0] = 1
    fitted = LogisticRegression(C=params.strength, max_iter=5000).fit((features - mean) / deviation, columns)
    weight, bias = fitted.coef_ / deviation, fitted.intercept_
    bias = bias - weight @ mean
    if classes == 2:
        # scikit-learn keeps the second class's scores alone.
        weight, bias = np.concatenate([0 * weight, weight]), np.concatenate([0 * bias, bias])
    return {_LINEAR + "weight": weight, _LINEAR + "bias": bias}


def _fit_forest(
    params: PrestoParams,
    samples: tuple[NDArray[np.float32], NDArray[np.intp]],
    classes: int,
    settings: FitSettings,
    progress: Progress,
) -> dict[str, NDArray[np.generic]]:
    features, columns = samples
    shape = SeriesShape(1, features.shape[1], classes)
    forest = RandomForest.fit(_forest_params(params), shape, (features[:, None, :], columns), settings, progress)
    return {_FOREST + name: array for name, array in forest.arrays().items()}


def _forest_params(params: PrestoParams) -> ForestParams:
    return ForestParams(trees=params.trees, features_per_split=0)
