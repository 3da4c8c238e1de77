from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely

from cropmap.assessment.reference import map_accuracy
from cropmap.contract.errors import CropMapError, GridError, LegendError, ParameterError, SampleError
from cropmap.contract.job import Job
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.site import Grid
from cropmap.io.maps import MapPlan, MapWriter, read_map
from cropmap.io.projection import crs_wkt
from cropmap.io.vectors import read_labels
from cropmap.jobs.design import _drawn
from cropmap.jobs.run import run_job
from cropmap.sampling.design import DesignWishes, make_design, strata_of
from cropmap.sampling.place import place

if TYPE_CHECKING:
    from collections.abc import Callable

LEGEND = Legend(
    (LegendClass(1, "corn", "#ffd300"), LegendClass(5, "soybean", "#267000"), LegendClass(9, "flax", "#7b9fcc"))
)
SIZE = 120


def codes_of(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    codes = rng.choice(np.array([1, 5, 9, 255], np.uint8), (SIZE, SIZE), p=[0.6, 0.3, 0.02, 0.08])
    return np.asarray(codes, np.uint8)


def map_in(folder: Path, crs: str) -> Path:
    grid = Grid(crs, 500_000.0, 5_000_000.0, 30.0, 30.0, SIZE, SIZE)
    plan = MapPlan(folder, grid, LEGEND, tuple(grid.windows(SIZE)), "x", confidence=False)
    with MapWriter(plan) as writer:
        writer.write(plan.windows[0], codes_of(0))
        return writer.finish().path


@pytest.fixture
def class_map(tmp_path: Path) -> Path:
    return map_in(tmp_path / "map", crs_wkt("EPSG:32615"))


@pytest.fixture
def asked(class_map: Path, tmp_path: Path) -> Callable[..., Job]:
    def job(out: str = "run", **changed: Any) -> Job:
        params = {"class_map": str(class_map), "standard_error": 0.02, "accuracies": {"Corn": 0.9, "flax": 0.6}}
        return Job("design", params | changed, str(tmp_path / out))

    return job


def table(path: str | Path) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read(path: str | Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    meta, _, shapes, columns = pyogrio.raw.read(path, layer="points")
    return dict(zip(meta["fields"], columns, strict=True)), shapely.get_coordinates(shapely.from_wkb(shapes))


def test_the_points_are_those_of_the_design_and_do_not_tell_the_map(asked: Callable[..., Job]) -> None:
    record = run_job(asked(minimum=40))
    outputs, figures = record.result["outputs"], record.result["figures"]
    fields, points = read(outputs["validation_points"])
    assert [*fields] == ["order", "id", "lon", "lat", "class", "date", "observer", "note"]
    strata = table(outputs["strata"])
    assert [row["id"] for row in strata] == fields["id"].tolist()
    # Each point stands on a pixel of the class that the separate table says.
    rows, cols = ((5_000_000 - points[:, 1]) // 30).astype(int), ((points[:, 0] - 500_000) // 30).astype(int)
    codes = codes_of(0)
    assert codes[rows, cols].tolist() == [int(row["code"]) for row in strata]
    assert len(set(zip(rows, cols, strict=True))) == len(points) == figures["points"]
    # The classes are mixed: no class stands in one piece.
    assert len([k for k in range(1, len(strata)) if strata[k]["code"] != strata[k - 1]["code"]]) > len(strata) / 5
    for row in table(outputs["design"]):
        code, pixels, count = int(row["code"]), int(row["pixels"]), int(row["points"])
        assert pixels == (codes == code).sum()
        assert count == figures["points_by_class"][row["class"]] == sum(each["code"] == row["code"] for each in strata)
        assert float(row["chance"]) == pytest.approx(count / pixels)
        assert float(row["pixels_a_point"]) == pytest.approx(pixels / count)
    # What the points stand for adds up to the whole map.
    assert sum(float(row["pixels_a_point"]) for row in strata) == pytest.approx((codes != 255).sum())
    assert figures["points_by_class"]["flax"] == 40
    assert figures["unmapped_pixels"] == (codes == 255).sum()


def test_on_request_the_mapped_class_is_shown(asked: Callable[..., Job]) -> None:
    outputs = run_job(asked(blind=False)).result["outputs"]
    assert read(outputs["validation_points"])[0]["mapped"].tolist() == [
        row["class"] for row in table(outputs["strata"])
    ]


def test_the_same_job_gives_the_same_bytes(asked: Callable[..., Job]) -> None:
    one, two = (run_job(asked(out)).result["outputs"] for out in ("one", "two"))
    for name in ("validation_points", "strata", "design"):
        assert Path(one[name]).read_bytes() == Path(two[name]).read_bytes()


def test_filled_points_judge_the_map(asked: Callable[..., Job], class_map: Path) -> None:
    """Fill in a truth, and compare job `assess`'s reading of it with a count by hand."""
    outputs = run_job(asked()).result["outputs"]
    truth = {row["id"]: row["class"] for row in table(outputs["strata"])}
    wrong = list(truth)[::7]
    truth |= {own: "soybean" if truth[own] == "corn" else "corn" for own in wrong}
    with closing(sqlite3.connect(outputs["validation_points"])) as file, file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f'DROP TRIGGER "{name}"')
        file.executemany("UPDATE points SET class = ? WHERE id = ?", [(name, own) for own, name in truth.items()])
    found = read_map(class_map)
    placed = place(read_labels(outputs["validation_points"]), found.grid)
    accuracy = map_accuracy(found, placed)
    assert accuracy.total == len(truth)
    assert accuracy.overall == pytest.approx(1 - len(wrong) / len(truth))


def test_drawn_accuracies_scatter_as_the_design_says(class_map: Path) -> None:
    """Many draws by seed from one map with a fixed truth: the stratified estimate's spread is the one to expect."""
    rng = np.random.default_rng(1)
    found, codes = read_map(class_map), codes_of(0)
    expected = {"corn": 0.8, "soybean": 0.7, "flax": 0.6}
    right = np.zeros(codes.shape, bool)
    for each in LEGEND.classes:
        place_of = np.flatnonzero(codes == each.code)
        right.flat[rng.permutation(place_of)[: round(expected[each.name] * len(place_of))]] = True
    made = make_design(strata_of(found, expected, 0.8), DesignWishes(0.04, "olofsson", 20))
    position = {each.code: k for k, each in enumerate(made.strata.classes)}
    estimates = []
    for seed in range(150):
        drawn = _drawn(found, made, seed, Progress())
        stratum = np.array([position[code] for code in drawn.codes.tolist()])
        hits = np.bincount(stratum, weights=right[drawn.rows, drawn.cols])
        estimates.append(float((made.strata.shares * hits / made.counts).sum()))
    # The standard deviation of 150 draws is known to 5.8 %, their mean to a twelfth of it: three times that.
    assert np.std(estimates, ddof=1) == pytest.approx(made.overall_error, rel=0.17)
    truth = right[codes != 255].mean()
    assert abs(np.mean(estimates) - truth) < 3 * made.overall_error / 150**0.5


def test_it_can_be_cancelled_and_leaves_no_result(asked: Callable[..., Job], tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        run_job(asked(), progress=Progress(cancelled=lambda: True))
    assert not (tmp_path / "run" / "run.json").exists()
    assert not (tmp_path / "run" / "validation_points.gpkg").exists()


@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        ({"accuracies": {"wheat": 0.9}}, SampleError, "'wheat'"),
        ({"accuracies": {"corn": 1.0}}, SampleError, "between 0 and 1"),
        ({"total": 30}, SampleError, "50"),
        ({"allocation": "fair"}, ParameterError, "fair"),
        ({"standard_error": 0.0}, ParameterError, "standard_error"),
    ],
)
def test_what_cannot_be_asked(
    asked: Callable[..., Job], tmp_path: Path, changed: dict[str, Any], kind: type[CropMapError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        run_job(asked(**changed))
    assert not (tmp_path / "run" / "validation_points.gpkg").exists()


def test_a_map_without_legend_or_crs_is_refused(asked: Callable[..., Job], tmp_path: Path) -> None:
    profile = {"driver": "GTiff", "width": 20, "height": 20, "count": 1, "dtype": "uint8", "crs": "EPSG:32615"}
    with rasterio.open(
        tmp_path / "plain.tif", "w", **profile, transform=rasterio.Affine(30, 0, 0, 0, -30, 0)
    ) as raster:
        raster.write(np.ones((1, 20, 20), np.uint8))
    with pytest.raises(LegendError):
        run_job(asked(class_map=str(tmp_path / "plain.tif"), accuracies={}))
    with pytest.raises(GridError, match="no coordinate reference system"):
        run_job(asked(class_map=str(map_in(tmp_path / "nowhere", ""))))


def test_a_map_without_names_is_judged_by_a_legend(asked: Callable[..., Job], tmp_path: Path) -> None:
    profile = {"driver": "GTiff", "width": SIZE, "height": SIZE, "count": 1, "dtype": "uint8", "crs": "EPSG:32615"}
    path = tmp_path / "plain.tif"
    with rasterio.open(path, "w", **profile, transform=rasterio.Affine(30, 0, 0, 0, -30, 0)) as raster:
        raster.write(codes_of(1), 1)
    record = run_job(asked(class_map=str(path), legend="cdl", accuracies={"soybeans": 0.7}))
    points = record.result["figures"]["points_by_class"]
    assert set(points) == {"Corn", "Soybeans"}
    assert "hold codes that the map's legend lacks" in record.result["warnings"][0]
    strata = table(record.result["outputs"]["strata"])
    assert {row["class"] for row in strata} == set(points)
    # What a perfect interpreter fills in judges the same map.
    filled = tmp_path / "filled.csv"
    fields, places = read(record.result["outputs"]["validation_points"])
    names = {row["id"]: row["class"] for row in strata}
    rows = [f"{x},{y},{names[own]}" for own, (x, y) in zip(fields["id"], places, strict=True)]
    filled.write_text("\n".join(["x,y,class", *rows]) + "\n", encoding="utf-8")
    judged = {"class_map": str(path), "legend": "CDL", "reference": str(filled), "reference_crs": "EPSG:32615"}
    figures = run_job(Job("assess", judged, str(tmp_path / "judged"))).result["figures"]
    assert figures["overall_accuracy"] == 1.0
