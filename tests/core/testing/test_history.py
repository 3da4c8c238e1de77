from collections import Counter

import numpy as np
import pytest
import shapely

from cropmap.testing.history import (
    CONFUSIONS,
    label_raster,
    plan_rotations,
    year_cover,
)
from cropmap.testing.landscape import Land, draw_land
from cropmap.testing.mixtures import mix
from cropmap.testing.phenology import CORN, FOREST, GRASS, SOYBEAN, UNCLASSED, VERGE, WHEAT
from cropmap.testing.sites import SITES, Rotation


def squares(count=400, cover=0):
    edge = int(np.sqrt(count))
    x, y = np.meshgrid(np.arange(edge) * 100.0, np.arange(edge) * 100.0)
    geometry = shapely.box(x.ravel(), y.ravel(), x.ravel() + 100, y.ravel() + 100)
    return Land(geometry, np.full(edge**2, cover, dtype=np.uint8), np.arange(edge**2))


@pytest.fixture(scope="module")
def world():
    land = draw_land("vojvodina", 64 * 30.0, 3, 0.6)
    plan = plan_rotations(land, SITES["vojvodina"].rotations, 0.0, 3)
    return land, plan, mix(land, 64)


def test_corn_and_soybean_alternate_without_breaks():
    plan = plan_rotations(squares(), (Rotation((CORN, SOYBEAN), 1.0),), 0.0, 1)
    covers = np.array([plan.covers(year) for year in range(2013, 2024)])
    assert set(np.unique(covers)) == {CORN, SOYBEAN}
    assert (covers[1:] != covers[:-1]).all()


def test_every_field_follows_its_cycle():
    rotations = SITES["vojvodina"].rotations
    plan = plan_rotations(squares(), rotations, 0.0, 1)
    covers = np.array([plan.covers(year) for year in range(2010, 2024)])
    for field, series in enumerate(covers.T):
        cycle = rotations[plan.rotation[field]].cycle
        starts = [np.resize(np.roll(cycle, -shift), len(series)) for shift in range(len(cycle))]
        assert any((series == start).all() for start in starts)


@pytest.mark.parametrize("site", sorted(SITES))
@pytest.mark.parametrize("year", [2016, 2023])
def test_class_shares_are_those_of_the_rotations_in_every_year(site, year):
    land = squares(2500)
    covers = plan_rotations(land, SITES[site].rotations, 0.0, 5).covers(year)
    for code, share in SITES[site].shares.items():
        assert (covers == code).mean() == pytest.approx(share, abs=0.015)


def test_shares_sum_to_one():
    for traits in SITES.values():
        assert sum(traits.shares.values()) == pytest.approx(1)
        assert sum(rotation.share for rotation in traits.rotations) == pytest.approx(1)


def test_breaks_change_about_the_share_asked_for():
    rotations = (Rotation((CORN, SOYBEAN), 0.5), Rotation((WHEAT, SOYBEAN), 0.5))
    kept = plan_rotations(squares(10_000), rotations, 0.0, 1).covers(2020)
    broken = plan_rotations(squares(10_000), rotations, 0.2, 1).covers(2020)
    # A field may draw the crop that it has: of 3 crops in shares 1/4, 1/2, 1/4, that is 3 in 8.
    assert (kept != broken).mean() == pytest.approx(0.2 * 5 / 8, abs=0.02)


def test_permanent_covers_stay():
    plan = plan_rotations(squares(cover=FOREST), SITES["corn_belt"].rotations, 0.5, 1)
    assert all((plan.covers(year) == FOREST).all() for year in (2013, 2023))


def test_the_majority_is_counted_by_class_and_not_by_field(world):
    _land, plan, mixtures = world
    covers = plan.covers(2023)
    found = year_cover(mixtures, covers)
    for pixel in range(0, 64**2, 7):
        parts = slice(*mixtures.first[pixel : pixel + 2])
        shares = Counter()
        for parcel, share in zip(mixtures.parcel[parts], mixtures.share[parts], strict=True):
            shares[int(covers[parcel - 1]) if parcel else VERGE] += float(share)
        assert found.purity[pixel] == pytest.approx(max(shares.values()), abs=1e-5)
        assert shares[int(found.majority[pixel])] == pytest.approx(max(shares.values()), abs=1e-5)
        assert int(found.second[pixel]) in shares
        assert (found.second[pixel] != found.majority[pixel]) == (len(shares) > 1)


def test_roads_and_houses_have_no_class(world):
    _, plan, mixtures = world
    found = year_cover(mixtures, plan.covers(2023))
    assert ((found.truth == 255) == np.isin(found.majority, UNCLASSED)).all()


@pytest.mark.parametrize("error", [0.0, 0.05, 0.2])
def test_a_label_raster_has_the_error_share_asked_for(world, error):
    _, plan, mixtures = world
    cover = year_cover(mixtures, plan.covers(2023))
    labels = label_raster(cover, mixtures, error, SITES["vojvodina"].classes, np.random.default_rng(0))
    assert (labels.codes != cover.majority).mean() == pytest.approx(error, abs=0.003)


def test_confidence_is_lower_where_the_label_is_wrong(world):
    _, plan, mixtures = world
    cover = year_cover(mixtures, plan.covers(2023))
    labels = label_raster(cover, mixtures, 0.1, SITES["vojvodina"].classes, np.random.default_rng(0))
    wrong = labels.codes != cover.majority
    assert np.median(labels.confidence[wrong]) + 20 < np.median(labels.confidence[~wrong])
    assert labels.confidence.max() <= 100


def test_errors_gather_at_edges(world):
    _, plan, mixtures = world
    cover = year_cover(mixtures, plan.covers(2023))
    labels = label_raster(cover, mixtures, 0.08, SITES["vojvodina"].classes, np.random.default_rng(0))
    wrong = labels.codes != cover.majority
    mixed = cover.purity < 0.8
    assert wrong[mixed].mean() > 2 * wrong[~mixed].mean()
    edge_errors = wrong & mixed & (cover.second != cover.majority)
    assert (labels.codes[edge_errors] == cover.second[edge_errors]).all()


def test_no_cover_is_confused_with_itself():
    for code, others in CONFUSIONS.items():
        assert code not in others


@pytest.mark.parametrize("site", sorted(SITES))
def test_a_label_raster_shows_only_classes_of_its_site(site):
    land = draw_land(site, 48 * 30.0, 2, 0.5)
    plan, mixtures = plan_rotations(land, SITES[site].rotations, 0.0, 2), mix(land, 48)
    labels = label_raster(
        year_cover(mixtures, plan.covers(2020)), mixtures, 0.3, SITES[site].classes, np.random.default_rng(1)
    )
    assert set(np.unique(labels.codes).tolist()) <= {*SITES[site].classes, *UNCLASSED, GRASS}
