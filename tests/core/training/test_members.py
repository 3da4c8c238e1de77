import itertools

import numpy as np
import pytest

from cropmap.contract.errors import ModelError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.models.ensemble import EnsembleParams
from cropmap.models.predictor import Predictor
from cropmap.training.fit import FitOptions, fit
from cropmap.training.members import fit_members

FOREST = {"name": "random_forest", "trees": 9}
NETWORK = {"name": "transformer", "width": 8, "heads": 2, "layers": 1, "epochs": 3, "batch_size": 16}
OPTIONS = FitOptions(seed=4, device="cpu", threads=1)


def fitted(samples, params, options=OPTIONS, progress=None, validation=None):
    return fit_members(samples, params, options, progress or Progress(), validation)


def test_members_are_what_fit_gives_under_the_seeds_told(make_samples):
    samples = make_samples(noise=0.6)
    ensemble, evidence = fitted(samples, EnsembleParams([FOREST], copies=3))
    seeds = [record["seed"] for record in evidence["members"]]
    assert len(set(seeds)) == 3
    each = []
    for seed in seeds:
        package = fit(samples, "random_forest", {"trees": 9}, FitOptions(seed=seed, threads=1))
        each.append(Predictor(package).probabilities(samples.values))
    np.testing.assert_allclose(ensemble.predict_proba(samples.values), np.mean(each, axis=0), atol=1e-7)
    assert (each[0] != each[1]).any()


def test_the_same_seed_gives_the_same_ensemble_and_another_gives_another(make_samples):
    samples, params = make_samples(noise=0.6), EnsembleParams([FOREST, NETWORK])
    validation = np.arange(60) % 5 == 0
    first, again, other = (
        fitted(samples, params, FitOptions(seed=seed, device="cpu", threads=1), validation=validation)[0].arrays()
        for seed in (4, 4, 5)
    )
    assert {name: array.tobytes() for name, array in first.items()} == {
        name: array.tobytes() for name, array in again.items()
    }
    assert any(array.tobytes() != other[name].tobytes() for name, array in first.items())


def test_networks_stop_on_the_validation_samples_and_forests_learn_from_all(make_samples):
    validation = np.arange(60) % 5 == 0
    ensemble, evidence = fitted(make_samples(), EnsembleParams([FOREST, NETWORK]), validation=validation)
    counts = [(record["training_samples"], record["validation_samples"]) for record in evidence["members"]]
    assert counts == [(60, 0), (48, 12)]
    assert [record["model"] for record in evidence["members"]] == ["random_forest", "transformer"]
    assert (evidence["training_samples"], evidence["validation_samples"]) == (60, 12)
    assert evidence["device"] == "cpu"
    assert [member.scaling.mean.shape for member in ensemble.members] == [(0,), (2,)]


def test_progress_goes_from_member_to_member_and_cancels_between_them(make_samples):
    heard = []
    fitted(make_samples(), EnsembleParams([FOREST], copies=4), progress=Progress(lambda done, _: heard.append(done)))
    assert heard == sorted(heard)
    assert {0.0, 0.25, 0.5, 0.75, 1.0} <= set(heard)
    asked = itertools.count()
    stopping = Progress(cancelled=lambda: next(asked) >= 3)
    with pytest.raises(Cancelled):
        fitted(make_samples(), EnsembleParams([FOREST], copies=4), progress=stopping)


def test_an_ensemble_inside_an_ensemble_is_refused_before_any_fit(make_samples):
    heard = []
    with pytest.raises(ModelError, match="inside an ensemble"):
        fitted(
            make_samples(),
            EnsembleParams([FOREST, "ensemble"]),
            progress=Progress(lambda done, _: heard.append(done)),
        )
    assert not heard
