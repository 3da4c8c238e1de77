"""What checks of labels find: suspects with their reasons, and how many labels of each class are wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.data.legend import Legend


@dataclass(frozen=True, eq=False)
class Doubts:
    """The suspects of one check, worst first.

    Args:
        positions: Where they stand among the samples, (suspect,), int64, none twice.
        suggested: Name of the class that each may be instead, (suspect,), text; empty where the check names none.
        why: One plain sentence each, without its full stop, (suspect,), text.
        notes: What the check could not look at, and why.

    Raises:
        SampleError: Arrays that disagree in length, or a position twice.
    """

    positions: NDArray[np.int64]
    suggested: NDArray[np.str_]
    why: NDArray[np.str_]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.positions) == len(self.suggested) == len(self.why):
            raise SampleError(
                f"{len(self.positions)} suspects have {len(self.suggested)} suggestions and {len(self.why)} reasons.",
                fix="Give one of each.",
            )
        if len(np.unique(self.positions)) != len(self.positions):
            raise SampleError("A check names a sample twice.", fix="Give every suspect one reason.")

    def __len__(self) -> int:
        return len(self.positions)


@dataclass(frozen=True, eq=False)
class LabelNoise:
    """How many samples of each label are estimated to be of each class.

    Args:
        legend: The classes of the rows and columns, by ascending code.
        thresholds: Mean probability that models gave to a sample's own label, (class,), float64; NaN without samples.
        counts: Samples labelled as the row and estimated to be of the column's class, (label, class), float64; a row
            sums to the samples of that label.
        low: Lower end of the 95 % interval of each count, (label, class), float64.
        high: Upper end.
        wrong_interval: 95 % interval of the number of wrong labels.

    Raises:
        SampleError: Arrays of another shape than the legend's.
    """

    legend: Legend
    thresholds: NDArray[np.float64]
    counts: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    wrong_interval: tuple[float, float]

    def __post_init__(self) -> None:
        size = len(self.legend)
        if any(array.shape != (size, size) for array in (self.counts, self.low, self.high)):
            raise SampleError(f"{size} classes have estimates of shape {self.counts.shape}.")

    @property
    def labelled(self) -> NDArray[np.float64]:
        """Samples of each label, (label,)."""
        found: NDArray[np.float64] = self.counts.sum(axis=1)
        return found

    @property
    def wrong(self) -> float:
        """Estimated number of wrong labels."""
        return float(self.counts.sum() - np.trace(self.counts))

    @property
    def share(self) -> float:
        """Estimated share of wrong labels, 0..1."""
        return self.wrong / float(self.counts.sum())
