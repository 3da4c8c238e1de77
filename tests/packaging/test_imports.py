from __future__ import annotations

import json
import subprocess
import sys

HEAVY = ["torch", "sklearn", "scipy", "rasterio", "pyogrio", "numba", "ee", "matplotlib", "xarray", "pandas"]


def modules_after(statement: str) -> set[str]:
    code = f"import sys, json; {statement}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_importing_the_library_brings_nothing_heavy() -> None:
    assert not modules_after("import cropmap").intersection(HEAVY)


def test_the_contract_brings_the_standard_library_only() -> None:
    names = "errors, params, progress, events, job, catalogue, colours"
    outside = modules_after(f"from cropmap.contract import {names}") - set(sys.stdlib_module_names)
    assert {name.split(".")[0] for name in outside} - set(sys.stdlib_module_names) <= {"cropmap", "__main__"} | {
        name for name in outside if name.startswith(("_distutils", "__editable__", "distutils"))
    }


def test_a_forest_does_not_wait_for_torch() -> None:
    assert "torch" not in modules_after("from cropmap.models import MODELS; MODELS.get('random_forest')")


def test_every_public_name_can_be_imported() -> None:
    modules_after("import cropmap; [getattr(cropmap, name) for name in cropmap.__all__]")
