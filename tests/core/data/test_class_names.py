"""One name for each crop."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.data import class_names
from cropmap.data.cdl import cdl_legend
from cropmap.data.class_names import canonical


@pytest.mark.parametrize(
    ("crop", "written"),
    [
        ("corn", ["Corn", "maize", "MAIZE", " Kukuruz ", "кукуруз", "Mais", "maïs", "Porumb"]),
        ("soybean", ["Soybeans", "soy", "Soya", "soja", "Sojabohnen", "soia"]),
        ("sugar beet", ["Sugarbeets", "sugar_beet", "Šećerna repa", "шећерна репа", "Zuckerrüben", "sfeclă de zahăr"]),
        ("rapeseed", ["Canola", "Rape Seed", "oilseed rape", "uljana repica", "уљана репица", "Raps", "colza"]),
        ("wheat", ["Wheat", "pšenica", "пшеница", "Weizen", "blé", "grâu", "grau"]),
        ("winter wheat", ["Winter Wheat", "winter-wheat", "Ozima pšenica", "озима пшеница", "Winterweizen"]),
        ("winter wheat", ["Blé d'hiver", "ble d\u2019hiver", "BLÉ D'HIVER"]),
        ("barley", ["јечам", "Ječam", "Gerste", "orge", "orz"]),
        ("sunflower", ["сунцокрет", "Sonnenblumen", "Tournesol", "Floarea-soarelui"]),
        ("alfalfa", ["Luzerne", "луцерка", "lucerna"]),
        ("clover", ["детелина", "djetelina", "trèfle"]),
    ],
)
def test_a_crop_has_one_name_in_every_language(crop, written):
    assert {canonical(name) for name in written} == {crop}


@pytest.mark.parametrize(
    "names",
    [
        ["wheat", "winter wheat", "spring wheat", "durum wheat", "common wheat", "buckwheat"],
        ["corn", "sweet corn", "Pop or Orn Corn", "silage maize", "grain maize"],
        ["barley", "winter barley", "spring barley"],
        ["rapeseed", "winter rapeseed", "spring rapeseed", "grapes", "rape kale"],
        ["permanent meadows", "temporary meadows", "meadow", "pasture", "grassland"],
        ["peas", "chick peas", "pears"],
        ["potato", "sweet potatoes"],
        ["A+", "A-", "A", "a b"],
        ["?", "??", ""],
        ["1-2", "1 2", "12"],
        ["livada", "orchard", "meadow"],
    ],
)
def test_names_that_mean_different_things_stay_different(names):
    assert len({canonical(name) for name in names}) == len(names)


def test_no_word_stands_for_two_crops():
    words = [
        class_names._plain(word)
        for crop, aliases in class_names._NAMES.items()
        for word in (crop, *aliases.split(", "))
    ]
    assert [word for word, times in Counter(words).items() if times > 1] == []


def test_of_the_cdl_only_the_two_names_of_rape_mean_the_same():
    met = Counter(map(canonical, cdl_legend().names))
    assert {name: times for name, times in met.items() if times > 1} == {"rapeseed": 2}


@given(st.text(max_size=20))
def test_the_one_name_of_a_name_is_itself(name):
    assert canonical(canonical(name)) == canonical(name)
