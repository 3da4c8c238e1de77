"""Pairs of simulated sites for benchmarks/transfer.py, which differ by what is known.

    python benchmarks/transfer_worlds.py [--pairs corn_belt_vojvodina] [--seeds 0 1 2]

Every site is drawn, imaged and sampled as a user would do it (docs/synthetic.md): clouds, gaps and mixed pixels are in
the series. Called by itself it prints what a forest of the source loses at the target. Classes are corn, soybean and
other; what other means is not the same at both sites, as it is not in life.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import say, table

from cropmap import Job, run_job
from cropmap.data.accuracy import accuracy_of
from cropmap.io.samples import read_sample_file
from cropmap.models.predictor import Predictor
from cropmap.sampling.folds import FoldOptions, fold_samples
from cropmap.sampling.merge import merge_samples
from cropmap.testing.synthetic import SyntheticOptions, write_site
from cropmap.training.fit import FitOptions, fit
from cropmap.transfer.base import Transfer, run_strategy
from cropmap.transfer.classes import codes_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cropmap.data.samples import SampleSet

CLASSES = "corn = Corn; soybean = Soybean; other = Grass; rest = other"
# Between the first and the last image of every sensor, so that no step is made up.
FIRST, LAST = "04-01", "10-15"
SENSORS = {"landsat8": "landsat_8_9", "landsat7": "landsat_4_7"}
FOLDS, BLOCK_M = 4, 10_000.0


@dataclass(frozen=True)
class World:
    """A simulated site in one season.

    Args:
        site: Name in `cropmap.testing.sites`.
        seed: Another one draws another land.
        year: Of the season; years differ by some days by themselves.
        sensor: "landsat8" or "landsat7", which has gaps.
        knobs: Other fields of `SyntheticOptions`.
    """

    site: str
    seed: int
    year: int = 2023
    sensor: str = "landsat8"
    knobs: tuple[tuple[str, Any], ...] = field(default=())

    @property
    def name(self) -> str:
        """Return what its samples bear as their site."""
        return f"{self.site} {self.seed}"


@lru_cache(maxsize=16)
def world(asked: World) -> SampleSet:
    """Return samples of a simulated site: 3,000 surveyed points, weekly series of six bands by role."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        own = SyntheticOptions(site=asked.site, seed=asked.seed, year=asked.year, sensor=asked.sensor)
        options = replace(own, **{"size": 512, "points": 3000, "history": False, **dict(asked.knobs)})
        written = write_site(folder / "site", options)
        params: dict[str, Any] = {
            "images": {"name": "folder", "path": str(written.images), "sensor": SENSORS[asked.sensor]},
            "recipe": {
                "name": "weekly_linear",
                "start": f"{asked.year}-{FIRST}",
                "end": f"{asked.year}-{LAST}",
                "max_gap_days": 0,
            },
            "samples": str(written.points),
            "scheme": CLASSES,
            "site": asked.name,
        }
        run_job(Job("sample", params, str(folder / "run")))
        return read_sample_file(next((folder / "run").glob("*.gpkg"))).samples


def _pair(sources: tuple[World, ...], target: World) -> Callable[[Path], tuple[SampleSet, SampleSet]]:
    def made(folder: Path) -> tuple[SampleSet, SampleSet]:
        del folder  # holds real data alone
        parts = [world(source) for source in sources]
        return (parts[0] if len(parts) == 1 else merge_samples(parts, [""] * len(parts))), world(target)

    return made


_BELT, _OTHER_BELT, _VOJVODINA = World("corn_belt", 1), World("corn_belt", 2), World("vojvodina", 1)

# Of each pair the source's and the target's samples; the folder of real data is not read. Other land at the target,
# but for the later year: there last year's model maps the same land.
PAIRS: Mapping[str, Callable[[Path], tuple[SampleSet, SampleSet]]] = {
    "belt_belt": _pair((_BELT,), _OTHER_BELT),
    "belt_vojvodina": _pair((_BELT,), _VOJVODINA),
    "belt_late_year": _pair((_BELT,), World("corn_belt", 1, 2024, knobs=(("season_shift_days", 14.0),))),
    "landsat8_landsat7": _pair((_BELT,), World("corn_belt", 2, sensor="landsat7")),
    "belts_vojvodina": _pair((_BELT, _OTHER_BELT), _VOJVODINA),
    # As many labels as no real set here has.
    "belt_vojvodina_many": _pair((_BELT,), replace(_VOJVODINA, knobs=(("points", 24_000),))),
}
# The corn belt and another land of it, with one knob turned on the target: days that its season is later, brightness
# of its soil, percent of its samples that are corn.
LAGS, SOILS, SHARES = (0, 7, 14, 21, 28), (0.4, 0.7, 1.0, 1.4), (5, 20, 40, 60, 80)


def _other_belt(**knobs: float) -> World:
    return replace(_OTHER_BELT, knobs=tuple(knobs.items()))


def _with_corn(percent: int) -> Callable[[Path], tuple[SampleSet, SampleSet]]:
    def made(folder: Path) -> tuple[SampleSet, SampleSet]:
        source, target = _pair((_BELT,), _OTHER_BELT)(folder)
        corn = target.codes == target.legend.code_of("corn")
        # As many samples at every share as the highest and the lowest allow.
        total = min(corn.sum() / (max(SHARES) / 100), (~corn).sum() / (1 - min(SHARES) / 100))
        order = np.random.default_rng(0).permutation(len(target))
        wanted = round(total * percent / 100), round(total * (1 - percent / 100))
        kept = [order[own[order]][:count] for own, count in zip((corn, ~corn), wanted, strict=True)]
        return source, target.subset(np.sort(np.concatenate(kept)))

    return made


KNOBS: Mapping[str, Callable[[Path], tuple[SampleSet, SampleSet]]] = {
    **{f"lag_{days}": _pair((_BELT,), _other_belt(season_shift_days=float(days))) for days in LAGS},
    **{f"soil_{factor:g}": _pair((_BELT,), _other_belt(soil_brightness=factor)) for factor in SOILS},
    **{f"corn_{percent}": _with_corn(percent) for percent in SHARES},
}


def main() -> None:
    """Print what a forest of the source says of every pair's target."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", nargs="*", default=list(PAIRS), choices=[*PAIRS, *KNOBS])
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    given = parser.parse_args()
    rows = [_row(pair, seed) for pair in given.pairs for seed in given.seeds]
    head = ("pair", "seed", "samples", "OA at home", "OA direct", "F1 direct", "OA shifted", "days", "OA target labels")
    say(table(head, rows))


def _row(pair: str, seed: int) -> tuple[str, ...]:
    source, target = {**PAIRS, **KNOBS}[pair](Path())
    options = FitOptions(seed=seed, device="cpu", threads=1)
    pool, test = _halves(target, seed)
    learnt, home = _halves(source, seed)
    task = Transfer(source=source, series=pool.values, target=pool, model="random_forest", options=options)
    task = replace(task, package=task.source_package())
    found = {name: run_strategy(name, {}, task) for name in ("direct", "shifted", "scratch")}
    direct, shifted, scratch = (_figures(package, test) for package in found.values())
    at_home = _figures(fit(learnt, "random_forest", {}, options), home)
    accuracies = [f"{value:.3f}" for value in (at_home[0], *direct, shifted[0])]
    return (
        pair,
        str(seed),
        f"{len(source)} -> {len(target)}",
        *accuracies,
        f"{found['shifted'].shift_days:.0f}",
        f"{scratch[0]:.3f}",
    )


def _halves(samples: SampleSet, seed: int) -> tuple[SampleSet, SampleSet]:
    """Return two halves of the blocks of land, as benchmarks/transfer.py does; sites of several are cut alike."""
    plan = fold_samples(samples, FoldOptions(FOLDS, BLOCK_M, samples.crs), np.random.default_rng(seed))
    return samples.subset(plan.fold >= math.ceil(FOLDS / 2)), samples.subset(
        (plan.fold >= 0) & (plan.fold < FOLDS // 2)
    )


def _figures(package: Any, test: SampleSet) -> tuple[float, float]:
    """Return overall accuracy and macro F1."""
    columns = Predictor(package, "cpu").probabilities(test.values).argmax(axis=1)
    found = accuracy_of(test.codes, codes_in(package, test.legend)[columns], test.legend)
    return found.overall, found.macro_f1


if __name__ == "__main__":
    main()
