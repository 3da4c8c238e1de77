"""What a job found, in a few lines: the figures that a user looks for first, by the job's kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..house import catalogue, tr
from .look import grouped
from .strategies import title_of_strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def findings(kind: str, result: Mapping[str, Any]) -> list[str]:
    """Return the lines; what a result lacks, or holds in another form, is left out."""
    figures = result.get("figures", {})
    own = _OWN.get(kind)
    try:
        first = own(figures) if own else []
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        first = []
    return [*first, *_common(figures)]


def _common(figures: Mapping[str, Any]) -> list[str]:
    titles = {
        "truth_overall_accuracy": tr("Overall accuracy against the known truth: {n}"),
        "overall_accuracy": tr("Overall accuracy in spatial cross-validation: {n}"),
        "macro_f1": tr("Mean F1 of the classes: {n}"),
        "samples": tr("Samples used: {n}"),
    }
    found = [(text, figures[name]) for name, text in titles.items() if isinstance(figures.get(name), (int, float))]
    lines = [text.format(n=f"{value:.3f}" if isinstance(value, float) else value) for text, value in found]
    share = figures.get("outside_share")
    if isinstance(share, (int, float)):
        text = tr("Unlike the samples that the model learnt from: {share} % of the mapped pixels")
        lines.append(text.format(share=grouped(100 * share, 1)))
    return lines


def _compared(figures: Mapping[str, Any]) -> list[str]:
    """Return which model is best and by how much, and all others from the best to the worst."""
    best, accuracies = figures["best"], figures["overall_accuracy"]
    lines = [tr("Best: {model}, overall accuracy {n}").format(model=_model(best), n=f"{accuracies[best]:.3f}")]
    if figures["ahead_of_next"]:
        value, low, high = (f"{100 * number:+.1f}" for number in figures["ahead_of_next"])
        text = tr("Ahead of the next by {n} points (95 % interval {low} to {high})")
        lines.append(text.format(n=value, low=low, high=high))
    others = sorted((n, name) for name, n in accuracies.items() if name != best)
    lines += [f"{_model(name)}: {n:.3f}" for n, name in reversed(others)]
    return lines + [tr("Left out: {model}").format(model=_model(name)) for name in figures["left_out"]]


def _tuned(figures: Mapping[str, Any]) -> list[str]:
    """Return what the search is worth on samples that it has not seen."""
    text = tr("On samples that the search has not seen: mean F1 {n}; with the settings before {before}")
    own, before = figures["held_out"]["macro_f1"], figures["held_out_of_defaults"]["macro_f1"]
    return [tr("Settings tried: {n}").format(n=figures["trials"]), text.format(n=f"{own:.3f}", before=f"{before:.3f}")]


def _early(figures: Mapping[str, Any]) -> list[str]:
    """Return from which date on each class is told apart, the earliest first."""
    dates = figures["first_dates"]
    never = [name for name, date in dates.items() if not date]
    lines = []
    for day in sorted({date for date in dates.values() if date}):
        names = ", ".join(name for name, date in dates.items() if date == day)
        lines.append(tr("Told apart from {date} on: {names}").format(date=day, names=names))
    return lines + ([tr("Not told apart in this season: {names}").format(names=", ".join(never))] if never else [])


def _shifted(figures: Mapping[str, Any]) -> list[str]:
    """Return the measures of how different two sites are; the page has the verdict and its reasons."""
    titles = {
        "auc": (tr("Told apart by a classifier of sites: AUC {n}"), "{:.2f}", 1),
        "lag_days": (tr("The target's calendar: {n} days"), "{:+.0f}", 1),
        "share_gap": (tr("Shares of classes that differ: {n} %"), "{:.0f}", 100),
    }
    found = [(figures.get(name), *how) for name, how in titles.items()]
    return [text.format(n=form.format(times * value)) for value, text, form, times in found if value is not None]


def _carried(figures: Mapping[str, Any]) -> list[str]:
    """Return which strategy is best and which could not be run; the page has them all."""
    best = figures["best"]
    left_out = [
        tr("Left out: {what}").format(what=f"{title_of_strategy(name)}. {why}")
        for name, why in figures.get("left_out", {}).items()
    ]
    f1 = figures["strategies"][best].get("macro_f1")
    if f1 is None:  # no label judged them
        return left_out
    text = tr("Best: {strategy}, mean F1 {n}")
    return [text.format(strategy=title_of_strategy(best), n=f"{f1:.3f}"), *left_out]


_OWN: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "compare_models": _compared,
    "tune": _tuned,
    "early_season": _early,
    "shift": _shifted,
    "transfer": _carried,
}


def better_than_before(figures: Mapping[str, Any]) -> bool:
    """Return whether a search's settings are at least as good as those before, on samples that it has not seen."""
    try:
        return bool(figures["held_out"]["macro_f1"] >= figures["held_out_of_defaults"]["macro_f1"])
    except (KeyError, TypeError):
        return True  # nothing speaks against them


def _model(name: str) -> str:
    """Return what a compared model is called; the same one may stand there several times: "tempcnn 2"."""
    known = catalogue().registries["models"]
    base, _space, rest = name.partition(" ")
    return f"{tr(known[base].title)} {rest}".strip() if base in known else name
