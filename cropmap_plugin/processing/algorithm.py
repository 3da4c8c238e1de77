"""One algorithm class for every job kind; the catalogue says what each takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsMapLayer,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProcessingOutputFile,
    QgsProcessingOutputHtml,
    QgsProcessingOutputRasterLayer,
    QgsProcessingOutputString,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFolderDestination,
    QgsVectorLayer,
)

from cropmap.contract.errors import LegendError
from cropmap.contract.events import Event, ProgressEvent, WarningEvent
from cropmap.contract.job import Job
from cropmap.contract.schemes import read_scheme

from ..house import CORE, catalogue, icon, tr
from ..layers.results import style_samples
from ..settings import worker_python
from ..worker.process import Order, Outcome, Worker
from .parameters import definitions, job_values, write_copies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qgis.PyQt.QtGui import QIcon

    from cropmap.contract.errors import Problem

_OUT, _LOAD, _FIGURES = "OUT", "LOAD", "FIGURES"
_LAYERS = ("confidence", "outside", "class_map", "trusted", "samples", "points", "next_points", "validation_points")
_SAMPLES = ("samples", "points")  # those in the colours of their classes
# What a training tells in tables; those that it has no figures for are left out.
_TABLES = ("accuracy", "confusion", "folds", "split", "profiles", "curves", "calibration", "importance")
# What each job kind writes, beside its figures; a model can hand these on to the next algorithm.
_OUTPUTS = {
    "inspect": (),
    "compare": ("report", "compare", "summary"),
    "prepare": ("cube", "quality"),
    "import_series": ("series", "listing"),
    "trust": ("trusted", "points", "report", "yield", "agreement", "counts", "scheme"),
    "sample": ("samples", "scheme"),
    "review": ("samples", "suspects", "profiles", "report"),
    "merge": ("samples",),
    "suggest": ("next_points",),
    "design": ("validation_points", "strata", "design"),
    "train": ("package", "report", *_TABLES),
    "tune": ("report", "model", "trials", "held_out"),
    "compare_models": ("report",),
    "early_season": ("report", "curve", "first_dates"),
    "shift": ("report", "target_series"),
    "transfer": ("package", "report", "target_series"),
    "ensemble": ("package",),
    "map": ("class_map", "confidence", "outside"),
    "assess": ("report", "accuracy", "confusion"),
}
_ALL = ("class_map", "confidence", "outside", "report", "package", "samples", "scheme", *_TABLES)
_OUTPUT_KINDS: dict[str, Any] = {
    "class_map": QgsProcessingOutputRasterLayer,
    "confidence": QgsProcessingOutputRasterLayer,
    "outside": QgsProcessingOutputRasterLayer,
    "cube": QgsProcessingOutputRasterLayer,
    "quality": QgsProcessingOutputRasterLayer,
    "trusted": QgsProcessingOutputRasterLayer,
    "samples": QgsProcessingOutputVectorLayer,
    "points": QgsProcessingOutputVectorLayer,
    "next_points": QgsProcessingOutputVectorLayer,
    "validation_points": QgsProcessingOutputVectorLayer,
    "report": QgsProcessingOutputHtml,
}


class JobAlgorithm(QgsProcessingAlgorithm):
    """A job kind as a Processing algorithm: it starts a worker and passes on what that says.

    Args:
        kind: Name of the job kind in the catalogue.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind
        self._entry = catalogue().entry("jobs", kind)
        self._values: dict[str, Any] = {}
        self._folder = Path()

    def createInstance(self) -> JobAlgorithm:
        """Return a new algorithm of the same kind."""
        return JobAlgorithm(self._kind)

    def name(self) -> str:
        """Return what scripts call it."""
        return self._kind

    def displayName(self) -> str:
        """Return what users call it."""
        return tr(self._entry.title)

    def shortHelpString(self) -> str:
        """Return what it does."""
        cited = f"<p><i>{self._entry.citation}</i></p>" if self._entry.citation else ""
        said = tr("It runs outside QGIS, in the worker environment (menu Raster, CropMap).")
        return f"<p>{tr(self._entry.summary)}</p>{cited}<p>{said}</p>"

    def icon(self) -> QIcon:
        """Return the plugin's icon."""
        return icon()

    def initAlgorithm(self, configuration: Any = None) -> None:  # noqa: ARG002 - QGIS's signature
        """Declare the parameters that the catalogue lists, and the outputs."""
        for definition in definitions(self._entry.schema):
            self.addParameter(definition)
        self.addParameter(QgsProcessingParameterFolderDestination(_OUT, tr("Folder for results")))
        if set(_LAYERS) & set(self._outputs()):
            self.addParameter(QgsProcessingParameterBoolean(_LOAD, tr("Open the layers in the project"), True))
        for name in self._outputs():
            kind = _OUTPUT_KINDS.get(name, QgsProcessingOutputFile)
            self.addOutput(kind(name.upper(), tr(name.replace("_", " ").capitalize())))
        self.addOutput(QgsProcessingOutputString(_FIGURES, tr("Figures (JSON)")))

    def canExecute(self) -> tuple[bool, str]:  # noqa: N802 - QGIS's name
        """Return whether there is a worker environment, and what to do where there is none."""
        return worker_python() is not None, _no_worker()

    def checkParameterValues(self, parameters: Mapping[str, Any], context: QgsProcessingContext) -> tuple[bool, str]:  # noqa: N802
        """Return whether the values are right, and all that is wrong with them."""
        good, message = super().checkParameterValues(parameters, context)
        if not good:
            return good, message
        values = job_values(self._entry.schema, parameters, self, context)
        wrong = [str(problem) for problem in self._problems(values)] + self._scheme_errors(values)
        return not wrong, "\n".join(wrong)

    def prepareAlgorithm(  # noqa: N802 - QGIS's name
        self,
        parameters: Mapping[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,  # noqa: ARG002 - QGIS's signature
    ) -> bool:
        """Read the values in the main thread, where layers may be copied for the worker."""
        values = job_values(self._entry.schema, parameters, self, context)
        self._folder = Path(self.parameterAsString(dict(parameters), _OUT, context)).resolve()
        self._values = write_copies(values, self, parameters, (context, self._folder))
        return True

    def processAlgorithm(
        self, parameters: Mapping[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the job and return its outputs.

        Raises:
            QgsProcessingException: The job refused or died; the text says what, where and how to go on.
        """
        python = worker_python()
        if python is None:
            raise QgsProcessingException(_no_worker())
        worker = Worker(Order(Job(self._kind, self._values, str(self._folder)), python.path, CORE))
        feedback.canceled.connect(worker.cancel)
        outcome = worker.run(lambda event: _pass_on(event, feedback))
        if outcome.status == "done":
            return self._results(outcome, parameters, context)
        if outcome.error is not None:
            raise QgsProcessingException(_explained(outcome, worker.order.log))
        feedback.pushInfo(tr("Cancelled."))
        return {}

    def _outputs(self) -> tuple[str, ...]:
        return _OUTPUTS.get(self._kind, _ALL)

    def _problems(self, values: Mapping[str, Any]) -> list[Problem]:
        return catalogue().problems("jobs", self._kind, values)

    def _scheme_errors(self, values: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with how a class scheme is written."""
        properties = self._entry.schema["properties"]
        try:
            for name in (name for name, value in values.items() if properties[name]["x-kind"] == "scheme" and value):
                read_scheme(values[name])
        except LegendError as error:
            return [str(error)]
        return []

    def _results(
        self, outcome: Outcome, parameters: Mapping[str, Any], context: QgsProcessingContext
    ) -> dict[str, Any]:
        outputs = outcome.result.get("outputs", {})
        if _LOAD in parameters and not self.parameterAsBoolean(dict(parameters), _LOAD, context):
            shown: Iterator[str] = iter(())
        else:
            shown = (name for name in _LAYERS if name in outputs and name in self._outputs())
        for name in shown:
            self._load_when_over(str(outputs[name]), context, styled=name in _SAMPLES)
        found = {name.upper(): outputs[name] for name in self._outputs() if name in outputs}
        figures = json.dumps(outcome.result.get("figures", {}), ensure_ascii=False)
        return {**found, _OUT: outcome.result.get("run_folder", ""), _FIGURES: figures}

    @staticmethod
    def _load_when_over(path: str, context: QgsProcessingContext, *, styled: bool) -> None:
        if context.project() is None:
            return
        title = tr(Path(path).stem.replace("_", " ").capitalize())
        details = QgsProcessingContext.LayerDetails(title, context.project(), title)
        if styled:
            details.setPostProcessor(_STYLER)
        context.addLayerToLoadOnCompletion(path, details)


class _Styler(QgsProcessingLayerPostProcessorInterface):
    """Gives samples the colours of their classes, in the main thread."""

    def postProcessLayer(  # noqa: N802 - QGIS's name
        self,
        layer: QgsMapLayer,
        context: QgsProcessingContext,  # noqa: ARG002 - QGIS's signature
        feedback: QgsProcessingFeedback,  # noqa: ARG002
    ) -> None:
        """Style a layer that was loaded."""
        if isinstance(layer, QgsVectorLayer):
            style_samples(layer, {})


_STYLER = _Styler()  # QGIS does not keep it


def _pass_on(event: Event, feedback: QgsProcessingFeedback) -> None:
    if isinstance(event, ProgressEvent):
        feedback.setProgress(100.0 * event.fraction)
        feedback.setProgressText(event.message)
    elif isinstance(event, WarningEvent):
        feedback.pushWarning(event.message)


def _explained(outcome: Outcome, log: Path) -> str:
    error = outcome.error
    if error is None:
        return ""
    parts = [error.what, error.where and tr("Where: {where}").format(where=error.where)]
    parts += [error.fix and tr("What to do: {fix}").format(fix=error.fix), tr("Log: {log}").format(log=log)]
    return "\n".join(part for part in parts if part)


def _no_worker() -> str:
    return tr(
        "There is no worker environment yet. Make one in QGIS (menu Raster, CropMap, Worker environment), or set the "
        "variable CROPMAP_PYTHON to a Python that has the library's requirements."
    )
