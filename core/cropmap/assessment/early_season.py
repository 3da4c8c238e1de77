"""How well crops are told apart by what was seen up to a date, and from which date on that is good enough."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import RecipeError, SampleError
from cropmap.data.accuracy import Accuracy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from cropmap.data.accuracy import ClassAccuracy, Interval
    from cropmap.data.samples import SampleSet
    from cropmap.data.season import Season
    from cropmap.io.tables import Cell

# A cut-off at which less of a class has a usable series than this is not judged: all cut-offs share their samples.
LEAST_SHARE = 0.5

HEADER = (
    "cut_off", "images", "class", "code", "users_accuracy", "producers_accuracy", "f1", "f1_low_95", "f1_high_95",
    "support", "overall_accuracy", "macro_f1",
)  # fmt: skip
FIRST_HEADER = ("class", "code", "threshold", "first_date", "f1", "sure_date", "best_f1", "best_date")


@dataclass(frozen=True, eq=False)
class CutOff:
    """What a model knows that saw nothing after a date.

    Args:
        date: Last day that it saw.
        images: Acquisitions inside the season up to then.
        accuracy: Of models of the cross-validation, on samples that they had not seen.
    """

    date: dt.date
    images: int
    accuracy: Accuracy


@dataclass(frozen=True)
class FirstDate:
    """From when on a class is told well enough.

    Args:
        code: Class code.
        name: Class name.
        date: First cut-off from which on its F1 is at or above the threshold at every one; None where it is not so at
            the last.
        f1: Its F1 then; at the last cut-off where there is no such date.
        sure: The same for the lower end of the F1's 95 % interval.
        best: Highest F1 of all cut-offs.
        best_date: The first that has it.
    """

    code: int
    name: str
    date: dt.date | None
    f1: float
    sure: dt.date | None
    best: float
    best_date: dt.date


def cut_off_dates(season: Season, first: dt.date | None = None, every_days: int = 14) -> tuple[dt.date, ...]:
    """Return the dates at which a season is cut off: the first, every so many days, and its last day.

    The last day stands for a date less than half as many days before it.

    Args:
        season: The whole of it.
        first: The first of them; a third of the season where None.
        every_days: From one to the next.

    Raises:
        RecipeError: The first does not lie inside the season.
    """
    first = first or season.date(season.length_days // 3)
    if not season.start < first < season.end:
        raise RecipeError(
            f"The first cut-off, {first}, does not lie inside the season {season.start} .. {season.end}.",
            fix="Give a date between its first and last day.",
        )
    days = range((first - season.start).days + every_days, season.length_days - every_days // 2, every_days)
    return (first, *(season.date(day) for day in days), season.end)


def usable_samples(whole: SampleSet, part: SampleSet) -> NDArray[np.bool_]:
    """Return which samples of the whole season have a usable series at a cut-off too, (sample,).

    Samples are told by id; one whose series was taken from another year does not count.

    Args:
        whole: Prepared with the whole season.
        part: Prepared at the cut-off.
    """
    years = dict(zip(part.ids.tolist(), part.years.tolist(), strict=True))
    own = zip(whole.ids.tolist(), whole.years.tolist(), strict=True)
    return np.array([years.get(name) == year for name, year in own], np.bool_)


def least_share(whole: SampleSet, usable: NDArray[np.bool_]) -> tuple[str, float]:
    """Return the class that a cut-off leaves the smallest share of its samples with a usable series, and the share."""
    shares = {
        found.name: float(usable[whole.codes == found.code].mean())
        for found in whole.legend.classes
        if (whole.codes == found.code).any()
    }
    return min(shares.items(), key=lambda item: item[1])


def chosen_samples(part: SampleSet, ids: NDArray[np.str_]) -> SampleSet:
    """Return the samples of a cut-off that have these ids, in this order.

    Raises:
        SampleError: One is not there.
    """
    order = np.argsort(part.ids)
    place = order[np.minimum(np.searchsorted(part.ids, ids, sorter=order), len(part) - 1)]
    if (part.ids[place] != ids).any():
        raise SampleError("A sample has no series at this cut-off.", fix="Choose among the samples that all share.")
    return part.subset(place)


def f1_interval(found: ClassAccuracy) -> Interval:
    """Return the 95 % interval of a class's F1: Wilson's of its intersection over union J, through F1 = 2 J / (1 + J).

    The union is taken as given, its pixels as independent draws. NaN where the F1 is.
    """
    low, high = found.iou_interval
    return 2 * low / (1 + low), 2 * high / (1 + high)


def first_dates(cut_offs: Sequence[CutOff], threshold: float) -> tuple[FirstDate, ...]:
    """Return for every class the first cut-off from which on its F1 stays at or above a threshold.

    An F1 that dips below it later does not count as reached before the dip.

    Args:
        cut_offs: By ascending date, at least one, of the same classes.
        threshold: 0 .. 1.
    """
    dates = [cut.date for cut in cut_offs]
    by_class = zip(*(cut.accuracy.by_class() for cut in cut_offs), strict=True)
    rows = []
    for course in by_class:
        f1 = np.array([found.f1 for found in course])
        low = np.array([f1_interval(found)[0] for found in course])
        at, sure = stays_from(f1, threshold), stays_from(low, threshold)
        best = int(np.argmax(np.where(np.isnan(f1), -math.inf, f1)))
        rows.append(
            FirstDate(
                code=course[0].code,
                name=course[0].name,
                date=None if at is None else dates[at],
                f1=float(f1[-1 if at is None else at]),
                sure=None if sure is None else dates[sure],
                best=float(f1[best]),
                best_date=dates[best],
            )
        )
    return tuple(rows)


def stays_from(values: NDArray[np.float64], threshold: float) -> int | None:
    """Return the first position from which on all values are at or above a threshold; None where the last is not.

    A value that is NaN is not.
    """
    below = np.flatnonzero(~(values >= threshold))
    first = int(below[-1]) + 1 if len(below) else 0
    return first if first < len(values) else None


def curve_rows(cut_offs: Sequence[CutOff]) -> Iterator[Sequence[Cell]]:
    """Yield what the curve is made of, header first: a row for each cut-off and class."""
    yield HEADER
    for cut in cut_offs:
        for found in cut.accuracy.by_class():
            yield (
                cut.date.isoformat(),
                cut.images,
                found.name,
                found.code,
                found.users,
                found.producers,
                found.f1,
                *f1_interval(found),
                found.support,
                cut.accuracy.overall,
                cut.accuracy.macro_f1,
            )


def first_date_rows(found: Sequence[FirstDate], threshold: float) -> Iterator[Sequence[Cell]]:
    """Yield the first dates as rows, header first; a date that is not reached is empty."""
    yield FIRST_HEADER
    for row in found:
        dates = [date.isoformat() if date else "" for date in (row.date, row.sure, row.best_date)]
        yield row.name, row.code, threshold, dates[0], row.f1, dates[1], row.best, dates[2]
