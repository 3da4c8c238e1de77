"""Splits of every kind: what each promises never to part, what it leaks, and that it repeats."""

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
from cropmap.data.samples import SPLITS, SampleSet
from cropmap.data.season import Season
from cropmap.io.projection import crs_wkt
from cropmap.sampling.folds import FoldOptions, check_training, fold_samples, nested_folds, stored_folds
from cropmap.sampling.splits import leakage, split_validation

UTM, LONLAT = crs_wkt("EPSG:32631"), crs_wkt("EPSG:4326")
SEASON = Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30))
GAPPED = ("blocks", "groups", "leave_site")
KINDS = tuple(kind for kind in SPLITS if kind != "file")


def sample_set(count=240, seed=0, *, classes=3, size_m=20_000.0, fields=60, crs=UTM):
    """Fields of some samples each, 100 m wide, scattered over two halves: sites "a" and "b", and over three years."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, size_m, (fields, 2))
    field = np.concatenate([np.arange(fields), rng.integers(0, fields, count - fields)])
    x, y = (centres[field] + rng.uniform(-50, 50, (count, 2))).T
    if crs == LONLAT:
        x, y = 10 + x / 111_195.08 / np.cos(np.radians(60)), 60 + y / 111_195.08
    else:
        x, y = 500_000 + x, 5_000_000 + y
    return SampleSet(
        values=rng.normal(size=(count, 2, 2)).astype(np.float32),
        codes=(np.arange(count) % classes).astype(np.uint8),
        ids=np.array([f"s{k}" for k in range(count)]),
        x=x,
        y=y,
        groups=np.char.add("field ", field.astype(str)),
        days=np.array([0, 7], np.int32),
        bands=("red", "nir"),
        legend=legend_from_names(["maize", "rye", "wheat"][:classes]),
        recipe=Recipe("weekly", SEASON, ()),
        crs=crs,
        sites=np.where(centres[field, 0] < size_m / 2, "a", "b"),
        years=(2021 + rng.integers(0, 3, count)).astype(np.int16),
    )


def planned(samples, method, seed=0, **options):
    return fold_samples(samples, FoldOptions(method=method, **options), np.random.default_rng(seed))


def great_circle_m(samples):
    """Distances of all pairs by the haversine formula, or Pythagoras on a plane."""
    if samples.crs == UTM:
        return np.hypot(np.subtract.outer(samples.x, samples.x), np.subtract.outer(samples.y, samples.y))
    lon, lat = np.radians(samples.x), np.radians(samples.y)
    half = np.sin(np.subtract.outer(lat, lat) / 2) ** 2
    half += np.outer(np.cos(lat), np.cos(lat)) * np.sin(np.subtract.outer(lon, lon) / 2) ** 2
    return 2 * 6_371_008.8 * np.arcsin(np.sqrt(np.minimum(half, 1)))


def crossing(keys, one, other):
    return set(keys[one].tolist()) & set(keys[other].tolist())


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    method=st.sampled_from(GAPPED),
    folds=st.integers(2, 5),
    gap_m=st.sampled_from([0.0, 100.0, 1500.0]),
    crs=st.sampled_from([UTM, LONLAT]),
)
def test_no_unit_no_group_and_no_near_neighbour_crosses(seed, method, folds, gap_m, crs):
    samples = sample_set(seed=seed, crs=crs)
    try:
        plan = planned(samples, method, seed, folds=folds, gap_m=gap_m, block_m=4000.0)
    except SampleError as error:
        # Only a wide gap may empty a class.
        assert gap_m == 1500
        assert "The gap of 1.5 km leaves" in str(error)  # noqa: PT017
        return
    apart = great_circle_m(samples)
    keys = {"groups": samples.groups, "units": plan.units}
    if method == "leave_site":
        keys |= {"groups": np.char.add(samples.sites, samples.groups), "sites": samples.sites}
    left_out = np.zeros(len(samples), bool)
    nearest = np.inf
    for fold in range(plan.folds):
        train, test = plan.train_mask(fold), plan.fold == fold
        assert test.any()
        assert train.any()
        assert all(not crossing(key, train, test) for key in keys.values())
        within = (apart[:, test] < gap_m).any(axis=1)
        assert not (train & within).any()
        # Nothing else is left out.
        assert np.array_equal(train, ~test & ~within)
        left_out |= ~test & within
        nearest = min(nearest, apart[np.ix_(train, test)].min())
    assert plan.nearest_m == pytest.approx(nearest, rel=1e-6)
    told = [note for note in plan.notes if "lie nearer than" in note]
    assert len(told) == bool(left_out.sum())
    assert not told or told[0].startswith(f"{left_out.sum()} of {len(samples)} samples")


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), method=st.sampled_from(KINDS), folds=st.integers(2, 5))
def test_every_sample_is_tested_once_and_the_plan_repeats_whatever_the_values(seed, method, folds):
    samples = sample_set(seed=seed)
    plan = planned(samples, method, seed, folds=folds)
    assert plan.method == method
    assert plan.fold.dtype == np.int8
    count = {"leave_site": 2, "leave_year": 3}.get(method, folds)
    assert sorted(set(plan.fold.tolist())) == list(range(count))
    other = dataclasses.replace(samples, values=samples.values[::-1] * 9)
    again = planned(other, method, seed, folds=folds)
    assert plan.fold.tobytes() == again.fold.tobytes()
    assert plan.units.tobytes() == again.units.tobytes()
    assert (plan.near is None) == (again.near is None)
    assert plan.near is None or np.array_equal(plan.near, again.near)
    assert plan.notes == again.notes


@pytest.mark.parametrize("method", ["blocks", "groups", "stratified"])
def test_every_fold_holds_about_its_share_of_every_class(method):
    samples = sample_set(2000, fields=500, size_m=100_000.0)
    plan = planned(samples, method)
    counts = np.array([[((plan.fold == k) & (samples.codes == c)).sum() for c in range(3)] for k in range(5)])
    allowed = {"stratified": 0.01, "groups": 0.05, "blocks": 0.25}[method]
    assert (np.abs(counts / counts.mean(axis=0) - 1) < allowed).all()


def test_another_seed_draws_another_plan():
    samples = sample_set()
    for method in ("blocks", "groups", "stratified", "random"):
        assert not np.array_equal(planned(samples, method, 1).fold, planned(samples, method, 2).fold)


def test_random_folds_are_of_equal_size_and_their_leak_is_told_in_figures():
    samples = sample_set(400, fields=80)
    plan = planned(samples, "random")
    assert np.bincount(plan.fold).tolist() == [80] * 5
    apart = great_circle_m(samples)
    own = (samples.groups[:, None] == samples.groups) & (plan.fold[:, None] != plan.fold)
    near = (apart < 400) & (plan.fold[:, None] != plan.fold)
    found = leakage(samples, plan)
    assert found.group == pytest.approx(own.any(axis=1).mean())
    assert found.near == pytest.approx(near.any(axis=1).mean())
    assert found.group > 0.8
    (note,) = plan.notes
    assert note.startswith(
        f"Folds drawn by chance leak: {found.group:.0%} of the test samples have one of their own group"
    )
    assert f"{found.near:.0%} one nearer than 400 m, 100% one of the same block of 10 km" in note
    assert planned(samples, "stratified").notes[0].startswith("Stratified folds drawn by chance leak")


def test_blocks_of_the_same_samples_leak_no_group():
    samples = sample_set(400, fields=80)
    found = leakage(samples, planned(samples, "blocks", block_m=4000.0))
    assert found.group == 0
    assert found.near < 0.15


def test_each_site_and_each_year_is_a_fold():
    samples = sample_set()
    plan = planned(samples, "leave_site")
    assert [set(samples.sites[plan.fold == k].tolist()) for k in range(plan.folds)] == [{"a"}, {"b"}]
    sizes = [int((samples.sites == name).sum()) for name in "ab"]
    assert f"Each fold tests one site (samples): 1 site a ({sizes[0]}), 2 site b ({sizes[1]})." in plan.notes
    plan = planned(samples, "leave_year")
    assert [set(samples.years[plan.fold == k].tolist()) for k in range(3)] == [{2021}, {2022}, {2023}]
    assert plan.near is None
    assert "in another year on land that it knows" in plan.notes[-1]
    # Within a year validation may still take blocks.
    assert len(np.unique(plan.units)) >= 10


@pytest.mark.parametrize(("method", "what"), [("leave_site", "site"), ("leave_year", "year")])
def test_one_site_or_year_cannot_be_left_out(method, what):
    samples = dataclasses.replace(sample_set(), sites=np.full(240, "a"), years=np.full(240, 2023, np.int16))
    with pytest.raises(SampleError, match=rf"one {what} \(.*there is no other to test on.*Join sample sets"):
        planned(samples, method)


def test_too_few_groups_are_refused_and_lone_samples_are_told():
    samples = sample_set()
    few = dataclasses.replace(samples, groups=np.where(np.arange(240) % 2, "a", "b"))
    with pytest.raises(SampleError, match="form 2 groups, too few for 5 folds"):
        planned(few, "groups")
    alone = dataclasses.replace(samples, groups=samples.ids)
    assert planned(alone, "groups").notes[0].startswith("240 of 240 samples do not say which field they stand in")


def test_a_gap_that_takes_a_class_from_a_training_is_refused_with_the_counts():
    samples = sample_set(classes=2)
    codes = samples.codes.copy()
    codes[:] = 0
    # Class rye stands in two spots, 50 m apart, on either side of what the groups part.
    x, y = samples.x.copy(), samples.y.copy()
    x[:4], y[:4], codes[:4] = 530_000 + np.array([0, 10, 60, 70]), 5_000_000, 1
    groups = samples.groups.copy()
    groups[:4] = ["left", "left", "right", "right"]
    changed = dataclasses.replace(samples, codes=codes, x=x, y=y, groups=groups)
    with pytest.raises(SampleError, match=r"gap of 100 m leaves 0 of 2 samples of class 'rye'.*Make the gap smaller"):
        planned(changed, "groups")
    assert planned(changed, "groups", gap_m=50.0).near is not None


def test_folds_that_leave_a_model_one_class_are_refused_before_it_is_trained():
    samples = sample_set(classes=2)
    check_training(planned(samples, "groups"), samples.legend)
    # Two of each class, one of each in either fold.
    few = samples.subset(np.concatenate([np.flatnonzero(samples.codes == code)[:2] for code in (0, 1)]))
    plan = planned(few, "stratified", folds=2)
    with pytest.raises(SampleError, match="training for fold 1 holds two samples or more of no class"):
        check_training(plan, few.legend)


def test_the_folds_of_a_file_are_taken_as_they_are():
    samples = sample_set()
    first = planned(samples, "blocks", block_m=4000.0)
    fold = np.where(first.fold == 4, -1, first.fold * 2)  # other numbers, and some samples of none
    plan = stored_folds(samples, fold, FoldOptions(method="file"), np.random.default_rng(0))
    assert np.array_equal(plan.fold, np.where(first.fold == 4, -1, first.fold))
    assert plan.method == "file"
    assert f"{(first.fold == 4).sum()} of 240 samples have no fold in the file" in " ".join(plan.notes)
    for number in range(4):
        assert not plan.train_mask(number)[first.fold == 4].any()
        units = plan.units[plan.fold == number]
        assert not set(units.tolist()) & set(plan.units[plan.fold != number].tolist())
    by_chance = planned(samples, "random").fold
    with_leak = stored_folds(samples, by_chance, FoldOptions(gap_m=0.0), np.random.default_rng(0))
    assert with_leak.notes[0].startswith("These folds part groups: 9")
    with pytest.raises(SampleError, match="holds 1 fold; a test needs two"):
        stored_folds(samples, np.zeros(240, np.int8), FoldOptions(), np.random.default_rng(0))
    with pytest.raises(SampleError, match="no sample file here"):
        planned(samples, "file")


# ---------------------------------------------------------------- nested


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), method=st.sampled_from(KINDS), fold=st.integers(0, 1))
def test_nested_folds_stay_in_the_training_and_part_nothing_that_the_outer_split_keeps(seed, method, fold):
    samples = sample_set(seed=seed)
    plan = planned(samples, method, seed, folds=4, block_m=4000.0)
    inner = nested_folds(plan, fold, samples, 3, np.random.default_rng(seed))
    train = plan.train_mask(fold)
    assert np.array_equal(inner.fold >= 0, train)
    assert inner.folds == (2 if method == "leave_year" else 3)
    apart = great_circle_m(samples)
    whole = samples.years if method == "leave_year" else plan.units
    for number in range(inner.folds):
        seen, test = inner.train_mask(number), inner.fold == number
        assert test.any()
        assert seen.any()
        assert not (seen & ~train).any()
        assert not crossing(whole, seen, test)
        assert not (apart[np.ix_(seen, test)] < inner.gap_m).any()
    again = nested_folds(plan, fold, samples, 3, np.random.default_rng(seed))
    assert np.array_equal(inner.fold, again.fold)


def test_nested_folds_of_one_remaining_site_are_its_blocks():
    samples = sample_set()
    plan = planned(samples, "leave_site")
    inner = nested_folds(plan, 0, samples, 3, np.random.default_rng(0))
    assert inner.folds == 3
    assert set(samples.sites[inner.fold >= 0].tolist()) == {"b"}
    with pytest.raises(SampleError, match="too few for 100 folds"):
        nested_folds(plan, 0, samples, 100, np.random.default_rng(0))


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), method=st.sampled_from(GAPPED))
def test_validation_is_a_part_of_the_training_in_whole_units(seed, method):
    samples = sample_set(seed=seed)
    plan = planned(samples, method, seed, block_m=4000.0)
    train = plan.train_mask(1)
    held = split_validation(plan, train, 0.2, np.random.default_rng(seed))
    assert not (held & ~train).any()
    assert not crossing(plan.units, held, train & ~held)
