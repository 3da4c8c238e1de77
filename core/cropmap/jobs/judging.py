"""Strategies that made their packages, judged by the target's labels or scored without."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropmap.assessment.model_comparison import LeftOut, ModelComparison, compare_models
from cropmap.assessment.transfer_outcome import Candidate, Outcome, ranked
from cropmap.contract.errors import CropMapError, OutputError
from cropmap.data.legend import Legend
from cropmap.data.samples import FoldPlan
from cropmap.jobs.candidates import Given, Made, Maker, Way
from cropmap.jobs.run import Run
from cropmap.jobs.transfer_inputs import TransferParams
from cropmap.transfer import STRATEGIES
from cropmap.transfer.classes import ClassMatch
from cropmap.transfer.scores import ENOUGH, SCORES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cropmap.contract.progress import Progress


@dataclass(frozen=True, eq=False)
class Work:
    """What the parts of the job share; no plan where no label judges."""

    params: TransferParams
    run: Run
    maker: Maker
    plan: FoldPlan | None

    @property
    def given(self) -> Given:
        """Return what the user gave."""
        return self.maker.given


def each_way(
    ways: Sequence[Way], do: Callable[[Way, Progress], None], told: tuple[Run, Progress], lost: str
) -> tuple[LeftOut, ...]:
    """Do something with each strategy; those that refuse are told of and returned."""
    run, progress = told
    left_out = []
    for number, way in enumerate(ways):
        part = progress.part(number / len(ways), (number + 1) / len(ways)).curve(way.name)
        part.at(0.0, title_of(way))
        try:
            do(way, part)
        except OutputError:  # a full disk is no fault of the strategy
            raise
        except CropMapError as error:
            left_out.append(LeftOut(way.name, way.model, str(error)))
            run.warn(f"{title_of(way)} {lost}: {error}")
    return tuple(left_out)


def title_of(way: Way) -> str:
    """Return a strategy's title, and what tells it from others of the same strategy."""
    return f"{STRATEGIES.get(way.strategy).title}{way.name.removeprefix(way.strategy)}"


def outcome_of(work: Work, ways: Sequence[Way], made: Mapping[str, Made], progress: Progress) -> Outcome:
    """Judge the strategies by the target's labels, or score them without."""
    comparison, overlap = None, None
    scores: dict[str, Mapping[str, float]] = {}
    left_out: tuple[LeftOut, ...] = ()
    if work.plan is not None:
        comparison, left_out = _judged(work, work.plan, ways, progress)
    elif len(work.maker.whole().series):
        scores, overlap, left_out = _scored(work, ways, made, progress)
    series = work.maker.whole().series
    candidates = [
        Candidate(
            name=way.name,
            strategy=way.strategy,
            values=way.values,
            title=title_of(way),
            model=made[way.name].package.model,
            seconds=round(made[way.name].seconds, 3),
            masked=made[way.name].masked,
            masked_share=work.maker.masked_share(made[way.name], series),
            scores=scores.get(way.name, {}),
            added=way.added,
        )
        for way in ways
    ]
    given = work.given
    return Outcome(
        candidates=ranked(candidates, comparison),
        match=ClassMatch((), (), ()),
        classes_known=bool(given.classes or given.target is not None),
        labels=0 if given.target is None else len(given.target),
        series=0 if given.series is None else len(given.series),
        comparison=comparison,
        overlap=overlap,
        left_out=left_out,
    )


def _judged(
    work: Work, plan: FoldPlan, ways: Sequence[Way], progress: Progress
) -> tuple[ModelComparison | None, tuple[LeftOut, ...]]:
    """Cross-validate every strategy on the same folds of the target's labels."""
    judged = []
    left_out = each_way(
        ways,
        lambda way, part: judged.append(work.maker.judge(way, plan, part)),
        (work.run, progress),
        "is not judged",
    )
    target = work.given.target
    if not judged or target is None:
        return None, left_out
    said = np.concatenate([own.runs[0].codes[plan.fold >= 0] for own in judged])
    known = set(np.unique(np.concatenate([said, target.codes[plan.fold >= 0]])).tolist())
    positive = np.any([np.nanmax(own.runs[0].probabilities, axis=0) > 0 for own in judged], axis=0)
    classes = [own for own, some in zip(work.given.legend.classes, positive, strict=True) if some or own.code in known]
    columns = [work.given.legend.codes.index(own.code) for own in classes]
    compared = [
        dataclasses.replace(
            own,
            runs=tuple(dataclasses.replace(each, probabilities=each.probabilities[:, columns]) for each in own.runs),
        )
        for own in judged
    ]
    return compare_models(target, plan, Legend(tuple(classes)), compared, work.params.seed), left_out


def _scored(
    work: Work, ways: Sequence[Way], made: Mapping[str, Made], progress: Progress
) -> tuple[dict[str, Mapping[str, float]], bool | None, tuple[LeftOut, ...]]:
    """Return the label-free scores of every strategy, made again without some of the source's land."""
    maker, run = work.maker, work.run
    held = maker.held_back(progress)
    if held is not None and work.given.package is not None:
        run.warn(
            "The model that was given may have learnt from the samples that scores are weighted from: its accuracy, "
            "risk and dev look too good beside those of models that are trained here."
        )
    scores: dict[str, Mapping[str, float]] = {}
    overlaps: list[bool] = []

    def one(way: Way, part: Progress) -> None:
        own = made[way.name] if held is None else maker.make(way, held[0], part)
        found = maker.scores(own, held, maker.whole().series)
        scores[way.name] = {name: found[name] for name in SCORES if math.isfinite(found[name])}
        if held is not None:
            overlaps.append(found.overlap)

    left_out = each_way(ways, one, (run, progress), "has no scores")
    if overlaps and not all(overlaps):
        run.warn(
            f"Source and target overlap so little that accuracy, risk and dev rest on fewer than {ENOUGH} samples: "
            "do not choose by them."
        )
    return scores, all(overlaps) if overlaps else None, left_out
