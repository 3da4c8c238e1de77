"""What the tests of the networks share: series, weights that hide nothing, layers by hand, and checks of masks."""

import dataclasses

import numpy as np

from cropmap.models.base import SeriesShape
from cropmap.seeds import torch_seed

SHAPE = SeriesShape(5, 4, 3)
MASKED = SeriesShape(5, 4, 3, names=("red", "nir", "swir1", "clear"))


def series(count, shape=SHAPE, seed=0):
    return np.random.default_rng(seed).normal(size=(count, shape.steps, shape.bands)).astype(np.float32)


def masked_series(count, shape=MASKED, seed=0):
    """Series with unseen steps, all 0 there, and at least one seen; the mask is the last band."""
    rng = np.random.default_rng(seed)
    values = series(count, shape, seed)
    seen = rng.random((count, shape.steps)) < 0.6
    seen[np.arange(count), rng.integers(0, shape.steps, count)] = True
    values[..., -1] = 1
    values[~seen] = 0
    return values, seen


def untrained(kind, params, shape, seed=1):
    """A model whose weights all differ from their first values: biases of 0 and norms of 1 would hide a wrong order."""
    with torch_seed(seed):
        arrays = kind.untrained(params, shape).arrays()
    rng = np.random.default_rng(seed)
    for name in sorted(arrays):
        if arrays[name].dtype.kind == "f":
            moved = arrays[name] + rng.normal(0, 0.3, arrays[name].shape)
            arrays[name] = (np.abs(moved) + 0.1 if "running_var" in name else moved).astype(np.float32)
    return kind.from_arrays(params, shape, arrays)


def again(model, **shape):
    """The same weights in a model of another shape."""
    return type(model).from_arrays(model.params, dataclasses.replace(model.shape, **shape), model.arrays())


def count_parameters(kind, params, shape):
    return sum(tensor.numel() for tensor in kind.build(params, shape).parameters() if tensor.requires_grad)


# ---------------------------------------------------------------- layers by hand, float64


def weights(model):
    return {name: array.astype(float) for name, array in model.arrays().items()}


def dense(x, arrays, name):
    return x @ arrays[f"{name}.weight"].T + arrays[f"{name}.bias"]


def normalised(x, arrays, name):
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * arrays[f"{name}.weight"] + arrays[f"{name}.bias"]


def batch_normalised(x, arrays, name):
    deviation = np.sqrt(arrays[f"{name}.running_var"] + 1e-5)
    return (x - arrays[f"{name}.running_mean"]) / deviation * arrays[f"{name}.weight"] + arrays[f"{name}.bias"]


def normalised_channels(x, arrays, name):
    """Batch normalisation in evaluation of (channel, step) or (channel,)."""
    return batch_normalised(x.T, arrays, name).T


def convolved(x, arrays, name, before=0, after=0, stride=1):
    """A convolution of (channel, step)."""
    padded = np.pad(x, ((0, 0), (before, after)))
    weight = arrays[f"{name}.weight"]
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2], axis=1)[:, ::stride]
    found = np.einsum("clk,ock->ol", windows, weight)
    return found + arrays[f"{name}.bias"][:, None] if f"{name}.bias" in arrays else found


def highest(x, size=3, stride=1):
    """Largest of each window of (channel, step), with nothing beyond the ends."""
    padded = np.pad(x, ((0, 0), (size // 2, size // 2)), constant_values=-np.inf)
    return np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)[:, ::stride].max(axis=2)


def relu(x):
    return np.maximum(x, 0)


def softmax(x):
    grown = np.exp(x - x.max(axis=-1, keepdims=True))
    return grown / grown.sum(axis=-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def code(positions, width, base=10_000):
    """The sine and cosine code, number by number."""
    return np.array(
        [
            [
                (np.sin if column % 2 == 0 else np.cos)(position / base ** (2 * (column // 2) / width))
                for column in range(width)
            ]
            for position in positions
        ]
    )


def encoder_layer(x, arrays, at, heads):
    """One post-norm encoder layer of one series, (step, width), one head at a time."""
    query, key, value = np.split(dense(x, arrays, f"{at}.attend"), 3, axis=1)
    size = x.shape[1] // heads
    parts = [slice(head * size, (head + 1) * size) for head in range(heads)]
    mixed = [softmax(query[:, part] @ key[:, part].T / np.sqrt(size)) @ value[:, part] for part in parts]
    x = normalised(x + dense(np.concatenate(mixed, axis=1), arrays, f"{at}.merge"), arrays, f"{at}.norm_attention")
    inner = dense(np.maximum(dense(x, arrays, f"{at}.expand"), 0), arrays, f"{at}.contract")
    return normalised(x + inner, arrays, f"{at}.norm_network")


# ---------------------------------------------------------------- checks


def check_batches(model):
    """No answer depends on the other rows, nor on how many there are."""
    values = series(130, model.shape)
    whole = model.predict_proba(values)
    for size, count in ((1, 8), (7, 42), (65, 130)):
        parts = np.concatenate([model.predict_proba(values[at : at + size]) for at in range(0, count, size)])
        np.testing.assert_allclose(parts, whole[:count], atol=1e-6)
        assert (parts.argmax(axis=1) == whole[:count].argmax(axis=1)).all()
    assert model.predict_proba(values).tobytes() == whole.tobytes()


def check_unseen_steps(model):
    """Nothing at unseen steps counts, anything at seen steps does, and no step seen at all is no error."""
    values, seen = masked_series(20, model.shape)
    expected = model.predict_proba(values)
    other = values.copy()
    other[..., :-1] += np.where(seen, 0, 5)[..., None].astype(np.float32)
    np.testing.assert_allclose(model.predict_proba(other), expected, atol=1e-6)
    moved = values.copy()
    moved[np.arange(20), seen.argmax(axis=1), 0] += 5
    assert (np.abs(model.predict_proba(moved) - expected).max(axis=1) > 1e-6).all()
    assert np.isfinite(model.predict_proba(np.zeros_like(values))).all()
    alone = np.concatenate([model.predict_proba(row[None]) for row in values])
    np.testing.assert_allclose(alone, expected, atol=1e-6)


def check_full_mask(model):
    """Where all steps were seen, the mask is a band like others."""
    values = series(20, model.shape)
    values[..., -1] = 1
    plain = again(model, names=())
    np.testing.assert_allclose(model.predict_proba(values), plain.predict_proba(values), atol=1e-6)


def check_skipped(model, steps=3):
    """Where the last steps were not seen, the answer is that for a season that ends before them."""
    values = series(20, model.shape)
    values[..., -1] = 1
    values[:, steps:] = 0
    short = again(model, steps=steps, days=model.shape.days[:steps])
    np.testing.assert_allclose(model.predict_proba(values), short.predict_proba(values[:, :steps]), atol=1e-6)
