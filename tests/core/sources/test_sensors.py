"""Folders as the agencies deliver them, written here by the product guides."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from cropmap.contract.errors import GridError, SourceError
from cropmap.data.bands import ROLES
from cropmap.data.site import Window
from cropmap.io.series import SeriesReader
from cropmap.sources.folder import FolderParams, folder, listing
from cropmap.sources.sensors import REFLECTANCE, SENSORS


def write(path, numbers, pixel=30, dtype="int16", **more):
    """Write numbers (row, column), or (band, row, column), at one corner."""
    values = np.atleast_3d(np.asarray(numbers, dtype=dtype))
    values = values if np.ndim(numbers) == 3 else values.reshape(1, *np.shape(np.atleast_2d(numbers)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", width=values.shape[2], height=values.shape[1], count=len(values), dtype=dtype,
        crs="EPSG:32631", transform=Affine(pixel, 0, 500000, 0, -pixel, 5600000), nodata=more.get("nodata"),
    ) as file:  # fmt: skip
        file.write(values)
        for index, name in enumerate(more.get("names", ()), 1):
            file.set_band_description(index, name)
        if "offset" in more:
            file.scales, file.offsets = (more["scale"],) * len(values), (more["offset"],) * len(values)
    return path


def params(path, sensor, **values):
    return FolderParams(path=str(path), sensor=sensor, **values)


def read(series):
    with SeriesReader(series) as reader:
        return reader.read(Window(0, 0, series.grid.height, series.grid.width))


def landsat(path, product, bands, day="20230422", **numbers):
    for band in bands:
        write(
            path / f"{product}_L2SP_028029_{day}_20230430_02_T1_{band}.TIF", numbers.get(band, [[8000]]), dtype="uint16"
        )


OLI = ("SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B6", "SR_B7")
TM = ("SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B7")
SIX = ("blue", "green", "red", "nir", "swir1", "swir2")


# ---------------------------------------------------------------- Landsat


def test_landsat_8_numbers_masks_and_roles(tmp_path):
    numbers = [[7273, 43636, 0, 6000, 60000, 8000, 8000]]
    rest = {"SR_B4": numbers, "QA_PIXEL": [[21824] * 6 + [22280]], "QA_RADSAT": [[0, 0, 0, 0, 0, 4, 0]]}
    plain = {band: [[8000] * 7] for band in (*OLI, "ST_B10")}
    landsat(tmp_path, "LC08", (*OLI, "ST_B10", "QA_PIXEL", "QA_RADSAT"), **plain | rest)
    series = folder(params(tmp_path, "landsat_8_9"))
    assert series.bands == ("coastal", *SIX)
    assert list(series.mask_rules) == ["QA_PIXEL", "QA_RADSAT"]
    block = read(series)
    # The guide's valid span of stored numbers, 7273 to 43636, is reflectance 0 to 1.
    np.testing.assert_allclose(block.values[:2, 0, 3], [0, 1], atol=2e-5)
    assert np.isnan(block.values[2, 0, 3])
    assert block.clear[:, 0].tolist() == [True, True, False, False, False, False, False]


def test_numbers_of_bands_mean_other_roles_on_landsat_4_to_7(tmp_path):
    numbers = {band: [[8000 + k]] for k, band in enumerate(TM)}
    landsat(tmp_path, "LE07", (*TM, "ST_B6"), **numbers)
    series = folder(params(tmp_path, "landsat_4_7"))
    assert series.bands == SIX
    np.testing.assert_allclose(read(series).values[0, 0], (8000 + np.arange(6)) * 2.75e-5 - 0.2, rtol=1e-5)


def test_files_of_another_landsat_or_level_are_left_out_and_told(tmp_path):
    landsat(tmp_path, "LC09", OLI)
    landsat(tmp_path, "LE07", TM, day="20230430")
    write(tmp_path / "LC09_L1TP_028029_20230508_20230508_02_T1_B4.TIF", [[9000]], dtype="uint16")
    series = folder(params(tmp_path, "landsat_8_9"))
    assert series.dates == (dt.date(2023, 4, 22),)
    assert series.notes[0].startswith("7 files are not of Landsat 8 and 9")
    with pytest.raises(SourceError, match=r"no band of Sentinel-2.*of another product.*Looked for B01, B02, B03"):
        folder(params(tmp_path, "sentinel_2_l2a"))


def test_bands_that_the_folder_lacks_are_not_taken_and_others_on_request(tmp_path):
    landsat(tmp_path, "LC08", ("SR_B5", "SR_B4", "ST_B10"))
    assert folder(params(tmp_path, "landsat_8_9")).bands == ("red", "nir")
    series = folder(params(tmp_path, "landsat_8_9", bands=["nir", "ST_B10"]))
    np.testing.assert_allclose(read(series).values[0, 0], [8000 * 2.75e-5 - 0.2, 8000], rtol=1e-6)
    with pytest.raises(SourceError, match=r"no band 'SR_B4'.*red"):
        folder(params(tmp_path, "landsat_8_9", bands=["SR_B4"]))


def test_the_user_wins_over_the_sensor_and_the_file_too(tmp_path):
    for day in ("20230422", "20230508"):
        landsat(tmp_path, "LC08", ("SR_B4", "QA_PIXEL"), day=day, QA_PIXEL=[[54596]])
    own = params(tmp_path, "landsat_8_9", scale=0.001, nodata="7", valid_range=[0, 9], masks=["QA_PIXEL bits cloud"])
    listed, series = listing(own), folder(own)
    assert (listed["scale"], listed["offset"], listed["nodata"]) == ({"red": 0.001}, {"red": 0.0}, {"red": 7.0})
    assert read(series).clear.tolist() == [[True, True]]
    assert series.valid_range == (0, 9)
    scaled = write(tmp_path / "said" / "LC08_20230422_SR_B4.tif", [[[5000]]], scale=1e-4, offset=0.05, nodata=-1)
    listed = listing(params(scaled.parent, "landsat_8_9"))
    assert (listed["scale"], listed["offset"], listed["nodata"]) == ({"red": 1e-4}, {"red": 0.05}, {"red": -1.0})


def test_an_earth_engine_export_of_landsat(tmp_path):
    names = ("SR_B2", "SR_B4", "SR_B5", "QA_PIXEL", "QA_RADSAT")
    numbers = np.array([8000, 9000, 20000, 21824, 0], np.float64).reshape(5, 1, 1)
    write(tmp_path / "LC08_028029_20230422.tif", numbers, dtype="float64", names=names)
    series = folder(params(tmp_path, "landsat_8_9"))
    assert (series.bands, list(series.mask_rules)) == (("blue", "red", "nir"), ["QA_PIXEL", "QA_RADSAT"])
    block = read(series)
    np.testing.assert_allclose(block.values[0, 0], np.array([8000, 9000, 20000]) * 2.75e-5 - 0.2, rtol=1e-5)
    assert block.clear.all()
    assert "may be scaled already" in series.notes[0]


# ---------------------------------------------------------------- Sentinel-2


def safe(path, day, baseline, tile="T31UFS", number=2000, *, twenty=True):
    """Write a product as ESA packs it: 10 m and 20 m folders that share bands."""
    images = path / f"S2A_MSIL2A_{day}T105621_{baseline}_R094_{tile}_{day}T140000.SAFE" / "GRANULE" / "L2A" / "IMG_DATA"
    for band in ("B02", "B04", "B08"):
        write(images / "R10m" / f"{tile}_{day}T105621_{band}_10m.tif", np.full((4, 4), number), 10, "uint16")
    for band in ("B02", "B04", "B05", "B8A") if twenty else ("B02", "B04"):
        write(images / "R20m" / f"{tile}_{day}T105621_{band}_20m.tif", np.full((2, 2), number), 20, "uint16")
    write(images / "R20m" / f"{tile}_{day}T105621_SCL_20m.tif", [[4, 9], [0, 5]], 20, "uint8")
    return path


def test_sentinel_2_takes_the_finest_bands_and_the_offset_by_the_baseline(tmp_path):
    safe(tmp_path, "20180701", "N0500", twenty=False)  # reprocessed, with the offset
    safe(tmp_path, "20210701", "N0301", twenty=False)
    safe(tmp_path, "20220701", "N0400", twenty=False)
    series = folder(params(tmp_path, "sentinel_2_l2a"))
    assert series.bands == ("blue", "red", "nir")
    assert (series.grid.width, series.grid.pixel_width) == (4, 10)
    block = read(series)
    np.testing.assert_allclose(block.values[0, :, 0], [0.1, 0.2, 0.1], rtol=1e-6)
    usable = np.kron([[1, 0], [0, 1]], np.ones((2, 2))).astype(bool).ravel()
    np.testing.assert_array_equal(block.clear, np.tile(usable[:, None], (1, 3)))
    assert "offset of -1000 is applied on 2 of 3 dates, by the processing baseline" in series.notes[0]
    assert listing(params(tmp_path, "sentinel_2_l2a"))["offset"]["red"] == [-0.1, 0.0]


@pytest.mark.parametrize(("choice", "offsets"), [("auto", [0, 0, -0.1, -0.1]), ("yes", [-0.1] * 4), ("no", [0] * 4)])
def test_without_a_baseline_the_date_decides_or_the_user(tmp_path, choice, offsets):
    days = ("20210701", "20220124", "20220125", "20230701")
    for day in days:
        write(tmp_path / f"T31UFS_{day}_B04.tif", [[2000]], dtype="uint16")
    series = folder(params(tmp_path, "sentinel_2_l2a", boa_offset=choice))
    np.testing.assert_allclose([scene.bands["red"].offset for scene in series.scenes], offsets)
    assert any("by the date" in note for note in series.notes) == (choice == "auto")


def test_an_offset_that_the_file_states_is_not_applied_twice(tmp_path):
    write(tmp_path / "20230701_red.tif", [[2000]], scale=1e-4, offset=-0.1)
    write(tmp_path / "20210701_red.tif", [[2000]], scale=1e-4, offset=0.02)
    series = folder(params(tmp_path, "sentinel_2_l2a"))
    np.testing.assert_allclose([scene.bands["red"].offset for scene in series.scenes], [0.02, -0.1])


def test_coarser_bands_of_sentinel_2_need_warp(tmp_path):
    safe(tmp_path, "20210701", "N0301")
    with pytest.raises(GridError, match="Switch on warp"):
        folder(params(tmp_path, "sentinel_2_l2a"))
    series = folder(params(tmp_path, "sentinel_2_l2a", warp=True))
    assert series.bands == ("blue", "red", "rededge1", "nir", "nir_narrow")
    assert folder(params(tmp_path, "sentinel_2_l2a", bands=["nir", "red"])).bands == ("nir", "red")


def test_two_tiles_of_a_date_are_two_scenes_each_with_its_mask(tmp_path):
    safe(tmp_path, "20210701", "N0301", twenty=False)
    safe(tmp_path, "20210701", "N0301", tile="T31UGS", number=3000, twenty=False)
    series = folder(params(tmp_path, "sentinel_2_l2a"))
    assert len(series.scenes) == 2
    assert sorted(read(series).values[0, :, 0].tolist()) == pytest.approx([0.2, 0.3])


# ---------------------------------------------------------------- HLS, MAJA, MODIS


def hls(path, kind, bands, day=2021123):
    for k, band in enumerate(bands):
        name = f"HLS.{kind}.T15TVH.{day}T170859.v2.0.{band}.tif"
        write(path / name, [[1000 + k, -9999]], nodata=-9999) if band != "Fmask" else write(
            path / name, [[64, 66]], dtype="uint8", nodata=255
        )


def test_hls_pairs_b8a_with_the_near_infrared_of_landsat(tmp_path):
    hls(tmp_path, "S30", ("B02", "B04", "B08", "B8A", "B11", "B09", "Fmask"))
    hls(tmp_path, "L30", ("B02", "B04", "B05", "B06", "B10", "Fmask"), 2021130)
    sentinel, landsat_8 = folder(params(tmp_path, "hls_s30")), folder(params(tmp_path, "hls_l30"))
    assert (sentinel.bands, sentinel.dates) == (("blue", "red", "nir", "nir_broad", "swir1"), (dt.date(2021, 5, 3),))
    assert (landsat_8.bands, landsat_8.dates) == (("blue", "red", "nir", "swir1"), (dt.date(2021, 5, 10),))
    np.testing.assert_allclose(read(sentinel).values[0, 0], [0.1, 0.1001, 0.1003, 0.1002, 0.1004], rtol=1e-6)
    assert np.isnan(read(landsat_8).values[1]).all()
    assert read(landsat_8).clear[:, 0].tolist() == [True, False]


def test_maja_takes_slope_corrected_bands_and_all_its_masks(tmp_path):
    start = "SENTINEL2A_20170706-090107-511_L2A_T33KWP_C_V1-0"
    for kind, number in (("SRE", 900), ("FRE", 1000)):
        for band in ("B3", "B4", "B8"):
            write(tmp_path / start / f"{start}_{kind}_{band}.tif", np.full((4, 4), number), 10)
    flags = {"CLM": [[0, 2], [0, 0]], "EDG": [[0, 0], [1, 0]], "SAT": [[0, 0], [0, 8]], "MG2": [[1, 0], [0, 0]]}
    for name, numbers in flags.items():
        fine = np.kron(numbers, np.ones((2, 2)))
        write(tmp_path / start / "MASKS" / f"{start}_{name}_R1.tif", fine, 10, "uint8")
        write(tmp_path / start / "MASKS" / f"{start}_{name}_R2.tif", numbers, 20, "uint8")
    series = folder(params(tmp_path, "maja_sentinel_2"))
    assert (series.bands, len(series.scenes)) == (("green", "red", "nir"), 1)
    assert set(series.mask_rules) == set(flags)
    assert all("R1" in asset.path for asset in series.scenes[0].masks.values())
    block = read(series)
    np.testing.assert_allclose(block.values, 0.1)
    np.testing.assert_array_equal(block.clear[:, 0], np.kron([[1, 0], [0, 0]], np.ones((2, 2))).astype(bool).ravel())


def test_modis_indices_reflectances_and_reliability(tmp_path):
    numbers = {
        "NDVI": [[5000, -3000, 10000, -2500]],
        "EVI": [[4000, -3000, 9000, 1]],
        "red_reflectance": [[300, -1000, 500, 1]],
        "NIR_reflectance": [[3000, -1000, 5000, 1]],
        "MIR_reflectance": [[800, -1000, 900, 1]],
        "VI_Quality": [[2112, 2112, 2112, 2112]],
        "pixel_reliability": [[1, -1, 3, 0]],
    }
    for name, stored in numbers.items():
        write(tmp_path / f"MOD13Q1.061__250m_16_days_{name}_doy2021097_aid0001.tif", stored)
    series = folder(params(tmp_path, "mod13q1"))
    assert (series.bands, series.dates) == (("NDVI", "EVI", "red", "nir", "swir2"), (dt.date(2021, 4, 7),))
    block = read(series)
    np.testing.assert_allclose(block.values[0, 0], [0.5, 0.4, 0.03, 0.3, 0.08], rtol=1e-6)
    assert np.isnan(block.values[1]).all()
    assert block.clear[:, 0].tolist() == [True, False, False, False]  # marginal; fill; cloud; below -0.2


# ---------------------------------------------------------------- the listing and the data


def test_the_listing_says_what_the_sensor_makes_of_the_files(tmp_path):
    landsat(tmp_path, "LC08", ("SR_B4", "SR_B5", "QA_PIXEL"), QA_PIXEL=[[21824]])
    listed = listing(params(tmp_path, "landsat_8_9", mask_dilate=2))
    assert listed["file_bands"] == {"red": "SR_B4", "nir": "SR_B5"}
    assert (listed["scale"], listed["offset"]) == ({"red": 2.75e-5, "nir": 2.75e-5}, {"red": -0.2, "nir": -0.2})
    assert (listed["sensor"], listed["valid_range"]) == ("landsat_8_9", list(REFLECTANCE))
    assert (listed["masks"], listed["mask_dilate"]) == ({"QA_PIXEL": "bits 1 2 3 4 5"}, 2)
    plain = listing(FolderParams(path=str(tmp_path)))
    assert (plain["sensor"], plain["file_bands"], plain["bands"]) == ("", {}, ["SR_B4", "SR_B5"])


def test_a_folder_without_any_band_of_the_sensor_says_what_was_looked_for(tmp_path):
    write(tmp_path / "VV_20230422.tif", [[1]])
    with pytest.raises(SourceError, match=r"no band of Landsat 8 and 9.*: VV\..*SR_B4, SR_B5"):
        folder(params(tmp_path, "landsat_8_9"))


@pytest.mark.parametrize("name", SENSORS)
def test_every_band_of_a_sensor_has_one_role_that_recipes_know(name):
    roles = [band.role for band in SENSORS[name].bands]
    assert len(set(roles)) == len(roles)
    assert set(roles) <= {*ROLES, "NDVI", "EVI", "nir_broad"}
