"""The V-curve against a plain loop over the L-curve."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cropmap.prepare.smoother import own_grid, smooth, trade_offs
from cropmap.prepare.v_curve import best, lambdas

RNG = np.random.default_rng(1)


@pytest.mark.parametrize(
    ("lowest", "highest", "expected"),
    [
        (1, 10, 10.0 ** np.arange(0, 1.1, 0.2)),
        (0.1, 0.2, [0.1, 0.1 * 10**0.2, 0.1 * 10**0.4]),
        (5, 5.1, [5, 5 * 10**0.2]),
    ],
)
def test_lambdas_are_a_fifth_of_a_decade_apart(lowest, highest, expected):
    np.testing.assert_allclose(lambdas(lowest, highest), expected)


def test_misfit_and_roughness_are_the_sums_that_they_are_called():
    values = RNG.random((35, 20, 6)).astype(np.float32)
    weights = np.where(RNG.random((35, 20, 1)) < 0.3, 0.0, RNG.random((35, 20, 1)))
    values[weights[..., 0] == 0] = np.nan
    tried = np.array([0.5, 20.0])
    misfit, roughness = trade_offs(values, weights, tried, own_grid(20))
    assert misfit.shape == roughness.shape == (35, 6, 2)
    for number, price in enumerate(tried):
        curves = smooth(values, weights, np.full((35, 1), price), own_grid(20), dtype=np.float64)
        off = np.where(weights > 0, values - curves, 0)
        np.testing.assert_allclose(misfit[..., number], (weights * off**2).sum(axis=1), rtol=1e-9)
        np.testing.assert_allclose(roughness[..., number], (np.diff(curves, 2, axis=1) ** 2).sum(axis=1), rtol=1e-9)


def test_the_best_lambda_is_at_the_corner_of_the_l_curve():
    values = (np.sin(np.arange(60) / 6) + RNG.normal(0, 0.2, (4, 60)))[..., np.newaxis].astype(np.float32)
    tried = lambdas(0.1, 1e5)
    misfit, roughness = trade_offs(values, np.ones((4, 60, 1)), tried, own_grid(60))
    found = best(misfit, roughness, tried)
    for pixel in range(4):
        lengths = [
            math.dist(
                *((math.log(misfit[pixel, 0, k]), math.log(roughness[pixel, 0, k])) for k in (number, number + 1))
            )
            for number in range(len(tried) - 1)
        ]
        corner = lengths.index(min(lengths))
        assert found[pixel, 0] == pytest.approx(math.sqrt(tried[corner] * tried[corner + 1]))
        assert tried[0] < found[pixel, 0] < tried[-1]


def test_a_series_that_every_lambda_fits_takes_the_lowest():
    tried = lambdas(1, 1000)
    assert best(np.zeros(len(tried)), np.zeros(len(tried)), tried) == pytest.approx(10**0.1)
