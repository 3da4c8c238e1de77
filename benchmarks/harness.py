"""What the benchmarks share: fair timing, peak memory, the machine's name, a table."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def median_seconds(
    tasks: Mapping[str, Callable[[], object]], repeats: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Time every task, and return the median of its repeats in seconds.

    Args:
        tasks: What to time, by name.
        repeats: How often.
        clock: `time.thread_time` for work of one thread: what other processes take of its core does not count then.

    The tasks take turns, so that a busy moment of the machine falls on all of them. Each runs once unmeasured:
    compiling and first touches of memory do not count.
    """
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for turn in range(repeats + 1):
        for name, task in tasks.items():
            start = clock()
            task()
            if turn:
                taken[name].append(clock() - start)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def machine() -> str:
    """Return one line on what the figures were measured on."""
    processor = platform.processor() or platform.machine()
    return f"{processor}, {os.cpu_count()} logical cores, {platform.system()}, Python {platform.python_version()}"


def peak_bytes() -> int:
    """Return the most memory that this process has held; what `ru_maxrss` tells, its parent's peak may hide."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a markdown table; the first column is text, the others are numbers."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows))


def say(text: str) -> None:
    """Write lines to standard output."""
    sys.stdout.write(text + "\n")
