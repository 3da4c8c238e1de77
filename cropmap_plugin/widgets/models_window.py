"""The models that were trained: found, compared, renamed, copied, deleted, and taken to make maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.gui import QgsGui
from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QColor, QKeySequence
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QAction,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cropmap.contract.errors import CropMapError

from ..house import icon, tr
from ..settings import added_packages, keep_packages
from ..worker.packages import FIGURES, SUFFIX, Package, copied, deleted, packages_in, read_summary, renamed
from .look import RED, grouped, paragraph
from .notice import Notice
from .package_table import MOST, PackageTable, figure_titles, how_large, season_of, title_of_model, when

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME, _MODEL, _CLASSES, _WRITTEN = 0, 1, 3, 8  # columns
_FIGURE = 5  # the first of three columns
_NUMBERS = (3, 4, 5, 6, 7, 9)
_NAMED = 6  # files that a question names
_WIDEST = 300  # pixels of a column
_FILES = f"CropMap (*{SUFFIX})"


class ModelsWindow(QDialog):
    """Lists the model packages of the runs and those added by file."""

    use_asked = pyqtSignal(str)  # a package, to make maps with
    carry_asked = pyqtSignal(str)  # a package, to carry to another site
    join_asked = pyqtSignal(list)  # packages, to judge together
    report_asked = pyqtSignal(str)  # a report's file
    renamed = pyqtSignal(str, str)  # a package's file before and after

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("CropMapModels")
        self.setWindowTitle(tr("CropMap: models"))
        self.setWindowIcon(icon())
        self.setWindowFlags(
            Qt.WindowType.Window | Qt.WindowType.WindowMinMaxButtonsHint | Qt.WindowType.WindowCloseButtonHint
        )
        self._folder = Path()
        self._packages: dict[Path, Package] = {}
        self._filling = False
        self.notice = Notice()
        self.where = paragraph("")
        self.empty = paragraph(tr("There is no model yet: train one, or add a model package by its file."))
        self.tree = _tree()
        self.table = PackageTable()
        self.hint = paragraph("")
        self.use = QPushButton(tr("Make maps with it"))
        self.carry = QPushButton(tr("Carry to another site…"))
        self.join = QPushButton(tr("Join to an ensemble"))
        self.join.setToolTip(tr("Make one model that answers the mean of those selected, two or more."))
        self.report = QPushButton(tr("Open the report"))
        self.rename = QPushButton(tr("Rename"))
        self.export = QPushButton(tr("Save a copy…"))
        self.delete = QPushButton(tr("Delete…"))
        self.add = QPushButton(tr("Add a file…"))
        self._place()
        self._connect()
        self.resize(1140, 720)
        QgsGui.enableAutoGeometryRestore(self)

    def _place(self) -> None:
        buttons = QHBoxLayout()
        for button in (self.use, self.carry, self.join, self.report, self.rename, self.export, self.delete):
            buttons.addWidget(button)
        buttons.addStretch()
        buttons.addWidget(self.add)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)
        upper, lower = QWidget(), QWidget()
        above, below = QVBoxLayout(upper), QVBoxLayout(lower)
        for column in (above, below):
            column.setContentsMargins(0, 0, 0, 0)
        above.addWidget(self.tree, 1)
        above.addWidget(self.empty)
        above.addLayout(buttons)
        below.addWidget(self.hint)
        below.addWidget(self.table, 1)
        splitter = QSplitter(Qt.Orientation.Vertical)
        for part in (upper, lower):
            splitter.addWidget(part)
        splitter.setSizes([280, 440])
        splitter.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.addWidget(self.where)
        column.addWidget(self.notice)
        column.addWidget(splitter, 1)

    def _connect(self) -> None:
        self.tree.itemSelectionChanged.connect(self._show_selected)
        self.tree.itemChanged.connect(self._named)
        self.use.clicked.connect(lambda _on=False: self._use())
        self.carry.clicked.connect(lambda _on=False: self.carry_asked.emit(str(self.selected()[0].path)))
        self.join.clicked.connect(lambda _on=False: self.join_asked.emit([str(own.path) for own in self.selected()]))
        self.report.clicked.connect(lambda _on=False: self._open_report())
        self.rename.clicked.connect(lambda _on=False: self._edit_name())
        self.export.clicked.connect(lambda _on=False: self._export())
        self.delete.clicked.connect(lambda _on=False: self._ask_to_delete())
        self.add.clicked.connect(lambda _on=False: self._add())
        # Of the list alone: while a name is typed the key deletes a letter.
        for keys, action in ((QKeySequence.StandardKey.Delete, self._ask_to_delete), ("F2", self._edit_name)):
            key = QAction(self.tree)
            key.setShortcut(QKeySequence(keys))
            key.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            key.triggered.connect(lambda _on=False, act=action: act())
            self.tree.addAction(key)

    # ------------------------------------------------------------ the list

    def show_folder(self, folder: Path | None = None) -> None:
        """List the packages in a folder of runs, newest first, and those added.

        Args:
            folder: Of runs; the last one's where None. Packages that were selected stay so.
        """
        before = self._selected_paths()
        self._folder = folder or self._folder
        self.where.setText(tr("Models of the runs in {folder}, and those added by file").format(folder=self._folder))
        self._packages, self._filling = {}, True
        self.tree.clear()
        for path in packages_in(self._folder, added_packages()):
            try:
                self._packages[path] = read_summary(path)
                row = _row(self._packages[path])
            except CropMapError as error:
                row = _damaged(path, error)
            self.tree.addTopLevelItem(row)
        self._filling = False
        self.empty.setVisible(self.tree.topLevelItemCount() == 0)
        self.select(before)
        self._show_selected()

    def select(self, paths: Sequence[Path]) -> None:
        """Select these packages; the first of the list where it holds none of them."""
        rows = [self.tree.topLevelItem(row) for row in range(self.tree.topLevelItemCount())]
        chosen = [row for row in rows if Path(row.data(_NAME, _PATH)) in paths] or rows[:1]
        self.tree.clearSelection()
        for row in chosen:
            row.setSelected(True)
        if chosen:
            self.tree.scrollToItem(chosen[0])

    def paths(self) -> list[Path]:
        """Return the packages listed that can be read."""
        return list(self._packages)

    def selected(self) -> list[Package]:
        """Return the packages selected that can be read, in the order of the list."""
        return [self._packages[path] for path in self._selected_paths() if path in self._packages]

    def _show_selected(self) -> None:
        chosen, paths = self.selected(), self._selected_paths()
        one = len(chosen) == 1 and len(paths) == 1
        self.use.setEnabled(one)
        self.carry.setEnabled(one)
        self.join.setEnabled(len(chosen) > 1 and len(chosen) == len(paths))
        self.report.setEnabled(one and chosen[0].report is not None)
        self.rename.setEnabled(len(paths) == 1)
        self.export.setEnabled(one)
        self.delete.setEnabled(bool(paths))
        self.table.show_packages(chosen)
        self.table.setVisible(bool(chosen))
        self.hint.setText(
            tr("The first {n} of those selected.").format(n=MOST)
            if len(chosen) > MOST
            else tr("Cross-validated figures. Select several models, with Ctrl or Shift, to compare them.")
        )
        self.hint.setVisible(bool(self._packages))

    def _selected_paths(self) -> list[Path]:
        rows = (self.tree.topLevelItem(row) for row in range(self.tree.topLevelItemCount()))
        return [Path(row.data(_NAME, _PATH)) for row in rows if row.isSelected()]

    # ------------------------------------------------------------ what is done with them

    def _use(self) -> None:
        self.use_asked.emit(str(self.selected()[0].path))

    def _open_report(self) -> None:
        report = self.selected()[0].report
        if report is not None:
            self.report_asked.emit(str(report))

    def _edit_name(self) -> None:
        chosen = self.tree.selectedItems()
        if len(chosen) == 1:
            self.tree.setCurrentItem(chosen[0], _NAME)
            self.tree.editItem(chosen[0], _NAME)

    def _named(self, item: QTreeWidgetItem, column: int) -> None:
        """Give a file the name that was typed; the list is read anew in any case."""
        if self._filling or column != _NAME:
            return
        path = Path(item.data(_NAME, _PATH))
        try:
            target = renamed(path, str(item.text(_NAME)))
        except CropMapError as error:
            self.notice.say_error(error)
            target = path
        if target != path:
            self.notice.hide()
            keep_packages(target if found == path else found for found in added_packages())
            item.setData(_NAME, _PATH, str(target))
            self.renamed.emit(str(path), str(target))
        # Once the list's editor is closed.
        QTimer.singleShot(0, self.show_folder)

    def _export(self) -> None:
        package = self.selected()[0]
        start = str(Path.home() / f"{package.name}{SUFFIX}")
        path, _kind = QFileDialog.getSaveFileName(self, tr("Save a copy of the model"), start, _FILES)
        if path:
            self.export_to(package, Path(path))

    def export_to(self, package: Package, target: Path) -> None:
        """Copy a package to a file, and say so."""
        try:
            written = copied(package.path, target)
        except CropMapError as error:
            self.notice.say_error(error)
        else:
            self.notice.say("good", tr("A copy is saved."), str(written))

    def _add(self) -> None:
        paths, _kind = QFileDialog.getOpenFileNames(self, tr("Add model packages"), str(Path.home()), _FILES)
        self.add_files([Path(path) for path in paths])

    def add_files(self, paths: Sequence[Path]) -> None:
        """Add packages to the list; what is none is said and left out."""
        self.notice.hide()
        good = [path for path in paths if self._is_package(path)]
        keep_packages([*added_packages(), *good])
        self.show_folder()
        self.select(good)

    def _is_package(self, path: Path) -> bool:
        try:
            read_summary(path)
        except CropMapError as error:
            self.notice.say_error(error)
            return False
        return True

    def _ask_to_delete(self) -> None:
        paths = self._selected_paths()
        if not paths:
            return
        actions = [(tr("Delete the file") if len(paths) == 1 else tr("Delete the files"), lambda: self._delete(paths))]
        added = [path for path in paths if path in added_packages()]
        if added:
            actions.append((tr("Only take it off the list"), lambda: self._forget(added)))
        actions.append((tr("Keep it"), self.notice.hide))
        one, more = tr("Delete this model? It cannot be brought back."), tr("Delete these {n} models for good?")
        text = one if len(paths) == 1 else more.format(n=len(paths))
        named, left = [str(path) for path in paths[:_NAMED]], len(paths) - _NAMED
        rest = [tr("… and {n} more").format(n=left)] if left > 0 else []
        self.notice.say("warning", text, "\n".join([*named, *rest]), actions)

    def _delete(self, paths: Sequence[Path]) -> None:
        self.notice.hide()
        try:
            for path in paths:
                deleted(path)
        except CropMapError as error:
            self.notice.say_error(error)
        gone = [path for path in paths if not path.exists()]
        keep_packages(path for path in added_packages() if path not in gone)
        self.show_folder()

    def _forget(self, paths: Sequence[Path]) -> None:
        self.notice.hide()
        keep_packages(path for path in added_packages() if path not in paths)
        self.show_folder()


_PATH, _ORDER = int(Qt.ItemDataRole.UserRole), int(Qt.ItemDataRole.UserRole) + 1


class _Row(QTreeWidgetItem):
    """A package in the list; numbers and dates are sorted as such."""

    def __lt__(self, other: QTreeWidgetItem) -> bool:
        column = self.treeWidget().sortColumn()
        return bool(self.data(column, _ORDER) < other.data(column, _ORDER))


def _row(package: Package) -> _Row:
    figures = [package.figures.get(name, -1.0) for name in FIGURES]
    cells: list[tuple[str, Any]] = [
        (package.name, package.name.casefold()),
        (title_of_model(package), title_of_model(package)),
        (season_of(package), season_of(package)),
        (str(len(package.classes)), len(package.classes)),
        (grouped(package.total), package.total),
        *((f"{figure:.3f}" if figure >= 0 else "-", figure) for figure in figures),
        (when(package), package.modified.timestamp()),
        (how_large(package.size), package.size),
    ]
    row = _filled(package.path, cells)
    row.setToolTip(_NAME, str(package.path))
    row.setToolTip(_CLASSES, ", ".join(name for name, _colour in package.classes))
    return row


def _damaged(path: Path, error: CropMapError) -> _Row:
    empty: list[tuple[str, Any]] = [("", "")] * 2 + [("", -1.0)] * 7
    row = _filled(path, [(path.stem, path.stem.casefold()), *empty])
    row.setText(_MODEL, tr("cannot be read"))
    for column in (_NAME, _MODEL):
        row.setForeground(column, QColor(RED))
        row.setToolTip(column, f"{error.what}\n{error.where}")
    return row


def _filled(path: Path, cells: Sequence[tuple[str, Any]]) -> _Row:
    row = _Row([text for text, _order in cells])
    row.setFlags(row.flags() | Qt.ItemFlag.ItemIsEditable)
    row.setData(_NAME, _PATH, str(path))
    for column, (_text, order) in enumerate(cells):
        row.setData(column, _ORDER, order)
        if column in _NUMBERS:
            row.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return row


def _tree() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setRootIsDecorated(False)
    tree.setAlternatingRowColors(True)
    tree.setUniformRowHeights(True)
    tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    titles = [tr("Name"), tr("Model"), tr("Season"), tr("Classes"), tr("Samples")]
    tree.setHeaderLabels([*titles, tr("Accuracy"), *figure_titles()[1:], tr("Written"), tr("Size")])
    for column, title in enumerate(figure_titles(), _FIGURE):
        tree.headerItem().setToolTip(column, tr("{figure} in cross-validation").format(figure=title))
    for column in _NUMBERS:
        tree.headerItem().setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    tree.header().setMaximumSectionSize(_WIDEST)  # all of a long name stands in its tooltip
    tree.header().setStretchLastSection(False)
    tree.setSortingEnabled(True)
    tree.sortByColumn(_WRITTEN, Qt.SortOrder.DescendingOrder)
    return tree
