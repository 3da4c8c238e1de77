"""What the source's model says of source samples that it has not learnt from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError, TransferError
from cropmap.data.class_names import canonical
from cropmap.data.package import ModelPackage
from cropmap.models.predictor import Predictor
from cropmap.training.fit import fit
from cropmap.training.sides import drawn_validation, occurring
from cropmap.transfer.base import Transfer, learns_by_gradients


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The source's model, and what is said of samples held back from it.

    Args:
        package: The source's model.
        probabilities: Of the samples held back, (n, class), in the package's columns, without temperature and class
            weights.
        columns: Column of each one's true class, (n,).
    """

    package: ModelPackage
    probabilities: NDArray[np.float32]
    columns: NDArray[np.intp]


def held_out(task: Transfer) -> HeldOut:
    """Return the source's model with honest probabilities of some of its samples.

    A share of the source's samples (`FitOptions.validation_share`), whole groups, is held back. A network that is
    trained here does not learn from them, though they say when it stops. Where the task gives a package, which may have
    seen them all, a second model of its kind is trained without them and speaks for it; so it is with a model that is
    not trained by gradients, which itself then learns from all samples.

    Raises:
        TransferError: The task has no samples of the source, or a package of other classes.
        SampleError: Too few samples to hold any back.
    """
    source, options = task.taught(), task.options
    name, values = task.asked if task.package is None else (task.package.model, task.package.params)
    columns = np.searchsorted(occurring(source).codes, source.codes)
    held = drawn_validation(source, columns, options.validation_share, options.seed, task.progress)
    if not held.any():
        raise SampleError(
            f"None of {len(source)} source samples can be held back to judge the model by.",
            fix="Give more samples of every class.",
        )
    if learns_by_gradients(name):
        twin = fit(source, name, values, options, task.progress.part(0, 0.9), held)
        package = task.package or twin
    else:
        twin = fit(source.subset(~held), name, values, options, task.progress.part(0, 0.45))
        package = task.source_package(task.progress.part(0.45, 0.9))
    order = _order(package, twin)
    found = Predictor(twin, options.device).probabilities(source.values[held])
    return HeldOut(package, found[:, order], np.argsort(order)[columns[held]])


def _order(package: ModelPackage, twin: ModelPackage) -> NDArray[np.intp]:
    """Return the twin's column of each class of the package, (class,)."""
    own = {canonical(name): column for column, name in enumerate(twin.legend.names)}
    wanted = [canonical(name) for name in package.legend.names]
    if set(own) != set(wanted):
        raise TransferError(
            f"The package knows the classes {', '.join(package.legend.names)}; the source's samples are of "
            f"{', '.join(twin.legend.names)}.",
            fix="Give the samples that the package was trained on.",
        )
    return np.array([own[name] for name in wanted], np.intp)
