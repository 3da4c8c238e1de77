"""Sample files of the library, read and judged in QGIS: suspects, verdicts, series. Main thread only."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
import sqlite3
import sys
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsFeature,
    QgsFeatureRequest,
    QgsPointXY,
    QgsProject,
    QgsProviderRegistry,
    QgsVectorDataProvider,
    QgsVectorLayer,
)

from cropmap.contract.errors import SampleError

from ..house import tr
from ..widgets.layers import file_of

if TYPE_CHECKING:
    from collections.abc import Iterator

KEEP, DROP = "keep", "drop"  # verdicts that are no class
PROFILES = "profiles.json"  # beside a reviewed sample file
LEVELS = ("5", "25", "50", "75", "95")  # quantiles that it holds, in percent

_LAYER, _VERSION = "samples", 2
_HEADER = "SELECT metadata FROM gpkg_metadata WHERE md_standard_uri = 'urn:cropmap:samples'"
_CLEAR = "clear"  # the band that says what a mask hid
_FIELDS = ("id", "class", "suspect", "suggested", "why", "verdict", "series")
_TEXTS = ("id", "class", "suggested", "why", "verdict")


@dataclass(frozen=True)
class Suspect:
    """A sample whose label is doubtful.

    Args:
        fid: The feature's number in the layer.
        rank: 1 for the most doubtful.
        ident: The sample's id.
        label: Its class.
        suggested: The class that it may be; empty where none is suggested.
        why: What makes it doubtful.
        verdict: "keep", "drop", a class, or empty where nothing is decided.
        point: Its place, in the layer's coordinates.
    """

    fid: int
    rank: int
    ident: str
    label: str
    suggested: str
    why: str
    verdict: str
    point: QgsPointXY

    @property
    def pair(self) -> tuple[str, str]:
        """The class that it has, and the one that it may be."""
        return self.label, self.suggested


@dataclass(frozen=True)
class Course:
    """Where a class's series lie: values by quantile and band, (step,), NaN where there is none."""

    quantiles: Mapping[str, Mapping[str, Sequence[float]]]


@dataclass(frozen=True)
class Profiles:
    """The courses of all classes, by name.

    Args:
        dates: Date of each step.
        courses: Of each class that has samples.
    """

    dates: tuple[dt.date, ...]
    courses: Mapping[str, Course]


class SampleFile:
    """A sample file, opened. Where the project holds its layer, that one is read and written.

    Args:
        path: The file.

    Raises:
        SampleError: It is no sample file of the library.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        if not Path(path).is_file():
            raise SampleError(tr("The file is not there."), where=path, fix=tr("Choose another one."))
        if not is_samples(_opened(path)):
            raise _strange(path)
        self._own: QgsVectorLayer | None = None
        header = _header(path)
        try:
            start = dt.date.fromisoformat(header["recipe"]["season"][0])
            self.dates = tuple(start + dt.timedelta(days=int(day)) for day in header["days"])
            self._bands = tuple(str(band) for band in header["bands"])
            self.colours = {str(found["name"]): str(found["colour"]) for found in header["legend"]}
        except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
            raise SampleError(tr("The description of the samples is damaged."), where=path) from error
        self._known = Path(path).stat().st_ino

    @property
    def bands(self) -> tuple[str, ...]:
        """The bands that hold values of the land."""
        return tuple(band for band in self._bands if band != _CLEAR)

    def layer(self) -> QgsVectorLayer:
        """Return the project's layer of this file, else one of our own.

        Raises:
            SampleError: The file is gone, or another one stands in its place.
        """
        path = Path(self.path)
        if not path.is_file() or path.stat().st_ino != self._known:
            what = tr("The sample file was removed or replaced meanwhile.")
            raise SampleError(what, where=self.path, fix=tr("Choose it again."))
        found = self.project_layer()
        if found is None:
            self._own = self._own or _opened(self.path)
        else:
            self._own = None  # two that hold the file open would keep its journal from ending
        return found or self._own

    def project_layer(self) -> QgsVectorLayer | None:
        """Return the project's layer of this file, the one that is being edited where it has several."""
        own = [layer for layer in sample_layers() if Path(file_of(layer)[0]) == Path(self.path)]
        return min(own, key=lambda layer: not layer.isEditable(), default=None)

    def suspects(self) -> list[Suspect]:
        """Return the doubtful samples, the most doubtful first."""
        layer = self.layer()
        request = QgsFeatureRequest().setFilterExpression('"suspect" > 0')
        request.setSubsetOfAttributes([*_TEXTS, "suspect"], layer.fields())
        found = [_suspect(feature) for feature in layer.getFeatures(request) if feature.hasGeometry()]
        return sorted(found, key=lambda suspect: (suspect.rank, suspect.fid))

    def series(self, fid: int) -> dict[str, list[float]]:
        """Return a sample's series by band, (step,); NaN where a mask hid the land.

        Raises:
            SampleError: The sample has none, or it is gone.
        """
        layer = self.layer()
        request = QgsFeatureRequest(fid).setFlags(QgsFeatureRequest.Flag.NoGeometry)
        feature = _only(layer, request.setSubsetOfAttributes(["series"], layer.fields()))
        values = array("f")
        if feature is not None and not is_null(feature["series"]):
            blob = bytes(feature["series"])
            values.frombytes(blob[: len(blob) // 4 * 4])
        steps, bands = len(self.dates), len(self._bands)
        if len(values) != steps * bands:
            what = tr("The sample has no series of {steps} steps and {bands} bands.").format(steps=steps, bands=bands)
            raise SampleError(what, where=self.path, fix=tr("Extract the samples again."))
        if sys.byteorder == "big":
            values.byteswap()
        found = {band: list(values[place::bands]) for place, band in enumerate(self._bands)}
        clear = found.pop(_CLEAR, [1.0] * steps)
        return {
            band: [value if seen > 0 else math.nan for value, seen in zip(own, clear)] for band, own in found.items()
        }

    def decide(self, suspect: Suspect, verdict: str) -> Suspect:
        """Write a verdict: at once, or into the edits of a layer that the user is editing.

        Returns:
            The suspect with its verdict.

        Raises:
            SampleError: It cannot be written, or the sample is another one by now.
        """
        layer = self.layer()
        request = QgsFeatureRequest(suspect.fid).setFlags(QgsFeatureRequest.Flag.NoGeometry)
        feature = _only(layer, request.setSubsetOfAttributes(["id"], layer.fields()))
        if feature is None or _text(feature["id"]) != suspect.ident:
            what = tr("Sample {id} is no longer where it was in the file.").format(id=suspect.ident)
            raise SampleError(what, where=self.path, fix=tr("Choose the file again."))
        field = layer.fields().indexOf("verdict")
        if layer.isEditable():
            if not layer.changeAttributeValue(suspect.fid, field, verdict):
                raise self._unwritten("")
        else:
            self._write(layer, suspect.fid, field, verdict)
        return replace(suspect, verdict=verdict)

    def has_edits(self) -> bool:
        """Return whether the project's layer holds edits that the file has not."""
        layer = self.project_layer()
        return layer is not None and bool(layer.isEditable() and layer.isModified())

    def check_saved(self) -> None:
        """Refuse edits that are not in the file: a job reads the file.

        Raises:
            SampleError: There are some.
        """
        if self.has_edits():
            raise SampleError(tr("The layer has unsaved edits. Save them first: the job reads the file."))

    def profiles(self) -> Profiles | None:
        """Return the classes' courses that lie beside the file; None where there are none that fit."""
        found = read_profiles(Path(self.path).with_name(PROFILES), self.bands)
        return found if found is not None and found.dates == self.dates else None

    def _write(self, layer: QgsVectorLayer, fid: int, field: int, verdict: str) -> None:
        provider = layer.dataProvider()
        able = provider.capabilities() & QgsVectorDataProvider.Capability.ChangeAttributeValues
        if layer.readOnly() or not able:
            raise self._unwritten(tr("it is read-only"))
        provider.clearErrors()
        # The file is open to write for this one change alone: other programs read it meanwhile.
        provider.enterUpdateMode()
        done = provider.changeAttributeValues({fid: {field: verdict}})
        provider.leaveUpdateMode()
        if not done:
            raise self._unwritten("; ".join(provider.errors()))
        layer.attributeValueChanged.emit(fid, field, verdict)  # an open table shows it
        layer.triggerRepaint()

    def _unwritten(self, why: str) -> SampleError:
        what = tr("The verdict cannot be written into the file: {why}.").format(why=why or tr("QGIS refused"))
        fix = tr("Close the file in other programs, or copy it to where you may write, and choose the copy.")
        return SampleError(what, where=self.path, fix=fix)


def is_samples(layer: Any) -> bool:
    """Return whether a layer is one of samples with their series."""
    if not isinstance(layer, QgsVectorLayer) or not layer.isValid():
        return False
    return {str(field.name()) for field in layer.fields()}.issuperset(_FIELDS)


def sample_layers() -> Iterator[QgsVectorLayer]:
    """Yield the project's layers of sample files."""
    for layer in QgsProject.instance().mapLayers().values():
        if is_samples(layer) and file_of(layer)[0]:
            yield layer


def read_profiles(path: Path, bands: Sequence[str]) -> Profiles | None:
    """Return what a file of class profiles says of these bands; None where it is none, or lacks one of them."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        places = [content["bands"].index(band) for band in bands]
        dates = tuple(dt.date.fromisoformat(text) for text in content["dates"])
        courses = {
            str(name): Course(
                {
                    level: {band: _column(own["quantiles"][level], place) for band, place in zip(bands, places)}
                    for level in LEVELS
                }
            )
            for name, own in content["classes"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None
    whole = all(len(own) == len(dates) for c in courses.values() for q in c.quantiles.values() for own in q.values())
    return Profiles(dates, courses) if whole else None


def telling_band(profiles: Profiles, label: str, other: str, series: Mapping[str, Sequence[float]]) -> str:
    """Return the band that shows best why a sample is doubtful, as the library's report chooses it.

    It is the one in which the two classes' medians are furthest apart, in units of their middle halves' widths; with
    one class, the one in which the sample is furthest from its median.
    """
    courses = profiles.courses
    first = courses.get(label)
    if first is None:
        return next(iter(series), "")
    second = courses.get(other, first)

    def apart(band: str) -> float:
        low, mid, high = (first.quantiles[level][band] for level in ("25", "50", "75"))
        low2, mid2, high2 = (second.quantiles[level][band] for level in ("25", "50", "75"))
        aim = series[band] if second is first else mid2
        widths = [b - a + d - c for a, b, c, d in zip(low, high, low2, high2)]
        found = [abs(a - b) / width if width > 0 else 0.0 for a, b, width in zip(mid, aim, widths)]
        return sum(value for value in found if math.isfinite(value)) / max(len(found), 1)

    return max(series, key=apart, default="")


def _column(table: Sequence[Sequence[float | None]], place: int) -> list[float]:
    return [math.nan if row[place] is None else float(row[place] or 0.0) for row in table]


def _opened(path: str) -> QgsVectorLayer:
    uri = QgsProviderRegistry.instance().encodeUri("ogr", {"path": path, "layerName": _LAYER})
    return QgsVectorLayer(uri, _LAYER, "ogr")


def _header(path: str) -> Mapping[str, Any]:
    """Return what the file says of its samples: QGIS's own layers cannot read tables of metadata and let go again."""
    rows: list[tuple[Any]] = []
    for how in ("mode=ro", "immutable=1"):  # the second where no journal may be made beside the file
        address = f"{Path(path).resolve().as_uri()}?{how}"
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(address, uri=True)) as database:
            rows = database.execute(_HEADER).fetchall()
            break
    try:
        header = json.loads(rows[0][0])
        version = header["version"]
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise _strange(path) from error
    if version != _VERSION:
        what = tr("The sample file has version {found}; this CropMap reads {known}.")
        fix = tr("Use the CropMap that wrote it, or extract the samples again.")
        raise SampleError(what.format(found=version, known=_VERSION), where=path, fix=fix)
    return dict(header)


def _strange(path: str) -> SampleError:
    what = tr("This is no sample file of CropMap with series.")
    return SampleError(what, where=path, fix=tr("Choose a samples.gpkg that a run has written."))


def _suspect(feature: QgsFeature) -> Suspect:
    ident, label, suggested, why, verdict = (_text(feature[name]) for name in _TEXTS)
    point = QgsPointXY(feature.geometry().vertexAt(0))
    return Suspect(feature.id(), int(feature["suspect"]), ident, label, suggested, why, verdict, point)


def _only(layer: QgsVectorLayer, request: QgsFeatureRequest) -> QgsFeature | None:
    return next(iter(layer.getFeatures(request)), None)


def is_null(value: Any) -> bool:
    """Return whether a field has no value."""
    return value is None or (hasattr(value, "isNull") and bool(value.isNull()))


def _text(value: Any) -> str:
    return "" if is_null(value) or str(value) == "NULL" else str(value).strip()
