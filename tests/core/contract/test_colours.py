"""Colours that nobody chose."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.colours import class_colours

MAIZE, SOY, WHEAT, RAPE, WATER, GRASS = "#ffd300", "#267000", "#a57000", "#d1ff00", "#4970a3", "#9ccb66"


@pytest.mark.parametrize(
    ("name", "colour"),
    [
        ("Corn", MAIZE),
        ("silage maize", MAIZE),
        ("Soybeans", SOY),
        ("winter_wheat", WHEAT),
        ("Winter Rapeseed", RAPE),
        ("Open Water", WATER),
        ("Grassland/Pasture", GRASS),
        ("Sugarbeets", "#a800e3"),
        ("Sugar beet", "#a800e3"),
        ("Other crops", "#d3d3d3"),
        ("Deciduous Forest", "#2a6e3f"),
    ],
)
def test_familiar_crops_have_their_familiar_colour(name, colour):
    assert class_colours([name]) == [colour]


@pytest.mark.parametrize(
    ("name", "colour"), [("Grapes", RAPE), ("Watermelons", WATER), ("Licorice", "#00a8e3"), ("Buckwheat", WHEAT)]
)
def test_a_crop_word_inside_another_word_does_not_count(name, colour):
    assert class_colours([name]) != [colour]


@given(st.lists(st.text(min_size=1) | st.sampled_from(["corn", "maize", "wheat", "other"]), min_size=1, max_size=40))
def test_every_class_has_a_well_formed_colour(names):
    colours = class_colours(names)
    assert len(colours) == len(names)
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)


def test_no_two_of_thirty_classes_share_a_colour():
    names = ["corn", "maize", "winter wheat", "spring wheat", *(f"crop {k}" for k in range(26))]
    assert len(set(class_colours(names))) == 30
