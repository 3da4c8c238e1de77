"""OmniScaleCNN: convolutions of all prime lengths, so that every receptive field occurs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from cropmap.contract.params import other_default, param
from cropmap.models import MODELS
from cropmap.models.layers import BatchNorm, Convolution, channels_of, mean_over_steps, steps_of
from cropmap.models.neural import NeuralClassifier, NeuralParams, SeriesNetwork

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cropmap.models.base import SeriesShape

# Weights that the first two layers may have; patterns of each kernel of the last, before rounding.
_BUDGETS = (8 * 128, 5 * 128 * 256 + 2 * 256 * 128)
_LAST = 1024
_LAST_KERNELS = (1, 2)


@dataclass(frozen=True, kw_only=True)
class OmniScaleParams(NeuralParams):
    """Parameters of OmniScaleCNN; training settings of Russwurm et al. 2020, numbers to three digits."""

    batch_size: int = other_default(NeuralParams, "batch_size", 256)
    learning_rate: float = other_default(NeuralParams, "learning_rate", 1.06e-3)
    weight_decay: float = other_default(NeuralParams, "weight_decay", 2.25e-7)
    optimizer: str = other_default(NeuralParams, "optimizer", "adam")
    min_channels: int = param(
        1,
        title="Fewest patterns a kernel",
        help="Fewest patterns of each kernel of the first layer. 1 is the published network, which lets hardly "
        "anything of many bands through; 4 is then better and also smaller.",
        low=1,
        high=128,
        advanced=True,
        search=(1, 4),
    )


@MODELS.register(
    "omniscale_cnn",
    title="OmniScaleCNN",
    params=OmniScaleParams,
    citation="Tang et al. 2022, Omni-scale CNNs, arXiv:2002.10061; settings of Russwurm et al. 2020, "
    "doi:10.5194/isprs-archives-XLIII-B2-2020-1545-2020",
    needs=("gradients",),
)
class OmniScaleCnn(NeuralClassifier):
    """Convolutions of all prime lengths; large and slow, for comparisons and where no kernel length is known."""

    @classmethod
    def build(cls, params: OmniScaleParams, shape: SeriesShape) -> SeriesNetwork:
        """Return a network with first weights."""
        return OmniScaleNetwork(params, shape)


class OmniScaleNetwork(SeriesNetwork):
    """Three layers of convolutions side by side, averaged over the steps that were seen, to classes.

    The band that tells which steps were seen is one more input.
    """

    def __init__(self, params: OmniScaleParams, shape: SeriesShape) -> None:
        kernels = prime_kernels(shape.steps)
        last = len(kernels) * max(1, _LAST // sum(kernels))
        super().__init__(len(_LAST_KERNELS) * last, shape)
        first = max(params.min_channels, _BUDGETS[0] // (shape.bands * sum(kernels)))
        second = max(1, _BUDGETS[1] // (first * len(kernels) * sum(kernels)))
        self.layers = nn.Sequential(
            _Layer(shape.bands, first, kernels),
            _Layer(first * len(kernels), second, kernels),
            _Layer(second * len(kernels), last, _LAST_KERNELS),
        )

    def encode(self, values: Tensor) -> Tensor:
        """Return features, (n, feature), of scaled values, (n, step, band)."""
        return mean_over_steps(steps_of(self.layers(channels_of(values))), self.seen(values))


class _Layer(nn.Module):
    """One convolution and batch norm for each kernel, side by side, ReLU; as long as the input."""

    def __init__(self, channels: int, width: int, kernels: Sequence[int]) -> None:
        super().__init__()
        self.paths = nn.ModuleList(
            nn.Sequential(
                # An even kernel sees one step more after than before.
                nn.ConstantPad1d(((kernel - 1) // 2, kernel // 2), 0.0),
                Convolution(channels, width, kernel),
                BatchNorm(width),
            )
            for kernel in kernels
        )

    def forward(self, channels: Tensor) -> Tensor:
        """Return (n, kernel x width, 1, step) of (n, channel, 1, step)."""
        # ReLU before they are joined: backwards, normalisation is far slower on a part of a joined gradient.
        return torch.cat([functional.relu(path(channels)) for path in self.paths], dim=1)


def prime_kernels(steps: int) -> tuple[int, ...]:
    """Return 1 and the primes up to a quarter of the steps; sums of two of them make nearly every length."""
    limit = steps // 4
    primes = [number for number in range(2, limit + 1) if all(number % other for other in range(2, number))]
    return (1, *primes)
