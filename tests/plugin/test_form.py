"""Forms made from schemas: values go in and come out, and everything wrong is shown at once."""

import pytest
from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtWidgets import QLabel

from cropmap.contract.errors import Problem
from cropmap_plugin.house import catalogue
from cropmap_plugin.widgets.form import SchemaForm


def prop(kind, json_type="string", **more):
    return {"type": json_type, "title": kind.capitalize(), "description": f"A {kind}.", "x-kind": kind, **more}


SCHEMA = {
    "properties": {
        "whole": prop("integer", "integer", minimum=1, maximum=10, default=3),
        "real": prop("number", "number", minimum=1e-7, maximum=1.0, default=5e-4),
        "yes": prop("boolean", "boolean", default=True),
        "word": prop("text", default=""),
        "one": prop("choice", enum=["auto", "cpu"], default="auto"),
        "day": prop("date", default=""),
        "place": prop("folder"),
        "paper": prop("file", default="", **{"x-advanced": True}),
        "model_file": prop("package", default=""),
        "pixels": prop("raster", default=""),
        "shapes": prop("vector", default=""),
        "words": prop("texts", "array", default=[]),
        "numbers": prop("numbers", "array", default=[]),
        "pairs": prop("table", "object", default={}),
        "target": prop("output_folder", default=""),
        "target_file": prop("output_file", default=""),
        "model": prop("entry", "object", default="random_forest", **{"x-registry": "models"}),
    },
    "required": ["place"],
}
VALUES = {
    "whole": 7,
    "real": 1e-6,
    "yes": False,
    "word": "B2",
    "one": "cpu",
    "day": "2021-04-01",
    "place": "/images",
    "paper": "/a/b.json",
    "model_file": "/m.cropmap",
    "pixels": "/map.tif",
    "shapes": "/fields.gpkg",
    "words": ["red", "nir"],
    "numbers": [0.5, 2],
    "pairs": {"red": 0.0001},
    "target": "/out",
    "target_file": "/out.tif",
}


@pytest.fixture
def form(qgis_app):
    return SchemaForm(SCHEMA)


def shown_texts(widget):
    return [label.text() for label in widget.findChildren(QLabel) if not label.isHidden()]


def test_an_untouched_form_gives_only_what_is_required(form):
    assert form.values() == {"place": ""}


def test_values_of_every_kind_come_back_as_they_went_in(form):
    form.set_values(VALUES)
    assert form.values() == VALUES


def test_values_left_out_go_back_to_their_defaults(form):
    form.set_values(VALUES)
    form.set_values({"place": "/images"})
    assert form.values() == {"place": "/images"}


def test_an_entry_comes_back_with_its_own_values(form):
    name = next(e.name for e in catalogue().entries("models") if "epochs" in e.schema["properties"])
    form.set_values({"place": "/x", "model": {"name": name, "epochs": 12}})
    assert form.values()["model"] == {"name": name, "epochs": 12}
    form.set_values({"place": "/x", "model": name})
    assert form.values()["model"] == name


def test_all_problems_are_shown_at_once_each_with_its_field(form):
    form.show_problems([Problem("place", "is empty.", "Choose one."), Problem("paper", "is no JSON.")])
    assert {"Folder is empty. Choose one.", "File is no JSON."} <= set(shown_texts(form))


def test_a_problem_in_a_closed_group_opens_it(form):
    group = form.findChildren(QgsCollapsibleGroupBox)[-1]
    assert group.isCollapsed()
    form.show_problems([Problem("paper", "is no JSON.")])
    assert not group.isCollapsed()


def test_a_problem_goes_away_when_its_field_is_edited_and_the_others_stay(form):
    form.show_problems([Problem("place", "is empty."), Problem("word", "is unknown.")])
    form.editor("place").setFilePath("/x")
    assert "Folder is empty." not in shown_texts(form)
    assert "Text is unknown." in shown_texts(form)


def test_a_problem_of_a_nested_entry_stands_beside_the_nested_field(qgis_app):
    form = SchemaForm(catalogue().entry("jobs", "inspect").schema)
    problems = catalogue().problems("jobs", "inspect", form.values())
    assert [problem.parameter for problem in problems] == ["images.path"]
    form.show_problems(problems)
    assert form.has_problem()
    assert any("is empty" in text for text in shown_texts(form))


def test_text_where_numbers_belong_is_kept_for_the_check_to_refuse(form):
    form.editor("numbers").setText("1, two")
    assert form.values()["numbers"] == [1, "two"]


@pytest.mark.parametrize("kind", list(catalogue().registries["jobs"]))
def test_the_defaults_of_every_job_in_the_catalogue_pass_its_own_check(qgis_app, kind):
    entry = catalogue().entry("jobs", kind)
    form = SchemaForm(entry.schema)
    wrong = {problem.parameter.split(".")[0] for problem in catalogue().problems("jobs", kind, form.values())}
    assert wrong <= set(entry.schema["required"])


@pytest.mark.parametrize("registry", list(catalogue().registries))
def test_every_entry_of_the_catalogue_makes_a_form(qgis_app, registry):
    for entry in catalogue().entries(registry):
        form = SchemaForm(entry.schema)
        form.set_values(entry.defaults)
        assert set(form.values()) <= set(entry.schema["required"])
