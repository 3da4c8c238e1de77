"""Step 5: train and map, or map with a model package that exists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtWidgets import QLabel, QRadioButton

from cropmap.contract.errors import Problem

from ..house import catalogue, tr
from ..settings import runs_folder
from ..widgets.form import SchemaForm
from ..widgets.look import RED, paragraph
from .page import Page, names_by_page, parameters_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CLASSIFY, MAP = "classify", "map"


class MapPage(Page):
    """Chooses where results go and starts the job."""

    def __init__(self) -> None:
        super().__init__(tr("Crop map"), tr("Everything is computed outside QGIS: you can go on working meanwhile."))
        self.train = QRadioButton(tr("Train a model with my samples, then map"))
        self.package = QRadioButton(tr("Map with a model package that I have"))
        self.train.setChecked(True)
        images = names_by_page()["images"]
        schemas = catalogue().registries["jobs"]
        self._forms = {
            CLASSIFY: SchemaForm(schemas[CLASSIFY].schema, names_by_page()["map"]),
            MAP: SchemaForm(schemas[MAP].schema, [name for name in parameters_of(MAP) if name not in images]),
        }
        self.folder = QgsFileWidget()
        self.folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.folder.setDialogTitle(tr("Folder for results"))
        self.folder.setFilePath(str(runs_folder()))
        self.summary = paragraph("", secondary=False)
        self._problem = paragraph("", secondary=False)
        self._problem.setStyleSheet(f"color: {RED}")
        self._problem.hide()
        self._place()
        self.train.toggled.connect(self._mode_changed)
        self.folder.fileChanged.connect(lambda _path: self.changed.emit())
        for form in self._forms.values():
            form.changed.connect(self.changed)
        self._mode_changed()

    def _place(self) -> None:
        for widget in (self.train, self.package, *self._forms.values(), QLabel(tr("Folder for results") + " *")):
            self.column.addWidget(widget)
        self.column.addWidget(self.folder)
        self.column.addWidget(self._problem)
        self.column.addWidget(paragraph(tr("Every run gets a folder of its own in it: map, report, model, log.")))
        self.column.addWidget(self.summary)
        self.column.addStretch()

    @property
    def kind(self) -> str:
        """The job kind that the page starts."""
        return CLASSIFY if self.train.isChecked() else MAP

    def results_folder(self) -> Path | None:
        """Return the folder that run folders are made in; None where none is given."""
        text = str(self.folder.filePath()).strip()
        return Path(text).expanduser() if text else None

    def values(self) -> dict[str, Any]:
        """Return the page's parameters as plain values."""
        return self._forms[self.kind].values()

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show the page's part of these parameters."""
        self._forms[self.kind].set_values(values)

    def set_kind(self, kind: str) -> None:
        """Choose what the page starts."""
        (self.package if kind == MAP else self.train).setChecked(True)

    def use_package(self, path: str) -> None:
        """Choose to make maps with a model package."""
        self.set_kind(MAP)
        self.set_values({**self.values(), "package": path})
        self.changed.emit()

    def package_path(self) -> str:
        """Return the model package that maps are made with; empty where none is chosen."""
        return str(self._forms[MAP].values().get("package", ""))

    def names(self) -> tuple[str, ...]:
        """Return the parameters that the page edits."""
        return self._forms[self.kind].names()

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show the problems beside their fields."""
        self._forms[self.kind].show_problems(problems)
        missing = self.results_folder() is None
        self._problem.setText(tr("Choose a folder for the results."))
        self._problem.setVisible(missing)

    def own_problems(self) -> list[Problem]:
        """Return what is wrong beyond the job's parameters."""
        return [] if self.results_folder() else [Problem("out", tr("Choose a folder for the results."))]

    def _mode_changed(self, *_details: object) -> None:
        for kind, form in self._forms.items():
            form.setVisible(kind == self.kind)
        self.changed.emit()
