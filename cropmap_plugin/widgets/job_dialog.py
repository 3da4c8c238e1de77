"""Asks for what a job needs beyond the panel's pages, and for the models that it is about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from cropmap.contract.params import chosen

from ..house import catalogue, choices, icon, tr
from .form import SchemaForm, field_of
from .look import heading, paragraph, problem_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cropmap.contract.errors import Problem

_MODELS = "models"


class JobDialog(QDialog):
    """A form over some of a job's parameters; models are ticked in a list.

    Args:
        kind: The job's kind.
        names: The parameters that it asks for.
        model: The model that the panel shows, with its settings: as that one stands there it is compared.
        parent: The widget it belongs to.
        note: A further sentence below what the job is for.
    """

    asked = pyqtSignal(str, dict)  # the job's kind and these parameters

    def __init__(
        self, kind: str, names: Sequence[str], model: Any, parent: QWidget | None = None, *, note: str = ""
    ) -> None:
        super().__init__(parent)
        self._kind = kind
        entry = catalogue().entry("jobs", kind)
        self.setWindowTitle(f"CropMap: {tr(entry.title)}")
        self.setWindowIcon(icon())
        properties = entry.schema["properties"]
        ticked = [name for name in names if _are_models(properties[name])]
        self.models = {name: ModelTicks(properties[name].get("default", ()), model) for name in ticked}
        self.form = SchemaForm(entry.schema, [name for name in names if name not in ticked])
        self._wrong = problem_label()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.start = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.start.setText(tr("Start"))
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))  # Qt's own has few languages
        buttons.accepted.connect(self._start)
        buttons.rejected.connect(self.reject)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.addWidget(heading(tr(entry.title)))
        column.addWidget(paragraph(tr(entry.summary)))
        if note:
            column.addWidget(paragraph(note, secondary=False))
        for ticks in self.models.values():
            column.addWidget(ticks)
        column.addWidget(self._wrong)
        column.addWidget(self.form)
        column.addStretch()
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        whole = QVBoxLayout(self)
        whole.addWidget(area, 1)
        whole.addWidget(buttons)
        self.resize(460, min(inner.sizeHint().height() + 70, 640))

    def values(self) -> dict[str, Any]:
        """Return the parameters as plain values."""
        return {**{name: ticks.value() for name, ticks in self.models.items()}, **self.form.values()}

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show what is wrong."""
        self.form.show_problems(problems)
        own = [self._said(found) for found in problems if field_of(found) in self.models]
        self._wrong.setText("\n".join(own))
        self._wrong.setVisible(bool(own))

    def _said(self, problem: Problem) -> str:
        """Return a problem of the models ticked in words: "models[1].weights" is told with that model's name."""
        what = f"{problem.what} {problem.fix}".strip()
        place = re.fullmatch(r"(\w+)\[(\d+)\]\.(\w+).*", problem.parameter)
        if place is None:
            return what
        entry = catalogue().entry(_MODELS, self.models[place[1]].value()[int(place[2])]["name"])
        title = tr(entry.schema["properties"].get(place[3], {}).get("title", place[3]))
        advice = tr("Choose this model in the Model step, and give it what it needs there.")
        return f"{tr(entry.title)}: {title} {what} {advice}"

    def _start(self) -> None:
        few = any(len(ticks.value()) < 2 for ticks in self.models.values())
        if few:
            self._wrong.setText(tr("Tick at least two models."))
            self._wrong.show()
            return
        names = {*self.models, *self.form.names()}
        problems = catalogue().problems("jobs", self._kind, self.values())
        own = [problem for problem in problems if field_of(problem) in names]
        self.show_problems(own)
        if not own:
            self.accept()
            self.asked.emit(self._kind, self.values())


class ModelTicks(QListWidget):
    """All models, to be ticked.

    Args:
        default: The entries ticked at first.
        model: The model that the panel shows; ticked too, and taken with its settings.
    """

    def __init__(self, default: Sequence[Any], model: Any) -> None:
        super().__init__()
        self._own = dict([chosen(model)])
        ticked = {chosen(entry)[0] for entry in default} | set(self._own)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        for entry in choices(_MODELS):
            item = QListWidgetItem(tr(entry.title))
            item.setData(Qt.ItemDataRole.UserRole, entry.name)
            item.setToolTip(f"<p>{tr(entry.summary)}</p>")
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if entry.name in ticked else Qt.CheckState.Unchecked)
            self.addItem(item)
        rows = min(max(self.count(), 3), 15)
        self.setFixedHeight(rows * max(self.sizeHintForRow(0), 18) + 2 * self.frameWidth() + 2)

    def value(self) -> list[dict[str, Any]]:
        """Return the models ticked; the panel's one with its settings."""
        items = (self.item(row) for row in range(self.count()))
        names = [item.data(Qt.ItemDataRole.UserRole) for item in items if item.checkState() == Qt.CheckState.Checked]
        return [{"name": name, **self._own.get(name, {})} for name in names]

    def tick(self, names: Sequence[str]) -> None:
        """Tick these models and no others."""
        for row in range(self.count()):
            item = self.item(row)
            on = item.data(Qt.ItemDataRole.UserRole) in names
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)


def _are_models(prop: Mapping[str, Any]) -> bool:
    return bool(prop["x-kind"] == "entries" and prop["x-registry"] == _MODELS)
