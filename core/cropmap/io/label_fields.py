"""Which field holds the class, and how its values become class names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError

# Names that label files of the field use for the class, in lower case without blanks, dashes and underscores.
CLASS_NAMES = frozenset(
    {"label", "labels", "class", "classname", "classlabel", "crop", "cropname", "croptype", "cropclass", "category"}
    | {"landcover", "landuse", "lulc", "lc", "culture", "cultura", "kultura", "kultur", "cultivo", "usva"}
)
# Names of what several samples share, the likeliest and widest first; written in the same way.
GROUP_NAMES = (
    *("group", "groupid", "groupname", "fieldgroup", "samplegroup", "cluster", "clusterid"),
    *("farm", "farmid", "farmer", "farmerid", "holding", "holdingid", "block", "blockid"),
    *("parcel", "parcelid", "parcelno", "field", "fieldid", "fieldname", "fieldno", "plot", "plotid", "plotno"),
    *("polygon", "polygonid"),
)
NO_GROUP = "none"  # value of `LabelOptions.group_field` that leaves every feature alone
ID_NAMES = frozenset({"id", "sampleid", "featureid", "uid", "uuid", "pointid", "parcelid", "fieldid"})

# Texts that programs write for a missing value. "NA" and "None" can be crop codes and stay.
_NULLS = frozenset({"", "null", "nan", "<na>"})
_WHOLE_NUMBER = re.compile(r"([+-]?\d+)\.0+")


@dataclass(frozen=True)
class LabelOptions:
    """How a file of labels is read.

    Args:
        class_field: Field that holds the class; recognised where empty.
        id_field: Field that identifies each feature; recognised by its name or else the feature's number where empty.
        group_field: Field of what several features share (farm, field, campaign). Where empty it is recognised by its
            name (farm, parcel_id, ...), or else each feature stands alone, as it does with "none".
        layer: Layer of a file that has several.
        x_field: Column of a CSV that holds x, or WKT where `y_field` is empty; recognised where empty.
        y_field: Column of a CSV that holds y.
        crs: Coordinate reference system where the file names none; also overrides the file's own.
    """

    class_field: str = ""
    id_field: str = ""
    group_field: str = ""
    layer: str = ""
    x_field: str = ""
    y_field: str = ""
    crs: str = ""


@dataclass(frozen=True)
class Fields:
    """The fields of one file that are read; empty where there is none.

    Args:
        label: Holds the class.
        id: Identifies each feature.
        group: Holds what several features share.
        group_recognised: The group field was not named by the user.
    """

    label: str
    id: str
    group: str
    group_recognised: bool = False

    @property
    def names(self) -> list[str]:
        """The fields that there are, each once."""
        return list(dict.fromkeys(name for name in (self.label, self.id, self.group) if name))


@dataclass(frozen=True)
class LabelRows:
    """What a reader of one format hands on: geometries, the columns asked for, feature numbers, CRS as WKT."""

    geometries: NDArray[Any]
    columns: Mapping[str, Sequence[Any]]
    numbers: NDArray[np.int64]
    crs: str
    notes: tuple[str, ...] = ()


def choose_fields(names: Sequence[str], options: LabelOptions, where: str) -> Fields:
    """Find the class, id and group fields.

    Args:
        names: The file's fields.
        options: What the user named.
        where: The file, for messages.

    Raises:
        SampleError: A named field is not there, or no field is the one obvious class field.
    """
    label = _named(names, options.class_field, where) or _recognised_class(names, where)
    ids = _named(names, options.id_field, where)
    if not ids:
        ids = next((name for name in names if _plain(name) in ID_NAMES and name != label), "")
    if options.group_field.strip().casefold() == NO_GROUP:
        return Fields(label, ids, "")
    group = _named(names, options.group_field, where)
    return Fields(label, ids, group or _recognised_group(names, label), group_recognised=not group)


def _named(names: Sequence[str], wanted: str, where: str) -> str:
    if not wanted or wanted in names:
        return wanted
    alike = [name for name in names if name.casefold() == wanted.strip().casefold()]
    if len(alike) == 1:
        return alike[0]
    raise SampleError(f"There is no field {wanted!r}.", where=where, fix=f"Fields: {_listed(names)}.")


def _recognised_class(names: Sequence[str], where: str) -> str:
    found = [name for name in names if _plain(name) in CLASS_NAMES]
    if len(found) == 1:
        return found[0]
    what = (
        f"Several fields could hold the class: {_listed(found)}." if found else "No field is known to hold the class."
    )
    raise SampleError(what, where=where, fix=f"Name the class field; the file has: {_listed(names)}.")


def _recognised_group(names: Sequence[str], label: str) -> str:
    plain = {_plain(name): name for name in reversed(names) if name != label}
    return next((plain[name] for name in GROUP_NAMES if name in plain), "")


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name.casefold())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def texts_of(values: Iterable[Any]) -> list[str]:
    """Return each value as text: blanks around it stripped, Unicode NFC, 1.0 as "1", a missing value as ""."""
    return [_text_of(value) for value in values]


def _text_of(value: Any) -> str:
    if value is None or (isinstance(value, np.datetime64) and np.isnat(value)):
        return ""
    if isinstance(value, (float, np.floating)):
        return _number_text(float(value))
    text = unicodedata.normalize("NFC", str(value)).strip()
    if text.casefold() in _NULLS:
        return ""
    whole = _WHOLE_NUMBER.fullmatch(text)
    return whole.group(1) if whole else text


def _number_text(value: float) -> str:
    if not np.isfinite(value):
        return ""
    return str(int(value)) if value.is_integer() else repr(value)
