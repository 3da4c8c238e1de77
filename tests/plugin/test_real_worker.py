"""The whole way with the real library: no stand-in."""

import subprocess
from pathlib import Path

import pytest
from qgis.core import QgsProject
from qgis.PyQt.QtWidgets import QPushButton

from cropmap_plugin.dock import CARRY, HISTORY, CropMapDock
from cropmap_plugin.worker.packages import read_summary

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-core/bin/python"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="the library's environment (.venv-core) is not made here"),
]


@pytest.fixture
def dock(qgis_iface, monkeypatch):
    monkeypatch.setenv("CROPMAP_PYTHON", str(PYTHON))
    panel = CropMapDock(qgis_iface)
    yield panel
    panel.leave()
    panel.deleteLater()


@pytest.fixture
def finished(dock, tmp_path, wait_for):
    """A demo of 96 x 96 pixels, run through the panel to its end."""
    dock.start("demo", {"size": 96, "model": {"name": "random_forest", "trees": 50}}, tmp_path / "run")
    wait_for(lambda: not dock.runner.busy, 600)
    return dock


def test_the_demo_comes_back_as_a_styled_map_and_its_images_can_be_looked_at(finished, tmp_path, wait_for):
    assert "Overall accuracy against the known truth" in finished.notice.text()
    names = [layer.name() for layer in QgsProject.instance().mapLayers().values()]
    assert sorted(names) == ["Confidence (%)", "Crop map", "Samples"]
    assert (tmp_path / "run" / "run.json").is_file()

    images = next(path for path in (tmp_path / "run" / "site").iterdir() if path.is_dir())
    finished.images.set_values({"images": {"name": "folder", "path": str(images)}})
    finished.look()
    wait_for(lambda: not finished.runner.busy, 120)
    assert finished.images.is_inspected()

    finished.open_page(HISTORY)
    finished.history.show_folder(tmp_path)
    assert finished.history.selected().finished


def test_a_mistake_is_told_with_its_remedy(dock, tmp_path, wait_for):
    dock.start("inspect", {"images": {"name": "folder", "path": str(tmp_path / "nowhere")}}, tmp_path / "run")
    wait_for(lambda: not dock.runner.busy, 120)
    assert "nowhere" in dock.notice.text()
    assert "→" in dock.notice.text()


def test_cancel_stops_the_real_worker(dock, tmp_path, wait_for):
    dock.start("demo", {"size": 512}, tmp_path / "run")
    wait_for(lambda: dock.run_panel.bar.value() > 0, 60)
    dock.run_panel.cancel.click()
    wait_for(lambda: not dock.runner.busy, 60)
    assert "Cancelled" in dock.notice.text()
    assert not (tmp_path / "run" / "run.json").exists()


def test_qgis_and_the_command_line_make_the_same_bytes(finished, tmp_path, wait_for):
    site = tmp_path / "run" / "site"
    params = {
        "images": {"name": "folder", "path": str(site / "images")},
        "samples": str(site / "points.gpkg"),
        "model": {"name": "random_forest", "trees": 20},
        "applicability": True,
    }
    finished.start("classify", params, tmp_path / "qgis")
    wait_for(lambda: not finished.runner.busy, 600)
    assert "Unlike the samples that the model learnt from" in finished.notice.text()
    names = [layer.name() for layer in QgsProject.instance().mapLayers().values()]
    assert names.count("Unlike the training samples above 100 %") == 1
    command = [str(PYTHON), "-m", "cropmap", "run", str(tmp_path / "qgis" / "job.json"), "--out", str(tmp_path / "cli")]
    subprocess.run(command, check=True, capture_output=True, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)})
    for name in ("class_map.tif", "class_map_outside.tif", "model.cropmap", "samples.gpkg", "confusion.csv"):
        assert (tmp_path / "qgis" / name).read_bytes() == (tmp_path / "cli" / name).read_bytes(), name


def test_a_network_s_losses_are_drawn_while_it_trains_and_a_cancel_keeps_its_best_model(finished, tmp_path, wait_for):
    model = {"name": "transformer", "epochs": 2000, "patience": 1000, "width": 16, "layers": 1, "feed_forward": 16}
    params = {"sample_set": str(tmp_path / "run" / "samples.gpkg"), "model": model, "folds": 2}
    folder = tmp_path / "training"
    finished.start("train", params, folder)
    plot = finished.run_panel.curve
    wait_for(lambda: len(plot.points("Model")) > 3, 120)
    finished.run_panel.cancel.click()
    wait_for(lambda: not finished.runner.busy, 60)
    first = plot.points("Model")
    assert [point.x for point in first] == list(range(1, len(first) + 1))
    assert all(point.figures["training_loss"] > 0 for point in first)
    assert "best model so far is kept" in finished.notice.text()
    assert read_summary(folder / "model_so_far.cropmap").model == "transformer"

    next(button for button in finished.notice.findChildren(QPushButton) if button.text() == "Go on").click()
    # Its curve is whole: what was done before is told again.
    wait_for(lambda: len(plot.points("Model")) > len(first), 120)
    assert plot.points("Model")[: len(first)] == first
    finished.run_panel.cancel.click()
    wait_for(lambda: not finished.runner.busy, 60)

    # A map with the model that was not finished.
    next(button for button in finished.notice.findChildren(QPushButton) if button.text() == "Use this model").click()
    images = next(path for path in (tmp_path / "run" / "site").iterdir() if path.is_dir())
    finished.images.set_values({"images": {"name": "folder", "path": str(images)}})
    finished.map.folder.setFilePath(str(tmp_path / "maps"))
    finished.make_map()
    wait_for(lambda: not finished.runner.busy, 120)
    assert "done" in finished.notice.text()


@pytest.fixture
def filled(finished, tmp_path):
    """The panel after the demo, its pages filled with the demo's data."""
    site = tmp_path / "run" / "site"
    finished.model.source.set_path(str(tmp_path / "run" / "samples.gpkg"))
    finished.map.folder.setFilePath(str(tmp_path / "results"))
    finished.images.set_values({"images": {"name": "folder", "path": str(site / "images")}})
    finished.samples.survey.source.set_path(str(site / "points.gpkg"))
    finished.model.set_values({"model": {"name": "random_forest", "trees": 20}, "folds": 3})
    yield finished
    finished.samples.survey.source.set_path("")  # its layer must not outlive QGIS


def test_a_search_is_cancelled_gone_on_with_and_its_best_settings_are_taken(filled, wait_for):
    page, plot = filled.model, filled.run_panel.curve
    start(page, page.tune, minutes=5.0)
    wait_for(lambda: len(plot.points("Search")) > 1, 120)
    filled.run_panel.cancel.click()
    wait_for(lambda: not filled.runner.busy, 60)
    assert "best settings so far" in filled.notice.text()
    press(filled, "Go on")
    wait_for(lambda: any(point.x > 2 for point in plot.points("Search")), 120)
    filled.run_panel.cancel.click()
    wait_for(lambda: not filled.runner.busy, 60)
    press(filled, "Use these settings")
    assert page.model()["trees"] == 20
    assert page.model_to_tune() == {"name": "random_forest", "trees": 20}


def test_models_are_compared_and_a_map_is_made_with_an_early_one(filled, wait_for):
    page = filled.model
    page.compare.click()
    page.dialog.models["models"].tick(["random_forest", "gradient_boosting"])
    page.dialog.start.click()
    wait_for(lambda: not filled.runner.busy, 600)
    assert "Best: " in filled.notice.text()
    press(filled, "Open the report")
    wait_for(lambda: "Comparison of models" in filled.report_window.view.text())

    start(page, page.early, every_days=100)
    wait_for(lambda: not filled.runner.busy, 600)
    assert "in this season" in filled.notice.text() or "Told apart" in filled.notice.text()
    filled.show_models()
    window = filled.models_window
    early = sorted(path for path in window.paths() if path.name.startswith("cutoff_"))
    assert len(early) > 1
    window.select(early[:1])
    window.use.click()
    filled.make_map()
    wait_for(lambda: not filled.runner.busy, 120)
    assert "Map crops: done" in filled.notice.text()
    assert "Crop map" in [layer.name() for layer in QgsProject.instance().mapLayers().values()]


def start(page, button, **values):
    """Press a button, fill the window that it opens, and start the job."""
    button.click()
    page.dialog.form.set_values(values)
    page.dialog.start.click()


def press(dock, text):
    """Press the button of the notice; those of the notices before are hidden until Qt deletes them."""
    shown = [button for button in dock.notice.findChildren(QPushButton) if not button.isHidden()]
    next(button for button in shown if button.text() == text).click()


def test_a_model_is_carried_to_another_season_after_the_shift_is_measured(finished, tmp_path, wait_for):
    page = finished.transfer
    finished.map.folder.setFilePath(str(tmp_path))
    finished.images.set_values({"images": {"name": "folder", "path": str(tmp_path / "run" / "site" / "images")}})
    finished.open_page(CARRY)
    page.package.set_value(str(tmp_path / "run" / "model.cropmap"))
    page.samples.set_path(str(tmp_path / "run" / "samples.gpkg"))
    page.shift_settings.set_values({"pixels": 300})
    page.measure.click()
    wait_for(lambda: not finished.runner.busy, 600)
    assert "shift" in page.verdict.text(), finished.notice.text()
    assert "AUC" in finished.notice.text()

    page.strategies.set_value(["direct", "shifted"])
    page.start.click()
    wait_for(lambda: not finished.runner.busy, 600)
    assert sorted(each.name for each in page.table.models) == ["direct", "shifted"], finished.notice.text()
    assert all(each.package is not None for each in page.table.models)
    assert page.strategies.row(page.strategies.names()[0]).sentence.text()
    page.table.rows[0][-1].click()
    assert read_summary(Path(finished.map.package_path())).model == "random_forest"
