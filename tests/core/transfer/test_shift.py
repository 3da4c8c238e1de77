"""The size of a shift, on sites that differ by what is known."""

import dataclasses
import datetime as dt
import math

import numpy as np
import pytest

from cropmap.contract.errors import SampleError, TransferError
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.season import Season
from cropmap.models.predictor import Predictor
from cropmap.training.fit import FitOptions, fit
from cropmap.transfer import shift
from cropmap.transfer.shift import (
    MeasureOptions,
    Prepared,
    differences_of,
    measure_shift,
)
from cropmap.transfer.verdict import HIGH, LOW, MEDIUM, verdict_of
from tests.core.transfer.conftest import DAYS, NAMES, site

EQUAL = {"corn": 120, "other": 120, "soybean": 120}
QUICK = MeasureOptions(permutations=99)


def units_of(one, other, blocks=30):
    return np.arange(len(one)) % blocks, np.arange(len(other)) % blocks


@pytest.fixture(scope="module")
def package(source):
    return fit(source, "random_forest", {"trees": 60}, FitOptions(seed=3, threads=1))


@pytest.fixture(scope="module")
def same():
    return site(EQUAL, seed=5, name="B")


@pytest.fixture(scope="module")
def alike(source, same, package):
    return measure_shift(source, same.values, units_of(source, same), package, 0, QUICK)


@pytest.fixture(scope="module")
def later(source, package):
    target = site({"corn": 150, "other": 60, "soybean": 90}, seed=2, lag=21, name="B")
    return measure_shift(source, target.values, units_of(source, target), package, 0, QUICK)


def test_a_site_of_the_same_kind_has_a_low_shift(alike):
    assert alike.verdict == LOW
    assert 0.35 < alike.auc < 0.65
    assert alike.mmd2 < 0.01
    assert abs(alike.lag_days) <= 2
    assert alike.pixels.mean == pytest.approx(alike.pixels.within, abs=0.05)
    assert alike.shares.gap < 0.05
    assert alike.model_shift.days == 0


def test_a_late_season_is_measured_in_days_for_all_and_for_each_crop(later):
    # The means of all crops together hardly differ: it is the lag that makes the shift more than low.
    assert later.verdict == MEDIUM
    assert later.mmd_p == 0.01
    assert later.lag_days == pytest.approx(21, abs=2)
    assert later.model_shift.days == pytest.approx(-21, abs=4)
    assert {lag.name for lag in later.lags[1:]} == set(NAMES)
    for lag in later.lags[1:]:
        assert lag.days == pytest.approx(21, abs=3)
        assert lag.low - 1 <= 21 <= lag.high + 1
    assert any("21 days later" in reason or "20 days later" in reason for reason in later.reasons)


def test_the_shares_of_a_late_site_are_those_it_has(later):
    assert later.shares.names == NAMES
    assert later.shares.source.tolist() == pytest.approx([1 / 3] * 3)
    assert later.shares.target.tolist() == pytest.approx([0.5, 0.2, 0.3], abs=0.03)
    assert later.shares.gap == pytest.approx(0.5 - 1 / 3, abs=0.03)
    assert later.shares.doubt < 0.1


def test_brightness_is_a_shift_without_a_lag(source):
    target = site(EQUAL, seed=6, bright=0.1)
    found = measure_shift(source, target.values, units_of(source, target), None, 0, QUICK)
    assert found.verdict == HIGH
    assert found.auc > 0.95
    assert abs(found.lag_days) <= 3
    assert (found.pixels.distance > 0.3).all()  # the target lies above the source on every date in every band
    assert (found.shares, found.model_shift) == (None, None)


def test_the_mean_curves_of_one_site_are_not_apart(source):
    found = measure_shift(source, source.values, units_of(source, source), None, 0, QUICK)
    assert found.curves.distance.tolist() == [0.0] * 3
    assert found.curves.p.tolist() == [1.0] * 3
    np.testing.assert_allclose(found.curves.source, source.values.mean(axis=0), rtol=1e-5)
    assert (found.pixels.distance == 0).all()
    assert (found.pixels.p == 1).all()


def test_disjoint_values_are_wholly_apart(source):
    found = measure_shift(source, source.values + 5, units_of(source, source), None, 0, QUICK)
    assert found.curves.distance.tolist() == [1.0] * 3
    assert (found.pixels.distance == 1).all()


@pytest.mark.parametrize(
    ("mmd2", "lag", "verdict"),
    [
        (-0.001, 0, LOW),
        (0.049, -6.9, LOW),
        (0.049, -7, MEDIUM),
        (0.05, 0, MEDIUM),
        (0.01, math.nan, MEDIUM),
        (0.099, 40, MEDIUM),
        (0.1, 0, HIGH),
        (0.5, math.nan, HIGH),
        (math.nan, 0, HIGH),
    ],
)
def test_the_verdict_follows_its_two_thresholds(mmd2, lag, verdict):
    assert verdict_of(mmd2, lag) == verdict


def test_the_same_seed_measures_the_same(source, same, package, alike):
    again = measure_shift(source, same.values, units_of(source, same), package, 0, QUICK)
    for name in ("auc", "mmd2", "mmd_p", "lag_days", "reasons"):
        assert getattr(again, name) == getattr(alike, name)


def test_of_many_series_some_are_drawn_and_that_is_said(source, same):
    few = dataclasses.replace(QUICK, most_series=100, most_rows=60, most_points=40)
    found = measure_shift(source, same.values, units_of(source, same), None, 0, few)
    assert found.source_count == (100, 360)
    assert found.verdict == LOW
    assert any("100 of the target's 360 series" in note for note in found.notes)


def test_few_units_are_told(source, same):
    found = measure_shift(source, same.values, units_of(source, same, blocks=3), None, 0, QUICK)
    assert found.unit_counts == (3, 3)
    assert any("3 units of land only" in note for note in found.notes)


def test_steps_that_a_mask_hid_count_for_nothing(source):
    """The target's hidden steps hold wild values; only the band `clear` tells."""

    def masked(samples, hidden, filled):
        clear = ~hidden
        values = np.where(hidden[:, :, None], np.float32(filled), samples.values)
        values = np.concatenate([values, clear[:, :, None].astype(np.float32)], axis=2)
        return dataclasses.replace(samples, values=values, bands=(*samples.bands, "clear"))

    rng = np.random.default_rng(0)
    other = site(EQUAL, seed=5)
    one = masked(source, np.zeros(source.values.shape[:2], bool), 0)
    two = masked(other, rng.random(other.values.shape[:2]) < 0.3, 50.0)
    found = measure_shift(one, two.values, units_of(one, two), None, 0, QUICK)
    assert found.bands == source.bands
    assert found.verdict == LOW
    assert found.pixels.mean < 0.15
    assert np.abs(found.curves.target).max() < 1


def test_honest_probabilities_of_the_source_are_used_where_given(source, same, package):
    uniform = np.full((len(source), 3), 1 / 3, np.float32)
    told = measure_shift(
        source, same.values, units_of(source, same), package, 0, dataclasses.replace(QUICK, probabilities=uniform)
    )
    assert told.shares.gap < 0.05
    with pytest.raises(SampleError, match="cross-validation"):
        measure_shift(source, same.values, units_of(source, same), package, 0,
                      dataclasses.replace(QUICK, probabilities=uniform[:, :2]))  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (lambda v, u: (v[:, :5], u), TransferError, "source's recipe"),
        (lambda v, u: (np.where(v > 0.2, np.nan, v), u), SampleError, "Leave them out"),
        (lambda v, u: (v[:5], (u[0], u[1][:5])), SampleError, "10 at least"),
        (lambda v, u: (v, (u[0], u[1][:-1])), SampleError, "each series one"),
        (lambda v, u: (v, (u[0], np.zeros(len(v)))), SampleError, "smaller units"),
    ],
)
def test_what_cannot_be_compared_is_refused(source, same, spoil, error, said):
    values, units = spoil(same.values, units_of(source, same))
    with pytest.raises(error, match=said):
        measure_shift(source, values, units)


def test_another_preparation_is_told_and_other_bands_are_refused(source, same):
    season = Season(dt.date(2021, 5, 1), dt.date(2021, 5, 1) + dt.timedelta(days=int(DAYS[-1])))
    recipe = Recipe("smooth", season, (StepUse("whittaker", {"lambda": 10.0}),))
    prepared = Prepared(source.bands, source.days, recipe, masked=True)
    found = measure_shift(
        source, same.values, units_of(source, same), None, 0, dataclasses.replace(QUICK, prepared=prepared)
    )
    said = " ".join(found.differences)
    assert "own (no steps) at the source, smooth (whittaker) at the target" in said
    assert "begins 30 days later" in said
    assert "begins in 2023, the target's in 2021" in said
    assert "cleaned the target's images" in said
    assert set(found.differences) <= set(found.reasons)
    bands = Prepared(("red", "green", "nir"), source.days)
    assert differences_of(source, bands) == (
        "The target lacks the bands swir1.",
        "The target has the bands green besides.",
    )
    with pytest.raises(TransferError, match="one recipe"):
        measure_shift(source, same.values, units_of(source, same), None, 0, MeasureOptions(prepared=bands))
    assert differences_of(source, Prepared(source.bands, source.days, source.recipe, source.masked)) == ()
    swapped = Prepared(source.bands[::-1], source.days + 1)
    assert len(differences_of(source, swapped)) == 2


def test_a_package_of_other_bands_is_refused(source, same, package):
    other = dataclasses.replace(source, bands=("a", "b", "c"))
    with pytest.raises(Exception, match="model's own recipe"):
        measure_shift(other, same.values, units_of(source, same), package)


def test_a_package_that_moves_the_target_s_series_does_not_move_the_source_s(source):
    package = fit(source, "random_forest", {"trees": 5}, FitOptions(seed=0, device="cpu", threads=1))
    side = shift._side(source.values, source.bands, source.groups, len(source), np.random.default_rng(0))
    moving = dataclasses.replace(package, shift_days=-28.0)
    found = shift._answers(moving, (side, side), 0, MeasureOptions())
    np.testing.assert_array_equal(found.source, Predictor(package).probabilities(source.values))
