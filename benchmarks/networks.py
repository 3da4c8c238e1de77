"""The networks of the BreizhCrops study beside its own code: learning and predicting, on one CPU thread.

    .venv-peers/bin/python benchmarks/networks.py

Series of 45 steps x 13 bands and 9 classes, the study's own. A step of learning is forward, loss, backward and Adam on
a batch of 256; predicting is forward alone, in evaluation mode, in batches as the product maps. Both sides in turns,
with freed memory kept as the product keeps it, seconds of the thread.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import torch
from breizhcrops import models as theirs
from harness import machine, median_seconds, say, table
from torch.nn import functional

from cropmap.models import MODELS
from cropmap.models.base import SeriesShape
from cropmap.models.memory import keep_freed_memory
from cropmap.models.neural import CPU_BATCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from cropmap.models.neural import NeuralClassifier

SHAPE = SeriesShape(steps=45, bands=13, classes=9)
LEARNT, PREDICTED = 256, 8 * CPU_BATCH
SIZES: dict[str, Any] = {"input_dim": SHAPE.bands, "num_classes": SHAPE.classes}
THEIRS: dict[str, Callable[[], nn.Module]] = {
    "tempcnn": lambda: theirs.TempCNN(sequencelength=SHAPE.steps, kernel_size=7, hidden_dims=128, **SIZES),
    "ms_resnet": lambda: theirs.MSResNet(**SIZES),
    "inception_time": lambda: theirs.InceptionTime(**SIZES),
    "omniscale_cnn": lambda: theirs.OmniScaleCNN(sequencelength=SHAPE.steps, **SIZES),
    "star_rnn": lambda: theirs.StarRNN(**SIZES),
    "deep_lstm": lambda: theirs.LSTM(**SIZES),
    "bmp": lambda: theirs.TransformerModel(**SIZES),
}


def step(network: nn.Module, optimizer: torch.optim.Optimizer, values: Tensor, classes: Tensor) -> None:
    """Learn from one batch."""
    network.train()
    optimizer.zero_grad()
    functional.cross_entropy(network(values), classes).backward()
    optimizer.step()


def predict(network: nn.Module, values: Tensor) -> None:
    """Compute the scores of some batches."""
    network.eval()
    with torch.inference_mode():
        for rows in values.split(CPU_BATCH):
            network(rows)


def compared(name: str, turns: int) -> tuple[str, ...]:
    """Return one row: what ours learns and predicts a second, and how many times theirs."""
    found = MODELS.get(name)
    kind = cast("type[NeuralClassifier]", found.make)
    model = kind.untrained(found.parse({}), SHAPE)
    networks = {"ours": model.network, "theirs": THEIRS[name]()}
    values, classes = torch.randn(LEARNT, SHAPE.steps, SHAPE.bands), torch.randint(0, SHAPE.classes, (LEARNT,))
    mapped = torch.randn(PREDICTED, SHAPE.steps, SHAPE.bands)
    learning: dict[str, Callable[[], object]] = {
        side: partial(step, network, torch.optim.Adam(network.parameters()), values, classes)
        for side, network in networks.items()
    }
    predicting: dict[str, Callable[[], object]] = {
        side: partial(predict, network, mapped) for side, network in networks.items()
    }
    cells = []
    for tasks, count in ((learning, LEARNT), (predicting, PREDICTED)):
        seconds = median_seconds(tasks, turns, time.thread_time)
        cells += [f"{count / seconds['ours']:,.0f}", f"{seconds['theirs'] / seconds['ours']:.2f}"]
    return (f"`{name}`", *cells)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--models", nargs="+", default=list(THEIRS), choices=list(THEIRS))
    given = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    say(f"{machine()}; one thread, medians of {given.turns}\n")
    head = (
        "network",
        "series learnt a second",
        "x BreizhCrops' code",
        "series predicted a second",
        "x BreizhCrops' code",
    )
    say(table(head, [compared(name, given.turns) for name in given.models]))


if __name__ == "__main__":
    main()
