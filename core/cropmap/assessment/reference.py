"""A class map against reference pixels: placed samples, or a class raster on the same grid."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import GridError, LegendError, SampleError
from cropmap.contract.progress import Progress
from cropmap.data.accuracy import Accuracy
from cropmap.data.legend import NODATA, Legend, LegendClass
from cropmap.io.labels_raster import LabelRaster
from cropmap.io.maps import read_map
from cropmap.io.projection import reproject_points
from cropmap.io.rasters import grid_differences, same_crs

if TYPE_CHECKING:
    from cropmap.data.maps import ClassMap
    from cropmap.data.samples import PlacedSamples, SampleSet
    from cropmap.data.site import Grid, Window

_NONE, _UNLISTED = -1, -2  # positions of "no data" and of a code that the legend lacks


@dataclass(frozen=True)
class ReferenceRaster:
    """A class raster on the map's grid.

    Args:
        path: What GDAL opens.
        legend: What its codes mean, a code that is not in it is left out; the file's own category names where None.
        band: Band that holds the codes, from 1.
    """

    path: str
    legend: Legend | None = None
    band: int = 1


@dataclass(frozen=True, eq=False)
class SeenPixels:
    """What the model was trained on, and must not be judged by.

    Args:
        rows: Row of each pixel on the map's grid, (pixel,); it may lie outside.
        cols: Column of each pixel, (pixel,).
        ids: Identifiers of samples to leave out wherever they stand. Give them only where both files number alike.
    """

    rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    cols: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    ids: NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, np.str_))

    def mask(self, window: Window) -> NDArray[np.bool_]:
        """Return True for the window's seen pixels, (height, width)."""
        found = np.zeros((window.height, window.width), bool)
        rows, cols = self.rows - window.row, self.cols - window.col
        inside = (rows >= 0) & (rows < window.height) & (cols >= 0) & (cols < window.width)
        found[rows[inside], cols[inside]] = True
        return found

    def holds(self, rows: NDArray[np.integer], cols: NDArray[np.integer], ids: NDArray[np.str_]) -> NDArray[np.bool_]:
        """Return True for those of the pixels that were seen, (pixel,)."""
        inside = (self.rows >= 0) & (self.cols >= 0)
        width = int(max(self.cols.max(initial=0), np.max(cols, initial=0))) + 1
        keys = np.asarray(rows, np.int64) * width + np.asarray(cols, np.int64)
        return np.isin(keys, (self.rows * width + self.cols)[inside]) | np.isin(ids, self.ids)


@dataclass(frozen=True, eq=False)
class ComparisonOptions:
    """How a map is compared with its reference.

    Args:
        seen: Pixels to leave out.
        count_unknown: Reference classes that the map's legend lacks count as errors of the map; otherwise their
            pixels are left out. Either way the notes say so.
        block: Edge of the windows in which rasters are compared, pixels.
    """

    seen: SeenPixels = field(default_factory=SeenPixels)
    count_unknown: bool = True
    block: int = 1024


def map_accuracy(
    found: ClassMap | Path,
    reference: PlacedSamples | ReferenceRaster,
    options: ComparisonOptions | None = None,
    progress: Progress | None = None,
) -> Accuracy:
    """Compare a map with reference pixels. Classes are matched by name, whatever their codes and colours.

    Args:
        found: The map, or its path.
        reference: Pixels placed on its grid, or a class raster on its grid.
        options: What to leave out; all is compared by default.
        progress: Where progress goes.

    Returns:
        The counts, with a note on everything that was left out. Reference pixels without a class in the map are
        counted apart.

    Raises:
        GridError: The raster lies on another grid (the message says in what), or a pixel lies outside the map.
        LegendError: The map holds a code that its legend lacks, or a raster names no classes.
        SampleError: No reference pixel is left.
    """
    options = options or ComparisonOptions()
    found = read_map(found) if isinstance(found, Path) else found
    tally = _Tally.start(found.legend, _legend_of(reference), str(found.path))
    with LabelRaster(found.path) as mapped:
        if isinstance(reference, ReferenceRaster):
            _count_raster(tally, mapped, reference, options, progress or Progress())
        else:
            _count_pixels(tally, mapped, reference, options)
    return tally.accuracy(count_unknown=options.count_unknown)


def seen_pixels(samples: SampleSet, grid: Grid) -> SeenPixels:
    """Return the pixels of a grid on which samples of training stand, wherever they came from.

    Samples of another CRS are moved to the grid's; there are none where only one of the two names its CRS.
    """
    points = np.stack([samples.x, samples.y], axis=1)
    if not same_crs(samples.crs, grid.crs):
        if not samples.crs or not grid.crs:
            return SeenPixels()
        points = reproject_points(points, samples.crs, grid.crs)
    # A point without a place in the grid's CRS is infinitely far.
    cols = np.floor((points[:, 0] - grid.west) / grid.pixel_width)
    rows = np.floor((grid.north - points[:, 1]) / grid.pixel_height)
    inside = (rows >= 0) & (rows < grid.height) & (cols >= 0) & (cols < grid.width)
    return SeenPixels(rows[inside].astype(np.int64), cols[inside].astype(np.int64))


def _legend_of(reference: PlacedSamples | ReferenceRaster) -> Legend:
    if isinstance(reference, ReferenceRaster):
        return reference.legend or read_map(Path(reference.path)).legend
    return reference.legend


def _count_pixels(tally: _Tally, mapped: LabelRaster, reference: PlacedSamples, options: ComparisonOptions) -> None:
    seen = options.seen.holds(reference.rows, reference.cols, reference.ids)
    tally.seen += int(seen.sum())
    rows, cols = reference.rows[~seen], reference.cols[~seen]
    tally.remarks += reference.notes
    tally.add(reference.codes[~seen].astype(np.int64), mapped.read_pixels(rows, cols))


def _count_raster(
    tally: _Tally, mapped: LabelRaster, reference: ReferenceRaster, options: ComparisonOptions, progress: Progress
) -> None:
    with LabelRaster(reference.path, reference.band) as truth:
        _same_grid(mapped, truth)
        windows = list(mapped.grid.windows(options.block))
        for window in progress.over(windows, "Comparing with the reference"):
            codes = truth.read(window)
            seen = options.seen.mask(window) & (codes != NODATA)
            tally.seen += int(seen.sum())
            tally.add(codes[~seen], mapped.read(window)[~seen])


def _same_grid(mapped: LabelRaster, truth: LabelRaster) -> None:
    differences = grid_differences(mapped.grid, truth.grid)
    if differences:
        raise GridError(
            f"The reference lies on another grid than the map: {'; '.join(differences)}.",
            where=truth.path,
            fix="Warp the reference to the map's grid with nearest neighbour, e.g. with gdalwarp -r near.",
        )


@dataclass
class _Tally:
    """Counts that grow block by block: rows are the map's classes, then reference classes that the map lacks.

    Args:
        legend: The map's legend.
        unknown: The reference's classes that it lacks.
        truth_spot: Row of each reference code 0..255.
        map_spot: Column of each map code 0..255.
        table: (row, column + 1), int64; the last column counts pixels without a class in the map.
        where: The map, for messages.
    """

    legend: Legend
    unknown: tuple[LegendClass, ...]
    truth_spot: NDArray[np.int64]
    map_spot: NDArray[np.int64]
    table: NDArray[np.int64]
    where: str
    seen: int = 0
    unlisted: int = 0
    remarks: list[str] = field(default_factory=list)

    @classmethod
    def start(cls, legend: Legend, reference: Legend, where: str) -> _Tally:
        known, theirs = _by_name(legend), _by_name(reference)
        unknown = tuple(found for name, found in theirs.items() if name not in known)
        names = [*known, *(_folded(found.name) for found in unknown)]
        row = {name: k for k, name in enumerate(names)}
        return cls(
            legend=legend,
            unknown=unknown,
            truth_spot=_spots({found.code: row[name] for name, found in theirs.items()}),
            map_spot=_spots({found.code: row[name] for name, found in known.items()}),
            table=np.zeros((len(names), len(known) + 1), np.int64),
            where=where,
        )

    def add(self, truth: NDArray[np.int64], mapped: NDArray[np.int64]) -> None:
        """Count pixels by their reference and map codes, both of one shape."""
        row, column = _at(self.truth_spot, truth), _at(self.map_spot, mapped)
        strange = mapped[column == _UNLISTED]
        if strange.size:
            raise LegendError(
                f"The map holds code {strange[0]}, which its legend lacks.",
                where=self.where,
                fix="Use the map with the legend it was written with.",
            )
        self.unlisted += int((row == _UNLISTED).sum())
        classes = self.table.shape[1] - 1
        column = np.where(column == _NONE, classes, column)
        cells = (row * (classes + 1) + column)[row >= 0]
        self.table += np.bincount(cells, minlength=self.table.size).reshape(self.table.shape)

    def accuracy(self, *, count_unknown: bool) -> Accuracy:
        """Return the counts as an accuracy, with notes on what was left out."""
        known = len(self.legend)
        extra = [k for k in range(len(self.unknown)) if self.table[known + k].any()]
        notes = [*self.remarks, *self._notes(extra, count_unknown=count_unknown)]
        kept = extra if count_unknown else []
        table = self.table[[*range(known), *(known + k for k in kept)]]
        # A pixel that the map has no class for enters no figure: without others there is nothing to judge by.
        if not table[:, :known].sum():
            raise SampleError(
                "No reference pixel is left to compare.",
                where="; ".join([self.where, *notes]),
                fix="Give reference labels inside the map, of its classes, that the model was not trained on.",
            )
        joined, order = _joined(self.legend, tuple(self.unknown[k] for k in kept))
        confusion = np.zeros((len(joined), len(joined)), np.int64)
        confusion[:, :known] = table[:, :known]
        return Accuracy(confusion[np.ix_(order, order)], joined, table[order, known], tuple(notes))

    def _notes(self, extra: list[int], *, count_unknown: bool) -> list[str]:
        known = len(self.legend)
        notes = []
        if self.seen:
            notes.append(f"{_pixels(self.seen, 'was', 'were')} left out: the model was trained there.")
        if self.unlisted:
            notes.append(
                f"{_pixels(self.unlisted, 'was', 'were')} left out: no class in the reference's legend has their code."
            )
        for k in extra:
            count = int(self.table[known + k].sum())
            counted = f"{_pixels(count, 'counts', 'count')} as {'an error' if count == 1 else 'errors'} of the map"
            fate = counted if count_unknown else f"{_pixels(count, 'was', 'were')} left out"
            notes.append(f"The map has no class {self.unknown[k].name!r}: {fate}.")
        judged = self.table if count_unknown else self.table[:known]
        unmapped = int(judged[:, known].sum())
        if unmapped:
            enter = "enters" if unmapped == 1 else "enter"
            notes.append(f"{_pixels(unmapped, 'has', 'have')} no class in the map and {enter} no figure.")
        return notes


def _pixels(count: int, one: str, many: str) -> str:
    return f"{count:,} reference {f'pixel {one}' if count == 1 else f'pixels {many}'}"


def _joined(legend: Legend, unknown: tuple[LegendClass, ...]) -> tuple[Legend, NDArray[np.intp]]:
    """Return the legend with further classes under free codes, and the order that sorts old and new by code."""
    free = [code for code in range(NODATA) if code not in legend.codes]
    if len(unknown) > len(free):
        raise LegendError(
            f"Map and reference have {len(legend) + len(unknown)} classes together; {NODATA} fit.",
            fix="Leave out the reference classes that the map lacks.",
        )
    added = tuple(dataclasses.replace(found, code=code) for found, code in zip(unknown, free, strict=False))
    classes = (*legend.classes, *added)
    return Legend(classes), np.argsort([found.code for found in classes])


def _by_name(legend: Legend) -> dict[str, LegendClass]:
    named = {_folded(found.name): found for found in legend.classes}
    if len(named) < len(legend):
        raise LegendError(
            f"Two of the classes {', '.join(legend.names)} differ only in case or spaces.",
            fix="Rename one: classes are matched by name.",
        )
    return named


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _spots(position: dict[int, int]) -> NDArray[np.int64]:
    """Return the position of each code 0..255."""
    spots = np.full(256, _UNLISTED, np.int64)
    spots[list(position)] = list(position.values())
    spots[NODATA] = _NONE
    return spots


def _at(spots: NDArray[np.int64], codes: NDArray[np.int64]) -> NDArray[np.int64]:
    inside = (codes >= 0) & (codes <= NODATA)
    return np.where(inside, spots[np.where(inside, codes, NODATA)], _UNLISTED)
