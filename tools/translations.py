"""Brings i18n/cropmap_de.ts up to date: every text that the plugin passes to tr(), and every text of the catalogue.

Existing translations stay; texts that are gone are dropped. lrelease (or pb_tool translate) then makes the .qm file.

    python3 tools/translations.py            write the file
    python3 tools/translations.py --check    only say what is missing; exit code 1 where the file is out of step

pylupdate5 is not used: it finds neither a function `tr` with a context of its own nor the texts of the catalogue.
"""

from __future__ import annotations

import ast
import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "i18n" / "cropmap_de.ts"
CONTEXT = "CropMap"


def texts_of_code() -> Iterator[str]:
    """Yield the texts in calls of tr()."""
    for path in sorted((ROOT / "cropmap_plugin").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr"
            if called and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value


def texts_of_catalogue() -> Iterator[str]:
    """Yield titles, summaries, descriptions, units and choices."""
    catalogue = json.loads((ROOT / "cropmap_plugin" / "catalogue.json").read_text(encoding="utf-8"))
    for entries in catalogue["registries"].values():
        for entry in entries:
            yield entry["title"]
            yield entry["summary"]
            for prop in entry["schema"]["properties"].values():
                yield from _texts_of_parameter(prop)


def _texts_of_parameter(prop: dict[str, Any]) -> Iterator[str]:
    yield prop["title"]
    yield prop["description"]
    yield from (name.replace("_", " ") for name in prop.get("enum", ()))
    if "x-unit" in prop:
        yield prop["x-unit"]


def known() -> dict[str, str]:
    """Return the translations in the file, by source text."""
    messages = ET.parse(FILE).getroot().iter("message")  # noqa: S314 - our own file
    return {message.findtext("source", ""): message.findtext("translation", "") for message in messages}


def written(translations: dict[str, str]) -> str:
    """Return the file's text."""
    root = ET.Element("TS", version="2.1", language="de_DE", sourcelanguage="en")
    context = ET.SubElement(root, "context")
    ET.SubElement(context, "name").text = CONTEXT
    for source, translation in translations.items():
        message = ET.SubElement(context, "message")
        ET.SubElement(message, "source").text = source
        target = ET.SubElement(message, "translation", {} if translation else {"type": "unfinished"})
        target.text = translation
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n' + ET.tostring(root, encoding="unicode") + "\n"


def main(words: list[str]) -> int:
    """Write or check the file; return the exit code."""
    wanted = list(dict.fromkeys([*texts_of_code(), *texts_of_catalogue()]))
    have = known()
    if "--check" in words:
        missing = [text for text in wanted if text not in have]
        sys.stdout.write("".join(f"missing: {text}\n" for text in missing))
        return 1 if missing else 0
    FILE.write_text(written({text: have.get(text, "") for text in wanted}), encoding="utf-8")
    done = sum(bool(have.get(text)) for text in wanted)
    sys.stdout.write(f"{len(wanted)} texts, {done} translated\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
