"""The Processing provider: one algorithm for each job kind, with the catalogue's parameters."""

import json

import pytest
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterDefinition,
)

from cropmap_plugin.house import catalogue
from cropmap_plugin.processing.parameters import definitions, job_values
from cropmap_plugin.processing.provider import CropMapProvider

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


def test_several_rasters_are_a_list_of_their_files(tmp_path):
    prop = {"type": "array", "title": "Maps", "description": "Maps of past years.", "x-kind": "rasters"}
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
