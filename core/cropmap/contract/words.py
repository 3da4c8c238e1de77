"""How messages count and list things."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LISTED = 20  # names that a message holds


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its words: "1 point lies", "3 points lie".

    Args:
        number: How many.
        one: The words for one.
        many: The words for any other number.
    """
    return f"{number} {one if number == 1 else many}"


def listed(texts: Sequence[str], most: int = LISTED) -> str:
    """Return texts parted by commas, and how many there are beyond the first `most`: "a, b and 3 more".

    Args:
        texts: What is listed.
        most: How many are written out, at least 1.
    """
    more = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {more} more" if more > 0 else "")
