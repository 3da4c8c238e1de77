"""Samples from a survey: a layer or a file, its class field, and which labels become which classes."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsFeatureRequest,
    QgsMapLayerProxyModel,
    QgsProject,
    QgsVectorLayer,
)
from qgis.gui import QgsFieldComboBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QLabel, QVBoxLayout, QWidget

from ..house import catalogue, tr
from ..widgets.form import SchemaForm
from ..widgets.layers import LayerOrFile, export, file_of, needs_export
from ..widgets.look import guard_wheel, paragraph, problem_label, section
from ..widgets.scheme_table import SchemeTable
from .page import names_by_page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cropmap.contract.errors import Problem

# The parameters that have widgets of their own here; all others come from the schema.
_OWN = ("samples", "layer", "class_field", "scheme")
_LIKELY = ("class", "crop", "label", "klass", "kultur", "landuse", "lc", "code", "type", "name")
_COUNTED = 200_000
_FEW, _MANY = 10, 60  # samples of a class, labels
_POINTS_AND_POLYGONS = QgsMapLayerProxyModel.Filter.PointLayer | QgsMapLayerProxyModel.Filter.PolygonLayer
_FILES = "*.gpkg *.geojson *.json *.shp *.fgb *.gml *.kml *.csv *.parquet *.npz"


class SurveyTab(QWidget):
    """Chooses the samples and shows their classes."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(8)
        self._file_layer: QgsVectorLayer | None = None
        self._counts, self._whole = Counter[str](), True
        self.source = LayerOrFile(_POINTS_AND_POLYGONS, tr("Samples") + f" ({_FILES});;* (*)")
        self.source.changed.connect(self._source_changed)
        self.field = QgsFieldComboBox()
        self.field.setAllowEmptyFieldName(True)
        guard_wheel(self.field)
        self.field.fieldChanged.connect(self._field_changed)
        self._problems = {name: problem_label() for name in _OWN}
        self.scheme = SchemeTable(tr("Samples"), tr("All other labels"), tr("Each label is a class."))
        self.scheme.changed.connect(self._scheme_changed)
        self._note = paragraph("")
        rest = [name for name in names_by_page()["samples"] if name not in _OWN]
        self._form = SchemaForm(catalogue().entry("jobs", "classify").schema, rest)
        self._form.changed.connect(self.changed)
        self._place()
        self._field_changed()

    def _place(self) -> None:
        for title, widget, name in (
            (tr("Samples") + " *", self.source, "samples"),
            (tr("Class field"), self.field, "class_field"),
        ):
            self.column.addWidget(QLabel(title))
            self.column.addWidget(widget)
            self.column.addWidget(self._problems[name])
        for widget in (
            section(tr("Classes")),
            self.scheme,
            self._problems["scheme"],
            self._note,
            self._problems["layer"],
            self._form,
        ):
            self.column.addWidget(widget)
        self.column.addStretch()

    def values(self) -> dict[str, Any]:
        """Return the tab's parameters as plain values."""
        own = {
            "samples": self._shown_path(),
            "class_field": str(self.field.currentField()),
            "scheme": self.scheme.text(),
        }
        layer = self.layer()
        if layer is not None and file_of(layer)[1]:
            own["layer"] = file_of(layer)[1]
        return {**{name: value for name, value in own.items() if value or name == "samples"}, **self._form.values()}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show the tab's part of these parameters."""
        self.source.set_path(str(values.get("samples", "")))
        if values.get("class_field"):
            self.field.setField(str(values["class_field"]))
        self.scheme.set_text(str(values.get("scheme", "")))
        self._form.set_values(values)

    def take(self, layer: QgsVectorLayer, class_field: str, group_field: str) -> None:
        """Choose a layer of the project, its class field, and the field of what no fold splits."""
        self.source.combo.setLayer(layer)
        self.field.setField(class_field)
        self._form.set_values({**self._form.values(), "group_field": group_field})

    def names(self) -> tuple[str, ...]:
        """Return the parameters that the tab edits."""
        return (*_OWN, *self._form.names())

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show the problems beside their fields."""
        for name, label in self._problems.items():
            said = [f"{problem.what} {problem.fix}".strip() for problem in problems if problem.parameter == name]
            if name == "samples" and said:
                said = [tr("Choose a layer or a file.")]
            label.setText("\n".join(said))
            label.setVisible(bool(said))
        self._form.show_problems(problems)

    def layer(self) -> QgsVectorLayer | None:
        """Return the samples as a layer: the project's, or that of the file chosen."""
        chosen = self.source.layer()
        return chosen if chosen is not None else self._file_layer

    def ready_for(self, run_folder: Path) -> dict[str, Any]:
        """Return the parameters for a run; what the worker could not see for itself is written to the run's folder.

        Args:
            run_folder: Where a layer without a file, or with edits or a filter, is copied to.

        Raises:
            LegendError: Something in the class scheme is wrong.
            OutputError: The copy cannot be written.
        """
        error = self.scheme.error()
        if error is not None:
            raise error
        values = self.values()
        layer = self.source.layer()
        if layer is not None and needs_export(layer):
            copy = run_folder / "labels.gpkg"
            export(layer, copy)
            values.update(samples=str(copy), layer="samples")
        return values

    def _shown_path(self) -> str:
        """Return the samples' file, or the layer's name where a copy will be made of it."""
        layer = self.source.layer()
        return str(layer.name()) if layer is not None and needs_export(layer) else self.source.path()

    def _source_changed(self) -> None:
        self._file_layer = None
        path = self.source.path()
        if self.source.layer() is None and path and not path.endswith(".npz"):
            opened = QgsVectorLayer(path, Path(path).stem, "ogr")
            self._file_layer = opened if opened.isValid() else None
        layer = self.layer()
        self.field.setLayer(layer)
        self.field.setEnabled(layer is not None)
        if layer is not None:
            self.field.setField(likely_field([str(field.name()) for field in layer.fields()]))
        self._field_changed()

    def _field_changed(self, *_details: object) -> None:
        layer, field = self.layer(), str(self.field.currentField())
        counts, whole = count_classes(layer, field) if layer is not None and field else (Counter[str](), True)
        # A layer's own colours alone make no scheme where labels may have been missed: it would refuse them.
        self.scheme.show_labels(counts, styled_colours(layer, field) if layer is not None and whole else {})
        self._counts, self._whole = counts, whole
        self._problems["samples"].hide()
        self._scheme_changed()

    def _scheme_changed(self) -> None:
        self._note.setText(self._remark())
        self._note.setVisible(bool(self._note.text()))
        self.changed.emit()

    def _remark(self) -> str:
        if self.layer() is None:
            return ""
        counts = self._counts
        if not counts:
            return tr("Choose the field that holds the class; CropMap looks for it itself where you choose none.")
        total = sum(counts.values())
        text = tr("{n} samples with {k} labels.").format(n=total if self._whole else f"> {total}", k=len(counts))
        few = [name for name, count in self.scheme.numbers().items() if count < _FEW]
        if few:
            text += " " + tr("Fewer than ten samples: {names}.").format(names=", ".join(sorted(few)[:6]))
        if len(counts) > _MANY:
            text += " " + tr("So many classes: is it the right field?")
        return text


def likely_field(names: Sequence[str]) -> str:
    """Return the field that most likely holds the class; empty where none looks like it."""
    for word in _LIKELY:
        found = [name for name in names if word in name.lower()]
        if found:
            return min(found, key=len)
    return ""


def count_classes(layer: QgsVectorLayer, field: str) -> tuple[Counter[str], bool]:
    """Return how many samples each class has, and whether all samples were looked at."""
    request = QgsFeatureRequest()
    request.setFlags(QgsFeatureRequest.Flag.NoGeometry)
    request.setSubsetOfAttributes([field], layer.fields())
    request.setLimit(_COUNTED)
    counts: Counter[str] = Counter()
    for feature in layer.getFeatures(request):
        value = feature[field]
        text = class_text(value)
        if text:
            counts[text] += 1
    return counts, sum(counts.values()) < _COUNTED


def class_text(value: Any) -> str:
    """Return a field's value as the library reads it: 1.0 as "1", a missing one as ""."""
    if value is None or str(value) == "NULL":
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return unicodedata.normalize("NFC", str(value)).strip()


def styled_colours(layer: QgsVectorLayer, field: str) -> dict[str, str]:
    """Return the colours that the layer's own style gives its classes; empty where it does not style by this field."""
    renderer = layer.renderer()
    in_project = QgsProject.instance().mapLayer(layer.id()) is not None
    if not in_project or not isinstance(renderer, QgsCategorizedSymbolRenderer) or renderer.classAttribute() != field:
        return {}
    return {class_text(category.value()): str(category.symbol().color().name()) for category in renderer.categories()}
