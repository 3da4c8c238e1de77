"""The Cropland Data Layer's classes against the catalogue of Earth Engine."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from cropmap.contract.cdl import CDL, cdl_codes
from cropmap.data.cdl import cdl_legend

TABLE = Path(__file__).resolve().parents[4] / "shared/data/class_tables/cdl_classes.csv"


@pytest.mark.skipif(not TABLE.is_file(), reason="the catalogue's table is not here")
def test_codes_names_and_colours_are_the_catalogues():
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(c.code, c.name, c.colour) for c in CDL] == [(int(r["code"]), r["name"], r["color_hex"]) for r in rows]
    assert [c.group != "non-crop" for c in CDL] == [r["is_crop"] == "1" for r in rows]


def test_there_are_134_classes_in_three_groups():
    assert len(CDL) == len({found.code for found in CDL}) == 134
    assert {found.group for found in CDL} == {"crop", "double crop", "non-crop"}
    assert cdl_codes("double crop") == (26, 225, 226, 228, *range(230, 242), 254)
    assert all((found.group == "double crop") == found.name.startswith("Dbl Crop") for found in CDL)


def test_the_legend_tells_names_apart_that_stand_twice():
    legend = cdl_legend()
    assert legend.codes == tuple(found.code for found in CDL)
    changed = {
        code: name for code, name, found in zip(legend.codes, legend.names, CDL, strict=True) if name != found.name
    }
    assert changed == {64: "Shrubland (64)", 65: "Barren (65)"}
