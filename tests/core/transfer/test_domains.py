import dataclasses

import numpy as np
import pytest
import torch
from scipy.stats import entropy
from torch import nn

from cropmap.contract.errors import TransferError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.calendar import shifted
from cropmap.models.base import load_model
from cropmap.models.predictor import Predictor
from cropmap.training.adaptation import Batch
from cropmap.training.fit import FitOptions, fit
from cropmap.training.scaling import fit_scaling
from cropmap.transfer.base import Transfer, run_strategy
from cropmap.transfer.dann import legacy_ramp
from cropmap.transfer.distances import mmd2
from cropmap.transfer.domains import (
    DomainNorms,
    Matching,
    MatchingParams,
    TargetFeed,
    ramp,
    reversed_gradient,
    unsureness,
)
from tests.core.transfer.conftest import accuracy, site

OPTIONS = FitOptions(seed=3, device="cpu", threads=1)
SMALL = {"width": 8, "dense": 16, "epochs": 3, "batch_size": 32}
STRATEGIES = ("dann", "cdan", "deep_coral", "mmd", "class_mmd")


def rows(count):
    """Series that tell their own number."""
    return np.arange(count, dtype=np.float32)[:, None, None].repeat(2, axis=1)


@pytest.fixture(scope="module")
def bright():
    return site({"corn": 60, "other": 60, "soybean": 60}, seed=2, bright=0.1, name="B")


def task(source, there, *, values=SMALL, model="tempcnn", options=OPTIONS, **more):
    return Transfer(source=source, series=there.values, model=model, values=values, options=options, **more)


# ---------------------------------------------------------------- the target's series


def test_each_pass_brings_each_series_once_in_another_order():
    feed = TargetFeed(rows(10), "cpu", seed=4)
    passes = [torch.cat([feed.next(3), feed.next(3), feed.next(4)])[:, 0, 0].tolist() for _ in range(3)]
    assert all(sorted(found) == list(range(10)) for found in passes)
    assert len({tuple(found) for found in passes}) == 3


def test_draws_go_over_the_end_of_a_pass_and_may_ask_for_more_than_there_is():
    whole, split = TargetFeed(rows(5), "cpu", seed=4), TargetFeed(rows(5), "cpu", seed=4)
    drawn = whole.draw(13).tolist()
    assert drawn == [place for count in (4, 4, 5) for place in split.draw(count).tolist()]
    assert np.bincount(drawn).tolist() == [3, 3, 3, 2, 2] or max(np.bincount(drawn)) == 3
    assert sorted(drawn[:5]) == sorted(drawn[5:10]) == list(range(5))


def test_a_feed_goes_on_from_its_state():
    first = TargetFeed(rows(7), "cpu", seed=1)
    first.draw(10)
    other = TargetFeed(rows(7), "cpu", seed=1)
    other.restore(first.state())
    assert other.draw(9).tolist() == first.draw(9).tolist()


def test_another_seed_gives_another_order():
    assert TargetFeed(rows(50), "cpu", 1).draw(50).tolist() != TargetFeed(rows(50), "cpu", 2).draw(50).tolist()


# ---------------------------------------------------------------- the reversed gradient and its strength


@pytest.mark.parametrize("strength", [0.0, 0.3, 2.0])
def test_values_pass_a_reversal_bit_for_bit_and_their_gradient_turns_round(strength):
    values = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(3, dtype=torch.float64)
    through = reversed_gradient(values, strength)
    assert torch.equal(through, values)
    (through.square() @ weights).sum().backward()
    # d/dv of the sum of w v^2 is 2 w v.
    torch.testing.assert_close(values.grad, -strength * 2 * weights * values.detach())


def test_the_pull_rises_as_the_published_schedule_which_is_a_hyperbolic_tangent():
    done = np.linspace(0, 1, 11)
    np.testing.assert_allclose([ramp(share) for share in done], np.tanh(5 * done), atol=1e-15)
    assert ramp(0) == 0


def test_the_legacy_pull_rises_over_a_thousand_batches_whatever_their_number():
    passes = np.array([0, 1000, 4000, 8000])
    np.testing.assert_allclose([legacy_ramp(n) for n in passes], np.tanh(passes / 2000), atol=1e-15)
    assert round(legacy_ramp(1000), 2) == 0.46  # as measured in the published study
    assert round(legacy_ramp(4000), 2) == 0.96


# ---------------------------------------------------------------- which epoch


def test_unsureness_is_the_mean_entropy_and_the_information_takes_off_that_of_the_mean():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([0.5, 1, 2], 200)
    each = entropy(probabilities, axis=1).mean()
    given = torch.from_numpy(probabilities)
    assert unsureness(given, "entropy") == pytest.approx(each)
    assert unsureness(given, "information") == pytest.approx(each - entropy(probabilities.mean(axis=0)))


def test_one_class_for_everything_counts_as_sure_by_entropy_alone():
    collapsed, even = torch.eye(3)[[0] * 9], torch.eye(3)[[0, 1, 2] * 3]
    assert unsureness(collapsed, "entropy") == unsureness(even, "entropy") == 0
    assert unsureness(even, "information") == pytest.approx(-np.log(3))
    assert unsureness(collapsed, "information") == 0


def test_the_score_is_kept_in_the_record_and_the_lowest_sum_is_the_best_epoch(source, bright):
    record = run_strategy("deep_coral", {}, task(source, bright)).record
    sums = [epoch["validation_loss"] + epoch["adaptation_score"] for epoch in record["epochs"]]
    assert record["best_epoch"] == 1 + int(np.argmin(sums))
    assert all(-np.log(3) <= epoch["adaptation_score"] <= 0 for epoch in record["epochs"])


def test_the_sources_loss_alone_may_choose_or_the_last_epoch_be_kept(source, bright):
    alone = run_strategy("mmd", {"choose_by": "source"}, task(source, bright)).record
    assert [epoch["adaptation_score"] for epoch in alone["epochs"]] == [0, 0, 0]
    values = {**SMALL, "epochs": 8, "learning_rate": 0.1, "schedule": "constant", "patience": 2}
    last = run_strategy("mmd", {"choose_by": "last"}, task(source, bright, values=values)).record
    losses = [epoch["validation_loss"] for epoch in last["epochs"]]
    assert last["best_epoch"] == len(losses) == 8
    assert int(np.argmin(losses)) != 7


# ---------------------------------------------------------------- statistics of each site


def test_each_site_has_its_own_running_statistics():
    network = nn.Sequential(nn.BatchNorm1d(2))
    norms = DomainNorms(network)
    ours, theirs = torch.randn(50, 2), 3 + 2 * torch.randn(40, 2)
    network(ours)
    with norms.target():
        network(theirs)
        network(theirs)
    # Momentum 0.1 from a mean of 0: one batch of ours, two of theirs.
    torch.testing.assert_close(network[0].running_mean, 0.1 * ours.mean(dim=0))
    torch.testing.assert_close(norms.tensors["0.running_mean"], 0.19 * theirs.mean(dim=0))
    torch.testing.assert_close(norms.tensors["0.running_var"], 0.81 + 0.19 * theirs.var(dim=0))
    assert (int(network[0].num_batches_tracked), int(norms.tensors["0.num_batches_tracked"])) == (1, 2)


def test_the_statistics_are_put_back_when_something_fails_on_the_way():
    network = nn.Sequential(nn.BatchNorm1d(2))
    norms, before = DomainNorms(network), network[0].running_mean
    with pytest.raises(KeyError), norms.target():
        raise KeyError
    assert network[0].running_mean is before


class Spy(Matching):
    """It draws nothing together, and remembers what it saw."""

    def gap(self, batch, other, strength):
        self.seen = batch, other, strength
        return batch.features.sum() * 0


def begun(source, params):
    model = load_model(fit(source, "tempcnn", {**SMALL, "epochs": 1, "dropout": 0.0}, OPTIONS))
    spy = Spy(np.random.default_rng(5).normal(2, 1, (64, 12, 3)).astype(np.float32), params)
    spy.begin(model.network, model.params, "cpu", seed=0)
    model.network.train()
    return model.network, spy


def passed(network, spy, values):
    features = spy.encode(network, values)
    columns = torch.zeros(len(values), dtype=torch.int64)
    spy.loss(network, Batch(values, columns, features, network.head(features), 0.5))
    return spy.seen


def test_apart_a_batch_of_the_source_is_normalised_without_the_target(source):
    network, spy = begun(source, MatchingParams())
    values = torch.from_numpy(source.values[:32])
    batch, other, strength = passed(network, spy, values)
    torch.testing.assert_close(batch.features, network.encode(values))
    assert strength == pytest.approx(np.tanh(2.5))
    drawn = TargetFeed(spy.series, "cpu", 0)
    drawn.draw(64)  # those that judge the epochs come first
    torch.testing.assert_close(other.features, network.encode(drawn.next(32)))


def test_shared_both_sites_are_normalised_as_one_batch(source):
    network, spy = begun(source, MatchingParams(batch_norm="shared"))
    values = torch.from_numpy(source.values[:32])
    batch, other, _ = passed(network, spy, values)
    drawn = TargetFeed(spy.series, "cpu", 0)
    drawn.draw(64)
    whole = network.encode(torch.cat((values, drawn.next(32))))
    torch.testing.assert_close(torch.cat((batch.features, other.features)), whole)


def test_the_model_keeps_the_targets_statistics_and_judges_epochs_with_them(source):
    network, spy = begun(source, MatchingParams())
    passed(network, spy, torch.from_numpy(source.values[:32]))
    kept, own = spy.kept(network), {name: tensor.clone() for name, tensor in network.state_dict().items()}
    different = {name for name, tensor in own.items() if not torch.equal(tensor, kept[name])}
    assert different == {name for name in own if name.endswith(("running_mean", "running_var"))}
    network.eval()
    with torch.inference_mode():
        score = spy.score(network)
    assert all(torch.equal(tensor, own[name]) for name, tensor in network.state_dict().items())
    network.load_state_dict(kept)
    probabilities = torch.softmax(network(torch.from_numpy(spy.series)), dim=1).detach()
    assert score == pytest.approx(unsureness(probabilities, "information"), abs=1e-6)


# ---------------------------------------------------------------- the model that is made


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_model_is_the_one_that_labels_alone_would_make_but_for_its_weights(strategy, source, bright):
    """No layer of the strategy's own, neither in front nor behind; nothing of a discriminator stays."""
    plain = fit(source, "tempcnn", SMALL, OPTIONS)
    found = run_strategy(strategy, {}, task(source, bright))
    assert {name: array.shape for name, array in found.arrays.items()} == {
        name: array.shape for name, array in plain.arrays.items()
    }
    assert found.legend == plain.legend
    assert found.params == plain.params
    assert found.record["strategy"] == strategy
    assert found.record["target_series"] == len(bright)
    # The same samples train and validate, and the scaling is fitted on those that train, of the source alone.
    assert found.record["training_samples"] == plain.record["training_samples"]
    np.testing.assert_array_equal(found.scaling.mean, plain.scaling.mean)


@pytest.mark.parametrize("strategy", ["dann", "class_mmd"])
def test_predictions_do_not_depend_on_chance_nor_on_their_neighbours(strategy, source, bright):
    predictor = Predictor(run_strategy(strategy, {}, task(source, bright)))
    whole = predictor.probabilities(bright.values)
    assert predictor.probabilities(bright.values).tobytes() == whole.tobytes()
    single = np.concatenate([predictor.probabilities(bright.values[row : row + 1]) for row in range(20)])
    np.testing.assert_allclose(single, whole[:20], atol=1e-6)


@pytest.mark.parametrize("strategy", ["cdan", "deep_coral", "class_mmd"])
def test_labels_of_the_target_are_never_read(strategy, source, bright):
    false = dataclasses.replace(bright, codes=np.roll(bright.codes, 60))
    found = [run_strategy(strategy, {}, task(source, bright, target=labels)) for labels in (None, bright, false)]
    for other in found[1:]:
        assert all(other.arrays[name].tobytes() == array.tobytes() for name, array in found[0].arrays.items())


@pytest.mark.parametrize(
    ("strategy", "batch_norm"), [("dann", "apart"), ("dann", "shared"), ("cdan", "apart"), ("class_mmd", "shared")]
)
def test_a_training_that_goes_on_ends_with_the_same_bytes(strategy, batch_norm, source, bright, tmp_path):
    asked = {"batch_norm": batch_norm}
    whole = run_strategy(strategy, asked, task(source, bright))
    done = []
    progress = Progress(point=lambda *_: done.append(1), cancelled=lambda: len(done) >= 2)
    options = dataclasses.replace(OPTIONS, checkpoints=tmp_path)
    with pytest.raises(Cancelled):
        run_strategy(strategy, asked, task(source, bright, options=options, progress=progress))
    assert list(tmp_path.iterdir())
    found = run_strategy(strategy, asked, task(source, bright, options=options))
    assert found.record["epochs"] == whole.record["epochs"]
    assert all(found.arrays[name].tobytes() == array.tobytes() for name, array in whole.arrays.items())


def test_it_begins_with_the_sources_model_and_its_scaling_where_one_is_given(source, bright):
    package = fit(source, "tempcnn", {**SMALL, "epochs": 20, "learning_rate": 0.01}, OPTIONS)
    values = {**package.params, "epochs": 1, "learning_rate": 1e-6}
    warm = run_strategy("mmd", {}, task(source, bright, values=values, package=package))
    assert warm.scaling is package.scaling
    for name in ("head.weight", "head.bias"):
        np.testing.assert_allclose(warm.arrays[name], package.arrays[name], atol=1e-4)
    new = run_strategy("mmd", {"begin": "new"}, task(source, bright, values=values, package=package))
    assert np.abs(new.arrays["head.weight"] - package.arrays["head.weight"]).max() > 0.05


def test_of_several_trainings_the_one_that_is_best_without_labels_is_kept(source, bright, tmp_path):
    def sum_of(package):
        kept = package.record["epochs"][package.record["best_epoch"] - 1]
        return kept["validation_loss"] + kept["adaptation_score"]

    one, three = (run_strategy("dann", {"starts": starts}, task(source, bright)) for starts in (1, 3))
    assert one.record["starts"] == [sum_of(one)]
    sums = three.record["starts"]
    assert sums[0] == sum_of(one)
    assert len(set(sums)) == 3
    assert sum_of(three) == min(sums)
    # Cancelled in the second, it goes on there.
    curves = []
    progress = Progress(point=lambda curve, _: curves.append(curve), cancelled=lambda: len(curves) >= 4)
    kept = dataclasses.replace(OPTIONS, checkpoints=tmp_path)
    with pytest.raises(Cancelled):
        run_strategy("dann", {"starts": 3}, task(source, bright, options=kept, progress=progress))
    after = []
    progress = Progress(point=lambda curve, _: after.append(curve))
    again = run_strategy("dann", {"starts": 3}, task(source, bright, options=kept, progress=progress))
    assert [curve.split()[0] for curve in dict.fromkeys(after)] == ["2", "3"]
    assert {name: array.tobytes() for name, array in again.arrays.items()} == {
        name: array.tobytes() for name, array in three.arrays.items()
    }


def test_the_target_is_moved_and_masked_as_the_source_s_package_does(source, bright):
    package = fit(source, "tempcnn", {**SMALL, "epochs": 2}, OPTIONS)
    told = dataclasses.replace(package, shift_days=-14.0, class_weights=(1.0, 0.0, 1.0))
    moved = dataclasses.replace(bright, values=shifted(bright.values, bright.days, -14.0))
    found = run_strategy("mmd", {}, task(source, bright, values=package.params, package=told))
    expected = run_strategy("mmd", {}, task(source, moved, values=package.params, package=package))
    assert all(found.arrays[name].tobytes() == array.tobytes() for name, array in expected.arrays.items())
    assert found.shift_days == -14.0
    assert found.class_weights == (1.0, 0.0, 1.0)
    new = run_strategy("mmd", {"begin": "new"}, task(source, bright, values=package.params, package=told))
    assert new.shift_days == 0


def test_a_target_standardised_by_itself_is_mapped_with_its_own_scaling(source, bright):
    found = run_strategy("deep_coral", {"target_scaling": "own"}, task(source, bright))
    own = fit_scaling(bright.values)
    np.testing.assert_array_equal(found.scaling.mean, own.mean)
    np.testing.assert_array_equal(found.scaling.deviation, own.deviation)


def test_the_best_so_far_of_a_training_that_is_cancelled_has_that_scaling_too(source, bright):
    done, kept = [], []
    progress = Progress(point=lambda *_: done.append(1), cancelled=lambda: len(done) >= 2)
    options = dataclasses.replace(OPTIONS, keep=kept.append)
    with pytest.raises(Cancelled):
        run_strategy("deep_coral", {"target_scaling": "own"}, task(source, bright, options=options, progress=progress))
    np.testing.assert_array_equal(kept[0].scaling.mean, fit_scaling(bright.values).mean)


def test_a_model_that_takes_values_as_they_are_has_no_scaling_to_exchange(source, bright):
    asked = task(source, bright, values={**SMALL, "scaling": "none"})
    with pytest.raises(TransferError, match="as they are"):
        run_strategy("mmd", {"target_scaling": "own"}, asked)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_forest_is_refused_by_name(strategy, source, bright):
    with pytest.raises(TransferError, match="random_forest"):
        run_strategy(strategy, {}, task(source, bright, model="random_forest", values={}))


def test_what_counts_is_the_model_that_is_trained_and_not_the_package(source, bright):
    network = fit(source, "tempcnn", {**SMALL, "epochs": 1}, OPTIONS)
    with pytest.raises(TransferError, match="random_forest"):
        run_strategy("mmd", {}, task(source, bright, model="random_forest", values={}, package=network))
    forest = fit(source, "random_forest", {"trees": 5}, OPTIONS)
    assert run_strategy("mmd", {}, task(source, bright, package=forest)).model == "tempcnn"


# ---------------------------------------------------------------- what it is good for

LEARNS = {"width": 8, "dense": 16, "epochs": 10, "batch_size": 32, "learning_rate": 0.01}
EVEN = {"corn": 50, "other": 50, "soybean": 50}


def accuracies(strategies, seed, **shift):
    """The accuracy of each strategy on samples of the target that none has seen."""
    source, target, tested = (
        site(EVEN, seed=seed),
        site(EVEN, seed=seed + 1, **shift),
        site(EVEN, seed=seed + 2, **shift),
    )
    asked = task(source, target, values=LEARNS, options=dataclasses.replace(OPTIONS, seed=seed))
    return np.array([accuracy(run_strategy(name, {}, asked), tested) for name in strategies])


def test_a_brighter_site_gains_with_every_seed():
    found = np.array([accuracies(("direct", *STRATEGIES), seed, bright=0.3) for seed in (0, 10)])
    assert found[:, 0].mean() < 0.85
    assert (found[:, 1:] > 0.95).all()


def test_where_nothing_differs_nothing_is_lost():
    found = accuracies(("direct", *STRATEGIES), 20)
    assert (found[1:] > found[0] - 0.01).all()


@pytest.mark.parametrize(("strategy", "weight"), [("deep_coral", 5.0), ("mmd", 5.0)])
def test_features_of_the_two_sites_come_closer_by_the_pull_itself(strategy, weight):
    """Not by the statistics of the normalisation, which are shared here."""
    source, target, new = (site(EVEN, seed=seed, bright=by) for seed, by in ((1, 0.0), (2, 0.3), (3, 0.3)))
    gaps = []
    for pull in (0.0, weight):
        asked = {"weight": pull, "batch_norm": "shared", "choose_by": "last"}
        package = run_strategy(strategy, asked, task(source, target, values=LEARNS))
        model = load_model(package)
        ours, theirs = (model.encode(package.scaling.apply(side.values)) for side in (source, new))
        gaps.append(mmd2(ours, theirs, (1.0, 3.0, 10.0)))
    assert gaps[1] < 0.7 * gaps[0]


@pytest.mark.parametrize("strategy", ["dann", "mmd"])
def test_a_brighter_site_gains_by_the_pull_itself(strategy):
    found = []
    for seed in (0, 10):
        source, target, tested = (site(EVEN, seed=seed + k, bright=0.3 * (k > 0)) for k in range(3))
        asked = task(source, target, values=LEARNS, options=dataclasses.replace(OPTIONS, seed=seed))
        runs = [run_strategy(strategy, {"weight": pull, "batch_norm": "shared"}, asked) for pull in (0.0, 1.0)]
        found.append([accuracy(package, tested) for package in runs])
    without, with_it = np.mean(found, axis=0)
    assert with_it > without + 0.1
