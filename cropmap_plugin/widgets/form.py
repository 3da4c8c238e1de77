"""Forms made from the schema of parameters: nothing about a parameter is written twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from cropmap.contract.errors import Problem
from cropmap.contract.params import chosen

from ..house import catalogue, tr
from .editors import Editor, make_editor
from .look import RED, guard_wheel, paragraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class SchemaForm(QWidget):
    """Editors of the parameters in a schema, advanced ones in a group that starts closed.

    Args:
        schema: The schema of the parameters.
        only: The parameters to show, in this order; all where None.
        fold: Title of a closed group for all parameters that are not required; shown openly where empty.
    """

    changed = pyqtSignal()

    def __init__(self, schema: Mapping[str, Any], only: Sequence[str] | None = None, *, fold: str = "") -> None:
        super().__init__()
        properties = schema["properties"]
        names = list(properties) if only is None else [name for name in only if name in properties]
        self._properties = {name: properties[name] for name in names}
        self._required = set(schema["required"])
        self._fields: dict[str, Field] = {}
        self._group_of: dict[str, QgsCollapsibleGroupBox] = {}
        advanced = [name for name in names if properties[name].get("x-advanced")]
        folded_away = [n for n in names if fold and n not in self._required and n not in advanced]
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._rows(name for name in names if name not in {*advanced, *folded_away}))
        for title, grouped in ((fold, folded_away), (tr("More settings") if fold else tr("Advanced"), advanced)):
            if grouped:
                column.addWidget(self._group(title, grouped))

    def _group(self, title: str, names: Sequence[str]) -> QgsCollapsibleGroupBox:
        group = folded(title)
        group.setLayout(self._rows(names))
        self._group_of.update(dict.fromkeys(names, group))
        group.setCollapsed(True)
        return group

    def _rows(self, names: Iterable[str]) -> QGridLayout:
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        grid.setVerticalSpacing(6)
        for name in names:
            field = Field(self._properties[name], required=name in self._required)
            field.changed.connect(self.changed)
            self._fields[name] = field
            field.place(grid)
        return grid

    def values(self) -> dict[str, Any]:
        """Return what differs from the defaults, and what is required."""
        found = {name: field.value() for name, field in self._fields.items()}
        return {
            name: value
            for name, value in found.items()
            if name in self._required or value != self._properties[name].get("default")
        }

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show these values, and the default of every other parameter."""
        for name, field in self._fields.items():
            prop = self._properties[name]
            if name in values:
                field.set_value(values[name])
            elif "default" in prop:
                field.set_value(prop["default"])

    def names(self) -> tuple[str, ...]:
        """Return the parameters shown."""
        return tuple(self._fields)

    def editor(self, name: str) -> QWidget:
        """Return the widget that edits a parameter."""
        return self._fields[name].widget

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show each problem beside its field, and take away those shown before."""
        for name, field in self._fields.items():
            field.show_problems([found for found in problems if found.parameter.partition(".")[0] == name])
            if name in self._group_of and field.has_problem():
                self._group_of[name].setCollapsed(False)

    def has_problem(self) -> bool:
        """Return whether a problem is shown in one of the fields."""
        return any(field.has_problem() for field in self._fields.values())


class Field(QWidget):
    """One parameter: its title, its editor, and the place where its problem is shown."""

    changed = pyqtSignal()

    def __init__(self, prop: Mapping[str, Any], *, required: bool) -> None:
        super().__init__()
        self._prop = prop
        self._wrong = False
        self._entry = EntryEditor(prop) if prop["x-kind"] == "entry" else None
        self._editor = self._entry.as_editor() if self._entry else make_editor(prop)
        self._title = QLabel(tr(prop["title"]) + (" *" if required else ""))
        self._problem = paragraph("", secondary=False)
        self._problem.setStyleSheet(f"color: {RED}")
        self._problem.hide()
        tip = f"<p>{tr(prop['description'])}</p>"
        self._title.setToolTip(tip)
        self._editor.widget.setToolTip(tip)
        if "default" in prop:
            self._editor.set_value(prop["default"])
        self._editor.changed.connect(self._edited)

    @property
    def widget(self) -> QWidget:
        """The editor's widget."""
        return self._editor.widget

    def place(self, grid: QGridLayout) -> None:
        """Add the field to the end of a form."""
        row = grid.rowCount()
        wide = self._entry is not None or self._prop["x-kind"] in _WIDE
        alone = self._entry is not None and self._entry.combo.count() == 1
        if not self._editor.labelled and not alone:
            grid.addWidget(self._title, row, 0, 1, 2 if wide else 1)
        place = (row + 1, 0, 1, 2) if wide else (row, 0, 1, 2) if self._editor.labelled else (row, 1, 1, 1)
        grid.addWidget(self._editor.widget, *place)
        grid.addWidget(self._problem, row + 2, 0, 1, 2)

    def value(self) -> Any:
        """Return the value as plain JSON."""
        return self._editor.value()

    def set_value(self, value: Any) -> None:
        """Show a value."""
        self._editor.set_value(value)

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show what is wrong with the value; nothing takes the words away."""
        if self._entry:
            nested = [Problem(p.parameter.partition(".")[2], p.what, p.fix) for p in problems if "." in p.parameter]
            self._entry.show_problems(nested)
            problems = [problem for problem in problems if "." not in problem.parameter]
        said = [f"{tr(self._prop['title'])} {problem.what} {problem.fix}".strip() for problem in problems]
        self._problem.setText("\n".join(said))
        self._problem.setVisible(bool(problems))
        self._wrong = bool(problems) or bool(self._entry and self._entry.has_problem())

    def has_problem(self) -> bool:
        """Return whether a problem is shown here or in the fields nested in it."""
        return self._wrong

    def _edited(self, *_details: object) -> None:
        self._problem.hide()
        self._wrong = False
        self.changed.emit()


_WIDE = {"folder", "file", "raster", "vector", "package", "output_folder", "output_file"}


class EntryEditor(QWidget):
    """A choice among a registry's entries, a sentence about the one chosen, and its own parameters."""

    changed = pyqtSignal()

    def __init__(self, prop: Mapping[str, Any]) -> None:
        super().__init__()
        self._registry = prop["x-registry"]
        self._form: SchemaForm | None = None
        entries = catalogue().entries(self._registry)
        self.combo = QComboBox()
        self.combo.setMinimumContentsLength(12)
        guard_wheel(self.combo)
        for entry in entries:
            self.combo.addItem(tr(entry.title), entry.name)
        self.combo.setVisible(len(entries) > 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._summary = paragraph("")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self.combo)
        self._column.addWidget(self._summary)
        self.combo.currentIndexChanged.connect(self._chosen)
        self._chosen()

    def as_editor(self) -> Editor:
        """Return this as an editor of one parameter."""
        return Editor(self, self.value, self.set_value, self.changed)

    def value(self) -> Any:
        """Return the entry's name, with its own values where they differ from the defaults."""
        own = self._form.values() if self._form else {}
        name = str(self.combo.currentData())
        return {"name": name, **own} if own else name

    def set_value(self, value: Any) -> None:
        """Choose an entry and show its values."""
        name, own = chosen(value)
        self.combo.setCurrentIndex(max(self.combo.findData(name), 0))
        if self._form:
            self._form.set_values(own)

    def form(self) -> SchemaForm | None:
        """Return the form of the chosen entry's own parameters."""
        return self._form

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show the problems of the chosen entry's own parameters."""
        if self._form:
            self._form.show_problems(problems)

    def has_problem(self) -> bool:
        """Return whether a problem is shown in the chosen entry's own parameters."""
        return self._form is not None and self._form.has_problem()

    def _chosen(self, *_details: object) -> None:
        entry = catalogue().entry(self._registry, str(self.combo.currentData()))
        if self._form is not None:
            self._column.removeWidget(self._form)
            self._form.hide()
            self._form.deleteLater()
            self._form = None
        alone = f"<b>{tr(entry.title)}</b>. " if self.combo.count() == 1 else ""
        self._summary.setText(alone + tr(entry.summary))
        self._summary.setToolTip(entry.citation)
        if entry.schema["properties"]:
            self._form = SchemaForm(entry.schema, fold=tr("Settings"))
            self._form.changed.connect(self.changed)
            self._column.addWidget(self._form)
        self.changed.emit()


def folded(title: str) -> QgsCollapsibleGroupBox:
    """Return a group that opens at a click, closed at first."""
    group = QgsCollapsibleGroupBox(title)
    group.setSaveCollapsedState(False)
    group.setScrollOnExpand(False)
    group.setCollapsed(True)
    return group
