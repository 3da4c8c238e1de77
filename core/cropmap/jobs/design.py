"""Design a sample of pixels by which a map is judged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import GridError
from cropmap.contract.params import param
from cropmap.io.files import atomic_write_text
from cropmap.io.labels_raster import LabelRaster
from cropmap.io.legends import chosen_legend
from cropmap.io.maps import read_map
from cropmap.io.tables import csv_text
from cropmap.jobs import JOBS
from cropmap.jobs.field_points import FieldPoints, FormParams, write_field_points
from cropmap.jobs.params import JudgedParams, SeedParams
from cropmap.sampling.design import METHODS, DesignWishes, make_design, strata_of
from cropmap.sampling.draw import DrawnPixels, DrawOptions, draw_pixels
from cropmap.sampling.pixel_ids import pixel_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.contract.progress import Progress
    from cropmap.data.maps import ClassMap
    from cropmap.jobs.run import Run
    from cropmap.sampling.design import Design

DESIGN_HEADER = (
    *("class", "code", "pixels", "map_share", "expected_users_accuracy", "points", "chance", "pixels_a_point"),
    *("standard_error_users_accuracy", "standard_error_area_share"),
)
STRATA_HEADER = ("id", "class", "code", "chance", "pixels_a_point")


@dataclass(frozen=True, kw_only=True)
class PrecisionParams:
    """How well the accuracy shall be known."""

    standard_error: float = param(
        0.01, help="Wanted standard error of the overall accuracy, e.g. 0.01.", low=0.0005, high=0.2
    )
    accuracies: Any = param(
        {},
        kind="table",
        title="Expected accuracy",
        help="User's accuracy expected of a class, 0 to 1: the share of its mapped pixels that are right; the next "
        "value where not named.",
    )
    other_accuracy: float = param(
        0.8, title="Other classes", help="The same for classes that are not listed.", low=0.5, high=0.999
    )
    allocation: str = param(
        "olofsson",
        choices=METHODS,
        help="How points are shared out: by area, with a minimum for rare classes (olofsson); by area; alike; or to "
        "the smallest error of the overall accuracy (neyman).",
    )
    minimum: int = param(
        50,
        title="Minimum per class",
        help="Each class gets at least so many with olofsson; 50 to 100 are usual.",
        low=1,
        high=10_000,
    )
    class_margin: float = param(
        0.0,
        help="Half width of the 95 % interval of each user's accuracy; a class gets more points where it "
        "needs them for that. 0 asks for none.",
        low=0,
        high=0.5,
        advanced=True,
    )
    total: int = param(
        0,
        title="Points",
        help="How many points are drawn in all; as many as the standard error takes where 0.",
        low=0,
        high=1_000_000,
        advanced=True,
    )


@dataclass(frozen=True, kw_only=True)
class DesignParams(SeedParams, FormParams, PrecisionParams, JudgedParams):
    """What `design` takes."""

    blind: bool = param(
        default=True, help="Keep the mapped class from who interprets the points; it stands in strata.csv alone."
    )


@JOBS.register(
    "design",
    title="Design a validation sample",
    params=DesignParams,
    citation="Olofsson et al. 2014, doi 10.1016/j.rse.2014.02.015",
)
def design(params: DesignParams, run: Run) -> Mapping[str, Any]:
    """Say how many points of each mapped class tell its accuracy well enough, and draw them for interpretation."""
    path = Path(params.class_map)
    found = read_map(path, chosen_legend(params.legend))
    run.inputs |= {path, Path(params.legend)}
    if not found.grid.crs:
        raise GridError(
            "The map names no coordinate reference system, so nobody can find its points.",
            where=str(path),
            fix="Assign the CRS to the map.",
        )
    wishes = DesignWishes(params.standard_error, params.allocation, params.minimum, params.class_margin, params.total)
    strata = strata_of(found, params.accuracies, params.other_accuracy)
    made = make_design(strata, wishes)
    run.warn(*made.notes, *_strange(found))
    with run.stage("Drawing points", 0.0, 0.9) as progress:
        drawn = _drawn(found, made, params.seed, progress)
    _write(params, run, found, made, drawn)
    return {"figures": _figures(found, made)}


def _strange(found: ClassMap) -> list[str]:
    """Say how many of the map's pixels hold a code that its legend lacks."""
    count = found.grid.width * found.grid.height - sum(found.pixels.values()) - found.unmapped
    return [f"{count:,} pixels hold codes that the map's legend lacks: they are not judged."] if count else []


def _drawn(found: ClassMap, made: Design, seed: int, progress: Progress) -> DrawnPixels:
    """Draw each stratum's points, and mix the strata, so that a point's number does not tell its class."""
    wanted = {each.code: int(count) for each, count in zip(made.strata.classes, made.counts, strict=True)}
    with LabelRaster(found.path) as raster:
        drawn = draw_pixels(raster.blocks, found.grid, wanted, DrawOptions(seed), progress)
    # Keys of another seed: those of this one are small where a stratum is large.
    order = np.argsort(pixel_keys(found.grid, drawn.rows, drawn.cols, seed + 1), kind="stable")
    return DrawnPixels(drawn.rows[order], drawn.cols[order], drawn.codes[order])


def _write(params: DesignParams, run: Run, found: ClassMap, made: Design, drawn: DrawnPixels) -> None:
    position = {each.code: k for k, each in enumerate(made.strata.classes)}
    stratum = np.array([position[code] for code in drawn.codes.tolist()], np.intp)
    names = np.array([each.name for each in made.strata.classes])[stratum]
    facts = {} if params.blind else {"mapped": names}
    points = FieldPoints(
        found.grid, drawn.rows, drawn.cols, found.legend, facts, "Points to interpret: fill in the class seen there."
    )
    ids = write_field_points(run.output("validation_points", "validation_points.gpkg"), points, params)
    chances = made.chances
    rows = [
        (str(own), str(name), int(code), float(chances[k]), float(1 / chances[k]))
        for own, name, code, k in zip(ids, names, drawn.codes, stratum, strict=True)
    ]
    atomic_write_text(run.output("strata", "strata.csv"), csv_text([STRATA_HEADER, *rows]))
    atomic_write_text(run.output("design", "design.csv"), csv_text([DESIGN_HEADER, *_design_rows(made)]))


def _design_rows(made: Design) -> list[tuple[str | int | float, ...]]:
    strata, chances = made.strata, made.chances
    return [
        (
            found.name,
            found.code,
            int(strata.sizes[k]),
            float(strata.shares[k]),
            float(strata.users[k]),
            int(made.counts[k]),
            float(chances[k]),
            float(1 / chances[k]),
            float(made.users_error[k]),
            float(made.area_error[k]),
        )
        for k, found in enumerate(strata.classes)
    ]


def _figures(found: ClassMap, made: Design) -> dict[str, Any]:
    names = [each.name for each in made.strata.classes]
    return {
        "points": int(made.counts.sum()),
        "needed": made.needed,
        "points_by_class": dict(zip(names, made.counts.tolist(), strict=True)),
        "expected_overall_accuracy": float((made.strata.shares * made.strata.users).sum()),
        "standard_error_overall": made.overall_error,
        "standard_error_users": dict(zip(names, made.users_error.tolist(), strict=True)),
        "standard_error_area_share": dict(zip(names, made.area_error.tolist(), strict=True)),
        "unmapped_pixels": found.unmapped,
    }
