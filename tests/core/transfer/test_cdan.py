import numpy as np
import pytest
import torch
from scipy.stats import entropy

from cropmap.models import MODELS
from cropmap.models.base import SeriesShape
from cropmap.transfer import cdan
from cropmap.transfer.cdan import Cdan, CdanParams, sureness


def begun(**asked):
    entry = MODELS.get("tempcnn")
    model = entry.make.untrained(entry.parse({"width": 4, "dense": 8}), SeriesShape(12, 3, 3))
    found = Cdan(np.zeros((20, 12, 3), np.float32), CdanParams(**asked))
    found.begin(model.network, model.params, "cpu", seed=0)
    return found


def test_the_discriminator_is_told_every_feature_times_every_probability():
    features, scores = torch.randn(5, 8), torch.randn(5, 3)
    told, weights = begun(by_sureness=False).told(features, scores)
    probabilities = np.exp(scores.numpy()) / np.exp(scores.numpy()).sum(axis=1, keepdims=True)
    expected = np.einsum("nf,nc->nfc", features.numpy(), probabilities).reshape(5, 24)
    np.testing.assert_allclose(told.numpy(), expected, rtol=1e-5)
    assert weights is None


def test_no_gradient_goes_through_the_probabilities():
    features, scores = torch.randn(5, 8, requires_grad=True), torch.randn(5, 3, requires_grad=True)
    told, weights = begun().told(features, scores)
    (told.sum() * weights.sum()).backward()
    assert scores.grad is None
    assert features.grad is not None


def test_sure_series_weigh_more_and_all_weigh_one_in_the_mean():
    probabilities = np.random.default_rng(0).dirichlet([0.3, 0.3, 0.3], 50)
    raw = 1 + np.exp(-entropy(probabilities, axis=1))
    np.testing.assert_allclose(sureness(torch.from_numpy(probabilities)).numpy(), raw / raw.mean())
    assert float(sureness(torch.eye(3)).max()) == 1


def test_random_sums_keep_inner_products_where_there_are_too_many(monkeypatch):
    monkeypatch.setattr(cdan, "_MOST", 10)
    monkeypatch.setattr(cdan, "_SUMS", 20_000)
    found = begun(by_sureness=False, hidden=2)
    features, scores = torch.randn(6, 8), torch.randn(6, 3)
    told, _ = found.told(features, scores)
    probabilities = torch.softmax(scores, dim=1)
    expected = (features @ features.T) * (probabilities @ probabilities.T)
    assert told.shape == (6, 20_000)
    lengths = expected.diagonal().sqrt()
    assert float(((told @ told.T - expected) / torch.outer(lengths, lengths)).abs().max()) < 0.1


@pytest.mark.parametrize("most", [10, 4096])
def test_a_seed_tells_what_the_discriminator_is_told(most, monkeypatch):
    monkeypatch.setattr(cdan, "_MOST", most)
    features, scores = torch.randn(6, 8), torch.randn(6, 3)
    assert torch.equal(begun().told(features, scores)[0], begun().told(features, scores)[0])
