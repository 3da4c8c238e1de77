"""The step of the model: choosing, training on a sample file, tuning, comparing, and what a cancelled job leaves."""

import json

import pytest
from qgis.core import QgsFeature, QgsGeometry, QgsPointXY, QgsProject, QgsVectorLayer
from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QLabel, QPushButton, QStyleOptionViewItem

from cropmap.contract.params import chosen
from cropmap_plugin import house
from cropmap_plugin.dock import HISTORY, IMAGES, MODEL, PREPARATION, THE_MAP, CropMapDock
from cropmap_plugin.house import catalogue
from cropmap_plugin.pages.model import ModelPage, best_model
from cropmap_plugin.widgets.described import DescribedCombo
from cropmap_plugin.widgets.findings import findings
from cropmap_plugin.widgets.job_dialog import ModelTicks
from tests.plugin.package_files import write_package
from tests.plugin.sample_files import write_sample_file

NUMBER = {"type": "integer", "title": "N", "description": "N.", "x-kind": "integer", "minimum": 1, "maximum": 99}


def put(jobs, name, properties, required):
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    found = {
        "name": name,
        "title": name.title(),
        "summary": "A sentence.",
        "citation": "",
        "needs": [],
        "schema": schema,
    }
    jobs[:] = [job for job in jobs if job["name"] != name] + [found]


@pytest.fixture
def jobs(qgis_app, tmp_path, monkeypatch):
    """A catalogue whose jobs tune, compare_models and early_season take what these tests know."""
    fields = json.loads((house.PACKAGE / "catalogue.json").read_text(encoding="utf-8"))
    listed = fields["registries"]["jobs"]
    props = {job["name"]: job["schema"]["properties"] for job in listed}
    train, classify = props["train"], props["classify"]
    common = {name: train[name] for name in ("sample_set", "model", "folds", "seed")}
    put(listed, "tune", {"minutes": {**NUMBER, "default": 30}, **common}, ["sample_set"])
    models = {
        "type": "array",
        "title": "Models",
        "description": "Models.",
        "x-kind": "entries",
        "x-registry": "models",
        "default": [{"name": "random_forest"}],
    }
    compared = {name: prop for name, prop in common.items() if name != "model"}
    put(listed, "compare_models", {"models": models, "seeds": {**NUMBER, "default": 1}, **compared}, ["sample_set"])
    early = {name: classify[name] for name in ("images", "recipe", "samples", "class_field", "model", "folds")}
    put(listed, "early_season", {**early, "every_days": {**NUMBER, "default": 14}}, ["images", "samples"])
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "catalogue.json").write_text(json.dumps(fields), encoding="utf-8")
    monkeypatch.setattr(house, "PACKAGE", tmp_path / "package")
    catalogue.cache_clear()
    yield
    monkeypatch.undo()
    catalogue.cache_clear()


@pytest.fixture
def page(jobs):
    made = ModelPage()
    yield made
    made.deleteLater()


@pytest.fixture
def dock(jobs, qgis_iface, fake_python):
    panel = CropMapDock(qgis_iface)
    panel.show()
    yield panel
    panel.leave()
    panel.deleteLater()


@pytest.fixture
def samples(tmp_path):
    return str(write_sample_file(tmp_path / "samples.gpkg"))


def asked_of(page):
    asked = []
    page.start_asked.connect(lambda kind, values: asked.append((kind, values)))
    return asked


# ---------------------------------------------------------------- choosing


def test_the_models_that_most_need_come_first_and_none_is_missing(page):
    combo = page.findChild(DescribedCombo)
    names = [combo.itemData(row) for row in range(combo.count())]
    assert names[:4] == ["random_forest", "gradient_boosting", "ensemble", "tempcnn"]
    assert sorted(names) == sorted(entry.name for entry in catalogue().entries("models"))
    titles = [combo.itemText(row) for row in range(6, combo.count())]
    assert titles == sorted(titles, key=str.casefold)
    steps = [entry.name for entry in house.choices("steps")]
    assert steps == [entry.name for entry in catalogue().entries("steps")]


def test_the_tab_key_goes_from_the_model_through_its_settings_to_what_is_below(dock, wait_for):
    dock.open_page(MODEL)
    dock.activateWindow()
    combo = dock.model.findChild(DescribedCombo)
    combo.setCurrentIndex(combo.findData("tempcnn"))
    form = dock.model._form.editor("model").form()
    groups = form.findChildren(QgsCollapsibleGroupBox)
    groups[0].setCollapsed(False)
    wait_for(lambda: form.editor("epochs").isVisible())
    combo.setFocus()
    passed = [combo]
    for _press in range(30):
        QTest.keyClick(passed[-1], Qt.Key.Key_Tab)
        passed.append(QApplication.focusWidget())
    order = [passed.index(found) for found in (groups[0], form.editor("epochs"), form.editor("kernel"), groups[1])]
    assert order == sorted(order)
    assert order[-1] < passed.index(dock.model._form.editor("folds")) < passed.index(dock.model.train)


def test_each_model_stands_in_the_list_with_its_sentence(page):
    combo = page.findChild(DescribedCombo)
    entries = house.choices("models")
    assert [combo.itemText(row) for row in range(combo.count())] == [entry.title for entry in entries]
    for row, entry in enumerate(entries):
        combo.setCurrentIndex(row)
        assert combo.sentence() == entry.summary
        assert chosen(page.model())[0] == entry.name
    option = QStyleOptionViewItem()
    heights = [combo.itemDelegate().sizeHint(option, combo.model().index(row, 0)).height() for row in range(2)]
    assert min(heights) > 2 * combo.fontMetrics().height()  # a sentence takes a line more than its title, at least
    combo.showPopup()
    assert not combo.view().grab().isNull()
    assert combo.view().width() == combo.listed_width()
    combo.hidePopup()


def test_the_recipe_in_use_is_named_and_its_link_opens_that_step(dock):
    dock.open_page(MODEL)
    assert catalogue().entry("recipes", "weekly_linear").title in dock.model.recipe.text()
    assert "of your own" not in dock.model.recipe.text()
    dock.preparation.set_values({"recipe": {"name": "linear_monthly"}})
    dock.refresh()
    assert catalogue().entry("recipes", "linear_monthly").title in dock.model.recipe.text()
    dock.preparation.set_values({"recipe": {"name": "weekly_linear", "step_days": 10}})
    dock.refresh()
    assert "of your own" in dock.model.recipe.text()
    dock.model.recipe.linkActivated.emit("recipe")
    assert dock.stack.currentIndex() == PREPARATION


def test_jobs_that_the_library_does_not_have_are_not_offered(jobs, tmp_path):
    path = house.PACKAGE / "catalogue.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    gone = {"tune", "compare_models", "early_season"}
    fields["registries"]["jobs"] = [job for job in fields["registries"]["jobs"] if job["name"] not in gone]
    path.write_text(json.dumps(fields), encoding="utf-8")
    catalogue.cache_clear()
    made = ModelPage()
    made.show()
    shown = [button.isVisible() for button in (made.train, made.tune, made.compare, made.early, made.models)]
    assert shown == [True, False, False, False, True]
    made.close()
    made.deleteLater()


# ---------------------------------------------------------------- jobs


def test_without_a_sample_file_nothing_starts_and_the_page_says_so(page, tmp_path):
    asked = asked_of(page)
    for button in (page.train, page.tune, page.compare):
        button.click()
        assert "Choose a sample file" in page.notice.text()
    page.source.set_path(str(tmp_path / "gone.gpkg"))
    page.train.click()
    assert "not there" in page.notice.text()
    assert asked == []
    assert page.dialog is None


def test_training_starts_on_the_sample_file_with_the_model_and_the_split_of_the_page(dock, samples, monkeypatch):
    started = []
    monkeypatch.setattr(dock, "start", lambda kind, params, folder: started.append((kind, params, folder.name)))
    dock.model.set_values({"model": {"name": "random_forest", "trees": 7}, "folds": 3})
    dock.model.source.set_path(samples)
    dock.model.train.click()
    ((kind, params, folder),) = started
    model = {"name": "random_forest", "trees": 7}
    assert (kind, params) == ("train", {"sample_set": samples, "model": model, "folds": 3})
    assert folder.startswith("train-")
    assert catalogue().problems("jobs", kind, params) == []


def test_tuning_asks_for_minutes_and_its_best_settings_come_into_the_form(dock, samples, monkeypatch, tmp_path):
    started = []
    monkeypatch.setattr(dock, "start", lambda kind, params, _folder: started.append((kind, params)))
    dock.model.set_values({"folds": 4})
    dock.model.source.set_path(samples)
    dock.model.tune.click()
    dialog = dock.model.dialog
    assert dialog.form.names() == ("minutes",)
    dialog.form.set_values({"minutes": 12})
    dialog.start.click()
    assert started == [("tune", {"sample_set": samples, "model": "random_forest", "folds": 4, "minutes": 12})]

    dock._show_result("tune", searched(tmp_path, "random_forest", {"trees": 321}, better=True))
    assert dock.model.model() == {"name": "random_forest", "trees": 321}
    assert dock.model.values()["folds"] == 4
    assert "best settings" in dock.notice.text()
    assert "mean F1 0.900; with the settings before 0.800" in dock.notice.text()


def searched(folder, asked, found, *, better):
    """Return the result of a search that began with a model and found some values; its files lie in the folder."""
    job = {"cropmap_job": 1, "kind": "tune", "params": {"model": asked}}
    (folder / "job.json").write_text(json.dumps(job))
    (folder / "model.json").write_text(json.dumps({"name": "random_forest", **found}))
    held = [{"macro_f1": 0.9}, {"macro_f1": 0.8}]
    own, before = held if better else held[::-1]
    figures = {"trials": 7, "held_out": own, "held_out_of_defaults": before}
    return {"run_folder": str(folder), "outputs": {}, "figures": figures}


def test_settings_that_did_worse_on_unseen_samples_are_only_offered(dock, tmp_path):
    dock._show_result("tune", searched(tmp_path, "random_forest", {"trees": 321}, better=False))
    assert dock.model.model() == "random_forest"
    assert "the form keeps them" in dock.notice.text()
    offered = [button for button in dock.notice.findChildren(QPushButton) if button.text() == "Use these settings"]
    offered[0].click()
    assert dock.model.model() == {"name": "random_forest", "trees": 321}


def test_a_second_search_tries_again_what_the_first_one_found(page, samples, tmp_path):
    asked = asked_of(page)
    page.source.set_path(samples)
    page.set_values({"model": {"name": "random_forest", "trees": 20}})
    page.tune.click()
    assert any("Stays as you set it: Trees." in label.text() for label in page.dialog.findChildren(QLabel))
    page.job_done("tune", searched(tmp_path, page.model(), {"trees": 20, "min_leaf": 3}, better=True))
    assert page.model() == {"name": "random_forest", "trees": 20, "min_leaf": 3}
    page.tune.click()
    page.dialog.start.click()
    assert asked[-1][1]["model"] == {"name": "random_forest", "trees": 20}
    # What the user changes afterwards is the user's.
    page.set_values({"model": {"name": "random_forest", "trees": 20, "min_leaf": 4}})
    page.tune.click()
    page.dialog.start.click()
    assert asked[-1][1]["model"] == {"name": "random_forest", "trees": 20, "min_leaf": 4}


def test_what_a_job_found_is_told_in_a_few_lines(qgis_app):
    compared = {
        "samples": 40,
        "best": "tempcnn 2",
        "overall_accuracy": {"tempcnn 2": 0.91, "random_forest": 0.8, "ltae": 0.85},
        "ahead_of_next": [0.06, -0.011, 0.12],
        "left_out": {"presto": "no weights"},
    }
    assert findings("compare_models", {"figures": compared}) == [
        "Best: TempCNN 2, overall accuracy 0.910",
        "Ahead of the next by +6.0 points (95 % interval -1.1 to +12.0)",
        "Lightweight temporal attention (L-TAE): 0.850",
        "Random forest: 0.800",
        "Left out: Presto",
        "Samples used: 40",
    ]
    early = {"first_dates": {"Corn": "2023-07-01", "Rye": None, "Water": "2023-05-28", "Soy": "2023-07-01"}}
    assert findings("early_season", {"figures": early}) == [
        "Told apart from 2023-05-28 on: Water",
        "Told apart from 2023-07-01 on: Corn, Soy",
        "Not told apart in this season: Rye",
    ]


@pytest.mark.parametrize("kind", ["compare_models", "tune", "early_season", "train", "sparkle"])
@pytest.mark.parametrize("figures", [{}, {"best": 5, "first_dates": [], "held_out": None, "trials": "many"}])
def test_a_result_of_another_form_is_told_without_its_figures(qgis_app, kind, figures):
    assert findings(kind, {"figures": figures}) == []


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"name": "sparkle"}', '{"name": "random_forest", "trees": "many"}', "5", "null"]
)
def test_a_damaged_answer_of_a_search_changes_nothing(page, tmp_path, text):
    (tmp_path / "model.json").write_text(text)
    assert best_model(tmp_path / "model.json") is None
    assert not page.take_best(tmp_path)
    assert best_model(tmp_path / "nowhere.json") is None


def test_models_to_compare_are_ticked_and_that_of_the_page_keeps_its_settings(page, samples):
    asked = asked_of(page)
    page.set_values({"model": {"name": "transformer", "epochs": 5}})
    page.source.set_path(samples)
    page.compare.click()
    ticks = page.dialog.models["models"]
    ticked = [
        ticks.item(row).text() for row in range(ticks.count()) if ticks.item(row).checkState() == Qt.CheckState.Checked
    ]
    assert sorted(ticked) == sorted(
        catalogue().entry("models", name).title for name in ("random_forest", "transformer")
    )
    ticks.tick(["transformer"])
    page.dialog.start.click()
    assert asked == []
    assert not page.dialog._wrong.isHidden()
    ticks.tick(["random_forest", "transformer"])
    page.dialog.start.click()
    models = [{"name": "random_forest"}, {"name": "transformer", "epochs": 5}]
    ((kind, values),) = asked
    assert kind == "compare_models"
    assert values["sample_set"] == samples
    assert sorted(values["models"], key=lambda model: model["name"]) == models


def test_what_a_ticked_model_lacks_is_told_with_its_name(page, samples):
    asked = asked_of(page)
    page.source.set_path(samples)
    page.compare.click()
    page.dialog.models["models"].tick(["random_forest", "presto"])
    page.dialog.start.click()
    title = catalogue().entry("models", "presto").schema["properties"]["weights"]["title"]
    assert page.dialog._wrong.text().startswith(f"Presto: {title} is missing.")
    assert asked == []


def test_every_model_can_be_ticked(jobs):
    ticks = ModelTicks([], "random_forest")
    names = [entry.name for entry in house.choices("models")]
    ticks.tick(names)
    assert [model["name"] for model in ticks.value()] == names


def test_how_early_takes_images_recipe_and_samples_of_the_panel(dock, monkeypatch, tmp_path):
    started = []
    monkeypatch.setattr(dock, "start", lambda kind, params, folder: started.append((kind, params, folder)))
    dock.model.early.click()
    dock.model.dialog.start.click()
    assert started == []
    assert dock.stack.currentIndex() == IMAGES
    assert "to be corrected" in dock.notice.text()

    layer = QgsVectorLayer("Point?crs=EPSG:4326&field=crop:string(9)", "survey", "memory")
    feature = QgsFeature(layer.fields())
    feature.setAttributes(["corn"])
    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(1, 1)))
    layer.dataProvider().addFeatures([feature])
    QgsProject.instance().addMapLayer(layer)
    dock.images.set_values({"images": {"name": "folder", "path": "/images"}})
    dock.samples.survey.source.combo.setLayer(layer)
    dock.preparation.set_values({"recipe": {"name": "linear_monthly"}})
    dock.model.early.click()
    dock.model.dialog.form.set_values({"every_days": 30})
    dock.model.dialog.start.click()
    ((kind, params, folder),) = started
    assert (kind, params["every_days"], params["class_field"]) == ("early_season", 30, "crop")
    assert params["images"] == {"name": "folder", "path": "/images"}
    assert params["recipe"] == "linear_monthly"
    assert params["samples"].startswith(str(folder))
    assert catalogue().problems("jobs", kind, params) == []


def test_the_samples_of_a_finished_run_are_offered_but_replace_no_choice(page, samples, tmp_path):
    other = str(write_sample_file(tmp_path / "other.gpkg"))
    page.job_done("sample", {"outputs": {"samples": samples}})
    assert page.source.path() == samples
    page.job_done("sample", {"outputs": {"samples": other}})
    assert page.source.path() == other
    page.source.set_path(samples)
    page.job_done("sample", {"outputs": {"samples": other}})
    assert page.source.path() == samples


# ---------------------------------------------------------------- while it trains, and after a cancel


def cancel(dock, wait_for, folder, kind="train"):
    dock.start(kind, {"act": "wait"}, folder)
    wait_for(lambda: dock.run_panel.bar.value() == 500)
    dock.run_panel.cancel.click()
    wait_for(lambda: not dock.runner.busy)
    return {button.text(): button for button in dock.notice.findChildren(type(dock.back)) if not button.isHidden()}


def test_curves_grow_while_a_job_runs_and_stay_to_be_looked_at(dock, wait_for, tmp_path):
    dock.start("train", {"act": "learn"}, tmp_path / "run")
    wait_for(lambda: not dock.runner.busy)
    plot = dock.run_panel.curve
    assert plot.names() == ("Fold 1", "Model")
    assert [found.x for found in plot.points("Model")] == [1, 2, 3]
    assert not plot.isHidden()
    dock.start("demo", {"act": "succeed"}, tmp_path / "next")
    wait_for(lambda: not dock.runner.busy)
    assert dock.run_panel.curve.isHidden()


def test_a_cancelled_training_offers_its_best_model_for_maps(dock, wait_for, tmp_path):
    best = write_package(tmp_path / "run" / "model_so_far.cropmap")
    buttons = cancel(dock, wait_for, tmp_path / "run")
    assert "best model so far is kept" in dock.notice.text()
    buttons["Use this model"].click()
    assert dock.stack.currentIndex() == THE_MAP
    assert (dock.map.kind, dock.map.package_path()) == ("map", str(best))


def test_a_whole_model_comes_before_one_so_far(dock, wait_for, tmp_path):
    write_package(tmp_path / "run" / "model_so_far.cropmap")
    whole = write_package(tmp_path / "run" / "model.cropmap")
    cancel(dock, wait_for, tmp_path / "run")["Use this model"].click()
    assert dock.map.package_path() == str(whole)


def test_a_cancelled_training_goes_on_in_the_same_folder_with_the_same_job(dock, wait_for, tmp_path, monkeypatch):
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    buttons = cancel(dock, wait_for, tmp_path / "run")
    assert "Use this model" not in buttons
    begun = []
    monkeypatch.setattr(dock.runner, "start", lambda order, _title: begun.append(order))
    buttons["Go on"].click()
    ((job),) = [order.job for order in begun]
    assert (job.kind, job.params, job.out) == ("train", {"act": "wait"}, str(tmp_path / "run"))


def test_a_cancelled_job_that_left_nothing_offers_nothing(dock, wait_for, tmp_path):
    assert not {"Use this model", "Go on", "Use these settings"} & set(cancel(dock, wait_for, tmp_path / "run"))


def test_a_cancelled_search_offers_the_best_settings_so_far(dock, wait_for, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.json").write_text('{"name": "random_forest", "trees": 77}')
    cancel(dock, wait_for, tmp_path / "run", "tune")["Use these settings"].click()
    assert dock.stack.currentIndex() == MODEL
    assert dock.model.model() == {"name": "random_forest", "trees": 77}


def test_an_unfinished_run_of_the_history_goes_on_in_its_folder(dock, tmp_path, monkeypatch):
    for name, record in (("whole", {"result": {"outputs": {}}}), ("half", None)):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        job = {"cropmap_job": 1, "kind": "train", "params": {"sample_set": f"/{name}.gpkg"}}
        (folder / "job.json").write_text(json.dumps(job))
        if record:
            (folder / "run.json").write_text(json.dumps(record))
    dock.map.folder.setFilePath(str(tmp_path / "runs"))
    dock.open_page(HISTORY)
    started = []
    monkeypatch.setattr(dock, "start", lambda *what: started.append(what))
    for row in range(2):
        dock.history.tree.setCurrentItem(dock.history.tree.topLevelItem(row))
        dock.history.resume.click()
    assert started == [("train", {"sample_set": "/half.gpkg"}, tmp_path / "runs" / "half")]


def test_a_report_opens_inside_qgis_and_a_missing_one_is_told(dock, wait_for, tmp_path):
    dock.start("demo", {"act": "succeed"}, tmp_path / "run")
    wait_for(lambda: not dock.runner.busy)
    button = next(button for button in dock.notice.findChildren(type(dock.back)) if button.text() == "Open the report")
    button.click()
    window = dock.report_window
    wait_for(lambda: "report" in window.view.text())
    assert window.isVisible()
    dock.show_report(str(tmp_path / "gone.html"))
    assert "no longer there" in dock.notice.text()
    dock.leave()
    assert dock.report_window is None
