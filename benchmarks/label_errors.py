"""How well likely label errors are found where they are known: the tables of docs/samples_review.md.

    python benchmarks/label_errors.py [--out build/label_errors] [--seeds 3] [--data ../shared/data]

Synthetic sites: surveyed points of which 5, 10 or 20 % note a wrong class; real series (Sentinel-2, California and
Arkansas 2021; 2,000 drawn for each seed) with as many labels changed at random. Every run is listed.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import rasterio
import rasterio.warp
from harness import say, table
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from cropmap import Job, run_job
from cropmap.data.legend import NODATA, legend_from_names
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.io.projection import crs_wkt
from cropmap.io.samples import read_samples
from cropmap.models.predictor import Predictor
from cropmap.sampling.confident import SELECTIONS, ConfidentOptions, find_label_errors, normalised_margin
from cropmap.sampling.duplicates import find_duplicates
from cropmap.sampling.folds import FoldOptions, fold_samples
from cropmap.sampling.outliers import find_outliers
from cropmap.sampling.review import ranked
from cropmap.testing.synthetic import SyntheticOptions, write_site
from cropmap.training.fit import FitOptions, cross_validate, fit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cropmap.testing.synthetic import SyntheticSite

SHARES = (0.05, 0.1, 0.2)
MODEL: tuple[str, dict[str, Any]] = ("random_forest", {"trees": 200})
POINTS, TEST_PIXELS, REAL_SAMPLES = 1000, 3000, 2000
STATES = {"us_california_2021": "us_california_2021_zone0.npz", "us_arkansas_2021": "us_arkansas_2021_zone0.npz"}

FOUND_HEAD = (
    "data",
    "seed",
    "wrong labels",
    "estimated (95 %)",
    "AP self-confidence",
    "AP margin",
    "AP random",
    *(f"{kind}: precision, recall" for kind in SELECTIONS),
    "outliers: precision, recall",
    "review: precision, recall",
)
GAIN_HEAD = (
    "data",
    "seed",
    "wrong labels",
    "as they are",
    "suspects dropped",
    "suspects relabelled",
    "as many dropped at random",
    "wrong ones dropped",
    "no wrong label",
)


@dataclass(frozen=True, eq=False)
class Case:
    """Samples with some wrong labels, their right codes, and pixels to test models on (None where there are none)."""

    name: str
    seed: int
    samples: SampleSet
    right: NDArray[np.uint8]
    test: SampleSet | None = None


def main() -> None:
    """Run every case and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=Path("build/label_errors"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    given = parser.parse_args()
    found, gains = [], []
    for case in (*synthetic_cases(given.out.resolve(), given.seeds), *real_cases(given.data, given.seeds)):
        row, suspects, suggested = find(case)
        found.append(row)
        say(" | ".join(row))
        if case.test is not None:
            gains.append(gain(case, suspects, suggested))
            say(" | ".join(gains[-1]))
    say(table(FOUND_HEAD, found) + "\n\n" + table(GAIN_HEAD, gains))


# ---------------------------------------------------------------- cases


def synthetic_cases(out: Path, seeds: int) -> Iterator[Case]:
    """Yield each site's survey with each share of wrong labels."""
    for name in ("corn_belt", "vojvodina"):
        for seed in range(seeds):
            folder = out / f"{name}_{seed}"
            options = SyntheticOptions(site=name, seed=seed, points=POINTS, history=False)
            site = write_site(folder / "site", options)
            clean = sampled(site, str(site.points), folder / "samples")
            test = sampled(site, str(test_points(site, folder / "test.csv", seed)), folder / "test", x_field="x")
            for share in SHARES:
                wrong = dataclasses.replace(options, wrong_labels=share, images=False)
                noted = write_site(folder / f"survey_{share}", wrong)
                frame = pyogrio.raw.read(noted.points, columns=["id", "class"])
                names, (ids, classes) = list(frame[0]["fields"]), frame[3]
                by_name = dict(zip(names, (ids, classes), strict=True))
                label = dict(zip(by_name["id"].astype(str), by_name["class"].astype(str), strict=True))
                codes = np.array([clean.legend.code_of(label[own]) for own in clean.ids.tolist()], np.uint8)
                samples = dataclasses.replace(clean, codes=codes)
                yield Case(name, seed, samples, clean.codes, test)


def sampled(site: SyntheticSite, points: str, out: Path, **more: str) -> SampleSet:
    """Return the prepared series of points on a site's images."""
    if not (out / "run.json").exists():
        images = {"name": "folder", "path": str(site.images), "masks": ["QA_PIXEL"], "valid_range": [0.0, 1.0]}
        params: dict[str, Any] = {"images": images, "samples": points, **more}
        if more:
            params |= {"y_field": "y", "samples_crs": f"EPSG:{rasterio.open(site.truth).crs.to_epsg()}"}
        run_job(Job("sample", params, str(out)))
    return read_samples(out / "samples.gpkg")


def test_points(site: SyntheticSite, path: Path, seed: int) -> Path:
    """Write random pixels with their true class, those of the survey left out."""
    with rasterio.open(site.truth) as raster:
        truth, transform, crs = raster.read(1), raster.transform, raster.crs
    surveyed = pyogrio.raw.read(site.points)
    points = rasterio.warp.transform(
        "EPSG:4326", crs, *np.array([np.frombuffer(wkb[5:21], "<f8") for wkb in surveyed[2]]).T
    )
    cols, rows = ~transform * np.array(points)
    free = truth != NODATA
    free[rows.astype(int), cols.astype(int)] = False
    rng = np.random.default_rng([seed, 99])
    chosen = rng.choice(np.flatnonzero(free), TEST_PIXELS, replace=False)
    row, col = np.divmod(chosen, truth.shape[1])
    x, y = transform * np.array([col + 0.5, row + 0.5])
    names = dict(zip(site.legend.codes, site.legend.names, strict=True))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("id", "x", "y", "class"))
        for number, position in enumerate(chosen.tolist()):
            writer.writerow((number, x[number], y[number], names[int(truth.flat[position])]))
    return path


def real_cases(data: Path, seeds: int) -> Iterator[Case]:
    """Yield real series whose labels, taken for right, were changed at random."""
    for name, file_name in STATES.items():
        path = data / "us_s2_cdl_2021" / file_name
        if not path.exists():
            say(f"{name}: {path} is not here, left out.")
            continue
        every = real_samples(path)
        for seed in range(seeds):
            chosen = np.sort(np.random.default_rng([seed, 3]).permutation(len(every))[:REAL_SAMPLES])
            samples = every.subset(chosen)
            for share in SHARES:
                rng = np.random.default_rng([seed, round(100 * share)])
                wrong = rng.permutation(len(samples))[: round(share * len(samples))]
                step = rng.integers(1, len(samples.legend), len(wrong))
                codes = samples.codes.copy()
                codes[wrong] = (codes[wrong] + step) % len(samples.legend)
                yield Case(name, seed, dataclasses.replace(samples, codes=codes), samples.codes)


def real_samples(path: Path) -> SampleSet:
    """Return a state's series; dekads that are missing take their neighbours' values, by a straight line."""
    with np.load(path, allow_pickle=False) as held:
        raw, missing, labels = held["X"].astype(np.float32) / 10000, held["missing"], held["y"]
        names, bands = held["class_names"].tolist(), held["bands"].tolist()
        lon, lat = held["lon"], held["lat"]
    steps = np.arange(raw.shape[1])
    for series, gaps in zip(raw, missing, strict=True):
        if gaps.any() and not gaps.all():
            for band in range(raw.shape[2]):
                series[gaps, band] = np.interp(steps[gaps], steps[~gaps], series[~gaps, band])
    kept = ~missing.all(axis=1)
    legend = legend_from_names(names)
    codes = np.array([legend.code_of(names[label]) for label in labels.tolist()], np.uint8)
    ids = np.arange(len(raw)).astype(str)
    samples = SampleSet(
        values=np.ascontiguousarray(raw),
        codes=codes,
        ids=ids,
        x=lon.astype(np.float64),
        y=lat.astype(np.float64),
        groups=ids,
        days=(steps * 365 // 36).astype(np.int32),
        bands=tuple(bands),
        legend=legend,
        recipe=Recipe("as published", Season(dt.date(2021, 1, 1), dt.date(2021, 12, 31)), ()),
        crs=crs_wkt("EPSG:4326"),
    )
    return samples.subset(kept)


# ---------------------------------------------------------------- what is found, and what it is worth


def find(case: Case) -> tuple[tuple[str, ...], NDArray[np.intp], list[str]]:
    """Return a row of the first table, and the suspects of the whole review with their suggestions."""
    samples, wrong = case.samples, case.samples.codes != case.right
    plan = fold_samples(samples, FoldOptions(5, 10_000.0, samples.crs), np.random.default_rng([case.seed, 1]))
    judged = cross_validate(samples, plan, *MODEL, FitOptions(case.seed, device="cpu"))
    errors = {kind: find_label_errors(samples, judged, ConfidentOptions(kind), plan.units) for kind in SELECTIONS}
    columns = np.searchsorted(judged.legend.codes, samples.codes)
    margin = normalised_margin(columns, judged.probabilities)
    outliers = find_outliers(samples)
    contradicted, repeated = find_duplicates(samples)
    review = ranked(len(samples), [contradicted, errors["noise_rate"].doubts, outliers.doubts, repeated])
    suspects = np.flatnonzero(review.rank > 0)
    noise = errors["noise_rate"].noise
    row = (
        case.name,
        str(case.seed),
        f"{wrong.sum()} of {len(wrong)}",
        f"{noise.wrong:.0f} ({noise.wrong_interval[0]:.0f}-{noise.wrong_interval[1]:.0f})",
        f"{average_precision_score(wrong, -errors['noise_rate'].confidence):.3f}",
        f"{average_precision_score(wrong, -margin):.3f}",
        f"{wrong.mean():.3f}",
        *(hits(errors[kind].doubts.positions, wrong) for kind in SELECTIONS),
        hits(outliers.doubts.positions, wrong),
        hits(suspects, wrong),
    )
    return row, suspects, review.suggested[suspects].tolist()


def hits(positions: NDArray[Any], wrong: NDArray[np.bool_]) -> str:
    """Return the precision and recall of suspects as text."""
    right = int(wrong[positions].sum())
    return f"{right / max(len(positions), 1):.2f}, {right / max(int(wrong.sum()), 1):.2f}"


def gain(case: Case, suspects: NDArray[np.intp], suggested: Sequence[str]) -> tuple[str, ...]:
    """Return a row of the second table: accuracy on true pixels after different treatments of the suspects."""
    samples, wrong = case.samples, case.samples.codes != case.right
    kept = np.ones(len(samples), np.bool_)
    kept[suspects] = False
    relabelled = samples.codes.copy()
    for position, name in zip(suspects.tolist(), suggested, strict=True):
        if name:
            relabelled[position] = samples.legend.code_of(name)
    random = np.ones(len(samples), np.bool_)
    random[np.random.default_rng([case.seed, 7]).permutation(len(samples))[: len(suspects)]] = False
    trials = (
        samples,
        samples.subset(kept),
        dataclasses.replace(samples, codes=relabelled),
        samples.subset(random),
        samples.subset(~wrong),
        dataclasses.replace(samples, codes=case.right),
    )
    scores = [f"{accuracy(trial, case):.3f}" for trial in trials]
    return (case.name, str(case.seed), f"{wrong.mean():.0%}", *scores)


def accuracy(trial: SampleSet, case: Case) -> float:
    """Return the share of true pixels that a forest fitted on samples gets right."""
    if case.test is None:
        return float("nan")
    package = fit(trial, *MODEL, FitOptions(case.seed, device="cpu"))
    said = Predictor(package).codes(case.test.values)
    names = dict(zip(package.legend.codes, package.legend.names, strict=True))
    true = dict(zip(case.test.legend.codes, case.test.legend.names, strict=True))
    pairs = zip(said.tolist(), case.test.codes.tolist(), strict=True)
    return float(np.mean([names[one] == true[other] for one, other in pairs]))


if __name__ == "__main__":
    main()
