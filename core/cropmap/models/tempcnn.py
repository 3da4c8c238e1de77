"""The temporal convolutional network of Pelletier et al., in the size that the BreizhCrops study found best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor, nn

from cropmap.contract.params import Span, other_default, param
from cropmap.models import MODELS
from cropmap.models.layers import BatchNorm, Convolution, channels_of, check_odd
from cropmap.models.neural import NeuralClassifier, NeuralParams, SeriesNetwork

if TYPE_CHECKING:
    from cropmap.models.base import SeriesShape

_CONVOLUTIONS = 3


@dataclass(frozen=True, kw_only=True)
class TempCnnParams(NeuralParams):
    """Parameters of TempCNN; training settings of Russwurm et al. 2020, numbers to three digits."""

    batch_size: int = other_default(NeuralParams, "batch_size", 256)
    learning_rate: float = other_default(NeuralParams, "learning_rate", 2.39e-4)
    weight_decay: float = other_default(NeuralParams, "weight_decay", 5.18e-5)
    optimizer: str = other_default(NeuralParams, "optimizer", "adam")
    width: int = param(128, help="Patterns that each convolution looks for.", low=1, high=4096, search=(32, 64, 128))
    kernel: int = param(
        7,
        title="Kernel length",
        help="Steps that a convolution sees at a time; an odd number.",
        unit="steps",
        low=1,
        high=99,
        search=(3, 5, 7),
    )
    dense: int = param(
        512,
        title="Width of the last layer",
        help="Width of the layer before the classes.",
        low=1,
        high=16_384,
        advanced=True,
    )
    dropout: float = param(
        0.182, help="Share of values left out while training.", low=0.0, high=0.9, advanced=True, search=Span(0.0, 0.8)
    )


@MODELS.register(
    "tempcnn",
    title="TempCNN",
    params=TempCnnParams,
    citation="Pelletier et al. 2019, Remote Sensing 11:523, doi:10.3390/rs11050523; settings of Russwurm et al. 2020, "
    "doi:10.5194/isprs-archives-XLIII-B2-2020-1545-2020",
    needs=("gradients",),
)
class TempCnn(NeuralClassifier):
    """Three convolutions along the season; quick to train and to map with, and good from a few hundred samples."""

    @classmethod
    def build(cls, params: TempCnnParams, shape: SeriesShape) -> SeriesNetwork:
        """Return a network with first weights."""
        return TempCnnNetwork(params, shape)


class TempCnnNetwork(SeriesNetwork):
    """Three times convolution, batch norm, ReLU, dropout; all steps side by side into a dense layer; to classes.

    The band that tells which steps were seen is one more input; every step keeps its place up to the dense layer.

    Raises:
        ParameterError: The kernel is even.
    """

    def __init__(self, params: TempCnnParams, shape: SeriesShape) -> None:
        super().__init__(params.dense, shape)
        check_odd(params.kernel)
        self.convolutions = nn.Sequential()
        for channels in (shape.bands, *[params.width] * (_CONVOLUTIONS - 1)):
            self.convolutions.extend(
                [
                    Convolution(channels, params.width, params.kernel, padding=params.kernel // 2),
                    BatchNorm(params.width),
                    nn.ReLU(),
                    nn.Dropout(params.dropout),
                ]
            )
        self.dense = nn.Sequential(
            nn.Linear(params.width * shape.steps, params.dense),
            BatchNorm(params.dense),
            nn.ReLU(),
            nn.Dropout(params.dropout),
        )

    def encode(self, values: Tensor) -> Tensor:
        """Return features, (n, dense), of scaled values, (n, step, band)."""
        encoded: Tensor = self.dense(self.convolutions(channels_of(values)).flatten(1))
        return encoded
