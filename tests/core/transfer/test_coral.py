import dataclasses

import numpy as np
import pytest
from scipy.linalg import inv, sqrtm

from cropmap.contract.errors import TransferError
from cropmap.training.fit import FitOptions
from cropmap.transfer import coral
from cropmap.transfer.base import Transfer, run_strategy
from cropmap.transfer.coral import WHOLE, CoralParams, aligned
from tests.core.transfer.conftest import accuracy, site

OPTIONS = FitOptions(seed=3, device="cpu", threads=1)
EVEN = {"corn": 100, "other": 100, "soybean": 100}


def dimmed(seed):
    """A place seen by a sensor of half the contrast that is off by 0.2."""
    samples = site(EVEN, seed=seed)
    return dataclasses.replace(samples, values=samples.values * np.float32(0.5) - np.float32(0.2))


def drawn(count, seed, steps=3, bands=2, scale=1.0):
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(count, steps * bands)) @ rng.normal(size=(steps * bands, steps * bands)) * scale
    return (mixed + rng.normal(size=steps * bands) * 3).reshape(count, steps, bands).astype(np.float32)


def test_aligned_series_have_the_mean_and_covariance_of_the_target():
    source, target = drawn(300, 0, scale=0.02), drawn(200, 1, scale=5)
    found = aligned(source, target, CoralParams(WHOLE, 0.0)).reshape(300, 6)
    other = target.reshape(200, 6).astype(np.float64)
    np.testing.assert_allclose(found.mean(axis=0), other.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(np.cov(found.T, bias=True), np.cov(other.T, bias=True), rtol=1e-3, atol=1e-3)


def test_the_transformation_is_that_of_the_paper():
    source, target = drawn(300, 2), drawn(200, 3)
    flat, other = source.reshape(300, 6).astype(np.float64), target.reshape(200, 6).astype(np.float64)
    mean, deviation = flat.mean(axis=0), flat.std(axis=0)
    x, y = (flat - mean) / deviation, (other - mean) / deviation
    y0 = y - y.mean(axis=0)
    first, second = (0.8 * c + 0.2 * np.trace(c) / 6 * np.eye(6) for c in (x.T @ x / 300, y0.T @ y0 / 200))
    expected = (x @ inv(sqrtm(first)) @ sqrtm(second) + y.mean(axis=0)) * deviation + mean
    np.testing.assert_allclose(
        aligned(source, target, CoralParams(WHOLE, 0.2)).reshape(300, 6), expected, rtol=1e-4, atol=1e-4
    )
    stayed = expected - y.mean(axis=0) * deviation
    np.testing.assert_allclose(
        aligned(source, target, CoralParams(WHOLE, 0.2, means=False)).reshape(300, 6), stayed, rtol=1e-4, atol=1e-4
    )


def test_bands_are_aligned_by_one_transformation_for_all_dates():
    source, target = drawn(300, 0, scale=0.02), drawn(200, 1, scale=5)
    found = aligned(source, target, CoralParams("bands", 0.0)).astype(np.float64)
    np.testing.assert_allclose(found.mean(axis=0), target.mean(axis=0), atol=1e-4)
    own, other = ((part - part.mean(axis=0)).reshape(-1, 2) for part in (found, target.astype(np.float64)))
    np.testing.assert_allclose(own.T @ own / len(own), other.T @ other / len(other), rtol=1e-3)
    first = (source - source.mean(axis=0)).reshape(-1, 2)
    matrix, *_ = np.linalg.lstsq(first.astype(np.float64), own, rcond=None)
    np.testing.assert_allclose(first @ matrix, own, atol=1e-3)


@pytest.mark.parametrize("over", ["bands", "series"])
@pytest.mark.parametrize("shrinkage", [-1.0, 0.0, 0.5, 1.0])
def test_a_place_like_the_source_changes_nothing(over, shrinkage):
    source = drawn(300, 4)
    np.testing.assert_allclose(aligned(source, source, CoralParams(over, shrinkage)), source, atol=1e-4)


def test_more_numbers_than_series_are_aligned_all_the_same():
    source, target = drawn(12, 5, steps=10), drawn(9, 6, steps=10)
    for shrinkage in (-1.0, 0.0):
        assert np.isfinite(aligned(source, target, CoralParams(WHOLE, shrinkage))).all()


def test_the_mask_stays_and_what_was_not_seen_stays_nothing():
    rng = np.random.default_rng(7)
    parts = []
    for seed in (8, 9):
        values = drawn(100, seed, bands=3)
        values[:, :, 2] = rng.random((100, 3)) < 0.7
        values[values[:, :, 2] == 0] = 0
        parts.append(values)
    found = aligned(*parts, CoralParams(), mask=2)
    np.testing.assert_array_equal(found[:, :, 2], parts[0][:, :, 2])
    assert (found[parts[0][:, :, 2] == 0] == 0).all()


def test_a_number_that_is_constant_moves_to_the_targets():
    source, target = drawn(100, 10), drawn(100, 11)
    source[:, 0, 0] = 0.25
    target[:, 0, 0] = 0.5
    np.testing.assert_allclose(aligned(source, target, CoralParams(WHOLE))[:, 0, 0], 0.5, rtol=1e-6)


def test_too_few_series_are_refused():
    with pytest.raises(TransferError, match="no covariance"):
        aligned(drawn(9, 0), drawn(1, 0), CoralParams())


@pytest.mark.parametrize(
    ("model", "values"),
    [
        ("random_forest", {"trees": 60}),
        ("tempcnn", {"width": 8, "dense": 16, "epochs": 15, "batch_size": 32, "learning_rate": 0.01}),
    ],
)
def test_a_dimmer_place_is_told_as_well_as_the_source_by_any_model(source, model, values):
    task = Transfer(source, series=dimmed(4).values, model=model, values=values, options=OPTIONS)
    found = run_strategy("coral", {}, task)
    direct = task.source_package()
    own = accuracy(direct, site(EVEN, seed=5))
    assert accuracy(direct, dimmed(5)) < own - 0.1
    assert accuracy(found, dimmed(5)) > own - 0.03
    assert found.record["aligned_to"] == 300


def test_a_late_season_is_told_better_by_a_forest_of_aligned_samples(source):
    task = Transfer(source, series=site(EVEN, seed=4, lag=14).values, model="random_forest", options=OPTIONS)
    tested = site(EVEN, seed=5, lag=14)
    assert (
        accuracy(run_strategy("coral", {"over": "series"}, task), tested)
        > accuracy(task.source_package(), tested) + 0.05
    )


def test_the_sources_samples_are_needed(source):
    with pytest.raises(TransferError, match="labelled samples of the source"):
        run_strategy("coral", {}, Transfer(series=source.values, model="random_forest"))


@pytest.mark.parametrize(("over", "near"), [("bands", 0.15), ("series", 0.3)])
def test_another_share_of_clouds_is_no_difference_between_places(over, near):
    rng = np.random.default_rng(12)
    whole = drawn(4000, 13) + np.float32(5)
    source, target = (np.concatenate([part, np.ones((2000, 3, 1), np.float32)], 2) for part in np.split(whole, 2))
    for part, share in ((source, 0.9), (target, 0.5)):
        part[rng.random((2000, 3)) > share] = 0
    found, seen = aligned(source, target, CoralParams(over), mask=2), source[:, :, 2] == 1
    apart = np.abs(found - source)[seen][:, :2] / whole.std(axis=(0, 1))
    assert apart.mean() < near


def test_means_and_covariances_are_those_of_what_was_seen():
    rng = np.random.default_rng(14)
    source, target = (np.concatenate([drawn(300, seed), np.ones((300, 3, 1), np.float32)], 2) for seed in (15, 16))
    source[rng.random((300, 3)) < 0.2] = 0
    target[rng.random((300, 3)) < 0.6] = 0
    found = aligned(source, target, CoralParams("bands", 0.0), mask=2)
    moments = []
    for part in (found, target):
        land, seen = part[:, :, :2].astype(np.float64), part[:, :, 2:] == 1
        mean = (land * seen).sum(axis=0) / seen.sum(axis=0)
        rows = (land - mean)[seen[:, :, 0]]
        moments.append((mean, rows.T @ rows / len(rows)))
    np.testing.assert_allclose(moments[0][0], moments[1][0], atol=1e-4)
    np.testing.assert_allclose(moments[0][1], moments[1][1], rtol=1e-3)


@pytest.mark.parametrize("over", ["bands", "series"])
def test_a_date_that_one_place_never_saw_stays_as_it_is(over):
    source, target = (np.concatenate([drawn(200, seed), np.ones((200, 3, 1), np.float32)], 2) for seed in (17, 18))
    target[:, 1] = 0
    found = aligned(source, target, CoralParams(over), mask=2)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[:, 1, :2].mean(axis=0), source[:, 1, :2].mean(axis=0), atol=1e-3)


def test_of_very_many_series_some_are_drawn(source, monkeypatch):
    monkeypatch.setattr(coral, "_MOST", 40)
    task = Transfer(source=source, series=dimmed(5).values, model="random_forest", values={"trees": 2}, options=OPTIONS)
    one, again = (run_strategy("coral", {}, task) for _ in range(2))
    assert one.record["aligned_to"] == 40
    assert one.fingerprint == again.fingerprint
