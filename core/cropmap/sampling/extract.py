"""From placed pixels to prepared, labelled series."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.contract.progress import Progress
from cropmap.data.samples import SampleSet
from cropmap.prepare.blocks import PreparedReader
from cropmap.threads import in_order, worker_count

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from cropmap.data.cube import RegularCube
    from cropmap.data.legend import Legend
    from cropmap.data.prepared import PreparedSeries
    from cropmap.data.recipe import Recipe
    from cropmap.data.samples import PlacedSamples
    from cropmap.data.scenes import SceneSeries

_READ_BYTES = 800 * 10**6  # of what all threads hold while they read
_READING = "Reading the samples' series"

NO_DATE = "no clear date in the season"
NOT_ENOUGH = "too few clear dates or too long a gap"
NOT_FINITE = "values missing after preparation"
WHY = "<U64"  # kind of text that holds every reason


@dataclass(frozen=True)
class Prepared:
    """Prepared series of all samples, dropped ones included.

    Args:
        values: (sample, step, band), float32.
        days: Day of season of each step, (step,).
        bands: Feature names.
        why: Why a sample cannot be used, (sample,), text; empty where it can.
    """

    values: NDArray[np.float32]
    days: NDArray[np.int32]
    bands: tuple[str, ...]
    why: NDArray[np.str_]


def extract(
    series: SceneSeries | PreparedSeries, placed: PlacedSamples, recipe: Recipe, progress: Progress | None = None
) -> tuple[SampleSet, tuple[str, ...]]:
    """Read and prepare the series of placed pixels.

    Each block of the files is read once, however many of its pixels are labelled (but for blocks whose labelled pixels
    take more than 320 MB). Blocks are read and prepared by several threads; the result does not
    depend on their number.

    Args:
        series: The images, or the cube that was prepared of them.
        placed: The pixels.
        recipe: How series are prepared, settled for these images; a cube must have been prepared so.
        progress: Told after each block; cancels between blocks.

    Returns:
        The samples whose series the recipe accepts, in the order of `placed`; and notes that say how many of which
        class were dropped, and why.

    Raises:
        SampleError: A pixel outside the images, or no usable series.
        RecipeError: The cube was prepared otherwise.
    """
    check_inside(series, placed.rows, placed.cols, placed.ids)
    prepared = _prepared(series, placed, recipe, progress or Progress())
    return labelled(series, placed, prepared, recipe)


def labelled(
    series: SceneSeries | PreparedSeries, placed: PlacedSamples, prepared: Prepared, recipe: Recipe
) -> tuple[SampleSet, tuple[str, ...]]:
    """Put together prepared series and what is known of each sample, as `extract` returns them.

    Raises:
        SampleError: No usable series.
    """
    kept = prepared.why == ""
    notes = dropped_notes(placed.codes, prepared.why, placed.legend)
    if not kept.any():
        raise SampleError(
            "None of the samples has a usable series.",
            where="; ".join(notes),
            fix="Check the season and the cloud mask, or accept fewer clear dates.",
        )
    samples = SampleSet(
        values=np.ascontiguousarray(prepared.values[kept]),
        codes=placed.codes[kept],
        ids=placed.ids[kept],
        x=placed.x[kept],
        y=placed.y[kept],
        groups=placed.groups[kept],
        days=prepared.days,
        bands=prepared.bands,
        legend=placed.legend,
        recipe=recipe,
        crs=series.grid.crs,
        masked=series.masked,
    )
    return samples, notes


def reasons(cube: RegularCube) -> NDArray[np.str_]:
    """Return why each pixel of a cube is of no use, (pixel,); empty where it is of use."""
    finite = np.isfinite(cube.values).all(axis=(1, 2))
    tests = [cube.valid & finite, cube.quality.clear_dates == 0, ~cube.valid]
    return np.select(tests, ["", NO_DATE, NOT_ENOUGH], NOT_FINITE).astype(np.str_)


def dropped_notes(codes: NDArray[np.uint8], why: NDArray[np.str_], legend: Legend) -> tuple[str, ...]:
    """Say how many samples of which class were dropped, a sentence for each reason."""
    notes = []
    for reason in sorted(set(why.tolist()) - {""}):
        counts = Counter(codes[why == reason].tolist())
        classes = ", ".join(
            f"{counts[found.code]} of class {found.name!r}" for found in legend.classes if counts[found.code]
        )
        notes.append(f"{counts.total()} of {len(codes)} samples dropped, {reason}: {classes}.")
    return tuple(notes)


def check_inside(
    series: SceneSeries | PreparedSeries,
    rows: NDArray[np.int64],
    cols: NDArray[np.int64],
    ids: NDArray[np.str_],
) -> None:
    """Refuse pixels outside the images.

    Args:
        series: The images.
        rows: (pixel,).
        cols: (pixel,).
        ids: Of the sample that each pixel belongs to, (pixel,).

    Raises:
        SampleError: One lies outside.
    """
    grid = series.grid
    inside = (rows >= 0) & (rows < grid.height) & (cols >= 0) & (cols < grid.width)
    if not inside.all():
        first = int(np.flatnonzero(~inside)[0])
        raise SampleError(
            f"Sample {ids[first]} is at row {rows[first]}, column {cols[first]}, "
            f"outside the {grid.height} x {grid.width} pixels of the images.",
            fix="Place the labels on these images' grid.",
        )


def readers(largest_bytes: int) -> int:
    """Return how many threads read at a time, so that what they hold stays within about 800 MB.

    Args:
        largest_bytes: Of the largest piece that one of them holds.
    """
    return max(1, min(worker_count(0), _READ_BYTES // max(1, largest_bytes)))


def _prepared(
    series: SceneSeries | PreparedSeries, placed: PlacedSamples, recipe: Recipe, progress: Progress
) -> Prepared:
    with PreparedReader(series, recipe) as reader:
        return read_prepared(reader, placed.rows, placed.cols, progress, _READING)


def read_prepared(
    reader: PreparedReader, rows: NDArray[np.int64], cols: NDArray[np.int64], progress: Progress, doing: str
) -> Prepared:
    """Read and prepare single pixels, each block of the files once, by several threads.

    Args:
        reader: Of the images, open.
        rows: (pixel,).
        cols: (pixel,).
        progress: Told after each block; it cancels.
        doing: What it is told.
    """
    values = np.empty((len(rows), len(reader.days), len(reader.bands)), np.float32)
    why = np.full(len(rows), "", dtype=WHY)

    def keep(part: NDArray[np.intp], cube: RegularCube) -> None:
        values[part] = cube.values
        why[part] = reasons(cube)

    each_part(reader, rows, cols, keep, progress, doing)
    return Prepared(values, reader.days, reader.bands, why)


def each_part(
    reader: PreparedReader,
    rows: NDArray[np.int64],
    cols: NDArray[np.int64],
    take: Callable[[NDArray[np.intp], RegularCube], None],
    progress: Progress,
    doing: str,
) -> None:
    """Read and prepare single pixels as `read_prepared` does, and hand them over part by part.

    Args:
        reader: Of the images, open.
        rows: (pixel,).
        cols: (pixel,).
        take: Called in the threads with the positions of some of the pixels, (part,), and their series.
        progress: Told after each block; it cancels.
        doing: What it is told.
    """
    pieces = reader.gather(rows, cols)

    def work(piece: NDArray[np.intp]) -> int:
        for part, cube in reader.pixel_parts(rows[piece], cols[piece]):
            take(piece[part], cube)
        return len(piece)

    threads = readers(max(map(len, pieces), default=0) * reader.pixel_bytes + reader.part_bytes)
    report(in_order(work, pieces, threads), len(rows), progress, doing)


def report(done: Generator[int, None, None], pixels: int, progress: Progress, doing: str = _READING) -> None:
    """Take how many pixels each piece of work held, and tell the share that is done; cancels between pieces."""
    read = 0
    progress.at(0.0, doing)
    with contextlib.closing(done):
        for count in done:
            read += count
            progress.at(read / pixels, doing)
