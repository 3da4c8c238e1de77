"""One page about trusted pixels: what each rule leaves, how often patterns foretold right, and what that is worth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cropmap.assessment.page import render_page
from cropmap.assessment.pictures import class_png
from cropmap.data.legend import Legend
from cropmap.data.site import Grid
from cropmap.io.files import atomic_write_text
from cropmap.io.labels_raster import LabelRaster, pixel_metres

LONGEST_PICTURE = 1000  # pixels


@dataclass(frozen=True)
class YieldStep:
    """A rule, and what it leaves of each class; each (class,) by the legend's order.

    Args:
        rule: In words.
        left: Pixels that pass it and all rules before it.
        alone: Pixels that pass it alone; empty for the first step, which is no rule.
        without: Pixels that pass all rules but it.
    """

    rule: str
    left: tuple[int, ...]
    alone: tuple[int, ...] = ()
    without: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class TrustReport:
    """What the page tells.

    Args:
        raster: Trusted pixels; band 1 holds the class.
        grid: Its grid.
        legend: Its classes.
        target_year: The year of the classes.
        in_season: The classes are foretold: no map of that year was given.
        steps: The rules in order, all pixels first.
        agreement: Of each pattern in each year: `name`, `year`, `pixels`, `agreeing`, `share`, `held_out`, `dropped`.
        points: How many were drawn of each class, (class,); None where none were asked for.
        other_cultivated: How many kept pixels of the rest class are cultivated; None where nothing tells.
        settings: Job parameters, plain values.
        versions: Library name to version.
        warnings: What the user was told.
    """

    raster: Path
    grid: Grid
    legend: Legend
    target_year: int
    in_season: bool
    steps: tuple[YieldStep, ...]
    agreement: tuple[Mapping[str, Any], ...]
    points: tuple[int, ...] | None = None
    other_cultivated: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def write_trust_report(path: Path, report: TrustReport) -> None:
    """Write the page as one HTML file with its picture and styles inside.

    Raises:
        OutputError: It cannot be written.
        SourceError: The raster cannot be read.
    """
    atomic_write_text(path, render_trust_report(report))


def render_trust_report(report: TrustReport) -> str:
    """Return the page's HTML."""
    with LabelRaster(report.raster) as raster:
        codes = raster.read_small(LONGEST_PICTURE)
    before, left = report.steps[0].left, report.steps[-1].left
    height, width = codes.shape
    content = {
        "report": report,
        "classes": report.legend.classes,
        "picture": class_png(codes, report.legend),
        "width": width,
        "height": height,
        "coarse": max(width, height) < 600,
        "shrunk": width < report.grid.width,
        "pixel": _pixel_text(report.grid),
        "shares": [own / there if there else math.nan for own, there in zip(left, before, strict=True)],
        "left": sum(left),
        "share": sum(left) / sum(before) if sum(before) else math.nan,
        "patterns": _patterns(report),
        "years": sorted({found["year"] for found in report.agreement}),
        "dropped": sorted({found["name"] for found in report.agreement if found["dropped"]}),
        "settings": report.settings,
        "versions": report.versions,
    }
    return render_page("trust.html", ["report.css"], {}, content)


def _patterns(report: TrustReport) -> list[dict[str, Any]]:
    """Return each pattern once: its share in each year, and over all held-out years."""
    found: dict[str, dict[str, Any]] = {}
    for row in report.agreement:
        own = found.setdefault(row["name"], {"name": row["name"], "years": {}, "pixels": 0, "agreeing": 0})
        own["years"][row["year"]] = row
        own["dropped"] = row["dropped"]
        if row["held_out"]:
            own["pixels"] += row["pixels"]
            own["agreeing"] += row["agreeing"]
    for own in found.values():
        own["share"] = own["agreeing"] / own["pixels"] if own["pixels"] else math.nan
    return sorted(found.values(), key=lambda own: (-own["pixels"], own["name"]))


def _pixel_text(grid: Grid) -> str:
    size = pixel_metres(grid)
    pixels = f"{grid.width:,} \N{MULTIPLICATION SIGN} {grid.height:,} pixels"
    return pixels if size is None else f"{pixels} of {size[0]:.4g} \N{MULTIPLICATION SIGN} {size[1]:.4g} m"
