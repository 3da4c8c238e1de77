"""Labels from vector files and text tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyogrio
import pytest
import shapely
from rasterio.crs import CRS
from rasterio.warp import transform_geom

from cropmap.contract.errors import SampleError
from cropmap.io.label_fields import texts_of
from cropmap.io.projection import crs_name, crs_wkt, metres_per_unit, reproject, reproject_points
from cropmap.io.vectors import LabelOptions, read_labels

if TYPE_CHECKING:
    from pathlib import Path

SINUSOIDAL = (
    'PROJCS["unnamed",GEOGCS["Unknown datum based upon the custom spheroid",DATUM["Not_specified",'
    'SPHEROID["Custom spheroid",6371007.181,0]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],'
    'PROJECTION["Sinusoidal"],PARAMETER["longitude_of_center",0],PARAMETER["false_easting",0],'
    'PARAMETER["false_northing",0],UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]'
)
SQUARE = shapely.box(0, 0, 10, 10)


def write(path, geometries, columns, *, crs="EPSG:32631", layer=None, append=False, geometry_type="Unknown"):
    pyogrio.raw.write(
        str(path),
        geometry=shapely.to_wkb(np.array(geometries, dtype=object)),
        field_data=list(columns.values()),
        fields=list(columns),
        crs=crs,
        layer=layer,
        append=append,
        geometry_type=geometry_type,
    )
    return path


def texts(*values):
    return np.array(values, dtype=object)


def csv_file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "labels.csv"
    path.write_bytes(text.encode(encoding))
    return path


# ---------------------------------------------------------------- formats


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.geojson", "a.fgb"])
def test_points_of_every_common_format_are_read(tmp_path, name):
    crs = "EPSG:4326"
    path = write(
        tmp_path / name,
        [shapely.Point(3, 50), shapely.Point(4, 51)],
        {"crop": texts("kukuruz", "šećerna repa")},
        crs=crs,
        geometry_type="Point",
    )
    features = read_labels(path)
    by_label = dict(zip(features.labels.tolist(), features.geometries, strict=True))
    assert set(by_label) == {"kukuruz", "šećerna repa"}
    assert by_label["šećerna repa"].equals(shapely.Point(4, 51))
    assert crs_name(features.crs) == "EPSG:4326"
    assert features.notes == ()


def test_a_custom_crs_without_a_code_survives(tmp_path):
    path = write(tmp_path / "a.gpkg", [shapely.Point(-6e6, -1.3e6)], {"label": texts("Forest")}, crs=SINUSOIDAL)
    features = read_labels(path)
    assert CRS.from_wkt(features.crs).to_epsg() is None
    # The sphere's closed form: x = R lon cos(lat), y = R lat.
    lat = -1.3e6 / 6371007.181
    lon = -6e6 / (6371007.181 * np.cos(lat))
    moved = reproject(features.geometries, features.crs, crs_wkt("EPSG:4326"))[0]
    assert (moved.x, moved.y) == pytest.approx((np.degrees(lon), np.degrees(lat)), abs=1e-9)


def test_3d_multipart_and_crossing_shapes_are_read(tmp_path):
    bow_tie = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    shapes = [shapely.force_3d(SQUARE), shapely.MultiPolygon([SQUARE]), shapely.MultiPoint([(1, 1), (2, 2)]), bow_tie]
    path = write(tmp_path / "a.gpkg", shapes, {"label": texts("a", "b", "c", "d")})
    features = read_labels(path)
    assert not shapely.has_z(features.geometries).any()
    assert shapely.area(features.geometries[3]) == pytest.approx(2.0)
    assert features.notes == ("1 polygon crosses itself: mended.",)


@pytest.mark.parametrize("name", ["a.gpkg", "a.fgb"])
def test_measures_and_heights_are_dropped(tmp_path, name):
    shapes = shapely.from_wkt(
        ["POINT M (1 2 3)", "POINT ZM (4 5 6 7)", "POLYGON ZM ((0 0 1 2, 9 0 1 2, 9 9 1 2, 0 0 1 2))"]
    )
    pyogrio.raw.write(
        str(tmp_path / name),
        geometry=shapely.to_wkb(shapes, output_dimension=4, flavor="iso"),
        field_data=[texts("a", "b", "c")],
        fields=["label"],
        crs="EPSG:32631",
        geometry_type="Unknown",
    )
    features = read_labels(tmp_path / name)
    found = dict(zip(features.labels.tolist(), (shape.wkt for shape in features.geometries), strict=True))
    assert found == {"a": "POINT (1 2)", "b": "POINT (4 5)", "c": "POLYGON ((0 0, 9 0, 9 9, 0 0))"}


def test_a_layer_may_mix_points_and_polygons_and_hold_empty_ones(tmp_path):
    shapes = [
        *(shapely.Point(), shapely.Polygon(), shapely.GeometryCollection([shapely.Point(1, 1)])),
        *(shapely.Point(1, 1), SQUARE, shapely.MultiPolygon([SQUARE])),
    ]
    features = read_labels(write(tmp_path / "a.gpkg", shapes, {"label": texts(*"abcdef")}))
    assert features.labels.tolist() == ["d", "e", "f"]
    assert features.ids.tolist() == ["4", "5", "6"]
    assert features.notes == ("3 of 6 features are neither point nor polygon: left out.",)


def test_lines_and_missing_geometries_are_counted_and_left_out(tmp_path):
    shapes = [shapely.Point(1, 1), shapely.LineString([(0, 0), (1, 1)]), None]
    features = read_labels(write(tmp_path / "a.gpkg", shapes, {"label": texts("a", "b", "c")}))
    assert features.labels.tolist() == ["a"]
    assert features.notes == (
        "1 of 3 features has no readable geometry or coordinates: left out.",
        "1 of 3 features is neither point nor polygon: left out.",
    )


def test_only_lines_are_refused(tmp_path):
    path = write(tmp_path / "a.gpkg", [shapely.LineString([(0, 0), (1, 1)])], {"label": texts("a")})
    with pytest.raises(SampleError, match="Give points or polygons, not lines"):
        read_labels(path)


# ---------------------------------------------------------------- layers, CRS


def test_one_of_several_layers_must_be_named(tmp_path):
    path = write(tmp_path / "a.gpkg", [SQUARE], {"label": texts("a")}, layer="fields")
    write(path, [shapely.Point(0, 0)], {"label": texts("b")}, layer="points", append=True)
    with pytest.raises(SampleError, match=r"The file has 2 layers.*Name the layer: fields, points\."):
        read_labels(path)
    with pytest.raises(SampleError, match=r"no layer 'x'.*Name the layer: fields, points\."):
        read_labels(path, LabelOptions(layer="x"))
    assert read_labels(path, LabelOptions(layer="points")).labels.tolist() == ["b"]


def test_a_file_without_a_crs_needs_one(tmp_path):
    path = tmp_path / "a.shp"
    write(path, [shapely.Point(0, 0)], {"label": texts("a")}, geometry_type="Point")
    path.with_suffix(".prj").unlink()
    with pytest.raises(SampleError, match=r"names no coordinate reference system.*Give the CRS"):
        read_labels(path)
    assert crs_name(read_labels(path, LabelOptions(crs="EPSG:3035")).crs) == "EPSG:3035"


def test_a_given_crs_overrides_the_file_with_a_note(tmp_path):
    path = write(tmp_path / "a.gpkg", [shapely.Point(0, 0)], {"label": texts("a")})
    features = read_labels(path, LabelOptions(crs="EPSG:32632"))
    assert crs_name(features.crs) == "EPSG:32632"
    assert "in EPSG:32631; they are read as EPSG:32632" in features.notes[0]


def test_a_crs_that_is_none_is_refused(tmp_path):
    path = write(tmp_path / "a.gpkg", [shapely.Point(0, 0)], {"label": texts("a")})
    with pytest.raises(SampleError, match="Write a code such as EPSG:32631"):
        read_labels(path, LabelOptions(crs="UTM somewhere"))


def test_missing_and_foreign_files_are_told(tmp_path):
    with pytest.raises(SampleError, match="no such file"):
        read_labels(tmp_path / "none.gpkg")
    (tmp_path / "text.gpkg").write_text("hello")
    with pytest.raises(SampleError, match=r"cannot be read as vector data.*Give a GeoPackage"):
        read_labels(tmp_path / "text.gpkg")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.gpkg", b"", "The file is empty"),
        ("a.gpkg", bytes(range(256)) * 8, "of another kind, or damaged"),
        ("a.gpkg", b"SQLite format 3\0" + bytes(3000), "of another kind, or damaged"),
        ("a.geojson", b'{"type":"FeatureCollection","features":[{', "of another kind, or damaged"),
        ("a.gpkg", None, "The path is a folder"),
        ("a.geojson", b'{"type":"FeatureCollection","features":[]}', "The layer holds no features"),
        ("a.csv", None, "The path is a folder"),
        ("a.csv", bytes(range(256)), "The file is binary, not a text table"),
    ],
)
def test_files_that_hold_no_labels_are_told_in_own_words(tmp_path, capfd, name, content, message):
    path = tmp_path / name
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(SampleError, match=message) as caught:
        read_labels(path)
    assert "driver" not in str(caught.value).casefold()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("text", ["EPSG:999999", "EPSG:abc", "+proj=foo", 'PROJCS["x"', "nonsense"])
def test_a_crs_that_is_none_says_nothing_to_the_terminal(capfd, text):
    with pytest.raises(SampleError, match="Write a code such as EPSG:32631"):
        crs_wkt(text)
    assert capfd.readouterr() == ("", "")


# ---------------------------------------------------------------- classes


def test_numbers_become_the_same_text_however_they_are_stored(tmp_path):
    points = [shapely.Point(0, 0), shapely.Point(1, 1)]
    columns = {"i": np.array([1, 5]), "f": np.array([1.0, 5.0]), "t": texts("1", "5.0"), "h": np.array([1.5, np.nan])}
    path = write(tmp_path / "a.gpkg", points, columns)
    for field in ("i", "f", "t"):
        assert read_labels(path, LabelOptions(class_field=field)).labels.tolist() == ["1", "5"]
    features = read_labels(path, LabelOptions(class_field="h"))
    assert features.labels.tolist() == ["1.5"]
    assert features.notes == ("1 of 2 features has no class in field 'h': left out.",)


def test_dates_and_truth_values_may_be_classes_and_a_missing_date_is_none(tmp_path):
    points = [shapely.Point(k, k) for k in range(3)]
    columns = {
        "day": np.array(["2023-05-01", "2023-05-09", "NaT"], "datetime64[D]"),
        "moment": np.array(["2023-05-01T10:30", "NaT", "2023-05-09"], "datetime64[ms]"),
        "irrigated": np.array([True, False, True]),
    }
    path = write(tmp_path / "a.gpkg", points, columns)
    days = read_labels(path, LabelOptions(class_field="day"))
    assert days.labels.tolist() == ["2023-05-01", "2023-05-09"]
    assert days.notes == ("1 of 3 features has no class in field 'day': left out.",)
    moments = read_labels(path, LabelOptions(class_field="moment")).labels.tolist()
    assert moments == ["2023-05-01T10:30:00.000", "2023-05-09T00:00:00.000"]
    irrigated = read_labels(path, LabelOptions(class_field="irrigated", group_field="day"))
    assert irrigated.labels.tolist() == ["True", "False", "True"]
    assert irrigated.groups.tolist() == ["2023-05-01", "2023-05-09", "#3"]


def test_names_are_stripped_and_normalised_and_keep_inner_blanks_and_zeros():
    decomposed = "bl" + "e\u0301"
    assert texts_of([" winter  wheat\t", decomposed, "007", None, "NULL", "NA", True]) == [
        "winter  wheat",
        "bl\u00e9",
        "007",
        "",
        "",
        "NA",
        "True",
    ]


def test_all_empty_labels_are_refused(tmp_path):
    path = write(tmp_path / "a.gpkg", [SQUARE, SQUARE], {"label": texts(None, "  ")})
    with pytest.raises(SampleError, match="All 2 features have an empty class"):
        read_labels(path)


def test_the_class_field_is_recognised_or_asked_for(tmp_path):
    path = write(tmp_path / "a.gpkg", [SQUARE], {"Crop_Type": texts("a"), "area": np.array([1.0])})
    assert read_labels(path).labels.tolist() == ["a"]
    assert read_labels(path, LabelOptions(class_field="AREA")).labels.tolist() == ["1"]
    with pytest.raises(SampleError, match=r"no field 'kind'.*Fields: Crop_Type, area\."):
        read_labels(path, LabelOptions(class_field="kind"))
    path = write(tmp_path / "b.gpkg", [SQUARE], {"kind": texts("a"), "area": np.array([1.0])})
    with pytest.raises(SampleError, match=r"No field is known.*the file has: kind, area\."):
        read_labels(path)
    path = write(tmp_path / "c.gpkg", [SQUARE], {"crop": texts("a"), "class": texts("b")})
    with pytest.raises(SampleError, match=r"Several fields could hold the class: crop, class\."):
        read_labels(path)


# ---------------------------------------------------------------- ids, groups


def test_ids_come_from_the_field_or_else_from_the_feature_number(tmp_path):
    points = [shapely.Point(0, 0), shapely.Point(1, 1)]
    path = write(tmp_path / "a.gpkg", points, {"label": texts("a", "b"), "parcel": np.array([7.0, 9.0])})
    assert read_labels(path).ids.tolist() == ["1", "2"]
    assert read_labels(path, LabelOptions(id_field="parcel")).ids.tolist() == ["7", "9"]


def test_a_named_id_must_tell_features_apart(tmp_path):
    points = [shapely.Point(0, 0), shapely.Point(1, 1)]
    path = write(tmp_path / "a.gpkg", points, {"label": texts("a", "b"), "id": texts("p", "p")})
    with pytest.raises(SampleError, match="The id 'p' stands 2 times"):
        read_labels(path, LabelOptions(id_field="id"))
    features = read_labels(path)
    assert features.ids.tolist() == ["1", "2"]
    assert "numbered instead" in features.notes[0]


def test_a_feature_without_a_group_stands_alone(tmp_path):
    points = [shapely.Point(k, k) for k in range(3)]
    path = write(tmp_path / "a.gpkg", points, {"label": texts("a", "b", "c"), "farm": texts("2", "2", None)})
    named = read_labels(path, LabelOptions(group_field="farm"))
    assert named.groups.tolist() == ["2", "2", "#3"]
    assert named.notes == ()


def test_an_obvious_group_field_is_taken_with_a_note(tmp_path):
    points = [shapely.Point(k, k) for k in range(4)]
    columns = {"label": texts(*"abab"), "plot": texts(*"1234"), "Field_ID": texts("p", "p", "q", None)}
    path = write(tmp_path / "a.gpkg", points, columns)
    read = read_labels(path)
    assert read.groups.tolist() == ["p", "p", "q", "#4"]
    assert read.ids.tolist() == ["1", "2", "3", "4"]
    note = "Field 'Field_ID' is taken as the group: features that share it stay in one fold "
    assert read.notes == (note + '(group_field "none" leaves each alone).',)
    assert read_labels(path, LabelOptions(group_field="None")).groups.tolist() == ["1", "2", "3", "4"]


@pytest.mark.parametrize("name", ["group", "group_id", "Field-Group", "parcel", "FARM ID", "block", "cluster", "plot"])
def test_group_fields_go_by_many_names(tmp_path, name):
    path = csv_file(tmp_path, f"x,y,label,{name}\n1,2,a,g\n1,3,a,g\n1,4,b,h\n")
    assert read_labels(path).groups.tolist() == ["g", "g", "h"]


@pytest.mark.parametrize(
    ("name", "values"),
    [("id", ["g", "g", "h"]), ("parcel", ["1", "2", "3"]), ("farm", ["", "", ""]), ("block", ["1", "1", "1"])],
)
def test_a_field_that_groups_nothing_or_everything_is_no_group(tmp_path, name, values):
    rows = "".join(f"1,{k},a,{value}\n" for k, value in enumerate(values))
    read = read_labels(csv_file(tmp_path, f"x,y,label,{name}\n{rows}"))
    assert len(set(read.groups.tolist())) == 3
    assert not any("group" in note for note in read.notes)


def test_the_field_of_the_class_is_not_taken_as_the_group(tmp_path):
    path = csv_file(tmp_path, "x,y,group\n1,2,a\n1,3,a\n1,4,b\n")
    assert read_labels(path, LabelOptions(class_field="group")).groups.tolist() == ["1", "2", "3"]


# ---------------------------------------------------------------- text tables


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("lon,lat,label\n3.5,50.25,blé\n", "utf-8"),
        ("\ufefflon,lat,label\n3.5,50.25,blé\n", "utf-8"),
        ("longitude;latitude;label\n3,5;50,25;blé\n", "latin-1"),
        ("x\ty\tlabel\r\n3.5\t50.25\tblé\r\n", "utf-8"),
        ("sep=;\nX;Y;Label\n3,5;50,25; blé \n\n", "cp1252"),
        ('"label","wkt"\n"blé","POINT (3.5 50.25)"\n', "utf-8"),
        ('lon,lat,label\n"3,5","50,25",blé\n', "utf-16"),
    ],
)
def test_text_tables_of_every_common_kind_are_read(tmp_path, text, encoding):
    features = read_labels(csv_file(tmp_path, text, encoding))
    assert features.labels.tolist() == ["blé"]
    assert features.geometries[0].equals(shapely.Point(3.5, 50.25))
    assert crs_name(features.crs) == "EPSG:4326"


def test_letters_of_windows_1252_are_read(tmp_path):
    assert read_labels(csv_file(tmp_path, "lon;lat;crop\n1;2;Šećer".replace("ć", "c"), "cp1252")).labels[0] == "Šecer"


def test_coordinate_columns_may_be_named(tmp_path):
    path = csv_file(
        tmp_path, "e,n,shape,label\n500000,5540000,POLYGON ((0 0 1 1 1 0 0 0)),a\n".replace("(0 0 1", "(0 0")
    )
    features = read_labels(path, LabelOptions(x_field="e", y_field="n", crs="EPSG:32631"))
    assert features.geometries[0].equals(shapely.Point(500000, 5540000))
    with pytest.raises(
        SampleError, match=r"No columns are known to hold coordinates.*the file has: e, n, shape, label"
    ):
        read_labels(path)
    with pytest.raises(SampleError, match="no column 'east'"):
        read_labels(path, LabelOptions(x_field="east", y_field="n"))


def test_a_wkt_column_may_be_named_and_hold_polygons(tmp_path):
    path = csv_file(tmp_path, 'shape,label\n"POLYGON ((0 0, 1 1, 1 0, 0 0))",a\nbroken,b\n')
    features = read_labels(path, LabelOptions(x_field="shape"))
    assert shapely.area(features.geometries).tolist() == [0.5]
    assert features.notes == ("1 of 2 features has no readable geometry or coordinates: left out.",)


def test_metres_without_a_crs_are_refused(tmp_path):
    path = csv_file(tmp_path, "x,y,label\n500000,5540000,a\n")
    with pytest.raises(SampleError, match=r"are not longitudes and latitudes.*Give the CRS"):
        read_labels(path)
    assert crs_name(read_labels(path, LabelOptions(crs="EPSG:32631")).crs) == "EPSG:32631"


def test_swapped_degrees_are_recognised(tmp_path):
    path = csv_file(tmp_path, "lon,lat,label\n45.2,-95.1,a\n")
    with pytest.raises(SampleError, match=r"are not longitudes and latitudes.*They look swapped"):
        read_labels(path)
    options = LabelOptions(x_field="lat", y_field="lon")
    assert shapely.get_x(read_labels(path, options).geometries).tolist() == [-95.1]


def test_text_that_is_not_utf8_is_told_with_a_word(tmp_path):
    text = "lon,lat,label\n1,2,maïs\n"
    (note,) = read_labels(csv_file(tmp_path, text, "cp1252")).notes
    assert "is read as Windows-1252" in note
    assert "'maïs'" in note
    assert read_labels(csv_file(tmp_path, text)).notes == ()


def test_a_shapefile_without_its_table_is_told(tmp_path):
    path = write(tmp_path / "s.shp", [shapely.Point(1, 2)], {"crop": texts("a")}, geometry_type="Point")
    (tmp_path / "s.dbf").unlink()
    with pytest.raises(SampleError, match=r"no fields.*\.dbf"):
        read_labels(path)


def test_rows_without_coordinates_are_counted(tmp_path):
    features = read_labels(csv_file(tmp_path, "x,y,label\n1,2,a\n,,b\n1,north,c\n3\n"))
    assert features.labels.tolist() == ["a"]
    assert features.ids.tolist() == ["1"]
    assert features.notes == (
        "1 of 4 features has no class in field 'label': left out.",
        "2 of 4 features have no readable geometry or coordinates: left out.",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The file is empty"),
        ("\n\n", "The file is empty"),
        ("x,y,label\n", "has no rows"),
        ("x,y,label,label\n1,2,a,b\n", "Two columns are named 'label'"),
        ("x,y,label\n1,5,2,5,a\n", r"5 cells under 3 columns\. \(.*line 2\).*decimal commas use ;"),
        (
            "lon,lat,label\n3.5,abc,a\n1,def,b\n",
            r"No row has readable coordinates in the columns 'lon' and 'lat': 'lat' holds 'abc' in line 2\..*x_field",
        ),
        ("x,y,label\n\n,,a\n", "'x' holds '' in line 3"),
        (
            "wkt,label\nPOINT 3,a\n",
            r"No row has a readable geometry: column 'wkt' holds 'POINT 3' in line 2\..*x_field",
        ),
        ("x,y,label\n,,a\n1,2,\n", "None of the 1 features with a class has a readable geometry or coordinates"),
        ("e,n,label\n1,2,a\n", "Name the columns of x and y by x_field and y_field"),
    ],
)
def test_broken_tables_are_told(tmp_path, text, message):
    with pytest.raises(SampleError, match=message):
        read_labels(csv_file(tmp_path, text))


# ---------------------------------------------------------------- reprojection


def test_geometries_move_as_rasterio_moves_them():
    source, target = crs_wkt("EPSG:4326"), crs_wkt("EPSG:3035")
    shape = shapely.Polygon([(3, 50), (4, 50), (4, 51)], [[(3.7, 50.2), (3.8, 50.2), (3.8, 50.3)]])
    expected = shapely.geometry.shape(transform_geom("EPSG:4326", "EPSG:3035", shapely.geometry.mapping(shape)))
    moved = reproject(np.array([shape, None], dtype=object), source, target)
    assert moved[0].equals_exact(expected, 1e-6)
    assert moved[1] is None


def test_web_mercator_agrees_with_its_closed_form():
    points = np.array([[3.0, 50.0], [-55.6, -11.7]])
    moved = reproject_points(points, crs_wkt("EPSG:4326"), crs_wkt("EPSG:3857"))
    x = 6378137.0 * np.radians(points[:, 0])
    y = 6378137.0 * np.log(np.tan(np.pi / 4 + np.radians(points[:, 1]) / 2))
    np.testing.assert_allclose(moved, np.column_stack([x, y]), atol=1e-5)


def test_a_point_without_a_place_does_not_spoil_the_others():
    points = np.array([[3.0, 50.0], [93.0, 1.0], [np.nan, 1.0], [3.0, 95.0], [4.0, 50.0]])
    moved = reproject_points(points, crs_wkt("EPSG:4326"), crs_wkt("EPSG:32631"))
    assert np.isfinite(moved).all(axis=1).tolist() == [True, False, False, False, True]
    assert moved[0] == pytest.approx([500000.0, 5538630.70], abs=0.01)
    shapes = shapely.points(points[[0, 1]])
    assert reproject(shapes, crs_wkt("EPSG:4326"), crs_wkt("EPSG:32631"))[1] is None


def test_a_local_crs_cannot_be_moved():
    with pytest.raises(SampleError, match="cannot be moved from"):
        reproject_points(np.zeros((1, 2)), crs_wkt('LOCAL_CS["field grid",UNIT["m",1]]'), crs_wkt("EPSG:4326"))


def test_units_are_told_in_metres():
    assert metres_per_unit(crs_wkt("EPSG:32631")) == 1.0
    assert metres_per_unit(crs_wkt("EPSG:4326")) == 0.0
    assert metres_per_unit(crs_wkt("EPSG:2227")) == pytest.approx(1200 / 3937)
    assert metres_per_unit("") == 1.0
    assert crs_name("") == "no CRS"
    assert crs_name(SINUSOIDAL) == "a custom Sinusoidal CRS"
