"""Samples from reference maps: which pixels many years agree on, what each rule leaves, and points drawn among them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import QgsProject, QgsRasterLayer, QgsUnitTypes
from qgis.PyQt.QtCore import QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from cropmap.contract.cdl import CDL
from cropmap.contract.job import read_job

from ..house import catalogue, tr
from ..widgets.file_choice import FileChoice
from ..widgets.form import SchemaForm, field_of
from ..widgets.layers import is_in_project, title_of_reference
from ..widgets.look import grouped, paragraph, problem_label, scroll_area_of, section
from ..widgets.scheme_table import SchemeTable
from ..widgets.yield_counts import CHANGED, NOTHING, ON, PATTERN, Asked, read_agreement, read_counts
from ..widgets.yield_table import YieldTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cropmap.contract.errors import Problem

TRUST = "trust"
_MAPS, _LEGEND, _SCHEME, _YEAR, _TOTAL = "maps", "legend", "scheme", "target_year", "total"
_FIRST_RULE = "history_years"  # of the job's parameters, in their order: those of the maps, the rules, the drawing
_CDL = "cdl"
_LISTED = 6
_SHOWN_MS = 100  # until the panel shows its notice, which takes room from the page


class TrustedTab(QWidget):
    """Asks for reference maps and rules, shows what the rules leave, and draws points."""

    start_asked = pyqtSignal(str, dict)
    shown = pyqtSignal(object)  # a layer that was added to the project

    def __init__(self) -> None:
        super().__init__()
        self._schema = catalogue().entry("jobs", TRUST).schema
        names = list(self._schema["properties"])
        rules, drawing = names.index(_FIRST_RULE), names.index(_TOTAL)
        self._counted_by = names[:drawing]
        self._counts = NOTHING
        self._sent: Mapping[str, Any] = {}
        self._then: Mapping[str, Any] = {}
        self._raster = ""
        self.maps = SchemaForm(self._schema, [_MAPS])
        self.legend = LegendChoice()
        own = (_MAPS, _LEGEND, _SCHEME)
        self.further = SchemaForm(
            self._schema, [n for n in names[:rules] if n not in own], fold=tr("Target year, further layers")
        )
        year = self.further.editor(_YEAR)
        if isinstance(year, QSpinBox):
            year.setSpecialValueText(tr("newest map"))
        self.scheme = SchemeTable(tr("Pixels"), tr("All other codes"), tr("Each class of the maps is a class."))
        self.rules = SchemaForm(self._schema, names[rules:drawing])
        self.drawing = SchemaForm(self._schema, names[drawing:])
        self.count = QPushButton(tr("Count the pixels"))
        self.table = YieldTable()
        self.show_map = QPushButton(tr("Show on the map"))
        self.draw = QPushButton(tr("Draw samples"))
        self._wrong = {name: problem_label() for name in (_LEGEND, _SCHEME)}
        self._changed_note, self._emptied = problem_label(), problem_label()
        self._agreement = paragraph("")
        self._agreement.hide()
        self._empty = paragraph(tr("Count the pixels to see what each rule leaves of each class, before drawing."))
        self.scheme.set_text(str(self._schema["properties"][_SCHEME]["default"]))
        self._place()
        self._connect()
        self._show_counts()

    def _place(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(
            paragraph(tr("Label rasters of many years, such as the Cropland Data Layer: where they agree, trust them."))
        )
        for widget in (
            self.maps,
            QLabel(tr("What the maps' codes mean")),
            self.legend,
            self._wrong[_LEGEND],
            self.further,
            section(tr("Classes")),
            self.scheme,
            self._wrong[_SCHEME],
            section(tr("Rules")),
            self.rules,
            self.count,
            section(tr("What the rules leave")),
            self._empty,
            self.table,
            self._changed_note,
            self._emptied,
            self._agreement,
            self.show_map,
            section(tr("Draw points")),
            self.drawing,
            self.draw,
        ):
            column.addWidget(widget)
        column.addStretch()

    def _connect(self) -> None:
        self.maps.changed.connect(self._maps_changed)
        self.legend.changed.connect(self._maps_changed)
        for part in (self.further, self.scheme, self.rules):
            part.changed.connect(self._show_states)
        self.table.switched.connect(self._switch)
        self.count.clicked.connect(lambda _on=False: self._start(0))
        self.draw.clicked.connect(lambda _on=False: self._start(None))
        self.show_map.clicked.connect(lambda _on=False: self._add_raster())

    # ------------------------------------------------------------ what is asked

    def values(self) -> dict[str, Any]:
        """Return the job's parameters as plain values, without those at their defaults."""
        own = {_LEGEND: self.legend.value(), _SCHEME: self.scheme.text()}
        properties = self._schema["properties"]
        changed = {name: value for name, value in own.items() if value != properties[name]["default"]}
        parts = (self.maps, self.further, self.rules, self.drawing)
        return {**changed, **{name: value for part in parts for name, value in part.values().items()}}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show these values, and the default of every other parameter."""
        for form in (self.maps, self.further, self.rules, self.drawing):
            form.set_values(values)
        self.legend.set_value(str(values.get(_LEGEND, "")))
        self.scheme.set_text(str(values.get(_SCHEME, self._schema["properties"][_SCHEME]["default"])))
        self._show_states()

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show the problems beside their fields."""
        for form in (self.maps, self.further, self.rules, self.drawing):
            form.show_problems(problems)
        for name, label in self._wrong.items():
            said = [f"{found.what} {found.fix}".strip() for found in problems if field_of(found) == name]
            label.setText("\n".join(said))
            label.setVisible(bool(said))

    def _start(self, total: int | None) -> None:
        """Start the job, to count only or to draw too; or show what is wrong."""
        values = self.values() if total is None else {**self.values(), _TOTAL: total}
        problems = catalogue().problems("jobs", TRUST, values)
        error = self.scheme.error()
        if error is not None:  # the table says it already
            self.scheme.setFocus()
        self.show_problems(problems)
        if not problems and error is None:
            self._sent = values
            self.start_asked.emit(TRUST, values)

    def _maps_changed(self) -> None:
        paths = self.maps.values()[_MAPS]
        named = code_names(paths[-1]) if paths else {}
        self.scheme.show_meanings({found.code: found.name for found in CDL} if self.legend.value() == _CDL else named)
        self._show_states()

    # ------------------------------------------------------------ what came of it

    def job_done(self, result: Mapping[str, Any]) -> str:
        """Take the counts of a finished job.

        Returns:
            The points that it drew (a file); empty where it drew none.
        """
        outputs = result.get("outputs", {})
        if outputs.get("counts"):
            self._counts = read_counts(Path(outputs["counts"]))
            ran = read_job(Path(str(result["run_folder"])) / "job.json").params
            # Of a layer without a file the job was given a copy.
            self._then = {**ran, **{name: value for name, value in self._sent.items() if is_in_project(value)}}
            self._raster = str(outputs.get("trusted", ""))
            self._show_agreement(Path(str(outputs.get("agreement", ""))))
            self._show_counts()
            QTimer.singleShot(_SHOWN_MS, self._reveal)
        return str(outputs.get("points", ""))

    def _reveal(self) -> None:
        """Scroll to the table."""
        area = scroll_area_of(self)
        if area is not None and self.isVisible():
            area.ensureWidgetVisible(self._emptied)
            area.ensureWidgetVisible(self.table)

    def _asked(self) -> Asked:
        properties = self._schema["properties"]
        return Asked({name: properties[name] for name in self._counted_by}, self._then, self.values())

    def _show_counts(self) -> None:
        counted = bool(self._counts.classes)
        self.table.setVisible(counted)
        self._empty.setVisible(not counted)
        self.show_map.setEnabled(Path(self._raster).is_file())
        self.table.show_counts(self._counts, self._titles(), pixel_area(self._raster) if self._raster else 0.0)
        self.scheme.show_numbers(dict(zip(self._counts.classes, self._counts.left(()))))
        self._show_states()

    def _show_states(self) -> None:
        """Show which rules are on, what they leave then, and what has to be counted again."""
        if not self._counts.classes:
            return
        asked = self._asked()
        states = asked.states(self._counts)
        self.table.show_states(states)
        changed = [self._title(name) for name in asked.changed(self._counts)]
        self._say(
            self._changed_note,
            tr("Changed since the pixels were counted: {names}. Count again.").format(names=", ".join(changed))
            if changed
            else "",
        )
        on = {name for name, state in states.items() if state in {ON, CHANGED}}
        self._say(self._emptied, "\n".join(self._lost(*item) for item in self._counts.emptied(on).items()))

    def _lost(self, name: str, taken: tuple[str, int]) -> str:
        rule = tr("the patterns") if taken[0] == PATTERN else self._title(taken[0])
        text = tr("No pixel of {name} is left: {rule} took the last {n}.")
        return text.format(name=name, rule=rule, n=grouped(taken[1]))

    def _show_agreement(self, path: Path) -> None:
        found = read_agreement(path) if path.is_file() else []
        lines = [
            tr("{pattern} ({classes}): {share} % of {n}").format(
                pattern=self._title(each.pattern),
                classes=each.classes,
                share=grouped(100 * each.share, 1),
                n=grouped(each.pixels),
            )
            + (" " + tr("(dropped)") if each.dropped else "")
            for each in sorted(found, key=lambda each: -each.pixels)
        ]
        more = ["…"] if len(lines) > _LISTED else []
        years = sorted({year for each in found for year in each.years})
        title = tr("Pixels foretold right in held-out years ({years}):").format(years=", ".join(map(str, years)))
        self._agreement.setText("\n".join([title, *lines[:_LISTED], *more]) if lines else "")
        self._agreement.setToolTip("\n".join(lines))
        self._agreement.setVisible(bool(lines))

    def _switch(self, rule: str, on: bool) -> None:  # noqa: FBT001 - a Qt signal's argument
        """Put a rule's parameters to what switches it off, or back."""
        self.rules.set_values({**self.rules.values(), **self._asked().switch(rule, on=on)})

    def _add_raster(self) -> None:
        layer = QgsRasterLayer(self._raster, tr("Trusted pixels"))  # the style file beside it is read by this
        if layer.isValid():
            QgsProject.instance().addMapLayer(layer)
            self.shown.emit(layer)

    def _titles(self) -> dict[str, str]:
        return {name: self._title(name, with_value=True) for name in self._counts.switches}

    def _title(self, name: str, *, with_value: bool = False) -> str:
        """Return what a parameter is called, with the value that was counted where one is wanted."""
        prop = self._schema["properties"].get(name)
        if prop is None:
            return name
        value = self._then.get(name, prop.get("default"))
        if not with_value or isinstance(value, bool) or not value:
            return tr(prop["title"])
        shown = (
            tr(value) if isinstance(value, str) else f"{value:g}\N{NO-BREAK SPACE}{tr(prop.get('x-unit', ''))}".strip()
        )
        return f"{tr(prop['title'])}: {title_of_reference(shown) if prop['x-kind'] == 'vector' else shown}"

    @staticmethod
    def _say(label: QLabel, text: str) -> None:
        label.setText(text)
        label.setVisible(bool(text))


class LegendChoice(FileChoice):
    """Chooses what the maps' codes mean: the maps' own names, the Cropland Data Layer, or a file."""

    def __init__(self) -> None:
        super().__init__(tr("Choose a legend file"), "JSON (*.json)")
        self.combo.addItem(tr("The names in the maps themselves"), "")
        self.combo.addItem(tr("Cropland Data Layer (CDL)"), _CDL)


def code_names(text: str) -> dict[int, str]:
    """Return what a label raster itself calls its codes; none where it does not say.

    Args:
        text: The raster, perhaps with its year before it: "2016=path".
    """
    path = re.sub(r"^\d{4}=", "", text.strip())
    layer = QgsRasterLayer(path, "") if Path(path).is_file() else QgsRasterLayer()
    if not layer.isValid():
        return {}
    return {int(item.value): str(item.label) for item in layer.dataProvider().colorTable(1) if item.label}


def pixel_area(path: str) -> float:
    """Return the area of a raster's pixels, square metres; 0 where its coordinates are no lengths."""
    layer = QgsRasterLayer(path, "")
    if not layer.isValid() or not layer.crs().isValid() or layer.crs().isGeographic():
        return 0.0
    metres = QgsUnitTypes.fromUnitToUnitFactor(layer.crs().mapUnits(), QgsUnitTypes.DistanceUnit.DistanceMeters)
    return float(layer.rasterUnitsPerPixelX() * layer.rasterUnitsPerPixelY() * metres**2)
