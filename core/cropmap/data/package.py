"""All that prediction needs, in one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import PackageError
from cropmap.data.applicability import Applicability
from cropmap.data.cube import CLEAR_BAND
from cropmap.data.legend import Legend
from cropmap.data.recipe import Recipe


@dataclass(frozen=True)
class Scaling:
    """Standardisation, fitted on training pixels only: scaled = (value - mean) / deviation.

    Args:
        mean: (band,), or (step, band) where each step has its own, float32; empty means that values stay as they are.
        deviation: Of the same shape, float32, above 0.
        mask: Position of the band that says which steps were seen (`mask_position`); None where there is none.
    """

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    mask: int | None = None

    def apply(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return scaled values, (sample, step, band); all 0, the mean, at steps that the mask says were not seen."""
        if not self.mean.size:
            return values
        scaled: NDArray[np.float32] = values - self.mean
        scaled /= self.deviation
        if self.mask is not None:
            scaled[values[..., self.mask] == 0] = 0
        return scaled


def mask_position(bands: Sequence[str]) -> int | None:
    """Return which of the bands is the mask that the step `mask_channel` makes, if any is."""
    return list(bands).index(CLEAR_BAND) if CLEAR_BAND in bands else None


NO_SCALING = Scaling(np.empty(0, np.float32), np.empty(0, np.float32))


@dataclass(frozen=True)
class ModelPackage:
    """A fitted model with everything that its predictions depend on.

    Args:
        model: Registered name of the model.
        params: The model's parameter values.
        arrays: Weights or trees by name; nothing executable.
        recipe: How series were, and must be, prepared.
        days: Day of season of each step, (step,).
        bands: Feature names, in order.
        legend: Classes; column k of the probabilities is the k-th class.
        scaling: Applied to prepared values before the model.
        fingerprint: Hash of the training samples' ids, codes and values.
        record: Evidence of the training: seed, versions, validation and cross-validation accuracies.
        temperature: The model's probabilities are tempered by it (`tempered`); 1 leaves them as they are.
        class_weights: Each class's probability is then multiplied by its weight (`weighted`), by ascending code; 0: the
            class is never answered. Empty leaves them as they are.
        shift_days: By how many days prepared series are moved before they are scaled (`data.calendar.shifted`), later
            where above 0: the season of another site, brought to that of the training.
        applicability: Which series are like those of the training; None where nobody measured it.
    """

    model: str
    params: Mapping[str, Any]
    arrays: Mapping[str, NDArray[np.generic]]
    recipe: Recipe
    days: NDArray[np.int32]
    bands: tuple[str, ...]
    legend: Legend
    scaling: Scaling
    fingerprint: str
    record: Mapping[str, Any] = field(default_factory=dict)
    temperature: float = 1.0
    class_weights: tuple[float, ...] = ()
    shift_days: float = 0.0
    applicability: Applicability | None = None

    def check_bands(self, bands: tuple[str, ...]) -> None:
        """Refuse a series that lacks a band of the model.

        Raises:
            PackageError: A band is missing.
        """
        missing = [band for band in self.bands if band not in bands]
        if missing:
            raise PackageError(
                f"The model was trained on {', '.join(self.bands)}; the images have {', '.join(bands)}.",
                where=f"missing: {', '.join(missing)}",
                fix="Rename the bands, add them, or train a model on these images.",
            )
