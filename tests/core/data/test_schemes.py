"""Class schemes: their text, their lookups, their refusals."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.cdl import cdl_codes
from cropmap.contract.errors import CropMapError, LegendError, SampleError
from cropmap.contract.scheme_presets import PRESETS
from cropmap.data.cdl import cdl_legend
from cropmap.data.legend import Legend, LegendClass, legend_from_names
from cropmap.data.schemes import ClassScheme, map_scheme, own_scheme, scheme_of, scheme_of_names

EXAMPLE = "Corn #ffd300 = 1, 12, 13; Soybean = 5; Other = 61; left out = 26, 225, 240-241; rest = Other"


def legend(**names: int) -> Legend:
    return Legend(tuple(LegendClass(code, name.replace("_", " "), "#000000") for name, code in names.items()))


# ---------------------------------------------------------------- text


def test_the_example_reads_as_it_says():
    found = scheme_of(EXAMPLE)
    assert found.legend.names == ("Corn", "Soybean", "Other")
    assert found.legend.codes == (0, 1, 2)
    assert found.legend.classes[0].colour == "#ffd300"
    assert found.sources == ((1, 12, 13), (5,), (61,))
    assert found.left_out == (26, 225, 240, 241)
    assert found.rest == "Other"


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE.replace("; ", "\n"),
        EXAMPLE.replace("; ", "\r\n"),
        EXAMPLE.replace("; ", ";\n\n"),
        EXAMPLE.replace("12, ", "12,\n  "),
        EXAMPLE.replace("rest = Other", "Rest=other").replace("left out", "LEFT  OUT").replace("240-241", "240 - 241,"),
        EXAMPLE.replace("Corn #ffd300", '"Corn"#ffd300 [0]'),
        f" ; {EXAMPLE} ; ",
    ],
)
def test_the_same_scheme_may_be_laid_out_in_many_ways(text):
    assert scheme_of(text) == scheme_of(EXAMPLE)


def test_classes_without_a_code_take_the_free_ones_in_order():
    found = scheme_of("a = 1; b [0] = 2; c [7] = 3; d = 4")
    assert dict(zip(found.legend.names, found.legend.codes, strict=True)) == {"b": 0, "a": 1, "d": 2, "c": 7}
    assert found.sources == ((2,), (1,), (4,), (3,))  # by ascending code


def test_names_in_quotes_may_hold_anything():
    found = scheme_of('"a; b" = "x, ""y"" = #1", "12", "1-2"; "rest" = 3; "5" = z')
    assert found.legend.names == ("a; b", "rest", "5")
    assert found.sources[0] == ('x, "y" = #1', "12", "1-2")


NAMES = st.one_of(
    st.text(min_size=1, max_size=12),
    st.text(alphabet='ab12 -,;="#[]\n\r', min_size=1, max_size=8),
    st.sampled_from(["rest", "Rest", "12", "1-2", "left  out", "#ffd300", "[1]", '"', "кукуруз"]),
).filter(lambda name: name.strip() and name.casefold() != "left out")
SOURCES = st.lists(st.one_of(st.integers(0, 254), NAMES), unique=True, min_size=2, max_size=14)
COLOURS = st.from_regex(r"#[0-9a-fA-F]{6}", fullmatch=True)


@st.composite
def schemes(draw: st.DrawFn) -> ClassScheme:
    names = draw(st.lists(NAMES, unique=True, min_size=1, max_size=4))
    codes = draw(st.lists(st.integers(0, 254), unique=True, min_size=len(names), max_size=len(names)))
    classes = Legend(tuple(LegendClass(c, n, draw(COLOURS)) for c, n in zip(codes, names, strict=True)))
    rest = draw(st.sampled_from(["", "left out", *names]))
    sources = draw(SOURCES.filter(lambda listed: len(listed) >= len(names)))
    owner = [*range(len(names)), *draw(st.lists(st.integers(0, len(names)), min_size=14, max_size=14))]
    parts = [tuple(s for s, place in zip(sources, owner, strict=False) if place == k) for k in range(len(names) + 1)]
    return ClassScheme(classes, tuple(parts[:-1]), rest, parts[-1])


@given(schemes())
def test_a_scheme_read_from_its_own_text_is_the_same(scheme):
    assert scheme_of(scheme.to_text()) == scheme


@given(st.one_of(st.text(max_size=60), st.text(alphabet='ab15 0-,;="#[]\n\rrest left out', max_size=60)))
def test_any_text_is_a_scheme_or_an_error_that_helps(text):
    try:
        found = scheme_of(text)
    except LegendError as error:
        assert error.what  # noqa: PT017
        assert error.fix  # noqa: PT017
    else:
        assert scheme_of(found.to_text()) == found


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        ("", "The scheme names no class.", ""),
        ("left out = 1", "The scheme names no class.", ""),
        ("a = 1\nb", "An entry has no '='.", "line 2: b"),
        ("a = b = 1", "An entry has more than one '='.", "line 1: a = b = 1"),
        ("a, b = 1", "A comma stands before the '='.", "line 1: a, b = 1"),
        ("a = 1\n\n= 2", "A class has no name.", "line 3: = 2"),
        ('a = "x', "A quote is not closed.", 'line 1: a = "x'),
        ('a = "x" y', "'\"x\" y' is half in quotes.", 'line 1: a = "x" y'),
        ("a = 1 #ffd300", "'1 #ffd300' holds a '#'.", "line 1: a = 1 #ffd300"),
        ("a [1] x = 2", "'x' is neither a code nor a colour.", "line 1: a [1] x = 2"),
        ("a [1] [2] = 2", "A class has two codes or two colours.", "line 1: a [1] [2] = 2"),
        ("a #ff = 1", "Class 'a' has colour '#ff'.", "line 1: a #ff = 1"),
        ("a [255] = 1", "255 is no class code of a map; they go from 0 to 254.", "line 1: a [255] = 1"),
        ("a = 1; b = 300", "300 is no class code of a map; they go from 0 to 254.", "line 1: b = 300"),
        ("a = " + "9" * 5000, "99999999999999999999... is no class code of a map", "line 1: a = 999"),
        ("a = 1, -1", "-1 is no class code of a map", "line 1: a = 1, -1"),
        ("a = 1.5", "1.5 is no class code of a map", "line 1: a = 1.5"),
        ("a = 5-2", "The range 5-2 runs backwards.", "line 1: a = 5-2"),
        ("a = 1\nb = 2, 1", "The scheme names code 1 twice.", "line 1: a = 1 and line 2: b = 2, 1"),
        ("a = 1-5; left out = 3", "The scheme names code 3 twice.", "line 1: a = 1-5 and line 1: left out = 3"),
        ("a = x, x", "The scheme names 'x' twice.", "line 1: a = x, x"),
        ('a = " "', "A source has an empty name.", 'line 1: a = " "'),
        ("a = 1; a = 2", "Two classes have the name 'a'.", "line 1: a = 1 and line 1: a = 2"),
        ("a [3] = 1; b [3] = 2", "Two classes have the code 3.", "line 1: a [3] = 1 and line 1: b [3] = 2"),
        ("a = 1; b =", "Class 'b' is made of nothing.", "line 1: b ="),
        ('"left out" = 1', "No class can be called 'left out': that stands for what is left out.", "line 1"),
        ("a = 1; rest = b", "The rest goes to 'b', which is no class of the scheme.", "line 1: rest = b"),
        ("a = 1; rest = a, b", "'rest' names one class.", "line 1: rest = a, b"),
        ("a = 1; rest = a; rest = a", "'rest' stands twice in the scheme.", "line 1: rest = a"),
        ("corn_soybean_othr", "An entry has no '='.", "line 1: corn_soybean_othr"),
    ],
)
def test_texts_that_are_no_scheme_are_refused_with_the_place(text, what, where):
    with pytest.raises(LegendError) as caught:
        scheme_of(text)
    assert caught.value.what.startswith(what)
    assert caught.value.where.startswith(where)
    assert caught.value.fix


def test_256_classes_are_too_many():
    with pytest.raises(LegendError, match="has code 255"):
        scheme_of(";".join(f"c{k} = n{k}" for k in range(256)))


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"sources": ((1,),)}, "2 classes have 1 lists of sources."),
        ({"sources": ((1,), (1,))}, "The scheme names code 1 twice."),
        ({"sources": ((1,), ())}, "Class 'b' is made of nothing."),
        ({"sources": ((1,), (255,))}, "255 is no class code"),
        ({"sources": ((1,), (2,)), "rest": "c"}, "The rest goes to 'c'"),
        ({"sources": ((1,), (2,)), "left_out": (2,)}, "The scheme names code 2 twice."),
    ],
)
def test_the_class_itself_refuses_the_same(arguments, what):
    with pytest.raises(LegendError, match=re.escape(what)):
        ClassScheme(legend(a=0, b=1), **arguments)


# ---------------------------------------------------------------- codes of maps


def brute_force(codes: dict[int, int], rest: int | None, source: Legend | None) -> tuple[list[int], list[bool]]:
    """Target and known of each code, by the words of the documentation; for schemes of codes alone."""
    target, known = [], []
    for code in range(256):
        listed = code in (source.codes if source else range(255))
        if code == 255 or (source is None and code == 0 and 0 not in codes):
            found = (255, True)
        elif code in codes:
            found = (codes[code], True)
        else:
            found = (rest, True) if listed and rest is not None else (255, False)
        target.append(found[0])
        known.append(found[1])
    return target, known


@given(schemes(), st.booleans())
def test_lookups_of_codes_equal_brute_force(scheme, named):
    sources = [*zip(scheme.legend.codes, scheme.sources, strict=True), (255, scheme.left_out)]
    codes = {s: code for code, listed in sources for s in listed if isinstance(s, int)}
    rest = 255 if scheme.rest == "left out" else scheme.legend.code_of(scheme.rest) if scheme.rest else None
    source = Legend(tuple(LegendClass(c, f"§{c}§", "#000000") for c in range(0, 250, 3))) if named else None
    if not named and not codes:
        with pytest.raises(LegendError, match="names its sources by their names"):
            scheme.lookup(None)
        return
    found = scheme.lookup(source)
    target, known = brute_force(codes, rest, source)
    np.testing.assert_array_equal(found.known, known)
    np.testing.assert_array_equal(found.target[found.known], np.array(target)[known])
    assert (found.target.dtype, found.known.dtype) == (np.uint8, bool)


def test_names_are_found_in_the_maps_legend_by_what_they_mean():
    found = scheme_of("maize = Kukuruz; wheat = wheat; rest = left out")
    lookup = found.lookup(legend(Corn=4, WHEAT=9, Winter_wheat=10, Mais=200))
    assert [lookup.target[code] for code in (4, 9, 10, 200)] == [0, 1, 255, 0]
    assert np.flatnonzero(lookup.known).tolist() == [4, 9, 10, 200, 255]


def test_no_data_of_a_map_is_no_data_unless_the_scheme_names_it():
    source = legend(Background=0, Corn=1)
    assert scheme_of("Corn = 1; Other = 2; rest = Other").lookup(source).target[0] == 255
    assert scheme_of("Corn = 1; Other = 0").lookup(source).target[0] == 1
    assert scheme_of("Corn = 1; Other = Background").lookup(source).target[0] == 1


def test_a_scheme_for_another_map_is_refused_by_the_names_of_its_codes():
    ours = legend(Corn=0, Soybean=1, Other=2)
    with pytest.raises(LegendError, match=r"puts code 0 under 'left out', and 'Corn', .* under 'Corn'"):
        scheme_of("corn_soybean_other").lookup(ours)
    with pytest.raises(LegendError, match=r"puts code 1 under 'Corn', and 'Soybean', .* under 'Soybean'"):
        scheme_of("Corn = 1; Soybean = 5").lookup(ours)


def test_a_name_that_fits_two_classes_is_refused():
    scheme = scheme_of("Corn = corn; Maize = maize")
    with pytest.raises(LegendError, match="'Kukuruz' fits 'Corn' and 'Maize'"):
        scheme.lookup(legend(Kukuruz=3))
    assert scheme.lookup(legend(maize=3)).target[3] == 1  # exactly


def test_colours_never_tell_a_class():
    source = Legend((LegendClass(7, "Rye", "#ffd300"), LegendClass(8, "Corn", "#123456")))
    lookup = scheme_of("Corn #ffd300 = corn").lookup(source)
    assert np.flatnonzero(lookup.known).tolist() == [8, 255]


def test_numbers_that_are_no_codes_may_be_labels():
    scheme = scheme_of_names(["-1", "1.5", "7", "two-row 2.0"])
    assert scheme_of(scheme.to_text()) == scheme
    assert scheme.codes_of(["1.5", "-1"]).tolist() == [1, 0]


def test_names_that_a_legend_lacks_are_found():
    scheme = scheme_of("Corn = kukuruz, 12, Swet Corn; Other = GRASS/pasture; left out = rice, Cloudz; rest = Other")
    assert scheme.unmatched(cdl_legend()) == ("Swet Corn", "Cloudz")
    assert scheme_of("corn_soybean_other").unmatched(cdl_legend()) == ()


def test_each_class_that_a_map_holds_may_be_one():
    scheme = map_scheme(cdl_legend(), [0, 1, 81, 176, 253])
    assert [found.code for found in scheme.legend.classes] == [1, 176]
    lookup = scheme.lookup(cdl_legend())
    assert lookup.target[[0, 1, 81, 176]].tolist() == [255, 1, 255, 176]
    assert lookup.known[[0, 1, 81, 176, 5]].tolist() == [True, True, True, True, False]
    with pytest.raises(LegendError, match="no class that their legend names"):
        map_scheme(cdl_legend(), [0, 81, 253])


def test_codes_that_nobody_names_are_refused_with_their_counts():
    lookup = scheme_of("Corn = 1; Soybean = 5").lookup(None)
    codes = np.array([[1, 5, 0], [255, 1, 1]])
    np.testing.assert_array_equal(lookup.apply(codes), [[0, 1, 255], [255, 0, 0]])
    with pytest.raises(LegendError, match=r"without an entry .*: 24 \(1 pixels\), 61 \(2 pixels\)\. \(a\.tif\)"):
        lookup.apply(np.array([61, 1, 24, 61]), "a.tif")
    with pytest.raises(LegendError, match="codes from -1 to 700"):
        lookup.apply(np.array([-1, 700]))
    assert lookup.apply(np.empty((0, 3), np.int64)).shape == (0, 3)


# ---------------------------------------------------------------- text labels


def test_labels_are_found_exactly_then_by_case_then_by_meaning():
    scheme = scheme_of("a = corn; b = CORN; c = soja; d = 5; left out = mixed")
    labels = ["corn", "CORN", "soja", "SOJA", "soybeans", "5", "Mixed", "D"]
    assert scheme.codes_of(labels).tolist() == [0, 1, 2, 2, 2, 3, 255, 3]
    assert scheme.codes_of(np.array(labels)).dtype == np.uint8
    with pytest.raises(SampleError, match="'Corn' fits 'a' and 'b'"):
        scheme.codes_of(["Corn"])


def test_the_name_of_a_class_is_a_source_where_no_other_is():
    scheme = scheme_of("corn_soybean_other")
    assert scheme.codes_of(["kukuruz", "Soja", "pšenica"]).tolist() == [0, 1, 2]
    assert scheme.taken_as_rest(["kukuruz", "rye", "pšenica", "rye"]) == ("pšenica", "rye")
    assert scheme_of("Maize = silage maize; Other = maize").codes_of(["Maize"]).tolist() == [1]


def test_labels_that_nobody_names_are_all_told_with_what_is_near():
    with pytest.raises(SampleError) as caught:
        scheme_of("vojvodina_7").codes_of(["maize", "sunflowr", "Q", "sunflowr"])
    assert caught.value.what == "The scheme names no class for 2 labels: 'Q', 'sunflowr' (near 'sunflower')."
    with pytest.raises(SampleError, match=r"'class 26' and 10 more\. "):
        scheme_of("vojvodina_7").codes_of([f"class {k}" for k in range(30)])


@given(st.lists(NAMES, min_size=1, max_size=20))
def test_without_a_scheme_every_label_is_a_class_of_its_own(labels):
    scheme = scheme_of_names(labels)
    assert scheme.legend == legend_from_names(labels)
    assert [scheme.legend.names[code] for code in scheme.codes_of(labels)] == labels
    assert scheme_of(scheme.to_text()) == scheme == own_scheme(scheme.legend)


@given(schemes(), st.lists(NAMES, max_size=5))
def test_any_label_finds_a_class_or_an_error_that_helps(scheme, labels):
    try:
        found = scheme.codes_of(labels)
    except CropMapError as error:
        assert isinstance(error, SampleError)  # noqa: PT017
        assert error.fix  # noqa: PT017
    else:
        assert set(found.tolist()) <= {*scheme.legend.codes, 255}


# ---------------------------------------------------------------- presets


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_their_text(name):
    scheme = scheme_of(f" {name}\n")
    assert scheme_of(scheme.to_text()) == scheme
    assert len({found.colour for found in scheme.legend.classes}) == len(scheme.legend)


def test_corn_soybean_other_leaves_all_double_crops_out():
    scheme = scheme_of("corn_soybean_other")
    target = scheme.lookup(cdl_legend()).target
    assert all(target[code] == 255 for code in cdl_codes("double crop"))
    assert [target[code] for code in (1, 12, 13, 5, 24, 61, 176, 111, 0, 81)] == [0, 0, 0, 1, 2, 2, 2, 2, 255, 255]
    assert scheme.legend.names == ("Corn", "Soybean", "Other")
    known = scheme.lookup(cdl_legend()).known
    np.testing.assert_array_equal(target[known], scheme.lookup(None).target[known])
    assert known.sum() == 134 + 1


def test_cdl_major_names_every_code_of_the_cdl_once():
    scheme = scheme_of("cdl_major")
    named = sorted(source for listed in (*scheme.sources, scheme.left_out) for source in listed)
    assert named == list(cdl_legend().codes)
    assert scheme.lookup(cdl_legend()).known.sum() == 134 + 1


def test_the_second_papers_classes_have_its_names_and_numbers():
    vojvodina = ("barley", "maize", "rapeseed", "soya", "sugarbeet", "sunflower", "wheat")
    assert scheme_of("vojvodina_7").legend.names == vojvodina
    assert scheme_of("vojvodina_7").legend.codes == tuple(range(7))
    brittany = ("barley", "wheat", "rapeseed", "corn", "sunflower", "orchards", "nuts", "permanent meadows")
    assert scheme_of("brittany_9").legend.names == (*brittany, "temporary meadows")
    assert scheme_of("brittany_9").legend.codes == tuple(range(9))


def test_the_two_sites_of_the_second_paper_share_five_classes():
    labels = list(scheme_of("brittany_9").legend.names)
    found = scheme_of("vojvodina_7").to_text() + "rest = left out\n"
    codes = scheme_of(found).codes_of(labels)
    shared = {label: int(code) for label, code in zip(labels, codes, strict=True) if code != 255}
    assert shared == {"barley": 0, "wheat": 6, "rapeseed": 2, "corn": 1, "sunflower": 5}
