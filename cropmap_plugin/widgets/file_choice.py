"""A list of what is known, with a button that takes a file instead."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QToolButton, QWidget

from .look import guard_wheel


class FileChoice(QWidget):
    """A list, and a button for a file that is not in it.

    Args:
        question: What the button asks for, such as "Choose a legend file".
        files: Which files it shows: "JSON (*.json)".
    """

    changed = pyqtSignal()

    def __init__(self, question: str, files: str) -> None:
        super().__init__()
        self._question, self._files = question, files
        self.combo = QComboBox()
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(12)
        guard_wheel(self.combo)
        self.browse = QToolButton()
        self.browse.setText("…")
        self.browse.setToolTip(question)
        self.browse.clicked.connect(lambda _on=False: self._browse())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.combo, 1)
        row.addWidget(self.browse)
        self.combo.currentIndexChanged.connect(lambda _index: self.changed.emit())

    def value(self) -> str:
        """Return what is chosen: a file, or what an item of the list stands for."""
        return str(self.combo.currentData() or "")

    def set_value(self, value: str) -> None:
        """Choose an item; a file that is not listed is added to the list."""
        if self.combo.findData(value) < 0:
            self.add_file(Path(value))
        self.combo.setCurrentIndex(self.combo.findData(value))

    def add_file(self, path: Path) -> None:
        """Add a file to the list."""
        self.add(path.name, path)

    def add(self, title: str, path: Path) -> None:
        """Add a file to the list under a title."""
        self.combo.addItem(title, str(path))
        self.combo.setItemData(self.combo.count() - 1, str(path), Qt.ItemDataRole.ToolTipRole)

    def _browse(self) -> None:
        # Where the chosen file stands; what is none stands nowhere.
        start = Path(self.value()).parent if Path(self.value()).is_absolute() else Path.home()
        path, _kind = QFileDialog.getOpenFileName(self, self._question, str(start), self._files)
        if path:
            self.set_value(str(path))
