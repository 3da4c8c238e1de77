"""One doubtful label at a time: what it says, what it may be, its series, and what is decided."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import QEvent, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QFontMetrics, QIcon, QKeyEvent, QPalette, QPixmap
from qgis.PyQt.QtWidgets import (
    QApplication,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cropmap.contract.colours import line_colour

from ..house import icon, tr
from ..layers.sample_file import DROP, KEEP, telling_band
from .look import GREEN, guard_wheel, paragraph, quiet, tint
from .series_plot import Band, Line, SeriesPlot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..layers.sample_file import Profiles, SampleFile, Suspect

_NO_COLOUR = "#808080"
_AROUND_NAME = 26  # pixels of the screen
_KEYS = {
    Qt.Key.Key_K: "keep",
    Qt.Key.Key_S: "take",
    Qt.Key.Key_D: "drop",
    Qt.Key.Key_Z: "undo",
    Qt.Key.Key_Left: "back",
    Qt.Key.Key_Right: "next",
}


class Chip(QLabel):
    """A class's name on its colour; a name too long for the place ends in dots."""

    def __init__(self) -> None:
        super().__init__()
        self._name = ""
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.15)
        font.setBold(True)
        self.setFont(font)

    def show_class(self, name: str, colour: str) -> None:
        """Show a class; none where the name is empty."""
        self._name = name
        self.setToolTip(name)
        ground = QColor(colour or _NO_COLOUR)
        text = "#000000" if _light(ground) else "#ffffff"
        self.setStyleSheet(
            f"Chip {{ background: {ground.name()}; color: {text}; border-radius: 5px; padding: 5px 8px; }}"
            if name
            else f"Chip {{ color: {quiet()}; border: 1px dashed {quiet()}; border-radius: 5px; padding: 4px 8px; }}"
        )
        self._fit()

    def resizeEvent(self, _event: object) -> None:  # noqa: N802 - Qt's name
        """Cut the name anew."""
        self._fit()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size of one line, whatever the name."""
        return QSize(90, self.fontMetrics().height() + 12)

    def _fit(self) -> None:
        shown = self._name or tr("no suggestion")
        self.setText(self.fontMetrics().elidedText(shown, Qt.TextElideMode.ElideRight, max(self.width() - 18, 20)))


class SuspectCard(QFrame):
    """A doubtful label with what decides on it; keys do the same as the buttons."""

    decided = pyqtSignal(str)  # a verdict; empty takes one back
    moved = pyqtSignal(int)  # -1 back, 1 on
    undo_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._suspect: Suspect | None = None
        self._file: SampleFile | None = None
        self._profiles: Profiles | None = None
        self._series: Mapping[str, Sequence[float]] = {}
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.back, self.next, self.undo = _arrow(Qt.ArrowType.LeftArrow), _arrow(Qt.ArrowType.RightArrow), QToolButton()
        self.place, self.state = QLabel(), QLabel()
        self.label, self.suggested = Chip(), Chip()
        self.why = paragraph("", secondary=False)
        self.plot = SeriesPlot()
        self.band = QComboBox()
        self.caption = paragraph("")
        self.keep, self.take, self.drop = QPushButton(), QPushButton(), QPushButton()
        self.other = QPushButton(tr("Another class"))
        self.cursor = QToolButton()
        self.menu = QMenu(self)
        self._make()
        self._connect()

    def _make(self) -> None:
        self.setStyleSheet(f"SuspectCard {{ border: 1px solid {tint(quiet(), 0.5)}; border-radius: 6px; }}")
        self.back.setToolTip(tr("Back") + " (←)")
        self.next.setToolTip(tr("Next") + " (→)")
        self.undo.setText("↶")
        self.undo.setAutoRaise(True)
        self.undo.setToolTip(tr("Take the last verdict back") + " (Z)")
        self.place.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.place.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.state.setWordWrap(True)
        self.band.setToolTip(tr("The band that is drawn"))
        self.band.setMinimumContentsLength(6)
        guard_wheel(self.band)
        self.other.setMenu(self.menu)
        self.cursor.setIcon(icon("series"))
        self.cursor.setToolTip(tr("Draw the series of the pixel and of the sample under the mouse pointer"))
        self.drop.setText(tr("Drop") + " (D)")
        self.drop.setToolTip(tr("Leave the sample out of training") + " (D)")
        self._lay_out()

    def _lay_out(self) -> None:
        head, chips, under = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        head.addWidget(self.back)
        head.addWidget(self.place, 1)
        head.addWidget(self.undo)
        head.addWidget(self.next)
        chips.addWidget(self.label, 1)
        chips.addWidget(QLabel("→"))
        chips.addWidget(self.suggested, 1)
        under.addWidget(QLabel(tr("Band")))
        under.addWidget(self.band, 1)
        under.addWidget(self.cursor)
        buttons = QGridLayout()
        buttons.setSpacing(4)
        for position, button in enumerate((self.keep, self.take, self.drop, self.other)):
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            button.setAutoDefault(False)
            buttons.addWidget(button, position // 2, position % 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(6)
        # The buttons above all that grows and shrinks: they stay under the pointer from one suspect to the next.
        for part in (head, chips, buttons, self.state, self.why, self.plot, self.caption, under):
            if isinstance(part, QWidget):
                column.addWidget(part)
            else:
                column.addLayout(part)

    def _connect(self) -> None:
        self.back.clicked.connect(lambda: self.moved.emit(-1))
        self.next.clicked.connect(lambda: self.moved.emit(1))
        self.undo.clicked.connect(self.undo_asked)
        self.keep.clicked.connect(lambda: self.decided.emit(KEEP))
        self.take.clicked.connect(self._take)
        self.drop.clicked.connect(lambda: self.decided.emit(DROP))
        self.band.currentIndexChanged.connect(lambda _index: self._draw())

    def open_file(self, file: SampleFile) -> None:
        """Show suspects of this file from now on."""
        self._file, self._profiles = file, file.profiles()
        self.band.blockSignals(True)
        self.band.clear()
        self.band.addItem(tr("the one that tells most"), "")
        for band in file.bands:
            self.band.addItem(band, band)
        self.band.blockSignals(False)

    def show_suspect(self, suspect: Suspect, series: Mapping[str, Sequence[float]], place: str) -> None:
        """Show one.

        Args:
            suspect: What to show.
            series: Its series by band; empty where there is none to draw.
            place: Where it stands among the others, in words.
        """
        self._suspect, self._series = suspect, series
        colours = self._file.colours if self._file is not None else {}
        self.place.setText(f"<b>{escape(place)}</b> · {escape(suspect.ident)}")
        self.place.setToolTip(tr("Sample {id}").format(id=suspect.ident))
        self.label.show_class(suspect.label, colours.get(suspect.label, ""))
        self.suggested.show_class(suspect.suggested, colours.get(suspect.suggested, ""))
        self.why.setText(suspect.why[:1].upper() + suspect.why[1:])
        self._show_state(suspect)
        self._show_buttons(suspect, colours)
        self._draw()

    def _show_state(self, suspect: Suspect) -> None:
        words = {"": tr("Not decided yet."), KEEP: tr("Decided: keep."), DROP: tr("Decided: drop.")}
        text = words.get(suspect.verdict) or tr("Decided: it is {name}.").format(name=suspect.verdict)
        self.state.setText(("✔ " if suspect.verdict else "") + text)
        self.state.setStyleSheet(f"color: {GREEN}; font-weight: bold" if suspect.verdict else f"color: {quiet()}")

    def _show_buttons(self, suspect: Suspect, colours: Mapping[str, str]) -> None:
        self._name(self.keep, tr("Keep {name}"), suspect.label, "K")
        self.take.setEnabled(bool(suspect.suggested))
        if suspect.suggested:
            self._name(self.take, tr("Take {name}"), suspect.suggested, "S")
        else:
            self.take.setText(tr("No suggestion"))
        self.menu.clear()
        for name, colour in colours.items():
            if name not in suspect.pair:
                action = self.menu.addAction(_square(colour), name)
                action.triggered.connect(lambda _checked=False, name=name: self.decided.emit(name))
        self.menu.addSeparator()
        clear = self.menu.addAction(tr("Not decided"))
        clear.setEnabled(bool(suspect.verdict))
        clear.triggered.connect(lambda _checked=False: self.decided.emit(""))

    def _name(self, button: QPushButton, text: str, name: str, key: str) -> None:
        metrics = QFontMetrics(button.font())
        # Half of the card, without its margins, those of the button, and the words around the name.
        room = self.width() // 2 - _AROUND_NAME - metrics.horizontalAdvance(f"{text.format(name='')} ({key})")
        cut = metrics.elidedText(name, Qt.TextElideMode.ElideRight, max(room, 40))
        button.setText(f"{text.format(name=cut)} ({key})".replace("&", "&&"))
        button.setToolTip(f"{text.format(name=name)} ({key})")

    def resizeEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Cut the buttons' names anew."""
        super().resizeEvent(event)
        if self._suspect is not None and self._file is not None:
            self._show_buttons(self._suspect, self._file.colours)

    def _draw(self) -> None:
        suspect = self._suspect
        if suspect is None or self._file is None:
            return
        if not self._series:
            self.plot.clear(tr("This sample's series cannot be read."))
            return
        band = str(self.band.currentData() or "") or self._telling(suspect)
        lines, bands = courses_of(self._profiles, suspect.pair, band, self._file.colours)
        text = self.palette().color(QPalette.ColorRole.WindowText).name()
        lines.append(Line(tr("this sample"), text, self._series[band]))
        self.plot.show_series(self._file.dates, lines, bands, band)
        shaded = tr("Dashed: the classes' medians. Shaded: where half and where most (90 in 100) of each class lie.")
        self.caption.setText(f"{tr('Line: this sample.')} {shaded if bands else ''}".strip())

    def _telling(self, suspect: Suspect) -> str:
        if self._profiles is None:
            return next(iter(self._series))
        return telling_band(self._profiles, *suspect.pair, self._series)

    def _take(self) -> None:
        if self._suspect is not None and self._suspect.suggested:
            self.decided.emit(self._suspect.suggested)

    # ------------------------------------------------------------ keys

    def event(self, event: QEvent) -> bool:
        """Keep our keys from QGIS's own shortcuts while the card is being worked with."""
        if event.type() == QEvent.Type.ShortcutOverride and _meaning(event):
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Do what the key stands for."""
        buttons = {
            "keep": self.keep,
            "take": self.take,
            "drop": self.drop,
            "undo": self.undo,
            "back": self.back,
            "next": self.next,
        }
        meaning = _meaning(event)
        if meaning:
            buttons[meaning].click()
        else:
            super().keyPressEvent(event)


def courses_of(
    profiles: Profiles | None, names: Sequence[str], band: str, colours: Mapping[str, str]
) -> tuple[list[Line], list[Band]]:
    """Return the medians of classes as dashed lines, and their middle 90 % and middle halves as bands."""
    lines: list[Line] = []
    wide: list[Band] = []
    half: list[Band] = []
    for name in dict.fromkeys(names):
        course = profiles.courses.get(name) if profiles is not None else None
        if course is None:
            continue
        colour = colours.get(name, _NO_COLOUR)
        low, lower, mid, upper, high = (course.quantiles[level][band] for level in ("5", "25", "50", "75", "95"))
        wide.append(Band(name, colour, low, high))
        half.append(Band(name, colour, lower, upper))
        lines.append(Line(name, readable(colour), mid, dashed=True))
    return lines, [*wide, *half]


def readable(colour: str) -> str:
    """Return a class's colour, darker or lighter where a line of it would not show on the page."""
    if _light(QApplication.palette().color(QPalette.ColorRole.Base)):
        return line_colour(colour)
    hue, saturation, light, _alpha = QColor(colour).getHslF()
    return str(QColor.fromHslF(max(hue, 0.0), saturation, max(light, 0.6)).name())


def _meaning(event: QKeyEvent) -> str:
    plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
    return _KEYS.get(event.key(), "") if plain else ""


def _arrow(kind: Qt.ArrowType) -> QToolButton:
    button = QToolButton()
    button.setArrowType(kind)
    button.setAutoRaise(True)
    return button


def _square(colour: str) -> QIcon:
    pixmap = QPixmap(14, 14)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)


def _light(colour: QColor) -> bool:
    """Return whether black reads better on a colour than white (W3C's relative luminance against its middle)."""
    linear = [(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in colour.getRgbF()[:3]]
    return bool(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179)
