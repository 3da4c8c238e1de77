"""One execution of a job: its folder, its stages, its evidence."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cropmap.contract.errors import CropMapError, JobError, OutputError, ParameterError
from cropmap.contract.events import strict
from cropmap.contract.job import Job, read_job
from cropmap.contract.progress import Progress
from cropmap.data.run import RunRecord
from cropmap.io.files import FileLock, atomic_write_text, check_writable, sha256_of
from cropmap.jobs import JOBS
from cropmap.jobs.listing import absolute_paths, problems, resolved
from cropmap.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cropmap.registry import Entry

JOB_FILE, RECORD_FILE, LOCK_FILE, REFUSAL_FILE = "job.json", "run.json", "run.lock", "refused.txt"
# What a folder may hold before a job has begun: its file, why it was refused, and what the worker said.
_BEFORE_THE_WORK = {JOB_FILE, LOCK_FILE, REFUSAL_FILE, "log.txt"}
_LIBRARIES = ("numpy", "numba", "rasterio", "pyogrio", "shapely", "scikit-learn", "torch", "safetensors")


@dataclass
class Run:
    """What a job works with: where to write, how to report, what to remember for the record.

    Args:
        folder: The run folder, writable.
        progress: Where progress and warnings go.
        inputs: Files that the job read.
        outputs: Files that the job wrote, by name.
        warnings: What the user was told through `progress`.
        timings: Seconds by stage.
        device: What computed it.
    """

    folder: Path
    progress: Progress
    inputs: set[Path] = field(default_factory=set)
    outputs: dict[str, Path] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
    device: str = "cpu"

    @contextmanager
    def stage(self, name: str, start: float, end: float) -> Iterator[Progress]:
        """Time a stage that covers from `start` to `end` of the job's progress."""
        began = time.perf_counter()
        part = self.progress.part(start, end)
        part.at(0.0, name)
        yield part
        self.timings[name] = round(time.perf_counter() - began, 3)

    def within(self, start: float, end: float) -> Run:
        """Return the same run, whose progress covers from `start` to `end` of this one's."""
        return dataclasses.replace(self, progress=self.progress.part(start, end))

    def warn(self, *messages: str) -> None:
        """Tell the user, and keep for the report and the record."""
        for message in messages:
            self.progress.warn(message)

    def output(self, name: str, file_name: str) -> Path:
        """Return the path of an output, and list it in the record under `name`."""
        self.outputs[name] = self.folder / file_name
        return self.outputs[name]


def run_job(job: Job, *, base: Path | None = None, progress: Progress | None = None) -> RunRecord:
    """Run a job in its folder and return the evidence.

    Args:
        job: What is asked. Without `out` the folder is made beside `base`, named by kind and time.
        base: Folder that relative paths start from; the working folder where None.
        progress: Where progress and warnings go.

    Raises:
        ParameterError: Wrong parameter values, all at once, before anything is read.
        CropMapError: What the job's own steps refuse.
    """
    job = checked(job, base or Path.cwd())
    entry = JOBS.get(job.kind)
    check_writable(Path(job.out))
    lock = FileLock(Path(job.out) / LOCK_FILE)
    try:
        run = _open(job, progress or Progress())
        with _telling_refusals(run.folder):
            return _run(job, entry, run)
    finally:
        lock.release()


@contextmanager
def _telling_refusals(folder: Path) -> Iterator[None]:
    """Leave a job's refusal in its folder as a text; it lets a corrected job of that kind take the folder over."""
    try:
        yield
    except CropMapError as error:
        # Hours of work that the same job goes on with are no leftovers.
        if not any(folder.rglob("*.partial.json")):
            with suppress(OSError, OutputError):  # of a full disk the user hears anyway
                atomic_write_text(folder / REFUSAL_FILE, f"{error}\n")
        raise


def _run(job: Job, entry: Entry[Mapping[str, Any]], run: Run) -> RunRecord:
    params = entry.parse(job.params)
    began, started = time.perf_counter(), dt.datetime.now(dt.timezone.utc)
    result = dict(entry.make(params, run))
    run.progress.check()
    result["outputs"] = {name: str(path) for name, path in run.outputs.items()}
    record = RunRecord(
        kind=job.kind,
        params=resolved("jobs", job.kind, job.params),
        versions=versions(),
        device=run.device,
        inputs=_hashes(run.inputs),
        outputs=_output_hashes(run),
        result={**result, "run_folder": str(run.folder), "warnings": run.warnings},
        timings=run.timings,
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - began, 3),
    )
    # Last, and in one move: a folder with a record holds a whole result.
    plain = strict(record.to_dict())
    atomic_write_text(run.folder / RECORD_FILE, json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return record


def checked(job: Job, base: Path) -> Job:
    """Return the job with absolute paths, or refuse it with everything that is wrong.

    Raises:
        ParameterError: All wrong values at once.
    """
    wrong = problems("jobs", job.kind, job.params)
    if wrong:
        raise ParameterError(wrong, where=job.kind)
    params = absolute_paths("jobs", job.kind, job.params, base)
    stamp = dt.datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    out = Path(job.out).expanduser() if job.out else Path("cropmap_runs") / f"{job.kind}-{stamp}"
    return Job(job.kind, params, str((base / out).resolve()))


def versions() -> dict[str, str]:
    """Return the versions of what computes: library, interpreter, platform."""
    found = {"cropmap": __version__, "python": platform.python_version(), "platform": platform.platform()}
    return found | {name: metadata.version(name) for name in _LIBRARIES}


def _open(job: Job, progress: Progress) -> Run:
    folder = Path(job.out)
    if (folder / RECORD_FILE).exists():
        raise OutputError(
            "The output folder holds a finished run.",
            where=str(folder),
            fix="Choose another folder, or delete this one.",
        )
    if _holds_another_run(folder, job):
        raise OutputError(
            "The output folder holds an unfinished run of another job.",
            where=str(folder),
            fix="Run that job again to resume it, choose another folder, or delete this one.",
        )
    atomic_write_text(folder / JOB_FILE, job.to_json())
    (folder / REFUSAL_FILE).unlink(missing_ok=True)
    warnings: list[str] = []
    return Run(folder, progress.also_telling(warnings.append), warnings=warnings)


def _holds_another_run(folder: Path, job: Job) -> bool:
    """Whether the folder holds something of a run, and not of this job.

    A job that began nothing, or was refused, may be corrected.
    """
    if not any(path.name not in _BEFORE_THE_WORK for path in folder.iterdir()):
        return False
    if not (folder / JOB_FILE).exists():
        return False
    try:
        earlier = read_job(folder / JOB_FILE)
    except JobError:
        return True
    if earlier.kind == job.kind and (folder / REFUSAL_FILE).exists():
        return False
    return (earlier.kind, _asked(earlier)) != (job.kind, _asked(job))


def _asked(job: Job) -> dict[str, Any]:
    """Return the parameters that decide what comes out; how the work is cut and shared does not."""
    return {name: value for name, value in job.params.items() if name not in {"block", "threads"}}


def _hashes(paths: set[Path]) -> dict[str, str]:
    ordered = sorted(path for path in paths if path.is_file())
    with ThreadPoolExecutor() as pool:
        return {str(path): digest for path, digest in zip(ordered, pool.map(sha256_of, ordered), strict=True)}


def _output_hashes(run: Run) -> Mapping[str, str]:
    found = _hashes(set(run.outputs.values()))
    return {Path(path).relative_to(run.folder).as_posix(): digest for path, digest in found.items()}
