"""Colours and small pieces of style that follow the user's palette, light or dark."""

from __future__ import annotations

from qgis.PyQt.QtCore import QEvent, QLocale, QObject, Qt
from qgis.PyQt.QtGui import QColor, QPalette
from qgis.PyQt.QtWidgets import QApplication, QLabel, QScrollArea, QSizePolicy, QWidget

GREEN, RED, AMBER = "#2e8b57", "#c0392b", "#c77f0a"


def tint(base: str, share: float = 0.14) -> str:
    """Return the window's background with a share of a colour in it, as #rrggbb."""
    window = QApplication.palette().color(QPalette.ColorRole.Window)
    colour = QColor(base)
    mixed = QColor(
        round(window.red() * (1 - share) + colour.red() * share),
        round(window.green() * (1 - share) + colour.green() * share),
        round(window.blue() * (1 - share) + colour.blue() * share),
    )
    return str(mixed.name())


def quiet() -> str:
    """Return the colour of secondary text, readable on the window's background."""
    palette = QApplication.palette()
    text = palette.color(QPalette.ColorRole.WindowText)
    window = palette.color(QPalette.ColorRole.Window)
    parts = [
        round(0.62 * getattr(text, channel)() + 0.38 * getattr(window, channel)())
        for channel in ("red", "green", "blue")
    ]
    return str(QColor(*parts).name())


def heading(text: str) -> QLabel:
    """Return a page's or a section's title."""
    label = QLabel(text)
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * 1.25)
    font.setBold(True)
    label.setFont(font)
    return label


def paragraph(text: str, *, secondary: bool = True) -> QLabel:
    """Return wrapped text."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    if secondary:
        label.setStyleSheet(f"color: {quiet()}")
    return label


def section(text: str) -> QLabel:
    """Return the title of a part of a page."""
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    label.setContentsMargins(0, 6, 0, 0)
    return label


def problem_label() -> QLabel:
    """Return the place where something wrong is said in red; hidden at first."""
    label = paragraph("", secondary=False)
    label.setStyleSheet(f"color: {RED}")
    label.hide()
    return label


def grouped(number: float, decimals: int = 0) -> str:
    """Return a number in the user's way of writing, its thousands parted whatever QGIS is set to."""
    locale = QLocale()
    locale.setNumberOptions(locale.numberOptions() & ~QLocale.NumberOption.OmitGroupSeparator)
    return str(locale.toString(float(number), "f", decimals))


class _WheelGuard(QObject):
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def guard_wheel(widget: QWidget) -> QWidget:
    """Keep the wheel from changing a value while the page is scrolled over it."""
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(_WheelGuard(widget))
    return widget


def scroll_area_of(widget: QWidget) -> QScrollArea | None:
    """Return the nearest area that a widget is scrolled in."""
    area = widget.parentWidget()
    while area is not None and not isinstance(area, QScrollArea):
        area = area.parentWidget()
    return area
