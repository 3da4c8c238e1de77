"""Choosing several files, in order, and several rasters: layers of the project and files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from ..house import tr
from .layers import file_of

if TYPE_CHECKING:
    from collections.abc import Iterable

RASTER_FILES = "GeoTIFF (*.tif *.tiff *.vrt);;* (*)"


class FilesEdit(QWidget):
    """A path a line, with a button that adds files.

    Args:
        kinds: Which files the button shows: "CropMap (*.cropmap)".
    """

    changed = pyqtSignal()

    def __init__(self, kinds: str) -> None:
        super().__init__()
        self._kinds = kinds
        self.text = QPlainTextEdit()
        self.text.setTabChangesFocus(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setPlaceholderText(tr("one path a line"))
        self.text.setFixedHeight(5 * self.text.fontMetrics().lineSpacing() + 12)
        self.text.textChanged.connect(self.changed)
        self.files = QPushButton(tr("Add files…"))
        self.files.clicked.connect(self._browse)
        self.buttons = QHBoxLayout()
        self.buttons.addWidget(self.files)
        self.buttons.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.text)
        column.addLayout(self.buttons)

    def paths(self) -> list[str]:
        """Return the paths, in order."""
        return [line.strip() for line in str(self.text.toPlainText()).splitlines() if line.strip()]

    def set_paths(self, paths: Iterable[str]) -> None:
        """Show these paths."""
        self.text.setPlainText("\n".join(paths))

    def add(self, paths: Iterable[str]) -> None:
        """Add the paths that are not there yet."""
        self.set_paths(dict.fromkeys([*self.paths(), *paths]))

    def _browse(self) -> None:
        known = self.paths()
        start = str(Path(known[-1]).parent) if known else ""
        chosen, _filter = QFileDialog.getOpenFileNames(self, tr("Choose files"), start, self._kinds)
        self.add(map(str, chosen))


class RastersEdit(FilesEdit):
    """A path a line, with buttons that add layers of the project and files."""

    def __init__(self) -> None:
        super().__init__(RASTER_FILES)
        self.layers = QPushButton(tr("Add layer"))
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._list_layers)
        self.layers.setMenu(self._menu)
        self.buttons.insertWidget(1, self.layers)

    def _list_layers(self) -> None:
        self._menu.clear()
        for layer in QgsProject.instance().mapLayers().values():
            path = file_of(layer)[0] if isinstance(layer, QgsRasterLayer) else ""
            if path:
                self._menu.addAction(str(layer.name())).triggered.connect(lambda _on, path=path: self.add([path]))
