"""Events: one line each, and nothing else is mistaken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.errors import GridError
from cropmap.contract.events import (
    CancelledEvent,
    DoneEvent,
    ErrorEvent,
    PointEvent,
    ProgressEvent,
    WarningEvent,
    decode,
    encode,
)

_EVENTS = st.one_of(
    st.builds(ProgressEvent, st.floats(0, 1), st.text()),
    st.builds(WarningEvent, st.text()),
    st.builds(PointEvent, st.text(), st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False))),
    st.builds(DoneEvent, st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text()))),
    st.builds(ErrorEvent, st.text(), st.text(), st.text(), st.text()),
    st.just(CancelledEvent()),
)


@given(_EVENTS)
def test_an_event_survives_its_line(event):
    line = encode(event)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert decode(line) == event


@pytest.mark.parametrize(
    "line",
    ["", "ERROR 1: PROJ", "{", "3", "null", "[]", '["event"]', '"event"', "{}", '{"event": "party"}', '{"event": []}',
     '{"event": "progress"}', '{"event": "warning", "text": "x"}'],
)  # fmt: skip
def test_a_stray_line_is_no_event(line):
    assert decode(line) is None


@given(st.text())
def test_any_text_is_read_without_a_crash(line):
    decode(line)


def test_an_error_event_reads_like_the_error():
    error = GridError("Off by 3 m.", where="a.tif", fix="Warp it.")
    event = ErrorEvent(**error.to_dict())
    assert str(event) == str(error) == "Off by 3 m. (a.tif) Warp it."
    assert event.type == "GridError"
    assert str(ErrorEvent("X", "Only this.")) == "Only this."
