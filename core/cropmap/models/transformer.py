"""The Transformer encoder of the source study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cropmap.contract.errors import ParameterError, Problem
from cropmap.contract.params import param
from cropmap.models import MODELS
from cropmap.models.neural import NeuralClassifier, NeuralParams, SeriesNetwork

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.models.base import SeriesShape


@dataclass(frozen=True, kw_only=True)
class TransformerParams(NeuralParams):
    """Parameters of the Transformer."""

    width: int = param(512, help="Numbers that describe a time step; a multiple of twice the heads.", low=2, high=4096)
    layers: int = param(2, help="Encoder layers.", low=1, high=24)
    heads: int = param(8, help="Attention heads of a layer.", low=1, high=64)
    feed_forward: int = param(256, help="Width of the layers' inner network.", low=1, high=16_384, advanced=True)
    dropout: float = param(0.2, help="Share of values left out while training.", low=0.0, high=0.9, advanced=True)
    legacy_positions: bool = param(
        False,
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
    def build(cls, params: NeuralParams, shape: SeriesShape) -> SeriesNetwork:
        """Return a network with first weights."""
        if not isinstance(params, TransformerParams):
            message = f"a Transformer needs TransformerParams, not {type(params).__name__}"
            raise TypeError(message)
        return TransformerNetwork(params, shape)


class TransformerNetwork(SeriesNetwork):
    """Bands to width, plus the position code, through encoder layers, normalised, averaged over the steps, to classes.

    Raises:
        ParameterError: The width does not divide among the heads, or is odd.
    """

    positions: Tensor

    def __init__(self, params: TransformerParams, shape: SeriesShape) -> None:
        super().__init__(params.width, shape)
        if params.width % params.heads or params.width % 2:
            raise ParameterError(
                [Problem("width", f"{params.width} is odd or no multiple of {params.heads} heads.", "Change either.")]
            )
        self.embed = nn.Linear(shape.bands, params.width)
        self.layers = nn.ModuleList(EncoderLayer(params) for _ in range(params.layers))
        self.norm = nn.LayerNorm(params.width)
        code = torch.from_numpy(position_code(shape.steps, params.width, legacy=params.legacy_positions))
        # Not a weight: it follows from the parameters and is not stored.
        self.register_buffer("positions", code, persistent=False)

    def encode(self, values: Tensor) -> Tensor:
        """Return features, (n, width), of scaled values, (n, step, band)."""
        steps: Tensor = self.embed(values) + self.positions
        for layer in self.layers:
            steps = layer(steps)
        encoded: Tensor = self.norm(steps).mean(dim=1)
        return encoded


class EncoderLayer(nn.Module):
    """Self-attention, then a network of two layers; each added to its input and then normalised (post-norm)."""

    def __init__(self, params: TransformerParams) -> None:
        super().__init__()
        self.heads, self.dropout = params.heads, params.dropout
        self.attend = nn.Linear(params.width, 3 * params.width)
        self.merge = nn.Linear(params.width, params.width)
        self.norm_attention = nn.LayerNorm(params.width)
        self.expand = nn.Linear(params.width, params.feed_forward)
        self.contract = nn.Linear(params.feed_forward, params.width)
        self.norm_network = nn.LayerNorm(params.width)
        # As PyTorch's own attention begins.
        nn.init.xavier_uniform_(self.attend.weight)
        nn.init.zeros_(self.attend.bias)
        nn.init.zeros_(self.merge.bias)

    def forward(self, steps: Tensor) -> Tensor:
        """Return the steps, (n, step, width), each informed of the others."""
        steps = self.norm_attention(steps + self._drop(self._attention(steps)))
        inner = self._drop(functional.relu(self.expand(steps)))
        normed: Tensor = self.norm_network(steps + self._drop(self.contract(inner)))
        return normed

    def _attention(self, steps: Tensor) -> Tensor:
        count, length, width = steps.shape
        split = self.attend(steps).view(count, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(
            split[0], split[1], split[2], dropout_p=self.dropout if self.training else 0.0
        )
        merged: Tensor = self.merge(mixed.transpose(1, 2).reshape(count, length, width))
        return merged

    def _drop(self, values: Tensor) -> Tensor:
        return functional.dropout(values, self.dropout, self.training)


def position_code(steps: int, width: int, *, legacy: bool = False) -> NDArray[np.float32]:
    """Return the fixed code of each step, (step, width): sines in even columns, cosines in odd ones.

    Column pair i of position p has the angle p * 10000^(-2i / width) (Vaswani et al. 2017, section 3.5). The legacy
    code has the minus sign before the power instead of in the exponent, -p * 10000^(2i / width): frequencies up to
    nearly 10,000 radians a step, so that neighbouring steps are no more alike than distant ones.
    """
    position = np.arange(steps, dtype=np.float64)[:, None]
    exponent = np.arange(0, width, 2, dtype=np.float64) / width
    angle = -position * 10_000.0**exponent if legacy else position * 10_000.0**-exponent
    code = np.empty((steps, width), np.float32)
    code[:, 0::2], code[:, 1::2] = np.sin(angle), np.cos(angle)
    return code
