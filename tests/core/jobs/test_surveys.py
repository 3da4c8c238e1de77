"""Field surveys on the whole road: parcels as samples, points that stand in one field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from cropmap.contract.errors import SampleError
from cropmap.contract.job import Job
from cropmap.io.geometries import read_geometries
from cropmap.io.samples import read_samples
from cropmap.io.vectors import LabelOptions, read_labels
from cropmap.jobs.run import run_job

if TYPE_CHECKING:
    from pathlib import Path

    from cropmap.data.run import RunRecord
    from cropmap.data.samples import SampleSet
    from cropmap.testing.synthetic import SyntheticSite

MOST = 12  # pixels of a parcel


def run(out: Path, images: dict[str, Any], recipe: dict[str, Any], **more: Any) -> RunRecord:
    params = {"images": images, "recipe": recipe, "folds": 3, "group_field": "none", **more}
    return run_job(Job("sample", params, str(out)))


@pytest.fixture
def survey(site: SyntheticSite) -> dict[str, Any]:
    scheme = "Corn = Corn; Other = Soybeans; rest = Other"  # some crops have one parcel only
    return {"samples": str(site.fields), "class_field": "class", "id_field": "field_id", "scheme": scheme}


@pytest.fixture
def pixels(tmp_path: Path, images: dict[str, Any], recipe: dict[str, Any], survey: dict[str, Any]) -> SampleSet:
    """Some pixels of every parcel, each a sample."""
    done = run(tmp_path / "pixels", images, recipe, per_polygon=MOST, **survey)
    return read_samples(done.result["outputs"]["samples"])


def test_a_survey_of_parcels_gives_one_sample_each(
    tmp_path: Path,
    images: dict[str, Any],
    recipe: dict[str, Any],
    site: SyntheticSite,
    survey: dict[str, Any],
    pixels: SampleSet,
) -> None:
    done = run(tmp_path / "parcels", images, recipe, unit="parcels", **survey)
    parcels = read_samples(done.result["outputs"]["samples"])
    labels = read_labels(site.fields, LabelOptions(class_field="class", id_field="field_id", group_field="none"))
    assert 10 < len(parcels) <= len(labels)
    assert len(pixels) > 4 * len(parcels)
    assert set(parcels.ids) <= set(labels.ids)
    assert parcels.groups.tolist() == parcels.ids.tolist()
    # Clouds part them, so that a parcel's series is but near to the mean of its pixels' series.
    apart = [
        np.abs(parcels.values[k] - pixels.values[pixels.groups == name].mean(axis=0)).mean()
        for k, name in enumerate(parcels.ids)
        if (pixels.groups == name).any()
    ]
    assert len(apart) > 10
    assert np.median(apart) < 0.01


def test_points_of_one_outline_share_a_group_and_a_fold(
    tmp_path: Path, images: dict[str, Any], recipe: dict[str, Any], site: SyntheticSite
) -> None:
    done = run(tmp_path / "run", images, recipe, samples=str(site.points), fields=str(site.fields))
    samples = read_samples(done.result["outputs"]["samples"])
    points = read_labels(site.points, LabelOptions(group_field="none"))
    outlines = read_geometries(site.fields, points.crs)
    inside = dict(zip(points.ids, shapely.contains(outlines, points.geometries[:, None]), strict=True))
    for name, group in zip(samples.ids, samples.groups, strict=True):
        found = np.flatnonzero(inside[name])
        assert group == (f"outline/{found[0] + 1}" if len(found) else name)
    assert len(np.unique(samples.groups)) < 0.8 * len(samples)
    assert any("field outlines" in text for text in done.result["warnings"])
    assert str(site.fields) in done.inputs


def test_a_survey_is_thinned_and_balanced(
    tmp_path: Path, images: dict[str, Any], recipe: dict[str, Any], survey: dict[str, Any], pixels: SampleSet
) -> None:
    done = run(tmp_path / "drawn", images, recipe, per_polygon=MOST, total=60, min_distance_m=90, **survey)
    drawn = read_samples(done.result["outputs"]["samples"])
    assert set(drawn.ids) < set(pixels.ids)
    assert all(28 <= count <= 30 for count in drawn.counts().values())  # clouds leave a few without a series
    places = np.column_stack([drawn.x, drawn.y])
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    assert apart[~np.eye(len(drawn), dtype=bool)].min() >= 90


def test_parcels_are_all_taken_and_it_is_told_where_fewer_are_asked_for(
    tmp_path: Path, images: dict[str, Any], recipe: dict[str, Any], survey: dict[str, Any]
) -> None:
    done = run(tmp_path / "run", images, recipe, unit="parcels", total=5, **survey)
    assert done.result["figures"]["samples"] > 5
    assert any("thin labelled pixels alone" in note for note in done.result["warnings"])


def test_folds_of_a_file_are_refused_before_any_image_is_read_where_there_is_none(
    tmp_path: Path, images: dict[str, Any], recipe: dict[str, Any]
) -> None:
    with pytest.raises(SampleError, match="no sample file here"):
        run(tmp_path / "run", images, recipe, samples=str(tmp_path / "none.gpkg"), split="file")
