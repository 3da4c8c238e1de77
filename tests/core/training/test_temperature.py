import numpy as np
import pytest
from scipy.optimize import brentq

from cropmap.contract.errors import SampleError
from cropmap.data.probabilities import tempered
from cropmap.training.temperature import HIGHEST, cross_fitted, fit_temperature


def balanced(shares, count=10_000):
    """Probabilities of two classes, and labels that come exactly as often as these say."""
    probabilities, columns = [], []
    for share in shares:
        first = round(share * count)
        probabilities += [[share, 1 - share]] * count
        columns += [0] * first + [1] * (count - first)
    return np.array(probabilities), np.array(columns)


@pytest.mark.parametrize("wrong", [0.4, 1.0, 1.7, 5.0])
def test_the_temperature_that_spoilt_true_probabilities_is_found(wrong):
    true, columns = balanced([0.6, 0.75, 0.9, 0.2])
    spoilt = tempered(true.astype(np.float32), wrong) if wrong != 1 else true
    # To temper by t and then by 1 / t gives back the same.
    assert fit_temperature(spoilt, columns) == pytest.approx(1 / wrong, rel=1e-3)


def test_the_slope_of_the_likelihood_is_zero_there():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.full(4, 0.5), 800)
    columns = np.where(rng.random(800) < 0.6, shares.argmax(axis=1), rng.integers(0, 4, 800))
    scores = np.log(np.maximum(shares, 1e-6))

    def slope(inverse):
        powers = np.exp(scores * inverse - (scores * inverse).max(axis=1, keepdims=True))
        expected = (powers * scores).sum(axis=1) / powers.sum(axis=1)
        aimed = (scores.sum(axis=1) + 800 * scores[np.arange(800), columns]) / 804
        return (expected - aimed).mean()

    assert fit_temperature(shares, columns) == pytest.approx(1 / brentq(slope, 0.05, 20), rel=1e-5)


@pytest.mark.parametrize("count", [1, 3, 50, 1000])
def test_samples_that_are_all_right_are_trusted_the_more_the_more_there_are(count):
    shares = np.tile([0.8, 0.2], (count, 1))
    # Tempered, 0.8 becomes (n + 1) / (n + 2), whose odds are n + 1.
    assert fit_temperature(shares, np.zeros(count, int)) == pytest.approx(np.log(4) / np.log(count + 1), rel=1e-4)


def test_what_is_always_wrong_becomes_as_good_as_uniform():
    assert fit_temperature(np.tile([0.7, 0.3], (100, 1)), np.ones(100, int)) == pytest.approx(HIGHEST, rel=0.02)


def test_rows_without_probabilities_or_class_count_for_nothing():
    shares, columns = balanced([0.8, 0.3], count=50)
    more = np.concatenate([shares, np.full((3, 2), np.nan), [[1.0, 0.0]]])
    assert fit_temperature(more, np.r_[columns, 0, 0, 0, -1]) == fit_temperature(shares, columns)


def test_each_fold_is_tempered_by_the_others():
    rng = np.random.default_rng(1)
    shares = rng.dirichlet(np.ones(3), 300)
    columns, folds = rng.integers(0, 3, 300), rng.integers(-1, 3, 300)
    found = cross_fitted(shares, columns, folds)
    assert np.isnan(found[folds < 0]).all()
    for fold in range(3):
        others = (folds >= 0) & (folds != fold)
        assert set(found[folds == fold]) == {fit_temperature(shares[others], columns[others])}


def test_what_cannot_be_fitted_is_refused():
    shares = np.array([[0.7, 0.3]])
    with pytest.raises(SampleError, match="No sample is left"):
        fit_temperature(shares, np.array([-1]))
    with pytest.raises(SampleError, match="one row"):
        fit_temperature(shares, np.array([0, 1]))
    with pytest.raises(SampleError, match="column 2; the probabilities have 2"):
        fit_temperature(shares, np.array([2]))
    with pytest.raises(SampleError, match="two or more"):
        cross_fitted(shares, np.array([0]), np.array([0]))
