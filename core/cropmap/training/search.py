"""Search for a model's hyper-parameters by spatial cross-validation, within a budget of time."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState, create_trial

from cropmap.contract.errors import JobError, ModelError, ParameterError
from cropmap.contract.params import Span, specs
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.accuracy import Accuracy, accuracy_of
from cropmap.io.files import atomic_write_text
from cropmap.models import MODELS
from cropmap.models.predictor import Predictor
from cropmap.training.fit import FitOptions, check_fit, cross_validate, fingerprint
from cropmap.training.sides import occurring
from cropmap.training.trials import COMPLETE, FAILED, MACRO_F1, PRUNED, STOPPED, SearchResult, Trial

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.contract.params import Spec
    from cropmap.data.package import ModelPackage
    from cropmap.data.samples import FoldPlan, SampleSet

# Trials before the sampler learns from them, and before any is given up early.
STARTUP_TRIALS, UNPRUNED_TRIALS = 10, 5
# Folds whose samples are judged together before a trial may be given up: one alone says little.
UNPRUNED_FOLDS = 2
# How often values that were tried already are drawn again: by the sampler, then by chance alone.
_DRAWS, _CHANCE_DRAWS = 20, 200
_WORST = 0.0


@dataclass(frozen=True)
class SearchOptions:
    """How a search goes about it.

    Args:
        minutes: What all trials together may take, those of an earlier run included. The defaults are always tried;
            another trial is stopped after the fold in which the time ran out.
        trials: Most trials, failed ones included; 0 sets no limit.
        objective: What is made as large as possible: "macro_f1" or "overall", over all folds' test samples.
        fit: Seed, device, threads of each fit; its seed is that of the search, too.
        journal: File that keeps the finished trials, from which an interrupted search goes on; None keeps none.
        keep: Called with what was found when the user cancels after at least one trial, before `Cancelled` goes on.
        clock: Tells seconds.
    """

    minutes: float = 30.0
    trials: int = 0
    objective: str = MACRO_F1
    fit: FitOptions = field(default_factory=FitOptions)
    journal: Path | None = None
    keep: Callable[[SearchResult], None] | None = None
    clock: Callable[[], float] = time.monotonic


def search(
    samples: SampleSet,
    plan: FoldPlan,
    model: str,
    fixed: Mapping[str, Any] | None = None,
    options: SearchOptions | None = None,
    progress: Progress | None = None,
) -> SearchResult:
    """Try values of a model's searched parameters, each by a cross-validation over the plan's folds.

    What is tried is declared with the parameters (`search=`). Trial 0 is the model as it is, with the fixed values.
    After it a tree-structured Parzen estimator (Bergstra et al. 2011, NeurIPS 24) proposes values; a trial that after
    some folds is below the median of the others there is given up (Golovin et al. 2017, KDD, doi
    10.1145/3097983.3098043). A trial depends on the seed, its number and the trials before it, and on nothing else: a
    search that was interrupted and goes on from its journal tries the same values, with the same scores, as one that
    was not; only the seconds differ, and where the time ends it.

    Args:
        samples: Labelled, prepared series.
        plan: Fold of each sample; samples of no fold are never seen.
        model: Registered name.
        fixed: Values that are not searched.
        options: Budget, objective, journal.
        progress: Told how far it is, and each trial's score as a point of the curve "Search"; it cancels.

    Raises:
        JobError: Nothing is left to search, or the journal is of another search.
        CropMapError: The defaults cannot be trained: as `cross_validate`.
    """
    work = _Search(samples, plan, (model, dict(fixed or {})), options or SearchOptions(), progress or Progress())
    work.tell_earlier()
    try:
        while work.goes_on():
            values = work.next_values()
            if values is None:
                break
            work.add(work.tried(values))
    except Cancelled:
        if work.options.keep and any(trial.state == COMPLETE for trial in work.trials):
            work.options.keep(work.result())
        raise
    return work.result()


def check_search(model: str, fixed: Mapping[str, Any]) -> None:
    """Refuse, before any samples are read, a model of which nothing is left to search.

    Args:
        model: Registered name.
        fixed: Values that are not searched.

    Raises:
        JobError: So, or there is no such model.
    """
    if not search_space(MODELS.get(model).params, fixed):
        raise JobError(
            f"Nothing is left to search of {model!r}.",
            where=f"given: {', '.join(fixed) or 'nothing'}",
            fix="Give fewer of its values, or choose a model with parameters that can be searched.",
        )


def search_space(params: type, fixed: Mapping[str, Any]) -> dict[str, BaseDistribution]:
    """Return what is tried of each parameter that declares it and is not fixed, by name.

    A default that is none of the values listed is tried, too.
    """
    return {spec.name: _distribution(spec) for spec in specs(params) if _is_searched(spec) and spec.name not in fixed}


def _is_searched(spec: Spec) -> bool:
    return isinstance(spec.search, Span) or bool(spec.search)


def _distribution(spec: Spec) -> BaseDistribution:
    tried = spec.search
    if not isinstance(tried, Span):
        return CategoricalDistribution([*tried, *([] if spec.default in tried else [spec.default])])
    if spec.kind == "integer":
        return IntDistribution(int(tried.low), int(tried.high), log=tried.log)
    return FloatDistribution(tried.low, tried.high, log=tried.log)


class _GivenUp(Exception):  # noqa: N818 - it is an outcome, not an error
    """A trial ends before its last fold."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class _Search:
    """A search under way."""

    def __init__(
        self,
        samples: SampleSet,
        plan: FoldPlan,
        model: tuple[str, dict[str, Any]],
        options: SearchOptions,
        progress: Progress,
    ) -> None:
        self.samples, self.plan, self.options, self.progress = samples, plan, options, progress
        self.model, self.fixed = model
        check_search(self.model, self.fixed)
        params = MODELS.get(self.model).params
        self.space = search_space(params, self.fixed)
        self.defaults = {spec.name: spec.default for spec in specs(params) if spec.name in self.space}
        self.legend = occurring(samples.subset(plan.fold >= 0))
        self.trials: list[Trial] = self._read_journal()
        self.began = options.clock() - sum(trial.seconds for trial in self.trials)
        self.warned: set[str] = set()

    # ---------------------------------------------------------------- the budget

    @property
    def elapsed(self) -> float:
        return self.options.clock() - self.began

    @property
    def out_of_time(self) -> bool:
        return self.elapsed >= 60 * self.options.minutes

    def goes_on(self) -> bool:
        if not self.trials:
            return True
        full = bool(self.options.trials) and len(self.trials) >= self.options.trials
        return not full and not self.out_of_time and self.trials[-1].state != STOPPED

    def share(self) -> float:
        """Return how much of the budget is used, by time or by trials, 0 .. 1."""
        of_time = self.elapsed / (60 * self.options.minutes) if self.options.minutes else 1.0
        of_trials = len(self.trials) / self.options.trials if self.options.trials else 0.0
        return min(1.0, max(of_time, of_trials))

    # ---------------------------------------------------------------- what is tried next

    def next_values(self) -> dict[str, Any] | None:
        """Return the next trial's values, unlike all before; None where there seem to be no others."""
        if not self.trials:
            return self.defaults
        tried = [trial.values for trial in self.trials]
        for draw in range(_DRAWS + _CHANCE_DRAWS):
            values = dict(self._study(draw).ask(self.space).params)
            if values not in tried:
                return values
        return None

    def _study(self, draw: int = 0) -> optuna.Study:
        """Return a study that knows all finished trials, and whose sampler depends on seed, number and draw alone."""
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        seed = int(np.random.SeedSequence([self.options.fit.seed, len(self.trials), draw]).generate_state(1)[0])
        sampler: optuna.samplers.BaseSampler
        if draw < _DRAWS:
            sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS)
        else:
            sampler = optuna.samplers.RandomSampler(seed=seed)
        pruner = optuna.pruners.MedianPruner(UNPRUNED_TRIALS, n_warmup_steps=UNPRUNED_FOLDS - 1)
        study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
        for trial in self.trials:
            study.add_trial(self._told(trial))
        return study

    def _told(self, trial: Trial) -> optuna.trial.FrozenTrial:
        """Return a trial as the study is told of it: one that failed is the worst, so that it is not tried again."""
        params = {name: _inside(self.space[name], value) for name, value in trial.values.items()}
        pruned = trial.state == PRUNED
        return create_trial(
            state=TrialState.PRUNED if pruned else TrialState.COMPLETE,
            value=trial.so_far[-1] if pruned else _WORST if trial.state == FAILED else trial.score,
            params=params,
            distributions=self.space,
            intermediate_values=dict(enumerate(trial.so_far)),
        )

    # ---------------------------------------------------------------- one trial

    def tried(self, values: dict[str, Any]) -> Trial:
        """Cross-validate with some values."""
        number, share = len(self.trials), self.share()
        began = self.options.clock()
        judge = _Judge(self, number)
        self.progress.at(share, self._message(number))
        state, why = COMPLETE, ""
        try:
            every = {**self.fixed, **values}
            check_fit(self.model, every, self.options.fit.device)
            cross_validate(
                self.samples, self.plan, self.model, every, self.options.fit, self._quiet(share, number), each=judge
            )
        except _GivenUp as given_up:
            state = given_up.state
        except (ParameterError, ModelError) as error:
            if not number:
                raise
            state, why = FAILED, str(error)
        folds, so_far = tuple(judge.folds), tuple(judge.so_far)
        score = so_far[-1] if state == COMPLETE else math.nan
        return Trial(number, values, score, folds, so_far, self.options.clock() - began, state, why)

    def _quiet(self, share: float, number: int) -> Progress:
        """Return what a trial's training reports to: it cancels, warns of each thing once, and draws no curves."""

        def warn(message: str) -> None:
            if message not in self.warned:
                self.warned.add(message)
                self.progress.warn(message)

        def cancelled() -> bool:
            self.progress.check()
            return False

        def listener(_fraction: float, _message: str) -> None:
            self.progress.at(share, self._message(number))

        return Progress(listener, cancelled=cancelled, warn=warn)

    def _message(self, number: int) -> str:
        scores = [trial.score for trial in self.trials if trial.state == COMPLETE]
        return f"Trial {number + 1}, best so far {max(scores):.3f}" if scores else f"Trial {number + 1}, the defaults"

    def add(self, trial: Trial) -> None:
        """Keep a trial, and tell of it."""
        self.trials.append(trial)
        if trial.state != STOPPED:
            self._write_journal()
        self._tell(len(self.trials))

    def tell_earlier(self) -> None:
        """Draw the curve of the trials that an interrupted search made."""
        for count in range(1, len(self.trials) + 1):
            self._tell(count)

    def _tell(self, count: int) -> None:
        """Tell of the last of the first so many trials, where it is complete."""
        known = [trial.score for trial in self.trials[:count] if trial.state == COMPLETE]
        last = self.trials[count - 1]
        if last.state == COMPLETE:
            point = {"trial": float(last.number), "score": last.score, "best": max(known)}
            self.progress.curve("Search").point(point)

    def gives_up(self, judge: _Judge) -> str:
        """Return the state of a trial that ends before its last fold; empty where it goes on."""
        if not judge.number:
            return ""
        if self.out_of_time:
            return STOPPED
        judge.trial = judge.trial or self._study().ask(self.space)
        judge.trial.report(judge.so_far[-1], len(judge.so_far) - 1)
        return PRUNED if judge.trial.should_prune() else ""

    def result(self) -> SearchResult:
        return SearchResult(self.model, self.fixed, tuple(self.trials), self.options.objective)

    # ---------------------------------------------------------------- the journal

    def _asked(self) -> dict[str, Any]:
        """Return what a trial's score depends on."""
        space = {name: repr(tried) for name, tried in self.space.items()}
        digest = hashlib.sha256(np.ascontiguousarray(self.plan.fold).tobytes())
        if self.plan.near is not None:
            digest.update(np.packbits(self.plan.near).tobytes())
        return {
            "model": self.model,
            "fixed": self.fixed,
            "space": space,
            "objective": self.options.objective,
            "seed": self.options.fit.seed,
            "validation_share": self.options.fit.validation_share,
            "samples": fingerprint(self.samples),
            "folds": digest.hexdigest(),
        }

    def _write_journal(self) -> None:
        if self.options.journal is None:
            return
        rows = [{"cropmap_search": 1, **self._asked()}]
        rows += [dataclasses.asdict(trial) for trial in self.trials if trial.state != STOPPED]
        atomic_write_text(self.options.journal, "".join(f"{json.dumps(_plain(row))}\n" for row in rows))

    def _read_journal(self) -> list[Trial]:
        path = self.options.journal
        if path is None or not path.exists():
            return []
        try:
            header, *rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            trials = [_trial_of(row) for row in rows]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise _not_this_search(path, f"It cannot be read: {error}.") from error
        if header != _plain({"cropmap_search": 1, **self._asked()}):
            raise _not_this_search(path, "It is of another model, of other samples, folds or settings.")
        return trials


class _Judge:
    """Scores a trial fold by fold; called by the cross-validation after each."""

    def __init__(self, search: _Search, number: int) -> None:
        self.search, self.number = search, number
        self.left = len(np.unique(search.plan.fold[search.plan.fold >= 0]))
        self.counts = np.zeros((len(search.legend),) * 2, np.int64)
        self.folds: list[float] = []
        self.so_far: list[float] = []
        self.trial: optuna.Trial | None = None  # what the pruner compares with the finished ones

    def __call__(self, number: int, package: ModelPackage, tested: NDArray[np.bool_]) -> None:
        del number
        search = self.search
        codes = Predictor(package, search.options.fit.device).codes(search.samples.values[tested])
        found = accuracy_of(search.samples.codes[tested], codes, search.legend)
        self.counts = self.counts + found.confusion
        self.folds.append(self._score(found))
        self.so_far.append(self._score(Accuracy(self.counts, search.legend)))
        self.left -= 1
        state = search.gives_up(self) if self.left else ""
        if state:
            raise _GivenUp(state)

    def _score(self, accuracy: Accuracy) -> float:
        return accuracy.macro_f1 if self.search.options.objective == MACRO_F1 else accuracy.overall


def _inside(tried: BaseDistribution, value: Any) -> Any:
    """Return the value nearest to one among those tried: a default may lie outside, e.g. 0 where ratios count."""
    if isinstance(tried, (IntDistribution, FloatDistribution)):
        return min(max(value, tried.low), tried.high)
    return value


def _trial_of(row: Mapping[str, Any]) -> Trial:
    given = dict(row)
    score = given.pop("score")
    folds, so_far = tuple(given.pop("folds")), tuple(given.pop("so_far"))
    return Trial(score=math.nan if score is None else float(score), folds=folds, so_far=so_far, **given)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as JSON would give it back; NaN is None."""
    plain: dict[str, Any] = json.loads(
        json.dumps(
            {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}
        )
    )
    return plain


def _not_this_search(path: Path, why: str) -> JobError:
    return JobError(
        f"The journal of the search cannot be gone on with. {why}",
        where=str(path),
        fix="Delete it to begin anew, or choose another folder.",
    )
