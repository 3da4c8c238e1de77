"""The legend of the United States' Cropland Data Layer (CDL)."""

from __future__ import annotations

from functools import cache

from cropmap.contract.cdl import CDL
from cropmap.data.legend import Legend, LegendClass


@cache
def cdl_legend() -> Legend:
    """Return the CDL's legend, all 134 classes.

    The CDL calls two codes "Shrubland" (64, 152) and two "Barren" (65, 131). A legend names each class once, so the
    older code stands behind its name: "Shrubland (64)", "Barren (65)".
    """
    newest = {found.name: found.code for found in CDL}
    classes = [
        LegendClass(
            found.code,
            found.name if newest[found.name] == found.code else f"{found.name} ({found.code})",
            found.colour,
        )
        for found in CDL
    ]
    return Legend(tuple(classes))
