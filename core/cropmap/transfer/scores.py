"""How well a candidate does at the target, told without a label of the target.

None of these numbers is an accuracy. They rank candidates: models of one task, made by several strategies, settings or
epochs. Each trusts something else, and fails where that does not hold: the weighted ones, that source and target
overlap; the entropy, that a sure model is right; the information, that classes are about as common as each other; the
density, that a good model's answers form tight groups.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import SampleError, TransferError
from cropmap.models.base import SelfFittingClassifier, SeriesClassifier
from cropmap.models.predictor import Predictor
from cropmap.training.temperature import FLOOR, check_columns
from cropmap.transfer.classes import codes_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cropmap.data.package import ModelPackage
    from cropmap.data.samples import SampleSet

# Samples, after weighting, from which on a weighted mean is more than chance.
ENOUGH = 30
# Of the likeness of two answers, from the paper.
TEMPERATURE = 0.05
# What candidates are ranked by; scores of which more is better; of the others less is.
SCORES = ("accuracy", "risk", "dev", "entropy", "information", "density")
HIGHER_IS_BETTER = ("accuracy", "information", "density")
# Rows whose likeness to all others is held at a time.
_ROWS = 256
# No domain classifier knows better: weights above this factor would rest on a handful of samples.
_SUREST = 1e-6
_TRIES = 2000


@dataclass(frozen=True)
class Scores:
    """Label-free scores of a candidate.

    Args:
        accuracy: Share of the source's validation samples that it labels right, weighted to look like the target's;
            more is better. 0..1.
        risk: Its mean cross-entropy over the same, weighted likewise, in nats; less is better.
        dev: The same, weighted by the candidate's own features instead of the inputs, and with the weights' noise taken
            out (deep embedded validation); less is better.
        entropy: Mean entropy of its probabilities at the target, in nats; less is better.
        information: Entropy of its mean probabilities less `entropy`: sure, and of all classes; more is better.
        density: Soft neighbourhood density: how many answers each answer is like, in nats; more is better.
        effective: As how many validation samples those weighted by inputs count (Kish 1965).
        dev_effective: As how many those weighted by features do.
    """

    accuracy: float
    risk: float
    dev: float
    entropy: float
    information: float
    density: float
    effective: float
    dev_effective: float

    @property
    def overlap(self) -> bool:
        """Whether source and target overlap enough for `accuracy`, `risk` and `dev` to mean something: 30 samples."""
        return min(self.effective, self.dev_effective) >= ENOUGH

    def __getitem__(self, name: str) -> float:
        value: float = getattr(self, name)
        return value


@dataclass(frozen=True)
class ScoreOptions:
    """How candidates are scored.

    Args:
        seed: Draws the target's series where there are more than `most`.
        most: Of the target's series, and of each part of the source's samples, at most so many are used.
        device: "auto", "cpu" or "cuda".
    """

    seed: int = 0
    most: int = 4000
    device: str = "cpu"


def score(
    package: ModelPackage,
    source: tuple[SampleSet, SampleSet],
    series: NDArray[np.float32],
    options: ScoreOptions | None = None,
) -> Scores:
    """Return the label-free scores of a candidate.

    Args:
        package: The candidate.
        source: Labelled samples of the source: those it was trained on, and those it was not. On the first it is
            learnt what tells the source from the target, on the others the model is judged. Samples of classes that
            the candidate does not know are left out of the judging.
        series: Of the target, whatever their class, (n, step, band), prepared, not scaled.
        options: How.

    Raises:
        SampleError: Nothing is left to judge by.
        ModelError: Series of other steps or bands than the model's.
    """
    options = options or ScoreOptions()
    predictor = Predictor(package, options.device)
    rng = np.random.default_rng(options.seed)
    target = series[_drawn(len(series), options.most, rng)]
    learnt, held = (part.subset(_drawn(len(part), options.most, rng)) for part in source)
    columns = _columns(package, held)
    held, columns = held.subset(columns >= 0), columns[columns >= 0]
    # A package moves the target's season to the source's; the source is there already.
    here = predictor.moved(0.0)
    weights = own = importance_weights(here.inputs(learnt.values), predictor.inputs(target), here.inputs(held.values))
    if _has_features(predictor.model):
        parts = here.features(learnt.values), predictor.features(target), here.features(held.values)
        own = importance_weights(*parts)
    told, found = here.probabilities(held.values), predictor.probabilities(target)
    found = found[~np.isnan(found).any(axis=1)]
    losses = cross_entropies(told, columns)
    right = told.argmax(axis=1) == columns
    return Scores(
        accuracy=weighted_mean(right.astype(np.float64), weights),
        risk=weighted_mean(losses, weights),
        dev=deep_embedded_validation(losses, own),
        entropy=mean_entropy(found),
        information=information(found),
        density=neighbourhood_density(found),
        effective=_effective(weights),
        dev_effective=_effective(own),
    )


def ranking(candidates: Mapping[str, Scores], by: str) -> list[str]:
    """Return the candidates' names, the best by one score first.

    Raises:
        TransferError: There is no such score.
    """
    if by not in SCORES:
        raise TransferError(f"Candidates are not ranked by {by!r}.", fix=f"Choose one of {', '.join(SCORES)}.")
    return sorted(candidates, key=lambda name: candidates[name][by], reverse=by in HIGHER_IS_BETTER)


def importance_weights(
    learnt: NDArray[np.floating[Any]], target: NDArray[np.floating[Any]], held: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """Return how much likelier each row is at the target than at the source, (row,), above 0.

    A logistic regression learns to tell the two apart; its odds, corrected for how many of each it saw, are the ratio
    of the densities.

    Args:
        learnt: Rows of the source, (n, feature).
        target: Rows of the target, (m, feature).
        held: Rows of the source to be weighted, (row, feature), finite, that are not among `learnt`.

    Source: You et al. 2019, Towards accurate model selection in deep unsupervised domain adaptation, ICML, section 3.3.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - what only reads scores does not wait for it

    learnt, target = (rows[np.isfinite(rows).all(axis=1)] for rows in (learnt, target))
    if not (len(learnt) and len(target)):
        raise SampleError("No series is left to compare source and target.", fix="Give series without gaps.")
    both = np.concatenate([learnt, target]).astype(np.float64)
    mean, deviation = both.mean(axis=0), both.std(axis=0)
    deviation[deviation == 0] = 1
    domain = np.repeat([0, 1], [len(learnt), len(target)])
    classifier = LogisticRegression(max_iter=_TRIES).fit((both - mean) / deviation, domain)
    chance = np.clip(classifier.predict_proba((held - mean) / deviation)[:, 1], _SUREST, 1 - _SUREST)
    weights: NDArray[np.float64] = chance / (1 - chance) * len(learnt) / len(target)
    return weights


def weighted_mean(losses: NDArray[np.floating[Any]], weights: NDArray[np.floating[Any]]) -> float:
    """Return the mean of losses, (n,), by weights, (n,), as the target would have it.

    Source: Sugiyama et al. 2007, Covariate shift adaptation by importance weighted cross validation, JMLR 8:985-1005;
    the weights are made to have the mean 1, which takes most of their noise out.
    """
    return float((losses * weights).sum() / weights.sum())


def deep_embedded_validation(losses: NDArray[np.floating[Any]], weights: NDArray[np.floating[Any]]) -> float:
    """Return the weighted risk with the weights as control variate: their mean is known to be 1.

    With l the losses, w the weights and c = -Cov(w l, w) / Var(w), it is mean(w l) + c mean(w) - c.

    Args:
        losses: Of each validation sample, (n,); of a single one the risk is not corrected.
        weights: As `importance_weights` gives, (n,).

    Source: You et al. 2019, Towards accurate model selection in deep unsupervised domain adaptation, ICML, equation 9.
    """
    products = losses * weights
    variance = float(np.var(weights, ddof=1)) if len(weights) > 1 else 0.0
    control = -float(np.cov(products, weights, ddof=1)[0, 1]) / variance if variance > 0 else 0.0
    return float(products.mean()) + control * float(weights.mean()) - control


def cross_entropies(probabilities: NDArray[np.floating[Any]], columns: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Return -log of the true class's probability, (n,), in nats; probabilities below 1e-6 count as that much.

    Args:
        probabilities: (n, class).
        columns: Column of each true class, (n,).
    """
    check_columns(probabilities, columns)
    chosen = probabilities[np.arange(len(columns)), columns].astype(np.float64)
    found: NDArray[np.float64] = -np.log(np.maximum(chosen, FLOOR))
    return found


def mean_entropy(probabilities: NDArray[np.floating[Any]]) -> float:
    """Return the mean entropy of rows of probabilities, (n, class), in nats: 0 where a model is sure of all.

    Source: Morerio et al. 2018, arXiv:1711.10288.
    """
    return float(_entropies(_some(probabilities)).mean())


def information(probabilities: NDArray[np.floating[Any]]) -> float:
    """Return the entropy of the mean probabilities less the mean entropy, in nats: 0 .. log(classes).

    It is the information that a series gives about its class, as the model sees it. A model that answers one class
    throughout is sure, and has 0.

    Args:
        probabilities: (n, class).

    Source: Krause et al. 2010, Discriminative clustering by regularized information maximization, NeurIPS; as Liang
    et al. 2020, arXiv:2002.08546.
    """
    rows = _some(probabilities)
    return float(_entropies(rows.mean(axis=0, keepdims=True))[0] - _entropies(rows).mean())


def neighbourhood_density(probabilities: NDArray[np.floating[Any]], temperature: float = TEMPERATURE) -> float:
    """Return the soft neighbourhood density: the mean entropy of the likeness of each answer to all others, in nats.

    Answers are made to have length 1; the likeness of two is their product over the temperature, and a softmax makes
    shares of the likenesses of one answer to all others. n answers that are all alike have log(n - 1).

    Args:
        probabilities: (n, class), n above 2; time grows with its square.
        temperature: Of the likeness.

    Source: Saito et al. 2021, arXiv:2108.10860, equations 1 to 3.
    """
    rows = _some(probabilities)
    if len(rows) < 2:
        raise SampleError("One series has no neighbours.", fix="Give at least two of the target.")
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    total = 0.0
    for start in range(0, len(rows), _ROWS):
        likeness = rows[start : start + _ROWS] @ rows.T / temperature
        likeness[np.arange(len(likeness)), start + np.arange(len(likeness))] = -math.inf
        shares = np.exp(likeness - likeness.max(axis=1, keepdims=True))
        total += float(_entropies(shares / shares.sum(axis=1, keepdims=True)).sum())
    return total / len(rows)


def _has_features(model: SeriesClassifier) -> bool:
    """Return whether a model's features are others than its inputs."""
    return not isinstance(model, SelfFittingClassifier) or model.takes_package


def _effective(weights: NDArray[np.float64]) -> float:
    return float(weights.sum() ** 2 / (weights**2).sum())


def _entropies(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    found: NDArray[np.float64] = -(shares * logs).sum(axis=1)
    return found


def _some(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    if probabilities.ndim != 2 or not len(probabilities):
        raise SampleError(
            f"Probabilities of shape {probabilities.shape} tell nothing.", fix="Give some series of the target."
        )
    return probabilities.astype(np.float64)


def _drawn(count: int, most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    return np.sort(rng.permutation(count)[:most])


def _columns(package: ModelPackage, samples: SampleSet) -> NDArray[np.intp]:
    """Return the package's column of each sample's class, (sample,); -1 where it does not know the class."""
    columns = np.full(256, -1, np.intp)
    known = codes_in(package, samples.legend)
    columns[known] = np.arange(len(known))
    columns[~np.isin(np.arange(256), samples.legend.codes)] = -1
    found = columns[samples.codes]
    if (found < 0).all():
        raise SampleError(
            f"The model knows {', '.join(package.legend.names)}; none of the validation samples' classes.",
            fix="Name shared classes alike.",
        )
    return found
