import dataclasses

import numpy as np
import pytest

from cropmap.contract.errors import SampleError, TransferError
from cropmap.contract.progress import Progress
from cropmap.io.packages import read_package, write_package
from cropmap.models.predictor import Predictor
from cropmap.training.fit import FitOptions, fit
from cropmap.transfer.base import Transfer, run_strategy
from tests.core.transfer.conftest import accuracy, site

OPTIONS = FitOptions(seed=3, device="cpu", threads=1)
TEMPCNN = {"width": 8, "dense": 16, "epochs": 12, "batch_size": 32, "learning_rate": 0.01}


@pytest.fixture(scope="module")
def package():
    return fit(site({"corn": 120, "other": 120, "soybean": 120}, seed=1), "tempcnn", TEMPCNN, OPTIONS)


@pytest.fixture(scope="module")
def few():
    return site({"corn": 60, "other": 20, "soybean": 30}, seed=2, lag=21, name="B")


def test_a_forest_on_the_source_s_features_learns_a_late_season(package, few):
    tested = site({"corn": 150, "other": 150, "soybean": 150}, seed=9, lag=21, name="B")
    direct = run_strategy("direct", {}, Transfer(package=package))
    found = run_strategy("feature_forest", {"trees": 60}, Transfer(package=package, target=few, options=OPTIONS))
    assert accuracy(found, tested) > accuracy(direct, tested) + 0.05
    assert found.record["validation_samples"] == 0
    assert found.record["training_samples"] == len(few)


def test_the_network_and_its_scaling_stay_bit_for_bit(package, few):
    task = Transfer(package=package, target=few, options=OPTIONS)
    found = run_strategy("feature_forest", {"trees": 5}, task)
    for name, array in package.arrays.items():
        assert found.arrays[f"network.model.{name}"].tobytes() == array.tobytes()
    assert found.arrays["network.scaling.mean"].tobytes() == package.scaling.mean.tobytes()
    assert found.scaling.mean.size == 0


def test_a_source_given_as_samples_is_trained_first(few):
    source = site({"corn": 60, "other": 60, "soybean": 60}, seed=1)
    task = Transfer(source=source, target=few, model="tempcnn", values=TEMPCNN, options=OPTIONS)
    found = run_strategy("feature_forest", {"trees": 5}, task)
    assert found.model == "feature_forest"
    assert found.legend.names == ("corn", "other", "soybean")


def test_a_source_without_features_is_refused(few):
    task = Transfer(source=few, target=few, model="random_forest", options=OPTIONS)
    with pytest.raises(TransferError, match="Choose a network"):
        run_strategy("feature_forest", {}, task)


def test_the_source_s_class_weights_stay_behind(package, few):
    source = dataclasses.replace(package, class_weights=(0.0, 1.0, 1.0), temperature=2.0)
    found = run_strategy("feature_forest", {"trees": 5}, Transfer(package=source, target=few, options=OPTIONS))
    assert (found.class_weights, found.temperature) == ((), 1.0)


def test_the_network_sees_series_moved_as_its_package_moves_them(package, few, tmp_path):
    moving = dataclasses.replace(package, shift_days=-21.0)
    found = run_strategy("feature_forest", {"trees": 5}, Transfer(package=moving, target=few, options=OPTIONS))
    expected = Predictor(moving).features(few.values)
    np.testing.assert_array_equal(Predictor(found).features(few.values), expected)
    write_package(tmp_path / "own.cropmap", found)
    again = read_package(tmp_path / "own.cropmap")
    np.testing.assert_array_equal(Predictor(again).features(few.values), expected)


@pytest.mark.parametrize(("strategy", "values"), [("feature_forest", {"trees": 5}), ("fine_tune", {"epochs": 1})])
def test_a_class_with_a_single_label_does_not_stop_the_others(package, strategy, values):
    told = []
    few = site({"corn": 20, "other": 1, "soybean": 20}, seed=2, name="B")
    task = Transfer(package=package, target=few, options=OPTIONS, progress=Progress(warn=told.append))
    assert run_strategy(strategy, values, task).legend.names == ("corn", "soybean")
    assert told == ["Class 'other' has 1 label in the target and is left out; it needs 2."]


def test_labels_of_which_none_can_be_learnt_from_are_refused_by_the_training(package):
    few = site({"corn": 1, "soybean": 1}, seed=2, name="B")
    with pytest.raises(SampleError, match="Add samples"):
        run_strategy("feature_forest", {"trees": 5}, Transfer(package=package, target=few, options=OPTIONS))
