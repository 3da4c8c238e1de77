"""The tabs of the samples page: the scheme editor, reference maps and what rules leave, points that become samples."""

import csv
import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest
from qgis.core import QgsFeature, QgsGeometry, QgsPointXY, QgsProject, QgsVectorFileWriter, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from cropmap.contract.schemes import read_scheme
from cropmap_plugin.dock import SAMPLES, CropMapDock
from cropmap_plugin.pages.trusted import TrustedTab, code_names
from cropmap_plugin.widgets.look import scroll_area_of
from cropmap_plugin.widgets.scheme_table import SchemeTable
from cropmap_plugin.widgets.yield_counts import ALL, CHANGED, OFF, ON, PATTERN, Asked, TrustCounts, read_agreement

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-core/bin/python"

COUNTS = {
    "target_year": 2023,
    "in_season": False,
    "legend": [
        {"code": 0, "name": "Corn", "colour": "#ffd300"},
        {"code": 1, "name": "Soybean", "colour": "#267000"},
        {"code": 4, "name": "Other", "colour": "#d3d3d3"},
    ],
    "patterns": ["none", "monocrop", "rotation", "stable_other"],
    "bits": {
        "agreement": 1,
        "min_agreement": 2,
        "min_confidence": 4,
        "cultivated": 8,
        "homogeneous": 16,
        "edge_m": 32,
        "site": 64,
    },
    "rules": {"agreement": "agreement", "min_confidence": "min_confidence 90 %", "homogeneous": "homogeneous 3 x 3"},
    "switched": ["agreement", "min_confidence", "homogeneous"],
    "wanted": [1, 2, 3],
    # Each class a pixel of its own number for each pattern and each choice of the three rules, but no soybean that is
    # both sure and in a homogeneous window.
    "counts": [
        [code, pattern, 106 + a + 4 * c + 16 * h, 1 + code + 10 * pattern + 100 * (a + 2 * c + 4 * h)]
        for code, pattern, a, c, h in itertools.product((0, 1, 4), range(4), (0, 1), (0, 1), (0, 1))
        if not (code == 1 and c and h)
    ],
}
BITS = {"agreement": 1, "min_confidence": 4, "homogeneous": 16}


def tree_of(counts):
    """The counts of each class as a list of single kinds of pixels: pattern, rules passed, how many."""
    found = {}
    for code, pattern, bits, pixels in counts["counts"]:
        passed = {name for name, bit in BITS.items() if bits // bit % 2}
        found.setdefault(code, []).append((counts["patterns"][pattern], passed, pixels))
    return found


@pytest.fixture
def counts(tmp_path):
    from cropmap_plugin.widgets.yield_counts import read_counts

    path = tmp_path / "counts.json"
    path.write_text(json.dumps(COUNTS), encoding="utf-8")
    return read_counts(path)


# ---------------------------------------------------------------- sums of counts


def test_every_choice_of_rules_leaves_what_a_loop_over_all_kinds_of_pixels_finds(counts):
    for on in itertools.chain.from_iterable(itertools.combinations(counts.switches, n) for n in range(7)):
        wanted = {name for name in on if name in counts.patterns}
        rules = set(on) - wanted
        left = [
            sum(n for pattern, passed, n in kinds if rules <= passed and (not wanted or pattern in wanted))
            for kinds in tree_of(COUNTS).values()
        ]
        assert list(counts.left(on)) == left, on


def test_the_funnel_ends_with_what_is_left_and_names_the_rule_that_took_the_last(counts):
    on = set(counts.switches)
    steps = counts.funnel(on)
    assert [step.rule for step in steps] == [ALL, PATTERN, "agreement", "min_confidence", "homogeneous"]
    assert steps[-1].left == counts.left(on)
    assert counts.left(on)[1] == 0
    assert counts.emptied(on) == {"Soybean": ("homogeneous", steps[-2].left[1])}
    assert counts.emptied(on - {"min_confidence"}) == {}
    assert counts.without(on, "min_confidence")[1] == counts.left(on - {"min_confidence"})[1] > 0


def test_the_patterns_add_up_to_what_they_leave_together(counts):
    each = [counts.of_pattern(name) for name in ("monocrop", "rotation", "stable_other")]
    assert tuple(map(sum, zip(*each, strict=True))) == counts.funnel(counts.switches)[1].left


def test_a_class_that_is_in_no_map_was_emptied_by_no_rule(counts):
    fields = {**counts.__dict__, "classes": (*counts.classes, "Rice"), "colours": (*counts.colours, "#00a9e6")}
    assert "Rice" not in TrustCounts(**fields).emptied(set(counts.switches))


PROPERTIES = {
    "scheme": {"x-kind": "scheme", "default": ""},
    "monocrop": {"x-kind": "boolean", "default": True},
    "rotation": {"x-kind": "boolean", "default": True},
    "stable_other": {"x-kind": "boolean", "default": True},
    "agreement": {"x-kind": "boolean", "default": True},
    "min_agreement": {"x-kind": "number", "default": 95.0},
    "min_confidence": {"x-kind": "number", "default": 90.0},
    "homogeneous": {"x-kind": "integer", "default": 3},
    "edge_m": {"x-kind": "number", "default": 0.0},
}


@pytest.mark.parametrize(
    ("now", "state", "changed"),
    [
        ({}, ON, ()),
        ({"min_confidence": 0.0}, OFF, ()),
        ({"min_confidence": 80.0}, CHANGED, ("min_confidence",)),
        ({"edge_m": 60.0}, ON, ("edge_m",)),
        ({"scheme": "Corn = 1"}, ON, ("scheme",)),
        ({"monocrop": False, "agreement": False}, ON, ("min_agreement",)),
        ({"agreement": False, "min_agreement": 0.0}, ON, ("min_agreement",)),
    ],
)
def test_what_no_sum_can_follow_has_to_be_counted_again(counts, now, state, changed):
    asked = Asked(PROPERTIES, {}, now)
    assert asked.states(counts)["min_confidence"] == state
    assert asked.changed(counts) == changed


def test_a_switch_goes_back_to_what_was_counted(counts):
    asked = Asked(PROPERTIES, {"min_confidence": 85.0}, {"min_confidence": 0.0})
    assert asked.switch("min_confidence", on=False) == {"min_confidence": 0.0}
    assert asked.switch("min_confidence", on=True) == {"min_confidence": 85.0}
    assert asked.switch("monocrop", on=True) == {"monocrop": True}


def test_agreement_is_pooled_over_the_held_out_years(tmp_path):
    path = tmp_path / "agreement.csv"
    path.write_text(
        "pattern,classes,year,pixels,agreeing,share,low_95,high_95,held_out,dropped\n"
        'rotation,"Corn, Soybean",2021,100,90,0.9,,,1,0\n'
        'rotation,"Corn, Soybean",2022,300,290,0.97,,,1,0\n'
        'rotation,"Corn, Soybean",2023,50,1,0.02,,,0,0\n'
        "monocrop,Corn,2022,0,0,,,,1,0\n",
        encoding="utf-8",
    )
    (found,) = read_agreement(path)
    assert (found.classes, found.years, found.pixels, found.share) == ("Corn, Soybean", (2021, 2022), 400, 0.95)


# ---------------------------------------------------------------- the scheme editor


@pytest.fixture
def scheme(qgis_app):
    table = SchemeTable("Samples", "All other labels", "Each label is a class.")
    yield table
    table.deleteLater()


LABELS = {"alfalfa": 3, "corn": 20, "maize": 5, "soy": 8}


def test_labels_alone_make_no_scheme_and_each_is_a_class(scheme):
    scheme.show_labels(LABELS, {})
    assert scheme.names() == sorted(LABELS)
    assert scheme.text() == ""
    scheme.table.cellWidget(0, 0).setColor(QColor("#123456"))
    assert read_scheme(scheme.text()).classes[0].colour == "#123456"


def test_a_class_that_gets_the_name_of_another_joins_it(scheme):
    scheme.show_labels(LABELS, {})
    colour = scheme.table.cellWidget(1, 0).color().name()
    scheme.table.item(2, 1).setText("Corn")
    written = read_scheme(scheme.text())
    assert [(found.name, found.sources) for found in written.classes] == [
        ("alfalfa", ("alfalfa",)),
        ("corn", ("corn", "maize")),
        ("soy", ("soy",)),
    ]
    assert written.classes[1].colour == colour
    assert scheme.table.item(1, 3).text() == "25"


def test_selected_classes_are_merged_and_the_rest_follows(scheme):
    scheme.show_labels(LABELS, {})
    scheme.rest.setCurrentIndex(scheme.rest.findData("maize"))
    for row in (1, 2):
        scheme.table.selectionModel().select(
            scheme.table.model().index(row, 0),
            scheme.table.selectionModel().SelectionFlag.Select | scheme.table.selectionModel().SelectionFlag.Rows,
        )
    assert scheme.merge.isEnabled()
    scheme.merge.click()
    assert scheme.names() == ["alfalfa", "corn", "soy"]
    assert scheme.rest.currentData() == "corn"
    assert read_scheme(scheme.text()).rest == "corn"


def test_a_removed_class_is_left_out_and_an_empty_name_is_not_taken(scheme):
    scheme.show_labels(LABELS, {})
    scheme.table.selectRow(0)
    scheme.remove.click()
    assert read_scheme(scheme.text()).left_out == ("alfalfa",)
    scheme.table.item(0, 1).setText("  ")
    assert scheme.names() == ["corn", "maize", "soy"]


def test_a_preset_comes_back_by_its_name_until_it_is_edited(scheme):
    scheme.set_text("corn_soybean_other")
    assert scheme.text() == "corn_soybean_other"
    assert scheme.rest.currentData() == "Other"
    assert scheme.table.item(0, 2).text() == "1, 12, 13"
    scheme.table.item(0, 2).setText("1, 12-14")
    assert read_scheme(scheme.text()).classes[0].sources == (1, 12, 13, 14)


def test_names_with_signs_of_the_grammar_survive(scheme):
    labels = {'a "b"; c': 1, "x, y = z": 2, "7": 3, "rest": 4}
    scheme.show_labels(labels, {"7": "#010203"})
    written = read_scheme(scheme.text())
    assert [found.name for found in written.classes] == sorted(labels)
    assert [found.sources for found in written.classes] == [(name,) for name in sorted(labels)]
    assert [scheme.table.item(row, 3).text() for row in range(4)] == ["3", "1", "4", "2"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ('corn, "x', "quote"),
        ("corn, 300", "300"),
        ("9-3", "backwards"),
        ("soy", "soy: named more than once"),
        ("", "nothing"),
    ],
)
def test_what_is_wrong_is_said_under_the_table_until_it_is_mended(scheme, typed, words):
    scheme.show_labels(LABELS, {})
    scheme.table.item(1, 2).setText(typed)
    assert words in str(scheme.error())
    assert words in scheme._wrong.text()
    scheme.table.item(1, 2).setText("corn")
    assert scheme.error() is None
    assert scheme._wrong.isHidden()


def test_a_new_class_is_wrong_until_it_is_made_of_something_or_takes_the_rest(scheme):
    scheme.set_text("Corn = 1")
    scheme.add.click()
    assert scheme.names() == ["Corn", "New class"]
    assert "made of nothing" in str(scheme.error())
    scheme.rest.setCurrentIndex(scheme.rest.findData("New class"))
    assert scheme.error() is None
    assert read_scheme(scheme.text()).rest == "New class"


def test_labels_that_no_class_names_are_listed(scheme):
    scheme.show_labels(LABELS, {})
    scheme.set_text("Corn = corn; Soybean = soy")
    assert "alfalfa, maize" in scheme._note.text()
    scheme.rest.setCurrentIndex(scheme.rest.findData("left out"))
    assert scheme._note.text() == ""


def test_files_are_written_and_read(scheme, tmp_path):
    scheme.set_text("Corn #ffd300 = 1, 12; rest = left out")
    scheme.write(tmp_path / "scheme.txt")
    before = scheme.text()
    scheme.reset()
    assert scheme.text() == ""
    scheme.read(tmp_path / "scheme.txt")
    assert scheme.text() == before
    scheme.read(tmp_path / "nowhere.txt")
    assert "nowhere.txt" in scheme._wrong.text()


@pytest.mark.parametrize("content", [b"", b"\n \n", "Ma\xefs = 1".encode("latin-1"), b'[{"code": 1, "name": "Corn"}]'])
def test_a_file_that_is_no_scheme_changes_nothing_and_is_told(scheme, tmp_path, content):
    scheme.set_text("cdl_major")
    (tmp_path / "file.txt").write_bytes(content)
    scheme.read(tmp_path / "file.txt")
    assert scheme.error() is not None
    assert scheme.text() == "cdl_major"


def test_more_labels_than_classes_can_be_show_none(scheme):
    scheme.show_labels({str(number): 1 for number in range(300)}, {})
    assert scheme.names() == []
    assert scheme.text() == ""


# ---------------------------------------------------------------- reference maps


@pytest.fixture
def dock(qgis_iface, fake_python):
    panel = CropMapDock(qgis_iface)
    panel.show()
    panel.open_page(SAMPLES)
    yield panel
    panel.leave()
    panel.deleteLater()


def finish(dock, folder, params, **outputs):
    """Give the page what a finished job would."""
    folder.mkdir()
    (folder / "counts.json").write_text(json.dumps(COUNTS), encoding="utf-8")
    job = {"cropmap_job": 1, "kind": "trust", "params": params}
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    outputs = {"counts": str(folder / "counts.json"), **outputs}
    return dock.samples.job_done("trust", {"run_folder": str(folder), "outputs": outputs})


def test_counting_starts_the_job_without_points_and_says_what_is_missing(dock):
    asked = []
    dock.samples.start_asked.disconnect()
    dock.samples.start_asked.connect(lambda kind, params: asked.append((kind, params)))
    tab = dock.samples.trusted
    tab.count.click()
    assert not asked
    assert tab.maps.has_problem()
    tab.set_values({"maps": ["/m/2022.tif", "/m/2023.tif"], "legend": "cdl", "history_years": 3})
    tab.count.click()
    tab.draw.click()
    params = {"maps": ["/m/2022.tif", "/m/2023.tif"], "legend": "cdl", "history_years": 3}
    assert asked == [("trust", {**params, "total": 0}), ("trust", params)]
    tab.scheme.table.item(0, 2).setText("5")
    tab.count.click()
    assert len(asked) == 2


def test_ticking_a_rule_recomputes_the_table_and_sets_its_parameter(dock, tmp_path, counts):
    tab = dock.samples.trusted
    tab.set_values({"maps": ["/m/2023.tif"]})
    assert tab.table.isHidden()
    finish(dock, tmp_path / "run", {"maps": ["/m/2023.tif"], "total": 0})
    everything = set(counts.switches)
    assert tab.table.cell("end", "Soybean") == "0"
    assert "Soybean" in tab._emptied.text()
    assert "Homogeneous window" in tab._emptied.text()
    line = tab.table._lines().index("min_confidence")
    tab.table.rules.item(line, 0).setCheckState(Qt.CheckState.Unchecked)
    assert tab.values()["min_confidence"] == 0
    left = counts.left(everything - {"min_confidence"})
    assert tab.table.cell("end", "Soybean").replace(",", "") == str(left[1])
    assert tab._emptied.isHidden()
    assert tab._changed_note.isHidden()
    tab.table.rules.item(line, 0).setCheckState(Qt.CheckState.Checked)
    assert "min_confidence" not in tab.values()
    tab.rules.editor("monocrop").setChecked(False)
    assert tab.table.cell("end", "Corn").replace(",", "") == str(counts.left(everything - {"monocrop"})[0])


def test_a_site_that_was_only_drawn_is_copied_for_the_worker_and_counts_as_counted(dock, tmp_path, monkeypatch):
    drawn = QgsVectorLayer("Polygon?crs=EPSG:32615", "my site", "memory")
    QgsProject.instance().addMapLayer(drawn)
    tab, orders = dock.samples.trusted, []
    monkeypatch.setattr(dock.runner, "start", lambda order, _title: orders.append(order))
    monkeypatch.setenv("CROPMAP_PYTHON", str(Path(sys.executable)))
    tab.set_values({"maps": ["/m/2023.tif"]})
    tab.rules.editor("site").combo.setLayer(drawn)
    tab.count.click()
    given = orders[0].job.params
    assert Path(given["site"]).name == "site.gpkg"
    assert Path(given["site"]).is_file()
    finish(dock, tmp_path / "run", given)
    assert tab._changed_note.isHidden()
    assert tab._title("site", with_value=True) == "Site: my site"
    tab.set_values({**tab.values(), "history_years": 3})
    assert tab.rules.editor("site").layer() == drawn
    QgsProject.instance().clear()
    assert "Site" in tab._changed_note.text()


def test_a_tab_is_opened_at_its_top(dock):
    dock.resize(360, 500)
    dock.show()
    dock.samples.open_tab(dock.samples.trusted)
    bar = scroll_area_of(dock.samples).verticalScrollBar()
    bar.setValue(bar.maximum())
    assert bar.value() > 0
    dock.samples.open_tab(dock.samples.survey)
    assert bar.value() == 0


def test_a_threshold_that_was_not_counted_asks_to_count_again(dock, tmp_path):
    tab = dock.samples.trusted
    tab.set_values({"maps": ["/m/2023.tif"]})
    finish(dock, tmp_path / "run", {"maps": ["/m/2023.tif"], "total": 0})
    tab.rules.editor("homogeneous").setValue(5)
    tab.scheme.table.item(0, 1).setText("Maize")
    assert "Class scheme, Homogeneous window" in tab._changed_note.text()
    tab.set_values({"maps": ["/m/2023.tif"]})
    assert tab._changed_note.isHidden()


def test_the_classes_show_how_many_pixels_the_maps_hold(dock, tmp_path, counts):
    finish(dock, tmp_path / "run", {"maps": ["/m/2023.tif"], "total": 0})
    shown = dock.samples.trusted.scheme.table.item(0, 3).text()
    assert shown.replace(",", "") == str(counts.left(())[0])


def test_drawn_points_become_the_samples(dock, tmp_path):
    path = tmp_path / "trusted_points.gpkg"
    layer = QgsVectorLayer(
        "Point?crs=EPSG:32615&field=id:integer&field=class:string&field=colour:string&field=group:integer",
        "p",
        "memory",
    )
    for number, (name, colour) in enumerate((("Corn", "#aa5500"), ("Corn", "#aa5500"), ("Other", "#d3d3d3"))):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([number, name, colour, number // 2])
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(500_000 + number, 4_000_000)))
        layer.dataProvider().addFeatures([feature])
    options = QgsVectorFileWriter.SaveVectorOptions()
    QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), QgsProject.instance().transformContext(), options)
    dock.samples.open_tab(dock.samples.trusted)
    said = finish(dock, tmp_path / "run", {"maps": ["/m/2023.tif"]}, points=str(path))
    assert said.startswith("3 points")
    assert not dock.samples.survey.isHidden()
    assert dock.samples.trusted.isHidden()
    values = dock.samples.values()
    assert values["samples"] == str(path)
    assert (values["class_field"], values["group_field"]) == ("class", "group")
    # The colours of the reference maps' classes stay.
    assert [found.colour for found in read_scheme(values["scheme"]).classes] == ["#aa5500", "#d3d3d3"]


def test_a_wrong_scheme_stops_the_run_with_its_reason(dock, tmp_path):
    from cropmap.contract.errors import LegendError

    dock.samples.survey.scheme.set_text("Corn = 1")
    dock.samples.survey.scheme.table.item(0, 2).setText("1, 1")
    with pytest.raises(LegendError, match="more than once"):
        dock.samples.ready_for(tmp_path)


def test_the_settings_of_an_earlier_run_bring_its_scheme(dock):
    dock.samples.set_values({"samples": "/s.npz", "scheme": "vojvodina_7"})
    assert len(dock.samples.survey.scheme.names()) == 7
    assert dock.samples.values()["scheme"] == "vojvodina_7"


def test_a_raster_without_names_tells_none(qgis_app, tmp_path):
    assert code_names("2016=/nowhere/map.tif") == {}


def test_codes_of_the_cropland_data_layer_are_named(qgis_app):
    tab = TrustedTab()
    tip = tab.scheme.table.item(0, 2).toolTip
    before = tip()
    tab.legend.set_value("cdl")
    assert "Sweet Corn" in tip()
    tab.legend.set_value("")
    assert tip() == before


def test_every_parameter_of_the_job_is_asked_for_once(qgis_app):
    from cropmap_plugin.house import catalogue

    tab = TrustedTab()
    shown = [name for form in (tab.maps, tab.further, tab.rules, tab.drawing) for name in form.names()]
    assert sorted([*shown, "legend", "scheme"]) == sorted(catalogue().entry("jobs", "trust").schema["properties"])
    tab.deleteLater()


# ---------------------------------------------------------------- with the real library


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON.exists(), reason="the library's environment (.venv-core) is not made here")
def test_the_live_table_shows_what_the_job_writes_and_its_points_become_the_samples(
    qgis_iface, monkeypatch, tmp_path, wait_for
):
    site = tmp_path / "site"
    code = (
        "import sys; from cropmap.testing.synthetic import SyntheticOptions, write_site; "
        "write_site(sys.argv[1], SyntheticOptions(size=64, images=False))"
    )
    subprocess.run([PYTHON, "-c", code, site], check=True, capture_output=True)
    monkeypatch.setenv("CROPMAP_PYTHON", str(PYTHON))
    dock = CropMapDock(qgis_iface)
    dock.show()
    dock.map.folder.setFilePath(str(tmp_path / "runs"))
    tab = dock.samples.trusted
    maps = sorted(map(str, (site / "labels").glob("labels_*.tif")))
    layers = [str(path) for path in (site / "labels").glob("confidence_*.tif")]
    tab.set_values({"maps": maps, "confidence_layers": layers, "total": 60})
    tab.count.click()
    wait_for(lambda: not dock.runner.busy, 240)
    assert tab.scheme._meanings[1] == "Corn"

    (folder,) = (tmp_path / "runs").iterdir()
    with (folder / "yield.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    states = dict.fromkeys(tab._counts.switches, ON)
    steps = tab._counts.funnel(states)
    names = tab._counts.classes
    assert [n for step in steps for n in step.left] == [int(row["left_in_order"]) for row in rows]
    without = [tab._counts.without(states, step.rule) for step in steps[1:]]
    assert [n for each in without for n in each] == [int(row["left_without_it"]) for row in rows[len(names) :]]
    assert [tab.table.cell("end", name).replace(",", "") for name in names] == [str(n) for n in steps[-1].left]

    tab.draw.click()
    wait_for(lambda: not dock.runner.busy, 240)
    assert "points are drawn" in dock.notice.text()
    assert sorted(dock.samples.survey.scheme.names()) == sorted(names)
    assert dock.samples.values()["group_field"] == "group"
    dock.leave()
    dock.deleteLater()
