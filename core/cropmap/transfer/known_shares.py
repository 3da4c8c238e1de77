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
from cropmap.data.probabilities import tempered
from cropmap.training.sides import occurring
from cropmap.training.temperature import fit_temperature
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import MODEL
from cropmap.transfer.held_out import held_out
from cropmap.transfer.priors import calibrating_weights, learnt_shares, ratio, smoothed_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cropmap.data.package import ModelPackage
    from cropmap.transfer.base import Transfer

# By how much given shares may exceed the sum 1: what comes of rounding them.
_ROUNDING = 0.01


@dataclass(frozen=True)
class KnownSharesParams:
    """What is known of the target."""

    shares: str = param(
        "",
        help="Share of each class at the target, such as 'corn 0.4, soybean 35 %, other 0.25', from statistics of "
        "planted area. Classes that are not named divide what is left as the model learnt them.",
    )

    def check_for(self, task: Transfer) -> None:
        """Refuse shares that cannot be read, or that are of classes which the source's model will not have.

        Raises:
            TransferError: As `given_shares`.
        """
        legend = task.package.legend if task.package is not None else occurring(task.taught())
        given_shares(self.shares, legend.names, np.ones(len(legend)))


@STRATEGIES.register(
    "known_shares",
    title="Source model, shares of classes known",
    params=KnownSharesParams,
    citation="Saerens et al. 2002, Neural Computation 14:21-41, doi:10.1162/089976602753284446; Alexandari et al. "
    "2020, arXiv:1901.06852",
    needs=(MODEL,),
)
def known_shares(params: KnownSharesParams, task: Transfer) -> ModelPackage:
    """Takes the source's model and favours classes that are more common at the target, by shares that you give.

    For places where statistics tell how much of each crop is planted.

    Each probability is multiplied by target share / source share (Bayes' rule). Where the source's samples are given,
    some are held back (`held_out`): a temperature and one weight a class make the probabilities of these right on
    average first. Where only a package is given, its record tells the shares that it learnt, and its own calibration
    has to do. Shares are not estimated here: where crops look different, too, estimates mislead, and nothing without
    labels tells when (docs/transfer_results.md).

    Raises:
        TransferError: No shares are given, or they do not fit the classes; a package's record does not tell what it
            learnt from.
    """
    if task.source is None:
        package = task.source_package()
        learnt = learnt_shares(package)
        before = np.array(package.class_weights or [1.0] * len(learnt))
    else:
        package, learnt, before = _calibrated(task)
    names = package.legend.names
    shares = given_shares(params.shares, names, learnt)
    weights = before * ratio(shares, learnt)
    if not weights.any():
        raise _wrong("Every class that has a share is one that the model does not answer.", "Give other shares.")
    record = {
        **package.record,
        "shares": dict(zip(names, shares.tolist(), strict=True)),
        "learnt_shares": dict(zip(names, learnt.tolist(), strict=True)),
    }
    return dataclasses.replace(package, class_weights=tuple((weights / weights.max()).tolist()), record=record)


def _calibrated(task: Transfer) -> tuple[ModelPackage, NDArray[np.float64], NDArray[np.float64]]:
    """Return the source's model with a temperature, the shares of its source, and weights that make it right there."""
    found = held_out(task)
    temperature = fit_temperature(found.probabilities, found.columns)
    learnt = smoothed_shares(found.columns, len(found.package.legend))
    # Earlier weights are made anew; only classes that may not be answered stay so.
    allowed = np.array(found.package.class_weights or [1.0] * len(learnt)) > 0
    weights = calibrating_weights(tempered(found.probabilities, temperature), learnt) * allowed
    return dataclasses.replace(found.package, temperature=temperature, class_weights=()), learnt, weights


def given_shares(text: str, names: Sequence[str], learnt: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of each class, (class,), with the sum 1, that a text gives.

    Args:
        text: Names, in any language that `data.class_names` knows, each followed by a number or by one and "%". Where
            all classes are named, the numbers may be areas too: their sum is the whole.
        names: The model's classes.
        learnt: Shares by which classes that are not named divide what is left, (class,).

    Raises:
        TransferError: There is none; a part is no name and number; a class is not the model's or comes twice; the
            shares of some classes are more than 1, or those of all classes 0.
    """
    if not text.strip():
        raise _wrong("No shares are given.", "Write them like 'corn 0.4, soybean 35 %, other 0.25'.")
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
