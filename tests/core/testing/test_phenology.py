import dataclasses

import numpy as np
import pytest

from cropmap.testing.noise import smooth_field, stream
from cropmap.testing.phenology import (
    BANDS,
    CORN,
    CROPS,
    FOREST,
    RESIDUE,
    SOYBEAN,
    WATER,
    WHEAT,
    Parts,
    Variation,
    cover_shares,
    field_years,
    logistic,
    reflectance,
    year_shift,
)

SOIL = (0.05, 0.06, 0.08, 0.11, 0.16, 0.14)
STILL = Variation(0, 0, 0, 0, 0, 0)


def years_of(*codes, crops=CROPS, spread=STILL, seed=0):
    return field_years(np.array(codes, dtype=np.uint8), crops, SOIL, np.random.default_rng(seed), spread)


def one_part(parcel=0, later=0.0, vigour=1.0, brightness=1.0):
    floats = (np.array([value], dtype=np.float32) for value in (later, vigour, brightness))
    return Parts(np.array([parcel], dtype=np.int32), *floats)


def green_on(code, day, **part):
    return float(cover_shares(years_of(code), one_part(**part), day)[0][0])


def test_the_logistic_curve_is_that_of_its_formula():
    x = np.linspace(-20, 20, 41, dtype=np.float32)
    np.testing.assert_allclose(logistic(x), 1 / (1 + np.exp(-x.astype(float))), atol=1e-6)


@pytest.mark.parametrize("code", [CORN, SOYBEAN, WHEAT, FOREST])
def test_half_of_the_canopy_stands_at_green_up(code):
    crop = CROPS[code]
    half = crop.base + (crop.peak - crop.base) / 2
    assert green_on(code, crop.green_up) == pytest.approx(half, abs=0.01)


@pytest.mark.parametrize("code", [CORN, FOREST])
def test_a_curve_of_equal_widths_peaks_midway(code):
    crop = dataclasses.replace(CROPS[code], down_days=CROPS[code].up_days)
    years = years_of(code, crops={code: crop})
    days = np.arange(90, 320)
    green = [cover_shares(years, one_part(), day)[0][0] for day in days]
    # The top is flat to float32: take the middle of what is highest.
    highest = days[np.array(green) >= max(green) - 1e-6]
    assert highest.mean() == pytest.approx((crop.green_up + crop.browning) / 2, abs=1)


def test_a_later_plant_has_the_same_curve_later():
    assert green_on(CORN, 175, later=10) == pytest.approx(green_on(CORN, 165), abs=1e-6)


def test_a_cut_takes_seven_tenths_of_alfalfa():
    cut = CROPS[36].cuts[0]
    before, after = green_on(36, cut), green_on(36, cut + 0.001)
    assert after / before == pytest.approx(0.3, abs=0.001)


def test_reflectance_is_the_mixture_by_shares():
    years, part = years_of(CORN), one_part(brightness=1.2)
    green, dead = (float(share[0]) for share in cover_shares(years, part, 250))
    leaf = np.array(CROPS[CORN].leaf)
    expected = green * leaf + dead * np.array(RESIDUE) + (1 - green - dead) * 1.2 * np.array(SOIL)
    np.testing.assert_allclose(reflectance(years, part, 250)[:, 0], expected, rtol=1e-5)


def test_shares_never_exceed_one():
    years = years_of(*CROPS, spread=Variation(20, 20, 0.5, 0.2, 0.3, 0))
    parts = Parts(np.arange(len(CROPS), dtype=np.int32), *(np.full(len(CROPS), 1.3, np.float32) for _ in range(3)))
    for day in range(60, 330, 10):
        green, dead = cover_shares(years, parts, day)
        assert green.min() >= 0
        assert dead.min() >= 0
        assert (green + dead).max() <= 1 + 1e-6


def test_wheat_is_green_in_may_and_harvested_in_august():
    assert green_on(WHEAT, 140) > 0.7
    assert green_on(CORN, 140) < 0.1
    assert green_on(WHEAT, 220) < 0.1
    assert green_on(CORN, 220) > 0.8


def test_soybean_greens_up_later_and_reflects_more_near_infrared_than_corn():
    nir = BANDS.index("nir")
    assert CROPS[SOYBEAN].green_up > CROPS[CORN].green_up
    corn, soybean = (reflectance(years_of(code), one_part(), 222)[nir, 0] for code in (CORN, SOYBEAN))
    assert soybean > corn + 0.05


def test_water_is_dark_all_year():
    for day in range(70, 300, 20):
        assert reflectance(years_of(WATER), one_part(), day).max() < 0.06


def test_fields_of_a_kind_differ_by_the_spread_asked_for():
    years = years_of(*[CORN] * 4000, spread=Variation(timing_days=6, length_days=0, vigour=0, colour=0, soil=0))
    assert years.curve[:, 0].std() == pytest.approx(6, rel=0.05)
    assert years.curve[:, 0].mean() == pytest.approx(CROPS[CORN].green_up, abs=0.4)


def test_a_moved_crop_keeps_its_length_and_a_lengthened_one_grows():
    moved = CROPS[36].moved(-10, 4)
    assert moved.green_up == CROPS[36].green_up - 10
    assert moved.browning == CROPS[36].browning - 6
    assert moved.cuts == tuple(cut - 10 for cut in CROPS[36].cuts)
    assert moved.bloom == 0


def test_a_year_is_late_for_every_seed_alike():
    assert year_shift("vojvodina", 2022, 5.0) == year_shift("vojvodina", 2022, 5.0)
    assert year_shift("vojvodina", 2022, 5.0) != year_shift("vojvodina", 2023, 5.0)
    assert year_shift("vojvodina", 2022, 0.0) == 0


def test_streams_of_different_purposes_differ_and_repeat():
    assert stream(1, "a", 2).random() == stream(1, "a", 2).random()
    assert len({stream(1, "a").random(), stream(1, "b").random(), stream(2, "a").random()}) == 3


@pytest.mark.parametrize("shape", [(64, 64), (50, 81), (1, 1)])
def test_a_smooth_field_has_its_shape_and_unit_spread(shape):
    field = smooth_field(shape, 5.0, np.random.default_rng(0))
    assert field.shape == shape
    assert field.dtype == np.float32
    if shape[0] > 1:
        assert field.std() == pytest.approx(1, abs=1e-3)
        assert field.mean() == pytest.approx(0, abs=1e-3)


def test_neighbours_in_a_smooth_field_are_alike():
    field = smooth_field((128, 128), 8.0, np.random.default_rng(0))
    near = np.corrcoef(field[:, :-1].ravel(), field[:, 1:].ravel())[0, 1]
    far = np.corrcoef(field[:, :-50].ravel(), field[:, 50:].ravel())[0, 1]
    assert near > 0.9
    assert abs(far) < 0.4
