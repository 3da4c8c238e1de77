"""Distances between two sets of numbers against SciPy, scikit-learn, direct sums and what is known beforehand."""

import itertools

import numpy as np
import pytest
from scipy.stats import false_discovery_control, ks_2samp
from sklearn.metrics import roc_auc_score

from cropmap.transfer.distances import (
    adjusted,
    auc,
    domain_auc,
    effect_sizes,
    gaussian_kernel,
    joined_units,
    ks_distances,
    ks_exact_p,
    ks_p,
    median_distance,
    mmd2,
    mmd_test,
    total_variation,
)

RNG = np.random.default_rng(7)
ONE = RNG.normal(0, 1, (40, 3, 2))
OTHER = RNG.normal(0.4, 1.2, (55, 3, 2))


def test_the_distance_of_distribution_functions_is_scipys_column_by_column():
    found = ks_distances(ONE, OTHER)
    for step, band in itertools.product(range(3), range(2)):
        theirs = ks_2samp(ONE[:, step, band], OTHER[:, step, band])
        assert abs(found[step, band]) == pytest.approx(theirs.statistic, abs=1e-12)
        # SciPy's sign tells which function lies above at the place; the higher function has the smaller values.
        assert np.sign(found[step, band]) == theirs.statistic_sign


def test_equal_values_count_once_and_missing_ones_not_at_all():
    one, other = np.round(ONE, 0), np.round(OTHER, 0)
    gaps = np.where(RNG.random(one.shape) < 0.2, np.nan, one)
    for k in range(3):
        theirs = ks_2samp(gaps[:, k, 0][~np.isnan(gaps[:, k, 0])], other[:, k, 0]).statistic
        assert abs(ks_distances(gaps, other)[k, 0]) == pytest.approx(theirs, abs=1e-12)
    assert np.isnan(ks_distances(np.full((3, 1), np.nan), np.ones((3, 1)))).all()


def test_identical_sets_are_not_apart_and_disjoint_ones_wholly():
    assert ks_distances(ONE, ONE).tolist() == np.zeros((3, 2)).tolist()
    assert (ks_distances(ONE, ONE + 100) == 1).all()
    assert (ks_distances(ONE, ONE - 100) == -1).all()
    assert ks_exact_p(0.0, 36) == 1.0
    # Two of all the ways to order 2 x 4 values part them wholly.
    assert ks_exact_p(1.0, 4) == pytest.approx(2 / 70)


@pytest.mark.parametrize("count", [2, 7, 36])
def test_the_exact_p_is_scipys_for_every_distance(count):
    places = np.arange(count, dtype=float)
    assert ks_exact_p(1 / count, count) == 1  # two different orders are always so far apart
    for ahead in range(2, count + 1):
        # So many values beyond all others, and no two equal, make the distance exactly ahead / count.
        theirs = ks_2samp(places, np.where(places >= ahead, places, places + 1000) - 0.5, method="exact")
        assert theirs.statistic == pytest.approx(ahead / count)
        assert ks_exact_p(-ahead / count, count) == pytest.approx(theirs.pvalue, rel=1e-9)


def test_the_exact_p_counts_every_order_of_few_values():
    count, distance = 4, 0.5
    reached = total = 0
    for places in itertools.combinations(range(2 * count), count):
        mine = np.array(places, float)
        theirs = np.array([k for k in range(2 * count) if k not in places], float)
        reached += abs(ks_distances(mine[:, None], theirs[:, None])[0]) >= distance - 1e-9
        total += 1
    assert ks_exact_p(distance, count) == pytest.approx(reached / total)


def test_the_p_of_large_sets_is_scipys():
    one, other = RNG.normal(0, 1, 900), RNG.normal(0.08, 1, 1100)
    theirs = ks_2samp(one, other, method="asymp")
    assert ks_p(np.array([theirs.statistic]), 900, 1100)[0] == pytest.approx(theirs.pvalue, rel=1e-9)


def test_adjusted_p_values_are_scipys_and_missing_ones_stay():
    p = RNG.random((6, 5)) ** 3
    np.testing.assert_allclose(adjusted(p), false_discovery_control(p.ravel()).reshape(p.shape), rtol=1e-12)
    p[2, 3] = np.nan
    found = adjusted(p)
    assert np.isnan(found[2, 3])
    np.testing.assert_allclose(found[np.isfinite(p)], false_discovery_control(p[np.isfinite(p)]), rtol=1e-12)


def test_effect_sizes_are_pooled_standard_deviations():
    found = effect_sizes(ONE, OTHER)
    one, other = ONE[:, 1, 0], OTHER[:, 1, 0]
    pooled = np.sqrt((39 * one.var(ddof=1) + 54 * other.var(ddof=1)) / 93)
    assert found[1, 0] == pytest.approx((other.mean() - one.mean()) / pooled)
    assert effect_sizes(np.ones((4, 1)), np.ones((4, 1)))[0] == 0
    assert effect_sizes(np.ones((4, 1)), np.full((4, 1), 2.0))[0] == np.inf
    assert np.isnan(effect_sizes(np.full((4, 1), np.nan), np.ones((4, 1)))[0])


def _direct(x, y, bandwidths, *, unbiased):
    def kernel(a, b):
        return np.mean([np.exp(-((a - b) ** 2).sum() / (2 * s**2)) for s in bandwidths])

    def mean(first, second, *, same):
        pairs = [
            kernel(a, b)
            for i, a in enumerate(first)
            for j, b in enumerate(second)
            if not (same and unbiased and i == j)
        ]
        return np.mean(pairs)

    return mean(x, x, same=True) + mean(y, y, same=True) - 2 * mean(x, y, same=False)


@pytest.mark.parametrize("unbiased", [False, True])
def test_the_discrepancy_is_the_double_sum(unbiased):
    x, y = ONE[:9, :, 0], OTHER[:7, :, 0]
    for bandwidths in ((1.3,), (0.5, 1.0, 4.0)):
        expected = _direct(x, y, bandwidths, unbiased=unbiased)
        assert mmd2(x, y, bandwidths, unbiased=unbiased) == pytest.approx(expected, abs=1e-12)


def test_the_width_is_the_median_distance_of_pairs():
    points = ONE[:9, :, 0]
    pairs = [np.linalg.norm(a - b) for a, b in itertools.combinations(points, 2)]
    assert median_distance(points) == pytest.approx(np.median(pairs))
    assert mmd2(points[:4], points[4:]) == pytest.approx(mmd2(points[:4], points[4:], (float(np.median(pairs)),)))
    assert median_distance(np.zeros((4, 2))) == 1.0


def test_a_set_is_no_distance_from_itself_and_two_points_have_a_closed_form():
    assert mmd2(ONE, ONE) == pytest.approx(0, abs=1e-12)
    x, y = np.zeros((1, 1)), np.full((1, 1), 3.0)
    assert mmd2(x, y, (2.0,)) == pytest.approx(2 - 2 * np.exp(-9 / 8))
    assert np.diag(gaussian_kernel(ONE, (1.0,))).tolist() == [1.0] * 40


def test_values_far_from_zero_lose_nothing_to_rounding():
    assert mmd2(ONE[:8] + 1e6, OTHER[:8] + 1e6, (1.0,)) == pytest.approx(mmd2(ONE[:8], OTHER[:8], (1.0,)), abs=1e-6)


def test_the_permutation_test_finds_a_shift_and_keeps_its_level():
    def p_of(seed, by):
        rng = np.random.default_rng(seed)
        sides = rng.normal(0, 1, (30, 3)), rng.normal(by, 1, (40, 3))
        return mmd_test(sides, (np.arange(30), np.arange(40)), rng, 99)[1]

    assert max(p_of(seed, 1.0) for seed in range(5)) == 0.01
    # Where nothing differs p is evenly spread: 60 draws below 0.1 are about 6, and hardly ever 15.
    assert sum(p_of(seed, 0.0) <= 0.1 for seed in range(60)) < 15


def test_whole_units_change_sides_so_that_copies_prove_nothing():
    def p_of(seed, copies):
        rng = np.random.default_rng(seed)
        units = np.repeat(np.arange(6), copies)
        sides = tuple(np.repeat(rng.normal(0, 1, (6, 2)), copies, axis=0) + rng.normal(0, 0.05, (6 * copies, 2))
                      for _ in range(2))  # fmt: skip
        by_units = mmd_test(sides, (units, units), rng, 99)[1]
        own = np.arange(6 * copies)
        return by_units, mmd_test(sides, (own, own), rng, 99)[1]

    found = np.array([p_of(seed, 20) for seed in range(20)])
    assert (found[:, 0] <= 0.05).sum() <= 4
    assert (found[:, 1] <= 0.05).sum() >= 15  # what counting every copy as independent would claim


def test_the_share_of_pairs_in_order_is_scikit_learns():
    scores, positive = np.round(RNG.normal(0, 1, 200), 1), RNG.random(200) < 0.3
    assert auc(scores, positive) == pytest.approx(roc_auc_score(positive, scores))
    assert auc(np.zeros(10), np.arange(10) < 3) == 0.5


def test_a_classifier_tells_sites_apart_on_unseen_units_only_where_they_differ():
    rng = np.random.default_rng(3)
    units = np.repeat(np.arange(20), 15)
    # Every unit has a look of its own, alike at both sites: learnt by heart it would part them, on unseen units not.
    sides = [rng.normal(0, 1, (20, 8)).repeat(15, axis=0) + rng.normal(0, 0.1, (300, 8)) for _ in range(2)]
    assert 0.2 < domain_auc((sides[0], sides[1]), (units, units), np.random.default_rng(0)) < 0.75
    assert domain_auc((sides[0], sides[1]), (np.arange(300), np.arange(300)), np.random.default_rng(0)) > 0.75
    assert domain_auc((sides[0], sides[1] + 3), (units, units), np.random.default_rng(0)) > 0.95


def test_the_auc_of_two_normal_sites_is_the_known_one():
    rng = np.random.default_rng(5)
    sides = rng.normal(0, 1, (3000, 1)), rng.normal(1, 1, (3000, 1))
    # P(b > a) of two normals one deviation apart is Phi(1 / sqrt 2) = 0.7602.
    assert domain_auc(sides, (np.arange(3000), np.arange(3000)), rng) == pytest.approx(0.7602, abs=0.02)


def test_what_differs_in_how_values_go_together_is_for_the_discrepancy():
    rng = np.random.default_rng(6)
    sign = rng.choice([-1, 1], (2, 200, 1))
    # Both columns go together at one site and against each other at the other: no mean differs.
    sides = [np.concatenate([sign[k], (1 - 2 * k) * sign[k]], axis=1) + rng.normal(0, 0.3, (200, 2)) for k in range(2)]
    units = np.arange(200), np.arange(200)
    assert domain_auc((sides[0], sides[1]), units, rng) < 0.65
    assert mmd_test((sides[0], sides[1]), units, rng, 99)[1] == 0.01


def test_units_of_the_second_side_come_after_the_firsts():
    count, numbers = joined_units(np.array(["b", "a", "b"]), np.array([7, 7, 9]))
    assert (count, numbers.tolist()) == (4, [1, 0, 1, 2, 2, 3])


def test_shares_apart_are_half_their_differences():
    assert total_variation(np.array([0.5, 0.5, 0.0]), np.array([0.2, 0.5, 0.3])) == pytest.approx(0.3)
    assert total_variation(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1
