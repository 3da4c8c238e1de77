"""The spectral indices of both papers, as data, and the feature sets made of them."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

from cropmap.data.bands import ROLES

# The ten bands of Antonijević et al. 2023 in their sheet's terms: B2 B3 B4 B5 B6 B7 B8 B8A B11 B12.
PAPER_BANDS = tuple(role for role in ROLES if role != "coastal")
LONG_BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")

_TERM = re.compile(r"([+-]?) *(\d+(?:\.\d+)?)? *([a-z]\w*)?")


@dataclass(frozen=True)
class Formula:
    """A spectral index: times * top / bottom + offset, cut to a range.

    Args:
        name: What the feature is called.
        top: Weighted sum of roles, such as "2.5 nir - 2.5 red".
        bottom: Weighted sum of roles and a number, such as "nir + red + 0.5".
        times: Role that the ratio is multiplied by, because the published formula divides by its reciprocal.
        offset: Added to the ratio.
        clip: Lowest and highest value; those beyond become it.

    Reflectances are 0..1. Where the bottom, or `times`, is closer to 0 than 1e-6, there is no value.
    """

    name: str
    top: str
    bottom: str
    times: str = ""
    offset: float = 0.0
    clip: tuple[float, float] = (-10.0, 10.0)

    @property
    def roles(self) -> frozenset[str]:
        """Bands that the index needs."""
        return frozenset({*weights(self.top), *weights(self.bottom), self.times} - {""})


def weights(text: str) -> dict[str, float]:
    """Return the factor of each role in a weighted sum; that of the number alone has the key ""."""
    found = {}
    for sign, number, role in _TERM.findall(text):
        if number or role:
            found[role] = float(f"{sign}{number or 1}")
    return found


def _contrast(name: str, one: str, other: str) -> Formula:
    """Return the normalised difference (one - other) / (one + other)."""
    return Formula(name, f"{one} - {other}", f"{one} + {other}")


# The 38 rows of the index sheet of Antonijević et al. 2023 (J Big Data 10:54), in its order.
SHEET = (
    _contrast("NDVI", "nir", "red"),
    _contrast("NGRDI", "green", "red"),
    _contrast("GNDVI", "nir", "green"),
    _contrast("NDRE", "nir", "rededge1"),
    _contrast("RENDVI", "nir", "rededge2"),
    Formula("IRECI", "rededge3 - red", "rededge1", times="rededge2"),
    Formula("EVI", "2.5 nir - 2.5 red", "nir + 6 red - 7.5 blue + 1"),
    Formula("SAVI", "1.5 nir - 1.5 red", "nir + red + 0.5"),
    _contrast("NDSVI", "swir1", "red"),
    _contrast("NDRI", "red", "swir2"),
    _contrast("LSWI", "nir_narrow", "swir1"),
    _contrast("NDWI", "green", "nir"),
    _contrast("MNDWI", "green", "swir1"),
    Formula("PSRI", "red - blue", "rededge2"),
    Formula("BSI", "swir1 + red - nir - blue", "swir1 + red + nir + blue"),
    Formula("MBI", "swir1 - swir2 - nir_narrow", "swir1 + swir2 + nir_narrow", offset=0.5),
    _contrast("NDSI2", "swir2", "green"),
    _contrast("CRC1", "swir1", "blue"),
    _contrast("CRC2", "swir1", "red"),
    _contrast("NDI", "nir", "swir1"),
    _contrast("NDI2", "nir", "swir2"),
    _contrast("NDBI", "swir1", "nir"),
    Formula("STI", "swir1", "swir2"),
    _contrast("NDTI", "swir1", "swir2"),
    _contrast("VRESTI", "rededge3", "swir2"),
    _contrast("NITI", "nir_narrow", "swir2"),
    _contrast("VRETI", "rededge2", "swir2"),
    _contrast("NDCI", "rededge1", "red"),
    Formula("CIG", "rededge3", "green", offset=-1),
    Formula("ClRE", "nir_narrow", "rededge1", offset=-1),
    Formula("BI1", "50 blue + 50 swir2 - 100 red", "1", clip=(-100.0, 100.0)),
    Formula("BI2", "blue - red", "blue - swir2"),
    Formula("BI3", "swir2 - red", "swir2 + swir1"),
    _contrast("EOMI1", "swir1", "nir_narrow"),
    _contrast("EOMI2", "swir2", "red"),
    Formula("EOMI3", "swir1 - nir_narrow + swir2 - red", "swir1 + nir_narrow + swir2 + red"),
    _contrast("EOMI4", "swir1", "red"),
    _contrast("SeLI", "nir_narrow", "rededge1"),
)
_OF_SHEET = {formula.name: formula for formula in SHEET}


def _cut(formula: Formula, low: float, high: float) -> Formula:
    return dataclasses.replace(formula, clip=(low, high))


# The six of Long et al. 2026, in their order; three have a name of our own, since the sheet gives theirs to others.
LONG = (
    _cut(_OF_SHEET["NDVI"], -1, 1),
    _cut(_OF_SHEET["EVI"], -1, 10),
    _cut(_contrast("LSWI_NIR", "nir", "swir1"), -1, 1),  # there LSWI; the sheet's takes the narrow infrared
    _cut(_contrast("NDWI_RED_SWIR1", "red", "swir1"), -1, 1),  # there NDWI; the sheet's is of green and infrared
    _cut(_contrast("NDTI_TURBIDITY", "red", "green"), -1, 1),  # there NDTI; the sheet's is of both SWIR (tillage)
    Formula("GCVI", "nir", "green", offset=-1, clip=(-1.0, 10.0)),
)
FORMULAS = {formula.name: formula for formula in (*LONG, *SHEET)}  # by name; the sheet's clips where both have one

NOT_IN_PAPER38 = frozenset({"IRECI", "PSRI", "STI", "CIG", "ClRE", "BI1", "BI2", "BI3", "CRC2", "SeLI"})
# Equal to one further up the sheet, or to its negative: NDSVI twice, then GNDVI, NDI, LSWI and NDRI.
REPEATED = frozenset({"CRC2", "EOMI4", "NDWI", "NDBI", "EOMI1", "EOMI2"})


@dataclass(frozen=True)
class FeatureSet:
    """Bands, by role, and the indices that follow them."""

    roles: tuple[str, ...]
    formulas: tuple[Formula, ...]


FEATURE_SETS = {
    "bands": FeatureSet(PAPER_BANDS, ()),
    "paper38": FeatureSet(PAPER_BANDS, tuple(each for each in SHEET if each.name not in NOT_IN_PAPER38)),
    "full48": FeatureSet(PAPER_BANDS, SHEET),
    "unique42": FeatureSet(PAPER_BANDS, tuple(each for each in SHEET if each.name not in REPEATED)),
    "long6": FeatureSet(LONG_BANDS, LONG),
}
