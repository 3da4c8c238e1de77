"""From placed pixels to prepared, labelled series."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.contract.progress import Progress
from cropmap.data.samples import SampleSet
from cropmap.prepare.blocks import PreparedReader

if TYPE_CHECKING:
    from cropmap.data.cube import RegularCube
    from cropmap.data.legend import Legend
    from cropmap.data.prepared import PreparedSeries
    from cropmap.data.recipe import Recipe
    from cropmap.data.samples import PlacedSamples
    from cropmap.data.scenes import SceneSeries

CHUNK_BYTES = 256 << 20  # of the series prepared at a time, at their widest

NO_DATE = "no clear date in the season"
NOT_ENOUGH = "too few clear dates or too long a gap"
NOT_FINITE = "values missing after preparation"


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

    Pixels are read block by block of the files, as many as take about 256 MB while prepared; a block that holds more
    labelled pixels than that is read more than once.

    Args:
        series: The images, or the cube that was prepared of them.
        placed: The pixels.
        recipe: How series are prepared, settled for these images; a cube must have been prepared so.
        progress: Told after each chunk of pixels; cancels between chunks.

    Returns:
        The samples whose series the recipe accepts, in the order of `placed`; and notes that say how many of which
        class were dropped, and why.

    Raises:
        SampleError: A pixel outside the images, or no usable series.
        RecipeError: The cube was prepared otherwise.
    """
    _check_inside(series, placed)
    prepared = _prepared(series, placed, recipe, progress or Progress())
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


def chunks_of(rows: NDArray[np.int64], cols: NDArray[np.int64], block: int, most: int) -> list[NDArray[np.intp]]:
    """Split pixels into chunks of whole blocks.

    Args:
        rows: (pixel,).
        cols: (pixel,).
        block: Edge of the files' blocks, in pixels.
        most: Pixels in a chunk; only a block that alone holds more is split.

    Returns:
        Positions of each chunk's pixels, in the order of the blocks.
    """
    down, right = rows // block, cols // block
    order = np.lexsort((cols, rows, right, down))
    new_block = np.flatnonzero(np.diff(down[order]) | np.diff(right[order])) + 1
    parts = [
        pixels[start : start + most] for pixels in np.split(order, new_block) for start in range(0, len(pixels), most)
    ]
    chunks: list[list[NDArray[np.intp]]] = [[]]
    held = 0
    for part in parts:
        if held + len(part) > most and held:
            chunks.append([])
            held = 0
        chunks[-1].append(part)
        held += len(part)
    return [np.concatenate(chunk) for chunk in chunks]


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


def _check_inside(series: SceneSeries | PreparedSeries, placed: PlacedSamples) -> None:
    grid = series.grid
    inside = (placed.rows >= 0) & (placed.rows < grid.height) & (placed.cols >= 0) & (placed.cols < grid.width)
    if not inside.all():
        first = int(np.flatnonzero(~inside)[0])
        raise SampleError(
            f"Sample {placed.ids[first]} is at row {placed.rows[first]}, column {placed.cols[first]}, "
            f"outside the {grid.height} x {grid.width} pixels of the images.",
            fix="Place the labels on these images' grid.",
        )


def _prepared(
    series: SceneSeries | PreparedSeries, placed: PlacedSamples, recipe: Recipe, progress: Progress
) -> Prepared:
    why = np.full(len(placed), NO_DATE, dtype=f"<U{max(map(len, (NO_DATE, NOT_ENOUGH, NOT_FINITE)))}")
    with PreparedReader(series, recipe) as reader:
        days, bands = reader.days, reader.bands
        values = np.empty((len(placed), len(days), len(bands)), np.float32)
        most = max(1, CHUNK_BYTES // reader.series_bytes)
        chunks = chunks_of(placed.rows, placed.cols, reader.block_size, most)
        for chunk in progress.over(chunks, "Reading the samples' series"):
            cube = reader.read_pixels(placed.rows[chunk], placed.cols[chunk])
            values[chunk] = cube.values
            why[chunk] = reasons(cube)
    return Prepared(values, days, bands, why)
