"""A time series over the bands in which its class lies: dates to the right, values upwards."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPalette, QPen, QTextOption
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from .look import quiet

_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 10, 22
_MARGIN = 0.06  # of the values' span, above and below
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Line:
    """A series: its name, its colour, a value at each date (NaN for none).

    Args:
        name: What it is.
        colour: As #rrggbb.
        values: A value at each date.
        dashed: Whether it is drawn dashed.
        dates: Its own dates, ascending; the plot's where empty.
    """

    name: str
    colour: str
    values: Sequence[float]
    dashed: bool = False
    dates: Sequence[dt.date] = ()


@dataclass(frozen=True)
class Band:
    """Where most series of a class lie: the lower and the upper value at each date (NaN for none)."""

    name: str
    colour: str
    low: Sequence[float]
    high: Sequence[float]


class SeriesPlot(QWidget):
    """Draws lines and bands against the date; what is not finite leaves a gap."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dates: list[dt.date] = []
        self._lines: list[Line] = []
        self._bands: list[Band] = []
        self._title, self._empty = "", ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the size that shows a season well."""
        return QSize(320, 190)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the smallest size at which the axes can be read."""
        return QSize(220, 190)

    def show_series(
        self, dates: Sequence[dt.date], lines: Sequence[Line], bands: Sequence[Band] = (), title: str = ""
    ) -> None:
        """Draw these.

        Args:
            dates: Ascending; those of the bands, and of lines that have none of their own.
            lines: Drawn last, on top.
            bands: Drawn first.
            title: What the values are, e.g. a feature's name.
        """
        self._dates, self._lines, self._bands, self._title = list(dates), list(lines), list(bands), title
        self._empty = ""
        names = ", ".join(line.name for line in lines)
        self.setAccessibleDescription(f"{title}: {names}")
        self.update()

    def clear(self, text: str = "") -> None:
        """Draw nothing, and say why in quiet words."""
        self.show_series([], [])
        self._empty = text
        self.setAccessibleDescription(text)

    def is_empty(self) -> bool:
        """Return whether there is nothing to draw."""
        return _span(self._lines, self._bands) is None

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw; called by Qt."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(_LEFT, _TOP, self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM)
        painter.fillRect(frame, self.palette().color(QPalette.ColorRole.Base))
        span = _span(self._lines, self._bands)
        dates = [*self._dates, *(date for line in self._lines for date in line.dates)]
        if len(dates) > 1 and span is not None:
            axes = _Axes(frame, min(dates), max(dates), *span)
            self._draw_axes(painter, axes)
            painter.setClipRect(frame)
            for band in self._bands:
                _draw_band(painter, axes, self._dates, band)
            for line in self._lines:
                _draw_line(painter, axes, line.dates or self._dates, line)
            self._draw_title(painter, frame)
        elif self._empty:
            painter.setPen(QColor(quiet()))
            # The option wraps words by itself.
            place, option = QRectF(self.rect()).adjusted(12, 8, -12, -8), QTextOption(Qt.AlignmentFlag.AlignCenter)
            painter.drawText(place, self._empty, option)
        painter.end()

    def _draw_axes(self, painter: QPainter, axes: _Axes) -> None:
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.85)
        painter.setFont(font)
        text, grid = QColor(quiet()), QColor(quiet())
        grid.setAlpha(60)
        for value in round_numbers(axes.low, axes.high):
            y = axes.y(value)
            painter.setPen(QPen(grid, 1))
            painter.drawLine(QPointF(axes.frame.left(), y), QPointF(axes.frame.right(), y))
            painter.setPen(text)
            place = QRectF(0, y - 8, _LEFT - 5, 16)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{value:.6g}")
        for month in months_between(axes.first, axes.last, int(axes.frame.width() // 46)):
            x = axes.x(month)
            painter.setPen(QPen(grid, 1))
            painter.drawLine(QPointF(x, axes.frame.top()), QPointF(x, axes.frame.bottom()))
            painter.setPen(text)
            place = QRectF(x - 30, axes.frame.bottom() + 3, 60, _BOTTOM - 4)
            short = self.locale().monthName(month.month, self.locale().FormatType.ShortFormat)
            shown = f"{month:%Y}" if month.month == 1 else short
            painter.drawText(place, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, shown)

    def _draw_title(self, painter: QPainter, frame: QRectF) -> None:
        """Write what is drawn into the corner, on a ground of its own: lines may run there."""
        metrics = painter.fontMetrics()
        ground = self.palette().color(QPalette.ColorRole.Base)
        ground.setAlpha(200)
        wide = metrics.horizontalAdvance(self._title) + 8
        place = QRectF(frame.left() + 3, frame.top() + 3, wide, metrics.height() + 2)
        if self._title:
            painter.fillRect(place, ground)
            painter.setPen(QColor(quiet()))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, self._title)


@dataclass(frozen=True)
class _Axes:
    """Where dates and values lie in the widget."""

    frame: QRectF
    first: dt.date
    last: dt.date
    low: float
    high: float

    def x(self, date: dt.date) -> float:
        share = (date - self.first).days / max((self.last - self.first).days, 1)
        return float(self.frame.left() + share * self.frame.width())

    def y(self, value: float) -> float:
        return float(self.frame.bottom() - (value - self.low) / (self.high - self.low) * self.frame.height())


def _span(lines: Sequence[Line], bands: Sequence[Band]) -> tuple[float, float] | None:
    """Return the lowest and the highest value to show; None where there is none."""
    listed = [line.values for line in lines] + [edge for band in bands for edge in (band.low, band.high)]
    known = [value for values in listed for value in values if math.isfinite(value)]
    if not known:
        return None
    low, high = min(known), max(known)
    margin = _MARGIN * (high - low) or 0.05 * abs(high) or 1.0
    return low - margin, high + margin


def _draw_band(painter: QPainter, axes: _Axes, dates: Sequence[dt.date], band: Band) -> None:
    fill = QColor(band.colour)
    fill.setAlpha(70)
    for run in _runs([low + high for low, high in zip(band.low, band.high)]):
        path = QPainterPath(QPointF(axes.x(dates[run[0]]), axes.y(band.high[run[0]])))
        for at in run[1:]:
            path.lineTo(axes.x(dates[at]), axes.y(band.high[at]))
        for at in reversed(run):
            path.lineTo(axes.x(dates[at]), axes.y(band.low[at]))
        path.closeSubpath()
        painter.fillPath(path, fill)


def _draw_line(painter: QPainter, axes: _Axes, dates: Sequence[dt.date], line: Line) -> None:
    style = Qt.PenStyle.DashLine if line.dashed else Qt.PenStyle.SolidLine
    painter.setPen(QPen(QColor(line.colour), 2.0, style))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for run in _runs(line.values):
        points = [QPointF(axes.x(dates[at]), axes.y(line.values[at])) for at in run]
        path = QPainterPath(points[0])
        for point in points[1:]:
            path.lineTo(point)
        painter.drawPath(path)
        if len(points) == 1:
            painter.drawEllipse(points[0], 1.5, 1.5)


def _runs(values: Sequence[float]) -> list[list[int]]:
    """Return the positions of finite values, those that follow each other together."""
    runs: list[list[int]] = []
    for at, value in enumerate(values):
        if not math.isfinite(value):
            continue
        if runs and runs[-1][-1] == at - 1:
            runs[-1].append(at)
        else:
            runs.append([at])
    return runs


def round_numbers(low: float, high: float) -> list[float]:
    """Return three to six round numbers between two."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * min(_STEPS, key=lambda factor: abs(factor * power - rough))
    return [round(k * step, 12) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def months_between(first: dt.date, last: dt.date, most: int) -> list[dt.date]:
    """Return first days of months between two dates, evenly, at most about so many."""
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    months = [dt.date(number // 12, number % 12 + 1, 1) for number in numbers]
    inside = [month for month in months if first <= month <= last]
    step = next((step for step in (1, 2, 3, 6, 12) if len(inside) / step <= max(most, 1)), 12)
    return [month for month in inside if (month.month - 1) % step == 0]
