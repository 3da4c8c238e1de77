"""The runs made so far: load them again, read their report, start from their settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..house import catalogue, tr
from ..layers.results import open_file
from ..widgets.look import heading, paragraph
from ..worker.history import PastRun, past_runs

if TYPE_CHECKING:
    from pathlib import Path


class HistoryPage(QWidget):
    """Lists the runs in the results folder."""

    load_asked = pyqtSignal(object)
    reuse_asked = pyqtSignal(object)
    resume_asked = pyqtSignal(object)
    report_asked = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self._runs: list[PastRun] = []
        self._place = paragraph("")
        self.tree = QTreeWidget()
        self.tree.setRootIsDecorated(False)
        self.tree.setHeaderLabels([tr("When"), tr("What"), tr("State")])
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.tree.itemSelectionChanged.connect(self._selected)
        self.tree.itemDoubleClicked.connect(lambda _item, _column: self._load())
        self.load = QPushButton(tr("Load the layers"))
        self.report = QPushButton(tr("Open the report"))
        self.folder = QPushButton(tr("Open the folder"))
        self.reuse = QPushButton(tr("Use these settings again"))
        self.resume = QPushButton(tr("Go on with it"))
        self.resume.setToolTip(tr("Run it again in its folder: what it had finished is not done twice."))
        self.load.clicked.connect(self._load)
        self.resume.clicked.connect(self._resume)
        self.report.clicked.connect(self._open_report)
        self.folder.clicked.connect(self._open_folder)
        self.reuse.clicked.connect(self._reuse)
        column = QVBoxLayout(self)
        column.addWidget(heading(tr("History")))
        column.addWidget(self._place)
        column.addWidget(self.tree, 1)
        for button in (self.load, self.report, self.folder, self.reuse, self.resume):
            column.addWidget(button)
        self._selected()

    def show_folder(self, folder: Path) -> None:
        """List the runs in a folder."""
        self._runs = past_runs(folder)
        self._place.setText(tr("Runs in {folder}").format(folder=folder))
        self.tree.clear()
        for run in self._runs:
            state = tr("finished") if run.finished else tr("not finished")
            item = QTreeWidgetItem([f"{run.started:%Y-%m-%d %H:%M}", title_of(run.kind), state])
            item.setToolTip(0, str(run.folder))
            if not run.finished:
                item.setDisabled(False)
                item.setForeground(2, self.palette().mid())
            self.tree.addTopLevelItem(item)
        if self._runs:
            self.tree.setCurrentItem(self.tree.topLevelItem(0))
        self._selected()

    def selected(self) -> PastRun | None:
        """Return the run selected."""
        row = self.tree.indexOfTopLevelItem(self.tree.currentItem()) if self.tree.currentItem() else -1
        return self._runs[row] if 0 <= row < len(self._runs) else None

    def _selected(self) -> None:
        run = self.selected()
        outputs = run.result.get("outputs", {}) if run else {}
        self.load.setEnabled(bool({"class_map", "samples", "confidence", "outside", "quality"} & set(outputs)))
        self.report.setEnabled("report" in outputs)
        self.folder.setEnabled(run is not None)
        self.reuse.setEnabled(run is not None and run.kind in {"classify", "map", "shift", "transfer"})
        self.resume.setEnabled(run is not None and not run.finished)

    def _load(self) -> None:
        run = self.selected()
        if run is not None and self.load.isEnabled():
            self.load_asked.emit(run)

    def _open_report(self) -> None:
        run = self.selected()
        if run is not None:
            self.report_asked.emit(str(run.result["outputs"]["report"]))

    def _open_folder(self) -> None:
        run = self.selected()
        if run is not None:
            open_file(str(run.folder))

    def _reuse(self) -> None:
        run = self.selected()
        if run is not None:
            self.reuse_asked.emit(run)

    def _resume(self) -> None:
        run = self.selected()
        if run is not None:
            self.resume_asked.emit(run)


def title_of(kind: str) -> str:
    """Return what a job kind is called."""
    jobs = catalogue().registries["jobs"]
    return tr(jobs[kind].title) if kind in jobs else kind
