"""A random forest on the features of a network that was trained elsewhere."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import CropMapError, ModelError, PackageError
from cropmap.contract.params import Span, chosen, param
from cropmap.io.packages import read_package
from cropmap.models import MODELS
from cropmap.models.base import FitSettings, SelfFittingClassifier, SeriesShape, model_class
from cropmap.models.ensemble import Member, member_of
from cropmap.models.neural import NeuralClassifier
from cropmap.models.predictor import Predictor
from cropmap.models.random_forest import ForestParams, RandomForest
from cropmap.seeds import torch_threads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress
    from cropmap.data.package import ModelPackage

_NETWORK, _FOREST = "network.", "forest."
_CLASSES = _NETWORK + "model.head.bias"
_DAMAGED = "The package is damaged: train the model again."


@dataclass(frozen=True)
class FeatureForestSettings:
    """How the forest is grown; the defaults are the second source study's."""

    trees: int = param(500, help="Number of trees.", low=1, high=5000)
    features_share: float = param(
        1 / 3,
        title="Features per split",
        help="Share of the network's features that are tried at each split.",
        low=1e-4,
        high=1.0,
        advanced=True,
        search=Span(0.05, 1.0, log=True),
    )
    min_leaf: int = param(
        2,
        title="Smallest leaf",
        help="Fewest samples in a leaf.",
        low=1,
        high=10_000,
        advanced=True,
        search=(1, 2, 3, 5),
    )
    samples_share: float = param(
        0.7,
        title="Samples per tree",
        help="Share of the samples drawn for each tree.",
        low=0.01,
        high=1.0,
        advanced=True,
    )
    balance: str = param(
        "weights",
        choices=("none", "weights"),
        title="Rare classes",
        help="weights: samples of rare classes count more, so that all classes together count the same.",
        advanced=True,
    )


@dataclass(frozen=True)
class FeatureForestParams(FeatureForestSettings):
    """Parameters of the forest, and whose features it reads."""

    package: str = param(
        "",
        kind="package",
        title="Package of the network",
        help="Package whose network makes the features. Needed to train only: the new package holds the network.",
    )
    network: str = param(
        "", help="Name and parameters of the network as JSON; the training fills it in.", advanced=True
    )


@MODELS.register(
    "feature_forest",
    title="Forest on a network's features",
    params=FeatureForestParams,
    citation="Antonijevic et al. 2023, doi:10.1186/s40537-023-00735-2 (settings of their released code); Breiman 2001, "
    "doi:10.1023/A:1010933404324",
    needs=("weights",),
)
class FeatureForest(SelfFittingClassifier):
    """A random forest that decides on what a trained network makes of each series; quick; for few labels.

    Args:
        params: Its parameters, with the network's.
        shape: The sizes, bands and days that it is made for.
        network: What makes the features: a network, its scaling and time shift; its own head is not asked.
        forest: What decides, made for one step of as many bands as there are features.
    """

    params: FeatureForestParams
    takes_package = True

    def __init__(self, params: FeatureForestParams, shape: SeriesShape, network: Member, forest: RandomForest) -> None:
        super().__init__(params, shape)
        self.network, self.forest = network, forest

    @classmethod
    def check(cls, params: FeatureForestParams) -> None:
        """Refuse a package that is missing, damaged, or not a network's.

        Raises:
            ModelError: None is named, or it is no network's.
            PackageError: It cannot be read.
        """
        _network_of(params)

    @classmethod
    def fit(
        cls,
        params: FeatureForestParams,
        shape: SeriesShape,
        samples: tuple[NDArray[np.float32], NDArray[np.intp]],
        settings: FitSettings,
        progress: Progress,
    ) -> FeatureForest:
        """Grow the forest on features of values, (sample, step, band), not scaled, and columns, (sample,).

        Raises:
            ModelError: No network is given, or no network's package.
            PackageError: The network was trained on other bands or days, or its package is damaged.
        """
        package = settings.package or _network_of(params)
        values, columns = samples
        network = _member(package, shape)
        progress.at(0.0, "Features")
        with torch_threads(settings.threads):
            features = _encoded(network, values)
        own = SeriesShape(1, features.shape[1], shape.classes)
        grown = _forest_params(params, *features.shape)
        forest = RandomForest.fit(grown, own, (features[:, None, :], columns), settings, progress.part(0.3, 1.0))
        told = json.dumps({"name": package.model, **package.params}, sort_keys=True)
        return cls(dataclasses.replace(params, package="", network=told), shape, network, forest)

    @classmethod
    def from_arrays(
        cls, params: FeatureForestParams, shape: SeriesShape, arrays: Mapping[str, NDArray[np.generic]]
    ) -> FeatureForest:
        """Make the model again from its arrays; the network's package is not needed."""
        strange = sorted(name for name in arrays if not name.startswith((_NETWORK, _FOREST)))
        if strange or _CLASSES not in arrays or arrays[_CLASSES].ndim != 1:
            raise PackageError(
                "The model's arrays are not the ones it needs.", where=", ".join(strange) or _CLASSES, fix=_DAMAGED
            )
        network = _stored(params.network, shape, arrays)
        nothing = np.zeros((1, shape.steps, shape.bands), np.float32)
        own = SeriesShape(1, _encoded(network, nothing).shape[1], shape.classes)
        forest = RandomForest.from_arrays(ForestParams(), own, _under(_FOREST, arrays))
        return cls(params, shape, network, forest)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the network's arrays, its scaling among them, and the forest's."""
        found = {_NETWORK + name: array for name, array in self.network.arrays().items()}
        return found | {_FOREST + name: array for name, array in self.forest.arrays().items()}

    def to(self, device: str) -> FeatureForest:
        """Move the network to a device, "auto", "cpu" or "cuda", and return the model.

        Raises:
            ModelError: A GPU was asked for and PyTorch sees none, or the name is unknown.
        """
        self.network.model.to(device)
        return self

    def encode(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the network's features, (n, feature), of prepared values, (n, step, band)."""
        return _encoded(self.network, values)

    def head(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the forest's class probabilities, (n, class), of features, (n, feature)."""
        return self.forest.head(features)


def _network_of(params: FeatureForestParams) -> ModelPackage:
    if not params.package:
        raise ModelError(
            "No network is given whose features the forest could read.",
            where="package",
            fix="Name the package of a trained network, such as tempcnn or ltae.",
        )
    package = read_package(params.package)
    _check_network(package.model)
    return package


def _check_network(model: str) -> None:
    if not issubclass(model_class(model), NeuralClassifier):
        raise ModelError(
            f"The model {model} is no network: it makes no features.",
            where="package",
            fix="Choose the package of a network, such as tempcnn or ltae.",
        )


def _member(package: ModelPackage, shape: SeriesShape) -> Member:
    """Return a package's network, scaling and time shift, made for the same series."""
    _check_network(package.model)
    predictor = Predictor(package)
    predictor.check(shape.names, np.array(shape.days, np.int32))
    return Member(predictor.model, package.scaling, shift_days=package.shift_days)


def _stored(network: str, shape: SeriesShape, arrays: Mapping[str, NDArray[np.generic]]) -> Member:
    try:
        name, values = chosen(json.loads(network))
        _check_network(name)
        whole = dataclasses.replace(shape, classes=arrays[_CLASSES].shape[0])
        return member_of(name, values, whole, _under(_NETWORK, arrays))
    except (ValueError, TypeError, KeyError) as error:
        raise PackageError("The network's parameters cannot be read.", where="network", fix=_DAMAGED) from error
    except PackageError:
        raise
    except CropMapError as error:
        raise PackageError(f"The network is not valid here: {error.what}", where="network", fix=_DAMAGED) from error


def _encoded(network: Member, values: NDArray[np.float32]) -> NDArray[np.float32]:
    return network.model.encode(network.scaled(values))


def _forest_params(params: FeatureForestParams, samples: int, features: int) -> ForestParams:
    return ForestParams(
        trees=params.trees,
        features_per_split=max(1, int(params.features_share * features)),
        min_leaf=params.min_leaf,
        max_samples=max(1, round(params.samples_share * samples)),
        balance=params.balance,
    )


def _under(prefix: str, arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    return {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}
