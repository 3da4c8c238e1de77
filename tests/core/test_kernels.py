"""Compiled loops are kept for the next process wherever a folder takes them, and work where none does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

CORE = Path(__file__).parents[2] / "core"
MODULE = """
from cropmap.kernels import kernel
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


USE_ALL = """
import numpy as np
import cropmap
from cropmap.io import spread
from cropmap.models import trees
from cropmap.prepare import linear, observe
assert spread.__file__.startswith({home!r}), spread.__file__
values, clear = np.zeros((3, 2), np.float32), np.ones((3, 2), np.bool_)
places, numbers = np.array([[0, 0], [1, 1]]), np.array([[2.0, 1.0, np.nan], [1.0, 0.0, 7.0]])
spread._spread(np.array([[1, 2, 3], [7, 8, 9]]), places, numbers, np.array([-np.inf, np.inf]), values, clear)
assert values[:, 0].tolist() == [3.0, 5.0, 7.0] and clear[:, 1].tolist() == [False, True, True]
sums = np.zeros((1, 2))
one = [np.array([-1]), np.zeros(1, np.float32), np.array([0]), np.array([0, 1]), np.array([[0.25, 0.75]])]
trees._add_leaves(np.zeros((1, 1), np.float32), tuple(one), np.zeros(1, np.int64), sums)
assert sums.tolist() == [[0.25, 0.75]]
days = np.arange(0, 30, 10, dtype=np.int32)
axis = linear.axis_of(days, np.array([5], np.int32), (0, 30))
found, _ = linear.interpolate(np.array([[[1.0], [3.0], [3.0]]], np.float32), np.ones((1, 3), np.bool_), axis)
assert found.ravel().tolist() == [2.0]
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the user's cache folder is not under HOME on Windows")
def test_all_rooms_work_from_a_read_only_install_without_a_home(tmp_path):
    home = tmp_path / "installed"
    shutil.copytree(CORE / "cropmap", home / "cropmap", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in {path.parent for path in home.glob("cropmap/**/*.py")}:
        # The administrator may write to folders that are read-only; nobody into a file.
        (folder / "__pycache__").write_text("a file where the folder should be", encoding="utf-8")
    nowhere = home / "cropmap" / "__pycache__" / "deeper"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA_", "XDG_"))}
    places = {"HOME": str(nowhere), "XDG_CACHE_HOME": str(nowhere), "PYTHONPATH": str(home)}
    ran = subprocess.run(
        [sys.executable, "-c", USE_ALL.format(home=str(home))],
        env={**kept, **places},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr.decode()) == (0, "")
    assert not list(tmp_path.glob("**/*.nbi"))


def test_a_product_and_a_sum_are_rounded_apart_unless_fused():
    from cropmap.kernels import fused_kernel, kernel

    def product_and_sum(numbers):
        return numbers[0] * numbers[1] + numbers[2]

    numbers = np.array([1 + 2.0**-30, 1 - 2.0**-30, -1.0])
    assert kernel(product_and_sum)(numbers) == 0.0
    assert fused_kernel(product_and_sum)(numbers) in (0.0, -(2.0**-60))


def test_the_kernels_release_the_gil():
    from cropmap.io import spread
    from cropmap.models import trees
    from cropmap.prepare import linear, observe

    walkers = (trees._add_leaves, trees._add_shallow)
    shared = (spread._spread, *walkers, linear._interpolate, observe._support, observe.merge_days)
    for compiled in shared:
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
