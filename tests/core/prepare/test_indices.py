"""Indices equal their published formulas, written out once more in the sheet's band names."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math

import numpy as np
import pytest

from cropmap.contract.errors import ParameterError, RecipeError
from cropmap.data.cube import PixelSeries, Quality
from cropmap.data.season import Season
from cropmap.prepare import STEPS
from cropmap.prepare.index_formulas import FEATURE_SETS, FORMULAS, SHEET

SEASON = Season(dt.date(2017, 2, 1), dt.date(2017, 11, 1))
S2 = ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12")
SIX = ("blue", "green", "red", "nir", "swir1", "swir2")

# The sheet of Antonijević et al. 2023, row by row, for eval.
PUBLISHED = {
    "NDVI": "(B8-B4)/(B8+B4)",
    "NGRDI": "(B3-B4)/(B3+B4)",
    "GNDVI": "(B8-B3)/(B8+B3)",
    "NDRE": "(B8-B5)/(B8+B5)",
    "RENDVI": "(B8-B6)/(B8+B6)",
    "IRECI": "(B7-B4)/(B5/B6)",
    "EVI": "2.5*(B8-B4)/(B8+6*B4-7.5*B2+1)",
    "SAVI": "1.5*(B8-B4)/(B8+B4+0.5)",
    "NDSVI": "(B11-B4)/(B11+B4)",
    "NDRI": "(B4-B12)/(B4+B12)",
    "LSWI": "(B8A-B11)/(B8A+B11)",
    "NDWI": "(B3-B8)/(B3+B8)",
    "MNDWI": "(B3-B11)/(B3+B11)",
    "PSRI": "(B4-B2)/B6",
    "BSI": "((B11+B4)-(B8+B2))/((B11+B4)+(B8+B2))",
    "MBI": "(B11-B12-B8A)/(B11+B12+B8A)+0.5",
    "NDSI2": "(B12-B3)/(B12+B3)",
    "CRC1": "(B11-B2)/(B11+B2)",
    "CRC2": "(B11-B4)/(B11+B4)",
    "NDI": "(B8-B11)/(B8+B11)",
    "NDI2": "(B8-B12)/(B8+B12)",
    "NDBI": "(B11-B8)/(B11+B8)",
    "STI": "B11/B12",
    "NDTI": "(B11-B12)/(B11+B12)",
    "VRESTI": "(B7-B12)/(B7+B12)",
    "NITI": "(B8A-B12)/(B8A+B12)",
    "VRETI": "(B6-B12)/(B6+B12)",
    "NDCI": "(B5-B4)/(B5+B4)",
    "CIG": "B7/B3-1",
    "ClRE": "B8A/B5-1",
    "BI1": "100*(0.5*(B2+B12)-B4)",
    "BI2": "(B2-B4)/(B2-B12)",
    "BI3": "(B12-B4)/(B12+B11)",
    "EOMI1": "(B11-B8A)/(B11+B8A)",
    "EOMI2": "(B12-B4)/(B12+B4)",
    "EOMI3": "((B11-B8A)+(B12-B4))/(B11+B8A+B12+B4)",
    "EOMI4": "(B11-B4)/(B11+B4)",
    "SeLI": "(B8A-B5)/(B8A+B5)",
}
# Long et al. 2026, in the order in which they are appended; N, R, ... as there.
LONG_PUBLISHED = {
    "NDVI": "(N-R)/(N+R)",
    "EVI": "2.5*(N-R)/(N+6*R-7.5*B+1)",
    "LSWI_NIR": "(N-S1)/(N+S1)",
    "NDWI_RED_SWIR1": "(R-S1)/(R+S1)",
    "NDTI_TURBIDITY": "(R-G)/(R+G)",
    "GCVI": "N/G-1",
}
# Maize in July, bare soil, clear water, as Sentinel-2 sees them.
MAIZE = (0.02, 0.05, 0.03, 0.08, 0.25, 0.35, 0.4, 0.42, 0.18, 0.08)
SOIL = (0.08, 0.11, 0.15, 0.18, 0.2, 0.22, 0.24, 0.26, 0.32, 0.28)
WATER = (0.06, 0.05, 0.03, 0.025, 0.02, 0.018, 0.015, 0.012, 0.006, 0.004)


def make_series(values, bands, clear=None):
    values = np.asarray(values, np.float32)
    pixels, dates = values.shape[:2]
    clear = np.ones((pixels, dates), bool) if clear is None else clear
    support = np.zeros(pixels, np.uint16)
    return PixelSeries(
        values, clear, np.arange(dates, dtype=np.int32) * 5, bands, Quality(support, support), np.ones(pixels, bool)
    )


def computed(values, bands, **params):
    step = STEPS.get("indices").make(STEPS.get("indices").parse(params))
    made = step.apply(make_series(values, bands), SEASON)
    assert made.bands == step.bands(bands)
    return {name: made.values[..., place] for place, name in enumerate(made.bands)}


def one(reflectances, bands, **params):
    """Return the features of one pixel on one date, by name."""
    made = computed([[reflectances]], bands, **params)
    return {name: float(value[0, 0]) for name, value in made.items()}


def noise(pixels, dates, bands):
    return np.random.default_rng(7).uniform(0.01, 0.7, (pixels, dates, bands)).astype(np.float32)


@pytest.mark.parametrize("reflectances", [MAIZE, SOIL, WATER])
def test_the_sheets_indices_are_as_published(reflectances):
    made = one(reflectances, S2, features="full48")
    known = dict(zip(S2, (float(np.float32(value)) for value in reflectances), strict=True))
    assert list(made) == [*S2, *PUBLISHED]
    for name, formula in PUBLISHED.items():
        expected = min(max(eval(formula, {}, known), -10 if name != "BI1" else -100), 10 if name != "BI1" else 100)  # noqa: S307
        assert made[name] == pytest.approx(expected, rel=1e-6, abs=1e-7), name


def test_some_worked_by_hand():
    made = one(MAIZE, S2, features="full48")
    worked = {
        "NDVI": 0.37 / 0.43,
        "IRECI": 1.0,  # 0.32 / (0.08 / 0.25)
        "EVI": 0.925 / 1.43,
        "SAVI": 0.555 / 0.93,
        "PSRI": 0.04,
        "MBI": -0.32 / 0.68 + 0.5,
        "STI": 2.25,
        "CIG": 6.0,
        "ClRE": 4.25,
        "BI1": 2.0,
        "BI2": 1 / 6,
        "BSI": -0.21 / 0.63,
        "EOMI3": -0.19 / 0.71,
    }
    assert {name: made[name] for name in worked} == pytest.approx(worked, rel=2e-6)


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_index_listed_alone_is_as_published_on_a_whole_block(name):
    values = noise(9, 15, 10)
    made = computed(values, S2, features="listed", names=[name], keep_bands=False)
    exact = values.astype(np.float64)
    expected = eval(PUBLISHED[name], {}, {band: exact[..., place] for place, band in enumerate(S2)})  # noqa: S307
    low, high = FORMULAS[name].clip
    assert list(made) == [name]
    np.testing.assert_allclose(made[name], np.clip(expected, low, high), rtol=1e-6, atol=1e-6)


def test_longs_six_are_as_published():
    values = noise(5, 8, 6)
    made = computed(values, SIX, features="long6")
    exact = dict(zip(("B", "G", "R", "N", "S1", "S2"), np.moveaxis(values.astype(np.float64), 2, 0), strict=True))
    assert list(made) == [*SIX, *LONG_PUBLISHED]
    for name, formula in LONG_PUBLISHED.items():
        high = 10 if name in ("EVI", "GCVI") else 1
        expected = np.clip(eval(formula, {}, exact), -1, high)  # noqa: S307
        np.testing.assert_allclose(made[name], expected, rtol=1e-6, atol=1e-6)


def test_the_identities_of_the_sheet():
    made = computed(noise(20, 10, 10), S2, features="full48")
    for name, other, sign in (
        ("NDSVI", "CRC2", 1),
        ("NDSVI", "EOMI4", 1),
        ("NDRI", "EOMI2", -1),
        ("GNDVI", "NDWI", -1),
        ("LSWI", "EOMI1", -1),
        ("NDI", "NDBI", -1),
    ):
        np.testing.assert_array_equal(made[name], sign * made[other])


def test_the_papers_share_names_for_other_formulas():
    made = computed(
        noise(20, 10, 10), S2, features="listed", names=[*PUBLISHED, *(set(LONG_PUBLISHED) - set(PUBLISHED))]
    )
    np.testing.assert_array_equal(made["NDTI_TURBIDITY"], -made["NGRDI"])
    np.testing.assert_array_equal(made["NDWI_RED_SWIR1"], -made["NDSVI"])
    np.testing.assert_array_equal(made["LSWI_NIR"], made["NDI"])
    assert (made["LSWI_NIR"] != made["LSWI"]).any()
    assert (made["GCVI"] != made["CIG"]).any()


def test_32_of_the_38_differ_up_to_sign_and_unique42_holds_the_first_of_each():
    made = computed(noise(20, 10, 10), S2, features="full48", keep_bands=False)
    seen, first = set(), []
    for name, values in made.items():
        key = (values * np.sign(values.flat[0])).tobytes()
        if key not in seen:
            first.append(name)
        seen.add(key)
    assert len(first) == 32
    assert list(computed(noise(1, 1, 10), S2, features="unique42")) == [*S2, *first]


@pytest.mark.parametrize(
    ("features", "count"), [("bands", 10), ("paper38", 38), ("full48", 48), ("unique42", 42), ("possible", 48)]
)
def test_the_sets_have_the_published_sizes_whatever_else_the_series_holds(features, count):
    bands = ("B1", *S2[:8], "B9", *S2[8:], "VV")
    values = noise(2, 3, len(bands))
    made = computed(values, bands, features=features)
    assert len(made) == count
    assert list(made)[:10] == list(S2)
    np.testing.assert_array_equal(made["B8A"], values[..., bands.index("B8A")])
    plain = computed(values[..., [bands.index(band) for band in S2]], S2, features=features)
    for name, feature in made.items():
        np.testing.assert_array_equal(feature, plain[name])


def test_paper38_leaves_out_the_ten_that_its_page_names():
    left = {"IRECI", "PSRI", "STI", "CIG", "ClRE", "BI1", "BI2", "BI3", "CRC2", "SeLI"}
    made = computed(noise(1, 1, 10), S2, features="paper38", keep_bands=False)
    assert list(made) == [name for name in PUBLISHED if name not in left]


def test_full48_and_possible_are_one_where_all_bands_are_there():
    values = noise(3, 4, 10)
    full, possible = (computed(values, S2, features=features) for features in ("full48", "possible"))
    assert list(full) == list(possible)
    for name, feature in full.items():
        np.testing.assert_array_equal(feature, possible[name])


def test_possible_is_every_index_whose_bands_a_landsat_has():
    made = computed(noise(2, 3, 6), SIX, features="possible")
    lacking = ("B5", "B6", "B7", "B8A")
    assert list(made) == [
        *SIX,
        *(name for name, text in PUBLISHED.items() if not any(band in text for band in lacking)),
    ]
    assert len(made) == 6 + 23


def test_without_the_bands_only_the_indices_remain():
    assert list(computed(noise(2, 3, 6), SIX, features="long6", keep_bands=False)) == list(LONG_PUBLISHED)


def test_listed_keeps_every_band_and_the_order_of_the_names():
    bands = ("VV", "nir", "red", "depth")
    assert list(computed(noise(2, 3, 4), bands, features="listed", names=["SAVI", "NDVI"])) == [*bands, "SAVI", "NDVI"]


def test_roles_said_outright_are_used():
    assert one((0.1, 0.4), ("B4", "B5"), features="listed", names=["NDVI"], roles=["red=B4", "nir=B5"])[
        "NDVI"
    ] == pytest.approx(0.6)


def test_a_landsat_may_say_that_its_infrared_is_the_narrow_one():
    made = computed(noise(2, 3, 6), SIX, features="listed", names=["LSWI", "NDI"], roles=["nir_narrow=nir"])
    np.testing.assert_array_equal(made["LSWI"], made["NDI"])


# -------------------------------------------------------------------------------- no value, and too large a one


def test_a_vanished_denominator_gives_no_value_and_makes_holes():
    values = np.array([[MAIZE, MAIZE]], np.float32)
    values[0, 1, [2, 6]] = 0.3, -0.3  # B4 = -B8
    step = STEPS.get("indices").make(STEPS.get("indices").parse({"features": "full48"}))
    made = step.apply(make_series(values, S2), SEASON)
    absent = {name for name, value in zip(made.bands, made.values[0, 1], strict=True) if math.isnan(value)}
    assert absent == {"NDVI"}
    assert made.holes
    assert np.isfinite(made.values[0, 0]).all()


def test_no_value_on_a_cloudy_date_makes_no_holes():
    values = np.array([[MAIZE, [0] * 10]], np.float32)
    clear = np.array([[True, False]])
    step = STEPS.get("indices").make(STEPS.get("indices").parse({"features": "full48"}))
    assert not step.apply(make_series(values, S2, clear), SEASON).holes
    assert step.apply(make_series(values, S2), SEASON).holes
    assert step.apply(dataclasses.replace(make_series(values, S2, clear), holes=True), SEASON).holes


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name not in ("EVI", "SAVI", "BI1")])
def test_a_denominator_within_a_millionth_of_0_gives_no_value_and_one_outside_gives_one(name):
    for size, absent in ((0.9e-6, True), (1.2e-6, False)):
        values = dict.fromkeys(S2, 0.0)
        bottom = PUBLISHED[name].split("/", 1)[1].split(")+0.5")[0].split("-1")[0] if name != "IRECI" else "B5"
        first = next(band for band in sorted(S2, key=len, reverse=True) if band in bottom)
        values[first] = size
        if name == "IRECI":
            values["B6"] = 0.2
        made = one([values[band] for band in S2], S2, features="listed", names=[name])
        assert math.isnan(made[name]) == absent


def test_evi_has_no_value_where_its_denominator_crosses_0():
    nir, red = 0.5, 0.25
    assert math.isnan(one((nir, red, 0.4), ("nir", "red", "blue"), features="listed", names=["EVI"])["EVI"])
    assert one((nir, red, 0.41), ("nir", "red", "blue"), features="listed", names=["EVI"])["EVI"] == pytest.approx(
        -0.625 / 0.075, rel=1e-5
    )


def test_the_inner_denominator_of_ireci_counts_too():
    names = {"features": "listed", "names": ["IRECI"]}
    bands = ("rededge3", "red", "rededge1", "rededge2")
    assert math.isnan(one((0.4, 0.1, 0.2, 0.0), bands, **names)["IRECI"])
    assert math.isnan(one((0.4, 0.1, 0.0, 0.2), bands, **names)["IRECI"])


def test_values_are_cut_to_the_documented_ranges():
    extreme = (0.9, 0.01, 0.02, 0.001, 0.6, 0.9, 0.9, 0.9, 0.9, 0.01)
    made = one(extreme, S2, features="full48")
    assert {made[name] for name in ("IRECI", "STI", "CIG", "ClRE")} == {10}
    assert one((-0.3, 0.9), ("red", "nir"), features="listed", names=["NDVI"])["NDVI"] == pytest.approx(2)
    odd = one((0.9, 0.01, -0.3, 0.9, 0.1, 0.1), SIX, features="long6")
    assert (odd["NDVI"], odd["GCVI"], odd["LSWI_NIR"]) == (1, 10, pytest.approx(0.8))
    steep = one((0.9, 0.9), ("green", "nir"), features="listed", names=["GCVI"])
    assert steep["GCVI"] == 0
    assert one((3, 3, 0), ("blue", "swir2", "red"), features="listed", names=["BI1"])["BI1"] == 100
    assert one((0, 0, 1.5), ("blue", "swir2", "red"), features="listed", names=["BI1"])["BI1"] == -100


def test_whatever_stands_on_cloudy_dates_neither_warns_nor_spreads():
    values = noise(3, 4, 10)
    clear = np.ones((3, 4), bool)
    clear[1, 2] = clear[2] = False
    wild = values.copy()
    wild[1, 2] = [np.nan, np.inf, -np.inf, 0, 3e38, -3e38, 1e-45, 0, np.nan, 1]
    wild[2] = np.nan
    step = STEPS.get("indices").make(STEPS.get("indices").parse({"features": "full48"}))
    with np.errstate(all="raise"):
        made = step.apply(make_series(wild, S2, clear), SEASON)
    calm = step.apply(make_series(values, S2, clear), SEASON)
    np.testing.assert_array_equal(made.values[clear], calm.values[clear])
    assert not made.holes


@pytest.mark.parametrize("pixels", [1, 3, 64, 131])
def test_a_pixel_alone_gives_the_same_bytes_as_in_its_block(pixels):
    values = noise(pixels, 7, 10)
    together = computed(values, S2, features="full48")
    for pixel in {0, pixels // 2, pixels - 1}:
        for name, feature in computed(values[[pixel]], S2, features="full48").items():
            assert feature[0].tobytes() == together[name][pixel].tobytes()


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_no_pixels_or_dates_give_none(shape):
    made = computed(np.empty((*shape, 10), np.float32), S2, features="full48")
    assert made["NDVI"].shape == shape


# -------------------------------------------------------------------------------- what is refused


def test_a_set_without_its_bands_says_what_can_be_made_instead():
    with pytest.raises(RecipeError, match="nir_narrow, rededge1, rededge2, rededge3") as caught:
        computed(noise(1, 1, 6), SIX, features="full48")
    assert "IRECI" in caught.value.what
    assert " NDVI" not in caught.value.what
    assert "blue, green, red, nir, swir1, swir2" in caught.value.where
    assert '"possible"' in caught.value.fix
    assert '"listed"' in caught.value.fix
    assert " NDVI" in caught.value.fix
    assert "IRECI" not in caught.value.fix


def test_a_set_of_bands_alone_is_refused_too():
    with pytest.raises(RecipeError, match="No band is known to be nir_narrow, rededge1"):
        computed(noise(1, 1, 6), SIX, features="bands")


def test_names_that_no_sensor_makes_plain_are_refused_with_the_way_to_say_it():
    with pytest.raises(RecipeError, match="No band is known to be nir, red") as caught:
        computed(noise(1, 1, 2), ("B4", "B5"), features="listed", names=["NDVI"])
    assert '"red=B4"' in caught.value.fix


@pytest.mark.parametrize(
    "params", [{"features": "listed"}, {"features": "full48", "names": ["NDVI"]}, {"names": ["NDVI"]}]
)
def test_names_and_listed_go_together(params):
    with pytest.raises(RecipeError, match="do not go with the features"):
        computed(noise(1, 1, 10), S2, **params)


@pytest.mark.parametrize(
    ("bands", "params"),
    [
        (S2, {"features": "bands", "keep_bands": False}),
        (("VV", "VH"), {}),
    ],
)
def test_no_feature_at_all_is_refused(bands, params):
    with pytest.raises(RecipeError, match="no feature at all"):
        computed(noise(1, 1, len(bands)), bands, **params)


def test_two_features_of_one_name_are_refused():
    with pytest.raises(RecipeError, match="NDVI come twice"):
        computed(noise(1, 1, 3), ("red", "nir", "NDVI"), features="listed", names=["NDVI"])
    with pytest.raises(RecipeError, match="NDVI come twice"):
        computed(noise(1, 1, 10), S2, features="listed", names=["NDVI", "NDVI"])


def test_an_unknown_set_is_refused():
    with pytest.raises(ParameterError, match="paper39"):
        computed(noise(1, 1, 10), S2, features="paper39")


def test_every_set_is_made_of_the_sheet_or_of_longs_six():
    assert [formula.name for formula in SHEET] == list(PUBLISHED)
    assert [formula.name for formula in FEATURE_SETS["long6"].formulas] == list(LONG_PUBLISHED)
