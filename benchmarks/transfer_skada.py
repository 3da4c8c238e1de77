"""skada beside our strategies: the same samples and network, as many epochs and batches, the same step sizes.

    python benchmarks/transfer_skada.py [--seeds 0 1 2]

That library stands in the environment that benchmarks/peers.sh makes; one thread, its own seconds. It trains as it does
by itself: pull 1 from the first batch on, statistics of batch normalisation shared by the sites, the last epoch. Its
networks are then scored without labels by both libraries.
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import json
import statistics
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from harness import machine, say, table
from numpy.typing import NDArray
from scipy.stats import spearmanr
from threadpoolctl import threadpool_limits
from torch import nn
from training import clock
from transfer import FOREST, LEAST, PAIRS, TEMPCNN, split
from transfer_speed import drawn

from cropmap.contract.progress import Progress
from cropmap.data.accuracy import accuracy_of
from cropmap.data.samples import SampleSet
from cropmap.models import MODELS
from cropmap.models.base import SeriesShape
from cropmap.models.predictor import Predictor
from cropmap.models.tempcnn import TempCnnNetwork
from cropmap.seeds import torch_seed
from cropmap.training.fit import FitOptions
from cropmap.training.scaling import fit_scaling
from cropmap.training.schedules import step_sizes
from cropmap.training.sides import drawn_validation
from cropmap.transfer import scores
from cropmap.transfer.base import Transfer, run_strategy
from cropmap.transfer.classes import codes_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PEERS = Path(__file__).parents[1] / ".venv-peers" / "bin" / "python"
DATA = Path(__file__).parents[2] / "shared" / "data"

# ---------------------------------------------------------------- skada: our side

# Of source and pool: the kernel methods' time grows with the third power.
MOST = 600
# Of the drawn pair's target, by band: another sensor and another air.
GAIN, OFFSET = np.array([0.8, 0.85, 0.9, 1.1, 1.15, 1.2], np.float32), np.float32(0.03)
NONE = "-"


@dataclass(frozen=True)
class Method:
    """A row of the table.

    Args:
        title: What it does.
        peer: What it is called in `_shallow` or `_deep`; empty: skada does not have it.
        strategy: Ours; empty: we do not have it.
        values: Its parameter values.
        model: The model that learns, and its parameter values.
    """

    title: str
    peer: str = ""
    strategy: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    model: tuple[str, Mapping[str, Any]] = FOREST


METHODS = (
    Method("forest as it is", "forest", "direct"),
    Method("forest, CORAL over dates and bands", "coral", "coral", {"over": "series"}),
    Method("forest, CORAL over bands", "", "coral"),
    Method("forest, subspace alignment", "subspace"),
    Method("forest, transfer components", "components"),
    Method("forest, optimal transport", "transport"),
    Method("forest, linear optimal transport", "linear transport"),
    Method("TempCNN as it is", "source only", "direct", {}, TEMPCNN),
    Method("TempCNN, Deep CORAL", "deep coral", "deep_coral", {}, TEMPCNN),
    Method("TempCNN, DANN", "dann", "dann", {}, TEMPCNN),
    Method("TempCNN, CDAN", "cdan", "cdan", {}, TEMPCNN),
    Method("TempCNN, kernel distance (DAN)", "dan", "mmd", {}, TEMPCNN),
)


@dataclass(frozen=True)
class Task:
    """One seed of a pair: labelled source, series of the target without labels, labelled test of the target."""

    source: SampleSet
    pool: SampleSet
    test: SampleSet
    seed: int

    @property
    def options(self) -> FitOptions:
        """Return seed, device and threads."""
        return FitOptions(seed=self.seed, device="cpu", threads=1)


def skada(seeds: Sequence[int]) -> str:
    """Return tables of both libraries' figures for each pair, and of their scores."""
    if not PEERS.exists() or subprocess.run([PEERS, "-c", "import skada.deep"], check=False).returncode:
        return "skada is left out: `bash benchmarks/peers.sh` makes the environment that holds it."
    torch.set_num_threads(1)
    pairs: dict[str, Callable[[int], tuple[SampleSet, SampleSet]]] = {"drawn, other gain and offset": _drawn_pair}
    notes = []
    if (DATA / "us_s2_cdl_2021").exists():
        pairs["Arkansas to California"] = _states
    else:
        notes = ["Arkansas to California is left out: shared/data/us_s2_cdl_2021 is not there."]
    parts, ranks, version = [], defaultdict[str, list[list[float]]](list), ""
    for pair, make in pairs.items():
        answers = []
        for seed in seeds:
            source, target = make(seed)
            pool, test = split(target, seed)
            task = Task(_at_most(source, seed), _at_most(pool, seed), test, seed)
            with threadpool_limits(1):
                answers.append((_own(task), *_asked(task, ranks)))
        version = answers[0][2]
        parts.append(_table(pair, [answer[:2] for answer in answers]))
    return "\n\n".join((f"skada {version}", *parts, _scores_table(ranks), *notes))


def _drawn_pair(seed: int) -> tuple[SampleSet, SampleSet]:
    source, target = (drawn(2 * MOST, 1 + 2 * seed + site, noise=3, variation=2) for site in (0, 1))
    return source, dataclasses.replace(target, values=target.values * GAIN + OFFSET)


def _states(seed: int) -> tuple[SampleSet, SampleSet]:
    del seed  # draws the samples from both
    sides = PAIRS["arkansas_california"](DATA)
    return sides.source, sides.target


def _at_most(samples: SampleSet, seed: int) -> SampleSet:
    chosen = np.sort(np.random.default_rng(seed).permutation(len(samples))[:MOST])
    return samples.subset(chosen)


def _own(task: Task) -> dict[str, list[float]]:
    """Return overall accuracy, macro F1 and seconds of our strategies, by title."""
    found = {}
    for method in METHODS:
        if method.strategy:
            asked = Transfer(task.source, None, task.pool.values, None, *method.model, task.options)
            start = clock()
            package = run_strategy(method.strategy, method.values, asked)
            seconds = clock() - start
            columns = Predictor(package, "cpu").probabilities(task.test.values).argmax(axis=1)
            found[method.title] = [*_judged(task.test, codes_in(package, task.test.legend)[columns]), seconds]
    return found


def _judged(test: SampleSet, codes: NDArray[np.integer[Any]]) -> tuple[float, float]:
    found = accuracy_of(test.codes, codes, test.legend)
    return found.overall, float(found.f1[found.support >= LEAST].mean())


def _asked(task: Task, ranks: dict[str, list[list[float]]]) -> tuple[dict[str, list[float]], str]:
    """Return the same of skada, and its version; of each score, by name, its rank correlation and seconds are added."""
    codes, classes = np.unique(task.source.codes, return_inverse=True)
    held = drawn_validation(task.source, classes, task.options.validation_share, task.seed, Progress())
    about = {"seed": task.seed, "bands": task.source.bands, "classes": len(codes)}
    with TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(
            folder / "task.npz",
            source=task.source.values,
            classes=classes,
            held=held,
            series=task.pool.values,
            test=task.test.values,
            about=np.array(json.dumps(about)),
        )
        subprocess.run([PEERS, "-W", "ignore", __file__, "--peer", name], check=True)
        with np.load(folder / "answers.npz", allow_pickle=False) as answers:
            told = json.loads(answers["about"].item())
            labels = {key: codes[answers[key]] for key in told["seconds"]}
    figures = {key: [*_judged(task.test, own), told["seconds"][key]] for key, own in labels.items()}
    for key in next(iter(told["scores"].values())):
        found = [(figures[name][0], *own[key]) for name, own in told["scores"].items() if key in own]
        accuracies, values, seconds = zip(*found, strict=True)
        ranks[key].append([float(spearmanr(values, accuracies).statistic), statistics.fmean(seconds)])
    return {method.title: figures[method.peer] for method in METHODS if method.peer}, told["version"]


def _table(pair: str, answers: Sequence[tuple[Mapping[str, Sequence[float]], Mapping[str, Sequence[float]]]]) -> str:
    head = (pair, *(f"{who}: {what}" for who in ("skada", "cropmap") for what in ("OA", "macro F1", "s")))
    rows = []
    for method in METHODS:
        own, peer = ([answer[side].get(method.title) for answer in answers] for side in (0, 1))
        rows.append((method.title, *_cells(peer), *_cells(own)))
    return table(head, rows)


def _cells(figures: Sequence[Sequence[float] | None]) -> tuple[str, ...]:
    known = [own for own in figures if own is not None]
    if not known:
        return (NONE, NONE, NONE)
    overall, macro, seconds = zip(*known, strict=True)
    return _spread(overall), _spread(macro), f"{statistics.fmean(seconds):.1f}"


def _spread(values: Sequence[float]) -> str:
    mean = f"{statistics.fmean(values):.3f}"
    return f"{mean} ± {statistics.stdev(values):.3f}" if len(values) > 1 else mean


def _scores_table(ranks: Mapping[str, Sequence[Sequence[float]]]) -> str:
    """Return how well scores rank skada's networks (rank correlation with overall accuracy), and what one costs."""
    rows = []
    for name in SCORES:
        cells: list[str] = []
        for who in ("skada", "cropmap"):
            found = ranks.get(f"{who} {name}", ())
            known = [own[0] for own in found if np.isfinite(own[0])]
            seconds = [own[1] for own in found]
            cells += [_spread(known), f"{statistics.fmean(seconds):.2f}"] if known else [NONE, NONE]
        rows.append((name, *cells))
    return table(("score", "skada: rank correlation", "s", "cropmap: rank correlation", "s"), rows)


# ---------------------------------------------------------------- skada: its side, in its own environment

SOURCE, TARGET, MASKED = 1, -2, -1
SCORES = ("entropy", "density", "dev", "accuracy", "information")


class Bare(nn.Module):
    """A network of ours as skada calls one."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, X: torch.Tensor, sample_weight: torch.Tensor | None = None) -> torch.Tensor:  # noqa: N803, ARG002
        """Return class scores before the softmax."""
        found: torch.Tensor = self.network(X)
        return found


@dataclass(frozen=True)
class Asked:
    """What skada is given: values not scaled, classes 0.., True for source samples that networks do not learn from."""

    source: NDArray[np.float32]
    classes: NDArray[np.int64]
    held: NDArray[np.bool_]
    series: NDArray[np.float32]
    test: NDArray[np.float32]
    about: Mapping[str, Any]

    @property
    def flat(self) -> tuple[NDArray[np.float32], ...]:
        """Return source, series and test as rows."""
        return tuple(own.reshape(len(own), -1) for own in (self.source, self.series, self.test))

    @property
    def scaled(self) -> Asked:
        """Return the same, scaled as our networks have it."""
        scaling = fit_scaling(self.source[~self.held], tuple(self.about["bands"]), "per_band")
        source, series, test = (scaling.apply(own) for own in (self.source, self.series, self.test))
        return dataclasses.replace(self, source=source, series=series, test=test)


def answer(folder: Path) -> None:
    """Do the task that lies in a folder with skada, and leave the answers there."""
    from skada import __version__  # noqa: PLC0415 - only its own environment has it

    with np.load(folder / "task.npz", allow_pickle=False) as held:
        given = {name: held[name] for name in held.files}
    asked = Asked(**{**given, "about": json.loads(given["about"].item())})
    torch.set_num_threads(1)
    classes, seconds, scored = {}, {}, {}
    with threadpool_limits(1):
        for name, labels, taken in _shallow(asked):
            classes[name], seconds[name] = labels, taken
        for name, labels, taken, told in _deep(asked.scaled):
            classes[name], seconds[name], scored[name] = labels, taken, told
    about = {"seconds": seconds, "scores": scored, "version": __version__}
    np.savez(folder / "answers.npz", about=np.array(json.dumps(about)), **classes)


def _shallow(asked: Asked) -> Iterator[tuple[str, NDArray[np.int64], float]]:
    """Yield name, classes of the test and seconds of a forest after each adaptation of its samples."""
    from skada import (  # noqa: PLC0415
        CORALAdapter,
        LinearOTMappingAdapter,
        OTMappingAdapter,
        SubspaceAlignmentAdapter,
        TransferComponentAnalysisAdapter,
        make_da_pipeline,
    )
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    seed, params = asked.about["seed"], MODELS.get(FOREST[0]).parse(FOREST[1])
    adapters: dict[str, list[Any]] = {
        "forest": [],
        "coral": [CORALAdapter()],
        "subspace": [SubspaceAlignmentAdapter(n_components=30, random_state=seed)],
        "components": [TransferComponentAnalysisAdapter(n_components=30)],
        "transport": [OTMappingAdapter()],
        "linear transport": [LinearOTMappingAdapter(reg=1.0)],
    }
    source, series, test = asked.flat
    values, labels, sites = _both(source, asked.classes, series)
    for name, adapter in adapters.items():
        forest = RandomForestClassifier(params.trees, max_features=params.features_per_split, random_state=seed)
        start = clock()
        made = make_da_pipeline(StandardScaler(), *adapter, forest).fit(values, labels, sample_domain=sites)
        taken = clock() - start
        yield name, made.predict(test, sample_domain=np.full(len(test), TARGET)), taken


def _both(
    source: NDArray[np.float32], classes: NDArray[np.int64], series: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Return values, labels and sites of source and target, as skada wants them."""
    sites = np.repeat([SOURCE, TARGET], [len(source), len(series)])
    return np.concatenate([source, series]), np.concatenate([classes, np.full(len(series), MASKED)]), sites


def _deep(asked: Asked) -> Iterator[tuple[str, NDArray[np.int64], float, dict[str, tuple[float, float]]]]:
    """Yield name, classes of the test, seconds and scores of our network, trained by each of skada's ways."""
    from skada import deep  # noqa: PLC0415

    features, many = {"num_features": TEMPCNN[1]["dense"]}, {"n_classes": asked.about["classes"]}
    ways: dict[str, tuple[Any, dict[str, Any]]] = {
        "source only": (deep.SourceOnly, {}),
        "deep coral": (deep.DeepCoral, {}),
        "dann": (deep.DANN, features),
        "cdan": (deep.CDAN, {**features, **many}),
        "dan": (deep.DAN, {}),
    }
    learnt = ~asked.held
    values, labels, sites = _both(asked.source[learnt], asked.classes[learnt], asked.series)
    for name, (make, values_of) in ways.items():
        with torch_seed(asked.about["seed"]):
            start = clock()
            net = make(Bare(_network(asked)), layer_name="network.dense", **values_of, **_loop(int(learnt.sum()), name))
            net.fit(values, labels, sample_domain=sites)
            taken = clock() - start
            told = net.predict(asked.test, sample_domain=np.full(len(asked.test), TARGET))
            yield name, told, taken, _scored(net, asked)


def _network(asked: Asked) -> nn.Module:
    steps, bands = asked.source.shape[1:]
    return TempCnnNetwork(MODELS.get(TEMPCNN[0]).parse(TEMPCNN[1]), SeriesShape(steps, bands, asked.about["classes"]))


def _loop(samples: int, name: str) -> dict[str, Any]:
    """Return how our network is trained, in skada's words: an epoch is as many of the source, and of the target."""
    from skorch.callbacks import LRScheduler  # noqa: PLC0415

    params = MODELS.get(TEMPCNN[0]).parse(TEMPCNN[1])
    batches = max(1, samples // params.batch_size)
    sizes = np.concatenate([step_sizes(params, batches, [0.0] * number) for number in range(params.epochs)])
    shares = np.append(sizes, 0.0) / params.learning_rate
    schedule = LRScheduler(torch.optim.lr_scheduler.LambdaLR, lr_lambda=shares.__getitem__, step_every="batch")
    return {
        "max_epochs": params.epochs,
        "batch_size": params.batch_size,
        "optimizer": torch.optim.Adam,
        "optimizer__weight_decay": params.weight_decay,
        "optimizer__fused": True,
        "lr": params.learning_rate,
        "callbacks": [schedule],
        "train_split": None,
        "verbose": 0,
        **({} if name == "source only" else {"iterator_train__max_samples": "source"}),
    }


def _scored(net: Any, asked: Asked) -> dict[str, tuple[float, float]]:
    """Return what each score says of a network, more for better, and its seconds; held source samples judge."""
    from skada import metrics  # noqa: PLC0415

    values, labels, sites = _both(asked.source[asked.held], asked.classes[asked.held], asked.series)
    theirs = {
        "entropy": metrics.PredictionEntropyScorer(),
        "density": metrics.SoftNeighborhoodDensity(),
        "dev": metrics.DeepEmbeddedValidation(random_state=asked.about["seed"]),
    }
    # Its CDAN refuses the weights of samples that this one gives (skada 0.6.0).
    if "sample_weight" in inspect.signature(type(net.module_).forward).parameters:
        theirs["accuracy"] = metrics.ImportanceWeightedScorer()
    found = {}
    for name, scorer in theirs.items():
        start = clock()
        value = float(scorer(net, values, labels, sample_domain=sites))
        found[f"skada {name}"] = (value, clock() - start)
    for name in SCORES:
        start = clock()
        value = _own_score(name, net, asked) * (1 if name in scores.HIGHER_IS_BETTER else -1)
        found[f"cropmap {name}"] = (value, clock() - start)
    return found


def _own_score(name: str, net: Any, asked: Asked) -> float:
    """Return one of our scores of a network."""
    if name in ("entropy", "density", "information"):
        answers = net.predict_proba(asked.series, sample_domain=np.full(len(asked.series), TARGET))
        score = {"entropy": scores.mean_entropy, "density": scores.neighbourhood_density}
        return score.get(name, scores.information)(answers)
    held, parts = asked.held, (asked.source[~asked.held], asked.series, asked.source[asked.held])
    told = net.predict_proba(parts[2], sample_domain=np.full(int(held.sum()), SOURCE), allow_source=True)
    if name == "dev":
        weights = scores.importance_weights(*(net.predict_features(part) for part in parts))
        return scores.deep_embedded_validation(scores.cross_entropies(told, asked.classes[held]), weights)
    weights = scores.importance_weights(*(part.reshape(len(part), -1) for part in parts))
    return scores.weighted_mean((told.argmax(axis=1) == asked.classes[held]).astype(np.float64), weights)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peer:
        answer(given.peer)
        return
    say(f"{machine()}\n\n{skada(given.seeds)}\n")


if __name__ == "__main__":
    main()
