"""A package's model as map makers use it: prepared values in, probabilities or class codes out."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import ModelError, PackageError
from cropmap.data.applicability import INPUTS
from cropmap.data.calendar import shifted
from cropmap.data.legend import NODATA
from cropmap.data.probabilities import tempered, weighted
from cropmap.models.base import load_model, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from cropmap.data.package import ModelPackage

# Rows scaled at a time: large enough to keep every model busy, small enough that the scaled copy stays about 10 MB.
_ROWS = 16_384


class Predictor:
    """Applies a package's time shift, scaling and model, and keeps pixels that have no series apart.

    Args:
        package: A fitted model's package.
        device: "auto", "cpu" or "cuda"; only networks use a GPU.

    Raises:
        PackageError: The model cannot be made from the package.
        ModelError: The device is missing.
    """

    def __init__(self, package: ModelPackage, device: str = "cpu") -> None:
        self.legend = package.legend
        self.shape = shape_of(package)
        self.model = load_model(package).to(device)
        self._scaling = package.scaling
        self._days, self.shift_days = package.days, package.shift_days
        self._temperature, self._weights = package.temperature, package.class_weights
        self._codes = np.array(package.legend.codes, np.uint8)
        self.applicability = package.applicability

    def check(self, bands: Sequence[str], days: NDArray[np.int32]) -> None:
        """Refuse series that are not the model's: other bands, the same in another order, or other days.

        Args:
            bands: Their names, in the order of the values.
            days: Day of season of each step, (step,).

        Raises:
            PackageError: They differ from the package's.
        """
        for what, own, given in (
            ("bands", self.shape.names, tuple(bands)),
            ("days", self.shape.days, tuple(np.asarray(days).tolist())),
        ):
            if own != given:
                order = " in another order" if sorted(own) == sorted(given) else ""
                raise PackageError(
                    f"The model was trained on the {what} {_listed(own)}; the series have {_listed(given)}{order}.",
                    where=what,
                    fix="Prepare the series with the model's own recipe, season and bands, in its order.",
                )

    def moved(self, days: float) -> Predictor:
        """Return a predictor of the same model that moves series by other days (`ModelPackage.shift_days`)."""
        other = copy.copy(self)
        other.shift_days = days
        return other

    def probabilities(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return class probabilities, (n, class), of prepared values, (n, step, band), not scaled yet.

        A row with a value that is not finite in float32, or too large for the model's arithmetic, becomes NaN.

        Raises:
            ModelError: The values have other steps or bands than the model.
        """
        return self._by_rows(values, self.shape.classes, self._predict)

    def features(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the model's head decides on, (n, feature), of prepared values, (n, step, band), not scaled yet.

        Rows and errors are those of `probabilities`.
        """
        width = self._encode(np.zeros((1, self.shape.steps, self.shape.bands), np.float32)).shape[1]
        return self._by_rows(values, width, self._encode)

    def inputs(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the model is given, moved in time and scaled, (n, step x band), of prepared values.

        Rows and errors are those of `probabilities`.
        """
        return self._by_rows(values, self.shape.features, lambda rows: self._given(rows).reshape(len(rows), -1))

    def outside(self, values: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return how far rows are from what the model learnt from, in percent of the threshold: above 100 is outside.

        Args:
            values: Prepared values, (n, step, band), not scaled yet.

        Returns:
            (n,), uint8, 0..254; NODATA where a value is not finite.

        Raises:
            ModelError: The package does not tell, or the values have other steps or bands than the model.
        """
        area = self.applicability
        if area is None:
            raise ModelError(
                "The model does not tell which series are like those that it learnt from.",
                fix="Train it again with the area of applicability.",
            )
        rows = self.inputs(values) if area.space == INPUTS else self.features(values)
        return area.percent(area.index(rows))

    def _by_rows(
        self, values: NDArray[np.float32], width: int, make: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        if values.ndim != 3 or values.shape[1:] != (self.shape.steps, self.shape.bands):
            raise ModelError(
                f"The model needs {self.shape.steps} steps of {self.shape.bands} bands; the values have shape "
                f"{values.shape}.",
                fix="Prepare the series with the model's own recipe and bands.",
            )
        found = np.full((len(values), width), np.nan, np.float32)
        for start in range(0, len(values), _ROWS):
            with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is not usable
                rows = np.ascontiguousarray(values[start : start + _ROWS], np.float32)
            usable = np.isfinite(rows).all(axis=(1, 2))
            if usable.all():
                found[start : start + _ROWS] = make(rows)
            elif usable.any():
                found[start : start + _ROWS][usable] = make(rows[usable])
        return found

    def codes(self, values: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return the code of the likeliest class of each row, (n,); NODATA where a value is not finite."""
        return self.codes_of(self.probabilities(values))

    def codes_of(self, probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return the code of the likeliest class, the lowest of equals; NODATA where a probability is NaN."""
        known = ~np.isnan(probabilities).any(axis=1)
        found = np.full(len(probabilities), NODATA, np.uint8)
        found[known] = self._codes[probabilities[known].argmax(axis=1)]
        return found

    def _predict(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return weighted(tempered(self.model.predict_proba(self._given(rows)), self._temperature), self._weights)

    def _encode(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.model.encode(self._given(rows))

    def _given(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._scaling.apply(shifted(rows, self._days, self.shift_days, self.shape.mask))


def _listed(items: Sequence[object]) -> str:
    return ", ".join(map(str, items))
