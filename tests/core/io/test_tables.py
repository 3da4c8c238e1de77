"""Accuracy tables as CSV."""

from __future__ import annotations

import csv

import numpy as np

from cropmap.data.accuracy import Accuracy
from cropmap.data.legend import Legend, LegendClass
from cropmap.io.tables import write_accuracy, write_confusion

LEGEND = Legend(
    (
        LegendClass(1, 'corn, "sweet"', "#ffd300"),
        LegendClass(4, "пшеница", "#a57000"),
        LegendClass(9, "never", "#000000"),
    )
)
ACCURACY = Accuracy(np.array([[3, 1, 0], [2, 4, 0], [0, 0, 0]]), LEGEND, np.array([5, 0, 0]))


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_the_confusion_table_names_rows_and_columns(tmp_path):
    write_confusion(tmp_path / "confusion.csv", ACCURACY)
    assert _rows(tmp_path / "confusion.csv") == [
        ["reference \\ map", 'corn, "sweet"', "пшеница", "never", "(unmapped)"],
        ['corn, "sweet"', "3", "1", "0", "5"],
        ["пшеница", "2", "4", "0", "0"],
        ["never", "0", "0", "0", "0"],
    ]


def test_lines_end_and_quotes_double_as_rfc_4180_says(tmp_path):
    write_confusion(tmp_path / "confusion.csv", ACCURACY)
    text = (tmp_path / "confusion.csv").read_bytes().decode("utf-8")
    assert text.split("\r\n")[1] == '"corn, ""sweet""",3,1,0,5'
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")


def test_the_accuracy_table_holds_every_measure_with_its_pixels(tmp_path):
    write_accuracy(tmp_path / "accuracy.csv", ACCURACY)
    header, *rows = _rows(tmp_path / "accuracy.csv")
    assert header == ["measure", "class", "code", "value", "low_95", "high_95", "pixels"]
    assert {len(row) for row in rows} == {7}
    found = {(row[0], row[1]): row[2:] for row in rows}
    assert float(found["overall accuracy", ""][1]) == 0.7
    assert found["unmapped reference pixels", ""][1::3] == ["5", "15"]
    assert found["producer's accuracy", 'corn, "sweet"'][::4] == ["1", "4"]
    assert float(found["producer's accuracy", 'corn, "sweet"'][1]) == 0.75
    assert float(found["user's accuracy", "пшеница"][1]) == 0.8
    assert float(found["F1", "пшеница"][1]) == 8 / 11
    iou = found["intersection over union", "пшеница"]
    assert float(iou[1]) == 4 / 7
    assert float(iou[2]) < 4 / 7 < float(iou[3])
    assert iou[4] == "7"


def test_an_undefined_share_is_an_empty_cell(tmp_path):
    write_accuracy(tmp_path / "accuracy.csv", ACCURACY)
    never = [row for row in _rows(tmp_path / "accuracy.csv") if row[1] == "never"]
    assert [row[3] for row in never] == ["", "", "", "", "0"]
    assert never[0][4:6] == ["", ""]
