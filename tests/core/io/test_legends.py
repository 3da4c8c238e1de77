from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio

from cropmap.contract.colours import class_colours
from cropmap.contract.errors import LegendError, SourceError
from cropmap.data.cdl import cdl_legend
from cropmap.data.legend import Legend, LegendClass
from cropmap.io.legends import LEGEND_TAG, chosen_legend, raster_legend, read_legend


def test_a_legend_reads_back_as_it_was_written(tmp_path: Path) -> None:
    legend = Legend((LegendClass(1, "Кукуруз", "#ffd300"), LegendClass(5, "Soja žuta", "#267000")))
    (tmp_path / "legend.json").write_text(json.dumps(legend.to_list(), ensure_ascii=False), encoding="utf-8")
    assert read_legend(tmp_path / "legend.json") == legend


@pytest.mark.parametrize("text", ["", "{}", '[{"code": 1}]', '[{"code": 300, "name": "x", "colour": "#000000"}]', "[]"])
def test_what_is_no_legend_is_refused_with_advice(tmp_path: Path, text: str) -> None:
    path = tmp_path / "legend.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LegendError) as caught:
        read_legend(path)
    assert caught.value.fix


def test_a_missing_legend_is_named(tmp_path: Path) -> None:
    with pytest.raises(LegendError, match=r"legend\.json"):
        read_legend(tmp_path / "legend.json")


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    legend = Legend((LegendClass(1, "Кукуруз", "#ffd300"),))
    path = tmp_path / "legend.json"
    path.write_text(json.dumps(legend.to_list(), ensure_ascii=False), encoding="utf-8")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_legend(str(path)) == legend


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([{"code": 0, "name": "Rye", "colour": "#000000"}, {"code": 1}], r"Class 2 of the legend has no 'name' and no"),
        ([{"code": 0, "colour": "#000000"}], r"Class 1 of the legend has no 'name'\. .*\"name\": \"Corn\""),
        (["Rye"], r"Class 1 of the legend is 'Rye', not an object"),
        ([{"code": 300, "name": "Rye", "colour": "#000000"}], r"codes go from 0 to 254"),
        ([{"code": 3.5, "name": "Rye", "colour": "#000000"}], r"not whole"),
        ([{"code": 3, "name": "Rye", "colour": "black"}], r"'black'"),
        ([], "at least one class"),
    ],
)
def test_every_error_in_a_legend_names_its_file_and_what_is_wrong(
    tmp_path: Path, entries: list[object], told: str
) -> None:
    path = tmp_path / "legend.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(LegendError, match=told) as caught:
        read_legend(path)
    assert caught.value.where == str(path)
    assert caught.value.fix


# ---------------------------------------------------------------- legends of rasters


def raster(path: Path, aux: str = "", *, tags: dict[str, str] | None = None, colours: bool = False) -> Path:
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 1, "width": 4, "height": 4, "crs": "EPSG:32634"}
    with rasterio.open(path, "w", **profile, transform=rasterio.Affine(10, 0, 0, 0, -10, 40)) as made:
        made.write(np.ones((1, 4, 4), np.uint8))
        made.update_tags(**(tags or {}))
        if colours:
            made.write_colormap(1, {1: (255, 211, 0, 255), 5: (38, 112, 0, 255)})
    if aux:
        text = f'<PAMDataset><PAMRasterBand band="1">{aux}</PAMRasterBand></PAMDataset>'
        path.with_name(f"{path.name}.aux.xml").write_text(text, encoding="utf-8")
    return path


def attributes(columns: list[tuple[str, int, int]], *rows: tuple[object, ...]) -> str:
    fields = "".join(
        f'<FieldDefn index="{k}"><Name>{name}</Name><Type>{kind}</Type><Usage>{use}</Usage></FieldDefn>'
        for k, (name, kind, use) in enumerate(columns)
    )
    cells = "".join(f'<Row index="{k}">{"".join(f"<F>{cell}</F>" for cell in row)}</Row>' for k, row in enumerate(rows))
    return f'<GDALRasterAttributeTable tableType="thematic">{fields}{cells}</GDALRasterAttributeTable>'


def found_in(path: Path) -> dict[int, tuple[str, str]]:
    found = raster_legend(path)
    assert found is not None
    return {each.code: (each.name, each.colour) for each in found.classes}


def test_category_names_are_a_legend_with_the_colours_of_the_colour_table(tmp_path: Path) -> None:
    names = "".join(f"<Category>{name}</Category>" for name in ("", "Corn", " ", "", "", "Кукуруз &amp; &lt;"))
    path = raster(tmp_path / "a.tif", f"<CategoryNames>{names}</CategoryNames>", colours=True)
    assert found_in(path) == {1: ("Corn", "#ffd300"), 5: ("Кукуруз & <", "#267000")}


def test_an_attribute_table_is_a_legend(tmp_path: Path) -> None:
    columns = [("Value", 0, 5), ("Count", 0, 1), ("Class", 2, 2), ("Red", 0, 6), ("Green", 0, 7), ("Blue", 0, 8)]
    rows = [(1, 9, "Corn", 1, 2, 3), (5, 7, "", 0, 0, 0), (65, 1, "Barren", 9, 9, 9), (131, 1, "Barren", 300, 9, 9)]
    path = raster(tmp_path / "a.tif", attributes(columns, *rows, (255, 1, "beyond", 0, 0, 0)))
    made = class_colours(["Corn", "Barren (65)", "Barren"])[2]
    assert found_in(path) == {1: ("Corn", "#010203"), 65: ("Barren (65)", "#090909"), 131: ("Barren", made)}


def test_columns_whose_use_is_not_told_are_known_by_name(tmp_path: Path) -> None:
    columns = [("OID", 0, 0), ("VALUE", 2, 0), ("Class_Name", 2, 0)]
    path = raster(tmp_path / "a.tif", attributes(columns, (0, "5.0", "Soja"), (1, "5.5", "x"), (2, "many", "y")))
    assert {code: name for code, (name, _) in found_in(path).items()} == {5: "Soja"}


def test_the_table_that_arcgis_writes_beside_a_raster_is_a_legend(tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif", colours=True)
    cells = [np.array([1, 5]), np.array(["Corn", "Soybeans"], dtype=object)]
    table = tmp_path / "table.dbf"
    fields = {"fields": ["Value", "Class_Name"], "geometry_type": None, "crs": None, "driver": "ESRI Shapefile"}
    pyogrio.raw.write(table, geometry=None, field_data=cells, **fields)
    table.rename(tmp_path / "a.tif.vat.dbf")
    assert found_in(path) == {1: ("Corn", "#ffd300"), 5: ("Soybeans", "#267000")}
    (tmp_path / "a.tif.vat.dbf").write_bytes(b"no table")
    assert raster_legend(path) is None


def test_what_cropmap_wrote_into_the_file_is_a_legend(tmp_path: Path) -> None:
    legend = Legend((LegendClass(3, "Kukuruz", "#ffd300"),))
    path = raster(tmp_path / "a.tif", tags={LEGEND_TAG: json.dumps(legend.to_list())})
    assert raster_legend(path) == legend
    with pytest.raises(LegendError, match="not JSON"):
        raster_legend(raster(tmp_path / "b.tif", tags={LEGEND_TAG: "{"}))


def test_a_raster_that_names_no_class_has_no_legend(tmp_path: Path) -> None:
    assert raster_legend(raster(tmp_path / "a.tif", colours=True)) is None
    with pytest.raises(SourceError, match=r"no\.tif"):
        raster_legend(tmp_path / "no.tif")


def test_side_files_that_expand_or_lie_do_no_harm(tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif")
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {to} "{f"&{of};" * 10}">' for of, to in pairwise("abcdefghij")
    )
    body = '<PAMRasterBand band="1"><CategoryNames><Category>&j;</Category></CategoryNames></PAMRasterBand>'
    (tmp_path / "a.tif.aux.xml").write_text(f"{bomb}]><PAMDataset>{body}</PAMDataset>", encoding="utf-8")
    found = raster_legend(path)
    assert found is None or max(map(len, found.names)) < 100


def test_the_real_cdl_tells_no_names_so_its_colours_are_not_guessed_from() -> None:
    path = Path(__file__).resolve().parents[4] / "shared/data/usda_cdl_2021_clip/2021_30m_cdls.tif"
    if not path.is_file():
        pytest.skip("needs ../shared/data/usda_cdl_2021_clip")
    assert raster_legend(path) is None


def test_a_legend_is_chosen_by_its_name_or_file(tmp_path: Path) -> None:
    legend = Legend((LegendClass(1, "Rye", "#ffd300"),))
    (tmp_path / "legend.json").write_text(json.dumps(legend.to_list(), ensure_ascii=False), encoding="utf-8")
    assert chosen_legend(f" {tmp_path / 'legend.json'} ") == legend
    assert chosen_legend("CDL") == cdl_legend()
    assert chosen_legend(" ") is None
