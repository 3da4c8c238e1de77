"""How a running job speaks: a progress bar to a person, event lines to a supervising program."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import textwrap
import threading
import time
from collections.abc import Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from cropmap.contract.events import EXIT_CANCELLED, Event, PointEvent, ProgressEvent, WarningEvent, encode
from cropmap.contract.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cropmap.data.run import RunRecord

GRACE_S = 10.0  # After a supervisor is gone, a job that does not look up is ended this much later.


class Bar:
    """A progress bar with the time left, or a line every tenth where the output is not a terminal.

    Args:
        stream: Where it is drawn.
        clock: Seconds, ever growing.
    """

    def __init__(self, stream: IO[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._began, self._drawn_at, self._tenth = clock(), float("-inf"), -1
        self._live, self._message = stream.isatty(), ""

    def at(self, fraction: float, message: str) -> None:
        """Show how far the job is."""
        now, message = self._clock(), message or self._message
        self._message = message
        if self._live and (now - self._drawn_at >= 0.1 or fraction >= 1):
            self._drawn_at = now
            self._draw("\r" + self._line(fraction, message, now))
        elif not self._live and int(fraction * 10) > self._tenth:
            self._tenth = int(fraction * 10)
            self._draw(f"{fraction:4.0%} {message}\n")

    def say(self, message: str) -> None:
        """Print a sentence without tearing the bar."""
        self._draw(("\r" + " " * (self._width() - 1) + "\r" if self._live else "") + message + "\n")

    def close(self) -> None:
        """End the bar's line."""
        if self._live and self._drawn_at > float("-inf"):
            self._draw("\n")

    def _line(self, fraction: float, message: str, now: float) -> str:
        left = _duration((now - self._began) * (1 - fraction) / fraction) + " left" if fraction > 0.02 else ""
        filled = round(24 * fraction)
        text = f"[{'#' * filled}{'.' * (24 - filled)}] {fraction:4.0%} {left:12} {message}"
        width = self._width() - 1
        return text[:width].ljust(width)

    def _draw(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    @staticmethod
    def _width() -> int:
        return shutil.get_terminal_size().columns


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class Channel:
    """Event lines on what was standard output, which from then on leads to standard error.

    So a library's print cannot corrupt the lines. "cancel" on standard input, or its end, stops the job.
    """

    def __init__(self) -> None:
        sys.stdout.flush()
        self._stream = os.fdopen(os.dup(1), "w", encoding="ascii", newline="\n")
        os.dup2(2, 1)
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def send(self, event: Event) -> None:
        """Write one event line."""
        with self._lock:
            self._stream.write(encode(event) + "\n")
            self._stream.flush()

    @property
    def cancelled(self) -> bool:
        """Whether the supervisor asked to stop, or is gone."""
        return self._cancelled.is_set()

    def progress(self) -> Progress:
        """Return a progress that becomes event lines."""
        return Progress(
            lambda fraction, message: self.send(ProgressEvent(round(fraction, 4), message)),
            cancelled=self._cancelled.is_set,
            warn=lambda message: self.send(WarningEvent(message)),
            point=lambda curve, figures: self.send(PointEvent(curve, dict(figures))),
        )

    def _listen(self) -> None:
        for line in sys.stdin:
            if line.strip() == "cancel":
                self._cancelled.set()
                return
        self._cancelled.set()
        time.sleep(GRACE_S)
        os._exit(EXIT_CANCELLED)


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Turn the first interrupt or termination signal into a cancel; a second one acts at once.

    Yields:
        A function that says whether the job was asked to stop.
    """
    asked = threading.Event()
    watched = (signal.SIGINT, signal.SIGTERM)
    before: dict[signal.Signals, Any] = {sign: signal.getsignal(sign) for sign in watched}

    def stop(_number: int, _frame: object) -> None:
        asked.set()
        restore()

    def restore() -> None:
        for sign, handler in before.items():
            signal.signal(sign, handler)

    for sign in watched:
        signal.signal(sign, stop)
    try:
        yield asked.is_set
    finally:
        restore()


def summary(record: RunRecord, *, keep: bool) -> str:
    """Return what was found and where the results are; nothing of a run whose folder is not kept."""
    lines = [f"Done in {record.seconds:.1f} s.", *_shown(record.result.get("figures", {}))]
    if keep:
        lines += [f"  {name:24} {path}" for name, path in record.result["outputs"].items()]
        lines.append(f"  {'run_folder':24} {record.result['run_folder']}")
    return "\n".join(lines) + "\n"


def _shown(figures: Mapping[str, Any], indent: str = "  ") -> list[str]:
    lines: list[str] = []
    for name, value in figures.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{name}", *_shown(value, indent + "  ")]
        elif not _is_table(value):
            label = f"{indent}{name:{26 - len(indent)}} "
            room = max(40, shutil.get_terminal_size().columns - len(label))
            text = textwrap.wrap(_figure(value), room) or [""]
            lines += [label + text[0], *(" " * len(label) + more for more in text[1:])]
    return lines


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _figure(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_figure(item) for item in value) or "none"
    if isinstance(value, float):
        return f"{value:.10g}"
    return "none" if value is None else str(value)
