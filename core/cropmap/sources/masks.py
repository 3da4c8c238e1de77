"""Which bands tell clear from cloud, and how their numbers are read."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cropmap.contract.errors import Problem
from cropmap.data.scenes import MaskRule
from cropmap.io.handles import covers
from cropmap.io.rasters import grid_differences, same_crs
from cropmap.sources.layers import acquisitions, first_grid
from cropmap.sources.patterns import is_quality_band

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cropmap.data.site import Grid
    from cropmap.sources.folder import FolderParams
    from cropmap.sources.layers import Layer

MASK_HELP = (
    'Write the band alone where its rule is known (QA_PIXEL), or "SCL clear 4 5 6 7", "X bad 3 8" (numbers), '
    '"QA_PIXEL bits 1 3 4" (none may be set; 6+7: not both), "CLP up to 102"; none for no mask.'
)


@dataclass(frozen=True)
class KnownMask:
    """A mask layer of a product.

    Args:
        rule: How it is read unless the user says otherwise.
        bits: Names that may stand for its bits.
        numbers: Names that may stand for its numbers.
    """

    rule: MaskRule
    bits: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)


_LAST_BIT = 62
_ZERO = MaskRule(clear_values=(0,))
_EXACT_ZERO = MaskRule(clear_values=(0,), grows=False)
_RELIABILITY = KnownMask(
    MaskRule(clear_values=(0, 1), fill_values=(-1, 255)),
    numbers={"good": "0", "marginal": "1", "snow": "2", "cloud": "3"},
)
# By name, upper case; a word may stand before it (LC08_QA_PIXEL).
KNOWN_MASKS: dict[str, KnownMask] = {
    # USGS, Landsat 8-9 (LSDS-1619) and 4-7 (LSDS-1618) Collection 2 Level 2 Science Product Guides, QA_PIXEL.
    "QA_PIXEL": KnownMask(
        MaskRule(bad_bits=(1, 2, 3, 4, 5), fill_bits=(0,)),
        bits={"dilated_cloud": "1", "cirrus": "2", "cloud": "3", "shadow": "4", "snow": "5", "water": "7"},
    ),
    # The same: bits 0 to 6 saturation by band (Landsat 8-9 also 8), 9 dropped pixel (4-7), 11 terrain occlusion (8-9).
    "QA_RADSAT": KnownMask(_EXACT_ZERO, bits={"dropped": "9", "occluded": "11"}),
    # ESA, Sentinel-2 Products Specification Document (S2-PDGS-TAS-DI-PSD), scene classification.
    "SCL": KnownMask(
        MaskRule(clear_values=(4, 5, 6, 7), fill_values=(0,)),
        numbers={
            "saturated": "1",
            "dark": "2",
            "shadow": "3",
            "vegetation": "4",
            "bare": "5",
            "water": "6",
            "unclassified": "7",
            "cloud_medium": "8",
            "cloud_high": "9",
            "cirrus": "10",
            "snow": "11",
        },
    ),
    # Sentinel Hub, Sentinel-2 L2A bands: 0 clear, 1 cloud, 255 no data. MAJA's CLM: bits, none set where clear.
    "CLM": KnownMask(MaskRule(clear_values=(0,), fill_values=(255,))),
    # Sentinel Hub: probability of s2cloudless, 0 to 255; its authors call cloud what exceeds 0.4.
    "CLP": KnownMask(MaskRule(most=102)),
    # NASA, HLS Product User Guide 2.0, Fmask; bit 0 (cirrus) is reserved there and never set.
    "FMASK": KnownMask(
        MaskRule(bad_bits=(1, 2, 3, 4), fill_values=(255,)),
        bits={"cloud": "1", "adjacent": "2", "shadow": "3", "snow": "4", "water": "5", "high_aerosol": "6+7"},
    ),
    # CNES/CESBIO, MAJA product format (Theia, Sen2Agri): cloud, edge of the image, saturation, each 0 where good.
    "CLD": KnownMask(_ZERO),
    "EDG": KnownMask(_EXACT_ZERO),
    "SAT": KnownMask(_EXACT_ZERO),
    # The same, geophysical mask: 0 water, 1 cloud, 2 snow, 3 cloud shadow, 4 and 5 relief, 6 and 7 low sun.
    "MG2": KnownMask(
        MaskRule(bad_bits=(1, 2, 3, 4, 5, 6, 7)),
        bits={"water": "0", "cloud": "1", "snow": "2", "shadow": "3", "relief_shadow": "4", "hidden": "5"},
    ),
    # NASA, MODIS Vegetation Index User's Guide (MOD13, Collection 6.1), pixel reliability; Earth Engine's name of it.
    "PIXEL_RELIABILITY": _RELIABILITY,
    "SUMMARYQA": _RELIABILITY,
}


@dataclass(frozen=True)
class Mask:
    """A mask layer, and how its numbers are read."""

    band: str
    rule: MaskRule


def is_off(params: FolderParams) -> bool:
    """Tell whether the user wants no mask, not even one that is recognised."""
    return [text.lower() for text in params.masks] == ["none"]


def asked_masks(params: FolderParams) -> tuple[Mask, ...]:
    """Return the masks that the user names; none where that is left to recognition, or switched off."""
    return () if is_off(params) else tuple(mask_of(text) for text in params.masks)


def known_name(band: str) -> str:
    """Return which of `KNOWN_MASKS` a band is by its name; empty where it is none."""
    fitting = (name for name in KNOWN_MASKS if re.fullmatch(rf"(?:.*_)?{name}", band.upper()))
    return max(fitting, key=len, default="")


_FORM = re.compile(r"(.+?)\s+(clear|bad|bits|up\s+to)\s+(.+)", re.IGNORECASE)
_UNFINISHED = re.compile(r".+?\s+(clear|bad|bits|up(?:\s+to)?)", re.IGNORECASE)


def mask_of(text: str) -> Mask:
    """Read a mask as the user writes it; see `MASK_HELP`.

    Raises:
        ValueError: It says no rule; the message says why.
    """
    form = _FORM.fullmatch(text.strip())
    band = form[1] if form else text.strip()
    known = KNOWN_MASKS.get(known_name(band))
    if form is None:
        unfinished = _UNFINISHED.fullmatch(text.strip())
        if unfinished:
            message = f"nothing stands behind {unfinished[1]!r}."
            raise ValueError(message)
        if known is None:
            message = f"no rule is known for the band {band!r}."
            raise ValueError(message)
        return Mask(band, known.rule)
    return Mask(band, _said(known or KnownMask(MaskRule()), form[2].lower(), form[3].lower().split()))


def _said(known: KnownMask, kind: str, words: Sequence[str]) -> MaskRule:
    """Return the rule that the user says; what means "no data" stays as it is known."""
    fill = MaskRule(fill_values=known.rule.fill_values, fill_bits=known.rule.fill_bits, grows=known.rule.grows)
    if kind == "clear":
        return dataclasses.replace(fill, clear_values=tuple(_whole(word, known.numbers) for word in words))
    if kind == "bad":
        return dataclasses.replace(fill, bad_values=tuple(_whole(word, known.numbers) for word in words))
    if kind != "bits":
        return dataclasses.replace(fill, most=_limit(words))
    groups = [tuple(_bit(bit) for bit in known.bits.get(word, word).split("+")) for word in words]
    single = tuple(group[0] for group in groups if len(group) == 1)
    return dataclasses.replace(fill, bad_bits=single, bad_together=tuple(group for group in groups if len(group) > 1))


def _whole(word: str, names: Mapping[str, str]) -> int:
    text = names.get(word, word)
    if not re.fullmatch(r"-?\d{1,9}", text):
        known = f"; known are {', '.join(names)}" if names else ""
        message = f"{word!r} is no whole number{known}."
        raise ValueError(message)
    return int(text)


def _bit(word: str) -> int:
    if not re.fullmatch(r"\d{1,2}", word) or int(word) > _LAST_BIT:
        message = f"{word!r} is no bit from 0 to {_LAST_BIT}."
        raise ValueError(message)
    return int(word)


def _limit(words: Sequence[str]) -> float:
    if len(words) != 1 or not re.fullmatch(r"-?\d+(\.\d+)?", words[0]):
        message = f"{' '.join(words)!r} is not one number."
        raise ValueError(message)
    return float(words[0])


def rule_text(rule: MaskRule) -> str:
    """Return a rule as the user would write it behind the band."""
    bits = [*map(str, rule.bad_bits), *("+".join(map(str, group)) for group in rule.bad_together)]
    parts = {
        "clear": list(map(str, rule.clear_values)),
        "bad": list(map(str, rule.bad_values)),
        "bits": bits,
        "up to": [] if rule.most is None else [f"{rule.most:g}"],
    }
    return "; ".join(f"{kind} {' '.join(words)}" for kind, words in parts.items() if words)


def mask_problems(params: FolderParams) -> list[Problem]:
    """Return what is wrong with the masks that the user names."""
    if is_off(params):
        return []
    problems = [
        Problem("masks", f"{text!r} is no mask: {wrong}", MASK_HELP) for text in params.masks if (wrong := _wrong(text))
    ]
    bands = [mask_of(text).band for text in params.masks if not _wrong(text)]
    twice = [band for band, count in Counter(bands).items() if count > 1]
    if twice:
        problems.append(Problem("masks", f"{twice[0]!r} stands twice.", "Say all of a band at once."))
    return problems


def _wrong(text: str) -> str:
    """Return what is wrong with a mask as the user writes it; empty where nothing is."""
    try:
        mask_of(text)
    except ValueError as error:
        return str(error)
    return ""


def find_masks(
    layers: Sequence[Layer], bands: Sequence[str], params: FolderParams, usual: Sequence[str] = ()
) -> tuple[tuple[Mask, ...], dict[str, str]]:
    """Return the masks asked for, or else those that are recognised.

    Args:
        layers: Everything between the dates.
        bands: The data bands.
        params: What the user asks for.
        usual: Masks of the sensor, as a user would write them; empty where any known one may be.

    Returns:
        The masks; and why bands known as masks are not used, by band.
    """
    if params.masks:
        return asked_masks(params), {}
    data = [layer for layer in layers if layer.band in bands]
    grid = first_grid(data, bands)
    found: list[Mask] = []
    reasons: dict[str, str] = {}
    for band in dict.fromkeys(layer.band for layer in layers if layer.band not in bands):
        rule = _recognised(band, [mask_of(text) for text in usual])
        if rule is None:
            continue
        flags = [layer for layer in layers if layer.band == band]
        reason = _gap(data, flags) or _misplaced(grid, flags, warp=params.warp)
        if reason:
            reasons[band] = f"{band} tells clear from cloud but {reason}"
        else:
            found.append(Mask(band, rule))
    finer = next((mask.band for mask in found if known_name(mask.band) == "SCL"), "")
    coarser = [mask for mask in found if finer and known_name(mask.band) == "CLM"]
    reasons |= {mask.band: f"{mask.band} tells less than {finer}, which is used." for mask in coarser}
    return tuple(mask for mask in found if mask not in coarser), reasons


def _recognised(band: str, usual: Sequence[Mask]) -> MaskRule | None:
    known = known_name(band)
    if not known or not is_quality_band(band):
        return None
    if not usual:
        return KNOWN_MASKS[known].rule
    return next((mask.rule for mask in usual if known_name(mask.band) == known), None)


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
        if fits(grid, other, warp=warp):
            continue
        if grid.crs and other.crs:
            differences = "; ".join(grid_differences(grid, other))
            return f"lies on another grid ({differences}) and is not used; switch on warp to use it."
        return "lies on another grid without a coordinate reference system, and is not used."
    return ""


def fits(grid: Grid, other: Grid, *, warp: bool) -> bool:
    """Tell whether a mask on one grid can be read on another: by the nearest pixel, or by warping where that is on."""
    if same_crs(grid.crs, other.crs) and (warp or covers(other, grid)):
        return True
    return warp and bool(grid.crs and other.crs)
