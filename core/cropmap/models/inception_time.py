"""InceptionTime: convolutions of three lengths side by side, in residual blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from cropmap.contract.errors import ParameterError, Problem
from cropmap.contract.params import other_default, param
from cropmap.models import MODELS
from cropmap.models.layers import BatchNorm, Convolution, channels_of, check_odd, mean_over_steps, steps_of
from cropmap.models.neural import NeuralClassifier, NeuralParams, SeriesNetwork

if TYPE_CHECKING:
    from cropmap.models.base import SeriesShape

# Paths of a module: three convolutions and the pooling; modules between two shortcuts.
_PATHS = 4
_BLOCK = 3


@dataclass(frozen=True, kw_only=True)
class InceptionTimeParams(NeuralParams):
    """Parameters of InceptionTime; training settings of Russwurm et al. 2020, numbers to three digits."""

    batch_size: int = other_default(NeuralParams, "batch_size", 256)
    learning_rate: float = other_default(NeuralParams, "learning_rate", 5.93e-4)
    weight_decay: float = other_default(NeuralParams, "weight_decay", 1.87e-5)
    optimizer: str = other_default(NeuralParams, "optimizer", "adam")
    width: int = param(
        128,
        help="Patterns that a module looks for, a quarter by each of its paths; a multiple of 4.",
        low=4,
        high=4096,
        search=(32, 64, 128),
    )
    layers: int = param(
        6, title="Modules", help="Modules, one after the other; every third adds a shortcut.", low=1, high=24
    )
    kernel: int = param(
        41,
        title="Longest kernel",
        help="Steps that the longest convolution sees, an odd number; the others see about a half and a quarter.",
        unit="steps",
        low=1,
        high=401,
        search=(11, 21, 41),
    )


@MODELS.register(
    "inception_time",
    title="InceptionTime",
    params=InceptionTimeParams,
    citation="Ismail Fawaz et al. 2020, Data Mining and Knowledge Discovery 34:1936-1962, "
    "doi:10.1007/s10618-020-00710-y; settings of Russwurm et al. 2020, "
    "doi:10.5194/isprs-archives-XLIII-B2-2020-1545-2020",
    needs=("gradients",),
)
class InceptionTime(NeuralClassifier):
    """Long and short convolutions side by side; among the slower networks, for long series with many samples."""

    @classmethod
    def build(cls, params: InceptionTimeParams, shape: SeriesShape) -> SeriesNetwork:
        """Return a network with first weights."""
        return InceptionTimeNetwork(params, shape)


class InceptionTimeNetwork(SeriesNetwork):
    """Modules with a shortcut around every three, averaged over the steps that were seen, to classes.

    The band that tells which steps were seen is one more input.

    Raises:
        ParameterError: The kernel is even, or the width no multiple of 4.
    """

    def __init__(self, params: InceptionTimeParams, shape: SeriesShape) -> None:
        super().__init__(params.width, shape)
        check_odd(params.kernel)
        if params.width % _PATHS:
            raise ParameterError(
                [Problem("width", f"{params.width} is no multiple of {_PATHS}.", "Choose 32, 64 or 128, for example.")]
            )
        inputs = [shape.bands] + [params.width] * (params.layers - 1)
        self.inception = nn.ModuleList(_Module(channels, params) for channels in inputs)
        # Only complete blocks of three have a shortcut.
        self.shortcuts = nn.ModuleList(
            nn.Sequential(Convolution(inputs[first], params.width, 1, bias=False), BatchNorm(params.width))
            for first in range(0, params.layers - _BLOCK + 1, _BLOCK)
        )

    def blocks(self) -> tuple[tuple[str, ...], ...]:
        """Return the modules, each with the shortcut that reads what it reads."""
        beside = {_BLOCK * number: (f"shortcuts.{number}",) for number in range(len(self.shortcuts))}
        return tuple((f"inception.{number}", *beside.get(number, ())) for number in range(len(self.inception)))

    def encode(self, values: Tensor) -> Tensor:
        """Return features, (n, width), of scaled values, (n, step, band)."""
        channels = block = channels_of(values)
        for number, module in enumerate(self.inception):
            channels = module(channels)
            if number % _BLOCK == _BLOCK - 1:
                channels = block = functional.relu(channels + self.shortcuts[number // _BLOCK](block))
        return mean_over_steps(steps_of(channels), self.seen(values))


class _Module(nn.Module):
    """Three convolutions of the narrowed input and one of its local maxima, side by side, normalised, ReLU."""

    def __init__(self, channels: int, params: InceptionTimeParams) -> None:
        super().__init__()
        path = params.width // _PATHS
        self.narrow = Convolution(channels, path, 1, bias=False)
        self.paths = nn.ModuleList(
            Convolution(path, path, kernel, padding=kernel // 2, bias=False)
            for kernel in (params.kernel, params.kernel // 2 | 1, params.kernel // 4 | 1)
        )
        self.pooled = nn.Sequential(
            nn.MaxPool2d((1, 3), stride=1, padding=(0, 1)), Convolution(channels, path, 1, bias=False)
        )
        self.norm = BatchNorm(params.width)

    def forward(self, channels: Tensor) -> Tensor:
        """Return (n, width, 1, step) of (n, channel, 1, step)."""
        narrow = self.narrow(channels)
        found = torch.cat([*(path(narrow) for path in self.paths), self.pooled(channels)], dim=1)
        return functional.relu(self.norm(found))
