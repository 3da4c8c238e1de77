"""The search for hyper-parameters, on a model whose accuracy is a known function of them."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import pytest

from cropmap.contract.errors import JobError, ModelError
from cropmap.contract.params import Span, check, param
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.samples import FoldPlan
from cropmap.models import MODELS
from cropmap.models.base import SelfFittingClassifier
from cropmap.registry import Entry
from cropmap.training import search as module
from cropmap.training.fit import FitOptions
from cropmap.training.search import SearchOptions, search, search_space
from cropmap.training.trials import COMPLETE, FAILED, PRUNED, STOPPED

FOLDS = 5
FIT = FitOptions(seed=3, device="cpu", threads=1)


@dataclass(frozen=True)
class OracleParams:
    """Parameters of a model that is right on a known share of the samples."""

    level: float = param(1.0, help="Best at 7.", low=0, high=10, search=Span(0, 10))
    kind: int = param(1, help="Best at 3; 4 cannot be trained.", low=0, high=9, search=(1, 2, 3, 4))
    decay: float = param(0.0, help="Does nothing.", low=0, high=1, search=Span(1e-6, 1e-1, log=True))
    size: int = param(8, help="Does nothing, and is not searched.", low=1, high=64)


def quality(values):
    return 1 - abs(values.get("level", 1.0) - 7) / 10 - 0.1 * abs(values.get("kind", 1) - 3)


class Clock:
    """Seconds that pass only when a model is fitted."""

    now = 0.0

    def __call__(self):
        return self.now


CLOCK = Clock()


class Oracle(SelfFittingClassifier):
    """Knows the truth, band 0, and tells it where band 1 is below its quality."""

    @classmethod
    def fit(cls, params, shape, samples, settings, progress):
        del samples, settings
        progress.at(0.5, "Guessing")
        CLOCK.now += 6
        if params.kind == 4:
            raise ModelError("It cannot be trained so.")
        return cls(params, shape)

    def head(self, features):
        truth = np.where(features[:, 0] > 3, 1, 0)
        right = features[:, 1] < quality(vars(self.params))
        return np.eye(2, dtype=np.float32)[np.where(right, truth, 1 - truth)]

    def arrays(self):
        return {}

    @classmethod
    def from_arrays(cls, params, shape, arrays):
        del arrays
        return cls(params, shape)


@pytest.fixture(autouse=True)
def oracle(monkeypatch):
    entry = Entry("oracle", "Oracle", "It knows.", "", OracleParams, (), Oracle)
    monkeypatch.setitem(MODELS._entries, "oracle", entry)
    monkeypatch.setattr(CLOCK, "now", 0.0)


@pytest.fixture
def samples(make_samples):
    made = make_samples(count=200, steps=1)
    spread = (np.random.default_rng(0).permutation(200) + 0.5) / 200
    values = np.column_stack([made.codes.astype(np.float32), spread]).astype(np.float32)[:, np.newaxis]
    return dataclasses.replace(made, values=values)


@pytest.fixture
def plan(samples):
    return FoldPlan((np.arange(200) // 2 % FOLDS).astype(np.int8), np.arange(200, dtype=np.int32), samples.codes, 0.0)


def options(**changed):
    return SearchOptions(**{"objective": "overall", "fit": FIT, "clock": CLOCK, "minutes": 1e6, "trials": 40} | changed)


@pytest.fixture(scope="module")
def kept():
    """What the search of `options()` found, once it was made."""
    return {}


@pytest.fixture
def forty(samples, plan, kept):
    """The result of 40 trials."""
    if not kept:
        kept["found"] = search(samples, plan, "oracle", {"size": 4}, options())
    return kept["found"]


def bare(trials):
    """The trials without how long they took."""
    return [dataclasses.replace(trial, seconds=0.0, score=repr(trial.score)) for trial in trials]


def test_the_optimum_is_found_and_every_score_is_the_known_one(samples, plan, forty):
    found = forty
    assert found.trials[0].values == {"level": 1.0, "kind": 1, "decay": 0.0}
    assert [trial.number for trial in found.trials] == list(range(40))
    for trial in found.trials:
        for step, score in enumerate(trial.so_far):
            tested = plan.fold <= step
            assert score == pytest.approx((samples.values[tested, 0, 1] < quality(trial.values)).mean())
        for fold, score in enumerate(trial.folds):
            assert score == pytest.approx((samples.values[plan.fold == fold, 0, 1] < quality(trial.values)).mean())
    assert found.trials[0].score == pytest.approx(0.2, abs=0.01)
    assert found.best.score > 0.93
    assert abs(found.best.values["level"] - 7) < 1
    assert found.best.values["kind"] == 3
    assert found.entry == {"name": "oracle", "size": 4, **found.best.values}
    assert found.best.score == max(trial.score for trial in found.trials if trial.state == COMPLETE)


def test_pruned_trials_are_below_the_median_of_the_others_and_recorded(forty):
    found = forty
    pruned = [trial for trial in found.trials if trial.state == PRUNED]
    assert pruned
    for trial in pruned:
        steps = len(trial.folds)
        assert 2 <= steps < FOLDS
        assert math.isnan(trial.score)
        before = [other.so_far[steps - 1] for other in found.trials[: trial.number] if other.state == COMPLETE]
        assert len(before) >= 5
        assert max(trial.so_far) < np.median(before)
    assert all(len(trial.folds) == FOLDS for trial in found.trials if trial.state == COMPLETE)


def test_a_trial_that_cannot_be_trained_fails_with_the_reason_and_the_search_goes_on(samples, plan, forty):
    found = forty
    failed = [trial for trial in found.trials if trial.state == FAILED]
    assert failed
    assert all(trial.values["kind"] == 4 and "cannot be trained" in trial.why for trial in failed)
    assert {trial.values["kind"] for trial in found.trials if trial.state != FAILED} == {1, 2, 3}
    with pytest.raises(ModelError):
        search(samples, plan, "oracle", {"kind": 4}, options())


def test_the_budget_is_kept_to_the_fold(samples, plan):
    """A fold takes 6 s and a trial 30: after 120 s four trials are done, after 105 s the fourth has three or four."""
    found = search(samples, plan, "oracle", {"kind": 2}, options(minutes=2.0, trials=0))
    assert [trial.state for trial in found.trials] == [COMPLETE] * 4
    assert [trial.seconds for trial in found.trials] == [30.0] * 4
    CLOCK.now = 1000.0
    found = search(samples, plan, "oracle", {"kind": 2}, options(minutes=105 / 60, trials=0))
    assert [trial.state for trial in found.trials] == [COMPLETE] * 3 + [STOPPED]
    assert len(found.trials[3].folds) == 3
    assert CLOCK.now == 1108.0


def test_the_defaults_are_tried_whatever_the_budget(samples, plan):
    found = search(samples, plan, "oracle", {}, options(minutes=0.01))
    assert [trial.state for trial in found.trials] == [COMPLETE]
    assert found.values == {"level": 1.0, "kind": 1, "decay": 0.0}


def test_a_search_that_goes_on_tries_what_it_would_have_tried(samples, plan, tmp_path):
    whole = search(samples, plan, "oracle", {}, options(trials=20))
    journal = tmp_path / "journal.jsonl"
    search(samples, plan, "oracle", {}, options(trials=12, journal=journal))
    fitted = CLOCK.now
    resumed = search(samples, plan, "oracle", {}, options(trials=20, journal=journal))
    assert bare(resumed.trials) == bare(whole.trials)
    folds = sum(max(len(trial.folds), trial.state == FAILED) for trial in whole.trials[12:])
    assert CLOCK.now - fitted == 6 * folds
    again = search(samples, plan, "oracle", {}, options(trials=20, journal=journal))
    assert [repr(trial) for trial in again.trials] == [repr(trial) for trial in resumed.trials]


def test_the_time_of_an_earlier_run_counts(samples, plan, tmp_path):
    journal = tmp_path / "journal.jsonl"
    search(samples, plan, "oracle", {"kind": 2}, options(minutes=1.0, journal=journal))
    CLOCK.now = 5000.0
    found = search(samples, plan, "oracle", {"kind": 2}, options(minutes=2.0, journal=journal))
    assert len(found.trials) == 4


def test_a_trial_that_time_stopped_is_tried_again(samples, plan, tmp_path):
    journal = tmp_path / "journal.jsonl"
    first = search(samples, plan, "oracle", {"kind": 2}, options(minutes=1.25, journal=journal))
    assert [trial.state for trial in first.trials] == [COMPLETE, COMPLETE, STOPPED]
    found = search(samples, plan, "oracle", {"kind": 2}, options(minutes=1.5, journal=journal))
    assert [trial.state for trial in found.trials] == [COMPLETE] * 3
    assert found.trials[2].values == first.trials[2].values


def test_the_best_so_far_is_kept_when_the_user_cancels(samples, plan, tmp_path):
    kept = []
    asked = options(keep=kept.append, journal=tmp_path / "journal.jsonl")
    with pytest.raises(Cancelled):
        search(samples, plan, "oracle", {"kind": 2}, asked, Progress(cancelled=lambda: CLOCK.now > 100))
    assert [trial.state for trial in kept[0].trials] == [COMPLETE] * 3
    assert len((tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines()) == 4
    with pytest.raises(Cancelled):
        search(samples, plan, "oracle", {}, options(keep=kept.append), Progress(cancelled=lambda: True))
    assert len(kept) == 1


def test_a_journal_of_another_search_is_refused(samples, plan, tmp_path):
    journal = tmp_path / "journal.jsonl"
    search(samples, plan, "oracle", {}, options(trials=2, journal=journal))
    for changed in (options(journal=journal, objective="macro_f1"), options(journal=journal, fit=FitOptions(seed=4))):
        with pytest.raises(JobError, match="of another model"):
            search(samples, plan, "oracle", {}, changed)
    with pytest.raises(JobError, match="of another model"):
        search(samples.subset(np.arange(200) % 200), plan, "oracle", {"size": 9}, options(journal=journal))
    journal.write_text("{nonsense", encoding="utf-8")
    with pytest.raises(JobError, match="cannot be read"):
        search(samples, plan, "oracle", {}, options(journal=journal))


def test_a_small_space_is_searched_whole_and_then_left(samples, plan):
    found = search(samples, plan, "oracle", {"level": 5.0, "decay": 0.0}, options(trials=0))
    assert sorted(trial.values["kind"] for trial in found.trials) == [1, 2, 3, 4]
    with pytest.raises(JobError, match="Nothing is left to search"):
        search(samples, plan, "oracle", {"level": 5.0, "decay": 0.0, "kind": 1}, options())


def test_the_curve_of_the_search_grows(samples, plan):
    points = []
    search(
        samples,
        plan,
        "oracle",
        {"kind": 3},
        options(trials=5),
        Progress(point=lambda curve, at: points.append((curve, at))),
    )
    assert [curve for curve, _ in points] == ["Search"] * 5
    assert [at["trial"] for _, at in points] == [0, 1, 2, 3, 4]
    best = [at["best"] for _, at in points]
    assert best == np.maximum.accumulate([at["score"] for _, at in points]).tolist()


def test_the_space_is_what_the_parameters_declare():
    space = search_space(OracleParams, {"level": 2.0})
    assert set(space) == {"kind", "decay"}
    assert tuple(space["kind"].choices) == (1, 2, 3, 4)
    assert (space["decay"].low, space["decay"].high, space["decay"].log) == (1e-6, 1e-1, True)

    @dataclass(frozen=True)
    class Other:
        """Parameters."""

        steps: int = param(5, help="h", search=Span(2, 64, log=True))
        heads: int = param(3, help="h", search=(2, 4))

    other = search_space(Other, {})
    assert (other["steps"].low, other["steps"].high, other["steps"].log) == (2, 64, True)
    assert tuple(other["heads"].choices) == (2, 4, 3)


@pytest.mark.parametrize("name", [entry.name for entry in MODELS.entries() if entry.name != "oracle"])
def test_every_model_declares_what_a_search_tries(name):
    """All registered models but those that only put others together can be searched from their defaults."""
    entry = MODELS.get(name)
    space = search_space(entry.params, {})
    if name == "ensemble":
        return
    assert len(space) >= 2
    declared = entry.catalogued().schema
    required = dict.fromkeys(declared["required"], "x")
    for key, tried in space.items():
        kind = type(declared["properties"][key]["default"])
        ends = [kind(getattr(tried, end)) for end in ("low", "high") if hasattr(tried, end)]
        for value in (*getattr(tried, "choices", ()), *ends):
            assert check(declared, {**required, key: value}) == []


def test_nothing_is_logged(samples, plan, capfd):
    search(samples, plan, "oracle", {}, options(trials=12))
    assert capfd.readouterr() == ("", "")
    assert module.optuna.logging.get_verbosity() == module.optuna.logging.ERROR
