"""The labelled map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cropmap.data.legend import Legend
from cropmap.data.site import Grid


@dataclass(frozen=True)
class ClassMap:
    """A finished map on disk.

    Args:
        path: Class codes, Byte, nodata 255.
        confidence_path: Highest class probability in percent, Byte, nodata 255; None where none was written.
        grid: Its grid.
        legend: Its classes.
        pixels: Number of pixels of each class, by code.
        unmapped: Pixels without a class: outside the images, or too few clear dates.
    """

    path: Path
    confidence_path: Path | None
    grid: Grid
    legend: Legend
    pixels: dict[int, int]
    unmapped: int
