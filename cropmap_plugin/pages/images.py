"""Step 1: the season's images, and what the worker recognises in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.PyQt.QtWidgets import QPushButton

from ..house import tr
from ..widgets.listing import Listing
from ..widgets.look import heading, paragraph
from .page import FormPage, names_by_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qgis.PyQt.QtWidgets import QWidget


class ImagesPage(FormPage):
    """Chooses the images.

    Args:
        inspect: Starts the job that looks at them.
    """

    def __init__(self, inspect: Callable[[], object]) -> None:
        super().__init__(
            tr("Images of the season"),
            tr("Choose the folder that holds the images. CropMap looks at them first and shows what it recognised."),
            names_by_page()["images"],
        )
        self._again = QPushButton(tr("Look again"))
        self._again.clicked.connect(inspect)
        self._title = heading(tr("What was recognised"))
        self._hint = paragraph(tr("Something wrong here? Correct it under “Settings” and look again."))
        self._listing: QWidget | None = None
        self._inspected: dict[str, Any] | None = None
        for widget in (self._title, self._hint, self._again):
            self.column.addWidget(widget)
            widget.hide()
        self.column.addStretch()

    def is_inspected(self) -> bool:
        """Return whether the worker has looked at exactly these images."""
        return self._inspected == self.values()

    def show_listing(self, asked: dict[str, Any], figures: Mapping[str, Any]) -> None:
        """Show what the worker recognised, for the values it was asked with."""
        self._forget()
        self._inspected = asked
        self._listing = Listing(figures)
        self.column.insertWidget(self.column.indexOf(self._title) + 1, self._listing)
        for widget in (self._title, self._hint, self._again):
            widget.show()
        self.changed.emit()

    def _edited(self) -> None:
        if self._listing is not None:
            self._listing.setEnabled(self.is_inspected())
        self.changed.emit()

    def _forget(self) -> None:
        if self._listing is not None:
            self.column.removeWidget(self._listing)
            self._listing.hide()
            self._listing.deleteLater()
            self._listing = None
