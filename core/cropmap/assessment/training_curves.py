"""How networks learnt: the curves that their records hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What a curve's points may hold, in the order in which it is written and drawn.
CURVE_FIGURES = ("training_loss", "validation_loss", "validation_accuracy", "learning_rate")


@dataclass(frozen=True, eq=False)
class Curve:
    """One training, epoch by epoch.

    Args:
        name: "Model", or "Fold 1".
        epochs: Figures of each epoch, by the names of `CURVE_FIGURES`.
        best_epoch: From 1; the one whose weights were kept.
        kept: It is that of the model that is kept, not of one that judges it.
    """

    name: str
    epochs: tuple[Mapping[str, float], ...]
    best_epoch: int
    kept: bool = False


def curves_of(record: Mapping[str, Any], name: str, *, kept: bool = False) -> tuple[Curve, ...]:
    """Return the curves in a training's record; none where nothing was learnt by epochs.

    The members of an ensemble have a curve each: "Model, member 2".

    Args:
        record: What `fit` recorded: `epochs` and `best_epoch`, or `members` with records of their own.
        name: What the training is called.
        kept: Whether its model is the one that is kept.
    """
    if record.get("epochs"):
        return (Curve(name, tuple(record["epochs"]), int(record["best_epoch"]), kept),)
    members = enumerate(record.get("members", ()), start=1)
    return tuple(curve for number, own in members for curve in curves_of(own, f"{name}, member {number}", kept=kept))
