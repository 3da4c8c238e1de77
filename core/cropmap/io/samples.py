"""Sample sets on disk: one .npz to go on with, one GeoPackage to look at."""

from __future__ import annotations

import contextlib
import json
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pyogrio.errors
import shapely

from cropmap.contract.errors import CropMapError, OutputError, SampleError
from cropmap.data.legend import legend_of
from cropmap.data.recipe import recipe_of
from cropmap.data.samples import SampleSet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

FORMAT = "cropmap samples"
VERSION = 1
HEADER_BYTES = 16 << 20
MAX_BYTES = 32 << 30

_TEXT_CHARACTERS = 1024  # of an id or a group
_DATE_OPTION = "OGR_CURRENT_DATE"


def write_samples(path: str | Path, samples: SampleSet) -> None:
    """Write samples to an .npz: a JSON header, and one array each of values, codes, ids, x, y, groups, days.

    The file appears whole or not at all, and is the same to the byte for the same samples.

    Raises:
        OutputError: It cannot be written.
    """
    target = Path(path)
    header = {
        "format": FORMAT,
        "version": VERSION,
        "samples": len(samples),
        "steps": len(samples.days),
        "bands": list(samples.bands),
        "legend": samples.legend.to_list(),
        "recipe": samples.recipe.to_dict(),
        "crs": samples.crs,
        "masked": samples.masked,
    }
    text = json.dumps(header, ensure_ascii=False).encode("utf-8")
    arrays = {
        "header": np.frombuffer(text, dtype=np.uint8),
        "values": np.ascontiguousarray(samples.values, dtype=np.float32),
        "codes": samples.codes.astype(np.uint8),
        "ids": samples.ids.astype(np.str_),
        "x": samples.x.astype(np.float64),
        "y": samples.y.astype(np.float64),
        "groups": samples.groups.astype(np.str_),
        "days": samples.days.astype(np.int32),
    }
    with _replacing(target) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)  # type: ignore[arg-type] # NumPy's stub takes names for flags


def read_samples(path: str | Path) -> SampleSet:
    """Read samples that `write_samples` wrote; sizes and kinds are checked first, and no pickle is opened.

    Raises:
        SampleError: Not such a file, a newer version, a damaged one, or contents that contradict each other.
    """
    source = Path(path)
    try:
        with zipfile.ZipFile(source) as archive:
            header = _header(archive, str(path))
            arrays = {name: _array(archive, name, *wanted) for name, wanted in _expected(header).items()}
        return SampleSet(
            **arrays,
            bands=tuple(str(band) for band in header["bands"]),
            legend=legend_of(header["legend"]),
            recipe=recipe_of(header["recipe"]),
            crs=str(header["crs"]),
            masked=bool(header["masked"]),
        )
    except CropMapError as error:
        raise SampleError(error.what, where=error.where or str(path), fix=error.fix) from error
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise SampleError(
            f"The file is no sample file, or is damaged: {error}.", where=str(path), fix="Extract the samples again."
        ) from error


def write_sample_layer(path: str | Path, samples: SampleSet, fold: NDArray[np.int8] | None = None) -> None:
    """Write the samples as a point layer (GeoPackage) for QGIS, with id, class, name, colour, group and fold.

    The file is the same to the byte for the same samples and the same GDAL.

    Args:
        path: File to write; one that exists is replaced.
        samples: The samples.
        fold: Fold of each sample, (sample,), from 0; negative or None where it has none. The layer counts folds from 1,
            as people do; 0 stands for none.

    Raises:
        OutputError: It cannot be written.
    """
    classes = {found.code: found for found in samples.legend.classes}
    codes = samples.codes.tolist()
    columns = {
        "id": np.array(samples.ids.tolist(), dtype=object),
        "class": samples.codes.astype(np.int32),
        "name": np.array([classes[code].name for code in codes], dtype=object),
        "colour": np.array([classes[code].colour for code in codes], dtype=object),
        "group": np.array(samples.groups.tolist(), dtype=object),
        "fold": np.zeros(len(codes), np.int32) if fold is None else fold.astype(np.int32) + 1,
    }
    # The identifier of a feature in a GeoPackage is "fid"; "id" stays the sample's own.
    with _replacing(Path(path), ".gpkg") as temporary, _fixed_date(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided", category=UserWarning)
        pyogrio.raw.write(
            str(temporary),
            geometry=shapely.to_wkb(shapely.points(samples.x, samples.y)),
            field_data=list(columns.values()),
            fields=list(columns),
            layer="samples",
            driver="GPKG",
            geometry_type="Point",
            crs=samples.crs or None,
            dataset_options={"VERSION": "1.2"},  # what QGIS 3.22 knows in full
        )


@contextlib.contextmanager
def _fixed_date() -> Iterator[None]:
    """Keep GDAL from writing the time of day into a GeoPackage (gpkg_contents.last_change)."""
    before = pyogrio.get_gdal_config_option(_DATE_OPTION)
    pyogrio.set_gdal_config_options({_DATE_OPTION: "1970-01-01T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({_DATE_OPTION: before})


@contextlib.contextmanager
def _replacing(target: Path, suffix: str = "") -> Iterator[Path]:
    """Give a temporary path beside the target; put it in the target's place if all went well."""
    temporary = target.with_name(f".{target.name}.part{suffix}")
    try:
        yield temporary
        temporary.replace(target)
    except (OSError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise OutputError(
            f"The file cannot be written: {getattr(error, 'strerror', None) or error}.",
            where=str(target),
            fix="Check the folder, the free space, and that no program holds the file open.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _header(archive: zipfile.ZipFile, where: str) -> Mapping[str, Any]:
    if archive.getinfo("header.npy").file_size > HEADER_BYTES:
        raise SampleError("The header is larger than 16 MB.", where=where, fix="Extract the samples again.")
    with archive.open("header.npy") as stream:
        content = np.lib.format.read_array(stream, allow_pickle=False)
    header = json.loads(content.tobytes())
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise SampleError("The file is no sample file of cropmap.", where=where, fix="Extract the samples.")
    if header.get("version") != VERSION:
        raise SampleError(
            f"The sample file has version {header.get('version')!r}; this cropmap reads {VERSION}.",
            where=where,
            fix="Use the cropmap that wrote it, or extract the samples again.",
        )
    return header


def _expected(header: Mapping[str, Any]) -> dict[str, tuple[str, tuple[int, ...]]]:
    count, steps, bands = int(header["samples"]), int(header["steps"]), len(header["bands"])
    if min(count, steps, bands) < 1 or count * steps * bands * 4 > MAX_BYTES:
        raise SampleError(f"The header declares {count} samples, {steps} steps and {bands} bands.")
    return {
        "values": ("<f4", (count, steps, bands)),
        "codes": ("|u1", (count,)),
        "ids": ("<U", (count,)),
        "x": ("<f8", (count,)),
        "y": ("<f8", (count,)),
        "groups": ("<U", (count,)),
        "days": ("<i4", (steps,)),
    }


def _array(archive: zipfile.ZipFile, name: str, kind: str, shape: tuple[int, ...]) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as stream:
        found, dtype = _declared(stream)
    wanted = dtype.kind == "U" and dtype.itemsize <= 4 * _TEXT_CHARACTERS if kind == "<U" else dtype.str == kind
    if found != shape or not wanted:
        raise SampleError(
            f"Array {name} is {dtype.str} {found}, not {kind} {shape} as the header says.",
            fix="The file was changed or damaged: extract the samples again.",
        )
    with archive.open(f"{name}.npy") as stream:
        return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))


def _declared(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    return shape, dtype
