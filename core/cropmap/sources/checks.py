"""What a folder of images must fulfil before work starts: sound parameters, no gap, one grid."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from typing import TYPE_CHECKING

from cropmap.contract.errors import GridError, ParameterError, Problem, SourceError
from cropmap.io.rasters import grid_differences
from cropmap.sources.files import some
from cropmap.sources.masks import fits, mask_problems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cropmap.data.scenes import Scene
    from cropmap.data.site import Grid
    from cropmap.io.rasters import RasterInfo
    from cropmap.sources.folder import FolderParams


def check_params(params: FolderParams) -> None:
    """Refuse parameters that contradict each other.

    Raises:
        ParameterError: All that is wrong with them.
    """
    problems = [*_number_problems(params), *mask_problems(params)]
    for name in ("start", "end", "first_date"):
        text = getattr(params, name)
        if text and not _is_date(text):
            problems.append(Problem(name, f"{text!r} is not a date.", "Write it as YYYY-MM-DD."))
    if params.start and params.end and params.start > params.end:
        problems.append(Problem("end", f"{params.end} is before start, {params.start}.", "Exchange them."))
    for name in ("bands", "band_names"):
        twice = [text for text, count in Counter(getattr(params, name)).items() if count > 1 or not text]
        if twice:
            problems.append(Problem(name, f"{twice[0]!r} is empty or stands twice.", "Give each name once."))
    if params.first_date and not params.step_days:
        problems.append(Problem("step_days", "is missing beside first_date.", "Give the days between two steps."))
    if problems:
        raise ParameterError(problems, where="folder")


def _is_date(text: str) -> bool:
    try:
        return bool(dt.date.fromisoformat(text))
    except ValueError:
        return False


def _number_problems(params: FolderParams) -> list[Problem]:
    problems = []
    if params.boa_offset != "auto" and params.sensor != "sentinel_2_l2a":
        problems.append(Problem("boa_offset", "is only for the sensor sentinel_2_l2a.", "Choose that sensor, or auto."))
    given = params.valid_range
    if given and not (len(given) == 2 and given[0] < given[1]):
        problems.append(Problem("valid_range", f"{given} is no range.", "Give the lowest and the highest value."))
    if params.nodata and not _is_number(params.nodata):
        problems.append(Problem("nodata", f"{params.nodata!r} is not a number.", "Give a number or nan."))
    problems += [
        Problem(name, f"{getattr(params, name)} is not finite.", "Give a number.")
        for name in ("scale", "offset")
        if not math.isfinite(getattr(params, name))
    ]
    return problems


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def check_complete(scenes: Sequence[Scene], bands: Sequence[str], masks: Sequence[str]) -> None:
    """Refuse a series that lacks a band or a mask layer on a date.

    Raises:
        SourceError: One is missing.
    """
    for name, held in [*((band, "bands") for band in bands), *((mask, "masks") for mask in masks)]:
        lacking = [scene for scene in scenes if name not in getattr(scene, held)]
        if lacking:
            raise _missing(name, lacking, scenes)


def _missing(band: str, lacking: Sequence[Scene], scenes: Sequence[Scene]) -> SourceError:
    dates = some([scene.date.isoformat() for scene in lacking])
    beside = [asset.path for asset in lacking[0].assets]
    return SourceError(
        f"Band {band} is missing on {len(lacking)} of {len(scenes)} dates: {dates}.",
        where=f"beside {beside[0]}" if beside else "",
        fix="Add the file, remove that date, or leave the band out.",
    )


def check_grids(infos: Mapping[str, RasterInfo], grid: Grid, *, warp: bool) -> None:
    """Refuse rasters of measurements on another grid that may not, or cannot, be warped.

    Args:
        infos: The rasters, by path.
        grid: The series' grid: that of one of them.
        warp: Others are resampled to it.

    Raises:
        GridError: A raster lies on another grid.
    """
    first = next(info.path for info in infos.values() if info.grid == grid)
    known: set[Grid] = {grid}
    for info in infos.values():
        if info.grid in known:
            continue
        known.add(info.grid)
        if warp:
            _check_warpable(info, grid, first)
            continue
        differences = grid_differences(grid, info.grid)
        if differences:
            raise GridError(
                f"Two files lie on different grids: {'; '.join(differences)}.",
                where=f"{info.path} against {first}",
                fix="Switch on warp to resample to the first image's grid, or leave one out.",
            )


def check_mask_grids(infos: Mapping[str, RasterInfo], grid: Grid, *, warp: bool) -> None:
    """Refuse masks that cannot be brought to the series' grid; a finer or coarser one that covers it always can.

    Args:
        infos: The rasters that hold masks alone, by path.
        grid: The series' grid.
        warp: Masks that lie elsewhere, or cover the images in part, are allowed.

    Raises:
        GridError: A mask lies on another grid.
    """
    known: set[Grid] = {grid}
    for info in infos.values():
        if info.grid in known:
            continue
        known.add(info.grid)
        if fits(grid, info.grid, warp=warp):
            continue
        raise GridError(
            f"A mask does not cover the images: {'; '.join(grid_differences(grid, info.grid))}.",
            where=info.path,
            fix="Give the file its coordinate reference system."
            if warp
            else "Switch on warp (what the mask does not cover is not clear), or choose masks none.",
        )


def _check_warpable(info: RasterInfo, grid: Grid, first: str) -> None:
    if grid_differences(grid, info.grid) and not (grid.crs and info.grid.crs):
        raise GridError(
            "A file on another grid cannot be warped without a coordinate reference system.",
            where=info.path if grid.crs else first,
            fix="Give the file its coordinate reference system.",
        )
