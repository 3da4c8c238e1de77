"""The panel: the workflow's steps, what runs, and what came of it."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cropmap.contract.errors import CropMapError, Problem, WorkerError
from cropmap.contract.job import Job

from .house import CORE, catalogue, icon, tr
from .layers.results import load_results, open_file, zoom_to
from .pages.history import HistoryPage, title_of
from .pages.images import ImagesPage
from .pages.map import MAP, MapPage
from .pages.model import BEST, TUNE, ModelPage
from .pages.page import parameters_of
from .pages.preparation import PreparationPage
from .pages.samples import SamplesPage
from .pages.transfer import SHIFT, TRANSFER, TransferPage
from .pages.trusted import TRUST
from .settings import choose_runs_folder, runs_folder, worker_python
from .widgets.findings import better_than_before, findings
from .widgets.layers import with_copies
from .widgets.models_window import ModelsWindow
from .widgets.notice import Notice
from .widgets.report_window import ReportWindow
from .widgets.run_panel import RunPanel
from .widgets.stepper import Stepper
from .worker.history import PastRun, new_run_folder
from .worker.packages import MANY, SO_FAR, SUFFIX, WHOLE
from .worker.process import Order, Outcome
from .worker.task import Runner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .pages.page import Page

# In a run's folder: what an interrupted training or search goes on from.
_UNFINISHED = ("checkpoints", "journal.jsonl")
# Shown of a run's warnings, and of each; the report has them all.
_WARNINGS, _LONGEST = 2, 110
ENSEMBLE = "ensemble"
IMAGES, PREPARATION, SAMPLES, MODEL, CARRY, THE_MAP, HISTORY = range(7)


class CropMapDock(QgsDockWidget):
    """The panel of the plugin.

    Args:
        iface: QGIS's interface.
    """

    environment_asked = pyqtSignal()

    def __init__(self, iface: Any) -> None:
        super().__init__(tr("CropMap"))
        self.setObjectName("CropMapDock")
        self.setWindowIcon(icon())
        self._iface = iface
        self._folder = Path()
        self._asked: dict[str, Any] = {}
        self._warnings: list[str] = []
        self._order: Order | None = None
        self.report_window: ReportWindow | None = None
        self.models_window: ModelsWindow | None = None
        self.runner = Runner(self)
        self.images = ImagesPage(self.look)
        self.preparation = PreparationPage(self.compare, self.prepare)
        self.samples = SamplesPage(iface)
        self.model = ModelPage()
        self.transfer = TransferPage()
        self.map = MapPage()
        self.history = HistoryPage()
        self.pages: tuple[Page, ...] = (
            self.images,
            self.preparation,
            self.samples,
            self.model,
            self.transfer,
            self.map,
        )
        self._make_shell()
        self._connect()
        self.open_page(IMAGES)

    # ------------------------------------------------------------ building

    def _make_shell(self) -> None:
        titles = [tr("Images"), tr("Prepare"), tr("Samples"), tr("Model"), tr("Transfer"), tr("Map")]
        self.stepper = Stepper(titles)
        self.past = QToolButton()
        self.past.setIcon(icon("history"))
        self.past.setToolTip(tr("History of runs"))
        self.past.setAutoRaise(True)
        self.past.setCheckable(True)
        self.notice = Notice()
        self.stack = QStackedWidget()
        for page in (*self.pages, self.history):
            self.stack.addWidget(_scrolled(page))
        self.run_panel = RunPanel()
        self.back = QPushButton(tr("Back"))
        self.primary = QPushButton()
        self.primary.setDefault(True)
        self.primary.setStyleSheet("QPushButton { font-weight: bold; padding: 6px 16px; }")
        top, bottom = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.stepper, 1)
        top.addWidget(self.past)
        bottom.addWidget(self.back)
        bottom.addStretch()
        bottom.addWidget(self.primary)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(8, 6, 8, 8)
        column.addLayout(top)
        column.addWidget(_line())
        column.addWidget(self.notice)
        column.addWidget(self.stack, 1)
        column.addWidget(_line())
        column.addWidget(self.run_panel)
        column.addLayout(bottom)
        self.setWidget(whole)
        whole.setMinimumWidth(340)

    def _connect(self) -> None:
        self.stepper.opened.connect(self.open_page)
        self.past.clicked.connect(lambda: self.open_page(HISTORY))
        self.back.clicked.connect(lambda: self.open_page(self._page_before()))
        self.primary.clicked.connect(self.go_on)
        for page in self.pages:
            page.changed.connect(self.refresh)
        self.samples.start_asked.connect(self.start_for_samples)
        self.samples.shown.connect(lambda layer: QTimer.singleShot(0, lambda: zoom_to(self._iface, layer)))
        self.runner.started.connect(self._job_started)
        self.runner.progressed.connect(self.run_panel.at)
        self.runner.warned.connect(self._warned)
        self.runner.pointed.connect(self.run_panel.point)
        self.runner.ended.connect(self._job_ended)
        self.run_panel.cancel_asked.connect(self.runner.cancel)
        self.history.load_asked.connect(self.load_run)
        self.history.reuse_asked.connect(self.reuse)
        self.history.resume_asked.connect(self.resume)
        self.history.report_asked.connect(self.show_report)
        self.model.start_asked.connect(self.start_for_model)
        self.model.recipe_asked.connect(lambda: self.open_page(PREPARATION))
        self.model.models_asked.connect(self.show_models)
        self.transfer.start_asked.connect(lambda kind, params: self.start(kind, params, self._new_folder(kind)))
        self.transfer.images_asked.connect(lambda: self.open_page(IMAGES))
        self.transfer.map_asked.connect(self.use_package)
        self.transfer.report_asked.connect(self.show_report)
        self.transfer.difference.shown.connect(lambda layer: zoom_to(self._iface, layer))

    # ------------------------------------------------------------ walking through the pages

    def open_page(self, position: int) -> None:
        """Show a page."""
        self.stack.setCurrentIndex(position)
        self.past.setChecked(position == HISTORY)
        if position == HISTORY:
            self.stepper.leave()
            self.history.show_folder(self.map.results_folder() or runs_folder())
        else:
            self.stepper.open(position)
        if position == CARRY:
            self.transfer.show_folder(self.map.results_folder() or runs_folder())
        self.refresh()

    def refresh(self) -> None:
        """Bring the ticks and the buttons up to date."""
        position = self.stack.currentIndex()
        problems = self.problems()
        for number, page in enumerate(self.pages[:MODEL]):
            self.stepper.set_ready(number, not page.has_problem(problems))
        self.stepper.set_ready(MODEL, self.stepper.is_ready(SAMPLES) and not self.model.has_problem(problems))
        self.stepper.set_ready(CARRY, self.transfer.has_result())
        self.back.setVisible(0 < position < HISTORY)
        self.primary.setVisible(position < HISTORY)
        self.primary.setText(self._primary_text(position))
        self.primary.setEnabled(not self.runner.busy)
        self.map.summary.setText(self._summary())
        self.model.show_recipe(self.preparation.recipe())
        self.transfer.show_images(self.images.values().get("images"))

    def go_on(self) -> None:
        """Do what the page's main button says."""
        position = self.stack.currentIndex()
        if position == IMAGES and not self.images.is_inspected():
            self.look()
        elif position == THE_MAP:
            self.make_map()
        elif self._page_is_right(position):
            # Transfer is beside the way: most maps are of the site that the samples are of.
            self.open_page(THE_MAP if position == MODEL else position + 1)

    def _page_before(self) -> int:
        position = int(self.stack.currentIndex())
        return MODEL if position == THE_MAP else position - 1

    def _primary_text(self, position: int) -> str:
        if position == IMAGES and not self.images.is_inspected():
            return tr("Look at the images")
        texts = (
            tr("Next: preparation"),
            tr("Next: samples"),
            tr("Next: model"),
            tr("Next: map"),
            tr("Next: map"),
            tr("Make the crop map"),
            "",
        )
        return texts[position]

    def _summary(self) -> str:
        if self.map.kind == MAP:
            return ""
        missing = [
            tr(title)
            for number, title in ((IMAGES, "Images"), (SAMPLES, "Samples"))
            if not self.stepper.is_ready(number)
        ]
        return "⚠ " + tr("Still to be chosen: {pages}.").format(pages=", ".join(missing)) if missing else ""

    def _page_is_right(self, position: int) -> bool:
        page, problems = self.pages[position], self.problems()
        page.show_problems(problems)
        return not page.has_problem(problems)

    # ------------------------------------------------------------ what is asked

    def params(self) -> dict[str, Any]:
        """Return the parameters of the job that the pages ask for."""
        if self.map.kind == MAP:
            return {**self.images.values(), **self.map.values()}
        return {name: value for page in self.pages for name, value in page.values().items()}

    def problems(self) -> list[Problem]:
        """Return everything wrong with the job that the pages ask for."""
        return [*catalogue().problems("jobs", self.map.kind, self.params()), *self.map.own_problems()]

    # ------------------------------------------------------------ jobs

    def look(self) -> None:
        """Start the job that looks at the images."""
        if self.runner.busy or not self._page_is_right(IMAGES):
            return
        self._asked = self.images.values()
        self.start("inspect", dict(self._asked), Path(tempfile.mkdtemp(prefix="cropmap-inspect-")))

    def make_map(self) -> None:
        """Start the whole job, or show everything that is wrong with it."""
        wrong = self.problems()
        for page in self.pages:
            page.show_problems(wrong)
        if wrong:
            self._show_wrong(wrong)
            return
        base = self.map.results_folder() or runs_folder()
        choose_runs_folder(base)
        folder = new_run_folder(base, self.map.kind, dt.datetime.now().astimezone())
        try:
            own = self.samples.ready_for(folder) if self.map.kind != MAP else {}
        except (CropMapError, OSError) as error:
            self._show_error(_readable(error))
            return
        self.start(self.map.kind, {**self.params(), **own}, folder)

    def compare(self) -> None:
        """Start the job that compares recipes on the images."""
        if self._page_is_right(IMAGES):
            self.start("compare", self.images.values(), self._new_folder("compare"))
        else:
            self.open_page(IMAGES)

    def prepare(self) -> None:
        """Start the job that writes the prepared images."""
        wrong = next((page for page in (IMAGES, PREPARATION) if not self._page_is_right(page)), None)
        if wrong is None:
            asked = {**self.images.values(), **self.preparation.values()}
            self.start("prepare", asked, self._new_folder("prepare"))
        else:
            self.open_page(wrong)

    def _new_folder(self, kind: str) -> Path:
        return new_run_folder(self.map.results_folder() or runs_folder(), kind, dt.datetime.now().astimezone())

    def start_for_samples(self, kind: str, params: Mapping[str, Any]) -> None:
        """Start a job that a tab of the samples asks for; training takes the model that the panel shows."""
        own = self.model.values() if kind == "train" else {}
        self.start(kind, {**own, **params}, self._new_folder(kind))

    def start_for_model(self, kind: str, own: Mapping[str, Any]) -> None:
        """Start a job that the model's page asks for, with what it takes from the pages, or show what is wrong."""
        takes = parameters_of(kind)
        given = {name: value for page in self.pages[:THE_MAP] for name, value in page.values().items() if name in takes}
        problems = catalogue().problems("jobs", kind, {**given, **own})
        for page in self.pages[:THE_MAP]:
            page.show_problems(problems)
        if problems:
            self._show_wrong(problems)
            return
        folder = self._new_folder(kind)
        try:
            read = self.samples.ready_for(folder) if "samples" in takes else {}
        except (CropMapError, OSError) as error:
            self._show_error(_readable(error))
            return
        self.start(kind, {**given, **{name: read[name] for name in read if name in takes}, **own}, folder)

    def run_demo(self) -> None:
        """Start the demonstration on a synthetic site."""
        self.start("demo", {}, self._new_folder("demo"))

    def start(self, kind: str, params: Mapping[str, Any], folder: Path) -> None:
        """Start a job in a run folder, unless one is running or there is no worker."""
        if self.runner.busy:
            self.notice.say("warning", tr("A job is running. Wait for it, or cancel it."))
            return
        python = worker_python()
        if python is None:
            self._show_error(
                WorkerError(
                    tr("There is no worker environment yet."),
                    fix=tr("Make one once: it needs a download, and leaves QGIS's own Python untouched."),
                )
            )
            self.environment_asked.emit()
            return
        try:
            given = with_copies(params, folder)
        except CropMapError as error:
            self._show_error(error)
            return
        self._begin(Order(Job(kind, given, str(folder)), python.path, CORE))

    def _begin(self, order: Order) -> None:
        self._order, self._folder, self._warnings = order, Path(order.job.out), []
        self.notice.hide()
        self.runner.start(order, f"CropMap: {title_of(order.job.kind)}")
        self.refresh()

    def go_on_with(self, order: Order) -> None:
        """Run a job again in its folder; it goes on from what it had finished there."""
        if self.runner.busy:
            self.notice.say("warning", tr("A job is running. Wait for it, or cancel it."))
        else:
            self._begin(order)

    def resume(self, run: PastRun) -> None:
        """Run an earlier run's job again in its folder."""
        self.start(run.kind, run.params, run.folder)

    def leave(self) -> None:
        """Stop what runs and close the windows: the panel goes away."""
        self.runner.leave()
        for window in (self.report_window, self.models_window):
            if window is not None:
                window.close()
                window.deleteLater()
        self.report_window = self.models_window = None

    # ------------------------------------------------------------ windows

    def show_report(self, path: str) -> None:
        """Show a run's report inside QGIS."""
        if self.report_window is None:
            self.report_window = ReportWindow(self._iface.mainWindow())
        if not self.report_window.show_report(path):
            self.notice.say("warning", tr("This run's files are no longer there."), path)

    def show_models(self) -> None:
        """Show the models trained so far."""
        if self.models_window is None:
            self.models_window = ModelsWindow(self._iface.mainWindow())
            self.models_window.use_asked.connect(self.use_package)
            self.models_window.report_asked.connect(self.show_report)
            self.models_window.renamed.connect(self._package_renamed)
            self.models_window.carry_asked.connect(self.carry_package)
            self.models_window.join_asked.connect(self.join_packages)
        self.models_window.show_folder(self.map.results_folder() or runs_folder())
        self.models_window.show()
        self.models_window.raise_()
        self.models_window.activateWindow()

    def use_package(self, path: str) -> None:
        """Open the last page, to make maps with a model package."""
        self.notice.hide()
        self.map.use_package(path)
        self.open_page(THE_MAP)

    def carry_package(self, path: str) -> None:
        """Open the page of transfer, to carry a model package to another site."""
        self.notice.hide()
        self.transfer.package.set_value(path)
        self.open_page(CARRY)

    def join_packages(self, paths: list[str]) -> None:
        """Start the job that makes one model of several."""
        self.start(ENSEMBLE, {"packages": paths}, self._new_folder(ENSEMBLE))

    def _package_renamed(self, before: str, after: str) -> None:
        if self.map.package_path() == before:
            self.map.use_package(after)

    def _job_started(self, _kind: str, log: Path) -> None:
        self.run_panel.begin(log)

    def _warned(self, message: str) -> None:
        self._warnings.append(message)

    def _job_ended(self, kind: str, outcome: Outcome) -> None:
        self.run_panel.end()
        self.refresh()
        if outcome.status == "cancelled":
            self.run_panel.hide()
            self._show_cancelled(kind)
        elif outcome.error is not None:
            self._show_error(outcome.error, (tr("Show the log"), self.run_panel.show_log))
        elif kind == "inspect":
            self.run_panel.hide()
            self._show_listing(outcome.result)
        else:
            self._show_result(kind, outcome.result)
        if kind == "inspect":
            shutil.rmtree(self._folder, ignore_errors=True)

    def _leftover(self, kind: str) -> str:
        return "" if kind == "inspect" else tr("What was written stays in {folder}.").format(folder=self._folder)

    def _show_cancelled(self, kind: str) -> None:
        """Say what a cancelled job left, and offer to use it or to go on."""
        whole, so_far, order = self._folder / WHOLE, self._folder / SO_FAR, self._order
        model = whole if whole.is_file() else so_far if so_far.is_file() else None
        actions: list[tuple[str, Any]] = []
        if model is not None:
            actions.append((tr("Use this model"), lambda: self.use_package(str(model))))
        kept = ""
        if model is not None:
            kept = tr("The model is trained and kept.") if model == whole else tr("The best model so far is kept.")
        if kind == TUNE and (self._folder / BEST).is_file():
            folder, kept = self._folder, tr("The best settings so far are kept.")
            actions.append((tr("Use these settings"), lambda: self._use_settings(folder)))
        finished = len(list((self._folder / MANY).glob(f"*{SUFFIX}")))
        if finished:
            kept = tr("Models finished and kept in the list of models: {n}").format(n=finished)
        if order is not None and (actions or finished or any((self._folder / name).exists() for name in _UNFINISHED)):
            actions.append((tr("Go on"), lambda: self.go_on_with(order)))
        self.notice.say("warning", tr("Cancelled."), "\n".join(filter(None, [kept, self._leftover(kind)])), actions)

    def _use_settings(self, folder: Path) -> None:
        if self.model.take_best(folder):
            self.notice.hide()
            self.open_page(MODEL)

    # ------------------------------------------------------------ results

    def _show_listing(self, result: Mapping[str, Any]) -> None:
        figures = result.get("figures", {})
        self.images.show_listing(self._asked, figures)
        problems = figures.get("problems") or []
        if problems:
            self.notice.say("error", tr("These images cannot be used yet."), "\n".join(problems))
        self.refresh()

    def _show_result(self, kind: str, result: Mapping[str, Any]) -> None:
        taken = "\n".join(filter(None, [self.samples.job_done(kind, result), self.model.job_done(kind, result)]))
        self.transfer.job_done(kind, result)
        if kind == ENSEMBLE and self.models_window is not None:
            self.models_window.show_folder()
            self.models_window.select([Path(str(result.get("outputs", {}).get("package", "")))])
        name = f"CropMap: {Path(str(result.get('run_folder', self._folder))).name}"
        # What came of reference maps its tab shows, where it is asked to.
        loaded = None if kind == TRUST else self.load(result, name)
        actions = [*self._settings_of(kind, result), *self._actions(result, loaded)]
        title = tr("{what}: done.").format(what=title_of(kind))
        lines = [taken, *findings(kind, result), *self._warning_lines()]
        self.notice.say("good", title, "\n".join(filter(None, lines)), actions)
        self._iface.messageBar().pushSuccess("CropMap", title)
        if self.stack.currentIndex() == HISTORY:
            self.open_page(HISTORY)

    def _settings_of(self, kind: str, result: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Offer what a search found where the form was left as it is."""
        if kind != TUNE or better_than_before(result.get("figures", {})):
            return []
        folder = Path(str(result.get("run_folder", self._folder)))
        return [(tr("Use these settings"), lambda: self._use_settings(folder))]

    def load(self, result: Mapping[str, Any], name: str) -> Any:
        """Load a run's layers and show the map; say so where there are none."""
        loaded = load_results(result, name)
        if loaded is not None and "class_map" in loaded.layers:
            class_map = loaded.layers["class_map"]
            # After QGIS has seen the new layers: adding the first ones moves the canvas.
            QTimer.singleShot(0, lambda: zoom_to(self._iface, class_map))
        return loaded

    def load_run(self, run: PastRun) -> None:
        """Load the layers of an earlier run."""
        if self.load(run.result, f"CropMap: {run.folder.name}") is None:
            self.notice.say("warning", tr("This run's files are no longer there."), str(run.folder))

    def reuse(self, run: PastRun) -> None:
        """Fill the pages with an earlier run's settings."""
        if run.kind in {SHIFT, TRANSFER}:
            if "images" in run.params:
                self.images.set_values(run.params)
            self.transfer.set_parameters(run.params)
            self.open_page(CARRY)
            return
        self.map.set_kind(run.kind)
        for page in self.pages:
            page.set_values(run.params)
        self.open_page(IMAGES)

    def _actions(self, result: Mapping[str, Any], loaded: Any) -> list[tuple[str, Any]]:
        actions: list[tuple[str, Any]] = []
        report = str(result.get("outputs", {}).get("report", ""))
        if report:
            actions.append((tr("Open the report"), lambda: self.show_report(report)))
        if loaded is not None and "class_map" in loaded.layers:
            layer = loaded.layers["class_map"]
            actions.append((tr("Zoom to the map"), lambda: zoom_to(self._iface, layer)))
        folder = str(result.get("run_folder", self._folder))
        actions.append((tr("Open the folder"), lambda: open_file(folder)))
        return actions

    def _warning_lines(self) -> list[str]:
        shown = [f"⚠ {shorten(message, _LONGEST, placeholder='…')}" for message in self._warnings[:_WARNINGS]]
        more = len(self._warnings) - len(shown)
        return [*shown, tr("… and {n} more warnings in the report.").format(n=more)] if more else shown

    # ------------------------------------------------------------ what went wrong

    def _show_wrong(self, problems: list[Problem]) -> None:
        first = next((at for at, page in enumerate(self.pages) if page.has_problem(problems)), THE_MAP)
        self.open_page(first)
        text = tr("{n} things are still to be corrected; they are marked on the pages.").format(n=len(problems))
        self.notice.say("error", text)

    def _show_error(self, error: CropMapError, *more: tuple[str, Any]) -> None:
        actions: list[tuple[str, Any]] = list(more)
        if isinstance(error, WorkerError):
            actions.append((tr("Worker environment…"), self.environment_asked.emit))
        self.notice.say_error(error, actions)
        self._iface.messageBar().pushCritical("CropMap", str(error))


def _readable(error: Exception) -> CropMapError:
    return error if isinstance(error, CropMapError) else CropMapError(str(error))


def _scrolled(page: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(page)  # with large letters a page may be wider than the panel: then it is scrolled
    return area


def _line() -> QFrame:
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    line.setFrameShadow(QFrame.Shadow.Sunken)
    return line
