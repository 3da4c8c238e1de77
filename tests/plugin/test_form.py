"""Forms made from schemas: values go in and come out, and everything wrong is shown at once."""

import pytest
from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtWidgets import QLabel

from cropmap.contract.errors import Problem
from cropmap_plugin.house import catalogue
from cropmap_plugin.widgets.form import EntriesEditor, SchemaForm


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
        "maps": prop("rasters", "array", default=[]),
        "members": prop("packages", "array", default=[]),
        "classes": prop("scheme", default=""),
        "shapes": prop("vector", default=""),
        "words": prop("texts", "array", default=[]),
        "numbers": prop("numbers", "array", default=[]),
        "pairs": prop("table", "object", default={}),
        "target": prop("output_folder", default=""),
        "target_file": prop("output_file", default=""),
        "model": prop("entry", "object", default="random_forest", **{"x-registry": "models"}),
        "steps": prop("entries", "array", default=[{"name": "linear"}], **{"x-registry": "steps"}),
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
    "maps": ["/2020.tif", "/2021.tif"],
    "members": ["/north.cropmap", "/south.cropmap"],
    "classes": "Corn = 1\nOther = 2, 3",
    "shapes": "/fields.gpkg",
    "words": ["red", "nir"],
    "numbers": [0.5, 2],
    "pairs": {"red": 0.0001},
    "target": "/out",
    "target_file": "/out.tif",
    "steps": [{"name": "enough_clear", "min_clear": 3}, {"name": "linear"}],
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


def test_digits_that_are_not_shown_stay_until_the_number_is_changed(form):
    form.set_values({"place": "/x", "real": 3.5156458637523697e-06})
    assert form.values()["real"] == 3.5156458637523697e-06
    form.editor("real").setValue(0.25)
    assert form.values()["real"] == 0.25


def test_an_empty_list_says_how_to_write_one_and_promises_nothing(form):
    assert {form.editor(name).placeholderText() for name in ("words", "numbers")} == {"separated by commas"}
    assert form.editor("word").placeholderText() == "automatic"


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


# ---------------------------------------------------------------- lists of entries


STEPS = prop("entries", "array", default=[{"name": "linear"}], **{"x-registry": "steps"})


@pytest.fixture
def steps(qgis_app):
    editor = EntriesEditor(STEPS)
    editor.set_value([{"name": "enough_clear", "min_clear": 3}, {"name": "linear", "step_days": 10}])
    return editor


def test_entries_move_and_go(steps):
    first, second = steps.value()
    steps._rows[1].up.click()
    assert steps.value() == [second, first]
    steps._rows[0].remove.click()
    assert steps.value() == [first]
    steps.add()
    assert len(steps.value()) == 2


def test_the_first_entry_cannot_move_up_nor_the_last_down(steps):
    assert [row.up.isEnabled() for row in steps._rows] == [False, True]
    assert [row.down.isEnabled() for row in steps._rows] == [True, False]


def test_entries_come_back_from_their_file(steps, tmp_path):
    kept = steps.value()
    steps.write(tmp_path / "steps.json")
    steps.set_value([])
    steps.read(tmp_path / "steps.json")
    assert steps.value() == kept


@pytest.mark.parametrize("text", ["no json", "[1, 2]", '{"a": 1}', '[{"name": "no_such_step"}]', "7"])
def test_a_file_of_something_else_changes_nothing_and_is_named(steps, tmp_path, text):
    kept = steps.value()
    path = tmp_path / "odd.json"
    path.write_text(text)
    steps.read(path)
    assert steps.value() == kept
    assert "odd.json" in steps._wrong.text()


def test_a_problem_of_one_entry_stands_in_that_entry(qgis_app):
    form = SchemaForm({"properties": {"steps": STEPS}, "required": []})
    form.set_values({"steps": [{"name": "linear"}, {"name": "enough_clear"}]})
    form.show_problems([Problem("steps[1].min_clear", "0 is below 1 dates.")])
    rows = form.findChildren(EntriesEditor)[0]._rows
    assert [row.editor.has_problem() for row in rows] == [False, True]
    assert form.has_problem()


@pytest.mark.parametrize("recipe", [entry.name for entry in catalogue().entries("recipes")])
def test_every_recipe_has_a_form_whose_defaults_are_right(qgis_app, recipe):
    schema = catalogue().entry("jobs", "prepare").schema
    form = SchemaForm(schema, ["recipe"])
    form.set_values({"recipe": recipe})
    asked = {"images": {"name": "folder", "path": "/images"}, **form.values()}
    assert asked.get("recipe", "weekly_linear") == recipe
    assert catalogue().problems("jobs", "prepare", asked) == []
