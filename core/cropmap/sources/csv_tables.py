"""Which text tables of a folder are read, and what their users may say of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cropmap.contract.errors import SampleError
from cropmap.contract.params import param
from cropmap.io.label_table import SUFFIXES
from cropmap.sources.csv_dates import rule_of
from cropmap.sources.csv_series import CsvOptions


@dataclass(frozen=True, kw_only=True)
class CsvParams:
    """Where tables of series are, and what their columns mean."""

    folder: str = param(kind="folder", help="Folder of the CSV tables.")
    files: list[str] = param(
        [], kind="texts", help="Names or patterns of the tables to take, e.g. AR_*.csv; all of the folder where empty."
    )
    class_field: str = param("", help="Column of the class; found by itself where its name is obvious.")
    dates: str = param(
        "",
        help='What dates without a year mean: "2021" for 05-12; for numbers such as T01 "dekads of 2021", "months of '
        '2021", "every 16 days from 2021-01-01", or the dates in order.',
    )
    bands: list[str] = param([], kind="texts", help="Names of the bands; those known as bands where empty.")
    id_field: str = param(
        "", help="Column that identifies the points; found by itself where its name is obvious.", advanced=True
    )
    scale: float = param(1.0, help="Stored numbers are multiplied by this; 0.0001 for integer reflectance.", low=1e-12)
    nodata: list[float] = param([], kind="numbers", help="Stored numbers that stand for no value, e.g. -9999.")
    scales: dict[str, float] = param(
        {}, kind="table", help="Bands that are scaled in another way, e.g. NDVI by 1.", advanced=True
    )


def options_of(params: CsvParams) -> CsvOptions:
    """Return how the tables are read.

    Raises:
        SampleError: The dates are not understood.
    """
    return CsvOptions(
        class_field=params.class_field,
        id_field=params.id_field,
        bands=tuple(params.bands),
        dates=rule_of(params.dates),
        scale=params.scale,
        scales=params.scales,
        nodata=tuple(params.nodata),
    )


def tables_in(params: CsvParams) -> list[Path]:
    """Return the tables to read, by name.

    Raises:
        SampleError: There is none, or a name that fits none.
    """
    folder = Path(params.folder)
    if not folder.is_dir():
        raise SampleError("There is no such folder.", where=str(folder), fix="Give the folder of the CSV tables.")
    found: set[Path] = set()
    for pattern in params.files or ["*"]:
        own = {path for path in _matching(folder, pattern) if path.is_file()}
        if params.files and not own:
            raise SampleError(f"No file fits {pattern!r}.", where=str(folder), fix="Give names, or patterns with *.")
        found |= own if params.files else {path for path in own if path.suffix.casefold() in SUFFIXES}
    if not found:
        raise SampleError("The folder holds no CSV table.", where=str(folder), fix="Choose another folder.")
    return sorted(found)


def _matching(folder: Path, pattern: str) -> set[Path]:
    try:
        return set(folder.glob(pattern))
    except (ValueError, NotImplementedError) as error:
        what = f"{pattern!r} is no name in the folder."
        raise SampleError(what, where=str(folder), fix="Give names, or patterns with *.") from error
