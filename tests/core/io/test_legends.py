from __future__ import annotations

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
