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
        outside_path: How far each pixel is from what the model learnt from, in percent of the threshold, Byte, nodata
            255; None where none was written.
        outside: Mapped pixels that are not like what the model learnt from: above 100 percent.
    """

    path: Path
    confidence_path: Path | None
    grid: Grid
    legend: Legend
    pixels: dict[int, int]
    unmapped: int
    outside_path: Path | None = None
    outside: int = 0

    @property
    def outside_share(self) -> float:
        """Share of the mapped pixels that are not like what the model learnt from, 0..1."""
        return self.outside / max(sum(self.pixels.values()), 1)
