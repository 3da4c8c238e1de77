"""The window that makes, chooses, checks and removes the worker environment."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication
from qgis.gui import QgsCollapsibleGroupBox, QgsFileWidget
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QCloseEvent, QFontDatabase
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..house import tr
from ..settings import choose_python, choose_torch_index, chosen_python, managed_environment, torch_index, worker_python
from ..widgets.look import paragraph
from ..widgets.notice import Notice
from .environment import VARIABLE, Health, base_pythons, first_existing, interpreter_in, is_current
from .installer import Checker, Installer, remove


class EnvironmentDialog(QDialog):
    """Says whether jobs can run, and does what is needed so that they can."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("CropMap: worker environment"))
        self.setMinimumSize(640, 660)
        self._managed = managed_environment()
        self.installer = Installer(self)
        self.checker = Checker(self)
        self.state = Notice(closable=False)
        self._make_parts()
        self._place()
        self._connect()
        self.check()

    # ------------------------------------------------------------ building

    def _make_parts(self) -> None:
        self.where = paragraph("")
        self.where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.again = QPushButton(tr("Check again"))
        self.make = QPushButton()
        self.remove = QPushButton(tr("Remove it"))
        self.cancel = QPushButton(tr("Cancel"))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(12)
        self.step = QLabel()
        self.index = QLineEdit(torch_index())
        self.index.setPlaceholderText(tr("the usual one"))
        self.path = QgsFileWidget()
        self.path.setStorageMode(QgsFileWidget.StorageMode.GetFile)
        self.path.setDialogTitle(tr("Python interpreter"))
        self.path.setFilePath(chosen_python())
        self.use = QPushButton(tr("Use it"))
        self.forget = QPushButton(tr("Forget it"))
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.log.setMinimumHeight(120)
        self.log.setPlaceholderText(tr("What the installation says appears here."))

    def _place(self) -> None:
        column = QVBoxLayout(self)
        column.addWidget(
            paragraph(
                tr(
                    "CropMap computes in a Python environment of its own, outside QGIS: nothing is ever installed into "
                    "QGIS's or the system's Python, and a crash cannot take QGIS with it."
                )
            )
        )
        column.addWidget(self.state)
        column.addLayout(_row(self.where, self.again))
        column.addWidget(self._make_box())
        column.addWidget(self._own_box())
        column.addWidget(self.log, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def _make_box(self) -> QGroupBox:
        box = QGroupBox(tr("Let CropMap make one"))
        text = tr(
            "A virtual environment in {folder}. It downloads several hundred megabytes and takes about 2 GB of disk."
        )
        advanced = QgsCollapsibleGroupBox(tr("Advanced"))
        advanced.setSaveCollapsedState(False)
        inside = QVBoxLayout(advanced)
        inside.addWidget(QLabel(tr("Package index for PyTorch alone, for example one of builds for your GPU:")))
        inside.addWidget(self.index)
        advanced.setCollapsed(True)
        column = QVBoxLayout(box)
        column.addWidget(paragraph(text.format(folder=self._managed)))
        column.addLayout(_row(self.make, self.remove, None))
        column.addWidget(self.step)
        column.addLayout(_row(self.bar, self.cancel))
        column.addWidget(advanced)
        for widget in (self.step, self.bar, self.cancel):
            widget.hide()
        return box

    def _own_box(self) -> QGroupBox:
        box = QGroupBox(tr("Or use a Python that you have"))
        column = QVBoxLayout(box)
        column.addWidget(paragraph(tr("Its interpreter, or the folder of a virtual or conda environment.")))
        column.addLayout(_row(self.path, self.use, self.forget))
        return box

    def _connect(self) -> None:
        self.again.clicked.connect(self.check)
        self.make.clicked.connect(self._install)
        self.remove.clicked.connect(self._remove)
        self.cancel.clicked.connect(self.installer.cancel)
        self.use.clicked.connect(self._use)
        self.forget.clicked.connect(self._forget)
        self.installer.line.connect(self.log.appendPlainText)
        self.installer.at.connect(self._at)
        self.installer.over.connect(self._installed)
        self.checker.over.connect(self._checked)

    # ------------------------------------------------------------ the state

    def check(self) -> None:
        """Ask the worker's Python whether it can run jobs, and show the answer."""
        self._refresh()
        found = worker_python()
        if found is None:
            self.state.say(
                "warning", tr("There is no worker environment yet."), tr("Make one below, or choose a Python.")
            )
            self.where.setText("")
            return
        reason = {
            "variable": tr("set by the variable {name}").format(name=VARIABLE),
            "setting": tr("chosen by you"),
            "managed": tr("made by CropMap"),
        }[found.origin]
        self.where.setText(f"{found.path}\n({reason})")
        self.state.say("warning", tr("Checking…"))
        self.again.setEnabled(False)
        self.checker.start(found.path)

    def _checked(self, health: Health) -> None:
        self.again.setEnabled(True)
        if not health.good:
            self.state.say("error", tr("Jobs cannot run in this environment."), "\n".join(health.problems))
            return
        names = {"cropmap": "CropMap", "python": "Python", "torch": "PyTorch", "gdal": "GDAL", "gpu": tr("GPU")}
        said = [f"{title} {health.versions[name]}" for name, title in names.items() if name in health.versions]
        self.state.say("good", tr("Ready: jobs can run."), " · ".join(said))

    def _refresh(self) -> None:
        there, current = self._managed.exists(), is_current(self._managed)
        again = tr("Bring it up to date") if not current else tr("Make it again")
        self.make.setText(again if there else tr("Make the environment"))
        self.make.setDefault(worker_python() is None)
        self.remove.setEnabled(there and not self.installer.busy)
        self.make.setEnabled(not self.installer.busy)
        self.forget.setEnabled(bool(chosen_python()))

    # ------------------------------------------------------------ what the buttons do

    def _install(self) -> None:
        base = first_existing(base_pythons(executable=QgsApplication.applicationFilePath()))
        if base is None:
            self.state.say("error", tr("No Python was found to make it with."), tr("Choose a Python below."))
            return
        choose_torch_index(self.index.text().strip())
        self.log.clear()
        self.installer.start(base, self._managed, torch_index())
        self._show_installing(True)

    def _at(self, done: int, total: int, title: str) -> None:
        self.bar.setRange(0, 0 if done == 0 else total)
        self.bar.setValue(done)
        self.step.setText(tr("Step {n} of {total}: {title}…").format(n=done + 1, total=total, title=title))

    def _installed(self, good: bool, message: str) -> None:  # noqa: FBT001 - a signal's arguments
        self._show_installing(False)
        if good:
            self.check()
        else:
            self.state.say("error", message)

    def _show_installing(self, shown: bool) -> None:  # noqa: FBT001 - the one thing that is set
        for widget in (self.step, self.bar, self.cancel):
            widget.setVisible(shown)
        self._refresh()

    def _remove(self) -> None:
        question = tr("Delete the environment in {folder}?").format(folder=self._managed)
        if QMessageBox.question(self, self.windowTitle(), question) != QMessageBox.StandardButton.Yes:
            return
        try:
            remove(self._managed)
        except OSError as error:
            self.state.say("error", tr("It cannot be deleted."), str(error))
            return
        self.check()

    def _use(self) -> None:
        path = interpreter_in(Path(str(self.path.filePath()).strip()).expanduser())
        if not path.is_file():
            self.state.say("error", tr("There is no Python interpreter at {path}.").format(path=path))
            return
        self.path.setFilePath(str(path))
        choose_python(str(path))
        self.check()

    def _forget(self) -> None:
        choose_python("")
        self.path.setFilePath("")
        self.check()

    def done(self, result: int) -> None:
        """Stop what runs and close."""
        self.installer.kill()
        self.checker.kill()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Stop what runs and close."""
        self.installer.kill()
        self.checker.kill()
        super().closeEvent(event)


def _row(*widgets: QWidget | None) -> QHBoxLayout:
    row = QHBoxLayout()
    for position, widget in enumerate(widgets):
        if widget is None:
            row.addStretch()
        else:
            row.addWidget(widget, 1 if position == 0 and None not in widgets else 0)
    return row
