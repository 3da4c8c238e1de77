"""What the convolutional networks share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cropmap.contract.errors import ParameterError, Problem

if TYPE_CHECKING:
    from torch import Tensor


def mean_over_steps(channels: Tensor, seen: Tensor | None) -> Tensor:
    """Return the mean over the steps that were seen, (n, channel), of (n, channel, step).

    Args:
        channels: What convolutions that keep every step made of a series.
        seen: True at the steps that were seen, at least one a series, (n, step); None where all were.
    """
    if seen is None:
        return channels.mean(dim=2)
    weight = seen.unsqueeze(1).to(channels.dtype)
    return (channels * weight).sum(dim=2) / weight.sum(dim=2)


def check_odd(kernel: int) -> None:
    """Refuse a kernel that has no middle step: its output would lie between the steps.

    Raises:
        ParameterError: It is even.
    """
    if kernel % 2 == 0:
        raise ParameterError(
            [Problem("kernel", f"{kernel} is even.", f"Choose an odd number: {kernel - 1} or {kernel + 1}.")]
        )
