"""The machine instructions that kernels use, against plain Python and NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cropmap.kernels import kernel
from cropmap.machine import LANES, blend, claim, combine, exchange, fetch, highest, lowest, set_bits, turn, word_of


@kernel
def bits_of(words):
    found = np.empty((len(words), 3), np.int64)
    for place in range(len(words)):
        found[place] = lowest(words[place]), highest(words[place]), set_bits(words[place])
    return found


@kernel
def turned(planes, rows, stride):
    turn(planes, (np.uintp(3), np.uintp(20)), rows, (np.uintp(2), np.uintp(stride)))


@kernel
def combined(start, rows, made):
    combine(start, rows, ((11, 31), (0.3, -2.0)), made, (4, 5))


@kernel
def exchanged(rows):
    exchange(rows, 3, 20)


@kernel
def brought_nearer(numbers):
    fetch(numbers, -5000, 100_000)
    claim(numbers, -5000, 100_000)


@given(st.integers(1, 2**64 - 1))
@settings(deadline=None, max_examples=50)
def test_bits_are_those_of_plain_python(number):
    found = bits_of(np.array([number], np.uint64))[0].tolist()
    text = f"{number:b}"
    assert found == [len(text) - len(text.rstrip("0")), len(text) - 1, text.count("1")]


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 46, 63, 64])
def test_marks_become_the_bits_of_a_word(count):
    marks = np.random.default_rng(count).random(count) > 0.5
    assert int(word_of(marks)) == sum(1 << place for place in np.flatnonzero(marks).tolist())


@pytest.mark.parametrize("count", [1, 8, 9, 20])
def test_blended_vectors_equal_the_formula_in_double_precision(count):
    rng = np.random.default_rng(count)
    known = rng.normal(size=100).astype(np.float32)
    made = np.full(60, 9, np.float32)
    blend(known, (np.uintp(2), np.uintp(31)), 0.3, made, np.uintp(5), np.uintp(count))
    left, right = known[2 : 2 + count].astype(float), known[31 : 31 + count].astype(float)
    np.testing.assert_array_equal(made[5 : 5 + count], (left + 0.3 * (right - left)).astype(np.float32))
    written = -(-count // LANES) * LANES
    assert (made[:5] == 9).all()
    assert (made[5 + written :] == 9).all()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_weighted_sum_of_rows_equals_the_formula_in_double_precision(kind):
    rng = np.random.default_rng(3)
    start, rows = rng.normal(size=40).astype(kind), rng.normal(size=40).astype(np.float32)
    made = np.full(30, 9, kind)
    combined(start, rows, made)
    wide = start.astype(float), rows.astype(float)
    expected = wide[0][4 : 4 + LANES] + 0.3 * wide[1][11 : 11 + LANES] - 2.0 * wide[1][31 : 31 + LANES]
    np.testing.assert_allclose(made[5 : 5 + LANES], expected, rtol=float(np.finfo(kind).eps), atol=1e-15)
    assert (made[:5] == 9).all()
    assert (made[5 + LANES :] == 9).all()


def test_the_smaller_of_each_pair_comes_first():
    rows = np.random.default_rng(4).normal(size=40).astype(np.float32)
    before = rows.copy()
    exchanged(rows)
    pair = before[3 : 3 + LANES], before[20 : 20 + LANES]
    np.testing.assert_array_equal(rows[3 : 3 + LANES], np.minimum(*pair))
    np.testing.assert_array_equal(rows[20 : 20 + LANES], np.maximum(*pair))
    rows[3 : 3 + LANES], rows[20 : 20 + LANES] = pair
    np.testing.assert_array_equal(rows, before)


def test_a_square_is_turned_and_nothing_around_it_is_touched():
    planes = np.arange(200, dtype=np.float32)
    rows = np.full((8, 12), -1, np.float32)
    turned(planes, rows.reshape(-1), 12)
    square = planes[3 : 3 + 160].reshape(8, 20)[:, :8]
    np.testing.assert_array_equal(rows[:, 2:10], square.T)
    assert (rows[:, :2] == -1).all()
    assert (rows[:, 10:] == -1).all()


def test_asking_memory_for_places_outside_an_array_changes_nothing():
    numbers = np.arange(10, dtype=np.float64)
    brought_nearer(numbers[:3])
    assert numbers.tolist() == list(range(10))
