"""How long QGIS needs to load the plugin, and what that drags in. Prints a row of a Markdown table.

Run it with a Python that has QGIS:  .venv-qgis/bin/python benchmarks/plugin_load.py [ROUNDS]
Every round starts a QGIS of its own (off screen), loads the plugin as QGIS does, and unloads it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "tests" / "plugin" / "loads_plugin.py"


def one_round(plugins: str) -> tuple[float, list[str]]:
    """Return the seconds of the first load in a new QGIS, and the heavy libraries that came with it."""
    variables = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "LOAD_ONLY": "1"}
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), plugins], capture_output=True, text=True, check=True, env=variables
    )
    found = json.loads(ended.stdout.splitlines()[-1])
    first = found["rounds"][0]
    brought = sorted(set(first["loaded"]["heavy"]) - set(found["before"]["heavy"]))
    return float(first["seconds"]), brought


def main(rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as plugins:
        (Path(plugins) / "cropmap").symlink_to(ROOT)
        one_round(plugins)  # fills the file cache
        seconds, brought = zip(*(one_round(plugins) for _ in range(rounds)), strict=True)
    heavy = ", ".join(sorted(set().union(*brought))) or "none"
    median = statistics.median(seconds)
    sys.stdout.write(
        f"| plugin load, QGIS off screen, median of {rounds} | {median:.3f} s | heavy imports: {heavy} |\n"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
