"""A small window with the series of the pixel and of the sample under the mouse pointer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qgis.core import QgsFeatureRequest, QgsPointXY, QgsProject, QgsRasterLayer, QgsRectangle, QgsVectorLayer
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from cropmap.contract.errors import SampleError

from ..house import icon, tr
from ..layers.cubes import CubeBands, cube_bands, rasters_from_the_top
from ..layers.marker import PointMarker, moved
from ..layers.sample_file import SampleFile, sample_layers
from .layers import file_of
from .look import guard_wheel, paragraph
from .series_plot import Line, SeriesPlot
from .suspects import readable

_WAIT_MS = 120
_NEAR_PIXELS = 12  # of the screen
# What is drawn where the user has chosen nothing: what crops differ in most, by the names of the usual products.
_FIRST = ("ndvi", "evi", "nir", "nir08", "b08", "b8", "b8a", "sr_b5")


@dataclass(frozen=True)
class Cube:
    """A prepared cube of the project, and its bands."""

    layer: QgsRasterLayer
    bands: CubeBands


@dataclass(frozen=True)
class Near:
    """The sample next to the pointer: its id, class, the class's colour, place, dates and series by band."""

    ident: str
    label: str
    colour: str
    point: QgsPointXY
    dates: Sequence[dt.date]
    series: dict[str, list[float]]


class SeriesDock(QgsDockWidget):
    """Follows the pointer over the map while it is shown; the user's map tool stays.

    Args:
        iface: QGIS's interface.
    """

    def __init__(self, iface: Any) -> None:
        super().__init__(tr("Series under the cursor"))
        self.setObjectName("CropMapSeriesDock")
        self.setWindowIcon(icon("series"))
        self._canvas = iface.mapCanvas()
        self._marker = PointMarker(self._canvas)
        self._listening = False
        self._point: QgsPointXY | None = None
        self._cubes: dict[str, CubeBands | None] = {}
        self._files: dict[str, SampleFile | None] = {}
        self._chosen = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(self.draw)
        self.band = QComboBox()
        self.band.setMinimumContentsLength(8)
        self.band.setToolTip(tr("The index or band that is drawn"))
        guard_wheel(self.band)
        self.plot = SeriesPlot()
        self.caption = paragraph("")
        row, whole = QHBoxLayout(), QWidget()
        row.addWidget(QLabel(tr("Band")))
        row.addWidget(self.band, 1)
        column = QVBoxLayout(whole)
        column.setContentsMargins(8, 6, 8, 8)
        column.addLayout(row)
        column.addWidget(self.plot)
        column.addWidget(self.caption)
        column.addStretch()
        self.setWidget(whole)
        self.band.activated.connect(self._choose)
        self.plot.clear(_hint())

    # ------------------------------------------------------------ following the pointer

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Begin to follow the pointer."""
        super().showEvent(event)
        if not self._listening:
            self._listening = True
            self._canvas.xyCoordinates.connect(self.at)
            QgsProject.instance().layersWillBeRemoved.connect(self._forget)

    def hideEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Stop following the pointer."""
        super().hideEvent(event)
        self.leave()

    def leave(self) -> None:
        """Follow nothing any more, and take the mark off the map."""
        self._timer.stop()
        self._marker.hide()
        if self._listening:
            self._listening = False
            self._canvas.xyCoordinates.disconnect(self.at)
            QgsProject.instance().layersWillBeRemoved.disconnect(self._forget)

    def at(self, point: QgsPointXY) -> None:
        """Remember where the pointer is; what lies there is drawn when it rests a moment, or every little while."""
        self._point = QgsPointXY(point)
        if not self._timer.isActive():
            self._timer.start()

    def _forget(self, layers: Sequence[str]) -> None:
        for layer in layers:
            self._cubes.pop(layer, None)
            self._files.pop(layer, None)
        self._timer.start()  # what is drawn may be theirs

    def _choose(self, _index: int) -> None:
        self._chosen = str(self.band.currentText())
        self.draw()

    # ------------------------------------------------------------ what lies there

    def draw(self) -> None:
        """Draw what lies under the pointer."""
        if self._point is None:
            return
        cube, near = self._cube(self._point), self._near(self._point)
        names = list(cube.bands.features) if cube else []
        names += [name for name in (near.series if near else ()) if name not in names]
        self._show_names(names)
        band = str(self.band.currentText())
        lines = [*self._pixel_line(cube, band), *_sample_line(near, band)]
        if near is not None:
            self._marker.show(near.point, self._canvas.mapSettings().destinationCrs(), pan=False)
        else:
            self._marker.hide()
        if lines:
            self.plot.show_series(lines[0].dates, lines, (), band)
        else:
            self.plot.clear(_hint() if cube is None else tr("The cube has no series here."))
        self._say(cube, near, {line.name for line in lines})

    def _pixel_line(self, cube: Cube | None, band: str) -> list[Line]:
        if cube is None or self._point is None or band not in cube.bands.features:
            return []
        place = moved(self._point, self._canvas.mapSettings().destinationCrs(), cube.layer.crs())
        values = cube.bands.series(cube.layer, place, band) if place is not None else []
        if all(value != value for value in values):  # noqa: PLR0124 - NaN alone differs from itself
            return []
        colour = self.palette().color(QPalette.ColorRole.WindowText).name()
        return [Line(tr("pixel"), colour, values, dates=cube.bands.dates)]

    def _cube(self, point: QgsPointXY) -> Cube | None:
        """Return the topmost cube at a point."""
        target = self._canvas.mapSettings().destinationCrs()
        for layer in rasters_from_the_top():
            if layer.id() not in self._cubes:
                self._cubes[layer.id()] = cube_bands(layer)
            bands = self._cubes[layer.id()]
            place = moved(point, target, layer.crs()) if bands is not None else None
            if bands is not None and place is not None and layer.extent().contains(place):
                return Cube(layer, bands)
        return None

    def _near(self, point: QgsPointXY) -> Near | None:
        """Return the sample nearest to a point on the screen; None where none is near."""
        reach = _NEAR_PIXELS * self._canvas.mapUnitsPerPixel()
        found: list[tuple[float, QgsVectorLayer, int, QgsPointXY]] = []
        for layer in filter(_is_visible, sample_layers()):
            found.extend((*entry[:1], layer, *entry[1:]) for entry in self._within(layer, point, reach))
        if not found:
            return None
        _distance, layer, fid, place = min(found, key=lambda entry: entry[0])
        file = self._file(layer)
        feature = next(layer.getFeatures(QgsFeatureRequest(fid)), None)
        if file is None or feature is None:
            return None
        try:
            series = file.series(fid)
        except SampleError:
            return None
        label = str(feature["class"])
        return Near(str(feature["id"]), label, file.colours.get(label, "#808080"), place, file.dates, series)

    def _within(self, layer: QgsVectorLayer, point: QgsPointXY, reach: float) -> list[tuple[float, int, QgsPointXY]]:
        """Return a layer's points within reach: distance on the map, number, and place on the map."""
        target = self._canvas.mapSettings().destinationCrs()
        corners = [
            moved(QgsPointXY(point.x() + dx * reach, point.y() + dy * reach), target, layer.crs())
            for dx in (-1, 1)
            for dy in (-1, 1)
        ]
        known = [corner for corner in corners if corner is not None]
        if len(known) < len(corners):
            return []
        xs, ys = [corner.x() for corner in known], [corner.y() for corner in known]
        request = QgsFeatureRequest().setFilterRect(QgsRectangle(min(xs), min(ys), max(xs), max(ys)))
        found = []
        for feature in layer.getFeatures(request.setSubsetOfAttributes([])):
            place = moved(QgsPointXY(feature.geometry().vertexAt(0)), layer.crs(), target)
            if place is not None and place.distance(point) <= reach:
                found.append((place.distance(point), feature.id(), place))
        return found

    def _file(self, layer: QgsVectorLayer) -> SampleFile | None:
        if layer.id() not in self._files:
            try:
                self._files[layer.id()] = SampleFile(file_of(layer)[0])
            except SampleError:
                self._files[layer.id()] = None
        return self._files[layer.id()]

    # ------------------------------------------------------------ showing

    def _show_names(self, names: Sequence[str]) -> None:
        """List what can be drawn; where nothing lies under the pointer, the list stays."""
        listed = [self.band.itemText(at) for at in range(self.band.count())]
        if names and listed != list(names):
            self.band.clear()
            self.band.addItems(list(names))
            known = {name.lower(): name for name in reversed(names)}
            wanted = [known[name] for name in (self._chosen.lower(), *_FIRST) if name in known]
            self.band.setCurrentText(wanted[0] if wanted else names[0])

    def _say(self, cube: Cube | None, near: Near | None, drawn: set[str]) -> None:
        parts = []
        if cube is not None and tr("pixel") in drawn:
            parts.append(tr("Line: the pixel in {layer}.").format(layer=cube.layer.name()))
        if near is not None:
            parts.append(tr("Dashed: sample {id}, {name}.").format(id=near.ident, name=near.label))
        self.caption.setText(" ".join(parts))


def _sample_line(near: Near | None, band: str) -> list[Line]:
    if near is None or band not in near.series:
        return []
    return [Line(near.label, readable(near.colour), near.series[band], dashed=True, dates=near.dates)]


def _is_visible(layer: QgsVectorLayer) -> bool:
    node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
    return node is not None and bool(node.isVisible())


def _hint() -> str:
    return tr("Move the pointer over a prepared cube, or near a sample, that the project shows.")
