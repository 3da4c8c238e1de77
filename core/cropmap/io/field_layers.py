"""Point layers that people fill in, in the field or in front of an image: GeoPackages with a form."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from cropmap.data.legend import LegendClass
from cropmap.io.geopackage import NO_DATE, PointLayer, replacing, write_point_layer

if TYPE_CHECKING:
    from collections.abc import Sequence

LAYER = "points"
# What is filled in. The first is the field that the jobs recognise as the class.
CLASS, DATE, OBSERVER, NOTE = "class", "date", "observer", "note"
TO_FILL = (CLASS, DATE, OBSERVER, NOTE)

_GEOMETRY = "geom"
_GREY, _WHITE = "#9e9e9e", "#ffffff"
# The table in which QGIS looks for the styles of a GeoPackage's layers, as QGIS itself makes it.
_STYLES = """CREATE TABLE layer_styles (
 id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
 f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
 styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
 update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"""
_STYLE_ROW = (
    "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, "
    "styleSLD, useAsDefault, description, owner, ui, update_time) VALUES ('', '', ?, ?, 'form', ?, '', 1, ?, '', '', ?)"
)
_LISTED = (
    "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id) "
    "VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?, 0)"
)


@dataclass(frozen=True)
class FieldLayer:
    """Points to fill in.

    Args:
        x: In `crs`, (point,), float64.
        y: In `crs`, (point,), float64.
        crs: WKT; empty for none.
        facts: What the form shows and nobody changes, by field: (point,) each, text, whole or other numbers.
        classes: What the form offers for `class`.
        label: The field of `facts` that the map shows beside each point.
        description: What the layer is, a sentence.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    crs: str
    facts: Mapping[str, NDArray[Any]]
    classes: tuple[LegendClass, ...]
    label: str
    description: str = ""


def write_field_layer(path: Path | str, layer: FieldLayer) -> None:
    """Write points with empty fields `class`, `date`, `observer` and `note` as a GeoPackage.

    The file brings its own form: QGIS, and what reads QGIS' styles, offers the classes in a list, a calendar for the
    date, locks the facts, and colours each point once it has a class. The file is the same to the byte for the same
    points and the same GDAL.

    Raises:
        OutputError: It cannot be written, or another program has it open to write.
    """
    points = _points(layer)
    with replacing(Path(path), points.size) as temporary:
        write_point_layer(temporary, points)
        _write_style(temporary, layer)


def form_style(layer: FieldLayer) -> str:
    """Return the QGIS style (QML) of a layer: its form, its colours, its labels."""
    # 3.22 is the oldest QGIS that the plugin supports; newer ones read older styles.
    root = ET.Element("qgis", {"version": "3.22.16", "labelsEnabled": "1"})
    root.set("styleCategories", "Symbology|Labeling|Fields|Forms")
    _colours(root, layer)
    _labels(root, layer.label)
    _widgets(root, layer)
    editable = ET.SubElement(root, "editable")
    for name in ("fid", *layer.facts, *TO_FILL):
        ET.SubElement(editable, "field", {"name": name, "editable": "1" if name in TO_FILL else "0"})
    ET.indent(root, " ")
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(root, encoding="unicode") + "\n"


def _points(layer: FieldLayer) -> PointLayer:
    count = len(layer.x)
    nothing = np.full(count, None, dtype=object)
    to_fill = {CLASS: nothing, DATE: np.full(count, "NaT", "datetime64[D]"), OBSERVER: nothing, NOTE: nothing}
    points = np.column_stack([layer.x, layer.y])
    return PointLayer(LAYER, layer.crs, points, {**layer.facts, **to_fill}, description=layer.description)


def _write_style(path: Path, layer: FieldLayer) -> None:
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        file.execute(_STYLES)
        file.execute(_LISTED, (NO_DATE,))
        file.execute(_STYLE_ROW, (LAYER, _GEOMETRY, form_style(layer), layer.description, NO_DATE))


# ---------------------------------------------------------------- the style


def _widgets(root: ET.Element, layer: FieldLayer) -> None:
    fields = ET.SubElement(root, "fieldConfiguration")
    listed = [(found.name, found.name) for found in layer.classes]
    _widget(fields, CLASS, "ValueMap")
    options = _option_map(fields[-1])
    choices = ET.SubElement(options, "Option", {"name": "map", "type": "List"})
    for shown, value in listed:
        entry = ET.SubElement(choices, "Option", {"type": "Map"})
        ET.SubElement(entry, "Option", {"name": shown, "type": "QString", "value": value})
    _widget(fields, DATE, "DateTime")
    options = _option_map(fields[-1])
    settings = {"calendar_popup": "true", "allow_null": "true"}
    formats = {"display_format": "yyyy-MM-dd", "field_format": "yyyy-MM-dd"}
    _settings(options, settings, "bool")
    _settings(options, formats, "QString")
    for name in (OBSERVER, NOTE):
        _widget(fields, name, "TextEdit")
        _settings(_option_map(fields[-1]), {"IsMultiline": "true" if name == NOTE else "false"}, "bool")


def _widget(fields: ET.Element, name: str, kind: str) -> None:
    field = ET.SubElement(fields, "field", {"name": name, "configurationFlags": "None"})
    ET.SubElement(ET.SubElement(field, "editWidget", {"type": kind}), "config")


def _option_map(field: ET.Element) -> ET.Element:
    return ET.SubElement(field[0][0], "Option", {"type": "Map"})


def _settings(options: ET.Element, values: Mapping[str, str], kind: str) -> None:
    for name, value in values.items():
        ET.SubElement(options, "Option", {"name": name, "type": kind, "value": value})


def _colours(root: ET.Element, layer: FieldLayer) -> None:
    renderer = ET.SubElement(root, "renderer-v2", {"type": "categorizedSymbol", "attr": CLASS, "enableorderby": "0"})
    categories, symbols = ET.SubElement(renderer, "categories"), ET.SubElement(renderer, "symbols")
    named = [(found.name, found.name, found.colour) for found in layer.classes]
    # The empty value takes what no other does: points that nobody has filled in yet.
    for number, (value, shown, colour) in enumerate([*named, ("", "to do", _WHITE)]):
        about = {"value": value, "label": shown, "symbol": str(number), "render": "true", "type": "string"}
        ET.SubElement(categories, "category", about)
        symbol = ET.SubElement(symbols, "symbol", {"type": "marker", "name": str(number), "alpha": "1"})
        marker = ET.SubElement(symbol, "layer", {"class": "SimpleMarker", "enabled": "1", "locked": "0", "pass": "0"})
        options = ET.SubElement(marker, "Option", {"type": "Map"})
        look = {"name": "circle", "color": _rgba(colour), "outline_color": "40,40,40,255", "size": "3"}
        _settings(options, look, "QString")


def _rgba(colour: str) -> str:
    return ",".join([*(str(int(colour[k : k + 2], 16)) for k in (1, 3, 5)), "255"])


def _labels(root: ET.Element, field: str) -> None:
    settings = ET.SubElement(ET.SubElement(root, "labeling", {"type": "simple"}), "settings", {"calloutType": "simple"})
    look = {"fieldName": field, "isExpression": "0", "fontSize": "9", "fontSizeUnit": "Point", "textColor": "0,0,0,255"}
    style = ET.SubElement(settings, "text-style", look)
    halo = {"bufferDraw": "1", "bufferSize": "1", "bufferSizeUnits": "MM", "bufferColor": "255,255,255,255"}
    ET.SubElement(style, "text-buffer", halo)
    ET.SubElement(settings, "placement", {"placement": "0", "dist": "1.5", "distUnits": "MM"})


def offered(classes: Sequence[LegendClass], further: Sequence[str]) -> tuple[LegendClass, ...]:
    """Return the classes that a form offers: those given, then further ones that are not among them, in grey."""
    names = {found.name for found in classes}
    more = [name.strip() for name in further if name.strip()]
    added = [name for name in dict.fromkeys(more) if name not in names]
    return (*classes, *(LegendClass(code, name, _GREY) for code, name in enumerate(added)))
