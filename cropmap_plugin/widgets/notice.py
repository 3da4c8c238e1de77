"""A coloured box that says what happened, where, and how to go on."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from ..house import tr
from .look import AMBER, GREEN, RED, quiet, tint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qgis.PyQt.QtGui import QResizeEvent

    from cropmap.contract.errors import CropMapError

_COLOURS = {"good": GREEN, "warning": AMBER, "alarm": RED, "error": RED}
_COLUMNS, _GAP = 2, 4  # of buttons, where there is room; pixels between them
_BESIDE = 64  # pixels of the sign, the cross and the margins
_LONGEST = 180  # characters of a line
_SIGNS = {"good": "✔", "warning": "⚠", "alarm": "⚠", "error": "✖"}


class Notice(QFrame):
    """Shows one message at a time; hidden while there is none.

    Args:
        parent: The widget it lies in.
        closable: Whether the user can close it.
    """

    def __init__(self, parent: QWidget | None = None, *, closable: bool = True) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._actions: list[QPushButton] = []
        self._sign = QLabel()
        self._sign.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._close = QToolButton()
        self._close.setText("\N{MULTIPLICATION SIGN}")
        self._close.setAutoRaise(True)
        self._close.setToolTip(tr("Close this message"))
        self._close.clicked.connect(self.hide)
        self._close.setVisible(closable)
        self._buttons = QGridLayout()
        self._buttons.setSpacing(_GAP)
        self._buttons.setColumnStretch(_COLUMNS, 1)
        middle = QVBoxLayout()
        middle.addWidget(self._text)
        middle.addLayout(self._buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 8, 6, 8)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(middle, 1)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def say(
        self, level: str, what: str, details: str = "", actions: Sequence[tuple[str, Callable[[], object]]] = ()
    ) -> None:
        """Show a message.

        Args:
            level: "good", "warning", "alarm" (nothing failed, but take care) or "error".
            what: The sentence that matters.
            details: Further lines, plain text; of a long one its beginning is shown, and all of it as a tooltip.
            actions: Buttons: text and what they do.
        """
        colour = _COLOURS[level]
        self.setStyleSheet(
            f"Notice {{ background: {tint(colour)}; border: 1px solid {tint(colour, 0.5)}; border-radius: 4px; }}"
        )
        self._sign.setText(_SIGNS[level])
        self._sign.setStyleSheet(f"color: {colour}; font-weight: bold;")
        shown = [_shortened(line) for line in details.splitlines() if line]
        self._text.setText("".join([f"<b>{escape(what)}</b>", *(f"<div>{escape(line)}</div>" for line in shown)]))
        self._text.setToolTip("" if shown == details.splitlines() else details)
        self._set_actions(actions)
        self.show()

    def say_error(self, error: CropMapError, actions: Sequence[tuple[str, Callable[[], object]]] = ()) -> None:
        """Show an error: what, where, how to go on."""
        self.say("error", error.what, actions=actions)
        where = f"<div style='color: {quiet()}'>{escape(error.where)}</div>" if error.where else ""
        fix = f"<div>→ {escape(error.fix)}</div>" if error.fix else ""
        self._text.setText(f"<b>{escape(error.what)}</b>{where}{fix}")

    def text(self) -> str:
        """Return what is shown, as rich text."""
        return str(self._text.text())

    def _set_actions(self, actions: Sequence[tuple[str, Callable[[], object]]]) -> None:
        for button in self._actions:
            self._buttons.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._actions = []
        for text, action in actions:
            button = QPushButton(text)
            button.clicked.connect(lambda _checked=False, act=action: act())
            self._actions.append(button)
        self._place_buttons()

    def _place_buttons(self) -> None:
        """Put as many buttons beside each other as there is room for."""
        room = self.width() - _BESIDE if self.isVisible() else 0
        pairs = zip(self._actions[::_COLUMNS], self._actions[1::_COLUMNS])
        widest = max((sum(int(b.sizeHint().width()) for b in pair) + _GAP for pair in pairs), default=0)
        columns = _COLUMNS if not room or widest <= room else 1
        for place, button in enumerate(self._actions):
            self._buttons.addWidget(button, *divmod(place, columns), Qt.AlignmentFlag.AlignLeft)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Place the buttons anew; called by Qt."""
        super().resizeEvent(event)
        self._place_buttons()


def _shortened(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1].rstrip()}…"
