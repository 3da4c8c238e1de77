"""Calibration against hand-made bins, scikit-learn and a loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics

from cropmap.assessment.calibration import RELIABILITY_HEADER, reliability, reliability_rows, tempered_each
from cropmap.contract.errors import SampleError
from cropmap.data.probabilities import tempered


def shares(count, classes, seed):
    return np.random.default_rng(seed).dirichlet(np.full(classes, 0.7), count).astype(np.float32)


def test_bins_by_hand():
    given = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.45, 0.55]], np.float32)
    found = reliability(given, np.array([0, 1, 1, 1]), bins=5)
    assert found.edges.tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    # .6 as float32 lies a hair above the edge, .8 too.
    assert found.counts.tolist() == [0, 0, 1, 1, 2]
    assert found.confidence[2:].tolist() == pytest.approx([0.55, 0.6, 0.85])
    assert found.accuracy[2:].tolist() == pytest.approx([1, 1, 0.5])
    assert math.isnan(found.accuracy[0])
    assert found.ece == pytest.approx((0.45 + 0.4 + 2 * 0.35) / 4)
    assert found.gap == pytest.approx((0.9 + 0.8 + 0.6 + 0.55) / 4 - 3 / 4)
    assert found.brier == pytest.approx((0.02 + 1.28 + 0.32 + 2 * 0.45**2) / 4)


def test_scores_agree_with_scikit_learn():
    given = shares(500, 4, 0)
    columns = np.random.default_rng(1).integers(0, 4, 500)
    found = reliability(given, columns)
    exact = given.astype(float) / given.astype(float).sum(axis=1, keepdims=True)
    assert found.nll == pytest.approx(metrics.log_loss(columns, exact, labels=range(4)), rel=1e-5)
    expected = ((given - np.eye(4)[columns]) ** 2).sum(axis=1).mean()
    assert found.brier == pytest.approx(expected, rel=1e-6)


def test_the_calibration_error_is_that_of_a_loop():
    given = shares(400, 3, 2)
    columns = np.random.default_rng(3).integers(0, 3, 400)
    top, right = given.max(axis=1).astype(float), given.argmax(axis=1) == columns
    total = 0.0
    for k in range(10):
        own = (top > k / 10) & (top <= (k + 1) / 10)
        total += abs(right[own].sum() - top[own].sum())
    assert reliability(given, columns, bins=10).ece == pytest.approx(total / 400)


def test_a_class_without_a_column_is_never_right():
    found = reliability(np.array([[0.5, 0.5]], np.float32), np.array([-1]))
    assert found.ece == pytest.approx(0.5)
    assert found.brier == pytest.approx(1.5)
    assert found.nll == pytest.approx(-math.log(1e-6))


def test_rows_without_probabilities_do_not_count():
    given = shares(50, 3, 4)
    holed = np.concatenate([given, np.full((5, 3), np.nan, np.float32)])
    columns = np.zeros(55, int)
    assert reliability(holed, columns).ece == reliability(given, columns[:50]).ece


def test_the_table_has_a_row_for_each_bin():
    rows = reliability_rows(reliability(shares(50, 3, 5), np.zeros(50, int), bins=4))
    assert rows[0] == RELIABILITY_HEADER
    assert [row[:2] for row in rows[1:]] == [(0.0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0)]
    assert sum(row[2] for row in rows[1:]) == 50


def test_each_row_has_its_own_temperature():
    given = shares(6, 3, 6)
    found = tempered_each(given, np.array([1, 2, 2, 0.5, np.nan, 1]))
    for rows, temperature in (([0, 5], 1), ([1, 2], 2), ([3], 0.5)):
        np.testing.assert_array_equal(found[rows], tempered(given[rows], temperature))
    assert np.isnan(found[4]).all()


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(SampleError, match="one row of probabilities"):
        reliability(shares(3, 2, 0), np.zeros(4, int))
    with pytest.raises(SampleError, match="column 2; the probabilities have 2"):
        reliability(shares(3, 2, 0), np.array([0, 1, 2]))
    with pytest.raises(SampleError, match="No sample has probabilities"):
        reliability(np.full((2, 2), np.nan), np.zeros(2, int))
