import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cropmap.contract.errors import ModelError
from cropmap.data.probabilities import check_class_weights, tempered, weighted


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


# ---------------------------------------------------------------- class weights


def test_weights_of_new_share_over_learnt_share_are_bayes_rule():
    # Two classes, a test that is right in 90 %: learnt at even shares, used where 1 % is ill.
    found = weighted(np.array([[0.9, 0.1]], np.float32), (0.01 / 0.5, 0.99 / 0.5))
    np.testing.assert_allclose(found, [[0.009 / 0.108, 0.099 / 0.108]], rtol=1e-6)
    assert found.dtype == np.float32


def test_no_weights_change_no_byte_and_equal_ones_nothing():
    values = np.random.default_rng(1).dirichlet(np.ones(4), 9).astype(np.float32)
    assert weighted(values, ()) is values
    np.testing.assert_allclose(weighted(values, (3.0,) * 4), values, rtol=1e-6)


def test_a_class_of_weight_nothing_is_never_answered():
    values = np.array([[0.99, 0.005, 0.005], [1, 0, 0], [np.nan] * 3], np.float32)
    found = weighted(values, (0.0, 3.0, 1.0))
    assert found[0].tolist() == [0, 0.75, 0.25]
    # All that is allowed has probability 0: the allowed share it by weight.
    assert found[1].tolist() == [0, 0.75, 0.25]
    assert np.isnan(found[2]).all()
    assert weighted(np.empty((0, 3), np.float32), (0, 1, 1)).shape == (0, 3)


@given(
    hnp.arrays(np.float32, (6, 4), elements=st.floats(0.0009765625, 1, width=32)),
    st.lists(st.floats(1e-3, 1e3), min_size=4, max_size=4),
    st.lists(st.floats(1e-3, 1e3), min_size=4, max_size=4),
)
def test_weights_one_after_the_other_are_their_product(values, first, second):
    shares = (values / values.sum(axis=1, keepdims=True)).astype(np.float32)
    once = weighted(shares, [one * other for one, other in zip(first, second, strict=True)])
    np.testing.assert_allclose(weighted(weighted(shares, first), second), once, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(once.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    "weights", [(1.0,), (1.0, 1.0, 1.0), (0.0, 0.0), (1.0, -1.0), (1.0, np.nan), (1.0, np.inf), ()]
)
def test_weights_that_do_not_fit_are_refused(weights):
    with pytest.raises(ModelError, match="finite weight of 0 or more"):
        check_class_weights(weights, 2)
