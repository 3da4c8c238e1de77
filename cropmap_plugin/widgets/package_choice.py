"""Chooses a model package: one of the runs so far, one added to the list of models, or a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cropmap.contract.errors import PackageError

from ..house import tr
from ..settings import added_packages
from ..worker.packages import SUFFIX, packages_in, read_summary
from .file_choice import FileChoice
from .package_table import title_of_model

if TYPE_CHECKING:
    from pathlib import Path

    from ..worker.packages import Package


class PackageChoice(FileChoice):
    """A list of the models trained so far, with a button for a file instead.

    Args:
        none: What the first item says, which chooses no model.
    """

    def __init__(self, none: str) -> None:
        super().__init__(tr("Choose a model package"), f"CropMap (*{SUFFIX})")
        self._packages: dict[str, Package | None] = {}
        self.combo.addItem(none, "")

    def show_folder(self, folder: Path) -> None:
        """List the packages in a folder of runs, newest first, and those added; what is chosen stays so."""
        before = self.value()
        found = [package for path in packages_in(folder, added_packages()) if (package := _read(path)) is not None]
        found.sort(key=lambda package: package.modified, reverse=True)
        self.combo.blockSignals(True)
        while self.combo.count() > 1:
            self.combo.removeItem(1)
        self._packages = {}
        for package in found:
            self._add(package.path, package)
        self.set_value(before)
        self.combo.blockSignals(False)

    def package(self) -> Package | None:
        """Return what the chosen package tells; None where none is chosen, or it cannot be read."""
        return self._packages.get(self.value())

    def add_file(self, path: Path) -> None:
        """Add a package to the list."""
        self._add(path, _read(path))

    def _add(self, path: Path, package: Package | None) -> None:
        self.add(path.stem if package is None else f"{package.name} · {title_of_model(package)}", path)
        self._packages[str(path)] = package


def _read(path: Path) -> Package | None:
    try:
        return read_summary(path)
    except PackageError:  # whoever starts a job with it is told why
        return None
