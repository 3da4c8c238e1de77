"""Legends: files of them, JSON lists of {"code", "name", "colour"}, and those that class rasters carry themselves."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from rasterio.errors import RasterioError
from rasterio.shutil import copy as gdal_copy

from cropmap.contract.colours import class_colours
from cropmap.contract.errors import LegendError
from cropmap.data.cdl import cdl_legend
from cropmap.data.legend import NODATA, Legend, LegendClass, legend_of
from cropmap.io.map_styles import BLUE, GREEN, MIN_MAX, NAME, RED
from cropmap.io.rasters import opened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEGEND_TAG = "CROPMAP_LEGEND"  # of the GeoTIFFs that cropmap writes

_CDL = "cdl"

# What the columns of a raster attribute table are called where their use is not told; the first that is there counts.
_CODE_NAMES = ("value", "code", "class_code", "grid_code", "gridcode", "id")
_NAME_NAMES = ("class_name", "class_names", "classname", "class", "name", "label", "category", "crop", "land_cover")
_KEYS = ("code", "name", "colour")
_EXAMPLE = 'Write [{"code": 0, "name": "Corn", "colour": "#ffd300"}, ...].'


def read_legend(path: Path | str) -> Legend:
    """Read a legend file; a byte order mark, which Windows editors put in front, is passed over.

    Raises:
        LegendError: The file is missing, not JSON, or not a list of classes.
    """
    try:
        entries = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise LegendError(f"The legend cannot be read: {error}.", where=str(path), fix="Give a JSON file.") from error
    if not isinstance(entries, list):
        raise LegendError("The legend is not a list of classes.", where=str(path), fix=_EXAMPLE)
    for number, entry in enumerate(entries, start=1):
        _check_entry(entry, f"Class {number} of the legend", str(path))
    try:
        return legend_of(entries)
    except LegendError as error:
        raise LegendError(error.what, where=str(path), fix=error.fix) from error


def chosen_legend(text: str) -> Legend | None:
    """Return the legend that a user names: "cdl" that of the Cropland Data Layer, else a legend file; None for none.

    Raises:
        LegendError: As `read_legend`.
    """
    text = text.strip()
    if text.casefold() == _CDL:
        return cdl_legend()
    return read_legend(text) if text else None


def _check_entry(entry: Any, which: str, where: str) -> None:
    if not isinstance(entry, dict):
        raise LegendError(f"{which} is {entry!r}, not an object.", where=where, fix=_EXAMPLE)
    missing = [key for key in _KEYS if key not in entry]
    if missing:
        raise LegendError(f"{which} has no {' and no '.join(map(repr, missing))}.", where=where, fix=_EXAMPLE)


# ---------------------------------------------------------------- legends of rasters


def raster_legend(path: Path | str, band: int = 1) -> Legend | None:
    """Return the legend that a class raster carries: names and colours of its codes; None where it names no class.

    Names are looked for among GDAL's category names (so those that a user changed in a GIS count), in the raster
    attribute table, in what cropmap wrote into the GeoTIFF itself, and in the table FILE.vat.dbf beside it. Colours are
    those of the colour table, else of the attribute table, else made. Codes above 254 and classes without a name are
    passed over. A name that stands for several codes is told apart by the code behind it: "Barren (65)".

    Args:
        path: What GDAL opens.
        band: Band that holds the codes, from 1.

    Raises:
        SourceError: The raster cannot be opened.
        LegendError: The legend that cropmap wrote into it is damaged.
    """
    with opened(str(path)) as dataset:
        return legend_in(dataset, band)


def legend_in(dataset: Any, band: int = 1) -> Legend | None:
    """Return the legend of an open raster, as `raster_legend` does."""
    described = _described(dataset, band)
    names, colours = _category_names(described), dict[int, str]()
    if not names:
        names, colours = _of_attributes(_attribute_columns(described))
    if not names and LEGEND_TAG in dataset.tags():
        return _tagged(dataset)
    if not names:
        names, colours = _of_attributes(_beside(str(dataset.name)))
    names = {code: name for code, name in names.items() if code != dataset.nodatavals[band - 1]}
    if not names:
        return None
    return _legend(_told_apart(names), colours | _colour_table(dataset, band))


def _legend(names: Mapping[int, str], colours: Mapping[int, str]) -> Legend:
    made = dict(zip(names, class_colours(tuple(names.values())), strict=True))
    return Legend(tuple(LegendClass(code, name, colours.get(code, made[code])) for code, name in names.items()))


def _told_apart(names: Mapping[int, str]) -> dict[int, str]:
    taken: dict[str, int] = {}
    apart: dict[int, str] = {}
    for code in sorted(names, reverse=True):  # the CDL's newer codes are the larger ones
        name = names[code] if names[code] not in taken else f"{names[code]} ({code})"
        apart[code] = name
        taken[name] = code
    return dict(sorted(apart.items()))


def _described(dataset: Any, band: int) -> ET.Element:
    """Return what GDAL tells of a band, as XML; rasterio offers neither category names nor attribute tables."""
    nothing = ET.Element("VRTRasterBand")
    with tempfile.TemporaryDirectory() as folder:
        description = Path(folder) / "map.vrt"
        try:
            gdal_copy(dataset, str(description), driver="VRT")
        except RasterioError:  # more than a description can hold
            return nothing
        root = ET.fromstring(description.read_text(encoding="utf-8"))  # noqa: S314 - GDAL has just written it
    found = [each for each in root.findall("VRTRasterBand") if each.get("band") == str(band)]
    return found[0] if found else nothing


def _category_names(described: ET.Element) -> dict[int, str]:
    texts = [found.text or "" for found in described.findall("CategoryNames/Category")]
    return {code: text.strip() for code, text in enumerate(texts[:NODATA]) if text.strip()}


def _attribute_columns(described: ET.Element) -> dict[str | int, list[str]]:
    """Return the texts of an attribute table's columns, by lower-case name, and by use where it is told."""
    table = described.find("GDALRasterAttributeTable")
    if table is None:
        return {}
    rows = [[cell.text or "" for cell in row.findall("F")] for row in table.findall("Row")]
    columns: dict[str | int, list[str]] = {}
    for position, field in enumerate(table.findall("FieldDefn")):
        cells = [row[position] if position < len(row) else "" for row in rows]
        columns.setdefault((field.findtext("Name") or "").casefold(), cells)
        columns.setdefault(int(field.findtext("Usage") or 0), cells)
    return columns


def _beside(path: str) -> dict[str | int, list[str]]:
    """Return the columns of FILE.vat.dbf, the attribute table of ArcGIS; nothing where there is none."""
    table = Path(f"{path}.vat.dbf")
    if not table.is_file():
        return {}
    import pyogrio.errors  # noqa: PLC0415 - a fifth of a second, which maps do not need

    try:
        meta, _, _, cells = pyogrio.raw.read(table, read_geometry=False)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError):
        return {}  # a damaged one tells nothing
    names = [str(name).casefold() for name in meta["fields"]]
    return {
        name: ["" if cell is None else str(cell) for cell in column] for name, column in zip(names, cells, strict=True)
    }


def _of_attributes(columns: Mapping[str | int, Sequence[str]]) -> tuple[dict[int, str], dict[int, str]]:
    """Return names and colours by code."""
    codes = _column(columns, MIN_MAX, _CODE_NAMES)
    texts = _column(columns, NAME, _NAME_NAMES)
    shades = [_column(columns, use, (name,)) for use, name in ((RED, "red"), (GREEN, "green"), (BLUE, "blue"))]
    names: dict[int, str] = {}
    colours: dict[int, str] = {}
    for row, (written, text) in enumerate(zip(codes, texts, strict=False)):
        code = _number(written, NODATA - 1)
        if code is None or not text.strip():
            continue
        names.setdefault(code, text.strip())
        parts = [_number(shade[row], 255) if row < len(shade) else None for shade in shades]
        known = [part for part in parts if part is not None]
        if len(known) == len(shades):
            colours.setdefault(code, "#{:02x}{:02x}{:02x}".format(*known))
    return names, colours


def _column(columns: Mapping[str | int, Sequence[str]], use: int, names: Sequence[str]) -> Sequence[str]:
    keys: tuple[str | int, ...] = (use, *names)
    return next((columns[key] for key in keys if key in columns), ())


def _number(text: str, most: int) -> int | None:
    """Return a whole number from 0 to `most` that a text writes, also as 5.0; None where it is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if 0 <= number <= most and number.is_integer() else None


def _tagged(dataset: Any) -> Legend:
    try:
        return legend_of(json.loads(dataset.tags()[LEGEND_TAG]))
    except ValueError as error:
        raise LegendError(f"The legend in the map is not JSON: {error}.", where=dataset.name) from error


def _colour_table(dataset: Any, band: int) -> dict[int, str]:
    try:
        table = dataset.colormap(band)
    except ValueError:  # there is none
        return {}
    return {code: "#{:02x}{:02x}{:02x}".format(*shades[:3]) for code, shades in table.items()}
