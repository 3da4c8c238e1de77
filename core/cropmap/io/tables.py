"""Accuracies as CSV: RFC 4180, UTF-8, one header line, a point as decimal mark, empty where undefined."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING

from cropmap.io.files import atomic_write_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cropmap.data.accuracy import Accuracy

Cell = str | int | float
ACCURACY_HEADER = ("measure", "class", "code", "value", "low_95", "high_95", "pixels")


def write_accuracy(path: Path | str, accuracy: Accuracy) -> None:
    """Write every measure, one a row: for all classes first, then for each class.

    `pixels` is what the share is a share of: for user's accuracy the pixels mapped as the class, for producer's
    accuracy its reference pixels, for the intersection over union the pixels that are either.

    Raises:
        OutputError: The file cannot be written.
    """
    atomic_write_text(Path(path), csv_text([ACCURACY_HEADER, *accuracy_rows(accuracy)]))


def write_confusion(path: Path | str, accuracy: Accuracy) -> None:
    """Write the confusion matrix: a row for each reference class, a column for each map class, both by name.

    The last column counts the reference pixels that the map has no class for.

    Raises:
        OutputError: The file cannot be written.
    """
    atomic_write_text(Path(path), csv_text(confusion_rows(accuracy)))


def accuracy_rows(accuracy: Accuracy) -> list[tuple[Cell, ...]]:
    """Return the rows of `write_accuracy` without their header."""
    total, unmapped = accuracy.total, int(accuracy.unmapped.sum())
    low, high = accuracy.overall_interval
    rows: list[tuple[Cell, ...]] = [
        ("overall accuracy", "", "", accuracy.overall, low, high, total),
        ("kappa", "", "", accuracy.kappa, "", "", total),
        ("macro F1", "", "", accuracy.macro_f1, "", "", total),
        ("weighted F1", "", "", accuracy.weighted_f1, "", "", total),
        ("balanced accuracy", "", "", accuracy.balanced, "", "", total),
        ("unmapped reference pixels", "", "", unmapped, "", "", total + unmapped),
    ]
    for found in accuracy.by_class():
        named = (found.name, found.code)
        rows += [
            ("user's accuracy", *named, found.users, *found.users_interval, found.mapped),
            ("producer's accuracy", *named, found.producers, *found.producers_interval, found.support),
            ("F1", *named, found.f1, "", "", found.support + found.mapped),
            ("intersection over union", *named, found.iou, *found.iou_interval, found.union),
            ("unmapped reference pixels", *named, found.unmapped, "", "", found.support + found.unmapped),
        ]
    return rows


def confusion_rows(accuracy: Accuracy) -> list[tuple[Cell, ...]]:
    """Return the rows of `write_confusion`, header first."""
    names = accuracy.legend.names
    header: tuple[Cell, ...] = ("reference \\ map", *names, "(unmapped)")
    counts = accuracy.confusion.tolist()
    return [header, *((name, *counts[k], int(accuracy.unmapped[k])) for k, name in enumerate(names))]


def csv_text(rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows as RFC 4180 text; NaN becomes an empty cell, a share keeps its full precision."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Cell) -> Cell:
    return "" if isinstance(value, float) and math.isnan(value) else value
