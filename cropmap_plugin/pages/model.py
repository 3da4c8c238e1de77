"""Step 4: the model, its settings, how it is checked, and what can be tried before a map is made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import QgsMapLayerProxyModel
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QPushButton, QWidget

from cropmap.contract.errors import CropMapError, SampleError
from cropmap.contract.job import read_job
from cropmap.contract.params import chosen

from ..house import catalogue, tr
from ..layers.sample_file import SampleFile
from ..widgets.findings import better_than_before
from ..widgets.form import SchemaForm, field_of
from ..widgets.job_dialog import JobDialog
from ..widgets.layers import LayerOrFile
from ..widgets.look import heading, paragraph
from ..widgets.notice import Notice
from .page import FormPage, names_by_page, parameters_of

if TYPE_CHECKING:
    from collections.abc import Mapping

TRAIN, TUNE, COMPARE, EARLY = "train", "tune", "compare_models", "early_season"
BEST = "model.json"  # in a search's run folder
_SET, _MODEL = "sample_set", "model"
_APART = 8  # pixels, before a heading
_POINTS = QgsMapLayerProxyModel.Filter.PointLayer


class ModelPage(FormPage):
    """Chooses the model; trains, tunes and compares models on a sample file."""

    start_asked = pyqtSignal(str, dict)  # a job's kind, and its parameters beyond the pages'
    recipe_asked = pyqtSignal()
    models_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__(
            tr("Model"),
            tr(
                "What learns the crops' seasonal curves. It is checked on parts of the area that it has not seen, so "
                "that neighbouring samples cannot flatter it."
            ),
            names_by_page()["model"],
        )
        self.dialog: JobDialog | None = None
        self._offered = ""
        self._searched: tuple[Any, Any] = (None, None)  # what a search found, and what it was asked for
        self.recipe = paragraph("")
        self.recipe.setTextFormat(Qt.TextFormat.RichText)
        self.recipe.linkActivated.connect(lambda _link: self.recipe_asked.emit())
        self.recipe.setToolTip(tr("A sample file brings the recipe that its series were prepared by."))
        self.source = LayerOrFile(_POINTS, tr("Sample files") + " (*.gpkg)")
        self.notice = Notice()
        self.source.changed.connect(self.notice.hide)
        self.settings = SchemaForm(_schema(TRAIN), self.own_names(TRAIN))
        self.train = self._button(tr("Train"), TRAIN)
        self.tune = self._button(tr("Tune…"), TUNE)
        self.compare = self._button(tr("Compare…"), COMPARE)
        self.early = self._button(tr("How early?"), EARLY)
        self.models = QPushButton(tr("Models…"))
        self.models.clicked.connect(lambda _on=False: self.models_asked.emit())
        self._place()

    def _place(self) -> None:
        self.column.addWidget(self.recipe)
        self.column.addSpacing(_APART)
        self.column.addWidget(heading(tr("Try it on samples")))
        self.column.addWidget(paragraph(tr("Without a map: on a sample file that a run has written, samples.gpkg.")))
        for widget in (self.source, self.notice, self.settings):
            self.column.addWidget(widget)
        self._offer(self.train, tr("Fit this model, and see in the report how well it does."))
        self._offer(
            self.tune, tr("Try settings of this model for some minutes; the best ones come into the form above.")
        )
        self._offer(self.compare, tr("Judge several models on the same folds: which is best, and by how much?"))
        self._offer(
            self.early,
            tr("From which date on can each crop be told apart? Takes the images and samples of this panel."),
        )
        self.column.addSpacing(_APART)
        self.column.addWidget(heading(tr("Trained before")))
        self._offer(self.models, tr("All models so far: compare, rename, copy, delete them, or make maps with one."))
        self.column.addStretch()

    def _offer(self, button: QPushButton, text: str) -> None:
        """Add a button and what it does; both are hidden where the library has no such job."""
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        button.setMinimumWidth(96)
        row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(paragraph(text), 1)
        whole.setVisible(button.property("kind") in {None, *catalogue().registries["jobs"]})
        self.column.addWidget(whole)

    def _button(self, text: str, kind: str) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("kind", kind)
        button.clicked.connect(lambda _on=False: self.ask(kind))
        return button

    # ------------------------------------------------------------ what is shown

    def show_recipe(self, recipe: Any) -> None:
        """Name the recipe in use."""
        name, own = chosen(recipe)
        known = catalogue().registries["recipes"]
        title = tr(known[name].title) if name in known else name
        changed = " " + tr("(with settings of your own)") if own else ""
        link = f"<a href='recipe'>{tr('Change…')}</a>"
        self.recipe.setText(f"{tr('Recipe')}: <b>{title}</b>{changed} · {link}")

    def model(self) -> Any:
        """Return the model chosen: its name, or a table with its name and settings."""
        return self.values().get(_MODEL, parameters_of("classify")[_MODEL]["default"])

    def take_model(self, model: Any) -> None:
        """Show a model and its settings, and leave all other parameters as they are."""
        self.set_values({**self.values(), _MODEL: model})
        self.changed.emit()

    # ------------------------------------------------------------ jobs

    def ask(self, kind: str) -> None:
        """Start a job, or first ask for what it needs beyond the pages."""
        own = self._sample_set(kind)
        if own is None:
            return
        if kind == TRAIN:
            self._start_training(own)
            return
        note = ""
        if kind == TUNE:
            own[_MODEL] = self.model_to_tune()
            note = _kept(own[_MODEL])
        self.dialog = JobDialog(kind, self.own_names(kind), self.model(), self, note=note)
        self.dialog.asked.connect(lambda asked, values: self.start_asked.emit(asked, {**own, **values}))
        self.dialog.open()

    def _start_training(self, own: Mapping[str, Any]) -> None:
        values = {**own, **self.settings.values()}
        problems = [p for p in catalogue().problems("jobs", TRAIN, values) if field_of(p) in self.settings.names()]
        self.settings.show_problems(problems)
        if not problems:
            self.start_asked.emit(TRAIN, values)

    def job_done(self, kind: str, result: Mapping[str, Any]) -> str:
        """Take what a finished job gives: a sample file where none is chosen, the best settings of a search.

        Returns:
            What became of it, for the user; empty where there is nothing to say.
        """
        path = str(result.get("outputs", {}).get("samples", ""))
        if path.endswith(".gpkg") and self.source.path() in {"", self._offered}:
            self.source.set_path(path)
            self._offered = path
        if kind != TUNE:
            return ""
        if not better_than_before(result.get("figures", {})):
            return tr("The settings before do better on samples that the search has not seen: the form keeps them.")
        found = self.take_best(Path(str(result.get("run_folder", ""))))
        return tr("The best settings found stand in the form of the Model step.") if found else ""

    def take_best(self, folder: Path) -> bool:
        """Show the best model that a search found, whole or not; return whether its folder holds one."""
        best = best_model(folder / BEST)
        if best is not None:
            self.take_model(best)
            self._searched = (self.model(), _asked_model(folder))
        return best is not None

    def model_to_tune(self) -> Any:
        """Return the model that a search starts from: what an earlier search found is no setting of the user's."""
        found, asked = self._searched
        return asked if asked is not None and found == self.model() else self.model()

    def _sample_set(self, kind: str) -> dict[str, Any] | None:
        """Return the sample file as a parameter of the job, where it takes one; None, and said why, where it cannot."""
        if _SET not in parameters_of(kind):
            return {}
        path = self.source.path()
        try:
            if not path:
                fix = tr("A run that draws or reads samples writes one: samples.gpkg.")
                raise SampleError(tr("Choose a sample file first."), fix=fix)
            SampleFile(path).check_saved()
        except CropMapError as error:
            self.notice.say_error(error)
            return None
        self.notice.hide()
        return {_SET: path}

    def own_names(self, kind: str) -> list[str]:
        """Return the parameters of a job that no page of the panel asks for."""
        pages = {name for names in names_by_page().values() for name in names}
        return [name for name in parameters_of(kind) if name not in {*pages, _SET}]


def best_model(path: Path) -> Any:
    """Return the model that a search found best, with its settings, from the file that it writes.

    None where there is no such file, or it names no model that this plugin knows.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        name, own = chosen(told)
        problems = catalogue().problems("models", name, own)
    except (OSError, CropMapError, TypeError, KeyError, ValueError, AttributeError):
        return None
    return None if problems else told


def _asked_model(folder: Path) -> Any:
    """Return the model that the run in a folder was asked for; None where that cannot be read."""
    try:
        params = read_job(folder / "job.json").params
    except CropMapError:
        return None
    return params.get(_MODEL, parameters_of(TUNE)[_MODEL]["default"])


def _kept(model: Any) -> str:
    """Return which settings a search leaves as they are; empty where it may try them all."""
    name, own = chosen(model)
    properties = catalogue().entry("models", name).schema["properties"]
    titles = [tr(properties[key]["title"]) for key in own if key in properties]
    return tr("Stays as you set it: {names}.").format(names=", ".join(titles)) if titles else ""


def _schema(kind: str) -> Mapping[str, Any]:
    return catalogue().entry("jobs", kind).schema
