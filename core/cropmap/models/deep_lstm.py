"""The LSTM of the BreizhCrops benchmark: four bidirectional layers, judged by what they remember at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor, nn

from cropmap.contract.params import Span, other_default, param
from cropmap.models import MODELS
from cropmap.models.layers import BandNormParams, band_norm, read_seen
from cropmap.models.neural import NeuralClassifier, NeuralParams, SeriesNetwork

if TYPE_CHECKING:
    from cropmap.models.base import SeriesShape


@dataclass(frozen=True, kw_only=True)
class DeepLSTMParams(BandNormParams):
    """Parameters of the deep LSTM; the defaults of training are those that the benchmark's search found."""

    batch_size: int = other_default(NeuralParams, "batch_size", 256)
    learning_rate: float = other_default(NeuralParams, "learning_rate", 9.880117756170353e-3)
    optimizer: str = other_default(NeuralParams, "optimizer", "adam")
    weight_decay: float = other_default(NeuralParams, "weight_decay", 5.256755602421856e-7)
    hidden: int = param(
        128,
        title="Memory of a layer",
        help="Numbers that each layer remembers in each direction.",
        low=1,
        high=4096,
        search=(32, 64, 128),
    )
    layers: int = param(4, help="Layers of cells.", low=1, high=16, search=(1, 2, 3, 4))
    dropout: float = param(
        0.5713020228087161,
        help="Share of values left out between layers while training.",
        low=0.0,
        high=0.9,
        advanced=True,
        search=Span(0.0, 0.8),
    )


@MODELS.register(
    "deep_lstm",
    title="Deep LSTM (BreizhCrops)",
    params=DeepLSTMParams,
    citation="Russwurm et al. 2020, arXiv:1905.11893; Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735",
    needs=("gradients",),
)
class DeepLSTM(NeuralClassifier):
    """Four LSTM layers that read the season both ways; slow without a GPU; for many samples."""

    @classmethod
    def build(cls, params: DeepLSTMParams, shape: SeriesShape) -> SeriesNetwork:
        """Return a network with first weights."""
        return DeepLSTMNetwork(params, shape)


class DeepLSTMNetwork(SeriesNetwork):
    """Bands normalised per step, bidirectional LSTM layers without biases, their last memories normalised, to classes.

    Steps that were not seen are skipped, as if they did not exist.
    """

    def __init__(self, params: DeepLSTMParams, shape: SeriesShape) -> None:
        features = 2 * params.layers * params.hidden
        super().__init__(features, shape)
        self.norm = band_norm(shape, wanted=params.band_norm)
        self.cells = nn.LSTM(
            input_size=shape.bands,
            hidden_size=params.hidden,
            num_layers=params.layers,
            bias=False,
            batch_first=True,
            dropout=params.dropout if params.layers > 1 else 0.0,
            bidirectional=True,
        )
        self.norm_memories = nn.LayerNorm(features)

    def encode(self, values: Tensor) -> Tensor:
        """Return features, (n, layer x direction x hidden), of scaled values, (n, step, band)."""
        _, memories = read_seen(self.cells, self.norm(values), self.seen(values))
        encoded: Tensor = self.norm_memories(memories.transpose(0, 1).flatten(start_dim=1))
        return encoded
