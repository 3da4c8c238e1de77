import numpy as np
import pytest

from cropmap.testing.history import plan_rotations, year_cover
from cropmap.testing.landscape import draw_land
from cropmap.testing.mixtures import PIXEL_M, mix
from cropmap.testing.sites import SITES
from cropmap.testing.survey import draw_survey


@pytest.fixture(scope="module")
def surveyed():
    land = draw_land("vojvodina", 96 * PIXEL_M, 1)
    mixtures = mix(land, 96)
    return year_cover(mixtures, plan_rotations(land, SITES["vojvodina"].rotations, 0.0, 1).covers(2023)), mixtures


def at(survey, cover):
    pixels = (survey.y // PIXEL_M).astype(int) * 96 + (survey.x // PIXEL_M).astype(int)
    return cover.truth[pixels]


def test_points_stand_in_pure_pixels_of_their_class(surveyed):
    cover, mixtures = surveyed
    survey = draw_survey(cover, mixtures, 300, 0.0, np.random.default_rng(0))
    assert len(survey.codes) == 300
    assert (at(survey, cover) == survey.codes).all()
    pixels = (survey.y // PIXEL_M).astype(int) * 96 + (survey.x // PIXEL_M).astype(int)
    assert (cover.purity[pixels] == 1).all()
    assert len(np.unique(pixels)) == 300


def test_every_class_with_pure_pixels_is_surveyed(surveyed):
    cover, mixtures = surveyed
    survey = draw_survey(cover, mixtures, 300, 0.0, np.random.default_rng(0))
    pure = np.diff(mixtures.first) == 1
    assert set(np.unique(survey.codes)) == set(np.unique(cover.truth[pure])) - {255}


def test_parcels_are_visited_in_turn(surveyed):
    cover, mixtures = surveyed
    survey = draw_survey(cover, mixtures, 150, 0.0, np.random.default_rng(0))
    for code in np.unique(survey.codes):
        visits = np.unique(survey.parcels[survey.codes == code], return_counts=True)[1]
        parcels = mixtures.parcel[mixtures.first[:-1]][(cover.truth == code) & (np.diff(mixtures.first) == 1)]
        there = np.unique(parcels, return_counts=True)[1]
        # A parcel has fewer than the most visited only where it has no further pixel.
        assert visits.max() <= 1 or len(visits) == len(there)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_share_of_wrong_labels_is_the_one_asked_for(surveyed, share):
    cover, mixtures = surveyed
    survey = draw_survey(cover, mixtures, 200, share, np.random.default_rng(0))
    assert (at(survey, cover) != survey.codes).mean() == pytest.approx(share)
    assert set(np.unique(survey.codes)) <= set(np.unique(cover.truth)) - {255}


def test_more_points_than_pure_pixels_gives_every_pixel_once(surveyed):
    cover, mixtures = surveyed
    survey = draw_survey(cover, mixtures, 10**6, 0.0, np.random.default_rng(0))
    assert len(survey.codes) == ((np.diff(mixtures.first) == 1) & (cover.truth != 255)).sum()


def test_no_points_are_no_points(surveyed):
    cover, mixtures = surveyed
    assert len(draw_survey(cover, mixtures, 0, 0.0, np.random.default_rng(0)).codes) == 0
