import dataclasses

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import log_softmax, softmax
from scipy.stats import entropy

from cropmap.contract.errors import SampleError, TransferError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.applicability import Applicability
from cropmap.data.probabilities import weighted
from cropmap.models.predictor import Predictor
from cropmap.training import fit as fit_module
from cropmap.training.fit import FitOptions, fit
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import LABELS, SOURCE, Transfer, run_strategy
from tests.core.transfer.conftest import accuracy, site

torch = pytest.importorskip("torch")

from cropmap.training.adaptation import Batch  # noqa: E402
from cropmap.transfer.source_free import OwnAnswers, SourceFreeParams, centres_of, collapse, nearest  # noqa: E402

OPTIONS = FitOptions(seed=3, device="cpu", threads=1)
SMALL = {"width": 8, "dense": 16, "epochs": 40, "batch_size": 32, "learning_rate": 5e-3}
STEP = {"step": 0.3}
EQUAL = {"corn": 100, "other": 100, "soybean": 100}
NAMES = ("corn", "other", "soybean")


@pytest.fixture(scope="module")
def network(source):
    return fit(source, "tempcnn", SMALL, OPTIONS)


def task_of(package, lag=0.0, bright=0.0, options=OPTIONS, progress=None):
    series = site({"corn": 150, "other": 60, "soybean": 90}, seed=5, lag=lag, bright=bright).values
    return Transfer(package=package, series=series, options=options, progress=progress or Progress())


@pytest.mark.parametrize(("lag", "bright"), [(-14, 0.0), (-14, 0.05), (21, 0.0)])
def test_a_network_finds_its_way_to_another_site_by_itself(network, lag, bright):
    found = run_strategy("source_free", STEP, task_of(network, lag, bright))
    tested = site(EQUAL, seed=9, lag=lag, bright=bright)
    assert accuracy(found, tested) > accuracy(network, tested) + 0.1
    assert found.record["adapted"]
    assert found.record["changed_answers"] > 0.1


def test_where_nothing_is_shifted_no_harm_is_done(network):
    tested = site(EQUAL, seed=9)
    assert accuracy(run_strategy("source_free", STEP, task_of(network)), tested) > accuracy(network, tested) - 0.01


def test_the_season_is_moved_first_where_asked(network):
    found = run_strategy("source_free", {**STEP, "calendar": True}, task_of(network, 21))
    assert abs(found.shift_days + 21) <= 4
    tested = site(EQUAL, seed=9, lag=21)
    assert accuracy(found, tested) > accuracy(network, site(EQUAL, seed=8)) - 0.015


def test_the_head_stays_bit_for_bit_and_all_else_learns(network):
    found = run_strategy("source_free", STEP, task_of(network, -14))
    for name, array in network.arrays.items():
        same = found.arrays[name].tobytes() == array.tobytes()
        assert same == name.startswith("head."), name


def test_nothing_of_the_source_but_its_model_is_asked_for():
    assert not {SOURCE, LABELS} & set(STRATEGIES.get("source_free").needs)
    series = np.zeros((5, 12, 3), np.float32)
    with pytest.raises(TransferError, match="by gradients"):
        run_strategy("source_free", {}, Transfer(source=site(EQUAL), series=series, model="random_forest"))


def test_a_handful_of_series_is_refused(network):
    few = site(EQUAL, seed=5).values[:9]
    with pytest.raises(SampleError, match="9 series"):
        run_strategy("source_free", {}, Transfer(package=network, series=few, options=OPTIONS))


def test_answers_that_collapse_are_not_taken(network, monkeypatch):
    monkeypatch.setattr("cropmap.transfer.source_free.collapse", lambda *_: "All became corn.")
    told = []
    found = run_strategy("source_free", {"epochs": 2}, task_of(network, -14, progress=Progress(warn=told.append)))
    assert not found.record["adapted"]
    assert found.record["not_adapted_because"] == "All became corn."
    assert "All became corn. The source's model is kept." in told
    assert {name: array.tobytes() for name, array in found.arrays.items()} == {
        name: array.tobytes() for name, array in network.arrays.items()
    }


def test_a_lost_class_and_answers_that_tell_less_are_a_collapse():
    before = np.eye(3)[[0] * 50 + [1] * 45 + [2] * 5]
    assert collapse(before, before, NAMES) == ""
    lost = np.eye(3)[[0] * 50 + [1] * 50]
    assert collapse(before, lost, NAMES) == "The class 'soybean' went from 5.0% of the series to 0.0%."
    # A class that hardly was there may go.
    rare = np.eye(3)[[0] * 50 + [1] * 49 + [2]]
    assert collapse(rare * 0.7 + 0.1, lost, NAMES) == ""
    unsure = before * 0.7 + 0.1
    assert "tell less of the series" in collapse(before, unsure, NAMES)


def test_the_same_seed_gives_the_same_bytes_and_an_interruption_changes_none(network, tmp_path):
    points = []
    options = dataclasses.replace(OPTIONS, checkpoints=tmp_path)
    progress = Progress(point=lambda *_: points.append(1), cancelled=lambda: len(points) >= 4)
    with pytest.raises(Cancelled):
        run_strategy("source_free", STEP, task_of(network, -14, options=options, progress=progress))
    again = run_strategy("source_free", STEP, task_of(network, -14, options=options))
    whole = run_strategy("source_free", STEP, task_of(network, -14))
    assert again.record["epochs"] == whole.record["epochs"]
    assert {name: array.tobytes() for name, array in again.arrays.items()} == {
        name: array.tobytes() for name, array in whole.arrays.items()
    }
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_another_version_began_is_not_gone_on_with(network, tmp_path, monkeypatch):
    points, told = [], []
    options = dataclasses.replace(OPTIONS, checkpoints=tmp_path)
    progress = Progress(point=lambda *_: points.append(1), cancelled=lambda: len(points) >= 4)
    with pytest.raises(Cancelled):
        run_strategy("source_free", STEP, task_of(network, -14, options=options, progress=progress))
    monkeypatch.setattr(fit_module, "version", lambda _library: "0.0")
    run_strategy("source_free", STEP, task_of(network, -14, options=options, progress=Progress(warn=told.append)))
    assert any("another training" in line for line in told)


def test_masked_classes_stay_masked_and_the_temperature_is_1(network):
    masked = dataclasses.replace(network, class_weights=(1.0, 0.0, 1.0), temperature=2.0)
    found = run_strategy("source_free", {**STEP, "epochs": 2}, task_of(masked, -14))
    assert found.class_weights == (1.0, 0.0, 1.0)
    assert not Predictor(found).probabilities(task_of(masked, -14).series)[:, 1].any()


def test_weights_of_1_change_no_bit_and_a_masked_class_changes_what_is_learnt(network):
    plain, weighed, masked = (
        run_strategy("source_free", {**STEP, "epochs": 2}, task_of(dataclasses.replace(network, class_weights=own), 21))
        for own in ((), (1.0, 1.0, 1.0), (1.0, 0.0, 1.0))
    )
    own, same, other = (
        {name: array.tobytes() for name, array in found.arrays.items()} for found in (plain, weighed, masked)
    )
    assert own == same != other


# ---------------------------------------------------------------- its parts


@pytest.mark.parametrize("weight", [0.0, 0.3])
def test_the_loss_is_that_of_the_formula(weight):
    rng = np.random.default_rng(0)
    scores, features, centres = rng.normal(size=(20, 3)), rng.normal(size=(20, 5)), rng.normal(size=(3, 5))
    found = OwnAnswers(np.zeros((0, 1, 1), np.float32), SourceFreeParams(weight=weight))
    found.centres = torch.from_numpy(centres.astype(np.float32))
    batch = Batch(
        torch.zeros(20, 1, 1),
        torch.full((20,), -1),
        torch.from_numpy(features.astype(np.float32)),
        torch.from_numpy(scores.astype(np.float32)),
        0.0,
    )
    answers = softmax(scores, axis=1)
    labels = cdist(features, centres, "cosine").argmin(axis=1)
    wanted = entropy(answers, axis=1).mean() - entropy(answers.mean(axis=0))
    wanted -= weight * log_softmax(scores, axis=1)[np.arange(20), labels].mean()
    assert float(found.loss(None, batch)) == pytest.approx(wanted, rel=1e-5)


def test_a_class_of_weight_0_is_no_answer_and_the_others_are_weighed():
    rng = np.random.default_rng(0)
    scores, features, centres = rng.normal(size=(20, 3)), rng.normal(size=(20, 5)), rng.normal(size=(2, 5))
    scores[:, 1] += 5  # what is answered for nearly all would be the masked class
    found = OwnAnswers(np.zeros((0, 1, 1), np.float32), SourceFreeParams(weight=0.3), (0.5, 0.0, 0.25))
    found.centres = torch.from_numpy(centres.astype(np.float32))
    asked = torch.from_numpy(scores.astype(np.float32)).requires_grad_()
    values, labels = torch.zeros(20, 1, 1), torch.full((20,), -1)
    loss = found.loss(None, Batch(values, labels, torch.from_numpy(features.astype(np.float32)), asked, 0.0))
    answers = weighted(softmax(scores, axis=1), (0.5, 0.0, 0.25))[:, [0, 2]].astype(np.float64)
    nearer = cdist(features, centres, "cosine").argmin(axis=1)
    wanted = entropy(answers, axis=1).mean() - entropy(answers.mean(axis=0))
    wanted -= 0.3 * np.log(answers)[np.arange(20), nearer].mean()
    assert float(loss.detach()) == pytest.approx(wanted, rel=1e-5)
    loss.backward()
    assert not asked.grad[:, 1].any()
    assert asked.grad[:, [0, 2]].all()


def test_centres_are_the_means_of_their_members():
    rng = np.random.default_rng(1)
    features, answers = rng.normal(size=(60, 4)), rng.dirichlet([1, 1, 1], 60)
    soft = np.stack([np.average(features, axis=0, weights=answers[:, column]) for column in range(3)])
    labels = cdist(features, soft, "cosine").argmin(axis=1)
    wanted = np.stack([features[labels == column].mean(axis=0) for column in range(3)])
    found = centres_of(torch.from_numpy(features), torch.from_numpy(answers))
    np.testing.assert_allclose(found.numpy(), wanted, atol=1e-10)
    np.testing.assert_array_equal(
        nearest(torch.from_numpy(features), found).numpy(), cdist(features, wanted, "cosine").argmin(axis=1)
    )


def test_a_class_without_members_keeps_its_first_centre():
    features = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    answers = torch.tensor([[0.9, 0.0, 0.1], [0.0, 0.9, 0.1]], dtype=torch.float64)
    found = centres_of(features, answers)
    np.testing.assert_allclose(found.numpy(), [[1, 0], [0, 1], [0.5, 0.5]])


def test_an_area_of_features_that_are_no_more_is_dropped_and_one_of_inputs_stays(network):
    for space, stays in (("features", False), ("inputs", True)):
        one = np.ones(3, np.float32)
        area = Applicability(space, one, one, one[None], 1.0, 1.0, 0.0)
        given = dataclasses.replace(network, applicability=area)
        found = run_strategy("source_free", {**STEP, "epochs": 2}, task_of(given, -14))
        assert found.record["adapted"]
        assert (found.applicability is not None) == stays


def test_the_package_goes_on_telling_how_the_source_was_trained(source):
    """Whether the classes were balanced says which shares its probabilities assume (`priors.learnt_shares`)."""
    package = fit(source, "tempcnn", {**SMALL, "epochs": 5, "balance": "weights"}, OPTIONS)
    found = run_strategy("source_free", {**STEP, "epochs": 1}, task_of(package, -14))
    assert dict(found.params) == dict(package.params)
