"""Which band tells clear from cloud, and how its numbers are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.contract.errors import Problem
from cropmap.data.scenes import MaskRule
from cropmap.io.rasters import grid_differences
from cropmap.sources.layers import acquisitions, first_grid
from cropmap.sources.patterns import is_quality_band

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cropmap.data.site import Grid
    from cropmap.sources.folder import FolderParams
    from cropmap.sources.layers import Layer

# Landsat Collection 2: fill, dilated cloud, cirrus, cloud, cloud shadow, snow (USGS, Landsat 8-9 C2 L2 guide).
_LANDSAT = MaskRule(bad_bits=(0, 1, 2, 3, 4, 5))
# Sentinel-2 scene classification: vegetation, not vegetated, water, unclassified (ESA, Sen2Cor product definition).
_SENTINEL = MaskRule(clear_values=(4, 5, 6, 7))


@dataclass(frozen=True)
class Mask:
    """A mask band, and how its numbers are read; `recognised` by its name, or else asked for."""

    band: str
    rule: MaskRule
    recognised: bool = False


def asked_band(params: FolderParams) -> str:
    """Return the mask band that the user names; empty where there is none."""
    return "" if is_off(params) else params.mask_band


def is_off(params: FolderParams) -> bool:
    """Tell whether the user wants no mask, not even one that is recognised."""
    return params.mask_band.lower() == "none"


def find_mask(
    layers: Sequence[Layer], bands: Sequence[str], params: FolderParams
) -> tuple[Mask | None, dict[str, str]]:
    """Return the mask band asked for, or else the one that is recognised.

    Args:
        layers: Everything between the dates.
        bands: The data bands.
        params: What the user asks for.

    Returns:
        The mask, or None; and why bands known as masks are not used, by band.
    """
    if is_off(params):
        return None, {}
    if params.mask_band:
        return Mask(params.mask_band, _rule(params)), {}
    return _recognised(layers, bands, warp=params.warp)


def mask_problems(params: FolderParams) -> list[Problem]:
    """Return what is wrong with the parameters of the mask."""
    values, bits, band = params.mask_clear_values, params.mask_bad_bits, asked_band(params)
    problems = []
    if (values or bits) and not band:
        problems.append(Problem("mask_band", "is missing beside its values or bits.", "Name the mask band."))
    if values and bits:
        problems.append(Problem("mask_bad_bits", "is given beside mask_clear_values.", "Give one of the two."))
    if band and not values and not bits and not _known_rule(band):
        problems.append(
            Problem("mask_band", f"{band!r} has no rule.", "Give mask_clear_values or mask_bad_bits for this band.")
        )
    if any(value != int(value) for value in values):
        problems.append(Problem("mask_clear_values", f"{values} are not whole numbers.", "Give whole numbers."))
    if any(bit != int(bit) or not 0 <= bit < 64 for bit in bits):
        problems.append(Problem("mask_bad_bits", f"{bits} are not bits.", "Give whole numbers from 0 to 63."))
    return problems


def _known_rule(band: str) -> MaskRule | None:
    if band.upper().endswith("QA_PIXEL"):
        return _LANDSAT
    return _SENTINEL if band.upper().endswith("SCL") else None


def _rule(params: FolderParams) -> MaskRule:
    values = tuple(int(value) for value in params.mask_clear_values)
    bits = tuple(int(bit) for bit in params.mask_bad_bits)
    known = None if values or bits else _known_rule(params.mask_band)
    return known or MaskRule(values, bits)


def _recognised(layers: Sequence[Layer], bands: Sequence[str], *, warp: bool) -> tuple[Mask | None, dict[str, str]]:
    """Return the only band that is known as a mask and fits the data bands."""
    data = [layer for layer in layers if layer.band in bands]
    usable: dict[str, MaskRule] = {}
    reasons: dict[str, str] = {}
    for band in dict.fromkeys(layer.band for layer in layers if layer.band not in bands):
        rule = _known_rule(band) if is_quality_band(band) else None
        if rule is None:
            continue
        flags = [layer for layer in layers if layer.band == band]
        reason = _gap(data, flags) or _misplaced(first_grid(data, bands), flags, warp=warp)
        if reason:
            reasons[band] = f"{band} tells clear from cloud but {reason}"
        else:
            usable[band] = rule
    if len(usable) == 1:
        ((band, rule),) = usable.items()
        return Mask(band, rule, recognised=True), reasons
    others = " and ".join(usable)
    return None, reasons | dict.fromkeys(usable, f"{others} could each be the mask; name one of them as mask_band.")


def _gap(data: Sequence[Layer], flags: Sequence[Layer]) -> str:
    """Say that flags do not stand once beside each acquisition of the data, if so."""
    groups = acquisitions([*data, *flags])
    masks = [sum(layer.band == flags[0].band for layer in group) for group in groups]
    lacking = [group[0].date for group, count in zip(groups, masks, strict=True) if not count]
    if lacking:
        return f"is missing on {len(lacking)} of {len(groups)} dates, e.g. {lacking[0]}, and is not used."
    unclear = [group[0].date for group, count in zip(groups, masks, strict=True) if not 1 == count < len(group)]
    return f"does not say which image it belongs to on {unclear[0]}, and is not used." if unclear else ""


def _misplaced(grid: Grid, flags: Sequence[Layer], *, warp: bool) -> str:
    """Say that flags lie on another grid and cannot be brought to the data's, if so."""
    for other in dict.fromkeys(layer.info.grid for layer in flags):
        differences = grid_differences(grid, other)
        if differences and not warp:
            return f"lies on another grid ({'; '.join(differences)}) and is not used; switch on warp to use it."
        if differences and not (grid.crs and other.crs):
            return "lies on another grid without a coordinate reference system, and is not used."
    return ""
