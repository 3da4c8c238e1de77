"""Step 2: how cloudy, irregular images become regular series; recipes can be compared, and the result kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.PyQt.QtWidgets import QHBoxLayout, QPushButton

from ..house import tr
from ..widgets.look import heading, paragraph
from .page import FormPage, names_by_page, parameters_of

if TYPE_CHECKING:
    from collections.abc import Callable


class PreparationPage(FormPage):
    """Chooses the recipe.

    Args:
        compare: Starts the job that compares recipes on the images.
        prepare: Starts the job that writes the prepared images.
    """

    def __init__(self, compare: Callable[[], object], prepare: Callable[[], object]) -> None:
        super().__init__(
            tr("Preparation"),
            tr(
                "How clouds and gaps are bridged, so that every pixel has a value at the same dates. The default suits "
                "most seasons."
            ),
            names_by_page()["preparation"],
        )
        self.compare = QPushButton(tr("Compare recipes…"))
        self.prepare = QPushButton(tr("Write the prepared images"))
        self.compare.clicked.connect(compare)
        self.prepare.clicked.connect(prepare)
        self.column.addWidget(heading(tr("Not sure?")))
        self._offer(
            self.compare,
            tr("Hide some clear observations of these images, and see how well each recipe finds them again."),
        )
        self.column.addWidget(heading(tr("Used more than once?")))
        self._offer(
            self.prepare, tr("Prepare the images now, and keep the result: later models and maps then start from it.")
        )
        self.column.addStretch()

    def recipe(self) -> Any:
        """Return the recipe chosen: its name, or a table with its name and settings."""
        (name,) = self.names()
        return self.values().get(name, parameters_of("classify")[name]["default"])

    def _offer(self, button: QPushButton, text: str) -> None:
        self.column.addWidget(paragraph(text))
        line = QHBoxLayout()
        line.addWidget(button)
        line.addStretch()
        self.column.addLayout(line)
