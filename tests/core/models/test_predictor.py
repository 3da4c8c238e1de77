import datetime as dt

import numpy as np
import pytest

from cropmap.contract.errors import ModelError, PackageError
from cropmap.contract.params import to_dict
from cropmap.data.legend import NODATA, Legend, LegendClass
from cropmap.data.package import ModelPackage, Scaling
from cropmap.data.recipe import Recipe
from cropmap.data.season import Season
from cropmap.models.base import SeriesShape, load_model
from cropmap.models.predictor import Predictor
from cropmap.models.transformer import Transformer, TransformerParams
from cropmap.seeds import torch_seed

SHAPE = SeriesShape(4, 2, 2)
PARAMS = TransformerParams(width=8, layers=1, heads=2, feed_forward=8)


@pytest.fixture
def package():
    with torch_seed(0):
        model = Transformer.untrained(PARAMS, SHAPE)
    return ModelPackage(
        model="transformer",
        params=to_dict(PARAMS),
        arrays=model.arrays(),
        recipe=Recipe("weekly", Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30)), ()),
        days=np.arange(4, dtype=np.int32) * 7,
        bands=("red", "nir"),
        legend=Legend((LegendClass(3, "maize", "#ffd300"), LegendClass(200, "other", "#d3d3d3"))),
        scaling=Scaling(np.array([0.2, 0.4], np.float32), np.array([0.1, 0.5], np.float32)),
        fingerprint="0" * 64,
    )


def series(count, seed=0):
    return np.random.default_rng(seed).normal(0.3, 0.3, (count, 4, 2)).astype(np.float32)


def test_values_are_scaled_before_the_model(package):
    values = series(20)
    scaled = (values - np.array([0.2, 0.4], np.float32)) / np.array([0.1, 0.5], np.float32)
    expected = load_model(package).predict_proba(scaled)
    np.testing.assert_allclose(Predictor(package).probabilities(values), expected, atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_row_without_a_series_stays_nan_and_leaves_the_others_alone(package, bad):
    values = series(20)
    holed = values.copy()
    holed[[3, 7], 2, 1] = bad
    predictor = Predictor(package)
    found = predictor.probabilities(holed)
    others = np.setdiff1d(np.arange(20), [3, 7])
    assert np.isnan(found[[3, 7]]).all()
    np.testing.assert_allclose(found[others], predictor.probabilities(values)[others], atol=1e-6)
    codes = predictor.codes(holed)
    assert codes[[3, 7]].tolist() == [NODATA, NODATA]
    assert set(codes[others].tolist()) <= {3, 200}


@pytest.mark.filterwarnings("error")
def test_values_of_any_kind_and_order_are_taken_and_what_float32_cannot_hold_stays_nan(package):
    predictor, values = Predictor(package), series(20)
    expected = predictor.probabilities(values).tobytes()
    wide = values.astype(np.float64)
    for same in (wide, np.asfortranarray(values), values.astype(">f4"), np.repeat(values, 2, axis=0)[::2]):
        assert predictor.probabilities(same).tobytes() == expected
    wide[4, 0, 0] = 1e300
    found = predictor.probabilities(wide)
    assert np.isnan(found[4]).all()
    assert np.isfinite(np.delete(found, 4, axis=0)).all()
    assert predictor.codes(wide)[4] == NODATA


def test_rows_that_are_all_nan_and_no_rows_give_no_error(package):
    predictor = Predictor(package)
    assert np.isnan(predictor.probabilities(np.full((5, 4, 2), np.nan, np.float32))).all()
    assert predictor.probabilities(series(0)).shape == (0, 2)
    assert predictor.codes(series(0)).shape == (0,)


def test_codes_are_those_of_the_legend_and_the_lowest_of_equals(package):
    probabilities = np.array([[0.5, 0.5], [0.1, 0.9], [np.nan, np.nan]], np.float32)
    assert Predictor(package).codes_of(probabilities).tolist() == [3, 200, NODATA]


def test_values_are_not_changed(package):
    values = series(10)
    values[0, 0, 0] = np.nan
    before = values.copy()
    Predictor(package).probabilities(values)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("shape", [(3, 5, 2), (3, 4, 3), (4, 2)])
def test_series_of_another_shape_are_refused(package, shape):
    with pytest.raises(ModelError, match="recipe and bands"):
        Predictor(package).probabilities(np.zeros(shape, np.float32))


def replaced(package, **changes):
    return ModelPackage(**{**vars(package), **changes})


def test_a_package_of_an_unknown_model_or_with_unknown_parameters_is_refused(package):
    with pytest.raises(PackageError, match="Update cropmap"):
        load_model(replaced(package, model="oracle"))
    with pytest.raises(PackageError, match="not valid here"):
        load_model(replaced(package, params={"magic": 1}))
    with pytest.raises(PackageError, match="has shape"):
        load_model(replaced(package, bands=("red", "nir", "swir")))


def test_series_of_other_bands_or_days_are_refused(package):
    predictor = Predictor(package)
    days = np.arange(4, dtype=np.int32) * 7
    predictor.check(["red", "nir"], days)
    with pytest.raises(PackageError, match=r"bands red, nir; the series have nir, red in another order.*its order"):
        predictor.check(["nir", "red"], days)
    with pytest.raises(PackageError, match=r"have red, nir, swir1\."):
        predictor.check(["red", "nir", "swir1"], days)
    with pytest.raises(PackageError, match=r"days 0, 7, 14, 21; the series have 0, 7, 14, 22"):
        predictor.check(["red", "nir"], np.array([0, 7, 14, 22]))


def test_the_packages_temperature_tempers_and_changes_no_label(package):
    values = series(200)
    plain = Predictor(package).probabilities(values)
    assert Predictor(replaced(package, temperature=1.0)).probabilities(values).tobytes() == plain.tobytes()
    for temperature in (0.4, 3.0):
        predictor = Predictor(replaced(package, temperature=temperature))
        powers = plain.astype(np.float64) ** (1 / temperature)
        expected = powers / powers.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(predictor.probabilities(values), expected, rtol=1e-5)
        np.testing.assert_array_equal(predictor.codes(values), Predictor(package).codes(values))
