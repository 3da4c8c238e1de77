"""The source's model, told how common each class is at the target."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import TransferError
from cropmap.contract.params import param
from cropmap.data.class_names import canonical
from cropmap.data.probabilities import tempered, weighted
from cropmap.models.predictor import Predictor
from cropmap.training.sides import occurring
from cropmap.training.temperature import fit_temperature
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import MODEL, SERIES, lacking
from cropmap.transfer.held_out import held_out
from cropmap.transfer.priors import (
    BBSE,
    EM,
    METHODS,
    calibrating_weights,
    estimate_shares,
    learnt_shares,
    likeliest_shares,
    ratio,
    smoothed_shares,
    unexplained,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cropmap.data.package import ModelPackage
    from cropmap.transfer.base import Transfer

# By how much given shares may exceed the sum 1: what comes of rounding them.
_ROUNDING = 0.01
# Share of the target's labels that estimated shares may leave unexplained: so much, and so many times what chance
# leaves. Ours, picked where Arkansas and California were looked at.
_UNEXPLAINED, _TIMES_CHANCE = 0.05, 1.5
# Samples held back for each class, on average, from which a calibration is worth its name: with fewer, shares that were
# estimated cost accuracy between simulated sites that differ in nothing.
_HELD = 20


@dataclass(frozen=True)
class KnownSharesParams:
    """Where the target's shares come from."""

    shares: str = param(
        "",
        help="Share of each class at the target, such as 'corn 0.4, soybean 35 %, other 0.25', from statistics of "
        "planted area. Classes that are not named divide what is left as the model learnt them. Empty: the shares are "
        "estimated from the target's series.",
    )
    how: str = param(
        EM,
        title="Estimate",
        choices=METHODS,
        help="em: the shares under which the model's probabilities are likeliest. bbse: the shares that fit the labels "
        "that it gives and its known mistakes; needs labelled samples of the source.",
        advanced=True,
    )

    def check_for(self, task: Transfer) -> None:
        """Refuse shares that cannot be read, or that are of classes which the source's model will not have.

        Raises:
            TransferError: As `given_shares`.
        """
        if self.shares:
            legend = task.package.legend if task.package is not None else occurring(task.taught())
            given_shares(self.shares, legend.names, np.ones(len(legend)))


@STRATEGIES.register(
    "known_shares",
    title="Source model, shares of classes known",
    params=KnownSharesParams,
    citation="Saerens et al. 2002, Neural Computation 14:21-41, doi:10.1162/089976602753284446; Lipton et al. 2018, "
    "arXiv:1802.03916; Alexandari et al. 2020, arXiv:1901.06852",
    needs=(MODEL,),
)
def known_shares(params: KnownSharesParams, task: Transfer) -> ModelPackage:
    """Takes the source's model and favours classes that are more common at the target, by given or estimated shares.

    For places where crops look alike and only how much of each is planted differs; where they look different, estimated
    shares mislead.

    Each probability is multiplied by target share / source share (Bayes' rule). Where the source's samples are given,
    some are held back (`held_out`): a temperature and one weight a class make the probabilities of these right on
    average before anything is estimated. Where only a package is given, its record tells the shares that it learnt, and
    its own calibration has to do. Shares that are estimated with the source's samples are checked: do they, confused as
    these are, give the labels of the target? Where they do not, classes look different there.

    Raises:
        TransferError: Neither shares nor series of the target are given; shares are to be estimated from a package that
            was not calibrated, or by "bbse", without samples of the source, or with too few of them; estimated shares
            do not explain the labels that the target gets; given shares do not fit the classes.
    """
    if not params.shares and not task.having(SERIES):
        raise lacking(SERIES, "known_shares, without given shares,")
    if task.source is None:
        return _from_package(params, task, task.source_package())
    found = held_out(task)
    temperature = fit_temperature(found.probabilities, found.columns)
    probabilities = tempered(found.probabilities, temperature)
    # Earlier weights are made anew; only classes that may not be answered stay so.
    allowed = np.array(found.package.class_weights or [1.0] * len(found.package.legend)) > 0
    package = dataclasses.replace(found.package, temperature=temperature, class_weights=())
    learnt = smoothed_shares(found.columns, len(package.legend))
    calibrated = calibrating_weights(probabilities, learnt) * allowed
    if params.shares:
        shares = given_shares(params.shares, package.legend.names, learnt)
    else:
        _check_enough(len(found.columns), len(learnt))
        here, there = (weighted(own, calibrated.tolist()) for own in (probabilities, _target(package, task)))
        shares = likeliest_shares(there, learnt)
        # Those of "bbse" explain the labels by design; the likeliest ones tell whether classes look alike.
        _check_explained(*unexplained(here, found.columns, there, shares), shares, package.legend.names)
        if params.how == BBSE:
            shares = estimate_shares(here, found.columns, there, BBSE)
    return _told(package, shares, learnt, calibrated)


def given_shares(text: str, names: Sequence[str], learnt: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of each class, (class,), with the sum 1, that a text gives.

    Args:
        text: Names, in any language that `data.class_names` knows, each followed by a number or by one and "%". Where
            all classes are named, the numbers may be areas too: their sum is the whole.
        names: The model's classes.
        learnt: Shares by which classes that are not named divide what is left, (class,).

    Raises:
        TransferError: A part is no name and number, a class is not the model's or comes twice; the shares of some
            classes are more than 1, or those of all classes 0.
    """
    columns = {canonical(name): column for column, name in enumerate(names)}
    found = np.full(len(names), np.nan)
    for part in filter(None, map(str.strip, re.split(r"[;,\n]", text))):
        column, share = _share(part, columns, names)
        if not np.isnan(found[column]):
            raise _wrong(f"{names[column]} has two shares.", "Give each class one.")
        found[column] = share
    free = np.isnan(found)
    total = float(np.nansum(found))
    if not (free.any() or total) or (free.any() and total > 1 + _ROUNDING):
        raise _wrong(f"The shares make {total:.4g} together.", "Give shares of the whole, or per cent, or name all.")
    if free.any():
        others = learnt[free] if learnt[free].any() else np.ones(int(free.sum()))
        found[free] = max(1 - total, 0.0) * others / others.sum()
    return np.asarray(found / found.sum())


def _share(part: str, columns: dict[str, int], names: Sequence[str]) -> tuple[int, float]:
    match = re.fullmatch(r"(.*\S?)[\s:=]+(\d+\.?\d*|\.\d+)\s*(%?)", part)
    if not match:
        raise _wrong(f"{part!r} is not a class and its share.", "Write them like 'corn 0.4, soybean 35 %, other 0.25'.")
    name, number, cent = match[1].strip(" \t:="), float(match[2]), match[3]
    if canonical(name) not in columns:
        raise _wrong(f"The model has no class {name!r}.", f"Its classes: {', '.join(names)}.")
    return columns[canonical(name)], number / 100 if cent else number


def _wrong(what: str, fix: str) -> TransferError:
    return TransferError(what, where="shares", fix=fix)


def _from_package(params: KnownSharesParams, task: Transfer, package: ModelPackage) -> ModelPackage:
    learnt = learnt_shares(package)
    if params.shares:
        shares = given_shares(params.shares, package.legend.names, learnt)
    elif params.how == BBSE:
        raise TransferError(
            "The estimate bbse needs the model's mistakes, which labelled samples of the source tell; none is given.",
            where="how",
            fix="Give them, or choose em.",
        )
    else:
        _check_calibrated(package)
        shares = likeliest_shares(_target(package, task), learnt)
    return _told(package, shares, learnt, np.array(package.class_weights or [1.0] * len(learnt)))


def _check_calibrated(package: ModelPackage) -> None:
    if package.temperature == 1 and "calibration" not in package.record:
        raise TransferError(
            "The package was never calibrated: its probabilities are no base for an estimate of shares.",
            where=f"model {package.model}",
            fix="Give labelled samples of the source, or the target's shares, or train with a cross-validation.",
        )


def _check_enough(held: int, classes: int) -> None:
    if held < _HELD * classes:
        raise TransferError(
            f"{held} samples of the source could be held back; shares of {classes} classes cannot be estimated by so "
            "few.",
            where="known_shares",
            fix=f"Give the shares, or so many source samples that {_HELD * classes} can be held back.",
        )


def _check_explained(missing: float, chance: float, shares: NDArray[np.float64], names: Sequence[str]) -> None:
    if missing > _UNEXPLAINED + _TIMES_CHANCE * chance:
        said = ", ".join(f"{name} {share:.2f}" for name, share in zip(names, shares.tolist(), strict=True))
        raise TransferError(
            f"The shares that were estimated ({said}) do not explain {missing:.0%} of the labels that the target gets: "
            "classes look different there.",
            where="known_shares",
            fix="Give the shares, or choose a strategy that adapts to how classes look.",
        )


def _target(package: ModelPackage, task: Transfer) -> NDArray[np.float32]:
    found = Predictor(package, task.options.device).probabilities(task.series)
    return found[~np.isnan(found).any(axis=1)]


def _told(
    package: ModelPackage, shares: NDArray[np.float64], learnt: NDArray[np.float64], before: NDArray[np.float64]
) -> ModelPackage:
    """Return the package that answers under these shares instead of those learnt, and says so."""
    weights = before * ratio(shares, learnt)
    if not weights.any():
        raise _wrong("Every class that has a share is one that the model does not answer.", "Give other shares.")
    names = package.legend.names
    record = {
        **package.record,
        "shares": dict(zip(names, shares.tolist(), strict=True)),
        "learnt_shares": dict(zip(names, learnt.tolist(), strict=True)),
    }
    return dataclasses.replace(package, class_weights=tuple((weights / weights.max()).tolist()), record=record)
