"""Training samples on their way into a network: resident tensors, picked by index, whole batches at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from cropmap.models.memory import spans

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Resident:
    """Samples that stay on the device for the whole training: far quicker than loading one by one.

    Args:
        values: Scaled series, (sample, step, band), float32.
        columns: Column of each sample's class in the scores, (sample,), int64.
    """

    values: Tensor
    columns: Tensor

    def __len__(self) -> int:
        return len(self.columns)


class Feed:
    """Every epoch's batches.

    Args:
        samples: What is learnt from.
        batch_size: Samples of a batch; one sample left over joins the batch before.
        seed: Of the order. It does not depend on how often dropout drew.
        balanced: Draw as many samples as there are with replacement, each class with the same chance; else each sample
            comes once an epoch.
    """

    def __init__(self, samples: Resident, batch_size: int, seed: int, *, balanced: bool = False) -> None:
        self.samples, self.balanced = samples, balanced
        self.generator = torch.Generator().manual_seed(seed)
        self.spans = tuple(spans(len(samples), batch_size))
        longest = max(span.stop - span.start for span in self.spans)
        # One place in memory for all batches: each overwrites the one before.
        self._values = samples.values.new_empty((longest, *samples.values.shape[1:]))
        self._columns = samples.columns.new_empty(longest)

    def __len__(self) -> int:
        return len(self.spans)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield an epoch's batches, each good until the next: values, (n, step, band), and columns, (n,)."""
        order = self._order().to(self.samples.columns.device)
        for span in self.spans:
            chosen, count = order[span], span.stop - span.start
            torch.index_select(self.samples.values, 0, chosen, out=self._values[:count])
            torch.index_select(self.samples.columns, 0, chosen, out=self._columns[:count])
            yield self._values[:count], self._columns[:count]

    def _order(self) -> Tensor:
        if not self.balanced:
            return torch.randperm(len(self.samples), generator=self.generator)
        columns = self.samples.columns.cpu()
        by_class = columns.argsort(stable=True)
        counts = columns.bincount()
        first = counts.cumsum(0) - counts
        present = counts.nonzero().squeeze(1)
        drawn = present[torch.randint(len(present), (len(columns),), generator=self.generator)]
        place = torch.rand(len(columns), generator=self.generator, dtype=torch.float64)
        return by_class[first[drawn] + (place * counts[drawn]).long()]


def class_weights(columns: Tensor, classes: int, power: float = 1.0) -> Tensor:
    """Return a weight for each class, (class,), inverse to its number of samples; their mean over the samples is 1.

    Classes without a sample weigh nothing.

    Args:
        columns: Column of each sample's class, (sample,).
        classes: How many there are.
        power: Of the number of samples; 0.5 is inverse to its square root.
    """
    counts = columns.bincount(minlength=classes).double()
    weights = torch.where(counts > 0, counts.clamp_min(1) ** -power, 0.0)
    return (weights * len(columns) / (weights * counts).sum()).float()
