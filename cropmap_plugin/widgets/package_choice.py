"""Chooses a model package: one of the runs so far, one added to the list of models, or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QToolButton, QWidget

from cropmap.contract.errors import PackageError

from ..house import tr
from ..settings import added_packages
from ..worker.packages import SUFFIX, packages_in, read_summary
from .look import guard_wheel
from .package_table import title_of_model

if TYPE_CHECKING:
    from ..worker.packages import Package


class PackageChoice(QWidget):
    """A list of the models trained so far, with a button for a file instead.

    Args:
        none: What the first item says, which chooses no model.
    """

    changed = pyqtSignal()

    def __init__(self, none: str) -> None:
        super().__init__()
        self._packages: dict[str, Package | None] = {}
        self.combo = QComboBox()
        self.combo.addItem(none, "")
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(12)
        guard_wheel(self.combo)
        self.browse = QToolButton()
        self.browse.setText("…")
        self.browse.setToolTip(tr("Choose a file"))
        self.browse.clicked.connect(lambda _on=False: self._browse())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.combo, 1)
        row.addWidget(self.browse)
        self.combo.currentIndexChanged.connect(lambda _index: self.changed.emit())

    def show_folder(self, folder: Path) -> None:
        """List the packages in a folder of runs, newest first, and those added; what is chosen stays so."""
        before = self.path()
        found = [package for path in packages_in(folder, added_packages()) if (package := _read(path)) is not None]
        found.sort(key=lambda package: package.modified, reverse=True)
        self.combo.blockSignals(True)
        while self.combo.count() > 1:
            self.combo.removeItem(1)
        self._packages = {}
        for package in found:
            self._add(package.path, package)
        self.set_path(before)
        self.combo.blockSignals(False)

    def path(self) -> str:
        """Return the package's file; empty where none is chosen."""
        return str(self.combo.currentData() or "")

    def package(self) -> Package | None:
        """Return what the chosen package tells; None where none is chosen, or it cannot be read."""
        return self._packages.get(self.path())

    def set_path(self, path: str) -> None:
        """Choose a package; a file that is not listed is added to the list."""
        if path and self.combo.findData(path) < 0:
            self._add(Path(path), _read(Path(path)))
        self.combo.setCurrentIndex(max(self.combo.findData(path), 0))

    def _add(self, path: Path, package: Package | None) -> None:
        title = path.stem if package is None else f"{package.name} · {title_of_model(package)}"
        self.combo.addItem(title, str(path))
        self.combo.setItemData(self.combo.count() - 1, str(path), Qt.ItemDataRole.ToolTipRole)
        self._packages[str(path)] = package

    def _browse(self) -> None:
        start = str(Path(self.path()).parent) if self.path() else str(Path.home())
        path, _kind = QFileDialog.getOpenFileName(self, tr("Choose a model package"), start, f"CropMap (*{SUFFIX})")
        if path:
            self.set_path(path)


def _read(path: Path) -> Package | None:
    try:
        return read_summary(path)
    except PackageError:  # whoever starts a job with it is told why
        return None
