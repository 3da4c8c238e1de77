"""The strategies of transfer, to be ticked: what each is for, what it lacks, what the advice expects of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from cropmap.contract.params import chosen

from ..house import catalogue, choices, tr
from .form import SchemaForm
from .look import AMBER, paragraph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qgis.PyQt.QtGui import QMouseEvent

    from cropmap.contract.catalogue import CatalogueEntry
    from cropmap.contract.errors import Problem

STRATEGIES = "strategies"
_SHOWN = 5  # before the others are asked for


@dataclass(frozen=True)
class Advised:
    """What the advice says of a strategy.

    Args:
        strategy: Its registered name.
        values: Its parameters where they differ from the defaults.
        model: Registered name of the model that it was measured with; empty where it is not told.
        expected: Mean F1, 0..1: the lower end, the middle and the upper end of what is to be expected.
        reasons: Sentences.
    """

    strategy: str
    values: Mapping[str, Any]
    model: str = ""
    expected: tuple[float, float, float] | None = None
    reasons: tuple[str, ...] = ()


def read_advice(figures: Mapping[str, Any]) -> tuple[Advised, ...]:
    """Return what a job's figures advise, the best first; what is damaged or unknown here is left out."""
    listed = figures.get("advice")
    known = catalogue().registries.get(STRATEGIES, {})
    found: dict[str, Advised] = {}
    for each in listed if isinstance(listed, list) else []:
        advised = _advised(each)
        if advised is not None and advised.strategy in known:
            found.setdefault(advised.strategy, advised)
    return tuple(found.values())


def _advised(each: Any) -> Advised | None:
    try:
        numbers = each.get("expected")
        low, middle, high = (float(number) for number in numbers) if numbers else (0.0, 0.0, 0.0)
        reasons = tuple(str(reason) for reason in each.get("reasons", ()))
        expected = (low, middle, high) if numbers else None
        values, model = dict(each.get("values") or {}), str(each.get("model") or "")
        return Advised(str(each["strategy"]), values, model, expected, reasons)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


class StrategyTicks(QWidget):
    """All strategies, those advised first; each has its settings below it while it is ticked."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._rows = {entry.name: StrategyRow(entry) for entry in choices(STRATEGIES)}
        self._order = list(self._rows)
        self.more = QToolButton()
        self.more.setCheckable(True)
        self.more.setAutoRaise(True)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.toggled.connect(lambda _on: self._arrange())
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        for row in self._rows.values():
            row.changed.connect(self.changed)
        self._arrange()

    def row(self, name: str) -> StrategyRow:
        """Return a strategy's row."""
        return self._rows[name]

    def names(self) -> tuple[str, ...]:
        """Return the strategies in the order shown."""
        return tuple(self._order)

    def value(self) -> list[dict[str, Any]]:
        """Return those ticked, in the order shown, each as a table with its name."""
        return [self._rows[name].value() for name in self._order if self._rows[name].is_ticked()]

    def set_value(self, value: Sequence[Any]) -> None:
        """Tick these, with their settings, and no others."""
        asked = dict(chosen(entry) for entry in value)
        for name, row in self._rows.items():
            row.tick(asked.get(name))
        self._arrange()

    def show_given(self, given: Mapping[str, bool]) -> None:
        """Say of each strategy what it lacks.

        Args:
            given: Of each thing that a strategy may need, whether it is there; others are taken to be.
        """
        for row in self._rows.values():
            row.show_lack([need for need in row.needs if not given.get(need, True)])

    def show_advice(self, advice: Sequence[Advised]) -> None:
        """Put what is advised first, with what to expect and why; without any the usual order comes back."""
        told = {each.strategy: each for each in advice}
        self._order = [*told, *(name for name in self._rows if name not in told)]
        for name, row in self._rows.items():
            row.show_advice(told.get(name))
        self._arrange()

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show what is wrong with the settings of those ticked: "strategies[1].epochs" is the second one's."""
        ticked = [name for name in self._order if self._rows[name].is_ticked()]
        for place, name in enumerate(ticked):
            self._rows[name].show_problems(problems, f"{STRATEGIES}[{place}].")

    def _arrange(self) -> None:
        """Put the rows in order, the ticked ones and the first few to be seen."""
        while self._column.count():
            self._column.takeAt(0)
        for place, name in enumerate(self._order):
            row = self._rows[name]
            self._column.addWidget(row)
            row.setVisible(place < _SHOWN or row.is_ticked() or self.more.isChecked())
        self._column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        unfolded = self.more.isChecked()
        self.more.setArrowType(Qt.ArrowType.UpArrow if unfolded else Qt.ArrowType.DownArrow)
        self.more.setText(tr("Show fewer") if unfolded else tr("Show all strategies"))


class StrategyRow(QWidget):
    """One strategy: a tick, what is expected of it, a sentence, and its settings."""

    changed = pyqtSignal()

    def __init__(self, entry: CatalogueEntry) -> None:
        super().__init__()
        self.needs = entry.needs
        self._entry = entry
        self._form: SchemaForm | None = None
        self.box = QCheckBox()
        self.box.setAccessibleName(tr(entry.title))
        # Beside the box and not in it: so a long title wraps in a narrow panel.
        self.title = _Title(tr(entry.title))
        self.title.clicked.connect(self.box.click)
        self.expected = paragraph("", secondary=False)
        self.sentence = paragraph(tr(entry.summary))
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setToolTip(entry.citation)
        self.lack = paragraph("", secondary=False)
        self.lack.setStyleSheet(f"color: {AMBER}")
        self._column = QVBoxLayout()
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        for label in (self.title, self.expected, self.sentence, self.lack):
            self._column.addWidget(label)
        for label in (self.expected, self.lack):
            label.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.box, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(self._column, 1)
        self.box.toggled.connect(self._toggled)

    def is_ticked(self) -> bool:
        """Return whether it is ticked."""
        return bool(self.box.isChecked())

    def tick(self, values: Mapping[str, Any] | None) -> None:
        """Tick it, with these settings; take the tick away where None."""
        self.box.setChecked(values is not None)
        if self._form is not None and values is not None:
            self._form.set_values(values)

    def value(self) -> dict[str, Any]:
        """Return its name, with its settings where they differ from the defaults."""
        return {"name": self._entry.name, **(self._form.values() if self._form else {})}

    def show_lack(self, needs: Sequence[str]) -> None:
        """Say what it needs that is not given; it cannot be ticked then."""
        words = ", ".join(_words(need) for need in needs)
        self.lack.setText(tr("Needs {what}.").format(what=words) if needs else "")
        self.lack.setVisible(bool(needs))
        for part in (self.box, self.title):
            part.setEnabled(not needs)
        if needs:
            self.box.setChecked(False)

    def show_advice(self, advised: Advised | None) -> None:
        """Say what is expected of it and why; its summary again where None."""
        reasons = " ".join(advised.reasons) if advised is not None else ""
        self.sentence.setText(reasons or tr(self._entry.summary))
        self.sentence.setToolTip(f"<p>{tr(self._entry.summary)}</p>" if reasons else self._entry.citation)
        self.expected.setText(expected_text(advised))
        self.expected.setVisible(bool(self.expected.text()))
        if advised is not None and advised.values and not self.is_ticked():
            self._make_form().set_values(advised.values)

    def show_problems(self, problems: Sequence[Problem], prefix: str) -> None:
        """Show the problems of its settings.

        Args:
            problems: Of the whole job.
            prefix: What this strategy's begin with.
        """
        if self._form is not None:
            own = [problem for problem in problems if problem.parameter.startswith(prefix)]
            self._form.show_problems([type(own[0])(p.parameter[len(prefix) :], p.what, p.fix) for p in own])

    def _toggled(self, on: bool) -> None:  # noqa: FBT001 - a Qt signal's argument
        if on and self._entry.schema["properties"]:
            self._make_form()
        if self._form is not None:
            self._form.setVisible(on)
        self.changed.emit()

    def _make_form(self) -> SchemaForm:
        if self._form is None:
            self._form = SchemaForm(self._entry.schema, fold=tr("Settings"))
            self._form.changed.connect(self.changed)
            self._form.setVisible(self.is_ticked())
            self._column.addWidget(self._form)
        return self._form


def expected_text(advised: Advised | None) -> str:
    """Return what is expected of a strategy: the middle, and its range; empty where nothing is."""
    if advised is None or advised.expected is None:
        return ""
    low, middle, high = (f"{number:.2f}" for number in advised.expected)
    text = tr("Expected mean F1: {middle} ({low} to {high})").format(low=low, middle=f"<b>{middle}</b>", high=high)
    known = catalogue().registries["models"]
    return f"{text} · {tr(known[advised.model].title)}" if advised.model in known else text


class _Title(QLabel):
    """A wrapped title that can be clicked."""

    clicked = pyqtSignal()

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setWordWrap(True)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Tell of a click; called by Qt."""
        super().mouseReleaseEvent(event)
        self.clicked.emit()


def _words(need: str) -> str:
    """Return what a strategy may need, in words."""
    words = {
        "model": tr("a model of the source"),
        "source": tr("the source's samples"),
        "series": tr("the target's images"),
        "labels": tr("labelled samples of the target"),
        "gradients": tr("a neural network as the source's model"),
    }
    return words.get(need, need)


def title_of_strategy(name: str) -> str:
    """Return what a strategy is called; the same one may have run twice: "fine_tune 2"."""
    known = catalogue().registries.get(STRATEGIES, {})
    base, _space, rest = name.partition(" ")
    return f"{tr(known[base].title)} {rest}".strip() if base in known else name
