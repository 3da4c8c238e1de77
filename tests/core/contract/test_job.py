"""Job files."""

from __future__ import annotations

import json

import pytest

from cropmap.contract.errors import JobError
from cropmap.contract.job import Job, job_of, read_job, resolve_paths

SCHEMA = {
    "properties": {
        "folder": {"x-kind": "folder"},
        "raster": {"x-kind": "raster"},
        "out": {"x-kind": "output_folder"},
        "maps": {"x-kind": "rasters"},
        "classes": {"x-kind": "scheme"},
        "name": {"x-kind": "text"},
        "empty": {"x-kind": "file"},
    }
}


def test_a_job_survives_its_file(tmp_path):
    job = Job("map", {"seed": 3, "images": {"name": "folder", "folder": "š"}}, "runs/a")
    job.write(tmp_path / "job.json")
    assert read_job(tmp_path / "job.json") == job
    assert "š" in (tmp_path / "job.json").read_text(encoding="utf-8")


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / "job.json").write_text(Job("map").to_json(), encoding="utf-8-sig")
    assert read_job(tmp_path / "job.json") == Job("map")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(JobError, match=r"cannot be read: No such file.*job\.json"):
        read_job(tmp_path / "job.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[]", 'It must hold {"cropmap_job": 1'),
        (b"{}", "This is not a job file"),
        (b'{"cropmap_job": 2}', "has format 2; this version reads 1"),
        (b'{"cropmap_job": 1, "kind": "map", "extra": 1, "beyond": 2}', "unknown keys: beyond, extra. .* Remove them"),
        (b'{"cropmap_job": 1}', "kind and out must be text"),
        (b'{"cropmap_job": 1, "kind": "map", "params": []}', "params a table"),
        (b'{"cropmap_job": 1, "kind": "map", "out": null}', "kind and out must be text"),
    ],
)
def test_a_file_that_is_no_job_is_refused(tmp_path, content, message):
    (tmp_path / "job.json").write_bytes(content)
    with pytest.raises(JobError, match=message):
        read_job(tmp_path / "job.json")


def test_params_and_out_may_be_left_out():
    assert job_of({"cropmap_job": 1, "kind": "demo"}) == Job("demo", {}, "")


def test_a_written_job_names_its_format():
    assert json.loads(Job("demo").to_json())["cropmap_job"] == 1


def test_relative_paths_start_from_the_job_file(tmp_path):
    values = {"folder": "images", "raster": str(tmp_path / "a.tif"), "out": "../out", "name": "x/y", "empty": ""}
    assert resolve_paths(SCHEMA, values, tmp_path / "jobs") == {
        "folder": str(tmp_path / "jobs" / "images"),
        "raster": str(tmp_path / "a.tif"),
        "out": str(tmp_path / "out"),
        "name": "x/y",
        "empty": "",
    }


def test_each_of_several_rasters_starts_from_the_job_file(tmp_path):
    maps = ["a.tif", str(tmp_path / "b.tif"), "NETCDF:c.nc:x", "../d.tif", "", 3]
    found = resolve_paths(SCHEMA, {"maps": maps, "classes": "a/b = c"}, tmp_path / "jobs")
    whole = [str(tmp_path / path) for path in ("jobs/a.tif", "b.tif", "d.tif")]
    assert found == {"maps": [*whole[:2], "NETCDF:c.nc:x", whole[2], "", 3], "classes": "a/b = c"}


def test_home_is_where_the_tilde_says(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert resolve_paths(SCHEMA, {"folder": "~/images"}, tmp_path / "x") == {"folder": str(tmp_path / "images")}


def test_a_name_that_begins_with_a_tilde_is_a_name(tmp_path):
    assert resolve_paths(SCHEMA, {"raster": "~$a.tif"}, tmp_path) == {"raster": str(tmp_path / "~$a.tif")}


@pytest.mark.parametrize(
    "value",
    [
        "NETCDF:a.nc:x",
        'netcdf:"a b.nc":x',
        "GTIFF_DIR:2:a.tif",
        "https://example.org/a.tif?b=../c",
        "/vsizip/a.zip/a.tif",
        "/vsicurl/https://example.org/a.tif",
    ],
)
def test_what_only_gdal_can_open_is_left_alone(tmp_path, value):
    assert resolve_paths(SCHEMA, {"raster": value}, tmp_path) == {"raster": value}


def test_a_layer_of_a_file_keeps_its_name(tmp_path):
    value = "../a.gpkg|layername=x/../y"
    assert resolve_paths(SCHEMA, {"raster": value}, tmp_path / "jobs") == {
        "raster": f"{tmp_path / 'a.gpkg'}|layername=x/../y"
    }


@pytest.mark.parametrize("name", ["a:1.tif", "2023-04-22T10:30.tif", "a|b.tif"])
def test_a_name_with_a_colon_or_a_bar_is_a_name(tmp_path, name):
    assert resolve_paths(SCHEMA, {"raster": name}, tmp_path) == {"raster": str(tmp_path / name)}


def test_a_result_is_always_a_path(tmp_path):
    assert resolve_paths(SCHEMA, {"out": "maize:2023"}, tmp_path) == {"out": str(tmp_path / "maize:2023")}


def test_values_that_are_no_paths_are_left_to_the_check(tmp_path):
    assert resolve_paths(SCHEMA, {"folder": 3, "strange": 1}, tmp_path) == {"folder": 3, "strange": 1}


def test_the_values_given_are_not_changed(tmp_path):
    values = {"folder": "images"}
    resolve_paths(SCHEMA, values, tmp_path)
    assert values == {"folder": "images"}


def test_packages_of_a_list_are_paths_whatever_their_names(tmp_path):
    declared = {"properties": {"models": {"x-kind": "packages"}}}
    found = resolve_paths(declared, {"models": ["2016=a.cropmap", "/b.cropmap"]}, tmp_path)
    assert found == {"models": [str(tmp_path / "2016=a.cropmap"), "/b.cropmap"]}


def test_a_year_before_a_path_stays_before_it(tmp_path):
    declared = {"properties": {"maps": {"x-kind": "rasters"}}}
    found = resolve_paths(declared, {"maps": ["2016=a.tif", "2017 = /b.tif"]}, tmp_path)
    assert found == {"maps": [f"2016={tmp_path / 'a.tif'}", "2017=/b.tif"]}
