"""Strategies run side by side: each makes its package, and each is judged on the same folds of the target."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.assessment.model_comparison import ComparedModel, ModelRun
from cropmap.contract.errors import CropMapError, OutputError, PackageError
from cropmap.contract.params import to_dict
from cropmap.data.legend import NODATA, Legend
from cropmap.data.package import ModelPackage
from cropmap.data.samples import SampleSet
from cropmap.io.packages import read_package, write_package
from cropmap.jobs.compared import clock
from cropmap.models.predictor import Predictor
from cropmap.sampling.unlabelled import apart, land_units
from cropmap.training.fit import FitOptions, fingerprint, fit_once
from cropmap.training.sides import drawn_validation, occurring
from cropmap.training.start import package_digest
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import GRADIENTS, MODEL, Transfer, check_task, learns_by_gradients, run_strategy
from cropmap.transfer.classes import codes_in, masked
from cropmap.transfer.scores import (
    ScoreOptions,
    Scores,
    information,
    mean_entropy,
    neighbourhood_density,
    score,
)
from cropmap.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from cropmap.contract.progress import Progress
    from cropmap.data.samples import FoldPlan
    from cropmap.registry import Entry

# Of the target's series that tell what would go to masked classes, and of those that scores are made of.
_MOST = 4000


@dataclass(frozen=True, eq=False)
class Given:
    """What the user gave, in one legend.

    Args:
        source: Labelled series of the source; None where there are none.
        package: The source's model; None where there is none.
        target: Labelled series of the target; None where there are none.
        series: Series of the target without labels; None where the target's labelled ones have to do, or none are
            known.
        legend: Classes of all of these.
        classes: Names of the classes that the target has; empty: those of its labels, else all.
        options: Seed, device, share of validation samples.
    """

    source: SampleSet | None
    package: ModelPackage | None
    target: SampleSet | None
    series: SampleSet | None
    legend: Legend
    classes: tuple[str, ...]
    options: FitOptions


@dataclass(frozen=True)
class Way:
    """A strategy that runs beside others.

    Args:
        name: What it is called here.
        strategy: Registered name.
        values: Its own parameter values.
        model: Registered name of the model that is trained on samples; empty: the package's.
        model_values: Its parameter values.
        added: Nobody asked for it; it is there to compare with.
    """

    name: str
    strategy: str
    values: Mapping[str, Any]
    model: str = ""
    model_values: Mapping[str, Any] = field(default_factory=dict)
    added: bool = False


@dataclass(frozen=True, eq=False)
class Part:
    """What a strategy is given in one place: all, or all but what it is judged on.

    Args:
        name: What messages and folders call it.
        source: Labelled series of the source.
        target: Labelled series of the target.
        series: Series of the target without labels, (n, step, band).
    """

    name: str
    source: SampleSet | None
    target: SampleSet | None
    series: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Made:
    """A strategy's package.

    Args:
        package: It, answering only classes that the target has.
        before: The same before any class was masked.
        masked: Names of the masked classes.
        seconds: What it took, interrupted tries included.
    """

    package: ModelPackage
    before: ModelPackage
    masked: tuple[str, ...]
    seconds: float


class Maker:
    """Runs strategies on parts of what is given; what is finished stays in a folder and is not made again.

    Args:
        given: What the user gave.
        folder: Where finished parts and checkpoints go; who asked for the whole deletes it.
    """

    def __init__(self, given: Given, folder: Path) -> None:
        self.given, self._folder = given, folder

    def whole(self) -> Part:
        """Return everything as one part."""
        return Part("all", self.given.source, self.given.target, self._series())

    def fold(self, plan: FoldPlan, number: int) -> Part:
        """Return all but the labels of a fold, those too near to it, and the series that stand on its land."""
        target = self.given.target
        if target is None:
            message = "there are no labels to fold"
            raise TypeError(message)
        kept = plan.train_mask(number)
        series = target.values[kept]
        if self.given.series is not None:
            series = self.given.series.values[apart(self.given.series, target, plan, number)]
        return Part(f"fold {number + 1}", self.given.source, target.subset(kept), series)

    def held_back(self, progress: Progress) -> tuple[Part, SampleSet] | None:
        """Return all but some of the source's land, and the samples on it; None without samples of the source."""
        source, options = self.given.source, self.given.options
        if source is None:
            return None
        columns = np.searchsorted(occurring(source).codes, source.codes)
        blocks = dataclasses.replace(source, groups=_blocks(source))
        held = drawn_validation(blocks, columns, options.validation_share, options.seed, progress)
        if not held.any():
            return None
        return Part("held back", source.subset(~held), None, self._series()), source.subset(held)

    def source_model(self, source: SampleSet, model: tuple[str, Mapping[str, Any]], progress: Progress) -> ModelPackage:
        """Return a model of samples of the source, trained once for all that ask for it.

        Args:
            source: The samples.
            model: Name and parameter values.
            progress: Told how far it is; it cancels.

        Raises:
            CropMapError: As `fit`.
        """
        options = dataclasses.replace(self.given.options, checkpoints=self._folder / "source")
        return fit_once(source, *model, options, progress.curve("Source"))

    def check(self, way: Way, series: NDArray[np.float32]) -> None:
        """Refuse a strategy that lacks what it needs, before anything is trained.

        Args:
            way: The strategy.
            series: Series of the target, or one that stands for those that will be read, (n, step, band).

        Raises:
            CropMapError: As `transfer.base.check_task`.
        """
        entry, given = STRATEGIES.get(way.strategy), self.given
        params = entry.parse(way.values)
        package = given.package if self._suits(way, entry) else None
        own = way.model, way.model_values
        check_task(entry, params, Transfer(given.source, package, series, given.target, *own, given.options))

    def make(self, way: Way, part: Part, progress: Progress) -> Made:
        """Return a strategy's package, made of a part.

        Raises:
            CropMapError: As the strategy.
        """
        folder = self._folder / way.name / part.name
        package = self._package(way, part, progress.part(0.0, 0.3))
        path = folder / f"{self._digest(way, part, package)[:16]}.cropmap"
        with clock(folder / "seconds.txt") as seconds:
            found = _finished(path, progress)
            if found is None:
                options = dataclasses.replace(self.given.options, checkpoints=folder)
                own = way.model, way.model_values
                rest = progress.part(0.3, 1.0)
                task = Transfer(part.source, package, part.series, part.target, *own, options, rest)
                found = run_strategy(way.strategy, way.values, task)
                _keep(path, found, progress)
            spent = seconds()
        names = self._classes(part)
        if names is None:
            return Made(found, found, (), spent)
        kept = masked(found, names)
        gone = [name for name, own in zip(kept.legend.names, kept.class_weights, strict=True) if not own]
        return Made(kept if gone else found, found, tuple(gone), spent)

    def judge(self, way: Way, plan: FoldPlan, progress: Progress) -> ComparedModel:
        """Return what a strategy says of the target's labelled samples, fold by fold, without having seen the fold.

        Raises:
            CropMapError: As the strategy.
        """
        target = self.given.target
        if target is None:
            message = "there are no labels to judge by"
            raise TypeError(message)
        count = len(self.given.legend)
        probabilities = np.full((len(target), count), np.nan, np.float32)
        numbers = np.unique(plan.fold[plan.fold >= 0]).tolist()
        model, seconds = "", 0.0
        for done, number in enumerate(numbers):
            part = progress.part(done / len(numbers), (done + 1) / len(numbers)).curve(f"fold {number + 1}")
            part.at(0.0, f"Judging {way.name}, fold {number + 1} of {len(numbers)}")
            made = self.make(way, self.fold(plan, number), part)
            tested = plan.fold == number
            found = np.zeros((int(tested.sum()), count), np.float32)
            columns = np.searchsorted(self.given.legend.codes, codes_in(made.package, self.given.legend))
            found[:, columns] = Predictor(made.package, self.given.options.device).probabilities(target.values[tested])
            probabilities[tested] = found
            model, seconds = made.package.model, seconds + made.seconds
        codes = np.full(len(target), NODATA, np.uint8)
        tested = plan.fold >= 0
        codes[tested] = np.array(self.given.legend.codes, np.uint8)[probabilities[tested].argmax(axis=1)]
        return ComparedModel(way.name, model, way.values, (ModelRun(codes, probabilities, round(seconds, 3)),))

    def masked_share(self, made: Made, series: NDArray[np.float32]) -> float:
        """Return the share of series that a package would have given to its masked classes; NaN without series."""
        if not len(series):
            return float("nan")
        if not made.masked:
            return 0.0
        found = Predictor(made.before, self.given.options.device).probabilities(self._some(series)).argmax(axis=1)
        gone = [column for column, name in enumerate(made.before.legend.names) if name in made.masked]
        return float(np.isin(found, gone).mean())

    def scores(self, made: Made, held: tuple[Part, SampleSet] | None, series: NDArray[np.float32]) -> Scores:
        """Return a package's label-free scores; those that need samples of the source are NaN without.

        Args:
            made: Made of the part that `held_back` gives, where it gives one.
            held: What `held_back` gave.
            series: Of the target, (n, step, band).
        """
        options = self.given.options
        if held is not None and held[0].source is not None:
            chosen = ScoreOptions(options.seed, _MOST, options.device)
            return score(made.package, (held[0].source, held[1]), series, chosen)
        found = Predictor(made.package, options.device).probabilities(self._some(series))
        known = found[~np.isnan(found).any(axis=1)]
        gone = float("nan")
        told = mean_entropy(known), information(known), neighbourhood_density(known)
        return Scores(gone, gone, gone, *told, gone, gone)

    def _some(self, series: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return as many series as figures are made of, drawn at random: files are sorted by class or by place."""
        drawn = np.random.default_rng(self.given.options.seed).permutation(len(series))[:_MOST]
        return series[np.sort(drawn)]

    def _series(self) -> NDArray[np.float32]:
        held = self.given.series if self.given.series is not None else self.given.target
        return np.empty((0, 0, 0), np.float32) if held is None else held.values

    def _suits(self, way: Way, entry: Entry[ModelPackage]) -> bool:
        """Whether the package that is given serves a strategy: one that changes weights needs a network."""
        package = self.given.package
        return package is not None and (
            GRADIENTS not in entry.needs or not way.model or learns_by_gradients(package.model)
        )

    def _package(self, way: Way, part: Part, progress: Progress) -> ModelPackage | None:
        """Return the source's model for a strategy: the one given, else one trained on the part's samples, once."""
        entry = STRATEGIES.get(way.strategy)
        if self._suits(way, entry):
            return self.given.package
        if MODEL not in entry.needs or part.source is None:
            return None
        return self.source_model(part.source, (way.model, way.model_values), progress)

    def _classes(self, part: Part) -> tuple[str, ...] | None:
        if self.given.classes:
            return self.given.classes
        return None if part.target is None else occurring(part.target).names

    def _digest(self, way: Way, part: Part, package: ModelPackage | None) -> str:
        """Return a SHA-256 of all that a strategy's package depends on."""
        options = self.given.options
        about = {
            "strategy": way.strategy,
            "values": to_dict(STRATEGIES.get(way.strategy).parse(way.values)),
            "samples": [_about(samples) for samples in (part.source, part.target)],
            "series": [part.series.shape, hashlib.sha256(np.ascontiguousarray(part.series).data).hexdigest()],
            "package": None if package is None else [package_digest(package), package.fingerprint],
            "model": [way.model, dict(way.model_values)],
            "options": [options.seed, options.validation_share, options.device],
            "version": __version__,
        }
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _about(samples: SampleSet | None) -> Any:
    if samples is None:
        return None
    belongs = hashlib.sha256()
    for name in ("groups", "sites"):
        belongs.update("\0".join(getattr(samples, name).tolist()).encode())
    belongs.update(np.ascontiguousarray(samples.years).data)
    about = fingerprint(samples), belongs.hexdigest(), samples.legend.to_list(), samples.recipe.to_dict()
    return [*about, list(samples.bands), samples.days.tolist()]


def _blocks(samples: SampleSet) -> NDArray[np.str_]:
    try:
        return land_units(samples).astype(np.str_)
    except CropMapError:  # samples without a place
        return samples.groups


def _finished(path: Path, progress: Progress) -> ModelPackage | None:
    if not path.exists():
        return None
    try:
        return read_package(path)
    except PackageError as error:
        progress.warn(f"A finished part cannot be used again: {error} It is made anew.")
        return None


def _keep(path: Path, package: ModelPackage, progress: Progress) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_package(path, package)
    except (OutputError, OSError) as error:
        progress.warn(f"A finished part could not be kept: {error}")
