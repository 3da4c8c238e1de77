import tracemalloc

import numpy as np
import pytest

from cropmap.contract.errors import ModelError
from cropmap.data.calendar import shifted
from cropmap.data.cube import CLEAR_BAND
from cropmap.data.package import mask_position

DAYS = np.array([0, 10, 17, 30, 41], np.int32)


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(size=(6, 5, 3)).astype(np.float32)


@pytest.mark.parametrize("by", [-50, -10, -3.5, 0.25, 7, 13, 200])
def test_moved_series_are_those_of_numpy_s_interpolation(values, by):
    found = shifted(values, DAYS, by)
    for number, series in enumerate(values):
        for band in range(3):
            wanted = np.interp(DAYS - by, DAYS, series[:, band])
            np.testing.assert_allclose(found[number, :, band], wanted, atol=1e-6)
    assert found.dtype == np.float32


def test_a_peak_is_moved_later_by_days_above_0():
    series = np.exp(-(((np.arange(0, 200, 5) - 80) / 20.0) ** 2)).astype(np.float32)[None, :, None]
    days = np.arange(0, 200, 5, dtype=np.int32)
    assert days[shifted(series, days, 15)[0, :, 0].argmax()] == 95
    assert days[shifted(series, days, -20)[0, :, 0].argmax()] == 60


def test_no_days_and_one_step_leave_series_as_they_are(values):
    assert shifted(values, DAYS, 0) is values
    one = values[:, :1]
    assert shifted(one, DAYS[:1], 20) is one


@pytest.mark.parametrize("by", [-35, -7, 4, 12, 60])
@pytest.mark.parametrize("hidden", [0.0, 0.4, 0.8, 1.0])
def test_steps_that_were_not_seen_are_left_out_as_while_networks_learn(by, hidden):
    torch = pytest.importorskip("torch")
    from cropmap.training.augment import shifted as by_torch

    rng = np.random.default_rng(3)
    values = rng.normal(size=(40, 5, 3)).astype(np.float32)
    values[..., 2] = rng.random((40, 5)) >= hidden
    values[values[..., 2] == 0] = 0
    mask = mask_position(("red", "nir", CLEAR_BAND))
    found = shifted(values, DAYS, by, mask)
    days, each = torch.tensor(DAYS, dtype=torch.float32), torch.full((40,), float(by))
    wanted = by_torch(torch.from_numpy(values), days, each, mask)
    np.testing.assert_allclose(found, wanted.numpy(), atol=1e-5)
    assert set(np.unique(found[..., 2])) <= {0.0, 1.0}
    assert found.dtype == np.float32


@pytest.mark.parametrize("by", [float("nan"), float("inf"), 400, -367])
def test_days_that_are_no_shift_of_a_calendar_are_refused(values, by):
    with pytest.raises(ModelError, match="cannot be moved by"):
        shifted(values, DAYS, by)


@pytest.mark.parametrize("mask", [None, 2])
def test_moving_many_series_takes_little_more_memory_than_they_do(mask):
    values = np.ones((60_000, 12, 3), np.float32)
    days = np.arange(0, 120, 10, dtype=np.int32)
    tracemalloc.start()
    try:
        moved = shifted(values, days, 4.0, mask)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2.5 * moved.nbytes
    np.testing.assert_array_equal(moved[[0, -1]], shifted(values[[0, -1]], days, 4.0, mask))
