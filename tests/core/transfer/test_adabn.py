import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from cropmap.contract.errors import TransferError
from cropmap.contract.progress import Progress
from cropmap.data.applicability import Applicability
from cropmap.models.base import SeriesShape, load_model
from cropmap.models.neural import SeriesNetwork
from cropmap.seeds import torch_seed, torch_threads
from cropmap.training.fit import FitOptions
from cropmap.transfer import adabn as module
from cropmap.transfer.adabn import norms, renormalise
from cropmap.transfer.base import Transfer, run_strategy
from tests.core.transfer.conftest import accuracy, site

OPTIONS = FitOptions(seed=3, device="cpu", threads=1)
NETWORK = {"width": 8, "dense": 16, "epochs": 15, "batch_size": 32, "learning_rate": 0.01}
EVEN = {"corn": 100, "other": 100, "soybean": 100}


@pytest.fixture(autouse=True)
def one_thread():
    with torch_threads(1):
        yield


def dimmed(seed):
    """A place seen by a sensor of half the contrast that is off by 0.2."""
    samples = site(EVEN, seed=seed)
    return dataclasses.replace(samples, values=samples.values * np.float32(0.5) - np.float32(0.2))


@pytest.fixture(scope="module")
def package(source):
    return Transfer(source=source, model="tempcnn", values=NETWORK, options=OPTIONS).source_package()


class Two(SeriesNetwork):
    """Two layers of batch normalisation, one after the other; dropout and a third one that is never reached."""

    def __init__(self):
        super().__init__(4, SeriesShape(5, 2, 3))
        self.last = nn.BatchNorm1d(4)  # made first, reached last
        self.first = nn.BatchNorm1d(2)
        self.mix = nn.Linear(10, 4)
        self.drop = nn.Dropout(0.5)
        self.idle = nn.BatchNorm1d(7)

    def encode(self, values):
        steps = self.first(values.transpose(1, 2))
        return self.last(self.drop(torch.relu(self.mix(steps.flatten(1)))))


def two():
    with torch_seed(0):
        network = Two()
        for layer in (network.first, network.last):
            nn.init.uniform_(layer.weight, 0.5, 2)
            nn.init.normal_(layer.bias)
    return network


def test_figures_are_those_of_the_series_layer_by_layer():
    network, values = two(), np.random.default_rng(1).normal(3, 2, (50, 5, 2)).astype(np.float32)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    renormalise(network, values, Progress())
    mean, deviation = values.mean(axis=(0, 1)), values.std(axis=(0, 1))
    np.testing.assert_allclose(network.first.running_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(network.first.running_var, values.reshape(250, 2).var(axis=0, ddof=1), rtol=1e-5)
    weight, bias = network.first.weight.detach().numpy(), network.first.bias.detach().numpy()
    scaled = (values - mean) / np.sqrt(deviation**2 * 250 / 249 + 1e-5) * weight + bias
    mixed = scaled.transpose(0, 2, 1).reshape(50, 10) @ network.mix.weight.detach().numpy().T
    reached = np.maximum(mixed + network.mix.bias.detach().numpy(), 0)
    np.testing.assert_allclose(network.last.running_mean, reached.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(network.last.running_var, reached.var(axis=0, ddof=1), rtol=1e-4)
    for name, tensor in network.state_dict().items():
        if not name.startswith(("first.running", "last.running")):
            assert torch.equal(tensor, before[name]), name
    assert not network.training


def test_a_single_layer_has_the_figures_of_pytorchs_own_training():
    network, values = two(), np.random.default_rng(2).normal(1, 3, (40, 5, 2)).astype(np.float32)
    own = nn.BatchNorm1d(2, momentum=1.0)
    own(torch.from_numpy(values).transpose(1, 2))
    renormalise(network, values, Progress())
    np.testing.assert_allclose(network.first.running_mean, own.running_mean, rtol=1e-5)
    np.testing.assert_allclose(network.first.running_var, own.running_var, rtol=1e-5)


def test_neither_order_nor_batches_matter(monkeypatch):
    values = np.random.default_rng(3).normal(100, 0.1, (300, 5, 2)).astype(np.float32)
    found = []
    for rows, order in ((256, slice(None)), (7, slice(None)), (256, slice(None, None, -1))):
        monkeypatch.setattr(module, "_CPU_ROWS", rows)
        network = two()
        renormalise(network, values[order], Progress())
        found.append(network.last.running_var.numpy())
    np.testing.assert_allclose(found[1], found[0], rtol=1e-3)
    np.testing.assert_allclose(found[2], found[0], rtol=1e-3)


def test_a_dimmer_place_is_told_nearly_as_well_as_the_source(package):
    series, tested = dimmed(4).values, dimmed(5)
    found = run_strategy("adabn", {}, Transfer(package=package, series=series, options=OPTIONS))
    own = accuracy(package, site(EVEN, seed=5))
    assert accuracy(package, tested) < own - 0.2
    assert accuracy(found, tested) > own - 0.03
    assert found.scaling is package.scaling
    assert found.record["normalised_on"] == 300
    changed = {name for name in package.arrays if (found.arrays[name] != package.arrays[name]).any()}
    assert changed == {name for name in package.arrays if name.endswith(("running_mean", "running_var"))}


def test_a_place_like_the_source_loses_little(package):
    found = run_strategy("adabn", {}, Transfer(package=package, series=site(EVEN, seed=4).values, options=OPTIONS))
    assert accuracy(found, site(EVEN, seed=5)) > accuracy(package, site(EVEN, seed=5)) - 0.01


def test_no_more_series_are_looked_at_than_asked_for(package):
    series = site(EVEN, seed=4).values
    task = Transfer(package=package, series=series, options=OPTIONS)
    found, again = (run_strategy("adabn", {"most": 40}, task) for _ in range(2))
    assert found.record["normalised_on"] == 40
    assert all(found.arrays[name].tobytes() == again.arrays[name].tobytes() for name in found.arrays)


def test_a_package_that_moves_series_is_normalised_by_what_it_moves(package):
    moving = dataclasses.replace(package, shift_days=-21.0)
    late = run_strategy("adabn", {}, Transfer(package=moving, series=site(EVEN, seed=4, lag=21).values))
    at_once = run_strategy("adabn", {}, Transfer(package=package, series=site(EVEN, seed=4).values))
    name = next(name for name in package.arrays if name.endswith("running_mean"))
    np.testing.assert_allclose(late.arrays[name], at_once.arrays[name], atol=0.1)


@pytest.mark.parametrize(("space", "kept"), [("inputs", True), ("features", False)])
def test_an_area_of_applicability_in_features_that_change_is_given_up(package, space, kept):
    one = np.ones(16 if space == "features" else 36, np.float32)
    area = Applicability(space, one, one, one[np.newaxis], 1.0, 1.0, 0.0)
    marked = dataclasses.replace(package, applicability=area)
    found = run_strategy("adabn", {}, Transfer(package=marked, series=dimmed(4).values))
    assert (found.applicability is area) == kept


def test_a_network_without_batch_normalisation_is_refused_by_name(source):
    values = {"width": 8, "heads": 2, "layers": 1, "epochs": 1}
    task = Transfer(source=source, series=source.values[:9], model="transformer", values=values, options=OPTIONS)
    with pytest.raises(TransferError, match=r"transformer has no batch normalisation.*tempcnn"):
        run_strategy("adabn", {}, task)
    with pytest.raises(TransferError, match="Choose a network"):
        run_strategy("adabn", {}, Transfer(source=source, series=source.values[:9], model="random_forest"))
    assert norms(load_model(task.source_package()).network) == []
