"""Loads a run's results into a group of the layer tree, styled. Main thread only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsColorRampShader,
    QgsContrastEnhancement,
    QgsCoordinateTransform,
    QgsFillSymbol,
    QgsLayerTree,
    QgsLayerTreeGroup,
    QgsMapLayer,
    QgsMarkerSymbol,
    QgsMultiBandColorRenderer,
    QgsPalettedRasterRenderer,
    QgsProject,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
    QgsRasterShader,
    QgsRendererCategory,
    QgsSingleBandPseudoColorRenderer,
    QgsSymbol,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QColor, QDesktopServices

from cropmap.contract.colours import class_colours

from ..house import tr

_CLASS_FIELDS = ("name", "class_name", "class", "label", "crop")
# What a screen's red, green and blue show of prepared images: crops come out red.
_FALSE_COLOURS = ("nir", "red", "green")
# Unsure to sure, in percent: a ramp that colour-blind readers can follow.
_CONFIDENCE = ((0, "#440154"), (25, "#3b528b"), (50, "#21918c"), (75, "#5ec962"), (100, "#fde725"))


@dataclass(frozen=True)
class LoadedRun:
    """What was added to the project: the group and its layers by output name."""

    group: QgsLayerTreeGroup
    layers: Mapping[str, QgsMapLayer]


def load_results(result: Mapping[str, Any], name: str) -> LoadedRun | None:
    """Add a run's layers to the project, in a group at the top of the layer tree.

    Args:
        result: The worker's result: outputs by name.
        name: The group's name.

    Returns:
        The group and its layers; None where the run gave nothing to show.
    """
    outputs = result.get("outputs", {})
    class_map = _raster(outputs, "class_map", tr("Crop map"))
    made: dict[str, QgsMapLayer | None] = {
        "samples_layer": _samples(outputs, class_map),
        "class_map": class_map,
        "confidence": _confidence(outputs),
        "cube": _prepared(outputs),
        "quality": _raster(outputs, "quality", tr("Clear observations")),
    }
    layers = {key: layer for key, layer in made.items() if layer is not None}
    if not layers:
        return None
    project = QgsProject.instance()
    # An empty project takes the CRS of its first layer: the map's, not the samples'.
    project.addMapLayers(sorted(layers.values(), key=lambda layer: layer is not class_map), False)
    group = project.layerTreeRoot().insertGroup(0, name)
    for key, layer in layers.items():
        node = group.addLayer(layer)
        node.setItemVisibilityChecked(key in {"samples_layer", "class_map", "cube"})
        node.setExpanded(key == "class_map")
    group.setExpanded(False)  # the view unfolds a group only when this changes
    group.setExpanded(True)
    return LoadedRun(group, layers)


def zoom_to(iface: Any, layer: QgsMapLayer) -> None:
    """Show the whole of a layer in the map."""
    canvas = iface.mapCanvas()
    project = QgsProject.instance()
    transform = QgsCoordinateTransform(layer.crs(), canvas.mapSettings().destinationCrs(), project)
    extent = transform.transformBoundingBox(layer.extent())
    extent.scale(1.05)
    canvas.setExtent(extent)
    canvas.refresh()


def open_file(path: str) -> bool:
    """Open a file or a folder with the system's program for it."""
    return bool(QDesktopServices.openUrl(QUrl.fromLocalFile(path)))


def class_colours_of(layer: QgsRasterLayer | None) -> dict[str, str]:
    """Return the colour of each class name, as the class map shows it."""
    renderer = layer.renderer() if layer is not None else None
    if not isinstance(renderer, QgsPalettedRasterRenderer):
        return {}
    return {str(entry.label): str(entry.color.name()) for entry in renderer.classes()}


def group_of(layers: Mapping[str, QgsMapLayer]) -> QgsLayerTreeGroup | None:
    """Return the group that holds these layers, if they are still in the project."""
    root = QgsProject.instance().layerTreeRoot()
    nodes = [root.findLayer(layer.id()) for layer in layers.values()]
    parent = nodes[0].parent() if nodes and nodes[0] is not None else None
    return parent if parent is not None and QgsLayerTree.isGroup(parent) else None


def _raster(outputs: Mapping[str, Any], key: str, title: str) -> QgsRasterLayer | None:
    path = str(outputs.get(key, ""))
    if not Path(path).is_file():
        return None
    layer = QgsRasterLayer(path, title)  # the style file beside it is read by this
    if not layer.isValid():
        return None
    colours = layer.dataProvider().colorTable(1)
    if colours and not isinstance(layer.renderer(), QgsPalettedRasterRenderer):
        classes = QgsPalettedRasterRenderer.colorTableToClassData(colours)
        layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, classes))
    return layer


def _prepared(outputs: Mapping[str, Any]) -> QgsRasterLayer | None:
    """Return the prepared images, the middle one in the colours in which crops stand out."""
    layer = _raster(outputs, "cube", tr("Prepared images"))
    if layer is None:
        return None
    # Band names end in "2023-05-07 nir"; the provider puts its own number before them.
    found = [re.search(r"(\d{4}-\d\d-\d\d) (\S+)$", layer.bandName(band + 1)) for band in range(layer.bandCount())]
    numbers = {match.groups(): band + 1 for band, match in enumerate(found) if match}
    dates = sorted({date for date, _ in numbers})
    shown = [numbers.get((dates[len(dates) // 2], name)) for name in _FALSE_COLOURS] if dates else []
    if all(shown) and shown:
        layer.setRenderer(QgsMultiBandColorRenderer(layer.dataProvider(), *shown))
    stretch = QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
    layer.setContrastEnhancement(stretch, QgsRasterMinMaxOrigin.Limits.CumulativeCut)
    return layer


def _confidence(outputs: Mapping[str, Any]) -> QgsRasterLayer | None:
    layer = _raster(outputs, "confidence", tr("Confidence (%)"))
    if layer is None or Path(str(outputs["confidence"])).with_suffix(".qml").is_file():
        return layer
    ramp = QgsColorRampShader(0.0, 100.0)
    ramp.setColorRampType(QgsColorRampShader.Type.Interpolated)
    items = [QgsColorRampShader.ColorRampItem(value, QColor(colour), f"{value}") for value, colour in _CONFIDENCE]
    ramp.setColorRampItemList(items)
    shader = QgsRasterShader()
    shader.setRasterShaderFunction(ramp)
    layer.setRenderer(QgsSingleBandPseudoColorRenderer(layer.dataProvider(), 1, shader))
    return layer


def _samples(outputs: Mapping[str, Any], class_map: QgsRasterLayer | None) -> QgsVectorLayer | None:
    path = str(outputs.get("samples_layer", ""))
    if not Path(path).is_file():
        return None
    layer = QgsVectorLayer(path, tr("Samples"), "ogr")
    if not layer.isValid():
        return None
    if not Path(path).with_suffix(".qml").is_file():
        _categorise(layer, class_colours_of(class_map))
    return layer


def _categorise(layer: QgsVectorLayer, colours: Mapping[str, str]) -> None:
    fields = {str(field.name()).lower(): str(field.name()) for field in layer.fields()}
    field = next((fields[name] for name in _CLASS_FIELDS if name in fields), "")
    if not field:
        return
    values = sorted(str(value) for value in layer.uniqueValues(layer.fields().indexOf(field)))
    made = dict(zip(values, class_colours(values)))
    categories = [
        QgsRendererCategory(value, _symbol(layer, colours.get(value, made[value])), value) for value in values
    ]
    layer.setRenderer(QgsCategorizedSymbolRenderer(field, categories))


def _symbol(layer: QgsVectorLayer, colour: str) -> QgsSymbol:
    if layer.geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry:
        return QgsFillSymbol.createSimple({"color": colour, "outline_color": "#232323", "outline_width": "0.2"})
    return QgsMarkerSymbol.createSimple(
        {"name": "circle", "color": colour, "size": "2.2", "outline_color": "#ffffff", "outline_width": "0.3"}
    )
