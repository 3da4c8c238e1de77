"""Work on several items at a time, and take the results in order."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

T = TypeVar("T")
R = TypeVar("R")

# More workers than this gain little: they wait for the disk; and each holds a block.
_MOST_WORKERS = 8


def worker_count(threads: int) -> int:
    """Return how many workers are meant: as many as asked for; for 0 as many as cores, at most 8."""
    return threads or min(_MOST_WORKERS, os.cpu_count() or 1)


def in_order(work: Callable[[T], R], items: Iterable[T], threads: int) -> Generator[R, None, None]:
    """Yield work(item) of each item, in order, computed by several threads.

    At most one item more than there are threads is under way or waits to be taken, so memory does not grow with the
    number of items. When the consumer stops, nothing new is started and the items under way are waited for.

    Args:
        work: Called in the threads; its exceptions reach the consumer.
        items: In order; taken one by one, in the consumer's thread.
        threads: How many.
    """
    waiting: deque[Future[R]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="block")
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
