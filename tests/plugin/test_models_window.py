"""The list of models: found, compared, renamed, copied, deleted, and taken to make maps."""

import os
from pathlib import Path

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QAbstractItemView, QLineEdit, QPushButton

from cropmap_plugin.dock import THE_MAP, CropMapDock
from cropmap_plugin.house import catalogue
from cropmap_plugin.settings import added_packages
from cropmap_plugin.widgets.look import GREEN
from cropmap_plugin.widgets.models_window import ModelsWindow
from cropmap_plugin.widgets.package_table import MOST
from cropmap_plugin.worker.process import Outcome
from tests.plugin.package_files import CORN, SOY, WHEAT, write_package

NAME, MODEL, SAMPLES, ACCURACY = 0, 1, 4, 5


@pytest.fixture
def runs(tmp_path):
    """Three packages, the first one the oldest, and a file that is none."""
    folder = tmp_path / "runs"
    listed = [
        write_package(folder / "train-1" / "model.cropmap", accuracy=0.8),
        write_package(
            folder / "train-2" / "model.cropmap", model="transformer", accuracy=0.95, classes=(CORN, SOY, WHEAT)
        ),
        write_package(folder / "classify-1" / "best of all.cropmap", accuracy=0.9, bands=("red", "nir", "swir")),
    ]
    for age, path in enumerate(listed):
        os.utime(path, (1_700_000_000 + 1000 * age,) * 2)
    (folder / "broken").mkdir()
    (folder / "broken" / "half.cropmap").write_bytes(b"PK\x03\x04")
    return folder


@pytest.fixture
def window(qgis_app, runs):
    made = ModelsWindow()
    made.show_folder(runs)
    yield made
    made.close()
    made.deleteLater()


def column(window, number):
    return [window.tree.topLevelItem(row).text(number) for row in range(window.tree.topLevelItemCount())]


def table(window):
    shown = window.table
    heads = [shown.verticalHeaderItem(row).text() for row in range(shown.rowCount())]
    return {
        head: [shown.item(row, place).text() for place in range(shown.columnCount())] for row, head in enumerate(heads)
    }


def press(window, text):
    next(button for button in window.notice.findChildren(QPushButton) if button.text() == text).click()


def test_the_newest_model_is_first_and_a_damaged_one_is_told_last(window):
    assert column(window, NAME) == ["best of all", "train-2", "train-1", "half"]
    assert column(window, MODEL)[3] == "cannot be read"
    assert column(window, SAMPLES) == ["220", "360", "220", ""]
    assert column(window, ACCURACY) == ["0.900", "0.950", "0.800", ""]
    assert [package.name for package in window.selected()] == ["best of all"]


def test_numbers_are_sorted_as_numbers(window):
    window.tree.sortByColumn(ACCURACY, Qt.SortOrder.DescendingOrder)
    assert column(window, NAME) == ["train-2", "best of all", "train-1", "half"]
    window.tree.sortByColumn(NAME, Qt.SortOrder.AscendingOrder)
    assert column(window, NAME) == ["best of all", "half", "train-1", "train-2"]


def test_models_stand_side_by_side_and_the_best_figures_are_marked(window):
    window.select([path for path in window.paths() if path.parent.name in {"train-1", "train-2"}])
    found = table(window)
    assert found["Overall accuracy"] == ["0.950", "0.800"]
    assert found["Model"] == [catalogue().entry("models", name).title for name in ("transformer", "random_forest")]
    assert found["Season"] == ["2021-04-01 to 2021-10-31"] * 2
    assert (found["Corn"], found["Wheat"]) == (["100", "100"], ["140", ""])
    assert found["red"] == ["●", "●"]
    cells = [window.table.item(0, place) for place in range(2)]
    assert [cell.font().bold() for cell in cells] == [True, False]
    assert cells[0].foreground().color() == QColor(GREEN)
    window.select([path for path in window.paths() if path.name == "best of all.cropmap"])
    assert table(window)["swir"] == ["●"]
    assert not window.table.item(0, 0).font().bold()


def test_a_comparison_has_an_end(window, runs):
    for number in range(MOST + 2):
        write_package(runs / f"more-{number}" / "model.cropmap")
    window.show_folder()
    window.tree.selectAll()
    assert window.table.columnCount() == MOST
    assert str(MOST) in window.hint.text()


def test_what_can_be_done_depends_on_what_is_selected(window, runs):
    (runs / "train-2" / "report.html").write_text("<p>report</p>")
    buttons = (window.use, window.report, window.rename, window.export, window.delete, window.join)

    def enabled(*names):
        window.tree.clearSelection()
        for row, name in enumerate(column(window, NAME)):
            window.tree.topLevelItem(row).setSelected(name in names)
        return [button.isEnabled() for button in buttons]

    assert enabled() == [False] * 6
    assert enabled("train-1") == [True, False, True, True, True, False]
    assert enabled("train-2") == [True, True, True, True, True, False]
    assert enabled("train-1", "train-2") == [False, False, False, False, True, True]
    assert enabled("train-1", "half") == [False, False, False, False, True, False]
    assert enabled("half") == [False, False, True, False, True, False]


def test_a_new_name_is_typed_into_the_list(window, runs, wait_for):
    told = []
    window.renamed.connect(lambda before, after: told.append((before, after)))
    row = next(row for row in range(4) if column(window, NAME)[row] == "train-1")
    window.tree.topLevelItem(row).setText(NAME, "corn belt 2021")
    target = runs / "train-1" / "corn belt 2021.cropmap"
    wait_for(lambda: "corn belt 2021" in column(window, NAME) and target in window.paths())
    assert told == [(str(runs / "train-1" / "model.cropmap"), str(target))]
    window.tree.topLevelItem(row).setText(NAME, "a/b")
    wait_for(lambda: "corn belt 2021" in column(window, NAME))
    assert "cannot be the name" in window.notice.text()
    assert target.is_file()


def test_a_copy_goes_where_it_is_wanted(window, tmp_path):
    package = window.selected()[0]
    window.export_to(package, tmp_path / "handed on")
    assert (tmp_path / "handed on.cropmap").read_bytes() == package.path.read_bytes()
    window.export_to(package, tmp_path / "nowhere" / "x.cropmap")
    assert "cannot be changed" in window.notice.text()


def test_nothing_is_deleted_before_it_is_confirmed(window, runs):
    window.select([runs / "train-1" / "model.cropmap"])
    window.delete.click()
    assert (runs / "train-1" / "model.cropmap").is_file()
    press(window, "Keep it")
    assert window.notice.isHidden()
    window.delete.click()
    press(window, "Delete the file")
    assert not (runs / "train-1" / "model.cropmap").exists()
    assert "train-1" not in column(window, NAME)
    assert (runs / "train-2" / "model.cropmap").is_file()


def test_many_files_are_not_all_named_before_they_are_deleted_and_long_names_leave_room(window, runs):
    for number in range(30):
        write_package(runs / f"train-{number:02d}-{'of a name without end ' * 5}" / "model.cropmap")
    window.show_folder()
    window.tree.selectAll()
    assert window.tree.columnWidth(NAME) <= 300
    assert window.table.columnWidth(0) <= 260
    assert "without end" in window.table.horizontalHeaderItem(0).toolTip()
    window.delete.click()
    assert "Delete these 34 models" in window.notice.text()
    assert window.notice.text().count("<div>") == 7
    assert "… and 28 more" in window.notice.text()


def test_keys_rename_and_delete(window, wait_for):
    window.show()
    window.activateWindow()
    window.tree.setFocus()
    wait_for(window.tree.hasFocus)
    QTest.keyClick(window.tree, Qt.Key.Key_F2)
    assert window.tree.state() == QAbstractItemView.State.EditingState
    typed = window.tree.findChild(QLineEdit)
    QTest.keyClick(typed, Qt.Key.Key_Delete)  # deletes the selected text, not the model
    assert window.notice.isHidden()
    QTest.keyClick(typed, Qt.Key.Key_Escape)
    QTest.keyClick(window.tree, Qt.Key.Key_Delete)
    assert "cannot be brought back" in window.notice.text()


def test_files_from_elsewhere_are_remembered_until_they_are_taken_off(window, runs, tmp_path):
    other, strange = write_package(tmp_path / "from a friend.cropmap"), tmp_path / "strange.cropmap"
    strange.write_bytes(b"nothing")
    window.add_files([other, strange])
    assert "no whole model package" in window.notice.text()
    assert added_packages() == [other]
    assert [package.path for package in window.selected()] == [other]
    again = ModelsWindow()
    again.show_folder(runs)
    assert "from a friend" in column(again, NAME)
    again.deleteLater()
    window.delete.click()
    press(window, "Only take it off the list")
    assert (added_packages(), other.is_file()) == ([], True)
    assert "from a friend" not in column(window, NAME)


def test_a_renamed_file_from_elsewhere_stays_in_the_list(window, tmp_path, wait_for):
    other = write_package(tmp_path / "other.cropmap")
    window.add_files([other])
    row = column(window, NAME).index("other")
    window.tree.topLevelItem(row).setText(NAME, "renamed")
    wait_for(lambda: "renamed" in column(window, NAME))
    assert added_packages() == [tmp_path / "renamed.cropmap"]


def test_an_empty_list_says_how_to_fill_it(qgis_app, tmp_path):
    made = ModelsWindow()
    made.show_folder(tmp_path / "nothing here")
    assert not made.empty.isHidden()
    assert made.table.isHidden()
    assert not made.use.isEnabled()
    made.deleteLater()


def test_a_model_of_the_list_makes_maps_and_keeps_doing_so_under_another_name(qgis_iface, fake_python, runs, wait_for):
    dock = CropMapDock(qgis_iface)
    dock.show()
    dock.map.folder.setFilePath(str(runs))
    dock.model.models.click()
    window = dock.models_window
    window.select([runs / "train-2" / "model.cropmap"])
    window.use.click()
    assert dock.stack.currentIndex() == THE_MAP
    assert (dock.map.kind, dock.map.package_path()) == ("map", str(runs / "train-2" / "model.cropmap"))
    window.tree.topLevelItem(column(window, NAME).index("train-2")).setText(NAME, "mine")
    wait_for(lambda: "mine" in column(window, NAME))
    assert dock.map.package_path() == str(runs / "train-2" / "mine.cropmap")
    dock.leave()
    dock.deleteLater()


def test_models_of_the_list_are_joined_and_the_new_one_is_selected(qgis_iface, fake_python, runs, monkeypatch):
    dock = CropMapDock(qgis_iface)
    dock.map.folder.setFilePath(str(runs))
    dock.model.models.click()
    window, started = dock.models_window, []
    monkeypatch.setattr(dock.runner, "start", lambda order, _title: started.append(order.job))
    window.select([runs / "train-1" / "model.cropmap", runs / "train-2" / "model.cropmap"])
    window.join.click()
    (job,) = started
    assert job.kind == "ensemble"
    assert job.params == {"packages": [str(runs / name / "model.cropmap") for name in ("train-2", "train-1")]}
    assert catalogue().problems("jobs", job.kind, job.params) == []
    made = write_package(Path(job.out) / "model.cropmap", model="ensemble")
    dock.runner.ended.emit("ensemble", Outcome("done", {"run_folder": job.out, "outputs": {"package": str(made)}}))
    assert [package.path for package in window.selected()] == [made]
    dock.leave()
    dock.deleteLater()
