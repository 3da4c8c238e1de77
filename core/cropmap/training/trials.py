"""What a search for hyper-parameters tried and found; without Optuna, so that who tells of it need not wait for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MACRO_F1, OVERALL = "macro_f1", "overall"
OBJECTIVES = (MACRO_F1, OVERALL)
COMPLETE, PRUNED, FAILED, STOPPED = "complete", "pruned", "failed", "stopped"
STATES = (COMPLETE, PRUNED, FAILED, STOPPED)


@dataclass(frozen=True)
class Trial:
    """One set of values that was tried.

    Args:
        number: From 0, the model's defaults.
        values: Of the parameters that are searched.
        score: Over the test samples of all folds; NaN where not all were judged.
        folds: Score of each fold alone that was judged, in order.
        so_far: Score over the test samples of the folds up to each.
        seconds: How long it took.
        state: "complete"; "pruned": given up, because it was below the median of the others after as many folds;
            "failed": the model cannot be made or trained so; "stopped": the time ran out.
        why: What failed.
    """

    number: int
    values: Mapping[str, Any]
    score: float
    folds: tuple[float, ...]
    so_far: tuple[float, ...]
    seconds: float
    state: str
    why: str = ""


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    The best score is the largest of many, measured on the samples that chose it: it is too good. Judge the best values
    and the defaults on samples that the search has not seen.

    Args:
        model: Registered name.
        fixed: Values that were given, and not searched.
        trials: All, in order.
        objective: What the scores are.
    """

    model: str
    fixed: Mapping[str, Any]
    trials: tuple[Trial, ...]
    objective: str

    @property
    def best(self) -> Trial:
        """The complete trial of the highest score, the earliest of equals."""
        return max((trial for trial in self.trials if trial.state == COMPLETE), key=lambda trial: trial.score)

    @property
    def values(self) -> dict[str, Any]:
        """Parameter values of the model: those given, and the best of those searched."""
        return {**self.fixed, **self.best.values}

    @property
    def entry(self) -> dict[str, Any]:
        """The model as a job's parameter `model` takes it."""
        return {"name": self.model, **self.values}
