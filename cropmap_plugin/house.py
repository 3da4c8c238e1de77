"""Where the plugin's own files are, its catalogue, and its translated text."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QIcon

from cropmap.contract.catalogue import Catalogue, CatalogueEntry, read_catalogue

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent
CORE = ROOT / "core"
_CONTEXT = "CropMap"
# What most users need stands on top: quick and steady first, then the networks that earn their time.
_FIRST = {
    "models": ("random_forest", "gradient_boosting", "ensemble", "tempcnn", "ltae", "transformer"),
    "strategies": ("direct", "shifted", "pooled", "fine_tune", "scratch"),
}


def tr(text: str) -> str:
    """Return the text in the user's language."""
    return str(QCoreApplication.translate(_CONTEXT, text))


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """Return what the library offers, read once."""
    return read_catalogue(PACKAGE / "catalogue.json")


def choices(registry: str) -> list[CatalogueEntry]:
    """Return a registry's entries in the order of lists: those to try first, then the others by title."""
    first = _FIRST.get(registry, ())
    entries = catalogue().entries(registry)
    if not first:
        return list(entries)
    place = {name: at for at, name in enumerate(first)}
    return sorted(entries, key=lambda entry: (place.get(entry.name, len(first)), tr(entry.title).casefold()))


def icon(name: str = "icon") -> QIcon:
    """Return one of the plugin's own icons."""
    return QIcon(str(ROOT / "resources" / f"{name}.svg"))


def translation_file(locale: str) -> Path:
    """Return the compiled translation for a locale such as de_AT; it may not exist."""
    return ROOT / "i18n" / f"cropmap_{locale[:2]}.qm"
