"""Gradient boosting, fitted by XGBoost, kept as plain arrays and walked by Numba."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import ModelError, PackageError
from cropmap.contract.params import Span, param
from cropmap.models import MODELS
from cropmap.models.base import FitSettings, SelfFittingClassifier, SeriesShape, check_arrays
from cropmap.models.trees import NAMES, Trees, class_weights, joined, narrowed, shallow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress

_NAME = "gradient_boosting"
# Rounds between two progress reports, the moments at which a fit can be cancelled.
_ROUNDS_A_REPORT = 5


@dataclass(frozen=True)
class BoostingParams:
    """Parameters of gradient boosting."""

    rounds: int = param(
        300,
        help="How often the errors so far are mended, by one tree a class.",
        low=1,
        high=10_000,
        search=Span(100, 800, log=True),
    )
    depth: int = param(
        4,
        title="Tree depth",
        help="Most splits from a tree's root to a leaf.",
        low=1,
        high=16,
        search=(2, 3, 4, 5, 6, 8),
    )
    learning_rate: float = param(
        0.1,
        help="How much of each tree's correction is taken; half of it wants twice the rounds.",
        low=1e-4,
        high=1.0,
        search=Span(0.02, 0.3, log=True),
    )
    sample_share: float = param(
        0.7,
        title="Samples per round",
        help="Share of the samples that each round learns from.",
        low=0.01,
        high=1.0,
        search=Span(0.4, 1.0),
    )
    feature_share: float = param(
        0.3,
        title="Features per split",
        help="Share of the features that each split chooses from.",
        low=0.001,
        high=1.0,
        search=Span(0.05, 1.0),
    )
    min_weight: float = param(
        1.0,
        title="Smallest leaf weight",
        help="How much a leaf must weigh: samples still in doubt weigh up to 0.5 each, sure ones nearly nothing.",
        low=0.0,
        high=1e6,
        advanced=True,
        search=Span(0.1, 10.0, log=True),
    )
    shrinkage: float = param(
        1.0,
        help="Pulls the numbers in the leaves to 0 (L2).",
        low=0.0,
        high=1e6,
        advanced=True,
        search=Span(0.1, 30.0, log=True),
    )
    balance: str = param(
        "none",
        title="Rare classes",
        choices=("none", "weights"),
        help="weights: errors of rare classes count more, so that all classes together count the same.",
        advanced=True,
    )


@MODELS.register(
    _NAME,
    title="Gradient boosting",
    params=BoostingParams,
    citation="Friedman 2001, Annals of Statistics 29:1189-1232, doi:10.1214/aos/1013203451; Chen & Guestrin 2016, "
    "doi:10.1145/2939672.2939785",
)
class GradientBoosting(SelfFittingClassifier):
    """Small trees that mend each other's errors; minutes on a CPU; where a forest's accuracy is not enough.

    Args:
        params: Its parameters.
        shape: The sizes that it is made for.
        arrays: The trees as `Trees` describes them, one number a leaf, those of one round after the other, in a round
            one a class; and `base`, (class,), float32: what every class's sum begins with.
    """

    params: BoostingParams

    def __init__(self, params: BoostingParams, shape: SeriesShape, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        super().__init__(params, shape)
        check_arrays({name: array for name, array in arrays.items() if name not in NAMES}, {"base": (shape.classes,)})
        self._trees = Trees.read({name: arrays[name] for name in NAMES if name in arrays}, shape.features, 1, _NAME)
        if len(self._trees) % shape.classes:
            raise PackageError(
                f"{len(self._trees)} trees are not one a class in every round.",
                where=_NAME,
                fix="Train the model again.",
            )
        self._base = arrays["base"].astype(np.float32)
        self._walked = shallow(self._trees) or self._trees
        self._columns = np.arange(len(self._trees), dtype=np.int64) % shape.classes

    @classmethod
    def check(cls, params: BoostingParams) -> None:
        """Refuse to begin where XGBoost is missing."""
        del params
        _library()

    @classmethod
    def fit(
        cls,
        params: BoostingParams,
        shape: SeriesShape,
        samples: tuple[NDArray[np.float32], NDArray[np.intp]],
        settings: FitSettings,
        progress: Progress,
    ) -> GradientBoosting:
        """Fit on values, (sample, step, band), and columns, (sample,); every column occurs.

        Raises:
            ModelError: XGBoost is missing or cannot be loaded.
        """
        values, columns = samples
        booster = _grown(params, shape, (values.reshape(len(values), -1), columns), settings, progress)
        return cls(params, shape, _arrays(json.loads(booster.save_raw("json")), shape))

    @classmethod
    def from_arrays(
        cls, params: BoostingParams, shape: SeriesShape, arrays: Mapping[str, NDArray[np.generic]]
    ) -> GradientBoosting:
        """Make the model again from its arrays."""
        return cls(params, shape, arrays)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the trees and what the sums begin with."""
        return {**self._trees.arrays(self.shape.features), "base": self._base}

    def head(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return class probabilities, (n, class), for features (n, step x band): the softmax of the trees' sums."""
        rows = np.ascontiguousarray(features, np.float32)
        # Summed in float32 and in the order of the trees, as XGBoost does: equal sums stay equal.
        sums = np.tile(self._base, (len(rows), 1))
        self._walked.add_to(sums, rows, self._columns)
        shares = np.exp(sums.astype(np.float64) - sums.max(axis=1, keepdims=True))
        return narrowed(shares / shares.sum(axis=1, keepdims=True))


def _library() -> ModuleType:
    try:
        import xgboost  # noqa: PLC0415 - only a fit needs it
    except Exception as error:  # what it raises where its binary cannot be loaded is a class of its own
        raise ModelError(
            f"Gradient boosting is fitted by XGBoost, which cannot be used here: {error}",
            fix="Install xgboost (on macOS its OpenMP library libomp too), or choose random_forest.",
        ) from error
    return xgboost


def _grown(
    params: BoostingParams,
    shape: SeriesShape,
    samples: tuple[NDArray[np.float32], NDArray[np.intp]],
    settings: FitSettings,
    progress: Progress,
) -> Any:
    """Return the fitted booster; any number of threads gives the same trees."""
    xgboost = _library()
    rows, columns = samples
    threads = {"nthread": settings.threads} if settings.threads else {}
    data = xgboost.QuantileDMatrix(rows, columns, weight=_weights(params, columns), **threads)
    booster = xgboost.Booster(
        {
            "objective": "multi:softprob",
            "num_class": shape.classes,
            "tree_method": "hist",
            "max_depth": params.depth,
            "eta": params.learning_rate,
            "subsample": params.sample_share,
            "colsample_bynode": params.feature_share,
            "min_child_weight": params.min_weight,
            "lambda": params.shrinkage,
            "seed": settings.seed,
            **threads,
        },
        [data],
    )
    for done in range(params.rounds):
        if done % _ROUNDS_A_REPORT == 0:
            progress.at(done / params.rounds, f"Round {done + 1} of {params.rounds}")
        booster.update(data, done)
    progress.at(1.0)
    return booster


def _weights(params: BoostingParams, columns: NDArray[np.intp]) -> NDArray[np.float64] | None:
    if params.balance == "none":
        return None
    weights = class_weights(columns)
    return np.array([weights[column] for column in columns.tolist()])


def _arrays(model: Mapping[str, Any], shape: SeriesShape) -> dict[str, NDArray[np.generic]]:
    """Return the plain arrays of a booster as XGBoost writes it in JSON."""
    learner = model["learner"]
    grown = learner["gradient_booster"]["model"]
    classes = np.arange(len(grown["trees"])) % shape.classes
    base = np.array(json.loads(learner["learner_model_param"]["base_score"]), np.float32)
    if grown["tree_info"] != classes.tolist() or base.shape != (shape.classes,):
        raise ModelError("This version of XGBoost orders trees in another way.", fix="Install xgboost 3.2.")
    parts = [_depth_first(tree) for tree in grown["trees"]]
    leaves = np.concatenate([value for _, value in parts])[:, np.newaxis]
    return {**joined([tree for tree, _ in parts], leaves).arrays(shape.features), "base": base}


def _depth_first(tree: Mapping[str, Any]) -> tuple[tuple[NDArray[Any], ...], NDArray[np.float32]]:
    """Return a tree's features, thresholds and right children in depth-first order, and what its leaves give."""
    left, right = tree["left_children"], tree["right_children"]
    order, waiting = [], [0]
    while waiting:
        node = waiting.pop()
        order.append(node)
        if left[node] >= 0:
            waiting += [right[node], left[node]]
    position = np.empty(len(left), np.int64)
    position[order] = np.arange(len(order))
    leaf = np.array(left)[order] < 0
    split = np.array(tree["split_conditions"], np.float32)[order]
    feature = np.where(leaf, -1, np.array(tree["split_indices"])[order])
    # XGBoost goes left where a value is below the threshold, `Trees` where it is not above it.
    below = np.nextafter(split, np.float32(-np.inf))
    return (feature, below, position[np.array(right)[order]]), split[leaf]
