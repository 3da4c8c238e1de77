"""Makes the worker's environment in the user's data folder: a virtual environment and its packages, step by step."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from qgis.PyQt.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, pyqtSignal

from ..house import CORE, tr
from .environment import REQUIREMENTS, Health, clean_environment, health_of, python_of, worker_environment, write_stamp

_KILL_AFTER_MS = 3000


@dataclass(frozen=True)
class Step:
    """One command of the installation, and what it is called."""

    title: str
    program: Path
    arguments: tuple[str, ...]


def steps(base: Path, managed: Path, torch_index: str = "") -> list[Step]:
    """Return the commands that make an environment.

    Args:
        base: The Python that makes it.
        managed: Its folder.
        torch_index: Package index for PyTorch alone, for example that of its CUDA builds; empty for the usual one.
    """
    python = python_of(managed)
    pip = ("-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off")
    found = [Step(tr("Making the environment"), base, ("-m", "venv", str(managed)))]
    found.append(Step(tr("Updating the installer"), python, (*pip, "--upgrade", "pip")))
    if torch_index:
        torch = next(line for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if line.startswith("torch"))
        found.append(Step(tr("Downloading PyTorch"), python, (*pip, torch, "--index-url", torch_index)))
    found.append(Step(tr("Downloading the packages"), python, (*pip, "-r", str(REQUIREMENTS))))
    return found


def remove(managed: Path) -> None:
    """Delete the environment that the plugin made."""
    shutil.rmtree(managed, ignore_errors=False)


class CommandLine(QObject):
    """One command at a time in a QProcess, its output line by line; `over` gives its exit code."""

    line = pyqtSignal(str)
    over = pyqtSignal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process = QProcess(self)
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._ended)
        self._process.errorOccurred.connect(self._failed)
        self._force = QTimer(self)
        self._force.setSingleShot(True)
        self._force.setInterval(_KILL_AFTER_MS)
        self._force.timeout.connect(self._process.kill)

    @property
    def busy(self) -> bool:
        """Whether the command is running."""
        return bool(self._process.state() != QProcess.ProcessState.NotRunning)

    def start(self, program: Path, arguments: tuple[str, ...], variables: dict[str, str]) -> None:
        """Start a command with exactly these environment variables."""
        environment = QProcessEnvironment()
        for name, value in variables.items():
            environment.insert(name, value)
        self._process.setProcessEnvironment(environment)
        self._process.start(str(program), list(arguments))

    def stop(self) -> None:
        """End the command: politely, then by force."""
        self._process.terminate()
        self._force.start()

    def kill(self) -> None:
        """End the command at once and wait for it."""
        self._process.kill()
        self._process.waitForFinished(_KILL_AFTER_MS)

    def _ended(self, code: int) -> None:
        self._force.stop()
        self.over.emit(int(code))

    def _read(self) -> None:
        text = bytes(self._process.readAllStandardOutput()).decode("utf-8", errors="replace")
        for line in text.splitlines():
            self.line.emit(line)

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self.line.emit(self._process.errorString())
            self.over.emit(-1)


class Installer(QObject):
    """Runs the steps; what was downloaded stays, so that trying again goes on where it stopped."""

    line = pyqtSignal(str)
    at = pyqtSignal(int, int, str)
    over = pyqtSignal(bool, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command = CommandLine(self)
        self._command.line.connect(self.line)
        self._command.over.connect(self._step_over)
        self._steps: list[Step] = []
        self._done = 0
        self._managed = Path()
        self._cancelled = False

    @property
    def busy(self) -> bool:
        """Whether a step is running."""
        return self._command.busy

    def start(self, base: Path, managed: Path, torch_index: str = "") -> None:
        """Make the environment `managed` with the Python `base`."""
        self._steps, self._done, self._managed = steps(base, managed, torch_index), 0, managed
        self._cancelled = False
        managed.parent.mkdir(parents=True, exist_ok=True)
        self._next()

    def cancel(self) -> None:
        """Stop; what is there already stays for the next try."""
        self._cancelled = True
        self._command.stop()

    def kill(self) -> None:
        """Stop at once, without a word: the window goes away."""
        self._command.blockSignals(True)
        self._command.kill()

    def _next(self) -> None:
        step = self._steps[self._done]
        self.at.emit(self._done, len(self._steps), step.title)
        self.line.emit("> " + " ".join([str(step.program), *step.arguments]))
        variables = {**clean_environment(os.environ), "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
        self._command.start(step.program, step.arguments, variables)

    def _step_over(self, code: int) -> None:
        if self._cancelled:
            self.over.emit(False, tr("Cancelled. What was downloaded is kept for the next try."))
        elif code != 0:
            self.over.emit(False, _advice(self._steps[self._done], code))
        elif self._done + 1 < len(self._steps):
            self._done += 1
            self._next()
        else:
            write_stamp(self._managed)
            self.over.emit(True, tr("The worker environment is made."))


def _advice(step: Step, code: int) -> str:
    said = tr("“{step}” failed with code {code}; the log below says why.").format(step=step.title, code=code)
    if "venv" in step.arguments:
        return said + " " + tr("On Debian and Ubuntu the system package python3-venv must be installed.")
    return said + " " + tr("Check the network connection and the free disk space, then try again.")


class Checker(QObject):
    """Asks a Python whether it can run jobs."""

    over = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command = CommandLine(self)
        self._command.line.connect(self._heard)
        self._command.over.connect(self._answered)
        self._lines: list[str] = []

    @property
    def busy(self) -> bool:
        """Whether a check is running."""
        return self._command.busy

    def start(self, python: Path) -> None:
        """Ask; the answer comes by `over`, as a `Health`."""
        if self.busy:
            return
        self._lines = []
        self._command.start(python, ("-m", "cropmap", "check", "--json"), worker_environment(CORE))

    def kill(self) -> None:
        """Stop at once, without a word."""
        self._command.blockSignals(True)
        self._command.kill()

    def _heard(self, line: str) -> None:
        self._lines.append(line)

    def _answered(self, _code: int) -> None:
        health: Health = health_of("\n".join(self._lines), "\n".join(self._lines))
        self.over.emit(health)
