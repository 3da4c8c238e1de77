"""Write the demo world as the files that users have: GeoTIFF, GeoPackage, CSV."""

from __future__ import annotations

import contextlib
import csv
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import rasterio
import shapely
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.transform import Affine

from cropmap.contract.errors import OutputError
from cropmap.data.legend import NODATA
from cropmap.io.map_styles import Histogram, class_aux, class_style, rgb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from cropmap.data.legend import Legend

# GeoPackage holds the time it was written; a fixed one keeps the same world the same to the byte.
_WRITTEN = "2024-01-01T00:00:00Z"


@dataclass(frozen=True)
class Frame:
    """Where a site lies: EPSG code, upper left corner and pixel size in metres, pixels along the edge."""

    epsg: int
    west: float
    north: float
    pixel_m: float
    size: int

    def profile(self, dtype: str, nodata: float | None) -> dict[str, Any]:
        """Return rasterio's profile of a one-band GeoTIFF here."""
        tiled = self.size >= 256
        blocks = {"tiled": True, "blockxsize": 256, "blockysize": 256} if tiled else {}
        return {
            "driver": "GTiff",
            "crs": CRS.from_epsg(self.epsg),
            "transform": Affine(self.pixel_m, 0, self.west, 0, -self.pixel_m, self.north),
            "width": self.size,
            "height": self.size,
            "count": 1,
            "dtype": dtype,
            "nodata": nodata,
            "compress": "deflate",
            "zlevel": 1,
            **blocks,
        }


def make_folder(folder: Path) -> None:
    """Make a folder where it is missing, with those above it."""
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)


def write_raster(
    path: Path, numbers: NDArray[Any], profile: Mapping[str, Any], scale: float = 1.0, offset: float = 0.0
) -> None:
    """Write a one-band GeoTIFF; scale and offset are set where they are not 1 and 0.

    Args:
        path: File to write.
        numbers: As stored, (row, column).
        profile: From `Frame.profile`.
        scale: Of the stored numbers.
        offset: Of the stored numbers.
    """
    with _told(path), rasterio.open(path, "w", **profile) as dataset:
        if (scale, offset) != (1.0, 0.0):
            dataset.scales, dataset.offsets = (scale,), (offset,)
        dataset.write(numbers, 1)


def write_classes(path: Path, codes: NDArray[np.uint8], frame: Frame, legend: Legend, nodata: int = NODATA) -> None:
    """Write class codes with their names and colours, in the file and beside it (.aux.xml, .qml)."""
    with _told(path), rasterio.open(path, "w", **frame.profile("uint8", nodata)) as dataset:
        dataset.write(codes, 1)
        dataset.write_colormap(1, {found.code: (*rgb(found.colour), 255) for found in legend.classes})
    counts = np.bincount(codes.ravel(), minlength=256).astype(np.int64)
    with _told(path):
        path.with_name(f"{path.name}.aux.xml").write_text(class_aux(legend, Histogram(counts)), encoding="utf-8")
        path.with_suffix(".qml").write_text(class_style(legend), encoding="utf-8")


def write_vectors(path: Path, shapes: NDArray[np.object_], columns: Mapping[str, NDArray[Any]], epsg: int) -> None:
    """Write a GeoPackage with one layer, named as the file.

    Args:
        path: File to write; an older one is replaced.
        shapes: All of one geometry type, (feature,).
        columns: Numbers, or texts as objects, (feature,) each.
        epsg: Coordinate reference system.
    """
    with _told(path), _fixed_time():
        path.unlink(missing_ok=True)
        pyogrio.raw.write(
            path,
            shapely.to_wkb(shapes),
            list(columns.values()),
            list(columns),
            driver="GPKG",
            layer=path.stem,
            geometry_type=shapes[0].geom_type if len(shapes) else "Unknown",
            crs=f"EPSG:{epsg}",
        )


def write_points_csv(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Write a text table, UTF-8, comma-separated, coordinates to the centimetre."""
    with _told(path), path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            writer.writerow([f"{value:.7f}" if isinstance(value, float) else value for value in row])


@contextlib.contextmanager
def _fixed_time() -> Iterator[None]:
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _WRITTEN})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell a failure to write as our own error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            yield
    except (OSError, RasterioError, pyogrio.errors.DataSourceError) as error:
        raise OutputError(
            f"The demo file cannot be written: {error}.",
            where=str(path),
            fix="Choose a folder that you may write to, with enough room.",
        ) from error
