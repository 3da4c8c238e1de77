from __future__ import annotations

import numpy as np
import pytest
import shapely
from rasterio.crs import CRS

from cropmap.contract.errors import SampleError
from cropmap.data.site import Grid, Window
from cropmap.sampling.candidates import Reach, draw_candidates

UTM = CRS.from_epsg(32615).to_wkt()
GRID = Grid(UTM, 500_000.0, 5_000_000.0, 30.0, 30.0, 80, 60)


def centres(grid: Grid, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    return np.column_stack([grid.west + (cols + 0.5) * grid.pixel_width, grid.north - (rows + 0.5) * grid.pixel_height])


def everywhere(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    rows, cols = np.mgrid[: grid.height, : grid.width]
    return rows.ravel(), cols.ravel()


def test_distances_to_roads_are_those_of_plane_geometry() -> None:
    road = shapely.LineString([(499_000, 4_999_000), (503_000, 4_999_000)])
    well = shapely.Point(501_000, 4_999_900)
    rows, cols = everywhere(GRID)
    x, y = centres(GRID, rows, cols).T
    expected = np.minimum(np.abs(y - 4_999_000), np.hypot(x - 501_000, y - 4_999_900))
    found = Reach(GRID, roads=np.array([road, well], object)).to_roads(rows, cols)
    assert found == pytest.approx(expected, abs=1e-6)


def test_distances_in_degrees_are_metres_on_the_ground() -> None:
    # A degree of longitude is 111,195 m x cos(latitude) on the sphere; a grid this small is flat.
    grid = Grid(CRS.from_epsg(4326).to_wkt(), 20.0, 60.05, 0.001, 0.001, 100, 100)
    road = np.array([shapely.LineString([(20.0, 59.9), (20.0, 60.1)])], object)
    found = Reach(grid, roads=road).to_roads(np.array([50]), np.array([99]))
    assert found == pytest.approx(0.0995 * 111_195 * 0.5, rel=1e-4)


def test_without_roads_there_is_no_distance() -> None:
    assert np.isnan(Reach(GRID).to_roads(np.array([1, 2]), np.array([1, 2]))).all()


def test_only_pixels_of_the_area_near_enough_are_drawn_and_all_of_them_where_few() -> None:
    area = np.array(
        [shapely.Point(501_000, 4_999_200).buffer(300), shapely.box(501_500, 4_999_500, 501_800, 4_999_900)]
    )
    road = np.array([shapely.LineString([(501_000, 4_998_000), (501_000, 5_000_000)])], object)
    rows, cols = everywhere(GRID)
    points = shapely.points(centres(GRID, rows, cols))
    wanted = shapely.contains(shapely.union_all(area), points) & (shapely.distance(points, road[0]) <= 250)
    reach = Reach(GRID, road, 250.0, area)
    assert (reach.allowed(rows, cols) == wanted).all()
    drawn = draw_candidates(reach, 10_000, seed=4)
    assert set(zip(*drawn, strict=True)) == set(zip(rows[wanted], cols[wanted], strict=True))


def test_more_candidates_begin_with_fewer_and_an_area_leaves_the_order_as_it_is() -> None:
    many = draw_candidates(Reach(GRID), 500, seed=1)
    few = draw_candidates(Reach(GRID), 40, seed=1)
    assert np.array_equal(np.stack(many)[:, :40], np.stack(few))
    area = np.array([shapely.box(500_000, 4_999_400, 500_900, 5_000_000)])
    inside = draw_candidates(Reach(GRID, area=area), 15, seed=1)
    within = (many[0] < 20) & (many[1] < 30)
    assert np.array_equal(np.stack(many)[:, within][:, :15], np.stack(inside))


def test_candidates_are_uniform() -> None:
    counts = np.zeros((3, 4))
    for seed in range(60):
        rows, cols = draw_candidates(Reach(GRID), 100, seed)
        assert len(set(zip(rows, cols, strict=True))) == 100
        np.add.at(counts, (rows // 20, cols // 20), 1)
    # 6,000 draws over 12 equal squares: chi-squared with 11 degrees of freedom, 31 at 0.1 %.
    assert ((counts - 500) ** 2 / 500).sum() < 31


def test_the_window_is_what_the_area_touches() -> None:
    area = np.array([shapely.box(500_045, 4_999_945, 500_075, 4_999_955)])
    assert Reach(GRID, area=area).window == Window(1, 1, 1, 2)


def test_what_cannot_be_visited_is_refused() -> None:
    with pytest.raises(SampleError, match="outside"):
        draw_candidates(Reach(GRID, area=np.array([shapely.box(0, 0, 1, 1)])), 5, 0)
    with pytest.raises(SampleError, match="no polygon"):
        Reach(GRID, area=np.array([shapely.Point(0, 0)]))
    with pytest.raises(SampleError, match="No pixel"):
        draw_candidates(Reach(GRID, np.array([shapely.Point(0, 0)], object), 10.0), 5, 0)
    with pytest.raises(SampleError, match="no coordinate reference system"):
        Reach(Grid("", 0, 10, 1, 1, 10, 10))
