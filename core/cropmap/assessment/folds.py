"""What the folds of a cross-validation measured: each fold's figures, their mean and their spread."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cropmap.data.accuracy import Accuracy

# Each figure's name, and the accuracy's attribute that holds it.
FIGURES = (
    ("overall accuracy", "overall"),
    ("balanced accuracy", "balanced"),
    ("kappa", "kappa"),
    ("weighted F1", "weighted_f1"),
    ("macro F1", "macro_f1"),
)


@dataclass(frozen=True)
class FoldFigures:
    """The figures of each fold, in the order of `FIGURES`; NaN where undefined.

    Args:
        folds: One row a fold.
        samples: How many samples each fold tests.
        mean: Unweighted mean over the folds that have the figure.
        deviation: Their standard deviation, that of a sample (n - 1); NaN where fewer than two have it.
    """

    folds: tuple[tuple[float, ...], ...]
    samples: tuple[int, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


def fold_figures(folds: Sequence[Accuracy]) -> FoldFigures:
    """Return the figures of each fold with their mean and standard deviation.

    Args:
        folds: At least one.
    """
    rows = tuple(tuple(float(getattr(fold, own)) for _, own in FIGURES) for fold in folds)
    columns = [np.array([value for value in column if math.isfinite(value)]) for column in zip(*rows, strict=True)]
    return FoldFigures(
        folds=rows,
        samples=tuple(fold.total for fold in folds),
        mean=tuple(float(known.mean()) if known.size else math.nan for known in columns),
        deviation=tuple(float(known.std(ddof=1)) if known.size > 1 else math.nan for known in columns),
    )
