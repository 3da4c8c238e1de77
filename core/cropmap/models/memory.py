"""Memory of networks: kept between steps, and fewer rows at a time where it runs out."""

from __future__ import annotations

import ctypes
import logging
import os
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import torch

from cropmap.contract.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

# What PyTorch's allocators say; that of the CPU has no exception of its own.
_SIGNS = ("not enough memory", "can't allocate memory", "CUDA out of memory", "CUBLAS_STATUS_ALLOC_FAILED")

# Numbers by which glibc knows what is set (malloc.h), their names in the environment, and what they are set to: blocks
# up to the largest size that it accepts come from the heap, whose free end is given back beyond 1 GiB alone.
_HEAP = {-3: ("MALLOC_MMAP_THRESHOLD_", 32 * 2**20), -1: ("MALLOC_TRIM_THRESHOLD_", 2**30)}


@cache
def keep_freed_memory() -> bool:
    """Let this process keep the memory that tensors free for the next ones, up to 1 GiB; tell whether it does.

    Every step takes and frees the same blocks. Given back to the system each time, their pages are zeroed anew, and a
    training takes a third longer (docs/benchmarks.md). Only glibc can be told so; what the user has set in the
    environment stays.
    """
    if any(name in os.environ for name, _ in _HEAP.values()):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another library of C, or Windows
        return False
    accepted = [mallopt(number, value) for number, (_, value) in _HEAP.items()]
    return all(accepted)


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
