from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from scipy import ndimage
from scipy.spatial import cKDTree

from cropmap.__main__ import main
from cropmap.contract.errors import GridError, LegendError, OutputError, ParameterError, SampleError
from cropmap.contract.job import Job
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.cdl import cdl_legend
from cropmap.data.schemes import scheme_of
from cropmap.io.vectors import read_labels
from cropmap.jobs.run import run_job
from cropmap.testing.synthetic import SyntheticOptions, SyntheticSite, write_site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PIXELS = 96


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> SyntheticSite:
    options = SyntheticOptions(size=PIXELS, points=20, revisit_days=32, cloud_share=0.0, seed=3, field_scale=0.6)
    return write_site(tmp_path_factory.mktemp("land"), options)


@pytest.fixture(scope="module")
def asked(land: SyntheticSite) -> Callable[..., Job]:
    def job(out: Path, **changed: Any) -> Job:
        params = {
            "maps": [str(path) for path in land.history.values()],
            "confidence_layers": [str(land.confidence)],
            "min_agreement": 50.0,
            "total": 90,
        }
        return Job("trust", params | changed, str(out))

    return job


@pytest.fixture(scope="module")
def done(asked: Callable[..., Job], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "trust"
    run_job(asked(out, min_distance_m=60.0))
    return out


def bands(path: Path):
    with rasterio.open(path) as raster:
        return raster.read()


def points(path: Path):
    meta, _, shapes, columns = pyogrio.raw.read(path / "trusted_points.gpkg")
    found = dict(zip(meta["fields"].tolist(), columns, strict=True))
    xy = shapely.get_coordinates(shapely.from_wkb(shapes))
    with rasterio.open(path / "trusted.tif") as raster:
        west, north = raster.bounds.left, raster.bounds.top
    rows, cols = ((north - xy[:, 1]) // 30).astype(int), ((xy[:, 0] - west) // 30).astype(int)
    return found, xy, rows, cols


def figures(path: Path) -> dict[str, Any]:
    return json.loads((path / "run.json").read_text())["result"]["figures"]


def test_points_stand_on_trusted_pixels_of_their_class(done):
    codes, patterns = bands(done / "trusted.tif")
    found, xy, rows, cols = points(done)
    names = np.array(["Corn", "Soybean", "Other"])
    assert (names[codes[rows, cols]] == found["class"]).all()
    assert (np.array(["none", "monocrop", "rotation", "stable_other"])[patterns[rows, cols]] == found["pattern"]).all()
    assert cKDTree(xy).query(xy, k=2)[0][:, 1].min() >= 60
    assert len(set(found["id"])) == len(xy) == 90
    assert found["id"][0] == f"E{xy[0, 0]:.0f}N{xy[0, 1]:.0f}@32615"
    assert set(found["year"]) == {2023}
    told = figures(done)
    assert told["points"] == {name: int((found["class"] == name).sum()) for name in names} == dict.fromkeys(names, 30)
    assert told["pixels"] == {name: int((codes == code).sum()) for code, name in enumerate(names)}
    for name in names:
        assert found["draw"][found["class"] == name].tolist() == list(range(1, 31))


def test_a_point_bears_the_confidence_of_its_pixel(done, land):
    found, _, rows, cols = points(done)
    assert (found["confidence"] == bands(land.confidence)[0][rows, cols]).all()
    assert found["confidence"].min() >= 90


def test_a_group_is_a_field_of_one_history(done, land):
    target = scheme_of("corn_soybean_other").lookup(None).target
    stack = np.stack([target[bands(land.history[year])[0]] for year in range(2016, 2024)])
    _, combined = np.unique(stack.reshape(8, -1), axis=1, return_inverse=True)
    combined = combined.reshape(stack.shape[1:])
    found, _, rows, cols = points(done)
    own, wide = np.zeros(len(rows), int), np.zeros(len(rows), bool)
    for k, (row, col) in enumerate(zip(rows, cols, strict=True)):
        labels, _ = ndimage.label(combined == combined[row, col])
        own[k] = np.flatnonzero(labels == labels[row, col])[0]
        wide[k] = max(np.ptp(side) for side in np.nonzero(labels == labels[row, col])) >= 2000 // 30
    whole = np.array([group.partition("/")[0] for group in found["group"]])
    assert ((whole[:, None] == whole[None]) == (own[:, None] == own[None])).all()
    assert (np.array(["/" in group for group in found["group"]]) == wide).all()
    assert 1 < len(set(whole)) < len(rows)


def test_the_tables_agree_with_the_raster(done):
    codes = bands(done / "trusted.tif")[0]
    rows = list(csv.DictReader((done / "yield.csv").read_text(encoding="utf-8").splitlines()))
    last = {row["class"]: int(row["left_in_order"]) for row in rows if row["rule"] == rows[-1]["rule"]}
    assert last == {name: int((codes == code).sum()) for code, name in enumerate(["Corn", "Soybean", "Other"])}
    counts = json.loads((done / "counts.json").read_text(encoding="utf-8"))
    needed = sum(counts["bits"][rule] for rule in counts["switched"])
    for code, name in enumerate(["Corn", "Soybean", "Other"]):
        left = [n for own, pattern, bits, n in counts["counts"] if own == code and pattern and bits & needed == needed]
        assert sum(left) == last[name]
    assert scheme_of((done / "scheme.txt").read_text(encoding="utf-8")).legend.names == ("Corn", "Soybean", "Other")


def test_trusted_pixels_are_purer_than_the_map(done, land):
    truth = scheme_of("corn_soybean_other").lookup(None).target[bands(land.truth)[0]]
    shown = scheme_of("corn_soybean_other").lookup(None).target[bands(land.history[2023])[0]]
    codes = bands(done / "trusted.tif")[0]
    classed = bands(land.truth)[0] != 255
    kept = classed & (codes != 255)
    raw, pure = (shown == truth)[classed].mean(), (codes == truth)[kept].mean()
    assert pure > 0.99 > raw


def test_the_page_says_what_it_is_worth(done):
    page = (done / "report.html").read_text(encoding="utf-8")
    for text in ("easy pixels", "independent probability sample", "monocrop or rotation or stable_other", "Soybean"):
        assert text in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert 'src="http' not in page


def test_the_points_are_a_label_file_of_the_job_sample(done, land, tmp_path):
    features = read_labels(done / "trusted_points.gpkg")
    found, *_ = points(done)
    assert (features.labels == found["class"]).all()
    assert (features.ids == found["id"]).all()
    assert (features.groups == found["group"]).all()
    params = {
        "images": {"name": "folder", "path": str(land.images), "masks": ["QA_PIXEL"]},
        "samples": str(done / "trusted_points.gpkg"),
        "recipe": {"name": "weekly_linear", "min_clear": 2, "max_gap_days": 0},
        "folds": 2,
        "block_km": 0.5,
    }
    record = run_job(Job("sample", params, str(tmp_path / "sample")))
    assert record.result["figures"]["classes"] == {"Corn": 30, "Other": 30, "Soybean": 30}


def test_the_same_job_gives_the_same_bytes_whatever_the_threads(done, asked, tmp_path):
    run_job(asked(tmp_path / "again", min_distance_m=60.0, threads=1))
    for name in ("trusted.tif", "trusted_points.gpkg", "yield.csv", "counts.json", "agreement.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (done / name).read_bytes()
    run_job(asked(tmp_path / "other", min_distance_m=60.0, seed=1))
    assert set(points(tmp_path / "other")[0]["id"]) != set(points(done)[0]["id"])


def test_other_allocations_and_spread(asked, tmp_path):
    changed = {"allocation": "neyman", "accuracies": {"Corn": 0.6}, "minimum": 5, "spread": "cells", "cell_km": 0.5}
    run_job(asked(tmp_path / "run", **changed))
    told = figures(tmp_path / "run")
    weights = np.array([told["pixels"][name] for name in ("Corn", "Soybean", "Other")]) * np.sqrt([0.24, 0.09, 0.09])
    expected = 90 * weights / weights.sum()
    assert expected.min() > 5
    assert np.abs(np.array(list(told["points"].values())) - expected).max() < 1
    assert sum(told["points"].values()) == 90


def test_from_the_command_line_without_points(asked, tmp_path, capsys):
    asked(tmp_path / "run", total=0).write(tmp_path / "job.json")
    assert main(["run", str(tmp_path / "job.json")]) == 0
    capsys.readouterr()
    assert not (tmp_path / "run" / "trusted_points.gpkg").exists()
    assert "points" not in figures(tmp_path / "run")
    assert "Drawn" not in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_in_season_the_years_before_foretell(asked, land, tmp_path):
    maps = [str(path) for year, path in land.history.items() if year < 2023]
    run_job(asked(tmp_path / "run", maps=maps, target_year=2023, legend="cdl", confidence_layers=[]))
    assert figures(tmp_path / "run")["in_season"]
    found, *_ = points(tmp_path / "run")
    assert set(found["year"]) == {2023}
    assert "confidence" not in found
    assert "No map of 2023 was given" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_an_emptied_class_is_refused_before_drawing_or_left_out(asked, tmp_path):
    # Nobody grows wheat for seven years, and not in turn with one other crop.
    changed = {"scheme": "Corn = 1; Wheat = 24; Other = ; rest = Other"}
    with pytest.raises(SampleError) as error:
        run_job(asked(tmp_path / "refused", **changed))
    assert "No pixel of class 'Wheat' is left: rule" in error.value.what
    assert (tmp_path / "refused" / "yield.csv").exists()
    assert not (tmp_path / "refused" / "trusted_points.gpkg").exists()
    assert not (tmp_path / "refused" / "run.json").exists()
    record = run_job(asked(tmp_path / "skipped", **changed, skip_empty=True))
    assert record.result["figures"]["points"]["Wheat"] == 0
    assert any("No pixel of class 'Wheat' is left" in note for note in record.result["warnings"])
    assert sum(record.result["figures"]["points"].values()) == 90


def test_the_folder_of_a_refused_job_takes_the_corrected_one(asked, tmp_path):
    out, wheat = tmp_path / "run", {"scheme": "Corn = 1; Wheat = 24; Other = ; rest = Other"}
    with pytest.raises(SampleError) as error:
        run_job(asked(out, **wheat))
    assert (out / "refused.txt").read_text(encoding="utf-8") == f"{error.value}\n"
    # Not one of another kind, which would leave what the first one wrote.
    with pytest.raises(OutputError, match="another job"):
        run_job(Job("inspect", {"images": {"name": "folder", "path": str(tmp_path)}}, str(out)))
    with pytest.raises(SampleError, match="Wheat"):
        run_job(asked(out, **wheat, seed=1))
    run_job(asked(out, **wheat, skip_empty=True))
    assert not (out / "refused.txt").exists()
    assert "Wheat [1]" in (out / "scheme.txt").read_text(encoding="utf-8")


def test_a_class_that_no_map_holds_is_told(asked, tmp_path):
    record = run_job(asked(tmp_path / "run", scheme="Corn = 1; Rice = 3; Other = ; rest = Other"))
    assert "The maps hold no pixel of class 'Rice'." in record.result["warnings"]


def test_fewer_pixels_than_points_are_told(asked, tmp_path):
    record = run_job(asked(tmp_path / "run", total=100_000))
    assert record.result["figures"]["points"] == record.result["figures"]["pixels"]
    assert any("100,000 points are asked for" in note for note in record.result["warnings"])


@pytest.mark.parametrize("share", [0.3, 0.65, 0.8])
def test_a_cancelled_job_leaves_nothing_that_looks_whole(asked, tmp_path, share):
    reached: list[float] = []
    progress = Progress(lambda done, _: reached.append(done), cancelled=lambda: bool(reached) and reached[-1] >= share)
    with pytest.raises(Cancelled):
        run_job(asked(tmp_path / "run"), progress=progress)
    left = {path.name for path in (tmp_path / "run").iterdir()}
    assert "run.json" not in left
    assert "trusted_points.gpkg" not in left
    assert not any(name.startswith(".") for name in left)
    run_job(asked(tmp_path / "run"))
    assert (tmp_path / "run" / "run.json").exists()


def test_each_class_that_the_maps_hold_may_be_one(asked, land, tmp_path):
    held = np.unique(np.concatenate([np.unique(bands(path)) for path in land.history.values()]))
    names = {found.name for found in cdl_legend().classes if found.code in held} - {"Background"}
    record = run_job(asked(tmp_path / "run", scheme="", legend="cdl", total=0))
    assert set(record.result["figures"]["pixels"]) == names
    assert 5 < len(names) < 12
    legend = tmp_path / "other.json"
    legend.write_text('[{"code": 200, "name": "Rice", "colour": "#112233"}]')
    with pytest.raises(LegendError, match="no class that their legend names"):
        run_job(asked(tmp_path / "other", scheme="", legend=str(legend), total=0))


def test_names_that_the_maps_lack_are_told(asked, tmp_path):
    scheme = "Corn = corn; Soya = soja, Soybene; Other = ; rest = Other"
    record = run_job(asked(tmp_path / "run", scheme=scheme, legend="cdl"))
    assert "The scheme names what the maps' legend does not have: 'Soybene'." in record.result["warnings"]


def changed(path, source, change):
    with rasterio.open(source) as raster:
        profile, values = raster.profile, change(raster.read())
    with rasterio.open(path, "w", **{**profile, "dtype": values.dtype, "nodata": None}) as raster:
        raster.write(values)
    return str(path)


def test_a_layer_that_takes_everything_is_doubted(asked, land, tmp_path):
    shares = changed(tmp_path / "shares.tif", land.confidence, lambda values: (values / 200).astype("float32"))
    with pytest.raises(SampleError, match=r"The confidence layer says from 0\.\d+ to 0\.5 percent\."):
        run_job(asked(tmp_path / "a", confidence_layers=[shares]))
    crops = changed(tmp_path / "crops.tif", land.history[2023], lambda codes: np.isin(codes, [1, 5]).astype("uint8"))
    with pytest.raises(SampleError, match="holds no 2, which stands for cultivated land"):
        run_job(asked(tmp_path / "b", cultivated_layers=[crops]))
    away = tmp_path / "away.gpkg"
    square = shapely.to_wkb(np.array([shapely.box(0, 0, 900, 900)]))
    pyogrio.raw.write(away, square, [], [], geometry_type="Polygon", crs="EPSG:32615")
    with pytest.raises(SampleError, match="No pixel with a class lies in the site"):
        run_job(asked(tmp_path / "c", site=str(away)))
    # Without points to draw it is no reason to stop.
    record = run_job(asked(tmp_path / "d", site=str(away), total=0))
    assert "No pixel with a class lies in the site." in record.result["warnings"]


def test_a_map_without_a_class_is_refused(asked, land, tmp_path):
    maps = [str(path) for year, path in land.history.items() if year < 2023]
    empty = changed(tmp_path / "map_2023.tif", land.history[2023], lambda codes: np.full_like(codes, 255))
    with pytest.raises(SampleError, match="No pixel of the map of 2023 has a class") as error:
        run_job(asked(tmp_path / "a", maps=[*maps, empty], total=0))
    assert error.value.where == empty


def test_maps_without_a_crs_give_no_points(asked, land, tmp_path):
    maps = []
    for year, path in land.history.items():
        with rasterio.open(path) as raster:
            profile, codes = raster.profile, raster.read()
        maps.append(str(tmp_path / f"map_{year}.tif"))
        with rasterio.open(maps[-1], "w", **{**profile, "crs": None}) as raster:
            raster.write(codes)
    with pytest.raises(GridError, match="no place"):
        run_job(asked(tmp_path / "a", maps=maps, confidence_layers=[]))
    run_job(asked(tmp_path / "a", maps=maps, confidence_layers=[], total=0))


def test_one_layer_of_a_file_is_the_site(asked, land, tmp_path):
    with rasterio.open(land.history[2023]) as raster:
        whole = shapely.box(*raster.bounds)
    half = shapely.box(whole.bounds[0], whole.bounds[1], whole.centroid.x, whole.bounds[3])
    path = tmp_path / "project.gpkg"
    for layer, shape in (("region", whole), ("site", half), ("border", half.exterior)):
        wkb = shapely.to_wkb(np.array([shape]))
        more = {"geometry_type": shape.geom_type.replace("LinearRing", "LineString"), "crs": "EPSG:32615"}
        pyogrio.raw.write(path, wkb, [], [], layer=layer, append=path.exists(), **more)
    with pytest.raises(SampleError, match="The file has 3 layers") as error:
        run_job(asked(tmp_path / "a", site=str(path)))
    assert "|layername=region" in error.value.fix
    with pytest.raises(SampleError, match="holds no polygon"):
        run_job(asked(tmp_path / "a", site=f"{path}|layername=border"))
    record = run_job(asked(tmp_path / "a", site=f"{path}|layername=site"))
    assert str(path) in record.inputs
    _, cols = np.nonzero(bands(tmp_path / "a" / "trusted.tif")[0] < 255)
    assert PIXELS // 3 < cols.max() < PIXELS // 2


def test_wrong_values_are_refused(asked, tmp_path, land):
    with pytest.raises(ParameterError, match="accuracies: 90 of 'Corn'"):
        run_job(asked(tmp_path / "a", accuracies={"Corn": 90}))
    with pytest.raises(ParameterError, match="minimum: a random draw"):
        run_job(asked(tmp_path / "a", allocation="random", minimum=2))
    with pytest.raises(ParameterError, match="'Maize' is no class"):
        run_job(asked(tmp_path / "a", accuracies={"Maize": 0.9}))
    with pytest.raises(ParameterError, match="no middle"):
        run_job(asked(tmp_path / "b", homogeneous=4))
    with pytest.raises(LegendError, match="cannot be read"):
        run_job(asked(tmp_path / "c", legend=str(tmp_path / "none.json")))
    with pytest.raises(ParameterError, match="maps"):
        run_job(Job("trust", {"maps": []}, str(tmp_path / "d")))
    bare = tmp_path / "bare_2023.tif"
    with rasterio.open(land.history[2023]) as raster:
        profile, codes = raster.profile, raster.read()
    with rasterio.open(bare, "w", **profile) as raster:
        raster.write(codes)
    with pytest.raises(ParameterError, match="tell no names"):
        run_job(asked(tmp_path / "e", maps=[str(bare)], scheme=""))
