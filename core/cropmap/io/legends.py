"""Legend files: JSON lists of {"code", "name", "colour"}."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cropmap.contract.errors import LegendError
from cropmap.data.legend import Legend, legend_of
from cropmap.io.files import atomic_write_text

_KEYS = ("code", "name", "colour")
_EXAMPLE = 'Write [{"code": 0, "name": "Corn", "colour": "#ffd300"}, ...].'


def read_legend(path: Path | str) -> Legend:
    """Read a legend file; a byte order mark, which Windows editors put in front, is passed over.

    Raises:
        LegendError: The file is missing, not JSON, or not a list of classes.
    """
    try:
        entries = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise LegendError(f"The legend cannot be read: {error}.", where=str(path), fix="Give a JSON file.") from error
    if not isinstance(entries, list):
        raise LegendError("The legend is not a list of classes.", where=str(path), fix=_EXAMPLE)
    for number, entry in enumerate(entries, start=1):
        _check_entry(entry, f"Class {number} of the legend", str(path))
    try:
        return legend_of(entries)
    except LegendError as error:
        raise LegendError(error.what, where=str(path), fix=error.fix) from error


def write_legend(path: Path | str, legend: Legend) -> None:
    """Write a legend file."""
    atomic_write_text(Path(path), json.dumps(legend.to_list(), indent=1, ensure_ascii=False) + "\n")


def _check_entry(entry: Any, which: str, where: str) -> None:
    if not isinstance(entry, dict):
        raise LegendError(f"{which} is {entry!r}, not an object.", where=where, fix=_EXAMPLE)
    missing = [key for key in _KEYS if key not in entry]
    if missing:
        raise LegendError(f"{which} has no {' and no '.join(map(repr, missing))}.", where=where, fix=_EXAMPLE)
