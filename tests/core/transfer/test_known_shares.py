import dataclasses

import numpy as np
import pytest

from cropmap.contract.errors import TransferError
from cropmap.models.predictor import Predictor
from cropmap.training.fit import FitOptions
from cropmap.transfer.base import Transfer, run_strategy
from cropmap.transfer.known_shares import given_shares
from tests.core.transfer.conftest import accuracy, site

OPTIONS = FitOptions(seed=3, device="cpu", threads=1)
FOREST = {"trees": 60}
NAMES, LEARNT = ("corn", "other", "soybean"), np.array([0.5, 0.3, 0.2])
# Crops as at the source, hard to tell apart, and nearly all of it corn.
MANY = {"corn": 400, "other": 40, "soybean": 40}


@pytest.fixture(scope="module")
def noisy():
    return site({"corn": 200, "other": 200, "soybean": 200}, seed=1, noise=0.12)


@pytest.fixture(scope="module")
def tested():
    return site(MANY, seed=2, noise=0.12, name="B")


@pytest.fixture(scope="module")
def forest(noisy):
    return Transfer(source=noisy, model="random_forest", values=FOREST, options=OPTIONS).source_package()


def test_a_place_of_other_shares_is_mapped_better_once_they_are_known(noisy, tested, forest):
    task = Transfer(source=noisy, model="random_forest", values=FOREST, options=OPTIONS)
    found = run_strategy("known_shares", {"shares": "maize 83 %, other 0.085"}, task)
    assert accuracy(found, tested) > accuracy(forest, tested) + 0.03
    assert found.record["shares"]["corn"] == pytest.approx(0.83)
    assert found.record["learnt_shares"]["corn"] == pytest.approx(1 / 3, abs=0.08)


def test_the_shares_of_the_source_change_nothing(tested, forest):
    shares = {"shares": "corn 1, other 1, soybean 1"}
    found = run_strategy("known_shares", shares, Transfer(package=forest))
    before, after = (Predictor(own).probabilities(tested.values) for own in (forest, found))
    np.testing.assert_allclose(after, before, atol=1e-6)


def test_a_model_that_learnt_from_balanced_classes_is_told_the_shares(tested):
    uneven = site({"corn": 60, "other": 300, "soybean": 60}, seed=8, noise=0.12)
    values = {**FOREST, "balance": "weights"}
    task = Transfer(source=uneven, model="random_forest", values=values, options=OPTIONS)
    found = run_strategy("known_shares", {"shares": "corn 10, other 1, soybean 1"}, task)
    assert accuracy(found, tested) > accuracy(task.source_package(), tested)


def test_given_shares_are_bayes_rule_where_only_a_package_is_known(forest, tested):
    found = run_strategy("known_shares", {"shares": "corn 0.8, other 0.1, soy 0.1"}, Transfer(package=forest))
    before = Predictor(forest).probabilities(tested.values).astype(np.float64) * [2.4, 0.3, 0.3]
    expected = before / before.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(Predictor(found).probabilities(tested.values), expected, atol=1e-6)
    assert found.arrays == forest.arrays


def test_shares_follow_one_another_without_adding_up(forest):
    once = run_strategy("known_shares", {"shares": "corn 0.8, other 0.1, soy 0.1"}, Transfer(package=forest))
    twice = run_strategy("known_shares", {"shares": "corn 0.2, other 0.3, soy 0.5"}, Transfer(package=once))
    direct = run_strategy("known_shares", {"shares": "corn 0.2, other 0.3, soy 0.5"}, Transfer(package=forest))
    np.testing.assert_allclose(twice.class_weights, direct.class_weights)


def test_a_class_that_may_not_be_answered_stays_so(forest):
    masked = dataclasses.replace(forest, class_weights=(1.0, 0.0, 1.0))
    found = run_strategy("known_shares", {"shares": "corn 0.5"}, Transfer(package=masked))
    assert found.class_weights[1] == 0
    with pytest.raises(TransferError, match="Give other shares"):
        run_strategy("known_shares", {"shares": "other 1, corn 0, soybean 0"}, Transfer(package=masked))


def test_what_is_missing_is_told(forest):
    with pytest.raises(TransferError, match=r"No shares are given.*Write them like"):
        run_strategy("known_shares", {}, Transfer(package=forest))
    silent = dataclasses.replace(forest, record={})
    with pytest.raises(TransferError, match="how many samples of each class"):
        run_strategy("known_shares", {"shares": "corn 1"}, Transfer(package=silent))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("corn 0.4, soybean 0.35, other 0.25", [0.4, 0.25, 0.35]),
        ("Kukuruz: 40 %; soja = 35%\nostalo 25 %", [0.4, 0.25, 0.35]),
        ("corn .6", [0.6, 0.24, 0.16]),  # what is left as learnt: 3 to 2
        ("corn 1", [1, 0, 0]),
        ("corn 0.333, other 0.333, soy 0.333", [1 / 3, 1 / 3, 1 / 3]),
        ("corn 4000, other 1000, soy 3000", [0.5, 0.125, 0.375]),  # hectares
        ("corn 0.7, other 0.305", [0.7 / 1.005, 0.305 / 1.005, 0]),
    ],
)
def test_shares_are_read_from_a_text(text, expected):
    np.testing.assert_allclose(given_shares(text, NAMES, LEARNT), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        (" ", "Write them like"),
        ("corn", "Write them like"),
        ("0.4", "Write them like"),
        ("corn -0.4", "Write them like"),
        ("wheat 0.4", "corn, other, soybean"),
        ("corn 0.4, maize 0.2", "Give each class one"),
        ("corn 40, other 60", "Give shares of the whole"),
        ("corn 0, other 0, soy 0", "Give shares of the whole"),
    ],
)
def test_a_text_that_gives_no_shares_is_refused(text, fix):
    with pytest.raises(TransferError, match=fix):
        given_shares(text, NAMES, LEARNT)
