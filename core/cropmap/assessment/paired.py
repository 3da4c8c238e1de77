"""Models judged on the same pixels: McNemar's test, and the bootstrap of whole units of land."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cropmap.data.legend import Legend

OVERALL, MACRO_F1, KAPPA = "overall accuracy", "macro F1", "kappa"
MEASURES = (OVERALL, MACRO_F1, KAPPA)
EXACT_BELOW = 25  # samples on which the two disagree; the normal distribution fits more of them well
_CELLS = 1 << 22  # how many draws of units are held at a time


# ---------------------------------------------------------------- McNemar


@dataclass(frozen=True)
class McNemar:
    """Whether one of two models is right more often, by the samples of which just one is right.

    Args:
        name: What was compared: "" for all samples, or a class.
        only_second: Samples that the first model has wrong and the second right (n01).
        only_first: Samples that the first model has right and the second wrong (n10).
        adjusted: The p-value, adjusted for all tests of its family (`holm`); NaN where it is undefined.
    """

    name: str
    only_second: int
    only_first: int
    adjusted: float = math.nan

    @property
    def z(self) -> float:
        """Signed statistic without continuity correction: above 0 the second is better; NaN where none differs."""
        return signed_z(self.only_second, self.only_first)

    @property
    def exact(self) -> bool:
        """The p-value is that of the binomial distribution, because few samples differ."""
        return self.only_second + self.only_first < EXACT_BELOW

    @property
    def p(self) -> float:
        """Two-sided p-value; NaN where no sample differs."""
        if self.exact:
            return exact_p(self.only_second, self.only_first)
        return math.erfc(abs(self.z) / math.sqrt(2))


@dataclass(frozen=True)
class PairTests:
    """McNemar's tests of two models on the same samples.

    Args:
        overall: Over all samples.
        by_class: Over the samples of each true class, in the legend's order; adjusted over the classes.
        one_vs_rest: Over all samples, right being to tell the class from all others; adjusted over the classes.
    """

    overall: McNemar
    by_class: tuple[McNemar, ...]
    one_vs_rest: tuple[McNemar, ...]


def signed_z(only_second: int, only_first: int) -> float:
    """Return (n01 - n10) / sqrt(n01 + n10); NaN where both are 0.

    Source: McNemar 1947, doi 10.1007/BF02295996; signed as in Foody 2004, doi 10.14358/PERS.70.5.627.
    """
    differing = only_second + only_first
    return (only_second - only_first) / math.sqrt(differing) if differing else math.nan


def exact_p(only_second: int, only_first: int) -> float:
    """Return the two-sided binomial p-value of a split of the differing samples, each half likely; NaN for none."""
    differing = only_second + only_first
    if not differing:
        return math.nan
    # Whole numbers: of a few thousand samples the powers pass every float.
    ways = tail = 1
    for k in range(min(only_second, only_first)):
        ways = ways * (differing - k) // (k + 1)
        tail += ways
    return min(1.0, tail / (1 << (differing - 1)))


def compare_pair(
    truth: NDArray[np.integer[Any]], first: NDArray[np.integer[Any]], second: NDArray[np.integer[Any]], legend: Legend
) -> PairTests:
    """Test whether one of two models is right more often: overall, for each true class, and one class against the rest.

    Args:
        truth: True class code of each sample, (sample,).
        first: What the first model says, (sample,).
        second: What the second says, (sample,).
        legend: Classes to test.

    Raises:
        SampleError: Their numbers differ.
    """
    _check_lengths(truth, first, second)
    right, other = first == truth, second == truth
    by_class, one_vs_rest = [], []
    for found in legend.classes:
        own = truth == found.code
        by_class.append(_counted(found.name, right[own], other[own]))
        one_vs_rest.append(_counted(found.name, (first == found.code) == own, (second == found.code) == own))
    overall = adjusted([_counted("", right, other)])[0]
    return PairTests(overall, adjusted(by_class), adjusted(one_vs_rest))


def adjusted(tests: Sequence[McNemar]) -> tuple[McNemar, ...]:
    """Return tests of one family with their p-values adjusted by `holm`."""
    found = holm([test.p for test in tests])
    return tuple(
        McNemar(test.name, test.only_second, test.only_first, own) for test, own in zip(tests, found, strict=True)
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted so that the chance of any false alarm among them stays below the level asked for.

    The k-th smallest of m is multiplied by m - k + 1, is at least as large as those before it, and at most 1. NaN is no
    test: it stays NaN and does not count.

    Source: Holm 1979, Scandinavian Journal of Statistics 6, 65-70.
    """
    values = np.array(p_values, np.float64)
    found = np.full(len(values), math.nan)
    order = np.argsort(values, kind="stable")[: int(np.isfinite(values).sum())]
    grown = values[order] * np.arange(len(order), 0, -1)
    found[order] = np.minimum(np.maximum.accumulate(grown), 1.0)
    return [float(value) for value in found]


def _counted(name: str, first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    return McNemar(name, int((~first & second).sum()), int((first & ~second).sum()))


# ---------------------------------------------------------------- bootstrap


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval; the bounds are NaN where nothing tells how far it may be off."""

    value: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """The interval lies on one side of 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, eq=False)
class Resampled:
    """What each model would have scored on other draws of the same kind of land.

    Args:
        observed: (model, measure), by `MEASURES`: on the units as they are.
        repeats: (repeat, model, measure): on units drawn anew; every model on the same ones.
        units: How many units there are to draw from.
    """

    observed: NDArray[np.float64]
    repeats: NDArray[np.float64]
    units: int

    def of(self, model: int, measure: str) -> Estimate:
        """Return a model's figure with its percentile interval."""
        column = MEASURES.index(measure)
        return self._estimate(self.observed[model, column], self.repeats[:, model, column])

    def difference(self, first: int, second: int, measure: str) -> Estimate:
        """Return how much higher the second model's figure is than the first one's, with its percentile interval."""
        column = MEASURES.index(measure)
        apart = self.repeats[:, second, column] - self.repeats[:, first, column]
        return self._estimate(self.observed[second, column] - self.observed[first, column], apart)

    def _estimate(self, value: float, repeated: NDArray[np.float64]) -> Estimate:
        known = repeated[np.isfinite(repeated)]
        if self.units < 2 or not len(known):
            return Estimate(float(value), math.nan, math.nan)
        low, high = np.quantile(known, (0.025, 0.975)).tolist()
        return Estimate(float(value), low, high)


def resample(
    truth: NDArray[np.integer[Any]],
    predicted: Sequence[NDArray[np.integer[Any]]],
    units: NDArray[np.integer[Any]],
    repeats: int = 1000,
    seed: int = 0,
) -> Resampled:
    """Draw whole units anew, with replacement, and score every model on the same draws.

    Samples of one field or block are alike; to draw them one by one would make intervals too narrow. So whole units are
    drawn, as many as there are. Where each sample is a unit of its own this is the ordinary bootstrap.

    Args:
        truth: True class of each sample, (sample,).
        predicted: What each model says: (sample,), or (run, sample) where it was trained several times: its figure is
            then the mean over the runs.
        units: Unit of each sample, (sample,), such as `FoldPlan.units`.
        repeats: How many times the units are drawn.
        seed: The same seed gives the same draws.

    Raises:
        SampleError: No sample, or numbers that differ.

    Source: Efron and Tibshirani 1993, ISBN 978-0-412-04231-7; of dependent data in blocks: Kunsch 1989, doi
    10.1214/aos/1176347265.
    """
    runs = [np.atleast_2d(own) for own in predicted]
    _check_lengths(truth, units, *(run for own in runs for run in own))
    if not len(truth):
        raise SampleError("There is no sample to compare models on.", fix="Test the models on labelled samples.")
    counts, often, classes = _unit_counts(truth, np.concatenate(runs), units)
    drawn = _drawn_scores(counts, often, (classes, repeats), seed)
    every = (counts @ often.astype(np.float64))[None]
    owner = np.repeat(np.arange(len(runs)), [len(own) for own in runs])
    observed = _by_model(_scores(every, classes), owner)
    return Resampled(observed[0], _by_model(drawn, owner), int(often.sum()))


def _unit_counts(
    truth: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], units: NDArray[np.integer[Any]]
) -> tuple[Any, NDArray[np.int64], int]:
    """Return the confusion counts of each kind of unit, how many there are of each kind, and the number of classes.

    The counts are sparse, (run x class x class, kind). Units of one sample are of one kind where truth and predictions
    are the same; larger ones are each a kind of their own.
    """
    from scipy.sparse import coo_array  # noqa: PLC0415 - a report without comparisons need not wait for it

    codes, columns = np.unique(np.concatenate([truth[None], predicted]), return_inverse=True)
    columns = columns.reshape(len(predicted) + 1, len(truth))
    classes = len(codes)
    _, kind, often = np.unique(units, return_inverse=True, return_counts=True)
    if len(often) == len(truth):
        columns, often = _kinds(columns, classes)
        kind = np.arange(len(often))
    else:
        often = np.ones(len(often), np.int64)
    cell = columns[0] * classes + columns[1:] + np.arange(len(predicted))[:, None] * classes**2
    shape = (len(predicted) * classes**2, len(often))
    place = (cell.ravel(), np.tile(kind, len(predicted)))
    return coo_array((np.ones(cell.size, np.float64), place), shape).tocsr(), often, classes


def _kinds(columns: NDArray[np.intp], classes: int) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return the different columns of (row, sample), and how often each occurs."""
    kind, first, often = columns[0], np.empty(0, np.intp), np.empty(0, np.int64)
    for row in columns[1:]:
        joint = kind * classes + row
        _, first, kind, often = np.unique(joint, return_index=True, return_inverse=True, return_counts=True)
    return columns[:, first], often


def _drawn_scores(counts: Any, often: NDArray[np.int64], size: tuple[int, int], seed: int) -> NDArray[np.float64]:
    """Return the scores of each repeat, (repeat, run, measure); `size` is the number of classes and of repeats."""
    rng = np.random.default_rng(seed)
    classes, repeats = size
    units, step = int(often.sum()), max(1, _CELLS // len(often))
    parts = []
    for start in range(0, repeats, step):
        times = [_times(rng, often, units) for _ in range(min(step, repeats - start))]
        parts.append(_scores((counts @ np.array(times, np.float64).T).T, classes))
    return np.concatenate(parts)


def _times(rng: np.random.Generator, often: NDArray[np.int64], units: int) -> NDArray[np.int64]:
    """Draw units with replacement, as many as there are, and return how often each kind came, (kind,)."""
    if len(often) < units:
        return rng.multinomial(units, often / units)
    # The same with each unit a kind of its own, several times faster.
    return np.bincount(rng.integers(0, units, units), minlength=units)


def _by_model(scores: NDArray[np.float64], owner: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return (repeat, model, measure): the mean over each model's runs."""
    return np.stack([scores[:, owner == own].mean(axis=1) for own in range(int(owner.max()) + 1)], axis=1)


def _scores(flat: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """Return the measures of confusion matrices, (repeat, run x class x class), as (repeat, run, measure)."""
    confusion = flat.reshape(len(flat), -1, classes, classes)
    agreed = np.diagonal(confusion, axis1=2, axis2=3)
    reference, mapped = confusion.sum(axis=3), confusion.sum(axis=2)
    total, correct = reference.sum(axis=2), agreed.sum(axis=2)
    occurs = (reference + mapped) > 0
    f1 = _divided(2 * agreed, reference + mapped, 0.0)
    chance = (reference * mapped).sum(axis=2)
    kappa = _divided(total * correct - chance, total * total - chance, math.nan)
    return np.stack([correct / total, f1.sum(axis=2) / occurs.sum(axis=2), kappa], axis=2)


def _divided(part: NDArray[np.float64], whole: NDArray[np.float64], other: float) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.divide(part, whole, out=np.full(whole.shape, other), where=whole > 0)
    return found


def _check_lengths(*arrays: NDArray[np.integer[Any]]) -> None:
    if len({len(own) for own in arrays}) > 1:
        raise SampleError(
            f"Arrays of {', '.join(str(len(own)) for own in arrays)} samples are compared.",
            fix="Judge every model on the same samples.",
        )
