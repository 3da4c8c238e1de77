import numpy as np
import pytest

from cropmap.contract.errors import SampleError, TransferError
from cropmap.contract.progress import Progress
from cropmap.models.predictor import Predictor
from cropmap.training.fit import FitOptions, fit
from cropmap.transfer.base import Transfer
from cropmap.transfer.held_out import held_out
from tests.core.transfer.conftest import site

OPTIONS = FitOptions(seed=3, device="cpu", threads=1)
NETWORK = {"width": 8, "dense": 16, "epochs": 3, "batch_size": 32}


def probable(probabilities, columns):
    return float(probabilities[np.arange(len(columns)), columns].mean())


def test_a_forest_is_not_judged_by_what_it_has_learnt(source):
    random = np.random.default_rng(0)
    # Labels that mean nothing can be learnt by heart, and by heart alone.
    samples = source.subset(np.arange(200))
    shuffled = random.permutation(samples.codes)
    samples = type(samples)(**{**vars(samples), "codes": shuffled})
    found = held_out(Transfer(source=samples, model="random_forest", values={"trees": 30}, options=OPTIONS))
    own = Predictor(found.package).probabilities(samples.values)
    learnt = probable(own, np.searchsorted(np.unique(shuffled), shuffled))
    assert learnt > 0.7
    assert probable(found.probabilities, found.columns) < 0.65
    # The package that is kept has learnt from all.
    assert found.package.record["training_samples"] == 200


def test_a_network_is_its_own_judge_and_stops_on_the_same_samples(source):
    found = held_out(Transfer(source=source, model="tempcnn", values=NETWORK, options=OPTIONS))
    assert found.package.record["validation_samples"] == len(found.columns) == 72
    again = fit(source, "tempcnn", NETWORK, OPTIONS)
    assert {name: array.tobytes() for name, array in found.package.arrays.items()} == {
        name: array.tobytes() for name, array in again.arrays.items()
    }


def test_a_package_is_kept_and_classes_come_in_its_order(source):
    package = fit(source, "random_forest", {"trees": 30}, OPTIONS)
    other = site({"soja": 120, "Kukuruz": 120, "ostalo": 120}, seed=1)  # curves of unknown names peak alike
    values = np.concatenate([source.values[240:], source.values[:120], source.values[120:240]])
    named = {"soja": 0, "Kukuruz": 1, "ostalo": 2}
    order = np.repeat([other.legend.code_of(name) for name in named], 120).astype(np.uint8)
    samples = type(other)(**{**vars(other), "values": values, "codes": order})
    found = held_out(Transfer(source=samples, package=package, options=OPTIONS))
    assert found.package is package
    assert (found.probabilities.argmax(axis=1) == found.columns).mean() > 0.95


def test_what_cannot_be_held_out_is_refused(source):
    few = source.subset(np.array([0, 1, 120, 121]))
    with pytest.raises(SampleError, match="Give more samples"):
        held_out(Transfer(source=few, model="random_forest", options=OPTIONS, progress=Progress(warn=lambda _: None)))
    package = fit(source, "random_forest", {"trees": 3}, OPTIONS)
    lesser = source.subset(source.codes != source.codes[0])
    with pytest.raises(TransferError, match="the package was trained on"):
        held_out(Transfer(source=lesser, package=package, options=OPTIONS))
