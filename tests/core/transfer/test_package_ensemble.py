import dataclasses
import datetime as dt

import numpy as np
import pytest

from cropmap.contract.errors import PackageError, TransferError
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.probabilities import tempered, weighted
from cropmap.data.recipe import StepUse
from cropmap.data.season import Season
from cropmap.io.packages import read_package, write_package
from cropmap.models.base import load_model
from cropmap.models.predictor import Predictor
from cropmap.training.fit import FitOptions, fit
from cropmap.transfer.package_ensemble import package_ensemble
from tests.core.transfer.conftest import DAYS, accuracy, site

NETWORK = {"width": 8, "dense": 16, "epochs": 2, "batch_size": 32}


def forest(samples, seed=0, **changes):
    package = fit(samples, "random_forest", {"trees": 15}, FitOptions(seed=seed, threads=1))
    return dataclasses.replace(package, **changes)


@pytest.fixture(scope="module")
def values():
    return site({"corn": 30, "other": 30, "soybean": 30}, seed=8, noise=0.2).values


@pytest.fixture(scope="module")
def first(source):
    return forest(source, 1)


@pytest.fixture(scope="module")
def second(source):
    return fit(source, "tempcnn", NETWORK, FitOptions(seed=2, threads=1, device="cpu"))


def renamed(package, names, codes=(0, 1, 2)):
    return dataclasses.replace(
        package,
        legend=Legend(tuple(LegendClass(code, name, "#112233") for code, name in zip(codes, names, strict=True))),
        record={"samples": dict.fromkeys(names, 10)},
    )


def test_probabilities_are_the_mean_each_with_its_own_scaling_temperature_and_weights(first, second, values):
    special = dataclasses.replace(second, temperature=1.7, class_weights=(0.2, 1.0, 0.0))
    expected = (Predictor(first).probabilities(values) + Predictor(special).probabilities(values)) / 2
    found = package_ensemble([first, special])
    np.testing.assert_allclose(Predictor(found).probabilities(values), expected, atol=1e-6)
    own = load_model(second).predict_proba(second.scaling.apply(values))
    np.testing.assert_allclose(Predictor(special).probabilities(values), weighted(tempered(own, 1.7), (0.2, 1, 0)))


def test_it_survives_its_file_to_the_byte(first, second, values, tmp_path):
    special = dataclasses.replace(second, temperature=1.7, class_weights=(0.2, 1.0, 0.0), shift_days=-9.5)
    other = renamed(first, ("kukuruz", "soja", "raž"))
    found = package_ensemble([special, other, first])
    again = read_package(write_package(tmp_path / "ensemble.cropmap", found))
    assert Predictor(again).probabilities(values).tobytes() == Predictor(found).probabilities(values).tobytes()
    model = load_model(again)
    np.testing.assert_allclose(model.head(model.encode(values)), model.predict_proba(values), atol=1e-6)


def test_a_class_that_one_does_not_know_gets_the_others_mean(first, values):
    other = renamed(first, ("kukuruz", "soja", "wheat"), (4, 7, 9))  # its columns: corn, soybean, wheat
    found = package_ensemble([first, other])
    assert found.legend.names == ("corn", "other", "soybean", "wheat")
    assert found.legend.classes[:3] == first.legend.classes
    own = Predictor(first).probabilities(values).astype(np.float64)
    mean = np.stack([own[:, 0], own[:, 1], (own[:, 2] + own[:, 1]) / 2, own[:, 2]], axis=1)
    expected = mean / mean.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(Predictor(found).probabilities(values), expected, atol=1e-6)
    assert found.record["samples"] == {"corn": 130, "other": 120, "soybean": 130, "wheat": 10}


def test_the_same_classes_in_another_order_are_the_same_classes(source, first, values):
    swapped = np.array([2, 0, 1], np.uint8)  # corn, other, soybean become 2, 0, 1
    names = ("ostalo", "soja", "kukuruz")
    legend = Legend(tuple(LegendClass(code, name, "#112233") for code, name in enumerate(names)))
    other = forest(dataclasses.replace(source, codes=swapped[source.codes], legend=legend), 3)
    order = [2, 0, 1]
    expected = (Predictor(first).probabilities(values) + Predictor(other).probabilities(values)[:, order]) / 2
    np.testing.assert_allclose(Predictor(package_ensemble([first, other])).probabilities(values), expected, atol=1e-6)


def test_a_member_that_moves_series_does_so_for_itself(source):
    late = site({"corn": 100, "other": 100, "soybean": 100}, seed=4, lag=21)
    moving = forest(source, 1, shift_days=-21.0)
    assert accuracy(moving, late) > 0.9
    found = package_ensemble([moving, forest(source, 2, shift_days=-21.0)])
    assert accuracy(found, late) > 0.9
    assert found.shift_days == 0


def test_two_years_judge_a_third_better_than_the_worse_of_them(source):
    late = site({"corn": 120, "other": 120, "soybean": 120}, seed=5, lag=21)
    tested = site({"corn": 100, "other": 100, "soybean": 100}, seed=6, lag=10)
    each = [forest(source, 1), forest(late, 1)]
    assert accuracy(package_ensemble(each), tested) > min(accuracy(package, tested) for package in each) + 0.03


def test_packages_that_do_not_fit_are_refused(first, second):
    with pytest.raises(TransferError, match="Give two packages"):
        package_ensemble([first])
    with pytest.raises(TransferError, match="one recipe"):
        package_ensemble([first, dataclasses.replace(second, bands=("red", "nir", "blue"))])
    smoothed = dataclasses.replace(first.recipe, steps=(StepUse("whittaker", {}),))
    with pytest.raises(TransferError, match=r"fields is of .* those of maize: its steps are whittaker.*one recipe"):
        package_ensemble([first, dataclasses.replace(second, recipe=smoothed)], ["maize", "fields"])
    autumn = dataclasses.replace(first.recipe, season=Season(dt.date(2023, 10, 1), dt.date(2024, 5, 1)))
    with pytest.raises(TransferError, match=r"package 2 .* its season begins on 01 October, not on 01 April"):
        package_ensemble([first, dataclasses.replace(second, recipe=autumn)])
    with pytest.raises(TransferError, match="one recipe"):
        package_ensemble([first, dataclasses.replace(second, days=DAYS + 1)])
    with pytest.raises(TransferError, match="packages of its members"):
        package_ensemble([first, package_ensemble([first, second])])
    with pytest.raises(TransferError, match=r"mean the same class. \(classes of package 2\)"):
        package_ensemble([first, renamed(second, ("corn", "maize", "other"))])


def test_the_record_tells_of_every_member_and_of_all_values_that_they_have_seen(first, second):
    later = dataclasses.replace(first.recipe, season=first.recipe.season.moved(1))
    one = dataclasses.replace(first, record={**first.record, "ranges": {"red": [0.1, 0.2], "nir": [0.2, 0.5]}})
    told = {"ranges": {"red": [0.0, 0.15]}, "masked": True, "cross_validation": {"macro_f1": 0.5}}
    other = dataclasses.replace(second, recipe=later, record=told)
    record = package_ensemble([one, other], ["a", "b"]).record
    assert record["ranges"] == {"red": [0.0, 0.2], "nir": [0.2, 0.5]}
    assert record["masked"]
    assert [(own["name"], own["model"], own["season"][0]) for own in record["members"]] == [
        ("a", "random_forest", "2023-04-01"),
        ("b", "tempcnn", "2024-04-01"),
    ]
    assert record["members"][1]["cross_validation"] == {"macro_f1": 0.5}
    assert record["members"][0]["fingerprint"] == first.fingerprint


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("1.answer.temperature", np.zeros(1)),
        ("1.answer.temperature", np.ones(1, np.float32)),
        ("1.answer.temperature", np.ones((1, 1))),
        ("1.answer.class_weights", np.ones(2)),
        ("1.answer.class_weights", -np.ones(3)),
        ("1.answer.columns", np.array([0, 1, 1])),
        ("1.answer.columns", np.array([0, 1, 4])),
        ("1.answer.columns", np.array([0, 1])),
        ("1.answer.columns", np.empty(0, np.int64)),
        ("1.answer.shift_days", np.array([np.inf])),
        ("1.answer.mood", np.ones(1)),
    ],
)
def test_damaged_answers_are_refused(first, second, name, array):
    whole = package_ensemble([first, renamed(second, ("corn", "soybean", "wheat"))])
    with pytest.raises(PackageError):
        load_model(dataclasses.replace(whole, arrays={**whole.arrays, name: array}))
