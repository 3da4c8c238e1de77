"""What all tests here need: QGIS off screen, slots whose exceptions fail the test, a worker that can misbehave."""

import importlib.util
import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest

# Without QGIS (the library's own environment) there is nothing to collect here.
collect_ignore_glob = ["test_*.py"] if importlib.util.find_spec("qgis") is None else []

ROOT = Path(__file__).resolve().parents[2]
FAKE = Path(__file__).with_name("fake_worker.py")

_errors = []


def _keep(kind, value, traceback):
    _errors.append(f"{kind.__name__}: {value}")
    sys.__excepthook__(kind, value, traceback)


# PyQt aborts the whole process on an exception in a slot unless the hook is another one.
sys.excepthook = _keep


@pytest.fixture(autouse=True)
def no_exception_in_a_slot():
    _errors.clear()
    yield
    assert not _errors


@pytest.fixture(autouse=True)
def empty_settings(qgis_app, tmp_path, monkeypatch):
    """Nothing of an earlier test, or of the user, is remembered."""
    from qgis.core import QgsProject, QgsSettings

    for key in ("cropmap/python", "cropmap/runs_folder", "cropmap/packages", "cropmap/torch_index"):
        QgsSettings().remove(key)
    QgsSettings().setValue("cropmap/runs_folder", str(tmp_path / "runs"))
    QgsProject.instance().clear()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def fake_python(tmp_path, monkeypatch):
    """An interpreter that runs the fake worker whatever it is asked; the job's kind says what it does."""
    python = tmp_path / "fake_python"
    python.write_text(f'#!/bin/sh\nexec /usr/bin/python3 "{FAKE}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setenv("CROPMAP_PYTHON", str(python))
    return python


@pytest.fixture
def wait_for(qgis_app):
    """Run the event loop until a condition holds."""
    import time

    def wait(condition, seconds=30.0):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "the condition did not come true in time"
            qgis_app.processEvents()
            time.sleep(0.01)

    return wait
