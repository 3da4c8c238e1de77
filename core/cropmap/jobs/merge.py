"""Join the sample sets of several sites or years to one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cropmap.contract.errors import SampleError
from cropmap.contract.params import param
from cropmap.contract.words import counted
from cropmap.data.schemes import own_scheme
from cropmap.io.samples import read_sample_file, write_samples
from cropmap.jobs import JOBS
from cropmap.sampling.folds import check_classes
from cropmap.sampling.merge import merge_samples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.data.samples import SampleSet
    from cropmap.jobs.run import Run

SAMPLE_FILE = "samples.gpkg"


@dataclass(frozen=True, kw_only=True)
class MergeParams:
    """What `merge` takes."""

    folder: str = param(
        kind="folder",
        help="Folder of the sample sets: sample files (.gpkg), and folders that hold a samples.gpkg, such as the runs "
        "of the sample job.",
    )


@JOBS.register("merge", title="Join sample sets", params=MergeParams)
def merge(params: MergeParams, run: Run) -> Mapping[str, Any]:
    """Join the sample sets of several sites or years to one, with which to test on sites or years left out."""
    files = _sample_files(Path(params.folder), run.folder)
    sets, schemes = [], set()
    with run.stage("Reading", 0.0, 0.7) as progress:
        for path in progress.over(files, "Reading sample sets"):
            run.inputs.add(path)
            found = read_sample_file(path)
            run.warn(*(f"{_name(path)}: {note}" for note in found.notes))
            sets.append(found.samples)
            schemes.add(found.scheme)
    with run.stage("Joining", 0.7, 1.0):
        names = ["" if (own.sites != "").all() else _name(path) for own, path in zip(sets, files, strict=True)]
        joined = merge_samples(sets, names)
        check_classes(joined.codes, joined.legend)
        shared = schemes.pop() if len(schemes) == 1 else ""
        scheme = shared or own_scheme(joined.legend).to_text()
        write_samples(run.output("samples", SAMPLE_FILE), joined, scheme=scheme)
    return {"figures": {"samples": len(joined), "classes": joined.counts(), "sites": _sites(joined)}}


def _sample_files(folder: Path, own: Path) -> list[Path]:
    """Return the sample files of a folder and of the folders in it, but not of the run itself, by name."""
    if not folder.is_dir():
        raise SampleError(
            f"There is no such folder{', but a file' if folder.exists() else ''}.",
            where=str(folder),
            fix="Give the folder that holds the sample sets.",
        )
    found = sorted({*folder.glob("*.gpkg"), *folder.glob(f"*/{SAMPLE_FILE}")})
    files = [path for path in found if path.parent.resolve() != own.resolve()]
    if len(files) < 2:
        raise SampleError(
            f"{counted(len(files), 'sample file is', 'sample files are')} there; two or more can be joined.",
            where=str(folder),
            fix=f"Give a folder with sample files (.gpkg), or with folders that hold a {SAMPLE_FILE} each.",
        )
    return files


def _name(path: Path) -> str:
    return path.parent.name if path.name == SAMPLE_FILE else path.stem


def _sites(samples: SampleSet) -> dict[str, int]:
    return dict(sorted(Counter(samples.sites.tolist()).items()))
