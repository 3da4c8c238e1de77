"""Loads a run's results into a group of the layer tree, styled. Main thread only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsColorRampShader,
    QgsContrastEnhancement,
    QgsCoordinateTransform,
    QgsEditorWidgetSetup,
    QgsFeatureRequest,
    QgsFillSymbol,
    QgsLayerTree,
    QgsLayerTreeGroup,
    QgsMapLayer,
    QgsMarkerSymbol,
    QgsMultiBandColorRenderer,
    QgsPalettedRasterRenderer,
    QgsProject,
    QgsProperty,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
    QgsRasterShader,
    QgsRendererCategory,
    QgsSingleBandPseudoColorRenderer,
    QgsSymbol,
    QgsSymbolLayer,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QColor, QDesktopServices

from ..house import tr
from .cubes import cube_bands

_HIDDEN = ("confidence", "outside", "quality")  # beside the map that they belong to
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
        "next_points": _points(outputs, "next_points", tr("Where to sample next")),
        "validation_points": _points(outputs, "validation_points", tr("Validation points")),
        "points": _samples(outputs, "points", tr("Trusted points"), class_map),
        "samples": _samples(outputs, "samples", tr("Samples"), class_map),
        "trusted": _raster(outputs, "trusted", tr("Trusted pixels")),
        "class_map": class_map,
        "confidence": _confidence(outputs),
        "outside": _raster(outputs, "outside", tr("Unlike the training samples above 100 %")),
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
        node.setItemVisibilityChecked(key not in _HIDDEN)
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
    bands = cube_bands(layer)
    shown = [bands.numbers.get((bands.dates[len(bands.dates) // 2], name)) for name in _FALSE_COLOURS] if bands else []
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


def _points(outputs: Mapping[str, Any], key: str, title: str) -> QgsVectorLayer | None:
    """Return a layer of points in the style that is stored with it."""
    path = str(outputs.get(key, ""))
    if not Path(path).is_file():
        return None
    layer = QgsVectorLayer(path, title, "ogr")
    return layer if layer.isValid() else None


def _samples(
    outputs: Mapping[str, Any], key: str, title: str, class_map: QgsRasterLayer | None
) -> QgsVectorLayer | None:
    """Return a layer of samples in the colours of their classes."""
    layer = _points(outputs, key, title)
    if layer is not None and not Path(str(outputs[key])).with_suffix(".qml").is_file():
        style_samples(layer, class_colours_of(class_map))
    return layer


def style_samples(layer: QgsVectorLayer, colours: Mapping[str, str]) -> None:
    """Show samples in the colours of their classes: these, else their own."""
    _categorise(layer, colours)
    _hide(layer, "series")


def _categorise(layer: QgsVectorLayer, colours: Mapping[str, str]) -> None:
    """Show each class in the map's colour, or else in the one that most of its samples bear."""
    counts: dict[str, Counter[str]] = {}
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    for feature in layer.getFeatures(request.setSubsetOfAttributes(["class", "colour"], layer.fields())):
        counts.setdefault(str(feature["class"]), Counter())[str(feature["colour"])] += 1
    own = {name: counted.most_common(1)[0][0] for name, counted in counts.items()}
    categories = [QgsRendererCategory(name, _symbol(layer, colours.get(name, own[name])), name) for name in sorted(own)]
    if layer.fields().indexOf("suspect") >= 0 and layer.maximumValue(layer.fields().indexOf("suspect")):
        for category in categories:
            _mark_suspects(category.symbol())
    layer.setRenderer(QgsCategorizedSymbolRenderer("class", categories))


def _mark_suspects(symbol: QgsSymbol) -> None:
    """Show what a review doubts: larger with a red edge while it is undecided, small and grey-edged once dropped."""
    marker = symbol.symbolLayer(0)
    undecided = "\"suspect\" > 0 AND coalesce(\"verdict\", '') = ''"
    by_state = f"CASE WHEN \"verdict\" = 'drop' THEN {{}} WHEN {undecided} THEN {{}} ELSE {{}} END"
    for what, values in (
        (QgsSymbolLayer.Property.PropertySize, ("1.4", "3.2", "2.2")),
        (QgsSymbolLayer.Property.PropertyStrokeColor, ("'#808080'", "'#d8001b'", "'#ffffff'")),
        (QgsSymbolLayer.Property.PropertyStrokeWidth, ("0.3", "0.6", "0.3")),
    ):
        marker.setDataDefinedProperty(what, QgsProperty.fromExpression(by_state.format(*values)))


def _hide(layer: QgsVectorLayer, field: str) -> None:
    """Keep a field that nobody reads out of forms and tables."""
    position = layer.fields().indexOf(field)
    if position >= 0:
        layer.setEditorWidgetSetup(position, QgsEditorWidgetSetup("Hidden", {}))


def _symbol(layer: QgsVectorLayer, colour: str) -> QgsSymbol:
    if layer.geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry:
        return QgsFillSymbol.createSimple({"color": colour, "outline_color": "#232323", "outline_width": "0.2"})
    return QgsMarkerSymbol.createSimple(
        {"name": "circle", "color": colour, "size": "2.2", "outline_color": "#ffffff", "outline_width": "0.3"}
    )
