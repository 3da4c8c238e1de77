from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from cropmap.console import Bar, interruptible
from cropmap.contract.events import CancelledEvent, ProgressEvent, decode

if TYPE_CHECKING:
    from pathlib import Path


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_on_a_terminal_tells_the_time_left() -> None:
    seconds = iter([0.0, 30.0])
    terminal = Terminal()
    Bar(terminal, lambda: next(seconds)).at(0.25, "mapping")
    assert " 25% 1:30 left" in terminal.getvalue()
    assert terminal.getvalue().rstrip().endswith("mapping")


def test_a_bar_redraws_at_most_ten_times_a_second() -> None:
    seconds = iter([0.0, 1.0, 1.01, 1.02, 1.2])
    terminal = Terminal()
    bar = Bar(terminal, lambda: next(seconds))
    for fraction in (0.1, 0.11, 0.12, 0.2):
        bar.at(fraction, "")
    assert terminal.getvalue().count("\r") == 2


def test_a_bar_in_a_file_writes_one_line_a_tenth() -> None:
    file = io.StringIO()
    bar = Bar(file)
    for percent in range(101):
        bar.at(percent / 100, "mapping")
    assert file.getvalue().splitlines() == [f"{tenth * 10:3d}% mapping" for tenth in range(11)]


def test_a_warning_does_not_tear_the_bar() -> None:
    terminal = Terminal()
    bar = Bar(terminal)
    bar.at(0.5, "mapping")
    bar.say("Warning: clouds")
    assert terminal.getvalue().endswith("\rWarning: clouds\n")


def test_the_first_interrupt_cancels_and_the_second_acts_at_once() -> None:
    with interruptible() as cancelled:
        assert not cancelled()
        os.kill(os.getpid(), signal.SIGINT)
        assert cancelled()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


WORKER = """
    import time
    from cropmap.console import Channel
    from cropmap.contract.events import CancelledEvent
    from cropmap.contract.progress import Cancelled
    channel = Channel()
    print("a library prints", flush=True)
    progress = channel.progress()
    try:
        for step in range(100):
            progress.at(step / 100, "working")
            time.sleep(0.1)
    except Cancelled:
        channel.send(CancelledEvent())
"""


def worker(folder: Path) -> subprocess.Popen[str]:
    script = folder / "worker.py"
    script.write_text(textwrap.dedent(WORKER), encoding="utf-8")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, str(script)], text=True, **pipes)


@pytest.mark.parametrize("message", ["cancel\n", ""])
def test_cancel_or_a_closed_pipe_stops_the_worker(tmp_path: Path, message: str) -> None:
    process = worker(tmp_path)
    assert process.stdout is not None
    first = process.stdout.readline()
    out, err = process.communicate(message, timeout=30)
    events = [decode(line) for line in (first + out).splitlines()]
    assert isinstance(events[0], ProgressEvent)
    assert events[-1] == CancelledEvent()
    assert None not in events, "a print reached the channel"
    assert "a library prints" in err
