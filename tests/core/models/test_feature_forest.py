import dataclasses
import json

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from cropmap.contract.errors import ModelError, PackageError
from cropmap.io.packages import read_package, write_package
from cropmap.models.base import load_model
from cropmap.models.feature_forest import FeatureForestParams
from cropmap.models.predictor import Predictor
from cropmap.training.fit import FitOptions, check_fit, fit
from tests.core.transfer.conftest import site

CPU = FitOptions(seed=3, device="cpu", threads=1)
TEMPCNN = {"width": 8, "dense": 16, "epochs": 8, "batch_size": 32, "learning_rate": 0.01}
SMALL = {"trees": 30}


@pytest.fixture(scope="module")
def network():
    return fit(site({"corn": 80, "other": 80, "soybean": 80}, seed=1), "tempcnn", TEMPCNN, CPU)


@pytest.fixture(scope="module")
def file(network, tmp_path_factory):
    return str(write_package(tmp_path_factory.mktemp("network") / "network.cropmap", network))


@pytest.fixture(scope="module")
def other_site():
    """Two of the network's classes and one that it does not know."""
    return site({"corn": 60, "soybean": 20, "wheat": 40}, seed=2, name="B")


@pytest.fixture(scope="module")
def package(file, other_site):
    return fit(other_site, "feature_forest", {**SMALL, "package": file}, CPU)


def test_it_is_scikit_learn_s_forest_on_the_network_s_features(network, other_site, file):
    """Settings of the second study; features by the network's own scaling."""
    found = fit(other_site, "feature_forest", {"package": file, "trees": 60}, CPU)
    features = load_model(network).encode(network.scaling.apply(other_site.values))
    peer = RandomForestClassifier(
        60, max_features=16 // 3, min_samples_leaf=2, max_samples=0.7, class_weight="balanced", random_state=3, n_jobs=1
    ).fit(features, other_site.codes)
    fresh = site({"corn": 30, "soybean": 30, "wheat": 30}, seed=5, name="B")
    expected = peer.predict_proba(load_model(network).encode(network.scaling.apply(fresh.values)))
    np.testing.assert_allclose(Predictor(found).probabilities(fresh.values), expected, atol=1e-6)


def test_the_defaults_are_the_second_study_s():
    params = FeatureForestParams()
    assert (params.trees, params.min_leaf, params.samples_share, params.balance) == (500, 2, 0.7, "weights")
    assert int(params.features_share * 64) == 21


def test_it_learns_classes_that_the_network_never_saw(package):
    fresh = site({"corn": 50, "soybean": 50, "wheat": 50}, seed=6, name="B")
    assert package.legend.names == ("corn", "soybean", "wheat")
    codes = Predictor(package).codes(fresh.values)
    assert (codes == fresh.codes).mean() > 0.8


def test_a_saved_model_answers_the_same_bytes_without_the_network_s_file(package, other_site, tmp_path):
    again = read_package(write_package(tmp_path / "model.cropmap", package))
    assert (
        Predictor(again).probabilities(other_site.values).tobytes()
        == Predictor(package).probabilities(other_site.values).tobytes()
    )
    assert again.params["package"] == ""
    assert json.loads(again.params["network"])["name"] == "tempcnn"


def test_the_same_seed_gives_the_same_file_and_another_another(package, file, other_site, tmp_path):
    def written(name, seed):
        options = dataclasses.replace(CPU, seed=seed)
        return write_package(
            tmp_path / name, fit(other_site, "feature_forest", {**SMALL, "package": file}, options)
        ).read_bytes()

    assert written("one", 3) == written("two", 3) == write_package(tmp_path / "three", package).read_bytes()
    assert written("four", 4) != written("one", 3)


def test_encode_and_head_make_the_prediction_whatever_the_batch(package, other_site):
    model = load_model(package)
    whole = model.predict_proba(other_site.values)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(model.head(model.encode(other_site.values)), whole, atol=1e-6)
    parts = np.concatenate([model.predict_proba(other_site.values[at : at + 7]) for at in range(0, 120, 7)])
    np.testing.assert_allclose(parts, whole, atol=1e-6)
    assert model.predict_proba(other_site.values[:0]).shape == (0, 3)
    assert model.to("cpu") is model


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        ({}, ModelError, "Name the package of a trained network"),
        ({"package": "missing.cropmap"}, PackageError, "no such model package"),
    ],
)
def test_a_network_that_is_missing_is_told_before_any_work(values, error, said):
    with pytest.raises(error, match=said):
        check_fit("feature_forest", values)


def test_a_forest_is_no_network(other_site, tmp_path):
    forest = fit(other_site, "random_forest", {"trees": 3}, CPU)
    path = str(write_package(tmp_path / "forest.cropmap", forest))
    with pytest.raises(ModelError, match="random_forest is no network"):
        check_fit("feature_forest", {"package": path})


def test_series_of_other_bands_are_refused(file, other_site):
    with pytest.raises(PackageError, match="Prepare the series"):
        fit(dataclasses.replace(other_site, bands=("a", "b", "c")), "feature_forest", {**SMALL, "package": file}, CPU)


def _without(name):
    return lambda package: {"arrays": {key: array for key, array in package.arrays.items() if not key.startswith(name)}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without("network.model.head.bias"), "network.model.head.bias"),
        (_without("network.model.dense.0.weight"), "dense.0.weight"),
        (_without("network.scaling."), "scaling"),
        (_without("forest.leaves"), "leaves"),
        (lambda package: {"arrays": {**package.arrays, "more": np.zeros(2)}}, "more"),
        (lambda package: {"params": {**package.params, "network": "{"}}, "cannot be read"),
        (lambda package: {"params": {**package.params, "network": "3"}}, "cannot be read"),
        (lambda package: {"params": {**package.params, "network": '{"name": "nothing"}'}}, "not valid here"),
        (lambda package: {"params": {**package.params, "network": '{"name": "random_forest"}'}}, "not valid here"),
        (
            lambda package: {"arrays": {**package.arrays, "network.model.head.bias": np.zeros(5, np.float32)}},
            r"head\.weight has shape",
        ),
    ],
)
def test_a_damaged_package_is_refused(package, change, said):
    with pytest.raises(PackageError, match=said):
        load_model(dataclasses.replace(package, **change(package)))
