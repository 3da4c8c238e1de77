"""What the worker recognised in the images: dates, bands, grid, numbers."""

from __future__ import annotations

import datetime as dt
from html import escape
from typing import TYPE_CHECKING, Any

from qgis.core import QgsCoordinateReferenceSystem, QgsUnitTypes
from qgis.PyQt.QtCore import QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPaintEvent, QPalette
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..house import tr
from .look import AMBER, GREEN, paragraph, quiet, tint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Timeline(QWidget):
    """The dates of the season on a line with its months."""

    def __init__(self, dates: Sequence[str]) -> None:
        super().__init__()
        self._dates = sorted(dt.date.fromisoformat(text[:10]) for text in dates)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(tr("{n} dates, from {first} to {last}").format(n=len(dates), first=dates[0], last=dates[-1]))

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the preferred size."""
        return QSize(260, 40)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the line, a mark for every date, and the months."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        first, last = self._dates[0].replace(day=1), _month_after(self._dates[-1])
        painter.setPen(QColor(quiet()))
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 0.8)
        painter.setFont(font)
        months = _months(first, last)
        every = max(1, round(len(months) * 34 / max(self.width(), 1) + 0.49))
        for position, month in enumerate(months):
            x = self._x(month, first, last)
            painter.drawLine(round(x), 18, round(x), 22)
            if position % every == 0:
                painter.drawText(
                    round(x) + 2, 36, self.locale().monthName(month.month, self.locale().FormatType.ShortFormat)
                )
        painter.drawLine(0, 18, self.width(), 18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(GREEN))
        for date in self._dates:
            painter.drawRoundedRect(QRectF(self._x(date, first, last) - 1.5, 5, 3, 18), 1.5, 1.5)
        painter.end()

    def _x(self, date: dt.date, first: dt.date, last: dt.date) -> float:
        return 2.0 + float(self.width() - 4) * (date - first).days / max((last - first).days, 1)


def _month_after(date: dt.date) -> dt.date:
    return (date.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def _months(first: dt.date, last: dt.date) -> list[dt.date]:
    months = [first]
    while months[-1] < last:
        months.append(_month_after(months[-1]))
    return months[:-1]


class Listing(QWidget):
    """The answer of the inspect job, laid out to be checked at a glance.

    Args:
        figures: dates, bands, scenes, grid, pattern, scale, offset, nodata, masks, warnings; any may be missing.
    """

    def __init__(self, figures: Mapping[str, Any]) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        dates, bands = list(figures.get("dates") or []), list(figures.get("bands") or [])
        column.addWidget(paragraph(summary(figures), secondary=False))
        if dates:
            column.addWidget(Timeline(dates))
        for warning in figures.get("warnings") or []:
            column.addWidget(_warning(str(warning)))
        if dates and bands:
            column.addWidget(_table(dates, bands, figures.get("scenes") or []))
        column.addWidget(paragraph(_numbers(figures)))


def summary(figures: Mapping[str, Any]) -> str:
    """Return one line: how many dates and bands, and the grid."""
    dates, bands = figures.get("dates") or [], figures.get("bands") or []
    parts = [tr("<b>{n}</b> dates").format(n=len(dates)), tr("<b>{n}</b> bands").format(n=len(bands))]
    grid = figures.get("grid")
    if isinstance(grid, dict):
        parts += _grid_parts(grid)
    return " · ".join(parts)


def _grid_parts(grid: Mapping[str, Any]) -> list[str]:
    crs = QgsCoordinateReferenceSystem.fromWkt(str(grid.get("crs") or ""))
    parts = [tr("{w} x {h} pixels").format(w=grid.get("width", "?"), h=grid.get("height", "?"))]
    if "pixel_width" in grid:
        unit = QgsUnitTypes.toAbbreviatedString(crs.mapUnits()) if crs.isValid() else ""
        parts.append(f"{float(grid['pixel_width']):.4g} {unit}".strip())
    named = crs.authid() or crs.description() if crs.isValid() else tr("no coordinate system")
    return [*parts, escape(str(named))]


def _numbers(figures: Mapping[str, Any]) -> str:
    """Return the rest of what was recognised, a line each."""
    titles = {
        "pattern": tr("File names"),
        "scale": tr("Scale"),
        "offset": tr("Offset"),
        "nodata": tr("No data"),
        "valid_range": tr("Valid values"),
        "file_bands": tr("Bands in the files"),
        "masks": tr("Clear-sky mask"),
        "mask_dilate": tr("Mask widened by, pixels"),
    }
    lines = [f"{title}: {escape(_said(figures[name]))}" for name, title in titles.items() if name in figures]
    return "<br>".join(lines)


def _said(value: Any) -> str:
    if value in (None, "", [], {}):
        return tr("none")
    if isinstance(value, dict):
        values = list(value.values())
        if len({str(item) for item in values}) == 1:  # the same for every band
            return _said(values[0])
        return ", ".join(f"{name} {_said(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_said(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _warning(text: str) -> QWidget:
    label = paragraph(f"⚠ {escape(text)}", secondary=False)
    label.setStyleSheet(f"background: {tint(AMBER)}; border-radius: 3px; padding: 4px;")
    return label


def _table(dates: Sequence[str], bands: Sequence[str], scenes: Sequence[Any]) -> QTableWidget:
    table = QTableWidget(len(dates), len(bands))
    table.setHorizontalHeaderLabels([str(band) for band in bands])
    table.setVerticalHeaderLabels([str(date) for date in dates])
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.verticalHeader().setDefaultSectionSize(22)
    present = bands_by_date(scenes)
    missing = QColor(tint(AMBER, 0.35))
    for row, date in enumerate(dates):
        for column, band in enumerate(bands):
            there = band in present.get(str(date), set(bands))
            item = QTableWidgetItem("●" if there else "-")
            item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
            item.setForeground(QColor(GREEN) if there else QApplication.palette().color(QPalette.ColorRole.WindowText))
            if not there:
                item.setBackground(missing)
                item.setToolTip(tr("{band} is missing on {date}").format(band=band, date=date))
            table.setItem(row, column, item)
    table.setFixedHeight(min(len(dates), 8) * 22 + 48)
    return table


def bands_by_date(scenes: Sequence[Any]) -> dict[str, set[str]]:
    """Return which bands each date has, from the scenes of an inspection."""
    found: dict[str, set[str]] = {}
    for scene in scenes:
        if isinstance(scene, dict) and "date" in scene and "bands" in scene:
            found.setdefault(str(scene["date"]), set()).update(str(band) for band in scene["bands"])
    return found
