"""The main job on images and labels that nobody here made; prints a table for docs/real_data.md.

    python benchmarks/real_data.py [--data ../shared/data] [--out build/real] [--seeds 3]

`sits_sinop`: 12 MODIS NDVI dates, 1218 labelled series; `cbers_w_bahia`: 23 CBERS-4 dates of NDVI and EVI, 922 labelled
series. Each is sampled, judged by spatial cross-validation and mapped, once for each seed; every run is listed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

from cropmap import Job, run_job

JOBS: dict[str, dict[str, Any]] = {
    "sits_sinop": {
        "images": {"name": "folder", "path": "sits_sinop", "scale": 0.0001},
        "samples": "sits_sinop/samples_modis_ndvi_1218.npz",
    },
    "cbers_w_bahia": {
        # EVI has outliers of +-32k; physical EVI lies within -1 .. 1.5.
        "images": {
            "name": "folder",
            "path": "cbers_w_bahia/cube_500x500",
            "scale": 0.0001,
            "valid_range": [-1.0, 1.5],
        },
        "samples": "cbers_w_bahia/cbers_samples_922.npz",
    },
}


def main() -> None:
    """Run every job and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--out", type=Path, default=Path("build/real"))
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    rows = [
        "| data | seed | samples | block | OA | macro F1 | kappa | wall |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, params in JOBS.items():
        for seed in range(given.seeds):
            out = given.out / f"{name}_{seed}"
            shutil.rmtree(out, ignore_errors=True)
            record = run_job(Job("classify", params | {"seed": seed}, str(out.resolve())), base=given.data)
            figures = record.result["figures"]
            rows.append(
                f"| {name} | {seed} | {figures['samples']} | {figures['block_m'] / 1000:g} km "
                f"| {figures['overall_accuracy']:.3f} | {figures['macro_f1']:.3f} | {figures['kappa']:.3f} "
                f"| {record.seconds:.0f} s |"
            )
    points = {
        "class_map": str((given.out / "sits_sinop_0" / "class_map.tif").resolve()),
        "reference": "sits_sinop/samples_sinop_crop.csv",
        "class_field": "label",
    }
    out = given.out / "sinop_points"
    shutil.rmtree(out, ignore_errors=True)
    figures = run_job(Job("assess", points, str(out.resolve())), base=given.data).result["figures"]
    count = figures["reference_pixels"]
    rows.append(f"\nMap of sits_sinop, seed 0, at its {count} points: {figures['overall_accuracy']:.3f}.")
    sys.stdout.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
