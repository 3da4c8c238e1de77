import numpy as np
import pytest
import torch

from cropmap.contract.errors import ParameterError
from cropmap.models.base import SeriesShape
from cropmap.models.bmp import BMP, BMPParams
from cropmap.models.neural import NeuralParams
from cropmap.seeds import torch_seed
from tests.core.models.networks import (
    MASKED,
    SHAPE,
    check_batches,
    check_full_mask,
    check_skipped,
    check_unseen_steps,
    code,
    count_parameters,
    dense,
    encoder_layer,
    masked_series,
    normalised,
    series,
    softmax,
    untrained,
    weights,
)

DAYS = (4, 9, 30, 31, 90)
both = pytest.mark.parametrize("positions", ["none", "day"])


def made(positions="none", shape=SHAPE):
    return untrained(BMP, BMPParams(width=6, layers=2, heads=2, feed_forward=5, positions=positions), shape)


@pytest.mark.parametrize(
    ("steps", "bands", "classes", "count"),
    [
        (40, 38, 9, 170_569),
        (40, 38, 7, 170_439),
        (40, 48, 9, 171_209),
        (40, 48, 7, 171_079),
        (45, 13, 9, 168_969),
        (45, 10, 9, 168_777),
    ],
)
@both
def test_the_paper_s_sizes_have_the_paper_s_numbers_of_parameters(steps, bands, classes, count, positions):
    assert count == 64 * bands + 64 + 5 * 33_472 + 128 + 64 * classes + classes
    assert count_parameters(BMP, BMPParams(positions=positions), SeriesShape(steps, bands, classes)) == count


def by_hand(model, values, days):
    a, params = weights(model), model.params
    found = []
    for one in values.astype(float):
        x = dense(one, a, "embed")
        x = np.maximum(x, 0) if params.positions == "none" else x + code(days, params.width)
        for layer in range(params.layers):
            x = encoder_layer(x, a, f"layers.{layer}", params.heads)
        features = np.maximum(normalised(x, a, "norm").max(axis=0), 0)
        found.append(softmax(dense(features, a, "head")))
    return np.array(found)


@both
def test_the_forward_pass_is_the_one_written_by_hand(positions):
    values = series(7)
    model = made(positions, SeriesShape(5, 4, 3, days=DAYS))
    np.testing.assert_allclose(model.predict_proba(values), by_hand(model, values, DAYS), atol=3e-6)
    model = made(positions)
    np.testing.assert_allclose(model.predict_proba(values), by_hand(model, values, range(0, 35, 7)), atol=3e-6)


def test_it_is_pytorch_s_own_encoder():
    with torch_seed(3):
        network = BMP.build(BMPParams(), SHAPE).eval()
        layer = torch.nn.TransformerEncoderLayer(64, 2, 128, batch_first=True)
        theirs = torch.nn.TransformerEncoder(layer, 5, torch.nn.LayerNorm(64), enable_nested_tensor=False).eval()
    names = {
        "attend.": "self_attn.in_proj_",
        "merge.": "self_attn.out_proj.",
        "norm_attention.": "norm1.",
        "expand.": "linear1.",
        "contract.": "linear2.",
        "norm_network.": "norm2.",
    }
    state = {}
    for name, tensor in network.state_dict().items():
        for ours, other in names.items():
            if f".{ours}" in name:
                state[name.replace(ours, other)] = tensor
    state |= {name: tensor for name, tensor in network.state_dict().items() if name.startswith("norm.")}
    theirs.load_state_dict(state)
    values = torch.from_numpy(series(4))
    with torch.no_grad():
        expected = torch.relu(theirs(torch.relu(network.embed(values))).max(dim=1).values)
        np.testing.assert_allclose(network.encode(values).numpy(), expected.numpy(), atol=2e-6)


def test_the_order_of_the_steps_does_not_matter():
    values, order = series(20), np.random.default_rng(1).permutation(SHAPE.steps)
    model = made()
    np.testing.assert_allclose(model.predict_proba(values[:, order]), model.predict_proba(values), atol=1e-6)
    model = made("day")
    assert np.abs(model.predict_proba(values[:, order]) - model.predict_proba(values)).max() > 1e-3


@both
def test_steps_that_were_not_seen_do_not_count(positions):
    model = made(positions, MASKED)
    check_unseen_steps(model)
    check_full_mask(model)
    check_skipped(model)


def test_unseen_steps_might_as_well_not_exist():
    model = made("none", MASKED)
    for row, known in zip(*masked_series(10), strict=True):
        alone = by_hand(model, row[known][None], ())
        np.testing.assert_allclose(model.predict_proba(row[None]), alone, atol=3e-6)


@both
def test_no_answer_depends_on_the_other_rows(positions):
    check_batches(made(positions))


def test_a_width_that_does_not_divide_is_refused():
    with pytest.raises(ParameterError, match="no multiple of 4 heads"):
        BMP.build(BMPParams(width=6, heads=4), SHAPE)


def test_what_the_study_searched_for_is_its_own_and_the_length_of_training_is_ours():
    params = BMPParams()
    assert (params.optimizer, params.scaling) == ("adam", "per_band_and_step")
    assert (params.weight_decay, params.dropout) == (3.5156458637523697e-6, 0.017998950510888446)
    ours = NeuralParams()
    assert (params.epochs, params.batch_size, params.learning_rate) == (
        ours.epochs,
        ours.batch_size,
        ours.learning_rate,
    )
