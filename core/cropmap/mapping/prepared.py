"""Prepare a whole series, block by block, into one raster."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.io.cubes import CubePlan, CubeWriter
from cropmap.io.series import SeriesReader
from cropmap.mapping.blocks import in_order, plan_work, series_bytes
from cropmap.mapping.fingerprint import cube_fingerprint
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

    A cube of the same images and recipe that is finished already is kept as it is, and nothing is computed.

    Raises:
        OutputError: The cube cannot be written, another one is finished there, or another run is writing there.
        SourceError: An image cannot be read.
    """
    plan = dataclasses.replace(plan, fingerprint=cube_fingerprint(series, plan.recipe))
    with CubeWriter(plan) as writer, SeriesReader(series) as reader:
        if writer.finished:
            progress.at(1.0, "The cube is finished already")
            return writer.usable
        # A prepared block waits while another one is computed, and is turned while it is written.
        prepared = 4 * len(plan.days) * len(plan.bands)
        pixel = series_bytes(len(series.dates), len(series.bands), len(plan.days), len(plan.bands)) + 2 * prepared
        work_plan = plan_work(series.grid, reader.block_size, pixel, side=options.block, threads=options.threads)

        def work(window: Window) -> tuple[Window, RegularCube]:
            return window, prepare(reader.read(window), plan.recipe)

        windows = work_plan.windows
        with contextlib.closing(in_order(work, windows, work_plan.workers)) as blocks:
            for done, (window, cube) in enumerate(blocks, start=1):
                writer.write(window, cube)
                progress.at(done / len(windows), f"{done} of {len(windows)} blocks")
        writer.finish()
        return writer.usable
