"""Going on with fewer rows at a time where memory runs out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

import torch

from cropmap.contract.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

# What PyTorch's allocators say; that of the CPU has no exception of its own.
_SIGNS = ("not enough memory", "can't allocate memory", "CUDA out of memory", "CUBLAS_STATUS_ALLOC_FAILED")


class Rows:
    """How many rows go through a network at a time: halved each time memory runs out, and never raised again.

    Args:
        size: To begin with.
        what: What is computed, for messages: "Prediction".
        warn: Told of each halving; by default Python's log.
        least: Rows that the network needs at a time.
    """

    def __init__(self, size: int, what: str, warn: Callable[[str], None] | None = None, least: int = 1) -> None:
        self.size, self.what, self.least = size, what, least
        self._warn = warn or logging.getLogger(__name__).warning

    def within(self, compute: Callable[[int], T]) -> T:
        """Return what `compute` does with so many rows at a time; where memory runs out it begins anew with half.

        Raises:
            ModelError: Memory does not even hold the least number of rows.
        """
        while True:
            try:
                return compute(self.size)
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
                said = str(error).splitlines()[0] if str(error) else "out of memory"
            # Out here: the error held on to what the attempt had allocated.
            self._halve(said)

    def _halve(self, said: str) -> None:
        if self.size <= self.least:
            raise ModelError(
                f"Memory ran out: {said}",
                where=f"{self.what}, {self.size} rows at a time",
                fix="Choose a smaller network, close other programs, or use a device with more memory.",
            )
        before, self.size = self.size, max(self.least, self.size // 2)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self._warn(f"{self.what}: memory ran out with {before} rows at a time; it goes on with {self.size}.")


def out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory ran out, on a GPU or in the computer."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or any(sign in str(error) for sign in _SIGNS)


def spans(count: int, size: int) -> Iterator[slice]:
    """Yield slices of at most `size` that cover `count` rows in order.

    A last one of a single row joins the one before, which then has a row more: normalisation over a batch needs two.
    """
    start = 0
    while start < count:
        end = count if count - start <= size + (size > 1) else start + size
        yield slice(start, end)
        start = end
