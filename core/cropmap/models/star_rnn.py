"""The STAR recurrent network of the BreizhCrops benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from cropmap.contract.params import Span, other_default, param
from cropmap.models import MODELS
from cropmap.models.layers import BandNormParams, BatchNorm, band_norm
from cropmap.models.neural import NeuralClassifier, NeuralParams, SeriesNetwork

if TYPE_CHECKING:
    from cropmap.models.base import SeriesShape


@dataclass(frozen=True, kw_only=True)
class StarRNNParams(BandNormParams):
    """Parameters of the STAR network; the defaults of training are those that the benchmark's search found."""

    batch_size: int = other_default(NeuralParams, "batch_size", 256)
    learning_rate: float = other_default(NeuralParams, "learning_rate", 8.960989762612663e-3)
    optimizer: str = other_default(NeuralParams, "optimizer", "adam")
    weight_decay: float = other_default(NeuralParams, "weight_decay", 2.2171861339535254e-6)
    hidden: int = param(
        128,
        title="Memory of a layer",
        help="Numbers that each layer remembers.",
        low=1,
        high=4096,
        search=(32, 64, 128),
    )
    layers: int = param(3, help="Layers of cells.", low=1, high=16, search=(1, 2, 3, 4))
    dropout: float = param(
        0.5,
        help="Share of each layer's outputs left out while training.",
        low=0.0,
        high=0.9,
        advanced=True,
        search=Span(0.0, 0.8),
    )
    legacy_tied_layers: bool = param(
        False,
        title="Tied layers of the benchmark",
        help="All layers but the first are one and the same, as in the benchmark's code; for comparisons.",
        advanced=True,
    )


@MODELS.register(
    "star_rnn",
    title="StarRNN",
    params=StarRNNParams,
    citation="Turkoglu et al. 2021, arXiv:1911.11033; settings of Russwurm et al. 2020, arXiv:1905.11893",
    needs=("gradients",),
)
class StarRNN(NeuralClassifier):
    """Stacked recurrent layers with one gate each; few weights, slow to train; for many samples."""

    @classmethod
    def build(cls, params: StarRNNParams, shape: SeriesShape) -> SeriesNetwork:
        """Return a network with first weights."""
        return StarRNNNetwork(params, shape)


class StarRNNNetwork(SeriesNetwork):
    """Bands normalised per step, STAR layers, the last step's output normalised, to classes.

    Steps that were not seen are skipped: the state is carried over them, no statistic counts them, and the last step
    is the last one seen.
    """

    def __init__(self, params: StarRNNParams, shape: SeriesShape) -> None:
        super().__init__(params.hidden, shape)
        self.norm = band_norm(shape, wanted=params.band_norm)
        own = min(params.layers, 2) if params.legacy_tied_layers else params.layers
        self.cells = nn.ModuleList(
            StarLayer(params.hidden if number else shape.bands, params.hidden, params.dropout) for number in range(own)
        )
        # Which of them stands at each place.
        self.places = [min(place, own - 1) for place in range(params.layers)]
        self.norm_last = nn.LayerNorm(params.hidden)

    def encode(self, values: Tensor) -> Tensor:
        """Return features, (n, hidden), of scaled values, (n, step, band)."""
        seen = self.seen(values)
        steps: Tensor = self.norm(values)
        for place in self.places:
            steps = self.cells[place](steps, seen)
        if seen is None:
            last = steps[:, -1]
        else:
            number = torch.arange(1, steps.shape[1] + 1, device=steps.device)
            last = steps[torch.arange(len(steps), device=steps.device), (seen * number).argmax(dim=1)]
        encoded: Tensor = self.norm_last(last)
        return encoded


class StarLayer(nn.Module):
    """One layer: gate k = sigmoid(A x + B h), candidate z = tanh(C x), state h = tanh(k h + (1 - k) z); then norm.

    Args:
        bands: Numbers of a step that come in.
        hidden: Numbers that the state holds, and that go out.
        dropout: Share of the outputs left out while training.
    """

    def __init__(self, bands: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.gate = nn.Linear(bands, hidden)
        self.gate_state = nn.Linear(hidden, hidden)
        self.candidate = nn.Linear(bands, hidden)
        self.norm = BatchNorm(hidden)
        for layer in (self.gate, self.gate_state, self.candidate):
            nn.init.orthogonal_(layer.weight)
        nn.init.ones_(self.gate.bias)
        nn.init.zeros_(self.candidate.bias)

    def forward(self, steps: Tensor, seen: Tensor | None) -> Tensor:
        """Return the outputs, (n, step, hidden), of steps, (n, step, band); 0 where not seen, (n, step)."""
        # What does not wait for the state is computed for all steps at once.
        gates, candidates = self.gate(steps).unbind(dim=1), torch.tanh(self.candidate(steps)).unbind(dim=1)
        state = torch.zeros_like(candidates[0])
        states = []
        for number, (gate, candidate) in enumerate(zip(gates, candidates, strict=True)):
            kept = torch.sigmoid(gate + self.gate_state(state))
            new = torch.tanh(kept * state + (1 - kept) * candidate)
            state = new if seen is None else torch.where(seen[:, number, None], new, state)
            states.append(state)
        outputs = functional.dropout(torch.stack(states, dim=1), self.dropout, self.training)
        if seen is None:
            normed: Tensor = self.norm(outputs.flatten(end_dim=1)).view_as(outputs)
            return normed
        return torch.zeros_like(outputs).masked_scatter(seen[:, :, None], self.norm(outputs[seen]))
