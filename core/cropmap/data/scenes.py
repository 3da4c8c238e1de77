"""The images of a season as they were acquired: irregular in time, with clouds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SourceError
from cropmap.data.site import Grid


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
    """Which numbers of the mask band mean that a pixel is usable.

    Args:
        clear_values: Numbers that are clear; empty where the rule goes by bits.
        bad_bits: Bits of which none may be set in a clear pixel.
    """

    clear_values: tuple[int, ...] = ()
    bad_bits: tuple[int, ...] = ()

    def clear(self, numbers: NDArray[np.generic]) -> NDArray[np.bool_]:
        """Return True where the mask band's numbers mean a usable pixel, same shape."""
        if self.clear_values:
            return np.isin(numbers, self.clear_values)
        bits = np.uint64(sum(1 << bit for bit in self.bad_bits))
        clear: NDArray[np.bool_] = (numbers.astype(np.uint64) & bits) == 0
        return clear


@dataclass(frozen=True)
class Scene:
    """One acquisition: its date, an asset for each band, and the mask band where there is one."""

    date: dt.date
    bands: Mapping[str, Asset]
    mask: Asset | None = None

    @property
    def assets(self) -> tuple[Asset, ...]:
        """All that is read of it."""
        return (*self.bands.values(), *((self.mask,) if self.mask else ()))


@dataclass(frozen=True)
class SceneSeries:
    """All acquisitions of a season on one grid, by date. It describes files; `io.series` reads them.

    Args:
        grid: The grid that all scenes are read on.
        bands: Band names, in the order of every array's band axis.
        scenes: By ascending date; several of one date are allowed.
        mask_rule: How the mask bands are read; None where the scenes have none.
        warp: Scenes on another grid are resampled to `grid` while reading (masks by nearest neighbour).
        valid_range: Physical values outside it count as not clear; None keeps all.
        notes: What the source recognised or left out; sentences for the user.

    Raises:
        SourceError: No scene, no band, or a band missing on a date.
    """

    grid: Grid
    bands: tuple[str, ...]
    scenes: tuple[Scene, ...]
    mask_rule: MaskRule | None = None
    warp: bool = False
    valid_range: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.scenes or not self.bands:
            raise SourceError("The series holds no image.", fix="Check the folder and the file name pattern.")
        object.__setattr__(self, "scenes", tuple(sorted(self.scenes, key=lambda scene: scene.date)))
        for scene in self.scenes:
            missing = [band for band in self.bands if band not in scene.bands]
            if missing:
                raise SourceError(
                    f"Band {missing[0]} is missing on {scene.date}.",
                    where=next(iter(scene.bands.values())).path if scene.bands else "",
                    fix="Add the file, remove that date, or leave the band out.",
                )

    @property
    def masked(self) -> bool:
        """Whether a mask tells clear from cloud."""
        return self.mask_rule is not None

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
    """

    values: NDArray[np.float32]
    clear: NDArray[np.bool_]
    dates: tuple[dt.date, ...]
    bands: tuple[str, ...]

    def __post_init__(self) -> None:
        expected = (self.values.shape[0], len(self.dates), len(self.bands))
        if self.values.shape != expected or self.clear.shape != expected[:2]:
            raise SourceError(
                f"A block has values {self.values.shape} and clear {self.clear.shape} "
                f"for {len(self.dates)} dates and {len(self.bands)} bands."
            )
