import math

import numpy as np
import pytest
import torch

from cropmap.models.neural import NeuralParams
from cropmap.training.schedules import optimizer_of, step_sizes


def test_a_constant_step_size_stays():
    params = NeuralParams(schedule="constant", learning_rate=0.01)
    assert step_sizes(params, 3, [1.0] * 50).tolist() == [0.01] * 3


def test_the_cosine_rises_over_a_tenth_and_falls_to_nearly_nothing():
    params = NeuralParams(schedule="cosine", learning_rate=0.2, epochs=10)
    sizes = np.concatenate([step_sizes(params, 10, [1.0] * epoch) for epoch in range(10)])
    np.testing.assert_allclose(sizes[:10], 0.02 * np.arange(1, 11))
    expected = [0.1 * (1 + math.cos(math.pi * done / 91)) for done in range(91)]
    np.testing.assert_allclose(sizes[9:], expected)
    assert 0 < sizes[-1] < 1e-3 * sizes.max()


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_very_short_cosine_is_above_0(epochs):
    params = NeuralParams(schedule="cosine", learning_rate=0.2, epochs=epochs)
    assert (step_sizes(params, 1, [1.0] * (epochs - 1)) > 0).all()


@pytest.mark.parametrize("patience", [2, 5, 8])
def test_the_plateau_cuts_when_pytorch_s_own_does(patience):
    losses = np.random.default_rng(patience).random(80) + np.linspace(1, 0.5, 80)
    losses[20:30] = losses[:20].min() * (1 - 5e-5)  # lower, but by too little
    params = NeuralParams(schedule="plateau", learning_rate=0.1, patience=patience)
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    peer = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=patience // 2, eps=0)
    for done in range(80):
        own = step_sizes(params, 2, losses[:done].tolist())
        np.testing.assert_allclose(own, optimizer.param_groups[0]["lr"], rtol=1e-9)
        peer.step(losses[done])


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_only_adam_adds_the_weight_decay_to_the_gradient(name):
    """One step of Adam from 0 moments is lr * sign(gradient), to which AdamW adds lr * decay * weight."""
    layer = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(layer.weight, 2.0)
    optimizer = optimizer_of(layer, NeuralParams(optimizer=name, learning_rate=0.1, weight_decay=0.5))
    layer.weight.grad = torch.full((1, 1), 1e-3)
    optimizer.step()
    expected = 2.0 - 0.1 - (0.1 * 0.5 * 2.0 if name == "adamw" else 0.0)
    assert layer.weight.item() == pytest.approx(expected, rel=1e-5)


def test_frozen_weights_are_not_the_optimizer_s():
    layer = torch.nn.Linear(2, 2)
    layer.bias.requires_grad_(False)  # noqa: FBT003
    assert len(optimizer_of(layer, NeuralParams()).param_groups[0]["params"]) == 1
