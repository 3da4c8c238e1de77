"""Asks for two crop maps, and shows where they differ."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QPushButton, QVBoxLayout, QWidget

from cropmap.contract.errors import CropMapError, LegendError, OutputError

from ..house import tr
from ..layers.difference import difference_layer
from .layers import RASTER, LayerOrFile
from .look import heading, paragraph
from .notice import Notice
from .rasters import RASTER_FILES


class MapDifference(QWidget):
    """Two choices of a map, and a button."""

    shown = pyqtSignal(object)  # the layer that was added to the project

    def __init__(self) -> None:
        super().__init__()
        self.maps = tuple(LayerOrFile(RASTER, RASTER_FILES) for _ in range(2))
        self.notice = Notice()
        self.show_difference = QPushButton(tr("Show where they differ"))
        self.show_difference.clicked.connect(lambda _on=False: self._show())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(heading(tr("Compare two maps")))
        column.addWidget(paragraph(tr("Two maps of the same images: what they disagree on is worth a look.")))
        for widget in (*self.maps, self.notice, self.show_difference):
            column.addWidget(widget)

    def _show(self) -> None:
        """Add the layer to the project, or say what is wrong."""
        try:
            layer = difference_layer(*(_layer_of(choice) for choice in self.maps))
        except CropMapError as error:
            self.notice.say_error(error)
        except OSError as error:
            text = tr("The layer's file cannot be written: {why}").format(why=error.strerror)
            self.notice.say_error(OutputError(text, where=str(error.filename)))
        else:
            self.notice.hide()
            QgsProject.instance().addMapLayer(layer)
            self.shown.emit(layer)


def _layer_of(choice: LayerOrFile) -> QgsRasterLayer:
    """Return the layer chosen; a file is opened.

    Raises:
        LegendError: None is chosen, or it cannot be opened.
    """
    found: Any = choice.layer() or QgsRasterLayer(choice.path(), "")
    if not found.isValid():
        raise LegendError(tr("Choose two maps first."))
    return found
