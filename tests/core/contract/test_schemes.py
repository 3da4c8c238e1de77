"""The text of class schemes, as a form edits it: what is read is what was written."""

from __future__ import annotations

import pytest

from cropmap.contract.errors import LegendError
from cropmap.contract.scheme_presets import PRESETS
from cropmap.contract.schemes import LEFT_OUT, SchemeClass, SchemeText, read_scheme, write_scheme


def test_a_scheme_is_read_entry_by_entry() -> None:
    found = read_scheme("Corn #ffd300 = 1, 12-13; 'Soy' [7] = soja; left out = 26; rest = left out")
    assert [(one.code, one.name, one.sources) for one in found.classes] == [
        (0, "Corn", (1, 12, 13)),
        (7, "'Soy'", ("soja",)),
    ]
    assert found.classes[0].colour == "#ffd300"
    assert (found.rest, found.left_out, found.left_out_where) == (LEFT_OUT, (26,), "line 1: left out = 26")


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_being_written_and_read(name: str) -> None:
    found = read_scheme(name)
    again = read_scheme(write_scheme(found))
    plain = [(one.code, one.name, one.colour, one.sources) for one in found.classes]
    assert [(one.code, one.name, one.colour, one.sources) for one in again.classes] == plain
    assert (again.rest, again.left_out) == (found.rest, found.left_out)


def test_awkward_names_are_quoted() -> None:
    awkward = SchemeText(
        (SchemeClass(3, 'Rest; "wild" = #1, all', "#010203", ("12", "left out", 5, 6, 7, "a,b")),), rest="", left_out=()
    )
    found = read_scheme(write_scheme(awkward)).classes[0]
    assert (found.code, found.name, found.colour, found.sources) == (
        3,
        'Rest; "wild" = #1, all',
        "#010203",
        ("12", "left out", 5, 6, 7, "a,b"),
    )


@pytest.mark.parametrize(
    "text", ["", "Corn", "= 1", 'Corn = "1', "Corn = 1; rest = Wheat", "Corn = 300", "Corn [x] = 1"]
)
def test_what_makes_no_scheme_is_refused_with_the_place(text: str) -> None:
    with pytest.raises(LegendError) as caught:
        read_scheme(text)
    assert caught.value.fix
    assert caught.value.where or not text
