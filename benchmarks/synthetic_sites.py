"""How hard the synthetic sites are, and what an unchanged model loses between them: the table of docs/synthetic.md.

    python benchmarks/synthetic_sites.py [--out build/sites] [--seeds 3]

Each site is drawn and mapped by the demo job; then the Corn Belt's model maps Vojvodina's images as it is.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from harness import say, table

from cropmap import Job, ReferenceRaster, map_accuracy, run_job


def main() -> None:
    """Run every job and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("build/sites"))
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    out = given.out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    rows = []
    for seed in range(given.seeds):
        for site in ("corn_belt", "vojvodina"):
            figures = run_job(Job("demo", {"site": site, "seed": seed}, str(out / f"{site}_{seed}"))).result["figures"]
            folds, truth = figures["overall_accuracy"], figures["truth_overall_accuracy"]
            rows.append((site, str(seed), f"{folds:.3f}", f"{truth:.3f}", ""))
        target = out / f"vojvodina_{seed}" / "site"
        params = {
            "images": {"name": "folder", "path": str(target / "images"), "valid_range": [0.0, 1.0]},
            "package": str(out / f"corn_belt_{seed}" / "model.cropmap"),
        }
        mapped = run_job(Job("map", params, str(out / f"direct_{seed}"))).result["outputs"]["class_map"]
        direct = map_accuracy(Path(mapped), ReferenceRaster(str(target / "truth.tif"))).overall
        rows[-1] = (*rows[-1][:-1], f"{direct:.3f}")
    say(table(("site", "seed", "OA, 5 folds", "OA, truth", "OA, truth, Corn Belt's model"), rows))


if __name__ == "__main__":
    main()
