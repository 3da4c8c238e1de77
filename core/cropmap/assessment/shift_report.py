"""One page about how far a target lies from a source: the verdict, and what it rests on. One file, and CSV tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cropmap.assessment.page import UNDEFINED, render_page
from cropmap.assessment.shift_drawings import SOURCE, TARGET, band_svg, distance_svg, lag_svg, ramp_css
from cropmap.io.files import atomic_write_text
from cropmap.transfer.lags import LEAST_CORRELATION, Lag
from cropmap.transfer.shift import Shift
from cropmap.transfer.verdict import HIGH, LOW, LOW_LAG_DAYS, LOW_MMD2, MEDIUM, MEDIUM_MMD2

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from pathlib import Path

    from cropmap.io.tables import Cell

Row = tuple["Cell", ...]

# After the decision guide: what evidence there is says of a shift of each size.
_ADVICE = {
    LOW: (
        (
            "Begin with the source's model as it is; train it on a second year or site of the source's kind where you "
            "have one."
        ),
        (
            "With some hundred labels of the target, compare it with a fine-tuned model and with one trained on these "
            "labels alone."
        ),
    ),
    MEDIUM: (
        (
            "Move the calendar where it differs, and train on several sites or years together; take a "
            "domain-adversarial model only where it wins on held-out samples."
        ),
        (
            "With some hundred to some thousand labels of the target, fine-tune the source's model, the head first; "
            "compare with a forest trained on these labels alone."
        ),
    ),
    HIGH: (
        (
            "Collect labels of the target: without any, no strategy is known to be good at a shift like this. Move the "
            "calendar first where it differs; label where the model is least sure."
        ),
        (
            "With some hundred to some thousand labels, fine-tune the source's model and compare with a forest trained "
            "on these labels alone; from some thousand on, train on the target alone."
        ),
    ),
}


@dataclass(frozen=True, eq=False)
class ShiftReport:
    """What the page tells.

    Args:
        source: What the source is called.
        target: What the target is called.
        shift: What was measured.
        settings: Job parameters, plain values.
        versions: Library name to version.
        warnings: What the user should know.
    """

    source: str
    target: str
    shift: Shift
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def write_shift(path: Path, report: ShiftReport) -> None:
    """Write the page as one HTML file with its drawings and styles inside.

    Raises:
        OutputError: It cannot be written.
    """
    atomic_write_text(path, render_shift(report))


def render_shift(report: ShiftReport) -> str:
    """Return the page's HTML."""
    found = report.shift
    dates = _dates(found)
    content = {
        "report": report,
        "found": found,
        "dates": dates,
        "cards": _cards(found),
        "advice": _ADVICE[found.verdict],
        "limits": {"low": LOW_MMD2, "medium": MEDIUM_MMD2, "lag": f"{LOW_LAG_DAYS:g}",
                   "correlation": LEAST_CORRELATION},
        "colours": {"source": SOURCE, "target": TARGET},
        "heat": distance_svg(found, dates),
        "ramp": ramp_css(),
        "lags": [(lag, lag_svg(lag, found.index, dates)) for lag in found.lags],
        "moved": _moved(found),
        "shares": _share_dicts(found),
        "bands": _bands(found, dates),
        "measures": _measures(found),
        "settings": report.settings,
        "versions": report.versions,
    }  # fmt: skip
    filters: dict[str, Callable[..., str]] = {"two": _two, "lag_words": lag_words}
    return render_page("shift.html", ["report.css", "drawings.css", "shift.css"], filters, content)


def shift_tables(found: Shift) -> dict[str, list[Row]]:
    """Return all that the page shows as tables, header first, by the name of a CSV file without its ending."""
    dates = [date.isoformat() for date in _dates(found)]
    return {
        "shift_measures": [("measure", "value", "none", "how"), *(tuple(row.values()) for row in _measures(found))],
        "shift_distances": _distance_rows(found, dates),
        "shift_curves": _curve_rows(found, dates),
        "shift_bands": _band_rows(found),
        "shift_lags": _lag_rows(found),
        "shift_lag_curves": _lag_curve_rows(found, dates),
        "shift_shares": [("class", "source", "target_answered", "target_corrected"),
                         *(tuple(row.values()) for row in _share_dicts(found))],
    }  # fmt: skip


def lag_words(lag: Lag) -> str:
    """Return a lag as people say it: "13 days earlier (11 to 15)"."""
    if not math.isfinite(lag.days):
        return "curves too unlike to tell a lag"
    if not lag.days:
        return "no lag" + (f" ({lag.low:+.0f} to {lag.high:+.0f} days)" if math.isfinite(lag.low) else "")
    said = f"{abs(lag.days):g} {'day' if abs(lag.days) == 1 else 'days'} {'later' if lag.days > 0 else 'earlier'}"
    return said + (f" (95 %: {lag.low:+.0f} to {lag.high:+.0f})" if math.isfinite(lag.low) else "")


# ---------------------------------------------------------------- what the template shows


def _dates(found: Shift) -> list[dt.date]:
    return [found.date(step) for step in range(len(found.days))]


def _cards(found: Shift) -> list[dict[str, str]]:
    days = f"{found.lag_days:+g} d" if found.lag_days else "0 d"
    rows = [
        ("Kernel means apart", f"{found.mmd2:.3f}", f"MMD\N{SUPERSCRIPT TWO}; p {found.mmd_p:.3f}"),
        (
            "Calendar",
            days.replace("-", "\N{MINUS SIGN}") if math.isfinite(found.lag_days) else UNDEFINED,
            "above 0: the target is later",
        ),
        ("Values apart", _two(found.pixels.mean), f"mean D; {_two(found.pixels.within)} within the source"),
        ("Sites told apart", _two(found.auc), "AUC on unseen land; 0.5 is guessing"),
    ]
    if found.shares:
        rows.append(("Class shares apart", _two(found.shares.gap), "total variation, by the answers"))
    return [dict(zip(("label", "value", "detail"), row, strict=True)) for row in rows]


def _moved(found: Shift) -> str:
    days = found.model_shift.days if found.model_shift else 0.0
    return f"{abs(days):g} days {'later' if days > 0 else 'earlier'}" if days else ""


def _share_dicts(found: Shift) -> list[dict[str, Any]]:
    if found.shares is None:
        return []
    own = found.shares
    rows = zip(own.names, own.source.tolist(), own.target.tolist(), own.estimated.tolist(), strict=True)
    return [dict(zip(("name", "source", "target", "estimated"), row, strict=True)) for row in rows]


def _bands(found: Shift, dates: list[dt.date]) -> list[dict[str, Any]]:
    curves = found.curves
    return [
        {"name": name, "distance": abs(float(curves.distance[k])), "p": float(curves.p[k]),
         "drawing": band_svg(name, curves.source[:, k], curves.target[:, k], dates)}
        for k, name in enumerate(found.bands)
    ]  # fmt: skip


def _measures(found: Shift) -> list[dict[str, str]]:
    one, other = found.unit_counts
    limits = (
        f"MMD\N{SUPERSCRIPT TWO} below {LOW_MMD2:g} and lag below {LOW_LAG_DAYS:g} days: low; "
        f"MMD\N{SUPERSCRIPT TWO} below {MEDIUM_MMD2:g}: medium; else high"
    )
    classifier = (
        "Logistic regression on standardised series, judged on units that it has not seen "
        f"({one} units of land at the source, {other} at the target)"
    )
    kernel = (
        f"Gaussian kernel, median distance as its width (Gretton et al. 2012); p {found.mmd_p:.3f} with whole units "
        "changing sides"
    )
    halves = "Two-sample Kolmogorov-Smirnov distance; nothing differs: two halves of the source, parted by units"
    lag = "Least squares with gain and offset; 95 % interval by drawing units anew"
    rows = [
        ("Verdict", found.verdict, LOW, limits),
        ("AUC of a classifier of sites", _two(found.auc), "0.5", classifier),
        ("Mean D over bands and dates", _two(found.pixels.mean), _two(found.pixels.within), halves),
        ("MMD\N{SUPERSCRIPT TWO}", f"{found.mmd2:.4f}", "0", kernel),
        (f"Lag of mean {found.index}, all series", _lag_cell(found.lags[0]), "0 days", lag),
    ]
    for own in found.lags[1:]:
        how = f"As above; {own.target_count:,} series that the model takes for it"
        rows.append((f"Lag of {own.name}", _lag_cell(own), "0 days", how))
    if found.model_shift:
        how = "Information of the model's answers (Nyborg et al. 2022); above 0: series are moved later"
        rows.append(("Best shift for the model", _days_cell(found.model_shift.days), "0 days", how))
    if found.shares:
        how = "Total variation between the source's samples and what the model answers for the target"
        rows.append(("Gap of class shares", _two(found.shares.gap), "0", how))
        how = "Total variation between these answers and the same corrected as if classes looked alike at both sites"
        rows.append(("Doubt of the target's shares", _two(found.shares.doubt), "0", how))
    return [dict(zip(("name", "value", "none", "how"), row, strict=True)) for row in rows]


def _lag_cell(lag: Lag) -> str:
    if not math.isfinite(lag.days):
        return UNDEFINED
    return _days_cell(lag.days)


def _days_cell(days: float) -> str:
    return f"{days:+g} days" if days else "0 days"


def _two(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else UNDEFINED


# ---------------------------------------------------------------- tables


def _distance_rows(found: Shift, dates: list[str]) -> list[Row]:
    own = found.pixels
    rows: list[Row] = [("band", "date", "d_signed", "p_adjusted", "effect_sd")]
    for k, band in enumerate(found.bands):
        for step, date in enumerate(dates):
            figures = (float(part[step, k]) for part in (own.distance, own.p, own.effect))
            rows.append((band, date, *figures))
    return rows


def _curve_rows(found: Shift, dates: list[str]) -> list[Row]:
    rows: list[Row] = [("band", "date", "source_mean", "target_mean")]
    for k, band in enumerate(found.bands):
        pairs = zip(dates, found.curves.source[:, k].tolist(), found.curves.target[:, k].tolist(), strict=True)
        rows += [(band, *row) for row in pairs]
    return rows


def _band_rows(found: Shift) -> list[Row]:
    figures = zip(found.bands, found.curves.distance.tolist(), found.curves.p.tolist(), strict=True)
    return [("band", "d_signed", "p_exact"), *figures]


def _lag_rows(found: Shift) -> list[Row]:
    header = ("of", "days", "low_95", "high_95", "correlation", "source_series", "target_series")
    return [header, *((lag.name, lag.days, lag.low, lag.high, lag.correlation, lag.source_count, lag.target_count)
                      for lag in found.lags)]  # fmt: skip


def _lag_curve_rows(found: Shift, dates: list[str]) -> list[Row]:
    rows: list[Row] = [("of", "index", "date", "source_mean", "target_mean")]
    for lag in found.lags:
        pairs = zip(dates, lag.source.tolist(), lag.target.tolist(), strict=True)
        rows += [(lag.name, found.index, *row) for row in pairs]
    return rows
