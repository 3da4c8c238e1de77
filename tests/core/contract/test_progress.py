"""Progress: fractions of the whole, and the way out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.progress import Cancelled, Progress


def _recorded():
    told = []
    return told, Progress(lambda fraction, message: told.append((round(fraction, 9), message)))


def test_a_part_covers_its_range_of_the_whole():
    told, progress = _recorded()
    progress.part(0.2, 0.6).at(0.5, "half")
    assert told == [(0.4, "half")]


def test_parts_nest():
    told, progress = _recorded()
    progress.part(0.5, 1.0).part(0.5, 1.0).at(0.0)
    assert told == [(0.75, "")]


@pytest.mark.parametrize(("given_fraction", "reported"), [(-1.0, 0.0), (2.0, 1.0), (0.3, 0.3)])
def test_fractions_stay_between_nothing_and_all(given_fraction, reported):
    told, progress = _recorded()
    progress.at(given_fraction)
    assert told == [(reported, "")]


def test_over_yields_each_item_and_ends_at_all():
    told, progress = _recorded()
    assert list(progress.over(["a", "b"], "reading")) == ["a", "b"]
    assert told == [(0.0, "reading"), (0.5, "reading"), (1.0, "reading")]


def test_over_nothing_is_done_at_once():
    told, progress = _recorded()
    assert list(progress.over([])) == []
    assert told == [(1.0, "")]


def test_every_report_asks_whether_the_user_has_stopped_the_job():
    answers = iter([False, False, True])
    progress = Progress(cancelled=lambda: next(answers))
    done = []
    with pytest.raises(Cancelled):
        done.extend(progress.over([1, 2, 3]))
    assert done == [1, 2]


def test_a_part_is_cancelled_with_the_whole():
    told, _ = _recorded()
    part = Progress(lambda *report: told.append(report), cancelled=lambda: True).part(0.0, 0.5)
    with pytest.raises(Cancelled):
        part.at(0.5)
    with pytest.raises(Cancelled):
        part.check()
    assert told == []


def test_cancelled_is_no_error_of_the_user():
    from cropmap.contract.errors import CropMapError

    assert not issubclass(Cancelled, CropMapError)


def test_warnings_of_parts_reach_the_user():
    heard = []
    Progress(warn=heard.append).part(0.1, 0.2).part(0.0, 1.0).warn("Look out.")
    assert heard == ["Look out."]


def test_the_default_is_silent():
    progress = Progress()
    progress.at(0.5, "x")
    progress.warn("x")
    assert list(progress.over([1])) == [1]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted), max_size=5), st.floats(0, 1))
def test_nested_parts_never_leave_the_whole(ranges, fraction):
    told, progress = _recorded()
    for start, end in ranges:
        progress = progress.part(start, end)
    progress.at(fraction)
    assert 0 <= told[0][0] <= 1


def test_points_reach_the_listener_with_the_name_of_their_curve_from_any_part():
    heard = []
    progress = Progress(point=lambda curve, figures: heard.append((curve, dict(figures))))
    progress.curve("Fold 1").part(0.2, 0.4).also_telling(lambda _message: None).point({"loss": 0.5})
    progress.curve("Forest, run 1").curve("Fold 2").point({"loss": 0.4})
    assert heard == [("Fold 1", {"loss": 0.5}), ("Forest, run 1, Fold 2", {"loss": 0.4})]
