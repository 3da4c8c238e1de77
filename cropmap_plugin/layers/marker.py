"""Shows one point on the map canvas, and takes the mark away again."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsPointXY,
    QgsProject,
)
from qgis.gui import QgsVertexMarker
from qgis.PyQt import sip
from qgis.PyQt.QtGui import QColor

_COLOUR = "#d81b9c"
_FAR, _NEAR = 50_000, 25_000  # scales: from where it zooms in, and to which


class PointMarker:
    """A ring around one point.

    Args:
        canvas: The map.
    """

    def __init__(self, canvas: Any) -> None:
        self._canvas = canvas
        self._rings: list[QgsVertexMarker] = []

    def show(self, point: QgsPointXY, crs: QgsCoordinateReferenceSystem, *, pan: bool) -> None:
        """Mark a point, and bring it to the middle of the map.

        Args:
            point: The point.
            crs: Its coordinate system; the map's where it is not valid.
            pan: Whether the map moves there.
        """
        self.hide()
        place = on_map(self._canvas, point, crs)
        if place is None:
            return
        # White below, so that the ring shows on any map.
        for colour, width in (("#ffffff", 5), (_COLOUR, 3)):
            ring = QgsVertexMarker(self._canvas)
            ring.setIconType(QgsVertexMarker.IconType.ICON_CIRCLE)
            ring.setColor(QColor(colour))
            ring.setPenWidth(width)
            ring.setIconSize(22)
            ring.setCenter(place)
            self._rings.append(ring)
        if pan:
            self._canvas.setCenter(place)
            if self._canvas.scale() > _FAR:
                self._canvas.zoomScale(_NEAR)
            else:
                self._canvas.refresh()

    def hide(self) -> None:
        """Take the mark away."""
        for ring in self._rings:
            if not sip.isdeleted(ring) and not sip.isdeleted(self._canvas):
                self._canvas.scene().removeItem(ring)
        self._rings.clear()

    @property
    def shown(self) -> bool:
        """Whether a point is marked."""
        return bool(self._rings)


def on_map(canvas: Any, point: QgsPointXY, crs: QgsCoordinateReferenceSystem) -> QgsPointXY | None:
    """Return a point in the map's coordinates; None where it has no place there."""
    target = canvas.mapSettings().destinationCrs()
    return moved(point, crs, target)


def moved(
    point: QgsPointXY, source: QgsCoordinateReferenceSystem, target: QgsCoordinateReferenceSystem
) -> QgsPointXY | None:
    """Return a point in other coordinates; None where it has no place there."""
    if not source.isValid() or not target.isValid() or source == target:
        return point
    try:
        return QgsCoordinateTransform(source, target, QgsProject.instance()).transform(point)
    except QgsCsException:
        return None
