"""Supervises one worker process: events in, cancel out, and a sentence for every way it can end. No Qt here."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from cropmap.contract.errors import CropMapError, WorkerError
from cropmap.contract.events import EXIT_DONE, CancelledEvent, DoneEvent, ErrorEvent, Event, decode
from cropmap.contract.job import Job

from .environment import worker_environment

if TYPE_CHECKING:
    from collections.abc import Callable

LOG_FILE = "log.txt"
_LONGEST_LINE = 1 << 20
_TICK_S = 0.1
_DRAIN_S = 2.0  # how long output may still trickle in after the process has ended
_KILLED_CODES = (-9, 137)
_WINDOWS_CRASHES = {0xC0000005: "access violation", 0xC00000FD: "stack overflow", 0xC0000409: "abort"}


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Args:
        status: "done", "cancelled", "error" (the job refused, with a reason) or "crash" (the process died).
        result: What the job gave; empty unless done.
        error: Why it did not end well; None where done or cancelled.
    """

    status: str
    result: dict[str, Any] = field(default_factory=dict)
    error: CropMapError | None = None


@dataclass(frozen=True)
class Order:
    """What a worker is started for: the job, the Python, the folder of the library, seconds of grace after a cancel."""

    job: Job
    python: Path
    core: Path
    grace_s: float = 5.0

    @property
    def log(self) -> Path:
        """The file that the worker's own words go to."""
        return Path(self.job.out) / LOG_FILE


class Worker:
    """One job in a process of its own.

    `run` belongs to one thread; `cancel` may be called from any.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        self._asked_to_stop = threading.Event()
        self._lines: queue.Queue[bytes] = queue.Queue(maxsize=10_000)
        self._last: Event | None = None
        self._deadline = 0.0
        self._ended = 0.0

    def cancel(self) -> None:
        """Ask the job to stop; it is killed where it does not within the grace period."""
        self._asked_to_stop.set()

    def run(self, listen: Callable[[Event], None]) -> Outcome:
        """Run the job to its end, whatever that is.

        Args:
            listen: Called in this thread with every event line of the worker.
        """
        log = self.order.log
        with tempfile.TemporaryDirectory(prefix="cropmap-") as folder:
            job_file = Path(folder) / "job.json"
            try:
                log.parent.mkdir(parents=True, exist_ok=True)
                self.order.job.write(job_file)
                with log.open("ab") as sink:
                    return self._supervise(job_file, sink, listen)
            except OSError as error:
                return Outcome("crash", error=_cannot_start(self.order, error))

    def _supervise(self, job_file: Path, sink: IO[bytes], listen: Callable[[Event], None]) -> Outcome:
        with _started(self.order, job_file) as process:
            threads = [
                threading.Thread(target=self._read, args=(process.stdout,), daemon=True),
                threading.Thread(target=_drain, args=(process.stderr, sink), daemon=True),
            ]
            for thread in threads:
                thread.start()
            try:
                while not self._over(process, threads):
                    self._stop_if_asked(process)
                    self._hear(sink, listen)
            finally:
                _signal_group(process, kill=True)  # children that outlived the worker
                for thread in threads:
                    thread.join(_DRAIN_S)
        sink.flush()
        return self._outcome(process.returncode)

    def _read(self, stdout: IO[bytes]) -> None:
        for line in iter(lambda: stdout.readline(_LONGEST_LINE), b""):
            self._lines.put(line)

    def _over(self, process: subprocess.Popen[bytes], threads: list[threading.Thread]) -> bool:
        if process.poll() is None:
            return False
        self._ended = self._ended or time.monotonic()
        if time.monotonic() - self._ended > _DRAIN_S:
            return True
        return self._lines.empty() and not any(thread.is_alive() for thread in threads)

    def _hear(self, sink: IO[bytes], listen: Callable[[Event], None]) -> None:
        with contextlib.suppress(queue.Empty):
            line = self._lines.get(timeout=_TICK_S)
            while True:
                self._take(line, sink, listen)
                line = self._lines.get_nowait()

    def _take(self, line: bytes, sink: IO[bytes], listen: Callable[[Event], None]) -> None:
        event = decode(line.decode("utf-8", errors="replace"))
        if event is None:
            sink.write(line)
            return
        if isinstance(event, (DoneEvent, ErrorEvent, CancelledEvent)):
            self._last = event
        listen(event)

    def _stop_if_asked(self, process: subprocess.Popen[bytes]) -> None:
        if not self._asked_to_stop.is_set():
            return
        now = time.monotonic()
        if not self._deadline:
            self._deadline = now + self.order.grace_s
            with contextlib.suppress(OSError, ValueError):
                _stdin_of(process).write(b"cancel\n")
                _stdin_of(process).close()
        elif now > self._deadline + 1.0:
            _signal_group(process, kill=True)
        elif now > self._deadline:
            _signal_group(process, kill=False)

    def _outcome(self, code: int) -> Outcome:
        if isinstance(self._last, DoneEvent) and code == EXIT_DONE:
            return Outcome("done", self._last.result)
        if self._asked_to_stop.is_set() or isinstance(self._last, CancelledEvent):
            return Outcome("cancelled")
        if isinstance(self._last, ErrorEvent):
            said = self._last
            return Outcome("error", error=CropMapError(said.what, where=said.where, fix=said.fix))
        return Outcome("crash", error=crash_error(code, self.order.log))


def crash_error(code: int, log: Path) -> WorkerError:
    """Return what to tell the user of a worker that ended with this code and without a word.

    Args:
        code: Exit code; negative where a signal ended it.
        log: The run's log; its last line is quoted.
    """
    last = _last_line(log)
    if code in _KILLED_CODES:
        return WorkerError(
            "The worker was killed: out of memory?",
            where=last or str(log),
            fix="Choose a smaller block size and fewer threads among the advanced options, or close other programs.",
        )
    if code == EXIT_DONE:
        what = "The worker ended without a result."
    elif code < 0:
        what = f"The worker crashed ({_signal_name(-code)})."
    elif code in _WINDOWS_CRASHES:
        what = f"The worker crashed ({_WINDOWS_CRASHES[code]})."
    else:
        what = f"The worker ended with code {code}."
    return WorkerError(what, where=last, fix=f"Check the worker environment; the whole story is in {log}.")


def _cannot_start(order: Order, error: OSError) -> WorkerError:
    return WorkerError(
        f"The worker cannot be started: {error.strerror or error}.",
        where=str(error.filename or order.python),
        fix="Check the worker environment and that the output folder can be written.",
    )


def _started(order: Order, job_file: Path) -> subprocess.Popen[bytes]:
    words = [str(order.python), "-m", "cropmap", "run", str(job_file), "--events", "--out", order.job.out]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        return subprocess.Popen(words, env=worker_environment(order.core), creationflags=flags, **pipes)
    return subprocess.Popen(words, env=worker_environment(order.core), start_new_session=True, **pipes)


def _stdin_of(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdin is None:
        raise ValueError("the worker was started without a standard input")
    return process.stdin


def _drain(stderr: IO[bytes], sink: IO[bytes]) -> None:
    # A full pipe would block the worker.
    for chunk in iter(lambda: os.read(stderr.fileno(), 1 << 16), b""):
        with contextlib.suppress(ValueError):  # closed under a child that outlived the worker
            sink.write(chunk)
            sink.flush()


def _signal_group(process: subprocess.Popen[bytes], *, kill: bool) -> None:
    with contextlib.suppress(OSError):  # it is gone
        if sys.platform == "win32":
            _end_windows_tree(process, kill=kill)
        else:
            os.killpg(process.pid, signal.SIGKILL if kill else signal.SIGTERM)


def _end_windows_tree(process: subprocess.Popen[bytes], *, kill: bool) -> None:
    if process.poll() is None:
        words = ["taskkill", "/T", "/PID", str(process.pid), *(["/F"] if kill else [])]
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        subprocess.run(words, check=False, capture_output=True, creationflags=flags)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_line(log: Path) -> str:
    try:
        tail = log.read_bytes()[-4096:]
    except OSError:
        return ""
    lines = [line.strip() for line in tail.decode("utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
