"""Compiled loops are kept for the next process wherever a folder takes them, and work where none does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

CORE = Path(__file__).parents[3] / "core"
MODULE = """
from cropmap.prepare.kernel import kernel
@kernel
def double(number):
    return number * 2
if __name__ == "__main__":
    raise SystemExit(0 if double(21) == 42 else 3)
"""


def run_module(folder, **variables):
    """Run a compiled function in a module whose __pycache__ cannot be made, in a fresh interpreter."""
    (folder / "doubles.py").write_text(MODULE, encoding="utf-8")
    (folder / "__pycache__").write_text("a file where the folder should be", encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA_", "XDG_"))}
    environment = {**kept, "PYTHONPATH": str(CORE), **{name: str(value) for name, value in variables.items()}}
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(folder / "doubles.py")], env=environment, capture_output=True, check=False
    )
    return ran.returncode, ran.stderr.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="the user's cache folder is not under HOME on Windows")
def test_beside_a_read_only_package_the_users_cache_folder_is_used(tmp_path):
    assert run_module(tmp_path, HOME=tmp_path / "home", XDG_CACHE_HOME=tmp_path / "cache") == (0, "")
    assert list(tmp_path.glob("*/**/doubles.double-*.nbi"))


def test_the_folder_that_the_user_names_is_used(tmp_path):
    assert run_module(tmp_path, NUMBA_CACHE_DIR=tmp_path / "named") == (0, "")
    assert list((tmp_path / "named").glob("**/doubles.double-*.nbi"))


@pytest.mark.skipif(sys.platform == "win32", reason="the user's cache folder is not under HOME on Windows")
def test_where_no_folder_takes_the_cache_the_loop_is_compiled_anew(tmp_path):
    nowhere = tmp_path / "__pycache__" / "deeper"
    places = {"HOME": nowhere, "XDG_CACHE_HOME": nowhere, "NUMBA_CACHE_DIR": nowhere}
    assert run_module(tmp_path, **places) == (0, "")
    assert not list(tmp_path.glob("**/*.nbi"))


def test_the_kernels_release_the_gil():
    from cropmap.prepare import linear, observe

    for compiled in (linear._interpolate, observe._support, observe._merge_days):
        assert compiled.targetoptions["nogil"] is True


def test_threads_prepare_blocks_side_by_side_with_the_same_result():
    from concurrent.futures import ThreadPoolExecutor

    from cropmap.prepare.linear import axis_of, interpolate

    rng = np.random.default_rng(0)
    values = rng.random((500, 20, 2), dtype=np.float32)
    clear = rng.random((500, 20)) > 0.3
    axis = axis_of(np.arange(0, 100, 5, dtype=np.int32), np.arange(0, 96, 7, dtype=np.int32), (0, 100))
    alone, _ = interpolate(values, clear, axis)
    with ThreadPoolExecutor(4) as pool:
        for made, _ in pool.map(lambda _: interpolate(values, clear, axis), range(8)):
            np.testing.assert_array_equal(made, alone)
