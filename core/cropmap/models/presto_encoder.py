"""Presto's encoder: which bands and months it reads, its published weights, its network."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cropmap.contract.errors import ModelError, PackageError, SampleError
from cropmap.data.bands import roles_of, spelled
from cropmap.io.torch_weights import read_torch_weights
from cropmap.models.base import SeriesShape, check_arrays
from cropmap.models.layers import mean_over_steps
from cropmap.models.memory import spans
from cropmap.models.neural import prediction_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress

_NDVI = "NDVI"
# The groups of bands that the encoder reads, in the order of its group codes, each by our roles. What it also knows
# but cropmap does not prepare (weather, terrain, land cover) stays missing, as it may.
_GROUPS = {
    "S1": ("vv", "vh"),
    "S2_RGB": ("blue", "green", "red"),
    "S2_Red_Edge": ("rededge1", "rededge2", "rededge3"),
    "S2_NIR_10m": ("nir",),
    "S2_NIR_20m": ("nir_narrow",),
    "S2_SWIR": ("swir1", "swir2"),
    "ERA5": ("temperature_2m", "total_precipitation"),
    "SRTM": ("elevation", "slope"),
    _NDVI: ("nir", "red"),
}
# One value is made of the two.
_WIDTHS = {name: len(roles) for name, roles in _GROUPS.items()} | {_NDVI: 1}
# Kinds of land cover, one of them "unknown", and the codes of all groups, land cover among them.
_LAND_COVERS, _CODES = 10, len(_GROUPS) + 1
_RADAR = _GROUPS["S1"]
_READ = ("S1", "S2_RGB", "S2_Red_Edge", "S2_NIR_10m", "S2_NIR_20m", "S2_SWIR", _NDVI)
_HEADS = 8
# Decibels to about -1..1.
_RADAR_SHIFT, _RADAR_SCALE = 25.0, 25.0
# Reflectances are at most about 1; a median above this tells that they were stored as whole numbers.
_BRIGHTEST = 2.0
# The place that all series are said to come from, 0 degrees north and east, as a point on the unit sphere: the encoder
# always reads one. The place of a whole site is the same for all of its series; telling it gained nothing.
_PLACE = (1.0, 0.0, 0.0)
ENCODER, _DECODER = "encoder.", "decoder."


# ---------------------------------------------------------------- what the encoder reads


@dataclass(frozen=True)
class MonthlyInput:
    """How series become what the encoder reads: one value a calendar month for each group of bands.

    Args:
        groups: Position of each band of each group that the series have; NDVI's are near infrared and red, or where
            the series lack these its own.
        member: 1 where a step lies in a month, (month, step), float32; only months with a step.
        position: Months since the first step, (month,).
        calendar: Month of the year from 0, (month,).
        mask: Position of the band that tells which steps were seen; None where there is none.
    """

    groups: dict[str, tuple[int, ...]]
    member: Tensor
    position: Tensor
    calendar: Tensor
    mask: int | None

    @classmethod
    def of(cls, shape: SeriesShape, longest: int) -> MonthlyInput:
        """Return the input for series of a shape.

        Args:
            shape: With names, days and first day.
            longest: Months that the encoder has codes for.

        Raises:
            ModelError: No band that the encoder reads, no first day, or more months.
        """
        if shape.first is None:
            raise ModelError("Presto needs the dates of the series.", fix="Give the first day of the season.")
        dates = [shape.first + dt.timedelta(days=float(day)) for day in shape.step_days]
        month = np.array([12 * date.year + date.month - 1 for date in dates])
        present = np.unique(month)
        if present[-1] - present[0] >= longest:
            raise ModelError(
                f"The season has {present[-1] - present[0] + 1} months; Presto reads {longest}.",
                fix="Choose a shorter season.",
            )
        return cls(
            groups=_groups_of(shape.names),
            member=torch.from_numpy((present[:, None] == month).astype(np.float32)),
            position=torch.from_numpy(present - present[0]),
            calendar=torch.from_numpy(present % 12),
            mask=shape.mask,
        )

    def read(self, values: Tensor) -> tuple[dict[str, Tensor], Tensor | None]:
        """Return each group's monthly values, (n, month, band), and which months were seen, (n, month), or None.

        A month's value is the mean of its steps; of those that were seen, where a band tells it. A series of which
        nothing was seen counts as seen throughout.
        """
        member = self.member.to(values.device)
        known = None
        if self.mask is not None:
            seen = values[:, :, self.mask] > 0.5
            seen = seen | ~seen.any(dim=1, keepdim=True)
            member = member * seen.unsqueeze(1).to(values.dtype)
            known = (member > 0).any(dim=2)
        count = member.sum(dim=-1, keepdim=True).clamp(min=1)
        monthly = member @ values / count
        return {name: _scaled(name, monthly[:, :, list(places)]) for name, places in self.groups.items()}, known

    def check_values(self, values: NDArray[np.float32]) -> None:
        """Refuse reflectances that were stored as whole numbers and not scaled.

        Raises:
            SampleError: Their median is above 2.
        """
        places = sorted({place for name, places in self.groups.items() if name != "S1" for place in places})
        middle = float(np.median(values[:, :, places])) if places else 0.0
        if middle > _BRIGHTEST:
            raise SampleError(
                f"Presto reads reflectances from 0 to 1; half of the values are above {middle:g}.",
                fix="Set the scale of the images (0.0001 for Sentinel-2), and prepare the samples again.",
            )


def _groups_of(names: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    places = roles_of(names)
    for place, name in enumerate(names):
        if spelled(name) in _RADAR:
            places.setdefault(spelled(name), place)
    found = {
        name: tuple(places[role] for role in _GROUPS[name])
        for name in _READ
        if all(role in places for role in _GROUPS[name])
    }
    index = [place for place, name in enumerate(names) if spelled(name) == _NDVI.lower()]
    if _NDVI not in found and index:
        found[_NDVI] = (index[0],)
    if not found:
        raise ModelError(
            "Presto knows none of the bands.",
            where=f"bands: {', '.join(names) or 'without names'}",
            fix="Name the bands by their roles (blue, green, red, nir, swir1, ...), or choose another model.",
        )
    return found


def _scaled(name: str, monthly: Tensor) -> Tensor:
    """Return a group's values as the encoder was trained on them."""
    if name == "S1":
        return (monthly + _RADAR_SHIFT) / _RADAR_SCALE
    if name == _NDVI and monthly.shape[2] == 2:
        nir, red = monthly[:, :, :1], monthly[:, :, 1:]
        total = nir + red
        return torch.where(total > 0, (nir - red) / torch.where(total > 0, total, 1.0), 0.0)
    return monthly


# ---------------------------------------------------------------- the encoder


def read_weights(path: str) -> dict[str, NDArray[np.generic]]:
    """Return the encoder's arrays of a published file, by their names without "encoder.".

    The decoder, which pre-training alone needs, is left out; some files have none.

    Raises:
        PackageError: The file is missing, damaged or unsafe, or holds anything but an encoder and a decoder.
    """
    arrays = read_torch_weights(path)
    strange = sorted(name for name in arrays if not name.startswith((ENCODER, _DECODER)))
    if strange:
        raise PackageError(
            f"The weights are not Presto's: {', '.join(strange[:5])}.",
            where=path,
            fix="Choose default_model.pt of nasaharvest/presto, or weights fine-tuned from it.",
        )
    return part_of(ENCODER, arrays)


class PrestoEncoder(nn.Module):
    """Tokens, one for each month and group of bands and one for the place, through blocks; their mean, normalised.

    Modules bear the names of the published weights. A token is a linear function of the group's values plus a code:
    side by side, a quarter of the width each, sine and cosine of the month and the group's own, and half of the width
    the position's. All codes are read from the weights.

    Args:
        shapes: The shapes of the weights, by name.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__()
        (self.width,) = shapes["norm.weight"]
        inner = shapes["blocks.0.mlp.fc1.weight"][0]
        depth = sum(name.startswith("blocks.") and name.endswith(".norm1.weight") for name in shapes)
        self.eo_patch_embed = nn.ModuleDict({name: nn.Linear(bands, self.width) for name, bands in _WIDTHS.items()})
        self.dw_embed = nn.Embedding(_LAND_COVERS, self.width)
        self.latlon_embed = nn.Linear(3, self.width)
        self.blocks = nn.ModuleList(_Block(self.width, inner) for _ in range(depth))
        self.norm = nn.LayerNorm(self.width)
        self.pos_embed = nn.Parameter(torch.empty(1, shapes["pos_embed"][1], self.width // 2))
        self.month_embed = nn.Embedding(12, self.width // 4)
        self.channel_embed = nn.Embedding(_CODES, self.width // 4)

    @classmethod
    def of(cls, weights: Mapping[str, NDArray[np.generic]]) -> PrestoEncoder:
        """Return the encoder with its weights, by name, ready to predict.

        Raises:
            PackageError: A weight is missing, unknown or of the wrong shape.
        """
        # Without memory and without drawing first weights.
        with torch.device("meta"):
            encoder = cls(_shapes(weights))
        expected = encoder.state_dict()
        check_arrays(weights, {name: tuple(tensor.shape) for name, tensor in expected.items()})
        # A copy: a tensor must not share memory with an array that others may change.
        tensors = {name: torch.from_numpy(np.array(weights[name], np.float32)) for name in expected}
        encoder.load_state_dict(tensors, assign=True)
        return encoder.requires_grad_(requires_grad=False).eval()

    def forward(self, groups: Mapping[str, Tensor], calendar: Tensor, position: Tensor, known: Tensor | None) -> Tensor:
        """Return features, (n, width).

        Args:
            groups: Scaled values of each group that there is, (n, month, band).
            calendar: Month of the year from 0, (month,).
            position: Months since the first, (month,).
            known: True where a month was seen, (n, month); None where all were. Others take no part at all.
        """
        count = len(next(iter(groups.values())))
        place = self.latlon_embed(self.latlon_embed.weight.new_tensor(_PLACE))
        tokens = [place.expand(count, 1, -1)]
        names = list(_GROUPS)
        for name, values in groups.items():
            own = self.channel_embed.weight[names.index(name)].expand(len(calendar), -1)
            code = torch.cat([self.month_embed(calendar), own, self.pos_embed[0, position]], dim=1)
            tokens.append(self.eo_patch_embed[name](values) + code)
        steps = torch.cat(tokens, dim=1)
        part = None
        if known is not None:
            part = torch.cat([known.new_ones(count, 1), *[known] * len(groups)], dim=1)
        for block in self.blocks:
            steps = block(steps, part)
        normed: Tensor = self.norm(mean_over_steps(steps, part))
        return normed


class _Block(nn.Module):
    """Self-attention, then a network of two layers; each reads normalised tokens and is added to them (pre-norm)."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = nn.ModuleDict({"qkv": nn.Linear(width, 3 * width), "proj": nn.Linear(width, width)})
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, inner), "fc2": nn.Linear(inner, width)})

    def forward(self, tokens: Tensor, part: Tensor | None) -> Tensor:
        """Return the tokens, (n, token, width), each informed of those that take part, (n, token)."""
        count, length, width = tokens.shape
        split = self.attn["qkv"](self.norm1(tokens)).view(count, length, 3, _HEADS, width // _HEADS)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        mask = None if part is None else part[:, None, None, :]
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        tokens = tokens + self.attn["proj"](mixed.transpose(1, 2).reshape(count, length, width))
        inner: Tensor = self.mlp["fc2"](functional.gelu(self.mlp["fc1"](self.norm2(tokens))))
        return tokens + inner


def _shapes(weights: Mapping[str, NDArray[np.generic]]) -> dict[str, tuple[int, ...]]:
    """Return the weights' shapes after checking those that the encoder's size is read from."""
    shapes = {name: array.shape for name, array in weights.items()}
    ranks = {"norm.weight": 1, "pos_embed": 3, "blocks.0.mlp.fc1.weight": 2}
    missing = [name for name, rank in ranks.items() if len(shapes.get(name, ())) != rank]
    if missing or shapes["norm.weight"][0] % (4 * _HEADS):
        raise PackageError(
            "The weights are not those of a Presto encoder.",
            where=", ".join(missing) or f"width {shapes['norm.weight'][0]}",
            fix="Choose default_model.pt of nasaharvest/presto, or weights fine-tuned from it.",
        )
    return shapes


def encoded(
    encoder: PrestoEncoder, reader: MonthlyInput, values: NDArray[np.float32], progress: Progress | None = None
) -> NDArray[np.float32]:
    """Return features, (n, feature), of finite values, (n, step, band), as many rows at a time as memory allows."""
    device = encoder.pos_embed.device
    calendar, position = reader.calendar.to(device), reader.position.to(device)
    found = np.empty((len(values), encoder.width), np.float32)

    def encode(size: int) -> None:
        for span in spans(len(values), size):
            if progress is not None:
                progress.at(span.start / len(values), "Features")
            groups, known = reader.read(torch.from_numpy(np.array(values[span], np.float32)).to(device))
            found[span] = encoder(groups, calendar, position, known).cpu().numpy()

    with torch.inference_mode():
        prediction_rows(device.type).within(encode)
    return found


def part_of(prefix: str, arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of one part, by their names without its prefix."""
    return {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}
