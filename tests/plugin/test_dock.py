"""The panel, walked through as a user does."""

import json

import pytest
from qgis.core import QgsFeature, QgsGeometry, QgsPointXY, QgsProject, QgsVectorLayer

from cropmap_plugin.dock import HISTORY, IMAGES, MODEL, PREPARATION, SAMPLES, THE_MAP, CropMapDock
from cropmap_plugin.house import catalogue
from cropmap_plugin.pages.page import names_by_page
from cropmap_plugin.widgets.notice import Notice

FIGURES = {
    "dates": ["2021-04-03", "2021-05-05", "2021-06-06"],
    "bands": ["red", "nir"],
    "grid": {"crs": "", "width": 20, "height": 10, "pixel_width": 30.0},
    "scenes": [{"date": "2021-05-05", "bands": ["red"]}],
    "scale": {"red": 0.0001, "nir": 0.0001},
    "warnings": ["One file was left out."],
}


@pytest.fixture
def dock(qgis_iface, fake_python):
    panel = CropMapDock(qgis_iface)
    panel.show()
    yield panel
    panel.leave()
    panel.deleteLater()


@pytest.fixture
def survey(qgis_app):
    layer = QgsVectorLayer(
        "Point?crs=EPSG:4326&field=id:integer&field=crop:string(9)&field=area:double", "survey", "memory"
    )
    for number, crop in enumerate(("corn", "corn", "soy", None)):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([number, crop, 1.5])
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(number, 1)))
        layer.dataProvider().addFeatures([feature])
    QgsProject.instance().addMapLayer(layer)
    return layer


def fill(dock, survey):
    dock.images.set_values({"images": {"name": "folder", "path": "/images"}})
    dock.images.show_listing(dock.images.values(), FIGURES)
    dock.samples.survey.source.combo.setLayer(survey)


def test_every_parameter_of_the_whole_job_is_on_exactly_one_page(qgis_app):
    shown = [name for names in names_by_page().values() for name in names]
    assert sorted(shown) == sorted(catalogue().entry("jobs", "classify").schema["properties"])


def test_the_first_button_asks_for_a_folder_and_says_so_beside_the_field(dock):
    dock.go_on()
    assert dock.stack.currentIndex() == IMAGES
    assert dock.images._form.has_problem()
    assert not dock.runner.busy


def test_the_button_leads_on_once_the_images_were_looked_at(dock, survey):
    assert dock.primary.text() == "Look at the images"
    fill(dock, survey)
    assert dock.primary.text() == "Next: preparation"
    dock.go_on()
    dock.go_on()
    dock.go_on()
    dock.go_on()
    assert dock.stack.currentIndex() == THE_MAP
    assert [dock.stepper.is_ready(page) for page in (IMAGES, PREPARATION, SAMPLES, MODEL)] == [True] * 4


def test_changing_the_images_asks_to_look_again(dock, survey):
    fill(dock, survey)
    dock.images.set_values({"images": {"name": "folder", "path": "/others"}})
    assert dock.primary.text() == "Look at the images"


def test_looking_at_the_images_shows_what_the_worker_answers(dock, wait_for):
    dock.images.set_values({"images": {"name": "folder", "path": "/images"}})
    dock.go_on()
    wait_for(lambda: not dock.runner.busy)
    assert dock.images.is_inspected()
    assert not dock._folder.exists()


def test_the_class_field_is_guessed_and_its_classes_are_counted(dock, survey):
    dock.samples.survey.source.combo.setLayer(survey)
    assert dock.samples.survey.field.currentField() == "crop"
    assert dock.samples.survey.scheme.names() == ["corn", "soy"]
    assert dock.samples.survey.scheme.table.item(0, 3).text() == "2"
    assert dock.samples.values()["class_field"] == "crop"


def test_a_layer_without_a_file_is_copied_for_the_worker(dock, survey, tmp_path):
    dock.samples.survey.source.combo.setLayer(survey)
    values = dock.samples.ready_for(tmp_path / "run")
    copy = QgsVectorLayer(f"{values['samples']}|layername={values['layer']}", "copy", "ogr")
    assert copy.featureCount() == 4
    assert "scheme" not in values


def test_a_colour_that_was_changed_goes_into_a_class_scheme(dock, survey, tmp_path):
    from qgis.PyQt.QtGui import QColor

    dock.samples.survey.source.combo.setLayer(survey)
    dock.samples.survey.scheme.table.cellWidget(0, 0).setColor(QColor("#123456"))
    first, second = dock.samples.ready_for(tmp_path / "run")["scheme"].splitlines()
    assert first == "corn [0] #123456 = corn"
    assert second.startswith("soy [1] #")


def test_the_map_button_shows_all_that_is_wrong_and_opens_the_first_page(dock):
    dock.open_page(THE_MAP)
    dock.map.folder.setFilePath("")
    dock.go_on()
    assert dock.stack.currentIndex() == IMAGES
    assert "3 things" in dock.notice.text()
    assert dock.images._form.has_problem()
    assert not dock.samples.survey._problems["samples"].isHidden()
    assert not dock.map._problem.isHidden()


def test_a_run_ends_with_its_figures_and_a_button_for_the_report(dock, survey, wait_for, tmp_path):
    fill(dock, survey)
    dock.map.folder.setFilePath(str(tmp_path / "runs"))
    dock.open_page(THE_MAP)
    dock.go_on()
    assert dock.runner.busy
    assert not dock.primary.isEnabled()
    wait_for(lambda: not dock.runner.busy)
    assert "Samples used: 7" in dock.notice.text()
    assert "Two dates are cloudy." in dock.notice.text()
    assert dock.primary.isEnabled()


@pytest.mark.parametrize(("act", "words"), [("refuse", "Class 176 has no name."), ("die", "out of memory?")])
def test_an_error_is_shown_in_the_panel_and_in_the_message_bar(
    dock, qgis_iface, wait_for, tmp_path, monkeypatch, act, words
):
    pushed = []
    monkeypatch.setattr(qgis_iface.messageBar(), "pushCritical", lambda _title, text: pushed.append(text))
    dock.start("demo", {"act": act}, tmp_path / "run")
    wait_for(lambda: not dock.runner.busy)
    assert words in dock.notice.text()
    assert any(words in text for text in pushed)


def test_without_a_worker_the_panel_offers_to_make_one(dock, monkeypatch):
    monkeypatch.delenv("CROPMAP_PYTHON")
    asked = []
    dock.environment_asked.connect(lambda: asked.append(True))
    dock.run_demo()
    assert asked == [True]
    assert "no worker environment" in dock.notice.text()


def test_cancel_says_what_stays(dock, wait_for, tmp_path):
    dock.start("demo", {"act": "wait"}, tmp_path / "run")
    wait_for(lambda: dock.run_panel.bar.value() == 500)
    dock.run_panel.cancel.click()
    wait_for(lambda: not dock.runner.busy)
    assert "Cancelled" in dock.notice.text()
    assert str(tmp_path / "run") in dock.notice.text()


def test_the_settings_of_an_earlier_run_can_be_used_again(dock, tmp_path):
    from cropmap_plugin.worker.history import past_runs

    folder = tmp_path / "runs" / "classify-1"
    folder.mkdir(parents=True)
    params = {"images": {"name": "folder", "path": "/then"}, "samples": str(tmp_path / "s.gpkg"), "folds": 7}
    (folder / "job.json").write_text(json.dumps({"cropmap_job": 1, "kind": "classify", "out": "", "params": params}))
    (run,) = past_runs(tmp_path / "runs")
    dock.reuse(run)
    assert {name: dock.params()[name] for name in params} == params


def test_the_history_lists_finished_and_unfinished_runs(dock, tmp_path):
    for name, record in (("a", {"result": {"outputs": {"report": "/r.html"}}}), ("b", None)):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "job.json").write_text('{"cropmap_job": 1, "kind": "classify", "params": {}}')
        if record:
            (folder / "run.json").write_text(json.dumps(record))
    (tmp_path / "runs" / "c").mkdir()
    (tmp_path / "runs" / "c" / "job.json").write_text("not JSON")
    dock.map.folder.setFilePath(str(tmp_path / "runs"))
    dock.open_page(HISTORY)
    tree = dock.history.tree
    assert {(tree.topLevelItem(row).text(1), tree.topLevelItem(row).text(2)) for row in range(2)} == {
        (catalogue().entry("jobs", "classify").title, "finished"),
        (catalogue().entry("jobs", "classify").title, "not finished"),
    }
    assert tree.topLevelItemCount() == 2


def test_recipes_are_compared_on_the_images_chosen(dock, survey, monkeypatch):
    asked = []
    monkeypatch.setattr(dock, "start", lambda kind, params, folder: asked.append((kind, params, folder.name)))
    dock.preparation.compare.click()
    assert not asked
    assert dock.stack.currentIndex() == IMAGES
    assert dock.images._form.has_problem()
    fill(dock, survey)
    dock.preparation.compare.click()
    ((kind, params, _folder),) = asked
    assert (kind, params) == ("compare", dock.images.values())


def test_the_prepared_images_are_written_with_the_recipe_chosen(dock, survey, monkeypatch):
    asked = []
    monkeypatch.setattr(dock, "start", lambda kind, params, _folder: asked.append((kind, params)))
    fill(dock, survey)
    dock.preparation.set_values({"recipe": {"name": "weekly_linear", "step_days": 10}})
    dock.preparation.prepare.click()
    assert asked == [("prepare", {**dock.images.values(), "recipe": {"name": "weekly_linear", "step_days": 10}})]


def test_a_long_line_of_a_notice_is_cut_and_stands_whole_in_its_tooltip(qgis_app):
    notice = Notice()
    notice.say("good", "Done.", "short\n" + "long " * 100)
    assert "short" in notice.text()
    assert len(notice.text()) < 300
    assert notice._text.toolTip().count("long") == 100
    notice.say("good", "Done.", "short")
    assert notice._text.toolTip() == ""
