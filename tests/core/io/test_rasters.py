"""What rasters say of themselves."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.control import GroundControlPoint
from rasterio.transform import Affine

from cropmap.contract.errors import GridError, SourceError
from cropmap.data.site import Grid
from cropmap.io.rasters import _cf_date, check_readable, describe, grid_differences, grid_of, same_crs

SINUSOIDAL = "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m +no_defs"


def write(path, transform=None, crs="EPSG:32631", values=None, **more):
    numbers = np.arange(12, dtype="int16").reshape(1, 3, 4) if values is None else values
    place = (
        {"crs": crs}
        if "gcps" in more
        else {"transform": transform or Affine(10, 0, 500000, 0, -20, 5600000), "crs": crs}
    )
    with rasterio.open(
        path, "w", driver="GTiff", width=numbers.shape[2], height=numbers.shape[1], count=len(numbers),
        dtype=numbers.dtype, **place, **more,
    ) as file:  # fmt: skip
        file.write(numbers)
    return str(path)


def test_a_grid_has_the_corner_pixel_and_size_of_the_file(tmp_path):
    grid = grid_of(write(tmp_path / "a.tif"))
    assert (grid.west, grid.north, grid.pixel_width, grid.pixel_height, grid.width, grid.height) == (
        500000, 5600000, 10, 20, 4, 3,
    )  # fmt: skip
    assert grid.bounds == (500000, 5599940, 500040, 5600000)


def test_a_coordinate_system_without_a_code_is_kept(tmp_path):
    grid = grid_of(write(tmp_path / "a.tif", crs=SINUSOIDAL))
    assert "Sinusoidal" in grid.crs
    assert same_crs(grid.crs, rasterio.crs.CRS.from_string(SINUSOIDAL).to_wkt(version="WKT2_2019"))


def test_a_raster_without_a_coordinate_system_has_an_empty_one(tmp_path):
    assert grid_of(write(tmp_path / "a.tif", crs=None)).crs == ""


def test_a_rotated_raster_is_refused(tmp_path):
    path = write(tmp_path / "a.tif", Affine(10, 1, 500000, 1, -10, 5600000))
    with pytest.raises(GridError, match="gdalwarp"):
        grid_of(path)


def test_a_south_up_raster_is_refused(tmp_path):
    path = write(tmp_path / "a.tif", Affine(10, 0, 500000, 0, 10, 5600000))
    with pytest.raises(GridError, match="north-up"):
        grid_of(path)


def test_a_raster_with_control_points_only_is_refused(tmp_path):
    points = [GroundControlPoint(r, c, 500000 + c, 5600000 - r) for r, c in ((0, 0), (0, 4), (3, 0), (3, 4))]
    path = write(tmp_path / "a.tif", gcps=points)
    with pytest.raises(GridError, match="control points"):
        grid_of(path)


def test_grids_whose_systems_are_written_differently_are_the_same(tmp_path):
    grid = grid_of(write(tmp_path / "a.tif"))
    other = rasterio.crs.CRS.from_epsg(32631).to_wkt(version="WKT2_2019")
    assert other != grid.crs
    assert grid_differences(grid, Grid(other, *[getattr(grid, n) for n in list(Grid.__dataclass_fields__)[1:]])) == []


def test_grid_differences_name_what_differs(tmp_path):
    first, other = grid_of(write(tmp_path / "a.tif")), grid_of(write(tmp_path / "b.tif", crs="EPSG:32632"))
    assert grid_differences(first, other) == ["another coordinate reference system"]


def test_scale_offset_and_nodata_come_from_the_file(tmp_path):
    path = write(tmp_path / "a.tif", nodata=-9999)
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (0.0000275,), (-0.2,)
        file.set_band_description(1, "SR_B4")
    (info,) = describe(path).rasters
    band = info.bands[0]
    assert (band.name, band.scale, band.offset, band.nodata) == ("SR_B4", 0.0000275, -0.2, -9999)


@pytest.mark.parametrize(("name", "alpha"), [("", True), ("Alpha", True), ("nir", False)])
def test_the_fourth_byte_band_is_alpha_unless_it_has_another_name(tmp_path, name, alpha):
    path = write(tmp_path / "a.tif", values=np.ones((4, 3, 4), np.uint8))
    with rasterio.open(path, "r+") as file:
        file.set_band_description(4, name)
    (info,) = describe(path).rasters
    assert [band.alpha for band in info.bands] == [False, False, False, alpha]


@pytest.mark.parametrize("compress", [None, "deflate"])
def test_a_file_cut_short_is_named(tmp_path, compress):
    values = np.random.default_rng(1).integers(0, 9999, (2, 600, 600), dtype="int16")
    path = write(tmp_path / "cut.tif", values=values, tiled=True, blockxsize=256, blockysize=256, compress=compress)
    check_readable(describe(path).rasters[0])
    with (tmp_path / "cut.tif").open("r+b") as file:
        file.truncate(int((tmp_path / "cut.tif").stat().st_size * 0.9))
    with pytest.raises(SourceError, match=r"cut\.tif.*download it again"):
        check_readable(describe(path).rasters[0])


def test_a_file_that_is_no_raster_is_named(tmp_path):
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(SourceError, match=r"text\.tif"):
        describe(str(tmp_path / "text.tif"))


def test_complex_numbers_are_refused(tmp_path):
    path = write(tmp_path / "a.tif", values=np.ones((1, 3, 4), np.complex64))
    with pytest.raises(SourceError, match="real numbers"):
        describe(path)


@pytest.mark.parametrize(
    ("value", "units", "calendar", "expected"),
    [
        (11262, "days since 1990-01-01", "proleptic_gregorian", dt.date(2020, 11, 1)),
        (0, "days since 2020-02-28 12:00:00", "", dt.date(2020, 2, 28)),
        (36, "hours since 2020-02-28", "standard", dt.date(2020, 2, 29)),
        (1577836800, "seconds since 1970-01-01T00:00:00Z", "", dt.date(2020, 1, 1)),
        (0.5, "days since 1999-12-31 12:00:00.0 +0:00", "gregorian", dt.date(2000, 1, 1)),
    ],
)
def test_a_time_axis_is_decoded(value, units, calendar, expected):
    assert _cf_date(value, units, calendar, "x.nc") == expected


@pytest.mark.parametrize(("units", "calendar"), [("days since 1990-01-01", "360_day"), ("months since 1990-01-01", "")])
def test_a_time_axis_that_does_not_count_real_days_is_refused(units, calendar):
    with pytest.raises(SourceError, match="standard calendar"):
        _cf_date(1.0, units, calendar, "x.nc")


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 40))
def test_windows_cover_each_pixel_once(width, height, size):
    grid = Grid("", 0, 0, 1, 1, width, height)
    count = np.zeros((height, width), int)
    for window in grid.windows(size):
        count[window.row : window.row + window.height, window.col : window.col + window.width] += 1
        assert max(window.height, window.width) <= size
    assert (count == 1).all()
