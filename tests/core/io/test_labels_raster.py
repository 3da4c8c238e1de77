"""Class rasters, read by window, by pixel and small."""

from __future__ import annotations

import math

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.crs import CRS
from rasterio.enums import Resampling

from cropmap.contract.errors import GridError, SourceError
from cropmap.data.site import Grid, Window
from cropmap.io.labels_raster import LabelRaster, pixel_metres


def _write(path, codes, *, nodata=255, **options):
    profile = {
        "driver": "GTiff",
        "width": codes.shape[1],
        "height": codes.shape[0],
        "count": 1,
        "dtype": codes.dtype,
        "crs": "EPSG:32634",
        "transform": Affine(10, 0, 500_000, 0, -10, 5_000_000),
        "nodata": nodata,
        **options,
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(codes, 1)
    return path


@pytest.fixture
def codes():
    return np.random.default_rng(0).integers(0, 9, (70, 90)).astype(np.uint8)


def test_a_window_holds_the_codes_of_its_pixels(tmp_path, codes):
    with LabelRaster(_write(tmp_path / "a.tif", codes)) as raster:
        found = raster.read(Window(3, 5, 20, 30))
    assert found.dtype == np.int64
    assert (found == codes[3:23, 5:35]).all()


def test_no_data_reads_as_255(tmp_path, codes):
    with LabelRaster(_write(tmp_path / "a.tif", codes, nodata=0)) as raster:
        found = raster.read(Window(0, 0, 70, 90))
    assert (found == np.where(codes == 0, 255, codes)).all()


def test_whole_numbers_in_a_float_raster_are_codes_and_nan_is_no_data(tmp_path, codes):
    numbers = codes.astype(np.float32)
    numbers[0, 0] = np.nan
    with LabelRaster(_write(tmp_path / "a.tif", numbers, nodata=None)) as raster:
        found = raster.read(Window(0, 0, 2, 2))
    assert found.tolist() == [[255, codes[0, 1]], codes[1, :2].tolist()]


def test_broken_numbers_are_refused(tmp_path, codes):
    raster = LabelRaster(_write(tmp_path / "a.tif", codes.astype(np.float32) + 0.5))
    with raster, pytest.raises(SourceError, match="Choose a raster of class codes"):
        raster.read(Window(0, 0, 2, 2))


def test_negative_numbers_stay_what_they_are(tmp_path, codes):
    with LabelRaster(_write(tmp_path / "a.tif", codes.astype(np.int16) - 5, nodata=None)) as raster:
        assert raster.read(Window(0, 0, 1, 1))[0, 0] == int(codes[0, 0]) - 5


def test_single_pixels_come_in_the_order_asked_for(tmp_path, codes):
    rng = np.random.default_rng(1)
    rows, cols = rng.integers(0, 70, 300), rng.integers(0, 90, 300)
    with LabelRaster(_write(tmp_path / "a.tif", codes)) as raster:
        for block in (16, 512):
            assert (raster.read_pixels(rows, cols, block=block) == codes[rows, cols]).all()


def test_no_pixels_give_no_codes(tmp_path, codes):
    with LabelRaster(_write(tmp_path / "a.tif", codes)) as raster:
        assert raster.read_pixels(np.zeros(0, int), np.zeros(0, int)).shape == (0,)


@pytest.mark.parametrize("window", [Window(-1, 0, 5, 5), Window(0, 86, 5, 5), Window(66, 0, 5, 5)])
def test_a_window_outside_is_refused(tmp_path, codes, window):
    with LabelRaster(_write(tmp_path / "a.tif", codes)) as raster, pytest.raises(GridError, match="inside the grid"):
        raster.read(window)


def test_a_small_picture_is_read_from_overviews_without_mixing_codes(tmp_path):
    # The full resolution and the overview disagree on purpose: what is read shows where it came from.
    path = _write(tmp_path / "a.tif", np.full((64, 128), 3, np.uint8))
    with rasterio.open(path, "r+") as file:
        file.build_overviews([4], Resampling.nearest)
    with rasterio.open(path, "r+", overview_level=0) as file:
        file.write(np.full((16, 32), 7, np.uint8), 1)
    with LabelRaster(path) as raster:
        small = raster.read_small(32)
        assert small.shape == (16, 32)
        assert (small == 7).all()
        assert (raster.read_small(4000) == 3).all()


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        LabelRaster(tmp_path / "none.tif")


def test_a_band_that_is_not_there_is_told(tmp_path, codes):
    with pytest.raises(SourceError, match="Band 2 holds no class codes"):
        LabelRaster(_write(tmp_path / "a.tif", codes), band=2)


def _grid(crs, pixel, north):
    return Grid(CRS.from_user_input(crs).to_wkt() if crs else "", 0.0, north, pixel, pixel, 10, 10)


def test_metres_of_a_pixel_in_metres():
    assert pixel_metres(_grid("EPSG:32634", 10.0, 5e6)) == (10.0, 10.0)


def test_metres_of_a_pixel_in_feet():
    width, height = pixel_metres(_grid("EPSG:2263", 100.0, 2e5))
    assert width == height == pytest.approx(30.480061)  # US survey feet


def test_metres_of_a_pixel_in_degrees_shrink_with_latitude():
    width, height = pixel_metres(_grid("EPSG:4326", 0.001, 60.005))
    assert height == pytest.approx(111.2, rel=2e-3)
    assert width / height == pytest.approx(math.cos(math.radians(60)), rel=1e-6)


def test_metres_are_unknown_without_a_crs():
    assert pixel_metres(_grid("", 10.0, 0.0)) is None
