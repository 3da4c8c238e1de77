"""Robust weights against plain loops and known properties."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

from cropmap.prepare.robust import reweigh

RNG = np.random.default_rng(2)


def test_bisquare_is_tukey_s():
    residuals = RNG.normal(0, 1, (5, 30, 3)).astype(np.float32)
    residuals[:, 4] = 9
    weights = np.where(RNG.random((5, 30, 1)) < 0.3, 0.0, 0.5)
    weights[:, 4] = 1
    residuals[weights[..., 0] == 0] = np.nan
    made = reweigh(residuals, weights, "bisquare")
    for pixel, band in np.ndindex(5, 3):
        seen = [float(r) for r, w in zip(residuals[pixel, :, band], weights[pixel, :, 0], strict=True) if w > 0]
        limit = 4.685 * 1.4826 * statistics.median(map(abs, seen))
        for time in range(30):
            weight, off = weights[pixel, time, 0], float(residuals[pixel, time, band])
            expected = weight * (1 - (off / limit) ** 2) ** 2 if weight > 0 and abs(off) < limit else 0.0
            assert made[pixel, time, band] == pytest.approx(expected, rel=1e-6)
    assert (made[:, 4] == 0).all()


def test_upper_takes_weight_from_what_lies_below():
    residuals = np.array([0.1, -0.2, 0.0, -0.4, 0.2, np.inf], np.float32)[np.newaxis, :, np.newaxis]
    weights = np.array([1, 1, 0.2, 1, 0.2, 0])[np.newaxis, :, np.newaxis]
    np.testing.assert_allclose(reweigh(residuals, weights, "upper")[0, :, 0], [1, 0.5, 0.2, 0, 0.2, 0], rtol=1e-6)


@pytest.mark.parametrize("method", ["bisquare", "upper"])
def test_a_perfect_fit_keeps_its_weights(method):
    weights = RNG.random((2, 8, 3))
    np.testing.assert_array_equal(reweigh(np.zeros((2, 8, 3), np.float32), weights, method), weights)


@pytest.mark.parametrize("method", ["bisquare", "upper"])
def test_without_observations_there_are_no_weights(method):
    residuals = np.full((1, 4, 2), np.nan, np.float32)
    np.testing.assert_array_equal(reweigh(residuals, np.zeros((1, 4, 1)), method), np.zeros((1, 4, 2)))
