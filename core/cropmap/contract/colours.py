"""The colours that classes get when nobody chose any, and of their lines: the same in the library and in the forms."""

from __future__ import annotations

import colorsys
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Colours that map readers know from the Cropland Data Layer and its like, by how words of the class name begin.
_FAMILIAR = (
    (("corn", "maize", "kukuruz"), "#ffd300"),
    (("soybean", "soy", "soja"), "#267000"),
    (("wheat", "psenica"), "#a57000"),
    (("sunflower", "suncokret"), "#ffff00"),
    (("sugarbeet", "beet"), "#a800e3"),
    (("alfalfa", "lucerne", "clover"), "#ffa5e2"),
    (("grass",), "#9ccb66"),
    (("pasture", "meadow"), "#b8d98f"),
    (("cerrad", "savanna", "shrub"), "#c6b56b"),
    (("cotton",), "#ff2626"),
    (("rice",), "#00a8e3"),
    (("rape", "canola"), "#d1ff00"),
    (("barley",), "#e2007c"),
    (("forest", "tree", "wood"), "#2a6e3f"),
    (("water ", "waters "), "#4970a3"),
    (("urban", "built", "developed"), "#9b9b9b"),
    (("cropland",), "#e0a84f"),
    (("other",), "#d3d3d3"),
)


def class_colours(names: Sequence[str]) -> list[str]:
    """Return a colour, #rrggbb, for each class name: a familiar one where there is one, else evenly spaced hues."""
    taken: list[str] = []
    for position, name in enumerate(names):
        taken.append(_familiar(name, taken) or _hue(position / len(names)))
    return taken


def line_colour(colour: str) -> str:
    """Return a colour, #rrggbb, dark enough for a line on white: light ones keep their hue."""
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    return colour if light <= 0.4 else _hexadecimal(colorsys.hls_to_rgb(hue, 0.36, saturation))


def _familiar(name: str, taken: Sequence[str]) -> str:
    # Words between single spaces, so that "grapes" is no rape and "buckwheat" no wheat.
    words = " ".join(["", *re.findall(r"[^\W_]+", name.casefold()), ""])
    for keys, colour in _FAMILIAR:
        if colour not in taken and any(f" {key}" in words for key in keys):
            return colour
    return ""


def _hue(turn: float) -> str:
    return _hexadecimal(colorsys.hls_to_rgb(turn, 0.5, 0.65))


def _hexadecimal(shares: tuple[float, float, float]) -> str:
    red, green, blue = (round(share * 255) for share in shares)
    return f"#{red:02x}{green:02x}{blue:02x}"
