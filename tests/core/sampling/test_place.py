"""From features to pixels."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import shapely

from cropmap.contract.errors import SampleError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.samples import LabelFeatures
from cropmap.data.schemes import scheme_of
from cropmap.data.site import Grid
from cropmap.io.projection import crs_wkt, reproject_points
from cropmap.io.rasters import grid_of
from cropmap.io.vectors import read_labels
from cropmap.sampling.place import PlaceOptions, place

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
UTM, LONLAT = crs_wkt("EPSG:32631"), crs_wkt("EPSG:4326")
GRID = Grid(UTM, 500000.0, 5540000.0, 10.0, 10.0, 40, 30)


def features(geometries, labels, crs=UTM, **changes):
    ids = np.array([f"f{k}" for k in range(len(labels))])
    made = LabelFeatures(np.array(geometries, dtype=object), np.array(labels), ids, ids, crs)
    return dataclasses.replace(made, **changes)


def at(col, row):
    """A point by pixel coordinates."""
    return shapely.Point(GRID.west + col * 10, GRID.north - row * 10)


def area(col, row, right, bottom):
    return shapely.box(GRID.west + col * 10, GRID.north - bottom * 10, GRID.west + right * 10, GRID.north - row * 10)


def test_points_fall_into_their_pixels():
    placed = place(features([at(0, 0), at(39.9, 29.9), at(5.5, 7.2)], ["a", "b", "a"]), GRID)
    assert placed.rows.tolist() == [0, 29, 7]
    assert placed.cols.tolist() == [0, 39, 5]
    assert placed.ids.tolist() == placed.groups.tolist() == ["f0", "f1", "f2"]
    assert placed.codes.tolist() == [0, 1, 0]
    assert (placed.x[2], placed.y[2]) == (500055.0, 5539925.0)
    assert placed.notes == ("Class 'b' has one sample only: it cannot be tested.",)


def test_many_polygons_tell_progress_and_can_be_cancelled():
    shapes = [area(k % 40, 0, k % 40 + 1, 1) for k in range(450)]
    told = []
    place(features(shapes, ["a"] * 450), GRID, progress=Progress(lambda share, message: told.append((share, message))))
    assert [share for share, _ in told] == pytest.approx([0, 200 / 450, 400 / 450, 1])
    assert {message for _, message in told} == {"Finding the polygons' pixels"}
    with pytest.raises(Cancelled):
        place(features(shapes, ["a"] * 450), GRID, progress=Progress(cancelled=lambda: len(told) > 0))


def test_points_of_another_crs_are_moved():
    wanted = np.array([[500123.0, 5539877.0], [500399.0, 5539701.0]])
    degrees = reproject_points(wanted, UTM, LONLAT)
    placed = place(features(shapely.points(degrees), ["a", "a"], LONLAT), GRID)
    assert placed.rows.tolist() == [12, 29]
    assert placed.cols.tolist() == [12, 39]


def test_points_outside_are_counted_and_left_out():
    placed = place(features([at(-0.1, 3), at(40, 3), at(3, 30), at(3, 3), at(1e9, 3)], list("aaaaa")), GRID)
    assert placed.ids.tolist() == ["f3"]
    assert placed.notes[0] == "4 points lie outside the images: left out."


def test_a_feature_without_a_place_in_the_crs_is_counted():
    inside = shapely.points(reproject_points(np.array([[500100.0, 5539900.0]]), UTM, LONLAT))[0]
    placed = place(features([inside, shapely.Point(93, 1)], ["a", "a"], LONLAT), GRID)
    assert placed.notes[0] == "1 feature has no place in the images' CRS: left out."


def test_nothing_inside_gives_both_extents_and_crs():
    with pytest.raises(SampleError) as caught:
        place(features([shapely.Point(10, 40), shapely.Point(11, 41)], ["a", "b"], LONLAT), GRID)
    assert "None of the 2 labelled features" in caught.value.what
    assert "labels 10 .. 11, 40 .. 41 in EPSG:4326" in caught.value.where
    assert "images 500000 .. 500400, 5539700 .. 5540000 in EPSG:32631" in caught.value.where
    assert caught.value.fix == "Check the labels' CRS, or choose images of that place."


def test_swapped_coordinates_are_recognised():
    lon, lat = reproject_points(np.array([[500100.0, 5539900.0]]), UTM, LONLAT)[0]
    with pytest.raises(SampleError, match="look swapped"):
        place(features([shapely.Point(lat, lon)], ["a"], LONLAT), GRID)


def test_images_without_a_crs_are_refused():
    with pytest.raises(SampleError, match="Assign the CRS to the images"):
        place(features([at(1, 1)], ["a"]), dataclasses.replace(GRID, crs=""))


def random_polygon(rng):
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    radius = rng.uniform(3, 14, 9)
    centre = rng.uniform(4, 38, 2)
    ring = [(centre[0] + r * np.cos(a), centre[1] + r * np.sin(a)) for a, r in zip(angles, radius, strict=True)]
    return [(GRID.west + col * 10, GRID.north - row * 10) for col, row in ring]


def even_odd(ring, x, y):
    """Ray casting, the textbook's."""
    inside = False
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            inside = not inside
    return inside


@pytest.mark.parametrize("seed", range(8))
def test_polygon_pixels_are_those_with_their_centre_inside(seed):
    ring = random_polygon(np.random.default_rng(seed))
    expected = {
        (row, col)
        for row in range(GRID.height)
        for col in range(GRID.width)
        if even_odd(ring, GRID.west + (col + 0.5) * 10, GRID.north - (row + 0.5) * 10)
    }
    placed = place(features([shapely.Polygon(ring)], ["a"]), GRID)
    assert expected
    assert set(zip(placed.rows.tolist(), placed.cols.tolist(), strict=True)) == expected


def test_a_hole_is_left_out_and_parts_are_joined():
    ring = area(0, 0, 5, 5).difference(area(1, 1, 4, 4))
    placed = place(
        features([shapely.MultiPolygon([*ring.geoms] if ring.geom_type != "Polygon" else [ring])], ["a"]), GRID
    )
    assert len(placed) == 25 - 9


def test_polygon_pixels_have_persistent_ids_and_one_group():
    placed = place(features([area(2, 3, 4, 4), at(9, 9)], ["a", "a"]), GRID)
    assert placed.ids.tolist() == ["f0/3_2", "f0/3_3", "f1"]
    assert placed.groups.tolist() == ["f0", "f0", "f1"]


def test_the_parts_of_a_multipoint_form_a_group():
    both = shapely.MultiPoint([at(1, 1), at(5, 5)])
    placed = place(features([both, shapely.MultiPoint([at(8, 8)])], ["a", "a"]), GRID)
    assert placed.ids.tolist() == ["f0/1_1", "f0/5_5", "f1"]
    assert placed.groups.tolist() == ["f0", "f0", "f1"]


def test_a_polygon_without_a_centre_gives_the_pixel_it_lies_in():
    placed = place(features([area(3.6, 2.6, 3.9, 2.9)], ["a"]), GRID)
    assert (placed.rows.tolist(), placed.cols.tolist()) == ([2], [3])
    assert placed.notes[0] == "1 polygon holds no pixel centre: one pixel of each is taken."


def test_polygons_outside_are_counted():
    placed = place(features([area(50, 1, 60, 9), area(1, 1, 3, 3)], ["a", "a"]), GRID)
    assert len(placed) == 4
    assert placed.notes == ("1 polygon lies outside the images: left out.",)


def test_the_inner_buffer_leaves_only_the_interior():
    placed = place(
        features([area(0, 0, 10, 10), area(20, 0, 21, 9)], ["a", "b"]), GRID, PlaceOptions(inner_buffer_m=16)
    )
    # 16 m from the edge: centres at 5 and 15 m go, those at 25 .. 75 m stay.
    assert set(placed.rows.tolist()) == set(range(2, 8))
    assert len(placed) == 36
    assert placed.notes == ("1 polygon is narrower than twice the inner buffer: left out.",)
    with pytest.raises(SampleError, match="Make the inner buffer smaller"):
        place(features([area(0, 0, 2, 2)], ["a"]), GRID, PlaceOptions(inner_buffer_m=30))


def test_the_inner_buffer_is_in_metres_on_a_grid_of_degrees():
    step = 1 / 111_195.08
    grid = Grid(LONLAT, 20.0, 60.0, 20 * step, 10 * step, 100, 100)  # at 60 degrees a column is 10 m wide too
    shape = shapely.box(20.0, 60 - 1000 * step, 20 + 2000 * step, 60.0)
    placed = place(features([shape], ["a"], LONLAT), grid, PlaceOptions(inner_buffer_m=102))
    assert set(placed.rows.tolist()) == set(range(10, 90))
    assert set(placed.cols.tolist()) == set(range(10, 90))


def test_at_most_so_many_pixels_of_a_polygon_are_drawn_by_seed():
    fields = features([area(0, 0, 10, 10), area(20, 0, 22, 1)], ["a", "b"])
    first, again, other = (
        place(fields, GRID, PlaceOptions(per_polygon=7), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.unique(first.groups, return_counts=True)[1].tolist() == [7, 2]
    assert first.ids.tolist() == again.ids.tolist()
    assert first.ids.tolist() != other.ids.tolist()


def test_a_pixel_claimed_twice_is_kept_once_or_dropped():
    points = [at(1.1, 1.1), at(1.9, 1.9), at(5.1, 5.1), at(5.2, 5.2), at(5.3, 5.3), at(7, 7)]
    placed = place(features(points, ["a", "a", "a", "b", "a", "b"]), GRID)
    assert placed.ids.tolist() == ["f0", "f5"]
    assert placed.notes[:2] == (
        (
            "1 pixel has labels that contradict each other: left out. Most: 'f2' (a) and 'f3' (b) in 1 pixel; "
            "'f3' (b) and 'f4' (a) in 1 pixel."
        ),
        "1 label repeats one in the same pixel: left out.",
    )


def test_only_contradictions_are_refused():
    with pytest.raises(SampleError, match=r"1 of 1 labelled pixels have labels.*'f0' \(a\) and 'f1' \(b\) in 1 pixel"):
        place(features([at(1.1, 1.1), at(1.9, 1.9)], ["a", "b"]), GRID)


def test_polygons_that_overlap_lose_the_pixels_that_they_contest():
    shapes = [area(0, 0, 6, 6), area(4, 0, 10, 6), area(20, 0, 26, 6), area(25, 5, 31, 11), area(20, 0, 26, 6)]
    placed = place(features(shapes, ["a", "b", "a", "b", "a"]), GRID)
    inside = {(row, col) for row, col in zip(placed.rows.tolist(), placed.cols.tolist(), strict=True)}
    first = {(row, col) for row in range(6) for col in range(10) if col not in (4, 5)}
    second = {(row, col) for row in range(6) for col in range(20, 26)} | {
        (row, col) for row in range(5, 11) for col in range(25, 31)
    }
    assert inside == first | second - {(5, 25)}
    assert placed.notes == (
        (
            "13 pixels have labels that contradict each other: left out. Most: 'f0' (a) and 'f1' (b) in 12 pixels; "
            "'f2' (a) and 'f3' (b) in 1 pixel; 'f3' (b) and 'f4' (a) in 1 pixel."
        ),
        "35 labels repeat one in the same pixel: left out.",
        "1 polygon has no pixel of its own left: left out.",
    )


def test_a_stacked_layer_is_refused_with_the_worst_pairs():
    shapes = [area(0, 0, 10, 10), area(0, 0, 10, 9), area(20, 0, 22, 2)]
    with pytest.raises(SampleError) as caught:
        place(features(shapes, ["a", "b", "c"], where="two_years.gpkg"), GRID)
    assert caught.value.what == "90 of 104 labelled pixels have labels that contradict each other."
    assert caught.value.where == "two_years.gpkg: 'f0' (a) and 'f1' (b) in 90 pixels"
    assert "one upon the other" in caught.value.fix


def test_a_class_that_would_be_lost_is_named():
    shapes = [area(0, 0, 10, 10), area(2, 2, 4, 4), at(30, 20)]
    with pytest.raises(SampleError, match=r"Class 'rye' would be lost: another class claims all of its 4 pixels\."):
        place(features(shapes, ["a", "rye", "c"]), GRID)


def test_a_given_scheme_decides_the_codes():
    classes = "z [3] = z; b [1] = b; a [0] = a; other [2] = x"
    points = features([at(1, 1), at(2, 2), at(3, 3), at(99, 99)], ["b", "z", "b", "outside"])
    assert place(points, GRID, PlaceOptions(scheme=scheme_of(classes))).codes.tolist() == [1, 3, 1]
    strange = features([at(1, 1), at(2, 2)], ["b", "rye"])
    with pytest.raises(SampleError, match=r"names no class for 1 label: 'rye'\. Add them to a class"):
        place(strange, GRID, PlaceOptions(scheme=scheme_of(classes)))
    placed = place(strange, GRID, PlaceOptions(scheme=scheme_of(f"{classes}; rest = other")))
    assert placed.codes.tolist() == [1, 2]
    assert "Taken as 'other': 'rye'." in placed.notes


def test_labels_that_the_scheme_leaves_out_give_no_pixel_and_no_contradiction():
    points = features([at(1.1, 1.1), at(1.9, 1.9), at(3, 3)], ["maize", "mixed", "Kukuruz"])
    placed = place(points, GRID, PlaceOptions(scheme=scheme_of("Corn = corn; left out = mixed")))
    assert placed.ids.tolist() == ["f0", "f2"]
    assert placed.codes.tolist() == [0, 0]
    assert placed.legend.names == ("Corn",)
    assert placed.notes == ("Left out: 'mixed'.",)
    with pytest.raises(SampleError, match=r"The scheme leaves out all labels: 'Kukuruz', 'maize', 'mixed'"):
        place(points, GRID, PlaceOptions(scheme=scheme_of("Rye = rye; rest = left out")))


def test_too_many_classes_are_refused():
    points = [at(k % 40, k // 40) for k in range(300)]
    with pytest.raises(SampleError, match="name 300 classes; a map holds at most 255"):
        place(features(points, [f"c{k}" for k in range(300)]), GRID)


def test_labels_that_may_mean_one_class_are_told_unless_a_scheme_decides():
    points = features([at(k, 0) for k in range(6)], ["Corn", "corn", "maize", "rye", "sweet corn", "1"])
    note = "'Corn' and 'corn' and 'maize' may mean one class: they stay apart unless a class scheme joins them."
    found = place(points, GRID)
    assert note in found.notes
    assert len(found.legend) == 6
    assert sum("may mean" in text for text in found.notes) == 1
    decided = place(points, GRID, PlaceOptions(scheme=scheme_of("A = Corn; B = corn, maize; rest = B")))
    assert not any("may mean" in text for text in decided.notes)


def test_large_polygons_are_filled_in_pieces(monkeypatch):
    monkeypatch.setattr("cropmap.sampling.place._CENTRES_AT_ONCE", 50)
    assert len(place(features([area(0, 0, 40, 30)], ["a"]), GRID)) == 1200


def test_the_notes_of_the_file_travel_on():
    assert place(features([at(1, 1), at(2, 2)], ["a", "a"], notes=("read",)), GRID).notes == ("read",)


# ---------------------------------------------------------------- real data


def test_all_sinop_points_lie_inside_the_modis_images():
    folder = DATA / "sits_sinop"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/sits_sinop")
    grid = grid_of(str(next(iter(sorted(folder.glob("*.jp2"))))))
    read = read_labels(folder / "samples_sinop_crop.csv")
    placed = place(read, grid)
    assert len(placed) == len(read) == 18
    # The MODIS sinusoidal grid in closed form, on its sphere.
    lon, lat = shapely.get_coordinates(read.geometries).T
    cols = (6371007.181 * np.radians(lon) * np.cos(np.radians(lat)) - grid.west) / grid.pixel_width
    rows = (grid.north - 6371007.181 * np.radians(lat)) / grid.pixel_height
    assert placed.cols.tolist() == np.floor(cols).astype(int).tolist()
    assert placed.rows.tolist() == np.floor(rows).astype(int).tolist()


def test_seventeen_cbers_samples_lie_in_the_window():
    folder = DATA / "cbers_w_bahia"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/cbers_w_bahia")
    grid = grid_of(str(next(iter(sorted((folder / "cube_500x500").glob("*.tif"))))))
    with np.load(folder / "cbers_samples_922.npz", allow_pickle=False) as table:
        points = shapely.points(table["lon"], table["lat"])
        placed = place(features(points, table["label"].tolist(), LONLAT), grid)
    assert len(placed) == 17
    assert placed.notes[0] == "905 points lie outside the images: left out."
