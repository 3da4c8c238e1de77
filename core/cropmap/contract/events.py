"""What a worker says while it runs a job: one JSON object a line on its standard output."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Union


@dataclass(frozen=True)
class ProgressEvent:
    """How far the job is, 0..1."""

    fraction: float
    message: str = ""


@dataclass(frozen=True)
class WarningEvent:
    """Something that the user should know; the job goes on."""

    message: str


@dataclass(frozen=True)
class PointEvent:
    """Figures of one moment of a curve that grows while the job runs, e.g. the losses of an epoch."""

    curve: str
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class DoneEvent:
    """The job's results: names to plain values; paths are absolute."""

    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ErrorEvent:
    """Why the job ended without a result."""

    type: str
    what: str
    where: str = ""
    fix: str = ""

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return f"{self.what}{place} {self.fix}".strip()


@dataclass(frozen=True)
class CancelledEvent:
    """The user stopped the job."""


Event = Union[ProgressEvent, WarningEvent, PointEvent, DoneEvent, ErrorEvent, CancelledEvent]

_NAMES: dict[str, type[Event]] = {
    "progress": ProgressEvent,
    "warning": WarningEvent,
    "point": PointEvent,
    "done": DoneEvent,
    "error": ErrorEvent,
    "cancelled": CancelledEvent,
}
_NAME_OF = {kind: name for name, kind in _NAMES.items()}

EXIT_DONE, EXIT_CRASH, EXIT_ERROR, EXIT_CANCELLED = 0, 1, 2, 3


def encode(event: Event) -> str:
    """Return the event as one line of ASCII JSON, without the line end."""
    return json.dumps({"event": _NAME_OF[type(event)], **strict(asdict(event))}, allow_nan=False)


def strict(values: Any) -> Any:
    """Return plain values as JSON can hold them: NaN and infinite numbers become None."""
    if isinstance(values, Mapping):
        return {key: strict(value) for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [strict(value) for value in values]
    return None if isinstance(values, float) and not math.isfinite(values) else values


def decode(line: str) -> Event | None:
    """Return the event that a line holds, or None where the line is something else (a stray print)."""
    try:
        fields = json.loads(line)
        return _NAMES[fields.pop("event")](**fields)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
