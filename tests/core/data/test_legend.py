"""Legends: codes, names and colours that do not contradict each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.errors import LegendError
from cropmap.data.legend import Legend, LegendClass, legend_from_names, legend_of

MAIZE, WHEAT = LegendClass(7, "maize", "#ffd300"), LegendClass(3, "wheat", "#a57000")


def test_classes_stand_by_ascending_code():
    legend = Legend((MAIZE, WHEAT))
    assert legend.codes == (3, 7)
    assert legend.names == ("wheat", "maize")
    assert len(legend) == 2


def test_a_class_is_found_by_its_name():
    assert Legend((MAIZE, WHEAT)).code_of("maize") == 7
    with pytest.raises(LegendError, match="Known: wheat, maize"):
        Legend((MAIZE, WHEAT)).code_of("rye")


@pytest.mark.parametrize(
    ("classes", "fix"),
    [
        ((), "Give samples with class labels"),
        ((MAIZE, LegendClass(7, "wheat", "#a57000")), "The code 7 stands twice.*unique"),
        ((MAIZE, LegendClass(8, "maize", "#a57000")), "The name 'maize' stands twice.*unique"),
        ((LegendClass(255, "x", "#000000"),), "Choose another code"),
        ((LegendClass(-1, "x", "#000000"),), "Choose another code"),
        ((LegendClass(1, "  ", "#000000"),), "Name it"),
        ((LegendClass(1, "x", "red"),), "Write colours as #rrggbb"),
        ((LegendClass(1, "x", "#00000"),), "Write colours as #rrggbb"),
        ((LegendClass(1, "x", "#000000\n"),), "Write colours as #rrggbb"),
    ],
)
def test_a_legend_that_contradicts_itself_is_refused(classes, fix):
    with pytest.raises(LegendError, match=fix):
        Legend(classes)


def test_plain_values_make_the_legend_again():
    legend = Legend((MAIZE, WHEAT))
    assert legend_of(legend.to_list()) == legend


@pytest.mark.parametrize(
    "entry", [{}, {"code": 1, "name": "x"}, {"code": "one", "name": "x", "colour": "#000000"}, 3, {"code": None}]
)
def test_malformed_entries_are_refused(entry):
    with pytest.raises(LegendError, match="Each needs code, name and colour"):
        legend_of([entry])


def test_a_code_that_is_not_whole_is_refused():
    with pytest.raises(LegendError, match="Each needs code, name and colour"):
        legend_of([{"code": 1.5, "name": "x", "colour": "#000000"}])


def test_names_become_classes_in_alphabetical_order():
    legend = legend_from_names(["wheat", "maize", "wheat", "barley"])
    assert [(found.code, found.name) for found in legend.classes] == [(0, "barley"), (1, "maize"), (2, "wheat")]
    assert legend.classes[1].colour == "#ffd300"


def test_more_classes_than_codes_are_refused():
    with pytest.raises(LegendError, match="at most 255 classes fit"):
        legend_from_names(f"class {k}" for k in range(256))


@given(st.sets(st.text(min_size=1).filter(str.strip), min_size=1, max_size=30))
def test_names_stay_as_users_wrote_them(names):
    legend = legend_from_names(names)
    assert set(legend.names) == names
    assert legend_of(legend.to_list()) == legend
