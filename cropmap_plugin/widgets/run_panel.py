"""How far the running job is: bar, message, time left, cancel, curves of a training, log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QFontDatabase
from qgis.PyQt.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..house import tr
from .curve_plot import CurvePlot
from .look import paragraph, quiet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LOG_LINES = 2000
_REFRESH_MS = 500
_TAIL_BYTES = 1 << 18


class RunPanel(QFrame):
    """Shows one job from its start to its end."""

    cancel_asked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._log: Path | None = None
        self._read = 0
        self._began = 0.0
        self._make_widgets()
        self._timer = QTimer(self)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self._tick)
        self.hide()

    def _make_widgets(self) -> None:
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(12)
        self.message = paragraph("", secondary=False)
        self.left = QLabel()
        self.left.setStyleSheet(f"color: {quiet()}")
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.clicked.connect(self._cancel)
        self.toggle = _unfolding(tr("Log"))
        self.toggle.toggled.connect(self._show_log)
        self.curves = _unfolding(tr("Curves"))
        self.curves.setToolTip(tr("Loss and accuracy of the training, epoch by epoch"))
        self.curves.toggled.connect(self._show_curves)
        self.curve = CurvePlot()
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(_LOG_LINES)
        self.log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.log.setFixedHeight(130)
        self.log.hide()
        self._place()

    def _place(self) -> None:
        first, last = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.bar, 1)
        first.addWidget(self.cancel)
        last.addWidget(self.curves)
        last.addWidget(self.toggle)
        last.addStretch()
        last.addWidget(self.left)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(first)
        column.addWidget(self.message)
        column.addWidget(self.curve)
        column.addLayout(last)
        column.addWidget(self.log)

    def begin(self, log: Path) -> None:
        """Show a job that starts; `log` is the file its words go to."""
        self._log, self._read, self._began = log, log.stat().st_size if log.is_file() else 0, time.monotonic()
        self.log.clear()
        self.curve.clear()
        self.curve.hide()
        self.curves.hide()
        self.bar.setRange(0, 0)
        self.message.setText(tr("Starting the worker…"))
        self.left.clear()
        self.cancel.setEnabled(True)
        self.cancel.show()
        self.bar.show()
        self.show()
        self._timer.start()

    def at(self, fraction: float, message: str) -> None:
        """Show how far the job is (0..1); a negative fraction leaves the bar."""
        if fraction >= 0.0:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * fraction))
            self.left.setText(time_left(fraction, time.monotonic() - self._began))
        if message and self.cancel.isEnabled():
            self.message.setText(message)

    def point(self, curve: str, figures: Mapping[str, Any]) -> None:
        """Draw the next point of a training's curve; the first one unfolds the curves."""
        if self.curve.add(curve, figures) and self.curves.isHidden():
            self.curves.show()
            self.curves.setChecked(True)
            self._show_curves(True)

    def end(self) -> None:
        """Show that the job is over; the log stays to be read."""
        self._timer.stop()
        self._tick()
        self.bar.setRange(0, 1000)
        self.bar.hide()
        self.cancel.hide()
        self.left.setText(tr("took {time}").format(time=spoken(time.monotonic() - self._began)))
        self.message.clear()

    def show_log(self) -> None:
        """Unfold the log."""
        self.toggle.setChecked(True)

    def _cancel(self) -> None:
        self.cancel.setEnabled(False)
        self.message.setText(tr("Stopping…"))
        self.cancel_asked.emit()

    def _show_curves(self, shown: bool) -> None:  # noqa: FBT001 - Qt's signature
        self.curves.setArrowType(_arrow(shown))
        self.curve.setVisible(shown)

    def _show_log(self, shown: bool) -> None:  # noqa: FBT001 - Qt's signature
        self.toggle.setArrowType(_arrow(shown))
        self.log.setVisible(shown)
        self._tick()

    def _tick(self) -> None:
        if self._log is None or not self.log.isVisible() or not self._log.is_file():
            return
        with self._log.open("rb") as file:
            size = self._log.stat().st_size
            file.seek(max(self._read, size - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
        self._read = size
        if text:
            self.log.appendPlainText(text.rstrip("\n"))


def _unfolding(text: str) -> QToolButton:
    """Return a button that shows and hides what lies below it."""
    button = QToolButton()
    button.setText(text)
    button.setCheckable(True)
    button.setAutoRaise(True)
    button.setArrowType(_arrow(False))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return button


def _arrow(shown: bool) -> Qt.ArrowType:  # noqa: FBT001 - private
    return Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow


def time_left(fraction: float, seconds: float) -> str:
    """Return how long a job that took `seconds` for `fraction` of it will still take; empty where too early to say."""
    if fraction < 0.03 or fraction >= 1.0 or seconds < 3.0:
        return ""
    return tr("about {time} left").format(time=spoken(seconds * (1.0 - fraction) / fraction))


def spoken(seconds: float) -> str:
    """Return a duration in words: 40 s, 3 min, 2 h 5 min."""
    if seconds < 90:
        return tr("{n} s").format(n=max(round(seconds), 1))
    minutes = round(seconds / 60)
    if minutes < 90:
        return tr("{n} min").format(n=minutes)
    return tr("{h} h {n} min").format(h=minutes // 60, n=minutes % 60)
