"""Speed of the models on one CPU thread, trees beside the library that grew them with the same settings.

    python benchmarks/models.py

Overlapping classes, so that the trees grow as deep as on real series: 9,000 training samples, 6 classes, 23 steps of 6
bands.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import torch
import xgboost
from harness import machine, median_seconds, say, table
from sklearn.ensemble import RandomForestClassifier

from cropmap.contract.progress import Progress
from cropmap.models.base import FitSettings, SeriesShape
from cropmap.models.gradient_boosting import BoostingParams, GradientBoosting
from cropmap.models.random_forest import ForestParams, RandomForest
from cropmap.models.transformer import Transformer, TransformerParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SHAPE = SeriesShape(steps=23, bands=6, classes=6)
TRAINING, PIXELS, FEW_PIXELS, TREES = 9_000, 40_000, 1_000, 100
ROUNDS, PIXELS_BOOSTED = BoostingParams().rounds, 8_000


def drawn(rng: np.random.Generator, count: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return series around one mean curve a class, and their classes."""
    classes = rng.integers(0, SHAPE.classes, count)
    curves = np.random.default_rng(1).normal(size=(SHAPE.classes, SHAPE.steps, SHAPE.bands))
    noise = rng.normal(scale=4.0, size=(count, SHAPE.steps, SHAPE.bands))
    return (curves[classes] + noise).astype(np.float32), classes


def main() -> None:
    """Measure and print the tables."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    values, classes = drawn(rng, TRAINING)
    pixels, _ = drawn(rng, PIXELS)
    say(f"{machine()}; one thread, median of 5 (fits: of 3)\n")
    say(table(("model", "pixels/s", "x the library's"), _prediction(values, classes, pixels)) + "\n")
    rows = _fits(values, classes)
    say(table((f"fit on {TRAINING:,} samples", "s", "the library's s / s"), rows))


def _prediction(
    values: NDArray[np.float32], classes: NDArray[np.intp], pixels: NDArray[np.float32]
) -> list[tuple[str, str, str]]:
    samples, flat = (values, classes), pixels.reshape(len(pixels), -1)
    forest = RandomForest.fit(ForestParams(trees=TREES), SHAPE, samples, FitSettings(0, 1), Progress())
    boosting = GradientBoosting.fit(BoostingParams(), SHAPE, samples, FitSettings(0, 1), Progress())
    network = Transformer.untrained(TransformerParams(), SHAPE)
    grown, booster = _sklearn_forest(values, classes), _xgboost(values, classes)
    few = pixels[:FEW_PIXELS]
    tasks: dict[str, tuple[int, Callable[[], object]]] = {
        f"scikit-learn forest, {TREES} trees": (PIXELS, lambda: grown.predict_proba(flat)),
        f"`random_forest`, {TREES} trees": (PIXELS, lambda: forest.predict_proba(pixels)),
        f"XGBoost, {ROUNDS} rounds": (PIXELS_BOOSTED, lambda: booster.inplace_predict(flat[:PIXELS_BOOSTED])),
        f"`gradient_boosting`, {ROUNDS} rounds": (
            PIXELS_BOOSTED,
            lambda: boosting.predict_proba(pixels[:PIXELS_BOOSTED]),
        ),
        "`transformer`, width 512": (FEW_PIXELS, lambda: network.predict_proba(few)),
    }
    seconds = median_seconds({name: task for name, (_, task) in tasks.items()}, 5, time.thread_time)
    speeds = [count / seconds[name] for name, (count, _) in tasks.items()]
    ratios = ["1.0", f"{speeds[1] / speeds[0]:.2f}", "1.0", f"{speeds[3] / speeds[2]:.2f}", ""]
    return [(name, f"{speed:,.0f}", ratio) for name, speed, ratio in zip(tasks, speeds, ratios, strict=True)]


def _fits(values: NDArray[np.float32], classes: NDArray[np.intp]) -> list[tuple[str, str, str]]:
    samples, settings = (values, classes), FitSettings(0, 1)
    tasks: dict[str, Callable[[], object]] = {
        f"scikit-learn forest, {TREES} trees": lambda: _sklearn_forest(values, classes),
        f"`random_forest`, {TREES} trees": lambda: RandomForest.fit(
            ForestParams(trees=TREES), SHAPE, samples, settings, Progress()
        ),
        f"XGBoost, {ROUNDS} rounds": lambda: _xgboost(values, classes),
        f"`gradient_boosting`, {ROUNDS} rounds": lambda: GradientBoosting.fit(
            BoostingParams(), SHAPE, samples, settings, Progress()
        ),
    }
    seconds = list(median_seconds(tasks, 3, time.thread_time).values())
    ratios = ["1.0", f"{seconds[0] / seconds[1]:.2f}", "1.0", f"{seconds[2] / seconds[3]:.2f}"]
    return [(name, f"{taken:.2f}", ratio) for name, taken, ratio in zip(tasks, seconds, ratios, strict=True)]


def _sklearn_forest(values: NDArray[np.float32], classes: NDArray[np.intp]) -> RandomForestClassifier:
    forest = RandomForestClassifier(TREES, max_features=8, random_state=0, n_jobs=1)
    return forest.fit(values.reshape(len(values), -1), classes)


def _xgboost(values: NDArray[np.float32], classes: NDArray[np.intp]) -> xgboost.Booster:
    params = BoostingParams()
    settings = {
        "objective": "multi:softprob",
        "num_class": SHAPE.classes,
        "tree_method": "hist",
        "max_depth": params.depth,
        "eta": params.learning_rate,
        "subsample": params.sample_share,
        "colsample_bynode": params.feature_share,
        "nthread": 1,
    }
    data = xgboost.QuantileDMatrix(values.reshape(len(values), -1), classes, nthread=1)
    return xgboost.train(settings, data, params.rounds)


if __name__ == "__main__":
    main()
