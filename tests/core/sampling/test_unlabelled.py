"""Series without labels: their draw, their land, and how they are kept from what is tested."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cropmap.contract.errors import SampleError
from cropmap.data.samples import FoldPlan
from cropmap.io.projection import crs_wkt, reproject_points
from cropmap.sampling.unlabelled import UNLABELLED, apart, land_units, without_labels
from cropmap.testing.series import draw_series
from cropmap.testing.synthetic import SyntheticOptions


@pytest.fixture(scope="module")
def samples():
    return draw_series({"Corn": 60, "Soybean": 60}, SyntheticOptions(seed=4, size=1024))


def placed(samples, x, y):
    return dataclasses.replace(samples, x=np.asarray(x, np.float64), y=np.asarray(y, np.float64))


def test_no_label_is_left(samples):
    found = without_labels(samples)
    assert found.legend == UNLABELLED
    assert set(found.codes.tolist()) == {UNLABELLED.codes[0]}
    np.testing.assert_array_equal(found.values, samples.values)


def test_units_are_square_blocks_halved_until_there_are_enough(samples):
    # Points of a square of 16 km: four blocks of 10 km, sixteen of 5 km.
    rng = np.random.default_rng(0)
    spread = placed(samples, 500_000 + rng.uniform(0, 19_999, 120), 5_000_000 + rng.uniform(0, 19_999, 120))
    spread = dataclasses.replace(spread, groups=np.char.add("#", spread.ids))
    for wanted, edge in ((2, 10_000), (4, 10_000), (5, 5_000), (16, 5_000), (17, 2_500)):
        units = land_units(spread, wanted)
        blocks = np.floor(spread.x / edge) * 10_000 + np.floor(spread.y / edge)
        assert (
            len(np.unique(units)) == len(np.unique(blocks)) == len(np.unique(np.column_stack([units, blocks]), axis=0))
        )


def test_samples_on_one_spot_are_one_unit_whatever_is_wanted(samples):
    spot = placed(samples, np.full(120, 500_000.0), np.full(120, 5_000_000.0))
    assert set(land_units(spot).tolist()) == {0}


def test_series_on_the_land_of_the_test_or_within_the_gap_are_left_out(samples):
    # Samples on a line, 1 km apart; the first half is tested. Series between them, on the line too.
    line = placed(samples, 500_000 + 1000.0 * np.arange(120), np.full(120, 5_000_000.0))
    plan = FoldPlan((np.arange(120) >= 60).astype(np.int8), np.arange(120, dtype=np.int32), line.codes, 1000.0)
    at = np.array([0.2, 58.9, 59.4, 59.6, 60.3, 119.0])
    series = placed(samples.subset(np.arange(6)), 500_000 + 1000.0 * at, np.full(6, 5_000_000.0))
    assert apart(series, line, plan, 0).tolist() == [False, False, False, True, True, True]
    assert apart(series, line, plan, 1).tolist() == [True, True, True, False, False, False]
    wide = dataclasses.replace(plan, gap_m=1000.0)
    assert apart(series, line, wide, 0).tolist() == [False, False, False, False, True, True]
    # The same places in degrees.
    lonlat = reproject_points(np.column_stack([series.x, series.y]), line.crs, "EPSG:4326")
    other = dataclasses.replace(placed(series, lonlat[:, 0], lonlat[:, 1]), crs=crs_wkt("EPSG:4326"))
    assert apart(other, line, wide, 0).tolist() == [False, False, False, False, True, True]


def test_series_without_a_place_are_refused(samples):
    plan = FoldPlan((np.arange(120) % 2).astype(np.int8), np.arange(120, dtype=np.int32), samples.codes, 1000.0)
    with pytest.raises(SampleError, match="no place"):
        apart(placed(samples, np.full(120, np.nan), samples.y), samples, plan, 0)
