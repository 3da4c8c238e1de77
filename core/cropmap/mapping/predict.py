"""Map a season of images with a fitted model, block by block."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import RecipeError
from cropmap.contract.progress import Progress
from cropmap.data.legend import NODATA
from cropmap.data.package import ModelPackage
from cropmap.data.season import Season
from cropmap.data.site import Window
from cropmap.io.maps import MapPlan, MapWriter
from cropmap.mapping.blocks import plan_work
from cropmap.mapping.fingerprint import map_fingerprint
from cropmap.models.base import SelfFittingClassifier
from cropmap.models.predictor import Predictor
from cropmap.prepare.blocks import PreparedReader, prepared_bands
from cropmap.prepare.look import settled_for
from cropmap.prepare.recipe import recipe_nodes
from cropmap.seeds import torch_threads
from cropmap.threads import in_order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from cropmap.data.cube import RegularCube
    from cropmap.data.maps import ClassMap
    from cropmap.data.prepared import PreparedSeries
    from cropmap.data.scenes import SceneSeries

# Pixels that are selected, scaled and predicted at a time: some 15 MB of copies.
_ROWS = 16_384
# Share of the progress that goes to the blocks; the rest to compressing and checking the map.
_BLOCKS_SHARE = 0.96
# Below this share of mapped pixels the user is warned.
_FEW = 0.01
# Above this share of pixels outside the area of applicability too.
_MUCH = 0.1


@dataclass(frozen=True)
class MapOptions:
    """How a map is made and where it goes.

    Args:
        folder: Of the outputs; made if need be.
        block: Side of the blocks in pixels; 0 follows the images' own tiles and a bound on memory.
        threads: Blocks computed at a time; 0 for as many as cores, at most 8. Fewer, where they would take more than
            about 700 MB together.
        confidence: Whether to write the probability of the mapped class too.
        outside: Whether to write too how far each pixel is from what the model learnt from, where the model tells.
        season: Span to map; None takes the model's season in the year that holds most of the images.
        name: Of the files.
        checkpoint_s: Seconds between two checkpoints: the most work that a kill can cost.
        device: "auto", "cpu" or "cuda"; only networks use a GPU.
    """

    folder: Path | str
    block: int = 0
    threads: int = 2
    confidence: bool = True
    outside: bool = True
    season: Season | None = None
    name: str = "map"
    checkpoint_s: float = 20.0
    device: str = "auto"


class BlockReader(Protocol):
    """What reads and prepares a block: `prepare.blocks.PreparedReader`, or a test's stand-in."""

    def parts(self, window: Window) -> Iterator[tuple[Window, RegularCube]]:
        """Yield the prepared series of a window part by part, each in row-major order."""


class BlockPredictor(Protocol):
    """What predicts prepared series: `models.predictor.Predictor`, or a test's stand-in."""

    def probabilities(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return class probabilities, (n, class), of prepared values, (n, step, band); NaN where there is no series."""

    def codes_of(self, probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return the code of the likeliest class; NODATA where a probability is NaN."""

    def outside(self, values: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return how far prepared series are from what the model learnt from, in percent of the threshold."""


@dataclass(frozen=True)
class MappedBlock:
    """A finished block.

    Args:
        window: Where.
        codes: Class codes, (row, col), uint8; NODATA where there is none.
        confidence: Highest probability in percent, (row, col), uint8; NODATA where there is no class.
        outside: How far from what the model learnt from, in percent of the threshold, (row, col), uint8; NODATA where
            there is no class, and where the mapper does not tell.
    """

    window: Window
    codes: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    outside: NDArray[np.uint8]


@dataclass(frozen=True)
class BlockMapper:
    """Reads, prepares and predicts one block; shared by threads.

    Args:
        reader: Of the images.
        predictor: Of the package.
        package: The fitted model.
        outside: Whether to tell how far each pixel is from what the model learnt from.
    """

    reader: BlockReader
    predictor: BlockPredictor
    package: ModelPackage
    outside: bool = False

    def __call__(self, window: Window) -> MappedBlock:
        """Return the block's classes, their confidence, and how far it is from what the model learnt from."""
        layers = np.full((3, window.height, window.width), NODATA, np.uint8)
        for part, cube in self.reader.parts(window):
            top, left = part.row - window.row, part.col - window.col
            inside = np.s_[:, top : top + part.height, left : left + part.width]
            layers[inside] = self._predicted(cube).reshape(3, part.height, part.width)
        return MappedBlock(window, *layers)

    def _predicted(self, cube: RegularCube) -> NDArray[np.uint8]:
        """Return code, confidence and distance from the training of each pixel, (3, pixel)."""
        found = np.full((3, len(cube.valid)), NODATA, np.uint8)
        order = self._band_order(cube)
        usable = np.flatnonzero(cube.valid)
        for start in range(0, len(usable), _ROWS):
            rows = usable[start : start + _ROWS]
            values = np.ascontiguousarray(cube.values[rows][:, :, order])
            probabilities = self.predictor.probabilities(values)
            found[0, rows] = self.predictor.codes_of(probabilities)
            found[1, rows] = percent(probabilities)
            if self.outside:
                known = found[0, rows] != NODATA
                found[2, rows] = np.where(known, self.predictor.outside(values), NODATA)
        return found

    def _band_order(self, cube: RegularCube) -> list[int] | slice:
        self.package.check_bands(cube.bands)
        if cube.bands == self.package.bands:
            return slice(None)
        return [cube.bands.index(band) for band in self.package.bands]


def map_series(
    package: ModelPackage,
    series: SceneSeries | PreparedSeries,
    options: MapOptions,
    progress: Progress | None = None,
) -> ClassMap:
    """Map every pixel of a series, and write the map as it grows.

    The map is the same, byte for byte in its pixels, whatever the block size and the number of threads, as far as the
    model answers for a pixel without regard to its neighbours in a batch. A run that was stopped is continued; a map
    that is finished already is returned as it is, where it was made of the same model, images and season.

    Args:
        package: The fitted model.
        series: The images of one season, or the cube that was prepared of them.
        options: How and where.
        progress: Told after each block; cancels between blocks.

    Raises:
        PackageError: The images lack a band of the model.
        RecipeError: The season holds fewer than two of the images' dates, or has other time steps than the model; or
            the cube was prepared by another recipe, or for another season.
        OutputError: Another finished map is there, another run is writing there, or the outputs cannot be written.
        SourceError: An image cannot be read.
    """
    progress = progress or Progress()
    season = options.season or package.recipe.season.nearest(series.dates)
    check_season(package, season, series)
    package.check_bands(prepared_bands(series, package.recipe))
    predictor = Predictor(package, options.device)
    recipe = settled_for(package.recipe, series, season)
    with PreparedReader(series, recipe, season) as reader, _one_thread_a_worker(predictor):
        work = plan_work(
            series.grid, reader.block_size, reader.pixel_bytes, side=options.block, threads=options.threads
        ).bounded(reader.part_bytes)
        plan = MapPlan(
            folder=Path(options.folder),
            grid=series.grid,
            legend=package.legend,
            windows=work.windows,
            fingerprint=map_fingerprint(package, series, season, recipe),
            name=options.name,
            confidence=options.confidence,
            outside=options.outside and package.applicability is not None,
            checkpoint_s=options.checkpoint_s,
        )
        mapper = BlockMapper(reader, predictor, package, plan.outside)
        with MapWriter(plan, progress) as writer:
            map_blocks(mapper, writer, work.workers, progress.part(0.0, _BLOCKS_SHARE))
            found = writer.finish(progress.part(_BLOCKS_SHARE, 1.0))
    warn_of_few_pixels(found, progress)
    warn_of_outside(found, progress)
    return found


def _one_thread_a_worker(predictor: Predictor) -> AbstractContextManager[None]:
    """Keep PyTorch from starting threads of its own under each of the workers; a forest does not even import it."""
    if isinstance(predictor.model, SelfFittingClassifier):
        return contextlib.nullcontext()
    return torch_threads(1)


def warn_of_few_pixels(found: ClassMap, progress: Progress) -> None:
    """Tell the user where next to nothing was mapped: a map that looks empty is mostly a question of settings."""
    mapped = sum(found.pixels.values())
    total = mapped + found.unmapped
    if mapped < _FEW * total:
        progress.warn(
            f"Only {mapped:,} of {total:,} pixels were mapped; the others have no value, or too few clear dates. "
            "Check the season, the cloud mask, the valid range of the images, and min_clear of the recipe."
        )


def warn_of_outside(found: ClassMap, progress: Progress) -> None:
    """Tell the user where much of a map is not like what the model learnt from."""
    if found.outside_share > _MUCH:
        progress.warn(
            f"{found.outside_share:.0%} of the mapped pixels are not like the samples that the model learnt from: "
            f"there the map may be wrong whatever its confidence. {found.outside_path} shows where."
        )


def map_blocks(mapper: BlockMapper, writer: MapWriter, workers: int, progress: Progress) -> None:
    """Compute the blocks that are not finished yet in several threads; the calling thread alone writes them."""
    remaining, total = writer.remaining, len(writer.plan.windows)
    done = total - len(remaining)
    progress.at(done / total, f"{done} of {total} blocks")
    with contextlib.closing(in_order(mapper, remaining, workers)) as blocks:
        for block in blocks:
            writer.write(block.window, block.codes, block.confidence, block.outside)
            done += 1
            progress.at(done / total, f"{done} of {total} blocks")


def percent(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the highest probability of each row in whole percent, (n,), uint8; NODATA where one is NaN.

    Args:
        probabilities: (n, class).
    """
    highest = probabilities.max(axis=1)
    known = ~np.isnan(highest)
    found = np.full(len(probabilities), NODATA, np.uint8)
    found[known] = np.clip(np.rint(highest[known].astype(np.float64) * 100), 0, 100).astype(np.uint8)
    return found


def check_season(package: ModelPackage, season: Season, series: SceneSeries | PreparedSeries) -> None:
    """Refuse a season that the images or the model cannot serve.

    Raises:
        RecipeError: It holds fewer than two of the images' dates, or has other time steps than the model.
    """
    season.check_dates(series.dates)
    days = recipe_nodes(dataclasses.replace(package.recipe, season=season))
    if not np.array_equal(days, package.days):
        raise RecipeError(
            f"The season {season.start} .. {season.end} makes {len(days)} time steps; the model was trained on "
            f"{len(package.days)}, up to day {package.days[-1]}.",
            where=f"recipe {package.recipe.name!r}",
            fix=f"Give a season of {package.recipe.season.length_days} days, or train a model for this one.",
        )
