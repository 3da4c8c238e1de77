"""Prepare a whole series, block by block, into one raster."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.io.cubes import CubePlan, CubeWriter
from cropmap.mapping.blocks import plan_work
from cropmap.mapping.fingerprint import cube_fingerprint
from cropmap.prepare.blocks import PreparedReader
from cropmap.threads import in_order

if TYPE_CHECKING:
    from cropmap.contract.progress import Progress
    from cropmap.data.scenes import SceneSeries
    from cropmap.data.site import Window


@dataclass(frozen=True)
class CubeOptions:
    """How a cube is computed.

    Args:
        block: Side of the blocks in pixels, rounded up to whole squares of the cube; 0 follows the images' own tiles
            and a bound on memory.
        threads: Blocks computed at a time; 0 for as many as cores, at most 8.
    """

    block: int = 0
    threads: int = 0


def prepare_cube(series: SceneSeries, plan: CubePlan, options: CubeOptions, progress: Progress) -> int:
    """Prepare every pixel of a series and write the cube; return how many pixels are usable.

    The threads that prepare write too. What an earlier run of the same images and recipe has written, in full or in
    part, is kept and not computed again.

    Args:
        series: The images.
        plan: What is written where; its recipe is settled for the images.
        options: How it is computed.
        progress: Told after each block; cancels between blocks.

    Raises:
        OutputError: The cube cannot be written, another one is finished there, or another run is writing there.
        SourceError: An image cannot be read.
    """
    plan = dataclasses.replace(plan, fingerprint=cube_fingerprint(series, plan.recipe))
    with CubeWriter(plan, progress) as writer, PreparedReader(series, plan.recipe) as reader:
        if writer.finished:
            progress.at(1.0, "The cube is finished already")
            return writer.usable
        work = plan_work(
            series.grid,
            reader.block_size,
            reader.pixel_bytes,
            side=options.block,
            threads=options.threads,
            multiple=plan.tile,
        ).bounded(reader.part_bytes)
        prepare_block = functools.partial(_prepare_block, reader, writer)
        with contextlib.closing(in_order(prepare_block, work.windows, work.workers)) as blocks:
            for done, _ in enumerate(blocks, start=1):
                progress.at(done / len(work.windows), f"{done} of {len(work.windows)} blocks")
        writer.finish()
        return writer.usable


def _prepare_block(reader: PreparedReader, writer: CubeWriter, window: Window) -> None:
    """Prepare and write those squares of a block that are not written yet."""
    layout = writer.layout
    missing = {layout.window(number): number for number in layout.squares(window) if not writer.has(number)}
    for part, cube in reader.parts(window, tuple(missing)):
        writer.write(missing[part], cube)
