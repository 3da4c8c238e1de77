"""What suggested points teach a model, against random ones: learning curves on a synthetic site whose truth is known.

Run: .venv-core/bin/python benchmarks/next_points.py [--size 128] [--seeds 5] [--site corn_belt]

Every curve begins with the same 50 random labels of its seed and gets 20 points five times; labels are the truth of the
pixel. Accuracy is that of the map of all pixels but those labelled. All but the random points are 100 m apart, as the
job `suggest` takes them by default, of 2,000 random candidates.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from harness import machine, say, table
from numpy.typing import NDArray

from cropmap.data.samples import SampleSet
from cropmap.data.site import Grid, Window
from cropmap.io.labels_raster import LabelRaster
from cropmap.models.predictor import Predictor
from cropmap.prepare.blocks import PreparedReader
from cropmap.prepare.look import settled_for
from cropmap.prepare.recipe import make_recipe
from cropmap.sampling.candidates import Reach, draw_candidates
from cropmap.sampling.next_points import Spots, Wishes, choose, series_space, uncertainty
from cropmap.sources import SOURCES
from cropmap.testing.synthetic import SyntheticOptions, write_site
from cropmap.training.fit import FitOptions, fit

if TYPE_CHECKING:
    from cropmap.data.package import ModelPackage

START, ROUNDS, STEP, CANDIDATES, APART_M = 50, 5, 20, 2000, 100.0
# Measure of doubt; exponents of doubt, diversity and evenness.
STRATEGIES = {
    "random": None,
    "entropy alone": ("entropy", 1.0, 0.0, 0.0),
    "margin alone": ("margin", 1.0, 0.0, 0.0),
    "diversity and evenness": ("margin", 0.0, 1.0, 1.0),
    "by entropy": ("entropy", 1.0, 0.5, 1.0),
    "by least confidence": ("least_confidence", 1.0, 0.5, 1.0),
    "uneven too": ("margin", 1.0, 0.5, 0.0),
    "more diverse": ("margin", 1.0, 1.0, 1.0),
    "as suggest does": ("margin", 1.0, 0.5, 1.0),
}


@dataclass(frozen=True)
class Site:
    """All prepared series of a site, by pixel in row-major order, and the truth."""

    samples: SampleSet
    places: NDArray[np.int64]
    grid: Grid


def load(folder: Path, options: SyntheticOptions) -> Site:
    """Write a site and prepare all its pixels that have a class."""
    site = write_site(folder, options)
    entry = SOURCES.get("folder")
    series = entry.make(entry.parse({"path": str(site.images), "masks": ["QA_PIXEL"]}))
    recipe = settled_for(make_recipe("weekly_linear", {}, series.dates), series)
    grid = series.grid
    window = Window(0, 0, grid.height, grid.width)
    with PreparedReader(series, recipe) as reader, LabelRaster(site.truth) as truth:
        cube, codes, days, bands = reader.read(window), truth.read(window).ravel(), reader.days, reader.bands
    used = np.flatnonzero(cube.valid & np.isfinite(cube.values).all(axis=(1, 2)) & (codes != 255))
    ids = np.array([str(place) for place in used])
    x = grid.west + (used % grid.width + 0.5) * grid.pixel_width
    y = grid.north - (used // grid.width + 0.5) * grid.pixel_height
    samples = SampleSet(
        np.ascontiguousarray(cube.values[used]),
        codes[used].astype(np.uint8),
        ids,
        x,
        y,
        ids,
        days,
        bands,
        site.legend,
        recipe,
        grid.crs,
    )
    return Site(samples, used, grid)


def evenness(codes: NDArray[np.uint8], site: Site) -> NDArray[np.float64]:
    """Return the share of each pixel's eight neighbours that bear its own code, (pixel,)."""
    whole = np.full((site.grid.height + 2, site.grid.width + 2), 255, np.uint8)
    rows, cols = np.divmod(site.places, site.grid.width)
    whole[rows + 1, cols + 1] = codes
    around = [(down, right) for down in (0, 1, 2) for right in (0, 1, 2) if (down, right) != (1, 1)]
    return np.mean([whole[rows + down, cols + right] == codes for down, right in around], axis=0)


def next_ones(name: str, labelled: NDArray[np.intp], package: ModelPackage, site: Site, seed: int) -> NDArray[np.intp]:
    """Return which pixels are labelled next."""
    rows, cols = draw_candidates(Reach(site.grid), CANDIDATES, seed)
    position = np.full(site.grid.width * site.grid.height, -1)
    position[site.places] = np.arange(len(site.places))
    drawn = position[rows * site.grid.width + cols]
    drawn = drawn[(drawn >= 0) & ~np.isin(drawn, labelled)]
    strategy = STRATEGIES[name]
    if strategy is None:
        return drawn[:STEP]
    measure, doubtful, diverse, even = strategy
    predictor = Predictor(package)
    probabilities = predictor.probabilities(site.samples.values[drawn])
    appeal = np.ones(len(drawn))
    if even:
        appeal = evenness(predictor.codes(site.samples.values), site)[drawn] ** even
    ground = np.column_stack([site.samples.x, site.samples.y])
    ground -= ground.min(axis=0)
    places, known = series_space(site.samples.values[drawn], site.samples.values[labelled], package)
    wishes = Wishes(STEP, doubtful, diverse, APART_M)
    candidates, existing = Spots(ground[drawn], places), Spots(ground[labelled], known)
    return drawn[choose(candidates, uncertainty(probabilities, measure), appeal, existing, wishes)]


def start_of(site: Site, seed: int) -> NDArray[np.intp]:
    """Return 50 random pixels, and as many more as give each class two: a forest needs them."""
    order = np.random.default_rng(seed).permutation(len(site.samples))
    chosen = order[:START].tolist()
    for code in np.unique(site.samples.codes):
        has = sum(site.samples.codes[chosen] == code)
        chosen += order[START:][site.samples.codes[order[START:]] == code][: max(0, 2 - has)].tolist()
    return np.array(chosen)


def curve(name: str, site: Site, seed: int, trees: int) -> list[float]:
    """Return the accuracy after the start and after each round."""
    labelled, found = start_of(site, seed), []
    for step in range(ROUNDS + 1):
        package = fit(site.samples.subset(labelled), "random_forest", {"trees": trees}, FitOptions(seed=seed))
        rest = np.setdiff1d(np.arange(len(site.samples)), labelled)
        codes = Predictor(package).codes(site.samples.values[rest])
        found.append(float((codes == site.samples.codes[rest]).mean()))
        if step < ROUNDS:
            more = next_ones(name, labelled, package, site, seed * 1000 + step + 1)
            labelled = np.concatenate([labelled, more])
    return found


def main() -> None:
    """Print mean accuracies and their standard deviations over the seeds, and each seed's last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=5, help="the defaults were chosen on seeds 0 to 4")
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--site", default="corn_belt")
    parser.add_argument("--only", nargs="+", choices=tuple(STRATEGIES), default=tuple(STRATEGIES))
    asked = parser.parse_args()
    curves: dict[str, list[list[float]]] = defaultdict(list)
    for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
        with tempfile.TemporaryDirectory() as folder:
            options = SyntheticOptions(site=asked.site, size=asked.size, seed=seed + 1, history=False, points=50)
            site = load(Path(folder) / "site", options)
        for name in asked.only:
            curves[name].append(curve(name, site, seed, asked.trees))
    say(f"{machine()}; {asked.site}, {asked.size} x {asked.size} pixels, {asked.trees} trees")
    say(f"{asked.seeds} seeds from {asked.first_seed}\n")
    head = ["points", *(f"+{STEP * step}" for step in range(ROUNDS + 1)), "last, by seed"]
    rows = []
    for name, found in curves.items():
        cells = [
            f"{100 * statistics.mean(each):.1f} ± {100 * statistics.pstdev(each):.1f}"
            for each in zip(*found, strict=True)
        ]
        rows.append([name, *cells, ", ".join(f"{100 * each[-1]:.1f}" for each in found)])
    say(table(head, rows))


if __name__ == "__main__":
    main()
