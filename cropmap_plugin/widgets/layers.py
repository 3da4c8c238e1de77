"""Choosing a layer of the project or a file, and what a worker can open of either."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from qgis.core import (
    Qgis,
    QgsMapLayer,
    QgsMapLayerProxyModel,
    QgsProject,
    QgsProviderRegistry,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.gui import QgsMapLayerComboBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QFileDialog, QHBoxLayout, QToolButton, QWidget

from cropmap.contract.errors import OutputError

from ..house import tr
from .look import guard_wheel

VECTOR = QgsMapLayerProxyModel.Filter.VectorLayer
RASTER = QgsMapLayerProxyModel.Filter.RasterLayer


class LayerOrFile(QWidget):
    """A list of the project's layers, with a button for a file instead."""

    changed = pyqtSignal()

    def __init__(self, layers: Any, files: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._files = files
        self.combo = QgsMapLayerComboBox()
        self.combo.setFilters(_filters(layers))
        self.combo.setAllowEmptyLayer(True, tr("Choose a layer, or a file →"))
        self.combo.setLayer(None)
        self.combo.setMinimumContentsLength(12)
        guard_wheel(self.combo)
        self.browse = QToolButton()
        self.browse.setText("…")
        self.browse.setToolTip(tr("Choose a file"))
        self.browse.clicked.connect(self._browse)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.combo, 1)
        row.addWidget(self.browse)
        self.combo.currentIndexChanged.connect(lambda _index: self.changed.emit())

    def layer(self) -> QgsMapLayer | None:
        """Return the layer chosen, None where it is a file or nothing."""
        return self.combo.currentLayer()

    def path(self) -> str:
        """Return the file chosen, or the chosen layer's file; empty where there is none."""
        layer = self.layer()
        if layer is not None:
            return file_of(layer)[0]
        chosen = self.combo.additionalItems()
        return str(self.combo.currentText()) if self.combo.currentText() in chosen else ""

    def set_path(self, path: str) -> None:
        """Choose the project's layer of this file, else the file."""
        layers = QgsProject.instance().mapLayers().values()
        found = next((layer for layer in layers if path and file_of(layer)[0] == path), None)
        self.combo.setAdditionalItems([path] if path and found is None else [])
        if found is not None:
            self.combo.setLayer(found)
        else:
            self.combo.setCurrentIndex(self.combo.count() - 1 if path else 0)
        self.changed.emit()

    def _browse(self) -> None:
        start = str(Path(self.path()).parent) if self.path() else ""
        path, _chosen = QFileDialog.getOpenFileName(self, tr("Choose a file"), start, self._files)
        if path:
            self.set_path(path)


def _filters(layers: Any) -> Any:
    """Return the filter in the type that this QGIS wants: 3.34 deprecates the old one, 3.22 lacks the new one."""
    kind = getattr(Qgis, "LayerFilters", None)
    return layers if kind is None else kind(layers)


def file_of(layer: QgsMapLayer) -> tuple[str, str]:
    """Return a layer's file and the layer's name in it; empty where it is no file (memory, database, web)."""
    provider = str(layer.providerType())
    if provider == "delimitedtext":
        return unquote(urlparse(str(layer.source())).path), ""
    if provider not in {"ogr", "gdal"}:
        return "", ""
    parts = QgsProviderRegistry.instance().decodeUri(provider, layer.source())
    path = str(parts.get("path") or "")
    return (path, str(parts.get("layerName") or "")) if Path(path).exists() else ("", "")


def needs_export(layer: QgsMapLayer) -> bool:
    """Return whether a worker cannot open what the user sees: no file, unsaved edits, a filter, delimited text."""
    if not isinstance(layer, QgsVectorLayer):
        return False
    plain = layer.providerType() == "ogr" and bool(file_of(layer)[0])
    return not plain or bool(layer.subsetString()) or bool(layer.isEditable() and layer.isModified())


def export(layer: QgsVectorLayer, path: Path) -> None:
    """Write a layer as the user sees it to a GeoPackage.

    Raises:
        OutputError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    options.layerName = "samples"
    context = QgsProject.instance().transformContext()
    code, message, *_rest = QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), context, options)
    if code != QgsVectorFileWriter.WriterError.NoError:
        raise OutputError(tr("The samples cannot be copied: {why}").format(why=message), where=str(path))
