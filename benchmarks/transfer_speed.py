"""What adapting to a target costs: training beside plain training, measuring a shift.

    python benchmarks/transfer_speed.py [--parts throughput shift] [--repeats 3]

- throughput: samples that networks learn from a second, those of source and target counted alike, on drawn series of
  18 steps x 6 bands; one thread, its own seconds. "Batches": from an epoch's first batch to its last. "Epochs": with
  validation, and with the look at 4,096 series of the target by which the best epoch is chosen.
- shift: seconds from 100,000 series of 36 x 10 without labels to the advice, two threads, and those of the whole job,
  which reads and writes sample files and the page besides.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from harness import machine, say, table
from training import clock
from transfer import FOREST

from cropmap import Job, run_job
from cropmap.contract.progress import Progress
from cropmap.io.packages import write_package
from cropmap.io.samples import write_samples
from cropmap.jobs.advising import advised, situation_of
from cropmap.jobs.candidates import Given
from cropmap.jobs.shift import measured
from cropmap.jobs.sites import Source
from cropmap.models.memory import spans
from cropmap.models.predictor import Predictor
from cropmap.sampling.folds import FoldOptions, fold_samples
from cropmap.testing.series import draw_series
from cropmap.testing.synthetic import SyntheticOptions
from cropmap.training.fit import FitOptions, fit
from cropmap.transfer import scores
from cropmap.transfer.applicability import with_area
from cropmap.transfer.base import Transfer, run_strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from cropmap.data.package import ModelPackage
    from cropmap.data.samples import SampleSet

    Learn = Callable[[Progress], ModelPackage]

CROPS = ("Corn", "Soybean", "Sunflower", "Winter wheat", "Grass")
GOAL, GOAL_SECONDS = 0.8, 60


def drawn(count: int, seed: int, step_days: int = 14, **knobs: Any) -> SampleSet:
    """Return series of a simulated site of 30 km, as many of each crop."""
    options = SyntheticOptions(seed=seed, size=1024, **knobs)
    return draw_series(dict.fromkeys(CROPS, count // len(CROPS)), options, step_days)


def verdict(text: str, value: str, *, reached: bool) -> str:
    """Return one line on a goal."""
    return f"- {text}: {'reached' if reached else 'MISSED'} ({value})"


# ---------------------------------------------------------------- throughput

# The first epoch of each training warms up, the last is measured.
EPOCHS = 2
# What the job `shift` draws where nobody says otherwise.
SERIES = 5000
PLAIN = "plain training"
MATCHED = ("dann", "cdan", "deep_coral", "mmd", "class_mmd")
PRESETS = ("full", "head")


class Stamps:
    """When the batches of a training's last epoch began, and when the epoch was over."""

    def __init__(self) -> None:
        self.progress = Progress(cancelled=self._batch, point=self._epoch)
        self.begun: list[float] = []
        self.over, self._begun = 0.0, list[float]()

    def _batch(self) -> bool:
        self._begun.append(clock())
        return False

    def _epoch(self, _curve: str, _figures: Mapping[str, float]) -> None:
        self.begun, self._begun, self.over = self._begun, [], clock()


def throughput(samples: int, repeats: int) -> str:
    """Return the table of samples learnt from a second."""
    torch.set_num_threads(1)
    source, target = drawn(samples, 1), drawn(samples, 2)
    series = drawn(SERIES, 3).values
    rows, lowest = [], {"batches": (2.0, ""), "epochs": (2.0, "")}
    for model in ("tempcnn", "ltae"):
        ways = _ways(model, source, target, series)
        turns = [{name: _rates(learn, sites) for name, (sites, learn) in ways.items()} for _ in range(repeats)]
        for name in ways:
            rates, ratios = (
                np.median([np.array(turn[name]) / (np.array(turn[PLAIN]) if by else 1) for turn in turns], axis=0)
                for by in (False, True)
            )
            rows.append(
                (model, name, *(f"{cell}" for pair in zip(rates, ratios, strict=True) for cell in _told(*pair)))
            )
            for place, part in enumerate(lowest):
                lowest[part] = min(lowest[part], (float(ratios[place]), f"{name}, {model}"))
    head = ("model", "", "batches, samples/s", "of plain", "epochs, samples/s", "of plain")
    goals = [
        verdict(f"{part}: at least {GOAL:.0%} of plain training", f"lowest {low:.0%}: {who}", reached=low >= GOAL)
        for part, (low, who) in lowest.items()
    ]
    return "\n".join((table(head, rows), "", *goals))


def _told(rate: float, ratio: float) -> tuple[str, str]:
    return f"{rate:,.0f}", f"{ratio:.0%}"


def _ways(
    model: str, source: SampleSet, target: SampleSet, series: NDArray[np.float32]
) -> dict[str, tuple[int, Learn]]:
    """Return what is trained, and how many sites each batch is of; all have the network's own batches."""
    options, short = FitOptions(device="cpu", threads=1), {"epochs": EPOCHS}
    package = fit(source, model, short, options)
    task = Transfer(source, package, series, target, model, short, options)
    tuned = {**short, "batch_size": package.params["batch_size"]}

    def way(strategy: str, values: Mapping[str, Any]) -> Learn:
        return lambda progress: run_strategy(strategy, values, dataclasses.replace(task, progress=progress))

    return {
        PLAIN: (1, lambda progress: fit(source, model, short, options, progress)),
        **{strategy: (2, way(strategy, {})) for strategy in MATCHED},
        "timematch": (2, way("timematch", short)),
        **{f"fine_tune, {preset}": (1, way("fine_tune", {"preset": preset, **tuned})) for preset in PRESETS},
    }


def _rates(learn: Learn, sites: int) -> tuple[float, float]:
    """Return samples learnt from a second: in the batches but the last, and in the whole epoch."""
    stamps = Stamps()
    package = learn(stamps.progress)
    count = package.record["training_samples"]
    before_last = tuple(spans(count, package.params["batch_size"]))[-1].start
    first, last = stamps.begun[0], stamps.begun[-1]
    return sites * before_last / (last - first), sites * count / (stamps.over - first)


# ---------------------------------------------------------------- shift

LABELLED, UNLABELLED = 5000, 100_000


def shift(threads: int) -> str:
    """Return the table of seconds from series to advice."""
    torch.set_num_threads(threads)
    source, target = _ten_bands(drawn(LABELLED, 1, 7)), _ten_bands(drawn(UNLABELLED, 2, 7, season_shift_days=10))
    parts = {
        model: _shift_parts(source, target, model, values) for model, values in (FOREST, ("tempcnn", {"epochs": 3}))
    }
    totals = {model: sum(own.values()) - own[JOB] for model, own in parts.items()}
    rows = [(name, *(f"{own[name]:.1f}" for own in parts.values())) for name in parts[FOREST[0]] if name != JOB]
    rows += [("together", *(f"{total:.1f}" for total in totals.values()))]
    rows += [(JOB, *(f"{own[JOB]:.1f}" for own in parts.values()))]
    most = max(*totals.values(), *(own[JOB] for own in parts.values()))
    goal = verdict(f"together and as a job: below {GOAL_SECONDS} s", f"{most:.1f} s", reached=most < GOAL_SECONDS)
    return "\n".join((table((f"{UNLABELLED:,} series of 36 x 10, s", *parts), rows), "", goal))


JOB = "the job `shift`, files and page included"


def _shift_parts(source: SampleSet, target: SampleSet, model: str, values: Mapping[str, Any]) -> dict[str, float]:
    plan = fold_samples(source, FoldOptions(4, 5000.0, source.crs), np.random.default_rng(0))
    learnt, held = source.subset(plan.train_mask(0)), source.subset(plan.fold == 0)
    package = fit(learnt, model, values, FitOptions(device="cpu"))
    own_plan = fold_samples(learnt, FoldOptions(4, 5000.0, source.crs), np.random.default_rng(0))
    taken: dict[str, float] = {}

    def timed(name: str, task: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        found = task()
        taken[name] = time.perf_counter() - start
        return found

    found = timed("shift measured", lambda: measured(Source(source, package), target, 0, "cpu"))
    area = timed("area of applicability fitted", lambda: with_area(package, learnt, own_plan))
    timed("series outside of it", lambda: Predictor(area).outside(target.values))
    timed("scores of the model", lambda: scores.score(package, (learnt, held), target.values))
    given = Given(source, package, None, target, target.legend, (), FitOptions())
    timed("advice", lambda: advised(situation_of(given, found)))
    with TemporaryDirectory() as name:
        folder = Path(name)
        paths = {"sample_set": folder / "source.gpkg", "target_samples": folder / "target.gpkg"}
        for path, samples in zip(paths.values(), (source, target), strict=True):
            write_samples(path, samples)
        write_package(folder / "own.cropmap", package)
        params = {**{key: str(path) for key, path in paths.items()}, "package": str(folder / "own.cropmap")}
        timed(JOB, lambda: run_job(Job("shift", params, str(folder / "run"))))
    return taken


def _ten_bands(samples: SampleSet) -> SampleSet:
    """Return the samples with four bands between red and near infrared besides, as Sentinel-2 has them."""
    red, nir = samples.values[:, :, [2]], samples.values[:, :, [3]]
    share = np.array([0.25, 0.6, 0.85, 0.95], np.float32)
    noise = np.random.default_rng(0).normal(scale=0.01, size=(*samples.values.shape[:2], 4)).astype(np.float32)
    between = red + (nir - red) * share + noise
    bands = (*samples.bands, "red_edge_1", "red_edge_2", "red_edge_3", "nir_narrow")
    return dataclasses.replace(samples, values=np.concatenate([samples.values, between], axis=2), bands=bands)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--parts", nargs="+", default=["throughput", "shift"])
    parser.add_argument("--threads", type=int, default=2, help="of the part shift")
    parser.add_argument("--repeats", type=int, default=3, help="of the part throughput")
    parser.add_argument("--samples", type=int, default=2000, help="of either site, in the part throughput")
    given = parser.parse_args()
    say(f"{machine()}\n")
    tasks = {
        "throughput": lambda: throughput(given.samples, given.repeats),
        "shift": lambda: shift(given.threads),
    }
    for name in given.parts:
        start = time.perf_counter()
        say(f"{name}\n\n{tasks[name]()}\n\n{time.perf_counter() - start:.0f} s in all\n")


if __name__ == "__main__":
    main()
