import dataclasses

import numpy as np
import pytest

from cropmap.contract.errors import ModelError, TransferError
from cropmap.data.calendar import shifted
from cropmap.data.package import NO_SCALING
from cropmap.models.predictor import Predictor
from cropmap.training.fit import FitOptions
from cropmap.transfer.base import Transfer, run_strategy
from tests.core.transfer.conftest import DAYS, accuracy, site

OPTIONS = FitOptions(seed=3, device="cpu", threads=1)
NETWORK = {"width": 8, "dense": 16, "epochs": 15, "batch_size": 32, "learning_rate": 0.01}
EVEN = {"corn": 100, "other": 100, "soybean": 100}


def dimmed(seed):
    """A place seen by a sensor of half the contrast that is off by 0.2."""
    samples = site(EVEN, seed=seed)
    return dataclasses.replace(samples, values=samples.values * np.float32(0.5) - np.float32(0.2))


@pytest.fixture(scope="module")
def package(source):
    return Transfer(source=source, model="tempcnn", values=NETWORK, options=OPTIONS).source_package()


def test_series_are_standardised_by_the_targets_own_mean_and_deviation(package):
    series = dimmed(4).values
    found = run_strategy("target_statistics", {}, Transfer(package=package, series=series))
    np.testing.assert_allclose(found.scaling.mean, series.mean(axis=(0, 1)), rtol=1e-5)
    np.testing.assert_allclose(found.scaling.deviation, series.std(axis=(0, 1)), rtol=1e-4)
    assert found.arrays == package.arrays
    assert found.record["rescaled_on"] == 300


def test_a_dimmer_place_is_told_as_well_as_the_source(package):
    series, tested = dimmed(4).values, dimmed(5)
    found = run_strategy("target_statistics", {}, Transfer(package=package, series=series))
    own = accuracy(package, site(EVEN, seed=5))
    assert accuracy(package, tested) < own - 0.2
    assert accuracy(found, tested) > own - 0.02


def test_a_package_that_moves_series_is_scaled_by_what_it_moves(source):
    values = {**NETWORK, "epochs": 1, "scaling": "per_band_and_step"}
    package = Transfer(source=source, model="tempcnn", values=values, options=OPTIONS).source_package()
    moving = dataclasses.replace(package, shift_days=-21.0)
    series = site(EVEN, seed=4, lag=21).values
    found = run_strategy("target_statistics", {}, Transfer(package=moving, series=series))
    np.testing.assert_allclose(found.scaling.mean, shifted(series, DAYS, -21.0).mean(axis=0), rtol=1e-5)
    assert np.isfinite(Predictor(found).probabilities(series)).all()


def test_models_without_a_scaling_are_refused(package, source):
    series = site(EVEN, seed=4).values
    with pytest.raises(TransferError, match="Choose a network"):
        run_strategy("target_statistics", {}, Transfer(source=source, series=series, model="random_forest"))
    bare = dataclasses.replace(package, scaling=NO_SCALING)
    with pytest.raises(ModelError, match="no scaling to exchange"):
        run_strategy("target_statistics", {}, Transfer(package=bare, series=series))
