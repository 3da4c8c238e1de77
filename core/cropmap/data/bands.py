"""Which band plays which role: where red, near infrared and the others stand among a series' bands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cropmap.contract.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

# By wavelength; `nir` is the broad band (Sentinel-2 B8) or the only one, `nir_narrow` one at 865 nm beside it (B8A).
ROLES = (
    "coastal",
    "blue",
    "green",
    "red",
    "rededge1",
    "rededge2",
    "rededge3",
    "nir",
    "nir_narrow",
    "swir1",
    "swir2",
)

# As `spelled` writes them; a role's own name goes before all others.
_OWN = {role.replace("_", ""): role for role in ROLES}
_SPELLINGS = {
    # STAC common names; those that differ from the roles
    "rededge071": "rededge1",
    "rededge075": "rededge2",
    "rededge078": "rededge3",
    "swir16": "swir1",
    "swir22": "swir2",
    # Digital Earth Australia; its nbart_swir_2 is another band with Landsat than with Sentinel-2, and left out
    **{f"nbart{role}": role for role in ("blue", "green", "red", "nir")},
    **{f"nbartrededge{number}": f"rededge{number}" for number in (1, 2, 3)},
    "nbartcoastalaerosol": "coastal",
    "nbartnir1": "nir",
    "nbartnir2": "nir_narrow",
    "nir1": "nir",
    # MODIS surface reflectance; band 5, at 1.24 micrometres, plays no role
    "surreflb01": "red",
    "surreflb02": "nir",
    "surreflb03": "blue",
    "surreflb04": "green",
    "surreflb06": "swir1",
    "surreflb07": "swir2",
}

_SENTINEL_2 = {
    "1": "coastal",
    "2": "blue",
    "3": "green",
    "4": "red",
    "5": "rededge1",
    "6": "rededge2",
    "7": "rededge3",
    "8": "nir",
    "8a": "nir_narrow",
    "11": "swir1",
    "12": "swir2",
}
_LANDSAT_8 = {"1": "coastal", "2": "blue", "3": "green", "4": "red", "5": "nir", "6": "swir1", "7": "swir2"}
_LANDSAT_4 = {"1": "blue", "2": "green", "3": "red", "4": "nir", "5": "swir1", "7": "swir2"}
_CBERS_4 = {"13": "blue", "14": "green", "15": "red", "16": "nir"}  # its wide field imager

_PLAIN = re.compile(r"b(?:and)?0?(\d{1,2}|8a)(?:[126]0m)?")  # B4, B04, B8A, B04_10m, BAND15
_SURFACE = re.compile(r"srb(\d)")  # SR_B4 of Landsat Collection 2


def roles_of(bands: Sequence[str], given: Iterable[str] = ()) -> dict[str, int]:
    """Find which bands play which roles.

    Args:
        bands: Band names of a series, in order.
        given: Roles said outright, "red=B4" each; they win over what the names tell.

    Returns:
        Role to position among the bands, in the order of `ROLES`. Known are, without regard to case: the roles' own
        names, STAC common names (rededge071, nir08, swir16, ...), Sentinel-2 (B2 or B02 ... B8A, B11, B12), Landsat
        Collection 2 (SR_B2 ...), HLS, MODIS (sur_refl_b01 ...), CBERS-4 (BAND13 ...), Digital Earth Australia
        (nbart_red ...). Numbers mean other bands on other sensors: names that the whole set does not make plain (B4 and
        B5 alone) are left out, and so is what plays no role.

    Raises:
        RecipeError: A given text that is no "role=band" of these roles and bands, or a role given twice.
    """
    names = [spelled(band) for band in bands]
    found: dict[str, int] = {}
    for spelling in (_OWN, _SPELLINGS, _single_infrared(names), _numbered(names)):
        for place, name in enumerate(names):
            if name in spelling:
                found.setdefault(spelling[name], place)
    found.update(_given(bands, given))
    return {role: found[role] for role in ROLES if role in found}


def positions(bands: Sequence[str], roles: Iterable[str], given: Iterable[str] = ()) -> tuple[int, ...]:
    """Return where the bands of these roles stand, in the order of the roles.

    Args:
        bands: Band names of a series, in order.
        roles: Of `ROLES`.
        given: Roles said outright, as for `roles_of`.

    Raises:
        RecipeError: A role that no band is known to play, or a wrong given text.
    """
    wanted, found = tuple(roles), roles_of(bands, given)
    missing = [role for role in wanted if role not in found]
    if missing:
        raise RecipeError(
            f"No band is known to be {', '.join(missing)}.", where=f"bands: {', '.join(bands)}", fix=how_to_say(missing)
        )
    return tuple(found[role] for role in wanted)


def spelled(name: str) -> str:
    """Return a band's name as names are compared: in lower case, without blanks, "_" and "-"."""
    return re.sub(r"[\s_-]", "", name.lower())


def how_to_say(missing: Collection[str]) -> str:
    """Return the advice that names the roles to be said."""
    example = next(iter(missing), "red")
    return f'Say which band it is by roles: "{example}=NAME" with NAME one of the bands (so "red=B4"), or add the band.'


def _given(bands: Sequence[str], texts: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in texts:
        role, equals, band = (part.strip() for part in text.partition("="))
        place = _place(bands, band)
        if not equals or role not in ROLES or place is None or role in found:
            raise RecipeError(
                f"{text!r} does not say which band plays a role{' a second time' if role in found else ''}.",
                where=f"roles; bands: {', '.join(bands)}",
                fix=f'Write each role once, as "red=B4". Roles: {", ".join(ROLES)}.',
            )
        found[role] = place
    return found


def _place(bands: Sequence[str], name: str) -> int | None:
    """Return the place of the band of that name, or of the only one that differs from it in case alone."""
    if name in bands:
        return bands.index(name)
    alike = [place for place, band in enumerate(bands) if band.lower() == name.lower()]
    return alike[0] if len(alike) == 1 else None


def _single_infrared(names: Collection[str]) -> Mapping[str, str]:
    """Return what nir08 is: the narrow band where others of Sentinel-2 stand beside it, else the only near infrared."""
    beside = any(name == "nir" or name.startswith("rededge") for name in names)
    return {"nir08": "nir_narrow" if beside else "nir"}


def _numbered(names: Sequence[str]) -> Mapping[str, str]:
    """Return the role of each numbered name, by what the whole set of numbers can be."""
    plain = {name: match[1] for name in names if (match := _PLAIN.fullmatch(name))}
    surface = {name: match[1] for name in names if (match := _SURFACE.fullmatch(name))}
    found = {}
    for numbers, roles in (
        (plain, _plain_sensor(set(plain.values()))),
        (surface, _surface_sensor(set(surface.values()), names)),
    ):
        found.update({name: roles[number] for name, number in numbers.items() if number in roles})
    return found


def _plain_sensor(numbers: set[str]) -> Mapping[str, str]:
    """Return the roles of numbers such as B4; none where more than one sensor may be meant."""
    if numbers == {str(number + 1) for number in range(len(numbers))}:
        return {}  # B1, B2, ... Bn without a gap may number anything
    if {"15", "16"} <= numbers <= set(_CBERS_4):
        return _CBERS_4
    if {"10", "11"} <= numbers and not numbers & {"12", "8a"}:
        return _LANDSAT_8  # two thermal bands: Landsat 8/9, HLS L30
    if numbers & {"8a", "11", "12"} or ("8" in numbers and not numbers & {"5", "6", "7"}):
        return _SENTINEL_2  # nobody keeps Landsat's panchromatic B8 and leaves its infrared out
    return {}


def _surface_sensor(numbers: set[str], names: Collection[str]) -> Mapping[str, str]:
    """Return the roles of numbers such as SR_B4: Landsat 8/9 has SR_B6, Landsat 4-7 the six without it."""
    if "6" in numbers or not {"stb10", "srqaaerosol"}.isdisjoint(names):
        return _LANDSAT_8
    if numbers == set(_LANDSAT_4) or not {"stb6", "sratmosopacity", "srcloudqa"}.isdisjoint(names):
        return _LANDSAT_4
    return {}
