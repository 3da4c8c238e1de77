"""Which files of a folder are images, and what their names say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from cropmap.contract.errors import SourceError
from cropmap.sources.patterns import TEMPLATE_HELP, Named, Template, recognise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cropmap.sources.folder import FolderParams

# Formats that hold image series; a template may name any other that GDAL reads.
_EXTENSIONS = frozenset(
    f".{name}" for name in ("tif", "tiff", "jp2", "j2k", "vrt", "img", "nc", "nc4", "cdf", "h5", "he5", "hdf", "hdf5")
) | frozenset(f".{name}" for name in ("bil", "bsq", "bip", "dat", "asc", "kea"))


def files_in(params: FolderParams) -> tuple[list[Path], Path]:
    """Return the raster files in natural order (B2 before B10), and the folder that their names are relative to."""
    root = Path(params.path).expanduser()
    if root.is_file():
        return [root], root.parent
    if not root.is_dir():
        raise SourceError(f"There is no folder {params.path!r}.", fix="Choose the folder that holds the images.")
    if params.pattern:
        deep = Template(params.pattern).in_subfolders
        found = [path for path in (root.rglob("*") if deep else root.iterdir()) if path.is_file()]
    else:
        found = _rasters(root.iterdir()) or _rasters(root.rglob("*"))
    if not found:
        raise SourceError(
            "The folder holds no raster file.",
            where=params.path,
            fix=f"Known extensions: {', '.join(sorted(_EXTENSIONS))}. Others need a pattern that names them.",
        )
    return sorted(found, key=lambda path: _natural(path.relative_to(root).as_posix())), root


def _rasters(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.suffix.lower() in _EXTENSIONS and path.name[0] != "." and path.is_file()]


def _natural(text: str) -> list[tuple[bool, int, str]]:
    """Return a sort key that puts B2 before B10."""
    return [
        (bool(part) and part.isdecimal(), int(part) if part.isdecimal() else 0, part)
        for part in re.split(r"(\d+)", text)
    ]


def named_files(files: Sequence[Path], root: Path, params: FolderParams) -> tuple[list[tuple[Path, Named]], list[str]]:
    """Return the files with what their names say; those that do not fit are told of."""
    names = [file.relative_to(root).as_posix() for file in files]
    if not params.pattern:
        return list(zip(files, recognise(names), strict=True)), []
    template = Template(params.pattern)
    matched = [template.match(name) for name in names]
    found = [
        (file, name)
        for file, name in zip(files, matched, strict=True)
        if name and not file.name.endswith((".aux.xml", ".ovr", ".msk"))
    ]
    if not found:
        raise SourceError(
            f"No file fits the pattern {params.pattern!r}; there are {some(names)}.",
            where=params.path,
            fix=TEMPLATE_HELP,
        )
    others = [name for name, match in zip(names, matched, strict=True) if not match]
    rasters = [name for name in others if Path(name).suffix.lower() in _EXTENSIONS]
    notes = (
        [f"{len(rasters)} raster files do not fit the pattern and are left out: {some(rasters)}."] if rasters else []
    )
    return found, notes


def no_dates(files: Sequence[Path], root: Path) -> SourceError:
    """Return the error that no file holds a date."""
    names = [file.relative_to(root).as_posix() for file in files]
    return SourceError(
        f"No date is found in the names of the {len(names)} files ({some(names)}) or of their bands.",
        where=str(root),
        fix=f"{TEMPLATE_HELP} For one file with many dates give first_date and step_days.",
    )


def some(names: Sequence[str]) -> str:
    """Name the first three."""
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
