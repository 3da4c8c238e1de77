"""What a network begins its training with, and which parts of it may change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import ModelError, PackageError
from cropmap.data.class_names import canonical
from cropmap.data.package import ModelPackage, Scaling
from cropmap.models.base import check_arrays
from cropmap.training.adaptation import Adaptation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.legend import Legend
    from cropmap.models.base import SeriesShape
    from cropmap.models.neural import NeuralClassifier, NeuralParams

_HEAD = "head."


@dataclass(frozen=True)
class Start:
    """What a network begins with, and what of it may change; as it stands: a new network, and all of it.

    Args:
        package: Model whose weights it begins with; None for first weights of its own. Weights alone are taken: no
            step size, no moments of an optimizer.
        keep_head: Whether the head's rows of classes of the same name are taken over too; those of other classes, or
            all, are drawn anew.
        scaling: Applied to the samples; None takes the package's, or where there is none fits one.
        frozen: Parts that stay as they are, bit for bit, in evaluation mode (`LoopOptions.frozen`).
        factors: By what the step size is multiplied for parts of the network (`LoopOptions.factors`).
        adaptation: What the network learns beside the labels.
        labels_count: Whether the loss over the labels counts.
    """

    package: ModelPackage | None = None
    keep_head: bool = False
    scaling: Scaling | None = None
    frozen: tuple[str, ...] = ()
    factors: Mapping[str, float] = field(default_factory=dict)
    adaptation: Adaptation | None = None
    labels_count: bool = True

    @property
    def known_scaling(self) -> Scaling | None:
        """Return the scaling that is asked for, else the package's, else None: it is to be fitted."""
        return self.scaling or (None if self.package is None else self.package.scaling)

    def describe(self) -> dict[str, Any]:
        """Return all that a result depends on as plain JSON values."""
        return {
            "package": self.package and package_digest(self.package),
            "keep_head": self.keep_head,
            "scaling": self.scaling and [self.scaling.mean.tolist(), self.scaling.deviation.tolist()],
            "frozen": list(self.frozen),
            "factors": dict(self.factors),
            "adaptation": self.adaptation and [type(self.adaptation).__name__, self.adaptation.describe()],
            "labels_count": self.labels_count,
        }


def package_digest(package: ModelPackage) -> str:
    """Return a SHA-256 of all that a package predicts with."""
    about = [
        package.model,
        dict(package.params),
        package.legend.to_list(),
        package.bands,
        package.temperature,
        package.class_weights,
        package.shift_days,
    ]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    own = {"(days)": package.days, "(mean)": package.scaling.mean, "(deviation)": package.scaling.deviation}
    for name, array in sorted({**package.arrays, **own}.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def check_start(start: Start, model: str, bands: tuple[str, ...], days: NDArray[np.int32]) -> None:
    """Refuse to begin with another kind of model, or one of other bands or days.

    Raises:
        ModelError: So it is.
    """
    package = start.package
    if package is None:
        return
    for what, own, given in (
        ("model", package.model, model),
        ("bands", package.bands, tuple(bands)),
        ("days", package.days.tolist(), np.asarray(days).tolist()),
    ):
        if own != given:
            raise ModelError(
                f"The training begins with a package whose {what} {own} {'is' if what == 'model' else 'are'} not the "
                f"samples' or the one asked for: {given}.",
                where=what,
                fix="Prepare the samples with the package's own recipe, season and bands, and ask for its model.",
            )


def started(
    kind: type[NeuralClassifier], params: NeuralParams, shape: SeriesShape, legend: Legend, start: Start
) -> NeuralClassifier:
    """Return a network that begins as asked; what is drawn comes from PyTorch's generator.

    Args:
        kind: The model's class.
        params: Its parameters; those that make the network's sizes are the package's.
        shape: What it is made for.
        legend: Its classes.
        start: What it begins with.

    Raises:
        ModelError: The parameters make a network of other sizes than the package's.
    """
    import torch  # noqa: PLC0415 - a forest must not wait for PyTorch

    model = kind.untrained(params, shape)
    if start.package is None:
        return model
    first = model.network.state_dict()
    arrays, known = start.package.arrays, len(start.package.legend)
    shapes = {name: tuple(tensor.shape) for name, tensor in first.items()}
    heads = {name: (known, *shape[1:]) for name, shape in shapes.items() if name.startswith(_HEAD)}
    try:
        check_arrays(arrays, shapes | heads)
    except PackageError as error:
        raise ModelError(
            f"The package's weights do not fit the network that is asked for: {error.what}",
            where=error.where,
            fix="Ask for the sizes that the package was trained with.",
        ) from error
    found = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    for name in heads:
        found[name] = first[name].clone()
        for row, source in head_rows(legend, start.package.legend) if start.keep_head else ():
            found[name][row] = torch.from_numpy(np.array(arrays[name][source]))
    model.network.load_state_dict(found)
    return model


def head_rows(legend: Legend, source: Legend) -> list[tuple[int, int]]:
    """Return which row of a head each class of the same name has here, and had in the source."""
    rows = {canonical(name): row for row, name in enumerate(source.names)}
    return [(row, rows[canonical(name)]) for row, name in enumerate(legend.names) if canonical(name) in rows]
