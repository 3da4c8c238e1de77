import numpy as np
import pytest

from cropmap.training.scaling import fit_scaling


def test_a_band_has_its_mean_and_deviation_over_samples_and_time():
    values = np.array([[[1.0, 10.0], [3.0, 10.5]], [[5.0, 11.0], [7.0, 11.5]]], np.float32)
    scaling = fit_scaling(values)
    np.testing.assert_allclose(scaling.mean, [4.0, 10.75], rtol=1e-7)
    np.testing.assert_allclose(scaling.deviation, [np.sqrt(5.0), np.sqrt(0.3125)], rtol=1e-7)


def test_scaled_training_values_have_mean_0_and_deviation_1():
    values = np.random.default_rng(0).normal(3000, 200, (50, 4, 3)).astype(np.float32)
    scaled = fit_scaling(values).apply(values)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled.mean(axis=(0, 1), dtype=float), 0, atol=1e-4)
    np.testing.assert_allclose(scaled.std(axis=(0, 1), dtype=float), 1, atol=1e-4)


@pytest.mark.parametrize("level", [0.0, 0.1, 12345.678])
def test_a_constant_band_is_not_blown_up(level):
    values = np.full((997, 3, 1), level, np.float32)
    scaling = fit_scaling(values)
    assert scaling.deviation.tolist() == [1.0]
    np.testing.assert_allclose(scaling.apply(values), 0, atol=1e-2)


def test_many_samples_lose_no_digits():
    """A float32 running sum of a million values of 0.3 would be off in the third digit."""
    scaling = fit_scaling(np.full((250_000, 4, 1), 0.3, np.float32))
    assert scaling.mean[0] == np.float32(0.3)
