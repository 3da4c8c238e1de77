"""The runs in a folder, as their files tell. No Qt here."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

JOB_FILE, RECORD_FILE = "job.json", "run.json"


@dataclass(frozen=True)
class PastRun:
    """One run folder.

    Args:
        folder: The run folder.
        kind: Job kind.
        params: What was asked.
        started: Local time.
        result: What came of it; empty where it did not finish.
    """

    folder: Path
    kind: str
    params: dict[str, Any]
    started: dt.datetime
    result: dict[str, Any]

    @property
    def finished(self) -> bool:
        """Whether the run ended with a result."""
        return bool(self.result)


def past_runs(folder: Path) -> list[PastRun]:
    """Return the runs in a folder, newest first; folders that hold none are passed over."""
    if not folder.is_dir():
        return []
    found = [_past_run(job.parent) for job in folder.glob(f"*/{JOB_FILE}")]
    return sorted((run for run in found if run is not None), key=lambda run: run.started, reverse=True)


def new_run_folder(folder: Path, kind: str, now: dt.datetime) -> Path:
    """Return a run folder's path, named by kind and time, that does not exist yet."""
    stem = f"{kind}-{now:%Y%m%d-%H%M%S}"
    names = [stem, *(f"{stem}-{number}" for number in range(2, 1000))]
    return next(folder / name for name in names if not (folder / name).exists())


def _past_run(folder: Path) -> PastRun | None:
    job, record = _object(folder / JOB_FILE), _object(folder / RECORD_FILE)
    if not isinstance(job.get("kind"), str) or not isinstance(job.get("params"), dict):
        return None
    started = dt.datetime.fromtimestamp((folder / JOB_FILE).stat().st_mtime).astimezone()
    result = record.get("result")
    return PastRun(folder, job["kind"], job["params"], started, result if isinstance(result, dict) else {})


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
