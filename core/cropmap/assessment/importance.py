"""Which bands and dates a model looks at: how much worse it gets when their values stand at the wrong samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.data.accuracy import Accuracy, accuracy_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cropmap.data.legend import Legend
    from cropmap.data.samples import SampleSet
    from cropmap.io.tables import Cell

MACRO_F1, OVERALL = "macro F1", "overall accuracy"
IMPORTANCE_HEADER = ("measure", "band", "day", "drop")

Predict = Callable[[NDArray[np.float32]], NDArray[np.uint8]]


@dataclass(frozen=True, eq=False)
class Importance:
    """How far a measure falls when values are exchanged among the test samples; about 0 where they do not matter.

    Bands or dates that tell the same stand in for each other: each alone may seem to matter little.

    Args:
        bands: Names, (band,).
        days: Day of season of each step, (step,).
        band_drop: Where a band's whole series are exchanged, (band,).
        step_drop: Where all bands of a step are exchanged, (step,).
        cell_drop: Where one band of one step is exchanged, (band, step).
        repeats: How many times each was exchanged; the drops are means over them.
        baseline: The measure on the samples as they are.
        measure: Which measure: "macro F1" or "overall accuracy".
        samples: How many samples were used, over all folds.
    """

    bands: tuple[str, ...]
    days: NDArray[np.int32]
    band_drop: NDArray[np.float64]
    step_drop: NDArray[np.float64]
    cell_drop: NDArray[np.float64]
    repeats: int
    baseline: float
    measure: str = MACRO_F1
    samples: int = 0


@dataclass(frozen=True)
class ImportanceOptions:
    """How importance is measured.

    One fold costs repeats x (1 + bands) x (1 + steps) predictions of at most `most` samples, about.

    Args:
        repeats: How many times each group of values is exchanged.
        most: At most this many test samples of each fold are used, drawn at random.
        seed: The same seed gives the same result.
    """

    repeats: int = 3
    most: int = 2000
    seed: int = 0


class ImportanceTally:
    """Measures the importance of bands and steps over the folds of a cross-validation.

    The confusion counts of all folds are added up before a measure is taken of them.

    Args:
        legend: Classes of the samples.
        options: How.
    """

    def __init__(self, legend: Legend, options: ImportanceOptions | None = None) -> None:
        self.legend = legend
        self.options = options or ImportanceOptions()
        self._bands: tuple[str, ...] = ()
        self._days = np.empty(0, np.int32)
        self._baseline = np.zeros((len(legend), len(legend)), np.int64)
        self._counts = np.zeros((0, 0, len(legend), len(legend)), np.int64)
        self._folds = 0

    def add(self, predict: Predict, samples: SampleSet) -> None:
        """Count what a fold's model makes of its test samples, as they are and exchanged.

        Args:
            predict: Turns values, (n, step, band), into class codes, (n,).
            samples: The fold's test samples.

        Raises:
            SampleError: The samples have other bands or steps than those of the folds before.
        """
        if not self._folds:
            self._bands, self._days = samples.bands, samples.days
            groups = len(self._groups())
            self._counts = np.zeros((self.options.repeats, groups, *self._baseline.shape), np.int64)
        elif samples.bands != self._bands or not np.array_equal(samples.days, self._days):
            raise SampleError("The folds' samples have different bands or steps.", fix="Add folds of one sample set.")
        rng = np.random.default_rng([self.options.seed, self._folds])
        chosen = np.sort(rng.permutation(len(samples))[: self.options.most])
        values, truth = samples.values[chosen], samples.codes[chosen]
        self._baseline += self._confusion(truth, predict(values))
        for repeat in range(self.options.repeats):
            order = rng.permutation(len(values))
            for number, exchanged in enumerate(self._exchanged(values, order)):
                self._counts[repeat, number] += self._confusion(truth, predict(exchanged))
        self._folds += 1

    def result(self, measure: str = MACRO_F1) -> Importance:
        """Return the drops of a measure, "macro F1" or "overall accuracy".

        Raises:
            SampleError: Nothing was added.
        """
        if not self._folds:
            raise SampleError("No fold was measured.", fix="Add the test samples of a fold.")
        baseline = self._figure(self._baseline, measure)
        figures = [[self._figure(counts, measure) for counts in repeat] for repeat in self._counts]
        drops = baseline - np.array(figures).mean(axis=0)
        bands, steps = len(self._bands), len(self._days)
        return Importance(
            bands=self._bands,
            days=self._days,
            band_drop=drops[:bands],
            step_drop=drops[bands : bands + steps],
            cell_drop=drops[bands + steps :].reshape(bands, steps),
            repeats=self.options.repeats,
            baseline=baseline,
            measure=measure,
            samples=int(self._baseline.sum()),
        )

    def _groups(self) -> Sequence[tuple[slice, slice]]:
        """Return what is exchanged together: each band, each step, each band of each step; as (steps, bands)."""
        everything = slice(None)
        bands = [slice(band, band + 1) for band in range(len(self._bands))]
        steps = [slice(step, step + 1) for step in range(len(self._days))]
        whole = [(everything, band) for band in bands] + [(step, everything) for step in steps]
        return whole + [(step, band) for band in bands for step in steps]

    def _exchanged(self, values: NDArray[np.float32], order: NDArray[np.intp]) -> Iterator[NDArray[np.float32]]:
        """Yield the values with one group after the other taken from other samples; valid until the next one."""
        own = values.copy()
        for steps, bands in self._groups():
            own[:, steps, bands] = values[order, steps, bands]
            yield own
            own[:, steps, bands] = values[:, steps, bands]

    def _confusion(self, truth: NDArray[np.uint8], found: NDArray[np.uint8]) -> NDArray[np.int64]:
        return accuracy_of(truth, found, self.legend).confusion

    def _figure(self, counts: NDArray[np.int64], measure: str) -> float:
        found = Accuracy(counts, self.legend)
        return found.macro_f1 if measure == MACRO_F1 else found.overall


def importance_rows(found: Importance) -> list[tuple[Cell, ...]]:
    """Return rows of a table, header first: bands (no day), days (no band), then both; drops of `found.measure`."""
    days = found.days.tolist()
    rows: list[tuple[Cell, ...]] = [IMPORTANCE_HEADER]
    rows += [(found.measure, band, "", float(drop)) for band, drop in zip(found.bands, found.band_drop, strict=True)]
    rows += [(found.measure, "", day, float(drop)) for day, drop in zip(days, found.step_drop, strict=True)]
    rows += [
        (found.measure, band, day, float(found.cell_drop[row, column]))
        for row, band in enumerate(found.bands)
        for column, day in enumerate(days)
    ]
    return rows
