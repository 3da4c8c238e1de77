"""The list with a button for a file, of models and of legends."""

import pytest
from qgis.PyQt.QtWidgets import QFileDialog

from cropmap_plugin.pages.trusted import LegendChoice
from cropmap_plugin.widgets.file_choice import FileChoice
from cropmap_plugin.widgets.package_choice import PackageChoice
from tests.plugin.package_files import write_package


@pytest.fixture(params=["legend", "package"])
def choice(request, qgis_app):
    made = LegendChoice() if request.param == "legend" else PackageChoice("None")
    yield made
    made.deleteLater()


def test_a_file_that_is_not_listed_is_added_and_chosen_once(choice, tmp_path):
    path, told = str(write_package(tmp_path / "north.cropmap")), []
    choice.changed.connect(lambda: told.append(choice.value()))
    listed = choice.combo.count()
    for _ in range(2):
        choice.set_value(path)
        assert choice.value() == path
        choice.set_value("")
    assert choice.value() == ""
    assert choice.combo.count() == listed + 1
    assert choice.combo.itemText(listed).startswith("north")
    assert told == [path, "", path, ""]


def test_the_button_asks_for_a_file_where_the_last_one_is(choice, tmp_path, monkeypatch):
    asked = []

    def answer(_parent, question, start, files):
        asked.append((question, start, files))
        return (str(tmp_path / "a.file"), "") if len(asked) == 1 else ("", "")

    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer)
    choice.browse.click()
    assert choice.value() == str(tmp_path / "a.file")
    choice.browse.click()  # nothing is chosen: what was stays
    assert choice.value() == str(tmp_path / "a.file")
    assert asked[1][1] == str(tmp_path)
    assert asked[0][0] == choice.browse.toolTip() == asked[1][0]


def test_models_and_legends_share_the_widget(qgis_app):
    assert issubclass(LegendChoice, FileChoice)
    assert issubclass(PackageChoice, FileChoice)
    legend = LegendChoice()
    legend.set_value("cdl")
    assert (legend.value(), legend.combo.count()) == ("cdl", 2)
    legend.deleteLater()
