"""One editor for each kind of parameter: a widget, how its value is read and how it is set."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qgis.gui import QgsDateEdit, QgsFileWidget
from qgis.PyQt.QtCore import QDate, Qt
from qgis.PyQt.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QWidget,
)

from ..house import tr
from .layers import RASTER, VECTOR, LayerOrFile
from .look import guard_wheel
from .rasters import RASTER_FILES, FilesEdit, RastersEdit

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGE = 2**31 - 1
_DECIMALS = 10
_PACKAGE_FILES = "CropMap (*.cropmap)"
_VECTOR_FILES = "*.gpkg *.geojson *.json *.shp *.fgb *.gml *.kml *.csv *.parquet"


@dataclass(frozen=True)
class Editor:
    """A widget that edits one parameter.

    Args:
        widget: What the user sees.
        value: Returns the value as plain JSON.
        set_value: Shows a value.
        changed: The Qt signal of a change.
        labelled: Whether the widget carries its own title.
    """

    widget: QWidget
    value: Callable[[], Any]
    set_value: Callable[[Any], None]
    changed: Any
    labelled: bool = False


class NumberSpin(QDoubleSpinBox):
    """A spin box that shows 0.0005 as 0.0005 and 10 as 10, and keeps digits that it does not show."""

    def __init__(self) -> None:
        super().__init__()
        self._given = (0.0, 0.0)  # a number as it was set, and as it is shown

    def set_number(self, number: float) -> None:
        """Show a number."""
        # Noted before it is shown: whoever hears of the change reads it.
        self._given = (number, round(number, _DECIMALS))
        self.setValue(number)
        self._given = (number, float(self.value()))

    def number(self) -> float:
        """Return the number that was set, all its digits; what the user made of it where it was changed."""
        number, shown = self._given
        return number if self.value() == shown else float(self.value())

    def textFromValue(self, value: float) -> str:  # noqa: N802 - Qt's name
        """Return the number without idle zeros, in the user's locale."""
        text = f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
        return text.replace(".", str(self.locale().decimalPoint()))


def make_editor(prop: Mapping[str, Any]) -> Editor:
    """Return the editor of a parameter, from its schema."""
    return _MAKERS[prop["x-kind"]](prop)


def _integer(prop: Mapping[str, Any]) -> Editor:
    spin = QSpinBox()
    spin.setRange(int(prop.get("minimum", -_LARGE)), int(prop.get("maximum", _LARGE)))
    _dress(spin, prop)
    return Editor(spin, lambda: int(spin.value()), lambda value: spin.setValue(int(value)), spin.valueChanged)


def _number(prop: Mapping[str, Any]) -> Editor:
    spin = NumberSpin()
    spin.setDecimals(_DECIMALS)
    spin.setRange(float(prop.get("minimum", -1e12)), float(prop.get("maximum", 1e12)))
    _dress(spin, prop)
    return Editor(spin, spin.number, lambda value: spin.set_number(float(value)), spin.valueChanged)


def _dress(spin: Any, prop: Mapping[str, Any]) -> None:
    spin.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
    spin.setMaximumWidth(170)
    if "x-unit" in prop:
        spin.setSuffix(f" {tr(prop['x-unit'])}")
    guard_wheel(spin)


def _boolean(prop: Mapping[str, Any]) -> Editor:
    box = QCheckBox(tr(prop["title"]))
    return Editor(box, lambda: bool(box.isChecked()), lambda value: box.setChecked(bool(value)), box.toggled, True)


def _text(prop: Mapping[str, Any]) -> Editor:
    line = _line(prop, tr("automatic"))
    return Editor(line, lambda: str(line.text()).strip(), line.setText, line.textChanged)


def _line(prop: Mapping[str, Any], empty: str) -> QLineEdit:
    """Return a line that says, where nothing may be written, what that means."""
    line = QLineEdit()
    if not prop.get("default", "-"):
        line.setPlaceholderText(empty)
    return line


def _choice(prop: Mapping[str, Any]) -> Editor:
    combo = QComboBox()
    for name in prop["enum"]:
        combo.addItem(tr(name.replace("_", " ")) if name else tr("automatic"), name)
    # A long choice is cut in a narrow panel, not in the list.
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(6)
    combo.view().setMinimumWidth(combo.view().sizeHintForColumn(0) + 24)
    guard_wheel(combo)
    return Editor(
        combo,
        lambda: str(combo.currentData()),
        lambda value: combo.setCurrentIndex(max(combo.findData(value), 0)),
        combo.currentIndexChanged,
    )


def _date(_prop: Mapping[str, Any]) -> Editor:
    edit = QgsDateEdit()
    edit.setAllowNull(True)
    edit.setNullRepresentation(tr("automatic"))
    edit.setDisplayFormat("yyyy-MM-dd")
    edit.setCalendarPopup(True)
    edit.setMaximumWidth(170)
    edit.clear()
    guard_wheel(edit)

    def value() -> str:
        return "" if edit.isNull() else str(edit.date().toString(Qt.DateFormat.ISODate))

    def set_value(text: str) -> None:
        date = QDate.fromString(text, Qt.DateFormat.ISODate)
        if date.isValid():
            edit.setDate(date)
        else:
            edit.clear()

    return Editor(
        edit, value, set_value, edit.dateValueChanged if hasattr(edit, "dateValueChanged") else edit.dateChanged
    )


def _path(mode: Any, files: str = "") -> Callable[[Mapping[str, Any]], Editor]:
    def make(prop: Mapping[str, Any]) -> Editor:
        chooser = QgsFileWidget()
        chooser.setStorageMode(mode)
        chooser.setDialogTitle(tr(prop["title"]))
        if files:
            chooser.setFilter(files)
        if not prop.get("default", "-"):
            chooser.lineEdit().setPlaceholderText(tr("automatic"))
        return Editor(
            chooser,
            lambda: str(chooser.filePath()).strip(),
            chooser.setFilePath,
            chooser.fileChanged,
        )

    return make


def _layer(layers: Any, files: str) -> Callable[[Mapping[str, Any]], Editor]:
    def make(_prop: Mapping[str, Any]) -> Editor:
        chooser = LayerOrFile(layers, files)
        return Editor(chooser, chooser.reference, chooser.set_path, chooser.changed)

    return make


def _rasters(_prop: Mapping[str, Any]) -> Editor:
    edit = RastersEdit()
    return Editor(edit, edit.paths, edit.set_paths, edit.changed)


def _packages(_prop: Mapping[str, Any]) -> Editor:
    edit = FilesEdit(_PACKAGE_FILES)
    return Editor(edit, edit.paths, edit.set_paths, edit.changed)


def _scheme(_prop: Mapping[str, Any]) -> Editor:
    text = QPlainTextEdit()
    text.setPlaceholderText(tr("each label is a class"))
    text.setTabChangesFocus(True)
    text.setFixedHeight(4 * text.fontMetrics().lineSpacing() + 12)
    return Editor(text, lambda: str(text.toPlainText()).strip(), text.setPlainText, text.textChanged)


def _texts(prop: Mapping[str, Any]) -> Editor:
    line = _line(prop, tr("separated by commas"))
    return Editor(line, lambda: _items(line.text()), lambda value: line.setText(", ".join(value)), line.textChanged)


def _numbers(prop: Mapping[str, Any]) -> Editor:
    line = _line(prop, tr("separated by commas"))

    def show(value: Any) -> None:
        line.setText(", ".join(f"{number:g}" for number in value))

    return Editor(line, lambda: [_number_of(item) for item in _items(line.text())], show, line.textChanged)


def _table(_prop: Mapping[str, Any]) -> Editor:
    line = QLineEdit()
    line.setPlaceholderText(tr("name=number, name=number"))

    def show(value: Mapping[str, Any]) -> None:
        line.setText(", ".join(f"{name}={number}" for name, number in value.items()))

    return Editor(line, lambda: pairs_of(line.text()), show, line.textChanged)


def _items(text: str) -> list[str]:
    return [item.strip() for item in str(text).split(",") if item.strip()]


def _number_of(text: str) -> Any:
    """Return the number, or the text as it is, for the check to refuse."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def pairs_of(text: str) -> Any:
    """Return the table that "name=number, name=number" means, or the text as it is, for the check to refuse."""
    pairs = [item.partition("=") for item in _items(text)]
    if not all(sign for _name, sign, _number in pairs):
        return text
    return {name.strip(): _number_of(number.strip()) for name, _sign, number in pairs}


_MAKERS: dict[str, Callable[[Mapping[str, Any]], Editor]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "text": _text,
    "choice": _choice,
    "date": _date,
    "folder": _path(QgsFileWidget.StorageMode.GetDirectory),
    "file": _path(QgsFileWidget.StorageMode.GetFile),
    "package": _path(QgsFileWidget.StorageMode.GetFile, _PACKAGE_FILES),
    "packages": _packages,
    "output_folder": _path(QgsFileWidget.StorageMode.GetDirectory),
    "output_file": _path(QgsFileWidget.StorageMode.SaveFile),
    "raster": _layer(RASTER, RASTER_FILES),
    "rasters": _rasters,
    "scheme": _scheme,
    "vector": _layer(VECTOR, f"{_VECTOR_FILES} ({_VECTOR_FILES});;* (*)"),
    "texts": _texts,
    "numbers": _numbers,
    "table": _table,
}
