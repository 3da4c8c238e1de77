"""The Processing provider: one algorithm for each job kind, with the catalogue's parameters."""

import json
import re
from pathlib import Path

import pytest
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterDefinition,
    QgsProject,
    QgsVectorLayer,
)

from cropmap_plugin.house import catalogue
from cropmap_plugin.processing.parameters import definitions, job_values
from cropmap_plugin.processing.provider import CropMapProvider
from cropmap_plugin.worker.process import Outcome
from tests.plugin.sample_files import write_sample_file

KINDS = [entry.name for entry in catalogue().entries("jobs")]


@pytest.fixture
def provider(qgis_app):
    found = CropMapProvider()
    QgsApplication.processingRegistry().addProvider(found)
    yield found
    QgsApplication.processingRegistry().removeProvider(found)


@pytest.fixture
def algorithm(provider):
    return lambda kind: QgsApplication.processingRegistry().createAlgorithmById(f"cropmap:{kind}")


class Feedback(QgsProcessingFeedback):
    def __init__(self):
        super().__init__()
        self.warnings, self.fractions = [], []

    def pushWarning(self, warning):
        self.warnings.append(warning)

    def setProgressText(self, text):
        self.fractions.append((self.progress(), text))


def test_there_is_one_algorithm_for_each_job_kind(provider):
    assert sorted(found.name() for found in provider.algorithms()) == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_of_a_job_is_there_and_the_advanced_ones_are_marked(algorithm, kind):
    schema = catalogue().entry("jobs", kind).schema
    chosen = algorithm(kind)  # it owns its parameters
    made = {found.name(): found for found in chosen.parameterDefinitions()}
    for name, prop in schema["properties"].items():
        advanced = bool(made[name.upper()].flags() & QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        if prop["x-kind"] != "entry":
            assert advanced == bool(prop.get("x-advanced"))
        assert made[name.upper()].help() == prop["description"]


def test_the_images_folder_is_a_parameter_of_its_own(algorithm):
    chosen = algorithm("classify")
    path = chosen.parameterDefinition("IMAGES_PATH")
    assert path.type() == "file"
    assert not path.flags() & QgsProcessingParameterDefinition.Flag.FlagOptional


def test_values_become_those_of_a_job_file(algorithm):
    given = {
        "IMAGES_PATH": "/images",
        "IMAGES_SETTINGS": '{"warp": true}',
        "SAMPLES": "/fields.gpkg",
        "FOLDS": 7,
        "MODEL": "transformer",
        "MODEL_SETTINGS": '{"epochs": 3}',
        "DEVICE": "cpu",
        "OUT": "/out",
    }
    schema = catalogue().entry("jobs", "classify").schema
    chosen = algorithm("classify")
    given = {**{p.name(): p.defaultValue() for p in chosen.parameterDefinitions()}, **given}
    values = job_values(schema, given, chosen, QgsProcessingContext())
    assert values["images"] == {"name": "folder", "warp": True, "path": "/images"}
    assert values["model"] == {"name": "transformer", "epochs": 3}
    assert (values["samples"], values["folds"], values["device"]) == ("/fields.gpkg", 7, "cpu")
    assert catalogue().problems("jobs", "classify", values) == []
    assert not {"seed", "threads", "scheme"} & set(values)


@pytest.mark.parametrize("kind", ["rasters", "packages"])
def test_several_rasters_or_packages_are_a_list_of_their_files(tmp_path, kind):
    prop = {"type": "array", "title": "Maps", "description": "Maps of past years.", "x-kind": kind}
    schema = {"properties": {"maps": prop}, "required": ["maps"]}

    class Maps(QgsProcessingAlgorithm):
        def initAlgorithm(self, _configuration=None):
            for definition in definitions(schema):
                self.addParameter(definition)

        def name(self):
            return "maps"

    maps = Maps()
    maps.initAlgorithm()
    assert maps.parameterDefinition("MAPS").type() == "multilayer"
    given = {"MAPS": [str(tmp_path / "2020.tif"), str(tmp_path / "2021.tif")]}
    assert job_values(schema, given, maps, QgsProcessingContext()) == {"maps": given["MAPS"]}


def test_all_that_is_wrong_is_said_before_anything_runs(algorithm):
    good, message = algorithm("inspect").checkParameterValues(
        {"IMAGES": "folder", "IMAGES_PATH": "/x", "IMAGES_SETTINGS": '{"warp": 3, "colour": 1}', "OUT": "/o"},
        QgsProcessingContext(),
    )
    assert not good
    assert "images.warp" in message
    assert "images.colour" in message


def values_of(algorithm, kind, **given):
    chosen = algorithm(kind)
    return job_values(catalogue().entry("jobs", kind).schema, given, chosen, QgsProcessingContext())


def test_a_scheme_that_was_emptied_is_empty_and_one_that_was_not_given_is_the_default(algorithm):
    assert values_of(algorithm, "trust", MAPS=["/2023.tif"]) == {"maps": ["/2023.tif"]}
    assert values_of(algorithm, "trust", MAPS=["/2023.tif"], SCHEME="") == {"maps": ["/2023.tif"], "scheme": ""}


@pytest.mark.parametrize("text", ['{"Corn": 0.9, "Other": 0.7}', "Corn=0.9, Other = 0.7"])
def test_a_table_is_written_as_json_or_as_in_the_panel(algorithm, text):
    assert values_of(algorithm, "design", ACCURACIES=text)["accuracies"] == {"Corn": 0.9, "Other": 0.7}


def test_a_scheme_with_a_mistake_is_refused_before_the_run(algorithm, tmp_path):
    raster = tmp_path / "2023.tif"
    gdal.GetDriverByName("GTiff").Create(str(raster), 2, 2)
    given = {"MAPS": [str(raster)], "OUT": "/o"}
    chosen = algorithm("trust")
    check = chosen.checkParameterValues
    assert check({**given, "SCHEME": "cdl_major"}, QgsProcessingContext()) == (True, "")
    good, message = check({**given, "SCHEME": "Corn = 1; rest = Other"}, QgsProcessingContext())
    assert not good
    assert "'Other', which is no class" in message


def test_layers_that_are_no_plain_files_are_copied_before_the_run(algorithm, fake_python, monkeypatch, tmp_path):
    """One that is in no project, as a model hands them on, and one with a filter."""
    from cropmap_plugin.processing import algorithm as module

    drawn = QgsVectorLayer("Polygon?crs=EPSG:32615", "my site", "memory")
    roads = QgsVectorLayer("LineString?crs=EPSG:32615&field=kind:string", "roads", "memory")
    features = [QgsFeature(roads.fields()) for _ in range(3)]
    for number, feature in enumerate(features):
        feature.setAttributes([f"{number}"])
    roads.dataProvider().addFeatures(features)
    roads.setSubsetString("\"kind\" <> '1'")
    for name in ("package", "images"):
        (tmp_path / name).mkdir()
    given = {"IMAGES": "folder", "IMAGES_PATH": str(tmp_path / "images"), "PACKAGE": str(tmp_path / "package")}
    given |= {"AREA": drawn, "ROADS": roads, "OUT": str(tmp_path / "run"), "LOAD": False}
    orders = []
    monkeypatch.setattr(module, "Worker", lambda order: orders.append(order) or FakeWorker(order))
    chosen = algorithm("suggest")
    _results, good = chosen.run(given, QgsProcessingContext(), QgsProcessingFeedback(), {}, False)
    assert good
    params = orders[0].job.params
    assert [params["area"], params["roads"]] == [str(tmp_path / "run" / f"{name}.gpkg") for name in ("area", "roads")]
    assert QgsVectorLayer(params["roads"], "", "ogr").featureCount() == 2


class FakeWorker:
    def __init__(self, order):
        self.order, self.cancel = order, lambda: None

    def run(self, _listen):
        return Outcome("done", {"outputs": {}})


def outputs_in_the_source(kind):
    """Return the outputs that a job's module names, and those of the modules that it imports."""
    jobs = Path(__file__).resolve().parents[2] / "core/cropmap/jobs"

    def named(module):
        return set(re.findall(r'\boutput\(\s*"(\w+)"', (jobs / f"{module}.py").read_text(encoding="utf-8")))

    seen, todo = set(), [kind]
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            source = (jobs / f"{module}.py").read_text(encoding="utf-8")
            todo += re.findall(r"from cropmap\.jobs\.(\w+) import", source)
    return named(kind), set().union(*map(named, seen))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_declared_is_what_the_job_writes(algorithm, kind):
    own, all_of_them = outputs_in_the_source(kind)
    chosen = algorithm(kind)  # it owns its outputs
    declared = {found.name().lower() for found in chosen.outputDefinitions()} - {"out", "figures"}
    assert own <= declared <= all_of_them
    if kind in {"classify", "demo"}:  # they write what their parts write
        assert declared == all_of_them


def test_samples_are_loaded_in_the_colours_of_their_classes(algorithm, monkeypatch, tmp_path, fake_python):
    from cropmap_plugin.processing import algorithm as module

    path = write_sample_file(tmp_path / "samples.gpkg")
    result = {"outputs": {"samples": path}, "run_folder": str(tmp_path)}
    monkeypatch.setattr(module, "Worker", FakeWorker)
    monkeypatch.setattr(FakeWorker, "run", lambda _self, _listen: Outcome("done", result))
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    given = {"FOLDER": str(tmp_path), "OUT": str(tmp_path / "run")}
    chosen = algorithm("merge")
    results, good = chosen.run(given, context, QgsProcessingFeedback(), {}, False)
    assert good
    assert results["SAMPLES"] == path
    ((loaded, details),) = context.layersToLoadOnCompletion().items()
    layer = QgsVectorLayer(loaded, details.name, "ogr")
    details.postProcessor().postProcessLayer(layer, context, QgsProcessingFeedback())
    assert layer.renderer().classAttribute() == "class"
    assert len(layer.renderer().categories()) == 2


def test_settings_that_are_not_json_are_refused(algorithm):
    with pytest.raises(QgsProcessingException, match="not JSON"):
        job_values(
            catalogue().entry("jobs", "inspect").schema,
            {"IMAGES": "folder", "IMAGES_PATH": "/x", "IMAGES_SETTINGS": "{"},
            algorithm("inspect"),
            QgsProcessingContext(),
        )


def run(algorithm, act, monkeypatch, tmp_path, feedback):
    """Run the demo algorithm with the fake worker; the act goes in beside the declared parameters."""
    from cropmap_plugin.processing import algorithm as module

    monkeypatch.setattr(module, "job_values", lambda *_given: {"act": act})
    context = QgsProcessingContext()
    context.setFeedback(feedback)
    return algorithm("demo").run({"OUT": str(tmp_path / "run"), "LOAD": False}, context, feedback, {}, False)


def test_a_run_gives_outputs_progress_and_warnings(algorithm, fake_python, monkeypatch, tmp_path):
    feedback = Feedback()
    results, good = run(algorithm, "succeed", monkeypatch, tmp_path, feedback)
    assert good
    assert results["REPORT"] == str(tmp_path / "run" / "report.html")
    assert results["OUT"] == str(tmp_path / "run")
    assert json.loads(results["FIGURES"]) == {"samples": 7}
    assert feedback.warnings == ["Two dates are cloudy."]
    assert feedback.fractions[-1] == (80.0, "Step 4")


def test_a_refusal_says_what_where_and_what_to_do(algorithm, fake_python, monkeypatch, tmp_path):
    with pytest.raises(QgsProcessingException) as told:
        run(algorithm, "refuse", monkeypatch, tmp_path, Feedback())
    assert "Class 176 has no name." in str(told.value)
    assert "Where: cdl.tif" in str(told.value)
    assert "What to do: Name it." in str(told.value)


def test_cancel_in_the_dialog_stops_the_worker(algorithm, fake_python, monkeypatch, tmp_path):
    feedback = Feedback()
    monkeypatch.setattr(feedback, "setProgressText", lambda _text: feedback.cancel())
    results, _ = run(algorithm, "wait", monkeypatch, tmp_path, feedback)
    assert results == {}


def test_without_a_worker_the_algorithm_says_what_to_do(algorithm, monkeypatch):
    monkeypatch.delenv("CROPMAP_PYTHON", raising=False)
    good, message = algorithm("map").canExecute()
    assert not good
    assert "CROPMAP_PYTHON" in message
