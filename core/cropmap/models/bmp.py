"""The second source study's Transformer encoder: attention without an order of the dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from cropmap.contract.params import Span, other_default, param
from cropmap.models import MODELS
from cropmap.models.layers import EncoderLayer, position_code
from cropmap.models.neural import NeuralClassifier, NeuralParams, SeriesNetwork

if TYPE_CHECKING:
    from cropmap.models.base import SeriesShape

# Of the position code, as in the benchmark's network that has one.
_CODE_DROPOUT = 0.1


@dataclass(frozen=True, kw_only=True)
class BMPParams(NeuralParams):
    """Parameters of the second study's encoder, and of its training."""

    optimizer: str = other_default(NeuralParams, "optimizer", "adam")
    weight_decay: float = other_default(NeuralParams, "weight_decay", 3.5156458637523697e-6)
    scaling: str = other_default(NeuralParams, "scaling", "per_band_and_step")
    width: int = param(
        64,
        help="Numbers that describe a time step; a multiple of the heads.",
        low=1,
        high=4096,
        search=(32, 64, 128),
    )
    layers: int = param(5, help="Encoder layers.", low=1, high=24, search=(1, 2, 3, 4, 5, 6))
    heads: int = param(
        2, title="Attention heads", help="Attention heads of a layer.", low=1, high=64, search=(1, 2, 4, 8)
    )
    feed_forward: int = param(
        128, title="Inner width", help="Width of the layers' inner network.", low=1, high=16_384, advanced=True
    )
    dropout: float = param(
        0.017998950510888446,
        help="Share of values left out while training.",
        low=0.0,
        high=0.9,
        advanced=True,
        search=Span(0.0, 0.8),
    )
    positions: str = param(
        "none",
        choices=("none", "day"),
        title="Order of dates",
        help="none: as in the study, the order of the dates counts only through the scaling. day: the day of season is "
        "added to each step, and the first layer is linear.",
        search=("none", "day"),
    )


@MODELS.register(
    "bmp",
    title="Transformer without positions (BMP)",
    params=BMPParams,
    citation="Antonijevic et al. 2023, doi:10.1186/s40537-023-00735-2; Russwurm et al. 2020, arXiv:1905.11893",
    needs=("gradients",),
)
class BMP(NeuralClassifier):
    """A small Transformer that keeps the season's strongest signs in any order; fit for a CPU; for transfer."""

    @classmethod
    def build(cls, params: BMPParams, shape: SeriesShape) -> SeriesNetwork:
        """Return a network with first weights."""
        return BMPNetwork(params, shape)


class BMPNetwork(SeriesNetwork):
    """Bands to width, through encoder layers, normalised, the largest over the steps, to classes.

    Without positions it answers the same whatever the order of the steps. Steps that were not seen are attended to by
    none and left out of the largest.

    Raises:
        ParameterError: The width does not divide among the heads.
    """

    positions: Tensor | None

    def __init__(self, params: BMPParams, shape: SeriesShape) -> None:
        super().__init__(params.width, shape)
        self.embed = nn.Linear(shape.bands, params.width)
        self.drop_code = nn.Dropout(_CODE_DROPOUT)
        self.layers = nn.ModuleList(
            EncoderLayer(params.width, params.heads, params.feed_forward, params.dropout) for _ in range(params.layers)
        )
        self.norm = nn.LayerNorm(params.width)
        days = params.positions == "day"
        code = torch.from_numpy(position_code(shape.step_days, params.width)) if days else None
        # Not a weight: it follows from the days and is not stored.
        self.register_buffer("positions", code, persistent=False)

    def encode(self, values: Tensor) -> Tensor:
        """Return features, (n, width), of scaled values, (n, step, band)."""
        seen = self.seen(values)
        steps: Tensor = self.embed(values)
        steps = functional.relu(steps) if self.positions is None else self.drop_code(steps + self.positions)
        for layer in self.layers:
            steps = layer(steps, seen)
        normed: Tensor = self.norm(steps)
        if seen is not None:
            normed = normed.masked_fill(~seen[:, :, None], -torch.inf)
        return functional.relu(normed.amax(dim=1))
