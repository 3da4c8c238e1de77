"""How accuracy grows with the number of labels: one model, fitted on ever larger parts of the same samples."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import ModelError, SampleError
from cropmap.data.accuracy import Accuracy, accuracy_of
from cropmap.models.predictor import Predictor
from cropmap.training.fit import FitOptions, fit_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cropmap.contract.progress import Progress
    from cropmap.data.samples import SampleSet
    from cropmap.io.tables import Cell

CURVE_HEADER = (
    *("model", "labels_per_class", "run", "training_samples"),
    *("overall_accuracy", "macro_f1", "kappa", "seconds", "left_out"),
)
MEAN, SD = "mean", "sd"


@dataclass(frozen=True, eq=False)
class LabelDraw:
    """The subsets of one run, and what they are tested on.

    Args:
        counts: Labels of each class in each subset, as asked for, (subset,), ascending.
        masks: True where a sample is in the subset, (subset, sample); each within the next one.
        seed: Of the fits on them.
    """

    counts: tuple[int, ...]
    masks: NDArray[np.bool_]
    seed: int


@dataclass(frozen=True, eq=False)
class CurvePoint:
    """One fit of a learning curve.

    Args:
        model: What the model is called.
        labels: Labels of each class, as asked for.
        run: From 1.
        samples: Samples in the subset.
        accuracy: On the test samples; None where the model could not be fitted.
        seconds: What the fit took.
        why: Why there is no accuracy; empty where there is one.
    """

    model: str
    labels: int
    run: int
    samples: int
    accuracy: Accuracy | None
    seconds: float
    why: str = ""


def learning_curve(
    samples: SampleSet,
    test: NDArray[np.bool_],
    draws: Sequence[LabelDraw],
    asked: tuple[str, str, Mapping[str, Any]],
    options: FitOptions,
    progress: Progress,
) -> list[CurvePoint]:
    """Fit a model on each subset of each run and test it on the same samples every time.

    A subset on which the model cannot be fitted, because it holds too few samples, gives a point without accuracy.

    Args:
        samples: Labelled, prepared series.
        test: The samples that are predicted, (sample,).
        draws: The subsets of each run; none may hold a test sample.
        asked: What the model is called, its registered name, its parameter values.
        options: How models are fitted; each draw brings its own seed. Finished fits stay in `checkpoints`.
        progress: Told how far it is; it cancels.

    Raises:
        SampleError: A subset holds test samples, or there are none.
    """
    if not test.any() or any((draw.masks & test).any() for draw in draws):
        raise SampleError(
            "A learning curve needs test samples, and subsets without them.", fix="Draw the subsets from the others."
        )
    every = [(run, draw, k) for run, draw in enumerate(draws, start=1) for k in range(len(draw.counts))]
    points = []
    for done, (run, draw, k) in enumerate(every):
        part = progress.part(done / len(every), (done + 1) / len(every)).curve(f"{asked[0]}, {draw.counts[k]} labels")
        folder = options.checkpoints and options.checkpoints / f"run {run}, {draw.counts[k]} labels"
        own = replace(options, seed=draw.seed, checkpoints=folder)
        began = time.perf_counter()
        accuracy, why = _tried(samples, draw.masks[k], test, _fitted(asked, own, part))
        seconds = time.perf_counter() - began
        points.append(
            CurvePoint(asked[0], draw.counts[k], run, int(draw.masks[k].sum()), accuracy, round(seconds, 3), why)
        )
    return points


def curve_rows(points: Sequence[CurvePoint]) -> list[tuple[Cell, ...]]:
    """Return rows of a table, header first: each model's runs at each count, then their mean and SD (of n - 1)."""
    rows: list[tuple[Cell, ...]] = [CURVE_HEADER]
    for model, labels in dict.fromkeys((point.model, point.labels) for point in points):
        own = [point for point in points if (point.model, point.labels) == (model, labels)]
        rows += [
            (model, labels, point.run, point.samples, *_figures(point.accuracy), point.seconds, point.why)
            for point in own
        ]
        found = np.array([_figures(point.accuracy) for point in own if point.accuracy])
        if len(found):
            rows.append((model, labels, MEAN, "", *found.mean(axis=0).tolist(), "", ""))
        if len(found) > 1:
            rows.append((model, labels, SD, "", *found.std(axis=0, ddof=1).tolist(), "", ""))
    return rows


def _figures(found: Accuracy | None) -> tuple[float, float, float]:
    return (found.overall, found.macro_f1, found.kappa) if found else (math.nan, math.nan, math.nan)


def _fitted(
    asked: tuple[str, str, Mapping[str, Any]], options: FitOptions, progress: Progress
) -> Callable[[SampleSet], Predictor]:
    return lambda samples: Predictor(fit_once(samples, asked[1], asked[2], options, progress), options.device)


def _tried(
    samples: SampleSet, chosen: NDArray[np.bool_], test: NDArray[np.bool_], fitted: Callable[[SampleSet], Predictor]
) -> tuple[Accuracy | None, str]:
    try:
        predictor = fitted(samples.subset(chosen))
    except (SampleError, ModelError) as error:
        return None, error.what
    return accuracy_of(samples.codes[test], predictor.codes(samples.values[test]), samples.legend), ""
