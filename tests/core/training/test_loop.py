import math

import numpy as np
import pytest
import torch

from cropmap.contract.errors import ModelError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.models.base import SeriesShape
from cropmap.models.neural import resolve_device
from cropmap.models.transformer import Transformer, TransformerParams
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
    found = trained(tiny(epochs=60, learning_rate=0.01, patience=6), validation=Part(held.values, 1 - held.columns))
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
