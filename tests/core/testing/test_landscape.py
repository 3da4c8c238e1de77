import numpy as np
import pytest
import shapely

from cropmap.testing.landscape import MILE, Land, draw_land
from cropmap.testing.mixtures import PIXEL_M, SUBPIXELS, mix
from cropmap.testing.phenology import FOREST, GRASS, WATER
from cropmap.testing.sites import SITES

SIZE_M = 128 * PIXEL_M


@pytest.fixture(scope="module", params=sorted(SITES))
def land(request):
    return draw_land(request.param, SIZE_M, 1)


def test_parcels_are_valid_polygons_inside_the_site(land):
    assert (shapely.get_type_id(land.geometry) == 3).all()
    assert shapely.is_valid(land.geometry).all()
    west, south, east, north = shapely.bounds(land.geometry).T
    assert min(west.min(), south.min()) >= -1e-6
    assert max(east.max(), north.max()) <= SIZE_M + 1e-6


def test_parcels_do_not_overlap_and_nearly_cover_the_site(land):
    total = land.area_m2.sum()
    assert shapely.area(shapely.union_all(land.geometry)) == pytest.approx(total, rel=1e-5)
    assert 0.9 < total / SIZE_M**2 < 1


def test_most_land_is_fields_and_there_is_water_wood_and_grass(land):
    share = {code: land.area_m2[land.cover == code].sum() / SIZE_M**2 for code in (0, WATER, FOREST, GRASS)}
    assert share[0] > 0.6
    assert all(0.002 < share[code] < 0.25 for code in (WATER, FOREST, GRASS))


def test_fields_of_the_corn_belt_are_larger_than_those_of_vojvodina():
    areas = {site: draw_land(site, SIZE_M, 1) for site in SITES}
    typical = {site: np.median(land.area_m2[land.cover == 0]) for site, land in areas.items()}
    assert typical["corn_belt"] > 3 * typical["vojvodina"]
    assert max(land.area_m2.max() for land in areas.values()) <= (MILE / 2) ** 2


def test_field_scale_makes_fields_smaller():
    large, small = (draw_land("vojvodina", SIZE_M, 1, scale) for scale in (1.0, 0.5))
    assert (small.cover == 0).sum() > 2 * (large.cover == 0).sum()


def test_another_seed_draws_another_land():
    first, again, other = (draw_land("corn_belt", SIZE_M, seed) for seed in (1, 1, 2))
    assert shapely.equals_exact(first.geometry, again.geometry).all()
    assert len(first.geometry) != len(other.geometry) or not shapely.equals(first.geometry, other.geometry).all()


def test_shares_of_a_pixel_sum_to_one_and_parts_are_in_order(land):
    mixtures = mix(land, 128)
    np.testing.assert_allclose(np.add.reduceat(mixtures.share, mixtures.first[:-1]), 1, atol=1e-6)
    assert (np.diff(mixtures.pixel) >= 0).all()
    assert (mixtures.pixel[mixtures.first[:-1]] == np.arange(128**2)).all()
    assert len(np.unique(mixtures.pixel.astype(np.int64) * 10**6 + mixtures.parcel)) == len(mixtures.pixel)


def test_shares_are_those_of_points_in_polygons(land):
    mixtures = mix(land, 128)
    tree = shapely.STRtree(land.geometry)
    mixed = np.flatnonzero(np.diff(mixtures.first) > 1)[::97]
    step = PIXEL_M / SUBPIXELS
    for pixel in mixed:
        row, col = divmod(int(pixel), 128)
        aside = (np.arange(SUBPIXELS) + 0.5) * step
        x, y = np.meshgrid(col * PIXEL_M + aside, SIZE_M - row * PIXEL_M - aside)
        hits = tree.query(shapely.points(x.ravel(), y.ravel()), predicate="within")
        parts = slice(*mixtures.first[pixel : pixel + 2])
        for parcel, share in zip(mixtures.parcel[parts], mixtures.share[parts], strict=True):
            if parcel:
                assert share == pytest.approx((hits[1] == parcel - 1).sum() / SUBPIXELS**2, abs=0.041)


def test_a_pixel_across_an_edge_is_shared_by_area():
    land = Land(shapely.box([0, 42], [0, 0], [42, 90], [90, 90]), np.zeros(2, np.uint8), np.arange(2))
    mixtures = mix(land, 3)
    assert mixtures.parcel.tolist() == [1, 1, 2, 2] * 3
    np.testing.assert_allclose(mixtures.share, [1, 0.4, 0.6, 1] * 3, atol=1e-6)


def test_land_between_parcels_counts_as_parcel_0():
    land = Land(shapely.box([0], [0], [45], [60]), np.zeros(1, np.uint8), np.arange(1))
    mixtures = mix(land, 2)
    assert mixtures.parcel.tolist() == [1, 0, 1] * 2
    codes, shares = mixtures.class_shares(np.array([7, 3], np.uint8))
    assert codes.tolist() == [3, 7]
    np.testing.assert_allclose(shares, [[1, 0], [0.6, 0.4]] * 2, atol=1e-6)


def test_rows_beyond_one_strip_are_the_same_land():
    land = draw_land("corn_belt", 300 * PIXEL_M, 4)
    mixtures = mix(land, 300)
    pixel = 280 * 300 + 17
    parcel = mixtures.parcel[mixtures.first[pixel]]
    centre = shapely.Point(17.5 * PIXEL_M, (300 - 280.5) * PIXEL_M)
    if np.diff(mixtures.first)[pixel] == 1 and parcel:
        assert shapely.contains(land.geometry[parcel - 1], centre)
    np.testing.assert_allclose(np.add.reduceat(mixtures.share, mixtures.first[:-1]), 1, atol=1e-6)
