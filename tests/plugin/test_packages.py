"""Reading, renaming, copying and deleting model packages without opening their weights."""

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from cropmap.contract.errors import OutputError, PackageError
from cropmap_plugin.worker import packages
from cropmap_plugin.worker.packages import copied, deleted, packages_in, read_summary, renamed
from tests.plugin.package_files import CORN, SOY, manifest_of, write_package

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-core/bin/python"


def test_a_manifest_tells_model_season_classes_samples_and_figures(qgis_app, tmp_path):
    found = read_summary(write_package(tmp_path / "train-1" / "model.cropmap"))
    assert (found.name, found.model, found.recipe) == ("train-1", "random_forest", "weekly_linear")
    assert found.season == ("2021-04-01", "2021-10-31")
    assert (found.steps, found.bands) == (30, ("red", "nir"))
    assert found.classes == (CORN, SOY)
    assert (found.total, dict(found.samples)) == (220, {"Corn": 100, "Soybeans": 120})
    assert found.figures == pytest.approx({"overall_accuracy": 0.9, "macro_f1": 0.8, "kappa": 0.7})
    assert found.size == found.path.stat().st_size
    assert found.report is None
    (tmp_path / "train-1" / "report.html").write_text("<p>report</p>")
    assert found.report == tmp_path / "train-1" / "report.html"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("model", "run"),
        ("model_so_far", "run (model_so_far)"),
        ("cutoff_2021-06-01", "run (cutoff_2021-06-01)"),
        ("mine", "mine"),
    ],
)
def test_a_package_that_every_run_calls_alike_bears_its_run_s_name(qgis_app, tmp_path, file, name):
    assert read_summary(write_package(tmp_path / "run" / f"{file}.cropmap")).name == name


def test_what_is_missing_or_strange_in_a_manifest_is_left_empty(qgis_app, tmp_path):
    strange = {
        "cropmap_package": 7,
        "recipe": "weekly",
        "bands": 5,
        "legend": [1, {"name": "Corn"}],
        "record": {"samples": {"Corn": "many"}, "cross_validation": {"kappa": "high", "macro_f1": True}},
    }
    found = read_summary(write_package(tmp_path / "a.cropmap", strange))
    assert (found.model, found.recipe, found.season, found.bands, found.steps) == ("", "", (), (), 0)
    assert (found.classes, found.samples, found.figures, found.total) == ((("Corn", ""),), {}, {}, 0)


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04 half a zip", b"[1, 2]", b"\xff\xfe", b'{"cropmap_package": 1, "x": NaN}', b'{"other": 1}', None],
    ids=["empty", "half", "list", "no text", "nan", "other", "no manifest"],
)
def test_what_is_no_package_is_refused_in_words(qgis_app, tmp_path, content):
    path = tmp_path / "a.cropmap"
    if content is not None and content[:2] in {b"", b"PK"}:
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("other.json" if content is None else "manifest.json", content or b"{}")
    with pytest.raises(PackageError, match="no whole model package"):
        read_summary(path)
    with pytest.raises(PackageError):
        read_summary(tmp_path / "nowhere.cropmap")


def test_a_manifest_that_unpacks_to_too_much_is_not_unpacked(qgis_app, tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "_LIMIT", 2**20)
    path = tmp_path / "bomb.cropmap"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps(manifest_of())[:-1] + " " * 2**21 + "}")
    assert path.stat().st_size < 10_000
    with pytest.raises(PackageError, match="too large"):
        read_summary(path)
    # A table of contents that lies about the size: reading stops at the size it tells, and the checksum does not fit.
    content = bytearray(path.read_bytes())
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (100).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(PackageError):
        read_summary(path)


def test_packages_of_runs_and_those_added_are_found_once(qgis_app, tmp_path):
    inside = write_package(tmp_path / "runs" / "a" / "model.cropmap")
    beside = write_package(tmp_path / "runs" / "old.cropmap")
    other = write_package(tmp_path / "elsewhere" / "b.cropmap")
    (tmp_path / "runs" / "folder.cropmap").mkdir()
    assert packages_in(tmp_path / "runs", [other, inside, tmp_path / "gone.cropmap"]) == [beside, inside, other]
    assert packages_in(tmp_path / "none") == []


def test_a_package_gets_another_name_and_no_other_file_is_replaced(qgis_app, tmp_path):
    path, other = write_package(tmp_path / "a.cropmap"), write_package(tmp_path / "b.cropmap")
    before = path.read_bytes()
    with pytest.raises(OutputError, match="already"):
        renamed(path, "b")
    for wrong in ("", "  ", ".cropmap", "../c", "a/b", "a\\b", "c:d", "a\nb", ".hidden", "dot."):
        with pytest.raises(OutputError, match="name of a file"):
            renamed(path, wrong)
    assert renamed(path, "a.cropmap") == path
    target = renamed(path, " Arkansas 2021 ")
    assert (target.name, target.read_bytes()) == ("Arkansas 2021.cropmap", before)
    assert not path.exists()
    assert other.exists()


def test_a_copy_is_the_same_file_with_the_right_ending(qgis_app, tmp_path):
    path = write_package(tmp_path / "a.cropmap")
    target = copied(path, tmp_path / "copy of it")
    assert target == tmp_path / "copy of it.cropmap"
    assert target.read_bytes() == path.read_bytes()
    for wrong in (path, tmp_path / "nowhere" / "x.cropmap"):
        with pytest.raises(OutputError):
            copied(path, wrong)
    assert path.stat().st_size == target.stat().st_size


def test_a_deleted_package_is_gone_and_a_missing_one_no_error(qgis_app, tmp_path):
    path = write_package(tmp_path / "a.cropmap")
    deleted(path)
    deleted(path)
    assert not path.exists()
    (tmp_path / "folder.cropmap").mkdir()
    with pytest.raises(OutputError):
        deleted(tmp_path / "folder.cropmap")


@pytest.mark.skipif(not PYTHON.exists(), reason="the library's environment (.venv-core) is not made here")
def test_a_package_that_the_library_writes_is_read(qgis_app, tmp_path):
    code = f"""
import numpy as np
from cropmap.data.legend import legend_of
from cropmap.data.package import NO_SCALING, ModelPackage, Scaling
from cropmap.data.recipe import recipe_of
from cropmap.io.packages import write_package
classes = {{3: ("Corn", "#ffd300"), 5: ("Soy", "#267000")}}
legend = legend_of([{{"code": code, "name": name, "colour": colour}} for code, (name, colour) in classes.items()])
recipe = recipe_of({{"name": "weekly_linear", "season": ["2021-04-01", "2021-06-01"], "steps": []}})
package = ModelPackage(
    model="tempcnn", params={{"width": 8}}, recipe=recipe, days=np.arange(0, 63, 7), bands=("red", "nir"),
    legend=legend, fingerprint="0" * 64, scaling=Scaling(np.zeros(2, np.float32), np.ones(2, np.float32)),
    arrays={{"weight": np.ones((2, 2), np.float32)}},
    record={{"samples": {{"Corn": 4, "Soy": 6}}, "cross_validation": {{"overall_accuracy": 0.75, "macro_f1": 0.5,
             "kappa": 0.25}}}},
)
write_package({str(tmp_path / "model.cropmap")!r}, package)
"""
    subprocess.run([PYTHON, "-c", code], check=True, env={"PYTHONPATH": str(ROOT / "core")})
    found = read_summary(tmp_path / "model.cropmap")
    assert (found.model, found.recipe, found.steps, found.bands) == ("tempcnn", "weekly_linear", 9, ("red", "nir"))
    assert found.season == ("2021-04-01", "2021-06-01")
    assert found.classes == (("Corn", "#ffd300"), ("Soy", "#267000"))
    assert (found.total, found.figures["kappa"]) == (10, 0.25)
