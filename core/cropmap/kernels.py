"""Compiles inner loops with Numba, and keeps what was compiled for the next process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

KernelT = TypeVar("KernelT", bound="Callable[..., Any]")


def kernel(function: KernelT) -> KernelT:
    """Compile a function of arrays and numbers; it releases the GIL, so that threads run it side by side.

    The machine code is kept in the folder that NUMBA_CACHE_DIR names, else beside the source, else in the user's cache
    folder: the first of these that can be written to. Where none can, each process compiles anew. Numba renews what is
    kept when the function's own file changes, not when these options or a kernel of another file do.
    """
    return _compiled(function, {})


def fused_kernel(function: KernelT) -> KernelT:
    """Compile as `kernel` does, and let a product and a sum share one rounding, which only takes error away."""
    return _compiled(function, {"fastmath": {"contract"}})


def _compiled(function: KernelT, more: dict[str, Any]) -> KernelT:
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", **more}
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # Numba's "no locator available": no folder takes the cache
        compiled = numba.njit(**options)(function)
    return cast("KernelT", compiled)
