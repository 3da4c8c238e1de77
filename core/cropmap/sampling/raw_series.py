"""The samples' series as they were read, once, to be prepared in several ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.progress import Progress
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.samples import PlacedSamples, SampleSet
from cropmap.data.scenes import SceneBlock, SceneSeries
from cropmap.io.series import SeriesReader
from cropmap.prepare.blocks import PART
from cropmap.prepare.recipe import make_recipe, prepare, recipe_bands, recipe_nodes
from cropmap.sampling.extract import WHY, Prepared, check_inside, labelled, readers, reasons, report
from cropmap.threads import in_order

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

# Samples prepared together, so that what the steps make in between stays small.
_TOGETHER = PART**2


@dataclass(frozen=True, eq=False)
class RawSamples:
    """Labelled pixels or parcels with their series as they were acquired.

    Args:
        series: The images that they come from.
        placed: The samples.
        block: Their series, (sample, time, band), on the images' own dates.
    """

    series: SceneSeries
    placed: PlacedSamples
    block: SceneBlock

    def prepared(self, recipe: Recipe) -> tuple[SampleSet, tuple[str, ...]]:
        """Prepare the series; the same samples come out as of `cropmap.sampling.extract.extract`.

        Args:
            recipe: How, settled for these images.

        Returns:
            The samples whose series the recipe accepts, in order; and notes on those that were dropped.

        Raises:
            SampleError: No usable series.
            RecipeError: The recipe makes no regular steps.
        """
        nodes, bands = recipe_nodes(recipe), recipe_bands(recipe, self.block.bands)
        count = len(self.placed)
        values = np.empty((count, len(nodes), len(bands)), np.float32)
        why = np.full(count, "", dtype=WHY)
        for start in range(0, count, _TOGETHER):
            part = slice(start, min(start + _TOGETHER, count))
            cube = prepare(_part(self.block, part), recipe)
            values[part], why[part] = cube.values, reasons(cube)
        return labelled(self.series, self.placed, Prepared(values, nodes, bands, why), recipe)


def read_raw(series: SceneSeries, placed: PlacedSamples, progress: Progress | None = None) -> RawSamples:
    """Read the series of placed pixels without preparing them.

    Each block of the files is read once, by several threads. All series are held: samples x dates x (bands x 4 + 1)
    bytes.

    Args:
        series: The images.
        placed: The pixels.
        progress: Told after each block; cancels between blocks.

    Raises:
        SampleError: A pixel outside the images.
        SourceError: A file cannot be read.
    """
    check_inside(series, placed.rows, placed.cols, placed.ids)
    dates, bands = series.dates, series.bands
    values = np.empty((len(placed), len(dates), len(bands)), np.float32)
    clear = np.empty((len(placed), len(dates)), np.bool_)
    pixel_bytes = len(dates) * (4 * len(bands) + 1)
    with SeriesReader(series) as reader:

        def work(piece: NDArray[np.intp]) -> int:
            for part, block in reader.read_pixel_parts(placed.rows[piece], placed.cols[piece], PART**2):
                values[piece[part]], clear[piece[part]] = block.values, block.clear
            return len(piece)

        pieces = reader.gather(placed.rows, placed.cols)
        threads = readers(max(map(len, pieces)) * pixel_bytes + PART**2 * pixel_bytes)
        report(in_order(work, pieces, threads), len(placed), progress or Progress())
    return RawSamples(series, placed, SceneBlock(values, clear, dates, bands))


def recipe_until(
    name: str, values: Mapping[str, Any], dates: Iterable[dt.date], start: dt.date, end: dt.date
) -> Recipe:
    """Make a registered recipe for the part of a season that is over on a date, and forget what is acquired later.

    The recipe is made anew, so that whatever it takes from the season or the dates is that of the shorter season, and
    its first step is `cut_off`.

    Args:
        name: The recipe's registered name.
        values: Its parameter values; start and end are replaced.
        dates: The series' acquisition dates.
        start: The season's start.
        end: Last day that counts.

    Raises:
        RecipeError: The season is too short for the recipe, or holds fewer than two of the dates.
    """
    span = {"start": start.isoformat(), "end": end.isoformat()}
    made = make_recipe(name, {**values, **span}, dates)
    return Recipe(made.name, made.season, (StepUse("cut_off", {}), *made.steps))


def _part(block: SceneBlock, part: slice) -> SceneBlock:
    return SceneBlock(block.values[part], block.clear[part], block.dates, block.bands)
