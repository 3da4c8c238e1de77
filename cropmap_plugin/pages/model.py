"""Step 3: the model, its settings, and how it is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..house import catalogue, tr
from ..widgets.form import SchemaForm
from .page import Page, names_by_page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cropmap.contract.errors import Problem


class FormPage(Page):
    """A page that is one form.

    Args:
        title: The page's heading.
        purpose: One sentence below it.
        names: The parameters of the whole job that it shows.
    """

    def __init__(self, title: str, purpose: str, names: Sequence[str]) -> None:
        super().__init__(title, purpose)
        self._form = SchemaForm(catalogue().entry("jobs", "classify").schema, names)
        self._form.changed.connect(self.changed)
        self.column.addWidget(self._form)
        self.column.addStretch()

    def values(self) -> dict[str, Any]:
        """Return the page's parameters as plain values."""
        return self._form.values()

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show the page's part of these parameters."""
        self._form.set_values(values)

    def names(self) -> tuple[str, ...]:
        """Return the parameters that the page edits."""
        return self._form.names()

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show the problems beside their fields."""
        self._form.show_problems(problems)


def model_page() -> FormPage:
    """Return the page that chooses the model."""
    return FormPage(
        tr("Model"),
        tr(
            "What learns the crops' seasonal curves. It is checked on parts of the area that it has not seen, so that "
            "neighbouring samples cannot flatter it."
        ),
        names_by_page()["model"],
    )
