"""Models compared on the same folds of the same pixels: figures, pairs, tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.assessment.calibration import reliability, tempered_each
from cropmap.assessment.learning_curve import CurvePoint
from cropmap.assessment.paired import MEASURES, McNemar, PairTests, Resampled, adjusted, compare_pair, resample
from cropmap.data.accuracy import Accuracy, accuracy_of
from cropmap.data.legend import Legend
from cropmap.data.samples import FoldPlan, SampleSet
from cropmap.training.temperature import cross_fitted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cropmap.io.tables import Cell

ALL, MEAN, SD = "all", "mean", "sd"
FIGURES = ("overall_accuracy", "balanced_accuracy", "kappa", "weighted_f1", "macro_f1")
MODELS_HEADER = ("model", "run", "fold", "samples", *FIGURES, "ece", "ece_tempered", "brier", "nll", "seconds")
PAIRS_HEADER = (
    *("model", "other", "test", "class", "only_model_right", "only_other_right"),
    *("z", "p", "exact", "p_holm", "difference", "low_95", "high_95"),
)
CLASSES_HEADER = (
    *("model", "run", "class", "code", "samples", "mapped", "f1", "users", "users_low_95", "users_high_95"),
    *("producers", "producers_low_95", "producers_high_95", "iou", "iou_low_95", "iou_high_95"),
)


@dataclass(frozen=True, eq=False)
class ModelRun:
    """What one cross-validation of a model said of the samples.

    Args:
        codes: Predicted class code, (sample,), uint8.
        probabilities: (sample, class) by the legend of the comparison, float32; NaN for samples of no fold.
        seconds: What fitting and testing took, all folds together.
    """

    codes: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    seconds: float


@dataclass(frozen=True, eq=False)
class ComparedModel:
    """A model with its runs, which differ by their seeds alone.

    Args:
        name: What it is called here: its registered name, numbered where it stands several times.
        model: Registered name.
        values: Its own parameter values.
        runs: Its cross-validations.
    """

    name: str
    model: str
    values: Mapping[str, Any]
    runs: tuple[ModelRun, ...]


@dataclass(frozen=True)
class LeftOut:
    """A model that could not be fitted on these samples, and why."""

    name: str
    model: str
    why: str


@dataclass(frozen=True, eq=False)
class Pair:
    """Two models on the same samples.

    Args:
        model: Position of the model that stands higher in the ranking.
        other: Position of the other one.
        tests: McNemar's, on the first run of each; above 0 `model` is right more often. The overall one is adjusted
            over all pairs.
    """

    model: int
    other: int
    tests: PairTests


@dataclass(frozen=True, eq=False)
class ModelComparison:
    """Models on the same folds of the same samples, the highest overall accuracy (mean of the runs) first.

    Args:
        samples: All samples.
        plan: Their folds; samples of no fold are not compared.
        legend: Classes that occur in the folds.
        models: What was compared.
        resampled: Their figures on other draws of the plan's units, in the order of the models.
        pairs: Every two of them.
        left_out: What could not be fitted.
        curve: Learning curves; empty where none were asked for.
    """

    samples: SampleSet
    plan: FoldPlan
    legend: Legend
    models: tuple[ComparedModel, ...]
    resampled: Resampled
    pairs: tuple[Pair, ...]
    left_out: tuple[LeftOut, ...] = ()
    curve: tuple[CurvePoint, ...] = field(default=())

    @property
    def tested(self) -> NDArray[np.bool_]:
        """True for the samples that are compared, (sample,)."""
        return np.asarray(self.plan.fold >= 0)

    def accuracy(self, run: ModelRun, fold: int | None = None) -> Accuracy:
        """Return a run's accuracy over all folds, or on one."""
        chosen = self.tested if fold is None else self.plan.fold == fold
        return accuracy_of(self.samples.codes[chosen], run.codes[chosen], self.legend)

    def pair(self, first: int, second: int) -> Pair:
        """Return what was found of two models, by their positions in any order."""
        return next(own for own in self.pairs if {own.model, own.other} == {first, second})


def compare_models(
    samples: SampleSet, plan: FoldPlan, legend: Legend, models: Sequence[ComparedModel], seed: int = 0
) -> ModelComparison:
    """Rank models by their accuracy and compare every two of them.

    Args:
        samples: All samples.
        plan: The folds that every model was cross-validated on.
        legend: Classes of the models' probabilities.
        models: At least one.
        seed: Of the draws of units.
    """
    tested = plan.fold >= 0
    truth = samples.codes[tested]
    right = [np.mean([(run.codes[tested] == truth).mean() for run in own.runs]) for own in models]
    ranked = tuple(models[k] for k in np.argsort(-np.array(right), kind="stable"))
    said = [np.array([run.codes[tested] for run in own.runs]) for own in ranked]
    resampled = resample(truth, said, plan.units[tested], seed=seed)
    tests = {
        (high, low): compare_pair(truth, said[low][0], said[high][0], legend)
        for high in range(len(ranked))
        for low in range(high + 1, len(ranked))
    }
    overall = adjusted([own.overall for own in tests.values()])
    pairs = tuple(
        Pair(high, low, PairTests(whole, own.by_class, own.one_vs_rest))
        for ((high, low), own), whole in zip(tests.items(), overall, strict=True)
    )
    return ModelComparison(samples, plan, legend, ranked, resampled, pairs)


# ---------------------------------------------------------------- tables


def model_rows(found: ModelComparison) -> list[tuple[Cell, ...]]:
    """Return rows of a table, header first: every run on every fold, their mean and SD, and all folds together.

    SD is that of a sample, over the folds of a run, or over the runs of a model. Calibration is measured on all folds
    together; `ece_tempered` after tempering each fold by the temperature that suits the others.
    """
    rows: list[tuple[Cell, ...]] = [MODELS_HEADER]
    numbers = np.unique(found.plan.fold[found.tested]).tolist()
    for own in found.models:
        whole = []
        for number, run in enumerate(own.runs, start=1):
            folds = [found.accuracy(run, fold) for fold in numbers]
            named = (own.name, number)
            rows += [
                (*named, fold + 1, accuracy.total, *_figures(accuracy), "", "", "", "", "")
                for fold, accuracy in zip(numbers, folds, strict=True)
            ]
            spread = np.array([_figures(accuracy) for accuracy in folds])
            rows += [
                (*named, what, "", *values, "", "", "", "", "")
                for what, values in ((MEAN, spread.mean(axis=0).tolist()), (SD, spread.std(axis=0, ddof=1).tolist()))
            ]
            pooled = found.accuracy(run)
            figures = (*_figures(pooled), *calibration_figures(found, run), run.seconds)
            rows.append((*named, ALL, pooled.total, *figures))
            whole.append(figures)
        if len(whole) > 1:
            over = np.array(whole)
            rows.append((own.name, MEAN, ALL, "", *over.mean(axis=0).tolist()))
            rows.append((own.name, SD, ALL, "", *over.std(axis=0, ddof=1).tolist()))
    return rows


def calibration_figures(found: ModelComparison, run: ModelRun) -> tuple[float, float, float, float]:
    """Return a run's expected calibration error, as it is and cross-tempered, its Brier score and log-likelihood."""
    tested = found.tested
    shares, folds = run.probabilities[tested], found.plan.fold[tested]
    columns = np.searchsorted(found.legend.codes, found.samples.codes[tested])
    plain = reliability(shares, columns)
    better = reliability(tempered_each(shares, cross_fitted(shares, columns, folds)), columns)
    return plain.ece, better.ece, plain.brier, plain.nll


def class_rows(found: ModelComparison) -> list[tuple[Cell, ...]]:
    """Return rows of a table, header first: each class by each run of each model, all folds together."""
    return [
        CLASSES_HEADER,
        *(
            (
                *(own.name, number, row.name, row.code, row.support, row.mapped, row.f1),
                *(row.users, *row.users_interval, row.producers, *row.producers_interval),
                *(row.iou, *row.iou_interval),
            )
            for own in found.models
            for number, run in enumerate(own.runs, start=1)
            for row in found.accuracy(run).by_class()
        ),
    ]


def pair_rows(found: ModelComparison) -> list[tuple[Cell, ...]]:
    """Return rows of a table, header first: McNemar's tests of every two models, and how far their figures differ.

    z and the difference are above 0 where `model` is better than `other`.
    """
    return [PAIRS_HEADER, *(row for pair in found.pairs for row in _pair_rows(found, pair))]


def prediction_rows(found: ModelComparison) -> list[tuple[Cell, ...]]:
    """Return rows of a table, header first: each sample's fold, from 1, its class, and what each run said; by code."""
    names = [
        own.name if number == 1 else f"{own.name} run {number}"
        for own in found.models
        for number in range(1, len(own.runs) + 1)
    ]
    chosen = found.tested
    said = [run.codes[chosen].tolist() for own in found.models for run in own.runs]
    columns = [found.samples.ids[chosen].tolist(), (found.plan.fold[chosen] + 1).tolist()]
    return [
        ("id", "fold", "reference", *names),
        *zip(*columns, found.samples.codes[chosen].tolist(), *said, strict=True),
    ]


def _pair_rows(found: ModelComparison, pair: Pair) -> Iterator[tuple[Cell, ...]]:
    named = (found.models[pair.model].name, found.models[pair.other].name)
    yield (*named, "McNemar", *_tested(pair.tests.overall))
    for test in pair.tests.by_class:
        yield (*named, "McNemar, samples of the class", *_tested(test))
    for test in pair.tests.one_vs_rest:
        yield (*named, "McNemar, class against the rest", *_tested(test))
    for measure in MEASURES:
        own = found.resampled.difference(pair.other, pair.model, measure)
        yield (*named, f"difference in {measure}", *[""] * 7, own.value, own.low, own.high)


def _tested(test: McNemar) -> tuple[Cell, ...]:
    exact = "yes" if test.exact else "no"
    counts = (test.name, test.only_second, test.only_first)
    return (*counts, test.z, test.p, exact, test.adjusted, math.nan, math.nan, math.nan)


def _figures(found: Accuracy) -> tuple[float, ...]:
    return found.overall, found.balanced, found.kappa, found.weighted_f1, found.macro_f1
