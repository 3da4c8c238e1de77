"""Standardisation, fitted on training samples only, and its exchange for that of another site."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import ModelError, SampleError
from cropmap.data.package import NO_SCALING, ModelPackage, Scaling, mask_position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PER_BAND, PER_BAND_AND_STEP, NONE = "per_band", "per_band_and_step", "none"

# A band that varies less than float32 can tell from its mean is constant: dividing would only enlarge rounding errors.
_RESOLUTION = 1e-6
# Samples counted at a time, in float64.
_CHUNK = 16_384


def fit_scaling(values: NDArray[np.float32], bands: Sequence[str] = (), how: str = PER_BAND) -> Scaling:
    """Return means and standard deviations.

    Args:
        values: The training samples alone, (sample, step, band), finite.
        bands: Their names. Where the step `mask_channel` added its band, only the steps that were seen are counted,
            and that band stays 0 and 1.
        how: "per_band": one mean and deviation a band, pooled over samples and time. "per_band_and_step": one for each
            step too; a step that no sample saw takes the band's. "none": values stay as they are, but those of steps
            that were not seen become 0.

    Returns:
        A scaling; the deviation of what is constant is 1.

    Sources: per band, Long et al. 2026: 6 means and 6 deviations, so that the season's shape stays. Per band and step,
    Antonijevic et al. 2023: the shape of the mean season goes, and with it what shifts it between sites.
    """
    mask = mask_position(bands)
    if how == NONE:
        size = values.shape[2]
        return NO_SCALING if mask is None else Scaling(np.zeros(size, np.float32), np.ones(size, np.float32), mask)
    mean, deviation = _pooled(values, mask)
    if how == PER_BAND_AND_STEP:
        mean, deviation = _stepwise(values, mask, mean, deviation)
    deviation[deviation <= _RESOLUTION * np.maximum(np.abs(mean), np.finfo(np.float32).tiny)] = 1
    if mask is not None:
        mean[..., mask], deviation[..., mask] = 0, 1
    return Scaling(mean.astype(np.float32), deviation.astype(np.float32), mask)


def rescaled(package: ModelPackage, values: NDArray[np.float32]) -> ModelPackage:
    """Return a package whose scaling is fitted on another site's series: each site is standardised by its own.

    An alignment without labels: band by band (and step by step, where the package was scaled so) the other site's
    series get the mean and deviation that the model learnt with. It helps where light, sensor or calendar shift all
    classes alike, and harms where the mix of crops differs.

    Args:
        package: A model's package.
        values: Prepared series of the other site, (sample, step, band), not scaled, finite; many, drawn without regard
            to their class.

    Raises:
        ModelError: The package does not scale, or the series have other steps or bands.
        SampleError: Fewer than two series, or a value that is not finite.

    Source: Antonijevic et al. 2023, who standardise each of their two regions by itself.
    """
    scaling = package.scaling
    if not scaling.mean.size or package.params.get("scaling") == NONE:
        raise ModelError(
            "The model takes values as they are; there is no scaling to exchange.",
            where=f"model {package.model}",
            fix="Train a network whose scaling is per_band or per_band_and_step.",
        )
    wanted = (len(package.days), len(package.bands))
    if values.ndim != 3 or values.shape[1:] != wanted:
        raise ModelError(
            f"The model needs {wanted[0]} steps of {wanted[1]} bands; the values have shape {values.shape}.",
            fix="Prepare the series with the model's own recipe and bands.",
        )
    if len(values) < 2 or not np.isfinite(values).all():
        raise SampleError(
            f"A scaling needs at least two series without gaps; {np.isfinite(values).all(axis=(1, 2)).sum()} of "
            f"{len(values)} are.",
            fix="Give more series, and leave out those with a value that is not finite.",
        )
    how = PER_BAND if scaling.mean.ndim == 1 else PER_BAND_AND_STEP
    record = {**package.record, "rescaled_on": len(values)}
    return dataclasses.replace(package, scaling=fit_scaling(values, package.bands, how), record=record)


def _pooled(values: NDArray[np.float32], mask: int | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each band's mean and deviation over samples and steps, (band,)."""
    count, total = _sums(values, mask, np.zeros(values.shape[2]), power=1)
    seen = max(float(count.sum()), 1.0)
    mean = total.sum(axis=0) / seen
    _, squares = _sums(values, mask, mean, power=2)
    return mean, np.sqrt(squares.sum(axis=0) / seen)


def _stepwise(
    values: NDArray[np.float32], mask: int | None, mean: NDArray[np.float64], deviation: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and deviation over samples, (step, band); the band's own at steps that no sample saw."""
    count, total = _sums(values, mask, np.zeros(values.shape[2]), power=1)
    seen = np.maximum(count, 1)
    means = np.where(count > 0, total / seen, mean)
    _, squares = _sums(values, mask, means, power=2)
    return means, np.where(count > 0, np.sqrt(squares / seen), deviation)


def _sums(
    values: NDArray[np.float32], mask: int | None, center: NDArray[np.float64], *, power: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many samples saw each step, (step, 1), and the sum of their powers about a centre, (step, band)."""
    count, total = np.zeros((values.shape[1], 1)), np.zeros(values.shape[1:])
    for start in range(0, len(values), _CHUNK):
        chunk = values[start : start + _CHUNK]
        seen = np.ones(chunk.shape[:2], np.bool_) if mask is None else chunk[..., mask] != 0
        count += seen.sum(axis=0)[:, np.newaxis]
        total += np.where(seen[..., np.newaxis], (chunk - center) ** power, 0).sum(axis=0)
    return count, total
