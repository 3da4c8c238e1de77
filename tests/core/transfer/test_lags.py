"""How much later one calendar is, on curves that were moved by known days."""

import math

import numpy as np
import pytest

from cropmap.transfer.lags import LEAST_CORRELATION, best_lags, lag_of, mean_curves

DAYS = np.arange(0, 240, 8, dtype=np.int32)


def curve(peak=110.0, width=28.0, days=DAYS):
    return np.exp(-(((days - peak) / width) ** 2))


@pytest.mark.parametrize("by", [-45, -13, -1, 0, 1, 7, 21, 45])
def test_a_curve_moved_by_known_days_is_found_to_be(by):
    found, fit = best_lags(curve()[None], curve(110 + by)[None], DAYS)
    assert found[0] == pytest.approx(by, abs=1)
    assert fit[0] > 0.99


def test_brightness_does_not_matter_and_a_mirror_image_is_no_lag():
    moved = 0.1 + 0.4 * curve(131)
    found, fit = best_lags(np.stack([curve(), curve()]), np.stack([moved, -moved]), DAYS)
    assert found[0] == pytest.approx(21, abs=1)
    assert fit[1] < LEAST_CORRELATION


def test_steps_need_not_be_even_and_gaps_are_bridged():
    days = np.array([0, 3, 9, 20, 28, 40, 47, 60, 66, 80, 90, 97, 110, 125, 130, 150, 160, 175, 190, 210], np.int32)
    later = curve(124, days=days)
    later[[4, 9]] = np.nan
    found, _ = best_lags(curve(110, days=days)[None], later[None], days)
    assert found[0] == pytest.approx(14, abs=2)


def test_a_flat_or_empty_curve_tells_no_lag():
    flat = np.stack([np.full(len(DAYS), 0.3), np.full(len(DAYS), np.nan), curve()])
    found, fit = best_lags(flat, np.stack([curve(), curve(), np.zeros(len(DAYS))]), DAYS)
    assert np.isnan(found).all()
    assert np.isnan(fit).all()


def test_of_equal_fits_the_smallest_lag_is_taken():
    straight = DAYS / 240
    found, _ = best_lags(straight[None], straight[None] + 0.2, DAYS)
    assert found[0] == 0


def test_a_lag_is_no_longer_than_leaves_half_of_the_season():
    days = np.arange(0, 50, 5, dtype=np.int32)
    found, _ = best_lags(curve(10, 8, days)[None], curve(40, 8, days)[None], days)
    assert abs(found[0]) <= 23


def _series(count, lag, seed, spread=6.0):
    rng = np.random.default_rng(seed)
    peaks = 110 + lag + rng.normal(0, spread, count)
    return curve(peaks[:, None], days=DAYS[None]) + rng.normal(0, 0.05, (count, len(DAYS)))


def test_the_interval_holds_the_true_lag_and_narrows_with_units():
    def lag(units_of_a_side, seed=0):
        units = np.arange(200) % units_of_a_side
        offsets = np.random.default_rng(seed).normal(0, 6, units_of_a_side)[units]
        rng = np.random.default_rng(seed + 1)
        other = curve((124 + offsets)[:, None], days=DAYS[None]) + rng.normal(0, 0.05, (200, len(DAYS)))
        return lag_of("all", (_series(200, 0, 9), other), (np.arange(200), units), DAYS, rng)

    few, many = lag(5), lag(100)
    assert many.low <= 14 <= many.high
    assert many.days == pytest.approx(14, abs=2)
    assert many.high - many.low < few.high - few.low
    assert (many.source_count, many.target_count, many.name) == (200, 200, "all")
    np.testing.assert_allclose(many.source, _series(200, 0, 9).mean(axis=0))


def test_curves_that_are_too_unlike_tell_no_lag():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, (40, len(DAYS)))
    found = lag_of("all", (_series(40, 0, 1), noise), (np.arange(40), np.arange(40)), DAYS, rng)
    assert math.isnan(found.days)
    assert math.isnan(found.low)


def test_means_leave_out_what_is_missing():
    values = np.array([[1.0, np.nan], [3.0, np.nan]])
    found = mean_curves(values)
    assert found[0] == 2
    assert np.isnan(found[1])
