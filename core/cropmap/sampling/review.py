"""From several checks of labels to one list for the reviewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cropmap.data.review import Review

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cropmap.data.doubts import Doubts

_LONGEST = 1000  # characters of a reason: a text field of a sample file holds little more


def ranked(samples: int, checks: Sequence[Doubts], most: int = 0) -> Review:
    """Return one ranking of all suspects: those of the first check first, in its order, then those of the next.

    A sample that several checks name keeps its first place, the first suggestion and all reasons. Verdicts are empty:
    they are the reviewer's.

    Args:
        samples: How many samples there are.
        checks: What each check found, the most telling check first.
        most: At most so many suspects; 0 keeps all.
    """
    suggested: dict[int, str] = {}
    reasons: dict[int, list[str]] = {}
    for check in checks:
        for position, other, why in zip(
            check.positions.tolist(), check.suggested.tolist(), check.why.tolist(), strict=True
        ):
            reasons.setdefault(position, []).append(why)
            suggested[position] = suggested.get(position) or other
    kept = list(reasons)[: most or None]
    rank = np.zeros(samples, np.int32)
    rank[kept] = np.arange(1, len(kept) + 1, dtype=np.int32)
    said, why_all = [""] * samples, [""] * samples
    for position in kept:
        said[position], why_all[position] = suggested[position], "; ".join(reasons[position])[:_LONGEST]
    return Review(rank, np.array(said, np.str_), np.array(why_all, np.str_), np.full(samples, "", np.str_))
