"""Series read once and prepared later are those that are read and prepared at once."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from shapely.geometry import Point, box

from cropmap.contract.errors import SampleError
from cropmap.data.samples import LabelFeatures
from cropmap.prepare.recipe import make_recipe
from cropmap.sampling.extract import extract
from cropmap.sampling.parcels import extract_parcels, place_parcels, read_raw_parcels
from cropmap.sampling.place import place
from cropmap.sampling.raw_series import read_raw
from cropmap.sources import SOURCES

SIZE = 40


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for number in range(9):
        date = dt.date(2023, 4, 1) + dt.timedelta(days=12 * number)
        for band in ("red", "nir"):
            values = rng.uniform(0.1, 0.5, (SIZE, SIZE)).astype(np.float32)
            values[np.random.default_rng(number).random((SIZE, SIZE)) < 0.3] = np.nan
            profile = {"driver": "GTiff", "width": SIZE, "height": SIZE, "count": 1, "dtype": "float32"}
            place_of = {"crs": "EPSG:32634", "transform": Affine(30, 0, 500_000, 0, -30, 5_000_000), "nodata": np.nan}
            with rasterio.open(folder / f"{band}_{date:%Y%m%d}.tif", "w", **profile, **place_of) as file:
                file.write(values, 1)
    entry = SOURCES.get("folder")
    return entry.make(entry.parse({"path": str(folder)}))


@pytest.fixture(scope="module")
def features(series):
    """Polygons of two classes, and a point."""
    shapes = [box(500_000 + 150 * k, 4_999_000, 500_120 + 150 * k, 4_999_900) for k in range(7)]
    shapes.append(Point(500_030, 4_998_830))
    names = np.array([f"f{k}" for k in range(8)])
    labels = np.array(["rye", "oat"] * 4)
    return LabelFeatures(np.array(shapes, object), labels, names, names, series.grid.crs)


def same(found, expected):
    for name in ("values", "codes", "ids", "x", "y", "groups", "days", "years"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert (found.bands, found.recipe, found.crs, found.masked) == (
        expected.bands, expected.recipe, expected.crs, expected.masked
    )  # fmt: skip


@pytest.mark.parametrize("end", ["2023-07-06", "2023-05-20"])
def test_pixels_and_parcels_are_those_of_the_whole_way(series, features, end):
    params = {"end": end, "min_clear": 3, "max_gap_days": 0}
    recipe = make_recipe("weekly_linear", params, series.dates)
    placed, parcels = place(features, series.grid), place_parcels(features, series.grid)
    expected, notes = extract(series, placed, recipe)
    found, own_notes = read_raw(series, placed).prepared(recipe)
    same(found, expected)
    assert notes == own_notes
    assert len(found) > 100
    expected, notes = extract_parcels(series, parcels, recipe, 0.4)
    found, own_notes = read_raw_parcels(series, parcels, 0.4).prepared(recipe)
    same(found, expected)
    assert notes == own_notes


def test_pixels_outside_the_images_are_refused(series, features):
    placed = place(features, series.grid)
    object.__setattr__(placed, "rows", placed.rows + SIZE)
    with pytest.raises(SampleError, match="outside the"):
        read_raw(series, placed)
