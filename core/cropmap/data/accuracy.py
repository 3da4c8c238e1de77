"""How well a map agrees with reference pixels: the confusion matrix and what follows from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cropmap.contract.errors import LegendError, SampleError
from cropmap.data.legend import NODATA, Legend

Z_95 = 1.959963984540054  # two-sided 95 % quantile of the standard normal

Interval = tuple[float, float]


@dataclass(frozen=True)
class ClassAccuracy:
    """One class's agreement: shares 0..1 with their Wilson 95 % intervals; NaN where undefined.

    Args:
        code: Class code.
        name: Class name.
        users: Share of the pixels mapped as the class that are the class (precision).
        users_interval: Its 95 % interval.
        producers: Share of the class's mapped reference pixels that the map shows as the class (recall).
        producers_interval: Its 95 % interval.
        f1: Harmonic mean of the two.
        iou: Share that is right of the pixels that are the class or are mapped as it (intersection over union).
        iou_interval: Its 95 % interval.
        support: Reference pixels of the class that the map has a class for.
        mapped: Reference pixels that the map shows as the class.
        union: Reference pixels that are the class or that the map shows as it.
        unmapped: Reference pixels of the class without a class in the map; in none of the shares.
    """

    code: int
    name: str
    users: float
    users_interval: Interval
    producers: float
    producers_interval: Interval
    f1: float
    iou: float
    iou_interval: Interval
    support: int
    mapped: int
    union: int
    unmapped: int


@dataclass(frozen=True, eq=False)
class Accuracy:
    """Counts of reference pixels by reference and mapped class.

    Pixels that the map has no class for stand in `unmapped` and enter no share: an accuracy speaks of mapped pixels.

    Args:
        confusion: (class, class), int64; rows are the reference, columns the map, both in the legend's order.
        legend: The classes.
        unmapped: Reference pixels of each class without a class in the map, (class,), int64.
        notes: What was left out of the comparison, and why; sentences for the user.

    Raises:
        SampleError: Shapes that disagree with the legend, or a negative count.

    Source: Congalton 1991, doi 10.1016/0034-4257(91)90048-B.
    """

    confusion: NDArray[np.int64]
    legend: Legend
    unmapped: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.legend)
        confusion = _counts(self.confusion)
        unmapped = _counts(self.unmapped) if np.size(self.unmapped) else np.zeros(count, np.int64)
        if confusion.shape != (count, count) or unmapped.shape != (count,):
            raise SampleError(
                f"A confusion matrix of shape {confusion.shape} with {unmapped.shape} unmapped does not fit {count} "
                "classes.",
                fix="Give one row and one column for each class of the legend.",
            )
        object.__setattr__(self, "confusion", confusion)
        object.__setattr__(self, "unmapped", unmapped)

    @property
    def total(self) -> int:
        """Reference pixels that the map has a class for."""
        return int(self.confusion.sum())

    @property
    def correct(self) -> int:
        """Of those, the ones on which map and reference agree."""
        return int(np.trace(self.confusion))

    @property
    def support(self) -> NDArray[np.int64]:
        """Mapped reference pixels of each class, (class,)."""
        summed: NDArray[np.int64] = self.confusion.sum(axis=1)
        return summed

    @property
    def mapped(self) -> NDArray[np.int64]:
        """Reference pixels that the map shows as each class, (class,)."""
        summed: NDArray[np.int64] = self.confusion.sum(axis=0)
        return summed

    @property
    def overall(self) -> float:
        """Share of pixels on which map and reference agree; NaN without pixels."""
        return _share(self.correct, self.total)

    @property
    def overall_interval(self) -> Interval:
        """Wilson 95 % interval of the overall accuracy, as if pixels were independent draws."""
        return wilson_interval(self.correct, self.total)

    @property
    def kappa(self) -> float:
        """Cohen's kappa: agreement beyond chance, unweighted; NaN where chance alone agrees always.

        Source: Cohen 1960, doi 10.1177/001316446002000104.
        """
        total = self.total
        if not total:
            return math.nan
        # Python integers: the product of two counts of a national map passes 2**63.
        chance = sum(int(a) * int(b) for a, b in zip(self.support, self.mapped, strict=True))
        return _share(total * self.correct - chance, total * total - chance)

    @property
    def users(self) -> NDArray[np.float64]:
        """User's accuracy (precision) of each class, (class,); NaN for a class that the map never shows."""
        return _ratio(np.diagonal(self.confusion), self.mapped)

    @property
    def producers(self) -> NDArray[np.float64]:
        """Producer's accuracy (recall) of each class, (class,); NaN for a class without reference."""
        return _ratio(np.diagonal(self.confusion), self.support)

    @property
    def f1(self) -> NDArray[np.float64]:
        """F1 of each class, (class,): 2 agreed / (reference + mapped).

        0 for a class that occurs only in the reference or only in the map; NaN for one that occurs in neither.
        """
        return _ratio(2 * np.diagonal(self.confusion), self.support + self.mapped)

    @property
    def union(self) -> NDArray[np.int64]:
        """Reference pixels that are each class or that the map shows as it, (class,)."""
        either: NDArray[np.int64] = self.support + self.mapped - np.diagonal(self.confusion)
        return either

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union of each class, (class,): agreed / union, which is F1 / (2 - F1).

        0 for a class that occurs only in the reference or only in the map; NaN for one that occurs in neither.

        Source: Jaccard 1912, doi 10.1111/j.1469-8137.1912.tb05611.x.
        """
        return _ratio(np.diagonal(self.confusion), self.union)

    @property
    def macro_f1(self) -> float:
        """Unweighted mean F1 over the classes that occur in the reference or in the map; NaN if none does."""
        return _mean(self.f1)

    @property
    def weighted_f1(self) -> float:
        """Mean F1 over the classes, weighted by their reference pixels."""
        weighted = np.where(self.support > 0, self.f1 * self.support, 0.0)
        return _share(float(weighted.sum()), self.total)

    @property
    def balanced(self) -> float:
        """Unweighted mean producer's accuracy over the classes with reference (balanced accuracy)."""
        return _mean(self.producers)

    def by_class(self) -> tuple[ClassAccuracy, ...]:
        """Return every class's accuracies, in the legend's order."""
        users, producers, f1, iou = self.users, self.producers, self.f1, self.iou
        support, mapped, union, agreed = self.support, self.mapped, self.union, np.diagonal(self.confusion)
        return tuple(
            ClassAccuracy(
                code=found.code,
                name=found.name,
                users=float(users[k]),
                users_interval=wilson_interval(int(agreed[k]), int(mapped[k])),
                producers=float(producers[k]),
                producers_interval=wilson_interval(int(agreed[k]), int(support[k])),
                f1=float(f1[k]),
                iou=float(iou[k]),
                iou_interval=wilson_interval(int(agreed[k]), int(union[k])),
                support=int(support[k]),
                mapped=int(mapped[k]),
                union=int(union[k]),
                unmapped=int(self.unmapped[k]),
            )
            for k, found in enumerate(self.legend.classes)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return counts and shares as plain JSON values; an undefined share is None."""
        return {
            "overall": _plain(self.overall),
            "overall_interval": [_plain(bound) for bound in self.overall_interval],
            "kappa": _plain(self.kappa),
            "macro_f1": _plain(self.macro_f1),
            "weighted_f1": _plain(self.weighted_f1),
            "balanced": _plain(self.balanced),
            "pixels": self.total,
            "unmapped": int(self.unmapped.sum()),
            "classes": [_plain_class(found) for found in self.by_class()],
            "confusion": self.confusion.tolist(),
            "notes": list(self.notes),
        }


def accuracy_of(reference: ArrayLike, predicted: ArrayLike, legend: Legend, *, ignore: int = NODATA) -> Accuracy:
    """Compare mapped codes with reference codes.

    Args:
        reference: Reference class codes, any shape, integers; `ignore` where there is no reference.
        predicted: Mapped class codes, same shape; `ignore` where the map has no class.
        legend: Classes of both.
        ignore: The code that means "none".

    Returns:
        The counts. A pixel with a reference but without a mapped class counts as unmapped.

    Raises:
        SampleError: Shapes that disagree.
        LegendError: A code that is neither in the legend nor `ignore`.
    """
    truth, found = np.asarray(reference), np.asarray(predicted)
    if truth.shape != found.shape:
        raise SampleError(
            f"{truth.shape} reference codes meet {found.shape} mapped codes.",
            fix="Give one mapped code for each reference code.",
        )
    count = len(legend)
    row = _positions(truth.ravel(), legend, ignore, "reference")
    column = _positions(found.ravel(), legend, ignore, "map")
    known = row < count
    # One column more than there are classes: it collects the unmapped pixels.
    cells = np.bincount(row[known] * (count + 1) + column[known], minlength=count * (count + 1))
    table = cells.reshape(count, count + 1).astype(np.int64)
    return Accuracy(table[:, :count], legend, table[:, count])


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> Interval:
    """Return Wilson's score interval of a share; NaN bounds without trials.

    Args:
        successes: How many of the trials succeeded.
        trials: How many there were, taken as independent.
        z: Normal quantile; the default gives 95 %.

    Source: Wilson 1927, doi 10.1080/01621459.1927.10502953.
    """
    if not trials:
        return math.nan, math.nan
    share = successes / trials
    scale = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    # At 0 and at all, the bound is exact; rounding would leave it a hair inside.
    low = 0.0 if successes == 0 else max(centre - half, 0.0)
    high = 1.0 if successes == trials else min(centre + half, 1.0)
    return low, high


def _positions(codes: NDArray[Any], legend: Legend, ignore: int, side: str) -> NDArray[np.intp]:
    """Return each code's position in the legend, and the number of classes for `ignore`."""
    known = np.array([*legend.codes, ignore], dtype=np.int64)
    order = np.argsort(known, kind="stable")
    spot = np.minimum(np.searchsorted(known[order], codes), len(known) - 1)
    position: NDArray[np.intp] = order[spot]
    strange = codes[known[position] != codes]
    if strange.size:
        raise LegendError(
            f"Code {strange[0]} of the {side} has no class in the legend.",
            where=f"{strange.size} pixels",
            fix="Add the class to the legend, or write those pixels as no data.",
        )
    return position


def _counts(values: NDArray[Any]) -> NDArray[np.int64]:
    found = np.asarray(values)
    if not np.issubdtype(found.dtype, np.integer) or (found.size and found.min() < 0):
        raise SampleError("A confusion matrix holds something else than counts.", fix="Give whole numbers from 0 up.")
    return found.astype(np.int64)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return shares


def _mean(values: NDArray[np.float64]) -> float:
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if defined.size else math.nan


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _plain_class(found: ClassAccuracy) -> dict[str, Any]:
    return {
        "code": found.code,
        "name": found.name,
        "users": _plain(found.users),
        "users_interval": [_plain(bound) for bound in found.users_interval],
        "producers": _plain(found.producers),
        "producers_interval": [_plain(bound) for bound in found.producers_interval],
        "f1": _plain(found.f1),
        "iou": _plain(found.iou),
        "iou_interval": [_plain(bound) for bound in found.iou_interval],
        "support": found.support,
        "mapped": found.mapped,
        "union": found.union,
        "unmapped": found.unmapped,
    }
