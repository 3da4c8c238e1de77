"""Model packages on disk: one zip file that holds manifest.json and weights.safetensors, and nothing else.

Nothing in it can run: numbers and plain text only. The same package gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import math
import re
import sys
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from cropmap.contract.errors import LegendError, ModelError, PackageError, RecipeError
from cropmap.data.applicability import INPUTS, Applicability
from cropmap.data.calendar import check_shift
from cropmap.data.legend import legend_of
from cropmap.data.package import ModelPackage, Scaling, mask_position
from cropmap.data.probabilities import check_class_weights
from cropmap.data.recipe import recipe_of
from cropmap.io.files import atomic_write_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

FORMAT = 1
MANIFEST, WEIGHTS = "manifest.json", "weights.safetensors"

_MANIFEST_LIMIT = 16 * 2**20  # a record with thousands of epochs takes less than 1 MiB
_WEIGHTS_LIMIT = 8 * 2**30
# Weights and trees shrink by less than 20 times; a zip bomb by about 1,000.
_RATIO_LIMIT, _RATIO_FREE = 200, 2**20
_MODEL, _SCALING, _AREA = "model.", "scaling.", "applicability."
_AREA_ARRAYS = ("centre", "factors", "reference")
_AREA_NUMBERS = ("mean_distance", "threshold", "beyond")
_KEYS = {
    "model": str,
    "params": dict,
    "recipe": dict,
    "days": list,
    "bands": list,
    "legend": list,
    "fingerprint": str,
    "record": dict,
    "weights": dict,
}
_DAMAGED = "Copy the package again from where it was trained, or train the model again."
_UNSAFE = "Use only packages that cropmap wrote and that come from someone you trust."


def write_package(path: Path | str, package: ModelPackage) -> Path:
    """Write a package; the file appears whole or not at all.

    Args:
        path: The file, by custom *.cropmap; replaced if it exists.
        package: What to write; its parameters and record hold plain JSON values.

    Returns:
        The path.

    Raises:
        PackageError: The parameters or the record hold something that JSON cannot.
        OutputError: The folder cannot be written to.
    """
    weights = safetensors.numpy.save(_tensors(package))
    content = _zipped({MANIFEST: _manifest(package, weights), WEIGHTS: weights})
    atomic_write_bytes(Path(path), content)
    return Path(path)


def read_package(path: Path | str) -> ModelPackage:
    """Read a package after checking every part of it.

    Raises:
        PackageError: The file is missing, damaged, unsafe, of another format version, or contradicts itself.
    """
    where = str(path)
    members = _members(Path(path), where)
    manifest = _parsed(members[MANIFEST], where)
    _check_weights(members[WEIGHTS], manifest["weights"], where)
    return _package(manifest, _arrays(members[WEIGHTS], where), where)


# ---------------------------------------------------------------- writing


def _tensors(package: ModelPackage) -> dict[str, NDArray[np.generic]]:
    # Not ascontiguousarray: it gives a single number, such as a count of batches, a dimension.
    tensors = {_MODEL + name: np.asarray(array, order="C") for name, array in package.arrays.items()}
    tensors[_SCALING + "mean"] = np.ascontiguousarray(package.scaling.mean, np.float32)
    tensors[_SCALING + "deviation"] = np.ascontiguousarray(package.scaling.deviation, np.float32)
    if package.applicability is not None:
        for name in _AREA_ARRAYS:
            tensors[_AREA + name] = np.ascontiguousarray(getattr(package.applicability, name), np.float32)
    return tensors


def _manifest(package: ModelPackage, weights: bytes) -> bytes:
    fields = {
        "cropmap_package": FORMAT,
        "model": package.model,
        "params": dict(package.params),
        "recipe": package.recipe.to_dict(),
        "days": package.days.tolist(),
        "bands": list(package.bands),
        "legend": package.legend.to_list(),
        "fingerprint": package.fingerprint,
        "record": dict(package.record),
        "temperature": package.temperature,
        "class_weights": list(package.class_weights),
        "shift_days": package.shift_days,
        "applicability": _area_fields(package.applicability),
        "weights": {"sha256": hashlib.sha256(weights).hexdigest(), "bytes": len(weights)},
    }
    try:
        text = json.dumps(fields, indent=1, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise PackageError(
            f"The package's parameters or record cannot be written as JSON: {error}.",
            fix="Put plain texts, finite numbers, lists and tables into them.",
        ) from error
    return text.encode()


def _area_fields(area: Applicability | None) -> dict[str, Any] | None:
    return (
        None if area is None else {"space": area.space, **{name: float(getattr(area, name)) for name in _AREA_NUMBERS}}
    )


def _zipped(members: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            # A fixed date, system and mode: the same package gives the same bytes everywhere.
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED, compresslevel=6)
    return target.getvalue()


# ---------------------------------------------------------------- reading


def _members(path: Path, where: str) -> dict[str, bytes]:
    """Return the two members' bytes; nothing is ever unpacked to the disk."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive.infolist(), where)
            return {name: archive.read(name) for name in (MANIFEST, WEIGHTS)}
    except FileNotFoundError as error:
        raise PackageError("There is no such model package.", where=where, fix="Choose an existing file.") from error
    except zipfile.BadZipFile as error:
        raise PackageError(f"The model package is not a whole zip file: {error}.", where=where, fix=_DAMAGED) from error
    except (OSError, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise PackageError(f"The model package cannot be read: {error}.", where=where, fix=_DAMAGED) from error


def _check_members(infos: list[zipfile.ZipInfo], where: str) -> None:
    for info in infos:
        if _leads_outside(info.orig_filename):
            raise PackageError(
                f"The package holds a member that leads outside it: {info.orig_filename!r}.", where=where, fix=_UNSAFE
            )
    names = sorted(info.orig_filename for info in infos)
    if names != [MANIFEST, WEIGHTS]:
        held = ", ".join(names[:5]) or "nothing"
        raise PackageError(
            f"A package holds {MANIFEST} and {WEIGHTS}, once each; this file holds {held}.",
            where=where,
            fix="Choose a file that cropmap wrote.",
        )
    for info in infos:
        _check_size(info, where)


def _leads_outside(name: str) -> bool:
    return "\\" in name or "\0" in name or name.startswith("/") or ":" in name or ".." in name.split("/")


def _check_size(info: zipfile.ZipInfo, where: str) -> None:
    limit = _MANIFEST_LIMIT if info.filename == MANIFEST else _WEIGHTS_LIMIT
    allowed = min(limit, max(_RATIO_FREE, _RATIO_LIMIT * info.compress_size))
    if info.file_size > allowed:
        raise PackageError(
            f"{info.filename} would unpack to {info.file_size} bytes, more than the {allowed} allowed.",
            where=where,
            fix=_UNSAFE,
        )


def _parsed(content: bytes, where: str) -> dict[str, Any]:
    try:
        fields = json.loads(content.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise PackageError(f"{MANIFEST} is not JSON: {error}.", where=where, fix=_DAMAGED) from error
    if not isinstance(fields, dict) or "cropmap_package" not in fields:
        raise PackageError(f"{MANIFEST} is not that of a model package.", where=where, fix=_DAMAGED)
    _check_format(fields["cropmap_package"], where)
    wrong = [key for key, kind in _KEYS.items() if not isinstance(fields.get(key), kind)]
    if wrong:
        raise PackageError(f"{MANIFEST} lacks a valid {', '.join(wrong)}.", where=where, fix=_DAMAGED)
    return fields


def _refuse_constant(text: str) -> NoReturn:
    message = f"{text} is no number"
    raise ValueError(message)


def _check_format(found: Any, where: str) -> None:
    if found == FORMAT and not isinstance(found, bool):
        return
    newer = isinstance(found, int) and found > FORMAT
    raise PackageError(
        f"The package has format {found!r}; this version of cropmap reads {FORMAT}.",
        where=where,
        fix="Update cropmap." if newer else "Train the model again with this version.",
    )


def _check_weights(weights: bytes, declared: Mapping[str, Any], where: str) -> None:
    if declared.get("bytes") != len(weights) or declared.get("sha256") != hashlib.sha256(weights).hexdigest():
        raise PackageError(
            f"{WEIGHTS} is not what {MANIFEST} says: its size or SHA-256 differs.", where=where, fix=_DAMAGED
        )


def _arrays(weights: bytes, where: str) -> dict[str, NDArray[np.generic]]:
    try:
        arrays: dict[str, NDArray[np.generic]] = safetensors.numpy.load(weights)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise PackageError(f"{WEIGHTS} is not a safetensors file: {error}.", where=where, fix=_DAMAGED) from error
    for name, array in arrays.items():
        if not name.startswith((_MODEL, _SCALING, _AREA)):
            raise PackageError(f"{WEIGHTS} holds an unknown array: {name!r}.", where=where, fix=_DAMAGED)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise PackageError(f"Array {name} holds numbers that are not finite.", where=where, fix=_DAMAGED)
    return arrays


def _package(manifest: Mapping[str, Any], arrays: Mapping[str, NDArray[np.generic]], where: str) -> ModelPackage:
    bands = tuple(manifest["bands"])
    if not bands or not all(isinstance(band, str) and band for band in bands) or len(set(bands)) != len(bands):
        raise PackageError(f"The bands {bands} are not distinct names.", where=where, fix=_DAMAGED)
    if not re.fullmatch(r"[0-9a-f]{64}", manifest["fingerprint"]):
        raise PackageError("The fingerprint is not a SHA-256.", where=where, fix=_DAMAGED)
    try:
        legend, recipe = legend_of(manifest["legend"]), recipe_of(manifest["recipe"])
    except (LegendError, RecipeError) as error:
        raise PackageError(error.what, where=where, fix=_DAMAGED) from error
    return ModelPackage(
        model=manifest["model"],
        params=manifest["params"],
        arrays={name[len(_MODEL) :]: array for name, array in arrays.items() if name.startswith(_MODEL)},
        recipe=recipe,
        days=_days(manifest["days"], where),
        bands=bands,
        legend=legend,
        scaling=_scaling(arrays, len(manifest["days"]), bands, where),
        fingerprint=manifest["fingerprint"],
        record=manifest["record"],
        temperature=_temperature(manifest.get("temperature", 1.0), where),
        class_weights=_class_weights(manifest.get("class_weights", []), len(legend), where),
        shift_days=_shift_days(manifest.get("shift_days", 0.0), where),
        applicability=_fitting(
            _area(manifest.get("applicability"), arrays, where), len(manifest["days"]) * len(bands), where
        ),
    )


def _temperature(found: Any, where: str) -> float:
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 < found <= sys.float_info.max:
        raise PackageError(f"The temperature {found!r} is no number above 0.", where=where, fix=_DAMAGED)
    return float(found)


def _class_weights(found: Any, classes: int, where: str) -> tuple[float, ...]:
    plain = isinstance(found, list) and all(type(weight) in (int, float) for weight in found)
    try:
        weights = tuple(map(float, found)) if plain else (-1.0,)
        if weights:
            check_class_weights(weights, classes)
    except (ModelError, OverflowError) as error:
        raise PackageError(f"The class weights {found!r} do not fit.", where=where, fix=_DAMAGED) from error
    return weights


def _shift_days(found: Any, where: str) -> float:
    try:
        shift = float(found) if type(found) in (int, float) else math.nan
        check_shift(shift)
    except (ModelError, OverflowError) as error:
        raise PackageError(f"Series cannot be moved by {found!r} days.", where=where, fix=_DAMAGED) from error
    return shift


def _area(found: Any, arrays: Mapping[str, NDArray[np.generic]], where: str) -> Applicability | None:
    held: dict[str, Any] = {name[len(_AREA) :]: array for name, array in arrays.items() if name.startswith(_AREA)}
    if found is None and not held:
        return None
    said = dict(found) if isinstance(found, dict) else {}
    numbers: list[Any] = [said.get(name) for name in _AREA_NUMBERS]
    if set(held) != set(_AREA_ARRAYS) or any(type(number) not in (int, float) for number in numbers):
        raise PackageError("The area of applicability is not whole.", where=where, fix=_DAMAGED)
    if any(array.dtype != np.float32 for array in held.values()):
        raise PackageError("The area of applicability is not in float32.", where=where, fix=_DAMAGED)
    try:
        return Applicability(
            space=str(said.get("space")),
            centre=held["centre"],
            factors=held["factors"],
            reference=held["reference"],
            mean_distance=float(numbers[0]),
            threshold=float(numbers[1]),
            beyond=float(numbers[2]),
        )
    except (ModelError, OverflowError) as error:
        raise PackageError(f"The area of applicability is damaged: {error}", where=where, fix=_DAMAGED) from error


def _fitting(area: Applicability | None, features: int, where: str) -> Applicability | None:
    if area is not None and area.space == INPUTS and len(area.centre) != features:
        raise PackageError(
            f"The area of applicability compares {len(area.centre)} numbers a series; the model is given {features}.",
            where=where,
            fix=_DAMAGED,
        )
    return area


def _days(found: list[Any], where: str) -> NDArray[np.int32]:
    whole = all(isinstance(day, int) and not isinstance(day, bool) and abs(day) < 10_000 for day in found)
    if not found or not whole or any(after <= before for before, after in itertools.pairwise(found)):
        raise PackageError("The days of the steps are not ascending whole numbers.", where=where, fix=_DAMAGED)
    return np.array(found, np.int32)


def _scaling(arrays: Mapping[str, NDArray[np.generic]], steps: int, bands: tuple[str, ...], where: str) -> Scaling:
    names = {name for name in arrays if name.startswith(_SCALING)}
    if names != {_SCALING + "mean", _SCALING + "deviation"}:
        raise PackageError("The scaling's mean or deviation is missing.", where=where, fix=_DAMAGED)
    mean, deviation = arrays[_SCALING + "mean"], arrays[_SCALING + "deviation"]
    if mean.shape != deviation.shape or mean.shape not in ((0,), (len(bands),), (steps, len(bands))):
        held = "steps and bands" if mean.ndim > 1 else "bands"
        raise PackageError(
            f"The scaling is for {' x '.join(map(str, mean.shape))} {held}; the model has {steps} steps of "
            f"{len(bands)} bands.",
            where=where,
            fix=_DAMAGED,
        )
    if mean.dtype != np.float32 or deviation.dtype != np.float32 or not (deviation.astype(np.float32) > 0).all():
        raise PackageError("The scaling's deviations are not above 0 in float32.", where=where, fix=_DAMAGED)
    mask = mask_position(bands) if mean.size else None
    return Scaling(mean.astype(np.float32), deviation.astype(np.float32), mask)
