"""The optimizer of a network and the step size of its updates.

A step size depends on nothing but the parameters, the update's number and the validation losses so far: a training
that goes on after a break needs no other memory.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import nn

    from cropmap.models.neural import NeuralParams

WARM_UP = 0.1
# How far below the best a loss must be to count as lower, and what a stall cuts the step size by.
_BETTER, _CUT = 1e-4, 0.1


def optimizer_of(
    network: nn.Module,
    params: NeuralParams,
    factors: Mapping[str, float] | None = None,
    others: tuple[Sequence[nn.Parameter], float] = ((), 1.0),
) -> torch.optim.Adam | torch.optim.AdamW:
    """Return the optimizer of the weights that may change; those of a group are updated in one compiled pass.

    Args:
        network: Weights that need no gradient are left out.
        params: Kind, largest step size and weight decay.
        factors: By what the step size is multiplied for parts of the network, by the beginning of their names.
        others: Weights beside the network's, and their factor.

    Returns:
        An optimizer whose groups have their "factor".
    """
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            part = part_of(name, tuple(factors or ()))
            groups.setdefault(1.0 if part is None else (factors or {})[part], []).append(parameter)
    if others[0]:
        groups.setdefault(others[1], []).extend(others[0])
    kind = torch.optim.AdamW if params.optimizer == "adamw" else torch.optim.Adam
    asked = [{"params": parameters, "factor": factor} for factor, parameters in groups.items()]
    return kind(asked, lr=params.learning_rate, weight_decay=params.weight_decay, fused=True)


def part_of(name: str, parts: Sequence[str]) -> str | None:
    """Return the first of the parts that a module or weight belongs to: "layers.0" has "layers.0.merge.bias"."""
    return next((part for part in parts if name == part or name.startswith(f"{part}.")), None)


def step_sizes(params: NeuralParams, updates: int, losses: Sequence[float]) -> NDArray[np.float64]:
    """Return the step size of each update of the next epoch, (update,).

    Args:
        params: The largest step size, the schedule, epochs and patience.
        updates: Of one epoch.
        losses: Validation losses of the epochs so far.
    """
    if params.schedule == "cosine":
        number = len(losses) * updates + np.arange(updates)
        return params.learning_rate * _cosine(number, params.epochs * updates)
    cuts = _stalls(losses, params.patience // 2) if params.schedule == "plateau" else 0
    return np.full(updates, params.learning_rate * _CUT**cuts)


def _cosine(number: NDArray[np.intp], total: int) -> NDArray[np.float64]:
    """Return shares of the largest step size: up in a line over the first tenth, then half a cosine down to nearly 0.

    Source of the cosine: Loshchilov and Hutter 2017, arXiv:1608.03983, equation 5 without restarts.
    """
    warm = max(1, math.ceil(WARM_UP * total))
    done = np.clip((number - warm + 1) / (total - warm + 1), 0, 1)
    return np.minimum((number + 1) / warm, 0.5 * (1 + np.cos(np.pi * done)))


def _stalls(losses: Sequence[float], patience: int) -> int:
    """Return how often more than `patience` epochs in a row brought no loss lower than the best before them."""
    best, waited, found = math.inf, 0, 0
    for loss in losses:
        if loss < best * (1 - _BETTER):
            best, waited = loss, 0
        else:
            waited += 1
        if waited > patience:
            waited, found = 0, found + 1
    return found
