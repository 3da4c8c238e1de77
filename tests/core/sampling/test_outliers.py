"""Series unlike their class: distances by hand and by other libraries, and who is named."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy import stats

from cropmap.contract.errors import SampleError
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.sampling.outliers import OutlierOptions, find_outliers, robust_deviations, trimmed_mean

LEGEND = Legend(tuple(LegendClass(code, name, "#ffd300") for code, name in ((1, "Corn"), (5, "Soy"))))


def samples_of(values, codes, bands=("red", "nir")):
    count = len(codes)
    return SampleSet(
        values=np.asarray(values, np.float32),
        codes=np.asarray(codes, np.uint8),
        ids=np.array([f"P{k:04d}" for k in range(count)]),
        x=np.arange(count, dtype=float),
        y=np.zeros(count),
        groups=np.array([f"g{k}" for k in range(count)]),
        days=np.arange(values.shape[1], dtype=np.int32) * 10,
        bands=bands,
        legend=LEGEND,
        recipe=Recipe("weekly", Season(dt.date(2023, 4, 1), dt.date(2023, 12, 31)), ()),
        crs="",
    )


def drawn(count=100, steps=12, seed=0):
    """Two classes at 0.2 and 0.5, each with a level of its own for each sample."""
    rng = np.random.default_rng(seed)
    codes = np.where(np.arange(count) % 2, 5, 1)
    level = np.where(codes == 5, 0.5, 0.2) + rng.normal(0, 0.02, count)
    return level[:, None, None] + rng.normal(0, 0.01, (count, steps, 2)), codes


def test_deviations_are_scipy_s():
    values = np.random.default_rng(0).normal(size=(41, 5, 3))
    expected = (values - np.median(values, axis=0)) / stats.median_abs_deviation(values, axis=0, scale="normal")
    np.testing.assert_allclose(robust_deviations(values), expected, rtol=1e-4)  # 1.4826 is rounded


def test_values_that_most_samples_share_do_not_count():
    values = np.random.default_rng(0).normal(size=(21, 2))
    values[:15, 0] = 0.3
    found = robust_deviations(values)
    assert np.isnan(found[:, 0]).all()
    assert np.isfinite(found[:, 1]).all()


def test_the_furthest_values_are_left_out_of_the_mean():
    squares = np.array([[9.0, 1.0, 4.0, 100.0, 2.0], [np.nan, 1.0, 3.0, 8.0, np.nan], [np.nan] * 5])
    # A fifth of 5 is 1, of 3 none.
    np.testing.assert_allclose(trimmed_mean(squares, 0.2), [4.0, 4.0, np.nan])
    row = np.random.default_rng(1).exponential(size=(1, 30))
    np.testing.assert_allclose(trimmed_mean(row, 0.1), np.sort(row)[:, :27].mean())


def test_a_series_of_the_other_class_is_named_first_and_says_where():
    values, codes = drawn()
    values[10] = drawn(seed=1)[0][11]  # a soy series that is labelled Corn
    values[10, 4, 1] = 0.9
    found = find_outliers(samples_of(values, codes))
    assert found.doubts.positions[0] == 10
    assert found.doubts.suggested[0] == "Soy"
    low, high = np.quantile(values[codes == 1, 4, 1], [0.05, 0.95])
    assert found.doubts.why[0] == (
        f"series unlike its class: nir on 11 May is 0.9, where nine of ten Corn samples have {low:.3g} to {high:.3g}; "
        "it is like Soy"
    )
    assert found.distance[10] > 10 * np.median(found.distance[codes == 1])
    assert found.tail[10] == pytest.approx(0.0, abs=1e-6)


def test_a_series_unlike_every_class_gets_no_suggestion():
    values, codes = drawn()
    values[10] += 5.0
    found = find_outliers(samples_of(values, codes))
    assert found.doubts.positions[0] == 10
    assert found.doubts.suggested[0] == ""
    assert "it is like" not in found.doubts.why[0]


def test_one_wild_date_makes_no_outlier():
    values, codes = drawn()
    values[10, 3] = 5.0
    assert 10 not in find_outliers(samples_of(values, codes)).doubts.positions
    assert 10 in find_outliers(samples_of(values, codes), OutlierOptions(trim=0.0)).doubts.positions


def test_false_alarms_stay_at_the_level():
    """Of classes without outliers few samples are named: the step-up holds the chance of any at about the level."""
    named = [len(find_outliers(samples_of(*drawn(seed=seed))).doubts) for seed in range(40)]
    assert np.mean(np.array(named) > 0) <= 0.15


def test_step_up_is_scipy_s():
    values, codes = drawn(seed=3)
    values[[4, 8, 12]] += 0.2
    found = find_outliers(samples_of(values, codes))
    own = np.flatnonzero(codes == 1)
    expected = own[stats.false_discovery_control(found.tail[own], method="bh") <= 0.05]
    assert set(found.doubts.positions.tolist()) >= set(expected.tolist())
    assert set(found.doubts.positions[codes[found.doubts.positions] == 1].tolist()) == set(expected.tolist())
    assert {4, 8, 12} <= set(expected.tolist())


def test_what_a_mask_hid_does_not_count():
    values, codes = drawn()
    clear = np.ones((*values.shape[:2], 1))
    values[10, 2:6], clear[10, 2:6] = 9.0, 0.0
    with_clear = np.concatenate([values, clear], axis=2)
    found = find_outliers(samples_of(with_clear, codes, ("red", "nir", "clear")), OutlierOptions(trim=0.0))
    assert 10 not in found.doubts.positions
    assert found.distance[10] < 10


def test_a_small_class_is_left_out_with_a_note():
    values, codes = drawn(30)
    codes[:] = 1
    codes[:9] = 5
    found = find_outliers(samples_of(values, codes))
    assert np.isnan(found.tail[:9]).all()
    assert found.doubts.notes == ("Class 'Soy' has 9 samples: too few to tell which series are unlike it.",)


def test_series_that_are_all_alike_have_no_outlier():
    found = find_outliers(samples_of(np.full((20, 3, 2), 0.4), np.ones(20)))
    assert len(found.doubts) == 0
    assert np.isnan(found.distance).all()


@pytest.mark.parametrize("wrong", [{"level": 0.0}, {"level": 1.0}, {"trim": 1.0}, {"trim": -0.1}])
def test_impossible_options_are_refused(wrong):
    with pytest.raises(SampleError, match="Outliers cannot be found"):
        OutlierOptions(**wrong)
