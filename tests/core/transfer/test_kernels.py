import numpy as np
import pytest
import torch

from cropmap.transfer.distances import mmd2
from cropmap.transfer.kernels import FACTORS, class_kernel_gap, gaussian_kernel, kernel_gap

RNG = np.random.default_rng(7)
OURS, THEIRS = RNG.normal(0, 1, (9, 4)), RNG.normal(0.5, 2, (7, 4))
WHOLE = np.concatenate([OURS, THEIRS])


def mean_square(points):
    """Of the distances of all pairs, one by one."""
    return np.mean([((a - b) ** 2).sum() for i, a in enumerate(points) for j, b in enumerate(points) if i != j])


def kernel(a, b, mean):
    return np.mean([np.exp(-((a - b) ** 2).sum() / (factor * mean)) for factor in FACTORS])


def test_the_kernel_is_the_mean_of_gaussians_of_each_pairs_distance():
    mean = mean_square(WHOLE)
    expected = [[kernel(a, b, mean) for b in WHOLE] for a in WHOLE]
    np.testing.assert_allclose(gaussian_kernel(torch.from_numpy(WHOLE)).numpy(), expected, atol=1e-12)


def test_the_gap_is_the_sum_over_all_pairs_of_different_series():
    mean = mean_square(WHOLE)
    within = [
        np.mean([kernel(a, b, mean) for i, a in enumerate(side) for j, b in enumerate(side) if i != j])
        for side in (OURS, THEIRS)
    ]
    across = np.mean([kernel(a, b, mean) for a in OURS for b in THEIRS])
    found = kernel_gap(torch.from_numpy(OURS), torch.from_numpy(THEIRS))
    assert float(found) == pytest.approx(sum(within) - 2 * across, rel=1e-9)


def test_the_gap_is_the_one_that_the_measures_of_shift_compute():
    widths = [np.sqrt(factor * mean_square(WHOLE) / 2) for factor in FACTORS]
    found = kernel_gap(torch.from_numpy(OURS), torch.from_numpy(THEIRS))
    assert float(found) == pytest.approx(mmd2(OURS, THEIRS, widths, unbiased=True), rel=1e-9)


def test_draws_of_one_distribution_have_no_gap_in_the_mean():
    rng = np.random.default_rng(0)
    same = [float(kernel_gap(*torch.from_numpy(rng.normal(size=(2, 20, 3))))) for _ in range(200)]
    assert abs(np.mean(same)) < 3 * np.std(same) / np.sqrt(200)
    assert min(same) < 0
    apart = torch.from_numpy(rng.normal(size=(20, 3)))
    assert float(kernel_gap(apart, apart + 100)) > 0.5


def test_less_gap_is_where_the_gradient_leads():
    theirs = torch.from_numpy(THEIRS).requires_grad_()
    before = kernel_gap(torch.from_numpy(OURS), theirs)
    (step,) = torch.autograd.grad(before, theirs)
    after = kernel_gap(torch.from_numpy(OURS), theirs.detach() - 0.5 * step)
    assert float(after) < float(before.detach())


def test_equal_features_have_a_finite_gap_and_gradient():
    ours, theirs = torch.ones(4, 3, requires_grad=True), torch.ones(5, 3)
    found = kernel_gap(ours, theirs)
    found.backward()
    assert float(found.detach()) == pytest.approx(0, abs=1e-6)
    assert torch.isfinite(ours.grad).all()


def test_the_gap_by_class_is_the_distance_of_weighted_means_of_the_kernel_class_by_class():
    labels = np.eye(3)[[0, 0, 0, 1, 1, 1, 1, 0, 1]]
    guessed = RNG.dirichlet([1, 1, 1], 7)
    guessed[0], guessed[1], guessed[2] = [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]
    mean = mean_square(WHOLE)
    expected = []
    for column in (0, 1):  # no label is of the third class
        ours, theirs = labels[:, column] / labels[:, column].sum(), guessed[:, column] / guessed[:, column].sum()
        signed = np.concatenate([ours, -theirs])
        pairs = [
            [one * other * kernel(a, b, mean) for other, b in zip(signed, WHOLE, strict=True)]
            for one, a in zip(signed, WHOLE, strict=True)
        ]
        expected.append(np.sum(pairs))
    found = class_kernel_gap(
        (torch.from_numpy(OURS), torch.from_numpy(THEIRS)), (torch.from_numpy(labels), torch.from_numpy(guessed))
    )
    assert float(found) == pytest.approx(np.mean(expected), rel=1e-9)


def test_sites_without_a_class_in_common_have_no_gap_by_class():
    ours, theirs = torch.eye(2)[[0] * 9], torch.eye(2)[[1] * 7]
    found = class_kernel_gap((torch.randn(9, 4), torch.randn(7, 4)), (ours, theirs))
    assert float(found) == 0
