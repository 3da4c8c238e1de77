"""Doubtful labels, decided one by one; and the series under the mouse pointer."""

import json
import math
import shutil
import subprocess
from pathlib import Path

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsExpressionContext,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsSymbolLayer,
    QgsVectorLayer,
)
from qgis.gui import QgsVertexMarker
from qgis.PyQt.QtCore import QEvent, Qt
from qgis.PyQt.QtGui import QKeyEvent
from qgis.PyQt.QtTest import QTest

from cropmap.contract.errors import SampleError
from cropmap_plugin.layers.cubes import cube_bands
from cropmap_plugin.layers.results import load_results
from cropmap_plugin.layers.sample_file import SampleFile, read_profiles, telling_band
from cropmap_plugin.pages.review import ReviewTab
from cropmap_plugin.widgets.series_dock import SeriesDock
from tests.plugin.sample_files import (
    COLOURS,
    ROWS,
    X,
    Y,
    series_of,
    verdicts,
    write_cube,
    write_profiles,
    write_sample_file,
)

UTM = QgsCoordinateReferenceSystem("EPSG:32615")
ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-core/bin/python"


@pytest.fixture
def path(tmp_path, qgis_app):
    write_profiles(tmp_path / "profiles.json")
    return write_sample_file(tmp_path / "samples.gpkg")


@pytest.fixture
def canvas(qgis_iface):
    found = qgis_iface.mapCanvas()
    found.resize(600, 400)
    found.setDestinationCrs(UTM)
    found.setExtent(QgsRectangle(X - 1000, Y - 1000, X + 2000, Y + 1000))
    return found


@pytest.fixture
def empty_tab(qgis_iface):
    made = ReviewTab(qgis_iface)
    yield made
    made.hide()
    made.deleteLater()


@pytest.fixture
def tab(empty_tab, path, canvas):
    empty_tab.resize(360, 900)
    empty_tab.source.set_path(path)
    empty_tab.show()
    return empty_tab


def in_project(path):
    layer = QgsVectorLayer(path, "Samples", "ogr")
    QgsProject.instance().addMapLayer(layer)
    return layer


def rings(canvas):
    return [item for item in canvas.scene().items() if isinstance(item, QgsVertexMarker)]


def press(tab, key):
    QTest.keyClick(tab.card, key)


# ---------------------------------------------------------------- the file


def test_suspects_come_by_rank(path):
    found = SampleFile(path).suspects()
    assert [(s.rank, s.ident, s.label, s.suggested, s.why) for s in found] == [
        (rank, ident, label, suggested, why)
        for ident, label, rank, suggested, why in sorted(ROWS, key=lambda row: row[2])
        if rank
    ]
    assert [s.point.x() for s in found] == [X + 600, X + 1200, X, X + 900]


def test_a_series_is_what_the_file_holds_without_what_a_mask_hid(path):
    file = SampleFile(path)
    assert [date.isoformat() for date in file.dates] == ["2023-04-01", "2023-05-01", "2023-05-31"]
    assert (file.bands, file.colours) == (("red", "nir"), COLOURS)
    first, third = (next(s for s in file.suspects() if s.ident == ident) for ident in "ec")
    assert file.series(first.fid)["nir"] == pytest.approx(series_of(4)[1::3])
    assert file.series(third.fid)["red"] == pytest.approx([0.2, math.nan, 0.2], nan_ok=True)


@pytest.mark.parametrize(
    ("what", "words"), [("plain", "no sample file"), ("newer", "version 9"), ("missing", "not there"), ("text", "no ")]
)
def test_what_is_no_sample_file_is_refused_in_words(tmp_path, qgis_app, what, words):
    path = tmp_path / "other.gpkg"
    if what == "text":
        path.write_text("not a database")
    elif what != "missing":
        write_sample_file(path, version=9, metadata=what == "newer")
    with pytest.raises(SampleError, match=words):
        SampleFile(str(path))


@pytest.mark.parametrize("project", [False, True])
def test_a_verdict_is_in_the_file_at_once_and_the_file_is_left_whole(path, project):
    if project:
        in_project(path)
    file = SampleFile(path)
    decided = file.decide(file.suspects()[0], "soy")
    assert decided.verdict == "soy"
    assert verdicts(path)["c"] == "soy"
    assert list(Path(path).parent.glob("samples.gpkg-*")) == []  # no journal
    assert file.suspects()[0] == decided


def test_a_layer_that_is_being_edited_keeps_the_verdict_until_it_is_saved(path):
    layer, file = in_project(path), SampleFile(path)
    assert layer.startEditing()
    file.decide(file.suspects()[0], "drop")
    assert file.has_edits()
    assert file.suspects()[0].verdict == "drop"
    assert verdicts(path)["c"] == ""
    assert layer.commitChanges()
    assert verdicts(path)["c"] == "drop"


def test_a_file_that_may_not_be_written_is_told(path):
    in_project(path).setReadOnly(True)
    file = SampleFile(path)
    with pytest.raises(SampleError, match="read-only") as caught:
        file.decide(file.suspects()[0], "keep")
    assert "copy" in caught.value.fix
    assert set(verdicts(path).values()) == {""}


def test_a_file_that_was_replaced_is_told(path, tmp_path):
    file = SampleFile(path)
    suspect = file.suspects()[0]
    shutil.copy(path, tmp_path / "new.gpkg")
    (tmp_path / "new.gpkg").replace(path)
    with pytest.raises(SampleError, match="replaced"):
        file.decide(suspect, "keep")
    Path(path).unlink()
    with pytest.raises(SampleError, match="removed"):
        file.series(suspect.fid)


def test_a_sample_that_was_deleted_is_told(path):
    layer, file = in_project(path), SampleFile(path)
    suspect = file.suspects()[0]
    assert layer.startEditing()
    assert layer.deleteFeature(suspect.fid)
    assert layer.commitChanges()
    with pytest.raises(SampleError, match="Sample c is no longer"):
        file.decide(suspect, "keep")


def test_the_band_that_tells_most_is_the_one_whose_medians_are_furthest_apart(path, tmp_path):
    profiles = SampleFile(path).profiles()
    # nir: 4 / (1 + 1) = 2, twice of three steps; red: 0.1 / 0.2 = 0.5 at the first step, then no width.
    assert telling_band(profiles, "corn", "soy", {"red": [0, 0, 0], "nir": [0, 0, 0]}) == "nir"
    # Alone, the series itself decides: red is 4.8 / 0.2 away from the median at the first step, nir nothing.
    assert telling_band(profiles, "corn", "", {"red": [5, 0, 0], "nir": [1, 1, 1]}) == "red"
    assert math.isnan(profiles.courses["soy"].quantiles["50"]["nir"][1])
    assert read_profiles(tmp_path / "profiles.json", ("red", "swir1")) is None
    (tmp_path / "profiles.json").write_text("{")
    assert SampleFile(path).profiles() is None


@pytest.mark.skipif(not PYTHON.exists(), reason="the library's environment (.venv-core) is not made here")
def test_the_library_writes_what_is_read_here_and_reads_what_is_written_here(path, tmp_path, qgis_app):
    script = """
import datetime as dt, json, sys
import numpy as np
from cropmap.assessment.profile_file import profiles_json
from cropmap.data.legend import legend_from_names
from cropmap.data.recipe import Recipe
from cropmap.data.review import Review
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.io.samples import read_sample_file, write_samples
if sys.argv[2] == "write":
    rng = np.random.default_rng(0)
    samples = SampleSet(
        values=rng.random((8, 3, 2), dtype=np.float32), codes=(np.arange(8) % 2).astype(np.uint8),
        ids=np.arange(8).astype(str), groups=np.arange(8).astype(str), x=500000.0 + np.arange(8), y=46e5 + np.arange(8),
        days=np.arange(3, dtype=np.int32), bands=("red", "nir"), legend=legend_from_names(["corn", "soy"]),
        recipe=Recipe("raw", Season(dt.date(2023, 4, 1), dt.date(2023, 5, 1)), ()), crs="EPSG:32615")
    texts = np.array(["soy", "", "", "", "", "", "", ""])
    review = Review(np.array([2, 0, 0, 1, 0, 0, 0, 0], np.int32), texts, np.full(8, "why"), np.full(8, ""))
    write_samples(sys.argv[1], samples, None, review)
    open(sys.argv[3], "w").write(profiles_json(samples))
    print(json.dumps([samples.values[3].tolist(), np.quantile(samples.values[1::2], 0.25, axis=0).tolist()]))
else:
    held = read_sample_file(sys.argv[1])
    print(json.dumps([held.samples.ids.tolist(), list(held.notes)]))
"""
    path, profiles = tmp_path / "real" / "samples.gpkg", tmp_path / "real" / "profiles.json"
    path.parent.mkdir()

    def core(*words):
        command = [str(PYTHON), "-c", script, str(path), *words]
        environment = {"PYTHONPATH": str(ROOT / "core")}
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)

    values, quarter = core("write", str(profiles))
    file = SampleFile(str(path))
    assert [(s.ident, s.suggested) for s in file.suspects()] == [("3", ""), ("0", "soy")]
    series = file.series(file.suspects()[0].fid)
    assert [series["red"], series["nir"]] == [pytest.approx(list(own)) for own in zip(*values, strict=True)]
    lower = file.profiles().courses["soy"].quantiles["25"]
    assert [lower["red"], lower["nir"]] == [pytest.approx(list(own), rel=1e-5) for own in zip(*quarter, strict=True)]
    file.decide(file.suspects()[0], "drop")
    ids, notes = core("read")
    assert ids == ["0", "1", "2", "4", "5", "6", "7"]
    assert notes == ['1 sample left out by the verdict "drop".']


# ---------------------------------------------------------------- the tab


def test_verdicts_by_key_go_into_the_file_and_on_to_the_next(tab, path):
    assert tab.current().ident == "c"
    press(tab, Qt.Key.Key_K)
    assert tab.current().ident == "e"
    press(tab, Qt.Key.Key_S)
    assert tab.current().ident == "a"
    press(tab, Qt.Key.Key_D)
    assert tab.progress.text() == "<b>3</b> of 4 decided"
    assert tab.bar.value() == 3
    assert verdicts(path) == {"a": "drop", "b": "", "c": "keep", "d": "", "e": "corn", "f": ""}


def test_what_has_no_suggestion_cannot_be_taken(tab, path):
    press(tab, Qt.Key.Key_Right)
    press(tab, Qt.Key.Key_Right)
    press(tab, Qt.Key.Key_Right)
    assert tab.current().ident == "d"
    assert not tab.card.take.isEnabled()
    press(tab, Qt.Key.Key_S)
    press(tab, Qt.Key.Key_Right)
    assert tab.current().ident == "d"
    press(tab, Qt.Key.Key_Left)
    assert tab.current().ident == "a"
    assert set(verdicts(path).values()) == {""}


def test_the_last_verdicts_are_taken_back_one_by_one(tab, path):
    press(tab, Qt.Key.Key_K)
    press(tab, Qt.Key.Key_D)
    press(tab, Qt.Key.Key_Z)
    assert tab.current().ident == "e"
    assert verdicts(path)["e"] == ""
    press(tab, Qt.Key.Key_Z)
    assert tab.current().ident == "c"
    assert set(verdicts(path).values()) == {""}
    assert not tab.card.undo.isEnabled()


def test_our_keys_are_kept_from_qgis_and_others_are_not(tab):
    def overridden(key, modifiers=Qt.KeyboardModifier.NoModifier):
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, modifiers)
        event.ignore()
        tab.card.event(event)
        return event.isAccepted()

    assert overridden(Qt.Key.Key_S)
    assert not overridden(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert not overridden(Qt.Key.Key_P)


def test_another_class_or_none_is_chosen_from_the_menu(tab, path):
    names = [action.text() for action in tab.card.menu.actions() if action.text()]
    assert names == ["water", "Not decided"]
    tab.card.menu.actions()[0].trigger()
    assert verdicts(path)["c"] == "water"
    press(tab, Qt.Key.Key_Left)
    assert "it is water" in tab.card.state.text()
    tab.card.menu.actions()[-1].trigger()
    assert verdicts(path)["c"] == ""
    assert tab.current().ident == "c"


def test_pairs_and_undecided_ones_are_filtered(tab):
    pairs = [tab.pair.itemText(row) for row in range(tab.pair.count())]
    assert pairs == ["All classes (4)", "corn → soy (2)", "soy → corn (1)", "soy → ? (1)"]
    tab.pair.setCurrentIndex(1)
    assert "1 of 2" in tab.card.place.text()
    press(tab, Qt.Key.Key_K)
    assert tab.current().ident == "a"
    tab.undecided.setChecked(True)
    press(tab, Qt.Key.Key_Left)
    assert tab.current().ident == "a"
    tab.pair.setCurrentIndex(2)
    assert tab.current().ident == "e"
    press(tab, Qt.Key.Key_D)
    tab.pair.setCurrentIndex(0)
    tab.pair.setCurrentIndex(2)
    assert tab.current() is None
    assert not tab.card.isVisible()
    assert "Nothing is left" in tab.empty.text()


def test_a_verdict_that_cannot_be_written_is_told_and_changes_nothing(tab, path):
    in_project(path).setReadOnly(True)
    press(tab, Qt.Key.Key_K)
    assert "read-only" in tab.notice.text()
    assert tab.current().ident == "c"
    assert tab.progress.text() == "<b>0</b> of 4 decided"


def test_edits_of_the_layer_are_spoken_of_and_read_again(tab, path):
    layer = in_project(path)
    layer.startEditing()
    press(tab, Qt.Key.Key_K)
    assert "until you save its edits" in tab.edited.text()
    assert tab.edited.isVisible()
    layer.rollBack()
    tab.hide()
    tab.show()
    assert tab.progress.text() == "<b>0</b> of 4 decided"
    assert not tab.edited.isVisible()


def test_edits_that_are_thrown_away_are_seen_at_once(tab, path):
    layer = in_project(path)
    layer.startEditing()
    press(tab, Qt.Key.Key_K)
    assert tab.progress.text() == "<b>1</b> of 4 decided"
    layer.rollBack()
    assert tab.progress.text() == "<b>0</b> of 4 decided"
    assert not tab.edited.isVisible()


def test_the_point_is_marked_in_the_map_s_coordinates_and_the_mark_goes_with_the_tab(tab, canvas):
    assert {(ring.center().x(), ring.center().y()) for ring in rings(canvas)} == {(X + 600, Y)}
    press(tab, Qt.Key.Key_Right)
    assert {ring.center().x() for ring in rings(canvas)} == {X + 1200}
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
    assert {round(ring.center().y(), 2) for ring in rings(canvas)} == {41.55}
    tab.hide()
    assert rings(canvas) == []
    tab.show()
    assert len(rings(canvas)) == 2


def test_the_map_moves_and_zooms_only_from_afar(tab, canvas):
    canvas.zoomScale(12_000)
    press(tab, Qt.Key.Key_Right)
    assert canvas.center().x() == pytest.approx(X + 1200)
    assert canvas.scale() == pytest.approx(12_000, rel=0.01)
    canvas.zoomScale(300_000)
    press(tab, Qt.Key.Key_Right)
    assert canvas.scale() == pytest.approx(25_000, rel=0.01)


def test_coming_back_to_the_tab_leaves_the_map_where_it_is(tab, canvas):
    tab.hide()
    canvas.setCenter(QgsPointXY(X - 5000, Y))
    tab.show()
    assert canvas.center().x() == pytest.approx(X - 5000)


def test_the_series_is_drawn_over_both_classes(tab):
    plot = tab.card.plot
    assert [line.name for line in plot._lines] == ["corn", "soy", "this sample"]
    assert [(band.name, band.low[0], band.high[0]) for band in plot._bands] == [
        ("corn", -1.0, 3.0),
        ("soy", 3.0, 7.0),
        ("corn", 0.5, 1.5),
        ("soy", 4.5, 5.5),
    ]
    assert plot._title == "nir"
    tab.card.band.setCurrentIndex(tab.card.band.findData("red"))
    assert plot._title == "red"
    assert plot._lines[-1].values[0] == pytest.approx(0.2)


def test_without_profiles_the_series_stands_alone(tmp_path, path, canvas, empty_tab):
    (tmp_path / "profiles.json").unlink()
    tab = empty_tab
    tab.source.set_path(path)
    assert [line.name for line in tab.card.plot._lines] == ["this sample"]
    assert tab.card.plot._bands == []


def test_a_finished_review_is_opened_and_another_run_s_file_only_where_none_is_chosen(path, tmp_path, empty_tab):
    tab = empty_tab
    other = write_sample_file(tmp_path / "other.gpkg")
    assert tab.job_done("classify", {"outputs": {"samples": path}}) == ""
    tab.job_done("sample", {"outputs": {"samples": other}})
    assert tab.source.path() == path
    assert "Labels in doubt: 4" in tab.job_done("review", {"outputs": {"samples": other}})
    assert tab.source.path() == other


def test_the_search_is_asked_for_with_its_settings(tab, path):
    asked = []
    tab.start_asked.connect(lambda kind, params: asked.append((kind, params)))
    tab.form.set_values({"outliers": False})
    tab.find.click()
    assert asked == [("review", {"sample_set": path, "outliers": False})]
    in_project(path).startEditing()
    tab.decide("keep")
    tab.find.click()
    assert len(asked) == 1
    assert "unsaved edits" in tab.notice.text()


def test_when_all_is_decided_training_is_offered(tab, path):
    asked = []
    tab.start_asked.connect(lambda kind, params: asked.append((kind, params)))
    for _ in range(4):
        assert not tab.done.isVisible()
        press(tab, Qt.Key.Key_K)
    assert tab.done.isVisible()
    tab._train()
    assert asked == [("train", {"sample_set": path})]


def test_training_waits_for_edits_and_is_not_offered_without_a_file(tab, path):
    asked = []
    tab.start_asked.connect(lambda kind, _params: asked.append(kind))
    layer = in_project(path)
    layer.startEditing()
    tab._train()  # edits that change nothing keep nobody waiting
    for _ in range(4):
        press(tab, Qt.Key.Key_D)
    tab._train()
    assert asked == ["train"]
    assert "unsaved edits" in tab.notice.text()
    assert tab.done.isVisible()
    layer.rollBack()
    tab.source.set_path("")
    assert not tab.done.isVisible()


def test_a_file_that_was_offered_and_holds_no_suspects_gives_way_to_the_next_run_s(path, tmp_path, empty_tab):
    plain = [write_sample_file(tmp_path / name) for name in ("first.gpkg", "second.gpkg", "third.gpkg")]
    for name in plain:
        layer = QgsVectorLayer(name, "Samples", "ogr")
        field = layer.fields().indexOf("suspect")
        layer.dataProvider().changeAttributeValues({each.id(): {field: 0} for each in layer.getFeatures()})
    for name in plain[:2]:
        empty_tab.job_done("classify", {"outputs": {"samples": name}})
        assert empty_tab.source.path() == name
    empty_tab.source.set_path(plain[0])  # the user's own choice stays
    empty_tab.job_done("classify", {"outputs": {"samples": plain[2]}})
    assert empty_tab.source.path() == plain[0]


def test_a_wrong_file_is_told_in_the_tab(tmp_path, empty_tab):
    tab = empty_tab
    tab.source.set_path(write_sample_file(tmp_path / "plain.gpkg", metadata=False))
    assert "no sample file" in tab.notice.text()
    tab.source.set_path("")
    assert "Choose a sample file" in tab.empty.text()
    tab.find.click()
    assert "Choose a sample file first" in tab.notice.text()


def test_a_file_that_vanishes_while_it_is_reviewed_is_told(tab, path):
    Path(path).unlink()
    press(tab, Qt.Key.Key_Right)
    assert "removed or replaced" in tab.notice.text()
    press(tab, Qt.Key.Key_K)
    assert tab.progress.text() == "<b>0</b> of 4 decided"
    tab.hide()
    tab.show()
    assert tab.current() is None


def test_suspects_stand_out_on_the_map_until_they_are_decided(path):
    file = SampleFile(path)
    file.decide(file.suspects()[0], "drop")
    layer = load_results({"outputs": {"samples": path}}, "Run").layers["samples"]
    categories = layer.renderer().categories()  # they own their symbols
    size = categories[0].symbol().symbolLayer(0).dataDefinedProperties().property(QgsSymbolLayer.Property.PropertySize)
    sizes = {}
    for feature in layer.getFeatures():
        context = QgsExpressionContext()
        context.setFields(layer.fields())
        context.setFeature(feature)
        sizes[feature["id"]] = size.valueAsDouble(context)[0]
    assert sizes == {"a": 3.2, "b": 2.2, "c": 1.4, "d": 3.2, "e": 3.2, "f": 2.2}


# ---------------------------------------------------------------- the series under the pointer


@pytest.fixture
def series(canvas, qgis_iface):
    dock = SeriesDock(qgis_iface)
    dock.show()
    yield dock
    dock.hide()
    dock.deleteLater()


def look(dock, x, y):
    dock.at(QgsPointXY(x, y))
    dock.draw()
    return {line.name: [round(value, 4) for value in line.values] for line in dock.plot._lines}


@pytest.fixture
def cube(tmp_path, qgis_app):
    return load_results({"outputs": {"cube": write_cube(tmp_path / "cube.tif")}}, "Run").layers["cube"]


def test_the_pixel_s_series_is_that_of_the_cube(series, cube):
    assert cube_bands(cube).features == ("red", "nir")
    assert look(series, X + 610, Y - 290) == {"pixel": [13, 13.1, 13.2]}  # row 1, column 2; nir comes first
    series.band.setCurrentText("red")
    series._choose(0)
    assert look(series, X + 610, Y - 290) == {"pixel": [12, 12.1, 12.2]}
    assert "Prepared images" in series.caption.text()


def test_the_map_may_have_other_coordinates(series, cube, canvas):
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
    assert look(series, -93 + 610 / 83_300, 41.5509 - 290 / 111_100) == {"pixel": [13, 13.1, 13.2]}


def test_the_nearest_sample_within_twelve_pixels_is_drawn_too(series, path, canvas):
    in_project(path)
    canvas.zoomByFactor(5 / canvas.mapUnitsPerPixel())
    reach = 12 * canvas.mapUnitsPerPixel()
    assert 50 < reach < 70  # samples stand 300 m apart
    assert look(series, X + 300 + 0.9 * reach, Y) == {"soy": [0.1, 1.1, 2.1]}
    assert "sample b, soy" in series.caption.text()
    assert {ring.center().x() for ring in rings(canvas)} == {X + 300}
    assert look(series, X + 300, Y + 1.1 * reach) == {}
    assert rings(canvas) == []


def test_nothing_there_is_said_in_words(series, cube):
    assert look(series, X - 5000, Y) == {}
    assert "prepared cube" in series.plot.accessibleDescription()
    assert look(series, X + 2100, Y - 900) == {}  # row 3, column 7 has no values
    assert "no series here" in series.plot.accessibleDescription()


def test_it_follows_the_pointer_only_while_it_is_shown(series, cube, canvas, wait_for):
    canvas.xyCoordinates.emit(QgsPointXY(X, Y))
    wait_for(lambda: not series.plot.is_empty(), 5)
    series.hide()
    series.plot.clear()
    canvas.xyCoordinates.emit(QgsPointXY(X + 300, Y))
    assert not series._timer.isActive()
    assert series.plot.is_empty()
    series.show()
    canvas.xyCoordinates.emit(QgsPointXY(X + 300, Y))
    assert series._timer.isActive()


def test_a_cube_that_leaves_the_project_is_forgotten(series, cube):
    assert look(series, X, Y)
    QgsProject.instance().removeMapLayer(cube.id())
    assert look(series, X, Y) == {}
    assert series._cubes == {}


def test_what_is_drawn_of_a_layer_goes_with_it(series, cube, wait_for):
    assert look(series, X, Y)
    QgsProject.instance().clear()
    wait_for(series.plot.is_empty, 5)
    assert series.caption.text() == ""
