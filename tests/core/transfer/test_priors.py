import datetime as dt

import numpy as np
import pytest
from scipy.optimize import minimize

from cropmap.contract.errors import SampleError, TransferError
from cropmap.data.legend import legend_from_names
from cropmap.data.package import NO_SCALING, ModelPackage
from cropmap.data.probabilities import weighted
from cropmap.data.recipe import Recipe
from cropmap.data.season import Season
from cropmap.transfer.priors import (
    calibrating_weights,
    estimate_shares,
    learnt_shares,
    likeliest_shares,
    smoothed_shares,
)

LEVELS, WIDTH = np.array([0.0, 1.2, 2.4]), 0.6
EVEN, SKEWED = np.full(3, 1 / 3), np.array([0.7, 0.1, 0.2])


def drawn(shares, count, seed):
    """Values and classes of a mixture of three normal distributions."""
    rng = np.random.default_rng(seed)
    columns = rng.choice(3, count, p=shares)
    return rng.normal(LEVELS[columns], WIDTH), columns


def posterior(values, shares):
    """What Bayes' rule says of values where classes have these shares: a perfect model of such a place."""
    found = np.exp(-((values[:, None] - LEVELS) ** 2) / (2 * WIDTH**2)) * shares
    return found / found.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("how", ["em", "bbse"])
@pytest.mark.parametrize("shares", [SKEWED, EVEN, np.array([0.02, 0.9, 0.08])])
def test_shares_of_a_place_without_labels_are_found(how, shares):
    values, columns = drawn(EVEN, 4000, 0)
    target, truth = drawn(shares, 8000, 1)
    found = estimate_shares(posterior(values, EVEN), columns, posterior(target, EVEN), how)
    np.testing.assert_allclose(found, np.bincount(truth, minlength=3) / 8000, atol=0.04)
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize("how", ["em", "bbse"])
def test_the_source_seen_as_a_target_has_its_own_shares_even_where_the_model_is_wrong(how):
    values, columns = drawn(SKEWED, 1000, 2)
    wrong = posterior(values, EVEN) ** 3
    wrong /= wrong.sum(axis=1, keepdims=True)
    shares = np.bincount(columns, minlength=3) / 1000
    np.testing.assert_allclose(estimate_shares(wrong, columns, wrong, how), shares, atol=1e-5)


def test_the_likelihood_is_highest_there():
    target, _ = drawn(SKEWED, 500, 3)
    probabilities = posterior(target, EVEN)

    def loss(free):
        shares = np.exp(free - free.max())
        shares /= shares.sum()
        return -np.log((probabilities / EVEN) @ shares).mean()

    best = minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-10}).x
    expected = np.exp(best - best.max()) / np.exp(best - best.max()).sum()
    np.testing.assert_allclose(likeliest_shares(probabilities, EVEN), expected, atol=1e-5)


def test_one_step_towards_them_is_that_of_the_paper():
    probabilities = np.array([[0.8, 0.2], [0.4, 0.6], [0.9, 0.1]])
    learnt = np.array([0.5, 0.5])
    shares = likeliest_shares(probabilities, learnt)
    corrected = probabilities * shares / learnt
    # At the end, correction gives probabilities whose mean is the shares.
    np.testing.assert_allclose((corrected / corrected.sum(axis=1, keepdims=True)).mean(axis=0), shares, atol=1e-6)


def test_mistakes_are_undone_by_the_inverse_of_the_confusion():
    # Of 10 of class 0, 8 are told right; of 10 of class 1, 6. At the target half of the labels are 0.
    columns = np.repeat([0, 1], 10)
    told = np.array([0] * 8 + [1] * 2 + [0] * 4 + [1] * 6)
    target = np.eye(2)[np.array([0] * 50 + [1] * 50)]
    # 0.8 s + 0.4 (1 - s) = 0.5: s = 0.25.
    np.testing.assert_allclose(estimate_shares(np.eye(2)[told], columns, target, "bbse"), [0.25, 0.75])


def test_shares_below_nothing_are_nothing():
    columns = np.repeat([0, 1], 10)
    told = np.array([0] * 8 + [1] * 2 + [0] * 4 + [1] * 6)
    target = np.eye(2)[np.zeros(10, int)]  # more zeros than the model can make of any mix
    np.testing.assert_allclose(estimate_shares(np.eye(2)[told], columns, target, "bbse"), [1, 0])


@pytest.mark.parametrize("how", ["em", "bbse"])
def test_rows_with_gaps_and_samples_without_class_count_for_nothing(how):
    values, columns = drawn(EVEN, 300, 4)
    target, _ = drawn(SKEWED, 300, 5)
    source, other = posterior(values, EVEN), posterior(target, EVEN)
    gap = np.full((1, 3), np.nan)
    found = estimate_shares(
        np.concatenate([source, gap, source[:1]]), np.r_[columns, 0, -1], np.concatenate([gap, other]), how
    )
    np.testing.assert_allclose(found, estimate_shares(source, columns, other, how))


@pytest.mark.parametrize("how", ["em", "bbse"])
def test_a_class_without_source_samples_has_no_share(how):
    probabilities = np.array([[0.9, 0.1, 0], [0.2, 0.8, 0]] * 5)
    found = estimate_shares(probabilities, np.array([0, 1] * 5), np.array([[0.3, 0.3, 0.4]] * 6), how)
    assert found[2] == 0
    assert found.sum() == pytest.approx(1)


def test_what_cannot_be_estimated_is_refused():
    good, columns = posterior(*[drawn(EVEN, 9, 0)[0], EVEN]), np.zeros(9, int)
    with pytest.raises(TransferError, match="Choose one of em, bbse"):
        estimate_shares(good, columns, good, "guess")
    with pytest.raises(TransferError, match="Let one model predict both"):
        estimate_shares(good, columns, good[:, :2])
    with pytest.raises(SampleError, match="of the source is left"):
        estimate_shares(good, columns - 1, good)
    with pytest.raises(SampleError, match="of the target is left"):
        estimate_shares(good, columns, good[:0])


@pytest.mark.parametrize("learnt", [EVEN, np.array([0.1, 0.1, 0.8])])
def test_class_weights_make_a_model_of_other_shares_right_on_average(learnt):
    values, columns = drawn(SKEWED, 4000, 6)
    shares = np.bincount(columns, minlength=3) / 4000
    wrong = posterior(values, learnt)
    found = calibrating_weights(wrong, shares)
    np.testing.assert_allclose(weighted(wrong.astype(np.float32), found.tolist()).mean(axis=0), shares, atol=1e-5)
    # Bayes: the true weights are the ratio of the shares.
    expected = SKEWED / learnt
    np.testing.assert_allclose(found, expected / expected.max(), rtol=0.12)


def test_calibrating_weights_are_the_likeliest_biases():
    values, columns = drawn(SKEWED, 600, 7)
    wrong = posterior(values, EVEN)

    def loss(bias):
        scores = np.log(wrong) + bias
        top = scores.max(axis=1, keepdims=True)
        total = np.log(np.exp(scores - top).sum(axis=1)) + top[:, 0]
        return (total - scores[np.arange(600), columns]).mean()

    best = minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-9}).x
    found = np.log(calibrating_weights(wrong, np.bincount(columns, minlength=3) / 600))
    np.testing.assert_allclose(found - found.mean(), best - best.mean(), atol=1e-4)


def test_a_class_that_is_never_answered_keeps_its_weight():
    found = calibrating_weights(np.array([[0.5, 0.5, 0], [0.8, 0.2, 0]]), np.array([0.4, 0.3, 0.3]))
    assert found[2] == 1
    assert (calibrating_weights(np.empty((0, 2)), np.array([0.5, 0.5])) == 1).all()


def test_a_class_that_was_not_drawn_has_a_small_share():
    np.testing.assert_allclose(smoothed_shares(np.array([0, 0, 1]), 3), [3 / 6, 2 / 6, 1 / 6])


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([{"name": "random_forest", "trees": 3, "balance": "weights"}], [0.5, 0.5]),
        (["random_forest"], [0.8, 0.2]),
        ([{"name": "random_forest", "trees": 3, "balance": "weights"}, "random_forest"], [0.65, 0.35]),
    ],
)
def test_an_ensemble_assumes_the_shares_that_its_members_do(members, expected):
    legend = legend_from_names(["corn", "soybean"])
    season = Season(dt.date(2023, 4, 1), dt.date(2023, 4, 2))
    days, record = np.arange(2, dtype=np.int32), {"samples": {"corn": 80, "soybean": 20}}
    params = {"members": members, "copies": 2}
    package = ModelPackage(
        "ensemble", params, {}, Recipe("own", season, ()), days, ("red",), legend, NO_SCALING, "", record
    )
    np.testing.assert_allclose(learnt_shares(package), expected)
