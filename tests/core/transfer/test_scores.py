import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy, norm
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KernelDensity

from cropmap.contract.errors import SampleError, TransferError
from cropmap.data.calendar import shifted
from cropmap.training.fit import FitOptions, fit
from cropmap.transfer.base import Transfer, run_strategy
from cropmap.transfer.classes import masked
from cropmap.transfer.scores import (
    Scores,
    cross_entropies,
    deep_embedded_validation,
    importance_weights,
    information,
    mean_entropy,
    neighbourhood_density,
    ranking,
    score,
    weighted_mean,
)
from tests.core.transfer.conftest import accuracy, site

COUNT = 60
# What skada 0.6.0 says of `answers`. Its entropy is a mean over classes too; its signs say what is better. Its own loss
# has the wrong shape for its validation (each weight then meets each loss): here it was given one as a column.
SKADA = {"entropy": 0.21208071948744373, "density": 2.7303850978636643, "dev": 0.7507283678035088, "iw": 0.75084126336}


@pytest.fixture(scope="module")
def answers():
    """A logistic regression of 60 points of a source, which answers for them and for 60 of a target."""
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(0, 1, (COUNT, 2)), rng.normal(0.7, 1.2, (COUNT, 2))])
    columns = (points[:, 0] + 0.5 * rng.normal(size=2 * COUNT) > 0).astype(int) + (points[:, 1] > 1).astype(int)
    source, target, own = points[:COUNT], points[COUNT:], columns[:COUNT]
    return source, target, own, LogisticRegression().fit(source, own)


def random_shares(count, classes, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(classes), count)


def test_the_entropy_is_scipys():
    shares = random_shares(50, 4)
    shares[0] = [1, 0, 0, 0]
    assert mean_entropy(shares) == pytest.approx(entropy(shares, axis=1).mean())


def test_the_entropy_is_that_of_another_library(answers):
    _, target, _, model = answers
    assert mean_entropy(model.predict_proba(target)) / 3 == pytest.approx(SKADA["entropy"], rel=1e-4)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        (np.eye(4), np.log(4)),
        (np.tile([1.0, 0, 0, 0], (9, 1)), 0.0),
        (np.full((9, 4), 0.25), 0.0),
        (np.array([[0.9, 0.1], [0.1, 0.9]]), np.log(2) - entropy([0.9, 0.1])),
    ],
)
def test_information_is_the_mutual_information_of_series_and_class(shares, expected):
    assert information(shares) == pytest.approx(expected, abs=1e-12)


def test_the_density_is_the_papers_formula_written_out():
    shares = random_shares(300, 3, seed=1)  # more rows than are held at a time
    unit = shares / np.sqrt((shares**2).sum(axis=1, keepdims=True))
    rows = []
    for row in range(len(unit)):
        others = np.delete(unit, row, axis=0)
        rows.append(entropy(softmax(others @ unit[row] / 0.05)))
    assert neighbourhood_density(shares) == pytest.approx(np.mean(rows), rel=1e-12)


def test_the_density_is_that_of_another_library(answers):
    _, target, _, model = answers
    assert neighbourhood_density(model.predict_proba(target)) == pytest.approx(SKADA["density"], rel=1e-4)


def test_answers_that_are_all_alike_have_the_highest_density():
    assert neighbourhood_density(np.tile([0.7, 0.3], (41, 1))) == pytest.approx(np.log(40))


def test_deep_embedded_validation_is_that_of_another_library(answers):
    source, target, own, model = answers
    learnt, held, _, columns = train_test_split(source, own, test_size=0.33, random_state=np.random.RandomState(0))
    domain = np.repeat([1, 0], [len(learnt), len(target)])
    odds = LogisticRegression().fit(np.concatenate([learnt, target]), domain).predict_proba(held)
    weights = len(learnt) / len(target) * odds[:, 0] / odds[:, 1]
    found = deep_embedded_validation(cross_entropies(model.predict_proba(held), columns), weights)
    assert found == pytest.approx(SKADA["dev"], rel=1e-4)


def test_weighted_accuracy_is_that_of_another_library(answers):
    source, target, own, model = answers
    at_target, at_source = (KernelDensity().fit(part).score_samples(source) for part in (target, source))
    right = (model.predict(source) == own).astype(float)
    assert weighted_mean(right, np.exp(at_target - at_source)) == pytest.approx(SKADA["iw"], rel=1e-4)


def test_with_weights_of_one_every_risk_is_the_mean():
    losses = np.random.default_rng(0).random(30)
    assert deep_embedded_validation(losses, np.ones(30)) == pytest.approx(losses.mean())
    assert deep_embedded_validation(np.array([0.7]), np.array([2.0])) == pytest.approx(1.4)  # one sample varies not
    assert weighted_mean(losses, np.ones(30)) == pytest.approx(losses.mean())


def test_weights_are_the_ratio_of_two_gaussians_densities():
    rng = np.random.default_rng(0)
    learnt, target, held = rng.normal(0, 1, (20_000, 1)), rng.normal(0.8, 1, (10_000, 1)), rng.normal(0, 1, (500, 1))
    truth = norm.pdf(held[:, 0], 0.8) / norm.pdf(held[:, 0])
    found = importance_weights(learnt, target, held)
    np.testing.assert_allclose(found, truth, rtol=0.15)
    assert found.mean() == pytest.approx(1, abs=0.1)


def test_the_control_variate_takes_noise_out_of_the_weighted_risk():
    """The true risk is known: losses x^2 under a target N(1, 1) have the mean 2."""
    plain, controlled = [], []
    for seed in range(200):
        x = np.random.default_rng(seed).normal(0, 1, 400)
        weights = np.exp(x - 0.5)
        plain.append((weights * x**2).mean())
        controlled.append(deep_embedded_validation(x**2, weights))
    assert np.std(controlled) < 0.8 * np.std(plain)
    assert np.mean(controlled) == pytest.approx(2, abs=0.25)


def test_weights_do_not_depend_on_the_units_of_a_feature():
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=(200, 2)) + np.array([shift, 0]) for shift in (0, 0.5, 0)]
    scaled = [part * [1000, 1] for part in parts]
    np.testing.assert_allclose(importance_weights(*parts), importance_weights(*scaled), rtol=1e-4)


def test_scores_rank_a_model_of_the_targets_season_before_one_of_another(source, late):
    """Both candidates know the source; one was also taught the target's season."""
    options = FitOptions(seed=0, threads=1)
    both = replace(
        source,
        **{
            name: np.concatenate([getattr(source, name), getattr(late, name)])
            for name in ("values", "codes", "ids", "x", "y", "groups", "sites", "years")
        },
    )
    held = site({"corn": 80, "other": 80, "soybean": 80}, seed=5)
    target = site({"corn": 150, "other": 100, "soybean": 150}, seed=6, lag=21)
    found, truth = {}, {}
    for name, taught in (("source", source), ("both", both)):
        package = fit(taught, "random_forest", {"trees": 60}, options)
        found[name], truth[name] = score(package, (source, held), target.values), accuracy(package, target)
    assert truth["both"] > truth["source"] + 0.1
    for by in ("entropy", "information"):
        assert ranking(found, by) == ["both", "source"]
    # Two seasons that hardly overlap: the weighted scores rest on few samples, and say so.
    assert found["both"].effective < 0.5 * len(held)


def test_where_source_and_target_are_alike_the_weighted_accuracy_is_the_accuracy(source):
    package = fit(source, "random_forest", {"trees": 60}, FitOptions(seed=0, threads=1))
    held = site({"corn": 80, "other": 80, "soybean": 80}, seed=5, noise=0.12)
    target = site({"corn": 80, "other": 80, "soybean": 80}, seed=6, noise=0.12)
    learnt = site({"corn": 300, "other": 300, "soybean": 300}, seed=7, noise=0.12)
    found = score(package, (learnt, held), target.values)
    assert found.accuracy == pytest.approx(accuracy(package, target), abs=0.06)
    assert found.effective > 0.6 * len(held)


def test_samples_of_a_class_that_the_candidate_does_not_know_are_not_judged(source):
    package = fit(source, "random_forest", {"trees": 20}, FitOptions(seed=0, threads=1))
    held = site({"corn": 30, "other": 30, "soybean": 30}, seed=5)
    more = site({"corn": 30, "other": 30, "soybean": 30, "rice": 40}, seed=5)
    found = score(package, (source, more), held.values)
    assert found.accuracy > 0.9
    with pytest.raises(SampleError, match="Name shared classes alike"):
        score(package, (source, more.subset(more.codes == more.legend.code_of("rice"))), held.values)


def test_scores_follow_the_packages_class_weights(source):
    package = fit(source, "random_forest", {"trees": 20}, FitOptions(seed=0, threads=1))
    held = site({"corn": 30, "other": 30, "soybean": 30}, seed=5)
    found = score(masked(package, ["corn"]), (source, held), held.values)
    assert found.entropy == 0
    assert found.information == 0


def test_a_package_that_moves_the_target_s_series_does_not_move_the_source_s(source):
    """The days bring the target's season to the source's; the source is there already."""
    package = fit(source, "random_forest", {"trees": 40}, FitOptions(seed=0, threads=1))
    held = site({"corn": 60, "other": 60, "soybean": 60}, seed=5)
    target = site({"corn": 60, "other": 60, "soybean": 60}, seed=6)
    moving = replace(package, shift_days=-28.0)
    late = shifted(target.values, target.days, 28.0)
    here, there = score(package, (source, held), target.values), score(moving, (source, held), late)
    assert there.accuracy == pytest.approx(here.accuracy, abs=0.05)
    assert there.effective > 0.2 * here.effective


def test_features_of_a_forest_on_a_network_weigh_its_validation(source, late):
    pytest.importorskip("torch")
    options = FitOptions(seed=0, threads=1, device="cpu")
    network = fit(source, "tempcnn", {"width": 4, "dense": 8, "epochs": 2}, options)
    task = Transfer(package=network, target=source, options=options)
    package = run_strategy("feature_forest", {"trees": 10}, task)
    found = score(package, (source, late), late.values)
    assert found.dev_effective != found.effective


def test_the_same_seed_gives_the_same_scores(source, late):
    package = fit(source, "random_forest", {"trees": 10}, FitOptions(seed=0, threads=1))
    assert score(package, (source, late), late.values) == score(package, (source, late), late.values)


def test_an_unknown_score_is_told_with_those_there_are():
    scores = Scores(1, 2, 3, 4, 5, 6, 7, 8)
    with pytest.raises(TransferError, match="Choose one of accuracy, risk, dev"):
        ranking({"a": scores}, "effective")


@pytest.mark.parametrize(("count", "enough"), [(29, False), (30, True)])
def test_too_few_samples_after_weighting_are_told(count, enough):
    assert replace(Scores(*[100] * 8), effective=count).overlap == enough
    assert replace(Scores(*[100] * 8), dev_effective=count).overlap == enough


@pytest.mark.torch
def test_a_networks_own_features_weigh_its_validation_and_inputs_the_rest(source, late):
    values = {"width": 8, "dense": 16, "epochs": 3, "batch_size": 32}
    package = fit(source, "tempcnn", values, FitOptions(seed=0, threads=1, device="cpu"))
    held = site({"corn": 40, "other": 40, "soybean": 40}, seed=5)
    found = score(package, (source, held), late.values)
    assert found.effective != found.dev_effective
    flat = [part.reshape(len(part), -1) for part in (source.values, late.values, held.values)]
    weights = importance_weights(*flat)
    assert found.effective == pytest.approx(weights.sum() ** 2 / (weights**2).sum(), rel=0.01)


def test_scores_and_areas_do_not_wait_for_pytorch():
    code = "import sys, cropmap.transfer.scores, cropmap.transfer.applicability; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_more_is_better_of_some_and_less_of_others():
    low, high = Scores(*[1] * 8), Scores(*[2] * 8)
    best = {by: ranking({"low": low, "high": high}, by)[0] for by in ("accuracy", "information", "density")}
    assert set(best.values()) == {"high"}
    assert {ranking({"low": low, "high": high}, by)[0] for by in ("risk", "dev", "entropy")} == {"low"}


@pytest.mark.parametrize("measure", [mean_entropy, information, neighbourhood_density])
def test_nothing_to_score_is_refused(measure):
    with pytest.raises(SampleError, match="Give some series of the target"):
        measure(np.empty((0, 3)))
