"""The classes of the samples: colour, name, how many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.gui import QgsColorButton
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from cropmap.contract.colours import class_colours

from ..house import tr

if TYPE_CHECKING:
    from collections.abc import Mapping


class LegendTable(QTableWidget):
    """Shows the classes; the colours can be changed."""

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels(["", tr("Class"), tr("Samples")])
        self.verticalHeader().hide()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setShowGrid(False)
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.setColumnWidth(0, 46)
        self._automatic: list[str] = []

    def show_classes(self, counts: Mapping[str, int], colours: Mapping[str, str]) -> None:
        """Show the classes.

        Args:
            counts: Samples of each class.
            colours: Colours known already, e.g. from the layer's style; the others are made.
        """
        names = sorted(counts)
        self._automatic = class_colours(names)
        self.setRowCount(len(names))
        for row, name in enumerate(names):
            button = QgsColorButton()
            button.setColor(QColor(colours.get(name, self._automatic[row])))
            button.setShowMenu(False)
            button.setColorDialogTitle(name)
            button.colorChanged.connect(lambda _colour: self.changed.emit())
            self.setCellWidget(row, 0, button)
            self.setItem(row, 1, QTableWidgetItem(name))
            count = QTableWidgetItem(f"{counts[name]}")
            count.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, 2, count)
        self.setFixedHeight(min(max(len(names), 1), 9) * self.verticalHeader().defaultSectionSize() + 34)

    def classes(self) -> list[dict[str, Any]]:
        """Return the classes as a legend's entries: code, name, colour."""
        return [
            {"code": row, "name": self.item(row, 1).text(), "colour": self.cellWidget(row, 0).color().name()}
            for row in range(self.rowCount())
        ]

    def is_automatic(self) -> bool:
        """Return whether every colour is the one that the library would choose by itself."""
        return [entry["colour"] for entry in self.classes()] == self._automatic
