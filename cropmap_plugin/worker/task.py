"""Runs a job as a QGIS task, and tells the panel about it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from qgis.core import QgsApplication, QgsTask
from qgis.PyQt.QtCore import QObject, pyqtSignal

from cropmap.contract.events import ErrorEvent, Event, PointEvent, ProgressEvent, WarningEvent

from ..house import tr
from .process import Order, Outcome, Worker

if TYPE_CHECKING:
    from pathlib import Path


class WorkerTask(QgsTask):
    """A job under QGIS's task manager.

    QGIS deletes the C++ half when the task is over; `outcome` is a Python attribute and stays.
    """

    progressed = pyqtSignal(float, str)
    warned = pyqtSignal(str)
    pointed = pyqtSignal(str, dict)  # a curve's name and the figures of its next point
    ended = pyqtSignal(object)

    def __init__(self, order: Order, title: str) -> None:
        super().__init__(title, QgsTask.Flag.CanCancel)
        self._worker = Worker(order)
        self.outcome: Outcome | None = None

    def run(self) -> bool:
        """Supervise the worker; called by QGIS in a thread of its own."""
        self.outcome = self._worker.run(self._heard)
        return self.outcome.status == "done"

    def cancel(self) -> None:
        """Ask the worker to stop; it is killed where it does not."""
        self._worker.cancel()
        super().cancel()

    def finished(self, result: bool) -> None:  # noqa: ARG002, FBT001 - QGIS's signature
        """Tell how it ended; called by QGIS in the main thread."""
        self.ended.emit(self.outcome or Outcome("cancelled"))

    def _heard(self, event: Event) -> None:
        if isinstance(event, ProgressEvent):
            self.setProgress(100.0 * event.fraction)
            self.progressed.emit(event.fraction, event.message)
        elif isinstance(event, WarningEvent):
            self.warned.emit(event.message)
        elif isinstance(event, PointEvent):
            self._tell_point(event)
        elif isinstance(event, ErrorEvent):
            self.progressed.emit(-1.0, event.what)

    def _tell_point(self, event: PointEvent) -> None:
        # What a line holds is not checked against the event's types.
        with contextlib.suppress(TypeError, ValueError):
            self.pointed.emit(event.curve, dict(event.figures))


class Runner(QObject):
    """Runs one job at a time; its signals come in the main thread."""

    started = pyqtSignal(str, object)
    progressed = pyqtSignal(float, str)
    warned = pyqtSignal(str)
    pointed = pyqtSignal(str, dict)
    ended = pyqtSignal(str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._task: WorkerTask | None = None
        self._kind = ""

    @property
    def busy(self) -> bool:
        """Whether a job is running."""
        return self._task is not None

    def start(self, order: Order, title: str = "") -> None:
        """Start a job.

        Args:
            order: The job and what runs it.
            title: What QGIS's status bar calls it.
        """
        if self._task is not None:
            raise RuntimeError("a job is running already")
        self._kind = order.job.kind
        self._task = WorkerTask(order, title or tr("CropMap: {kind}").format(kind=self._kind))
        self._task.progressed.connect(self.progressed)
        self._task.warned.connect(self.warned)
        self._task.pointed.connect(self.pointed)
        self._task.ended.connect(self._over)
        log: Path = order.log
        self.started.emit(self._kind, log)
        QgsApplication.taskManager().addTask(self._task)

    def cancel(self) -> None:
        """Stop the running job, if there is one."""
        if self._task is not None:
            self._task.cancel()

    def leave(self) -> None:
        """Stop the running job and never speak of it again: the panel goes away."""
        task, self._task = self._task, None
        if task is not None:
            for signal in (task.progressed, task.warned, task.pointed, task.ended):
                signal.disconnect()
            task.cancel()

    def _over(self, outcome: Any) -> None:
        self._task = None
        self.ended.emit(self._kind, outcome)
