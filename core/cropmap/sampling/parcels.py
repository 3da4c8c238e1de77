"""One sample a parcel: the mean series of the pixels inside each labelled polygon."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.progress import Progress
from cropmap.data.prepared import PreparedSeries
from cropmap.data.samples import PlacedSamples
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.io.cube_reader import CubeReader
from cropmap.io.series import SeriesReader
from cropmap.kernels import kernel
from cropmap.prepare.blocks import PART, check_recipe, prepared_bands
from cropmap.prepare.observe import observe
from cropmap.prepare.recipe import prepare, recipe_nodes, widest
from cropmap.sampling.extract import WHY, Prepared, check_inside, labelled, readers, reasons, report
from cropmap.sampling.place import claims_of, ids_of, placed_at
from cropmap.sampling.raw_series import RawSamples
from cropmap.threads import in_order

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from cropmap.data.recipe import Recipe
    from cropmap.data.samples import LabelFeatures, SampleSet
    from cropmap.data.scenes import SceneSeries
    from cropmap.data.site import Grid
    from cropmap.sampling.place import PlaceOptions

MIN_CLEAR_SHARE = 0.5
TOO_FEW_PIXELS = "too few of the parcel's pixels usable"
_ROUNDING = 1e-6  # of a pixel
_TOGETHER = 4096  # parcels, read in pieces, that are prepared at a time

# Values, (pixel, time, band), and where they count, (pixel, time), of some pixels; a cube has one "time" with all its
# steps in it.
_Seen: TypeAlias = "tuple[slice, NDArray[np.float32], NDArray[np.bool_]]"


@dataclass(frozen=True)
class PlacedParcels:
    """Labelled parcels with the pixels inside each, and labelled points with their one pixel.

    Args:
        samples: The parcels and points; each stands at its pixel nearest to the mean of them all.
        rows: Of the pixels, (pixel,), int64; each pixel at most once.
        cols: (pixel,), int64.
        sample: Position of the sample that the pixel belongs to, (pixel,), int64, ascending.
    """

    samples: PlacedSamples
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    sample: NDArray[np.int64]


def place_parcels(
    features: LabelFeatures,
    grid: Grid,
    options: PlaceOptions | None = None,
    rng: np.random.Generator | None = None,
    progress: Progress | None = None,
) -> PlacedParcels:
    """Find the pixels of labelled polygons, one sample a polygon.

    The pixels are those that `place` finds, by the same rules: a pixel that polygons of different labels claim belongs
    to none of them, one that polygons of one label claim to the first. All parts of a multipolygon are one parcel. A
    point, or a part of a multipoint, has no parcel and stands for its pixel.

    Args:
        features: In any CRS; they are moved to the grid's.
        grid: The images' grid.
        options: Inner buffer, pixels per polygon (then of those alone the mean is taken), class scheme.
        rng: Draws the pixels of polygons that have more than `per_polygon`; seeded with 0 where None.
        progress: Told how many polygons are done; it cancels.

    Raises:
        SampleError: As `place`.
    """
    found = claims_of(features, grid, options, rng, progress)
    pixels = found.pixels
    begins = np.ones(len(pixels.rows), np.bool_)
    begins[1:] = (np.diff(pixels.feature) != 0) | ~pixels.areal[1:]
    sample = np.cumsum(begins) - 1
    middle = _middles(pixels.rows, pixels.cols, sample)
    at = pixels.take(middle)
    ids = np.where(at.areal, features.ids[at.feature], ids_of(at, features.ids))
    note = "" if at.areal.all() or not at.areal.any() else "Points have no parcel: each stands for its pixel."
    samples = placed_at(found, features, grid, (at, ids), (note,) if note else ())
    return PlacedParcels(samples, pixels.rows, pixels.cols, sample)


def _middles(rows: NDArray[np.int64], cols: NDArray[np.int64], sample: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the position of each sample's pixel nearest to the mean of its pixels; the first of equals."""
    size = np.bincount(sample)
    down, right = (axis - (np.bincount(sample, axis) / size)[sample] for axis in (rows, cols))
    order = np.lexsort((down**2 + right**2, sample))
    return order[np.searchsorted(sample, np.arange(len(size)))]


def extract_parcels(
    series: SceneSeries | PreparedSeries,
    parcels: PlacedParcels,
    recipe: Recipe,
    min_clear_share: float = MIN_CLEAR_SHARE,
    progress: Progress | None = None,
) -> tuple[SampleSet, tuple[str, ...]]:
    """Read the pixels of parcels, take the mean of each acquisition's clear ones, and prepare the mean series.

    So the recipe's steps (indices, composites, smoothers) see what a parcel looks like on the images' own dates, as in
    Antonijević et al. 2023, where a sample is the spatial mean of a parcel by acquisition. What a recipe settles by a
    look at the site, it settled from single pixels. A cube holds prepared pixels only: there the mean is taken of those
    that its recipe accepts. Scenes of one day are merged by pixel first.

    Each block of the files is read once, as in `cropmap.sampling.extract.extract`; a parcel that several blocks hold is
    put together from its sums.

    Args:
        series: The images, or the cube that was prepared of them.
        parcels: The pixels of each parcel.
        recipe: How series are prepared, settled for these images; a cube must have been prepared so.
        min_clear_share: A date is clear for a parcel where at least this share of its pixels is; 0 asks for one pixel.
            Of a cube: the share of its pixels that the recipe must have accepted.
        progress: Told after each block; cancels between blocks.

    Returns:
        The parcels whose series the recipe accepts, in order; and notes that say how many of which class were dropped,
        and why. Means are summed in float64 and rounded once: that of one pixel is the pixel.

    Raises:
        SampleError: A pixel outside the images, or no usable series.
        RecipeError: The cube was prepared otherwise.
    """
    check_inside(series, parcels.rows, parcels.cols, parcels.samples.ids[parcels.sample])
    with contextlib.ExitStack() as stack:
        source: _Scenes | _Cube
        if isinstance(series, PreparedSeries):
            source = _Cube(series, recipe)
        else:
            source = _Scenes(stack.enter_context(SeriesReader(series)), series, recipe)
        means = _Means(source, parcels, min_clear_share)
        pieces = source.gather(parcels.rows, parcels.cols)
        threads = readers(max(map(len, pieces)) * source.pixel_bytes + PART**2 * source.part_bytes)
        report(means.fill(pieces, threads), len(parcels.rows), progress or Progress())
    prepared = Prepared(means.values, recipe_nodes(recipe), prepared_bands(series, recipe), means.why)
    return labelled(series, parcels.samples, prepared, recipe)


def read_raw_parcels(
    series: SceneSeries,
    parcels: PlacedParcels,
    min_clear_share: float = MIN_CLEAR_SHARE,
    progress: Progress | None = None,
) -> RawSamples:
    """Read the mean series of parcels as `extract_parcels` makes them, without preparing them.

    Args:
        series: The images.
        parcels: The pixels of each parcel.
        min_clear_share: As in `extract_parcels`.
        progress: Told after each block; cancels between blocks.

    Raises:
        SampleError: A pixel outside the images.
        SourceError: A file cannot be read.
    """
    check_inside(series, parcels.rows, parcels.cols, parcels.samples.ids[parcels.sample])
    with SeriesReader(series) as reader:
        source = _Unprepared(reader, series)
        means = _Means(source, parcels, min_clear_share)
        pieces = source.gather(parcels.rows, parcels.cols)
        threads = readers(max(map(len, pieces)) * source.pixel_bytes + PART**2 * source.part_bytes)
        report(means.fill(pieces, threads), len(parcels.rows), progress or Progress())
    block = SceneBlock(means.values[..., :-1].copy(), means.values[..., -1] > 0, source.dates, series.bands)
    return RawSamples(series, parcels.samples, block)


class _Scenes:
    """Gives the pixels' acquisitions; the mean series is prepared."""

    def __init__(self, reader: SeriesReader, series: SceneSeries, recipe: Recipe) -> None:
        self._reader, self._series, self._recipe = reader, series, recipe
        self._dates = tuple(sorted(set(series.dates)))
        self.gather = reader.gather
        self.made = len(recipe_nodes(recipe)), len(prepared_bands(series, recipe))
        self.pixel_bytes = len(series.scenes) * (4 * len(series.bands) + 1)
        # Of one pixel in a part: read, and at worst a parcel of its own, summed and prepared.
        numbers = 3 * len(self._dates) * len(series.bands) + widest(recipe, len(series.scenes), series.bands)
        self.part_bytes = self.pixel_bytes + 4 * numbers

    def parts(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> Iterator[_Seen]:
        for part, block in self._reader.read_pixel_parts(rows, cols, PART**2):
            seen = observe(block, self._recipe.season)
            yield part, seen.values, seen.clear

    def finished(
        self, mean: NDArray[np.float32], clear: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
        cube = prepare(SceneBlock(mean, clear, self._dates, self._series.bands), self._recipe)
        return cube.values, reasons(cube)


class _Unprepared:
    """Gives the pixels' acquisitions; the mean series stays as it is, with where it is clear as its last band."""

    def __init__(self, reader: SeriesReader, series: SceneSeries) -> None:
        self._reader = reader
        self._season = Season(series.dates[0], series.dates[0])  # it only numbers the days
        self.dates = tuple(sorted(set(series.dates)))
        self.gather = reader.gather
        self.made = len(self.dates), len(series.bands) + 1
        self.pixel_bytes = len(series.scenes) * (4 * len(series.bands) + 1)
        # Of one pixel in a part: read, and at worst a parcel of its own, summed and kept.
        self.part_bytes = self.pixel_bytes + 16 * self.made[0] * self.made[1]

    def parts(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> Iterator[_Seen]:
        for part, block in self._reader.read_pixel_parts(rows, cols, PART**2):
            seen = observe(block, self._season)
            yield part, seen.values, seen.clear

    def finished(
        self, mean: NDArray[np.float32], clear: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
        return np.concatenate([mean, clear[..., np.newaxis]], axis=2, dtype=np.float32), np.full(len(mean), "", WHY)


class _Cube:
    """Gives the pixels' prepared series; their mean is what is wanted."""

    def __init__(self, series: PreparedSeries, recipe: Recipe) -> None:
        check_recipe(series, recipe, recipe.season)
        self._reader = CubeReader(series)
        self._steps = len(series.steps)
        self.gather = self._reader.gather
        self.made = self._steps, len(series.bands)
        numbers = self._steps * len(series.bands)
        self.pixel_bytes, self.part_bytes = 8 * numbers, 20 * numbers

    def parts(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> Iterator[_Seen]:
        cube = self._reader.read_pixels(rows, cols)
        usable = np.asarray(reasons(cube) == "")
        yield slice(0, len(rows)), cube.values.reshape(len(rows), 1, -1), usable[:, np.newaxis]

    def finished(
        self, mean: NDArray[np.float32], clear: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
        return mean.reshape(len(mean), self._steps, -1), np.where(clear[:, 0], "", TOO_FEW_PIXELS).astype(np.str_)


@dataclass(frozen=True)
class _Sums:
    """Of the pixels of some parcels: number of each parcel, its sums, (parcel, time, band), clear pixels, pixels."""

    parcel: NDArray[np.int64]
    total: NDArray[np.float64]
    clear: NDArray[np.int64]
    size: NDArray[np.int64]

    def take(self, chosen: NDArray[np.bool_]) -> _Sums:
        return _Sums(self.parcel[chosen], self.total[chosen], self.clear[chosen], self.size[chosen])


class _Means:
    """Fills in the prepared series of parcels, piece of the files by piece."""

    def __init__(self, source: _Scenes | _Unprepared | _Cube, parcels: PlacedParcels, share: float) -> None:
        self._source, self._parcels, self._share = source, parcels, share
        self._size = np.bincount(parcels.sample)
        # Sums of parcels that several pieces hold: not all of them read yet, and all read.
        self._begun: dict[int, _Sums] = {}
        self._whole: list[_Sums] = []
        self.values = np.empty((len(self._size), *source.made), np.float32)
        self.why = np.full(len(self._size), "", dtype=WHY)

    def fill(self, pieces: tuple[NDArray[np.intp], ...], threads: int) -> Generator[int, None, None]:
        """Yield the number of pixels of each piece once it is done."""
        with contextlib.closing(in_order(self._piece, pieces, threads)) as done:
            for count, cut in done:
                for sums in cut:
                    self._join(sums)
                if len(self._whole) >= _TOGETHER:
                    self._finish_whole()
                yield count
        self._finish_whole()

    def _piece(self, piece: NDArray[np.intp]) -> tuple[int, list[_Sums]]:
        """Finish the parcels that lie in one part of the piece; return the sums of the others."""
        # Parcel by parcel, so that few are cut where a part ends.
        piece = piece[np.argsort(self._parcels.sample[piece], kind="stable")]
        cut = []
        for part, values, clear in self._source.parts(self._parcels.rows[piece], self._parcels.cols[piece]):
            sums = _summed(values, clear, self._parcels.sample[piece[part]])
            whole = sums.size == self._size[sums.parcel]
            self._finish(sums.take(whole))
            cut.append(sums.take(~whole))
        return len(piece), cut

    def _join(self, sums: _Sums) -> None:
        for k, parcel in enumerate(sums.parcel.tolist()):
            own = _Sums(*(array[k : k + 1].copy() for array in (sums.parcel, sums.total, sums.clear, sums.size)))
            before = self._begun.pop(parcel, None)
            if before is not None:
                own = _Sums(own.parcel, before.total + own.total, before.clear + own.clear, before.size + own.size)
            if own.size[0] == self._size[parcel]:
                self._whole.append(own)
            else:
                self._begun[parcel] = own

    def _finish_whole(self) -> None:
        if self._whole:
            names = ("parcel", "total", "clear", "size")
            self._finish(_Sums(*(np.concatenate([getattr(each, name) for each in self._whole]) for name in names)))
            self._whole.clear()

    def _finish(self, sums: _Sums) -> None:
        if not len(sums.parcel):
            return
        with np.errstate(invalid="ignore"):
            mean = (sums.total / sums.clear[..., np.newaxis]).astype(np.float32)
        # A product's last bits must not ask for one pixel more: 0.28 x 25 is above 7.
        least = np.maximum(1.0, self._share * sums.size - _ROUNDING)
        clear = sums.clear >= least[:, np.newaxis]
        self.values[sums.parcel], self.why[sums.parcel] = self._source.finished(mean, clear)


def _summed(values: NDArray[np.float32], clear: NDArray[np.bool_], parcel: NDArray[np.int64]) -> _Sums:
    own, slot, size = np.unique(parcel, return_inverse=True, return_counts=True)
    total = np.zeros((len(own), *values.shape[1:]))
    count = np.zeros((len(own), values.shape[1]), np.int64)
    _add_up(np.ascontiguousarray(values), np.ascontiguousarray(clear), slot.astype(np.int64), total, count)
    return _Sums(own, total, count, size.astype(np.int64))


@kernel
def _add_up(
    values: NDArray[np.float32],
    clear: NDArray[np.bool_],
    slot: NDArray[np.int64],
    total: NDArray[np.float64],
    count: NDArray[np.int64],
) -> None:
    """Add each pixel's clear values, (pixel, time, band), to the sums of its parcel, (parcel, time, band)."""
    for pixel in range(len(values)):
        own = slot[pixel]
        for time in range(values.shape[1]):
            if clear[pixel, time]:
                count[own, time] += 1
                for band in range(values.shape[2]):
                    total[own, time, band] += values[pixel, time, band]
