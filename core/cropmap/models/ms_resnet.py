"""The multi-scale residual network of the BreizhCrops study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from cropmap.contract.params import other_default, param
from cropmap.models import MODELS
from cropmap.models.layers import BatchNorm, Convolution, channels_of
from cropmap.models.neural import NeuralClassifier, NeuralParams, SeriesNetwork

if TYPE_CHECKING:
    from cropmap.models.base import SeriesShape

# Steps that every series is stretched to, by repeating the nearest; the kernels of the branches; blocks of a branch.
_LENGTH = 512
_KERNELS = (3, 5, 7)
_BLOCKS = 3


@dataclass(frozen=True, kw_only=True)
class MsResNetParams(NeuralParams):
    """Parameters of MS-ResNet; training settings of Russwurm et al. 2020, numbers to three digits."""

    batch_size: int = other_default(NeuralParams, "batch_size", 256)
    learning_rate: float = other_default(NeuralParams, "learning_rate", 6.27e-4)
    weight_decay: float = other_default(NeuralParams, "weight_decay", 4.75e-6)
    optimizer: str = other_default(NeuralParams, "optimizer", "adam")
    width: int = param(
        32,
        help="Patterns that the first layers look for; the next blocks look for 2 and 4 times as many.",
        low=1,
        high=1024,
        search=(16, 32, 64),
    )


@MODELS.register(
    "ms_resnet",
    title="MS-ResNet",
    params=MsResNetParams,
    citation="He et al. 2016, doi:10.1109/CVPR.2016.90, in three scales as Russwurm et al. 2020, "
    "doi:10.5194/isprs-archives-XLIII-B2-2020-1545-2020",
    needs=("gradients",),
)
class MsResNet(NeuralClassifier):
    """Residual convolutions at three scales, averaged over time; slower than TempCNN; for comparisons."""

    @classmethod
    def build(cls, params: MsResNetParams, shape: SeriesShape) -> SeriesNetwork:
        """Return a network with first weights."""
        return MsResNetNetwork(params, shape)


class MsResNetNetwork(SeriesNetwork):
    """A stem on the series stretched to 512 steps, three branches of residual blocks, each averaged over time.

    The band that tells which steps were seen is one more input. The means are over all of the time: the strides have
    merged steps by then.
    """

    def __init__(self, params: MsResNetParams, shape: SeriesShape) -> None:
        widths = [params.width * 2**block for block in range(_BLOCKS)]
        super().__init__(len(_KERNELS) * widths[-1], shape)
        self.stem = nn.Sequential(
            Convolution(shape.bands, params.width, 7, stride=2, padding=3, bias=False),
            BatchNorm(params.width),
            nn.ReLU(),
            nn.MaxPool2d((1, 3), stride=(1, 2), padding=(0, 1)),
        )
        self.branches = nn.ModuleList(
            nn.Sequential(*[_Block(*ends, kernel) for ends in zip([params.width, *widths], widths, strict=False)])
            for kernel in _KERNELS
        )

    def blocks(self) -> tuple[tuple[str, ...], ...]:
        """Return the stem, then the branches' blocks, those of one depth together."""
        stem = tuple(f"stem.{number}" for number in range(len(self.stem)))
        depths = (tuple(f"branches.{branch}.{depth}" for branch in range(len(_KERNELS))) for depth in range(_BLOCKS))
        return stem, *depths

    def encode(self, values: Tensor) -> Tensor:
        """Return features, (n, 12 x width), of scaled values, (n, step, band)."""
        started = self.stem(functional.interpolate(channels_of(values), (1, _LENGTH), mode="nearest"))
        return torch.cat([branch(started).mean(dim=(2, 3)) for branch in self.branches], dim=1)


class _Block(nn.Module):
    """Two convolutions beside a shortcut; half as long as its input, and shorter at both ends for kernels above 3.

    The shortcut is cut at its end to the length of the convolutions.
    """

    def __init__(self, channels: int, width: int, kernel: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            Convolution(channels, width, kernel, stride=2, padding=1, bias=False),
            BatchNorm(width),
            nn.ReLU(),
            Convolution(width, width, kernel, padding=1, bias=False),
            BatchNorm(width),
        )
        self.shortcut = nn.Sequential(Convolution(channels, width, 1, stride=2, bias=False), BatchNorm(width))

    def forward(self, channels: Tensor) -> Tensor:
        """Return (n, width, 1, shorter) of (n, channel, 1, length)."""
        main = self.main(channels)
        return functional.relu(main + self.shortcut(channels)[..., : main.shape[3]])
