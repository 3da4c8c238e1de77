"""How large a measured shift is, and why, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.words import counted, listed
from cropmap.data.class_names import canonical

if TYPE_CHECKING:
    from cropmap.transfer.shift import ShareGap, Shift

# From measured pairs of sites (docs/transfer_results.md): what the source's model lost there rises with the squared
# discrepancy of kernel means. A classifier of sites is no measure of it: any two lands can be told apart.
LOW_MMD2, MEDIUM_MMD2, LOW_LAG_DAYS = 0.05, 0.1, 7.0
LOW, MEDIUM, HIGH = "low", "medium", "high"
_LARGE_GAP = 0.1  # of shares, that a reason names


def verdict_of(mmd2: float, lag_days: float) -> str:
    """Return how large a shift is: "low", "medium" or "high".

    Args:
        mmd2: Squared discrepancy of kernel means; NaN, not measured, is a high shift.
        lag_days: By which the target's season is later or earlier; NaN, curves too unlike to tell, is no low shift.
    """
    if mmd2 < LOW_MMD2 and abs(lag_days) < LOW_LAG_DAYS:
        return LOW
    return MEDIUM if mmd2 < MEDIUM_MMD2 else HIGH


def reasons_of(found: Shift) -> tuple[str, ...]:
    """Return in plain sentences, with their numbers, what speaks for the verdict."""
    reasons = [_mmd_words(found.mmd2), _lag_words(found), _pixel_words(found), _auc_words(found.auc)]
    if found.model_shift is not None and found.model_shift.days:
        days = found.model_shift.days
        reasons.append(
            f"The model is surest of the target's series, and tells the most classes, with their season moved "
            f"{counted(round(abs(days)), 'day', 'days')} {'later' if days > 0 else 'earlier'}."
        )
    if found.shares is not None:
        reasons.append(_share_words(found.shares))
    return (*reasons, *found.differences)


def _mmd_words(mmd2: float) -> str:
    how = "much" if mmd2 < LOW_MMD2 else "somewhat" if mmd2 < MEDIUM_MMD2 else "little"
    return (
        f"The series of both sites are {how} alike: MMD² {mmd2:.3f} (below {LOW_MMD2:g} speaks for a low shift, "
        f"{MEDIUM_MMD2:g} and above for a high one; 0 is one site)."
    )


def _auc_words(auc: float) -> str:
    return (
        f"A classifier that tells from a series which site it is of has an AUC of {auc:.2f} on land that it has not "
        "seen (0.5 is guessing). Lands that a model serves alike can often be told apart, too."
    )


def _lag_words(found: Shift) -> str:
    if not math.isfinite(found.lag_days):
        return (
            f"The mean curves of {found.index} are too unlike at every lag to compare the two calendars; so the shift "
            "is not called low."
        )
    crops = [lag.name for lag in found.lags[1:] if canonical(lag.name) != "other" and math.isfinite(lag.days)]
    of_what = f"median of {listed(crops)}" if crops else "all series together"
    # A half day is no day: the same number is compared and shown.
    days = f"{abs(found.lag_days):g} days"
    later = "later" if found.lag_days > 0 else "earlier"
    said = "as early as the source's" if not found.lag_days else f"{days} {later} than the source's"
    bound = "below" if abs(found.lag_days) < LOW_LAG_DAYS else "not below"
    return f"The target's season is {said} ({of_what}), {bound} the {LOW_LAG_DAYS:g} days of a low shift."


def _pixel_words(found: Shift) -> str:
    distance = np.abs(found.pixels.distance)
    step, band = np.unravel_index(int(np.nanargmax(distance)), distance.shape)
    date = found.date(int(step))
    direction = "above" if found.pixels.distance[step, band] > 0 else "below"
    return (
        f"Values lie {found.pixels.mean:.2f} apart on average (Kolmogorov-Smirnov D over bands and dates), two halves "
        f"of the source {found.pixels.within:.2f}; furthest {found.bands[band]} on {date.day} {date:%B}, {direction} "
        f"the source's with D {distance[step, band]:.2f}."
    )


def _share_words(shares: ShareGap) -> str:
    order = np.argsort(-np.abs(shares.target - shares.source), kind="stable")
    moved = [
        f"{shares.names[k]} {shares.source[k]:.0%} to {shares.target[k]:.0%}"
        for k in order.tolist()
        if abs(shares.target[k] - shares.source[k]) >= _LARGE_GAP
    ]
    most = f": {listed(moved, 4)}" if moved else ""
    return f"Class shares differ by {shares.gap:.2f} (total variation, by what the model answers){most}."
