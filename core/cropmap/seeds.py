"""Seeds that follow from others, and the one place that seeds a library's global random generator."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor


def derived_seed(seed: int, number: int) -> int:
    """Return the seed of one of several trainings, 0..2^31 - 1; those of other seeds and numbers differ from it."""
    return int(np.random.SeedSequence(seed, spawn_key=(number,)).generate_state(1)[0] >> 1)


@contextmanager
def torch_seed(seed: int, *, cuda: bool = False) -> Iterator[None]:
    """Seed PyTorch's global generators inside a block; afterwards they are as they were before.

    Dropout and the first weights of layers draw from these generators and take no generator of their own.

    Args:
        seed: 0 or above.
        cuda: Seed, and restore, the current GPU's generator too.
    """
    import torch

    devices = [torch.cuda.current_device()] if cuda else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)  # noqa: TID251 - this is that one place
        yield


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """Let PyTorch use that many CPU threads inside a block; 0 leaves it as it is.

    The number of threads belongs to what makes a training repeatable: it orders the sums.
    """
    import torch

    before = torch.get_num_threads()
    if threads:
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def torch_state(*, cuda: bool = False) -> dict[str, Tensor]:
    """Return the state of PyTorch's global generators, by device, to go on from with `set_torch_state`."""
    import torch

    return {"cpu": torch.get_rng_state()} | ({"cuda": torch.cuda.get_rng_state()} if cuda else {})


def set_torch_state(states: Mapping[str, Tensor]) -> None:
    """Give PyTorch's global generators what `torch_state` returned; inside `torch_seed`, which puts them back."""
    import torch

    torch.set_rng_state(states["cpu"])
    if "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"])
