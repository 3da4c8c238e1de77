"""The filter of Savitzky and Golay against SciPy's, polynomials, and its published coefficients."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy.signal import savgol_filter

from cropmap.contract.errors import RecipeError
from cropmap.data.cube import PixelSeries, Quality
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.season import Season
from cropmap.prepare import STEPS
from cropmap.prepare.recipe import recipe_nodes
from cropmap.prepare.savitzky_golay import fitted_shares

SEASON = Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30))
RNG = np.random.default_rng(3)


def step_of(**values):
    entry = STEPS.get("savitzky_golay")
    return entry.make(entry.parse(values))


def series_of(values, *, days=None, clear=None, holes=False):
    pixels, nodes, bands = values.shape
    quality = Quality(np.zeros(pixels, np.uint16), np.zeros(pixels, np.uint16))
    days = np.arange(nodes, dtype=np.int32) * 7 if days is None else np.array(days, np.int32)
    clear = np.ones((pixels, nodes), bool) if clear is None else clear
    names = tuple(f"b{number}" for number in range(bands))
    return PixelSeries(values.astype(np.float32), clear, days, names, quality, np.ones(pixels, bool), None, holes)


def test_the_middle_row_is_the_published_one():
    np.testing.assert_allclose(fitted_shares(5, 2)[2], np.array([-3, 12, 17, 12, -3]) / 35, atol=1e-15)
    np.testing.assert_allclose(fitted_shares(7, 3)[3], np.array([-2, 3, 6, 7, 6, 3, -2]) / 21, atol=1e-15)


@pytest.mark.parametrize(("window", "order"), [(7, 2), (3, 1), (5, 4), (11, 3), (23, 2), (9, 0), (23, 9)])
@pytest.mark.parametrize("bands", [1, 6])
def test_it_equals_scipy_s_with_fitted_edges(window, order, bands):
    values = RNG.random((9, 23, bands)).astype(np.float32)
    made = step_of(window=window, order=order).apply(series_of(values), SEASON).values
    expected = savgol_filter(values.astype(np.float64), window, order, axis=1, mode="interp")
    np.testing.assert_allclose(made, expected, rtol=1e-6, atol=1e-7)


def test_polynomials_up_to_the_order_stay():
    days = np.linspace(-1, 1, 30)
    cubic = (1 + days - 2 * days**2 + 3 * days**3)[np.newaxis, :, np.newaxis] * [1.0, -0.5]
    np.testing.assert_allclose(step_of(window=9, order=3).apply(series_of(cubic), SEASON).values, cubic, atol=1e-6)


def test_a_pixel_with_a_gap_is_refused_and_touches_no_other():
    values = RNG.random((3, 20, 2))
    clear = np.ones((3, 20), bool)
    clear[1, 4] = False
    values[2, 7, 1] = np.nan
    made = step_of().apply(series_of(values, clear=clear, holes=True), SEASON)
    assert made.valid.tolist() == [True, False, False]
    assert made.clear.all(axis=1).tolist() == [True, False, False]
    assert np.isnan(made.values[1:]).all()
    np.testing.assert_array_equal(made.values[0], step_of().apply(series_of(values[:1]), SEASON).values[0])


@pytest.mark.parametrize("days", [[0, 7, 14, 22, 28, 35, 42, 49], [0, 7, 14, 21, 28]])
def test_it_refuses_irregular_and_short_series(days):
    with pytest.raises(RecipeError, match="equally spaced"):
        step_of().apply(series_of(np.ones((1, len(days), 1)), days=days), SEASON)
    steps = (StepUse("linear", {"days": days}), StepUse("savitzky_golay", {}))
    with pytest.raises(RecipeError, match="equally spaced"):
        recipe_nodes(Recipe("", SEASON, steps))


@pytest.mark.parametrize("values", [{"window": 6}, {"window": 5, "order": 5}])
def test_it_refuses_what_makes_no_sense(values):
    with pytest.raises(RecipeError, match="window"):
        step_of(**values)
