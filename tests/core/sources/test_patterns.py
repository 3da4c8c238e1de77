"""Dates and bands in names."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.errors import SourceError
from cropmap.sources.patterns import Template, common_pattern, find_date, is_quality_band, recognise, split_description

APRIL = dt.date(2023, 4, 22)


@pytest.mark.parametrize(
    ("name", "date", "band"),
    [
        ("LC08_L2SP_028029_20230422_20230430_02_T1_SR_B4.TIF", APRIL, "SR_B4"),
        ("LC08_L2SP_028029_20230422_20230430_02_T1_QA_PIXEL.TIF", APRIL, "QA_PIXEL"),
        ("LC80280292023112LGN00_B4.tif", APRIL, "B4"),
        ("T31UFS_20200109T105421_B04_10m.jp2", dt.date(2020, 1, 9), "B04"),
        ("T31UFS_20200109T105421_B8A_20m.jp2", dt.date(2020, 1, 9), "B8A"),
        ("TERRA_MODIS_012010_NDVI_2013-09-14.jp2", dt.date(2013, 9, 14), "NDVI"),
        ("022024_2018-08-29_2018-09-13_EVI.tif", dt.date(2018, 8, 29), "EVI"),
        ("MOD13Q1.A2018241.h12v10.006.2018259034811.NDVI.tif", dt.date(2018, 8, 29), "NDVI"),
        ("S2A2A_20200109_022_sampleroi_SCL_10.tif", dt.date(2020, 1, 9), "SCL"),
        ("x_2018241_red.tif", dt.date(2018, 8, 29), "red"),
        ("2018_08_29_nir08.tif", dt.date(2018, 8, 29), "nir08"),
        ("2018.08.29-swir16.tif", dt.date(2018, 8, 29), "swir16"),
        ("20180829.tif", dt.date(2018, 8, 29), ""),
        ("2018-08-29/B04.tif", dt.date(2018, 8, 29), "B04"),
        ("S2A_MSIL2A_20200109T105421_N0213_R051_T31UFS_20200109T120000.SAFE/B04.jp2", dt.date(2020, 1, 9), "B04"),
        ("NDVI.tif", None, "NDVI"),
        ("tile_012010.tif", None, ""),
        ("B4_20181340.tif", None, "B4"),
    ],
)
def test_names_in_use_are_recognised(name, date, band):
    (named,) = recognise([name])
    assert (named.date, named.band) == (date, band)


@given(
    st.dates(dt.date(1970, 1, 1), dt.date(2099, 12, 31)), st.sampled_from(["%Y%m%d", "%Y-%m-%d", "%Y_%m_%d", "%Y%j"])
)
def test_every_date_is_found_in_every_form(date, form):
    found = find_date(f"tile012_{date.strftime(form)}_B4")
    assert found is not None
    assert (found.date, found.form) == (date, form)


def test_a_date_inside_a_longer_number_is_none():
    assert find_date("x_120230422_7") is None
    assert find_date("2018259034811") is None


def test_an_unknown_band_is_the_part_in_which_files_of_a_date_differ():
    names = ["a_20200101_022_tca.tif", "a_20200101_022_tcb.tif", "a_20200111_065_tca.tif", "a_20200111_065_tcb.tif"]
    assert [named.band for named in recognise(names)] == ["tca", "tcb", "tca", "tcb"]


def test_times_and_orbits_are_no_bands():
    names = ["a_20200101_022.tif", "a_20200101_065.tif"]
    assert [named.band for named in recognise(names)] == ["", ""]


def test_a_stray_file_without_a_date_does_not_hide_the_others():
    names = ["a_20200101_tca.tif", "a_20200101_tcb.tif", "truth.tif"]
    assert [(named.date is None, named.band) for named in recognise(names)] == [(0, "tca"), (0, "tcb"), (1, "")]


def test_files_of_one_acquisition_leave_the_same_rest():
    red, nir, other = recognise(
        ["T31UFS_20200109T1054_B04.tif", "T31UFS_20200109T1054_B08.tif", "T31UGS_20200109T1054_B04.tif"]
    )
    assert red.rest == nir.rest != other.rest


def test_the_pattern_shown_has_wildcards_where_names_differ():
    named = recognise(["022024_2018-08-29_2018-09-13_EVI.tif", "022024_2018-09-14_2018-09-29_NDVI.tif"])
    assert common_pattern([name.shown for name in named]) == "022024_{date:%Y-%m-%d}_2018-09-{*}_{band}"


@pytest.mark.parametrize(
    ("text", "date", "band"),
    [
        ("2023-04-22 red", APRIL, "red"),
        ("2023-04-22 NDVI_max", APRIL, "NDVI_max"),
        ("2023-04-22T10:30:00 red edge", APRIL, "red edge"),
        ("20230422_B4", APRIL, "B4"),
        ("B4_20230422", APRIL, "B4"),
        ("LC08_028029_20230422_SR_B4", APRIL, "SR_B4"),
        ("20230422T170849_20230422T171821_T15TVH_B4", APRIL, "B4"),
        ("2023-04-22", APRIL, ""),
        ("temperature_2m", None, "temperature_2m"),
    ],
)
def test_band_descriptions_are_split(text, date, band):
    assert split_description(text) == (date, band)


@pytest.mark.parametrize(
    ("pattern", "name", "date", "band"),
    [
        ("{band}_{date:%Y%m%d}.tif", "SR_B4_20230422.tif", APRIL, "SR_B4"),
        ("{band}_{date:%Y%m%d}.tif", "SR_B4_20230422.TIF", APRIL, "SR_B4"),
        ("{band}_{date}", "red_2023112.tif", APRIL, "red"),
        ("{date:%d.%m.%Y}-{band}.jp2", "22.04.2023-nir.jp2", APRIL, "nir"),
        ("{date:%d%b%y}_{band}.tif", "22Apr23_x.tif", APRIL, "x"),
        ("{*}_{date}_{*}_{band}_10m.jp2", "T31_20230422_x_B04_10m.jp2", APRIL, "B04"),
        ("{date}/{band}/{*}.tif", "2023-04-22/red/img.tif", APRIL, "red"),
        ("{band}/{band}_{date}.tif", "red/red_20230422.tif", APRIL, "red"),
        ("{band}.tif", "red.tif", None, "red"),
        ("*_{date}.tif", "S2_20230422.tif", APRIL, ""),
    ],
)
def test_a_template_reads_names(pattern, name, date, band):
    named = Template(pattern).match(name)
    assert named is not None
    assert (named.date, named.band) == (date, band)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{band}_{date:%Y%m%d}.tif", "B4_20231340.tif"),
        ("{band}_{date:%Y%m%d}.tif", "B4_20230422.jp2"),
        ("{band}_{date}.tif", "deep/B4_20230422.tif"),
        ("{band}/{band}_{date}.tif", "red/nir_20230422.tif"),
    ],
)
def test_a_name_that_does_not_fit_is_refused(pattern, name):
    assert Template(pattern).match(name) is None


@pytest.mark.parametrize("pattern", ["{tile}_{date}", "{date}_{date}", "{date:%Q}"])
def test_a_wrong_template_is_refused(pattern):
    with pytest.raises(SourceError, match=r"strptime|Known: %Y"):
        Template(pattern)


def test_quality_bands_are_known_by_name():
    assert all(map(is_quality_band, ["QA_PIXEL", "SCL", "scl", "CLM", "SR_QA_AEROSOL", "LC08_QA_PIXEL"]))
    assert not any(map(is_quality_band, ["B4", "NDVI", "SR_B4", "cloudiness"]))
