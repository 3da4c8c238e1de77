"""Prepared cubes among the project's rasters: which band is which feature at which date, and series at a point."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qgis.core import QgsPointXY, QgsProject, QgsRasterLayer

if TYPE_CHECKING:
    from collections.abc import Iterator

# Band names end in "2023-05-07 nir"; the provider puts its own number before them.
_NAME = re.compile(r"(\d{4}-\d\d-\d\d) (\S+)$")


@dataclass(frozen=True)
class CubeBands:
    """A cube's bands.

    Args:
        dates: Date of each step, ascending.
        features: What each step holds, in the file's order.
        numbers: The raster's band of a step's date and a feature.
    """

    dates: tuple[dt.date, ...]
    features: tuple[str, ...]
    numbers: dict[tuple[dt.date, str], int]

    def series(self, layer: QgsRasterLayer, point: QgsPointXY, feature: str) -> list[float]:
        """Return a feature's values at a point in the layer's coordinates, (step,); NaN where there is none."""
        provider, found = layer.dataProvider(), []
        for date in self.dates:
            number = self.numbers.get((date, feature))
            value, good = provider.sample(point, number) if number else (math.nan, False)
            found.append(float(value) if good else math.nan)
        return found


def cube_bands(layer: Any) -> CubeBands | None:
    """Return the bands of a prepared cube; None where a layer is no such raster."""
    if not isinstance(layer, QgsRasterLayer) or not layer.isValid():
        return None
    numbers: dict[tuple[dt.date, str], int] = {}
    for number in range(1, layer.bandCount() + 1):
        match = _NAME.search(layer.bandName(number))
        if match is None:
            continue  # what a cube's last bands say of its quality
        try:
            date = dt.date.fromisoformat(match[1])
        except ValueError:
            return None
        numbers[date, match[2]] = number
    dates = tuple(sorted({date for date, _ in numbers}))
    features = tuple(dict.fromkeys(feature for _, feature in numbers))
    return CubeBands(dates, features, numbers) if len(dates) > 1 else None


def rasters_from_the_top() -> Iterator[QgsRasterLayer]:
    """Yield the project's rasters, those that are shown first, then as they lie in the layer tree."""
    root = QgsProject.instance().layerTreeRoot()
    nodes = sorted(root.findLayers(), key=lambda node: not node.isVisible())
    yield from (node.layer() for node in nodes if isinstance(node.layer(), QgsRasterLayer))
