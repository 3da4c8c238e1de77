"""Checks that every name taken from qgis.PyQt exists in PyQt6, scoped as Qt 6 wants it: a plugin for QGIS 3 and 4.

Needs PyQt6, no QGIS:  python tools/check_qt6.py [FOLDER]
Exit code 1 where a name is missing; where PyQt6 is not installed it says so and ends with 0.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "qgis.PyQt"


def imported(tree: ast.AST) -> dict[str, tuple[str, str]]:
    """Return local name to (module of PyQt6, name) of everything imported from qgis.PyQt."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PREFIX):
            module = "PyQt6" + (node.module or "").removeprefix(PREFIX)
            found.update({alias.asname or alias.name: (module, alias.name) for alias in node.names})
    return found


def chains(tree: ast.AST) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the parts of every dotted name."""
    for node in ast.walk(tree):
        parts, inner = [], node
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            yield inner.lineno, [inner.id, *reversed(parts)]


def missing(path: Path) -> Iterator[str]:
    """Yield a sentence for every name of a file that PyQt6 does not have."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = imported(tree)
    for line, (first, *rest) in chains(tree):
        if first not in names:
            continue
        module, name = names[first]
        # Moved between the modules: qgis.PyQt gives it under the old name too.
        module = "PyQt6.QtGui" if name == "QAction" else module
        found = getattr(importlib.import_module(module), name, None)
        for part in rest:
            found = getattr(found, part, None)
        if found is None:
            yield f"{path}:{line}: {'.'.join([name, *rest])} is not in {module}"


def main(folder: Path) -> int:
    """Check all files in a folder; return the exit code."""
    if importlib.util.find_spec("PyQt6") is None:
        sys.stdout.write("skipped: PyQt6 is not installed.\n")
        return 0
    wrong = sorted({text for path in sorted(folder.rglob("*.py")) for text in missing(path)})
    sys.stdout.write("".join(f"{text}\n" for text in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "cropmap_plugin")))
