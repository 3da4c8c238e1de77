"""Which format a prepared cube is best kept in: time to write, to read back, and size on the disk, one thread.

Run it from the repository's root: python benchmarks/cube_formats.py. Where the zarr package can be imported (it is none
of the library's), it is measured too.
"""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.windows import Window as RasterWindow

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "core"))

from harness import machine, median_seconds, say, table

from cropmap.data.cube import RegularCube
from cropmap.data.scenes import SceneBlock
from cropmap.data.site import Grid, Window
from cropmap.io.cube_reader import CubeReader, read_cube
from cropmap.io.cubes import CubePlan, CubeWriter
from cropmap.prepare.blocks import parts_of
from cropmap.prepare.recipe import make_recipe, prepare

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

try:
    import zarr
except ImportError:
    zarr = None

SIZE, DATES, TILE = 512, 46, 128
BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
BLOCK = Window(128, 128, 256, 256)
PIXELS = 200
LAYERS = 36 * len(BANDS)


def prepared() -> tuple[RegularCube, Any]:
    """Return a prepared site of 16-bit reflectances: fields with noise, 30 % of the observations cloudy."""
    rng = np.random.default_rng(1)
    dates = tuple(dt.date(2023, 3, 1) + dt.timedelta(days=round(k * 245 / (DATES - 1))) for k in range(DATES))
    field = rng.integers(0, 8, (SIZE // 16, SIZE // 16)).repeat(16, 0).repeat(16, 1).reshape(-1, 1, 1)
    day, band = np.arange(DATES)[:, None], np.arange(len(BANDS))
    curve = 1500 + 800 * np.sin(day / DATES * 5 + field / 3 + band)
    numbers = (curve + rng.normal(0, 60, curve.shape)).astype(np.int16)
    cloud = rng.random((SIZE // 32, SIZE // 32, DATES)) < 0.3
    clear = ~cloud.repeat(32, 0).repeat(32, 1).reshape(-1, DATES)
    recipe = make_recipe("weekly_linear", {}, dates)
    values = (numbers * np.float32(1e-4)).astype(np.float32)
    return prepare(SceneBlock(values, clear, dates, BANDS), recipe), recipe


def part_of(cube: RegularCube, window: Window) -> RegularCube:
    """Return a window of a cube of SIZE x SIZE pixels."""
    rows, cols = np.mgrid[window.row : window.row + window.height, window.col : window.col + window.width]
    pixels = (rows * SIZE + cols).ravel()
    quality = type(cube.quality)(cube.quality.clear_dates[pixels], cube.quality.longest_gap[pixels])
    return RegularCube(cube.values[pixels], cube.days, cube.bands, quality, cube.valid[pixels])


def by_tiles(read: Callable[[Window], NDArray[Any]], rows: NDArray[Any], cols: NDArray[Any]) -> NDArray[np.float32]:
    """Return single pixels' series, (pixel, layer); each tile that holds one is read once."""
    found = np.empty((len(rows), LAYERS), np.float32)
    for window in parts_of(Window(0, 0, SIZE, SIZE), TILE):
        mine = np.flatnonzero((rows // TILE == window.row // TILE) & (cols // TILE == window.col // TILE))
        if len(mine):
            found[mine] = read(window)[:, rows[mine] - window.row, cols[mine] - window.col].T
    return found


class Ours:
    """The library's cube."""

    def __init__(self, path: Path, cube: RegularCube, recipe: Any) -> None:
        grid = Grid("", 0.0, 10.0 * SIZE, 10.0, 10.0, SIZE, SIZE)
        self.path, self.plan = path, CubePlan(path, grid, cube.days, cube.bands, recipe)
        self.parts = [part_of(cube, window) for window in parts_of(Window(0, 0, SIZE, SIZE), TILE)]

    def write(self) -> None:
        """Write all squares."""
        shutil.rmtree(self.path, ignore_errors=True)
        with CubeWriter(self.plan) as writer:
            for number, part in enumerate(self.parts):
                writer.write(number, part)
            writer.finish()

    def block(self) -> NDArray[np.float32]:
        """Return a block's series, (pixel, layer)."""
        values = CubeReader(read_cube(self.plan.path)).read(BLOCK).values
        return values.reshape(len(values), -1)

    def pixels(self, rows: NDArray[Any], cols: NDArray[Any]) -> NDArray[np.float32]:
        """Return single pixels' series, (pixel, layer)."""
        values = CubeReader(read_cube(self.plan.path)).read_pixels(rows, cols).values
        return values.reshape(len(values), -1)


class Tiff:
    """A GeoTIFF that GDAL writes and reads."""

    def __init__(self, path: Path, cube: RegularCube, scale: float = 1.0, **options: Any) -> None:
        self.path, self.scale = path, scale
        self.parts = [(w, part_of(cube, w).values) for w in parts_of(Window(0, 0, SIZE, SIZE), 256)]
        self.options = {"tiled": True, "blockxsize": 128, "blockysize": 128, "interleave": "band", **options}

    def write(self) -> None:
        """Write in blocks of 256 x 256 pixels."""
        self.path.unlink(missing_ok=True)
        kind = "float32" if self.scale == 1 else "int16"
        profile = {"driver": "GTiff", "width": SIZE, "height": SIZE, "count": LAYERS, "dtype": kind}
        with rasterio.open(self.path, "w", **profile, **self.options) as dataset:
            for window, values in self.parts:
                numbers = values if self.scale == 1 else np.rint(values / self.scale).astype(np.int16)
                planes = np.ascontiguousarray(numbers.reshape(window.pixels, -1).T)
                area = RasterWindow(window.col, window.row, window.width, window.height)
                dataset.write(planes.reshape(-1, window.height, window.width), window=area)

    def block(self) -> NDArray[np.float32]:
        """Return a block's series, (pixel, layer)."""
        return self._read(BLOCK).reshape(LAYERS, -1).T * np.float32(self.scale)

    def pixels(self, rows: NDArray[Any], cols: NDArray[Any]) -> NDArray[np.float32]:
        """Return single pixels' series, (pixel, layer)."""
        return by_tiles(self._read, rows, cols) * np.float32(self.scale)

    def _read(self, window: Window) -> NDArray[Any]:
        with rasterio.open(self.path) as dataset:
            return dataset.read(window=RasterWindow(window.col, window.row, window.width, window.height))


class Zarr:
    """An array (layer, row, column) in chunks of all layers of a square, by the zarr package."""

    def __init__(self, path: Path, cube: RegularCube, compressors: Any = "auto") -> None:
        self.path, self.compressors = path, compressors
        self.parts = [(w, part_of(cube, w).values) for w in parts_of(Window(0, 0, SIZE, SIZE), TILE)]

    def write(self) -> None:
        """Write chunk by chunk."""
        shutil.rmtree(self.path, ignore_errors=True)
        array = zarr.create_array(
            self.path, shape=(LAYERS, SIZE, SIZE), chunks=(LAYERS, TILE, TILE), dtype="f4", compressors=self.compressors
        )
        for window, values in self.parts:
            planes = np.ascontiguousarray(values.reshape(window.pixels, -1).T)
            rows, cols = slice(window.row, window.row + TILE), slice(window.col, window.col + TILE)
            array[:, rows, cols] = planes.reshape(-1, TILE, TILE)

    def block(self) -> NDArray[np.float32]:
        """Return a block's series, (pixel, layer)."""
        array = zarr.open_array(self.path, mode="r")
        planes = array[:, BLOCK.row : BLOCK.row + BLOCK.height, BLOCK.col : BLOCK.col + BLOCK.width]
        return np.ascontiguousarray(planes.reshape(len(planes), -1).T)

    def pixels(self, rows: NDArray[Any], cols: NDArray[Any]) -> NDArray[np.float32]:
        """Return single pixels' series, (pixel, layer)."""
        array = zarr.open_array(self.path, mode="r")
        return by_tiles(lambda w: array[:, w.row : w.row + w.height, w.col : w.col + w.width], rows, cols)


def contenders(folder: Path, cube: RegularCube, recipe: Any) -> dict[str, Any]:
    """Return what is measured, by name."""
    zstd = {"compress": "zstd", "zstd_level": 1}
    tiffs: dict[str, dict[str, Any]] = {
        "GeoTIFF by GDAL, tiles of 128": {},
        "... of 256": {"blockxsize": 256, "blockysize": 256},
        "... of 512": {"blockxsize": 512, "blockysize": 512},
        "... of 128, pixel-interleaved": {"interleave": "pixel"},
        "... LZW, predictor 3": {"compress": "lzw", "predictor": 3},
        "... deflate level 1, predictor 3": {"compress": "deflate", "zlevel": 1, "predictor": 3},
        "... ZSTD level 1, predictor 3": {**zstd, "predictor": 3},
        "... LERC without loss, ZSTD": {"compress": "lerc_zstd", "max_z_error": 0, "zstd_level": 1},
        "... 16 bit, scale 0.0001": {"scale": 1e-4},
        "... 16 bit, ZSTD level 1, predictor 2": {"scale": 1e-4, **zstd, "predictor": 2},
    }
    found: dict[str, Any] = {"**cube (this library)**": Ours(folder / "ours", cube, recipe)}
    for number, (name, options) in enumerate(tiffs.items()):
        found[name] = Tiff(folder / f"{number}.tif", cube, **options)
    if zarr is not None:
        found["Zarr, not compressed"] = Zarr(folder / "plain.zarr", cube, None)
        found["Zarr, as it comes (Zstandard)"] = Zarr(folder / "zstd.zarr", cube)
    return found


def size_of(path: Path) -> int:
    """Return the bytes of a file or of all files of a folder."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files)


def main() -> None:
    """Write and read the same block in every format; check what comes back; tell the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    cube, recipe = prepared()
    rng = np.random.default_rng(2)
    rows, cols = rng.integers(0, SIZE, (2, PIXELS))
    with tempfile.TemporaryDirectory() as name, rasterio.Env(GDAL_CACHEMAX=64 * 2**20):
        found = contenders(Path(name), cube, recipe)
        jobs: list[Callable[[Any], Callable[[], object]]] = [
            lambda each: each.write,
            lambda each: each.block,
            lambda each: partial(each.pixels, rows, cols),
        ]
        times = [
            [median_seconds({n: job(e) for n, e in found.items()}, given.repeats, clock) for job in jobs]
            for clock in (time.process_time, time.perf_counter)
        ]
        expected = cube.values[rows * SIZE + cols].reshape(PIXELS, -1)
        off = {n: np.abs(each.pixels(rows, cols) - expected).max() for n, each in found.items()}
        sizes = {n: size_of(each.path) for n, each in found.items()}
    mb = cube.values.nbytes / 1e6
    lines = [
        [
            n,
            *(f"{times[0][k][n]:.2f} ({times[1][k][n]:.2f})" for k in range(3)),
            f"{sizes[n] / 1e6:.0f}",
            f"{off[n]:.0e}" if off[n] else "0",
        ]
        for n in found
    ]
    say(f"{machine()}. {SIZE} x {SIZE} pixels, {len(cube.days)} steps x {len(BANDS)} bands, {mb:.0f} MB; one thread.\n")
    head = ["CPU s (wall s)", "write all", "read 256 x 256", f"read {PIXELS} pixels", "MB on disk", "largest error"]
    say(table(head, lines))


if __name__ == "__main__":
    main()
