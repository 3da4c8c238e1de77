import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from cropmap.contract.errors import ModelError
from cropmap.data.applicability import FARTHEST, Applicability, nearest
from cropmap.data.legend import NODATA


def area(**changes):
    rng = np.random.default_rng(0)
    reference = rng.normal(size=(20, 4)).astype(np.float32)
    centre, factors = np.arange(4, dtype=np.float32), np.array([1, 2, 0.5, 0], np.float32)
    reference[:, 3] = 0
    return replace(Applicability("inputs", centre, factors, reference, 2.0, 0.5, 0.01), **changes)


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(0, 2500), seed=st.integers(0, 99), spread=st.sampled_from([1e-3, 1.0, 1e4]))
def test_the_nearest_distance_is_scipys(rows, seed, spread):
    rng = np.random.default_rng(seed)
    asked = (rng.normal(size=(rows, 7)) * spread).astype(np.float32)
    reference = rng.normal(size=(13, 7)).astype(np.float32)
    expected = cdist(asked.astype(np.float64), reference.astype(np.float64)).min(axis=1) if rows else np.empty(0)
    np.testing.assert_allclose(nearest(asked, reference), expected, rtol=1e-5)


def test_a_row_of_the_reference_is_not_far_from_itself():
    rows = np.random.default_rng(0).normal(100, 1, size=(1500, 30)).astype(np.float32)
    assert (nearest(rows, rows) == 0).mean() > 0.99


def test_memory_does_not_grow_with_the_rows():
    rng = np.random.default_rng(0)
    rows, reference = rng.normal(size=(40_000, 20)).astype(np.float32), rng.normal(size=(500, 20)).astype(np.float32)
    tracemalloc.start()
    found = nearest(rows, reference)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 40_000
    assert peak < 6e6  # all distances at once: 80 MB


def test_a_row_beyond_float32_is_infinitely_far():
    rows = np.array([[3e38, -3e38], [np.inf, 0], [1, 1]], np.float32)
    found = nearest(rows, np.array([[1, 1]], np.float32))
    assert np.isinf(found[1])
    assert found[0] > 1e38
    assert found[2] == 0


def test_the_index_is_the_distance_over_the_mean_distance():
    own = area()
    rows = np.array([[3.0, 1, 2, 50]], np.float32)
    standardised = (rows - own.centre) * own.factors
    expected = np.sqrt(((own.reference - standardised) ** 2).sum(axis=1)).min() / 2.0
    assert own.index(rows)[0] == pytest.approx(expected, rel=1e-6)


def test_a_feature_without_a_factor_does_not_count():
    own, rows = area(), np.ones((3, 4), np.float32)
    other = rows.copy()
    other[:, 3] = 1e6
    assert own.index(rows).tolist() == own.index(other).tolist()


@pytest.mark.parametrize(
    ("index", "expected"),
    [(0.0, 0), (0.001, 1), (0.25, 50), (0.4999, 100), (0.5, 100), (0.5 + 1e-9, 100), (0.5001, 101), (1.27, FARTHEST),
     (99.0, FARTHEST), (np.inf, FARTHEST), (np.nan, NODATA)],
)  # fmt: skip
def test_percent_of_the_threshold_is_rounded_up(index, expected):
    assert area().percent(np.array([index])).tolist() == [expected]


def test_a_row_that_is_not_finite_has_no_index():
    assert np.isnan(area().index(np.array([[np.nan, 0, 0, 0]], np.float32))).all()


@pytest.mark.parametrize("shape", [(3, 5), (3,), (3, 2, 2)])
def test_rows_of_another_length_are_refused(shape):
    with pytest.raises(ModelError, match="compares 4 features"):
        area().index(np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    "wrong",
    [
        {"space": "pixels"},
        {"threshold": 0.0},
        {"threshold": float("nan")},
        {"mean_distance": float("inf")},
        {"beyond": -0.1},
        {"centre": np.zeros(3, np.float32)},
        {"factors": np.zeros(4, np.float32)},
        {"factors": np.array([1, 1, 1, -1], np.float32)},
        {"factors": np.array([1, 1, 1, np.nan], np.float32)},
        {"reference": np.zeros((0, 4), np.float32)},
        {"reference": np.zeros(4, np.float32)},
        {"reference": np.zeros((2, 4), np.complex64)},
    ],
)
def test_an_area_that_cannot_be_is_refused(wrong):
    with pytest.raises(ModelError, match="Fit it again"):
        area(**wrong)
