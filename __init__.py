"""QGIS's entry into the plugin. The library itself is the package core/cropmap."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def classFactory(iface: Any) -> Any:
    """Make the library's contract importable and return the plugin."""
    core = Path(__file__).resolve().parent / "core"
    if __name__ == "cropmap":
        # QGIS names this package after its folder, as the library is named: let it find the library inside itself.
        __path__.append(str(core / "cropmap"))
    elif str(core) not in sys.path:
        sys.path.append(str(core))  # appended, so that nothing of QGIS is shadowed
    from .cropmap_plugin.plugin import CropMapPlugin

    return CropMapPlugin(iface)
