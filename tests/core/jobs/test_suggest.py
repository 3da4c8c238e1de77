from __future__ import annotations

import dataclasses
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely

from cropmap.contract.errors import CropMapError, JobError, ParameterError, SampleError
from cropmap.contract.job import Job
from cropmap.contract.progress import Cancelled, Progress
from cropmap.io.packages import write_package
from cropmap.io.projection import crs_wkt, reproject_points
from cropmap.io.samples import write_samples
from cropmap.io.vectors import read_labels
from cropmap.jobs.images import recipe_for
from cropmap.jobs.run import run_job
from cropmap.sampling.extract import extract
from cropmap.sampling.pixel_ids import pixel_ids
from cropmap.sampling.place import place
from cropmap.sources import SOURCES
from cropmap.training.fit import fit

if TYPE_CHECKING:
    from collections.abc import Callable

    from cropmap.data.samples import SampleSet
    from cropmap.testing.synthetic import SyntheticSite


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, site: SyntheticSite) -> tuple[Path, Path, SampleSet]:
    """A forest's package, its sample file, and its samples."""
    entry = SOURCES.get("folder")
    series = entry.make(entry.parse({"path": str(site.images), "masks": ["QA_PIXEL"]}))
    recipe = recipe_for({"name": "weekly_linear", "min_clear": 3, "max_gap_days": 0}, series)
    samples, _ = extract(series, place(read_labels(site.points), series.grid), recipe)
    folder = tmp_path_factory.mktemp("model")
    write_samples(folder / "samples.gpkg", samples)
    return (
        write_package(folder / "model.cropmap", fit(samples, "random_forest", {"trees": 20})),
        (folder / "samples.gpkg"),
        samples,
    )


@pytest.fixture
def asked(trained: tuple[Path, Path, SampleSet], images: dict[str, Any], tmp_path: Path) -> Callable[..., Job]:
    def job(out: str = "run", **changed: Any) -> Job:
        params = {
            "images": images,
            "package": str(trained[0]),
            "sample_set": str(trained[1]),
            "total": 12,
            "candidates": 300,
            "weight_evenness": 0,
        }
        return Job("suggest", params | changed, str(tmp_path / out))

    return job


def read(path: str | Path) -> tuple[dict[str, np.ndarray], np.ndarray, str]:
    meta, _, shapes, columns = pyogrio.raw.read(path, layer="points")
    return (
        dict(zip(meta["fields"], columns, strict=True)),
        shapely.get_coordinates(shapely.from_wkb(shapes)),
        meta["crs"],
    )


def test_points_lie_on_pixels_apart_from_each_other_and_from_the_samples(
    asked: Callable[..., Job], trained: tuple[Path, Path, SampleSet], site: SyntheticSite
) -> None:
    record = run_job(asked(min_distance_m=150.0))
    fields, points, crs = read(record.result["outputs"]["next_points"])
    samples = trained[2]
    with rasterio.open(site.truth) as truth:
        west, north = truth.bounds.left, truth.bounds.top
        assert truth.crs == rasterio.crs.CRS.from_user_input(crs)
    assert fields["order"].tolist() == list(range(1, 13))
    assert np.mod(points - [west + 15, north - 15], 30) == pytest.approx(0)
    everything = np.concatenate([points, np.column_stack([samples.x, samples.y])])
    apart = np.linalg.norm(points[:, None] - everything[None], axis=2)
    apart[np.arange(12), np.arange(12)] = np.inf
    assert apart.min() >= 150
    degrees = reproject_points(points, crs_wkt(crs), crs_wkt("EPSG:4326"))
    assert np.column_stack([fields["lon"], fields["lat"]]) == pytest.approx(degrees, abs=1e-6)
    assert fields["probability"].max() < 1
    assert not {"same", "road_m"} & set(fields)
    assert (fields["predicted"] != fields["second"]).all()
    figures = record.result["figures"]
    assert figures["uncertainty"] > figures["candidates_uncertainty"]
    assert sum(figures["predicted"].values()) == 12
    assert set(record.inputs) > {str(trained[0]), str(trained[1])}


def test_the_same_job_gives_the_same_bytes_and_another_seed_other_points(asked: Callable[..., Job]) -> None:
    one, two = (run_job(asked(out)).result["outputs"]["next_points"] for out in ("one", "two"))
    assert Path(one).read_bytes() == Path(two).read_bytes()
    other = run_job(asked("three", seed=1)).result["outputs"]["next_points"]
    assert set(read(other)[0]["id"]) != set(read(one)[0]["id"])


def test_points_stay_inside_the_area_and_near_the_roads(
    asked: Callable[..., Job], tmp_path: Path, site: SyntheticSite
) -> None:
    with rasterio.open(site.truth) as truth:
        west, north, crs = truth.bounds.left, truth.bounds.top, truth.crs.to_wkt()
    area = shapely.Point(west + 1400, north - 1400).buffer(900)
    road = shapely.LineString([(west, north - 1500), (west + 3000, north - 1500)])
    for name, shape, kind in (("area", area, "Polygon"), ("road", road, "LineString")):
        arguments = {"geometry": shapely.to_wkb(np.array([shape])), "field_data": [], "fields": []}
        pyogrio.raw.write(tmp_path / f"{name}.gpkg", **arguments, geometry_type=kind, crs=crs)
    vectors = {"area": str(tmp_path / "area.gpkg"), "roads": str(tmp_path / "road.gpkg")}
    fields, points, _ = read(
        run_job(asked(**vectors, max_access_m=400, min_distance_m=60, sample_set="")).result["outputs"]["next_points"]
    )
    found = shapely.points(points)
    assert shapely.contains(area, found).all()
    assert fields["road_m"] == pytest.approx(shapely.distance(found, road), abs=1e-3)
    assert fields["road_m"].max() <= 400
    near, _, _ = read(
        run_job(asked("near", **vectors, access_m=60, min_distance_m=60, sample_set="")).result["outputs"][
            "next_points"
        ]
    )
    assert near["road_m"].mean() < fields["road_m"].mean()


def test_filled_points_become_samples_at_their_own_pixels(asked: Callable[..., Job], images: dict[str, Any]) -> None:
    path = Path(run_job(asked()).result["outputs"]["next_points"])
    fields, points, _ = read(path)
    with closing(sqlite3.connect(path)) as file, file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f'DROP TRIGGER "{name}"')
        file.execute('UPDATE points SET class = predicted WHERE "order" > 2')
    entry = SOURCES.get("folder")
    series = entry.make(entry.parse({"path": images["path"], "masks": images["masks"]}))
    placed = place(read_labels(path), series.grid)
    assert placed.ids.tolist() == fields["id"][2:].tolist()
    assert pixel_ids(series.grid, placed.rows, placed.cols).tolist() == placed.ids.tolist()
    assert np.column_stack([placed.x, placed.y]) == pytest.approx(points[2:])
    assert [placed.legend.names[placed.legend.codes.index(code)] for code in placed.codes] == fields["predicted"][
        2:
    ].tolist()
    assert any("2 of 12 features have no class" in note for note in placed.notes)


def test_a_prepared_cube_gives_the_same_points_as_its_images(
    asked: Callable[..., Job], images: dict[str, Any], recipe: dict[str, Any], tmp_path: Path
) -> None:
    made = run_job(Job("prepare", {"images": images, "recipe": recipe}, str(tmp_path / "cube")))
    cube = {"name": "prepared", "path": made.result["outputs"]["cube"]}
    found = [
        read(run_job(asked(out, **changed)).result["outputs"]["next_points"])[0]["id"].tolist()
        for out, changed in (("images", {}), ("of_cube", {"images": cube}))
    ]
    assert found[0] == found[1]


def test_even_neighbourhoods_are_preferred(asked: Callable[..., Job]) -> None:
    even = read(run_job(asked(weight_evenness=3)).result["outputs"]["next_points"])[0]["same"]
    any_ = read(run_job(asked("any", weight_evenness=0.01)).result["outputs"]["next_points"])[0]["same"]
    assert even.mean() > any_.mean()


def test_the_command_line_takes_it(asked: Callable[..., Job], tmp_path: Path) -> None:
    asked("run").write(tmp_path / "job.json")
    command = [sys.executable, "-m", "cropmap", "run", str(tmp_path / "job.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert record["result"]["figures"]["points"] == 12


def test_it_can_be_cancelled_and_leaves_no_result(asked: Callable[..., Job], tmp_path: Path) -> None:
    seen: list[str] = []
    progress = Progress(lambda _, text: seen.append(text), cancelled=lambda: "Choosing points" in seen)
    with pytest.raises(Cancelled):
        run_job(asked(), progress=progress)
    assert not (tmp_path / "run" / "run.json").exists()
    assert not (tmp_path / "run" / "next_points.gpkg").exists()


@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        ({"total": 50, "candidates": 40}, JobError, "50 points are wanted of 40 candidates"),
        ({"max_access_m": 10.0}, JobError, "needs roads"),
        ({"uncertainty": "doubt"}, ParameterError, "doubt"),
        ({"area": "/nowhere.gpkg"}, SampleError, "no such file"),
        ({"min_distance_m": 9000.0}, SampleError, "None of the"),
    ],
)
def test_what_cannot_be_asked(
    asked: Callable[..., Job], tmp_path: Path, changed: dict[str, Any], kind: type[CropMapError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        run_job(asked(**changed))
    assert not (tmp_path / "run" / "next_points.gpkg").exists()


def test_samples_prepared_otherwise_are_refused(
    asked: Callable[..., Job], trained: tuple[Path, Path, SampleSet], tmp_path: Path
) -> None:
    samples = trained[2]
    shorter = dataclasses.replace(samples, values=samples.values[:, :-1], days=samples.days[:-1])
    write_samples(tmp_path / "other.gpkg", shorter)
    with pytest.raises(SampleError, match="time steps"):
        run_job(asked(sample_set=str(tmp_path / "other.gpkg")))


def written(path: Path, shape: Any, crs: str) -> str:
    wkb = shapely.to_wkb(np.array([shape]))
    pyogrio.raw.write(path, wkb, [], [], geometry_type=shape.geom_type, crs=crs)
    return str(path)


def test_an_area_that_holds_no_pixel_is_told_with_its_file(
    asked: Callable[..., Job], site: SyntheticSite, tmp_path: Path
) -> None:
    with rasterio.open(site.truth) as raster:
        west, _, _, north = raster.bounds
        crs = raster.crs.to_wkt()
    corner = written(tmp_path / "corner.gpkg", shapely.box(west + 1, north - 5, west + 5, north - 1), crs)
    with pytest.raises(SampleError, match=r"No pixel's centre lies in the area\."):
        run_job(asked("a", area=corner))
    with pytest.raises(SampleError, match=r"lies in the area and within 100 m of a road\."):
        run_job(asked("b", area=corner, roads=corner, max_access_m=100.0))
    for name, shape, words in (
        ("away", shapely.box(0, 0, 9, 9), "outside the images"),
        ("line", shapely.LineString([(west, north), (west + 900, north - 900)]), "holds no polygon"),
    ):
        path = written(tmp_path / f"{name}.gpkg", shape, crs)
        with pytest.raises(SampleError, match=words) as error:
            run_job(asked(name, area=path))
        assert error.value.where == path


def test_roads_far_away_are_doubted_and_change_little(
    asked: Callable[..., Job], site: SyntheticSite, tmp_path: Path
) -> None:
    with rasterio.open(site.truth) as raster:
        west, _, _, north = raster.bounds
        crs = raster.crs.to_wkt()
    # So far that exp(-distance / 500 m) is no number above 0 any more.
    line = shapely.LineString([(west, north + 600_000), (west + 9000, north + 600_000)])
    record = run_job(asked(roads=written(tmp_path / "roads.gpkg", line, crs), total=10))
    assert record.result["figures"]["points"] == 10
    assert any("The nearest road is 60" in note for note in record.result["warnings"])


def test_fewer_points_than_wanted_are_told(asked: Callable[..., Job]) -> None:
    record = run_job(asked(total=250, min_distance_m=400.0, sample_set=""))
    assert 0 < record.result["figures"]["points"] < 250
    assert any("instead of 250" in note for note in record.result["warnings"])
