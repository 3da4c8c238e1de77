"""What every page of the panel has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QVBoxLayout, QWidget

from ..house import catalogue
from ..widgets.form import SchemaForm, field_of
from ..widgets.look import heading, paragraph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cropmap.contract.errors import Problem


class Page(QWidget):
    """A step: it edits some of a job's parameters and says whether they are ready.

    Args:
        title: The page's heading.
        purpose: One sentence below it.
    """

    changed = pyqtSignal()

    def __init__(self, title: str, purpose: str) -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        self.column.setSpacing(8)
        self.column.addWidget(heading(title))
        self.column.addWidget(paragraph(purpose))

    def values(self) -> dict[str, Any]:
        """Return the page's parameters as plain values."""
        raise NotImplementedError

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show the page's part of these parameters."""
        raise NotImplementedError

    def names(self) -> tuple[str, ...]:
        """Return the parameters that the page edits."""
        raise NotImplementedError

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show the page's part of these problems beside their fields, and take the earlier ones away."""
        raise NotImplementedError

    def has_problem(self, problems: Sequence[Problem]) -> bool:
        """Return whether one of these problems is this page's."""
        return any(field_of(problem) in self.names() for problem in problems)


class FormPage(Page):
    """A page that is one form, and what a subclass adds below it.

    Args:
        title: The page's heading.
        purpose: One sentence below it.
        names: The parameters of the whole job that it shows.
    """

    def __init__(self, title: str, purpose: str, names: Sequence[str]) -> None:
        super().__init__(title, purpose)
        self._form = SchemaForm(catalogue().entry("jobs", "classify").schema, names)
        self._form.changed.connect(self._edited)
        self.column.addWidget(self._form)

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

    def _edited(self) -> None:
        self.changed.emit()


def parameters_of(kind: str) -> dict[str, Any]:
    """Return a job kind's parameters: name to schema; empty where there is no such kind."""
    jobs = catalogue().registries["jobs"]
    return dict(jobs[kind].schema["properties"]) if kind in jobs else {}


def names_by_page() -> dict[str, list[str]]:
    """Return which of the whole job's parameters each page shows, in the order of the pages.

    It follows from the smaller jobs: what training takes belongs to the model, what sampling takes to the samples.
    """
    pages: dict[str, list[str]] = {"images": [], "preparation": [], "samples": [], "model": [], "map": []}
    sample, train = parameters_of("sample"), parameters_of("train")
    for name, prop in parameters_of("classify").items():
        if prop.get("x-registry") == "sources":
            pages["images"].append(name)
        elif prop.get("x-registry") == "recipes":
            pages["preparation"].append(name)
        elif name in train:
            pages["model"].append(name)
        else:
            pages["samples" if name in sample else "map"].append(name)
    pages["model"].sort(key=lambda name: parameters_of("classify")[name]["x-kind"] != "entry")
    return pages
