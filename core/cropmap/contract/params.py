"""Parameters, declared once: from one dataclass come the checks, the forms, the CLI options and the docs.

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True)
... class Smoothing:
...     window_days: int = param(35, help="Smoothing window.", unit="days", low=7, high=120)
>>> parse(Smoothing, {"window_days": 21})
Smoothing(window_days=21)
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, Union

from cropmap.contract.errors import ParameterError, Problem

T = TypeVar("T")

REQUIRED = dataclasses.MISSING

# What a value means to a form; each kind has one JSON type.
KINDS = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "text": "string",
    "choice": "string",
    "date": "string",  # YYYY-MM-DD
    "folder": "string",
    "file": "string",
    "raster": "string",
    "vector": "string",
    "package": "string",
    "rasters": "array",  # paths of several rasters, in order
    "packages": "array",  # paths of several model packages, in order
    "scheme": "string",  # of classes: a preset's name, or the text form
    "output_folder": "string",
    "output_file": "string",
    "entry": "object",  # one entry of a registry with its own parameters
    "entries": "array",  # several of them, in order
    "texts": "array",
    "numbers": "array",
    "table": "object",  # text to number, e.g. band to scale
}
INPUT_PATHS = frozenset({"folder", "file", "raster", "vector", "package"})
INPUT_PATH_LISTS = frozenset({"rasters", "packages"})
OUTPUT_PATHS = frozenset({"output_folder", "output_file"})


@dataclasses.dataclass(frozen=True)
class Span:
    """The numbers that a search of hyper-parameters tries.

    Args:
        low: The smallest.
        high: The largest.
        log: Equal ratios are equally likely, instead of equal differences.
    """

    low: float
    high: float
    log: bool = False


# What a search tries: a span of numbers, or each of some values.
Searched = Union[Span, Sequence[Any]]

_KIND_OF_TYPE = {"int": "integer", "float": "number", "bool": "boolean", "str": "text"}


def param(  # noqa: PLR0913 - the declaration of a parameter is what this module is for
    default: Any = REQUIRED,
    *,
    help: str,  # noqa: A002 - the user's word
    kind: str = "",
    title: str = "",
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] = (),
    registry: str = "",
    advanced: bool = False,
    search: Searched = (),
) -> Any:
    """Declare a field of a parameter dataclass.

    Args:
        default: Value when none is given; a parameter without one is required.
        help: One or two sentences for the user.
        kind: One of `KINDS`; found from the annotation or from `choices` and `registry` when empty.
        title: Label in forms; made from the field's name when empty.
        unit: Unit of the value.
        low: Smallest allowed number.
        high: Largest allowed number.
        choices: The allowed texts.
        registry: Name of the registry whose entries are allowed (kinds "entry" and "entries"); with the default "" or
            [] none need be named.
        advanced: Hidden in forms until asked for.
        search: What a search of hyper-parameters tries; it leaves the parameter alone where empty.
    """
    if kind and kind not in KINDS:
        message = f"unknown parameter kind {kind!r}"
        raise ValueError(message)
    meta = {
        "help": help,
        "kind": kind or ("choice" if choices else "entry" if registry else ""),
        "title": title,
        "unit": unit,
        "low": low,
        "high": high,
        "choices": tuple(choices),
        "registry": registry,
        "advanced": advanced,
        "search": search if isinstance(search, Span) else tuple(search),
    }
    if isinstance(default, (list, dict)):
        made = default
        return dataclasses.field(default_factory=lambda: type(made)(made), metadata=meta)
    return dataclasses.field(default=default, metadata=meta)


def other_default(params: type, name: str, default: Any) -> Any:
    """Declare a field anew, as a base class declares it but for its default.

    Args:
        params: The base class, a parameter dataclass.
        name: Its field.
        default: The value when none is given.
    """
    base = next(field for field in dataclasses.fields(params) if field.name == name)
    return dataclasses.field(default=default, metadata=dict(base.metadata))


@dataclasses.dataclass(frozen=True)
class Spec:
    """One parameter as it is declared."""

    name: str
    kind: str
    help: str
    title: str
    unit: str
    default: Any
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    registry: str
    advanced: bool
    search: Searched

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return self.default is REQUIRED


def specs(params: type) -> tuple[Spec, ...]:
    """Return the parameters that a dataclass declares, in order."""
    return tuple(_spec(field) for field in dataclasses.fields(params))


def _spec(field: dataclasses.Field[Any]) -> Spec:
    meta = dict(field.metadata)
    annotation = field.type if isinstance(field.type, str) else field.type.__name__
    meta["kind"] = meta["kind"] or _KIND_OF_TYPE[annotation]
    meta["title"] = meta["title"] or field.name.replace("_", " ").capitalize()
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    return Spec(name=field.name, default=default, **meta)


def schema(params: type) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a parameter dataclass; forms read its `x-` keys."""
    declared = specs(params)
    return {
        "type": "object",
        "properties": {spec.name: _property(spec) for spec in declared},
        "required": [spec.name for spec in declared if spec.required],
        "additionalProperties": False,
    }


def _property(spec: Spec) -> dict[str, Any]:
    found: dict[str, Any] = {"type": KINDS[spec.kind], "title": spec.title, "description": spec.help}
    found["x-kind"] = spec.kind
    optional = {
        "x-unit": spec.unit,
        "x-registry": spec.registry,
        "x-advanced": spec.advanced,
        "enum": list(spec.choices),
    }
    found.update({key: value for key, value in optional.items() if value})
    if spec.low is not None:
        found["minimum"] = spec.low
    if spec.high is not None:
        found["maximum"] = spec.high
    if not spec.required:
        found["default"] = spec.default
    return found


def check(declared: Mapping[str, Any], values: Mapping[str, Any]) -> list[Problem]:
    """Return everything wrong with values under a schema, without importing what declared it."""
    properties = declared["properties"]
    problems = [
        Problem(name, "is not a parameter here.", f"Known: {', '.join(properties)}.")
        for name in values
        if name not in properties
    ]
    for name, prop in properties.items():
        if name in values:
            problems += _value_problems(name, prop, values[name])
        elif name in declared["required"]:
            problems.append(Problem(name, "is missing.", prop["description"]))
    return problems


def parse(params: type[T], values: Mapping[str, Any]) -> T:
    """Build a parameter dataclass from plain values, defaults filled in.

    Raises:
        ParameterError: Unknown names, missing, mistyped or out-of-range values: all at once.
    """
    problems = check(schema(params), values)
    if problems:
        raise ParameterError(problems)
    return params(**{spec.name: _typed(spec, values[spec.name]) for spec in specs(params) if spec.name in values})


def to_dict(params: Any) -> dict[str, Any]:
    """Return a parameter dataclass's values as plain JSON values."""
    return {field.name: getattr(params, field.name) for field in dataclasses.fields(params)}


def chosen(value: str | Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Split the value of an "entry" parameter into the entry's name and its own parameter values."""
    if isinstance(value, str):
        return value, {}
    values = dict(value)
    return values.pop("name"), values


def _typed(spec: Spec, value: Any) -> Any:
    return float(value) if spec.kind == "number" else value


def _value_problems(name: str, prop: Mapping[str, Any], value: Any) -> list[Problem]:
    wrong = _type_problem(prop, value)
    if wrong:
        return [Problem(name, wrong)]
    wrong = _bound_problem(prop, value)
    if wrong:
        return [Problem(name, wrong)]
    if prop["x-kind"] == "date" and value and not _is_date(value):
        return [Problem(name, f"{value!r} is not a date.", "Write it as YYYY-MM-DD.")]
    if "default" not in prop and value in ("", [], ()):
        return [Problem(name, "is empty.", prop["description"])]
    return []


def _type_problem(prop: Mapping[str, Any], value: Any) -> str:
    kind = prop["x-kind"]
    if kind == "entry":
        good = _names_entry(value) or is_none(prop, value)
        return "" if good else f"{value!r} names no entry of {prop['x-registry']}."
    if kind == "entries":
        return _entries_problem(prop, value)
    expected = prop["type"]
    if kind in _ITEMS:
        return _items_problem(kind, value)
    good = {
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": _is_number(value),
        "boolean": isinstance(value, bool),
        "string": isinstance(value, str),
    }[expected]
    if good and expected == "string" and _UNWRITABLE.search(value):
        return f"{value!r} holds characters that no file can."
    return "" if good else f"{value!r} is not {_ARTICLE[expected]}."


def is_none(prop: Mapping[str, Any], value: Any) -> bool:
    """Return whether a value of a parameter of entries names none of them, and may: an empty one is its default."""
    return value in ("", []) and prop.get("default") == value


def _names_entry(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, Mapping) and isinstance(value.get("name"), str))


def _entries_problem(prop: Mapping[str, Any], value: Any) -> str:
    if is_none(prop, value):
        return ""
    if not isinstance(value, (list, tuple)) or not value:
        return f"{value!r} is not a list of entries of {prop['x-registry']}."
    strange = [item for item in value if not _names_entry(item)]
    return f"{strange[0]!r} names no entry of {prop['x-registry']}." if strange else ""


_UNWRITABLE = re.compile("[\\x00\\ud800-\\udfff]")  # NUL ends a path; a lone surrogate is no character
_ARTICLE = {
    "integer": "a whole number",
    "number": "a finite number",
    "boolean": "true or false",
    "string": "text",
}
_ITEMS = {
    "texts": "a list of texts",
    "rasters": "a list of rasters' paths",
    "packages": "a list of model packages' paths",
    "numbers": "a list of numbers",
    "table": "a table of numbers",
}


def _items_problem(kind: str, value: Any) -> str:
    if kind == "table":
        good = isinstance(value, Mapping) and all(_is_number(item) for item in value.values())
    else:
        wanted = _ITEM_CHECKS[kind]
        good = isinstance(value, (list, tuple)) and all(wanted(item) for item in value)
    return "" if good else f"{value!r} is not {_ITEMS[kind]}."


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and not _UNWRITABLE.search(value)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False


_ITEM_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "texts": _is_text,
    "rasters": _is_path,
    "packages": _is_path,
    "numbers": _is_number,
}


def _bound_problem(prop: Mapping[str, Any], value: Any) -> str:
    if "enum" in prop and value not in prop["enum"]:
        return f"{value!r} is not one of {', '.join(prop['enum'])}."
    unit = f" {prop['x-unit']}" if "x-unit" in prop else ""
    for item in value if isinstance(value, (list, tuple)) else [value]:
        if "minimum" in prop and item < prop["minimum"]:
            return f"{item} is below {prop['minimum']}{unit}."
        if "maximum" in prop and item > prop["maximum"]:
            return f"{item} is above {prop['maximum']}{unit}."
    return ""


def _is_date(text: str) -> bool:
    try:
        # Newer Pythons also read 20210301 and 2021-W09-1; a job must mean the same on all.
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
