"""A list of choices that tells of each, in a sentence below its title, what it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.PyQt.QtCore import QModelIndex, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette
from qgis.PyQt.QtWidgets import (
    QApplication,
    QComboBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from .look import guard_wheel, quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

_SENTENCE = int(Qt.ItemDataRole.UserRole) + 1  # the role that holds it; the one before holds the choice's value
_PAD = 5
_WIDE = 400  # pixels of the opened list
_LISTED = 8
_WRAP = int(Qt.TextFlag.TextWordWrap) | int(Qt.AlignmentFlag.AlignLeft) | int(Qt.AlignmentFlag.AlignTop)


class DescribedCombo(QComboBox):
    """A list that shows titles, and below each its sentence while it is open."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumContentsLength(12)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMaxVisibleItems(_LISTED)
        # As a list that scrolls; some styles open a menu as high as the screen instead.
        self.setStyleSheet("QComboBox { combobox-popup: 0; }")
        self.setItemDelegate(_Described(self))
        guard_wheel(self)

    def fill(self, choices: Sequence[tuple[str, str, Any]]) -> None:
        """List these: title, sentence, value."""
        self.clear()
        for title, sentence, value in choices:
            self.addItem(title, value)
            self.setItemData(self.count() - 1, sentence, _SENTENCE)

    def sentence(self) -> str:
        """Return the sentence of the choice made."""
        return str(self.currentData(_SENTENCE) or "")

    def showPopup(self) -> None:  # noqa: N802 - Qt's name
        """Open the list, wide enough for sentences; called by Qt."""
        self.view().setFixedWidth(self.listed_width())
        super().showPopup()

    def listed_width(self) -> int:
        """Return the width of the opened list, in pixels."""
        return max(int(self.width()), _WIDE)


class _Described(QStyledItemDelegate):
    """Draws a title, and a wrapped sentence below it in quieter ink."""

    def __init__(self, combo: DescribedCombo) -> None:
        super().__init__(combo)
        self._combo = combo

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Draw; called by Qt."""
        chosen = QStyleOptionViewItem(option)
        self.initStyleOption(chosen, index)
        title, chosen.text = chosen.text, ""
        style = chosen.widget.style() if chosen.widget else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, chosen, painter, chosen.widget)
        lit = bool(chosen.state & QStyle.StateFlag.State_Selected)
        ink = chosen.palette.color(QPalette.ColorRole.HighlightedText if lit else QPalette.ColorRole.Text)
        room = QRectF(chosen.rect).adjusted(_PAD + 3, _PAD, -_PAD, -_PAD)
        painter.save()
        painter.setFont(_bold(chosen.font))
        painter.setPen(ink)
        painter.drawText(room, _WRAP, title)
        painter.setFont(chosen.font)
        painter.setPen(ink if lit else QColor(quiet()))
        below = room.adjusted(0, QFontMetrics(_bold(chosen.font)).lineSpacing(), 0, 0)
        painter.drawText(below, _WRAP, str(index.data(_SENTENCE) or ""))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802 - Qt's name
        """Return how high the title and its sentence are; called by Qt."""
        # Not of the list as it is now: it is laid out before it is opened at its width.
        wide = self._combo.listed_width()
        sentence, font = str(index.data(_SENTENCE) or ""), option.font
        high = QFontMetrics(_bold(font)).lineSpacing()
        if sentence:
            room = QRectF(0, 0, wide - 2 * _PAD - 26, 10_000).toRect()  # less the bar that scrolls
            high += QFontMetrics(font).boundingRect(room, _WRAP, sentence).height()
        return QSize(120, high + 2 * _PAD)


def _bold(font: QFont) -> QFont:
    bold = QFont(font)
    bold.setBold(True)
    return bold
