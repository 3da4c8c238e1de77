"""Pixels that may be visited: drawn at random where people may and can go, with what a model says of them."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import shapely
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.contract.progress import Progress
from cropmap.data.legend import NODATA
from cropmap.data.site import Grid, Window
from cropmap.io.labels_raster import pixel_metres
from cropmap.io.projection import length_text
from cropmap.models.predictor import Predictor
from cropmap.prepare.blocks import PreparedReader
from cropmap.prepare.look import settled_for
from cropmap.sampling.draw import DrawOptions, draw_pixels
from cropmap.sampling.extract import each_part, read_prepared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cropmap.data.cube import RegularCube
    from cropmap.data.package import ModelPackage
    from cropmap.data.prepared import PreparedSeries
    from cropmap.data.scenes import SceneSeries
    from cropmap.data.season import Season

_AROUND = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0))
_ANY = 0  # the one class that all pixels are drawn of
_BLOCK = 1024
_MORE = 4  # times as many pixels are drawn again where too few may be visited


@dataclass(frozen=True, eq=False)
class Reach:
    """Where people may go, and how far it is.

    Args:
        grid: The images' grid, with a CRS.
        roads: Geometries in the grid's CRS that distances are measured to, (feature,), object; None for none.
        farthest_m: Pixels farther from them than this are refused, in metres; 0 for no bound.
        area: Polygons in the grid's CRS in one of which a pixel's centre must lie, (feature,), object; None for the
            whole grid.

    Raises:
        SampleError: The grid has no CRS, or the area is no polygon.
    """

    grid: Grid
    roads: NDArray[Any] | None = None
    farthest_m: float = 0.0
    area: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        if not self.grid.crs:
            raise SampleError(
                "The images name no coordinate reference system, so nobody can be sent to their pixels.",
                fix="Assign the CRS to the images.",
            )
        if self.area is not None and not (shapely.get_dimensions(self.area) == 2).any():
            raise SampleError("The area holds no polygon.", fix="Give a layer of polygons.")

    @property
    def window(self) -> Window:
        """The part of the grid that the area touches.

        Raises:
            SampleError: It touches none.
        """
        whole = Window(0, 0, self.grid.height, self.grid.width)
        if self.area is None:
            return whole
        west, south, east, north = shapely.total_bounds(self.area)
        left, top = ((west, north) - self._corner) / self._size
        right, bottom = ((east, south) - self._corner) / self._size
        row, col = max(0, int(np.floor(top))), max(0, int(np.floor(left)))
        height = min(self.grid.height, int(np.ceil(bottom))) - row
        width = min(self.grid.width, int(np.ceil(right))) - col
        if height <= 0 or width <= 0:
            raise SampleError("The area lies outside the images.", fix="Give polygons inside the images.")
        return Window(row, col, height, width)

    def ground(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return metres east and north of the grid's corner of pixel centres, (pixel, 2)."""
        return np.column_stack([cols + 0.5, -(rows + 0.5)]) * self._metres

    def ground_of(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return metres east and north of the grid's corner of points in the grid's CRS, (point, 2)."""
        return np.asarray((points - self._corner) / np.abs(self._size) * self._metres)

    def allowed(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return True for pixels that lie in the area and near enough, (pixel,)."""
        found = np.ones(len(rows), bool)
        if self.area is not None:
            centres = shapely.points(*self.grid.centres(rows, cols))
            found[:] = False
            found[shapely.STRtree(self.area).query(centres, predicate="within")[0]] = True
        if self.farthest_m > 0:
            found[found] = self.to_roads(rows[found], cols[found]) <= self.farthest_m
        return found

    def to_roads(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how far pixel centres are from the nearest road, in metres, (pixel,); NaN where there are no roads."""
        if self.roads is None or not len(rows):
            return np.full(len(rows), np.nan)
        flat = shapely.transform(self.roads, self.ground_of)
        points = shapely.points(self.ground(rows, cols))
        asked, lengths = shapely.STRtree(flat).query_nearest(points, return_distance=True, all_matches=False)
        found = np.empty(len(rows))
        found[asked[0]] = lengths
        return found

    @property
    def _corner(self) -> NDArray[np.float64]:
        return np.array([self.grid.west, self.grid.north])

    @property
    def _size(self) -> NDArray[np.float64]:
        return np.array([self.grid.pixel_width, -self.grid.pixel_height])

    @property
    def _metres(self) -> NDArray[np.float64]:
        return np.array(pixel_metres(self.grid))


def draw_candidates(
    reach: Reach, count: int, seed: int, progress: Progress | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw pixels uniformly of those that may be visited, without replacement.

    Args:
        reach: Where.
        count: How many; all there are where there are fewer.
        seed: Of their keys: the same pixels come whatever else the images hold, and the first n of more are n.
        progress: Told after each attempt; it cancels.

    Returns:
        Rows and columns, (pixel,), by ascending key.

    Raises:
        SampleError: No pixel may be visited.
    """
    progress, window, options = progress or Progress(), reach.window, DrawOptions(seed)
    wanted = count
    while True:
        drawn = draw_pixels(lambda: _blocks(window), reach.grid, {_ANY: wanted}, options, progress.part(0.0, 0.5))
        rows, cols = drawn.rows, drawn.cols
        kept = np.flatnonzero(reach.allowed(rows, cols))[:count]
        if len(kept) == count or wanted >= window.pixels:
            break
        wanted *= _MORE
    if not len(kept):
        _refuse_none(reach)
    progress.at(1.0, "Drew candidates")
    return rows[kept], cols[kept]


def _refuse_none(reach: Reach) -> NoReturn:
    asked = ["in the area"] if reach.area is not None else []
    asked += [f"within {length_text(reach.farthest_m)} of a road"] if reach.farthest_m > 0 else []
    raise SampleError(
        f"No pixel's centre lies {' and '.join(asked)}.",
        fix="Check the layers of area and roads; widen the area, or let points lie farther from the roads.",
    )


def _blocks(window: Window) -> Iterator[tuple[int, int, NDArray[np.uint8]]]:
    """Yield a window's blocks with one class for all pixels."""
    for row in range(window.row, window.row + window.height, _BLOCK):
        for col in range(window.col, window.col + window.width, _BLOCK):
            height, width = min(_BLOCK, window.row + window.height - row), min(_BLOCK, window.col + window.width - col)
            yield row, col, np.full((height, width), _ANY, np.uint8)


@dataclass(frozen=True, eq=False)
class Predicted:
    """Pixels with what a model says of them.

    Args:
        rows: (pixel,), int64.
        cols: (pixel,), int64.
        values: Prepared values in the order of the model's bands, (pixel, step, band), float32, finite.
        probabilities: (pixel, class), float32, by the model's legend.
    """

    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    values: NDArray[np.float32]
    probabilities: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.rows)


class PixelPredictor:
    """Predicts single pixels of a season of images.

    Args:
        package: The model.
        series: The images, or the cube that was prepared of them; they have the model's bands.
        season: The span to predict.
        device: "auto", "cpu" or "cuda".
    """

    def __init__(
        self, package: ModelPackage, series: SceneSeries | PreparedSeries, season: Season, device: str = "auto"
    ) -> None:
        self._package, self._series, self._season = package, series, season
        self._recipe = settled_for(package.recipe, series, season)
        self._predictor = Predictor(package, device)

    def predict(
        self, rows: NDArray[np.int64], cols: NDArray[np.int64], progress: Progress | None = None
    ) -> tuple[Predicted, NDArray[np.str_]]:
        """Return the pixels that have a usable series, in the order given, and why each pixel has none, (pixel,).

        Args:
            rows: (pixel,).
            cols: (pixel,).
            progress: Told after each block of the files; it cancels.
        """
        with self._reader() as reader:
            read = read_prepared(reader, rows, cols, progress or Progress(), "Reading the candidates' series")
        used = np.flatnonzero(read.why == "")
        found = np.ascontiguousarray(read.values[used][:, :, self._order(read.bands)])
        return Predicted(rows[used], cols[used], found, self._predictor.probabilities(found)), read.why

    def evenness(self, pixels: Predicted, progress: Progress | None = None) -> NDArray[np.float64]:
        """Return the share of each pixel's eight neighbours that are predicted as the same class, (pixel,), 0..1.

        A neighbour outside the images, or without a usable series, is none of the same class.
        """
        grid = self._series.grid
        rows = (pixels.rows[:, None] + np.array([down for down, _ in _AROUND])).ravel()
        cols = (pixels.cols[:, None] + np.array([right for _, right in _AROUND])).ravel()
        inside = (rows >= 0) & (rows < grid.height) & (cols >= 0) & (cols < grid.width)
        places, which = np.unique(rows[inside] * grid.width + cols[inside], return_inverse=True)
        codes = np.full(len(rows), NODATA, np.uint8)
        codes[inside] = self._codes(places // grid.width, places % grid.width, progress or Progress())[which]
        own = self._predictor.codes_of(pixels.probabilities)
        return np.asarray((codes.reshape(-1, len(_AROUND)) == own[:, None]).mean(axis=1))

    def _codes(self, rows: NDArray[np.int64], cols: NDArray[np.int64], progress: Progress) -> NDArray[np.uint8]:
        codes = np.full(len(rows), NODATA, np.uint8)
        one_at_a_time = threading.Lock()  # networks start threads of their own
        with self._reader() as reader:
            order = self._order(reader.bands)

            def predict(part: NDArray[np.intp], cube: RegularCube) -> None:
                values = np.where(cube.valid[:, None, None], cube.values[:, :, order], np.float32(np.nan))
                with one_at_a_time:
                    codes[part] = self._predictor.codes(values)

            each_part(reader, rows, cols, predict, progress, "Reading the candidates' neighbours")
        return codes

    def _order(self, bands: tuple[str, ...]) -> list[int]:
        """Return where the model's bands stand among others."""
        return [bands.index(band) for band in self._package.bands]

    def _reader(self) -> PreparedReader:
        return PreparedReader(self._series, self._recipe, self._season)


def joined_reasons(why: NDArray[np.str_]) -> tuple[str, ...]:
    """Say how many candidates were left out, a sentence for each reason."""
    reasons_found, counts = np.unique(why[why != ""], return_counts=True)
    return tuple(
        f"{count} of {len(why)} candidates left out: {reason}."
        for reason, count in zip(reasons_found.tolist(), counts.tolist(), strict=True)
    )


def without(pixels: Predicted, gone: NDArray[np.bool_]) -> Predicted:
    """Return the pixels that are not gone, (pixel,)."""
    own = {name.name: getattr(pixels, name.name)[~gone] for name in dataclasses.fields(pixels)}
    return Predicted(**own)
