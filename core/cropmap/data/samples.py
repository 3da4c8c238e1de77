"""Labels on their way to labelled series: features, placed pixels, series tables, samples, folds."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.contract.words import counted
from cropmap.data.legend import Legend
from cropmap.data.recipe import Recipe

# What a group's name begins with where nothing tells which field a sample stands in: it stands alone, or it shares
# but its place with others.
LONE_GROUP, PLACE_GROUP = "#", "@"
# How samples can be split. "file" takes the folds of a sample file, so that several models are tested on the same.
SPLITS = ("blocks", "groups", "leave_site", "leave_year", "stratified", "random", "file")


@dataclass(frozen=True)
class LabelFeatures:
    """Labelled points and polygons as a file holds them.

    Args:
        geometries: Shapely points, multipoints, polygons and multipolygons, (feature,), object.
        labels: Class name of each feature, (feature,), text, none empty.
        ids: Persistent identifier of each feature, (feature,), text, unique.
        groups: What the feature belongs to (a field, a farm), (feature,), text.
        crs: WKT of the coordinates.
        where: The file, for messages.
        notes: What was left out or mended while reading, and why.

    Raises:
        SampleError: No feature, or arrays that disagree in length.
    """

    geometries: NDArray[Any]
    labels: NDArray[np.str_]
    ids: NDArray[np.str_]
    groups: NDArray[np.str_]
    crs: str
    where: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.labels):
            raise SampleError("There is no labelled feature.", where=self.where, fix="Give points or polygons.")
        _same_length(len(self.labels), geometries=self.geometries, ids=self.ids, groups=self.groups)

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class PlacedSamples:
    """Labelled pixels of a grid, each pixel at most once.

    Args:
        rows: (sample,), int64.
        cols: (sample,), int64.
        codes: Class code, (sample,), uint8.
        ids: Persistent identifier, (sample,), text, unique.
        groups: What the sample belongs to, (sample,), text.
        x: Pixel centre in the grid's CRS, (sample,), float64.
        y: Pixel centre in the grid's CRS, (sample,), float64.
        legend: The classes that the codes mean.
        notes: What was left out, and why.

    Raises:
        SampleError: No sample, or arrays that disagree in length.
    """

    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    codes: NDArray[np.uint8]
    ids: NDArray[np.str_]
    groups: NDArray[np.str_]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    legend: Legend
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.codes)
        if not count:
            raise SampleError("No sample is left.", fix="Check that the labels lie inside the images.")
        _same_length(count, rows=self.rows, cols=self.cols, ids=self.ids, groups=self.groups, x=self.x, y=self.y)

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True)
class LabelledSeries:
    """Labelled series that bring their own dates.

    Args:
        values: Physical values, (sample, time, band), float32; NaN where there is none.
        dates: Acquisition dates of each sample, (sample, time), datetime64[D].
        labels: Class name, (sample,), text.
        ids: Persistent identifier, (sample,), text, unique.
        groups: Samples of one group never part, (sample,), text.
        x: Longitude or easting in `crs`, (sample,), float64.
        y: Latitude or northing in `crs`, (sample,), float64.
        bands: Band names, (band,).
        crs: WKT of the coordinates.
        where: The file, for messages.
        notes: What was left out while reading, and why.
        sites: Which study area each sample lies in, (sample,), text; empty where all lie in one that needs no name.

    Raises:
        SampleError: No sample, or shapes that disagree.
    """

    values: NDArray[np.float32]
    dates: NDArray[np.datetime64]
    labels: NDArray[np.str_]
    ids: NDArray[np.str_]
    groups: NDArray[np.str_]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    bands: tuple[str, ...]
    crs: str
    where: str = ""
    notes: tuple[str, ...] = ()
    sites: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, np.str_))

    def __post_init__(self) -> None:
        count = len(self.labels)
        if not len(self.sites):
            object.__setattr__(self, "sites", np.full(count, "", np.str_))
        if not count:
            raise SampleError("The table holds no labelled series.", where=self.where, fix="Give at least one.")
        if self.values.ndim != 3 or self.values.shape != (*self.dates.shape, len(self.bands)):
            raise SampleError(
                f"The series have shape {self.values.shape} for dates {self.dates.shape} and {len(self.bands)} bands.",
                where=self.where,
                fix="Give values as (sample, time, band) and dates as (sample, time).",
            )
        own = {"values": self.values, "ids": self.ids, "groups": self.groups, "sites": self.sites}
        _same_length(count, **own, x=self.x, y=self.y)

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class FoldPlan:
    """Which fold each sample is tested in, and what stays together.

    Args:
        fold: 0, 1, ... of each sample, (sample,), int8; below 0 where it is neither trained on nor tested.
        units: Each sample's unit, (sample,), int32: a block, blocks that a group spans, or a group. No split parts
            a unit.
        codes: Class code of each sample, (sample,), uint8: validation is balanced by class.
        block_m: Edge of the blocks used, in metres; NaN where the land is not cut into blocks.
        notes: What the user should know of the split.
        nearest_m: Smallest distance between a sample and one that trains the model which it tests, in metres; NaN where
            it is not known.
        near: True where a sample is too near to the samples of a fold to train the model that is tested there,
            (sample, fold), bool; None where none is kept away.
        method: How it was split: one of `SPLITS`.
        gap_m: How far training samples are kept from test samples, in metres.
    """

    fold: NDArray[np.int8]
    units: NDArray[np.int32]
    codes: NDArray[np.uint8]
    block_m: float
    notes: tuple[str, ...] = ()
    nearest_m: float = math.nan
    near: NDArray[np.bool_] | None = None
    method: str = "blocks"
    gap_m: float = 0.0

    @property
    def folds(self) -> int:
        """How many folds there are."""
        return int(self.fold.max()) + 1

    def train_mask(self, fold: int) -> NDArray[np.bool_]:
        """Return True for the samples that a model tested on `fold` may see, (sample,)."""
        other = np.asarray((self.fold != fold) & (self.fold >= 0))
        return other if self.near is None else other & ~self.near[:, fold]


# The arrays of a sample set that hold one item a sample.
_BY_SAMPLE = ("values", "codes", "ids", "x", "y", "groups", "sites", "years")


def _same_length(count: int, **arrays: NDArray[Any]) -> None:
    for name, array in arrays.items():
        if len(array) != count:
            raise SampleError(f"{count} samples have {len(array)} {name}.", fix="Give one of each.")


@dataclass(frozen=True)
class SampleSet:
    """Labelled, prepared series with persistent ids.

    Args:
        values: (sample, step, band), float32, finite.
        codes: Class code of each sample, (sample,), uint8.
        ids: Persistent identifier of each sample, (sample,), text, unique.
        x: Coordinate in `crs`, (sample,), float64.
        y: Coordinate in `crs`, (sample,), float64.
        groups: Which field or cluster each sample belongs to, (sample,), text; no fold splits a group.
        days: Day of season of each step, (step,), int32.
        bands: Feature names, (band,).
        legend: The classes that the codes mean.
        recipe: How the series were prepared.
        crs: WKT of the coordinates.
        masked: A cloud mask told which observations are clear; a model of such series needs one too.
        sites: Which study area each sample lies in, (sample,), text; empty where all lie in one that needs no name.
        years: Year of each sample's season, (sample,), int16; empty stands for the recipe's own.

    Raises:
        SampleError: No sample, shapes that disagree, values that are not finite, ids twice, codes without a class.
    """

    values: NDArray[np.float32]
    codes: NDArray[np.uint8]
    ids: NDArray[np.str_]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    groups: NDArray[np.str_]
    days: NDArray[np.int32]
    bands: tuple[str, ...]
    legend: Legend
    recipe: Recipe
    crs: str
    masked: bool = False
    sites: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, np.str_))
    years: NDArray[np.int16] = field(default_factory=lambda: np.empty(0, np.int16))

    def __post_init__(self) -> None:
        count = len(self.codes)
        if not len(self.sites):
            object.__setattr__(self, "sites", np.full(count, "", np.str_))
        if not len(self.years):
            object.__setattr__(self, "years", np.full(count, self.recipe.season.start.year, np.int16))
        if not count:
            raise SampleError("No sample is left.", fix="Check that the samples lie inside the images and have labels.")
        if self.values.shape != (count, len(self.days), len(self.bands)):
            raise SampleError(
                f"The samples' values have shape {self.values.shape}, "
                f"not ({count}, {len(self.days)}, {len(self.bands)}) samples, steps and bands."
            )
        for name in ("ids", "x", "y", "groups", "sites", "years"):
            if len(getattr(self, name)) != count:
                raise SampleError(f"{count} samples have {len(getattr(self, name))} {name}.")
        self._check_content()

    def _check_content(self) -> None:
        if not np.isfinite(self.values).all():
            broken = self.ids[~np.isfinite(self.values).all(axis=(1, 2))]
            raise SampleError(
                f"{counted(len(broken), 'sample has', 'samples have')} values that are not finite.",
                where=f"first: {broken[0]}",
                fix="Mask those dates, or drop the samples.",
            )
        if len(np.unique(self.ids)) != len(self.ids):
            raise SampleError("Two samples share an id.", fix="Give every sample an id of its own.")
        strange = set(np.unique(self.codes).tolist()) - set(self.legend.codes)
        if strange:
            raise SampleError(f"Code {min(strange)} has no class in the legend.", fix="Add it to the legend.")

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def grouped(self) -> NDArray[np.bool_]:
        """True where a sample's group says more than its own name or place: what field it stands in, (sample,)."""
        own = (self.groups == self.ids) | (self.groups == np.char.add(LONE_GROUP, self.ids))
        return np.asarray(~(own | np.char.startswith(self.groups, PLACE_GROUP)))

    def counts(self) -> dict[str, int]:
        """Return the number of samples of each class of the legend, by name."""
        return {found.name: int((self.codes == found.code).sum()) for found in self.legend.classes}

    def subset(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> SampleSet:
        """Return the chosen samples (a mask or positions), in that order."""
        picked = {name: getattr(self, name)[chosen] for name in _BY_SAMPLE}
        return dataclasses.replace(self, **picked)
