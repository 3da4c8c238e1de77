"""Model packages side by side: figures, settings, classes and bands, a column each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import QLocale, Qt
from qgis.PyQt.QtGui import QColor, QIcon, QPixmap
from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from ..house import catalogue, tr
from ..worker.packages import FIGURES
from .look import GREEN, grouped, quiet, tint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..worker.packages import Package

MOST = 8  # packages beside each other
_WIDEST = 260  # pixels of a column
_DOT = "●"


class PackageTable(QTableWidget):
    """Compares packages; the best of each figure is bold, and what one has and another lacks is seen at a glance."""

    def __init__(self) -> None:
        super().__init__()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setMaximumSectionSize(_WIDEST)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)

    def show_packages(self, packages: Sequence[Package]) -> None:
        """Show these, at most `MOST`."""
        shown = list(packages)[:MOST]
        self.clear()
        self.setRowCount(0)
        self.setColumnCount(len(shown))
        for column, package in enumerate(shown):
            head = QTableWidgetItem(package.name)
            head.setToolTip(str(package.path))
            self.setHorizontalHeaderItem(column, head)
        if not shown:
            return
        self._add_figures(shown)
        for title, texts in (
            (tr("Model"), [title_of_model(package) for package in shown]),
            (tr("Recipe"), [title_of_recipe(package) for package in shown]),
            (tr("Season"), [season_of(package) for package in shown]),
            (tr("Steps"), [str(package.steps) for package in shown]),
            (tr("Samples"), [grouped(package.total) for package in shown]),
            (tr("Written"), [when(package) for package in shown]),
        ):
            self._add(title, texts)
        self._add_classes(shown)
        self._add_heading(tr("Bands"))
        for band in dict.fromkeys(band for package in shown for band in package.bands):
            self._add(band, [_DOT if band in package.bands else "" for package in shown])
        self.resizeColumnsToContents()

    def _add_figures(self, shown: Sequence[Package]) -> None:
        """Add the cross-validated figures; the best of several is bold."""
        for name, title in zip(FIGURES, figure_titles()):
            values = [package.figures.get(name) for package in shown]
            best = max((value for value in values if value is not None), default=None)
            row = self._add(title, ["-" if value is None else f"{value:.3f}" for value in values])
            for column, value in enumerate(values):
                if len(shown) > 1 and value is not None and value == best:
                    item = self.item(row, column)
                    font = item.font()
                    font.setBold(True)
                    item.setFont(font)
                    item.setForeground(QColor(GREEN))

    def _add_classes(self, shown: Sequence[Package]) -> None:
        self._add_heading(tr("Classes"))
        for name in sorted({name for package in shown for name, _colour in package.classes}):
            row = self._add(name, [self._samples(package, name) for package in shown])
            for column, package in enumerate(shown):
                colour = dict(package.classes).get(name, "")
                if QColor(colour).isValid():
                    self.item(row, column).setForeground(self.palette().text())
                    self.item(row, column).setIcon(swatch(colour))

    @staticmethod
    def _samples(package: Package, name: str) -> str:
        if name not in dict(package.classes):
            return ""
        return grouped(package.samples[name]) if name in package.samples else _DOT

    def _add(self, title: str, texts: Sequence[str]) -> int:
        row = int(self.rowCount())
        self.insertRow(row)
        self.setVerticalHeaderItem(row, QTableWidgetItem(title))
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setToolTip(text)
            self.setItem(row, column, item)
        return row

    def _add_heading(self, title: str) -> None:
        row = self._add(title, [""] * int(self.columnCount()))
        for column in range(self.columnCount()):
            self.item(row, column).setBackground(QColor(tint(quiet(), 0.12)))
        head = self.verticalHeaderItem(row)
        font = head.font()
        font.setBold(True)
        head.setFont(font)


def swatch(colour: str) -> QIcon:
    """Return a patch of a colour."""
    pixels = QPixmap(12, 12)
    pixels.fill(QColor(colour))
    return QIcon(pixels)


def figure_titles() -> tuple[str, str, str]:
    """Return what `FIGURES` are called."""
    return tr("Overall accuracy"), tr("Macro F1"), tr("Kappa")


def title_of_model(package: Package) -> str:
    """Return what a package's model is called."""
    return _title("models", package.model)


def title_of_recipe(package: Package) -> str:
    """Return what a package's recipe is called."""
    return _title("recipes", package.recipe)


def season_of(package: Package) -> str:
    """Return the season of a package's series; empty where it tells none."""
    return tr("{first} to {last}").format(first=package.season[0], last=package.season[1]) if package.season[1:] else ""


def when(package: Package) -> str:
    """Return when a package was written."""
    return f"{package.modified:%Y-%m-%d %H:%M}"


def how_large(size: int) -> str:
    """Return a file's size in words."""
    return str(QLocale().formattedDataSize(size, 1, QLocale.DataSizeFormat.DataSizeTraditionalFormat))


def _title(registry: str, name: str) -> str:
    known = catalogue().registries[registry]
    return tr(known[name].title) if name in known else name
