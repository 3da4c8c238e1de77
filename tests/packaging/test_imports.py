from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CORE = Path(__file__).parents[2] / "core"
HEAVY = ["torch", "sklearn", "scipy", "rasterio", "pyogrio", "numba", "ee", "matplotlib", "xarray", "pandas"]


def modules_after(statement: str) -> set[str]:
    code = f"import sys, json; {statement}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_importing_the_library_brings_nothing_heavy() -> None:
    assert not modules_after("import cropmap").intersection(HEAVY)


def test_the_contract_runs_on_the_standard_library_alone() -> None:
    names = "errors, params, progress, events, job, catalogue, colours"
    code = f"import sys; sys.path.insert(0, {str(CORE)!r}); from cropmap.contract import {names}"
    subprocess.run([sys.executable, "-S", "-c", code], check=True)


def test_a_forest_does_not_wait_for_torch() -> None:
    assert "torch" not in modules_after("from cropmap.models import MODELS; MODELS.get('random_forest')")


def test_every_public_name_can_be_imported() -> None:
    modules_after("import cropmap; [getattr(cropmap, name) for name in cropmap.__all__]")
