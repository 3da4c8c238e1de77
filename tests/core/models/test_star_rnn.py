import numpy as np
import pytest
import torch

from cropmap.models.base import SeriesShape
from cropmap.models.star_rnn import StarLayer, StarRNN, StarRNNParams
from cropmap.seeds import torch_seed
from tests.core.models.networks import (
    MASKED,
    SHAPE,
    again,
    batch_normalised,
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


def made(shape=SHAPE, layers=3, **others):
    return untrained(StarRNN, StarRNNParams(hidden=4, layers=layers, **others), shape)


@pytest.mark.parametrize(("steps", "bands", "count"), [(45, 13, 71_587), (40, 38, 78_037)])
def test_the_benchmark_s_sizes_have_its_numbers_of_parameters(steps, bands, count):
    shape = SeriesShape(steps, bands, 9)
    assert count_parameters(StarRNN, StarRNNParams(legacy_tied_layers=True), shape) == count
    assert count_parameters(StarRNN, StarRNNParams(), shape) == count + 49_792


def by_hand(model, values):
    a, found = weights(model), []
    tied = model.params.legacy_tied_layers
    for one in values.astype(float):
        x = normalised(one, a, "norm")
        for place in range(model.params.layers):
            at, h, outputs = f"cells.{min(place, 1) if tied else place}", np.zeros(model.params.hidden), []
            for step in x:
                gate = sigmoid(dense(step, a, f"{at}.gate") + dense(h, a, f"{at}.gate_state"))
                h = np.tanh(gate * h + (1 - gate) * np.tanh(dense(step, a, f"{at}.candidate")))
                outputs.append(h)
            x = batch_normalised(np.array(outputs), a, f"{at}.norm")
        found.append(softmax(dense(normalised(x[-1], a, "norm_last"), a, "head")))
    return np.array(found)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_forward_pass_is_the_one_written_by_hand(layers, tied):
    model, values = made(layers=layers, legacy_tied_layers=tied), series(7)
    np.testing.assert_allclose(model.predict_proba(values), by_hand(model, values), atol=3e-6)


def test_first_weights_are_orthogonal_and_gates_begin_open():
    with torch_seed(0):
        layer = StarLayer(5, 5, 0.5)
    for part in (layer.gate, layer.gate_state, layer.candidate):
        np.testing.assert_allclose((part.weight @ part.weight.T).detach().numpy(), np.eye(5), atol=1e-6)
    assert (layer.gate.bias == 1).all()
    assert (layer.candidate.bias == 0).all()


def test_steps_that_were_not_seen_are_skipped():
    model = made(MASKED)
    check_unseen_steps(model)
    check_full_mask(model)
    check_skipped(model)
    for row, known in zip(*masked_series(10), strict=True):
        short = again(model, steps=int(known.sum()))
        np.testing.assert_allclose(model.predict_proba(row[None]), short.predict_proba(row[known][None]), atol=1e-6)


def test_the_statistics_of_a_batch_leave_unseen_steps_out():
    values, seen = masked_series(30)
    with torch_seed(0):
        layer = StarLayer(4, 3, 0.0).train()
    steps, known = torch.from_numpy(values), torch.from_numpy(seen)
    found = layer(steps, known).detach().numpy()
    np.testing.assert_allclose(found[seen].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(found[seen].std(axis=0), 1, atol=1e-3)
    assert (found[~seen] == 0).all()
    running = layer.norm.running_mean.clone()
    layer.norm.reset_running_stats()
    layer(torch.where(known[:, :, None], steps, 9.0), known)
    np.testing.assert_allclose(layer.norm.running_mean.numpy(), running.numpy(), atol=1e-6)


def test_no_answer_depends_on_the_other_rows():
    check_batches(made())


def test_a_season_of_one_step_and_one_band_is_enough():
    model = made(SeriesShape(1, 1, 2))
    np.testing.assert_allclose(model.predict_proba(series(1, model.shape)).sum(), 1, atol=1e-6)
    assert "norm.weight" not in model.arrays()


def test_it_is_trained_as_in_the_benchmark():
    params = StarRNNParams()
    assert (params.batch_size, params.optimizer) == (256, "adam")
    assert (params.learning_rate, params.weight_decay) == (8.960989762612663e-3, 2.2171861339535254e-6)
