"""A sample file beside a bare .npz of the same arrays: processor time to write and to read, and size on the disk.

Run it from the repository's root: python benchmarks/sample_file.py [samples].
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "core"))

from harness import machine, median_seconds, say, table

from cropmap.data.legend import legend_from_names
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.io.samples import read_samples, write_samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS, BANDS = 36, ("blue", "green", "red", "nir", "swir1", "swir2")
ARRAYS = ("values", "codes", "ids", "groups", "x", "y", "days")


def made(count: int) -> SampleSet:
    """Return samples of noise."""
    rng = np.random.default_rng(0)
    names = np.arange(count).astype(str)
    return SampleSet(
        values=rng.random((count, STEPS, len(BANDS)), np.float32),
        codes=(np.arange(count) % 5).astype(np.uint8),
        ids=names,
        x=rng.uniform(4e5, 5e5, count),
        y=rng.uniform(5e6, 6e6, count),
        groups=np.char.add("field ", names),
        days=np.arange(STEPS, dtype=np.int32),
        bands=BANDS,
        legend=legend_from_names(["barley", "corn", "rape", "soy", "wheat"]),
        recipe=Recipe("none", Season(dt.date(2023, 1, 1), dt.date(2023, 12, 31)), ()),
        crs="EPSG:32634",
    )


def read_arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    """Read all arrays of an .npz."""
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", nargs="?", type=int, default=400_000)
    parser.add_argument("--repeats", type=int, default=3)
    wanted = parser.parse_args()
    samples = made(wanted.samples)
    with tempfile.TemporaryDirectory() as folder:
        package, arrays = Path(folder) / "samples.gpkg", Path(folder) / "samples.npz"
        seconds = median_seconds(
            {
                "write gpkg": lambda: write_samples(package, samples),
                "read gpkg": lambda: read_samples(package),
                "write npz": lambda: np.savez(arrays, **{name: getattr(samples, name) for name in ARRAYS}),
                "read npz": lambda: read_arrays(arrays),
            },
            wanted.repeats,
            time.thread_time,
        )
        rows = [
            [
                kind,
                f"{seconds[f'write {kind}']:.2f}",
                f"{seconds[f'read {kind}']:.2f}",
                f"{path.stat().st_size / 1e6:.0f}",
            ]
            for kind, path in (("gpkg", package), ("npz", arrays))
        ]
    say(f"{machine()}; {wanted.samples:,} samples of {STEPS} steps x {len(BANDS)} bands, median of {wanted.repeats}\n")
    say(table(["file", "write, s", "read, s", "size, MB"], rows))


if __name__ == "__main__":
    main()
