"""Folders that others made, where they are at hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import rasterio
from scipy import ndimage

from cropmap.contract.errors import SourceError
from cropmap.data.site import Window
from cropmap.io.series import SeriesReader
from cropmap.sources.folder import FolderParams, folder, listing

DATA = Path(__file__).parents[4] / "shared" / "data"


def real(name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no {name} beside the project")
    return path


def read(series):
    with SeriesReader(series) as reader:
        return reader.read(Window(0, 0, series.grid.height, series.grid.width))


def test_modis_jpeg_2000_in_a_sinusoidal_system():
    path = real("sits_sinop")
    series = folder(FolderParams(path=str(path), scale=0.0001))
    assert (len(series.dates), series.dates[0], series.bands) == (12, dt.date(2013, 9, 14), ("NDVI",))
    assert (series.grid.width, series.grid.height) == (255, 147)
    assert "Sinusoidal" in series.grid.crs
    with rasterio.open(path / "TERRA_MODIS_012010_NDVI_2013-11-17.jp2") as file:
        stored = file.read(1)
    np.testing.assert_allclose(read(series).values[:, 2, 0], stored.ravel() / 1e4, rtol=1e-6)


def test_cbers_outliers_are_kept_but_not_clear():
    path = real("cbers_w_bahia/cube_500x500")
    series = folder(FolderParams(path=str(path), scale=0.0001, valid_range=[-1.0, 1.0]))
    assert (len(series.dates), series.dates[0], series.bands) == (23, dt.date(2018, 8, 29), ("EVI", "NDVI"))
    assert "Albers" in series.grid.crs
    block = read(series)
    with rasterio.open(path / "022024_2019-02-18_2019-03-05_EVI.tif") as file:
        evi = file.read(1).ravel()
    with rasterio.open(path / "022024_2019-02-18_2019-03-05_NDVI.tif") as file:
        ndvi = file.read(1).ravel()
    time = series.dates.index(dt.date(2019, 2, 18))
    np.testing.assert_array_equal(
        block.clear[:, time], (abs(evi.astype(int)) <= 10000) & (abs(ndvi.astype(int)) <= 10000)
    )
    np.testing.assert_allclose(block.values[:, time, 0], evi / 1e4, rtol=1e-6)
    assert np.nanmax(block.values[..., 0]) > 3


@pytest.mark.parametrize("more", [{}, {"masks": ["SCL"]}, {"warp": True}])
def test_sentinel_classes_at_20_m_are_read_over_10_m_at_the_nearest_pixel(more):
    path = real("sen2rts_ndvi_scl")
    series = folder(FolderParams(path=str(path), scale=0.0001, **more))
    assert len(series.dates) == 60
    assert (series.grid.width, series.grid.height, list(series.mask_rules)) == (25, 7, ["SCL"])
    block = read(series)
    for time in (0, 11, 30, 59):
        with rasterio.open(series.scenes[time].masks["SCL"].path) as file:
            classes = file.read(1)
        # The class grid starts 10 m further north: 10 m pixel (row, col) lies in 20 m pixel ((row + 1) // 2, col // 2).
        rows, cols = np.mgrid[0:7, 0:25]
        at = classes[(rows + 1) // 2, cols // 2]
        usable = np.isin(at, (4, 5, 6, 7)) & np.isfinite(block.values[:, time, 0]).reshape(7, 25)
        np.testing.assert_array_equal(block.clear[:, time].reshape(7, 25), usable)


def test_widening_sentinel_classes_by_a_pixel_equals_a_cross_around_what_is_not_clear():
    path = real("sen2rts_ndvi_scl")
    plain = read(folder(FolderParams(path=str(path)))).clear.reshape(7, 25, 60)
    wide = read(folder(FolderParams(path=str(path), mask_dilate=1))).clear.reshape(7, 25, 60)
    without = read(folder(FolderParams(path=str(path), masks=["none"]))).clear.reshape(7, 25, 60)
    whole = np.flatnonzero(without.all(axis=(0, 1)))
    assert len(whole) > 30
    for time in whole:
        np.testing.assert_array_equal(wide[..., time], ~ndimage.binary_dilation(~plain[..., time]))


def test_worldcereal_months_that_are_missing_are_not_clear():
    path = real("worldcereal_belgium/worldcereal_preprocessed_inputs.nc")
    bands = ["S2-L2A-B04", "S2-L2A-B08"]
    series = folder(FolderParams(path=str(path), bands=bands, scale=0.0001))
    assert series.dates == tuple(dt.date(2020 + (m > 12), (m - 1) % 12 + 1, 1) for m in range(11, 23))
    block = read(series)
    share = block.clear.mean(axis=0)
    assert share[1] == share[2] == 0
    assert (np.delete(share, [1, 2]) == 1).all()
    assert np.isnan(block.values[:, 1:3]).all()


def test_a_netcdf_file_dates_only_what_has_a_time_axis():
    path = real("worldcereal_belgium") / "WORLDCEREAL-INPUTS-10m_belgium_good_32631_2020-08-30_2022-03-03.nc"
    listed = listing(FolderParams(path=str(path)))
    assert len(listed["dates"]) == 20
    assert not {"elevation", "slope"} & set(listed["bands"])
    assert "elevation" in listed["warnings"][0]


def test_a_netcdf_field_with_its_masks():
    path = str(real("fusets_s2_field") / "raw_s2_ndvi_field.nc")
    series = folder(FolderParams(path=path, bands=["B04", "B08", "NDVI"]))
    assert (len(series.dates), series.dates[0]) == (33, dt.date(2019, 1, 27))
    assert set(series.mask_rules) == {"SCL"}
    assert any("CLM" in note for note in series.notes)
    block = read(series)
    assert 0.3 < block.clear.mean() < 0.9
    alone = [read(folder(FolderParams(path=path, bands=["NDVI"], masks=[mask]))).clear for mask in ("SCL", "CLM")]
    both = read(folder(FolderParams(path=path, bands=["NDVI"], masks=["SCL", "CLM"])))
    np.testing.assert_array_equal(both.clear, alone[0] & alone[1])
    assert (alone[0] != alone[1]).any()
    red, nir, ndvi = (block.values[..., k][block.clear] for k in range(3))
    # The file's NDVI is its provider's own: (nir - red) / (nir + red).
    np.testing.assert_allclose(ndvi, (nir - red) / (nir + red), atol=1e-4)


def test_an_earth_engine_export_repeats_its_bands():
    path = real("cropharvest_gee_tif") / "98-togo_2019-02-06_2020-02-01.tif"
    with pytest.raises(SourceError, match=r"12 dates of VV, VH, B1.*step_days"):
        folder(FolderParams(path=str(path)))
    series = folder(FolderParams(path=str(path), step_days=30))
    assert series.dates[0] == dt.date(2019, 2, 6)
    assert series.dates[-1] == dt.date(2020, 1, 2)
    assert len(series.bands) == 17
    with rasterio.open(path) as file:
        assert file.descriptions[17 * 3 + 7] == "B6_3"
        stored = file.read(17 * 3 + 8)
    np.testing.assert_allclose(read(series).values[:, 3, series.bands.index("B6")], stored.ravel(), rtol=1e-6)
