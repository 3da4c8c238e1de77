"""Layers in plain float64 NumPy, one series, (channel, step), at a time: what networks are compared with."""

import numpy as np


def stirred(arrays, seed=5):
    """Weights that leave nothing at its first value: biases of 0 and running figures of 0 and 1 would hide errors."""
    rng = np.random.default_rng(seed)
    found = {}
    for name, array in arrays.items():
        if name.endswith("running_var"):
            found[name] = rng.uniform(0.5, 2.0, array.shape).astype(np.float32)
        elif array.dtype.kind == "f":
            found[name] = (array + rng.normal(0, 0.2, array.shape)).astype(np.float32)
        else:
            found[name] = array
    return found


def series(count, shape, seed=0):
    return np.random.default_rng(seed).normal(size=(count, shape.steps, shape.bands)).astype(np.float32)


def doubled(arrays):
    return {name: array.astype(float) for name, array in arrays.items()}


def relu(x):
    return np.maximum(x, 0)


def softmax(x):
    grown = np.exp(x - x.max(axis=-1, keepdims=True))
    return grown / grown.sum(axis=-1, keepdims=True)


def convolved(a, name, x, before=0, after=0, stride=1):
    padded = np.pad(x, ((0, 0), (before, after)))
    weight = a[f"{name}.weight"]
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2], axis=1)[:, ::stride]
    return np.einsum("clk,ock->ol", windows, weight) + (a[f"{name}.bias"][:, None] if f"{name}.bias" in a else 0)


def normalised(a, name, x):
    """Batch norm in evaluation: by the running figures; x is (channel, step) or (channel,)."""
    tall = (-1,) + (1,) * (x.ndim - 1)
    mean, variance, weight, bias = (
        a[f"{name}.{part}"].reshape(tall) for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / np.sqrt(variance + 1e-5) * weight + bias


def highest(x, size=3, stride=1):
    """Largest of each window, with nothing beyond the ends."""
    padded = np.pad(x, ((0, 0), (size // 2, size // 2)), constant_values=-np.inf)
    return np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)[:, ::stride].max(axis=2)


def dense(a, name, x):
    return x @ a[f"{name}.weight"].T + a[f"{name}.bias"]


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
