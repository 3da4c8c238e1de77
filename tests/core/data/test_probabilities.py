import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cropmap.contract.errors import ModelError
from cropmap.data.probabilities import tempered


def test_scores_divided_by_the_temperature_are_softmaxed():
    scores = np.random.default_rng(0).normal(0, 3, (50, 5))
    given_ = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    for temperature in (0.3, 2.5):
        expected = np.exp(scores / temperature) / np.exp(scores / temperature).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(tempered(given_.astype(np.float32), temperature), expected, rtol=1e-4)


def test_a_temperature_of_one_changes_no_byte():
    values = np.random.default_rng(1).random((9, 4), np.float32)
    assert tempered(values, 1.0).tobytes() == values.tobytes()


@given(
    hnp.arrays(np.float32, (6, 4), elements=st.floats(0.0009765625, 1, width=32)),
    st.floats(1e-3, 1e6),
)
def test_labels_never_change(values, temperature):
    shares = values / values.sum(axis=1, keepdims=True)
    found = tempered(shares, temperature)
    np.testing.assert_array_equal(found.argmax(axis=1), shares.argmax(axis=1))
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_neighbours_in_float32_stay_apart_and_equals_stay_equal():
    half = np.float32(0.5)
    near = np.array([[half, np.nextafter(half, np.float32(1))], [half, half]])
    found = tempered(near, 1000)
    assert found.argmax(axis=1).tolist() == [1, 0]
    assert found[1, 0] == found[1, 1]


def test_certain_and_missing_rows_and_the_extremes():
    values = np.array([[1, 0, 0], [0.5, 0.5, 0], [np.nan] * 3], np.float32)
    for temperature in (1e-300, 0.1, 10, 1e300):
        found = tempered(values, temperature)
        assert found[0].tolist() == [1, 0, 0]
        assert found[1].tolist() == [0.5, 0.5, 0]
        assert np.isnan(found[2]).all()
    assert tempered(np.array([[0.9, 0.1]], np.float32), 1e-300).tolist() == [[1, 0]]
    assert tempered(np.empty((0, 3), np.float32), 2).shape == (0, 3)


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
def test_what_is_no_temperature_is_refused(temperature):
    with pytest.raises(ModelError, match="above 0"):
        tempered(np.ones((1, 1), np.float32), temperature)
