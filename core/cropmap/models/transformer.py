"""The Transformer encoder of the source study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from cropmap.contract.errors import ParameterError, Problem
from cropmap.contract.params import Span, param
from cropmap.models import MODELS
from cropmap.models.layers import EncoderLayer, mean_over_steps, position_code, step_positions
from cropmap.models.neural import NeuralClassifier, NeuralParams, SeriesNetwork

if TYPE_CHECKING:
    from cropmap.models.base import SeriesShape


@dataclass(frozen=True, kw_only=True)
class TransformerParams(NeuralParams):
    """Parameters of the Transformer."""

    width: int = param(
        512,
        help="Numbers that describe a time step; a multiple of twice the heads.",
        low=2,
        high=4096,
        search=(64, 128, 256, 512),
    )
    layers: int = param(2, help="Encoder layers.", low=1, high=24, search=(1, 2, 3, 4))
    heads: int = param(8, title="Attention heads", help="Attention heads of a layer.", low=1, high=64, search=(2, 4, 8))
    feed_forward: int = param(
        256, title="Inner width", help="Width of the layers' inner network.", low=1, high=16_384, advanced=True
    )
    dropout: float = param(
        0.2, help="Share of values left out while training.", low=0.0, high=0.9, advanced=True, search=Span(0.0, 0.5)
    )
    legacy_positions: bool = param(
        False,
        title="Positions of the study's code",
        help="Use the source study's position code, whose sign error makes neighbouring steps unlike; for comparisons.",
        advanced=True,
    )


@MODELS.register(
    "transformer",
    title="Transformer",
    params=TransformerParams,
    citation="Vaswani et al. 2017, arXiv:1706.03762; settings of Long et al. 2026, doi:10.1016/j.compag.2026.111646",
    needs=("gradients",),
)
class Transformer(NeuralClassifier):
    """Attention over the season's steps; the most accurate with many samples, and slow without a GPU."""

    @classmethod
    def build(cls, params: TransformerParams, shape: SeriesShape) -> SeriesNetwork:
        """Return a network with first weights."""
        return TransformerNetwork(params, shape)


class TransformerNetwork(SeriesNetwork):
    """Bands to width, plus the position code, through encoder layers, normalised, averaged over the steps, to classes.

    Steps that were not seen are attended to by none and left out of the average.

    Raises:
        ParameterError: The width does not divide among the heads, or is odd.
    """

    positions: Tensor

    def __init__(self, params: TransformerParams, shape: SeriesShape) -> None:
        super().__init__(params.width, shape)
        if params.width % 2:
            raise ParameterError([Problem("width", f"{params.width} is odd.", "Give an even number.")])
        self.embed = nn.Linear(shape.bands, params.width)
        self.layers = nn.ModuleList(
            EncoderLayer(params.width, params.heads, params.feed_forward, params.dropout) for _ in range(params.layers)
        )
        self.norm = nn.LayerNorm(params.width)
        # The source study counts steps, however far apart.
        positions = np.arange(shape.steps, dtype=np.float64) if params.legacy_positions else step_positions(shape)
        code = torch.from_numpy(position_code(positions, params.width, legacy=params.legacy_positions))
        # Not a weight: it follows from the parameters and is not stored.
        self.register_buffer("positions", code, persistent=False)

    def encode(self, values: Tensor) -> Tensor:
        """Return features, (n, width), of scaled values, (n, step, band)."""
        seen = self.seen(values)
        steps: Tensor = self.embed(values) + self.positions
        for layer in self.layers:
            steps = layer(steps, seen)
        return mean_over_steps(self.norm(steps), seen)
