from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.errors import SampleError
from cropmap.sampling.allocation import METHODS, Strata, allocate

# Olofsson et al. 2014, Remote Sensing of Environment 148, 42-57, section 5: shares of the map's classes, their expected
# user's accuracies, and the 641 samples that a standard error of 0.01 takes.
SHARES, USERS, SAMPLES = (0.020, 0.015, 0.320, 0.645), np.array([0.70, 0.60, 0.90, 0.95]), 641


def strata(*sizes: int, **more) -> Strata:
    return Strata(np.array(sizes, np.int64), **more)


def variance(numbers, sizes, accuracies) -> float:
    """Variance of the stratified estimate of a total, without the correction for finite strata."""
    deviation = np.sqrt(accuracies * (1 - accuracies))
    return float((np.array(sizes) ** 2 * deviation**2 / np.array(numbers)).sum())


def test_the_published_proportional_and_equal_allocation():
    classes = strata(*(round(1e6 * share) for share in SHARES))
    assert allocate("proportional", SAMPLES, classes).tolist() == [13, 10, 205, 413]
    assert allocate("equal", SAMPLES, classes).tolist() == [161, 160, 160, 160]


def test_neyman_is_the_closed_form():
    classes = strata(*(round(1e6 * share) for share in SHARES), accuracies=USERS)
    product = np.array(SHARES) * np.sqrt(USERS * (1 - USERS))
    found = allocate("neyman", 100_000, classes)
    assert np.allclose(found, 100_000 * product / product.sum(), atol=1)
    assert found.sum() == 100_000


@pytest.mark.parametrize("total", [12, 18, 24, 30])
def test_neyman_varies_the_least_of_all_allocations(total):
    sizes, accuracies = (40, 30, 9), np.array([0.5, 0.8, 0.6])
    found = allocate("neyman", total, strata(*sizes, accuracies=accuracies, minimum=1))
    every = [
        (first, second, total - first - second)
        for first, second in itertools.product(range(1, total), repeat=2)
        if 0 < total - first - second <= sizes[2] and first <= sizes[0] and second <= sizes[1]
    ]
    best = min(every, key=lambda numbers: variance(numbers, sizes, accuracies))
    assert variance(found, sizes, accuracies) <= 1.01 * variance(best, sizes, accuracies)
    assert np.abs(found - best).max() <= 1


def test_neyman_within_bounds_is_the_best_within_them():
    # Unbounded: 12 * (60, 30, 6) / 96. The first has but 4, the last gets at least 2.
    sizes, accuracies = np.array([4, 60, 12]), np.array([0.5, 0.5, 0.5])
    found = allocate("neyman", 14, strata(*sizes, accuracies=accuracies, minimum=3))
    every = [(a, b, c) for a, b, c in itertools.product(range(3, 5), range(3, 61), range(3, 13)) if a + b + c == 14]
    assert tuple(found) == min(every, key=lambda numbers: variance(numbers, sizes, accuracies))


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_power_makes_bankiers_sum_least(power):
    # Bankier 1988: the sum of (X^q CV)^2, where CV is the relative error of a class's mean, here its accuracy p.
    sizes, accuracies = np.array([9_000_000, 1_000_000, 250_000]), np.array([0.9, 0.8, 0.6])

    def loss(numbers):
        return float(((sizes * accuracies) ** (2 * power) * (1 - accuracies) / accuracies / numbers).sum())

    found = allocate("power", 10_000, strata(*sizes, accuracies=accuracies, power=power))
    for giver, taker in itertools.permutations(range(3), 2):
        moved = found.copy()
        moved[giver] -= 5
        moved[taker] += 5
        assert loss(moved) > loss(found)


def test_power_1_is_neyman():
    sizes, accuracies = (9_000_000, 1_000_000, 250_000), np.array([0.9, 0.8, 0.6])
    found = allocate("power", 10_000, strata(*sizes, accuracies=accuracies, power=1.0))
    assert (found == allocate("neyman", 10_000, strata(*sizes, accuracies=accuracies))).all()


def test_what_a_class_cannot_take_goes_to_the_others():
    assert allocate("equal", 100, strata(10, 1000, 1000)).tolist() == [10, 45, 45]
    assert allocate("equal", 100, strata(10, 40, 1000, 0)).tolist() == [10, 40, 50, 0]
    assert allocate("proportional", 100, strata(10, 980, 10, minimum=5)).tolist() == [5, 90, 5]


def test_a_random_draw_has_the_hypergeometric_mean_and_variance():
    sizes = np.array([500, 300, 200])
    found = np.array([allocate("random", 100, strata(*sizes), np.random.default_rng(seed)) for seed in range(2000)])
    share = sizes / 1000
    mean, spread = 100 * share, np.sqrt(100 * share * (1 - share) * 900 / 999)
    assert np.all(np.abs(found.mean(axis=0) - mean) < 4 * spread / np.sqrt(2000))
    assert np.allclose(found.std(axis=0), spread, rtol=0.08)


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=6), st.integers(0, 150), st.integers(0, 150), st.integers(0, 9)
)
def test_a_larger_random_draw_goes_on_where_a_smaller_stopped(sizes, one, other, seed):
    half = sum(sizes) // 2
    fewer, more = sorted([min(one, half), min(other, half)])
    first, second = (
        allocate("random", number, strata(*sizes), np.random.default_rng(seed)) for number in (fewer, more)
    )
    assert (first <= second).all()


@given(
    st.sampled_from(METHODS),
    st.lists(st.integers(0, 1000), min_size=1, max_size=8),
    st.integers(0, 4000),
    st.integers(0, 20),
)
def test_the_sum_is_exact_and_every_bound_is_kept(method, sizes, total, minimum):
    minimum = 0 if method == "random" else minimum
    classes = strata(*sizes, minimum=minimum)
    least = np.minimum(minimum, sizes)
    if total < least.sum():
        with pytest.raises(SampleError):
            allocate(method, total, classes)
        return
    found = allocate(method, total, classes)
    assert found.dtype == np.int64
    assert found.sum() == min(total, sum(sizes))
    assert (found <= sizes).all()
    assert (found >= least).all()


@pytest.mark.parametrize("wrong", [0.0, 1.0, 1.2, float("nan")])
def test_an_accuracy_outside_0_and_1_is_refused_with_its_class(wrong):
    with pytest.raises(SampleError) as error:
        strata(5, 5, accuracies=np.array([0.9, wrong]), names=("Corn", "Soybean"))
    assert "Soybean" in error.value.where
    assert f"{wrong:g}" in error.value.what


def test_what_contradicts_itself_is_refused():
    with pytest.raises(SampleError, match="takes 30"):
        allocate("equal", 20, strata(50, 50, 50, minimum=10))
    with pytest.raises(SampleError, match="cannot promise 5"):
        allocate("random", 20, strata(50, 50, minimum=5))
    with pytest.raises(SampleError, match="3 classes have 2"):
        strata(1, 2, 3, accuracies=np.array([0.5, 0.5]))
