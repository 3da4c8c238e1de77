"""The editor of class schemes: which labels, or codes of maps, become which classes."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.gui import QgsColorButton
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cropmap.contract.colours import class_colours
from cropmap.contract.errors import LegendError
from cropmap.contract.scheme_presets import PRESETS
from cropmap.contract.schemes import LAST_CODE, LEFT_OUT, SchemeClass, SchemeText, folded, read_scheme, write_scheme

from ..house import tr
from .look import grouped, guard_wheel, paragraph, problem_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_COLOUR, _NAME, _SOURCES, _NUMBER = range(4)
# What the item with the name keeps: the class's code, and the name before it was edited.
_CODE, _BEFORE = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
_FILES = "*.txt (*.txt);;* (*)"
_NAMED = 6  # labels in a sentence
_ROWS = 9  # seen without scrolling


class SchemeTable(QWidget):
    """A table of classes: colour, name, what each is made of, how many; below it where all else goes.

    Args:
        counted: Title of the column of numbers.
        others: Title of the choice for what no class names.
        empty: What is said while there is no class.
    """

    changed = pyqtSignal()

    def __init__(self, counted: str, others: str, empty: str) -> None:
        super().__init__()
        self._labels: Mapping[str, int] = {}
        self._meanings: Mapping[int, str] = {}
        self._numbers: Mapping[str, int] = {}
        self._shown: dict[str, int] = {}
        self._automatic = ""
        self._empty = empty
        self._filling = False
        self._error: LegendError | None = None
        self.table = _table(counted)
        self.left_out = QLineEdit()
        self.left_out.setPlaceholderText(tr("nothing"))
        self.left_out.setToolTip(tr("Labels or codes that become no class, separated by commas"))
        self.rest = QComboBox()
        self.rest.setMinimumContentsLength(8)
        self.rest.setToolTip(tr("What becomes of labels that nothing above names"))
        guard_wheel(self.rest)
        self._wrong = problem_label()
        self._note = paragraph("")
        self._place(others)
        self.table.itemChanged.connect(self._cell_edited)
        self.table.itemSelectionChanged.connect(self._selected)
        self.left_out.editingFinished.connect(self._edited)
        self.rest.currentIndexChanged.connect(self._edited)
        self._show(SchemeText(()))

    def _place(self, others: str) -> None:
        self.add = _button("+", tr("Add a class"), self.add_class)
        self.remove = _button(
            "\N{MINUS SIGN}", tr("Remove the selected classes: what they are made of is left out"), self.drop
        )
        self.merge = _button(
            tr("Merge"), tr("Make one class of the selected ones; a class that gets another's name joins it"), self.join
        )
        self.more = QToolButton()
        self.more.setText(tr("Scheme"))
        self.more.setToolTip(tr("Schemes that are ready to use, and files"))
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(self._menu())
        self._below = QWidget()
        buttons, below = QHBoxLayout(), QGridLayout(self._below)
        below.setContentsMargins(0, 0, 0, 0)
        for button in (self.add, self.remove, self.merge):
            buttons.addWidget(button)
        buttons.addStretch()
        buttons.addWidget(self.more)
        below.setColumnStretch(1, 1)
        for row, (title, widget) in enumerate(((tr("Left out"), self.left_out), (others, self.rest))):
            label = QLabel(title)
            label.setBuddy(widget)
            below.addWidget(label, row, 0)
            below.addWidget(widget, row, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        column.addLayout(buttons)
        column.addWidget(self._below)
        column.addWidget(self._wrong)
        column.addWidget(self._note)

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        menu.addAction(tr("Each label a class")).triggered.connect(lambda _on=False: self.reset())
        menu.addSeparator()
        for name in PRESETS:
            action = menu.addAction(name)
            action.setToolTip(", ".join(found.name for found in read_scheme(name).classes))
            action.triggered.connect(lambda _on=False, name=name: self._choose(name))
        menu.addSeparator()
        menu.addAction(tr("Load…")).triggered.connect(lambda _on=False: self._load())
        menu.addAction(tr("Save…")).triggered.connect(lambda _on=False: self._save())
        return menu

    # ------------------------------------------------------------ what it says

    def text(self) -> str:
        """Return the scheme: a preset's name, or its text; empty where each label is a class of its own.

        While something in it is wrong, the text is returned as it was typed.
        """
        written = self._written()
        try:
            plain = write_scheme(read_scheme(written)) if written else ""
        except LegendError:
            return written
        if plain == self._automatic:
            return ""
        return next((name for name, preset in _presets().items() if preset == plain), plain)

    def set_text(self, text: str) -> None:
        """Show a scheme: a preset's name, or its text; where empty, each label as a class."""
        if not text.strip():
            self.reset()
            return
        try:
            self._show(read_scheme(text))
        except LegendError as error:
            self._say(error)

    def error(self) -> LegendError | None:
        """Return what is wrong with the scheme."""
        return self._error

    def names(self) -> list[str]:
        """Return the classes' names, in their order."""
        return [str(self.table.item(row, _NAME).text()) for row in range(self.table.rowCount())]

    def numbers(self) -> dict[str, int]:
        """Return how many samples or pixels each class has, as far as is known, by its name."""
        return self._shown

    def show_labels(self, labels: Mapping[str, int], colours: Mapping[str, str]) -> None:
        """Show each label as a class of its own; none where there are more than classes can be.

        Args:
            labels: How many samples bear each.
            colours: Colours known already, e.g. from the layer's style; the others are made.
        """
        names = sorted(labels) if len(labels) <= LAST_CODE + 1 else []
        self._labels = labels if names else {}
        automatic = class_colours(names)
        self._automatic = write_scheme(_own_classes(names, automatic)) if names else ""
        chosen = [colours.get(name, own) for name, own in zip(names, automatic)]
        self._show(_own_classes(names, chosen))

    def show_numbers(self, numbers: Mapping[str, int]) -> None:
        """Show how many pixels each class has, by its name."""
        self._numbers = numbers
        self._check()

    def show_meanings(self, meanings: Mapping[int, str]) -> None:
        """Tell in tooltips what the codes of the maps are called."""
        self._meanings = meanings
        self._check()

    # ------------------------------------------------------------ editing

    def reset(self) -> None:
        """Show each label as a class of its own."""
        self.show_labels(self._labels, {})
        self.changed.emit()

    def add_class(self) -> None:
        """Add a class that is made of nothing yet, and edit its name."""
        names = self.names()
        title = tr("New class")
        name = next(n for n in (title, *(f"{title} {k}" for k in range(2, 999))) if n not in names)
        self._filling = True
        self._append(SchemeClass(self._free_code(), name, class_colours([*names, name])[-1], ()))
        self._filling = False
        self._fit()
        self._edited()
        self.table.editItem(self.table.item(self.table.rowCount() - 1, _NAME))

    def drop(self) -> None:
        """Remove the selected classes, and leave out what they are made of."""
        rows = self._rows()
        left_out = [self.left_out.text(), *(self._typed(row) for row in rows)]
        self._filling = True
        self.left_out.setText(_joined(left_out))
        for row in reversed(rows):
            self.table.removeRow(row)
        self._filling = False
        self._fit()
        self._edited()

    def join(self) -> None:
        """Make one class of the selected ones: the first takes what the others are made of."""
        first, *others = self._rows()
        self._merge(first, others)
        self._edited()

    def read(self, path: Path) -> None:
        """Show the scheme that a file holds."""
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            self._say(LegendError(tr("{file} cannot be read: {why}").format(file=path.name, why=error)))
            return
        try:
            read_scheme(text)  # what names no class would be shown as each label a class
        except LegendError as error:
            self._say(error)
        else:
            self._choose(text)

    def write(self, path: Path) -> None:
        """Write the scheme into a file that `read` and the command line take."""
        try:
            path.write_text(write_scheme(read_scheme(self._written())), encoding="utf-8")
        except LegendError as error:
            self._say(error)
        except OSError as error:
            self._say(LegendError(tr("{file} cannot be written: {why}").format(file=path.name, why=error.strerror)))

    def _choose(self, text: str) -> None:
        self.set_text(text)
        self.changed.emit()

    def _load(self) -> None:
        path, _kind = QFileDialog.getOpenFileName(self, tr("Load a scheme"), "", _FILES)
        if path:
            self.read(Path(path))

    def _save(self) -> None:
        path, _kind = QFileDialog.getSaveFileName(self, tr("Save the scheme"), "scheme.txt", _FILES)
        if path:
            self.write(Path(path))

    # ------------------------------------------------------------ rows

    def _show(self, scheme: SchemeText) -> None:
        self._filling = True
        self.table.setRowCount(0)
        for found in scheme.classes:
            self._append(found)
        self.left_out.setText(_sources_text(scheme.left_out))
        self.left_out.setCursorPosition(0)
        self._offer_rest(scheme.rest)
        self._filling = False
        self._fit()
        self._check()

    def _append(self, found: SchemeClass) -> None:
        row = self.table.rowCount()
        self.table.insertRow(row)
        button = QgsColorButton()
        button.setColor(QColor(found.colour))
        button.setShowMenu(False)
        button.setColorDialogTitle(found.name)
        button.colorChanged.connect(self._edited)
        self.table.setCellWidget(row, _COLOUR, button)
        name = QTableWidgetItem(found.name)
        name.setData(_CODE, found.code)
        name.setData(_BEFORE, found.name)
        self.table.setItem(row, _NAME, name)
        self.table.setItem(row, _SOURCES, QTableWidgetItem(_sources_text(found.sources)))
        number = QTableWidgetItem()
        number.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        number.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.table.setItem(row, _NUMBER, number)

    def _cell_edited(self, item: QTableWidgetItem) -> None:
        if self._filling or item.column() == _NUMBER:
            return
        if item.column() == _NAME:
            self._renamed(item.row())
        self._edited()

    def _renamed(self, row: int) -> None:
        """Take a class's new name: that of another joins the two, that of what is left out leaves it out."""
        item = self.table.item(row, _NAME)
        before, name = str(item.data(_BEFORE)), str(item.text()).strip()
        self._filling = True
        item.setText(name or before)
        item.setData(_BEFORE, name or before)
        self._filling = False
        if self.rest.currentData() == before and name:
            self._offer_rest(name)
        same = [other for other, known in enumerate(self.names()) if other != row and folded(known) == folded(name)]
        if same:
            self._merge(same[0], [row])

    def _merge(self, first: int, others: Sequence[int]) -> None:
        name, gone = self.names()[first], {self.names()[row] for row in others}
        rest = str(self.rest.currentData())
        self._filling = True
        self.table.item(first, _SOURCES).setText(_joined(self._typed(row) for row in (first, *others)))
        for row in sorted(others, reverse=True):
            self.table.removeRow(row)
        self._offer_rest(name if rest in gone else rest)
        self._filling = False
        self._fit()

    def _edited(self, *_details: object) -> None:
        if self._filling:
            return
        self._offer_rest(str(self.rest.currentData() or ""))
        self._check()
        self.changed.emit()

    def _offer_rest(self, chosen: str) -> None:
        self.rest.blockSignals(True)
        self.rest.clear()
        for title, data in ((tr("are refused"), ""), (tr("are left out"), LEFT_OUT)):
            self.rest.addItem(title, data)
        for name in self.names():
            self.rest.addItem(name, name)
        self.rest.setCurrentIndex(max(self.rest.findData(chosen), 0))
        self.rest.blockSignals(False)

    def _rows(self) -> list[int]:
        return sorted({index.row() for index in self.table.selectionModel().selectedRows()})

    def _selected(self) -> None:
        count = len(self._rows())
        self.remove.setEnabled(count > 0)
        self.merge.setEnabled(count > 1)

    def _fit(self) -> None:
        rows = min(max(self.table.rowCount(), 1), _ROWS)
        frame = self.table.horizontalHeader().sizeHint().height() + 2 * self.table.frameWidth() + 2
        self.table.setFixedHeight(rows * self.table.verticalHeader().defaultSectionSize() + frame)
        for widget in (self.table, self._below):
            widget.setVisible(self.table.rowCount() > 0)
        self._selected()

    def _free_code(self) -> int:
        taken = {self.table.item(row, _NAME).data(_CODE) for row in range(self.table.rowCount())}
        return next(code for code in range(LAST_CODE + 2) if code not in taken)

    def _typed(self, row: int) -> str:
        return str(self.table.item(row, _SOURCES).text()).strip()

    # ------------------------------------------------------------ reading what was typed

    def _written(self) -> str:
        """Return the scheme as it was typed, an entry a line; empty where there is no class."""
        if not self.table.rowCount():
            return ""
        lines = [f"{self._head(row)} {self._typed(row)}" for row in range(self.table.rowCount())]
        if self.left_out.text().strip():
            lines.append(f"{LEFT_OUT} = {self.left_out.text().strip()}")
        rest = SchemeText((), rest=str(self.rest.currentData() or ""))
        return "\n".join([*lines, write_scheme(rest).strip()]).strip() + "\n"

    def _head(self, row: int) -> str:
        item = self.table.item(row, _NAME)
        colour = str(self.table.cellWidget(row, _COLOUR).color().name())
        return write_scheme(SchemeText((SchemeClass(int(item.data(_CODE)), str(item.text()), colour, ()),))).strip()

    def _check(self) -> None:
        """Read what was typed, and show its numbers, or what is wrong with it."""
        written = self._written()
        try:
            scheme = read_scheme(written) if written else SchemeText(())
            _refuse_nonsense(scheme)
        except LegendError as error:
            self._say(error)
            return
        self._error = None
        self._wrong.hide()
        own, unnamed = _share_out(scheme, self._labels)
        known = own if self._labels else self._numbers
        self._shown = {found.name: known[found.name] for found in scheme.classes if found.name in known}
        self._filling = True
        for row, found in enumerate(scheme.classes):
            number = self._shown.get(found.name)
            self.table.item(row, _NUMBER).setText("" if number is None else grouped(number))
            self.table.item(row, _SOURCES).setToolTip(_tip(found.sources, self._meanings))
            self.table.item(row, _NAME).setToolTip(tr("Code {code} in maps").format(code=found.code))
        self._filling = False
        self._note.setText(self._remark(scheme, unnamed))
        self._note.setVisible(bool(self._note.text()))

    def _remark(self, scheme: SchemeText, unnamed: Mapping[str, int]) -> str:
        if not scheme.classes:
            return self._empty
        if not unnamed:
            return ""
        listed = ", ".join(sorted(unnamed)[:_NAMED]) + (", …" if len(unnamed) > _NAMED else "")
        return tr("Named by no class: {labels}. Other words for the same crop are understood when it runs.").format(
            labels=listed
        )

    def _say(self, error: LegendError) -> None:
        self._error = error
        self._wrong.setText("\n".join(part for part in (error.what, error.where, error.fix) if part))
        self._wrong.show()


# ---------------------------------------------------------------- the text form


@lru_cache(maxsize=1)
def _presets() -> dict[str, str]:
    return {name: write_scheme(read_scheme(name)) for name in PRESETS}


def _own_classes(names: Sequence[str], colours: Sequence[str]) -> SchemeText:
    """Return the scheme under which each label is a class."""
    return SchemeText(
        tuple(SchemeClass(code, name, colour, (name,)) for code, (name, colour) in enumerate(zip(names, colours)))
    )


def _sources_text(sources: Sequence[int | str]) -> str:
    """Return sources as they stand behind the sign."""
    return write_scheme(SchemeText((SchemeClass(0, "x", "#000000", tuple(sources)),))).partition("=")[2].strip()


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(text.strip().strip(",") for text in texts if text.strip())


def _refuse_nonsense(scheme: SchemeText) -> None:
    """Refuse sources that stand twice, classes made of nothing, and one called like what is left out.

    Raises:
        LegendError: There is one.
    """
    every = Counter(source for found in scheme.classes for source in found.sources) + Counter(scheme.left_out)
    twice = [str(source) for source, count in every.items() if count > 1]
    if twice:
        raise LegendError(
            tr("{sources}: named more than once.").format(sources=", ".join(twice[:_NAMED])),
            fix=tr("Leave each label in one place."),
        )
    if any(folded(found.name) == LEFT_OUT for found in scheme.classes):
        raise LegendError(tr("No class may be called “left out”."), fix=tr("Remove the class instead."))
    blank = [found.name for found in scheme.classes if not found.sources and found.name != scheme.rest]
    if blank:
        raise LegendError(
            tr("{classes}: made of nothing yet.").format(classes=", ".join(blank[:_NAMED])),
            fix=tr("Write labels or codes beside it, or let all others go to it."),
        )


def _share_out(scheme: SchemeText, labels: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many samples each class gets, and the labels that nothing names with theirs.

    Only labels that are spelled like a source or a class are found; the library also knows other words for a crop.
    """
    home = {folded(found.name): found.name for found in scheme.classes}
    home.update({folded(str(source)): found.name for found in scheme.classes for source in found.sources})
    home.update({folded(str(source)): LEFT_OUT for source in scheme.left_out})
    own: Counter[str] = Counter({found.name: 0 for found in scheme.classes})
    unnamed = {label: count for label, count in labels.items() if folded(label) not in home}
    for label, count in labels.items():
        own[home.get(folded(label), scheme.rest)] += count
    return dict(own), {} if scheme.rest else unnamed


def _tip(sources: Sequence[int | str], meanings: Mapping[int, str]) -> str:
    words = [f"{each} {meanings.get(each, '')}".strip() if isinstance(each, int) else each for each in sources]
    return "<p>" + ", ".join(word.replace("<", "&lt;") for word in words) + "</p>" if words else ""


# ---------------------------------------------------------------- widgets


def _table(counted: str) -> QTableWidget:
    table = QTableWidget(0, 4)
    table.setHorizontalHeaderLabels(["", tr("Class"), tr("Made of"), counted])
    table.verticalHeader().hide()
    triggers = QAbstractItemView.EditTrigger
    table.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed | triggers.AnyKeyPressed)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setMinimumSectionSize(30)
    modes = QHeaderView.ResizeMode
    for column, mode in enumerate((modes.Fixed, modes.Stretch, modes.Stretch, modes.ResizeToContents)):
        header.setSectionResizeMode(column, mode)
    table.setColumnWidth(_COLOUR, 40)
    return table


def _button(text: str, tip: str, action: Any) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.clicked.connect(lambda _on=False: action())
    return button
