"""Variograms: against brute force, and on random fields whose range is known."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from cropmap.sampling.near import metric_points
from cropmap.sampling.variogram import Resemblance, Variogram, block_note, resemblance, suggested_block_m, variogram
from tests.core.sampling.test_splits import LONLAT, sample_set

SIZE = 20_000.0


def field(scale, seed, *, count=600, variables=3, nugget=0.0):
    """Points and Gaussian values with covariance exp(-h / scale), by Cholesky; the practical range is 3 scales."""
    points = np.random.default_rng(seed).uniform(0, SIZE, (count, 2))
    return points, values_at(points, scale, seed + 1, variables=variables, nugget=nugget)


def values_at(points, scale, seed, *, variables=1, nugget=0.0):
    rng, count = np.random.default_rng(seed), len(points)
    apart = np.hypot(np.subtract.outer(*points[:, [0, 0]].T), np.subtract.outer(*points[:, [1, 1]].T))
    root = np.linalg.cholesky(np.exp(-apart / scale) + 1e-9 * np.eye(count))
    return root @ rng.normal(size=(count, variables)) + nugget * rng.normal(size=(count, variables))


@pytest.mark.parametrize("robust", [False, True])
def test_the_bins_are_those_of_all_pairs(robust):
    points, values = field(800.0, 0, count=300, variables=2)
    found = variogram(points, values, np.random.default_rng(0), robust=robust)
    apart = pdist(points)
    first, second = np.triu_indices(300, 1)
    differs = np.abs(values[first] - values[second])
    neighbours = np.sort(apart[np.newaxis])[0]
    assert found.pairs.sum() <= (apart <= np.linalg.norm(np.ptp(points, axis=0)) / 2).sum()
    assert found.lags_m[0] >= neighbours[0]
    # The edges between bins lie where the counts say.
    order = np.argsort(apart)
    skipped = int((apart <= np.linalg.norm(np.ptp(points, axis=0)) / 2).sum() - found.pairs.sum())
    start = skipped
    for lag, value, pairs in zip(found.lags_m, found.values, found.pairs.tolist(), strict=True):
        own = order[start : start + pairs]
        start += pairs
        assert apart[own].mean() == pytest.approx(lag)
        if robust:
            fourth = np.sqrt(differs[own]).mean(axis=0) ** 4
            expected = (fourth / (0.457 + 0.494 / pairs + 0.045 / pairs**2)).sum() / 2
        else:
            expected = (differs[own] ** 2).mean(axis=0).sum() / 2
        assert value == pytest.approx(expected)


@pytest.mark.parametrize(("scale", "nugget"), [(400.0, 0.0), (1000.0, 1.0), (2000.0, 0.0)])
def test_the_range_of_a_random_field_is_found(scale, nugget):
    found = [variogram(*field(scale, seed, nugget=nugget), np.random.default_rng(0)) for seed in range(3)]
    assert all(one.found and one.bounded for one in found)
    ranges = [one.range_m for one in found]
    assert np.median(ranges) == pytest.approx(3 * scale, rel=0.3)
    assert all(0.5 < one / (3 * scale) < 1.7 for one in ranges)
    sill = 3 * (1 + nugget**2)
    assert np.median([one.sill for one in found]) == pytest.approx(sill, rel=0.2)
    assert np.median([one.goodness for one in found]) > 0.8


def test_values_without_resemblance_have_no_range():
    found = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        found += variogram(rng.uniform(0, SIZE, (300, 2)), rng.normal(size=(300, 3)), rng).found
    assert found <= 1


def test_a_trend_over_the_whole_site_has_no_bound():
    points = np.random.default_rng(0).uniform(0, SIZE, (400, 2))
    found = variogram(points, points[:, :1] / SIZE, np.random.default_rng(0))
    assert found.found
    assert not found.bounded
    text = Resemblance(found, variogram(points, np.zeros((400, 1)), np.random.default_rng(0))).text
    assert text.startswith("The samples resemble each other at least up to")


def test_pairs_of_two_parts_do_not_count():
    points, values = field(1000.0, 0, count=400)
    part = np.arange(400) % 2
    apart = variogram(points, values + 50 * part[:, None], np.random.default_rng(0), part=part)
    assert apart.sill < 10
    assert apart.pairs.sum() < 400 * 200


# ---------------------------------------------------------------- of samples


def located(scale, seed=0, *, crs="", class_scale=None):
    """Samples whose series are a random field on top of their class's level, and whose classes are one too."""
    points, values = field(scale, seed, count=600, variables=4)
    samples = sample_set(600, seed, fields=600)
    ground = values_at(points, class_scale or 1.0, seed + 100)
    codes = np.digitize(ground[:, 0], [-0.43, 0.43]).astype(np.uint8)
    values = (values + 5.0 * codes[:, None]).reshape(600, 2, 2).astype(np.float32)
    x, y = points.T
    if crs == LONLAT:
        x, y = 20 + x / (111_195.08 * math.cos(math.radians(60))), 60 + y / 111_195.08
    sites, years = np.full(600, "a"), np.full(600, 2023, np.int16)
    changed = {"codes": codes, "x": x, "y": y, "values": values, "sites": sites, "years": years}
    return dataclasses.replace(samples, **changed, crs=crs or samples.crs)


@pytest.mark.parametrize("crs", ["", LONLAT])
def test_series_resemble_each_other_over_the_range_of_their_field_whatever_their_classes(crs):
    found = resemblance(located(1000.0, crs=crs), np.random.default_rng(0))
    assert found.series.range_m == pytest.approx(3000.0, rel=0.35)
    assert not found.classes.found
    assert found.range_m == found.series.range_m
    assert found.text.startswith("The samples resemble each other up to ")


def test_classes_that_lie_together_are_found_too():
    samples = located(1.0, class_scale=2000.0)
    found = resemblance(samples, np.random.default_rng(0))
    assert not found.series.found
    assert 2000 < found.classes.range_m < 9000
    assert found.range_m == found.classes.range_m
    # Half the chance of differing classes, at most: 2/3 for three even classes.
    assert found.classes.sill == pytest.approx(2 / 3, abs=0.08)


def test_the_same_samples_and_generator_give_the_same_variogram():
    samples = located(1000.0)
    one, other = (resemblance(samples, np.random.default_rng(5)) for _ in range(2))
    assert one.range_m == other.range_m
    assert one.series.values.tobytes() == other.series.values.tobytes()


def of_range(range_m):
    empty = Variogram(np.empty(0), np.empty(0), np.empty(0, np.int64))
    return Resemblance(dataclasses.replace(empty, range_m=range_m), empty)


@pytest.mark.parametrize(
    ("range_m", "edge"), [(math.nan, 10_000), (120.0, 1000), (2000.0, 2000), (2340.0, 2400), (47_100.0, 48_000)]
)
def test_blocks_are_as_large_as_the_range(range_m, edge):
    assert suggested_block_m(of_range(range_m)) == pytest.approx(edge)


def test_blocks_are_judged_by_the_range():
    assert block_note(of_range(2340.0), 10_000) == (
        "The samples resemble each other up to 2.34 km. Blocks of 10 km are large enough."
    )
    assert "Blocks of 1 km are smaller" in block_note(of_range(2340.0), 1000)
    assert "blocks of 2.4 km would be right" in block_note(of_range(2340.0), 1000)
    assert block_note(of_range(math.nan), 1000).startswith("No resemblance of neighbours is found")


def test_samples_in_one_spot_or_without_differences_have_no_range():
    samples = sample_set(100, fields=100)
    still = dataclasses.replace(samples, x=np.full(100, 5e5), y=np.full(100, 5e6))
    assert math.isnan(resemblance(still, np.random.default_rng(0)).range_m)
    same = dataclasses.replace(samples, values=np.zeros_like(samples.values))
    assert not resemblance(same, np.random.default_rng(0)).series.found
    assert metric_points(samples.x, samples.y, LONLAT).shape == (100, 3)
