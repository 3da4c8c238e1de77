"""Forms made from the schema of parameters: nothing about a parameter is written twice."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cropmap.contract.errors import Problem
from cropmap.contract.params import INPUT_PATH_LISTS, INPUT_PATHS, OUTPUT_PATHS, chosen

from ..house import catalogue, choices, tr
from .described import DescribedCombo
from .editors import Editor, make_editor
from .look import RED, paragraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cropmap.contract.catalogue import CatalogueEntry


_TABBED = (Qt.FocusPolicy.TabFocus, Qt.FocusPolicy.StrongFocus, Qt.FocusPolicy.WheelFocus)


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
        group.collapsedStateChanged.connect(lambda _closed: self._hide_empty(names))
        group.setCollapsed(True)
        return group

    def _hide_empty(self, names: Sequence[str]) -> None:
        """Hide the places of problems that there are not: a group that opens shows everything in it."""
        for name in names:
            self._fields[name].hide_empty()

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
            if name in self._required or not _is_default(self._properties[name], value)
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
            field.show_problems([found for found in problems if field_of(found) == name])
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
        self._nested = _nested_editor(prop)
        self._editor = self._nested.as_editor() if self._nested else make_editor(prop)
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
        wide = self._nested is not None or self._prop["x-kind"] in _WIDE
        alone = isinstance(self._nested, EntryEditor) and self._nested.combo.count() == 1
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
        if self._nested:
            inner = [p for p in problems if p.parameter != field_of(p)]
            cut = [Problem(p.parameter[len(field_of(p)) :].lstrip("."), p.what, p.fix) for p in inner]
            self._nested.show_problems(cut)
            problems = [problem for problem in problems if problem not in inner]
        said = [f"{tr(self._prop['title'])} {problem.what} {problem.fix}".strip() for problem in problems]
        self._problem.setText("\n".join(said))
        self._problem.setVisible(bool(problems))
        self._wrong = bool(problems) or bool(self._nested and self._nested.has_problem())

    def hide_empty(self) -> None:
        """Hide the place of a problem where there is none."""
        self._problem.setVisible(self._wrong and bool(self._problem.text()))

    def has_problem(self) -> bool:
        """Return whether a problem is shown here or in the fields nested in it."""
        return self._wrong

    def _edited(self, *_details: object) -> None:
        self._problem.hide()
        self._wrong = False
        self.changed.emit()


def field_of(problem: Problem) -> str:
    """Return the parameter that a problem is shown at: "steps" for "steps[1].window"."""
    return re.split(r"[.\[]", problem.parameter, maxsplit=1)[0]


def _is_default(prop: Mapping[str, Any], value: Any) -> bool:
    """Return whether a value is its parameter's default; an entry without values of its own may be a name alone."""
    default = prop.get("default")
    if prop["x-kind"] == "entries" and default is not None:
        return [chosen(entry) for entry in value] == [chosen(entry) for entry in default]
    return bool(value == default)


def _nested_editor(prop: Mapping[str, Any]) -> EntryEditor | EntriesEditor | None:
    if prop["x-kind"] == "entry":
        return EntryEditor(prop)
    return EntriesEditor(prop) if prop["x-kind"] == "entries" else None


_WIDE = {*INPUT_PATHS, *INPUT_PATH_LISTS, *OUTPUT_PATHS, "scheme"}


class EntryEditor(QWidget):
    """A choice among a registry's entries, a sentence about the one chosen, and its own parameters."""

    changed = pyqtSignal()

    def __init__(self, prop: Mapping[str, Any]) -> None:
        super().__init__()
        self._registry = prop["x-registry"]
        self._form: SchemaForm | None = None
        entries = choices(self._registry)
        listed = [(tr(entry.title), tr(entry.summary), entry.name) for entry in entries]
        if not prop.get("default", "-"):
            listed.insert(0, (tr("automatic"), tr(prop["description"]), ""))
        self.combo = DescribedCombo()
        self.combo.fill(listed)
        self.combo.setVisible(len(listed) > 1)
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
        """Choose an entry and show its values; none where it is empty and may be."""
        name, own = chosen(value or "")
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
        if self._form is not None:
            self._column.removeWidget(self._form)
            self._form.hide()
            self._form.deleteLater()
            self._form = None
        name = str(self.combo.currentData())
        if name:
            self._show_entry(catalogue().entry(self._registry, name))
        self._summary.setVisible(bool(name))
        self.changed.emit()

    def _show_entry(self, entry: CatalogueEntry) -> None:
        """Show the sentence of the chosen entry and the form of its parameters."""
        alone = f"<b>{tr(entry.title)}</b>. " if self.combo.count() == 1 else ""
        self._summary.setText(alone + tr(entry.summary))
        self._summary.setToolTip(entry.citation)
        if entry.schema["properties"]:
            self._form = SchemaForm(entry.schema, fold=tr("Settings"))
            self._form.changed.connect(self.changed)
            self._column.addWidget(self._form)
            _tab_after(self.combo, self._form)


def _tab_after(before: QWidget, form: QWidget) -> None:
    """Let the Tab key go on from a widget into a form that was made later than what lies below both."""
    for widget in form.findChildren(QWidget):
        if widget.focusPolicy() in _TABBED:
            QWidget.setTabOrder(before, widget)
            before = widget


class EntriesEditor(QWidget):
    """A list of a registry's entries, in order: added, moved, taken away, and kept in a file."""

    changed = pyqtSignal()

    def __init__(self, prop: Mapping[str, Any]) -> None:
        super().__init__()
        self._prop = prop
        self._rows: list[_Row] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._wrong = paragraph("", secondary=False)
        self._wrong.setStyleSheet(f"color: {RED}")
        self._wrong.hide()
        buttons = QHBoxLayout()
        actions = ((tr("Add"), self.add), (tr("Load…"), self._load), (tr("Save…"), self._save))
        for text, action in actions:
            button = QPushButton(text)
            button.clicked.connect(lambda _checked=False, action=action: action())
            buttons.addWidget(button)
        buttons.addStretch()
        self._column.addWidget(self._wrong)
        self._column.addLayout(buttons)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)

    def as_editor(self) -> Editor:
        """Return this as an editor of one parameter."""
        return Editor(self, self.value, self.set_value, self.changed)

    def value(self) -> list[Any]:
        """Return the entries, each as a table with its name."""
        listed = [chosen(row.editor.value()) for row in self._rows]
        return [{"name": name, **own} for name, own in listed]

    def set_value(self, value: Any) -> None:
        """Show these entries instead of the present ones."""
        while self._rows:
            self._drop(self._rows[-1])
        for entry in value:
            self.add(entry)

    def add(self, entry: Any = None) -> None:
        """Add an entry at the end; the registry's first one where none is given."""
        row = _Row(self._prop)
        if entry is not None:
            row.editor.set_value(entry)
        row.moved.connect(lambda by, row=row: self._move(row, by))
        row.removed.connect(lambda row=row: self._remove(row))
        row.editor.changed.connect(self._edited)
        self._rows.append(row)
        self._column.insertWidget(len(self._rows) - 1, row)
        self._edited()

    def read(self, path: Path) -> None:
        """Show the entries that a file holds; what is wrong with it is said in words."""
        try:
            content = json.loads(path.read_text(encoding="utf-8-sig"))
            listed = content["steps"] if isinstance(content, dict) else content
            # The names are looked up before anything is shown: a file of something else changes nothing.
            known = {entry.name for entry in catalogue().entries(self._prop["x-registry"])}
            strange = [chosen(entry)[0] for entry in listed if chosen(entry)[0] not in known]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            self._say(tr("{file} holds no list of steps: {why}").format(file=path.name, why=error))
            return
        if strange:
            self._say(tr("{file} names unknown steps: {names}.").format(file=path.name, names=", ".join(strange)))
            return
        self.set_value(listed)

    def write(self, path: Path) -> None:
        """Write the entries into a file that `read` and the command line take."""
        try:
            path.write_text(json.dumps({"steps": self.value()}, indent=1, ensure_ascii=False), encoding="utf-8")
        except OSError as error:
            self._say(tr("{file} cannot be written: {why}").format(file=path.name, why=error.strerror))

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show the problems of each entry's own parameters: "[1].window" belongs to the second one."""
        for place, row in enumerate(self._rows):
            own = [p for p in problems if p.parameter.startswith(f"[{place}]")]
            row.editor.show_problems([Problem(p.parameter.partition("].")[2], p.what, p.fix) for p in own])

    def has_problem(self) -> bool:
        """Return whether a problem is shown in one of the entries."""
        return any(row.editor.has_problem() for row in self._rows)

    def _move(self, row: _Row, by: int) -> None:
        place = self._rows.index(row)
        target = place + by
        if 0 <= target < len(self._rows):
            self._rows.insert(target, self._rows.pop(place))
            self._column.removeWidget(row)
            self._column.insertWidget(target, row)
            self._edited()

    def _remove(self, row: _Row) -> None:
        self._drop(row)
        self._edited()

    def _drop(self, row: _Row) -> None:
        self._rows.remove(row)
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()

    def _edited(self, *_details: object) -> None:
        self._wrong.hide()
        for place, row in enumerate(self._rows):
            row.number.setText(f"<b>{place + 1}</b>")
            row.up.setEnabled(place > 0)
            row.down.setEnabled(place < len(self._rows) - 1)
        self.changed.emit()

    def _say(self, text: str) -> None:
        self._wrong.setText(text)
        self._wrong.show()

    def _load(self) -> None:
        path, _kind = QFileDialog.getOpenFileName(self, tr("Load steps"), "", _STEP_FILES)
        if path:
            self.read(Path(path))

    def _save(self) -> None:
        path, _kind = QFileDialog.getSaveFileName(self, tr("Save steps"), "steps.json", _STEP_FILES)
        if path:
            self.write(Path(path))


_STEP_FILES = "JSON (*.json)"


class _Row(QFrame):
    """One entry of a list, with what moves and removes it."""

    moved = pyqtSignal(int)
    removed = pyqtSignal()

    def __init__(self, prop: Mapping[str, Any]) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.number = QLabel()
        self.editor = EntryEditor(prop)
        self.up, self.down, self.remove = (QToolButton() for _ in range(3))
        for button, arrow, tip in (
            (self.up, Qt.ArrowType.UpArrow, tr("Earlier")),
            (self.down, Qt.ArrowType.DownArrow, tr("Later")),
        ):
            button.setArrowType(arrow)
            button.setToolTip(tip)
        self.remove.setText("✕")
        self.remove.setToolTip(tr("Remove"))
        self.up.clicked.connect(lambda: self.moved.emit(-1))
        self.down.clicked.connect(lambda: self.moved.emit(1))
        self.remove.clicked.connect(self.removed)
        head = QHBoxLayout()
        head.addWidget(self.number)
        head.addWidget(self.editor.combo, 1)
        for button in (self.up, self.down, self.remove):
            button.setAutoRaise(True)
            button.setFixedWidth(22)
            head.addWidget(button)
        head.setSpacing(2)
        # Its text wraps: the height it asks for is not the most that it needs.
        self.editor.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 4, 4)
        column.addLayout(head)
        column.addWidget(self.editor)


def folded(title: str) -> QgsCollapsibleGroupBox:
    """Return a group that opens at a click, closed at first."""
    group = QgsCollapsibleGroupBox(title)
    group.setSaveCollapsedState(False)
    group.setScrollOnExpand(False)
    group.setCollapsed(True)
    return group
