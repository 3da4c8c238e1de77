"""The source study's nine recurrent networks: three kinds of cell, read in three ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from cropmap.contract.params import Span, other_default, param
from cropmap.models import MODELS
from cropmap.models.layers import BandNormParams, band_norm, read_seen
from cropmap.models.neural import NeuralClassifier, NeuralParams, SeriesNetwork

if TYPE_CHECKING:
    from cropmap.models.base import SeriesShape

_CELLS: dict[str, type[nn.RNN | nn.LSTM | nn.GRU]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
_FORMS = ("plain", "bidirectional", "attentive")
# First value of the forget gate's input bias of the LSTM: it begins by remembering.
_FORGET_BIAS = 3.0


@dataclass(frozen=True, kw_only=True)
class RecurrentParams(BandNormParams):
    """Parameters of the recurrent networks."""

    optimizer: str = other_default(NeuralParams, "optimizer", "adam")
    weight_decay: float = other_default(NeuralParams, "weight_decay", 1e-3)
    cell: str = param(
        "rnn",
        choices=tuple(_CELLS),
        title="Kind of cell",
        help="rnn: the plainest and quickest. lstm, gru: gates decide what is remembered and what forgotten.",
        search=tuple(_CELLS),
    )
    form: str = param(
        "bidirectional",
        choices=_FORMS,
        title="Reading",
        help="plain: one layer, read forwards. bidirectional: two layers, read both ways. attentive: the same, then a "
        "weighted mean over the steps in place of all steps side by side.",
        search=_FORMS,
    )
    hidden: int = param(
        256, title="Memory", help="Numbers that each direction remembers.", low=1, high=4096, search=(32, 64, 128, 256)
    )
    dropout: float = param(
        0.2,
        help="Share of values left out between the two layers while training.",
        low=0.0,
        high=0.9,
        advanced=True,
        search=Span(0.0, 0.5),
    )


@MODELS.register(
    "recurrent",
    title="Recurrent network",
    params=RecurrentParams,
    citation="Elman 1990, doi:10.1207/s15516709cog1402_1; Hochreiter & Schmidhuber 1997, "
    "doi:10.1162/neco.1997.9.8.1735; Cho et al. 2014, arXiv:1406.1078; settings of "
    "Long et al. 2026, doi:10.1016/j.compag.2026.111646",
    needs=("gradients",),
)
class Recurrent(NeuralClassifier):
    """Reads the season step by step (RNN, LSTM, GRU); quick as a plain RNN; where the order of events counts."""

    @classmethod
    def build(cls, params: RecurrentParams, shape: SeriesShape) -> SeriesNetwork:
        """Return a network with first weights."""
        return RecurrentNetwork(params, shape)


class RecurrentNetwork(SeriesNetwork):
    """Bands normalised per step, cells, then all outputs side by side or their weighted mean, to classes.

    Steps that were not seen are skipped, as if they did not exist: the state goes on from the last one seen. Their
    outputs are 0 where outputs stand side by side, and have no weight in the mean.
    """

    def __init__(self, params: RecurrentParams, shape: SeriesShape) -> None:
        both, attentive = params.form != "plain", params.form == "attentive"
        width = params.hidden * (1 + both)
        super().__init__(width if attentive else shape.steps * width, shape)
        self.norm = band_norm(shape, wanted=params.band_norm)
        self.cells = _CELLS[params.cell](
            input_size=shape.bands,
            hidden_size=params.hidden,
            num_layers=1 + both,
            batch_first=True,
            dropout=params.dropout if both else 0.0,
            bidirectional=both,
        )
        self.score = nn.Linear(width, 1) if attentive else None
        if params.cell == "lstm":
            for name, weights in self.cells.named_parameters():
                if name.startswith("bias_ih"):
                    # The gates stand in the order input, forget, memory, output.
                    nn.init.constant_(weights[params.hidden : 2 * params.hidden], _FORGET_BIAS)

    def blocks(self) -> tuple[tuple[str, ...], ...]:
        """Return all parts as one block: the cells read the series and make the features."""
        return (tuple(name for name, _ in self.named_children() if name != "head"),)

    def encode(self, values: Tensor) -> Tensor:
        """Return features, (n, step x width) or, attentive, (n, width), of scaled values, (n, step, band)."""
        seen = self.seen(values)
        outputs, _ = read_seen(self.cells, self.norm(values), seen)
        if self.score is None:
            return functional.relu(outputs).flatten(start_dim=1)
        scores = functional.relu(self.score(outputs))
        if seen is not None:
            scores = scores.masked_fill(~seen[:, :, None], -torch.inf)
        return (torch.softmax(scores, dim=1) * outputs).sum(dim=1)
