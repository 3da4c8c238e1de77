"""Sample sets joined: what must agree, what is matched by meaning, and that nothing is mixed up."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest

from cropmap.contract.errors import LegendError, SampleError
from cropmap.data.legend import Legend, LegendClass, legend_from_names
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.io.projection import crs_wkt, reproject_points
from cropmap.sampling.merge import merge_samples

UTM31, UTM34, LONLAT = (crs_wkt(f"EPSG:{code}") for code in (32631, 32634, 4326))
STEPS = (StepUse("linear", {"step_days": 7}),)


def sample_set(names, year=2023, *, count=12, crs=UTM31, seed=0, **changed):
    rng = np.random.default_rng(seed)
    legend = names if isinstance(names, Legend) else legend_from_names(names)
    fields = {
        "values": rng.uniform(0.05, 0.5, (count, 3, 2)).astype(np.float32),
        "codes": np.array(legend.codes, np.uint8)[np.arange(count) % len(legend)],
        "ids": np.array([f"p{k}" for k in range(count)]),
        "x": rng.uniform(500_000, 510_000, count),
        "y": rng.uniform(5_000_000, 5_010_000, count),
        "groups": np.array([f"f{k // 3}" for k in range(count)]),
        "days": np.array([0, 7, 14], np.int32),
        "bands": ("red", "nir"),
        "legend": legend,
        "recipe": Recipe("weekly", Season(dt.date(year, 4, 1), dt.date(year, 9, 30)), STEPS),
        "crs": crs,
    }
    return SampleSet(**(fields | changed))


def names_of(samples):
    name = {found.code: found.name for found in samples.legend.classes}
    return [name[code] for code in samples.codes.tolist()]


def test_every_series_keeps_its_place_class_site_and_year():
    one, other = sample_set(["rye", "wheat"]), sample_set(["barley", "wheat"], 2022, seed=1)
    found = merge_samples([one, other], ["A", "B"])
    assert len(found) == 24
    assert found.values.tobytes() == one.values.tobytes() + other.values.tobytes()
    assert names_of(found) == names_of(one) + names_of(other)
    assert found.sites.tolist() == ["A"] * 12 + ["B"] * 12
    assert found.years.tolist() == [2023] * 12 + [2022] * 12
    assert found.ids[[0, 12]].tolist() == ["A/p0", "B/p0"]
    assert found.groups[[3, 15]].tolist() == ["A/f1", "B/f1"]
    np.testing.assert_array_equal(found.x, np.concatenate([one.x, other.x]))
    assert found.crs == UTM31
    assert found.recipe == one.recipe
    # The first set's codes stay.
    assert [(found.legend.code_of(name)) for name in ("rye", "wheat", "barley")] == [0, 1, 2]


def test_classes_of_one_meaning_are_one():
    first = Legend((LegendClass(1, "Maize", "#ffd300"), LegendClass(5, "soya", "#267000")))
    second = Legend(
        (LegendClass(1, "Soybeans", "#000000"), LegendClass(2, "rye", "#111111"), LegendClass(7, "corn", "#222222"))
    )
    found = merge_samples([sample_set(first), sample_set(second)], ["A", "B"])
    assert found.legend.names == ("Maize", "soya", "rye")
    assert found.legend.codes == (1, 5, 6)
    assert set(names_of(found)[12:]) == {"soya", "rye", "Maize"}
    assert names_of(found)[12:15] == ["soya", "rye", "Maize"]


def test_places_of_two_zones_become_longitude_and_latitude():
    one, other = sample_set(["rye", "wheat"]), sample_set(["rye", "wheat"], crs=UTM34, seed=1)
    found = merge_samples([one, other], ["A", "B"])
    assert found.crs == LONLAT
    expected = [reproject_points(np.column_stack([own.x, own.y]), own.crs, LONLAT) for own in (one, other)]
    np.testing.assert_allclose(np.column_stack([found.x, found.y]), np.concatenate(expected))
    assert found.x[:12].max() < 3.5
    assert found.x[12:].min() > 20.5


def test_two_years_of_a_site_share_their_fields_but_not_their_ids():
    sets = [sample_set(["rye", "wheat"], year) for year in (2022, 2023)]
    found = merge_samples(sets, ["A", "A"])
    assert found.ids[[0, 12]].tolist() == ["A 2022/p0", "A 2023/p0"]
    assert found.groups[[0, 12]].tolist() == ["A/f0", "A/f0"]
    with pytest.raises(SampleError, match=r"Site 'A' of 2023 comes in two sets.*Name the sites apart"):
        merge_samples([sets[1], sets[1]], ["A", "A"])


def test_lone_samples_stay_known_as_such():
    ids = np.array([f"p{k}" for k in range(12)])
    groups = ids.copy()
    groups[1], groups[2:4], groups[4:7] = "#p1", "@20.1 50.2", "farm"
    one = sample_set(["rye", "wheat"], groups=groups)
    assert one.grouped.sum() == 3
    for names, years in ((["A", "B"], (2023, 2023)), (["A", "A"], (2022, 2023))):
        sets = [sample_set(["rye", "wheat"], year, groups=groups) for year in years]
        found = merge_samples(sets, names)
        assert found.grouped.tolist() == one.grouped.tolist() * 2
        same = found.groups[:, None] == found.groups
        inside = one.groups[:, None] == one.groups
        assert np.array_equal(same[:12, :12], inside)
        assert np.array_equal(same[:12, 12:], inside & (names[0] == names[1]))


def test_sets_that_know_their_sites_need_no_names():
    one = merge_samples([sample_set(["rye", "wheat"]), sample_set(["rye", "wheat"], seed=1)], ["A", "B"])
    found = merge_samples([one, sample_set(["rye", "oats"])], ["", "C"])
    assert sorted(set(found.sites.tolist())) == ["A", "B", "C"]
    assert found.ids[0] == "A/A/p0"
    with pytest.raises(SampleError, match="Set 2 does not say which site"):
        merge_samples([one, sample_set(["rye", "oats"])], ["", ""])


def test_what_a_look_at_each_site_finds_may_differ():
    # The day of a site's median peak is found at each site; the day that peaks are moved to is one for all.
    season = Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30))
    anew = [(StepUse("phenology", {"target_day": 90, "region_day": day}),) for day in (80, 95)]
    sets = [sample_set(["rye", "wheat"], recipe=Recipe("r", season, own)) for own in anew]
    assert merge_samples(sets, ["A", "B"]).recipe.steps == anew[0]
    other = (StepUse("phenology", {"target_day": 91, "region_day": 80}),)
    with pytest.raises(SampleError, match="differ in their steps"):
        merge_samples([sets[0], dataclasses.replace(sets[1], recipe=Recipe("r", season, other))], ["A", "B"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"bands": ("red", "swir")}, "differ in their features: red, nir, and red, swir"),
        ({"days": np.array([0, 8, 16], np.int32)}, r"days of season: 3 steps \(0, 7, 14\), and 3 steps \(0, 8, 16\)"),
        (
            {"recipe": Recipe("r", Season(dt.date(2023, 5, 1), dt.date(2023, 9, 30)), STEPS)},
            "start of season: 01 April, and 01 May",
        ),
        (
            {
                "recipe": Recipe(
                    "r", Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30)), (StepUse("linear", {"step_days": 8}),)
                )
            },
            "differ in their steps",
        ),
        (
            {"values": np.full((12, 3, 2), 3000, np.float32)},
            "other units: The first set holds nir of .* this set holds",
        ),
        ({"crs": ""}, "no coordinate reference system"),
    ],
)
def test_sets_that_were_not_prepared_alike_are_refused(changed, message):
    with pytest.raises(SampleError, match=message):
        merge_samples([sample_set(["rye", "wheat"]), sample_set(["rye", "wheat"], **changed)], ["A", "B"])


def test_one_set_or_too_many_classes_are_refused():
    with pytest.raises(SampleError, match="Give two sets or more"):
        merge_samples([sample_set(["rye", "wheat"])], ["A"])
    many = [sample_set([f"{letter}{k}" for k in range(200)], count=200) for letter in "ab"]
    with pytest.raises(LegendError, match="over 255 classes together"):
        merge_samples(many, ["A", "B"])


def test_values_of_the_sets_given_do_not_change():
    one = sample_set(["rye", "wheat"])
    other = dataclasses.replace(one)
    merge_samples([one, sample_set(["wheat", "oats"])], ["A", "B"])
    assert np.array_equal(one.ids, other.ids)
    assert one.legend == legend_from_names(["rye", "wheat"])
