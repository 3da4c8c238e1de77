"""Every registered strategy passes the same checks; a new one needs no new test, only quick parameters here."""

import dataclasses
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cropmap
from cropmap.contract.errors import CropMapError, TransferError
from cropmap.io.packages import read_package, write_package
from cropmap.models.predictor import Predictor
from cropmap.testing.series import draw_series
from cropmap.testing.synthetic import SyntheticOptions
from cropmap.training.fit import FitOptions
from cropmap.training.start import package_digest
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import GRADIENTS, LABELS, MODEL, SERIES, SOURCE, Transfer, run_strategy
from tests.core.transfer.conftest import accuracy

OPTIONS = FitOptions(seed=3, device="cpu", threads=1)
MODELS = {
    "random_forest": {"trees": 100},
    "tempcnn": {"width": 8, "dense": 16, "epochs": 10, "batch_size": 32, "learning_rate": 0.01},
}
# Fewer epochs than users want: what a strategy must not break shows in a few.
QUICK = {"fine_tune": {"epochs": 4}, "timematch": {"epochs": 3}, "source_free": {"epochs": 3}}
QUICK |= {"feature_forest": {"trees": 25}}
# What has no default: the share at the source of three classes.
QUICK |= {"known_shares": {"shares": "corn 33.3 %"}}
# Source samples of each class; a fifth of fewer calibrates too roughly for the shares to be left alone.
EACH = {"known_shares": 120}
CROPS = ("Corn", "Soybean", "Winter wheat")
SUMMER_CROPS = ("Corn", "Soybean", "Sugar beet", "Sunflower")

NAMES = [entry.name for entry in STRATEGIES.entries()]
NEEDS = {name: STRATEGIES.get(name).needs for name in NAMES}
# It takes the target's labels where there are any, and does without where not.
MAY_HAVE_LABELS = {"pooled"}
# One series has neither a deviation nor a covariance, nor tells a calendar.
NEEDS_SERIES = {"target_statistics", "coral", "shifted", "timematch", "source_free"}
LABEL_FREE = [name for name in NAMES if LABELS not in NEEDS[name] and name not in MAY_HAVE_LABELS]
# Each strategy with a network, and with a forest where it takes one.
PAIRS = [(name, "tempcnn") for name in NAMES]
PAIRS += [(name, "random_forest") for name in NAMES if GRADIENTS not in NEEDS[name]]

everyone = pytest.mark.parametrize("name", NAMES)
all_pairs = pytest.mark.parametrize(("name", "model"), PAIRS)


def draw(seed, each=40, crops=CROPS, step_days=14, **knobs):
    """Samples of a simulated Corn Belt whose fields differ half as much as usual, so that small networks know them."""
    options = SyntheticOptions(**{"seed": seed, "variation": 0.5, **knobs})
    return draw_series(dict.fromkeys(crops, each), options, step_days)


def digest_of(task):
    """A hash of all numbers that a task holds."""
    held = [task.series, *task.package.arrays.values(), task.package.scaling.mean, task.package.scaling.deviation]
    for samples in (task.source, task.target):
        held += [] if samples is None else [samples.values, samples.codes, samples.x, samples.y]
    return hashlib.sha256(b"".join(np.ascontiguousarray(own).tobytes() for own in held)).hexdigest()


@pytest.fixture(scope="module")
def task_of():
    """The task of a strategy and a model: the target is another part of the same belt, in the same year."""
    kept = {}

    def of(name, model, seed=0):
        key = (EACH.get(name, 40), model, seed)
        if key not in kept:
            source, series, target = draw(10 * seed + 1, key[0]), draw(10 * seed + 2, 100).values, draw(10 * seed + 3)
            options = dataclasses.replace(OPTIONS, seed=seed)
            task = Transfer(source, None, series, target, model, MODELS[model], options)
            kept[key] = dataclasses.replace(task, package=task.source_package())
        return kept[key]

    return of


@pytest.fixture(scope="module")
def made(task_of):
    """What each strategy makes of its task, made once."""
    kept = {}

    def of(name, model, seed=0):
        key = (name, model, seed)
        if key not in kept:
            kept[key] = run_strategy(name, QUICK.get(name, {}), task_of(*key))
        return kept[key]

    return of


@pytest.fixture(scope="module")
def made_again(task_of):
    """The same once more; where labels of the target do not count, with false ones."""
    kept = {}

    def of(name, model):
        if (name, model) not in kept:
            task = task_of(name, model)
            if name in LABEL_FREE:
                false = dataclasses.replace(task.target, codes=np.roll(task.target.codes, 40))
                task = dataclasses.replace(task, target=false)
            before = digest_of(task)
            kept[name, model] = run_strategy(name, QUICK.get(name, {}), task)
            assert digest_of(task) == before, "what is given must stay as it is"
        return kept[name, model]

    return of


# ---------------------------------------------------------------- what it makes


@all_pairs
def test_where_nothing_differs_no_more_than_a_point_is_lost(task_of, made, name, model):
    """In the mean of three sites: one small network is a point better or worse than another by chance."""
    tested = draw(9, 150)
    lost = [
        accuracy(task_of(name, model, seed).package, tested) - accuracy(made(name, model, seed), tested)
        for seed in range(3)
    ]
    assert np.mean(lost) < 0.01


@all_pairs
def test_the_package_is_written_read_and_predicts_the_same_bytes(made, name, model, tmp_path):
    package, values = made(name, model), draw(9, 5).values
    again = read_package(write_package(tmp_path / "model.cropmap", package))
    found = Predictor(again, "cpu").probabilities(values)
    assert found.tobytes() == Predictor(package, "cpu").probabilities(values).tobytes()
    assert found.dtype == np.float32
    assert found.shape == (len(values), len(CROPS))
    assert found.min() >= 0
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert again.legend.names == CROPS
    assert again.record["strategy"] == name


@all_pairs
def test_a_prediction_does_not_depend_on_its_neighbours(made, name, model):
    """Evaluation mode everywhere: neither dropout nor the statistics of a batch."""
    predictor, values = Predictor(made(name, model), "cpu"), draw(9, 7).values
    single = np.concatenate([predictor.probabilities(values[row : row + 1]) for row in range(len(values))])
    np.testing.assert_allclose(single, predictor.probabilities(values), atol=1e-6)


@all_pairs
def test_the_same_seed_makes_the_same_file_and_what_is_given_stays(made, made_again, name, model, tmp_path):
    files = [write_package(tmp_path / f"{k}.cropmap", of(name, model)) for k, of in enumerate((made, made_again))]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(("name", "model"), [pair for pair in PAIRS if pair[0] in LABEL_FREE])
def test_labels_of_the_target_change_nothing_where_none_are_asked_for(made, made_again, name, model):
    assert package_digest(made_again(name, model)) == package_digest(made(name, model))


# ---------------------------------------------------------------- little to go by


@all_pairs
def test_two_classes_are_enough(name, model):
    source, series, target = draw(1, EACH.get(name, 30), CROPS[::2]), draw(2, 30, CROPS[::2]), draw(3, 30, CROPS[::2])
    task = Transfer(source, None, series.values, target, model, MODELS[model], OPTIONS)
    package = run_strategy(name, QUICK.get(name, {}), task)
    assert package.legend.names == CROPS[::2]
    assert accuracy(package, draw(9, 100, CROPS[::2])) > 0.95


@pytest.mark.parametrize(("name", "model"), [pair for pair in PAIRS if SERIES in NEEDS[pair[0]]])
def test_a_single_series_of_the_target_makes_a_model_or_is_refused(task_of, name, model):
    """Never a bare error, nor a model that answers nothing."""
    task = task_of(name, model)
    task = dataclasses.replace(task, series=task.series[:1])
    if name in NEEDS_SERIES:
        with pytest.raises(CropMapError, match=r"\b1\b") as told:
            run_strategy(name, QUICK.get(name, {}), task)
        assert told.value.fix
    else:
        package = run_strategy(name, QUICK.get(name, {}), task)
        assert np.isfinite(Predictor(package, "cpu").probabilities(draw(9, 5).values)).all()


# ---------------------------------------------------------------- what it is told, and tells


@everyone
def test_what_is_needed_and_not_given_is_told_before_any_work(task_of, name, monkeypatch):
    task = task_of(name, "tempcnn")
    forest = task_of(name, "random_forest").package
    monkeypatch.setattr("cropmap.training.fit.fit_once", None)
    lacking = {
        MODEL: {"package": None, "source": None},
        SOURCE: {"source": None},
        SERIES: {"series": np.empty((0, 0, 0), np.float32)},
        LABELS: {"target": None},
        GRADIENTS: {"package": forest, "model": "random_forest"},
    }
    for need in NEEDS[name]:
        with pytest.raises(TransferError) as told:
            run_strategy(name, {}, dataclasses.replace(task, **lacking[need]))
        assert told.value.fix


@everyone
def test_the_entry_says_what_it_is(name):
    entry = STRATEGIES.get(name).catalogued()
    assert entry.title
    assert entry.summary.endswith(".")
    assert set(entry.defaults) == set(entry.schema["properties"])
    if name not in ("direct", "scratch"):
        assert any(year in entry.citation for year in ("201", "202")), entry.citation


def test_strategies_for_forests_do_not_wait_for_pytorch():
    names = sorted(set(NAMES) - {name for name in NAMES if GRADIENTS in NEEDS[name]})
    code = (
        "import sys; from cropmap.transfer import STRATEGIES;"
        f"[STRATEGIES.get(name) for name in {names}]; print('torch' in sys.modules)"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(cropmap.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == "False"


# ---------------------------------------------------------------- a season that is late


@pytest.mark.parametrize("days", [21, -21])
@pytest.mark.parametrize(
    ("name", "model"), [("shifted", "random_forest"), ("shifted", "tempcnn"), ("timematch", "tempcnn")]
)
def test_a_season_that_is_shifted_alone_costs_no_more_than_a_point(late_task, name, model, days):
    """Crops of one season, which only their calendar tells apart, and of whose year nothing is out of sight."""
    task = late_task(model, days)
    home, there = (draw(9, 150, SUMMER_CROPS, 7, season_shift_days=by) for by in (0, days))
    at_home = accuracy(task.package, home)
    assert accuracy(task.package, there) < at_home - 0.02
    values = {"epochs": 10} if name == "timematch" else {}
    assert accuracy(run_strategy(name, values, task), there) > at_home - 0.01


@pytest.fixture(scope="module")
def late_task():
    packages, source = {}, draw(1, 100, SUMMER_CROPS, 7)

    def of(model, days):
        values = {**MODELS[model], **({"epochs": 25} if model == "tempcnn" else {})}
        series = draw(2, 150, SUMMER_CROPS, 7, season_shift_days=days).values
        task = Transfer(source, packages.get(model), series, None, model, values, OPTIONS)
        packages[model] = task.source_package()
        return dataclasses.replace(task, package=packages[model])

    return of
