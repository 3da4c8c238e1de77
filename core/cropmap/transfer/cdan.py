"""Features that, together with the predicted class, do not tell the sites apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from cropmap.contract.params import param
from cropmap.transfer import STRATEGIES
from cropmap.transfer.adversarial import Adversarial, AdversarialParams
from cropmap.transfer.base import GRADIENTS, SERIES, SOURCE
from cropmap.transfer.domains import matched

if TYPE_CHECKING:
    from torch import Tensor

    from cropmap.data.package import ModelPackage
    from cropmap.models.neural import SeriesNetwork
    from cropmap.transfer.base import Transfer

# Up to how many products of feature and class probability the discriminator is told; of more, this many random sums.
_MOST, _SUMS = 4096, 1024
_STREAM = 0x5EED_0B02


@dataclass(frozen=True)
class CdanParams(AdversarialParams):
    """How strongly, how told, and by what the best epoch is chosen."""

    by_sureness: bool = param(
        True,
        help="Series whose class the network is sure of count more where the sites are told apart.",
        advanced=True,
    )


class Cdan(Adversarial):
    """The discriminator is told each feature times each class probability."""

    params: CdanParams

    def inputs(self, network: SeriesNetwork, seed: int) -> int:
        """Return how many products there are, or random sums where there are too many."""
        features, classes = network.features, network.head.out_features
        self._sums: tuple[Tensor, Tensor] | None = None
        if features * classes <= _MOST:
            return features * classes
        number = int(np.random.SeedSequence(seed ^ _STREAM).generate_state(1)[0])
        generator = torch.Generator().manual_seed(number)
        first, second = (torch.randn(length, _SUMS, generator=generator) for length in (features, classes))
        self._sums = (first / _SUMS**0.5).to(self.device), second.to(self.device)
        return _SUMS

    def told(self, features: Tensor, scores: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return features times probabilities, through which no gradient goes to the scores; the weights of series."""
        probabilities = torch.softmax(scores.detach(), dim=1)
        weights = sureness(probabilities) if self.params.by_sureness else None
        if self._sums is None:
            return (features[:, :, None] * probabilities[:, None, :]).flatten(1), weights
        first, second = self._sums
        return (features @ first) * (probabilities @ second), weights


def sureness(probabilities: Tensor) -> Tensor:
    """Return 1 + exp(-entropy) of each row, (n,), divided by their mean."""
    found = 1 + torch.exp(-torch.special.entr(probabilities).sum(dim=1))
    return found / found.mean()


@STRATEGIES.register(
    "cdan",
    title="Domain-adversarial training by class",
    params=CdanParams,
    citation="Long et al. 2018, Advances in Neural Information Processing Systems 31, arXiv:1705.10667",
    needs=(SOURCE, SERIES, GRADIENTS),
)
def cdan(params: CdanParams, task: Transfer) -> ModelPackage:
    """Trains a network whose features, class by class, do not tell the two sites apart; no labels of the target.

    The second network, which tries to tell them apart, sees the features together with the predicted class. That keeps
    crops apart where the first predictions are mostly right.

    Source: Long, Cao, Wang and Jordan 2018, arXiv:1705.10667, with its weights by entropy.
    """
    return matched(params, task, lambda series: Cdan(series, params))
