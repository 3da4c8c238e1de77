"""What the training of networks costs besides its arithmetic, and how soon it reaches the source study's loss.

    python benchmarks/training.py [--threads 1] [--samples 2048] [--parts feeding epoch memory loss]

- feeding: samples/s of our batches and of PyTorch's DataLoader with one item a sample and its collate function.
- epoch: an epoch of the paper's Transformer (width 512) on series of 23 x 6, batches of 128, with and without the
  validation of an eighth as many samples, beside forward and backward passes alone over the same number of batches that
  lie ready. `--samples 320000` is the paper's own number: hours.
- memory: three epochs of TempCNN as the product trains it, its freed memory kept, and as glibc gives it back by itself;
  a process each, in turns.
- loss: epochs until the lowest validation loss of the paper's training (Adam, 100 epochs, batch 4,096, 5e-4, cut on a
  plateau of the loss: here constant) on 20,000 overlapping series, Transformer of width 64, one row a seed.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from harness import machine, median_seconds, say, table
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from cropmap.contract.progress import Progress
from cropmap.models.base import SeriesShape
from cropmap.models.tempcnn import TempCnn, TempCnnParams
from cropmap.models.transformer import Transformer, TransformerParams
from cropmap.training.feeding import Feed, Resident
from cropmap.training.loop import LoopOptions, Part, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

SHAPE = SeriesShape(steps=23, bands=6, classes=6)
FED, LOADED, BATCH = 320_000, 20_000, 128
PAPER = {"optimizer": "adam", "schedule": "constant", "batch_size": 4096, "epochs": 100, "patience": 100}
SMALL = {"width": 64, "feed_forward": 128, "heads": 4}


class OneByOne(Dataset[tuple["Tensor", int]]):
    """Series as the source studies' loaders give them."""

    def __init__(self, part: Part) -> None:
        self.part = part

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.part.columns)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """Return one series and its class."""
        return torch.from_numpy(self.part.values[index]), int(self.part.columns[index])


def drawn(count: int, seed: int, noise: float = 7.0) -> Part:
    """Return series around one mean curve a class, so noisy that classes overlap."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, SHAPE.classes, count)
    curves = np.random.default_rng(1).normal(size=(SHAPE.classes, SHAPE.steps, SHAPE.bands)).astype(np.float32)
    values = rng.normal(scale=noise, size=(count, SHAPE.steps, SHAPE.bands)).astype(np.float32)
    values += curves[classes]
    return Part(values / np.float32(noise), classes)


def resident(part: Part) -> Resident:
    """Return a part's tensors."""
    return Resident(torch.from_numpy(part.values), torch.from_numpy(part.columns))


def feeding() -> str:
    """Return the table of samples fed a second."""
    ours, theirs = drawn(FED, 0), drawn(LOADED, 0)
    rows = []
    for size in (BATCH, 4096):
        feed = Feed(resident(ours), size, seed=0)
        loader = DataLoader(OneByOne(theirs), batch_size=size, shuffle=True)
        seconds = median_seconds({"ours": lambda: passed(feed), "theirs": lambda: passed(loader)}, 5, clock)  # noqa: B023
        own, other = FED / seconds["ours"], LOADED / seconds["theirs"]
        rows.append((f"{size}", f"{own:,.0f}", f"{other:,.0f}", f"{own / other:.0f}"))
    return table(("batch", "ours, samples/s", "DataLoader, samples/s", "ratio"), rows)


def memory() -> str:
    """Return the table of seconds with freed memory kept and given back."""
    # What the user has set in the environment stays: here, what glibc begins with.
    given_back = {"MALLOC_TRIM_THRESHOLD_": str(2**17)}
    taken: dict[str, list[float]] = {"kept": [], "given back": []}
    command = [sys.executable, __file__, "--threads", str(torch.get_num_threads()), "--parts", "three_epochs"]
    for _ in range(5):
        for name, own in (("kept", {}), ("given back", given_back)):
            told = subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True, check=True)
            taken[name].append(float(told.stdout.split()[-1]))
    kept, back = (statistics.median(seconds) for seconds in taken.values())
    return table(
        ("freed memory", "s", "ratio"),
        [("kept", f"{kept:.2f}", "1"), ("given back", f"{back:.2f}", f"{back / kept:.2f}")],
    )


def three_epochs() -> str:
    """Return the seconds of a training of three epochs on 4,096 series."""
    training, validation = drawn(4096, 0), drawn(512, 1)
    params = TempCnnParams(epochs=3, patience=3)
    start = time.perf_counter()
    train(lambda: TempCnn.untrained(params, SHAPE), training, validation, LoopOptions(device="cpu"), Progress())
    return str(time.perf_counter() - start)


def clock() -> float:
    """Return seconds; with one thread, those of this thread alone, which other processes do not lengthen."""
    return time.thread_time() if torch.get_num_threads() == 1 else time.perf_counter()


def passed(batches: Any) -> int:
    """Go through an epoch's batches."""
    return sum(len(columns) for _, columns in batches)


def epoch(samples: int) -> str:
    """Return the table of an epoch's seconds."""
    part, held = drawn(samples, 0), drawn(max(1, samples // 8), 1)
    params = {"batch_size": BATCH, "epochs": 4, "patience": 10}
    with_validation = statistics.median(epoch_seconds(TransformerParams(**params), part, held)[1:])
    alone = statistics.median(epoch_seconds(TransformerParams(**params), part, drawn(2, 1))[1:])
    bare = median_seconds({"bare": arithmetic(part)}, 3, clock)["bare"]
    rows = [
        ("forward and backward alone", f"{bare:.2f}", "1.00"),
        ("an epoch, almost nothing to validate on", f"{alone:.2f}", f"{alone / bare:.2f}"),
        ("an epoch, validated on an eighth", f"{with_validation:.2f}", f"{with_validation / bare:.2f}"),
    ]
    return table((f"{samples:,} samples, batches of {BATCH}", "s", "ratio"), rows)


def epoch_seconds(params: TransformerParams, part: Part, held: Part) -> list[float]:
    """Return the time of each epoch of a training."""
    times = [clock()]
    progress = Progress(point=lambda _curve, _figures: times.append(clock()))
    train(lambda: Transformer.untrained(params, SHAPE), part, held, LoopOptions(device="cpu"), progress)
    return [after - before for before, after in itertools.pairwise(times)]


def arithmetic(part: Part) -> Callable[[], None]:
    """Return a task that passes forward and backward through the network, batch after batch, and does nothing else."""
    network = Transformer.untrained(TransformerParams(), SHAPE).network.train()
    whole = resident(part)
    batches = [
        (whole.values[at : at + BATCH].clone(), whole.columns[at : at + BATCH].clone())
        for at in range(0, len(whole), BATCH)
    ]

    def run() -> None:
        for values, columns in batches:
            for parameter in network.parameters():
                parameter.grad = None
            functional.cross_entropy(network(values), columns).backward()

    return run


def losses(params: dict[str, Any], seed: int) -> list[float]:
    """Return the validation loss of each epoch."""
    asked = TransformerParams(**SMALL | params)
    made = train(
        lambda: Transformer.untrained(asked, SHAPE),
        drawn(20_000, seed),
        drawn(5_000, seed + 1000),
        LoopOptions(seed=seed, device="cpu"),
        Progress(),
    )
    return [found["validation_loss"] for found in made.epochs]


def loss(seeds: int) -> str:
    """Return the table of epochs to the paper's loss."""
    rows = []
    for seed in range(seeds):
        goal = min(losses(PAPER, seed))
        found = losses({}, seed)
        reached = next((str(number + 1) for number, value in enumerate(found) if value <= goal), "never")
        rows.append((str(seed), f"{goal:.4f}", f"{min(found):.4f}", reached))
        say(f"loss, seed {seed}: {goal:.4f}, ours {min(found):.4f}, reached in epoch {reached}")
    return table(("seed", "paper's lowest loss", "ours", "epochs to the paper's"), rows)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--samples", type=int, default=2048, help="of the epoch; the paper's own: 320000")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--parts", nargs="+", default=["feeding", "epoch", "memory", "loss"])
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    say(f"{machine()}; {given.threads} thread(s), medians\n")
    tasks = {
        "feeding": feeding,
        "epoch": lambda: epoch(given.samples),
        "memory": memory,
        "three_epochs": three_epochs,  # what `memory` runs
        "loss": lambda: loss(given.seeds),
    }
    for name in given.parts:
        say(tasks[name]() + "\n")


if __name__ == "__main__":
    main()
