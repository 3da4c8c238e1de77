"""A folder as a series, on files written here."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.transform import Affine
from scipy.io import netcdf_file

from cropmap.contract.errors import GridError, ParameterError, SourceError
from cropmap.data.scenes import MaskRule
from cropmap.data.site import Window
from cropmap.io.series import SeriesReader
from cropmap.sources import SOURCES
from cropmap.sources.folder import FolderParams, folder, listing

HEIGHT, WIDTH = 5, 6


def write(path, values=1, names=(), origin=(500000, 5600000), pixel=10, crs="EPSG:32631", **more):
    numbers = np.asarray(values)
    if numbers.ndim < 3:
        numbers = np.full((max(len(names), 1), HEIGHT, WIDTH), 1) * numbers.reshape(-1, 1, 1)
    numbers = numbers.astype(more.pop("dtype", "int16"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver=more.pop("driver", "GTiff"), width=numbers.shape[2], height=numbers.shape[1],
        count=len(numbers), dtype=numbers.dtype, crs=crs, transform=Affine(pixel, 0, origin[0], 0, -pixel, origin[1]),
        **more,
    ) as file:  # fmt: skip
        file.write(numbers)
        for index, name in enumerate(names, 1):
            file.set_band_description(index, name)
    return path


def read(series):
    with SeriesReader(series) as reader:
        return reader.read(Window(0, 0, series.grid.height, series.grid.width))


def write_netcdf(path, values, axes, *, upwards=False):
    """Write a variable `refl` of int16 with these axes, and a table that lies on no grid; as xarray would."""
    height, width = values.shape[-2:]
    y = 5600000 - 10 * np.arange(height) - 5
    coordinates = {"time": [0, 10, 30], "band": [4, 8], "y": y, "x": 500005 + 10 * np.arange(width)}
    attributes = {
        "time": {"units": "days since 2023-04-01", "calendar": "standard", "standard_name": "time"},
        "y": {"units": "m", "standard_name": "projection_y_coordinate"},
        "x": {"units": "m", "standard_name": "projection_x_coordinate"},
    }
    if upwards:
        coordinates["y"], values = y[::-1], values[..., ::-1, :]
    with netcdf_file(path, "w") as file:
        file.Conventions = "CF-1.6"
        for axis in axes:
            file.createDimension(axis, len(coordinates[axis]))
            variable = file.createVariable(axis, "f8", (axis,))
            variable[:] = coordinates[axis]
            for name, text in attributes.get(axis, {}).items():
                setattr(variable, name, text)
        crs = file.createVariable("crs", "i4", ())
        crs.grid_mapping_name, crs.spatial_ref = "transverse_mercator", CRS.from_epsg(32631).to_wkt()
        stored = file.createVariable("refl", "i2", axes)
        stored.grid_mapping = "crs"
        stored[:] = values
        file.createDimension("station", 7)
        file.createVariable("rain", "f4", ("station", "time"))[:] = 1
    return path


def take(path, **values):
    return folder(FolderParams(path=str(path), **values))


def warnings_of(path, **values):
    return listing(FolderParams(path=str(path), **values))["warnings"]


def dates(*texts):
    return tuple(dt.date.fromisoformat(text) for text in texts)


# ---------------------------------------------------------------- the kinds of folder


def test_one_file_a_date_and_band(tmp_path):
    for day, value in ((11, 3), (1, 1)):
        for band in ("B10", "B2"):
            write(tmp_path / f"x_202304{day:02d}_{band}.tif", value * 100 + int(band[1:]))
    series = take(tmp_path)
    assert (series.dates, series.bands) == (dates("2023-04-01", "2023-04-11"), ("B2", "B10"))
    np.testing.assert_array_equal(read(series).values[0], [[102, 110], [302, 310]])


def test_one_multi_band_file_a_date_named_by_descriptions(tmp_path):
    for day in (1, 11):
        write(tmp_path / f"2023-04-{day:02d}.tif", [day, day + 50], names=("red", "nir"))
    series = take(tmp_path)
    assert series.bands == ("red", "nir")
    np.testing.assert_array_equal(read(series).values[0], [[1, 51], [11, 61]])


def test_bands_without_names_take_those_given(tmp_path):
    write(tmp_path / "2023-04-01.tif", [1, 2], names=("", ""))
    assert take(tmp_path).bands == ("B1", "B2")
    assert take(tmp_path, band_names=["red", "nir"]).bands == ("red", "nir")
    with pytest.raises(SourceError, match="one name for each band"):
        take(tmp_path, band_names=["a", "b", "c"])


@pytest.mark.parametrize("form", ["{d:%Y-%m-%d} {b}", "{d:%Y%m%d}_{b}", "LC08_028029_{d:%Y%m%d}_{b}", "{b}_{d:%Y%m%d}"])
def test_one_file_with_dates_in_its_descriptions(tmp_path, form):
    days = dates("2023-04-22", "2023-04-01")
    names = [form.format(d=day, b=band) for day in days for band in ("SR_B4", "SR_B5")]
    write(tmp_path / "cube.tif", [1, 2, 3, 4], names=names)
    series = take(tmp_path)
    assert (series.dates, series.bands) == (tuple(sorted(days)), ("SR_B4", "SR_B5"))
    np.testing.assert_array_equal(read(series).values[0], [[3, 4], [1, 2]])


def test_one_file_a_band_with_dates_in_its_descriptions(tmp_path):
    for band, value in (("NDVI", 1), ("EVI", 5)):
        write(tmp_path / f"{band}.tif", [value, value + 1], names=("2023-04-01", "2023-04-09"))
    series = take(tmp_path, bands=["NDVI", "EVI"])
    np.testing.assert_array_equal(read(series).values[0], [[1, 5], [2, 6]])


@pytest.mark.parametrize(
    "names",
    [
        ("B4", "B8", "B4", "B8", "slope"),
        ("B4", "B8", "B4_1", "B8_1", "slope"),
        ("0_B4", "0_B8", "1_B4", "1_B8", "2_slope"),
    ],
)
def test_repeated_band_names_count_steps_from_the_first_date(tmp_path, names):
    names = names[:4] if names[0].startswith("0") else names
    write(tmp_path / "cube.tif", range(1, len(names) + 1), names=names)
    series = take(tmp_path / "cube.tif", first_date="2023-04-01", step_days=8)
    assert (series.dates, series.bands) == (dates("2023-04-01", "2023-04-09"), ("B4", "B8"))
    np.testing.assert_array_equal(read(series).values[0], [[1, 2], [3, 4]])


def test_repeated_band_names_without_a_date_are_refused(tmp_path):
    write(tmp_path / "cube.tif", [1, 2, 3, 4], names=("B4", "B8", "B4", "B8"))
    with pytest.raises(SourceError, match=r"2 dates of B4, B8.*first_date and step_days"):
        take(tmp_path)


def test_band_names_given_go_round_over_the_steps(tmp_path):
    write(tmp_path / "cube.tif", [1, 2, 3, 4], names=("", "", "", ""))
    series = take(tmp_path, band_names=["red", "nir"], first_date="2023-04-01", step_days=5)
    np.testing.assert_array_equal(read(series).values[0], [[1, 2], [3, 4]])


def test_nameless_bands_are_the_steps_of_one_band(tmp_path):
    write(tmp_path / "NDVI.tif", [1, 2, 3], names=("", "", ""))
    series = take(tmp_path, first_date="2023-04-01", step_days=5)
    assert (series.dates, series.bands) == (dates("2023-04-01", "2023-04-06", "2023-04-11"), ("NDVI",))


def test_what_has_no_date_is_left_out_and_told(tmp_path):
    write(tmp_path / "B4_20230401.tif")
    write(tmp_path / "truth.tif")
    assert listing(FolderParams(path=str(tmp_path)))["warnings"] == [
        "Without a date and left out: truth.tif (truth.tif)."
    ]


def test_sub_folders_are_entered_where_the_folder_holds_no_raster(tmp_path):
    for day in ("2023-04-01", "2023-04-09"):
        write(tmp_path / day / "B04.tif")
    assert take(tmp_path).dates == dates("2023-04-01", "2023-04-09")


def test_sub_folders_are_entered_where_the_pattern_says_so(tmp_path):
    write(tmp_path / "B04_20230401.tif")
    write(tmp_path / "more" / "B04_20230409.tif")
    assert take(tmp_path).dates == dates("2023-04-01")
    assert take(tmp_path, pattern="more/{band}_{date}.tif").dates == dates("2023-04-09")


def test_a_vrt_is_read(tmp_path):
    write(tmp_path / "hidden" / "x.tif", 7)
    grid = 'rasterXSize="6" rasterYSize="5"'
    (tmp_path / "B04_20230401.vrt").write_text(
        f"<VRTDataset {grid}><GeoTransform>500000, 10, 0, 5600000, 0, -10</GeoTransform>"
        '<VRTRasterBand dataType="Int16" band="1"><SimpleSource>'
        '<SourceFilename relativeToVRT="1">hidden/x.tif</SourceFilename><SourceBand>1</SourceBand>'
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    assert (read(take(tmp_path)).values == 7).all()


@pytest.mark.parametrize("upwards", [False, True])
@pytest.mark.parametrize("axes", [("time", "band", "y", "x"), ("band", "time", "y", "x")])
def test_a_netcdf_variable_with_time_and_band_axes(tmp_path, axes, upwards):
    truth = np.random.default_rng(4).integers(0, 9999, (3, 2, HEIGHT, WIDTH), dtype="int16")
    stored = truth if axes[0] == "time" else truth.swapaxes(0, 1)
    series = take(write_netcdf(tmp_path / "season.nc", stored, axes, upwards=upwards))
    assert (series.dates, series.bands) == (dates("2023-04-01", "2023-04-11", "2023-05-01"), ("refl_4", "refl_8"))
    assert series.grid.bounds == (500000, 5600000 - 10 * HEIGHT, 500000 + 10 * WIDTH, 5600000)
    np.testing.assert_array_equal(read(series).values, truth.reshape(3, 2, -1).transpose(2, 0, 1))


def test_netcdf_variables_on_no_grid_are_left_out_and_told(tmp_path):
    write_netcdf(tmp_path / "season.nc", np.ones((3, 2, HEIGHT, WIDTH)), ("time", "band", "y", "x"))
    assert warnings_of(tmp_path) == ["On no north-up grid and left out: rain."]


def test_two_scenes_of_a_date_are_two_scenes(tmp_path):
    for path, value in (("028029", 1), ("028030", 2)):
        for band in ("SR_B4", "SR_B5"):
            write(tmp_path / f"LC08_L2SP_{path}_20230422_20230430_02_T1_{band}.TIF", value)
    series = take(tmp_path)
    assert series.dates == dates("2023-04-22", "2023-04-22")
    np.testing.assert_array_equal(read(series).values[0], [[1, 1], [2, 2]])


def test_the_same_band_twice_on_a_date_is_refused(tmp_path):
    for tile in "ab":
        write(tmp_path / tile / "20230422_B04.tif")
    with pytest.raises(SourceError, match=r"B04 stands twice on 2023-04-22.*a/20230422_B04.* and .*b/20230422_B04"):
        take(tmp_path)


def test_the_span_of_dates_is_kept_to(tmp_path):
    for day in (1, 9, 17, 25):
        write(tmp_path / f"B4_202304{day:02d}.tif")
    assert take(tmp_path, start="2023-04-09", end="2023-04-17").dates == dates("2023-04-09", "2023-04-17")
    with pytest.raises(SourceError, match=r"2023-04-01 \.\. 2023-04-25.*Change start and end"):
        take(tmp_path, start="2024-01-01")


# ---------------------------------------------------------------- numbers


def test_scale_offset_and_nodata_come_from_the_file_unless_given(tmp_path):
    path = write(tmp_path / "SR_B4_20230422.tif", [[[10000, 0, 7]]], nodata=0)
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (0.0000275,), (-0.2,)
    np.testing.assert_allclose(read(take(tmp_path)).values[:, 0, 0], [0.075, np.nan, 7 * 0.0000275 - 0.2], rtol=1e-6)
    given = read(take(tmp_path, scale=0.0001, nodata="7")).values[:, 0, 0]
    np.testing.assert_allclose(given, [1.0, 0.0, np.nan])


def test_a_scale_of_zero_in_the_file_is_refused(tmp_path):
    path = write(tmp_path / "B4_20230422.tif")
    with rasterio.open(path, "r+") as file:
        file.scales = (0.0,)
    with pytest.raises(SourceError, match="Give the scale yourself"):
        take(tmp_path)


def coloured(path, names=("", "", "", "")):
    write(path, [[[10, 11]], [[20, 21]], [[30, 31]], [[255, 0]]], names=names, dtype="uint8")
    with rasterio.open(path, "r+") as file:
        file.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    return path


def test_an_alpha_band_hides_pixels_and_is_no_measurement(tmp_path):
    coloured(tmp_path / "2023-04-22.tif")
    series = take(tmp_path, band_names=["red", "green", "blue"])
    assert series.bands == ("red", "green", "blue")
    np.testing.assert_array_equal(read(series).values[:, 0], [[10, 20, 30], [np.nan] * 3])
    (warning,) = warnings_of(tmp_path)
    assert "not taken as a measurement: 2023-04-22.tif. To take it, name all bands in band_names." in warning


def test_an_alpha_band_that_is_named_is_a_measurement(tmp_path):
    coloured(tmp_path / "2023-04-22.tif")
    assert take(tmp_path, band_names=["blue", "green", "red", "nir"]).bands == ("blue", "green", "red", "nir")
    coloured(tmp_path / "2023-04-22.tif", names=("blue", "green", "red", "nir"))
    assert take(tmp_path).bands == ("blue", "green", "red", "nir")


def test_bands_are_chosen_in_the_order_given(tmp_path):
    for band in ("B4", "B5", "B6"):
        write(tmp_path / f"{band}_20230401.tif", int(band[1]))
    np.testing.assert_array_equal(read(take(tmp_path, bands=["B6", "B4"])).values[0], [[6, 4]])
    with pytest.raises(SourceError, match=r"no band 'B7'.*Known: B4, B5, B6"):
        take(tmp_path, bands=["B7"])


# ---------------------------------------------------------------- masks


LANDSAT = MaskRule(bad_bits=(1, 2, 3, 4, 5), fill_bits=(0,))
CLASSES = MaskRule(clear_values=(4, 5, 6, 7), fill_values=(0,))


def test_landsat_quality_bits_are_the_default_of_qa_pixel(tmp_path):
    write(tmp_path / "SR_B4_20230422.tif", [[[1, 2, 3]]])
    write(tmp_path / "QA_PIXEL_20230422.tif", [[[21824, 22280, 1]]], dtype="uint16")
    series = take(tmp_path, masks=["QA_PIXEL"])
    assert (series.bands, series.mask_rules) == (("SR_B4",), {"QA_PIXEL": LANDSAT})
    assert read(series).clear[:, 0].tolist() == [True, False, False]


def test_scl_takes_land_and_water_as_clear_and_is_not_scaled(tmp_path):
    write(tmp_path / "B04_20230422.tif", [[[1, 2, 3]]])
    write(tmp_path / "SCL_20230422.tif", [[[4, 9, 6]]], dtype="uint8")
    series = take(tmp_path, masks=["SCL"], scale=0.0001, nodata="4")
    assert series.mask_rules == {"SCL": CLASSES}
    assert read(series).clear[:, 0].tolist() == [True, False, True]


def test_a_quality_band_is_never_taken_for_a_measurement(tmp_path):
    write(tmp_path / "B04_20230422.tif")
    write(tmp_path / "QA60_20230422.tif")
    assert take(tmp_path).bands == ("B04",)
    assert warnings_of(tmp_path) == [
        "QA60 holds quality flags and is not used; say in masks how it is read, or name it in bands."
    ]


@pytest.mark.parametrize(("band", "rule"), [("QA_PIXEL", LANDSAT), ("SCL", CLASSES)])
@pytest.mark.parametrize("chosen", [[], ["B04"]])
def test_a_known_mask_of_every_date_is_used_by_itself(tmp_path, band, rule, chosen):
    for day in (1, 9):
        write(tmp_path / f"B04_202304{day:02d}.tif")
        write(tmp_path / f"{band}_202304{day:02d}.tif", day, dtype="uint16")
    series = take(tmp_path, bands=chosen)
    asked = take(tmp_path, bands=chosen, masks=[band])
    assert (series.bands, series.mask_rules, series.scenes) == (("B04",), {band: rule}, asked.scenes)
    assert warnings_of(tmp_path) == []


def test_the_listing_says_which_masks_are_used_and_how(tmp_path):
    for name in ("B04", "SCL", "CLP"):
        write(tmp_path / f"{name}_20230422.tif")
    listed = listing(FolderParams(path=str(tmp_path), mask_dilate=3))
    assert listed["masks"] == {"CLP": "up to 102", "SCL": "clear 4 5 6 7"}
    assert listed["mask_dilate"] == 3


@pytest.mark.parametrize("word", ["none", "None"])
def test_the_word_none_switches_masks_off(tmp_path, word):
    write(tmp_path / "B04_20230422.tif")
    write(tmp_path / "SCL_20230422.tif")
    series = take(tmp_path, masks=[word])
    assert (series.bands, series.mask_rules, series.scenes[0].masks) == (("B04",), {}, {})
    assert listing(FolderParams(path=str(tmp_path), masks=[word]))["masks"] == {}
    assert warnings_of(tmp_path, masks=[word]) == []


def test_a_band_may_be_mask_and_measurement(tmp_path):
    write(tmp_path / "CLP_20230422.tif", [[[51, 255]]])
    series = take(tmp_path, bands=["CLP"], masks=["CLP up to 60"], scale=0.5)
    block = read(series)
    assert block.values[:, 0, 0].tolist() == [25.5, 127.5]
    assert block.clear[:, 0].tolist() == [True, False]


def test_a_mask_named_among_the_bands_is_a_measurement(tmp_path):
    write(tmp_path / "B04_20230422.tif")
    write(tmp_path / "SCL_20230422.tif")
    series = take(tmp_path, bands=["B04", "SCL"])
    assert (series.bands, series.mask_rules) == (("B04", "SCL"), {})


def test_a_known_mask_that_misses_a_date_is_left_out_and_told(tmp_path):
    for day in (1, 9):
        write(tmp_path / f"B04_202304{day:02d}.tif")
    write(tmp_path / "SCL_20230401.tif")
    assert take(tmp_path).mask_rules == {}
    assert warnings_of(tmp_path) == [
        "SCL tells clear from cloud but is missing on 1 of 2 dates, e.g. 2023-04-09, and is not used."
    ]
    assert take(tmp_path, end="2023-04-05").mask_rules == {"SCL": CLASSES}


def test_a_known_mask_with_a_date_of_its_own_is_left_out_and_told(tmp_path):
    for name in ("B04_20230401", "SCL_20230401", "SCL_20230409"):
        write(tmp_path / f"{name}.tif")
    series = take(tmp_path)
    assert (series.dates, series.mask_rules) == (dates("2023-04-01"), {})
    assert "does not say which image it belongs to on 2023-04-09" in warnings_of(tmp_path)[0]


def test_all_known_masks_are_used_together(tmp_path):
    write(tmp_path / "SR_B4_20230422.tif", [[[1, 2, 3, 4]]])
    write(tmp_path / "QA_PIXEL_20230422.tif", [[[64, 64, 8, 8]]], dtype="uint16")
    write(tmp_path / "QA_RADSAT_20230422.tif", [[[0, 8, 0, 8]]], dtype="uint16")
    assert list(take(tmp_path).mask_rules) == ["QA_PIXEL", "QA_RADSAT"]
    assert read(take(tmp_path)).clear[:, 0].tolist() == [True, False, False, False]
    assert read(take(tmp_path, masks=["QA_RADSAT"])).clear[:, 0].tolist() == [True, False, True, False]


def test_a_coarser_mask_that_covers_is_used_without_warp(tmp_path):
    write(tmp_path / "B04_20230422.tif", np.ones((1, 4, 4)))
    write(tmp_path / "SCL_20230422.tif", [[[4, 8], [9, 5]]], pixel=20, dtype="uint8")
    for more in ({}, {"masks": ["SCL"]}, {"warp": True}):
        clear = read(take(tmp_path, **more)).clear.reshape(4, 4)
        np.testing.assert_array_equal(clear, np.kron([[1, 0], [0, 1]], np.ones((2, 2))).astype(bool))
    assert warnings_of(tmp_path) == []


def test_a_coarser_band_still_needs_warp_beside_its_mask(tmp_path):
    write(tmp_path / "B04_20230422.tif", np.ones((1, 4, 4)))
    write(tmp_path / "SCL_20230422.tif", np.full((1, 2, 2), 4), pixel=20)
    write(tmp_path / "B05_20230422.tif", np.ones((1, 2, 2)), pixel=20)
    with pytest.raises(GridError, match="Switch on warp"):
        take(tmp_path)
    assert take(tmp_path, warp=True).bands == ("B04", "B05")


def test_a_mask_that_does_not_cover_is_left_out_and_told_or_refused_if_asked_for(tmp_path):
    write(tmp_path / "B04_20230422.tif", np.ones((1, 4, 4)))
    write(tmp_path / "SCL_20230422.tif", np.full((1, 2, 1), 4), pixel=20)
    assert take(tmp_path).mask_rules == {}
    (warning,) = warnings_of(tmp_path)
    assert "size 1 x 2 instead of 4 x 4" in warning
    assert "switch on warp to use it" in warning
    with pytest.raises(GridError, match="A mask does not cover"):
        take(tmp_path, masks=["SCL"])
    assert read(take(tmp_path, warp=True)).clear.reshape(4, 4)[0].tolist() == [True, True, False, False]


def test_a_known_mask_that_cannot_be_warped_is_left_out_and_told(tmp_path):
    write(tmp_path / "B04_20230422.tif")
    write(tmp_path / "SCL_20230422.tif", pixel=20, crs=None)
    assert take(tmp_path, warp=True).mask_rules == {}
    assert "without a coordinate reference system" in warnings_of(tmp_path, warp=True)[0]


def test_each_of_two_scenes_of_a_date_gets_its_own_mask(tmp_path):
    for path, value in (("028029", 64), ("028030", 8)):
        for band in ("SR_B4", "QA_PIXEL"):
            write(tmp_path / f"LC08_L2SP_{path}_20230422_20230430_02_T1_{band}.TIF", value)
    assert read(take(tmp_path)).clear[0].tolist() == [True, False]


def test_a_mask_missing_on_a_date_is_named(tmp_path):
    for day in (1, 9):
        write(tmp_path / f"B04_202304{day:02d}.tif")
    write(tmp_path / "SCL_20230401.tif")
    with pytest.raises(SourceError, match=r"SCL is missing on 1 of 2 dates: 2023-04-09"):
        take(tmp_path, masks=["SCL"])


# ---------------------------------------------------------------- refusals


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"nowhere.*Choose the folder"):
        take(tmp_path / "nowhere")


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(SourceError, match=r"no raster file.*\.tif"):
        take(tmp_path)


def test_names_without_dates_are_shown_with_the_template_explained(tmp_path):
    for name in "abcd":
        write(tmp_path / f"{name}.tif")
    with pytest.raises(SourceError, match=r"4 files \(a\.tif, b\.tif, c\.tif, \.\.\.\).*\{band\}_\{date"):
        take(tmp_path)


def test_a_pattern_that_fits_no_file_shows_names(tmp_path):
    write(tmp_path / "B4_20230401.tif")
    with pytest.raises(SourceError, match=r"B4_20230401\.tif.*\{\*\} anything"):
        take(tmp_path, pattern="{date}_{band}.tif")


def test_a_band_missing_on_a_date_is_named(tmp_path):
    for name in ("B4_20230401", "B5_20230401", "B4_20230409"):
        write(tmp_path / f"{name}.tif")
    with pytest.raises(SourceError, match=r"Band B5 is missing on 1 of 2 dates: 2023-04-09.*leave the band out"):
        take(tmp_path)
    assert take(tmp_path, bands=["B4"]).bands == ("B4",)


def test_a_truncated_file_is_found_before_work_starts(tmp_path):
    write(tmp_path / "B4_20230401.tif")
    cut = write(tmp_path / "B4_20230409.tif")
    listed = listing(FolderParams(path=str(tmp_path)))
    with cut.open("r+b") as file:
        file.truncate(cut.stat().st_size - 20)
    with pytest.raises(SourceError, match=r"B4_20230409\.tif"):
        take(tmp_path)
    assert listed["problems"] == []


@pytest.mark.parametrize(
    ("more", "difference"),
    [
        ({"origin": (500005, 5600000)}, "upper left corner 500005, 5600000 instead of 500000, 5600000"),
        ({"pixel": 20}, "pixel size 20 x 20 instead of 10 x 10"),
        ({"crs": "EPSG:32632"}, "another coordinate reference system"),
        ({"values": np.ones((1, 4, 6))}, "size 6 x 4 instead of 6 x 5 pixels"),
    ],
)
def test_another_grid_is_refused_with_the_difference_and_both_files(tmp_path, more, difference):
    write(tmp_path / "B4_20230401.tif")
    write(tmp_path / "B4_20230409.tif", **more)
    with pytest.raises(GridError, match=difference) as raised:
        take(tmp_path)
    assert "B4_20230409.tif against" in raised.value.where
    assert raised.value.where.endswith("B4_20230401.tif")
    assert "warp" in raised.value.fix
    assert len(listing(FolderParams(path=str(tmp_path)))["problems"]) == 1


def test_another_grid_is_resampled_on_request(tmp_path):
    write(tmp_path / "B4_20230401.tif", 5)
    write(tmp_path / "B4_20230409.tif", np.full((1, 20, 20), 8), origin=(499950, 5600050))
    block = read(take(tmp_path, warp=True))
    np.testing.assert_array_equal(block.values[:, :, 0], np.tile(np.float32([5, 8]), (HEIGHT * WIDTH, 1)))


@pytest.mark.parametrize(
    ("values", "fix"),
    [
        ({"valid_range": [1.0]}, "lowest and the highest"),
        ({"valid_range": [1.0, 0.0]}, "lowest and the highest"),
        ({"nodata": "none"}, "a number or nan"),
        ({"start": "2023-04-31"}, "YYYY-MM-DD"),
        ({"start": "2023-05-01", "end": "2023-04-01"}, "Exchange"),
        ({"masks": ["QA60"]}, "no rule is known for the band 'QA60'"),
        ({"masks": ["none", "SCL"]}, "no rule is known for the band 'none'"),
        ({"masks": ["SCL", "SCL clear 4"]}, "stands twice"),
        ({"masks": ["SCL clear"]}, "nothing stands behind 'clear'"),
        ({"masks": ["CLP up to "]}, "nothing stands behind 'up to'"),
        ({"masks": ["SCL clear 4.5"]}, "'4.5' is no whole number; known are saturated"),
        ({"masks": ["QA_PIXEL clear cloud"]}, "'cloud' is no whole number"),
        ({"masks": ["SCL bits 63"]}, "'63' is no bit"),
        ({"masks": ["SCL bits vegetation"]}, "'vegetation' is no bit"),
        ({"masks": ["CLP up to 1 2"]}, "'1 2' is not one number"),
        ({"boa_offset": "yes", "sensor": "hls_s30"}, "only for the sensor"),
        ({"first_date": "2023-04-01"}, "days between two steps"),
        ({"bands": ["B4", "B4"]}, "once"),
        ({"scale": float("nan")}, "Give a number"),
    ],
)
def test_contradicting_parameters_are_refused(tmp_path, values, fix):
    write(tmp_path / "B4_20230401.tif")
    with pytest.raises(ParameterError, match=fix):
        take(tmp_path, **values)


# ---------------------------------------------------------------- listing and registry


def test_the_listing_is_plain_json_and_says_what_will_be_read(tmp_path):
    for day in (1, 9):
        write(tmp_path / f"x_B4_202304{day:02d}.tif", nodata=-9999)
    listed = listing(FolderParams(path=str(tmp_path), scale=0.0001))
    assert json.loads(json.dumps(listed, allow_nan=False)) == listed
    assert listed["pattern"] == "x_{band}_{date:%Y%m%d}"
    assert listed["dates"] == ["2023-04-01", "2023-04-09"]
    assert (listed["scale"], listed["nodata"]) == ({"B4": 0.0001}, {"B4": -9999.0})
    assert listed["grid"]["bounds"] == [500000, 5599950, 500060, 5600000]


def test_the_source_is_registered_with_its_parameters():
    entry = SOURCES.get("folder")
    assert entry.catalogued().schema["required"] == ["path"]
    assert entry.parse({"path": "x", "masks": ["SCL", "CLP up to 60"]}).masks == ["SCL", "CLP up to 60"]
