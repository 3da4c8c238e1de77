"""Parameters: declared once, checked, and turned into a schema."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.errors import ParameterError
from cropmap.contract.params import KINDS, REQUIRED, check, chosen, param, parse, schema, specs, to_dict


@dataclass(frozen=True)
class Every:
    folder: str = param(kind="folder", help="Images.")
    window_days: int = param(35, help="Window.", unit="days", low=7, high=120)
    share: float = param(0.5, help="Share.", low=0.0, high=1.0)
    quick: bool = param(False, help="Quick.")
    method: str = param("mean", help="Method.", choices=("mean", "median"))
    start: str = param("", help="Start.", kind="date")
    model: Any = param("forest", help="Model.", kind="entry", registry="models")
    bands: Any = param([], help="Bands.", kind="texts")
    limits: Any = param([], help="Limits.", kind="numbers", low=-10, high=10)
    scale: Any = param({}, help="Scale.", kind="table")
    maps: Any = param([], help="Maps.", kind="rasters")
    classes: str = param("", help="Classes.", kind="scheme")


def _what(**values):
    return [str(problem) for problem in check(schema(Every), {"folder": "x", **values})]


def test_defaults_fill_what_is_not_given():
    found = parse(Every, {"folder": "images"})
    assert found == Every(folder="images")
    assert (found.window_days, found.share, found.bands, found.scale) == (35, 0.5, [], {})


def test_two_parses_share_no_mutable_default():
    assert parse(Every, {"folder": "a"}).bands is not parse(Every, {"folder": "b"}).bands


def test_every_wrong_value_is_told_at_once():
    with pytest.raises(ParameterError) as caught:
        parse(Every, {"window_days": 3, "share": "much", "colour": 1})
    assert [problem.parameter for problem in caught.value.problems] == ["colour", "folder", "window_days", "share"]
    assert "Known: folder, window_days" in str(caught.value)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"window_days": 6}, "window_days: 6 is below 7 days."),
        ({"window_days": 121}, "window_days: 121 is above 120 days."),
        ({"window_days": 21.0}, "window_days: 21.0 is not a whole number."),
        ({"window_days": True}, "window_days: True is not a whole number."),
        ({"share": float("nan")}, "share: nan is not a finite number."),
        ({"share": float("inf")}, "share: inf is not a finite number."),
        ({"quick": 1}, "quick: 1 is not true or false."),
        ({"method": "mode"}, "method: 'mode' is not one of mean, median."),
        ({"start": "2021-13-01"}, "start: '2021-13-01' is not a date. Write it as YYYY-MM-DD."),
        # Newer Pythons read these as dates, older ones do not: a job must mean the same everywhere.
        ({"start": "20210301"}, "start: '20210301' is not a date. Write it as YYYY-MM-DD."),
        ({"start": "2021-W09-1"}, "start: '2021-W09-1' is not a date. Write it as YYYY-MM-DD."),
        ({"model": 3}, "model: 3 names no entry of models."),
        ({"model": {"trees": 3}}, "model: {'trees': 3} names no entry of models."),
        ({"bands": "red"}, "bands: 'red' is not a list of texts."),
        ({"bands": ["red", 1]}, "bands: ['red', 1] is not a list of texts."),
        ({"limits": [1, True]}, "limits: [1, True] is not a list of numbers."),
        ({"limits": [1, float("nan")]}, "limits: [1, nan] is not a list of numbers."),
        ({"limits": [1, -11]}, "limits: -11 is below -10."),
        ({"limits": [1, 11]}, "limits: 11 is above 10."),
        ({"scale": [1]}, "scale: [1] is not a table of numbers."),
        ({"scale": {"red": "a"}}, "scale: {'red': 'a'} is not a table of numbers."),
        ({"scale": {"red": True}}, "scale: {'red': True} is not a table of numbers."),
        ({"maps": "a.tif"}, "maps: 'a.tif' is not a list of rasters' paths."),
        ({"maps": ["a.tif", ""]}, "maps: ['a.tif', ''] is not a list of rasters' paths."),
        ({"maps": ["a\0.tif"]}, "maps: ['a\\x00.tif'] is not a list of rasters' paths."),
        ({"classes": ["corn"]}, "classes: ['corn'] is not text."),
        ({"folder": ""}, "folder: is empty. Images."),
        ({"folder": None}, "folder: None is not text."),
    ],
)
def test_a_wrong_value_is_named_with_its_reason(values, problem):
    assert _what(**values) == [problem]


@pytest.mark.parametrize(
    "values",
    [
        {"window_days": 7},
        {"window_days": 120},
        {"share": 1},
        {"share": 0.0},
        {"start": ""},
        {"start": "2020-02-29"},
        {"model": "transformer"},
        {"model": {"name": "forest", "trees": 3}},
        {"limits": [-10, 2.5]},
        {"scale": {"red": 0.0001, "nir": 1}},
        {"bands": ("red", "nir")},
    ],
)
def test_a_right_value_has_no_problem(values):
    assert _what(**values) == []


def test_whole_numbers_given_for_numbers_become_floats():
    found = parse(Every, {"folder": "x", "share": 1}).share
    assert found == 1.0
    assert isinstance(found, float)


def test_the_schema_is_plain_json_and_names_what_forms_need():
    declared = schema(Every)
    assert json.loads(json.dumps(declared)) == declared
    assert declared["required"] == ["folder"]
    assert declared["additionalProperties"] is False
    assert declared["properties"]["window_days"] == {
        "type": "integer",
        "title": "Window days",
        "description": "Window.",
        "x-kind": "integer",
        "x-unit": "days",
        "minimum": 7,
        "maximum": 120,
        "default": 35,
    }
    assert declared["properties"]["method"]["enum"] == ["mean", "median"]
    assert declared["properties"]["model"]["x-registry"] == "models"


def test_specs_keep_the_order_of_declaration():
    assert [spec.name for spec in specs(Every)] == [field.name for field in dataclasses.fields(Every)]
    assert [spec.name for spec in specs(Every) if spec.required] == ["folder"]
    assert specs(Every)[0].default is REQUIRED


def test_an_unknown_kind_is_a_mistake_of_the_declaration():
    with pytest.raises(ValueError, match="unknown parameter kind 'colour'"):
        param(1, help="x", kind="colour")


def test_an_entry_is_a_name_or_a_name_with_values():
    assert chosen("forest") == ("forest", {})
    given_values = {"name": "forest", "trees": 3}
    assert chosen(given_values) == ("forest", {"trees": 3})
    assert given_values == {"name": "forest", "trees": 3}


@given(
    st.fixed_dictionaries(
        {"folder": st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1)},
        optional={
            "window_days": st.integers(7, 120),
            "share": st.floats(0, 1),
            "quick": st.booleans(),
            "method": st.sampled_from(["mean", "median"]),
            "start": st.dates().map(str),
            "bands": st.lists(st.text()),
            "limits": st.lists(st.floats(-10, 10)),
            "scale": st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False)),
        },
    )
)
def test_values_survive_parsing_writing_and_parsing(values):
    found = parse(Every, values)
    plain = json.loads(json.dumps(to_dict(found)))
    assert parse(Every, plain) == found
    assert all(getattr(found, name) == value for name, value in values.items())


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*schema(Every)["properties"], "colour"]), _ANY))
def test_any_json_is_checked_without_a_crash(values):
    problems = check(schema(Every), values)
    if not problems:
        parse(Every, values)


def test_every_kind_has_a_json_type():
    assert set(KINDS.values()) <= {"integer", "number", "boolean", "string", "object", "array"}


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_no_file_can_hold_is_refused(text):
    with pytest.raises(ParameterError, match="no file can"):
        parse(Every, {"folder": text})
