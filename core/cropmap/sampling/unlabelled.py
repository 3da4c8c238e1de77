"""Series of a site without labels: drawn whatever their class, parted by land, kept apart from what is tested."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import RecipeError, SampleError
from cropmap.contract.progress import Progress
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.recipe import Recipe
from cropmap.data.samples import LONE_GROUP, SampleSet
from cropmap.data.season import Season
from cropmap.io.projection import reproject_points
from cropmap.io.rasters import same_crs
from cropmap.prepare.blocks import PreparedReader
from cropmap.prepare.look import settled_for
from cropmap.sampling.blocks import BLOCK_M, blocks_of, land_of
from cropmap.sampling.draw import DrawOptions, draw_pixels
from cropmap.sampling.extract import read_prepared
from cropmap.sampling.near import chord, metric_points, to_nearest
from cropmap.sampling.pixel_ids import pixel_ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cropmap.data.prepared import PreparedSeries
    from cropmap.data.samples import FoldPlan
    from cropmap.data.scenes import SceneSeries
    from cropmap.data.site import Grid

# The one class that a file of such series has.
UNLABELLED = Legend((LegendClass(0, "unlabelled", "#9aa0a6"),))
_BLOCK = 1024
_SMALLEST_BLOCK_M = 100.0


@dataclass(frozen=True, eq=False)
class Wanted:
    """What the drawn series shall be.

    Args:
        recipe: How they are prepared: the source's, settled or not.
        season: Instead of the recipe's own: the same span of another year.
        bands: Features, in order.
        days: Day of season of each step, (step,).
    """

    recipe: Recipe
    season: Season
    bands: tuple[str, ...]
    days: NDArray[np.int32]


def draw_unlabelled(
    series: SceneSeries | PreparedSeries, wanted: Wanted, count: int, seed: int, progress: Progress | None = None
) -> tuple[SampleSet, tuple[str, ...]]:
    """Draw pixels of a season of images, each as likely, and prepare their series.

    Args:
        series: The images, or the cube that was prepared of them.
        wanted: What the series shall be.
        count: How many pixels; all there are where there are fewer.
        seed: The same seed draws the same pixels, and the first n of more are n.
        progress: Told after each block of the files; it cancels.

    Returns:
        The pixels that have a usable series, all of the class "unlabelled"; and notes on those that have none.

    Raises:
        GridError: The images name no coordinate reference system.
        RecipeError: The season cannot be served, or the cube was prepared otherwise.
        SampleError: A band is missing, or no pixel has a usable series.
    """
    progress, grid = progress or Progress(), series.grid
    wanted.season.check_dates(series.dates)
    recipe = settled_for(wanted.recipe, series, wanted.season)
    drawn = draw_pixels(lambda: _blocks(grid), grid, {0: count}, DrawOptions(seed), progress.part(0.0, 0.1))
    with PreparedReader(series, recipe, wanted.season) as reader:
        _check_like(reader, wanted)
        order = [reader.bands.index(band) for band in wanted.bands]
        read = read_prepared(reader, drawn.rows, drawn.cols, progress.part(0.1, 1.0), "Reading series of the target")
    kept = np.flatnonzero(read.why == "")
    notes = tuple(
        f"{int((read.why == reason).sum())} of {len(read.why)} pixels drawn from the target have no usable series: "
        f"{reason}."
        for reason in sorted(set(read.why.tolist()) - {""})
    )
    if not len(kept):
        raise SampleError(
            f"None of the {len(read.why)} pixels drawn has a usable series.",
            where=" ".join(notes),
            fix="Check the season and the cloud mask, or accept fewer clear dates.",
        )
    rows, cols = drawn.rows[kept], drawn.cols[kept]
    x, y = grid.centres(rows, cols)
    ids = pixel_ids(grid, rows, cols)
    samples = SampleSet(
        values=np.ascontiguousarray(read.values[kept][:, :, order]),
        codes=np.zeros(len(kept), np.uint8),
        ids=ids,
        x=x,
        y=y,
        groups=np.char.add(LONE_GROUP, ids),
        days=read.days,
        bands=wanted.bands,
        legend=UNLABELLED,
        recipe=dataclasses.replace(recipe, season=wanted.season),
        crs=grid.crs,
        masked=series.masked,
    )
    return samples, notes


def without_labels(samples: SampleSet) -> SampleSet:
    """Return samples as series of the class "unlabelled"."""
    return dataclasses.replace(samples, codes=np.zeros(len(samples), np.uint8), legend=UNLABELLED)


def land_units(samples: SampleSet, wanted: int = 20, block_m: float = BLOCK_M) -> NDArray[np.intp]:
    """Return a number for the square block of land that each sample stands in, (sample,).

    Args:
        samples: With places.
        wanted: Blocks are halved, to 100 m at the least, while there are fewer.
        block_m: Edge of the largest blocks, in metres.

    Raises:
        SampleError: A sample has no place.
    """
    land = land_of(samples.x, samples.y, samples.groups, samples.codes, samples.crs)
    units = blocks_of(land, block_m, np.zeros(2))
    while units.max() + 1 < wanted and block_m > _SMALLEST_BLOCK_M:
        block_m = max(block_m / 2, _SMALLEST_BLOCK_M)
        units = blocks_of(land, block_m, np.zeros(2))
    return units


def apart(series: SampleSet, samples: SampleSet, plan: FoldPlan, fold: int) -> NDArray[np.bool_]:
    """Return which series do not stand on the land of a fold that is tested, (series,).

    A series stands on the land of the sample that is nearest to it; one nearer to a test sample than the plan's gap
    stands on the test's land too.

    Args:
        series: With places, in any CRS.
        samples: Those that the plan splits.
        plan: Their folds.
        fold: The one that is tested.

    Raises:
        SampleError: A place of one side is missing in the other's CRS.
    """
    points = np.column_stack([series.x, series.y])
    if series.crs and samples.crs and not same_crs(series.crs, samples.crs):
        points = reproject_points(points, series.crs, samples.crs)
    if not np.isfinite(points).all():
        raise SampleError("Series of the target have no place among its samples.", fix="Draw them from its images.")
    there = metric_points(points[:, 0], points[:, 1], samples.crs)
    own = metric_points(samples.x, samples.y, samples.crs)
    tested = to_nearest(there, own[plan.fold == fold])
    others = to_nearest(there, own[(plan.fold != fold) & (plan.fold >= 0)])
    found: NDArray[np.bool_] = (tested > others) & (tested >= chord(own, plan.gap_m))
    return found


def _check_like(reader: PreparedReader, wanted: Wanted) -> None:
    missing = [band for band in wanted.bands if band not in reader.bands]
    if missing:
        raise SampleError(
            f"The source's series hold {', '.join(wanted.bands)}; the target's images give {', '.join(reader.bands)}.",
            where=f"missing: {', '.join(missing)}",
            fix="Rename the bands, add them, or sample the source again with the bands that both have.",
        )
    if not np.array_equal(reader.days, wanted.days):
        raise RecipeError(
            f"The season {reader.season.start} .. {reader.season.end} makes {len(reader.days)} time steps; the source "
            f"has {len(wanted.days)}.",
            where=f"recipe {wanted.recipe.name!r}",
            fix="Give a season as long as the source's.",
        )


def _blocks(grid: Grid) -> Iterator[tuple[int, int, NDArray[Any]]]:
    """Yield the grid's blocks with one class for all pixels."""
    for row in range(0, grid.height, _BLOCK):
        for col in range(0, grid.width, _BLOCK):
            shape = min(_BLOCK, grid.height - row), min(_BLOCK, grid.width - col)
            yield row, col, np.zeros(shape, np.uint8)
