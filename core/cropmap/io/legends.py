"""Legend files: JSON lists of {"code", "name", "colour"}."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cropmap.contract.errors import LegendError
from cropmap.data.legend import Legend, legend_of
from cropmap.io.files import atomic_write_text

if TYPE_CHECKING:
    from pathlib import Path


def read_legend(path: Path) -> Legend:
    """Read a legend file.

    Raises:
        LegendError: The file is missing, not JSON, or not a list of classes.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LegendError(f"The legend cannot be read: {error}.", where=str(path), fix="Give a JSON file.") from error
    if not isinstance(entries, list):
        raise LegendError("The legend is not a list of classes.", where=str(path), fix='Write [{"code": 0, ...}, ...].')
    return legend_of(entries)


def write_legend(path: Path, legend: Legend) -> None:
    """Write a legend file."""
    atomic_write_text(path, json.dumps(legend.to_list(), indent=1, ensure_ascii=False) + "\n")
