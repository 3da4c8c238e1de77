"""What a split costs, and how well ranges of resemblance are found: the tables of docs/samples_splits.md.

Run it from the repository's root: python benchmarks/splits.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from harness import machine, say, table

from cropmap.data.accuracy import accuracy_of
from cropmap.io.vectors import read_labels
from cropmap.prepare.recipe import make_recipe
from cropmap.sampling.extract import extract
from cropmap.sampling.folds import FoldOptions, fold_samples
from cropmap.sampling.place import place
from cropmap.sampling.splits import leakage
from cropmap.sampling.variogram import variogram
from cropmap.sources.folder import FolderParams, folder
from cropmap.testing.synthetic import SyntheticOptions, write_site
from cropmap.training.fit import cross_validate

if TYPE_CHECKING:
    from cropmap.data.samples import SampleSet
    from cropmap.sampling.variogram import Variogram

SPLITS = (
    *(("random", 0.0), ("stratified", 0.0), ("groups", 0.0), ("groups", 100.0)),
    *(("blocks", 0.0), ("blocks", 100.0), ("blocks", 400.0)),
)
RANGES = (900.0, 3000.0, 6000.0)
FIELDS, SIDE, COUNT, UNSTRUCTURED = 8, 20_000.0, 800, 100


def main() -> None:
    """Print both tables."""
    say(f"{machine()}\n")
    with tempfile.TemporaryDirectory() as made:
        samples = survey(Path(made))
    head = ["split", "gap", "training left out", "own group in training", "nearer than 400 m", "overall accuracy"]
    say(table(head, [row(samples, method, gap) for method, gap in SPLITS]))
    say(f"\nGaussian fields of {COUNT} points in 20 km x 20 km, {FIELDS} of each kind: estimate over truth\n")
    say(table(["range", "nugget", "least", "median", "most"], [estimates(r, n) for r in RANGES for n in (0.0, 1.0)]))
    found = sum(one_field(0.0, 1.0, seed).found for seed in range(UNSTRUCTURED))
    say(f"\nOf {UNSTRUCTURED} fields without structure {found} are given a range.")


def survey(made: Path) -> SampleSet:
    """Return 1,500 points of known fields on a synthetic site."""
    site = write_site(made, SyntheticOptions(size=256, points=1500, history=False))
    images = folder(FolderParams(path=str(site.images)))
    recipe = make_recipe("weekly_linear", {}, images.dates)
    return extract(images, place(read_labels(site.points), images.grid), recipe)[0]


def row(samples: SampleSet, method: str, gap: float) -> list[str]:
    """Split, cross-validate a forest of 60 trees, and return what the split leaks and what it measures."""
    plan = fold_samples(samples, FoldOptions(method=method, gap_m=gap), np.random.default_rng(0))
    leaks = leakage(samples, plan)
    others = sum(int((plan.fold != number).sum()) for number in range(plan.folds))
    left_out = 1 - sum(int(plan.train_mask(number).sum()) for number in range(plan.folds)) / others
    judged = cross_validate(samples, plan, "random_forest", {"trees": 60})
    overall = accuracy_of(samples.codes, judged.codes, judged.legend).overall
    name = f"{method} ({plan.block_m / 1000:g} km)" if method == "blocks" else method
    return [name, f"{gap:g} m", f"{left_out:.1%}", f"{leaks.group:.0%}", f"{leaks.near:.0%}", f"{overall:.3f}"]


def estimates(reach: float, nugget: float) -> list[str]:
    """Return the least, middle and largest estimate of a range, as parts of the truth."""
    found = np.array([one_field(reach, nugget, seed).range_m for seed in range(FIELDS)]) / reach
    least, middle, most = np.nanmin(found), np.nanmedian(found), np.nanmax(found)
    return [f"{reach / 1000:g} km", "equal" if nugget else "none", f"{least:.2f}", f"{middle:.2f}", f"{most:.2f}"]


def one_field(reach: float, nugget: float, seed: int) -> Variogram:
    """Draw points with exponential covariance (its practical range is `reach`) and return their variogram."""
    rng = np.random.default_rng([round(reach), round(nugget), seed])
    points = rng.uniform(0, SIDE, (COUNT, 2))
    values = nugget * rng.normal(size=(COUNT, 3))
    if reach:
        apart = np.linalg.norm(points[:, None] - points[None], axis=2)
        root = np.linalg.cholesky(np.exp(-3 * apart / reach) + 1e-9 * np.eye(COUNT))
        values += root @ rng.normal(size=(COUNT, 3))
    return variogram(points, values, rng)


if __name__ == "__main__":
    main()
