"""The road from a prepared cube: nothing is prepared twice, and nothing comes out otherwise."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio

from cropmap.contract.errors import JobError, RecipeError
from cropmap.contract.job import Job, read_job
from cropmap.io.cube_reader import read_cube
from cropmap.io.packages import read_package
from cropmap.io.samples import read_samples
from cropmap.io.series import SeriesReader
from cropmap.jobs.run import run_job
from cropmap.testing.synthetic import SyntheticOptions, write_site

if TYPE_CHECKING:
    from collections.abc import Callable

    from cropmap.testing.synthetic import SyntheticSite


def result(kind: str, out: Path, **params: Any) -> dict[str, Any]:
    return dict(run_job(Job(kind, params, str(out))).result)


def pixels(path: str) -> bytes:
    with rasterio.open(path) as raster:
        return bytes(raster.read(1).tobytes())


@pytest.fixture(scope="module")
def cube(tmp_path_factory: pytest.TempPathFactory, site: SyntheticSite) -> dict[str, Any]:
    """A cube of the site as a source."""
    images = {"name": "folder", "path": str(site.images), "masks": ["QA_PIXEL"]}
    recipe = {"name": "weekly_linear", "min_clear": 3, "max_gap_days": 0}
    done = result("prepare", tmp_path_factory.mktemp("cube") / "run", images=images, recipe=recipe)
    return {"name": "prepared", "path": done["outputs"]["cube"]}


def no_image_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any) -> None:
        raise AssertionError("an image was read")

    for reader in ("read", "read_parts", "read_pixels", "read_pixel_parts"):
        monkeypatch.setattr(SeriesReader, reader, refuse)


def test_the_whole_road_from_the_cube_is_the_road_from_the_images(
    tmp_path: Path, cube: dict[str, Any], road: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    direct = run_job(road(tmp_path / "direct"))
    no_image_is_read(monkeypatch)
    again = run_job(road(tmp_path / "cube", images=cube))
    for name in ("samples.gpkg", "accuracy.csv", "model.cropmap"):
        assert again.outputs[name] == direct.outputs[name], name
    for name in ("class_map", "confidence"):
        assert pixels(again.result["outputs"][name]) == pixels(direct.result["outputs"][name])
    assert not [text for text in again.result["warnings"] if "recipe" in text]
    assert set(again.inputs) == {cube["path"], *(path for path in direct.inputs if not path.endswith(".tif"))}


def test_samples_of_the_cube_are_those_of_the_images(
    tmp_path: Path, cube: dict[str, Any], site: SyntheticSite, images: dict[str, Any], recipe: dict[str, Any]
) -> None:
    both = [
        read_samples(Path(result("sample", tmp_path / name, samples=str(site.points), **of)["outputs"]["samples"]))
        for name, of in (("images", {"images": images, "recipe": recipe}), ("cube", {"images": cube}))
    ]
    assert both[0].values.tobytes() == both[1].values.tobytes()
    assert (both[0].ids == both[1].ids).all()
    assert (both[0].recipe, both[0].masked) == (both[1].recipe, both[1].masked)


def test_a_model_of_the_images_maps_the_cube_alike(
    tmp_path: Path, cube: dict[str, Any], road: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    direct = run_job(road(tmp_path / "direct"))
    no_image_is_read(monkeypatch)
    package = direct.result["outputs"]["package"]
    mapped = result("map", tmp_path / "map", images=cube, package=package, threads=2)
    assert pixels(mapped["outputs"]["class_map"]) == pixels(direct.result["outputs"]["class_map"])


def test_a_model_of_another_recipe_is_refused_with_what_differs(
    tmp_path: Path, cube: dict[str, Any], road: Callable[..., Job]
) -> None:
    other = run_job(road(tmp_path / "other", recipe={"name": "weekly_linear", "min_clear": 4, "max_gap_days": 0}))
    with pytest.raises(RecipeError, match=r"enough_clear has min_clear 3, not 4.*Give the images themselves"):
        result("map", tmp_path / "map", images=cube, package=other.result["outputs"]["package"])


def test_a_model_of_another_season_of_the_year_is_refused(
    tmp_path: Path, cube: dict[str, Any], road: Callable[..., Job], site: SyntheticSite
) -> None:
    recipe = {"name": "weekly_linear", "min_clear": 3, "max_gap_days": 0}
    listed = result("inspect", tmp_path / "look", images={"name": "folder", "path": str(site.images)})
    later = listed["figures"]["dates"][1]
    other = run_job(road(tmp_path / "other", recipe=recipe | {"start": later}))
    with pytest.raises(RecipeError, match="season"):
        result("map", tmp_path / "map", images=cube, package=other.result["outputs"]["package"])


def test_another_recipe_than_the_cubes_is_told_and_not_used(
    tmp_path: Path, cube: dict[str, Any], site: SyntheticSite
) -> None:
    asked = {"name": "weekly_linear", "step_days": 14}
    done = result("sample", tmp_path / "run", images=cube, samples=str(site.points), recipe=asked)
    told = [text for text in done["warnings"] if "would need the images themselves" in text]
    assert len(told) == 1
    assert "step_days" in told[0]
    assert np.diff(read_samples(Path(done["outputs"]["samples"])).days).tolist()[0] == 7


def test_a_recipe_that_looks_at_the_site_is_told_too_where_the_cubes_is_another(
    tmp_path: Path, cube: dict[str, Any], site: SyntheticSite
) -> None:
    asked = {"name": "weekly_linear_phenology"}
    done = result("sample", tmp_path / "run", images=cube, samples=str(site.points), recipe=asked)
    assert sum("its steps are enough_clear, linear, not" in text for text in done["warnings"]) == 1


def test_a_model_maps_the_cube_of_another_year_moved_to_the_peak_of_its_own(
    tmp_path: Path, images: dict[str, Any], road: Callable[..., Job]
) -> None:
    recipe = {"name": "weekly_linear_phenology", "min_clear": 3, "max_gap_days": 0}
    model = run_job(road(tmp_path / "road", recipe=recipe)).result["outputs"]["package"]
    (aligned,) = [use for use in read_package(Path(model)).recipe.steps if use.name == "phenology"]
    options = SyntheticOptions(size=96, points=0, revisit_days=16, history=False, seed=3, season_shift_days=12)
    late = images | {"path": str(write_site(tmp_path / "late", options).images)}
    asked = recipe | {"target_day": aligned.params["target_day"]}
    made = result("prepare", tmp_path / "cube", images=late, recipe=asked)["outputs"]["cube"]
    (moved,) = [use for use in read_cube(Path(made)).recipe.steps if use.name == "phenology"]
    assert moved.params["region_day"] > aligned.params["region_day"]
    maps = [
        result("map", tmp_path / f"map{k}", images=source, package=model)["outputs"]["class_map"]
        for k, source in enumerate((late, {"name": "prepared", "path": made}))
    ]
    assert pixels(maps[0]) == pixels(maps[1])


def test_a_cube_is_not_prepared_again(tmp_path: Path, cube: dict[str, Any]) -> None:
    with pytest.raises(JobError, match="needs the images themselves"):
        result("prepare", tmp_path / "run", images=cube)


def test_a_killed_prepare_job_is_continued_and_ends_alike(
    tmp_path: Path, cube: dict[str, Any], images: dict[str, Any], recipe: dict[str, Any]
) -> None:
    Job("prepare", {"images": images, "recipe": recipe}, str(tmp_path / "run")).write(tmp_path / "job.json")
    command = [sys.executable, "-m", "cropmap", "run", str(tmp_path / "job.json"), "--events"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        for line in worker.stdout:
            if "Preparing" in line:
                worker.send_signal(signal.SIGKILL)
                break
    assert not (tmp_path / "run" / "cube.tif").exists()
    done = run_job(read_job(tmp_path / "job.json"))
    assert Path(done.result["outputs"]["cube"]).read_bytes() == Path(cube["path"]).read_bytes()
