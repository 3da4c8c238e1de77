"""Prepared series of a window or of single pixels, whether they must be prepared yet or lie on the disk."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

from cropmap.contract.errors import RecipeError
from cropmap.data.prepared import PreparedSeries
from cropmap.data.site import Window
from cropmap.io.cube_reader import CubeReader
from cropmap.io.series import SeriesReader
from cropmap.prepare.recipe import found_anew, prepare, recipe_bands, recipe_nodes, widest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    from cropmap.data.cube import RegularCube
    from cropmap.data.recipe import Recipe
    from cropmap.data.scenes import SceneSeries
    from cropmap.data.season import Season

    Images: TypeAlias = SceneSeries | PreparedSeries

# Pixels prepared at a time: few, so that what the steps make in between stays small.
PART = 128
# Class and confidence, twice: all that a pixel of a cube leaves behind.
_MAPPED_BYTES = 4


class PreparedReader:
    """Reads and prepares a season of images, or reads what was prepared of them before.

    Use it as a context manager; threads may share it.

    Args:
        images: A series of scenes, or a cube.
        recipe: How scenes are prepared, settled for them; a cube must have been prepared so.
        season: Instead of the recipe's own: the same span of another year.

    Raises:
        RecipeError: The cube was prepared otherwise, or for another season.
    """

    def __init__(self, images: Images, recipe: Recipe, season: Season | None = None) -> None:
        self.images = images
        self.recipe, self.season = recipe, season or recipe.season
        self._stack = contextlib.ExitStack()
        self._source: _Scenes | CubeReader
        if isinstance(images, PreparedSeries):
            check_recipe(images, recipe, self.season)
            self._source = CubeReader(images)
        else:
            self._source = _Scenes(images, recipe, self.season)

    def __enter__(self) -> PreparedReader:
        if isinstance(self._source, _Scenes):
            self._stack.enter_context(self._source.reader)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def days(self) -> NDArray[np.int32]:
        """Day of season of each step, (step,), int32."""
        return recipe_nodes(dataclasses.replace(self.recipe, season=self.season))

    @property
    def bands(self) -> tuple[str, ...]:
        """Feature names."""
        return prepared_bands(self.images, self.recipe)

    @property
    def block_size(self) -> int:
        """Side of the square windows that suit the files, in pixels."""
        return self._source.block_size

    @property
    def pixel_bytes(self) -> int:
        """Memory to plan for a pixel of a window, from the first of its parts to the last.

        Of scenes it is that of float32 series. Files of 16 bits are held in half of it, and about as much again goes to
        the thread's open files: each keeps a decoded tile.
        """
        if isinstance(self.images, PreparedSeries):
            return _MAPPED_BYTES
        return len(self.images.scenes) * (4 * len(self.images.bands) + 1)

    @property
    def part_bytes(self) -> int:
        """About the memory that one part takes besides: cut out, prepared, turned for prediction or for the disk."""
        turned = 3 * len(self.days) * len(self.bands)
        return PART**2 * (4 * max(turned, self._widest) + self.pixel_bytes)

    @property
    def _widest(self) -> int:
        if isinstance(self.images, PreparedSeries):
            return len(self.days) * len(self.bands)
        return widest(self.recipe, len(self.images.scenes), self.images.bands)

    def read(self, window: Window) -> RegularCube:
        """Return the prepared series of all pixels of a window, in row-major order.

        Raises:
            GridError: The window reaches outside the grid.
            SourceError: A file cannot be read there.
        """
        return self._source.read(window)

    def parts(self, window: Window, wanted: Sequence[Window] | None = None) -> Iterator[tuple[Window, RegularCube]]:
        """Yield the prepared series of a window part by part; the images themselves are read once, before the first.

        Args:
            window: What to read; the parts begin at its upper left corner.
            wanted: Which parts; all of 128 x 128 pixels where None.
        """
        wanted = tuple(parts_of(window)) if wanted is None else wanted
        if not wanted:
            return
        if isinstance(self._source, CubeReader):
            yield from ((part, self._source.read(part)) for part in wanted)
        else:
            yield from self._source.parts(window, wanted)

    def read_pixels(self, rows: Sequence[int] | NDArray[Any], cols: Sequence[int] | NDArray[Any]) -> RegularCube:
        """Return the prepared series of single pixels, in the order given.

        Args:
            rows: Row of each pixel, (pixel,).
            cols: Column of each pixel, (pixel,).

        Raises:
            GridError: A pixel lies outside the grid.
            SourceError: A file cannot be read there.
        """
        return self._source.read_pixels(rows, cols)

    def gather(
        self, rows: Sequence[int] | NDArray[Any], cols: Sequence[int] | NDArray[Any]
    ) -> tuple[NDArray[np.intp], ...]:
        """Part single pixels by the units that the files are stored in, for `pixel_parts`; see `SeriesReader.gather`.

        Args:
            rows: Row of each pixel, (pixel,).
            cols: Column of each pixel, (pixel,).
        """
        return self._source.gather(rows, cols)

    def pixel_parts(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> Iterator[tuple[slice, RegularCube]]:
        """Yield the prepared series of single pixels of one unit of storage part by part, in the order given.

        Each block of the files is read once, however many of its pixels are wanted.

        Args:
            rows: Row of each pixel, (pixel,), as `gather` parts them.
            cols: Column of each pixel, (pixel,).

        Raises:
            GridError: A pixel lies outside the grid.
            SourceError: A file cannot be read there.
        """
        if isinstance(self._source, CubeReader):
            yield slice(0, len(rows)), self._source.read_pixels(rows, cols)
        else:
            yield from self._source.pixel_parts(rows, cols)


class _Scenes:
    """Prepares what it reads of scenes."""

    def __init__(self, series: SceneSeries, recipe: Recipe, season: Season) -> None:
        self.reader = SeriesReader(series)
        self.recipe, self.season = recipe, season

    @property
    def block_size(self) -> int:
        return self.reader.block_size

    def read(self, window: Window) -> RegularCube:
        return prepare(self.reader.read(window), self.recipe, self.season)

    def read_pixels(self, rows: Sequence[int] | NDArray[Any], cols: Sequence[int] | NDArray[Any]) -> RegularCube:
        return prepare(self.reader.read_pixels(rows, cols), self.recipe, self.season)

    def gather(
        self, rows: Sequence[int] | NDArray[Any], cols: Sequence[int] | NDArray[Any]
    ) -> tuple[NDArray[np.intp], ...]:
        return self.reader.gather(rows, cols)

    def pixel_parts(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> Iterator[tuple[slice, RegularCube]]:
        for part, block in self.reader.read_pixel_parts(rows, cols, PART**2):
            yield part, prepare(block, self.recipe, self.season)

    def parts(self, window: Window, wanted: Sequence[Window]) -> Iterator[tuple[Window, RegularCube]]:
        for part, block in zip(wanted, self.reader.read_parts(window, wanted), strict=True):
            yield part, prepare(block, self.recipe, self.season)


def parts_of(window: Window, side: int = PART) -> Iterator[Window]:
    """Yield squares, smaller at the right and lower edge, that cover a window, row by row."""
    for row in range(0, window.height, side):
        for col in range(0, window.width, side):
            height, width = min(side, window.height - row), min(side, window.width - col)
            yield Window(window.row + row, window.col + col, height, width)


def prepared_bands(images: Images, recipe: Recipe) -> tuple[str, ...]:
    """Return the names of the features that a recipe makes of scenes; a cube has them already."""
    if isinstance(images, PreparedSeries):
        return images.bands
    return recipe_bands(recipe, images.bands)


def check_recipe(cube: PreparedSeries, recipe: Recipe, season: Season) -> None:
    """Refuse a cube that was not prepared by a recipe, in a season.

    Raises:
        RecipeError: A step, one of its parameters, or the season differs.
    """
    differences = recipe_differences(cube.recipe, recipe)
    if differences:
        raise RecipeError(
            f"The cube was prepared by another recipe: {'; '.join(differences)}.",
            where=str(cube.path),
            fix="Give the images themselves, or a cube that was prepared by this recipe.",
        )
    if cube.recipe.season != season:
        own = cube.recipe.season
        raise RecipeError(
            f"The cube holds the season {own.start} .. {own.end}, not {season.start} .. {season.end}.",
            where=str(cube.path),
            fix="Give the images themselves, or prepare them for that season.",
        )


def recipe_differences(cube: Recipe, asked: Recipe) -> list[str]:
    """Say in which steps and parameters two recipes differ.

    Names and seasons do not count, nor what a look at each site finds anew: a cube of another site or year has its own.
    """
    found = step_differences(cube, asked)
    if found:
        return found
    steps = zip(cube.to_dict()["steps"], asked.to_dict()["steps"], found_anew(asked), strict=True)
    for own, other, anew in steps:
        keys = [key for key in {**own, **other} if key not in anew and _plain(own.get(key)) != _plain(other.get(key))]
        found += [f"{own['name']} has {key} {_shown(own.get(key))}, not {_shown(other.get(key))}" for key in keys]
    return found


def step_differences(cube: Recipe, asked: Recipe) -> list[str]:
    """Say whether two recipes take other steps, whatever their parameters."""
    own, other = ([step.name for step in recipe.steps] for recipe in (cube, asked))
    return [] if own == other else [f"its steps are {', '.join(own) or 'none'}, not {', '.join(other) or 'none'}"]


def _plain(value: Any) -> Any:
    """Return a value as JSON would give it back."""
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _shown(value: Any) -> str:
    text = "its default" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
