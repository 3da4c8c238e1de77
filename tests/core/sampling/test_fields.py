from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from cropmap.contract.errors import GridError
from cropmap.data.site import Grid
from cropmap.io.projection import crs_wkt
from cropmap.sampling.fields import connected_fields, field_groups
from cropmap.sampling.pixel_ids import pixel_ids

UTM = crs_wkt("EPSG:32615")


def grid(height: int, width: int) -> Grid:
    return Grid(UTM, 304_785.0, 5_040_315.0, 30.0, 30.0, width, height)


def strips(classes, edge):
    return [(row, classes[:, row : row + edge]) for row in range(0, classes.shape[1], edge)]


def all_pixels(height, width):
    rows, cols = np.divmod(np.arange(height * width), width)
    return rows, cols


def truth(classes):
    """First pixel, height and width of every pixel's component: SciPy's labels of each combination of classes."""
    _, combined = np.unique(classes.reshape(len(classes), -1), axis=1, return_inverse=True)
    combined = combined.reshape(classes.shape[1:])
    found = np.zeros((3, *combined.shape), np.int64)
    for value in np.unique(combined):
        labels, _ = ndimage.label(combined == value)
        for number, box in enumerate(ndimage.find_objects(labels), start=1):
            inside = labels == number
            found[:, inside] = np.array(
                [np.flatnonzero(inside)[0], box[0].stop - box[0].start, box[1].stop - box[1].start]
            )[:, None]
    return found.reshape(3, -1)


@pytest.mark.parametrize(
    ("years", "classes", "shape"), [(1, 2, (40, 37)), (3, 2, (31, 50)), (2, 3, (1, 60)), (1, 2, (60, 1))]
)
def test_fields_are_scipys_components_however_the_raster_is_cut(years, classes, shape):
    rng = np.random.default_rng(years * 10 + classes)
    stack = rng.choice(classes, (years, *shape), p=[0.7, 0.3] if classes == 2 else [0.6, 0.3, 0.1]).astype(np.uint8)
    first, height, width = truth(stack)
    for edge in (1, 2, 7, 100):
        found = connected_fields(strips(stack, edge), grid(*shape), *all_pixels(*shape))
        assert (found.rows * shape[1] + found.cols == first).all()
        assert (found.height == height).all()
        assert (found.width == width).all()


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 12), st.integers(1, 5))
def test_some_points_get_what_all_pixels_get(seed, height, width, edge):
    rng = np.random.default_rng(seed)
    stack = rng.integers(0, 2, (2, height, width)).astype(np.uint8)
    rows, cols = rng.integers(0, height, 5), rng.integers(0, width, 5)
    found = connected_fields(strips(stack, edge), grid(height, width), rows, cols)
    first, _, _ = truth(stack)
    assert (found.rows * width + found.cols == first[rows * width + cols]).all()


def test_a_spiral_is_one_field():
    # One arm that the strips meet again and again, and joins only at its inner end.
    arm = np.zeros((21, 21), np.uint8)
    row = col = 0
    arm[0, 0] = 1
    for length, (down, across) in zip(
        (20, 20, 20, 18, 18, 16, 16, 14, 14, 12, 12), [(0, 1), (1, 0), (0, -1), (-1, 0)] * 3, strict=False
    ):
        for _ in range(length):
            row, col = row + down, col + across
            arm[row, col] = 1
    first, _, _ = truth(arm[None])
    found = connected_fields(strips(arm[None], 3), grid(21, 21), *all_pixels(21, 21))
    assert (found.rows * 21 + found.cols == first).all()


def test_a_group_is_named_after_its_first_pixel():
    classes = np.zeros((1, 4, 4), np.uint8)
    classes[0, 1:, 1:] = 1
    where = grid(4, 4)
    rows, cols = np.array([3, 0]), np.array([3, 0])
    groups = field_groups(connected_fields(strips(classes, 2), where, rows, cols), where, rows, cols)
    assert groups.tolist() == [f"F{pixel_ids(where, np.array([row]), np.array([row]))[0]}" for row in (1, 0)]
    assert groups[1] == "FE304800N5040300@32615"


def test_what_is_wider_than_a_field_is_cut_into_squares():
    where = grid(10, 100)
    classes = np.zeros((1, 10, 100), np.uint8)
    rows, cols = np.array([0, 9, 0]), np.array([0, 66, 67])
    fields = connected_fields(strips(classes, 4), where, rows, cols)
    name = pixel_ids(where, np.array([0]), np.array([0]))[0]
    assert field_groups(fields, where, rows, cols, 2000.0).tolist() == [f"F{name}/0_0", f"F{name}/0_0", f"F{name}/0_1"]
    assert field_groups(fields, where, rows, cols, 3000.0).tolist() == [f"F{name}"] * 3


@pytest.mark.parametrize("broken", [[(1, 3)], [(0, 2), (3, 2)], [(0, 3)]])
def test_strips_with_a_gap_are_refused(broken):
    given_strips = [(row, np.zeros((1, rows, 6), np.uint8)) for row, rows in broken]
    with pytest.raises(GridError):
        connected_fields(given_strips, grid(5, 6), np.array([0]), np.array([0]))


def test_a_strip_of_another_width_is_refused():
    with pytest.raises(GridError, match="7 columns"):
        connected_fields([(0, np.zeros((1, 5, 7), np.uint8))], grid(5, 6), np.array([0]), np.array([0]))
