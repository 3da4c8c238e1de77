"""Prepare a whole series, block by block, into one raster."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.io.cubes import CubePlan, CubeWriter
from cropmap.io.series import SeriesReader
from cropmap.mapping.blocks import block_windows, in_order, series_bytes, worker_count
from cropmap.prepare.recipe import prepare

if TYPE_CHECKING:
    from cropmap.contract.progress import Progress
    from cropmap.data.cube import RegularCube
    from cropmap.data.scenes import SceneSeries
    from cropmap.data.site import Window


@dataclass(frozen=True)
class CubeOptions:
    """How a cube is computed.

    Args:
        block: Side of the blocks in pixels; 0 follows the images' own tiles and a bound on memory.
        threads: Blocks computed at a time; 0 for as many as cores, at most 8.
    """

    block: int = 0
    threads: int = 0


def prepare_cube(series: SceneSeries, plan: CubePlan, options: CubeOptions, progress: Progress) -> int:
    """Prepare every pixel of a series and write the cube; return how many pixels are usable.

    Raises:
        OutputError: The cube cannot be written.
        SourceError: An image cannot be read.
    """
    with CubeWriter(plan) as writer, SeriesReader(series) as reader:
        pixel = series_bytes(len(series.dates), len(series.bands), len(plan.days), len(plan.bands))
        windows = block_windows(series.grid, reader.block_size, pixel, side=options.block)

        def work(window: Window) -> tuple[Window, RegularCube]:
            return window, prepare(reader.read(window), plan.recipe)

        used = 0
        with contextlib.closing(in_order(work, windows, worker_count(options.threads))) as blocks:
            for done, (window, cube) in enumerate(blocks, start=1):
                writer.write(window, cube)
                used += int(cube.valid.sum())
                progress.at(done / len(windows), f"{done} of {len(windows)} blocks")
        writer.finish()
    return used
