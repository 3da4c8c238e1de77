"""By how many days a site's season must be moved for a model of another site, found without a label of either."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import SampleError
from cropmap.contract.params import param
from cropmap.models.predictor import Predictor

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cropmap.data.package import ModelPackage

INFORMATION, ENTROPY, SHARES = "information", "entropy", "shares"
# Days between the first candidates; around the best of them every day is tried.
_STEP = 3
# Fewer series do not tell what a site answers.
FEWEST = 10


@dataclass(frozen=True)
class ShiftParams:
    """How the shift of a calendar is looked for."""

    how: str = param(
        INFORMATION,
        title="Best shift",
        choices=(INFORMATION, ENTROPY, SHARES),
        help="information: where the model is sure of each series and does not answer one class for all. entropy: "
        "where it is sure. shares: where it is sure and answers classes as often as the source's samples have them; "
        "for sites with the same mix of crops.",
        advanced=True,
    )
    longest: int = param(60, help="Most days that a season is moved by.", unit="days", low=1, high=183)
    least_gain: float = param(
        0.05,
        title="Least gain",
        help="The season is not moved where that gains less, in nats: so little may be chance, or an answer that is "
        "wrong and sure.",
        low=0.0,
        high=10.0,
        advanced=True,
    )
    most_series: int = param(
        1000, help="Series that are looked at, drawn where there are more.", low=FEWEST, high=1_000_000, advanced=True
    )


@dataclass(frozen=True)
class CalendarShift:
    """What was found.

    Args:
        days: That series are moved by before the model sees them, later where above 0 (`ModelPackage.shift_days`).
        best: The best of all that was tried; other than `days` where it gains too little.
        tried: Days that were tried, ascending.
        scores: Of each, in nats; the higher the better.
        series: How many were looked at.
    """

    days: float
    best: float
    tried: tuple[float, ...]
    scores: tuple[float, ...]
    series: int

    def to_dict(self) -> dict[str, Any]:
        """Return the evidence as plain JSON values."""
        rounded = [round(score, 5) for score in self.scores]
        return {**dataclasses.asdict(self), "tried": list(self.tried), "scores": rounded}


def find_shift(
    package: ModelPackage, series: NDArray[np.float32], params: ShiftParams, seed: int, device: str = "cpu"
) -> CalendarShift:
    """Find the shift of the calendar at which a model's answers to a site's series are the best it can give.

    Every third day from -longest to longest is tried, then every day around the best. What the package does already
    (`shift_days`) is the case that has to be beaten by `least_gain`. No label of the site is read.

    Args:
        package: A model of another site, of any kind.
        series: Prepared series of the site, not scaled, (n, step, band), drawn whatever their class.
        params: What is tried, and what counts as best.
        seed: Of the draw of series.
        device: "auto", "cpu" or "cuda".

    Raises:
        SampleError: Fewer than ten series.

    Sources: the search and "information" as the first guess, Nyborg et al. 2022, arXiv:2111.02682; "shares", Zhou et
    al. 2018, arXiv:1703.02000. That a small gain is not taken is ours.
    """
    if len(series) < FEWEST:
        raise SampleError(
            f"{len(series)} series do not tell how a calendar is shifted.", fix=f"Give {FEWEST} at least, or 1,000."
        )
    if len(series) > params.most_series:
        series = series[np.sort(np.random.default_rng(seed).permutation(len(series))[: params.most_series])]
    shares = source_shares(package) if params.how == SHARES else None
    predict = _moved_predictor(package, series, device)
    scores: dict[float, float] = {}

    def look(days: list[float]) -> float:
        for by in days:
            if by not in scores and abs(by) <= params.longest:
                scores[by] = score_of(predict(by), params.how, shares)
        # Of equals the one that moves least.
        return max(scores, key=lambda by: (scores[by], -abs(by)))

    own = package.shift_days
    scores[own] = score_of(predict(own), params.how, shares)
    most = params.longest // _STEP * _STEP
    best = look([float(by) for by in range(-most, most + 1, _STEP)])
    best = look([best + by for by in range(1 - _STEP, _STEP)])
    days = best if scores[best] - scores[own] >= params.least_gain else own
    tried = tuple(sorted(scores))
    return CalendarShift(days, best, tried, tuple(scores[by] for by in tried), len(series))


def score_of(
    probabilities: NDArray[np.float32], how: str = INFORMATION, shares: NDArray[np.float64] | None = None
) -> float:
    """Return how good answers without labels look, in nats; the higher the better.

    With p the rows, m their mean, H the entropy and s the shares: information is H(m) - mean H(p), entropy is
    -mean H(p), shares is -KL(s, m) - mean H(p).

    Args:
        probabilities: (n, class).
        how: One of `ShiftParams.how`.
        shares: That the classes are taken to have, (class,), for how "shares".
    """
    rows = probabilities.astype(np.float64)
    sure, mean = -float(_entropy(rows).mean()), rows.mean(axis=0)
    if how == INFORMATION:
        return sure + float(_entropy(mean))
    if shares is None:
        return sure
    known = shares > 0
    # A class that is never answered costs much, but not all.
    return sure - float((shares[known] * np.log(shares[known] / np.maximum(mean[known], 1e-6))).sum())


def source_shares(package: ModelPackage) -> NDArray[np.float64]:
    """Return the share of each class among the samples that a model was made of, (class,); equal where unknown."""
    counted = package.record.get("samples", {})
    counts = np.array([counted.get(name, 0) for name in package.legend.names], np.float64)
    return counts / counts.sum() if counts.sum() else np.full(len(counts), 1 / len(counts))


def _moved_predictor(
    package: ModelPackage, series: NDArray[np.float32], device: str
) -> Callable[[float], NDArray[np.float32]]:
    """Return what tells the model's probabilities for series that are moved by so many days."""
    predictor = Predictor(package, device)
    return lambda by: predictor.moved(by).probabilities(series)


def _entropy(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the entropy of rows, in nats."""
    found: NDArray[np.float64] = -(probabilities * np.log(np.maximum(probabilities, 1e-300))).sum(axis=-1)
    return found
