"""How large a measured shift is, and why, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.words import counted, listed
from cropmap.data.class_names import canonical

if TYPE_CHECKING:
    from cropmap.transfer.shift import ShareGap, Shift

# The proposed guide of the project's reading of Long et al. 2026 (doi:10.1016/j.compag.2026.111646), which names the
# two measures and no thresholds: below both, low; below the second AUC, medium.
LOW_AUC, MEDIUM_AUC, LOW_LAG_DAYS = 0.75, 0.9, 7.0
LOW, MEDIUM, HIGH = "low", "medium", "high"
_LARGE_GAP = 0.1  # of shares, that a reason names


def verdict_of(auc: float, lag_days: float) -> str:
    """Return how large a shift is: "low", "medium" or "high".

    Args:
        auc: Of a classifier of sites on units that it has not seen.
        lag_days: By which the target's season is later or earlier; NaN, curves too unlike to tell, is no low shift.
    """
    if auc < LOW_AUC and abs(lag_days) < LOW_LAG_DAYS:
        return LOW
    return MEDIUM if auc < MEDIUM_AUC else HIGH


def reasons_of(found: Shift) -> tuple[str, ...]:
    """Return in plain sentences, with their numbers, what speaks for the verdict."""
    reasons = [_auc_words(found.auc), _lag_words(found), _pixel_words(found)]
    if found.model_shift is not None and found.model_shift.days:
        days = found.model_shift.days
        reasons.append(
            f"The model is surest of the target's series, and tells the most classes, with their season moved "
            f"{counted(round(abs(days)), 'day', 'days')} {'later' if days > 0 else 'earlier'}."
        )
    if found.shares is not None:
        reasons.append(_share_words(found.shares))
    return (*reasons, *found.differences)


def _auc_words(auc: float) -> str:
    how = "hardly" if auc < LOW_AUC else "often" if auc < MEDIUM_AUC else "nearly always"
    return (
        f"A classifier can {how} tell from a series which site it is of: AUC {auc:.2f} on land that it has not seen "
        f"(0.5 is guessing; below {LOW_AUC:g} speaks for a low shift, {MEDIUM_AUC:g} and above for a high one)."
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
