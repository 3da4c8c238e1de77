"""The workflow's steps in a row: numbered, ticked when they are ready, the open one in colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QFontMetrics, QIcon, QPainter, QPalette, QPen, QPixmap
from qgis.PyQt.QtWidgets import QApplication, QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from .look import GREEN, quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIZE = 26
_SMALLER = 0.9  # of the usual letters
_BESIDE = 8  # pixels of a button beside its title


class Stepper(QWidget):
    """A row of steps; any may be opened at any time."""

    opened = pyqtSignal(int)

    def __init__(self, titles: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: list[QToolButton] = []
        self._ready = [False] * len(titles)
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for position, title in enumerate(titles):
            button = QToolButton()
            button.setText(title)
            button.setCheckable(True)
            button.setAutoRaise(True)
            button.setIconSize(QSize(_SIZE, _SIZE))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            font = button.font()
            font.setPointSizeF(_SMALLER * font.pointSizeF())
            button.setFont(font)
            # The panel is as wide as the titles need, in whatever language; the open one's is bold.
            font.setBold(True)
            button.setMinimumWidth(QFontMetrics(font).horizontalAdvance(title) + _BESIDE)
            button.clicked.connect(lambda _checked=False, at=position: self.opened.emit(at))
            self._group.addButton(button)
            self._buttons.append(button)
            row.addWidget(button)
        self.open(0)

    def open(self, position: int) -> None:
        """Mark the step that is open."""
        self._buttons[position].setChecked(True)
        self._paint()

    def leave(self) -> None:
        """Mark no step as open."""
        self._group.setExclusive(False)
        for button in self._buttons:
            button.setChecked(False)
        self._group.setExclusive(True)
        self._paint()

    def set_ready(self, position: int, ready: bool) -> None:  # noqa: FBT001 - the one thing that is set
        """Tick a step, or take its tick away."""
        self._ready[position] = ready
        self._paint()

    def is_ready(self, position: int) -> bool:
        """Return whether a step is ticked."""
        return self._ready[position]

    def _paint(self) -> None:
        for position, button in enumerate(self._buttons):
            button.setIcon(_circle(str(position + 1), ready=self._ready[position], current=button.isChecked()))
            font = button.font()
            font.setBold(button.isChecked())
            button.setFont(font)


def _circle(number: str, *, ready: bool, current: bool) -> QIcon:
    pixels = QPixmap(2 * _SIZE, 2 * _SIZE)
    pixels.setDevicePixelRatio(2.0)
    pixels.fill(Qt.GlobalColor.transparent)
    accent = QApplication.palette().color(QPalette.ColorRole.Highlight)
    colour = accent if current else QColor(GREEN) if ready else QColor(quiet())
    painter = QPainter(pixels)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 1.6))
    painter.setBrush(colour if current or ready else QColor(Qt.GlobalColor.transparent))
    disc = QRectF(2, 2, _SIZE - 4, _SIZE - 4)
    painter.drawEllipse(disc)
    ink = QColor(Qt.GlobalColor.white) if current or ready else colour
    painter.setPen(QPen(ink, 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    if ready:
        painter.drawPolyline(QPointF(8, 13.5), QPointF(11.5, 17), QPointF(18, 9.5))
    else:
        painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, number)
    painter.end()
    return QIcon(pixels)
