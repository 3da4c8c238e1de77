"""Courses of the classes over the season."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from cropmap.assessment.profiles import class_profiles, ndvi_bands, shown
from cropmap.contract.errors import SampleError
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season

LEGEND = Legend(
    (LegendClass(2, "maize", "#ffd300"), LegendClass(5, "wheat", "#a57000"), LegendClass(7, "rye", "#101010"))
)


def _samples(values, codes, bands):
    count = len(codes)
    season = Season(dt.date(2021, 3, 1), dt.date(2021, 10, 31))
    return SampleSet(
        values=np.asarray(values, np.float32),
        codes=np.asarray(codes, np.uint8),
        ids=np.array([f"s{k}" for k in range(count)]),
        x=np.arange(count, dtype=float),
        y=np.zeros(count),
        groups=np.array([f"g{k}" for k in range(count)]),
        days=np.arange(0, 7 * values.shape[1], 7, dtype=np.int32),
        bands=bands,
        legend=LEGEND,
        recipe=Recipe("weekly_linear", season, ()),
        crs="",
    )


@pytest.mark.parametrize(
    ("bands", "expected"),
    [
        (("red", "nir"), (1, 0)),
        (("Red", "NIR", "swir"), (1, 0)),
        (("B02", "B03", "B04", "B08"), (3, 2)),
        (("B4", "B8", "B8A"), (1, 0)),
        (("B04", "B8A"), (1, 0)),
        (("SR_B4", "SR_B5"), (1, 0)),
        (("SR_B1", "SR_B2", "SR_B3", "SR_B4"), (3, 2)),
        (("SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B7"), (3, 2)),
        (("SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B6", "SR_B7"), (4, 3)),
        (("sur_refl_b01", "sur_refl_b02"), (1, 0)),
        (("BAND13", "BAND14", "BAND15", "BAND16"), (3, 2)),
        (("nbart_red", "nbart_nir_1"), (1, 0)),
        (("B4", "B5"), None),
        (("VV", "VH"), None),
        (("red",), None),
    ],
)
def test_near_infrared_and_red_are_known_by_their_names(bands, expected):
    assert ndvi_bands(bands) == expected


def test_ndvi_is_the_normalised_difference_of_each_sample():
    red, nir = np.array([[0.1, 0.2], [0.3, 0.1], [0.2, 0.2]]), np.array([[0.4, 0.2], [0.3, 0.5], [0.6, 0.3]])
    found = class_profiles(_samples(np.stack([red, nir], axis=2), [2, 2, 5], ("B04", "B08")))
    assert found.quantity == "NDVI"
    assert found.dates == (dt.date(2021, 3, 1), dt.date(2021, 3, 8))
    assert [own.found.name for own in found.classes] == ["maize", "wheat"]
    np.testing.assert_allclose(found.classes[0].mean, [(0.6 + 0.0) / 2, (0.0 + 4 / 6) / 2], atol=1e-6)
    np.testing.assert_allclose(found.classes[1].mean, [0.5, 0.2], atol=1e-6)
    assert [own.samples for own in found.classes] == [2, 1]


def test_the_band_spans_the_middle_eighty_percent():
    values = np.random.default_rng(0).normal(size=(101, 3, 1))
    own = class_profiles(_samples(values, [5] * 101, ("VV",))).classes[0]
    ordered = np.sort(values[:, :, 0].astype(np.float32), axis=0)
    # Of 101 sorted values, the 10th and 90th percentile are the 11th and the 91st.
    np.testing.assert_allclose(own.low, ordered[10], rtol=1e-6)
    np.testing.assert_allclose(own.high, ordered[90], rtol=1e-6)


def test_an_ndvi_band_is_taken_as_it_is():
    values = np.random.default_rng(0).uniform(size=(4, 3, 3))
    found = class_profiles(_samples(values, [2] * 4, ("red", "nir", "NDVI")))
    np.testing.assert_allclose(found.classes[0].mean, values[:, :, 2].mean(axis=0), rtol=1e-6)


def test_without_red_and_near_infrared_the_first_band_is_shown():
    found = class_profiles(_samples(np.ones((2, 3, 2)), [2, 5], ("VV", "VH")))
    assert found.quantity == "VV"


def test_bands_that_do_not_sum_above_zero_have_no_ndvi():
    values = np.zeros((1, 2, 2))
    values[0, 1] = [0.1, 0.3]
    own = class_profiles(_samples(values, [2], ("red", "nir"))).classes[0]
    assert np.isnan(own.mean[0])
    assert np.isnan(own.low[0])
    assert own.mean[1] == pytest.approx(0.5, abs=1e-6)


def test_quantiles_of_any_band_are_numpy_s():
    values = np.random.default_rng(0).normal(size=(50, 4, 3))
    codes = np.random.default_rng(1).choice([2, 5], 50)
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    samples = _samples(values, codes, ("red", "nir", "clear"))
    hidden = samples.values[:, :, 2] <= 0
    assert hidden.any(axis=0).all()
    for position, band in enumerate(("red", "nir")):
        found = class_profiles(samples, band, levels)
        assert found.quantity == band
        for own in found.classes:
            rows = codes == own.found.code
            seen = np.where(hidden[rows], np.nan, samples.values[rows, :, position].astype(np.float64))
            np.testing.assert_array_equal(own.quantiles, np.nanquantile(seen, levels, axis=0))
            np.testing.assert_allclose(own.mean, np.nanmean(seen, axis=0))
            np.testing.assert_array_equal(own.low, own.quantiles[0])
            np.testing.assert_array_equal(own.high, own.quantiles[4])
            np.testing.assert_array_equal(shown(samples, band)[1][rows], seen)


def test_a_band_that_is_not_there_or_tells_of_the_mask_is_refused():
    samples = _samples(np.ones((2, 3, 2)), [2, 5], ("red", "clear"))
    for band in ("nir", "clear"):
        with pytest.raises(SampleError, match=f"no band '{band}'"):
            class_profiles(samples, band)
