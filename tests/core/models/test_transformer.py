import dataclasses

import numpy as np
import pytest
import torch

from cropmap.contract.errors import PackageError, ParameterError
from cropmap.models.base import SeriesShape
from cropmap.models.layers import position_code, step_positions
from cropmap.models.transformer import Transformer, TransformerNetwork, TransformerParams
from cropmap.seeds import torch_seed
from tests.core.models.networks import MASKED, check_full_mask, check_skipped, check_unseen_steps, untrained

TINY = TransformerParams(width=8, layers=2, heads=2, feed_forward=6)
SHAPE = SeriesShape(5, 3, 4)


@pytest.fixture
def model():
    with torch_seed(1):
        return Transformer.untrained(TINY, SHAPE)


def series(count, shape=SHAPE, seed=0):
    return np.random.default_rng(seed).normal(size=(count, shape.steps, shape.bands)).astype(np.float32)


def neighbour_similarity(code):
    unit = code / np.linalg.norm(code, axis=1, keepdims=True)
    return (unit[1:] * unit[:-1]).sum(axis=1)


def test_the_paper_s_size_has_the_paper_s_number_of_parameters():
    network = TransformerNetwork(TransformerParams(), SeriesShape(23, 6, 3))
    assert sum(p.numel() for p in network.parameters() if p.requires_grad) == 2_637_315


def test_neighbouring_steps_are_alike_in_the_right_code_and_unlike_in_the_legacy_one():
    right, legacy = position_code(np.arange(23), 512), position_code(np.arange(23), 512, legacy=True)
    np.testing.assert_allclose(neighbour_similarity(right), 0.97, atol=0.005)
    assert abs(neighbour_similarity(legacy).mean()) < 0.1


def test_the_code_is_that_of_the_definition():
    code = position_code(np.arange(7), 6)
    for step in range(7):
        for pair in range(3):
            angle = step / 10_000 ** (2 * pair / 6)
            assert code[step, 2 * pair] == pytest.approx(np.sin(angle), abs=1e-7)
            assert code[step, 2 * pair + 1] == pytest.approx(np.cos(angle), abs=1e-7)


def test_the_legacy_switch_changes_predictions_and_nothing_else(model):
    legacy = Transformer.from_arrays(
        TransformerParams(width=8, layers=2, heads=2, feed_forward=6, legacy_positions=True), SHAPE, model.arrays()
    )
    values = series(6)
    assert set(legacy.arrays()) == set(model.arrays())
    assert not np.allclose(legacy.predict_proba(values), model.predict_proba(values), atol=1e-4)


def normalised(x, weight, bias):
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5) * weight + bias


def softmax(x):
    grown = np.exp(x - x.max(axis=-1, keepdims=True))
    return grown / grown.sum(axis=-1, keepdims=True)


def by_hand(arrays, values, params, shape):
    """The forward pass in float64 NumPy, one series, one head at a time."""
    a = {name: array.astype(float) for name, array in arrays.items()}
    dense = lambda x, name: x @ a[f"{name}.weight"].T + a[f"{name}.bias"]  # noqa: E731
    size = params.width // params.heads
    found = []
    for one in values.astype(float):
        x = dense(one, "embed") + position_code(np.arange(shape.steps), params.width)
        for layer in range(params.layers):
            at = f"layers.{layer}"
            query, key, value = np.split(dense(x, f"{at}.attend"), 3, axis=1)
            heads = []
            for head in range(params.heads):
                part = slice(head * size, (head + 1) * size)
                heads.append(softmax(query[:, part] @ key[:, part].T / np.sqrt(size)) @ value[:, part])
            merged = dense(np.concatenate(heads, axis=1), f"{at}.merge")
            x = normalised(x + merged, a[f"{at}.norm_attention.weight"], a[f"{at}.norm_attention.bias"])
            inner = dense(np.maximum(dense(x, f"{at}.expand"), 0), f"{at}.contract")
            x = normalised(x + inner, a[f"{at}.norm_network.weight"], a[f"{at}.norm_network.bias"])
        found.append(softmax(dense(normalised(x, a["norm.weight"], a["norm.bias"]).mean(axis=0), "head")))
    return np.array(found)


def test_the_forward_pass_is_the_one_written_by_hand(model):
    values = series(7)
    arrays = {name: series_like(array) for name, array in model.arrays().items()}
    same = Transformer.from_arrays(TINY, SHAPE, arrays)
    np.testing.assert_allclose(same.predict_proba(values), by_hand(arrays, values, TINY, SHAPE), atol=2e-6)


def series_like(array, seed=5):
    """Weights that leave nothing at its first value: biases of 0 and norms of 1 would hide a wrong order."""
    return (array + np.random.default_rng(seed).normal(0, 0.3, array.shape)).astype(np.float32)


def test_an_encoder_layer_is_pytorch_s_own():
    params = TransformerParams(width=16, heads=4, feed_forward=12)
    with torch_seed(2):
        ours = TransformerNetwork(params, SHAPE).layers[0].eval()
        theirs = torch.nn.TransformerEncoderLayer(16, 4, 12, batch_first=True).eval()
        steps = torch.randn(3, 5, 16)
    names = {
        "attend.weight": "self_attn.in_proj_weight",
        "attend.bias": "self_attn.in_proj_bias",
        "merge.weight": "self_attn.out_proj.weight",
        "merge.bias": "self_attn.out_proj.bias",
        "norm_attention.weight": "norm1.weight",
        "norm_attention.bias": "norm1.bias",
        "expand.weight": "linear1.weight",
        "expand.bias": "linear1.bias",
        "contract.weight": "linear2.weight",
        "contract.bias": "linear2.bias",
        "norm_network.weight": "norm2.weight",
        "norm_network.bias": "norm2.bias",
    }
    weights = theirs.state_dict()
    ours.load_state_dict({name: weights[other] for name, other in names.items()})
    with torch.no_grad():
        np.testing.assert_allclose(ours(steps).numpy(), theirs(steps).numpy(), atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 127, 129, 300])
def test_a_prediction_does_not_depend_on_the_others_in_the_batch(model, count):
    values = series(300)
    alone, together = model.predict_proba(values[:count]), model.predict_proba(values)[:count]
    np.testing.assert_allclose(alone, together, atol=1e-6)
    assert (alone.argmax(axis=1) == together.argmax(axis=1)).all()


def test_dropout_is_off_in_prediction_and_on_in_training(model):
    values = torch.from_numpy(series(4))
    with torch_seed(0), torch.no_grad():
        model.network.train()
        assert not torch.equal(model.network(values), model.network(values))
        model.network.eval()
        assert torch.equal(model.network(values), model.network(values))


def test_encode_and_head_make_the_prediction(model):
    values = series(9)
    features = model.encode(values)
    assert features.shape == (9, 8)
    np.testing.assert_allclose(model.head(features), model.predict_proba(values), atol=1e-6)


def test_making_a_model_again_leaves_the_global_generator_alone(model):
    before = torch.get_rng_state()
    Transformer.from_arrays(TINY, SHAPE, model.arrays())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("width", "heads"), [(10, 4), (9, 3), (7, 1)])
def test_a_width_that_does_not_divide_is_refused(width, heads):
    with pytest.raises(ParameterError, match="width"):
        TransformerNetwork(TransformerParams(width=width, heads=heads), SHAPE)


def test_weights_of_another_shape_are_refused(model):
    with pytest.raises(PackageError, match="has shape"):
        Transformer.from_arrays(TINY, SeriesShape(5, 4, 4), model.arrays())
    with pytest.raises(PackageError, match="not the ones it needs"):
        Transformer.from_arrays(TransformerParams(width=8, layers=1, heads=2, feed_forward=6), SHAPE, model.arrays())
    broken = {**model.arrays(), "head.bias": np.full(4, np.nan, np.float32)}
    with pytest.raises(PackageError, match="not finite"):
        Transformer.from_arrays(TINY, SHAPE, broken)


def test_steps_that_were_not_seen_do_not_count():
    model = untrained(Transformer, TINY, MASKED)
    check_unseen_steps(model)
    check_full_mask(model)
    check_skipped(model)


def test_positions_on_a_regular_grid_are_the_numbers_of_the_steps():
    for days in ((), (0, 7, 14, 21, 28), (3, 13, 23, 33, 43)):
        assert step_positions(SeriesShape(5, 3, 4, days=days)).tolist() == [0, 1, 2, 3, 4]
    assert step_positions(SeriesShape(1, 3, 4, days=(5,))).tolist() == [0]


def test_positions_on_irregular_days_follow_the_days():
    shape = SeriesShape(5, 3, 4, days=(4, 9, 14, 44, 49))
    assert step_positions(shape).tolist() == [0, 1, 2, 8, 9]
    network = TransformerNetwork(TINY, shape)
    np.testing.assert_array_equal(network.positions.numpy(), position_code(np.array([0, 1, 2, 8, 9]), 8))
    counted = TransformerNetwork(dataclasses.replace(TINY, legacy_positions=True), shape)
    np.testing.assert_array_equal(counted.positions.numpy(), position_code(np.arange(5), 8, legacy=True))
