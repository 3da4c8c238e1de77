import datetime as dt

import numpy as np
import pytest

from cropmap.contract.errors import ModelError, SampleError
from cropmap.data.cube import CLEAR_BAND
from cropmap.data.package import NO_SCALING
from cropmap.models import MODELS
from cropmap.models.predictor import Predictor
from cropmap.training import scaling as scaling_module
from cropmap.training.fit import FitOptions, fit
from cropmap.training.scaling import fit_scaling, rescaled


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
    np.testing.assert_allclose(scaling.apply(values), 0, atol=1e-3)


def test_many_samples_lose_no_digits():
    """A float32 running sum of a million values of 0.3 would be off in the third digit."""
    scaling = fit_scaling(np.full((250_000, 4, 1), 0.3, np.float32))
    assert scaling.mean[0] == np.float32(0.3)


def masked_values(seed=0):
    """Three bands and the mask: filled with 0 where it is 0."""
    rng = np.random.default_rng(seed)
    clear = rng.random((40, 9)) < 0.6
    clear[:, 0] = True
    values = rng.normal([0.05, 0.3, 12], [0.01, 0.2, 4], (40, 9, 3))
    filled = np.where(clear[..., np.newaxis], values, 0)
    return np.concatenate([filled, clear[..., np.newaxis]], axis=2).astype(np.float32), clear


BANDS = ("red", "nir", "gcvi", CLEAR_BAND)


def test_under_a_mask_only_what_was_seen_is_counted():
    values, clear = masked_values()
    scaling = fit_scaling(values, BANDS)
    seen = values[clear][:, :3].astype(np.float64)
    np.testing.assert_allclose(scaling.mean[:3], seen.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(scaling.deviation[:3], seen.std(axis=0), rtol=1e-6)
    assert (scaling.mean[3], scaling.deviation[3], scaling.mask) == (0, 1, 3)


def test_without_the_name_of_the_mask_every_step_counts():
    values, _ = masked_values()
    scaling = fit_scaling(values, ("red", "nir", "gcvi", "swir1"))
    np.testing.assert_allclose(scaling.mean, values.mean(axis=(0, 1), dtype=float), rtol=1e-6)
    assert scaling.mask is None


def test_scaled_values_are_at_the_mean_where_nothing_was_seen_and_the_mask_stays():
    values, clear = masked_values()
    scaled = fit_scaling(values, BANDS).apply(values)
    assert (scaled[~clear] == 0).all()
    np.testing.assert_array_equal(scaled[..., 3], clear)
    seen = scaled[clear][:, :3]
    np.testing.assert_allclose(seen.mean(axis=0, dtype=float), 0, atol=1e-5)
    np.testing.assert_allclose(seen.std(axis=0, dtype=float), 1, atol=1e-5)


def test_the_mask_may_stand_anywhere():
    values, clear = masked_values()
    order = [3, 0, 2, 1]
    moved = fit_scaling(values[..., order], [BANDS[place] for place in order])
    plain = fit_scaling(values, BANDS)
    np.testing.assert_array_equal(moved.mean, plain.mean[order])
    np.testing.assert_array_equal(moved.apply(values[..., order]), plain.apply(values)[..., order])
    assert not moved.apply(values[..., order])[~clear].any()


def test_a_filled_value_changes_neither_the_scaling_nor_a_networks_answer():
    from cropmap.data.legend import legend_from_names
    from cropmap.data.package import ModelPackage
    from cropmap.data.recipe import Recipe
    from cropmap.data.season import Season
    from cropmap.models.base import SeriesShape, model_class
    from cropmap.models.predictor import Predictor

    values, clear = masked_values()
    other = values.copy()
    other[..., :3][~clear] = 777
    scaling = fit_scaling(values, BANDS)
    assert fit_scaling(other, BANDS).mean.tobytes() == scaling.mean.tobytes()
    kind = model_class("transformer")
    small = {"width": 8, "heads": 2, "layers": 1}
    network = kind.untrained(MODELS.get("transformer").parse(small), SeriesShape(9, 4, 2))
    package = ModelPackage(
        model="transformer",
        params=small,
        arrays=network.arrays(),
        recipe=Recipe("raw", Season(dt.date(2023, 4, 1), dt.date(2023, 6, 10)), ()),
        days=np.arange(9, dtype=np.int32) * 8,
        bands=BANDS,
        legend=legend_from_names(["maize", "wheat"]),
        scaling=scaling,
        fingerprint="0" * 64,
    )
    predictor = Predictor(package)
    np.testing.assert_array_equal(predictor.probabilities(values), predictor.probabilities(other))
    seen = values.copy()
    seen[..., 1] += np.where(clear, np.float32(0.3), 0)
    assert (predictor.probabilities(values) != predictor.probabilities(seen)).any()


# ---------------------------------------------------------------- per band and step, none


def test_each_step_may_have_a_mean_and_deviation_of_its_own():
    values = np.random.default_rng(0).normal(3, 2, (50, 4, 3)).astype(np.float32)
    scaling = fit_scaling(values, how="per_band_and_step")
    np.testing.assert_allclose(scaling.mean, values.astype(float).mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(scaling.deviation, values.astype(float).std(axis=0), rtol=1e-6)
    scaled = scaling.apply(values)
    np.testing.assert_allclose(scaled.mean(axis=0, dtype=float), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(axis=0, dtype=float), 1, atol=1e-5)


def test_a_constant_step_is_not_blown_up():
    values = np.random.default_rng(0).normal(3, 2, (50, 4, 3)).astype(np.float32)
    values[:, 2, 1] = 0.1
    scaling = fit_scaling(values, how="per_band_and_step")
    assert scaling.deviation[2, 1] == 1
    np.testing.assert_allclose(scaling.apply(values)[:, 2, 1], 0, atol=1e-6)


def test_under_a_mask_each_step_counts_what_was_seen_and_one_never_seen_takes_the_bands():
    values, clear = masked_values()
    values[:, 5], clear[:, 5] = 0, False
    scaling, pooled = fit_scaling(values, BANDS, "per_band_and_step"), fit_scaling(values, BANDS)
    for step in (0, 1, 8):
        seen = values[clear[:, step], step, :3].astype(np.float64)
        np.testing.assert_allclose(scaling.mean[step, :3], seen.mean(axis=0), rtol=1e-6)
        np.testing.assert_allclose(scaling.deviation[step, :3], seen.std(axis=0), rtol=1e-5)
    np.testing.assert_array_equal(scaling.mean[5, :3], pooled.mean[:3])
    np.testing.assert_array_equal(scaling.deviation[5, :3], pooled.deviation[:3])
    scaled = scaling.apply(values)
    assert (scaled[~clear] == 0).all()
    np.testing.assert_array_equal(scaled[..., 3], clear)


def test_values_may_stay_as_they_are():
    values, clear = masked_values()
    assert fit_scaling(values[..., :3], BANDS[:3], "none") is NO_SCALING
    filled = values.copy()
    filled[..., :3][~clear] = 777
    found = fit_scaling(filled, BANDS, "none").apply(filled)
    np.testing.assert_array_equal(found, values)  # what was not seen is 0


@pytest.mark.parametrize("how", ["per_band", "per_band_and_step"])
def test_samples_counted_in_pieces_give_the_same(monkeypatch, how):
    values, _ = masked_values()
    whole = fit_scaling(values, BANDS, how)
    monkeypatch.setattr(scaling_module, "_CHUNK", 7)
    pieces = fit_scaling(values, BANDS, how)
    np.testing.assert_allclose(pieces.mean, whole.mean, rtol=1e-6)
    np.testing.assert_allclose(pieces.deviation, whole.deviation, rtol=1e-6)


# ---------------------------------------------------------------- another site's own

SMALL = {"width": 8, "layers": 1, "heads": 2, "feed_forward": 8, "epochs": 20, "batch_size": 16, "learning_rate": 0.01}
CPU = FitOptions(seed=0, device="cpu", threads=1)


@pytest.mark.parametrize("how", ["per_band", "per_band_and_step"])
def test_a_site_whose_sensor_differs_is_read_with_its_own_statistics(make_samples, how):
    """The other site's bands are a gain and an offset away; by its own statistics its series are the same as ours."""
    samples = make_samples()
    package = fit(samples, "transformer", {**SMALL, "scaling": how}, CPU)
    other = (samples.values * np.float32(3) + np.float32(2)).astype(np.float32)
    ours = fit_scaling(samples.values, package.bands, how)  # of all samples, as for the other site
    expected = Predictor(rescaled(package, samples.values)).probabilities(samples.values)
    found = rescaled(package, other)
    np.testing.assert_allclose(Predictor(found).probabilities(other), expected, atol=1e-4)
    assert (Predictor(found).codes(other) == samples.codes).mean() > 0.95
    assert (Predictor(package).codes(other) == samples.codes).mean() < 0.7
    np.testing.assert_allclose(found.scaling.mean, 3 * ours.mean + 2, rtol=1e-5)
    assert found.record["rescaled_on"] == 60
    assert "rescaled_on" not in package.record


def test_what_cannot_be_rescaled_is_told(make_samples):
    samples = make_samples()
    forest = fit(samples, "random_forest", {"trees": 2}, CPU)
    with pytest.raises(ModelError, match="values as they are"):
        rescaled(forest, samples.values)
    package = fit(samples, "transformer", {**SMALL, "epochs": 1}, CPU)
    with pytest.raises(ModelError, match=r"needs 5 steps of 2 bands"):
        rescaled(package, samples.values[:, :4])
    with pytest.raises(SampleError, match="0 of 1"):
        rescaled(package, np.full((1, 5, 2), np.nan, np.float32))
