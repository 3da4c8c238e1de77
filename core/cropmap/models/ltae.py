"""The lightweight temporal attention encoder, for single pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from cropmap.contract.params import Span, other_default, param
from cropmap.models import MODELS
from cropmap.models.layers import BatchNorm, check_heads, position_code
from cropmap.models.neural import NeuralClassifier, NeuralParams, SeriesNetwork

if TYPE_CHECKING:
    from cropmap.models.base import SeriesShape

# As published: the longest period of the position code in days, and the share of attention left out while training.
_PERIOD, _ATTENTION_DROPOUT = 1000.0, 0.1


@dataclass(frozen=True, kw_only=True)
class LTAEParams(NeuralParams):
    """Parameters of the lightweight temporal attention encoder; the defaults are the published ones."""

    learning_rate: float = other_default(NeuralParams, "learning_rate", 1e-3)
    optimizer: str = other_default(NeuralParams, "optimizer", "adam")
    width: int = param(
        256,
        help="Numbers that describe a time step; a multiple of the heads.",
        low=1,
        high=4096,
        search=(64, 128, 256),
    )
    heads: int = param(
        16,
        title="Attention heads",
        help="Attention heads; each sees its own part of the width.",
        low=1,
        high=64,
        search=(4, 8, 16),
    )
    keys: int = param(
        8,
        title="Key length",
        help="Length of a head's query and keys.",
        low=1,
        high=256,
        advanced=True,
        search=(4, 8, 16),
    )
    summary: int = param(
        128, title="Summary length", help="Numbers that sum up a season.", low=1, high=4096, search=(32, 64, 128)
    )
    dropout: float = param(
        0.2,
        help="Share of the summary left out while training.",
        low=0.0,
        high=0.9,
        advanced=True,
        search=Span(0.0, 0.5),
    )


@MODELS.register(
    "ltae",
    title="Lightweight temporal attention (L-TAE)",
    params=LTAEParams,
    citation="Garnot & Landrieu 2020, arXiv:2007.00586",
    needs=("gradients",),
)
class LTAE(NeuralClassifier):
    """Learnt questions pick the days that matter; quick also on a CPU; for irregular dates and large maps."""

    @classmethod
    def build(cls, params: LTAEParams, shape: SeriesShape) -> SeriesNetwork:
        """Return a network with first weights."""
        return LTAENetwork(params, shape)


class LTAENetwork(SeriesNetwork):
    """Bands to width, normalised, plus the code of the day; one question a head over all days; summed up, to classes.

    The published encoder stands on features of a parcel's pixels, which it normalises first; here bands of one pixel
    come in, already scaled. It normalises over width and time together, which ties it to a number of steps and lets
    steps that were not seen count; here each step is normalised by itself. The keys have no bias: it would add one
    number to all scores of a head, which a softmax does not see. Steps that were not seen get no attention.

    Raises:
        ParameterError: The width does not divide among the heads.
    """

    positions: Tensor

    def __init__(self, params: LTAEParams, shape: SeriesShape) -> None:
        super().__init__(params.summary, shape)
        check_heads(params.width, params.heads)
        self.heads = params.heads
        self.embed = nn.Linear(shape.bands, params.width)
        self.norm = nn.LayerNorm(params.width)
        self.queries = nn.Parameter(torch.empty(params.heads, params.keys))
        self.keys = nn.Linear(params.width, params.heads * params.keys, bias=False)
        self.drop_attention = nn.Dropout(_ATTENTION_DROPOUT)
        self.sum_up = nn.Linear(params.width, params.summary)
        self.norm_batch = BatchNorm(params.summary)
        self.drop_summary = nn.Dropout(params.dropout)
        self.norm_summary = nn.LayerNorm(params.summary)
        for weights in (self.queries, self.keys.weight):
            nn.init.normal_(weights, std=(2 / params.keys) ** 0.5)
        # Every head gets the whole code, from short periods to long ones.
        code = torch.from_numpy(position_code(shape.step_days, params.width // params.heads, base=_PERIOD))
        self.register_buffer("positions", code.repeat(1, params.heads), persistent=False)

    def blocks(self) -> tuple[tuple[str, ...], ...]:
        """Return the parts: what describes a step, what picks steps, what sums them up."""
        summing = ("sum_up", "norm_batch", "drop_summary", "norm_summary")
        return ("embed", "norm"), ("queries", "keys", "drop_attention"), summing

    def encode(self, values: Tensor) -> Tensor:
        """Return features, (n, summary), of scaled values, (n, step, band)."""
        seen = self.seen(values)
        steps: Tensor = self.norm(self.embed(values)) + self.positions
        count, length, _ = steps.shape
        keys = self.keys(steps).view(count, length, self.heads, -1)
        scores = torch.einsum("nthk,hk->nht", keys, self.queries) / self.queries.shape[1] ** 0.5
        if seen is not None:
            scores = scores.masked_fill(~seen[:, None, :], -torch.inf)
        attention = self.drop_attention(torch.softmax(scores, dim=2))
        parts = steps.view(count, length, self.heads, -1)
        found = torch.einsum("nht,nthc->nhc", attention, parts).flatten(start_dim=1)
        summary = functional.relu(self.norm_batch(self.sum_up(found)))
        encoded: Tensor = self.norm_summary(self.drop_summary(summary))
        return encoded
