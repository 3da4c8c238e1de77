"""Bands are known by their names, whatever the sensor; what is ambiguous is never guessed."""

from __future__ import annotations

import pytest

from cropmap.contract.errors import RecipeError
from cropmap.data.bands import ROLES, positions, roles_of

# Band tables of the product guides: Sentinel-2 MSI, Landsat 4-7 and 8/9 Collection 2, HLS v2, and the band names of
# the Earth Search STAC catalogue.
SENTINEL_2 = {
    "B1": "coastal",
    "B2": "blue",
    "B3": "green",
    "B4": "red",
    "B5": "rededge1",
    "B6": "rededge2",
    "B7": "rededge3",
    "B8": "nir",
    "B8A": "nir_narrow",
    "B11": "swir1",
    "B12": "swir2",
}
OLI = {
    "SR_B1": "coastal",
    "SR_B2": "blue",
    "SR_B3": "green",
    "SR_B4": "red",
    "SR_B5": "nir",
    "SR_B6": "swir1",
    "SR_B7": "swir2",
}
TM = {"SR_B1": "blue", "SR_B2": "green", "SR_B3": "red", "SR_B4": "nir", "SR_B5": "swir1", "SR_B7": "swir2"}
HLS_L30 = {
    **{f"B0{number}": OLI[f"SR_B{number}"] for number in range(1, 8)},
    "B09": "",
    "B10": "",
    "B11": "",
}
EARTH_SEARCH = {
    "coastal": "coastal",
    "blue": "blue",
    "green": "green",
    "red": "red",
    "rededge1": "rededge1",
    "rededge2": "rededge2",
    "rededge3": "rededge3",
    "nir": "nir",
    "nir08": "nir_narrow",
    "nir09": "",
    "swir16": "swir1",
    "swir22": "swir2",
}
STAC_COMMON = {
    "blue": "blue",
    "red": "red",
    "rededge071": "rededge1",
    "rededge075": "rededge2",
    "rededge078": "rededge3",
    "nir08": "nir_narrow",
    "swir16": "swir1",
    "swir22": "swir2",
}
LANDSAT_STAC = {
    "blue": "blue",
    "green": "green",
    "red": "red",
    "nir08": "nir",
    "swir16": "swir1",
    "swir22": "swir2",
    "lwir11": "",
}
# MOD09A1 (MODIS surface reflectance), the wide field imager of CBERS-4, Digital Earth Australia's Sentinel-2.
MODIS = {
    f"sur_refl_b0{number}": role for number, role in enumerate(("red", "nir", "blue", "green", "", "swir1", "swir2"), 1)
}
CBERS = {"BAND13": "blue", "BAND14": "green", "BAND15": "red", "BAND16": "nir"}
DEA = {
    "nbart_coastal_aerosol": "coastal",
    "nbart_blue": "blue",
    "nbart_green": "green",
    "nbart_red": "red",
    "nbart_red_edge_1": "rededge1",
    "nbart_red_edge_2": "rededge2",
    "nbart_red_edge_3": "rededge3",
    "nbart_nir_1": "nir",
    "nbart_nir_2": "nir_narrow",
    "nbart_swir_2": "",
}
TABLES = {
    "roles": {role: role for role in ROLES},
    "Sentinel-2": SENTINEL_2,
    "Sentinel-2 with all 13 bands": {**SENTINEL_2, "B9": "", "B10": ""},
    "Sentinel-2 files": {f"{name}_20m": role for name, role in SENTINEL_2.items()},
    "Sentinel-2 padded": {(f"B0{name[1]}" if len(name) == 2 else name): role for name, role in SENTINEL_2.items()},
    "Sentinel-2 at 10 m": {name: SENTINEL_2[name] for name in ("B2", "B3", "B4", "B8")},
    "Sentinel-2 without B8A": {name: SENTINEL_2[name] for name in ("B2", "B4", "B5", "B8", "B11", "B12")},
    "Landsat 8/9": OLI,
    "Landsat 8/9, part, with its own mask": {"SR_B4": "red", "SR_B5": "nir", "SR_QA_AEROSOL": ""},
    "Landsat 4-7": TM,
    "Landsat 4-7, part, with its own mask": {"SR_B3": "red", "SR_B4": "nir", "SR_CLOUD_QA": ""},
    "HLS L30": HLS_L30,
    "MODIS": MODIS,
    "CBERS-4": CBERS,
    "Digital Earth Australia": DEA,
    "Earth Search": EARTH_SEARCH,
    "STAC common names": STAC_COMMON,
    "Landsat STAC": LANDSAT_STAC,
    "spelled freely": {"Red Edge 1": "rededge1", "RED": "red", "Nir-Narrow": "nir_narrow", "SWIR_1": "swir1"},
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
@pytest.mark.parametrize("case", [str, str.lower, str.upper])
@pytest.mark.parametrize("backwards", [False, True])
def test_the_bands_of_a_sensor_are_known(table, case, backwards):
    bands = [case(name) for name in table]
    if backwards:
        bands.reverse()
    expected = {role: bands.index(case(name)) for name, role in table.items() if role}
    assert roles_of(bands) == expected
    assert list(roles_of(bands)) == [role for role in ROLES if role in expected]


@pytest.mark.parametrize(
    "bands",
    [
        ("B4", "B5"),  # red and near infrared of Landsat 8, or near infrared and SWIR of Landsat 5, or red edge
        ("B2", "B3", "B4", "B5", "B6", "B7"),
        ("B1", "B2", "B3", "B4", "B5", "B7"),
        tuple(f"B{number}" for number in range(1, 8)),
        tuple(f"B{number}" for number in range(1, 13)),  # a stack whose bands were merely numbered
        tuple(f"band_{number}" for number in range(1, 18)),
        ("SR_B4", "SR_B5"),
        ("SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B7"),
        ("VV", "VH", "elevation", "ndvi"),
        (),
    ],
)
def test_what_may_mean_several_bands_is_not_guessed(bands):
    assert roles_of(bands) == {}


def test_a_role_said_outright_wins_over_the_names():
    bands = ("B4", "B5", "red")
    assert roles_of(bands, ["red=B4", " nir = b5 "]) == {"red": 0, "nir": 1}


def test_one_band_may_be_said_to_play_two_roles():
    assert roles_of(("red", "nir"), ["nir_narrow=nir"]) == {"red": 0, "nir": 1, "nir_narrow": 1}


def test_a_roles_own_name_wins_over_a_sensors_number():
    assert roles_of(("B4", "B8A", "red"))["red"] == 2


@pytest.mark.parametrize("text", ["red", "red=", "red=B9", "rot=B4", "=B4", ""])
def test_a_text_that_says_no_role_is_refused(text):
    with pytest.raises(RecipeError, match="does not say which band") as caught:
        roles_of(("B4", "B5"), [text])
    assert '"red=B4"' in caught.value.fix
    assert "B4, B5" in caught.value.where


def test_a_role_said_twice_is_refused():
    with pytest.raises(RecipeError, match="a second time"):
        roles_of(("B4", "B5"), ["red=B4", "red=B5"])


def test_a_band_that_differs_in_case_from_two_is_not_guessed():
    with pytest.raises(RecipeError, match="does not say which band"):
        roles_of(("b4", "B4x", "B4X"), ["red=b4X"])


def test_positions_follow_the_roles_asked_for():
    assert positions(tuple(SENTINEL_2), ("nir", "red", "nir")) == (7, 3, 7)
    assert positions(("B4", "B5"), ("nir", "red"), ["nir=B5", "red=B4"]) == (1, 0)


def test_missing_roles_are_all_named_with_the_bands_there_are_and_the_way_to_say_it():
    with pytest.raises(RecipeError) as caught:
        positions(("B4", "B5", "blue"), ("blue", "red", "nir"))
    assert "red, nir" in caught.value.what
    assert "B4, B5, blue" in caught.value.where
    assert '"red=B4"' in caught.value.fix
