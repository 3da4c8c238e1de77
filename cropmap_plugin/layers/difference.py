"""Where two class maps differ, as a layer that GDAL reads from both: nothing is computed before it is looked at."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from qgis.core import (
    QgsColorRampShader,
    QgsPalettedRasterRenderer,
    QgsRasterLayer,
    QgsRasterShader,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt.QtGui import QColor

from cropmap.contract.errors import LegendError

from ..house import tr
from ..widgets.layers import file_of

_NOTHING = 1000  # stands for no class: farther from every class than two classes are from each other
_RED, _CLEAR = "#d8001b", "#00000000"


def difference_layer(first: QgsRasterLayer, second: QgsRasterLayer) -> QgsRasterLayer:
    """Return a layer that is red where two maps name different classes, and clear elsewhere.

    Classes are the same where their names are, whatever their codes. The layer's file, a few lines that name both maps,
    is written beside the first one.

    Raises:
        LegendError: A map names no classes, or the maps do not have the same pixels.
        OSError: The file cannot be written.
    """
    if (first.extent(), first.width(), first.height()) != (second.extent(), second.width(), second.height()):
        raise LegendError(
            tr("The two maps do not have the same pixels."),
            fix=tr("Make both from the same images, then compare them."),
        )
    legends = [class_codes(layer) for layer in (first, second)]
    names = sorted({name for legend in legends for name in legend})
    paths = [Path(file_of(layer)[0]) for layer in (first, second)]
    path = paths[0].with_name(f"{paths[0].stem}_differs_from_{paths[1].parent.name}_{paths[1].stem}.vrt")
    tables = [{code: names.index(name) for name, code in legend.items()} for legend in legends]
    path.write_text(_description(first, list(zip(paths, tables))), encoding="utf-8")
    layer = QgsRasterLayer(str(path), tr("Where two maps differ"))
    _style(layer)
    return layer


def class_codes(layer: QgsRasterLayer) -> dict[str, int]:
    """Return the code of each class of a map, as the layer names them.

    Raises:
        LegendError: It names none.
    """
    renderer = layer.renderer()
    found = (
        {str(entry.label): round(entry.value) for entry in renderer.classes()}
        if isinstance(renderer, QgsPalettedRasterRenderer)
        else {}
    )
    if not found:
        raise LegendError(
            tr("The layer {name} names no classes.").format(name=layer.name()), fix=tr("Choose a crop map.")
        )
    return found


def _description(grid: QgsRasterLayer, sources: list[tuple[Path, dict[int, int]]]) -> str:
    """Return the file: the second map's classes taken from the first one's, both numbered alike."""
    root = ET.Element("VRTDataset", rasterXSize=str(grid.width()), rasterYSize=str(grid.height()))
    ET.SubElement(root, "SRS").text = grid.crs().toWkt()
    extent = grid.extent()
    numbers = (extent.xMinimum(), grid.rasterUnitsPerPixelX(), 0, extent.yMaximum(), 0, -grid.rasterUnitsPerPixelY())
    ET.SubElement(root, "GeoTransform").text = ", ".join(repr(float(number)) for number in numbers)
    band = ET.SubElement(root, "VRTRasterBand", dataType="Float32", band="1", subClass="VRTDerivedRasterBand")
    ET.SubElement(band, "PixelFunctionType").text = "diff"
    for path, table in sources:
        source = ET.SubElement(band, "ComplexSource")
        ET.SubElement(source, "SourceFilename", relativeToVRT="0").text = str(path)
        ET.SubElement(source, "SourceBand").text = "1"
        # All codes are named: between those that are, GDAL would interpolate.
        pairs = (f"{code}:{table.get(code, _NOTHING)}" for code in range(256))
        ET.SubElement(source, "LUT").text = ",".join(pairs)
    return ET.tostring(root, encoding="unicode")


def _style(layer: QgsRasterLayer) -> None:
    """Show two classes that are not the same in red; the same ones, and no class, not at all."""
    far = _NOTHING / 2
    limits = ((-far, _CLEAR), (-0.5, _RED), (0.5, _CLEAR), (far, _RED), (float("inf"), _CLEAR))
    ramp = QgsColorRampShader(-_NOTHING, _NOTHING)
    ramp.setColorRampType(QgsColorRampShader.Type.Discrete)
    labels = ("", tr("different classes"), tr("the same class"), tr("different classes"), "")
    ramp.setColorRampItemList(
        [QgsColorRampShader.ColorRampItem(value, _colour(name), label) for (value, name), label in zip(limits, labels)]
    )
    shader = QgsRasterShader()
    shader.setRasterShaderFunction(ramp)
    layer.setRenderer(QgsSingleBandPseudoColorRenderer(layer.dataProvider(), 1, shader))


def _colour(name: str) -> QColor:
    return QColor(0, 0, 0, 0) if name == _CLEAR else QColor(name)
