import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from cropmap.contract.errors import ModelError, SampleError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.models.base import SeriesShape
from cropmap.models.neural import NeuralClassifier, NeuralParams, SeriesNetwork, resolve_device
from cropmap.models.transformer import Transformer, TransformerParams
from cropmap.seeds import torch_seed
from cropmap.training import loop
from cropmap.training.checkpoints import Checkpoint
from cropmap.training.loop import LoopOptions, Part, train

SHAPE = SeriesShape(4, 2, 2)
CPU = LoopOptions(seed=3, device="cpu", threads=1)


def tiny(**changes):
    return TransformerParams(**{"width": 8, "layers": 1, "heads": 2, "feed_forward": 8, "epochs": 4, **changes})


def part(count=40, seed=0):
    rng = np.random.default_rng(seed)
    columns = rng.integers(0, 2, count)
    values = rng.normal(0, 0.3, (count, 4, 2)).astype(np.float32) + columns[:, None, None].astype(np.float32)
    return Part(values, columns)


def trained(params, options=CPU, training=None, validation=None, progress=None):
    make = lambda: Transformer.untrained(params, SHAPE)  # noqa: E731
    return train(make, training or part(), validation or part(20, 1), options, progress or Progress())


def same(a, b):
    return all(np.array_equal(a.arrays()[name], b.arrays()[name]) for name in a.arrays())


def test_the_same_seed_gives_the_same_bytes():
    assert same(trained(tiny()).model, trained(tiny()).model)


def test_another_seed_gives_another_model():
    assert not same(trained(tiny()).model, trained(tiny(), LoopOptions(seed=4, device="cpu", threads=1)).model)


def test_the_global_generator_and_threads_stay_as_they_were():
    torch_state, threads = torch.get_rng_state(), torch.get_num_threads()
    trained(tiny())
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert torch.get_num_threads() == threads


def test_the_weights_of_the_lowest_validation_loss_are_kept():
    """A step size this large overshoots, so that the last epoch is not the best."""
    params = tiny(epochs=12, learning_rate=0.3, batch_size=8, patience=12)
    found = trained(params)
    losses = [epoch["validation_loss"] for epoch in found.epochs]
    assert found.best_epoch == 1 + int(np.argmin(losses)) < len(losses)
    held = part(20, 1)
    chosen = found.model.predict_proba(held.values)[np.arange(20), held.columns]
    assert -np.log(chosen).mean() == pytest.approx(min(losses), rel=1e-4)


def test_the_training_stops_when_the_validation_loss_no_longer_falls():
    """Validation labels that contradict the training make every epoch after the first worse."""
    held = part(20, 1)
    found = trained(tiny(epochs=60, learning_rate=0.01, patience=3), validation=Part(held.values, 1 - held.columns))
    assert len(found.epochs) == found.best_epoch + 3 < 60


def test_the_step_size_falls_by_ten_when_the_validation_loss_stalls():
    held = part(20, 1)
    params = tiny(epochs=60, learning_rate=0.01, patience=6, schedule="plateau")
    found = trained(params, validation=Part(held.values, 1 - held.columns))
    rates = [epoch["learning_rate"] for epoch in found.epochs]
    assert rates[0] == 0.01
    assert rates[-1] == pytest.approx(0.001)


def test_validation_runs_over_every_sample_in_evaluation_mode():
    found = trained(tiny(epochs=1, dropout=0.9))
    held = part(20, 1)
    chosen = found.model.predict_proba(held.values)
    assert found.epochs[0]["validation_accuracy"] == (chosen.argmax(axis=1) == held.columns).mean()
    assert found.epochs[0]["validation_loss"] == pytest.approx(
        -np.log(chosen[np.arange(20), held.columns]).mean(), rel=1e-5
    )


def test_validation_samples_are_not_learnt_from():
    """Other validation values of the same number: every weight of the only epoch stays the same."""
    one, other = trained(tiny(epochs=1)), trained(tiny(epochs=1), validation=part(20, 9))
    assert same(one.model, other.model)


def test_every_parameter_moves_in_training():
    before = Transformer.untrained(tiny(), SHAPE)
    start = before.arrays()
    found = train(lambda: before, part(), part(20, 1), CPU, Progress()).model.arrays()
    for name, array in start.items():
        assert (array != found[name]).any(), name


def test_a_network_learns_what_can_be_learnt():
    found = trained(tiny(epochs=40, learning_rate=0.01, batch_size=16, dropout=0.1))
    assert found.epochs[found.best_epoch - 1]["validation_accuracy"] >= 0.95


def test_long_gradients_are_shortened():
    one = trained(tiny(epochs=1, batch_size=40, clip_norm=1e-12, dropout=0.0))
    start = trained(tiny(epochs=1, batch_size=40, learning_rate=1e-8, dropout=0.0))
    for name, array in start.model.arrays().items():
        np.testing.assert_allclose(one.model.arrays()[name], array, atol=1e-6)


def test_a_loss_that_is_not_finite_is_told():
    training = part()
    broken = Part(training.values * np.float32(1e38), training.columns)
    with pytest.raises(ModelError, match="Lower the learning rate"):
        trained(tiny(), training=broken)


def test_cancelling_stops_within_an_epoch():
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(Cancelled):
        trained(tiny(batch_size=4), progress=Progress(cancelled=cancelled))
    assert len(asked) == 4


def test_progress_rises_to_1_and_names_the_loss():
    seen = []
    trained(tiny(), progress=Progress(lambda fraction, message: seen.append((fraction, message))))
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert math.isclose(fractions[-1], 1.0)
    assert any("validation loss" in message for _, message in seen)


# ---------------------------------------------------------------- a network that can be worked out by hand


class Linear(SeriesNetwork):
    """One linear layer, perhaps with a normalisation over the batch, that may run out of memory."""

    most = 10**9

    def __init__(self, shape, *, normalised=False):
        super().__init__(shape.features, shape)
        self.norm = nn.BatchNorm1d(shape.features) if normalised else nn.Identity()
        self.sizes = []

    def encode(self, values):
        if len(values) > self.most:
            message = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."
            raise RuntimeError(message)
        self.sizes.append(len(values))
        return self.norm(values.flatten(1))


class ByHand(NeuralClassifier):
    @classmethod
    def build(cls, params, shape):  # noqa: ARG003
        return Linear(shape)


def linear(most=10**9, *, normalised=False):
    with torch_seed(0):
        network = Linear(SHAPE, normalised=normalised)
    network.most = most
    return lambda params: ByHand(params, SHAPE, network)


def learnt(params, make=None, training=None, options=CPU, progress=None):
    """Return the trained model."""
    model = (make or linear())(params)
    return train(lambda: model, training or part(), part(20, 1), options, progress or Progress()).model


def one_update(loss, training=None, rate=0.01):
    """Return the head's weights after one step of Adam on a loss of (scores, columns)."""
    training = training or part()
    network = linear()(NeuralParams()).network
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    loss(network(torch.from_numpy(training.values)), torch.from_numpy(training.columns)).backward()
    optimizer.step()
    return network.head.weight.detach().numpy()


ONCE = NeuralParams(epochs=1, batch_size=40, learning_rate=0.01, optimizer="adam", schedule="constant")


def test_one_step_is_that_of_adam_on_the_mean_cross_entropy():
    expected = one_update(functional.cross_entropy)
    np.testing.assert_allclose(learnt(ONCE).arrays()["head.weight"], expected, atol=1e-6)


def test_smoothed_labels_are_spread_over_all_classes():
    def smoothed(scores, columns):
        target = 0.7 * functional.one_hot(columns, 2) + 0.3 / 2
        return -(target * scores.log_softmax(dim=1)).sum(dim=1).mean()

    found = learnt(dataclasses.replace(ONCE, label_smoothing=0.3))
    np.testing.assert_allclose(found.arrays()["head.weight"], one_update(smoothed), atol=1e-6)


def rare(count=40):
    """One of ten samples is of class 1."""
    return Part(part(count).values, (np.arange(count) % 10 == 0).astype(np.intp))


def test_weights_make_every_class_count_alike():
    def per_class(scores, columns):
        losses = functional.cross_entropy(scores, columns, reduction="none")
        return (losses[columns == 0].mean() + losses[columns == 1].mean()) / 2

    found = learnt(dataclasses.replace(ONCE, balance="weights"), training=rare())
    np.testing.assert_allclose(found.arrays()["head.weight"], one_update(per_class, rare()), atol=1e-6)
    plain = one_update(functional.cross_entropy, rare())
    assert np.abs(found.arrays()["head.weight"] - plain).max() > 1e-3


@pytest.mark.parametrize("balance", ["weights", "sampling"])
def test_a_rare_class_is_found_where_classes_are_balanced(balance):
    """Classes that overlap: without balance nearly all is called the common class."""
    rng = np.random.default_rng(0)
    columns = (np.arange(400) % 20 == 0).astype(np.intp)
    values = rng.normal(0, 1, (400, 4, 2)).astype(np.float32)
    values[:, 0, 0] += columns
    training = Part(values, columns)
    params = dataclasses.replace(ONCE, epochs=30, learning_rate=0.05)
    found = [
        learnt(dataclasses.replace(params, balance=chosen), training=training).predict_proba(values).argmax(axis=1)
        for chosen in ("none", balance)
    ]
    recalls = [float((labels[columns == 1] == 1).mean()) for labels in found]
    assert recalls[0] < 0.3
    assert recalls[1] > 0.5


@pytest.mark.parametrize("schedule", ["plateau", "cosine", "constant"])
def test_every_schedule_learns(schedule):
    found = trained(tiny(epochs=30, learning_rate=0.01, batch_size=16, schedule=schedule))
    assert found.epochs[found.best_epoch - 1]["validation_accuracy"] >= 0.9


def test_a_last_sample_of_its_own_does_not_break_batch_normalisation():
    found = learnt(dataclasses.replace(ONCE, batch_size=8), linear(normalised=True), training=part(41))
    assert 9 in found.network.sizes


def test_augmentation_changes_the_training_and_not_the_validation():
    changed = dataclasses.replace(ONCE, jitter=0.5, shift_days=5.0, missing=0.3, learning_rate=1e-8)
    models = [linear()(params) for params in (ONCE, changed)]
    plain, other = (
        train(lambda model=model: model, part(), part(20, 1), CPU, Progress()).epochs[0] for model in models
    )
    still = train(lambda: linear()(dataclasses.replace(ONCE, learning_rate=1e-8)), part(), part(20, 1), CPU, Progress())
    assert other["training_loss"] != pytest.approx(plain["training_loss"], rel=1e-4)
    assert other["validation_loss"] == pytest.approx(still.epochs[0]["validation_loss"], rel=1e-5)


# ---------------------------------------------------------------- mixed precision


def test_16_bits_learn_nearly_the_same(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    told = []
    found = learnt(dataclasses.replace(ONCE, mixed_precision=True, epochs=5), progress=Progress(warn=told.append))
    full = learnt(dataclasses.replace(ONCE, epochs=5))
    weights = found.arrays()["head.weight"]
    assert weights.dtype == np.float32
    assert (weights != full.arrays()["head.weight"]).any()
    np.testing.assert_allclose(weights, full.arrays()["head.weight"], atol=0.02)
    assert told == []


def test_a_device_without_16_bits_is_told_and_computes_in_full(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    told = []
    found = learnt(dataclasses.replace(ONCE, mixed_precision=True), progress=Progress(warn=told.append))
    assert "full precision" in told[0]
    assert same(found, learnt(ONCE))


# ---------------------------------------------------------------- memory


def test_where_memory_runs_out_smaller_pieces_give_the_same_gradients():
    told = []
    small = linear(most=7)
    found = learnt(dataclasses.replace(ONCE, epochs=3), small, progress=Progress(warn=told.append))
    expected = learnt(dataclasses.replace(ONCE, epochs=3))
    np.testing.assert_allclose(found.arrays()["head.weight"], expected.arrays()["head.weight"], atol=1e-6)
    assert max(found.network.sizes) <= 7
    training = [line for line in told if line.startswith("Training")]
    assert [line.split("with ")[-1] for line in training] == ["20.", "10.", "5."]  # once each, not in every epoch


def test_batch_normalisation_is_told_of_and_never_sees_a_single_sample():
    told = []
    params = dataclasses.replace(ONCE, epochs=1)
    with pytest.raises(ModelError, match="2 rows at a time"):
        learnt(params, linear(most=1, normalised=True), progress=Progress(warn=told.append))
    assert "Batch normalisation sees these alone" in told[0]


def test_a_network_too_large_for_one_sample_is_refused():
    with pytest.raises(ModelError, match=r"Memory ran out.*Training, 1 rows at a time.*smaller network"):
        learnt(ONCE, linear(most=0))


def test_a_prediction_goes_on_with_fewer_rows():
    values = part(150, 3).values
    small, whole = linear(most=9)(ONCE), linear()(ONCE)
    np.testing.assert_allclose(small.predict_proba(values), whole.predict_proba(values), atol=1e-6)
    assert 1 < max(small.network.sizes) <= 9


# ---------------------------------------------------------------- curves, checkpoints, cancel


def test_every_epoch_is_a_point_of_the_curve():
    points = []
    found = trained(
        tiny(), progress=Progress(point=lambda curve, figures: points.append((curve, dict(figures)))).curve("A")
    )
    assert points == [("A", {"epoch": number + 1, **epoch}) for number, epoch in enumerate(found.epochs)]
    assert set(points[0][1]) == {"epoch", "training_loss", "validation_loss", "validation_accuracy", "learning_rate"}


def stopped_after(epochs, path, params, keep=None, told=None):
    """Cancel a training in the middle of the epoch after so many, and return where it may go on from."""
    done = []
    progress = Progress(
        point=lambda _curve, figures: done.append(figures),
        cancelled=lambda: len(done) >= epochs,
        warn=(told if told is not None else []).append,
    )
    checkpoint = Checkpoint(path, "task", progress.warn)
    options = dataclasses.replace(CPU, checkpoint=checkpoint, keep=keep)
    with pytest.raises(Cancelled):
        trained(params, options, progress=progress)
    return dataclasses.replace(CPU, checkpoint=Checkpoint(path, "task", progress.warn))


# All that has a state: dropout, augmentation, moments, order, a schedule, an early best epoch.
FULL = {"epochs": 12, "dropout": 0.3, "jitter": 0.2, "shift_days": 3.0, "batch_size": 8, "learning_rate": 0.02}


@pytest.mark.parametrize(
    ("schedule", "balance", "after"), [("plateau", "weights", 7), ("cosine", "sampling", 1), ("cosine", "none", 11)]
)
def test_a_training_that_goes_on_ends_with_the_same_bytes(tmp_path, schedule, balance, after):
    params = tiny(**FULL, schedule=schedule, balance=balance, patience=12)
    whole = trained(params)
    options = stopped_after(after, tmp_path / "training.checkpoint", params)
    points = []
    found = trained(params, options, progress=Progress(point=lambda _, figures: points.append(figures["epoch"])))
    assert found.epochs == whole.epochs
    assert same(found.model, whole.model)
    assert points == list(range(1, 13))  # the curve shows what was learnt before the break, too
    assert list(tmp_path.iterdir()) == []


def test_it_may_be_interrupted_again_and_again(tmp_path):
    params, path = tiny(**FULL), tmp_path / "training.checkpoint"
    for after in (2, 9):
        options = stopped_after(after, path, params)
    assert same(trained(params, options).model, trained(params).model)


def test_batch_statistics_go_on_too(tmp_path):
    params = dataclasses.replace(ONCE, epochs=6, batch_size=16)
    whole = learnt(params, linear(normalised=True))
    done = []
    path = tmp_path / "training.checkpoint"
    progress = Progress(point=lambda *_: done.append(1), cancelled=lambda: len(done) >= 3)
    options = dataclasses.replace(CPU, checkpoint=Checkpoint(path, "task", print))
    with pytest.raises(Cancelled):
        learnt(params, linear(normalised=True), options=options, progress=progress)
    assert same(learnt(params, linear(normalised=True), options=options), whole)


def test_a_damaged_checkpoint_is_told_and_the_training_starts_anew(tmp_path):
    path, told = tmp_path / "training.checkpoint", []
    options = stopped_after(3, path, tiny(**FULL), told=told)
    path.write_bytes(path.read_bytes()[:-9])
    assert same(trained(tiny(**FULL), options).model, trained(tiny(**FULL)).model)
    assert "is damaged" in told[0]


def test_a_cancelled_training_hands_on_the_best_so_far(tmp_path):
    kept = []
    stopped_after(4, tmp_path / "training.checkpoint", tiny(**FULL), kept.append)
    found = kept[0]
    whole = trained(tiny(**FULL))
    assert list(found.epochs) == list(whole.epochs[:4])
    assert found.to_dict()["cancelled_after_epoch"] == 4
    held = part(20, 1)
    chosen = found.model.predict_proba(held.values)[np.arange(20), held.columns]
    assert -np.log(chosen).mean() == pytest.approx(min(epoch["validation_loss"] for epoch in found.epochs), rel=1e-4)
    assert "cancelled_after_epoch" not in whole.to_dict()


def test_before_the_first_epoch_there_is_nothing_to_hand_on(tmp_path):
    kept = []
    stopped_after(0, tmp_path / "training.checkpoint", tiny(), kept.append)
    assert kept == []
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- bad input, devices


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(bad):
    broken = part()
    broken.values[3, 2, 1] = bad
    with pytest.raises(SampleError, match="not finite"):
        trained(tiny(), training=broken)
    with pytest.raises(SampleError, match="not finite"):
        trained(tiny(), validation=broken)


def test_samples_that_do_not_fit_into_memory_are_told(monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(loop, "Resident", full)
    with pytest.raises(ModelError, match=r"40 samples do not fit.*fewer samples"):
        trained(tiny())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_told():
    with pytest.raises(ModelError, match='Choose device "auto" or "cpu"'):
        resolve_device("cuda")
    assert resolve_device("auto") == "cpu"


def test_an_unknown_device_is_told():
    with pytest.raises(ModelError, match="auto, cpu, cuda"):
        resolve_device("tpu")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_gives_nearly_the_same_predictions_and_hands_the_model_back():
    options = LoopOptions(seed=3, device="cuda")
    found = trained(tiny(dropout=0.0), options).model
    values = part(50, 7).values
    np.testing.assert_allclose(
        found.predict_proba(values), trained(tiny(dropout=0.0)).model.predict_proba(values), atol=1e-3
    )
    on_gpu = found.to("cuda").predict_proba(values)
    np.testing.assert_allclose(on_gpu, found.to("cpu").predict_proba(values), atol=1e-4)
