from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pyogrio
import pytest
import shapely

from cropmap.contract.errors import OutputError, SampleError
from cropmap.data.legend import legend_from_names
from cropmap.io.field_layers import TO_FILL, FieldLayer, offered, write_field_layer
from cropmap.io.geometries import read_geometries
from cropmap.io.projection import crs_wkt
from cropmap.io.vectors import read_labels

if TYPE_CHECKING:
    from pathlib import Path

LEGEND = legend_from_names(["corn", 'soy & "beans" <x>', "maïs"])
UTM = crs_wkt("EPSG:32615")


@pytest.fixture
def layer() -> FieldLayer:
    facts: dict[str, np.ndarray[Any, Any]] = {
        "order": np.array([1, 2, 3], np.int32),
        "id": np.array(["a", "b", "c"]),
        "predicted": np.array(["corn", "corn", "maïs"]),
        "probability": np.array([0.5, 0.25, 1.0]),
    }
    x, y = np.array([500_015.0, 500_045.0, 500_075.0]), np.array([4_999_985.0, 4_999_985.0, 4_999_955.0])
    return FieldLayer(x, y, UTM, facts, offered(LEGEND.classes, ["fallow", "corn", " "]), "order", "To visit")


def filled(path: Path, classes: dict[str, str]) -> None:
    """Write classes as a person's GIS does: into the file."""
    with closing(sqlite3.connect(path)) as file, file:
        # The triggers of the spatial index call functions of GDAL's.
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f'DROP TRIGGER "{name}"')
        for own, name in classes.items():
            file.execute("UPDATE points SET class = ?, date = '2024-07-01' WHERE id = ?", (name, own))


def test_points_come_with_facts_and_empty_fields_to_fill(tmp_path: Path, layer: FieldLayer) -> None:
    write_field_layer(tmp_path / "points.gpkg", layer)
    meta, _, shapes, columns = pyogrio.raw.read(tmp_path / "points.gpkg", layer="points")
    read = dict(zip(meta["fields"], columns, strict=True))
    assert [*read] == ["order", "id", "predicted", "probability", *TO_FILL]
    assert [str(read[name].dtype) for name in ("order", "probability", "date")] == ["int32", "float64", "datetime64[D]"]
    assert read["id"].tolist() == ["a", "b", "c"]
    assert all(value is None for name in ("class", "observer", "note") for value in read[name])
    assert np.isnat(read["date"]).all()
    assert shapely.get_coordinates(shapely.from_wkb(shapes)).tolist() == np.column_stack([layer.x, layer.y]).tolist()


def test_the_same_points_give_the_same_bytes(tmp_path: Path, layer: FieldLayer) -> None:
    write_field_layer(tmp_path / "one.gpkg", layer)
    write_field_layer(tmp_path / "two.gpkg", layer)
    assert (tmp_path / "one.gpkg").read_bytes() == (tmp_path / "two.gpkg").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.gpkg", "two.gpkg"]


def test_filled_points_are_labels_and_the_others_are_left_out_with_a_note(tmp_path: Path, layer: FieldLayer) -> None:
    path = tmp_path / "points.gpkg"
    write_field_layer(path, layer)
    with pytest.raises(SampleError, match="All 3 features have an empty class"):
        read_labels(path)
    filled(path, {"c": "maïs", "a": "fallow"})
    labels = read_labels(path)
    assert dict(zip(labels.ids.tolist(), labels.labels.tolist(), strict=True)) == {"a": "fallow", "c": "maïs"}
    assert labels.groups.tolist() == labels.ids.tolist()
    assert any("1 of 3 features has no class" in note for note in labels.notes)


def test_the_form_offers_the_classes_and_locks_the_facts(tmp_path: Path, layer: FieldLayer) -> None:
    write_field_layer(tmp_path / "points.gpkg", layer)
    with closing(sqlite3.connect(tmp_path / "points.gpkg")) as file:
        rows = file.execute(
            "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles"
        ).fetchall()
    assert [row[:3] for row in rows] == [("points", "geom", 1)]
    root = ET.fromstring(rows[0][3].partition("\n")[2])  # noqa: S314 - written a moment ago
    listed = root.findall(".//field[@name='class']/editWidget[@type='ValueMap']//Option[@type='QString']")
    assert [entry.get("value") for entry in listed] == ["corn", "maïs", 'soy & "beans" <x>', "fallow"]
    editable = {field.get("name"): field.get("editable") for field in root.findall("editable/field")}
    assert {name for name, value in editable.items() if value == "1"} == set(TO_FILL)
    assert set(editable) == {"fid", *layer.facts, *TO_FILL}


def test_a_layer_without_a_crs_can_be_written(tmp_path: Path, layer: FieldLayer) -> None:
    write_field_layer(tmp_path / "points.gpkg", FieldLayer(**{**vars(layer), "crs": ""}))
    assert pyogrio.read_info(tmp_path / "points.gpkg", layer="points")["features"] == 3


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, layer: FieldLayer) -> None:
    with pytest.raises(OutputError, match="folder is not there"):
        write_field_layer(tmp_path / "nowhere" / "points.gpkg", layer)


def test_geometries_are_read_and_moved(tmp_path: Path, layer: FieldLayer) -> None:
    write_field_layer(tmp_path / "points.gpkg", layer)
    found = read_geometries(tmp_path / "points.gpkg", crs_wkt("EPSG:4326"))
    # EPSG:32615's central meridian is 93 W, at 500 km east; a metre is some 1.27e-5 degrees of longitude at 45 N.
    assert shapely.get_coordinates(found)[:, 0] == pytest.approx(-93 + (layer.x - 500_000) * 1.27e-5, abs=1e-5)


def test_geometries_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match="no such file"):
        read_geometries(tmp_path / "nothing.gpkg", UTM)
    (tmp_path / "text.gpkg").write_text("no layer")
    with pytest.raises(SampleError, match="vector data"):
        read_geometries(tmp_path / "text.gpkg", UTM)
    plain = {"geometry": shapely.to_wkb(np.array([shapely.Point(0, 0)])), "field_data": [], "fields": []}
    with pytest.warns(UserWarning, match="crs"):
        pyogrio.raw.write(tmp_path / "plain.gpkg", **plain, geometry_type="Point", crs=None)
    with pytest.raises(SampleError, match="no coordinate reference system"):
        read_geometries(tmp_path / "plain.gpkg", UTM)
