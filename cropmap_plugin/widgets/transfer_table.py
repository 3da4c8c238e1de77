"""What each strategy of a transfer came to: its figures, and a button that takes its model to the map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QToolButton, QWidget

from ..house import tr
from ..worker.packages import MANY, SUFFIX
from .look import GREEN, paragraph
from .strategies import STRATEGIES, title_of_strategy

if TYPE_CHECKING:
    from collections.abc import Sequence

_COUNTED = ("macro_f1", "overall_accuracy", "score")  # of a strategy's figures, those that judge it


@dataclass(frozen=True)
class Carried:
    """A model that a strategy made.

    Args:
        name: What the run calls it: the strategy, numbered where it was asked for twice.
        package: Its file; None where there is none.
        figures: Those that were measured, by name.
        best: Whether the run found it the best.
        gain: How far it is ahead of the source's model as it is, in words; empty where that is not known.
    """

    name: str
    package: Path | None
    figures: Mapping[str, float]
    best: bool = False
    gain: str = ""


def read_carried(result: Mapping[str, Any]) -> tuple[Carried, ...]:
    """Return the models of a finished run, the best first; what is damaged is left out."""
    figures, folder = result.get("figures", {}), Path(str(result.get("run_folder", ""))) / MANY
    listed = figures.get(STRATEGIES)
    found = [
        Carried(str(name), _package(folder, str(name)), _numbers(own), name == figures.get("best"), _gain(own))
        for name, own in (listed.items() if isinstance(listed, dict) else ())
    ]
    key = next((name for name in _COUNTED if any(name in each.figures for each in found)), "")
    return tuple(sorted(found, key=lambda each: (not each.best, -each.figures.get(key, 0.0))))


def _package(folder: Path, name: str) -> Path | None:
    path = folder / f"{name}{SUFFIX}"
    return path if path.is_file() else None


def _numbers(own: Any) -> dict[str, float]:
    items = own.items() if isinstance(own, dict) else ()
    return {
        str(name): float(value)
        for name, value in items
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def _gain(own: Any) -> str:
    try:
        value, low, high = (f"{100 * float(number):+.1f}" for number in own["over_direct"])
    except (KeyError, TypeError, ValueError):
        return ""
    text = tr("Mean F1 {n} points against the source's model as it is (95 % interval {low} to {high})")
    return text.format(n=value, low=low, high=high)


class TransferTable(QWidget):
    """For each strategy its title and below it its figures, for the panel is narrow; the best in green."""

    map_asked = pyqtSignal(str)  # a package

    def __init__(self) -> None:
        super().__init__()
        self.models: tuple[Carried, ...] = ()
        self.rows: list[list[QWidget]] = []  # title, figures, button
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(0, 1)

    def show_models(self, models: Sequence[Carried]) -> None:
        """Show these; columns stand for what was measured of any."""
        for place in reversed(range(self._grid.count())):
            old = self._grid.takeAt(place).widget()
            old.hide()
            old.deleteLater()
        self.models = tuple(models)
        named = [name for name in _COUNTED if any(name in each.figures for each in models)]
        titles = {"macro_f1": tr("Mean F1"), "overall_accuracy": tr("Accuracy"), "score": tr("Score")}
        for column, name in enumerate(named, 1):
            self._grid.addWidget(paragraph(titles[name]), 0, column)
        self.rows = [self._row(each, named) for each in models]
        for place, (title, *figures) in enumerate(self.rows):
            self._grid.addWidget(title, 2 * place + 1, 0, 1, len(figures) + 1)
            for column, widget in enumerate(figures, 1):
                self._grid.addWidget(widget, 2 * place + 2, column)

    def _row(self, each: Carried, named: Sequence[str]) -> list[QWidget]:
        texts = [title_of_strategy(each.name)]
        texts += [f"{each.figures[name]:.3f}" if name in each.figures else "-" for name in named]
        labels = [QLabel(text) for text in texts]
        labels[0].setWordWrap(True)
        labels[0].setToolTip(each.gain)
        for label in labels if each.best else ():
            label.setStyleSheet(f"color: {GREEN}; font-weight: bold")
        button = QToolButton()
        button.setText(tr("Map"))
        button.setToolTip(tr("Make maps with this model"))
        button.setEnabled(each.package is not None)
        button.clicked.connect(lambda _on=False: self.map_asked.emit(str(each.package)))
        return [*labels, button]
