"""What strategies share in which a network goes on learning from its own answers to the target's series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from cropmap.contract.params import param
from cropmap.transfer.calendar_shift import ShiftParams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from cropmap.data.package import ModelPackage


@dataclass(frozen=True)
class SelfTaughtParams(ShiftParams):
    """How far a trained network still steps."""

    step: float = param(
        0.1,
        title="Step size",
        help="As a share of the step size that the model is trained with from its beginning.",
        low=1e-6,
        high=10.0,
    )

    def step_size(self, package: ModelPackage) -> float:
        """Return the largest step size for going on from a package, within what networks accept."""
        return float(np.clip(package.params["learning_rate"] * self.step, 1e-8, 1.0))


def log_weights(weights: Sequence[float]) -> Tensor:
    """Return what is added to a network's scores, so that the softmax tells what `data.probabilities.weighted` would.

    Args:
        weights: Of each class, in the order of the scores; none for all 1.

    Returns:
        (class,), float32, or (1,) without weights: 0 for the largest weight, minus infinity for a weight of 0.
    """
    found = torch.tensor(tuple(weights) or (1.0,), dtype=torch.float64)
    return torch.log(found / found.max()).float()
