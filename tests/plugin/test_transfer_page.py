"""Beside the steps: measuring the shift between two sites, and carrying models over."""

import json
import os

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QPushButton

from cropmap_plugin import house
from cropmap_plugin.dock import CARRY, IMAGES, MODEL, THE_MAP, CropMapDock
from cropmap_plugin.house import catalogue
from cropmap_plugin.pages.transfer import SHIFT, TRANSFER, TransferPage
from cropmap_plugin.widgets.findings import findings
from cropmap_plugin.widgets.form import SchemaForm
from cropmap_plugin.widgets.strategies import Advised, StrategyTicks, read_advice
from cropmap_plugin.widgets.transfer_table import read_carried
from cropmap_plugin.worker.history import PastRun
from tests.plugin.package_files import write_package
from tests.plugin.sample_files import write_sample_file

NUMBER = {"type": "integer", "title": "N", "description": "N.", "x-kind": "integer", "minimum": 1, "maximum": 9999}
FILE = {"type": "string", "title": "File", "description": "A file.", "x-kind": "file"}
ENTRY = {"type": "object", "title": "Entry", "description": "An entry.", "x-kind": "entry", "default": ""}
PACKAGE = {"type": "string", "title": "Model", "description": "A model.", "x-kind": "package", "default": ""}
IMAGES_OF_SITE = {"name": "folder", "path": "/site"}


def put(jobs, name, properties, required):
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    found = {"name": name, "title": name.title(), "summary": "A sentence.", "citation": "", "needs": []}
    jobs[:] = [job for job in jobs if job["name"] != name] + [{**found, "schema": schema}]


@pytest.fixture
def jobs(qgis_app, tmp_path, monkeypatch):
    """A catalogue whose jobs shift and transfer take what these tests know."""
    fields = json.loads((house.PACKAGE / "catalogue.json").read_text(encoding="utf-8"))
    listed = fields["registries"]["jobs"]
    common = {
        "package": PACKAGE,
        "images": {**ENTRY, "x-registry": "sources"},
        "target_samples": {**FILE, "default": ""},
        "pixels": {**NUMBER, "default": 5000},
    }
    put(listed, SHIFT, {"sample_set": FILE, **common}, ["sample_set"])
    own = {
        "sample_set": {**FILE, "default": ""},
        "target_series": {**FILE, "default": ""},
        "strategies": {**ENTRY, "type": "array", "x-kind": "entries", "x-registry": "strategies", "default": []},
        "model": {**ENTRY, "x-registry": "models"},
        "folds": {**NUMBER, "default": 5},
    }
    put(listed, TRANSFER, {**common, **own}, [])
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "catalogue.json").write_text(json.dumps(fields), encoding="utf-8")
    monkeypatch.setattr(house, "PACKAGE", tmp_path / "package")
    catalogue.cache_clear()
    yield
    monkeypatch.undo()
    catalogue.cache_clear()


@pytest.fixture
def page(jobs):
    made = TransferPage()
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
def source(tmp_path):
    return str(write_sample_file(tmp_path / "source.gpkg"))


@pytest.fixture
def target(tmp_path):
    return str(write_sample_file(tmp_path / "target.gpkg"))


def asked_of(page):
    asked = []
    page.start_asked.connect(lambda kind, values: asked.append((kind, values)))
    return asked


def network(tmp_path, name="ours"):
    return str(write_package(tmp_path / "runs" / name / "model.cropmap", model="tempcnn"))


# ---------------------------------------------------------------- source and target


def test_models_of_the_runs_are_listed_the_newest_first_and_a_file_may_be_chosen(page, tmp_path):
    old, new = (write_package(tmp_path / "runs" / name / "model.cropmap") for name in ("old", "new"))
    os.utime(old, (1, 1))
    other = write_package(tmp_path / "elsewhere" / "mine.cropmap")
    page.show_folder(tmp_path / "runs")
    combo = page.package.combo
    assert [combo.itemData(row) for row in range(combo.count())] == ["", str(new), str(old)]
    assert combo.itemText(1) == "new · Random forest"
    assert "model.cropmap" in combo.itemData(1, Qt.ItemDataRole.ToolTipRole)
    page.package.set_value(str(other))
    page.show_folder(tmp_path / "runs")
    assert (page.package.value(), page.package.package().name) == (str(other), "mine")


def test_nothing_to_transfer_from_or_to_is_said_beside_the_fields(page, source):
    asked = asked_of(page)
    page.start.click()
    assert "nothing to transfer from" in page.notice.text()
    page.samples.set_path(source)
    page.start.click()
    assert "nothing to transfer to" in page.notice.text()
    page.measure.click()
    assert "nothing to transfer to" in page.notice.text()
    assert asked == []


def test_the_shift_of_a_model_alone_is_refused_before_a_worker_starts(page, tmp_path):
    asked = asked_of(page)
    page.package.set_value(network(tmp_path))
    page.show_images(IMAGES_OF_SITE)
    page.measure.click()
    assert "sample file too" in page.notice.text()
    assert asked == []


def test_the_shift_is_measured_to_the_images_of_the_first_step(page, source, tmp_path):
    asked = asked_of(page)
    path = network(tmp_path)
    page.package.set_value(path)
    page.samples.set_path(source)
    page.show_images(IMAGES_OF_SITE)
    page.shift_settings.set_values({"pixels": 800})
    page.measure.click()
    expected = {"package": path, "sample_set": source, "images": IMAGES_OF_SITE, "pixels": 800}
    assert asked == [(SHIFT, expected)]
    assert catalogue().problems("jobs", *asked[0]) == []


def test_without_images_a_sample_file_stands_for_the_target(page, source, target):
    asked = asked_of(page)
    page.samples.set_path(source)
    page.labels.set_path(target)
    page.show_images({"name": "folder", "path": ""})
    assert not page.with_images.isEnabled()
    page.measure.click()
    page.start.click()
    assert asked == [
        (SHIFT, {"sample_set": source, "target_samples": target}),
        (TRANSFER, {"sample_set": source, "target_samples": target}),
    ]


def test_the_link_to_the_images_opens_the_first_step_and_they_come_back_from_it(dock):
    dock.open_page(CARRY)
    assert "none are chosen" in dock.transfer.images.text()
    dock.transfer.images.linkActivated.emit("images")
    assert dock.stack.currentIndex() == IMAGES
    dock.images.set_values({"images": IMAGES_OF_SITE})
    dock.open_page(CARRY)
    assert "site" in dock.transfer.images.text()
    assert dock.transfer.with_images.isEnabled()


# ---------------------------------------------------------------- strategies


def test_a_few_strategies_are_shown_and_all_of_them_at_a_click(page):
    page.show()
    names = page.strategies.names()
    shown = [name for name in names if page.strategies.row(name).isVisible()]
    assert shown == ["direct", "shifted", "pooled", "fine_tune", "scratch"]
    page.strategies.more.click()
    assert all(page.strategies.row(name).isVisible() for name in names)
    assert sorted(names) == sorted(entry.name for entry in catalogue().entries("strategies"))
    page.close()


def test_what_a_strategy_lacks_is_said_and_it_cannot_be_ticked(page, source, target, tmp_path):
    ticks = page.strategies
    assert all(ticks.row(name).box.isEnabled() for name in ticks.names())  # nothing is chosen yet
    page.package.set_value(str(write_package(tmp_path / "forest.cropmap")))
    page.show_images(IMAGES_OF_SITE)
    lacking = {name: ticks.row(name).lack.text() for name in ("direct", "shifted", "scratch", "pooled", "adabn")}
    assert lacking == {
        "direct": "",
        "shifted": "",
        "scratch": "Needs labelled samples of the target.",
        "pooled": "Needs the source's samples.",
        "adabn": "Needs a neural network as the source's model.",
    }
    assert not ticks.row("scratch").box.isEnabled()
    page.labels.set_path(target)
    page.samples.set_path(source)
    page.package.set_value(network(tmp_path))
    assert all(ticks.row(name).box.isEnabled() for name in ticks.names())
    page.with_images.setChecked(False)
    page.labels.set_path("")
    assert "the target's images" in ticks.row("shifted").lack.text()


def test_the_strategies_ticked_are_run_side_by_side_with_their_settings(page, source, target):
    asked = asked_of(page)
    page.samples.set_path(source)
    page.labels.set_path(target)
    page.show_images(IMAGES_OF_SITE)
    page.strategies.row("scratch").box.setChecked(True)
    page.strategies.row("pooled").box.setChecked(True)
    page.strategies.row("pooled").findChild(SchemaForm).set_values({"rows": 321})
    page.settings.set_values({"model": "tempcnn", "folds": 3})
    page.start.click()
    ((kind, values),) = asked
    assert kind == TRANSFER
    assert values["strategies"] == [{"name": "pooled", "rows": 321}, {"name": "scratch"}]
    assert (values["model"], values["folds"], values["images"]) == ("tempcnn", 3, IMAGES_OF_SITE)
    assert catalogue().problems("jobs", kind, values) == []


def test_without_ticks_and_changes_the_job_chooses_for_itself(page, source):
    asked = asked_of(page)
    page.samples.set_path(source)
    page.show_images(IMAGES_OF_SITE)
    page.start.click()
    assert asked == [(TRANSFER, {"sample_set": source, "images": IMAGES_OF_SITE})]


def test_advice_puts_strategies_first_with_what_to_expect_and_why(page):
    listed = [
        {
            "strategy": "coral",
            "model": "tempcnn",
            "expected": [0.61, 0.7, 0.75],
            "reasons": ["Best on 4 of 4 <pairs>."],
            "values": {},
        },
        {"strategy": "direct", "expected": None, "reasons": []},
        {"strategy": "sparkle", "expected": [0, 1, 1]},
        {"strategy": "scratch", "expected": ["many"]},
        "nonsense",
    ]
    page.job_done(SHIFT, {"figures": {"advice": listed}})
    names = page.strategies.names()
    assert names[:2] == ("coral", "direct")
    row = page.strategies.row("coral")
    assert row.expected.text() == "Expected mean F1: <b>0.70</b> (0.61 to 0.75) · TempCNN"
    assert row.sentence.text() == "Best on 4 of 4 <pairs>."
    assert page.strategies.row("direct").expected.text() == ""
    page.strategies.show_advice([])
    assert row.sentence.text() == catalogue().entry("strategies", "coral").summary
    assert page.strategies.names()[0] == "direct"


@pytest.mark.parametrize("advice", [None, {}, "much", [1], [{"strategy": 5}], [{"strategy": "direct", "values": 7}]])
def test_damaged_advice_is_left_out(jobs, advice):
    assert read_advice({"advice": advice}) == ()


def test_advised_settings_are_taken_with_the_tick(jobs):
    ticks = StrategyTicks()
    ticks.show_advice([Advised("pooled", {"rows": 77})])
    ticks.row("pooled").box.setChecked(True)
    assert ticks.value() == [{"name": "pooled", "rows": 77}]
    ticks.row("pooled").box.setChecked(False)
    assert ticks.value() == []
    ticks.deleteLater()


# ---------------------------------------------------------------- results


@pytest.mark.parametrize(
    ("verdict", "words"), [("low", "Small shift"), ("medium", "Moderate shift"), ("high", "Large shift")]
)
def test_the_verdict_stands_in_a_banner_with_its_reasons_and_its_report(page, verdict, words):
    opened = []
    page.report_asked.connect(opened.append)
    figures = {"verdict": verdict, "reasons": ["AUC 0.83.", "The calendar lags by 12 days."]}
    page.job_done(SHIFT, {"figures": figures, "outputs": {"report": "/run/shift.html"}})
    assert not page.verdict.isHidden()
    assert all(text in page.verdict.text() for text in (words, "AUC 0.83.", "12 days"))
    page.verdict.findChildren(QPushButton)[0].click()
    assert opened == ["/run/shift.html"]


@pytest.mark.parametrize("figures", [{}, {"verdict": "purple", "reasons": 3}, {"verdict": None}])
def test_a_verdict_of_another_form_is_not_shown(page, figures):
    page.job_done(SHIFT, {"figures": figures})
    assert page.verdict.isHidden()


def test_series_that_the_measurement_drew_are_not_drawn_again_while_they_fit(page, source, target, tmp_path):
    asked = asked_of(page)
    drawn = write_sample_file(tmp_path / "target_series.gpkg")
    page.samples.set_path(source)
    page.show_images(IMAGES_OF_SITE)
    page.measure.click()
    page.job_done(SHIFT, {"figures": {"verdict": "low"}, "outputs": {"target_series": str(drawn)}})
    page.labels.set_path(target)
    page.start.click()
    expected = {"sample_set": source, "target_series": str(drawn), "target_samples": target}
    assert asked[-1] == (TRANSFER, expected)
    page.show_images({"name": "folder", "path": "/another"})
    page.start.click()
    assert "target_series" not in asked[-1][1]
    assert asked[-1][1]["images"]["path"] == "/another"


def carried(folder, best="fine_tune"):
    """Return a finished run's result: two strategies, judged; the package of one is gone."""
    write_package(folder / "packages" / "fine_tune.cropmap", model="tempcnn")
    figures = {
        "verdict": "medium",
        "reasons": ["AUC 0.8."],
        "best": best,
        "strategies": {
            "direct": {"macro_f1": 0.6123, "overall_accuracy": 0.7, "seconds": 1.0, "title": "no number"},
            "fine_tune": {"macro_f1": 0.7456, "overall_accuracy": 0.81, "over_direct": [0.1333, 0.02, 0.2]},
        },
    }
    return {"run_folder": str(folder), "outputs": {"report": str(folder / "transfer.html")}, "figures": figures}


def test_each_model_carried_over_stands_in_a_table_and_goes_to_the_map(dock, tmp_path):
    dock.open_page(CARRY)
    assert not dock.stepper.is_ready(CARRY)
    dock._show_result(TRANSFER, carried(tmp_path / "runs" / "transfer-1"))
    dock.refresh()
    table = dock.transfer.table
    assert dock.stepper.is_ready(CARRY)
    rows = [[label.text() for label in row[:3]] for row in table.rows]
    titles = {name: catalogue().entry("strategies", name).title for name in ("direct", "fine_tune")}
    assert rows == [[titles["fine_tune"], "0.746", "0.810"], [titles["direct"], "0.612", "0.700"]]
    assert ["bold" in row[0].styleSheet() for row in table.rows] == [True, False]
    assert "+13.3 points against" in table.rows[0][0].toolTip()
    buttons = [row[3] for row in table.rows]
    assert [button.isEnabled() for button in buttons] == [True, False]
    buttons[0].click()
    assert dock.stack.currentIndex() == THE_MAP
    assert dock.map.kind == "map"
    assert dock.map.package_path().endswith("packages/fine_tune.cropmap")


@pytest.mark.parametrize("figures", [{}, {"strategies": []}, {"strategies": {"direct": "good"}, "best": 3}])
def test_results_of_another_form_are_told_without_their_figures(page, figures):
    found = read_carried({"figures": figures, "run_folder": "/nowhere"})
    assert all(not each.figures and each.package is None and not each.best for each in found)
    page.job_done(TRANSFER, {"figures": figures, "outputs": {}})
    findings(TRANSFER, {"figures": figures})


def test_what_the_jobs_found_is_told_in_a_few_lines(qgis_app):
    shift = {"auc": 0.834, "lag_days": -12.3, "share_gap": 0.142, "pixels": 800, "mean_distance": None}
    assert findings(SHIFT, {"figures": shift}) == [
        "Told apart by a classifier of sites: AUC 0.83",
        "The target's calendar: -12 days",
        "Shares of classes that differ: 14 %",
    ]
    figures = {"best": "fine_tune", "strategies": {"fine_tune": {"macro_f1": 0.7456}, "direct": {}}}
    figures["left_out"] = {"adabn": "It has no batch normalisation."}
    title = catalogue().entry("strategies", "fine_tune").title
    assert findings(TRANSFER, {"figures": figures}) == [
        f"Best: {title}, mean F1 0.746",
        f"Left out: {catalogue().entry('strategies', 'adabn').title}. It has no batch normalisation.",
    ]
    assert findings(TRANSFER, {"figures": {"best": "direct", "strategies": {"direct": {"score": 1.2}}}}) == []
    assert findings("map", {"figures": {"outside_share": 0.1234}}) == [
        "Unlike the samples that the model learnt from: 12.3 % of the mapped pixels"
    ]


# ---------------------------------------------------------------- in the panel


def test_the_way_to_the_map_passes_transfer_by_and_any_time_it_may_be_opened(dock, monkeypatch):
    monkeypatch.setattr(dock, "_page_is_right", lambda _position: True)
    dock.open_page(MODEL)
    dock.go_on()
    assert dock.stack.currentIndex() == THE_MAP
    dock.back.click()
    assert dock.stack.currentIndex() == MODEL
    dock.stepper.opened.emit(CARRY)
    assert dock.primary.text() == "Next: map"
    dock.go_on()
    assert dock.stack.currentIndex() == THE_MAP


def test_the_panel_starts_the_jobs_of_the_page_in_folders_of_their_own(dock, source, monkeypatch):
    started = []
    monkeypatch.setattr(dock, "start", lambda kind, params, folder: started.append((kind, params, folder.name)))
    dock.images.set_values({"images": IMAGES_OF_SITE})
    dock.open_page(CARRY)
    dock.transfer.samples.set_path(source)
    dock.transfer.measure.click()
    ((kind, params, folder),) = started
    assert (kind, params) == (SHIFT, {"sample_set": source, "images": IMAGES_OF_SITE})
    assert folder.startswith("shift-")


def test_a_cancelled_transfer_says_which_models_are_kept_and_goes_on(dock, tmp_path, wait_for):
    write_package(tmp_path / "run" / "packages" / "direct.cropmap")
    dock.start(TRANSFER, {"act": "wait"}, tmp_path / "run")
    wait_for(lambda: dock.run_panel.bar.value() == 500)
    dock.run_panel.cancel.click()
    wait_for(lambda: not dock.runner.busy)
    assert "kept in the list of models: 1" in dock.notice.text()
    assert "Go on" in [button.text() for button in dock.notice.findChildren(QPushButton)]


def test_the_settings_of_an_earlier_transfer_can_be_used_again(dock, source, tmp_path):
    params = {
        "sample_set": source,
        "package": network(tmp_path),
        "images": IMAGES_OF_SITE,
        "pixels": 700,
        "strategies": [{"name": "direct"}],
    }
    dock.reuse(PastRun(tmp_path, TRANSFER, params, None, {}))
    assert dock.stack.currentIndex() == CARRY
    assert dock.transfer.parameters(TRANSFER) == params


def test_a_model_of_the_list_is_carried_from_there_and_carried_ones_are_listed(dock, tmp_path):
    folder = tmp_path / "runs" / "transfer-1"
    path = write_package(folder / "packages" / "dann.cropmap")
    (folder / "transfer.html").write_text("<p>report</p>")
    dock.map.folder.setFilePath(str(tmp_path / "runs"))
    dock.show_models()
    (found,) = dock.models_window.selected()
    assert (found.path, found.name, found.report) == (path, "transfer-1 (dann)", folder / "transfer.html")
    dock.models_window.carry.click()
    assert dock.stack.currentIndex() == CARRY
    assert dock.transfer.package.value() == str(path)
    assert "transfer-1 (dann)" in dock.transfer.package.combo.currentText()


def test_a_library_without_these_jobs_greys_the_buttons(jobs):
    path = house.PACKAGE / "catalogue.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    fields["registries"]["jobs"] = [j for j in fields["registries"]["jobs"] if j["name"] not in {SHIFT, TRANSFER}]
    path.write_text(json.dumps(fields), encoding="utf-8")
    catalogue.cache_clear()
    made = TransferPage()
    assert not made.measure.isEnabled()
    assert not made.start.isEnabled()
    made.deleteLater()
