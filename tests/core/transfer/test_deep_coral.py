import numpy as np
import pytest
import torch

from cropmap.training.adaptation import Batch
from cropmap.transfer.deep_coral import DeepCoral, DeepCoralParams, covariance_gap
from cropmap.transfer.domains import Other

RNG = np.random.default_rng(3)
OURS, THEIRS = RNG.normal(0, 1, (30, 5)), RNG.normal(1, 2, (20, 5))


def published(ours, theirs):
    difference = np.cov(ours, rowvar=False) - np.cov(theirs, rowvar=False)
    return np.linalg.norm(difference, "fro") ** 2 / (4 * ours.shape[1] ** 2)


def gap(strength, **asked):
    adaptation = DeepCoral(np.zeros((2, 1, 1), np.float32), DeepCoralParams(**asked))
    nothing = torch.zeros(1)
    batch = Batch(nothing, nothing, torch.from_numpy(OURS), nothing, 0.0)
    return float(adaptation.gap(batch, Other(torch.from_numpy(THEIRS), nothing), strength))


def test_the_gap_is_the_published_one():
    assert float(covariance_gap(torch.from_numpy(OURS), torch.from_numpy(THEIRS))) == pytest.approx(
        published(OURS, THEIRS)
    )
    assert gap(0.5, means=False) == pytest.approx(0.5 * published(OURS, THEIRS))


def test_the_means_may_count_too():
    means = ((OURS.mean(axis=0) - THEIRS.mean(axis=0)) ** 2).mean()
    assert gap(2.0) == pytest.approx(2 * (published(OURS, THEIRS) + means))


def test_a_mean_apart_is_no_gap_of_covariances():
    ours = torch.from_numpy(OURS)
    assert float(covariance_gap(ours, ours + 7)) == pytest.approx(0, abs=1e-12)
