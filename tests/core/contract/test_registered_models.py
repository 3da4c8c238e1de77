"""Every registered model passes the same checks; a new model needs no new test file, only small parameters here."""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cropmap
from cropmap.contract.progress import Progress
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.io.packages import read_package, write_package
from cropmap.models import MODELS
from cropmap.models.base import SeriesShape, load_model, model_class
from cropmap.models.predictor import Predictor
from cropmap.seeds import torch_threads
from cropmap.training.fit import FitOptions, fit

# Small, so that the whole file takes seconds.
QUICK = {"epochs": 25, "batch_size": 16, "learning_rate": 0.01, "width": 8, "layers": 1, "heads": 2, "trees": 20}
QUICK |= {"hidden": 16, "summary": 16, "keys": 4, "feed_forward": 16}
SMALL_NETWORK = {"name": "transformer", "width": 8, "heads": 2, "layers": 1, "epochs": 9, "learning_rate": 0.01}
QUICK |= {"rounds": 30, "members": [{"name": "random_forest", "trees": 9}, SMALL_NETWORK]}
OPTIONS = FitOptions(seed=5, device="cpu", threads=1)
# What needs weights of others has its own test of the same.
NAMES = [entry.name for entry in MODELS.entries() if "weights" not in entry.needs]
GRADIENTS = [name for name in NAMES if "gradients" in MODELS.get(name).needs]
CODES = (2, 40, 250)

everyone = pytest.mark.parametrize("name", NAMES)
neural = pytest.mark.parametrize("name", GRADIENTS)


@pytest.fixture(autouse=True)
def one_thread():
    """Networks this small only wait for one another on several threads."""
    with torch_threads(1):
        yield


def quick(name):
    known = MODELS.get(name).catalogued().schema["properties"]
    return {key: value for key, value in QUICK.items() if key in known}


def easy(count=90, steps=4, bands=3, seed=0):
    """Three classes, each with a band of its own that rises after the first step."""
    rng = np.random.default_rng(seed)
    codes = np.array(CODES, np.uint8)[np.arange(count) % 3]
    values = rng.normal(0.2, 0.02, (count, steps, bands)).astype(np.float32)
    own = np.arange(count) % 3 % bands
    values[np.arange(count), 1:, own] += np.float32(0.3)
    return SampleSet(
        values=values,
        codes=codes,
        ids=np.arange(count).astype(str),
        x=np.zeros(count),
        y=np.zeros(count),
        groups=(np.arange(count) // 3).astype(str),
        days=np.arange(steps, dtype=np.int32) * 7,
        bands=tuple(f"b{number}" for number in range(bands)),
        legend=Legend(tuple(LegendClass(code, f"class {code}", "#112233") for code in CODES)),
        recipe=Recipe("weekly", Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30)), (StepUse("linear", {}),)),
        crs="",
    )


@pytest.fixture(scope="module")
def packages():
    return {name: fit(easy(), name, quick(name), OPTIONS, Progress()) for name in NAMES}


@everyone
def test_separable_classes_are_learnt(packages, name):
    fresh = easy(seed=1)
    assert (Predictor(packages[name]).codes(fresh.values) == fresh.codes).mean() >= 0.95


@everyone
def test_probabilities_are_float32_between_0_and_1_and_sum_to_1(packages, name):
    found = Predictor(packages[name]).probabilities(easy(seed=1).values)
    assert found.dtype == np.float32
    assert found.shape == (90, 3)
    assert found.min() >= 0
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


@everyone
def test_a_saved_model_predicts_the_same_bytes(packages, name, tmp_path):
    values = easy(seed=1).values
    again = read_package(write_package(tmp_path / "model.cropmap", packages[name]))
    assert Predictor(again).probabilities(values).tobytes() == Predictor(packages[name]).probabilities(values).tobytes()


@everyone
def test_the_same_seed_gives_the_same_file(packages, name, tmp_path):
    one = write_package(tmp_path / "one.cropmap", packages[name])
    other = write_package(tmp_path / "other.cropmap", fit(easy(), name, quick(name), OPTIONS, Progress()))
    assert one.read_bytes() == other.read_bytes()


@everyone
def test_another_seed_gives_another_model(packages, name):
    other = fit(easy(), name, quick(name), FitOptions(seed=6, device="cpu", threads=1), Progress())
    assert any(array.tobytes() != other.arrays[key].tobytes() for key, array in packages[name].arrays.items())


@everyone
def test_asked_twice_it_answers_the_same_bytes(packages, name):
    values = easy(seed=1).values
    predictor = Predictor(packages[name])
    assert predictor.probabilities(values).tobytes() == predictor.probabilities(values).tobytes()


@everyone
@pytest.mark.parametrize("batch", [1, 7, 64])
def test_a_prediction_does_not_depend_on_the_size_of_the_batch(packages, name, batch):
    values = easy(150, seed=1).values
    predictor = Predictor(packages[name])
    whole = predictor.probabilities(values)
    parts = np.concatenate([predictor.probabilities(values[at : at + batch]) for at in range(0, 150, batch)])
    np.testing.assert_allclose(parts, whole, atol=1e-6)
    assert (parts.argmax(axis=1) == whole.argmax(axis=1)).all()


@everyone
@pytest.mark.parametrize(("steps", "bands"), [(2, 1), (9, 7)])
def test_any_number_of_steps_and_bands_is_taken(name, steps, bands):
    values = {**quick(name), **({"epochs": 1} if name in GRADIENTS else {})}
    samples = easy(30, steps, bands)
    package = fit(samples, name, values, OPTIONS, Progress())
    assert Predictor(package).probabilities(samples.values).shape == (30, 3)


@everyone
def test_no_rows_give_no_rows(packages, name):
    assert load_model(packages[name]).predict_proba(np.empty((0, 4, 3), np.float32)).shape == (0, 3)


@everyone
def test_the_entry_says_what_it_is(name):
    entry = MODELS.get(name).catalogued()
    assert entry.title
    assert entry.summary.endswith(".")
    assert "doi" in entry.citation or "arXiv" in entry.citation
    assert set(entry.defaults) == set(entry.schema["properties"])


@neural
def test_every_parameter_moves_in_one_step(name):
    from cropmap.models.neural import NeuralClassifier
    from cropmap.seeds import torch_seed
    from cropmap.training.loop import LoopOptions, Part, train

    kind, samples = model_class(name), easy(30)
    assert issubclass(kind, NeuralClassifier)
    params = MODELS.get(name).parse({**quick(name), "epochs": 1, "batch_size": 30})
    with torch_seed(0):
        model = kind.untrained(params, SeriesShape(4, 3, 3))
    before = model.arrays()
    part = Part(samples.values * 5, np.searchsorted(CODES, samples.codes))
    trained = train(lambda: model, part, part, LoopOptions(device="cpu", threads=1), Progress()).model
    for key, array in trained.arrays().items():
        assert (array != before[key]).any(), key


@neural
def test_encode_and_head_make_the_prediction(packages, name):
    model = load_model(packages[name])
    values = packages[name].scaling.apply(easy(seed=1).values)
    np.testing.assert_allclose(model.head(model.encode(values)), model.predict_proba(values), atol=1e-6)


def test_a_forest_is_fitted_and_used_without_importing_pytorch():
    code = (
        "import sys; from cropmap.models import MODELS; MODELS.get('random_forest');"
        "import cropmap.training.fit, cropmap.models.predictor, cropmap.io.packages; print('torch' in sys.modules)"
    )
    core = Path(cropmap.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(core)},
    )
    assert done.stdout.strip() == "False"
