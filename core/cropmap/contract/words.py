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
    """Return texts parted by commas; dots stand for those beyond the first `most`."""
    return ", ".join(texts[:most]) + (", ..." if len(texts) > most else "")
