"""Beside the steps: carry a model to another site, where there are few labels or none."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import QgsMapLayerProxyModel
from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QLabel, QPushButton, QWidget

from cropmap.contract.errors import CropMapError, SampleError
from cropmap.contract.params import chosen

from ..house import catalogue, tr
from ..layers.sample_file import SampleFile
from ..widgets.form import SchemaForm
from ..widgets.layers import LayerOrFile
from ..widgets.look import heading, paragraph, scroll_area_of
from ..widgets.map_difference import MapDifference
from ..widgets.notice import Notice
from ..widgets.package_choice import PackageChoice
from ..widgets.strategies import STRATEGIES, StrategyTicks, read_advice
from ..widgets.transfer_table import TransferTable, read_carried
from .page import Page, parameters_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cropmap.contract.errors import Problem

SHIFT, TRANSFER = "shift", "transfer"
_PACKAGE, _SAMPLES, _IMAGES, _LABELS, _SERIES = "package", "sample_set", "images", "target_samples", "target_series"
_OWN = (_PACKAGE, _SAMPLES, _IMAGES, _LABELS, _SERIES, STRATEGIES)  # asked for by widgets of their own
_LEVELS = {"low": "good", "medium": "warning", "high": "alarm"}
_APART = 8  # pixels, before a heading
_SHOWN_MS = 100  # until the panel shows its notice, which takes room from the page
_POINTS = QgsMapLayerProxyModel.Filter.PointLayer


class TransferPage(Page):
    """Measures how different two sites are, and carries a model from one to the other.

    It edits no parameter of the panel's whole job: its jobs are its own.
    """

    start_asked = pyqtSignal(str, dict)  # a job's kind and parameters
    images_asked = pyqtSignal()
    map_asked = pyqtSignal(str)  # a package
    report_asked = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__(
            tr("Transfer"),
            tr(
                "Use what was learnt at one site, or in one year, at another that has few labels or none. "
                "Leave this step out where the samples are of the site that is mapped."
            ),
        )
        self._images: Any = None  # those of the first step, once they are chosen
        self._drawn: tuple[Any, str] = (None, "")  # what series were drawn for, and their file
        self._sent: dict[str, Any] = {}  # what the last measurement was asked for
        files = tr("Sample files") + " (*.gpkg)"
        self.package = PackageChoice(tr("No model: train one on the samples"))
        self.samples, self.labels = LayerOrFile(_POINTS, files), LayerOrFile(_POINTS, files)
        self.with_images = QCheckBox(tr("The images of the Images step"))
        self.with_images.setChecked(True)
        self.images = paragraph("")
        self.images.setTextFormat(Qt.TextFormat.RichText)
        self.notice, self.verdict = Notice(), Notice(closable=False)
        self._found: QWidget = self.verdict  # what the last job's results are shown in
        self.measure = QPushButton(tr("Measure the shift"))
        self.strategies = StrategyTicks()
        self.start = QPushButton(tr("Carry the model over"))
        self.table = TransferTable()
        self.report = QPushButton(tr("Open the report"))
        self.difference = MapDifference()
        shared = _names(SHIFT)
        self.shift_settings = SchemaForm(_schema(SHIFT), shared)
        self.settings = SchemaForm(
            _schema(TRANSFER), [name for name in _names(TRANSFER) if name not in shared], fold=tr("Settings")
        )
        self._results: tuple[QWidget, ...] = (heading(tr("Results")), self.table, self.report)
        self._place()
        self._connect()
        self._refresh()

    def _place(self) -> None:
        model, samples, labels = tr("Model"), tr("Sample file"), tr("Sample file, where there are labels")
        measured = paragraph(tr("Before any label of the target is needed: how far apart are the two sites?"))
        ticks = paragraph(
            tr("Tick one or several, to compare them side by side. Where none is ticked, those run that are advised.")
        )
        self._add(tr("From: the source"), QLabel(model), self.package, QLabel(samples), self.samples)
        self._add(tr("To: the target"), self.with_images, self.images, QLabel(labels), self.labels, self.notice)
        self._add(tr("How different are they?"), measured, self.shift_settings, self.measure, self.verdict)
        self._add(tr("Strategies"), ticks, self.strategies, self.settings, self.start)
        for widget in self._results:
            self.column.addWidget(widget)
            widget.hide()
        self.column.addSpacing(_APART)
        self.column.addWidget(self.difference)
        for button, kind in ((self.measure, SHIFT), (self.start, TRANSFER)):
            button.setEnabled(kind in catalogue().registries["jobs"])
        self.column.addStretch()

    def _add(self, title: str, *widgets: QWidget) -> None:
        """Add a part of the page."""
        self.column.addSpacing(_APART)
        self.column.addWidget(heading(title))
        for widget in widgets:
            self.column.addWidget(widget)

    def _connect(self) -> None:
        for part in (self.package, self.samples, self.labels, self.settings):
            part.changed.connect(self._refresh)
        self.with_images.toggled.connect(lambda _on: self._refresh())
        self.images.linkActivated.connect(lambda _link: self.images_asked.emit())
        self.measure.clicked.connect(lambda _on=False: self.ask(SHIFT))
        self.start.clicked.connect(lambda _on=False: self.ask(TRANSFER))
        self.table.map_asked.connect(self.map_asked)

    # ------------------------------------------------------------ as a page

    def values(self) -> dict[str, Any]:
        """Return nothing: the whole job takes none of this."""
        return {}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Leave the page as it is."""

    def names(self) -> tuple[str, ...]:
        """Return no parameters: the whole job takes none of this."""
        return ()

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show none: the whole job's are elsewhere."""

    # ------------------------------------------------------------ what is asked

    def show_folder(self, folder: Path) -> None:
        """List the models in a folder of runs."""
        self.package.show_folder(folder)

    def show_images(self, images: Any) -> None:
        """Name the images of the first step; they can be the target once they are chosen.

        Args:
            images: The source of images as plain values; None where there is none.
        """
        name, own = chosen(images or "")
        found = bool(name) and not catalogue().problems("sources", name, own)
        self._images = images if found else None
        place = Path(str(own.get("path", ""))).name if found else tr("none are chosen yet")
        self.images.setText(f"{escape(place)} · <a href='images'>{tr('Change…')}</a>")
        self.with_images.setEnabled(found)
        self._refresh()

    def parameters(self, kind: str) -> dict[str, Any]:
        """Return the parameters of one of the page's jobs as plain values."""
        own = {_PACKAGE: self.package.value(), _SAMPLES: self.samples.path(), **self._target()}
        asked = {name: value for name, value in own.items() if value}
        measuring = {**asked, **self.shift_settings.values()}
        if kind == SHIFT:
            return measuring
        takes, ticked = parameters_of(TRANSFER), self.strategies.value()
        shared = {name: value for name, value in self.shift_settings.values().items() if name in takes}
        drawn_for, drawn = self._drawn
        if drawn_for == measuring and self._takes_images() and Path(drawn).is_file():
            asked.pop(_IMAGES)  # the series were drawn from them
            asked[_SERIES] = drawn
        if self.labels.path():
            asked[_LABELS] = self.labels.path()
        return {**asked, **shared, **self.settings.values(), **({STRATEGIES: ticked} if ticked else {})}

    def _target(self) -> dict[str, Any]:
        """Return what series of the target come from: its images, else its sample file."""
        return {_IMAGES: self._images} if self._takes_images() else {_LABELS: self.labels.path()}

    def set_parameters(self, params: Mapping[str, Any]) -> None:
        """Show the parameters of an earlier run of one of the page's jobs, but for its images."""
        self.package.set_value(str(params.get(_PACKAGE, "")))
        self.samples.set_path(str(params.get(_SAMPLES, "")))
        self.labels.set_path(str(params.get(_LABELS, "")))
        for form in (self.shift_settings, self.settings):
            form.set_values(params)
        self.strategies.set_value(params.get(STRATEGIES, []))

    def ask(self, kind: str) -> None:
        """Start a job, or say what it lacks."""
        values = self.parameters(kind)
        try:
            self._check(kind, values)
        except CropMapError as error:
            self._say(error)
            return
        problems = catalogue().problems("jobs", kind, values)
        for form in (self.shift_settings, self.settings):
            form.show_problems(problems)
        self.strategies.show_problems(problems)
        if problems:
            text = tr("{n} things are still to be corrected; they are marked on the pages.").format(n=len(problems))
            self.notice.say("error", text, "\n".join(map(str, problems)))
            return
        self.notice.hide()
        if kind == SHIFT:
            self._sent = values
        self.start_asked.emit(kind, values)

    def _check(self, kind: str, values: Mapping[str, Any]) -> None:
        """Refuse a transfer from nothing or to nothing, and sample files that a job cannot read.

        Raises:
            SampleError: So it is.
        """
        if _PACKAGE not in values and _SAMPLES not in values:
            raise SampleError(
                tr("There is nothing to transfer from."), fix=tr("Choose a model of the source, or its sample file.")
            )
        if kind == SHIFT and _SAMPLES not in values:
            raise SampleError(
                tr("The shift is measured between series; of the source there is a model alone."),
                fix=tr("Choose the source's sample file too."),
            )
        if not {_IMAGES, _LABELS, _SERIES} & set(values):
            raise SampleError(
                tr("There is nothing to transfer to."),
                fix=tr("Choose the target's images in the Images step, or a sample file of the target."),
            )
        for name in (_SAMPLES, _LABELS):
            if name in values:
                SampleFile(values[name]).check_saved()

    def _say(self, error: CropMapError) -> None:
        self.notice.say_error(error)
        self._reveal(self.notice)

    def _takes_images(self) -> bool:
        return self._images is not None and bool(self.with_images.isChecked())

    def _refresh(self) -> None:
        """Say of each strategy what it lacks, once there is something to transfer from."""
        source, labels = bool(self.samples.path()), bool(self.labels.path())
        package = self.package.package()
        given = {
            "source": source,
            "series": self._takes_images() or labels,
            "labels": labels,
            "gradients": _is_network(package.model if package else chosen(self._model())[0]),
        }
        begun = source or bool(self.package.value())
        self.strategies.show_given(given if begun else {})

    def _model(self) -> Any:
        """Return the model to be trained where the source brings none."""
        return self.settings.values().get("model") or parameters_of("classify")["model"]["default"]

    # ------------------------------------------------------------ what came of it

    def has_result(self) -> bool:
        """Return whether a model was carried over."""
        return bool(self.table.models)

    def job_done(self, kind: str, result: Mapping[str, Any]) -> None:
        """Show what a finished job of this page found."""
        figures = result.get("figures", {})
        if kind == SHIFT:
            self._drawn = (self._sent, str(result.get("outputs", {}).get(_SERIES, "")))
        if kind in {SHIFT, TRANSFER}:
            self._show_verdict(figures, str(result.get("outputs", {}).get("report", "")) if kind == SHIFT else "")
            advice = read_advice(figures)
            if advice:
                self.strategies.show_advice(advice)
        if kind == TRANSFER:
            self._show_models(result)
        if kind in {SHIFT, TRANSFER}:
            self._found = self.verdict if kind == SHIFT else self.report
            QTimer.singleShot(_SHOWN_MS, self._reveal_found)

    def _show_verdict(self, figures: Mapping[str, Any], report: str) -> None:
        """Show how different the sites are, and why that is said."""
        verdict, reasons = figures.get("verdict"), figures.get("reasons")
        if verdict not in _LEVELS:
            return
        lines = "\n".join(str(reason) for reason in reasons) if isinstance(reasons, list) else ""
        actions = [(tr("Open the report"), lambda: self.report_asked.emit(report))] if report else []
        self.verdict.say(_LEVELS[verdict], verdict_words(verdict), lines, actions)

    def _show_models(self, result: Mapping[str, Any]) -> None:
        models, report = read_carried(result), str(result.get("outputs", {}).get("report", ""))
        self.table.show_models(models)
        for widget in self._results:
            widget.setVisible(bool(models))
        self.report.setVisible(bool(models and report))
        self.report.disconnect()
        self.report.clicked.connect(lambda _on=False: self.report_asked.emit(report))

    def _reveal_found(self) -> None:
        self._reveal(self._found)

    def _reveal(self, widget: QWidget) -> None:
        """Scroll to a part of the page."""
        area = scroll_area_of(self)
        if area is not None and self.isVisible():
            area.ensureWidgetVisible(widget)


def verdict_words(verdict: str) -> str:
    """Return what a verdict on the shift means."""
    words = {
        "low": tr("Small shift: the source's model may do as it is."),
        "medium": tr("Moderate shift: adapt the model, or label some of the target."),
        "high": tr("Large shift: label some of the target if you can."),
    }
    return words[verdict]


def _is_network(model: str) -> bool:
    """Return whether a model is trained by gradients; one that is unknown here is taken to be."""
    known = catalogue().registries["models"]
    return model not in known or "gradients" in known[model].needs


def _schema(kind: str) -> Mapping[str, Any]:
    """Return a job's schema; that of a job without parameters where the library has no such job."""
    return {"properties": parameters_of(kind), "required": []}


def _names(kind: str) -> list[str]:
    return [name for name in parameters_of(kind) if name not in _OWN]
