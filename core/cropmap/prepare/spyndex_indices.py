"""Any index of the Awesome Spectral Indices catalogue, through the spyndex library, which need not be installed."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

# The catalogue's code of each role.
CODES = {
    "coastal": "A",
    "blue": "B",
    "green": "G",
    "red": "R",
    "rededge1": "RE1",
    "rededge2": "RE2",
    "rededge3": "RE3",
    "nir": "N",
    "nir_narrow": "N2",
    "swir1": "S1",
    "swir2": "S2",
}
_ROLES = {code: role for role, code in CODES.items()}


@dataclass(frozen=True)
class CatalogueIndex:
    """An index of the catalogue that optical bands can make.

    Args:
        name: Its short name there.
        roles: Bands that it needs.
        constants: The catalogue's values of its constants.
    """

    name: str
    roles: frozenset[str]
    constants: Mapping[str, float]


def look_up(name: str, own: Collection[str]) -> CatalogueIndex:
    """Find an index in the catalogue that is installed with spyndex; nothing is asked of a network.

    Args:
        name: The index' short name, as the catalogue writes it.
        own: The names that cropmap knows itself, for advice.

    Raises:
        RecipeError: spyndex is not installed, the catalogue has no such index, or it needs what no role gives (a
            thermal or radar band, a kernel, a constant without a value).

    Source: Montero et al. 2023, Scientific Data 10:197.
    """
    spyndex = _spyndex(name, own)
    if name not in spyndex.indices:
        known = [*own, *spyndex.indices]
        raise RecipeError(f"There is no index {name!r}.", where="names", fix=_closest(name, known))
    symbols = set(spyndex.indices[name].bands)
    constants = {symbol: spyndex.constants[symbol].default for symbol in symbols if symbol in spyndex.constants}
    lacking = [symbol for symbol in symbols if symbol not in _ROLES and constants.get(symbol) is None]
    if lacking:
        told = ", ".join(_described(spyndex, symbol) for symbol in sorted(lacking))
        raise RecipeError(
            f"The index {name!r} needs {told}.",
            where="names",
            fix=f"Choose indices of these alone: {', '.join(CODES)}.",
        )
    roles = frozenset(_ROLES[symbol] for symbol in symbols if symbol in _ROLES)
    return CatalogueIndex(name, roles, {symbol: float(value) for symbol, value in constants.items()})


def compute(indices: Sequence[CatalogueIndex], columns: Mapping[str, NDArray[np.float64]]) -> list[NDArray[np.float32]]:
    """Compute indices from reflectances.

    Args:
        indices: As `look_up` found them.
        columns: Role to reflectances, all of one length.

    Returns:
        One array an index, float32; NaN where the formula has no finite value there.
    """
    spyndex = importlib.import_module("spyndex")
    bands = {CODES[role]: column for role, column in columns.items()}
    made = []
    with np.errstate(all="ignore"):
        for index in indices:
            result = spyndex.computeIndex(index.name, {**bands, **index.constants})
            narrow = np.asarray(result, dtype=np.float32)
            made.append(np.where(np.isfinite(narrow), narrow, np.float32(np.nan)))
    return made


def _spyndex(name: str, own: Collection[str]) -> Any:
    try:
        return importlib.import_module("spyndex")
    except ImportError as error:
        raise RecipeError(
            f"{name!r} is none of cropmap's own indices, and the catalogue of others is not installed.",
            where="names",
            fix=f'Install it: pip install "cropmap[indices]". {_closest(name, own)}',
        ) from error


def _closest(name: str, known: Collection[str]) -> str:
    """Advise on a name: those that differ least from it, in whatever case."""
    spelled: dict[str, list[str]] = {}
    for each in known:
        spelled.setdefault(each.lower(), []).append(each)
    close = [each for lower in difflib.get_close_matches(name.lower(), spelled, 10, 0.5) for each in spelled[lower]]
    return f"Closest: {', '.join(dict.fromkeys(close))}." if close else f"cropmap's own: {', '.join(known)}."


def _described(spyndex: Any, symbol: str) -> str:
    """Say what a symbol of the catalogue is."""
    if symbol in spyndex.constants:
        return f"the constant {symbol} ({spyndex.constants[symbol].description}), which has no value in the catalogue"
    if symbol in spyndex.bands:
        return f"the band {symbol} ({spyndex.bands[symbol].long_name})"
    return f"the kernel {symbol}" if symbol.startswith("k") else f"the radar band {symbol}"
