"""What several networks share: layers that know of steps that were not seen, position codes, checks of sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import rnn

from cropmap.contract.errors import ParameterError, Problem
from cropmap.contract.params import param
from cropmap.models.neural import NeuralParams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.models.base import SeriesShape

# With fewer bands than this, normalising over the bands leaves nothing (one) or a sign (two).
_BANDS_TO_NORMALISE = 3


class EncoderLayer(nn.Module):
    """Self-attention, then a network of two layers; each added to its input and then normalised (post-norm).

    Source: Vaswani et al. 2017, arXiv:1706.03762; first weights as PyTorch's own encoder layer.

    Args:
        width: Numbers that describe a step.
        heads: Attention heads; the width is a multiple of them.
        feed_forward: Width of the inner network.
        dropout: Share left out of attention weights and of what each part adds, while training.

    Raises:
        ParameterError: The width does not divide among the heads.
    """

    def __init__(self, width: int, heads: int, feed_forward: int, dropout: float) -> None:
        super().__init__()
        check_heads(width, heads)
        self.heads, self.dropout = heads, dropout
        self.attend = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.norm_attention = nn.LayerNorm(width)
        self.expand = nn.Linear(width, feed_forward)
        self.contract = nn.Linear(feed_forward, width)
        self.norm_network = nn.LayerNorm(width)
        # As PyTorch's own attention begins.
        nn.init.xavier_uniform_(self.attend.weight)
        nn.init.zeros_(self.attend.bias)
        nn.init.zeros_(self.merge.bias)

    def forward(self, steps: Tensor, seen: Tensor | None = None) -> Tensor:
        """Return the steps, (n, step, width), each informed of the others that were seen, (n, step), or of all."""
        steps = self.norm_attention(steps + self._drop(self._attention(steps, seen)))
        inner = self._drop(functional.relu(self.expand(steps)))
        normed: Tensor = self.norm_network(steps + self._drop(self.contract(inner)))
        return normed

    def _attention(self, steps: Tensor, seen: Tensor | None) -> Tensor:
        count, length, width = steps.shape
        split = self.attend(steps).view(count, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(
            split[0],
            split[1],
            split[2],
            attn_mask=None if seen is None else seen[:, None, None, :],
            dropout_p=self.dropout if self.training else 0.0,
        )
        merged: Tensor = self.merge(mixed.transpose(1, 2).reshape(count, length, width))
        return merged

    def _drop(self, values: Tensor) -> Tensor:
        return functional.dropout(values, self.dropout, self.training)


class Convolution(nn.Conv1d):
    """PyTorch's convolution along the steps, of series whose bands lie side by side in memory, as `channels_of` says.

    `torch.nn.Conv1d` lays each band's steps side by side first, where long kernels cost a CPU twice as much.
    """

    def forward(self, channels: Tensor) -> Tensor:
        """Return (n, channel, 1, step) of the same."""
        weight, stride, padding = self.weight[:, :, None], (1, *self.stride), (0, *map(int, self.padding))
        return functional.conv2d(channels, weight, self.bias, stride, padding, (1, *self.dilation), self.groups)


class BatchNorm(nn.BatchNorm1d):
    """PyTorch's batch normalisation, which a channel of one value does not stop: it takes the running figures."""

    def forward(self, values: Tensor) -> Tensor:
        """Return values, (n, channel) or (n, channel, ...), normalised over the batch in training, else as running."""
        if not self.training or values.numel() > self.num_features:
            return super().forward(values)
        return functional.batch_norm(
            values, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
        )

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002 (PyTorch's name)
        """Take any number of dimensions."""


def channels_of(series: Tensor) -> Tensor:
    """Return series, (n, step, band), as what `Convolution` takes, (n, band, 1, step); nothing is copied."""
    return series.transpose(1, 2).unsqueeze(2)


def steps_of(channels: Tensor) -> Tensor:
    """Return what convolutions gave, (n, channel, 1, step), as (n, step, channel); nothing is copied."""
    return channels.squeeze(2).transpose(1, 2)


def check_heads(width: int, heads: int) -> None:
    """Refuse a width that does not divide among attention heads.

    Raises:
        ParameterError: So it is.
    """
    if width % heads:
        raise ParameterError([Problem("width", f"{width} is no multiple of {heads} heads.", "Change either.")])


def check_odd(kernel: int) -> None:
    """Refuse a kernel that has no middle step: its output would lie between the steps.

    Raises:
        ParameterError: It is even.
    """
    if kernel % 2 == 0:
        raise ParameterError(
            [Problem("kernel", f"{kernel} is even.", f"Choose an odd number: {kernel - 1} or {kernel + 1}.")]
        )


def mean_over_steps(steps: Tensor, seen: Tensor | None) -> Tensor:
    """Return the mean over the steps that were seen, (n, width), of (n, step, width).

    Args:
        steps: What a network made of each step.
        seen: True at the steps that were seen, at least one a series, (n, step); None where all were.
    """
    if seen is None:
        return steps.mean(dim=1)
    weight = seen.unsqueeze(2).to(steps.dtype)
    return (steps * weight).sum(dim=1) / weight.sum(dim=1)


@dataclass(frozen=True, kw_only=True)
class BandNormParams(NeuralParams):
    """Whether a network begins with `band_norm`; part of the recurrent networks' parameters."""

    band_norm: bool = param(
        True,
        title="Normalise the bands of each step",
        help="As the sources do; it forgets how bright a step is. Never with fewer than three bands.",
        advanced=True,
        search=(True, False),
    )


def band_norm(shape: SeriesShape, *, wanted: bool = True) -> nn.Module:
    """Return a layer that brings the bands of each step to mean 0 and deviation 1, then scales each.

    It forgets how bright a step is; with fewer than three bands beside the mask hardly anything would be left, and
    values pass as they are.
    """
    counted = shape.bands - (shape.mask is not None)
    return nn.LayerNorm(shape.bands) if wanted and counted >= _BANDS_TO_NORMALISE else nn.Identity()


def read_seen(cells: nn.RNNBase, steps: Tensor, seen: Tensor | None) -> tuple[Tensor, Tensor]:
    """Read series step by step, as if the steps that were not seen did not exist.

    Args:
        cells: A recurrent layer or several, `batch_first`.
        steps: (n, step, number).
        seen: True at steps that were seen, (n, step), at least one a series; None where all were.

    Returns:
        The outputs, (n, step, width), 0 at steps not seen, and the last states, (layer x direction, n, hidden): of a
        long short-term memory its memory, else what it gives out.
    """
    if seen is None:
        outputs, last = cells(steps)
        return outputs, last[-1] if isinstance(last, tuple) else last
    # The seen steps first, in their order; the rest is cut off.
    order = torch.argsort((~seen).to(torch.uint8), dim=1, stable=True)[:, :, None]
    gathered = steps.gather(1, order.expand_as(steps))
    packed = rnn.pack_padded_sequence(gathered, seen.sum(dim=1).cpu(), batch_first=True, enforce_sorted=False)
    given, last = cells(packed)
    padded, _ = rnn.pad_packed_sequence(given, batch_first=True, total_length=steps.shape[1])
    outputs = torch.zeros_like(padded).scatter(1, order.expand_as(padded), padded)
    return outputs, last[-1] if isinstance(last, tuple) else last


def step_positions(shape: SeriesShape) -> NDArray[np.float64]:
    """Return where each step stands, (step,): its number on a regular grid, else days since the first / median gap."""
    days: NDArray[np.float64] = shape.step_days - shape.step_days[0]
    return days / np.float64(np.median(np.diff(days))) if len(days) > 1 else days


def position_code(
    positions: NDArray[np.float64], width: int, *, base: float = 10_000.0, legacy: bool = False
) -> NDArray[np.float32]:
    """Return the fixed code of each position, (position, width): sines in even columns, cosines in odd ones.

    Column pair i of position p has the angle p * base^(-2i / width) (Vaswani et al. 2017, section 3.5). The legacy
    code has the minus sign before the power instead of in the exponent, -p * base^(2i / width): frequencies up to
    nearly 10,000 radians a step, so that neighbouring steps are no more alike than distant ones.
    """
    position = np.asarray(positions, np.float64)[:, None]
    exponent = np.arange(0, width, 2, dtype=np.float64) / width
    angle = -position * base**exponent if legacy else position * base**-exponent
    code = np.empty((len(position), width), np.float32)
    code[:, 0::2], code[:, 1::2] = np.sin(angle), np.cos(angle[:, : width // 2])
    return code
