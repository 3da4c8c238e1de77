"""Command-line options made from the parameters that jobs declare."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cropmap.contract.errors import CropMapError, JobError, ParameterError, Problem
from cropmap.contract.params import INPUT_PATH_LISTS
from cropmap.contract.scheme_presets import PRESETS
from cropmap.jobs.listing import REGISTRIES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from cropmap.registry import Entry

_WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "numbers": "a list of numbers with commas between them",
    "table": "a table such as corn=0.9,soybean=0.8",
    "packages": "a JSON list of model packages; they may also follow one another: a.cropmap b.cropmap",
}
# A list of entries of each registry, as it is written.
_LISTS = {
    "steps": '[{"name": "linear", "step_days": 7}]',
    "recipes": '["raw", {"name": "weekly_linear", "step_days": 10}]',
    "models": '["random_forest", {"name": "tempcnn", "epochs": 50}]',
    "strategies": '["shifted", {"name": "known_shares", "shares": "corn 0.4"}]',
}
_SCHEME = f"Give a preset ({', '.join(PRESETS)}), a text file that holds a scheme, or entries: Corn = 1; Other = 2."
_PLACEHOLDERS = {
    "integer": "N",
    "number": "X",
    "boolean": "true|false",
    "entries": "FILE.json|JSON",
    "texts": "A,B,...",
    "rasters": "FILE",
    "packages": "FILE.cropmap",
    "scheme": "PRESET|FILE|ENTRIES",
    "numbers": "X,Y,...",
    "table": "NAME=X,...",
}


def add_options(parser: argparse.ArgumentParser, declared: Mapping[str, Any], words: Sequence[str] = ()) -> None:
    """Add an option for each parameter of a schema, and for each parameter of the entries that are chosen.

    Args:
        parser: Is added to.
        declared: The schema.
        words: The command line. Where it asks for help, or chooses what is not known, all entries' options are added;
            else those of the chosen ones alone, so that a forest does not wait for PyTorch.
    """
    for name, prop in declared["properties"].items():
        parser.add_argument(_flag(name), dest=name, **_argument(prop, required=name in declared["required"]))
        if prop["x-kind"] == "entry":
            _add_entry_options(parser, name, _entries(name, prop, words))


def values_of(given: argparse.Namespace, declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain parameter values that were given on the command line.

    Raises:
        ParameterError: Texts that are not the numbers or truth values they should be, all at once.
    """
    texts = {key: text for key, text in vars(given).items() if text is not None}
    problems: list[Problem] = []
    values = _converted(texts, declared, "", problems)
    for name, prop in declared["properties"].items():
        if prop["x-kind"] == "entry":
            chosen = _entry_value(name, prop, texts, problems)
            if chosen is not None:
                values[name] = chosen
    if problems:
        raise ParameterError(problems)
    return values


def _entries(name: str, prop: Mapping[str, Any], words: Sequence[str]) -> Sequence[Entry[Any]]:
    registry = REGISTRIES[prop["x-registry"]]
    if "-h" in words or "--help" in words:
        return registry.entries()
    flag = _flag(name)
    chosen = [after for word, after in pairwise(words) if word == flag]
    chosen += [word.partition("=")[2] for word in words if word.startswith(f"{flag}=")]
    asked = chosen[-1] if chosen else _entry_default(prop)
    if not asked:
        return ()
    try:
        return [registry.get(asked)]
    except JobError:
        return registry.entries()


def _entry_default(prop: Mapping[str, Any]) -> str:
    """Return the entry that is meant where none is named; empty where that may be none."""
    return str(prop.get("default") or ("folder" if prop["x-registry"] == "sources" else ""))


def _add_entry_options(parser: argparse.ArgumentParser, name: str, entries: Sequence[Entry[Any]]) -> None:
    seen: set[str] = set()
    for entry in entries:
        group = parser.add_argument_group(f"{_flag(name)} {entry.name}: {entry.summary}")
        for key, prop in entry.catalogued().schema["properties"].items():
            dest = f"{name}.{key}"
            if dest not in seen:  # two models may share a parameter's name
                group.add_argument(_flag(dest), dest=dest, **_argument(prop, required=False))
            seen.add(dest)


def _argument(prop: Mapping[str, Any], *, required: bool) -> dict[str, Any]:
    kind = prop["x-kind"]
    default = "" if required else f" Default: {prop['default']!r}." if prop.get("default") not in ("", [], None) else ""
    unit = f" Unit: {prop['x-unit']}." if "x-unit" in prop else ""
    placeholder = "|".join(prop["enum"]) if "enum" in prop else _PLACEHOLDERS.get(kind, kind.upper())
    argument = {"help": (prop["description"] + unit + default).replace("%", "%%"), "metavar": placeholder}
    if kind == "boolean":
        argument |= {"nargs": "?", "const": "true"}
    if kind in INPUT_PATH_LISTS:
        argument["nargs"] = "+"
    if required:
        argument["required"] = True
    return argument


def _entry_value(
    name: str, prop: Mapping[str, Any], texts: Mapping[str, Any], problems: list[Problem]
) -> dict[str, Any] | None:
    own = {key.split(".", 1)[1]: text for key, text in texts.items() if key.startswith(f"{name}.")}
    if name not in texts and not own:
        return None
    registry = REGISTRIES[prop["x-registry"]]
    chosen = texts.get(name, _entry_default(prop))
    try:
        entry = registry.get(chosen)
    except JobError as error:
        if prop["x-registry"] != "sources":
            problems.append(Problem(name, error.what, error.fix))
            return None
        # `--images FOLDER` is what people type first.
        own, entry = {"path": chosen, **own}, registry.get("folder")
    return {"name": entry.name, **_converted(own, entry.catalogued().schema, f"{name}.", problems)}


def _converted(
    texts: Mapping[str, Any], declared: Mapping[str, Any], prefix: str, problems: list[Problem]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, text in texts.items():
        prop = declared["properties"].get(key)
        if prop is None and prefix:
            problems.append(Problem(f"{prefix}{key}", "is not a parameter of the chosen entry."))
        if prop is None or prop["x-kind"] == "entry":
            continue
        try:
            values[key] = _value(prop, text)
        except _UnusableError as error:
            problems.append(Problem(f"{prefix}{key}", error.what, error.fix))
        except ValueError:
            problems.append(Problem(f"{prefix}{key}", f"{text!r} is not {_WORDS[prop['x-kind']]}."))
    return values


class _UnusableError(CropMapError):
    """A text, or the file that it names, that is not what it should be."""


def _value(prop: Mapping[str, Any], text: Any) -> Any:
    if prop["x-kind"] == "entries":
        return _listed_entries(text, prop["x-registry"])
    return _READERS.get(prop["x-kind"], str)(text)


def _truth(text: str) -> bool:
    word = text.casefold()
    if word in {"true", "yes", "on", "1"}:
        return True
    if word in {"false", "no", "off", "0"}:
        return False
    raise ValueError(text)


def _texts(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _numbers(text: str) -> list[float]:
    return [int(item) if item.lstrip("-").isdigit() else float(item) for item in _texts(text)]


def _listed_entries(text: str, registry: str) -> list[Any]:
    """Return the entries that a JSON text lists, or the JSON file that it names; a relative one from where we are.

    Both may be a list, or a table whose "steps" are the list, as in a recipe's own JSON.
    """
    fix = f"Give a JSON list such as {_LISTS[registry]}, or a JSON file that holds one."
    if text.lstrip().startswith(("[", "{")):
        return _entries_of(text, "The text", registry, fix)
    try:
        content = Path(text).read_text(encoding="utf-8-sig")
    except OSError as error:
        found = str(Path(text).absolute())
        raise _UnusableError(f"{found!r} cannot be read: {error.strerror or error}.", fix=fix) from error
    except ValueError as error:  # bytes that are no text, or a name that no file can have
        raise _UnusableError(f"{text!r} is no text file: {error}.", fix=fix) from error
    return _entries_of(content, f"{text!r}", registry, fix)


def _entries_of(content: str, where: str, registry: str, fix: str) -> list[Any]:
    try:
        listed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _UnusableError(f"{where} is not JSON: {error}.", fix=fix) from error
    lacking = isinstance(listed, dict) and "steps" not in listed
    if isinstance(listed, dict):
        listed = listed.get("steps")
    if not isinstance(listed, list):
        table = 'a table without "steps"' if registry == "steps" else "a table"
        kind = table if lacking else f"{listed!r:.40}"
        raise _UnusableError(f"{where} holds no list of {registry}, but {kind}.", fix=fix)
    return listed


def _packages(items: Sequence[str]) -> list[Any]:
    """Return the paths that follow the option, or those that one JSON text lists."""
    if len(items) == 1 and items[0].lstrip().startswith("["):
        return list(json.loads(items[0]))
    return list(items)


def _scheme(text: str) -> str:
    """Return a scheme's text: what was given, or the content of the file that it names, found from where we are.

    An empty text stays one: it stands for no scheme.
    """
    try:
        # A text of entries may be longer than any file's name.
        named = Path(text).is_file()
        content = Path(text).read_text(encoding="utf-8-sig") if named else text
    except (OSError, ValueError) as error:
        if "=" in text:
            return text
        raise _UnusableError(f"{text[:80]!r} cannot be read: {str(error)[:80]}.", fix=_SCHEME) from error
    if not named and text.strip() and text.strip() not in PRESETS and "=" not in text:
        raise _UnusableError(f"{text[:80]!r} is no preset, no file and no scheme.", fix=_SCHEME)
    return content


def _table(text: str) -> dict[str, float]:
    """Read name=number, ...; or the same as JSON, for names that hold a comma."""
    if text.lstrip().startswith("{"):
        return dict(json.loads(text))
    pairs = [item.rpartition("=") for item in _texts(text)]
    if any(not name.strip() for name, _, _ in pairs):
        raise ValueError(text)
    return {name.strip(): float(number) for name, _, number in pairs}


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "integer": int,
    "number": float,
    "boolean": _truth,
    "texts": _texts,
    "rasters": list,
    "packages": _packages,
    "numbers": _numbers,
    "table": _table,
    "scheme": _scheme,
}


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
