"""Samples of one field are one group."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely

from cropmap.contract.errors import SampleError
from cropmap.data.samples import LabelFeatures
from cropmap.sampling.outlines import in_one_field


def features(geometries, groups=None):
    count = len(geometries)
    ids = np.array([f"f{k}" for k in range(count)])
    return LabelFeatures(
        np.array(geometries, object), np.full(count, "a"), ids, ids if groups is None else np.array(groups), ""
    )


def square(x, y, side=10):
    return shapely.box(x, y, x + side, y + side)


def test_points_of_one_outline_are_one_group_and_others_keep_theirs():
    points = shapely.points([[1, 1], [9, 9], [25, 5], [50, 50], [21, 1]])
    found = in_one_field(features(points), np.array([square(0, 0), square(20, 0), square(80, 80)]))
    assert found.groups.tolist() == ["outline/1", "outline/1", "outline/2", "f3", "outline/2"]
    assert found.notes == ("4 of 5 features stand in 2 of 3 field outlines: those of one field stay in one fold.",)


def test_a_group_that_two_fields_share_joins_them():
    points = shapely.points([[1, 1], [25, 5], [50, 50], [51, 51], [22, 2]])
    found = in_one_field(features(points, ["farm", "b", "farm", "d", "e"]), np.array([square(20, 0), square(0, 0)]))
    assert found.groups.tolist() == ["outline/2", "outline/1", "outline/2", "d", "outline/1"]
    # Field 2 and what stands in field 1 meet in the farm.
    found = in_one_field(features(points, ["farm", "farm", "x", "d", "e"]), np.array([square(20, 0), square(0, 0)]))
    assert found.groups.tolist() == ["outline/1", "outline/1", "x", "d", "outline/1"]


def test_outlines_in_which_nothing_stands_are_refused():
    points = features(shapely.points([[1, 1], [9, 9]]))
    with pytest.raises(SampleError, match="None of the 2 labelled features stands in one of the 1 field outlines"):
        in_one_field(points, np.array([square(50, 50)]))
    with pytest.raises(SampleError, match="hold no polygon"):
        in_one_field(points, shapely.points([[1, 1], [9, 9]]))


def test_overlapping_outlines_and_all_parts_of_a_multipolygon_are_one_field():
    outlines = np.array([square(0, 0), square(8, 8), shapely.MultiPolygon([square(30, 0), square(60, 0)])])
    found = in_one_field(features(shapely.points([[1, 1], [9, 9], [17, 17], [31, 1], [61, 1]])), outlines)
    assert found.groups.tolist() == ["outline/1", "outline/1", "outline/1", "outline/3", "outline/3"]


def test_points_of_a_mixed_layer_join_the_polygon_around_them():
    shapes = [square(0, 0), shapely.Point(5, 5), square(20, 0), shapely.Point(50, 50), shapely.Point(6, 5)]
    found = in_one_field(features(shapes))
    assert found.groups.tolist() == ["outline/1", "outline/1", "f2", "f3", "outline/1"]
    assert found.notes == ()


def test_polygons_alone_and_points_alone_are_left_as_they_are():
    for shapes in ([square(0, 0), square(5, 5)], [shapely.Point(0, 0), shapely.Point(0, 0)]):
        given = features(shapes)
        assert in_one_field(given) is given


def test_polygons_join_the_outline_that_a_point_inside_them_lies_in_and_no_neighbour():
    outlines = np.array([square(0, 0), square(10, 0)])
    found = in_one_field(features([square(1, 1, 3), square(6, 6, 3), square(10, 0), square(40, 0)]), outlines)
    assert found.groups.tolist() == ["outline/1", "outline/1", "outline/2", "f3"]


def test_groups_are_the_connected_parts_of_the_graph_of_fields_and_groups():
    rng = np.random.default_rng(4)
    for _ in range(20):
        xy, corners = rng.uniform(0, 100, (60, 2)), rng.uniform(0, 100, (25, 2))
        groups = rng.integers(0, 45, 60).astype(str)
        found = in_one_field(features(shapely.points(xy), groups), np.array([square(x, y, 9) for x, y in corners]))
        inside = ((xy[:, None] >= corners) & (xy[:, None] <= corners + 9)).all(axis=2)
        linked = (groups[:, None] == groups) | (inside.astype(int) @ inside.T > 0)
        for _ in range(60):  # the closure, by force
            linked = linked.astype(int) @ linked > 0
        for one, other in itertools.combinations(range(60), 2):
            assert (found.groups[one] == found.groups[other]) == linked[one, other]
