"""What a review says of samples: how suspect each label is, why, and what a person decided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError

KEEP, DROP = "keep", "drop"  # verdicts that are no class


@dataclass(frozen=True)
class Review:
    """Suspects among samples, and the verdicts on them.

    Args:
        rank: 1 for the most suspect label, 2 for the next, ...; 0 where none is suspected, (sample,), int32.
        suggested: Class that a suspect more likely belongs to; empty where none is suggested, (sample,), text.
        why: What makes the label suspect, (sample,), text.
        verdict: "keep" or empty keeps a sample as it is, "drop" leaves it out, a class of the legend gives it that
            class, (sample,), text.

    Raises:
        SampleError: Arrays that disagree in length, or a rank below 0.
    """

    rank: NDArray[np.int32]
    suggested: NDArray[np.str_]
    why: NDArray[np.str_]
    verdict: NDArray[np.str_]

    def __post_init__(self) -> None:
        lengths = {len(self.rank), len(self.suggested), len(self.why), len(self.verdict)}
        if len(lengths) > 1:
            raise SampleError(
                f"A review of {len(self.rank)} samples has {len(self.suggested)} suggestions, {len(self.why)} reasons "
                f"and {len(self.verdict)} verdicts.",
                fix="Give one of each.",
            )
        if len(self.rank) and self.rank.min() < 0:
            raise SampleError(f"A rank is {self.rank.min()}.", fix="Count suspects from 1; 0 stands for none.")

    def __len__(self) -> int:
        return len(self.rank)

    @property
    def suspects(self) -> NDArray[np.intp]:
        """Positions of the suspects, the most suspect first, (suspect,)."""
        found = np.flatnonzero(self.rank)
        return found[np.argsort(self.rank[found], kind="stable")]

    def subset(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Review:
        """Return what is said of the chosen samples (a mask or positions), in that order."""
        return Review(self.rank[chosen], self.suggested[chosen], self.why[chosen], self.verdict[chosen])


def no_review(count: int) -> Review:
    """Return a review of so many samples that suspects none."""
    none = np.full(count, "", np.str_)
    return Review(np.zeros(count, np.int32), none, none.copy(), none.copy())
