"""Source samples recoloured to look like the target's series, for any model to learn from."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.covariance import ledoit_wolf_shrinkage

from cropmap.contract.errors import TransferError
from cropmap.contract.params import param
from cropmap.data.package import mask_position
from cropmap.training.fit import fit
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import SERIES, SOURCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.package import ModelPackage
    from cropmap.transfer.base import Transfer

BANDS, WHOLE = "bands", "series"
# Series of the target that tell mean and covariance; more of them would take memory and tell the same.
_MOST = 100_000
# A number that varies less than float32 can tell from its mean carries nothing.
_RESOLUTION = 1e-6


@dataclass(frozen=True)
class CoralParams:
    """How the source is aligned."""

    over: str = param(
        BANDS,
        choices=(BANDS, WHOLE),
        help="bands: how bands go together, the same at every date; few numbers, which are soon "
        "known. series: how all dates and bands go together; where crops' shares differ it harms.",
    )
    shrinkage: float = param(
        -1.0,
        help="How much of each covariance is replaced by that of unrelated numbers: 0 trusts the samples, 1 leaves "
        "how numbers go together as it is. -1: as much as the samples' number asks for (Ledoit and Wolf).",
        low=-1.0,
        high=1.0,
        advanced=True,
    )
    means: bool = param(
        True,
        title="Move means",
        help="Whether the mean series is moved to the target's too; the paper standardises both places first, which "
        "does the same.",
        advanced=True,
    )


@STRATEGIES.register(
    "coral",
    title="Source aligned to the target (CORAL)",
    params=CoralParams,
    citation="Sun et al. 2016, Return of frustratingly easy domain adaptation, AAAI, arXiv:1511.05547",
    needs=(SOURCE, SERIES),
)
def coral(params: CoralParams, task: Transfer) -> ModelPackage:
    """Gives the source's series the mean and covariance of the target's, and trains any model on them, forests too.

    For differences of light, sensor and calendar that all crops share. The model is trained anew on the source's
    samples, whether or not a package is given; nothing of the target but mean and covariance is used.
    """
    source, series = task.taught(), task.series
    if len(series) > _MOST:
        series = series[np.sort(np.random.default_rng(task.options.seed).permutation(len(series))[:_MOST])]
    values = aligned(source.values, series, params, mask_position(source.bands))
    package = fit(dataclasses.replace(source, values=values), *task.asked, task.options, task.progress)
    return dataclasses.replace(package, record={**package.record, "aligned_to": len(series)})


def aligned(
    source: NDArray[np.float32], target: NDArray[np.float32], params: CoralParams, mask: int | None = None
) -> NDArray[np.float32]:
    """Return source series with the covariance of the target's, over bands or over all dates and bands.

    Both are taken from their mean series and divided by the source's deviations, x and y; then
    x' = x C_x^(-1/2) C_y^(1/2), and back, to the target's mean series where means move.

    Args:
        source: (n, step, band), finite.
        target: (m, step, band), finite.
        params: Over what, how much the covariances are shrunk, and whether means move.
        mask: Position of a band that stays as it is: it says which steps were seen. Steps that were not stay 0, and
            count for no mean and no covariance; a step that one place never saw keeps its mean.

    Returns:
        (n, step, band), float32; numbers that do not vary over the source are moved alone.

    Raises:
        TransferError: Fewer than two series of either.

    Sources: Sun et al. 2016, arXiv:1511.05547, algorithm 1, with shrinkage in place of an added unit matrix; Ledoit and
    Wolf 2004, doi:10.1016/S0047-259X(03)00096-4.
    """
    if min(len(source), len(target)) < 2:
        raise TransferError(
            f"{len(source)} series of the source and {len(target)} of the target have no covariance.", fix="Give more."
        )
    bands = [band for band in range(source.shape[2]) if band != mask]
    width = len(bands) if params.over == BANDS else len(bands) * source.shape[1]
    (mean, rows, seen), (target_mean, others, known) = (_centred(own, bands, mask, width) for own in (source, target))
    both = (seen.reshape(-1, *mean.shape).any(axis=0) & known.reshape(-1, *mean.shape).any(axis=0)).reshape(-1, width)
    deviation = np.sqrt((rows**2).sum(axis=0) / np.maximum(seen.sum(axis=0), 1))
    varies = (deviation > _RESOLUTION * np.abs(mean.reshape(-1, width)).max(axis=0)) & both.any(axis=0)
    deviation[~varies] = 1
    rows /= deviation
    others /= deviation
    whiten = _power(_covariance(rows[:, varies], seen[:, varies], params.shrinkage), -0.5)
    recolour = _power(_covariance(others[:, varies], known[:, varies], params.shrinkage), 0.5)
    rows[:, varies] = rows[:, varies] @ (whiten @ recolour)
    reached = np.where(both.reshape(mean.shape), target_mean, mean) if params.means else mean
    moved = np.array(source)
    moved[:, :, bands] = (rows * deviation).reshape(len(source), *mean.shape) + reached
    if mask is not None:
        moved[source[:, :, mask] == 0] = 0
    return moved


def _centred(
    values: NDArray[np.float32], bands: list[int], mask: int | None, width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the mean series, (step, band), rows less it, 0 where not seen, and what was seen, both (row, width)."""
    land = values[:, :, bands].astype(np.float64)
    seen = np.ones(land.shape, np.bool_)
    if mask is not None:
        seen &= values[:, :, [mask]] != 0
    mean = np.where(seen, land, 0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    return mean, np.where(seen, land - mean, 0).reshape(-1, width), seen.reshape(-1, width)


def _covariance(centred: NDArray[np.float64], seen: NDArray[np.bool_], shrinkage: float) -> NDArray[np.float64]:
    """Return the covariance of rows, (row, number), over those in which both numbers were seen, shrunk."""
    some = seen.any(axis=1)
    if not some.all():
        centred, seen = centred[some], seen[some]
    count = len(seen) if seen.all() else np.maximum(seen.T.astype(np.float64) @ seen, 1)
    own = centred.T @ centred / count
    if shrinkage < 0:
        shrinkage = float(ledoit_wolf_shrinkage(centred, assume_centered=True))
    return np.asarray((1 - shrinkage) * own + shrinkage * np.trace(own) / len(own) * np.eye(len(own)))


def _power(matrix: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """Return a power of a symmetric matrix; directions without variance, as rounding leaves it, become 0."""
    variances, directions = np.linalg.eigh(matrix)
    some = variances > variances[-1] * len(variances) * np.finfo(np.float64).eps
    powers = np.where(some, np.where(some, variances, 1) ** exponent, 0)
    return np.asarray((directions * powers) @ directions.T)
