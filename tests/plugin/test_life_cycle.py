"""Loaded by QGIS, opened, unloaded and loaded anew, each time in a QGIS of its own."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cropmap.contract.catalogue import read_catalogue

ROOT = Path(__file__).resolve().parents[2]
JOBS = len(read_catalogue(ROOT / "cropmap_plugin/catalogue.json").entries("jobs"))


def life_of(plugins, *name):
    script = Path(__file__).with_name("loads_plugin.py")
    python = plugins / "python"
    python.write_text(
        f'#!/bin/sh\nexec /usr/bin/python3 "{script.with_name("fake_worker.py")}" "$@"\n', encoding="utf-8"
    )
    python.chmod(0o755)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "CROPMAP_PYTHON": str(plugins / "python")}
    ended = subprocess.run(
        [sys.executable, script, plugins, *name],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "cropmap").symlink_to(ROOT)
    return life_of(folder)


@pytest.mark.parametrize("turn", [0, 1])
def test_loading_adds_the_toolbar_the_menu_and_the_algorithms(life, turn):
    loaded = life["rounds"][turn]["loaded"]
    assert (loaded["toolbars"], loaded["menu"], loaded["algorithms"], loaded["docks"]) == (1, 5, JOBS, 0)


@pytest.mark.parametrize("turn", [0, 1])
def test_the_panel_and_the_window_of_series_open(life, turn):
    assert life["rounds"][turn]["opened"]["docks"] == 2


@pytest.mark.parametrize("turn", [0, 1])
def test_the_window_of_the_worker_environment_stays_alive_and_hears_the_answer(life, turn):
    assert life["rounds"][turn]["answered"]


@pytest.mark.parametrize("turn", [0, 1])
def test_unloading_leaves_nothing_behind(life, turn):
    assert life["rounds"][turn]["after"] == life["before"]
    assert life["before"]["modules"] == []


def test_nothing_heavy_is_imported_because_of_the_plugin(life):
    for turn in life["rounds"]:
        assert turn["loaded"]["heavy"] == life["before"]["heavy"]
        assert turn["opened"]["heavy"] == life["before"]["heavy"]


def test_of_the_library_only_the_contract_is_imported(life):
    ours = [name for name in life["rounds"][0]["opened"]["modules"] if not name.startswith("cropmap.cropmap_plugin")]
    assert [name for name in ours if name not in ("cropmap", "cropmap.contract") and ".contract." not in name] == []


def test_a_folder_of_another_name_works_too_and_leaves_nothing_behind(tmp_path):
    (tmp_path / "cropmap_of_today").symlink_to(ROOT)
    life = life_of(tmp_path, "cropmap_of_today")
    assert [turn["opened"]["docks"] for turn in life["rounds"]] == [2, 2]
    assert life["rounds"][1]["after"] == life["before"]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The zip as users get it, unpacked."""
    tool = Path(sys.executable).with_name("pb_tool")
    if not tool.exists() or not shutil.which("zip"):
        pytest.skip("needs pb_tool and zip")
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    shutil.copytree(ROOT, source, ignore=_only_the_plugin)
    if shutil.which("lrelease"):
        subprocess.run([tool, "translate"], cwd=source, check=True, capture_output=True)
    (source / "build").mkdir()
    words = [tool, "zip", "--quick", "--no-docs", "--plugin_path", "build"]
    subprocess.run(words, cwd=source, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    with zipfile.ZipFile(source / "cropmap.zip") as archive:
        archive.extractall(folder / "plugins")
    return folder / "plugins"


def _only_the_plugin(folder, names):
    if Path(folder) != ROOT:
        return {name for name in names if name == "__pycache__"}
    kept = {"__init__.py", "metadata.txt", "pb_tool.cfg", "LICENSE", "cropmap_plugin", "core", "resources", "i18n"}
    return set(names) - kept


def test_the_zip_holds_the_library_where_the_worker_looks_for_it(package):
    assert (package / "cropmap/core/cropmap/contract/job.py").is_file()
    assert (package / "cropmap/cropmap_plugin/catalogue.json").is_file()
    assert (package / "cropmap/LICENSE").is_file()


def test_the_zip_holds_no_program_files(package):
    strange = {".so", ".pyd", ".dll", ".dylib", ".pyc"}
    assert [path for path in package.rglob("*") if path.suffix in strange] == []


def test_the_unpacked_zip_loads(package):
    assert life_of(package)["rounds"][1]["loaded"]["algorithms"] == JOBS


def test_the_unpacked_zip_speaks_german(package):
    assert (package / "cropmap/i18n/cropmap_de.qm").stat().st_size > 1000


def test_the_metadata_has_every_field_that_qgis_and_the_plugin_site_ask_for():
    import configparser

    read = configparser.ConfigParser(interpolation=None)
    read.read(ROOT / "metadata.txt", encoding="utf-8")
    fields = read["general"]
    needed = {
        "name",
        "qgisMinimumVersion",
        "description",
        "about",
        "version",
        "author",
        "email",
        "repository",
        "tracker",
    }
    assert all(fields[name].strip() for name in needed)
    assert fields["hasProcessingProvider"] == "yes"
    assert (ROOT / fields["icon"]).is_file()
    version = read_catalogue(ROOT / "cropmap_plugin/catalogue.json").version
    assert fields["version"] == version
