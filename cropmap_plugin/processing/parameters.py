"""Processing parameters from the schema of a job, and a job's values back from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorLayer,
)
from qgis.PyQt.QtCore import Qt

from cropmap.contract.errors import OutputError
from cropmap.contract.params import INPUT_PATHS, chosen

from ..house import catalogue, tr
from ..widgets.editors import pairs_of
from ..widgets.layers import export, is_in_project, reference_of

if TYPE_CHECKING:
    from pathlib import Path

_ADVANCED = QgsProcessingParameterDefinition.Flag.FlagAdvanced
# Suffix of the text that holds an entry's own parameters, and the separator before an entry's own path.
_SETTINGS = "SETTINGS"


def definitions(schema: Mapping[str, Any]) -> Iterator[QgsProcessingParameterDefinition]:
    """Yield the Processing parameters of a job's schema."""
    required = set(schema["required"])
    for name, prop in schema["properties"].items():
        if prop["x-kind"] == "entry":
            yield from _entry_definitions(name, prop, required=name in required)
        else:
            yield _definition(name.upper(), prop, required=name in required)


def job_values(
    schema: Mapping[str, Any],
    given: Mapping[str, Any],
    algorithm: QgsProcessingAlgorithm,
    context: QgsProcessingContext,
) -> dict[str, Any]:
    """Return a job's values from the values that Processing gives; those left empty are left to the job's defaults.

    A layer that a worker cannot open as the user sees it is named as `reference_of` does.

    Raises:
        QgsProcessingException: An entry's settings are not JSON.
    """
    reader = _Reader(given, algorithm, context)
    values = {}
    for name, prop in schema["properties"].items():
        value = reader.entry(name, prop) if prop["x-kind"] == "entry" else reader.value(name.upper(), prop)
        if value is not None:
            values[name] = value
    return values


def write_copies(
    values: Mapping[str, Any],
    algorithm: QgsProcessingAlgorithm,
    given: Mapping[str, Any],
    place: tuple[QgsProcessingContext, Path],
) -> dict[str, Any]:
    """Return a job's values with files in place of layers that a worker cannot open, which it writes.

    Raises:
        QgsProcessingException: A copy cannot be written.
    """
    context, folder = place
    found = dict(values)
    for name in (name for name, value in values.items() if is_in_project(value)):
        path = folder / f"{name}.gpkg"
        try:
            # The layer itself: one that a model made is in no project.
            export(algorithm.parameterAsLayer(dict(given), name.upper(), context), path)
        except OutputError as error:
            raise QgsProcessingException(f"{error.what} ({error.where})") from error
        found[name] = str(path)
    return found


def paths_of(registry: str) -> dict[str, Mapping[str, Any]]:
    """Return the paths that entries of a registry cannot do without: they get parameters of their own."""
    found: dict[str, Mapping[str, Any]] = {}
    for entry in catalogue().entries(registry):
        for name in entry.schema["required"]:
            prop = entry.schema["properties"][name]
            if prop["x-kind"] in INPUT_PATHS:
                found.setdefault(name, prop)
    return found


# ---------------------------------------------------------------- definitions


def _entry_definitions(
    name: str, prop: Mapping[str, Any], *, required: bool
) -> Iterator[QgsProcessingParameterDefinition]:
    names = [entry.name for entry in catalogue().entries(prop["x-registry"])]
    default = chosen(prop["default"])[0] if "default" in prop else names[0]
    choice = QgsProcessingParameterEnum(
        name.upper(),
        tr(prop["title"]),
        names,
        allowMultiple=False,
        defaultValue=default or None,
        optional=not default,
        usesStaticStrings=True,
    )
    yield _finished(choice, prop, advanced=len(names) == 1)
    paths = paths_of(prop["x-registry"])
    for path, path_prop in paths.items():
        title = f"{tr(prop['title'])}: {tr(path_prop['title']).lower()}"
        always = all(path in entry.schema["required"] for entry in catalogue().entries(prop["x-registry"]))
        yield _definition(f"{name}_{path}".upper(), {**path_prop, "title": title}, required=required and always)
    title = tr("{what}: settings (JSON)").format(what=tr(prop["title"]))
    settings = QgsProcessingParameterString(f"{name}_{_SETTINGS}".upper(), title, optional=True, multiLine=True)
    settings.setHelp(_settings_help(prop["x-registry"], set(paths)))
    yield _finished(settings, {}, advanced=True)


def _settings_help(registry: str, paths: set[str]) -> str:
    lines = []
    for entry in catalogue().entries(registry):
        names = [name for name in entry.schema["properties"] if name not in paths]
        lines.append(f"{entry.name}: {', '.join(names)}")
    return (
        tr("Parameters of the choice as JSON, for example {example}.").format(example='{"name": 1}')
        + " "
        + "; ".join(lines)
    )


@dataclass(frozen=True)
class _Asked:
    """What a Processing parameter is made from: its name there, its title, default, and schema."""

    name: str
    title: str
    default: Any
    optional: bool
    prop: Mapping[str, Any]


def _definition(name: str, prop: Mapping[str, Any], *, required: bool) -> QgsProcessingParameterDefinition:
    asked = _Asked(name, _title(prop), prop.get("default"), not required, prop)
    made = _MAKERS.get(prop["x-kind"], _text)(asked)
    return _finished(made, prop, advanced=bool(prop.get("x-advanced")))


def _finished(
    made: QgsProcessingParameterDefinition, prop: Mapping[str, Any], *, advanced: bool
) -> QgsProcessingParameterDefinition:
    if "description" in prop:
        made.setHelp(tr(prop["description"]))
    if advanced:
        made.setFlags(made.flags() | _ADVANCED)
    return made


def _title(prop: Mapping[str, Any]) -> str:
    title = tr(prop["title"])
    return f"{title} ({tr(prop['x-unit'])})" if "x-unit" in prop else title


def _number(kind: Any) -> Callable[[_Asked], QgsProcessingParameterDefinition]:
    def make(asked: _Asked) -> QgsProcessingParameterDefinition:
        bounds = {"minValue": asked.prop.get("minimum"), "maxValue": asked.prop.get("maximum")}
        known = {key: value for key, value in bounds.items() if value is not None}
        return QgsProcessingParameterNumber(asked.name, asked.title, kind, asked.default, asked.optional, **known)

    return make


def _boolean(asked: _Asked) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterBoolean(asked.name, asked.title, asked.default, asked.optional)


def _choice(asked: _Asked) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterEnum(
        asked.name,
        asked.title,
        asked.prop["enum"],
        defaultValue=asked.default,
        optional=asked.optional,
        usesStaticStrings=True,
    )


def _date(asked: _Asked) -> QgsProcessingParameterDefinition:
    kind = QgsProcessingParameterDateTime.Type.Date
    return QgsProcessingParameterDateTime(asked.name, asked.title, kind, asked.default or None, asked.optional)


def _path(behaviour: Any) -> Callable[[_Asked], QgsProcessingParameterDefinition]:
    def make(asked: _Asked) -> QgsProcessingParameterDefinition:
        default = asked.default or None
        return QgsProcessingParameterFile(asked.name, asked.title, behaviour, "", default, asked.optional)

    return make


def _raster(asked: _Asked) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterRasterLayer(asked.name, asked.title, asked.default or None, asked.optional)


def _rasters(asked: _Asked) -> QgsProcessingParameterDefinition:
    kind = QgsProcessing.SourceType.TypeRaster
    return QgsProcessingParameterMultipleLayers(asked.name, asked.title, kind, asked.default or None, asked.optional)


def _packages(asked: _Asked) -> QgsProcessingParameterDefinition:
    kind = QgsProcessing.SourceType.TypeFile
    return QgsProcessingParameterMultipleLayers(asked.name, asked.title, kind, asked.default or None, asked.optional)


def _vector(asked: _Asked) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterVectorLayer(asked.name, asked.title, [], asked.default or None, asked.optional)


def _text(asked: _Asked) -> QgsProcessingParameterDefinition:
    default = asked.default
    if asked.prop["x-kind"] in {"texts", "numbers"}:
        default = ", ".join(str(item) for item in default or [])
    elif asked.prop["x-kind"] in {"table", "entries"}:
        default = json.dumps(default) if default else ""
    several = asked.prop["x-kind"] in {"entries", "scheme"}
    return QgsProcessingParameterString(asked.name, asked.title, default or None, several, asked.optional)


_MAKERS: dict[str, Callable[[_Asked], QgsProcessingParameterDefinition]] = {
    "integer": _number(QgsProcessingParameterNumber.Type.Integer),
    "number": _number(QgsProcessingParameterNumber.Type.Double),
    "boolean": _boolean,
    "choice": _choice,
    "date": _date,
    "folder": _path(QgsProcessingParameterFile.Behavior.Folder),
    "file": _path(QgsProcessingParameterFile.Behavior.File),
    "package": _path(QgsProcessingParameterFile.Behavior.File),
    "raster": _raster,
    "rasters": _rasters,
    "packages": _packages,
    "vector": _vector,
}


# ---------------------------------------------------------------- values

# Texts that may be empty although they have a default.
_EMPTIED = ("text", "scheme")


class _Reader:
    """Reads values of one run of an algorithm."""

    def __init__(
        self, given: Mapping[str, Any], algorithm: QgsProcessingAlgorithm, context: QgsProcessingContext
    ) -> None:
        self._given, self._algorithm, self._context = dict(given), algorithm, context

    def value(self, name: str, prop: Mapping[str, Any]) -> Any:
        """Return one value as plain JSON; None where it was left empty."""
        given = self._given.get(name)
        if given in (None, ""):
            # A text with a default that was emptied is meant to be empty.
            return given if prop["x-kind"] in _EMPTIED and prop.get("default") else None
        read = _READERS.get(prop["x-kind"], _read_text)
        value = read(self._algorithm, self._given, name, self._context)
        return None if value == prop.get("default") or value == "" else value

    def entry(self, name: str, prop: Mapping[str, Any]) -> Any:
        """Return an entry's name with its own values; None where none is named and none of its paths is given."""
        key, paths = name.upper(), paths_of(prop["x-registry"])
        entry = self._algorithm.parameterAsEnumString(self._given, key, self._context)
        if not entry:
            if not any(self._given.get(f"{key}_{path.upper()}") for path in paths):
                return None
            entry = catalogue().entries(prop["x-registry"])[0].name
        own = {
            path: self.value(f"{key}_{path.upper()}", path_prop)
            for path, path_prop in paths.items()
            if path in catalogue().entry(prop["x-registry"], entry).schema["properties"]
        }
        own = {path: value for path, value in own.items() if value is not None} | self._settings(f"{key}_{_SETTINGS}")
        return {"name": entry, **own} if own else entry

    def _settings(self, key: str) -> dict[str, Any]:
        text = self._algorithm.parameterAsString(self._given, key, self._context).strip()
        try:
            found = json.loads(text) if text else {}
        except ValueError as error:
            message = tr("{key} is not JSON: {why}.").format(key=key, why=error)
            raise QgsProcessingException(message) from error
        if not isinstance(found, dict):
            raise QgsProcessingException(tr('{key} must be a JSON object, like {"name": 1}.').replace("{key}", key))
        return found


def _read_text(algorithm: Any, given: Any, name: str, context: Any) -> str:
    return str(algorithm.parameterAsString(given, name, context)).strip()


def _read_texts(algorithm: Any, given: Any, name: str, context: Any) -> list[str]:
    return [item.strip() for item in _read_text(algorithm, given, name, context).split(",") if item.strip()]


def _read_json(algorithm: Any, given: Any, name: str, context: Any) -> Any:
    text = _read_text(algorithm, given, name, context)
    try:
        return json.loads(text)
    except ValueError:
        return text  # the job's own check refuses it


def _read_table(algorithm: Any, given: Any, name: str, context: Any) -> Any:
    read = _read_json(algorithm, given, name, context)
    return pairs_of(read) if isinstance(read, str) else read


def _read_numbers(algorithm: Any, given: Any, name: str, context: Any) -> list[Any]:
    return [_number_of(item) for item in _read_texts(algorithm, given, name, context)]


def _number_of(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _read_date(algorithm: Any, given: Any, name: str, context: Any) -> str:
    found = algorithm.parameterAsDateTime(given, name, context)
    return str(found.date().toString(Qt.DateFormat.ISODate)) if found.isValid() else ""


def _read_file(algorithm: Any, given: Any, name: str, context: Any) -> str:
    return str(algorithm.parameterAsFile(given, name, context))


def _read_files(algorithm: Any, given: Any, name: str, context: Any) -> list[str]:
    return [str(path) for path in algorithm.parameterAsFileList(given, name, context)]


def _read_layer(algorithm: Any, given: Any, name: str, context: Any) -> str:
    layer = algorithm.parameterAsLayer(given, name, context)
    return reference_of(layer) if layer is not None else str(given[name])


def _read_layers(algorithm: Any, given: Any, name: str, context: Any) -> list[str]:
    # A raster that QGIS cannot open keeps its place as a path, for the job to name it.
    listed = given[name] if isinstance(given[name], (list, tuple)) else str(given[name]).split(";")
    return [_read_layer(algorithm, {name: item}, name, context) for item in listed]


_READERS: dict[str, Callable[..., Any]] = {
    "integer": lambda algorithm, given, name, context: int(algorithm.parameterAsInt(given, name, context)),
    "number": lambda algorithm, given, name, context: float(algorithm.parameterAsDouble(given, name, context)),
    "boolean": lambda algorithm, given, name, context: bool(algorithm.parameterAsBoolean(given, name, context)),
    "choice": lambda algorithm, given, name, context: str(algorithm.parameterAsEnumString(given, name, context)),
    "date": _read_date,
    "folder": _read_file,
    "file": _read_file,
    "package": _read_file,
    "raster": _read_layer,
    "rasters": _read_layers,
    "packages": _read_files,
    "vector": _read_layer,
    "texts": _read_texts,
    "numbers": _read_numbers,
    "table": _read_table,
    "entries": _read_json,
}
