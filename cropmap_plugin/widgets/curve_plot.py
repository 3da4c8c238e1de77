"""How a job gets on while it runs: a training's losses and accuracy by epoch, or a search's scores by trial."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPalette, QPen, QTextOption
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from ..house import catalogue, tr
from .look import AMBER, GREEN, quiet
from .series_plot import round_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

BLUE = "#3b7fc4"
_LEFT, _RIGHT, _BOTTOM, _LINE, _BETWEEN = 40, 8, 18, 17, 8
_VALIDATION, _ACCURACY, _SCORE = "validation_loss", "validation_accuracy", "score"
_FAINT = 70  # of 255: the curves before the current one
_KEPT = 40  # curves
_SHORTEST = 4  # epochs or trials that the axis shows at least


@dataclass(frozen=True)
class Kind:
    """What is drawn of the points that hold a certain figure.

    Args:
        x: The figure that they are drawn against.
        panels: The figures of each panel, from the top, and its share of the height.
        colours: Of each figure.
        meanings: Returns what the colours mean, in the user's language.
        begin: What the first one is called: epochs count from 1 in the points too, trials do not.
    """

    x: str
    panels: tuple[tuple[tuple[str, ...], float], ...]
    colours: Mapping[str, str]
    meanings: Callable[[], tuple[str, ...]]
    begin: int = 0


TRAINING = Kind(
    x="epoch",
    panels=((("training_loss", _VALIDATION), 0.6), ((_ACCURACY,), 0.4)),
    colours={"training_loss": BLUE, _VALIDATION: AMBER, _ACCURACY: GREEN},
    meanings=lambda: (tr("training loss"), tr("validation loss"), tr("validation accuracy")),
)
SEARCH = Kind(
    x="trial",
    panels=(((_SCORE, "best"), 1.0),),
    colours={_SCORE: BLUE, "best": GREEN},
    meanings=lambda: (tr("score of a trial"), tr("best so far")),
    begin=1,
)
_KINDS = (TRAINING, SEARCH)


@dataclass(frozen=True)
class Point:
    """The figures of one epoch or trial; NaN for what was not measured."""

    x: float
    figures: Mapping[str, float]


class CurvePlot(QWidget):
    """Draws curves that grow; the one that grew last is bold, others of its kind are faint."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind = TRAINING
        self._curves: dict[str, list[Point]] = {}
        self._current = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the size that shows a training well."""
        return QSize(320, 210)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the smallest size at which the axes can be read."""
        return QSize(220, 210)

    def clear(self) -> None:
        """Forget all curves."""
        self._kind, self._curves, self._current = TRAINING, {}, ""
        self.setAccessibleDescription("")
        self.update()

    def add(self, curve: str, figures: Mapping[str, Any]) -> bool:
        """Add a point to a curve, and make it the current one.

        A training that goes back (with a smaller batch, or to an earlier checkpoint) overwrites what it did before; a
        point of another kind begins a new drawing.

        Returns:
            Whether it is a point that can be drawn.
        """
        kind = next((kind for kind in _KINDS if math.isfinite(_number(figures.get(kind.x)))), None)
        if kind is None:
            return False
        known = {name: _number(figures.get(name)) for name in kind.colours}
        if not any(math.isfinite(value) for value in known.values()):
            return False
        if kind is not self._kind:
            self._kind, self._curves = kind, {}
        x = _number(figures[kind.x]) + kind.begin
        earlier = [point for point in self._curves.pop(curve, []) if point.x < x]
        self._curves[curve] = [*earlier, Point(x, known)]  # the current one is the last
        for oldest in list(self._curves)[:-_KEPT]:
            del self._curves[oldest]
        self._current = curve
        title, state = self.words()
        self.setAccessibleDescription(f"{title}: {state}")
        self.update()
        return True

    def names(self) -> tuple[str, ...]:
        """Return the curves; the current one is the last."""
        return tuple(self._curves)

    def points(self, curve: str) -> tuple[Point, ...]:
        """Return a curve's points, from the first epoch or trial on."""
        return tuple(self._curves.get(curve, ()))

    def best(self) -> Point | None:
        """Return the current curve's point of least validation loss, or greatest score; None where none is known."""
        name, sign = (_SCORE, -1.0) if self._kind is SEARCH else (_VALIDATION, 1.0)
        measured = [point for point in self.points(self._current) if math.isfinite(point.figures[name])]
        return min(measured, key=lambda point: sign * point.figures[name], default=None)

    def words(self) -> tuple[str, str]:
        """Return the current curve's name, and how far it is."""
        points, best = self.points(self._current), self.best()
        if not points:
            return "", ""
        searched = self._kind is SEARCH
        text, measure = (tr("trial {n}"), tr("score {n}")) if searched else (tr("epoch {n}"), tr("accuracy {n}"))
        state = [text.format(n=f"{points[-1].x:g}")]
        if best is not None:
            state.append(tr("best: {n}").format(n=f"{best.x:g}"))
        value = (best or points[-1]).figures[_SCORE if searched else _ACCURACY]
        if math.isfinite(value):
            state.append(measure.format(n=f"{value:.3f}"))
        return _title(self._current), " · ".join(state)

    # ------------------------------------------------------------ drawing

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw; called by Qt."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.85)
        painter.setFont(font)
        self._draw_words(painter)
        self._draw_meanings(painter)
        top, wide = 2.0 * _LINE + 2, self.width() - _LEFT - _RIGHT
        high = self.height() - _BOTTOM - top - _BETWEEN * (len(self._kind.panels) - 1)
        for names, share in self._kind.panels:
            frame = QRectF(_LEFT, top, wide, high * share)
            self._draw_panel(painter, frame, names)
            top = frame.bottom() + _BETWEEN
        self._draw_numbers(painter, QRectF(_LEFT, 0, wide, self.height() - _BOTTOM))
        painter.end()

    def _draw_words(self, painter: QPainter) -> None:
        """Write the current curve's name and state."""
        title, state = self.words()
        middle, plain, bold = Qt.AlignmentFlag.AlignVCenter, painter.font(), painter.font()
        bold.setBold(True)
        painter.setFont(bold)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        metrics = painter.fontMetrics()
        # How far it is, is told whole; a long name gives way.
        room = max(self.width() - 20 - QFontMetricsF(plain).horizontalAdvance(state), 60)
        title = metrics.elidedText(title, Qt.TextElideMode.ElideMiddle, int(room))
        wide = metrics.horizontalAdvance(title)
        painter.drawText(QRectF(2, 0, wide + 8, _LINE), middle, title)
        painter.setFont(plain)
        painter.setPen(QColor(quiet()))
        painter.drawText(QRectF(wide + 10, 0, self.width() - wide - 10, _LINE), middle, state)

    def _draw_meanings(self, painter: QPainter) -> None:
        x, metrics = 2.0, QFontMetricsF(painter.font())
        for colour, text in zip(self._kind.colours.values(), self._kind.meanings()):
            painter.setPen(QPen(QColor(colour), 2.5))
            painter.drawLine(QPointF(x, 1.5 * _LINE), QPointF(x + 11, 1.5 * _LINE))
            painter.setPen(QColor(quiet()))
            length = metrics.horizontalAdvance(text)
            painter.drawText(QRectF(x + 15, _LINE, length + 4, _LINE), Qt.AlignmentFlag.AlignVCenter, text)
            x += length + 26

    def _draw_panel(self, painter: QPainter, frame: QRectF, names: Sequence[str]) -> None:
        painter.fillRect(frame, self.palette().color(QPalette.ColorRole.Base))
        span = self._span(names)
        if span is None:
            painter.setPen(QColor(quiet()))
            painter.drawText(frame, tr("not measured"), QTextOption(Qt.AlignmentFlag.AlignCenter))
            return
        axes = _Axes(frame, *self._ends(), *span)
        _draw_values(painter, axes)
        painter.save()
        painter.setClipRect(frame.adjusted(-2, -2, 2, 2))
        best = self.best()
        if best is not None:
            painter.setPen(QPen(QColor(quiet()), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(axes.x(best.x), frame.top()), QPointF(axes.x(best.x), frame.bottom()))
        for curve, points in self._curves.items():
            for name in names:
                places = [
                    QPointF(axes.x(point.x), axes.y(point.figures[name]))
                    for point in points
                    if math.isfinite(point.figures[name])
                ]
                colour = QColor(self._kind.colours[name])
                if name == _SCORE:
                    _draw_dots(painter, places, colour)
                else:
                    line = _stepped(places) if self._kind is SEARCH else places
                    _draw_curve(painter, line, colour, current=curve == self._current)
        painter.restore()

    def _draw_numbers(self, painter: QPainter, frame: QRectF) -> None:
        """Write the numbers of epochs or trials below."""
        if not self._curves:
            return
        axes = _Axes(frame, *self._ends(), 0.0, 1.0)
        painter.setPen(QColor(quiet()))
        for number in round_numbers(axes.first, axes.last):
            if number == int(number):
                place = QRectF(axes.x(number) - 30, frame.bottom() + 2, 60, _BOTTOM - 3)
                painter.drawText(place, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, f"{number:g}")

    def _ends(self) -> tuple[float, float]:
        """Return where the axis begins and ends: a curve of one point needs a length too."""
        places = [point.x for points in self._curves.values() for point in points]
        return min(places), max(*places, min(places) + _SHORTEST)

    def _span(self, names: Sequence[str]) -> tuple[float, float] | None:
        """Return the least and the greatest value to show; None where there is none."""
        points = [point for points in self._curves.values() for point in points]
        known = [point.figures[name] for point in points for name in names if math.isfinite(point.figures[name])]
        if not known:
            return None
        low, high = min(known), max(known)
        margin = max(0.06 * (high - low), 0.01 * abs(high), 1e-6)
        return low - margin, high + margin


@dataclass(frozen=True)
class _Axes:
    """Where numbers and values lie in the widget."""

    frame: QRectF
    first: float
    last: float
    low: float
    high: float

    def x(self, number: float) -> float:
        return float(self.frame.left() + (number - self.first) / (self.last - self.first) * self.frame.width())

    def y(self, value: float) -> float:
        return float(self.frame.bottom() - (value - self.low) / (self.high - self.low) * self.frame.height())


def _draw_values(painter: QPainter, axes: _Axes) -> None:
    """Draw the lines of round values, and write these."""
    grid, text = QColor(quiet()), QColor(quiet())
    grid.setAlpha(60)
    side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    values = round_numbers(axes.low, axes.high)
    every = math.ceil(len(values) * 14 / max(axes.frame.height(), 1.0))
    for value in values[:: max(every, 1)]:
        y = axes.y(value)
        painter.setPen(QPen(grid, 1))
        painter.drawLine(QPointF(axes.frame.left(), y), QPointF(axes.frame.right(), y))
        painter.setPen(text)
        painter.drawText(QRectF(0, y - 8, _LEFT - 5, 16), side, f"{value:.4g}")


def _draw_curve(painter: QPainter, places: Sequence[QPointF], colour: QColor, *, current: bool) -> None:
    if not places:
        return
    colour.setAlpha(255 if current else _FAINT)
    painter.setPen(QPen(colour, 2.2 if current else 1.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    path = QPainterPath(places[0])
    for place in places[1:]:
        path.lineTo(place)
    painter.drawPath(path)
    if current:  # where it is now
        _draw_dots(painter, places[-1:], colour)


def _stepped(places: Sequence[QPointF]) -> list[QPointF]:
    """Return the corners of a line that stays as it is until the next place."""
    corners = [QPointF(later.x(), earlier.y()) for earlier, later in zip(places, places[1:])]
    return [place for pair in zip(places, corners) for place in pair] + list(places[-1:])


def _draw_dots(painter: QPainter, places: Sequence[QPointF], colour: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    for place in places:
        painter.drawEllipse(place, 3.0, 3.0)


def _title(curve: str) -> str:
    """Return a curve's name in the user's language: "ltae, run 1, Fold 2" part by part."""
    return ", ".join(filter(None, map(_part, curve.split(", "))))


def _part(name: str) -> str:
    known, models = {"Search": tr("Search"), "Model": tr("Model"), "run 1": ""}, catalogue().registries["models"]
    if name in known:
        return known[name]
    for pattern, text in (
        (r"Fold (\d+)", tr("Fold {n}")),
        (r"run (\d+)", tr("run {n}")),
        (r"(\d+) labels", tr("{n} labels")),
        (r"Until (\S+)", tr("until {n}")),
    ):
        found = re.fullmatch(pattern, name)
        if found:
            return text.format(n=found[1])
    # One of several: "2 tempcnn" in an ensemble, "tempcnn 2" in a comparison.
    return " ".join(tr(models[word].title) if word in models else word for word in name.split(" "))


def _number(value: Any) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else math.nan
