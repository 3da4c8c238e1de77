"""Evidence of one execution of a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class RunRecord:
    """What was asked, with what it was done, and what came of it.

    Args:
        kind: Job kind.
        params: All parameters, defaults filled in.
        versions: Library name to version; the interpreter and the platform too.
        device: What computed it: "cpu" or a GPU's name.
        inputs: Path of each input to its SHA-256.
        outputs: Path of each output, relative to the run folder, to its SHA-256.
        result: The job's result values.
        timings: Seconds by stage.
        started: UTC, ISO 8601.
        seconds: Wall time of the whole.
    """

    kind: str
    params: Mapping[str, Any]
    versions: Mapping[str, str]
    device: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    result: Mapping[str, Any]
    timings: Mapping[str, float] = field(default_factory=dict)
    started: str = ""
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain JSON values."""
        return asdict(self)
