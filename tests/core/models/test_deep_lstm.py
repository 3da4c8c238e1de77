import numpy as np
import pytest

from cropmap.models.base import SeriesShape
from cropmap.models.deep_lstm import DeepLSTM, DeepLSTMParams
from tests.core.models.networks import (
    MASKED,
    SHAPE,
    again,
    check_batches,
    check_full_mask,
    check_skipped,
    check_unseen_steps,
    count_parameters,
    dense,
    masked_series,
    normalised,
    series,
    sigmoid,
    softmax,
    untrained,
    weights,
)


def made(shape=SHAPE, layers=2, **others):
    return untrained(DeepLSTM, DeepLSTMParams(hidden=3, layers=layers, **others), shape)


@pytest.mark.parametrize(("steps", "bands", "count"), [(45, 13, 1_335_331), (40, 38, 1_360_981)])
def test_the_benchmark_s_sizes_have_its_numbers_of_parameters(steps, bands, count):
    assert count_parameters(DeepLSTM, DeepLSTMParams(), SeriesShape(steps, bands, 9)) == count


def one_way(x, a, suffix):
    """The outputs of one layer and direction for one series, (step, number), and its last memory."""
    size = a[f"cells.weight_hh_{suffix}"].shape[1]
    h, memory, found = np.zeros(size), np.zeros(size), []
    for step in x:
        gates = a[f"cells.weight_ih_{suffix}"] @ step + a[f"cells.weight_hh_{suffix}"] @ h
        enter, forget, new, out = np.split(gates, 4)
        memory = sigmoid(forget) * memory + sigmoid(enter) * np.tanh(new)
        h = sigmoid(out) * np.tanh(memory)
        found.append(h)
    return np.array(found), memory


def by_hand(model, values):
    a, found = weights(model), []
    for one in values.astype(float):
        x, memories = normalised(one, a, "norm"), []
        for layer in range(model.params.layers):
            forwards, first = one_way(x, a, f"l{layer}")
            backwards, second = one_way(x[::-1], a, f"l{layer}_reverse")
            memories += [first, second]
            x = np.concatenate([forwards, backwards[::-1]], axis=1)
        features = normalised(np.concatenate(memories), a, "norm_memories")
        found.append(softmax(dense(features, a, "head")))
    return np.array(found)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_forward_pass_is_the_one_written_by_hand(layers):
    model, values = made(layers=layers), series(7)
    np.testing.assert_allclose(model.predict_proba(values), by_hand(model, values), atol=3e-6)


def test_steps_that_were_not_seen_are_skipped():
    model = made(MASKED)
    check_unseen_steps(model)
    check_full_mask(model)
    check_skipped(model)
    for row, known in zip(*masked_series(10), strict=True):
        short = again(model, steps=int(known.sum()))
        np.testing.assert_allclose(model.predict_proba(row[None]), short.predict_proba(row[known][None]), atol=1e-6)


def test_no_answer_depends_on_the_other_rows():
    check_batches(made())


def test_a_season_of_one_step_and_one_band_is_enough():
    model = made(SeriesShape(1, 1, 2))
    np.testing.assert_allclose(model.predict_proba(series(1, model.shape)).sum(), 1, atol=1e-6)
    assert "norm.weight" not in model.arrays()
    assert "norm.weight" not in made(band_norm=False).arrays()


def test_it_is_trained_as_in_the_benchmark():
    params = DeepLSTMParams()
    assert (params.batch_size, params.optimizer) == (256, "adam")
    assert (params.learning_rate, params.weight_decay) == (9.880117756170353e-3, 5.256755602421856e-7)
    assert params.dropout == 0.5713020228087161
