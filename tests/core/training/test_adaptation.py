"""The places of the training loop that a transfer strategy fills: frozen parts, factors, and a loss of its own."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from cropmap.contract.errors import ModelError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.models.base import SeriesShape
from cropmap.models.layers import channels_of
from cropmap.models.ltae import LTAE, LTAEParams
from cropmap.models.neural import NeuralClassifier, NeuralParams, SeriesNetwork
from cropmap.models.tempcnn import TempCnn, TempCnnParams
from cropmap.seeds import torch_seed
from cropmap.training import loop
from cropmap.training.adaptation import Adaptation
from cropmap.training.checkpoints import Checkpoint
from cropmap.training.loop import LoopOptions, Part, freeze, train
from cropmap.training.schedules import optimizer_of

SHAPE = SeriesShape(4, 2, 2)
CPU = LoopOptions(seed=3, device="cpu", threads=1)
ONCE = NeuralParams(epochs=1, batch_size=40, learning_rate=0.01, optimizer="adam", schedule="constant")
TEMPCNN = TempCnnParams(width=4, dense=8, epochs=3, batch_size=8, learning_rate=0.01, dropout=0.3)


def part(count=40, seed=0):
    rng = np.random.default_rng(seed)
    columns = rng.integers(0, 2, count)
    values = rng.normal(0, 0.3, (count, 4, 2)).astype(np.float32) + columns[:, None, None].astype(np.float32)
    return Part(values, columns)


class Two(SeriesNetwork):
    """A linear layer, then the head: both can be worked out by hand."""

    def __init__(self, shape):
        super().__init__(3, shape)
        self.mix = nn.Linear(shape.features, 3)

    def encode(self, values):
        return self.mix(values.flatten(1))


class ByHand(NeuralClassifier):
    @classmethod
    def build(cls, params, shape):  # noqa: ARG003
        return Two(shape)


def two(params=ONCE):
    with torch_seed(0):
        return ByHand.untrained(params, SHAPE)


def convolutional(params=TEMPCNN):
    with torch_seed(0):
        return TempCnn.untrained(params, SHAPE)


def learnt(model, progress=None, **options):
    return train(lambda: model, part(), part(20, 1), dataclasses.replace(CPU, **options), progress or Progress())


def changed(before, after):
    return {name for name in before if before[name].tobytes() != after[name].tobytes()}


# ---------------------------------------------------------------- parts that stay


@pytest.mark.parametrize("frozen", [("convolutions.0", "convolutions.1"), ("convolutions",), ("dense", "head.bias")])
def test_frozen_parts_stay_bit_for_bit_and_all_others_change(frozen):
    model = convolutional()
    before = model.arrays()
    found = changed(before, learnt(model, frozen=frozen).model.arrays())
    assert found == {name for name in before if not any(name == own or name.startswith(own + ".") for own in frozen)}


def test_statistics_of_a_frozen_batch_norm_stay_and_its_dropout_is_off():
    """The features that reach the first part that learns are those of evaluation mode, in every batch."""
    model, seen = convolutional(), []
    frozen = tuple(f"convolutions.{number}" for number in range(12))
    model.network.dense.register_forward_pre_hook(lambda module, given: seen.append((module.training, given[0])))
    values = torch.from_numpy(part().values)
    with torch.no_grad():
        expected = model.network.convolutions(channels_of(values)).flatten(1)
    before = model.arrays()
    after = learnt(model, frozen=frozen).model.arrays()
    inputs = torch.cat([given for training, given in seen if training][:5])
    order = torch.cdist(inputs, expected).argmin(dim=1)
    torch.testing.assert_close(inputs, expected[order], atol=1e-5, rtol=0)
    assert order.sort().values.tolist() == list(range(40))
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        assert after[f"convolutions.1.{name}"].tobytes() == before[f"convolutions.1.{name}"].tobytes()
        assert after[f"dense.1.{name}"].tobytes() != before[f"dense.1.{name}"].tobytes()


def test_the_optimizer_has_the_weights_that_learn_and_no_others():
    network = convolutional().network
    freeze(network, ("convolutions", "dense.0"))
    held = {id(weight) for group in optimizer_of(network, TEMPCNN).param_groups for weight in group["params"]}
    names = {name for name, weight in network.named_parameters() if id(weight) in held}
    assert names == {"dense.1.weight", "dense.1.bias", "head.weight", "head.bias"}


@pytest.mark.parametrize("options", [{"frozen": ("layer",)}, {"factors": {"convolution": 0.1}}])
def test_a_part_that_is_not_there_is_refused(options):
    with pytest.raises(ModelError, match=r"no part '(layer|convolution)'"):
        learnt(convolutional(), **options)


def test_a_network_that_could_learn_nothing_is_refused():
    with pytest.raises(ModelError, match="Leave out the head"):
        learnt(convolutional(), frozen=("convolutions", "dense", "head"))


@pytest.mark.parametrize("balance", ["none", "weights", "sampling"])
@pytest.mark.parametrize(
    ("kind", "params"),
    [
        (TempCnn, TEMPCNN),
        (LTAE, LTAEParams(width=8, heads=2, keys=4, summary=8, epochs=3, batch_size=8, learning_rate=0.01)),
    ],
)
def test_features_computed_once_teach_a_head_the_same(monkeypatch, kind, params, balance):
    params = dataclasses.replace(params, balance=balance)
    found, counts = [], []
    for most in (2**28, 0):
        monkeypatch.setattr(loop, "_MOST_FEATURES", most)
        with torch_seed(0):
            model = kind.untrained(params, SHAPE)
        passed = []
        model.network.register_forward_pre_hook(lambda *_, passed=passed: passed.append(1))
        encode = model.network.encode
        model.network.encode = lambda values, encode=encode, passed=passed: passed.append(len(values)) or encode(values)
        found.append(learnt(model, frozen=model.network.stages()))
        counts.append(sum(passed))
    quick, whole = found
    assert counts[0] == 60  # each series once
    assert counts[1] > 3 * 60
    for name, array in whole.model.arrays().items():
        np.testing.assert_allclose(quick.model.arrays()[name], array, atol=1e-5, err_msg=name)
    for one, other in zip(quick.epochs, whole.epochs, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


@pytest.mark.parametrize("change", [{"jitter": 0.5}, {"shift_days": 9.0}, {"missing": 0.5}])
def test_series_that_change_while_learning_are_encoded_anew(monkeypatch, change):
    params = dataclasses.replace(TEMPCNN, **change)
    found = []
    for most in (2**28, 0):
        monkeypatch.setattr(loop, "_MOST_FEATURES", most)
        model = convolutional(params)
        found.append(learnt(model, frozen=model.network.stages()).model.arrays())
    assert changed(*found) == set()


# ---------------------------------------------------------------- step sizes of parts


def test_a_factor_multiplies_the_step_size_of_its_part():
    """From no moments Adam moves each weight by the step size, whatever its gradient."""
    model = two()
    before = model.arrays()
    after = learnt(model, factors={"mix": 0.1}).model.arrays()
    assert np.median(np.abs(after["mix.weight"] - before["mix.weight"])) == pytest.approx(0.001, rel=0.01)
    assert np.median(np.abs(after["head.weight"] - before["head.weight"])) == pytest.approx(0.01, rel=0.01)


def test_a_schedule_counts_for_every_part():
    optimizer = optimizer_of(two().network, ONCE, {"mix": 0.1})
    assert sorted(group["factor"] for group in optimizer.param_groups) == [0.1, 1.0]


# ---------------------------------------------------------------- a loss of its own


class Pull(Adaptation):
    """Pulls features to a point of its own that learns too, with some noise."""

    factor = 0.5

    def __init__(self, strength=1.0, noise=0.0, score=0.0):
        self.strength, self.noise, self.own_score = strength, noise, score
        self.done, self.updates = [], 0

    def describe(self):
        return {"strength": self.strength, "noise": self.noise}

    def begin(self, network, params, device, seed):  # noqa: ARG002
        self.point = nn.Parameter(torch.zeros(network.features, device=device))
        self.generator = torch.Generator().manual_seed(seed)

    def parameters(self):
        return (self.point,)

    def loss(self, network, batch):  # noqa: ARG002
        self.done.append(batch.done)
        noise = torch.randn(batch.features.shape, generator=self.generator) * self.noise
        return self.strength * ((batch.features + noise - self.point - 1) ** 2).sum(dim=1).mean()

    def after_step(self, network, done):  # noqa: ARG002
        self.updates += 1

    def score(self, network):
        assert not network.training
        return self.updates * self.own_score

    def state(self):
        return {
            "point": self.point.detach(),
            "noise": self.generator.get_state(),
            "updates": torch.tensor(self.updates),
        }

    def restore(self, state):
        with torch.no_grad():
            self.point.copy_(state["point"])
        self.generator.set_state(state["noise"])
        self.updates = int(state["updates"])


def by_hand(loss, factor=0.5):
    """Weights after one step of Adam on a loss of (features, scores, columns, point)."""
    network, training = two().network, part()
    point = nn.Parameter(torch.zeros(3))
    groups = [{"params": network.parameters(), "lr": 0.01}, {"params": [point], "lr": 0.01 * factor}]
    features = network.encode(torch.from_numpy(training.values))
    optimizer = torch.optim.Adam(groups)
    loss(features, network.head(features), torch.from_numpy(training.columns), point).backward()
    optimizer.step()
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}, point.detach().numpy()


def pulled(features, point):
    return ((features - point - 1) ** 2).sum(dim=1).mean()


@pytest.mark.parametrize("labels_count", [True, False])
def test_one_step_is_that_of_the_labels_loss_and_the_adaptation_s(labels_count):
    def both(features, scores, columns, point):
        return pulled(features, point) + labels_count * functional.cross_entropy(scores, columns)

    expected, point = by_hand(both)
    adaptation = Pull()
    found = learnt(two(), adaptation=adaptation, labels_count=labels_count).model.arrays()
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, atol=1e-6, err_msg=name)
    np.testing.assert_allclose(adaptation.point.detach().numpy(), point, atol=1e-6)


def test_without_labels_the_head_stays_where_the_adaptation_does_not_ask_for_it():
    model = two()
    before = model.arrays()
    assert changed(before, learnt(model, adaptation=Pull(), labels_count=False).model.arrays()) == {
        "mix.weight",
        "mix.bias",
    }


def test_the_adaptation_s_loss_is_the_same_where_a_batch_goes_through_in_pieces():
    small = two()
    encode = small.network.encode

    def narrow(values):
        if len(values) > 7:
            message = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."
            raise RuntimeError(message)
        return encode(values)

    small.network.encode = narrow
    found = learnt(small, adaptation=Pull()).model.arrays()
    whole = learnt(two(), adaptation=Pull()).model.arrays()
    for name, array in whole.items():
        np.testing.assert_allclose(found[name], array, atol=1e-6)


def test_the_share_of_updates_that_are_done_rises_evenly_from_0():
    adaptation = Pull()
    learnt(two(dataclasses.replace(ONCE, epochs=2, batch_size=10)), adaptation=adaptation)
    assert adaptation.done == [number / 8 for number in range(8)]
    assert adaptation.updates == 8


def test_the_score_joins_the_validation_loss_when_the_best_epoch_is_chosen():
    """A score that rises with every step makes the first epoch the best, although the loss still falls."""
    params = dataclasses.replace(ONCE, epochs=6, batch_size=10)
    plain, scored = (learnt(two(params), adaptation=Pull(score=score)) for score in (0.0, 100.0))
    assert plain.best_epoch > 1
    assert scored.best_epoch == 1
    assert [epoch["adaptation_score"] for epoch in scored.epochs] == [400.0 * number for number in range(1, 7)]


def test_what_an_adaptation_keeps_is_the_model():
    class Zero(Adaptation):
        def kept(self, network):
            return {name: torch.zeros_like(tensor) for name, tensor in network.state_dict().items()}

    assert not any(array.any() for array in learnt(two(), adaptation=Zero()).model.arrays().values())


def test_a_training_without_an_adaptation_is_that_of_one_that_asks_for_nothing():
    one, other = (learnt(convolutional(), adaptation=given) for given in (None, Adaptation()))
    assert changed(one.model.arrays(), other.model.arrays()) == set()
    assert "adaptation_score" not in one.epochs[0]


@pytest.mark.parametrize("frozen", [(), ("mix",)])
def test_a_training_with_an_adaptation_goes_on_with_the_same_bytes(tmp_path, frozen):
    params = dataclasses.replace(ONCE, epochs=6, batch_size=8)
    make = lambda: Pull(noise=0.3, score=0.01)  # noqa: E731
    whole = learnt(two(params), adaptation=make(), frozen=frozen)
    done, path = [], tmp_path / "training.checkpoint"
    progress = Progress(point=lambda *_: done.append(1), cancelled=lambda: len(done) >= 3)
    checkpoint = Checkpoint(path, "task", print)
    with pytest.raises(Cancelled):
        learnt(two(params), progress, adaptation=make(), frozen=frozen, checkpoint=checkpoint)
    assert path.exists()
    found = learnt(two(params), adaptation=make(), frozen=frozen, checkpoint=checkpoint)
    assert found.epochs == whole.epochs
    assert changed(found.model.arrays(), whole.model.arrays()) == set()


def test_a_head_on_features_computed_once_goes_on_with_the_same_bytes(tmp_path):
    params, path, done = dataclasses.replace(TEMPCNN, epochs=6), tmp_path / "training.checkpoint", []
    stages = convolutional().network.stages()
    whole = learnt(convolutional(params), frozen=stages)
    progress = Progress(point=lambda *_: done.append(1), cancelled=lambda: len(done) >= 3)
    checkpoint = Checkpoint(path, "task", print)
    with pytest.raises(Cancelled):
        learnt(convolutional(params), progress, frozen=stages, checkpoint=checkpoint)
    assert path.exists()
    found = learnt(convolutional(params), frozen=stages, checkpoint=checkpoint)
    assert changed(found.model.arrays(), whole.model.arrays()) == set()
