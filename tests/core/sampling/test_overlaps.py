"""Pixels that several features claim, against a loop over them."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.errors import SampleError
from cropmap.data.legend import legend_from_names
from cropmap.data.samples import LabelFeatures
from cropmap.sampling.overlaps import each_once

NAMES = ["a", "b", "c"]
LEGEND = legend_from_names(NAMES)


def settled(claims, codes):
    """Keep the claims, (place, feature), of features with these codes."""
    places, feature = np.array(claims, np.int64).T
    ids = np.array([f"f{k}" for k in range(len(codes))])
    shapes = np.full(len(codes), shapely.Point(0, 0))
    features = LabelFeatures(shapes, np.array([NAMES[code] for code in codes]), ids, ids, "", "labels.gpkg")
    return each_once(places, feature, np.array(codes, np.uint8), LEGEND, features)


@given(st.data())
def test_what_is_kept_is_what_a_loop_keeps(data):
    codes = data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=6))
    claim = st.tuples(st.integers(0, 12), st.integers(0, len(codes) - 1))
    claims = sorted(data.draw(st.lists(claim, min_size=1, max_size=40)), key=lambda each: each[1])
    by_place = defaultdict(list)
    for position, (place, feature) in enumerate(claims):
        by_place[place].append((position, codes[feature]))
    agree = {place: own for place, own in by_place.items() if len({code for _, code in own}) == 1}
    kept = {own[0][1] for own in agree.values()}
    lost = {codes[feature] for _, feature in claims} - kept
    contested = len(by_place) - len(agree)
    if 2 * contested > len(by_place) or lost:
        with pytest.raises(SampleError) as caught:
            settled(claims, codes)
        expected = f"{contested} of {len(by_place)}" if 2 * contested > len(by_place) else f"Class {NAMES[min(lost)]!r}"
        assert caught.value.what.startswith(expected)
        return
    found, notes = settled(claims, codes)
    assert found.tolist() == sorted(own[0][0] for own in agree.values())
    repeated = sum(len(own) - 1 for own in agree.values())
    assert [note.split()[0] for note in notes] == [str(count) for count in (contested, repeated) if count]


def test_the_pairs_that_disagree_most_are_named_and_the_others_counted():
    pairs = [(0, 1, 5), (2, 3, 9), (4, 5, 1), (6, 7, 7)]
    claims, place = [], 0
    for one, other, count in pairs:
        for _ in range(count):
            claims += [(place, one), (place, other)]
            place += 1
    claims += [(1000 + k, feature) for feature in range(8) for k in range(10 * feature, 10 * feature + 10)]
    _, notes = settled(sorted(claims, key=lambda each: each[1]), [0, 1, 1, 2, 0, 2, 2, 0])
    assert notes == [
        (
            "22 pixels have labels that contradict each other: left out. Most: 'f2' (b) and 'f3' (c) in 9 pixels; "
            "'f6' (c) and 'f7' (a) in 7 pixels; 'f0' (a) and 'f1' (b) in 5 pixels; 1 more pair."
        )
    ]
