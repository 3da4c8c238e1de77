"""A cube of the prepare job in place of images, so that nothing is prepared twice."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cropmap.contract.errors import SourceError
from cropmap.contract.params import param
from cropmap.io.cube_reader import damaged_squares, layout_of, read_cube
from cropmap.sources import SOURCES

if TYPE_CHECKING:
    from cropmap.data.prepared import PreparedSeries

_CUBE = "cube.tif"


@dataclass(frozen=True, kw_only=True)
class PreparedParams:
    """Where the cube is."""

    path: str = param(kind="file", help="The cube.tif that a prepare job wrote, or the job's folder.")
    check: bool = param(
        default=False, help="Read the whole cube first, to find damage before any work; else it is found on the way."
    )


@SOURCES.register("prepared", title="Prepared cube", params=PreparedParams)
def prepared(params: PreparedParams) -> PreparedSeries:
    """Take a season that a prepare job has prepared; its recipe is the cube's.

    Each square of the cube is checked against its sum whenever it is read.

    Args:
        params: Where it is.

    Raises:
        SourceError: There is no finished cube, it is damaged, or another program has written it anew.
    """
    series = read_cube(_cube(params.path))
    damaged = damaged_squares(series) if params.check else []
    if damaged:
        first = layout_of(series).window(damaged[0])
        raise SourceError(
            f"{len(damaged)} of the cube's {len(series.checks)} squares are damaged, the first at row {first.row}, "
            f"column {first.col}.",
            where=str(series.path),
            fix="Run the prepare job again, into another folder.",
        )
    return series


def listing(params: PreparedParams) -> dict[str, Any]:
    """Say what a cube holds, as plain JSON, with keys as in `sources.folder.listing`; "recipe" is the cube's.

    Raises:
        SourceError: As `prepared`.
    """
    series = prepared(params)
    season = series.recipe.season
    dates = [season.date(day).isoformat() for day in series.steps]
    return {
        "path": str(series.path),
        "files": 1,
        "pattern": "",
        "dates": dates,
        "bands": list(series.bands),
        "scenes": [{"date": date, "bands": list(series.bands)} for date in dates],
        "grid": {**dataclasses.asdict(series.grid), "bounds": list(series.grid.bounds)},
        "scale": dict.fromkeys(series.bands, 1.0),
        "offset": dict.fromkeys(series.bands, 0.0),
        "nodata": dict.fromkeys(series.bands, "nan"),
        "recipe": series.recipe.to_dict(),
        "warnings": [],
        "problems": [],
    }


def _cube(text: str) -> Path:
    path = Path(text)
    found = path / _CUBE if path.is_dir() else path
    if found.is_file():
        return found
    unfinished = found.with_suffix(".partial.tif").exists()
    raise SourceError(
        "The cube is not finished." if unfinished else "There is no prepared cube.",
        where=str(found),
        fix="Run its prepare job again to finish it." if unfinished else "Name the cube.tif that a prepare job wrote.",
    )
