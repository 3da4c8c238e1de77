from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cropmap.contract.errors import LegendError
from cropmap.data.legend import Legend, LegendClass
from cropmap.io.legends import read_legend, write_legend

if TYPE_CHECKING:
    from pathlib import Path


def test_a_legend_reads_back_as_it_was_written(tmp_path: Path) -> None:
    legend = Legend((LegendClass(1, "Кукуруз", "#ffd300"), LegendClass(5, "Soja žuta", "#267000")))
    write_legend(tmp_path / "legend.json", legend)
    assert read_legend(tmp_path / "legend.json") == legend


@pytest.mark.parametrize("text", ["", "{}", '[{"code": 1}]', '[{"code": 300, "name": "x", "colour": "#000000"}]', "[]"])
def test_what_is_no_legend_is_refused_with_advice(tmp_path: Path, text: str) -> None:
    path = tmp_path / "legend.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LegendError) as caught:
        read_legend(path)
    assert caught.value.fix


def test_a_missing_legend_is_named(tmp_path: Path) -> None:
    with pytest.raises(LegendError, match=r"legend\.json"):
        read_legend(tmp_path / "legend.json")


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    legend = Legend((LegendClass(1, "Кукуруз", "#ffd300"),))
    path = tmp_path / "legend.json"
    write_legend(str(path), legend)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_legend(str(path)) == legend


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([{"code": 0, "name": "Rye", "colour": "#000000"}, {"code": 1}], r"Class 2 of the legend has no 'name' and no"),
        ([{"code": 0, "colour": "#000000"}], r"Class 1 of the legend has no 'name'\. .*\"name\": \"Corn\""),
        (["Rye"], r"Class 1 of the legend is 'Rye', not an object"),
        ([{"code": 300, "name": "Rye", "colour": "#000000"}], r"codes go from 0 to 254"),
        ([{"code": 3.5, "name": "Rye", "colour": "#000000"}], r"not whole"),
        ([{"code": 3, "name": "Rye", "colour": "black"}], r"'black'"),
        ([], "at least one class"),
    ],
)
def test_every_error_in_a_legend_names_its_file_and_what_is_wrong(
    tmp_path: Path, entries: list[object], told: str
) -> None:
    path = tmp_path / "legend.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(LegendError, match=told) as caught:
        read_legend(path)
    assert caught.value.where == str(path)
    assert caught.value.fix
