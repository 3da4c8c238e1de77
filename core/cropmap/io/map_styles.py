"""What stands beside a map: names, colours, counts (GDAL's .aux.xml) and the style that QGIS loads by itself (.qml)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from cropmap.data.legend import NODATA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cropmap.data.legend import Legend

# GDAL's codes for attribute tables: column types, and what a column is used for (GDALRATFieldType, GDALRATFieldUsage).
_INTEGER, _REAL, _TEXT = 0, 1, 2
_PIXEL_COUNT, NAME, MIN_MAX, RED, GREEN, BLUE = 1, 2, 5, 6, 7, 8
_LARGEST_INTEGER = 2**31 - 1

# Percent to colour: five stops of viridis, which colour-blind readers can order too.
_CONFIDENCE_STOPS = ((0, "#440154"), (25, "#3b528b"), (50, "#21918c"), (75, "#5ec962"), (100, "#fde725"))

# Percent of the threshold up to which a colour holds: like the training, somewhat beyond, far beyond.
_OUTSIDE_STEPS = ((100, "inside", "#d9d9d9"), (150, "outside", "#f4a582"), (254, "far outside", "#b2182b"))


@dataclass(frozen=True)
class Histogram:
    """How many pixels a Byte layer has of each number.

    Args:
        counts: By number, (256,), int64; the last one is nodata.
    """

    counts: NDArray[np.int64]

    @property
    def statistics(self) -> dict[str, str]:
        """Statistics of the pixels that hold data, under GDAL's names; empty where none does."""
        valid = self.counts[:NODATA]
        total = int(valid.sum())
        if not total:
            return {}
        numbers = np.arange(NODATA)
        used = numbers[valid > 0]
        mean = float((numbers * valid).sum() / total)
        variance = float(((numbers - mean) ** 2 * valid).sum() / total)
        return {
            "STATISTICS_MINIMUM": str(used.min()),
            "STATISTICS_MAXIMUM": str(used.max()),
            "STATISTICS_MEAN": repr(mean),
            "STATISTICS_STDDEV": repr(variance**0.5),
            "STATISTICS_VALID_PERCENT": f"{100 * total / int(self.counts.sum()):.4g}",
        }


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue, 0..255, of a colour written #rrggbb."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def class_aux(legend: Legend, histogram: Histogram, crs: str = "") -> str:
    """Return the .aux.xml of a class map: category names, attribute table, statistics.

    Args:
        legend: The classes.
        histogram: Of the class codes.
        crs: WKT, where the GeoTIFF itself cannot hold the coordinate reference system; empty elsewhere.
    """
    root, band = _aux(histogram, crs)
    names = legend.names_by_code
    categories = ET.SubElement(band, "CategoryNames")
    for code in range(max(names) + 1):
        ET.SubElement(categories, "Category").text = names.get(code, "")
    band.append(_attribute_table(legend, histogram))
    return _text(root)


def numbers_aux(histogram: Histogram, crs: str = "") -> str:
    """Return the .aux.xml of a layer of numbers, such as the confidence: statistics."""
    root, _band = _aux(histogram, crs)
    return _text(root)


def class_style(legend: Legend) -> str:
    """Return the QGIS style (QML) of a class map: one colour and one name for each class."""
    root, renderer = _style("paletted")
    palette = ET.SubElement(renderer, "colorPalette")
    for found in legend.classes:
        entry = {"value": str(found.code), "label": found.name, "color": found.colour, "alpha": "255"}
        ET.SubElement(palette, "paletteEntry", entry)
    return "<!DOCTYPE qgis>\n" + _text(root)


def confidence_style() -> str:
    """Return the QGIS style (QML) of a confidence layer: a colour ramp from 0 to 100 percent."""
    return _numbers_style("INTERPOLATED", [(percent, f"{percent} %", colour) for percent, colour in _CONFIDENCE_STOPS])


def outside_style() -> str:
    """Return the QGIS style (QML) of an outside layer: grey up to 100 percent of the threshold, two reds above."""
    return _numbers_style("DISCRETE", _OUTSIDE_STEPS)


def _numbers_style(kind: str, items: Sequence[tuple[int, str, str]]) -> str:
    root, renderer = _style("singlebandpseudocolor")
    limits = "0", str(items[-1][0])
    renderer.set("classificationMin", limits[0])
    renderer.set("classificationMax", limits[1])
    shader = ET.SubElement(ET.SubElement(renderer, "rastershader"), "colorrampshader")
    shader.attrib.update({"colorRampType": kind, "classificationMode": "1", "clip": "0"})
    shader.attrib.update({"minimumValue": limits[0], "maximumValue": limits[1]})
    for number, label, colour in items:
        entry = {"value": str(number), "label": label, "color": colour, "alpha": "255"}
        ET.SubElement(shader, "item", entry)
    return "<!DOCTYPE qgis>\n" + _text(root)


def _aux(histogram: Histogram, crs: str) -> tuple[ET.Element, ET.Element]:
    root = ET.Element("PAMDataset")
    if crs:
        # Without the mapping GDAL may swap the axes of a geographic CRS.
        ET.SubElement(root, "SRS", {"dataAxisToSRSAxisMapping": "1,2"}).text = crs
    band = ET.SubElement(root, "PAMRasterBand", {"band": "1"})
    if histogram.statistics:
        metadata = ET.SubElement(band, "Metadata")
        for key, value in histogram.statistics.items():
            ET.SubElement(metadata, "MDI", {"key": key}).text = value
    return root, band


def _attribute_table(legend: Legend, histogram: Histogram) -> ET.Element:
    table = ET.Element("GDALRasterAttributeTable", {"tableType": "thematic"})
    largest = max(int(histogram.counts[found.code]) for found in legend.classes)
    counted = _INTEGER if largest <= _LARGEST_INTEGER else _REAL
    columns = (
        ("Value", _INTEGER, MIN_MAX),
        ("Class", _TEXT, NAME),
        ("Red", _INTEGER, RED),
        ("Green", _INTEGER, GREEN),
        ("Blue", _INTEGER, BLUE),
        ("Count", counted, _PIXEL_COUNT),
    )
    for index, (name, kind, usage) in enumerate(columns):
        field = ET.SubElement(table, "FieldDefn", {"index": str(index)})
        ET.SubElement(field, "Name").text = name
        ET.SubElement(field, "Type").text = str(kind)
        ET.SubElement(field, "Usage").text = str(usage)
    for index, found in enumerate(legend.classes):
        row: Sequence[object] = (found.code, found.name, *rgb(found.colour), int(histogram.counts[found.code]))
        element = ET.SubElement(table, "Row", {"index": str(index)})
        for value in row:
            ET.SubElement(element, "F").text = str(value)
    return table


def _style(kind: str) -> tuple[ET.Element, ET.Element]:
    # 3.22 is the oldest QGIS that the plugin supports; newer ones read older styles.
    root = ET.Element("qgis", {"version": "3.22.16", "styleCategories": "Symbology"})
    pipe = ET.SubElement(root, "pipe")
    attributes = {"type": kind, "band": "1", "opacity": "1", "alphaBand": "-1", "nodataColor": ""}
    renderer = ET.SubElement(pipe, "rasterrenderer", attributes)
    ET.SubElement(renderer, "rasterTransparency")
    ET.SubElement(pipe, "rasterresampler", {"maxOversampling": "2"})
    ET.SubElement(root, "blendMode").text = "0"
    return root, renderer


def _text(root: ET.Element) -> str:
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode") + "\n"
