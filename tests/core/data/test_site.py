"""Grids and windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.errors import GridError
from cropmap.data.site import Grid, Window

GRID = Grid("utm", 500_000.0, 5_000_000.0, 10.0, 20.0, 7, 5)


def _moved(**changes):
    fields = {name: getattr(GRID, name) for name in GRID.__dataclass_fields__}
    return Grid(**{**fields, **changes})


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 50))
def test_windows_cover_each_pixel_once(width, height, size):
    seen = np.zeros((height, width), int)
    for window in Grid("", 0, 0, 1, 1, width, height).windows(size):
        assert window.height <= size
        assert window.width <= size
        part = seen[window.row : window.row + window.height, window.col : window.col + window.width]
        assert part.size == window.pixels
        part += 1
    assert (seen == 1).all()


def test_bounds_and_transform_place_the_pixels():
    assert GRID.bounds == (500_000.0, 4_999_900.0, 500_070.0, 5_000_000.0)
    a, b, c, d, e, f = GRID.transform
    assert (a * 7 + b * 5 + c, d * 7 + e * 5 + f) == (500_070.0, 4_999_900.0)


def test_a_window_has_the_grid_of_its_pixels():
    part = GRID.subset(Window(1, 2, 3, 4))
    assert part == Grid("utm", 500_020.0, 4_999_980.0, 10.0, 20.0, 4, 3)


@pytest.mark.parametrize("changes", [{"pixel_width": 0.0}, {"pixel_height": -10.0}, {"width": 0}, {"height": -1}])
def test_a_grid_without_size_is_refused(changes):
    with pytest.raises(GridError, match="Use a north-up raster"):
        _moved(**changes)


@pytest.mark.parametrize("field", ["west", "north", "pixel_width", "pixel_height"])
def test_a_grid_of_no_numbers_is_refused(field):
    with pytest.raises(GridError, match="Use a north-up raster"):
        _moved(**{field: float("nan")})


def test_the_same_grid_differs_in_nothing():
    assert GRID.differences(_moved()) == []


@pytest.mark.parametrize("changes", [{"west": 500_000.009}, {"north": 5_000_000.019}, {"pixel_width": 10.001}])
def test_less_than_a_thousandth_of_a_pixel_is_no_difference(changes):
    assert GRID.differences(_moved(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"crs": "lambert"}, ["another coordinate reference system"]),
        ({"width": 8}, ["size 8 x 5 instead of 7 x 5 pixels"]),
        ({"west": 500_005.0}, ["upper left corner 500005, 5000000 instead of 500000, 5000000"]),
        ({"north": 5_000_000.03}, ["upper left corner 500000, 5000000.03 instead of 500000, 5000000"]),
        ({"pixel_width": 10.01}, ["pixel size 10.01 x 20 instead of 10 x 20"]),
        ({"pixel_height": 20.01}, ["pixel size 10 x 20.01 instead of 10 x 20"]),
    ],
)
def test_differences_are_told_exactly(changes, said):
    assert GRID.differences(_moved(**changes)) == said


def test_a_tiny_difference_of_pixel_size_that_adds_up_is_shown_with_all_its_digits():
    wide = Grid("", 0, 0, 10.0, 10.0, 200_000, 10)
    other = Grid("", 0, 0, 10.0000001, 10.0, 200_000, 10)
    assert wide.differences(other) == ["pixel size 10.0000001 x 10 instead of 10 x 10"]
