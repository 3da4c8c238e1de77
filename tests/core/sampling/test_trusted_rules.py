"""The compiled rules against SciPy and NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, maximum_filter, minimum_filter

from cropmap.sampling.history_rules import (
    NONE,
    STRANGE,
    Found,
    add_up,
    alike,
    drop,
    grown,
    keep,
    new_tally,
    paired,
    tallied,
    whole_words,
)
from cropmap.sampling.trusted import disc


def blobs(shape, seed, classes=3):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, classes, (shape[0] // 6 + 1, shape[1] // 7 + 1))
    found = np.repeat(np.repeat(coarse, 6, 0), 7, 1)[: shape[0], : shape[1]].astype(np.uint8)
    noisy = rng.random(shape) < 0.01
    found[noisy] = rng.choice([0, NONE], int(noisy.sum()))
    return found


def around(classes, reach):
    far = len(reach) - 1
    found = np.empty(classes.shape, np.uint8)
    alike(np.pad(classes, ((far, far), (0, 0)), constant_values=NONE), np.asarray(reach, np.int64), found)
    return found.astype(bool)


@pytest.mark.parametrize("side", [3, 5, 9])
@pytest.mark.parametrize("shape", [(40, 53), (3, 80), (30, 2)])
def test_windows_equal_those_of_scipy(side, shape):
    classes = blobs(shape, 1)
    outside = {"mode": "constant", "cval": NONE}
    wanted = maximum_filter(classes, side, **outside) == minimum_filter(classes, side, **outside)
    assert np.array_equal(around(classes, [side // 2] * (side // 2 + 1))[classes != NONE], wanted[classes != NONE])


@pytest.mark.parametrize(("across", "down"), [(30, 30), (10, 30), (21.5, 13.25)])
@pytest.mark.parametrize("radius", [5.0, 30.0, 60.0, 95.0, 130.7])
def test_distances_equal_those_of_scipy(radius, across, down):
    classes = blobs((60, 70), 2)
    padded = np.pad(classes, 1, constant_values=NONE)
    for code in range(3):
        far = distance_transform_edt(padded == code, sampling=(down, across))[1:-1, 1:-1]
        own = classes == code
        assert np.array_equal(around(classes, disc(radius, across, down))[own], (far >= radius - 1e-9)[own])


def test_two_bytes_at_a_time():
    tables = np.random.default_rng(0).integers(0, 256, (2, 256)).astype(np.uint8)
    codes = np.random.default_rng(1).integers(0, 256, 5000).astype(np.uint8)
    for table, pairs in zip(tables, paired(tables), strict=True):
        assert np.array_equal(pairs[codes.view(np.uint16)].view(np.uint8), table[codes])


def test_a_tally_grows_and_counts_all():
    rng = np.random.default_rng(5)
    size = 60_000
    classes = rng.choice([0, 7, STRANGE - 1, NONE], size).astype(np.uint8)
    bits, patterns = rng.integers(0, 256, size).astype(np.uint8), rng.integers(0, 40, size).astype(np.uint16)
    keys = classes.astype(np.int64) + 256 * bits.astype(np.int64) + 65536 * patterns.astype(np.int64)
    wanted_keys, wanted_counts = np.unique(keys[classes != NONE], return_counts=True)
    tally, start, grew = new_tally(), 0, 0
    while (start := add_up(classes, bits, patterns, tally, start)) < size:
        tally, grew = grown(tally), grew + 1
    assert grew > 0
    found_keys, found_counts = tallied(tally)
    assert found_keys.tolist() == wanted_keys.tolist()
    assert found_counts.tolist() == wanted_counts.tolist()


@pytest.mark.parametrize("size", [1, 2, 4097])
def test_what_is_kept(size):
    rng = np.random.default_rng(6)
    classes = rng.choice([0, 1, 2, NONE], size).astype(np.uint8)
    bits, patterns = rng.integers(0, 256, size).astype(np.uint8), rng.integers(1, 13, size).astype(np.uint16)
    found = Found(classes, patterns, rng.integers(0, 4, size).astype(np.uint8), bits)
    table = np.full(256, NONE, np.uint8)
    table[:3] = 11, 254, 3
    passing = (bits & 38 == 38) & (classes != NONE)
    codes, shown = np.empty(size, np.uint8), np.empty(size, np.uint8)
    keep(found, 38, paired(table[None])[0], codes, shown)
    assert codes.tolist() == np.where(passing, table[classes], NONE).tolist()
    assert shown.tolist() == np.where(passing, found.kinds, NONE).tolist()
    left, named = np.empty(size, np.uint8), np.empty(size, np.uint16)
    drop(found, 38, left, named)
    assert left.tolist() == np.where(passing, classes, NONE).tolist()
    assert named.tolist() == np.where(bits & 38 == 38, patterns, 0).tolist()


def test_whole_words():
    assert [whole_words(pixels) for pixels in (0, 1, 8, 9)] == [0, 8, 8, 16]
