"""How common each class is at a place without labels, from what a model answers there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import SampleError, TransferError
from cropmap.contract.params import chosen
from cropmap.models import MODELS
from cropmap.models.base import BALANCE
from cropmap.training.temperature import check_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.package import ModelPackage

EM, BBSE = "em", "bbse"
METHODS = (EM, BBSE)

# The likelihood has one top; steps that move no share by more than this have reached it for any map.
_SMALLEST_STEP, _MOST_STEPS = 1e-7, 2000


def estimate_shares(
    source_probabilities: NDArray[np.floating[Any]],
    source_columns: NDArray[np.integer[Any]],
    target_probabilities: NDArray[np.floating[Any]],
    how: str = EM,
) -> NDArray[np.float64]:
    """Return the share of each class at the target, (class,), without any label of the target.

    It is assumed that classes look alike at both places and only their shares differ. Where that does not hold, the
    shares are those that best explain the model's answers, and may be far off.

    Args:
        source_probabilities: (n, class), of source samples that the model has not learnt from; rows with NaN count for
            nothing.
        source_columns: Column of each source sample's true class, (n,); below 0 where it is none of the columns, which
            counts for nothing.
        target_probabilities: (n, class), of series of the target drawn whatever their class; rows with NaN count for
            nothing.
        how: "em": the shares under which the probabilities are likeliest; good where these are calibrated. "bbse": the
            shares that, confused as the source samples are, give the target's labels; needs no calibration, and is the
            less sure the more the classes are confused.

    Returns:
        Shares, 0..1, with the sum 1; a class without source samples has 0. For the source itself, seen as a target,
        either gives the source's shares.

    Raises:
        SampleError: Nothing is left of source or target, or true classes do not fit the probabilities.
        TransferError: There is no such method, or the two have other classes.

    Sources: "em", Saerens et al. 2002, doi:10.1162/089976602753284446; its start from the mean probability of the
    source samples, which is their shares where the model is calibrated, follows Alexandari et al. 2020,
    arXiv:1901.06852. "bbse", Lipton et al. 2018, arXiv:1802.03916.
    """
    if how not in METHODS:
        raise TransferError(f"Shares cannot be estimated by {how!r}.", fix=f"Choose one of {', '.join(METHODS)}.")
    check_columns(source_probabilities, source_columns)
    if target_probabilities.ndim != 2 or target_probabilities.shape[1:] != source_probabilities.shape[1:]:
        raise TransferError(
            f"The source's probabilities have shape {source_probabilities.shape}, the target's "
            f"{target_probabilities.shape}.",
            fix="Let one model predict both.",
        )
    known = (np.asarray(source_columns) >= 0) & _whole(source_probabilities)
    columns = np.asarray(source_columns)[known]
    source, target = _rows(source_probabilities, known, "source"), _rows(target_probabilities, None, "target")
    learnt = np.bincount(columns, minlength=source.shape[1]) / len(columns)
    if how == EM:
        model = source.mean(axis=0)
        found = learnt * ratio(likeliest_shares(target, model), model)
    else:
        found = learnt * _confusion_weights(source.argmax(axis=1), columns, target.argmax(axis=1), source.shape[1])
    if not found.any():  # the target looks like classes alone that the source does not have
        return learnt
    shares: NDArray[np.float64] = found / found.sum()
    return shares


def likeliest_shares(
    probabilities: NDArray[np.floating[Any]], learnt: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """Return the shares, (class,), under which a model's probabilities are likeliest.

    In turn, the probabilities are corrected for the shares (Bayes' rule), and the shares are the corrected
    probabilities' mean, until they stay.

    Args:
        probabilities: (n, class), of series drawn whatever their class; none NaN.
        learnt: The shares that the probabilities assume, (class,), with the sum 1; a class of share 0 keeps it.

    Source: Saerens et al. 2002, doi:10.1162/089976602753284446, equations 2.8 and 2.9.
    """
    likelihood = probabilities * ratio(np.ones(len(learnt)), learnt)
    shares = np.asarray(learnt, np.float64)
    for _ in range(_MOST_STEPS):
        total = likelihood @ shares
        seen = total > 0
        if not seen.any():
            return shares
        found = shares * ((1 / total[seen]) @ likelihood[seen]) / seen.sum()
        step = np.abs(found - shares).max()
        shares = found
        if step < _SMALLEST_STEP:
            break
    return np.asarray(shares / shares.sum())


def learnt_shares(package: ModelPackage) -> NDArray[np.float64]:
    """Return the shares that a package's probabilities assume, (class,), with the sum 1, as its record tells.

    They are those of its training samples, as far as the training did not balance the classes, times the package's
    class weights; of an ensemble, the mean of its members'.

    Raises:
        TransferError: The record does not count the samples of each class.
    """
    counts = package.record.get("samples")
    if not isinstance(counts, dict) or not all(counts.get(name, 0) > 0 for name in package.legend.names):
        raise TransferError(
            "The package's record does not tell how many samples of each class it learnt from.",
            where=f"model {package.model}",
            fix="Give the source's samples too.",
        )
    found = np.array([counts[name] for name in package.legend.names], np.float64)
    left = [found ** (1 - BALANCE[how]) for how in _balances(package)]
    shares = np.mean([own / own.sum() for own in left], axis=0)
    shares *= np.array(package.class_weights or 1.0)
    return np.asarray(shares / shares.sum())


def _balances(package: ModelPackage) -> list[str]:
    """Return how the training balanced the classes, of an ensemble for each member."""
    if package.model != "ensemble":
        return [package.params.get("balance", "none")]
    members = [chosen(member) for member in package.params["members"]]
    return [getattr(MODELS.get(name).parse(values), "balance", "none") for name, values in members]


def smoothed_shares(columns: NDArray[np.integer[Any]], classes: int) -> NDArray[np.float64]:
    """Return the shares of true classes, (class,), each class counted once more: what was not drawn may still exist."""
    found: NDArray[np.float64] = (np.bincount(columns, minlength=classes) + 1) / (len(columns) + classes)
    return found


def calibrating_weights(probabilities: NDArray[np.floating[Any]], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the class weights, (class,), under which the mean of probabilities is the true shares.

    They are the likeliest ones: a bias of each class in the scores, e.g. of a model that learnt from balanced classes.

    Args:
        probabilities: (n, class), of samples that the model has not learnt from; rows with NaN count for nothing.
        shares: Of these samples' true classes, (class,), all above 0.

    Returns:
        Weights for `data.probabilities.weighted`; 1 for a class that no row gives any probability.

    Source: Alexandari et al. 2020, arXiv:1901.06852 (bias-corrected temperature scaling; here the temperature is fitted
    first, and the biases then, class by class in turn, which the likelihood's shape allows).
    """
    found = probabilities[_whole(probabilities)].astype(np.float64)
    answered = found.any(axis=0) if len(found) else np.zeros(len(shares), np.bool_)
    weights = np.ones(len(shares))
    wanted = np.where(answered, shares, 0) / max(float(shares[answered].sum()), np.finfo(float).tiny)
    for _ in range(_MOST_STEPS if answered.any() else 0):
        weighed = found * weights
        mean = (weighed / weighed.sum(axis=1, keepdims=True)).mean(axis=0)
        if np.abs(mean - wanted).max() < _SMALLEST_STEP:
            break
        weights[answered] *= wanted[answered] / mean[answered]
        weights[answered] /= weights[answered].max()
    return weights


def ratio(shares: NDArray[np.floating[Any]], learnt: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return shares / learnt, (class,); 0 for a class that was not learnt."""
    wanted = np.asarray(shares, np.float64)
    return np.asarray(np.divide(wanted, learnt, out=np.zeros_like(wanted), where=np.asarray(learnt) > 0))


def _confusion_weights(
    labelled: NDArray[np.intp], columns: NDArray[np.integer[Any]], target: NDArray[np.intp], classes: int
) -> NDArray[np.float64]:
    """Return the weights w of C w = m: C[i, j] is the source's share of label i and true class j, m[i] the target's."""
    confusion = _confusion(labelled, columns, classes)
    found = np.bincount(target, minlength=classes) / len(target)
    # Least squares: classes that are always confused make the matrix singular.
    weights, *_ = np.linalg.lstsq(confusion, found, rcond=None)
    return np.asarray(np.maximum(weights, 0))


def _confusion(labelled: NDArray[np.intp], columns: NDArray[np.integer[Any]], classes: int) -> NDArray[np.float64]:
    """Return the share of samples of each label, (label, class), and true class."""
    found = np.zeros((classes, classes))
    np.add.at(found, (labelled, columns), 1 / len(columns))
    return found


def _whole(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    return np.asarray(~np.isnan(probabilities).any(axis=1))


def _rows(probabilities: NDArray[np.floating[Any]], known: NDArray[np.bool_] | None, place: str) -> NDArray[np.float64]:
    found = probabilities[_whole(probabilities) if known is None else known].astype(np.float64)
    if not len(found):
        raise SampleError(
            f"No sample of the {place} is left to estimate the classes' shares from.",
            fix="Give series without gaps; of the source, with a class of the model.",
        )
    return found
