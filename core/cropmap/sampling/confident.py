"""Confident learning: which labels are likely wrong, by models that had not seen them.

A class's threshold is the mean probability that models give it on the samples labelled so. A sample counts as
confidently of the likeliest class among those whose threshold it reaches. Counting labels against confident classes
gives the confident joint; scaled to the number of samples of each label it estimates how many samples labelled i are
truly j.

Source: Northcutt, Jiang, Chuang 2021, Confident learning: estimating uncertainty in dataset labels, Journal of
Artificial Intelligence Research 70, 1373-1411, doi:10.1613/jair.1.12125, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.data.doubts import Doubts, LabelNoise

if TYPE_CHECKING:
    from cropmap.data.samples import SampleSet
    from cropmap.training.fit import OutOfFold

SELECTIONS = ("noise_rate", "both")
_TOLERANCE = 1e-6  # probabilities are float32: a mean of equal ones may be a little above them
_INTERVAL = (0.025, 0.975)


@dataclass(frozen=True)
class ConfidentOptions:
    """How label errors are selected, and how often the samples are drawn again for the intervals.

    Args:
        selection: "noise_rate": of the samples labelled i, as many as are estimated to be j, those that lean most to j.
            "both": of these, only samples that are also among the least self-confident of their label, as many as are
            estimated to be wrong of it.
        resamples: Bootstrap resamples behind the intervals.
        seed: Of the resamples.

    Raises:
        SampleError: Another selection, or no resample.
    """

    selection: str = "noise_rate"
    resamples: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        if self.selection not in SELECTIONS:
            raise SampleError(f"There is no selection {self.selection!r}.", fix=f"Choose of {', '.join(SELECTIONS)}.")
        if self.resamples < 1:
            raise SampleError(f"{self.resamples} resamples give no interval.", fix="Ask for one or more.")


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """What out-of-fold probabilities tell of the labels.

    Args:
        noise: How many samples of each label are estimated to be of each class.
        confidence: Probability of each sample's own label, (sample,), float64: the lower, the more doubtful. NaN for
            samples that no model could judge.
        doubts: The likely errors, the lowest confidence first.
    """

    noise: LabelNoise
    confidence: NDArray[np.float64]
    doubts: Doubts


def find_label_errors(
    samples: SampleSet,
    found: OutOfFold,
    options: ConfidentOptions | None = None,
    units: NDArray[np.int32] | None = None,
) -> LabelErrors:
    """Return the labels that models which had not seen them contradict.

    A sample without a fold, or of a class that its fold's model never saw, is not judged. No likely error is a sample
    whose label is its likeliest class.

    Args:
        samples: The samples.
        found: What `training.fit.cross_validate` said of them.
        options: Selection, and resamples of the intervals.
        units: What is drawn again as a whole for the intervals, (sample,), int32: the plan's units; where None, every
            sample by itself.

    Returns:
        The errors. The intervals tell how much the estimates would vary with other samples of the same kind, the model
        given; what the model itself mistakes is in the estimates, which are too high where classes look alike.

    Raises:
        SampleError: Probabilities of another number of samples, or none that was judged.
    """
    options = options or ConfidentOptions()
    if len(found.probabilities) != len(samples):
        raise SampleError(
            f"{len(samples)} samples have probabilities of {len(found.probabilities)}.", fix="Judge these samples."
        )
    judged = _judged(samples.codes, found)
    if not judged.any():
        raise SampleError("No sample was judged by a model that had not seen it.", fix="Cross-validate in folds.")
    positions = np.flatnonzero(judged)
    columns = np.searchsorted(found.legend.codes, samples.codes[judged])
    probabilities = found.probabilities[judged].astype(np.float64)
    thresholds, joint = confident_joint(columns, probabilities)
    counts = calibrated(joint, columns)
    drawn = _drawn_again(columns, probabilities, positions if units is None else units[judged], options)
    low, high = np.quantile(drawn, _INTERVAL, axis=0)
    least, most = np.quantile(drawn.sum(axis=(1, 2)) - np.trace(drawn, axis1=1, axis2=2), _INTERVAL)
    noise = LabelNoise(found.legend, thresholds, counts, low, high, (float(least), float(most)))
    suspects = selected(columns, probabilities, whole_rows(counts), options.selection)
    own = self_confidence(columns, probabilities)
    confidence = np.full(len(samples), np.nan)
    confidence[positions] = own
    order = suspects[np.argsort(own[suspects], kind="stable")]
    doubts = _doubts(columns[order], probabilities[order], found.legend.names, positions[order])
    return LabelErrors(noise, confidence, Doubts(*doubts, notes=_notes(judged)))


# ---------------------------------------------------------------- the formulas


def confident_joint(
    columns: NDArray[np.intp], probabilities: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each class's threshold, and how many samples of each label are confidently of each class.

    Args:
        columns: Column of each sample's label, (sample,).
        probabilities: Out-of-fold probabilities, (sample, class), finite.
        weights: How often each sample counts, (sample,); once where None.

    Returns:
        Thresholds, (class,), NaN for a class without samples; counts, (label, class).

    Source: Northcutt et al. 2021, equations 1 and 2.
    """
    size, weights = probabilities.shape[1], np.ones(len(columns)) if weights is None else weights
    own = probabilities[np.arange(len(columns)), columns]
    total = np.bincount(columns, weights, size)
    sums = np.bincount(columns, weights * own, size)
    thresholds = np.divide(sums, total, out=np.full(size, np.nan), where=total > 0)
    # A comparison with NaN is false: no sample is confidently of a class that has none.
    reached = probabilities >= thresholds - _TOLERANCE
    best = np.where(reached, probabilities, -1.0).argmax(axis=1)
    sure = reached.any(axis=1)
    cells = columns[sure] * size + best[sure]
    joint = np.bincount(cells, weights[sure], size * size).astype(np.float64)
    return thresholds, joint.reshape(size, size)


def calibrated(joint: NDArray[np.float64], columns: NDArray[np.intp]) -> NDArray[np.float64]:
    """Scale a confident joint so that each row sums to the samples of its label: estimated numbers, (label, class).

    At least one sample of each label is taken to be right: no class is estimated to be wrong altogether.

    Source: Northcutt et al. 2021, equation 3, times the number of samples.
    """
    size = len(joint)
    kept = joint.copy()
    np.fill_diagonal(kept, np.maximum(np.diag(joint), 1.0))
    scaled: NDArray[np.float64] = kept / kept.sum(axis=1, keepdims=True)
    return scaled * np.bincount(columns, minlength=size)[:, None]


def whole_rows(counts: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round counts to whole ones whose rows sum to what they summed to: the largest remainders are rounded up."""
    found = np.floor(counts).astype(np.int64)
    missing = np.rint(counts.sum(axis=1)).astype(np.int64) - found.sum(axis=1)
    order = np.argsort(found - counts, axis=1, kind="stable")
    for row, more in enumerate(missing):
        found[row, order[row, :more]] += 1
    return found


def selected(
    columns: NDArray[np.intp],
    probabilities: NDArray[np.float64],
    counts: NDArray[np.int64],
    selection: str = "noise_rate",
) -> NDArray[np.intp]:
    """Return the positions of the likely label errors, ascending.

    Args:
        columns: Column of each sample's label, (sample,).
        probabilities: Out-of-fold probabilities, (sample, class).
        counts: Estimated numbers by label and class, whole, (label, class).
        selection: As in `ConfidentOptions`.

    Source: Northcutt et al. 2021, section 3.2: prune by noise rate, and its intersection with prune by class.
    """
    chosen = np.zeros(len(columns), np.bool_)
    for label in range(len(counts)):
        own = np.flatnonzero(columns == label)
        leaning = probabilities[own] - probabilities[own, label][:, None]
        picked = np.zeros(len(own), np.bool_)
        for other in np.flatnonzero(counts[label]):
            if other != label:
                picked[np.argsort(-leaning[:, other], kind="stable")[: counts[label, other]]] = True
        if selection == "both":
            wrong = counts[label].sum() - counts[label, label]
            least = np.zeros(len(own), np.bool_)
            least[np.argsort(probabilities[own, label], kind="stable")[:wrong]] = True
            picked &= least
        chosen[own] = picked
    return np.flatnonzero(chosen & (normalised_margin(columns, probabilities) < 0))


def normalised_margin(columns: NDArray[np.intp], probabilities: NDArray[Any]) -> NDArray[np.float64]:
    """Return the probability of each label less that of the likeliest other class, -1..1, (sample,)."""
    rows = np.arange(len(columns))
    others = probabilities.astype(np.float64)
    others[rows, columns] = -np.inf
    margin: NDArray[np.float64] = probabilities[rows, columns] - others.max(axis=1)
    return margin


def self_confidence(columns: NDArray[np.intp], probabilities: NDArray[Any]) -> NDArray[np.float64]:
    """Return the probability of each sample's own label, (sample,)."""
    own: NDArray[np.float64] = probabilities[np.arange(len(columns)), columns].astype(np.float64)
    return own


# ---------------------------------------------------------------- who is judged, and what is said


def _judged(codes: NDArray[np.uint8], found: OutOfFold) -> NDArray[np.bool_]:
    """Return True for samples whose fold's model had learnt their class, (sample,)."""
    judged: NDArray[np.bool_] = np.asarray(np.isfinite(found.probabilities).all(axis=1))
    for number, record in found.records.items():
        unseen = [own.code for own in found.legend.classes if own.name not in record["samples"]]
        judged &= ~((found.fold == number) & np.isin(codes, unseen))
    return judged


def _notes(judged: NDArray[np.bool_]) -> tuple[str, ...]:
    left = int((~judged).sum())
    if not left:
        return ()
    return (f"{left} of {len(judged)} labels are not judged: no model had learnt their class without their fold.",)


def _drawn_again(
    columns: NDArray[np.intp], probabilities: NDArray[np.float64], units: NDArray[Any], options: ConfidentOptions
) -> NDArray[np.float64]:
    """Return the calibrated counts of samples whose units are drawn again, (resample, label, class).

    Rows sum to what they sum to without drawing again.

    Source: Efron, Tibshirani 1993, An introduction to the bootstrap, chapters 8 and 13 (percentiles, clusters).
    """
    _, unit = np.unique(units, return_inverse=True)
    rng = np.random.default_rng(options.seed)
    count, size = int(unit.max()) + 1, probabilities.shape[1]
    drawn = np.empty((options.resamples, size, size))
    for number in range(options.resamples):
        weights = rng.multinomial(count, np.full(count, 1 / count)).astype(np.float64)[unit]
        _, joint = confident_joint(columns, probabilities, weights)
        drawn[number] = calibrated(joint, columns)
    return drawn


def _doubts(
    columns: NDArray[np.intp],
    probabilities: NDArray[np.float64],
    names: tuple[str, ...],
    positions: NDArray[np.intp],
) -> tuple[NDArray[np.int64], NDArray[np.str_], NDArray[np.str_]]:
    rows = np.arange(len(columns))
    own = self_confidence(columns, probabilities)
    others = probabilities.copy()
    others[rows, columns] = -np.inf
    best = others.argmax(axis=1)
    why = [
        f"a model that had not seen it says {names[other]} ({probabilities[row, other]:.2f}); "
        f"its label {names[column]} gets {own[row]:.2f}"
        for row, (column, other) in enumerate(zip(columns.tolist(), best.tolist(), strict=True))
    ]
    suggested = np.array([names[other] for other in best.tolist()], np.str_)
    return positions.astype(np.int64), suggested, np.array(why, np.str_)
