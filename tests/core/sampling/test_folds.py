"""Spatial folds: what must never be parted, and how even they come out."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cropmap.contract.errors import SampleError
from cropmap.data.legend import legend_from_names
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.io.projection import crs_wkt
from cropmap.sampling.blocks import block_folds, land_of
from cropmap.sampling.folds import FoldOptions, check_classes, fold_samples
from cropmap.sampling.near import metric_points, nearest_m
from cropmap.sampling.splits import split_validation

UTM, LONLAT = crs_wkt("EPSG:32631"), crs_wkt("EPSG:4326")


def scattered(count=600, size_m=100_000.0, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    x, y = 500_000 + rng.uniform(0, size_m, (2, count))
    groups = np.array([f"g{k}" for k in range(count)])
    codes = rng.choice(classes, count, p=np.arange(1, classes + 1) / sum(range(1, classes + 1))).astype(np.uint8)
    return x, y, groups, codes


def fold_of(table, seed=0, *, folds=5, block_m=10_000.0, crs=""):
    names = {code: f"code {code}" for code in range(8)}
    plan = block_folds(land_of(*table, crs), names, folds, block_m, np.random.default_rng(seed))
    return dataclasses.replace(plan, nearest_m=nearest_m(metric_points(*table[:2], crs), plan.fold))


def blocks_of(plan, x, y, seed=0):
    """The block of each sample, from the drawn origin: the first draw of the generator."""
    origin = np.random.default_rng(seed).random(2)
    return np.floor(np.column_stack([x / plan.block_m + origin[0], y / plan.block_m + origin[1]])).astype(int)


def placed_by_group(x, y, groups, edge):
    """Move the samples of a group no wider than a block to the group's centre."""
    x, y = x.copy(), y.copy()
    for group in set(groups.tolist()):
        own = groups == group
        if max(np.ptp(x[own]), np.ptp(y[own])) <= edge:
            x[own], y[own] = (x[own].min() + x[own].max()) / 2, (y[own].min() + y[own].max()) / 2
    return x, y


def parted(keys, fold):
    """Which keys stand in two folds."""
    folds = {}
    for key, number in zip(map(tuple, keys), fold.tolist(), strict=True):
        folds.setdefault(key, set()).add(number)
    return [key for key, found in folds.items() if len(found) > 1]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(30, 200),
    group_count=st.integers(6, 80),
    folds=st.integers(2, 6),
    block_m=st.sampled_from([50.0, 1000.0, 10_000.0, 1e6]),
)
def test_no_block_and_no_group_stands_in_two_folds(seed, count, group_count, folds, block_m):
    x, y, _, _ = scattered(count, 20_000.0, seed=seed)
    rng = np.random.default_rng(seed + 1)
    groups = rng.integers(0, group_count, count).astype(str)
    groups[:6] = ["a", "b", "c", "d", "e", "f"]  # six independent ones at least
    codes = (np.arange(count) % 3).astype(np.uint8)
    plan = fold_of((x, y, groups, codes), seed, folds=folds, block_m=block_m)
    assert plan.fold.dtype == np.int8
    assert set(plan.fold.tolist()) == set(range(folds))
    assert plan.block_m <= block_m
    assert parted(groups[:, None], plan.fold) == []
    assert parted(blocks_of(plan, *placed_by_group(x, y, groups, plan.block_m), seed), plan.fold) == []
    assert parted(plan.units[:, None], plan.fold) == []


def test_the_folds_hold_about_the_same_of_every_class():
    table = scattered(2000)
    plan = fold_of(table)
    assert plan.block_m == 10_000
    assert plan.notes == ()
    counts = np.array([[((plan.fold == k) & (table[3] == c)).sum() for c in range(3)] for k in range(5)])
    # About 121 blocks of a few samples each: within 15 % of even (a random assignment varies by more than 30 %).
    assert (np.abs(counts / counts.mean(axis=0) - 1) < 0.15).all()


def test_the_same_generator_gives_the_same_folds_and_another_others():
    table = scattered()
    assert np.array_equal(fold_of(table, 4).fold, fold_of(table, 4).fold)
    assert not np.array_equal(fold_of(table, 4).fold, fold_of(table, 5).fold)


def test_blocks_are_halved_where_the_site_is_small():
    plan = fold_of(scattered(300, 3000.0))
    assert plan.block_m in {2500.0, 1250.0}
    used = f"Blocks of {plan.block_m / 1000:g} km are used in place of 10 km"
    assert plan.notes == (f"{used}: larger ones part the samples into fewer than 5 pieces of land.",)


def test_a_class_in_one_fold_is_named_as_the_cause_of_smaller_blocks():
    x, y, groups, codes = scattered(400, classes=2)
    x[:10], y[:10] = 520_000 + np.linspace(0, 4000, 10), 520_000.0
    codes[:10] = 7
    plan = fold_of((x, y, groups, codes), block_m=20_000.0)
    assert plan.block_m < 20_000
    assert plan.notes[0].endswith("in place of 20 km: larger ones leave 'code 7' in one fold only.")


def test_blocks_are_never_halved_to_the_size_of_a_pixel():
    # Ten groups that each lie all over the site, as dissolved multipolygons do.
    x, y, _, codes = scattered(400, 5000.0, classes=2)
    groups = np.array([f"g{k % 10}" for k in range(400)])
    with pytest.raises(SampleError, match=r"in blocks of 100 m.*the widest spans 4\.\d+ km.*multipart features"):
        fold_of((np.round(x / 30) * 30, np.round(y / 30) * 30, np.repeat(groups[:10], 40), codes), folds=10)


def test_blocks_as_small_as_fields_are_called_hardly_apart():
    plan = fold_of(scattered(300, 600.0))
    assert 100 <= plan.block_m <= 400
    assert "the folds are hardly apart, and the measured accuracy is likely too high" in plan.notes[1]
    assert not any("625" in note or "156.25" in note or "312.5" in note for note in plan.notes)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), folds=st.integers(2, 6))
def test_the_smallest_distance_between_folds_is_that_of_all_pairs(seed, folds):
    table = scattered(80, 20_000.0, classes=2, seed=seed)
    plan = fold_of(table, seed, folds=folds, block_m=2000.0)
    apart = np.hypot(np.subtract.outer(table[0], table[0]), np.subtract.outer(table[1], table[1]))
    other = plan.fold[:, None] != plan.fold[None, :]
    assert plan.nearest_m == pytest.approx(apart[other].min(), rel=1e-9)


def test_the_smallest_distance_of_degrees_is_one_of_the_sphere():
    lon, lat = np.array([20.0, 20.0, 20.2, 20.2]), np.array([60.0, 60.0, 60.0, 60.0])
    plan = fold_of((lon, lat, np.array(list("aabb")), np.array([0, 1, 0, 1], np.uint8)), folds=2, crs=LONLAT)
    # Haversine with a difference of longitude only.
    chord = np.cos(np.radians(60)) * np.sin(np.radians(0.1))
    assert plan.nearest_m == pytest.approx(2 * 6_371_008.8 * np.arcsin(chord), rel=1e-6)


def test_blocks_are_halved_until_a_class_stands_in_two_folds():
    x, y, groups, codes = scattered(400, classes=2)
    x[:10], y[:10] = 520_000 + np.linspace(0, 4000, 10), 520_000.0
    codes[:10] = 7
    plan = fold_of((x, y, groups, codes), block_m=20_000.0)
    assert len(np.unique(plan.fold[codes == 7])) >= 2
    assert 20_000 / 8 <= plan.block_m < 20_000


def test_a_class_in_one_spot_does_not_undo_the_blocks():
    x, y, groups, codes = scattered(400, classes=2)
    x[:5], y[:5], codes[:5] = 520_000 + np.arange(5.0), 520_000.0, 7
    plan = fold_of((x, y, groups, codes))
    assert plan.block_m == 10_000
    assert plan.notes == ("Class 'code 7' lies in one fold only: a model tested there has never seen it.",)


def test_a_group_over_several_blocks_joins_them():
    x, y, groups, codes = scattered(500)
    groups[:40] = "one farm"
    plan = fold_of((x, y, groups, codes))
    assert len(np.unique(plan.fold[:40])) == 1
    blocks = blocks_of(plan, x, y)
    joined = {tuple(block) for block in blocks[:40]}
    same = np.array([tuple(block) in joined for block in blocks])
    assert len(np.unique(plan.fold[same])) == 1


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), folds=st.integers(2, 6), block_m=st.sampled_from([500.0, 5000.0, 1e5]))
def test_points_of_one_block_never_stand_in_two_folds(seed, folds, block_m):
    table = scattered(120, 20_000.0, classes=2, seed=seed)
    plan = fold_of(table, seed, folds=folds, block_m=block_m)
    assert set(plan.fold.tolist()) == set(range(folds))
    assert parted(blocks_of(plan, table[0], table[1], seed), plan.fold) == []


def test_parcels_over_every_edge_of_blocks_do_not_join_them_all():
    # A plain fully covered by parcels of 500 m, nine pixels each.
    col, row = np.indices((300, 300)).reshape(2, -1)
    x, y = 500_000 + 500 / 3 * (col + 0.5), 5_000_000 + 500 / 3 * (row + 0.5)
    groups = np.array([f"{a} {b}" for a, b in zip(col // 3, row // 3, strict=True)])
    plan = fold_of((x, y, groups, ((col // 3 + row // 3) % 3).astype(np.uint8)))
    assert plan.block_m == 10_000
    assert plan.notes == ()
    assert 25 <= len(np.unique(plan.units)) <= 36
    assert parted(groups[:, None], plan.fold) == []
    assert np.bincount(plan.fold).max() < 1.3 * np.bincount(plan.fold).mean()


def test_uneven_folds_are_told():
    x, y, groups, codes = scattered(400, classes=2)
    groups[:300] = "one large farm"
    plan = fold_of((x, y, groups, codes))
    assert plan.notes[-1].startswith("The samples lie so unevenly that the folds hold 3")


def test_too_few_groups_are_refused():
    x, y, groups, codes = scattered(50)
    groups[:] = np.where(np.arange(50) < 25, "west", "east")
    with pytest.raises(SampleError, match=r"2 independent pieces of land, too few for 3 folds.*Ask for fewer folds"):
        fold_of((x, y, groups, codes), folds=3)


def test_blocks_of_degrees_are_measured_in_metres():
    rng = np.random.default_rng(0)
    # 40 km x 40 km about 60 N: 0.36 degrees of latitude, 0.72 of longitude.
    east, north = rng.uniform(0, 40_000, (2, 800))
    lat = 60 + north / 111_195.08
    lon = 20 + east / (111_195.08 * np.cos(np.radians(lat)))
    groups, codes = np.arange(800).astype(str), (np.arange(800) % 2).astype(np.uint8)
    by_crs = fold_of((lon, lat, groups, codes), crs=LONLAT)
    assert by_crs.block_m == 10_000
    assert np.array_equal(by_crs.fold, fold_of((lon, lat, groups, codes)).fold)
    for unit in np.unique(by_crs.units):
        members = by_crs.units == unit
        assert np.ptp(north[members]) <= 10_000
        assert np.ptp(lon[members] * np.cos(np.radians(lat[members].mean())) * 111_195.08) <= 10_000 * 1.01
    assert 16 <= len(np.unique(by_crs.units)) <= 36


def test_blocks_of_feet_are_measured_in_metres():
    x, y, groups, codes = scattered()
    feet = 3937 / 1200
    in_feet = fold_of((x * feet, y * feet, groups, codes), crs=crs_wkt("EPSG:2227"))
    assert np.array_equal(in_feet.units, fold_of((x, y, groups, codes), crs=UTM).units)


def test_a_class_with_one_sample_is_refused_by_name():
    legend = legend_from_names(["maize", "rye", "wheat"])
    with pytest.raises(SampleError, match=r"Class 'rye' has 1 sample.*merge it with another class"):
        check_classes(np.array([0, 0, 1, 2, 2], np.uint8), legend)


def test_one_class_or_too_few_samples_are_refused():
    legend = legend_from_names(["maize", "wheat"])
    with pytest.raises(SampleError, match=r"All 3 samples are of class 'maize'.*at least two classes"):
        check_classes(np.zeros(3, np.uint8), legend)
    with pytest.raises(SampleError, match="4 samples cannot fill 5 folds"):
        check_classes(np.array([0, 0, 1, 1], np.uint8), legend, 5)
    check_classes(np.array([0, 0, 1, 1], np.uint8), legend, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folds": 1}, "Ask for 2 to 100"),
        ({"block_m": -1.0}, "edge above 0"),
        ({"gap_m": -1.0}, "Give 0 or more"),
        ({"method": "chance"}, "Choose one of blocks, groups, leave_site"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(SampleError, match=message):
        FoldOptions(**options)


def test_samples_without_coordinates_are_refused():
    x, y, groups, codes = scattered(20)
    x[3] = np.nan
    with pytest.raises(SampleError, match="Give finite coordinates"):
        fold_of((x, y, groups, codes))


# ---------------------------------------------------------------- of a sample set


def sample_set():
    x, y, groups, codes = scattered(300)
    return SampleSet(
        values=np.zeros((300, 1, 1), np.float32),
        codes=codes,
        ids=groups,
        x=x,
        y=y,
        groups=groups,
        days=np.zeros(1, np.int32),
        bands=("b",),
        legend=legend_from_names(["maize", "rye", "wheat"]),
        recipe=Recipe("r", Season(dt.date(2023, 1, 1), dt.date(2023, 1, 2)), ()),
        crs=UTM,
    )


def test_a_sample_set_is_split_with_its_classes_named():
    samples = sample_set()
    plan = fold_samples(samples, FoldOptions(), np.random.default_rng(0))
    expected = fold_of((samples.x, samples.y, samples.groups, samples.codes), crs=UTM)
    assert np.array_equal(plan.fold, expected.fold)
    x = samples.x.copy()
    y = samples.y.copy()
    x[samples.codes == 0], y[samples.codes == 0] = 520_000.0, 520_000.0
    plan = fold_samples(dataclasses.replace(samples, x=x, y=y), FoldOptions(), np.random.default_rng(0))
    assert plan.notes == ("Class 'maize' lies in one fold only: a model tested there has never seen it.",)


@pytest.mark.parametrize(
    ("groups", "who"),
    [
        (["p{}", "p{}"], "The samples do not say which field they stand in"),
        (["#p{}", "@3 50"], "The samples do not say which field they stand in"),
        (["p{}", "farm {}"], "50 of 100 samples do not say which field they stand in"),
        (["farm {}", "farm {}"], None),
    ],
)
def test_near_samples_of_unknown_fields_are_told(groups, who):
    x, y = np.meshgrid(500_000 + 30.0 * np.arange(50), 500_000 + 30.0 * np.arange(2))
    ids = np.array([f"p{k}" for k in range(100)])
    named = np.array([groups[k % 2].format(k) for k in range(100)])
    named = np.where(np.char.startswith(named, "@"), np.char.add(named, ids), named)
    samples = dataclasses.replace(sample_set().subset(np.arange(100)), x=x.ravel(), y=y.ravel(), ids=ids, groups=named)
    plan = fold_samples(samples, FoldOptions(block_m=500.0, gap_m=0.0), np.random.default_rng(0))
    assert plan.nearest_m == 30
    told = [note for note in plan.notes if "apart: they may stand in one field" in note]
    assert len(told) == (who is not None)
    assert not told or (told[0].startswith(f"{who}, and the nearest two of training and test are 30 m"))


# ---------------------------------------------------------------- validation


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), share=st.floats(0.05, 0.6), fold=st.integers(0, 4))
def test_validation_parts_no_unit_and_never_takes_a_whole_class(seed, share, fold):
    table = scattered(200, seed=seed)
    plan = fold_of(table, seed)
    train = plan.train_mask(fold)
    validation = split_validation(plan, train, share, np.random.default_rng(seed))
    assert not (validation & ~train).any()
    assert parted(plan.units[train][:, None], validation[train].astype(int)) == []
    assert validation.any()
    for code in np.unique(table[3][train]):
        assert ((table[3] == code) & train & ~validation).any()


def test_validation_takes_about_its_share_of_every_class():
    table = scattered(3000)
    plan = fold_of(table)
    train = plan.train_mask(0)
    validation = split_validation(plan, train, 0.2, np.random.default_rng(0))
    for code in range(3):
        assert validation[table[3] == code].sum() / (train & (table[3] == code)).sum() == pytest.approx(0.2, abs=0.03)


def test_one_unit_leaves_nothing_for_validation():
    x, y, groups, codes = scattered(40)
    plan = dataclasses.replace(fold_of((x, y, groups, codes)), units=np.zeros(40, np.int32))
    assert not split_validation(plan, np.ones(40, bool), 0.2, np.random.default_rng(0)).any()


def test_units_larger_than_the_share_still_give_validation():
    x, y, groups, codes = scattered(40)
    plan = dataclasses.replace(fold_of((x, y, groups, codes)), units=(np.arange(40) % 2).astype(np.int32))
    assert split_validation(plan, np.ones(40, bool), 0.1, np.random.default_rng(0)).sum() == 20


def test_an_impossible_share_is_refused():
    plan = fold_of(scattered())
    with pytest.raises(SampleError, match="between 0 and 1"):
        split_validation(plan, np.ones(600, bool), 1.0, np.random.default_rng(0))
