"""Prediction speed of the models on one CPU thread, the forest beside scikit-learn's with the same settings.

    python benchmarks/models.py

Overlapping classes, so that the trees grow as deep as on real series: 9,000 training samples, 6 classes, 23 steps of 6
bands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from harness import machine, median_seconds, say, table
from sklearn.ensemble import RandomForestClassifier

from cropmap.contract.progress import Progress
from cropmap.models.base import FitSettings, SeriesShape
from cropmap.models.random_forest import ForestParams, RandomForest
from cropmap.models.transformer import Transformer, TransformerParams

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHAPE = SeriesShape(steps=23, bands=6, classes=6)
TRAINING, PIXELS, FEW_PIXELS, TREES = 9_000, 40_000, 1_000, 100


def drawn(rng: np.random.Generator, count: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return series around one mean curve a class, and their classes."""
    classes = rng.integers(0, SHAPE.classes, count)
    curves = np.random.default_rng(1).normal(size=(SHAPE.classes, SHAPE.steps, SHAPE.bands))
    noise = rng.normal(scale=4.0, size=(count, SHAPE.steps, SHAPE.bands))
    return (curves[classes] + noise).astype(np.float32), classes


def main() -> None:
    """Measure and print the table."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    values, classes = drawn(rng, TRAINING)
    pixels, _ = drawn(rng, PIXELS)
    own = RandomForest.fit(ForestParams(trees=TREES), SHAPE, (values, classes), FitSettings(0), Progress())
    peer = RandomForestClassifier(TREES, max_features=8, random_state=0, n_jobs=-1).fit(
        values.reshape(len(values), -1), classes
    )
    peer.set_params(n_jobs=1)
    network = Transformer.untrained(TransformerParams(), SHAPE)
    flat = pixels.reshape(len(pixels), -1)
    seconds = median_seconds(
        {
            "scikit-learn": lambda: peer.predict_proba(flat),
            "forest": lambda: own.predict_proba(pixels),
            "transformer": lambda: network.predict_proba(pixels[:FEW_PIXELS]),
        },
        repeats=5,
    )
    forest, other = PIXELS / seconds["forest"], PIXELS / seconds["scikit-learn"]
    rows = [
        (f"scikit-learn forest, {TREES} trees", f"{other:,.0f}", "1.0"),
        (f"`random_forest`, {TREES} trees", f"{forest:,.0f}", f"{forest / other:.1f}"),
        ("`transformer`, width 512", f"{FEW_PIXELS / seconds['transformer']:,.0f}", ""),
    ]
    say(f"{machine()}; one thread, median of 5\n")
    say(table(("model", "pixels/s", "x scikit-learn"), rows))


if __name__ == "__main__":
    main()
