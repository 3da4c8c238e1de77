import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.errors import TransferError
from cropmap.data.package import Scaling
from cropmap.training.fit import FitOptions
from cropmap.transfer import pooled as module
from cropmap.transfer.base import Transfer, run_strategy
from cropmap.transfer.pooled import equal_rows, together
from tests.core.transfer.conftest import accuracy, site

OPTIONS = FitOptions(seed=3, device="cpu", threads=1)
NETWORK = {"width": 8, "dense": 16, "epochs": 2, "batch_size": 64}
FOREST = {"trees": 30}


def of_year(samples, year):
    return dataclasses.replace(samples, years=np.full(len(samples), year, np.int16))


def joined(*sets):
    first = sets[0]
    fields = ("values", "codes", "ids", "x", "y", "groups", "sites", "years")
    return dataclasses.replace(first, **{name: np.concatenate([getattr(own, name) for own in sets]) for name in fields})


@pytest.fixture(scope="module")
def two_years():
    """A site in two years, the second late; 240 and 90 samples."""
    first = site({"corn": 80, "other": 80, "soybean": 80}, seed=1)
    second = site({"corn": 30, "other": 30, "soybean": 30}, seed=2, lag=21)
    second = dataclasses.replace(
        second, ids=np.char.add("later ", second.ids), groups=np.char.add("later ", second.ids)
    )
    return joined(of_year(first, 2022), of_year(second, 2023))


@pytest.fixture(scope="module")
def few():
    return site({"corn": 5, "other": 5, "soybean": 5}, seed=3, lag=21, name="B")


@pytest.fixture
def seen(monkeypatch):
    """The samples, and the mask of those that validate, of every fit."""
    found = []

    def fit(samples, model, values, options, progress, validation=None):
        found.append((samples, validation))
        return real(samples, model, values, options, progress, validation)

    real = module.fit
    monkeypatch.setattr(module, "fit", fit)
    return found


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(0, 70), st.integers(0, 2**20), st.booleans())
def test_every_domain_has_as_many_rows_and_none_of_them_twice_more_than_another(sizes, count, seed, shuffled):
    rng = np.random.default_rng(seed)
    domain = np.repeat(np.arange(len(sizes)), sizes)
    if shuffled:
        domain = rng.permutation(domain)
    rows = equal_rows(domain, np.arange(len(domain)), count, rng)
    wanted = count or max(sizes)
    assert np.bincount(domain[rows], minlength=len(sizes)).tolist() == [wanted] * len(sizes)
    times = np.bincount(rows, minlength=len(domain))
    for number in range(len(sizes)):
        own = times[domain == number]
        assert own.max() - own.min() <= 1
    assert (np.diff(rows) >= 0).all()


def test_ids_of_two_places_never_meet(two_years):
    samples, domain = together(two_years, two_years)
    assert len(np.unique(samples.ids)) == len(samples) == 660
    assert sorted(set(domain)) == ["A 2022", "A 2023", "target"]
    assert not set(samples.groups[domain == "target"]) & set(samples.groups[domain != "target"])
    np.testing.assert_array_equal(samples.values[:330], samples.values[330:])


def test_a_few_labels_of_the_target_count_as_much_as_many_of_the_source(source, few):
    task = Transfer(source, target=few, model="random_forest", values=FOREST, options=OPTIONS)
    tested = site({"corn": 100, "other": 100, "soybean": 100}, seed=9, lag=21)
    equal, plain = (run_strategy("pooled", {"equal": equal}, task) for equal in (True, False))
    assert equal.record["domains"] == plain.record["domains"] == {"A 2023": 360, "target": 15}
    assert equal.record["domain_rows"] == {"A 2023": 360, "target": 360}
    assert plain.record["domain_rows"] == {"A 2023": 360, "target": 15}
    assert accuracy(equal, tested) > accuracy(task.source_package(), tested) + 0.1


def test_sites_and_years_of_a_source_count_the_same_without_any_label_of_the_target(two_years):
    task = Transfer(two_years, model="random_forest", values=FOREST, options=OPTIONS)
    found = run_strategy("pooled", {"rows": 100}, task)
    assert found.record["domain_rows"] == {"A 2022": 100, "A 2023": 100}
    assert found.record["target_samples"] == 0


def test_labels_that_are_repeated_are_counted_once(source, few):
    # Strategies are compared at the same number of labels.
    task = Transfer(source, target=few, model="random_forest", values=FOREST, options=OPTIONS)
    assert run_strategy("pooled", {}, task).record["target_samples"] == 15


def test_no_copy_of_a_sample_that_validates_is_learnt_from(two_years, few, seen):
    task = Transfer(two_years, target=few, model="tempcnn", values=NETWORK, options=OPTIONS)
    run_strategy("pooled", {}, task)
    samples, held = seen[0]
    original = np.char.partition(samples.ids, "+")[:, 0]
    assert not set(original[held]) & set(original[~held])
    assert not set(samples.groups[held]) & set(samples.groups[~held])
    # Each place validates, once a sample.
    assert len(set(original[held])) == held.sum()
    assert {name.split("/")[0] for name in original[held]} == {"source A", "target B"}


def test_the_scaling_is_that_of_what_is_learnt_from(two_years, few, seen):
    task = Transfer(two_years, target=few, model="tempcnn", values=NETWORK, options=OPTIONS)
    found = run_strategy("pooled", {}, task)
    samples, held = seen[0]
    learnt = samples.values[~held].astype(np.float64)
    assert isinstance(found.scaling, Scaling)
    np.testing.assert_allclose(found.scaling.mean, learnt.mean(axis=(0, 1)), rtol=1e-5)
    np.testing.assert_allclose(found.scaling.deviation, learnt.std(axis=(0, 1)), rtol=1e-4)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"validation": "target"}, {"target"}),
        ({"validation": "domain"}, {"A 2023"}),  # the one with the fewest samples
        ({"validation": "domain", "left_out": "A 2022"}, {"A 2022"}),
    ],
)
def test_who_validates_can_be_chosen(two_years, seen, values, expected):
    target = site({"corn": 20, "other": 20, "soybean": 20}, seed=3, lag=21, name="B")
    task = Transfer(two_years, target=target, model="tempcnn", values=NETWORK, options=OPTIONS)
    run_strategy("pooled", values, task)
    samples, held = seen[0]
    place = np.where(np.char.startswith(samples.ids, "target"), "target", np.char.add("A ", samples.years.astype(str)))
    assert set(place[held]) == expected
    if values["validation"] == "domain":
        assert not expected & set(place[~held])


def test_a_forest_learns_from_all(two_years, few, seen):
    run_strategy("pooled", {"equal": False}, Transfer(two_years, target=few, model="random_forest", options=OPTIONS))
    samples, held = seen[0]
    assert held is None
    assert len(samples) == 345


def test_the_same_seed_gives_the_same_model(two_years, few):
    task = Transfer(two_years, target=few, model="random_forest", values=FOREST, options=OPTIONS)
    one, other = (run_strategy("pooled", {"rows": 50}, task) for _ in range(2))
    assert all(one.arrays[name].tobytes() == other.arrays[name].tobytes() for name in one.arrays)


def test_what_cannot_validate_is_refused(source, two_years):
    network = {"model": "tempcnn", "values": NETWORK, "options": OPTIONS}
    with pytest.raises(TransferError, match="Choose all or domain"):
        run_strategy("pooled", {"validation": "target"}, Transfer(source, **network))
    with pytest.raises(TransferError, match="one site and year alone, A 2023"):
        run_strategy("pooled", {"validation": "domain"}, Transfer(source, **network))
    with pytest.raises(TransferError, match="There are: A 2022, A 2023"):
        run_strategy("pooled", {"validation": "domain", "left_out": "B"}, Transfer(two_years, **network))


def test_classes_keep_their_codes_where_the_target_lacks_some(source, few):
    lesser = few.subset(few.codes != few.legend.code_of("other"))
    task = Transfer(source, target=lesser, model="random_forest", values=FOREST, options=OPTIONS)
    found = run_strategy("pooled", {}, task)
    assert found.legend == source.legend
    assert found.record["samples"]["corn"] > 0
    assert found.record["samples"]["other"] == 120
