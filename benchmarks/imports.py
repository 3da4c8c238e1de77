"""How long `import cropmap` takes in a fresh interpreter, and which heavy libraries it brings.

Run: python benchmarks/imports.py
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from harness import machine, say, table

HEAVY = ("torch", "sklearn", "scipy", "rasterio", "pyogrio", "ee", "numba", "matplotlib", "numpy")
FORBIDDEN = {"torch", "sklearn", "rasterio", "ee", "numba"}
MODULES = ("cropmap", "cropmap.contract.catalogue", "cropmap.prepare.recipe")
REPEATS = 7
GOAL_S = 0.3

CHILD = """
import sys, time, json
before = set(sys.modules)
start = time.perf_counter()
import {module}
taken = time.perf_counter() - start
print(json.dumps([taken, sorted((set(sys.modules) - before) & set({heavy!r}))]))
"""


def measure(module: str) -> tuple[float, list[str]]:
    """Import a module in a fresh interpreter; return the seconds and the heavy libraries that came with it."""
    code = CHILD.format(module=module, heavy=HEAVY)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, brought = json.loads(ran.stdout)
    return seconds, brought


def main() -> None:
    """Measure and write the table."""
    rows, reached = [], ""
    for module in MODULES:
        runs = [measure(module) for _ in range(REPEATS + 1)][1:]  # the first one reads the files from disk
        seconds, brought = statistics.median(taken for taken, _ in runs), runs[0][1]
        rows.append([f"`import {module}`", f"{seconds:.3f}", ", ".join(brought) or "none"])
        if module == "cropmap":
            reached = "reached" if seconds < GOAL_S and not FORBIDDEN & set(brought) else "MISSED"
    say(f"{machine()}\n")
    say(f"median of {REPEATS} fresh interpreters\n")
    say(table(["", "seconds", "heavy libraries"], rows))
    say(f"\nGoal, `import cropmap` below {GOAL_S} s without {', '.join(sorted(FORBIDDEN))}: {reached}")


if __name__ == "__main__":
    main()
