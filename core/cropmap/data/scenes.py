"""The images of a season as they were acquired: irregular in time, with clouds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SourceError
from cropmap.data.site import Grid
from cropmap.data.temperatures import Temperatures


@dataclass(frozen=True)
class Asset:
    """One band of one file, and how its numbers become physical values: value = number * scale + offset.

    Args:
        path: What GDAL opens: a file, a VRT, a subdataset name.
        index: Band number in it, from 1.
        scale: Factor.
        offset: Added after scaling.
        nodata: Number that means "no value"; NaN or None where there is none.
    """

    path: str
    index: int = 1
    scale: float = 1.0
    offset: float = 0.0
    nodata: float | None = None


@dataclass(frozen=True)
class MaskRule:
    """Which numbers of a mask layer mean that a pixel is usable: those that nothing here speaks against.

    Args:
        clear_values: The only numbers that are clear; empty where all are that nothing else speaks against.
        bad_values: Numbers that are not clear.
        bad_bits: Bits of which none may be set in a clear pixel.
        bad_together: Groups of bits that may not all be set: (6, 7) refuses the largest two-bit number in these bits.
        most: Numbers above it are not clear; None where there is no limit.
        fill_values: Numbers that mean "no data here", unless they are clear values: not clear, but no cloud either.
        fill_bits: Bits that say the same.
        grows: What is neither clear nor fill is a cloud, a shadow or snow, whose edge `SceneSeries.mask_dilate` widens.
            False for flags that are exact to the pixel: saturation, the edge of the image.
    """

    clear_values: tuple[int, ...] = ()
    bad_values: tuple[int, ...] = ()
    bad_bits: tuple[int, ...] = ()
    bad_together: tuple[tuple[int, ...], ...] = ()
    most: float | None = None
    fill_values: tuple[int, ...] = ()
    fill_bits: tuple[int, ...] = ()
    grows: bool = True

    def fill(self, numbers: NDArray[Any]) -> NDArray[np.bool_]:
        """Return True where finite numbers mean that there is no data, same shape."""
        values = [value for value in self.fill_values if value not in self.clear_values]
        found: NDArray[np.bool_] = np.isin(numbers, values) | (_bits(numbers, self.fill_bits) != 0)
        return found

    def clear(self, numbers: NDArray[Any]) -> NDArray[np.bool_]:
        """Return True where finite numbers mean a usable pixel, same shape."""
        clear: NDArray[np.bool_] = ~self.fill(numbers) & (_bits(numbers, self.bad_bits) == 0)
        if self.clear_values:
            clear &= np.isin(numbers, self.clear_values)
        if self.bad_values:
            clear &= ~np.isin(numbers, self.bad_values)
        for group in self.bad_together:
            clear &= _bits(numbers, group) != np.uint64(_sum(group))
        if self.most is not None:
            clear &= numbers <= self.most
        return clear


def _sum(bits: tuple[int, ...]) -> int:
    return sum(1 << bit for bit in set(bits))  # a bit named twice is one


def _bits(numbers: NDArray[Any], bits: tuple[int, ...]) -> NDArray[np.uint64]:
    """Return numbers with nothing but these bits left."""
    left: NDArray[np.uint64] = numbers.astype(np.int64).view(np.uint64) & np.uint64(_sum(bits))
    return left


@dataclass(frozen=True)
class Scene:
    """One acquisition: its date, an asset for each band, and one for each mask layer by name."""

    date: dt.date
    bands: Mapping[str, Asset]
    masks: Mapping[str, Asset] = field(default_factory=dict)

    @property
    def assets(self) -> tuple[Asset, ...]:
        """All that is read of it."""
        return (*self.bands.values(), *self.masks.values())


@dataclass(frozen=True)
class SceneSeries:
    """All acquisitions of a season on one grid, by date. It describes files; `io.series` reads them.

    Args:
        grid: The grid that all scenes are read on.
        bands: Band names, in the order of every array's band axis.
        scenes: By ascending date; several of one date are allowed.
        mask_rules: How the mask layers are read, by name; empty where the scenes have none. A pixel is clear on a date
            if every rule says so. Masks on another grid of the same coordinate reference system are read at the
            nearest pixel.
        mask_dilate: Pixels of `grid` by which what the masks call cloud (see `MaskRule.grows`) is widened: all within
            that distance, centre to centre, is not clear.
        warp: Scenes on another grid are resampled to `grid` while reading (masks by nearest neighbour).
        valid_range: Physical values outside it count as not clear; None keeps all.
        notes: What the source recognised or left out; sentences for the user.
        temperatures: Of the site, where they are known.

    Raises:
        SourceError: No scene, no band, or a band or a mask layer missing on a date.
    """

    grid: Grid
    bands: tuple[str, ...]
    scenes: tuple[Scene, ...]
    mask_rules: Mapping[str, MaskRule] = field(default_factory=dict)
    mask_dilate: int = 0
    warp: bool = False
    valid_range: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    temperatures: Temperatures | None = None

    def __post_init__(self) -> None:
        if not self.scenes or not self.bands:
            raise SourceError("The series holds no image.", fix="Check the folder and the file name pattern.")
        object.__setattr__(self, "scenes", tuple(sorted(self.scenes, key=lambda scene: scene.date)))
        for scene in self.scenes:
            missing = [band for band in self.bands if band not in scene.bands]
            missing += [mask for mask in self.mask_rules if mask not in scene.masks]
            if missing:
                raise SourceError(
                    f"Band {missing[0]} is missing on {scene.date}.",
                    where=next(iter(scene.bands.values())).path if scene.bands else "",
                    fix="Add the file, remove that date, or leave the band out.",
                )

    @property
    def masked(self) -> bool:
        """Whether at least one mask tells clear from cloud."""
        return bool(self.mask_rules)

    @property
    def dates(self) -> tuple[dt.date, ...]:
        """Acquisition dates, ascending."""
        return tuple(scene.date for scene in self.scenes)


@dataclass(frozen=True)
class SceneBlock:
    """The series of a set of pixels, read.

    Args:
        values: Physical values, (pixel, time, band), float32; NaN where the file has no value.
        clear: True where all bands of a date are usable, (pixel, time).
        dates: Acquisition dates, (time,), ascending.
        bands: Band names, (band,).
        temperatures: Of the site, where they are known; only a glance at a series hands them on.
    """

    values: NDArray[np.float32]
    clear: NDArray[np.bool_]
    dates: tuple[dt.date, ...]
    bands: tuple[str, ...]
    temperatures: Temperatures | None = None

    def __post_init__(self) -> None:
        expected = (self.values.shape[0], len(self.dates), len(self.bands))
        if self.values.shape != expected or self.clear.shape != expected[:2]:
            raise SourceError(
                f"A block has values {self.values.shape} and clear {self.clear.shape} "
                f"for {len(self.dates)} dates and {len(self.bands)} bands."
            )
