"""Series changed at random while a network learns, so that it does not rely on what another season will not repeat.

All of it works on scaled values that stay on the device, whole batches at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from cropmap.models.base import SeriesShape
    from cropmap.models.neural import NeuralParams

# Where in the stream of a seed's draws these begin: apart from first weights, dropout and order.
_STREAM = 0x5EED_0A06


class Augmentation:
    """What `shift_days`, `missing` and `jitter` ask for, in this order, from a generator of its own.

    Args:
        params: How much of each; 0 of all leaves every batch as it is.
        shape: Days of the steps, and which band is the mask.
        seed: Of all that it draws.
        device: Where the batches are.
    """

    def __init__(self, params: NeuralParams, shape: SeriesShape, seed: int, device: str) -> None:
        self.params, self.mask = params, shape.mask
        self.days = torch.tensor(shape.step_days, dtype=torch.float32, device=device)
        self.generator = torch.Generator(device).manual_seed(seed ^ _STREAM)

    def __call__(self, values: Tensor) -> Tensor:
        """Return changed series, (n, step, band); those given stay as they are."""
        if self.params.shift_days:
            by = (2 * self._uniform(len(values)) - 1) * self.params.shift_days
            values = shifted(values, self.days, by, self.mask)
        if self.params.missing:
            values = hidden(values, self.days, self._hidden_steps(len(values)), self.mask)
        if self.params.jitter:
            shape = (len(values), 1, values.shape[2])
            by = torch.randn(shape, generator=self.generator, device=values.device) * self.params.jitter
            values = moved(values, by, self.mask)
        return values

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator, device=self.days.device)

    def _hidden_steps(self, count: int) -> Tensor:
        """Return True where a step is to be hidden, (n, step): of each series any number up to the share."""
        steps = len(self.days)
        most = int(self.params.missing * steps)
        numbers = (self._uniform(count, 1) * (most + 1)).long()
        place = self._uniform(count, steps).argsort(dim=1).argsort(dim=1)
        return place < numbers


def shifted(values: Tensor, days: Tensor, by: Tensor, mask: int | None = None) -> Tensor:
    """Return series moved in time, each as a whole, by linear interpolation; the first and last values hold outwards.

    Args:
        values: (n, step, band).
        days: Day of each step, ascending, (step,).
        by: Days that each series is moved by, later where above 0, (n,).
        mask: The band that says which steps were seen. Only those are interpolated between; a step whose nearer
            neighbour was not seen is not seen either. A series that would lose all of its steps is not moved.
    """
    if len(days) < 2:
        return values
    asked = (days - by[:, None]).clamp(days[0], days[-1])
    left = (torch.searchsorted(days, asked, right=True) - 1).clamp(0, len(days) - 2)
    after = (asked - days[left]) / (days[left + 1] - days[left])
    weights = torch.stack((1 - after, after))
    neighbours = torch.stack((_at(values, left), _at(values, left + 1)))
    if mask is None:
        return (weights[..., None] * neighbours).sum(dim=0)
    weights = weights * (neighbours[..., mask] > 0.5)
    total = weights.sum(dim=0)
    seen = (total >= 0.5)[..., None]
    moved_values = (weights[..., None] * neighbours).sum(dim=0) / total.clamp(min=0.5)[..., None]
    return torch.where(seen.any(dim=1, keepdim=True), torch.where(seen, moved_values, 0.0), values)


def hidden(values: Tensor, days: Tensor, steps: Tensor, mask: int | None = None) -> Tensor:
    """Return series of which some steps were not seen.

    Args:
        values: (n, step, band).
        days: Day of each step, ascending, (step,).
        steps: True where a step is hidden, (n, step); never all of a series.
        mask: The band that says which steps were seen: hidden ones become 0 in every band, unless none would be left.
            Without it they are filled as the default recipe fills clouds: linearly in time between the nearest steps
            that are left, with the nearest one's value at the ends.
    """
    if mask is not None:
        left = (values[..., mask] > 0.5) & ~steps
        gone = steps & left.any(dim=1, keepdim=True)
        return values.masked_fill(gone[..., None], 0.0)
    count = len(days)
    place = torch.arange(count, device=values.device).expand_as(steps)
    before = place.masked_fill(steps, -1).cummax(dim=1).values
    after = place.masked_fill(steps, count).flip(1).cummin(dim=1).values.flip(1)
    first, last = torch.where(before < 0, after, before), torch.where(after == count, before, after)
    weight = ((days - days[first]) / (days[last] - days[first]).clamp(min=1e-6)).clamp(0, 1)[..., None]
    return torch.lerp(_at(values, first), _at(values, last), weight)


def moved(values: Tensor, by: Tensor, mask: int | None = None) -> Tensor:
    """Return series with an offset, (n, 1, band), on each band; the mask and steps that were not seen stay."""
    if mask is None:
        return values + by
    seen = values[..., mask : mask + 1]
    by = by.clone()
    by[..., mask] = 0
    return values + by * seen


def _at(values: Tensor, steps: Tensor) -> Tensor:
    """Return (n, step, band) at step indices of each series' own, (n, step)."""
    return values.gather(1, steps[..., None].expand(-1, -1, values.shape[2]))
