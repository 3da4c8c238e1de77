"""The live table of trusted pixels: what each rule leaves of each class; ticking a rule recomputes it at once."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QResizeEvent
from qgis.PyQt.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from ..house import tr
from .look import RED, grouped, quiet
from .yield_counts import ALL, CHANGED, NOTHING, OFF, ON, PATTERN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .yield_counts import TrustCounts

_END = "end"
_TINT = 100  # of 255: how much of a class's colour lies behind its first number
_PADDING, _LEAST = 12, 46  # of a column: beside its numbers, in all; pixels of the screen
_NONE = "\N{EN DASH}"
_SQUARE_M_OF_HECTARE = 10_000


class YieldTable(QWidget):
    """Rules by classes: pixels left. A rule's box says whether it is on.

    The names of the rules stay in sight while the classes are scrolled.
    """

    switched = pyqtSignal(str, bool)

    def __init__(self) -> None:
        super().__init__()
        self._counts = NOTHING
        self._titles: Mapping[str, str] = {}
        self._states: Mapping[str, str] = {}
        self._area = 0.0
        self._filling = False
        self.rules = _plain_table()
        self.rules.setHorizontalHeaderLabels([""])
        self.rules.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.rules.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rules.setWordWrap(True)
        self.rules.setMinimumWidth(118)
        self.pixels = _plain_table()
        self.pixels.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.pixels.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideRight)
        small = self.font()
        small.setPointSizeF(small.pointSizeF() * 0.92)
        self.setFont(small)
        self.rules.itemChanged.connect(self._ticked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rules, 1)
        row.addWidget(self.pixels)

    def show_counts(self, counts: TrustCounts, titles: Mapping[str, str], pixel_area: float = 0.0) -> None:
        """Show what a job counted.

        Args:
            counts: Its counts.
            titles: What each rule and pattern is called.
            pixel_area: Of a pixel, square metres; 0 where nobody knows.
        """
        self._counts, self._titles, self._area = counts, titles, pixel_area
        self._make()
        self._fill()

    def show_states(self, states: Mapping[str, str]) -> None:
        """Show which rules are on."""
        self._states = states
        self._fill()

    def cell(self, rule: str, name: str) -> str:
        """Return what stands at a rule and a class."""
        return str(self.pixels.item(self._lines().index(rule), self._counts.classes.index(name)).text())

    # ------------------------------------------------------------ filling

    def _lines(self) -> list[str]:
        return [ALL, *self._counts.patterns[1:], PATTERN, *self._counts.rules, _END]

    def _on(self) -> set[str]:
        """Return what is on; a rule that was set to something else counts as it was counted."""
        return {name for name, state in self._states.items() if state != OFF}

    def _make(self) -> None:
        lines = self._lines()
        self._filling = True
        self.rules.setRowCount(len(lines))
        self.pixels.setRowCount(len(lines))
        self.pixels.setColumnCount(len(self._counts.classes))
        for column, name in enumerate(self._counts.classes):
            self.pixels.setHorizontalHeaderItem(column, _class_item(name))
        for row, line in enumerate(lines):
            self.rules.setItem(row, 0, _item(bold=line == _END))
            for column in range(len(self._counts.classes)):
                item = _item(bold=line == _END)
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.pixels.setItem(row, column, item)
        for column, name in enumerate(self._counts.colours):
            colour = QColor(name)
            colour.setAlpha(_TINT)
            self.pixels.item(0, column).setBackground(colour)
        self._filling = False

    def _fill(self) -> None:
        if set(self._states) != set(self._counts.switches):
            return
        left = {step.rule: step.left for step in self._counts.funnel(self._on())}
        left[_END] = self._counts.left(self._on())
        self._filling = True
        for row, line in enumerate(self._lines()):
            self._fill_rule(self.rules.item(row, 0), line)
            pattern = line in self._counts.patterns
            shown = self._counts.of_pattern(line) if pattern else left.get(line)
            for column in range(len(self._counts.classes)):
                if shown is None:
                    _fill_plain(self.pixels.item(row, column), _NONE)
                elif pattern:
                    self._fill_pattern(self.pixels.item(row, column), line, shown[column])
                else:
                    self._fill_left(self.pixels.item(row, column), line, shown[column])
        self._filling = False
        self._fit()

    def _fill_pattern(self, item: QTableWidgetItem, line: str, pixels: int) -> None:
        _fill_plain(item, f"+{grouped(pixels)}")
        item.setToolTip(self._tip(line, item.column(), pixels))
        font = item.font()
        font.setStrikeOut(line not in self._on())
        item.setFont(font)

    def _fill_left(self, item: QTableWidgetItem, line: str, pixels: int) -> None:
        item.setText(grouped(pixels))
        item.setToolTip(self._tip(line, item.column(), pixels))
        item.setData(Qt.ItemDataRole.ForegroundRole, None if pixels else QColor(RED))

    def _fill_rule(self, item: QTableWidgetItem, line: str) -> None:
        titles = {
            ALL: tr("In the maps"),
            PATTERN: tr("Together") if self._patterns_on() else tr("Any pattern, or none"),
            _END: tr("Left"),
        }
        item.setText(titles.get(line) or self._titles.get(line, line))
        if line not in self._states:
            return
        state = self._states[line]
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Unchecked if state == OFF else Qt.CheckState.Checked)
        font = item.font()
        font.setItalic(state == CHANGED)
        item.setFont(font)
        told = tr("Set to something else since the pixels were counted")
        item.setToolTip(told if state == CHANGED else str(item.text()))

    def _patterns_on(self) -> bool:
        return any(name in self._on() for name in self._counts.patterns)

    def _tip(self, line: str, place: int, pixels: int) -> str:
        name = escape(self._counts.classes[place])
        parts = [f"<b>{name}</b>: " + tr("{n} pixels").format(n=grouped(pixels))]
        if self._area:
            hectares = grouped(pixels * self._area / _SQUARE_M_OF_HECTARE, 1)
            parts.append(tr("{n} hectares").format(n=hectares))
        if line == PATTERN or line in self._counts.rules:
            without = grouped(self._counts.without(self._on(), line)[place])
            parts.append(tr("Without this rule {n} would be left in the end").format(n=without))
        return "<br>".join(parts)

    # ------------------------------------------------------------ size, ticks

    def _fit(self) -> None:
        """Make both tables as high as their rows, and the numbers as wide as they are, up to what there is."""
        given = max(self.width() - max(self.rules.minimumWidth(), self.width() // 3), 80) - 2
        widths = self._widths(given)
        for column, width in enumerate(widths):
            self.pixels.setColumnWidth(column, width)
        wanted = sum(widths)
        self.pixels.setFixedWidth(min(wanted, given) + 2)
        self.rules.resizeRowsToContents()
        for row in range(self.rules.rowCount()):
            self.pixels.setRowHeight(row, self.rules.rowHeight(row))
        head = max(
            self.rules.horizontalHeader().sizeHint().height(), self.pixels.horizontalHeader().sizeHint().height()
        )
        for table in (self.rules, self.pixels):
            table.horizontalHeader().setFixedHeight(head)
        bar = self.pixels.horizontalScrollBar().sizeHint().height() if wanted > given else 0
        height = head + self.rules.verticalHeader().length() + 2 + bar
        self.rules.setFixedHeight(height)
        self.pixels.setFixedHeight(height)

    def _widths(self, given: int) -> list[int]:
        """Return the width of each class's column: that of its numbers, and of as much of its name as fits."""
        metrics = self.pixels.fontMetrics()
        least, most = [], []
        for column, name in enumerate(self._counts.classes):
            shown = [str(self.pixels.item(row, column).text()) for row in range(self.pixels.rowCount())]
            numbers = max(metrics.horizontalAdvance(text) for text in shown) + _PADDING
            least.append(max(numbers, _LEAST))
            most.append(max(least[-1], metrics.horizontalAdvance(name) + _PADDING))
        room, wish = given - sum(least), sum(most) - sum(least)
        share = min(max(room / wish, 0.0), 1.0) if wish else 0.0
        return [low + int((high - low) * share) for low, high in zip(least, most)]

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Fit the tables to the new width."""
        super().resizeEvent(event)
        self._fit()

    def _ticked(self, item: QTableWidgetItem) -> None:
        if self._filling:
            return
        line = self._lines()[item.row()]
        if line in self._states:
            on = item.checkState() == Qt.CheckState.Checked
            self._states = {**self._states, line: ON if on else OFF}
            self._fill()
            self.switched.emit(line, on)


def _plain_table() -> QTableWidget:
    table = QTableWidget(0, 1)
    table.verticalHeader().hide()
    table.verticalHeader().setMinimumSectionSize(22)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setShowGrid(False)
    table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.horizontalHeader().setHighlightSections(False)
    table.horizontalHeader().setMinimumSectionSize(24)
    return table


def _class_item(name: str) -> QTableWidgetItem:
    item = QTableWidgetItem(name)
    item.setToolTip(name)
    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item


def _item(*, bold: bool) -> QTableWidgetItem:
    item = QTableWidgetItem()
    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
    font = item.font()
    font.setBold(bold)
    item.setFont(font)
    return item


def _fill_plain(item: QTableWidgetItem, text: str) -> None:
    """Show something that is no result, without weight."""
    item.setText(text)
    item.setToolTip("")
    item.setForeground(QColor(quiet()))
