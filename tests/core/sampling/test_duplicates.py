"""Samples that stand twice, and the one list of all suspects."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from cropmap.contract.errors import SampleError
from cropmap.data.doubts import Doubts
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.sampling.duplicates import find_duplicates
from cropmap.sampling.review import ranked

LEGEND = Legend(tuple(LegendClass(code, name, "#ffd300") for code, name in ((1, "Corn"), (5, "Soy"), (24, "Wheat"))))


def samples_of(codes, series=None, places=None, years=()):
    """Samples whose series and places are told by a letter each; all differ where none is given."""
    count = len(codes)
    series = series or [chr(97 + k) for k in range(count)]
    places = places or [chr(97 + k) for k in range(count)]
    return SampleSet(
        values=np.array([[[ord(letter) / 7], [0.1]] for letter in series], np.float32),
        codes=np.asarray(codes, np.uint8),
        ids=np.array([f"P{k:04d}" for k in range(count)]),
        x=np.array([ord(letter) * 30.0 for letter in places]),
        y=np.zeros(count),
        groups=np.array([f"g{k}" for k in range(count)]),
        days=np.array([0, 7], np.int32),
        bands=("NDVI",),
        legend=LEGEND,
        recipe=Recipe("weekly", Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30)), ()),
        crs="",
        years=np.array(years, np.int16),
    )


def told(doubts):
    return dict(
        zip(doubts.positions.tolist(), zip(doubts.suggested.tolist(), doubts.why.tolist(), strict=True), strict=True)
    )


def test_one_series_with_two_labels_makes_both_doubtful():
    contradicted, repeating = find_duplicates(samples_of([1, 5, 24], series=["a", "a", "b"]))
    assert told(contradicted) == {
        0: ("Soy", "the same series as P0001, which is labelled Soy"),
        1: ("Corn", "the same series as P0000, which is labelled Corn"),
    }
    assert len(repeating) == 0


def test_the_commonest_label_of_a_series_is_not_doubted():
    contradicted, _ = find_duplicates(samples_of([1, 5, 5, 24], series=["a", "a", "a", "b"]))
    assert told(contradicted) == {0: ("Soy", "the same series as P0001, which is labelled Soy")}


def test_one_place_with_two_labels_in_a_season_is_doubtful_and_in_two_years_a_rotation():
    contradicted, repeating = find_duplicates(samples_of([1, 5], places=["a", "a"]))
    assert told(contradicted)[0] == ("Soy", "at the same place as P0001, which is labelled Soy")
    for found in find_duplicates(samples_of([1, 5], places=["a", "a"], years=[2022, 2023])):
        assert len(found) == 0
    assert len(repeating) == 0


def test_what_repeats_a_sample_is_named_but_the_first_is_not():
    contradicted, repeating = find_duplicates(samples_of([1, 5, 1, 1], series=["a", "b", "a", "a"]))
    assert len(contradicted) == 0
    assert told(repeating) == {
        2: ("", "the same series as P0000, with the same label"),
        3: ("", "the same series as P0000, with the same label"),
    }


def test_a_contradicted_sample_is_not_told_to_repeat_one_too():
    contradicted, repeating = find_duplicates(samples_of([1, 1, 5], series=["a", "b", "b"], places=["a", "a", "b"]))
    assert set(told(contradicted)) == {1, 2}
    assert len(repeating) == 0


def test_series_differ_by_a_single_bit():
    samples = samples_of([1, 5])
    values = np.repeat(samples.values[:1], 2, axis=0)
    values[1, 0, 0] = np.nextafter(values[0, 0, 0], np.float32(9))
    near = SampleSet(**{**samples.__dict__, "values": values})
    assert [len(found) for found in find_duplicates(near)] == [0, 0]


def doubts(positions, suggested):
    return Doubts(
        np.array(positions, np.int64),
        np.array(suggested, np.str_),
        np.array([f"because {k}" for k in positions], np.str_),
    )


def test_the_first_check_ranks_first_and_reasons_add_up():
    first, second = doubts([4, 1], ["Soy", ""]), doubts([2, 1], ["", "Corn"])
    found = ranked(6, [first, second])
    assert found.rank.tolist() == [0, 2, 3, 0, 1, 0]
    assert found.suggested.tolist() == ["", "Corn", "", "", "Soy", ""]
    assert found.why.tolist() == ["", "because 1; because 1", "because 2", "", "because 4", ""]
    assert set(found.verdict.tolist()) == {""}
    assert ranked(6, [first, second], most=1).rank.tolist() == [0, 0, 0, 0, 1, 0]
    assert ranked(3, []).rank.tolist() == [0, 0, 0]


def test_a_check_names_a_sample_once():
    with pytest.raises(SampleError, match="names a sample twice"):
        doubts([1, 1], ["", ""])
    with pytest.raises(SampleError, match="2 suspects have 1 suggestions"):
        doubts([1, 2], [""])
