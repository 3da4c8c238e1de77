"""Choosing a layer of the project or a file, and what a worker can open of either."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
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

from cropmap.contract.errors import OutputError, SampleError

from ..house import tr
from .look import guard_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

_IN_PROJECT = "layer:"  # before a layer's id
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

    def reference(self) -> str:
        """Return what names the choice among a job's parameters (`reference_of`); empty where there is none."""
        layer = self.layer()
        return self.path() if layer is None else reference_of(layer)

    def set_path(self, path: str) -> None:
        """Choose the project's layer of this file, or that of a reference, else the file."""
        layers = QgsProject.instance().mapLayers().values()
        found = next((layer for layer in layers if path and path in (file_of(layer)[0], reference_of(layer))), None)
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


def reference_of(layer: QgsMapLayer) -> str:
    """Return what names a layer among a job's parameters: its file, with the layer's name where it holds several.

    A layer that a worker cannot open as the user sees it is named by its place in the project: `with_copies` puts a
    file in its place.
    """
    if needs_export(layer):
        return f"{_IN_PROJECT}{layer.id()}"
    path, name = file_of(layer)
    return f"{path}|layername={name}" if name and isinstance(layer, QgsVectorLayer) else path


def is_in_project(value: Any) -> bool:
    """Return whether a parameter names a layer of which a worker needs a copy."""
    return isinstance(value, str) and value.startswith(_IN_PROJECT)


def title_of_reference(reference: str) -> str:
    """Return what a user calls a layer or file: the layer's name, else the file's."""
    layer = QgsProject.instance().mapLayer(reference[len(_IN_PROJECT) :]) if is_in_project(reference) else None
    path, _sign, name = reference.partition("|layername=")
    return str(layer.name()) if layer is not None else name or Path(path).name


def with_copies(params: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a job's parameters with files in place of layers that a worker cannot open.

    Args:
        params: The parameters.
        folder: Where the copies are written.

    Raises:
        OutputError: A copy cannot be written.
        SampleError: A layer is no longer in the project.
    """
    return {name: _copied(name, value, folder) if is_in_project(value) else value for name, value in params.items()}


def _copied(name: str, reference: str, folder: Path) -> str:
    layer = QgsProject.instance().mapLayer(reference[len(_IN_PROJECT) :])
    if not isinstance(layer, QgsVectorLayer):
        raise SampleError(tr("A layer that was chosen is no longer in the project."), fix=tr("Choose it again."))
    export(layer, folder / f"{name}.gpkg")
    return str(folder / f"{name}.gpkg")


def export(layer: QgsVectorLayer, path: Path) -> None:
    """Write a layer as the user sees it to a GeoPackage.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = tr("The layer cannot be copied: {why}").format(why=error.strerror)
        raise OutputError(what, where=str(path)) from error
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    options.layerName = "samples"
    context = QgsProject.instance().transformContext()
    code, message, *_rest = QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), context, options)
    if code != QgsVectorFileWriter.WriterError.NoError:
        raise OutputError(tr("The layer cannot be copied: {why}").format(why=message), where=str(path))
