"""Whole series earlier or later: what makes the season of one site that of another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# No calendar differs by more.
MOST_DAYS = 366.0
# Series moved at a time: what is held beside the result stays small, however many there are.
_ROWS = 16_384


def shifted(
    values: NDArray[np.float32], days: NDArray[np.int32], by: float, mask: int | None = None
) -> NDArray[np.float32]:
    """Return series moved in time by linear interpolation; the first and last values hold outwards.

    Args:
        values: (n, step, band), not scaled; a row with a value that is not finite does not stay finite.
        days: Day of each step, ascending, (step,).
        by: Days, later where above 0; 0 returns the values themselves.
        mask: Position of the band that says which steps were seen (`mask_position`). Only those are interpolated
            between; a step whose nearer neighbour was not seen is not seen either, and 0 in every band. A series that
            would lose all of its steps is not moved.

    Returns:
        (n, step, band), float32.

    Raises:
        ModelError: The days to move by are not a finite number of at most a year.
    """
    check_shift(by)
    if by == 0 or len(days) < 2:
        return values
    asked = np.clip(days - by, days[0], days[-1])
    left = np.clip(np.searchsorted(days, asked, side="right") - 1, 0, len(days) - 2)
    after = ((asked - days[left]) / (days[left + 1] - days[left])).astype(np.float32)[:, np.newaxis]
    found = np.empty(values.shape, np.float32)
    for start in range(0, len(values), _ROWS):
        found[start : start + _ROWS] = _between(values[start : start + _ROWS], left, after, mask)
    return found


def _between(
    values: NDArray[np.float32], left: NDArray[np.intp], after: NDArray[np.float32], mask: int | None
) -> NDArray[np.float32]:
    """Return values, (n, step, band), that share of the way, (step, 1), from the steps on the left to the next."""
    if mask is None:
        moved: NDArray[np.float32] = values[:, left + 1] * after
        moved += values[:, left] * (1 - after)
        return moved
    # A value that is not seen has no weight; what is left makes a whole again.
    one = (1 - after) * (values[:, left, mask, np.newaxis] > 0.5)
    other = after * (values[:, left + 1, mask, np.newaxis] > 0.5)
    total = one + other
    seen = total >= 0.5
    moved = (values[:, left] * one + values[:, left + 1] * other) / np.maximum(total, 0.5)
    found: NDArray[np.float32] = np.where(seen.any(axis=1, keepdims=True), np.where(seen, moved, 0), values)
    return found


def check_shift(by: float) -> None:
    """Refuse days to move series by that are not a finite number, or more than a year.

    Raises:
        ModelError: They are.
    """
    if not (math.isfinite(by) and abs(by) <= MOST_DAYS):
        raise ModelError(
            f"Series cannot be moved by {by} days.", fix=f"Give a number from -{MOST_DAYS:g} to {MOST_DAYS:g}."
        )
