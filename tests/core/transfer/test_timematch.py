import copy
import dataclasses

import numpy as np
import pytest

from cropmap.contract.errors import TransferError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.training.fit import FitOptions, fit
from cropmap.transfer.base import Transfer, run_strategy
from tests.core.transfer.conftest import accuracy, site

torch = pytest.importorskip("torch")

from cropmap.data.legend import Legend, LegendClass  # noqa: E402
from cropmap.data.package import Scaling  # noqa: E402
from cropmap.models.base import load_model  # noqa: E402
from cropmap.training.adaptation import Batch  # noqa: E402
from cropmap.transfer.timematch import SelfTraining, TimeMatchParams  # noqa: E402

OPTIONS = FitOptions(seed=3, device="cpu", threads=1)
SMALL = {"width": 8, "dense": 16, "epochs": 40, "batch_size": 32, "learning_rate": 5e-3}
FAST = {"epochs": 8, "step": 0.3}
EQUAL = {"corn": 100, "other": 100, "soybean": 100}


@pytest.fixture(scope="module")
def network(source):
    return fit(source, "tempcnn", SMALL, OPTIONS)


def task_of(source, package, lag=0.0, bright=0.0, options=OPTIONS, progress=None):
    series = site({"corn": 150, "other": 60, "soybean": 90}, seed=5, lag=lag, bright=bright).values
    return Transfer(source=source, package=package, series=series, options=options, progress=progress or Progress())


@pytest.mark.parametrize(("lag", "bright"), [(21, 0.0), (-14, 0.05)])
def test_a_season_that_is_shifted_costs_no_accuracy(source, network, lag, bright):
    found = run_strategy("timematch", FAST, task_of(source, network, lag, bright))
    at_home, there = accuracy(network, site(EQUAL, seed=8)), site(EQUAL, seed=9, lag=lag, bright=bright)
    assert accuracy(network, there) < at_home - 0.2
    assert accuracy(found, there) > at_home - 0.01


def test_where_nothing_is_shifted_no_harm_is_done(source, network):
    found = run_strategy("timematch", FAST, task_of(source, network))
    tested = site(EQUAL, seed=9)
    assert accuracy(found, tested) > accuracy(network, tested) - 0.01
    assert found.record["calendar_shift"]["days"] == 0


def test_the_model_knows_the_target_s_own_calendar_and_brings_no_teacher(source, network):
    found = run_strategy("timematch", FAST, task_of(source, network, 21))
    assert found.shift_days == 0
    assert set(found.arrays) == set(network.arrays)
    assert found.scaling.mean.tobytes() == network.scaling.mean.tobytes()
    assert abs(found.record["calendar_shift"]["days"] + 21) <= 4
    # The teacher came after: at the end it needs less of a shift, if any.
    assert abs(found.record["teacher_shift_days"]) < 18


@pytest.mark.parametrize(("how", "same"), [("apart", False), ("shared", True)])
def test_statistics_of_batch_normalisation_are_the_target_s_where_asked(network, how, same):
    name = next(name for name in network.arrays if name.endswith("running_mean"))
    found, own = began(network, batch_norm=how)
    before, batch = own.state_dict()[name].clone(), batch_of(own)
    found.loss(own.train(), batch)
    kept, used = found.kept(own)[name], own.state_dict()[name]
    assert torch.equal(kept, used) == same
    assert not torch.equal(kept, before)


@pytest.mark.parametrize("changed", [{}, {"jitter": 0.1, "missing": 0.3}])
def test_the_same_seed_gives_the_same_bytes_and_an_interruption_changes_none(source, network, changed, tmp_path):
    network = dataclasses.replace(network, params={**network.params, **changed})
    points = []
    options = dataclasses.replace(OPTIONS, checkpoints=tmp_path)
    progress = Progress(point=lambda *_: points.append(1), cancelled=lambda: len(points) >= 4)
    with pytest.raises(Cancelled):
        run_strategy("timematch", FAST, task_of(source, network, 21, options=options, progress=progress))
    again = run_strategy("timematch", FAST, task_of(source, network, 21, options=options))
    whole = run_strategy("timematch", FAST, task_of(source, network, 21))
    assert len(points) >= 4
    assert again.record["epochs"] == whole.record["epochs"]
    assert {name: array.tobytes() for name, array in again.arrays.items()} == {
        name: array.tobytes() for name, array in whole.arrays.items()
    }


def test_classes_that_are_masked_stay_so(source, network):
    masked = dataclasses.replace(network, class_weights=(1.0, 0.0, 1.0), temperature=2.0)
    found = run_strategy("timematch", {"epochs": 1}, task_of(source, masked))
    assert found.class_weights == (1.0, 0.0, 1.0)
    assert found.temperature == 1.0


def test_the_best_so_far_of_a_training_that_is_cancelled_is_masked_too(source, network):
    done, kept = [], []
    progress = Progress(point=lambda *_: done.append(1), cancelled=lambda: len(done) >= 2)
    options = dataclasses.replace(OPTIONS, keep=kept.append)
    masked = dataclasses.replace(network, class_weights=(1.0, 0.0, 1.0))
    with pytest.raises(Cancelled):
        run_strategy("timematch", FAST, task_of(source, masked, options=options, progress=progress))
    assert kept[0].class_weights == (1.0, 0.0, 1.0)


def test_weights_of_1_change_no_bit(source, network):
    plain, weighed = (
        run_strategy("timematch", {"epochs": 3}, task_of(source, dataclasses.replace(network, class_weights=own), 21))
        for own in ((), (1.0, 1.0, 1.0))
    )
    assert {name: array.tobytes() for name, array in weighed.arrays.items()} == {
        name: array.tobytes() for name, array in plain.arrays.items()
    }
    assert weighed.record["epochs"] == plain.record["epochs"]


def test_weights_follow_the_classes_to_the_codes_of_the_samples(source, network, monkeypatch):
    order = Legend(tuple(LegendClass(code, own.name, own.colour) for code, own in
                         zip((9, 8, 7), network.legend.classes, strict=True)))  # fmt: skip
    rows = [network.legend.names.index(name) for name in order.names]
    head = {name: network.arrays[name][rows] for name in ("head.weight", "head.bias")}
    turned = dataclasses.replace(network, legend=order, arrays={**network.arrays, **head})
    masked = dataclasses.replace(turned, class_weights=tuple(float(name != "other") for name in order.names))
    taught = []
    monkeypatch.setattr(
        "cropmap.transfer.timematch.SelfTraining", lambda *given: taught.append(given[4]) or SelfTraining(*given)
    )
    found = run_strategy("timematch", {"epochs": 1}, task_of(source, masked))
    assert taught == [(1.0, 0.0, 1.0)]
    assert dict(zip(found.legend.names, found.class_weights, strict=True)) == {"corn": 1, "other": 0, "soybean": 1}


def test_a_forest_and_a_lone_package_are_refused(source, network):
    series = site(EQUAL, seed=5).values
    with pytest.raises(TransferError, match="by gradients"):
        run_strategy("timematch", {}, Transfer(source=source, series=series, model="random_forest"))
    with pytest.raises(TransferError, match="labelled samples of the source"):
        run_strategy("timematch", {}, Transfer(package=network, series=series))


# ---------------------------------------------------------------- the adaptation itself


def began(package, by=0.0, weights=(), **values):
    series = site(EQUAL, seed=5).values
    model = load_model(package)
    found = SelfTraining(series, package, TimeMatchParams(**values), by, weights)
    found.begin(model.network, model.params, "cpu", 7)
    return found, model.network


def batch_of(network, count=16):
    values = torch.zeros(count, 12, 3)
    features = network.encode(values)
    return Batch(values, torch.zeros(count, dtype=torch.int64), features, network.head(features), 0.0)


def test_only_answers_that_the_teacher_is_sure_of_are_learnt_from(network):
    unsure, own = began(network, sure=1.0)
    assert float(unsure.loss(own, batch_of(own)).detach()) == 0.0
    losses = []
    for weight in (1.0, 3.0):
        sure, own = began(network, sure=0.0, weight=weight)
        losses.append(float(sure.loss(own, batch_of(own)).detach()))
    assert losses[1] == pytest.approx(3 * losses[0], rel=1e-5)
    assert losses[0] > 0


@pytest.mark.parametrize("weights", [(), (1.0, 0.0, 1.0), (0.5, 0.02, 0.1)])
def test_the_loss_is_the_mean_cross_entropy_with_the_teacher_s_sure_answers_weighed(network, weights):
    found, own = began(network, by=-21.0, weights=weights, sure=0.8, weight=1.0)
    # In evaluation mode the network gives what the package does: by hand from its probabilities.
    feed = copy.deepcopy(found.feed)
    loss = float(found.loss(own.eval(), batch_of(own, 64)).detach())
    rows = feed.draw(64).numpy()
    from cropmap.models.predictor import Predictor

    plain = Predictor(network).probabilities(found.series[rows])
    weighed = dataclasses.replace(network, class_weights=weights)
    taught = Predictor(weighed).moved(-21.0).probabilities(found.series[rows])
    labels, sure = taught.argmax(axis=1), taught.max(axis=1) >= 0.8
    assert 5 < sure.sum() < 64
    assert (1 in labels[sure]) == (0.0 not in weights)
    wanted = -(np.log(plain[np.arange(64), labels]) * sure).mean()
    assert loss == pytest.approx(wanted, rel=1e-3)


def test_the_learner_sees_series_changed_at_random_and_the_teacher_does_not(network):
    def seen(**changed):
        found, own = began(dataclasses.replace(network, params={**network.params, **changed}), sure=0.0)
        inputs = {}
        for name, part in (("learner", own), ("teacher", found.teacher)):
            part.register_forward_pre_hook(lambda _, values, name=name: inputs.update({name: values[0]}))
        loss = float(found.loss(own, batch_of(own)).detach())
        return inputs, loss, found.augmentation.generator.get_state()

    (plain, loss, before), (changed, other, after) = seen(), seen(jitter=0.2)
    torch.testing.assert_close(plain["learner"], plain["teacher"])
    torch.testing.assert_close(changed["teacher"], plain["teacher"], rtol=0, atol=0)
    # Of each series each band by one draw, from a normal distribution of that deviation.
    by = changed["learner"] - changed["teacher"]
    torch.testing.assert_close(by, by[:, :1].expand_as(by), rtol=0, atol=1e-5)
    assert 0.1 < float(by[:, 0].std()) < 0.3
    assert other != loss
    assert not torch.equal(before, after)


def test_the_teacher_is_a_running_mean_of_the_network(network):
    found, own = began(network, memory=0.75)
    before = {name: tensor.clone() for name, tensor in found.teacher.state_dict().items()}
    with torch.no_grad():
        for parameter in own.parameters():
            parameter.add_(1.0)
    for _ in range(2):
        found.after_step(own, 0.0)
    for name, parameter in found.teacher.named_parameters():
        # 1 - 0.75 ** 2 of the way.
        np.testing.assert_allclose(parameter.numpy(), before[name].numpy() + 0.4375, atol=1e-5)
        assert not parameter.requires_grad


def test_the_teacher_s_shift_is_found_anew_in_each_epoch_and_told_in_the_state(network):
    found, own = began(network, by=-30.0)
    found.epochs = 4
    found.after_step(own, 0.1)
    assert found.by == -30.0
    found.after_step(own, 0.25)
    # The series are those of the source's own calendar.
    assert abs(found.by) <= 3
    other, _ = began(network, by=-30.0)
    other.restore(found.state())
    assert other.by == found.by
    torch.testing.assert_close(other.moved, found.moved)


def test_series_are_moved_before_they_are_scaled(network):
    stepwise = Scaling(np.arange(36, dtype=np.float32).reshape(12, 3), np.ones((12, 3), np.float32))
    found, _ = began(dataclasses.replace(network, scaling=stepwise), by=14.0)
    wanted = found.series[:, [0, *range(11)]] - stepwise.mean
    np.testing.assert_allclose(found.moved.numpy(), wanted, atol=1e-5)
