"""What jobs share that run several entries side by side: their names, and the time that each takes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cropmap.contract.errors import OutputError
from cropmap.contract.params import chosen
from cropmap.io.files import atomic_write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Asked:
    """An entry that runs beside others.

    Args:
        name: What it is called here.
        entry: Registered name.
        values: Its own parameter values.
    """

    name: str
    entry: str
    values: Mapping[str, Any]


def named(entries: Sequence[Any]) -> list[Asked]:
    """Return the entries asked for; one that stands several times is numbered: "random_forest 2"."""
    seen: Counter[str] = Counter()
    asked = []
    for entry in entries:
        name, values = chosen(entry)
        seen[name] += 1
        asked.append(Asked(name if seen[name] == 1 else f"{name} {seen[name]}", name, values))
    return asked


@contextmanager
def clock(path: Path) -> Iterator[Callable[[], float]]:
    """Measure seconds, those of interrupted tries among them, which the file keeps."""
    before = 0.0
    with suppress(OSError, ValueError):  # none yet, or damaged
        before = float(path.read_text(encoding="utf-8"))
    began = time.perf_counter()

    def spent() -> float:
        return before + time.perf_counter() - began

    try:
        yield spent
    finally:
        with suppress(OSError, OutputError):  # a full disk costs the seconds alone
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write_text(path, f"{spent()}")
