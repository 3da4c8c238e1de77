"""A second network that tells the two sites apart by their features, and a first one that learns to prevent it."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from cropmap.contract.params import param
from cropmap.transfer.domains import Matching, MatchingParams, reversed_gradient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from cropmap.models.neural import NeuralParams, SeriesNetwork
    from cropmap.training.adaptation import Batch
    from cropmap.transfer.domains import Other

_DISCRIMINATOR = "discriminator."


@dataclass(frozen=True)
class AdversarialParams(MatchingParams):
    """What strategies with a discriminator have in common."""

    weight: float = param(
        0.1,
        title="Pull",
        help="How strongly the network works against the second one, beside the loss over the source's labels; 1 is "
        "the published strength, which mixes up classes where their shares differ.",
        low=0.0,
        high=1000.0,
    )
    hidden: int = param(
        256, title="Discriminator", help="Width of the two layers that tell the sites apart.", low=1, high=8192
    )
    discriminator_factor: float = param(
        1.0,
        help="By what the step size is multiplied for the discriminator.",
        low=1e-3,
        high=1e3,
        advanced=True,
    )


class Adversarial(Matching):
    """Features are drawn together by a discriminator whose gradient is reversed.

    The discriminator learns at its full step all the time; how strongly the network works against it is the reversed
    gradient's strength. Both sites go through it in one batch: its batch normalisation would hide their difference
    otherwise. It is no part of the network, and so of no package.

    Args:
        series: Scaled series of the target, (n, step, band), float32.
        params: Of the strategy.
    """

    params: AdversarialParams

    def __init__(self, series: NDArray[np.float32], params: AdversarialParams) -> None:
        super().__init__(series, params)
        self.factor = params.discriminator_factor

    def begin(self, network: SeriesNetwork, params: NeuralParams, device: str, seed: int) -> None:
        """Draw the discriminator's first weights from PyTorch's generator."""
        super().begin(network, params, device, seed)
        self.discriminator = discriminator(self.inputs(network, seed), self.params.hidden).to(device)

    @abstractmethod
    def inputs(self, network: SeriesNetwork, seed: int) -> int:
        """Return how many numbers the discriminator is told of a series, once `told` can tell them."""

    @abstractmethod
    def told(self, features: Tensor, scores: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return what the discriminator is told, (n, input), and the weight of each series, (n,), of mean 1, or None.

        Args:
            features: (n, feature).
            scores: (n, class).
        """

    def parameters(self) -> Sequence[nn.Parameter]:
        """Return the discriminator's weights."""
        return tuple(self.discriminator.parameters())

    def gap(self, batch: Batch, other: Other, strength: float) -> Tensor:
        """Return the mean of the discriminator's errors on either site."""
        (ours, weights), (theirs, their_weights) = (self.told(part.features, part.scores) for part in (batch, other))
        found = self.discriminator(reversed_gradient(torch.cat((ours, theirs)), strength)).squeeze(1)
        own, strange = found[: len(ours)], found[len(ours) :]
        return (
            functional.binary_cross_entropy_with_logits(own, torch.ones_like(own), weights)
            + functional.binary_cross_entropy_with_logits(strange, torch.zeros_like(strange), their_weights)
        ) / 2

    def state(self) -> dict[str, Tensor]:
        """Add the discriminator's weights."""
        own = {_DISCRIMINATOR + name: tensor for name, tensor in self.discriminator.state_dict().items()}
        return super().state() | own

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from there."""
        super().restore(state)
        own = {name: tensor for name, tensor in state.items() if name.startswith(_DISCRIMINATOR)}
        self.discriminator.load_state_dict({name.removeprefix(_DISCRIMINATOR): own[name] for name in own})


def discriminator(inputs: int, hidden: int) -> nn.Sequential:
    """Return a network that gives one number of a series, above 0 for the source; it keeps no running statistics."""

    def layer(before: int) -> list[nn.Module]:
        return [nn.Linear(before, hidden), nn.BatchNorm1d(hidden, track_running_stats=False), nn.ReLU()]

    return nn.Sequential(*layer(inputs), *layer(hidden), nn.Linear(hidden, 1))
