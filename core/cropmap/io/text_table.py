"""Delimited text: CSV and its kin, as people and programs write them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import SampleError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class TextTable:
    """A table as a file holds it.

    Args:
        path: The file.
        columns: Cells of each column, as text, by name in the file's order.
        lines: Number of each row's line in the file, from 1.
        notes: What its letters were taken for, where that is not certain.
    """

    path: Path
    columns: Mapping[str, list[str]]
    lines: list[int]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self.columns)


def read_text_table(path: Path) -> TextTable:
    """Read a text table whose first line names the columns.

    The delimiter is , ; or tab; the encoding UTF-8 (with or without BOM), UTF-16 with BOM, or Windows-1252 / Latin-1.

    Raises:
        SampleError: It cannot be read, has no rows, a broken row, or two columns of one name.
    """
    text, notes = _text(path)
    names, lines, rows = _table(text, str(path))
    return TextTable(path, {name: [row[place] for row in rows] for place, name in enumerate(names)}, lines, notes)


def _text(path: Path) -> tuple[str, tuple[str, ...]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        what = "The path is a folder" if path.is_dir() else f"The file cannot be read: {error.strerror}"
        raise SampleError(f"{what}.", where=str(path), fix="Give a text table, e.g. CSV.") from error
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace"), ()
    if b"\0" in raw:
        raise SampleError("The file is binary, not a text table.", where=str(path), fix="Give a text table, e.g. CSV.")
    try:
        return raw.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        # Windows-1252 is Latin-1 with letters such as s-caron where Latin-1 has control characters.
        text = "".join(_windows_letter(byte) for byte in raw)
        word = next((word for word in re.findall(r"\w+", text) if not word.isascii()), "")
        shown = f" ({word!r})" if word else ""
        note = f"{path.name} is not written in UTF-8: it is read as Windows-1252."
        return text, (f"{note} Where letters with accents{shown} come out wrong, save it as UTF-8.",)


def _windows_letter(byte: int) -> str:
    return bytes([byte]).decode("cp1252", errors="ignore") or chr(byte)


def _table(text: str, where: str) -> tuple[list[str], list[int], list[list[str]]]:
    """Return the columns' names, each row's line number, and the rows."""
    # Spreadsheets put "sep=;" on a line of its own before the header.
    declared = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    body = text[declared.end() :] if declared else text
    delimiter = declared.group(1) if declared else _delimiter(body)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
    try:
        table = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise SampleError(f"The table is malformed: {error}.", where=where, fix="Write it again as CSV.") from error
    if not table:
        raise SampleError("The file is empty.", where=where, fix="Give a text table, e.g. CSV.")
    if len(table) < 2:
        raise SampleError(
            "The table has no rows.",
            where=where,
            fix="The first line names the columns, each further line is a sample.",
        )
    names = [name.strip() for name in table[0][1]]
    twice = [name for name in names if names.count(name) > 1 and name]
    if twice:
        raise SampleError(f"Two columns are named {twice[0]!r}.", where=where, fix="Rename one.")
    rows = [_filled(row, len(names), f"{where}, line {line}") for line, row in table[1:]]
    return names, [line for line, _ in table[1:]], rows


def _filled(row: list[str], width: int, where: str) -> list[str]:
    if any(cell.strip() for cell in row[width:]):
        raise SampleError(
            f"A row has {len(row)} cells under {width} columns.",
            where=where,
            fix="Put texts that hold the delimiter in quotes; with decimal commas use ; between the columns.",
        )
    return row[:width] + [""] * (width - len(row))


def _delimiter(text: str) -> str:
    header = re.sub(r'"[^"]*"', "", text.lstrip("\r\n").splitlines()[0]) if text.strip() else ""
    return max(",;\t", key=header.count)


def numbers_of(cells: Sequence[str]) -> NDArray[np.float64]:
    """Return cells as numbers, (cell,); NaN where one is none. Decimals may be written with a comma."""
    return np.array([_number(cell) for cell in cells], dtype=np.float64)


def _number(cell: str) -> float:
    text = cell.strip()
    try:
        return float(text if "." in text else text.replace(",", ".", 1))
    except ValueError:
        return float("nan")
