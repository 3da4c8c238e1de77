"""Step 3: labelled samples, from a survey or from reference maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QTabBar, QWidget

from ..house import tr
from ..layers.results import load_results
from ..widgets.look import scroll_area_of
from .page import Page
from .review import REVIEW, ReviewTab
from .survey import SurveyTab
from .trusted import TRUST, TrustedTab

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cropmap.contract.errors import Problem


class SamplesPage(Page):
    """Holds a tab for each way to samples; what is trained on is what the survey's tab says.

    Args:
        iface: QGIS's interface.
    """

    start_asked = pyqtSignal(str, dict)  # a job's kind and parameters
    shown = pyqtSignal(object)  # a layer that was added to the project, to be looked at

    def __init__(self, iface: Any) -> None:
        super().__init__(
            tr("Labelled samples"),
            tr("Points or polygons whose crop is known. The model learns from the image series at these places."),
        )
        self._tabs: list[QWidget] = []
        self.bar = QTabBar()
        self.bar.setDocumentMode(True)
        self.bar.setUsesScrollButtons(False)
        self.bar.currentChanged.connect(self._show)
        self.column.addWidget(self.bar)
        self.survey = SurveyTab()
        self.survey.changed.connect(self.changed)
        self._add(self.survey, tr("Survey"))
        self.trusted = TrustedTab()
        self.trusted.start_asked.connect(self.start_asked)
        self.trusted.shown.connect(self.shown)
        self._add(self.trusted, tr("Reference maps"))
        self.review = ReviewTab(iface)
        self.review.start_asked.connect(self.start_asked)
        self._add(self.review, tr("Review"))

    def values(self) -> dict[str, Any]:
        """Return the page's parameters as plain values."""
        return self.survey.values()

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show the page's part of these parameters."""
        self.survey.set_values(values)

    def names(self) -> tuple[str, ...]:
        """Return the parameters that the page edits."""
        return self.survey.names()

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show the problems beside their fields."""
        self.survey.show_problems(problems)
        if self.has_problem(problems):
            self.open_tab(self.survey)

    def ready_for(self, run_folder: Path) -> dict[str, Any]:
        """Return the parameters for a run; what the worker could not see for itself is written to the run's folder.

        Args:
            run_folder: Where a layer without a file, or with edits or a filter, is copied to.
        """
        return self.survey.ready_for(run_folder)

    def job_done(self, kind: str, result: Mapping[str, Any]) -> str:
        """Take what a finished job gives the tabs.

        Args:
            kind: The job's kind.
            result: The worker's result.

        Returns:
            What became of it, for the user; empty where there is nothing to say.
        """
        reviewed = self.review.job_done(kind, result)
        if kind == REVIEW:
            self.open_tab(self.review)
            return reviewed
        points = self.trusted.job_done(result) if kind == TRUST else ""
        return self._take_points(points, Path(str(result.get("run_folder", ""))).name) if points else ""

    def _take_points(self, points: str, run: str) -> str:
        """Add drawn points to the project, and make them the samples."""
        loaded = load_results({"outputs": {"points": points}}, f"CropMap: {run}")
        if loaded is None:
            return ""
        layer = loaded.layers["points"]
        self.survey.take(layer, "class", "group")
        self.open_tab(self.survey)
        self.shown.emit(layer)
        return tr("{n} points are drawn; they are the samples now.").format(n=layer.featureCount())

    def open_tab(self, tab: QWidget) -> None:
        """Show a tab."""
        self.bar.setCurrentIndex(self._tabs.index(tab))

    def _add(self, tab: QWidget, title: str) -> None:
        """Add a tab; the page is as high as the one shown."""
        self._tabs.append(tab)
        self.column.addWidget(tab, 1)
        self.bar.addTab(title)
        self._show(self.bar.currentIndex())

    def _show(self, current: int) -> None:
        for place, tab in enumerate(self._tabs):
            tab.setVisible(place == current)
        area = scroll_area_of(self)
        if area is not None:
            area.verticalScrollBar().setValue(0)
