"""The part of a report that tells of samples: their classes over the season, where they stand, how they are split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cropmap.assessment.profiles import class_profiles
from cropmap.io.projection import length_text

if TYPE_CHECKING:
    from cropmap.data.samples import FoldPlan, SampleSet

# Splits whose units are pieces of land apart, which can be outlined on a map.
LAND_APART = frozenset({"blocks", "leave_site"})


def samples_section(samples: SampleSet, plan: FoldPlan | None) -> dict[str, Any]:
    """Return what the template shows of samples, and of how they are split where that is known."""
    from cropmap.assessment.plots import profiles_png  # noqa: PLC0415 - drawing takes a second to import

    profiles = class_profiles(samples)
    names = [own.found.name for own in profiles.classes]
    counts = samples.counts()
    return {
        "quantity": profiles.quantity,
        "profiles": profiles_png(profiles),
        "profiles_alt": f"{profiles.quantity} from {profiles.dates[0]} to {profiles.dates[-1]}, one panel a class: "
        f"{', '.join(names)}.",
        "rows": [
            (own.name, own.colour, counts[own.name], _fold_counts(samples, plan, own.code))
            for own in samples.legend.classes
        ],
        "folds": range(plan.folds) if plan else (),
        "recipe": samples.recipe.name,
        "steps": len(samples.days),
        "bands": ", ".join(samples.bands),
        **_maps(samples, plan),
    }


def _maps(samples: SampleSet, plan: FoldPlan | None) -> dict[str, Any]:
    """Return the maps of the samples by class and by fold, and what their captions say."""
    from cropmap.assessment.sample_maps import classes_png, folds_png  # noqa: PLC0415 - as above

    shown: dict[str, Any] = {
        "places": classes_png(samples),
        "places_alt": f"Where the {len(samples):,} training samples stand, coloured by class.",
        "split": None,
    }
    if plan is None:
        return shown
    outlined = plan.method in LAND_APART
    return shown | {
        "split": folds_png(samples, plan, outlined=outlined),
        "split_alt": f"Where the samples of each of the {plan.folds} folds stand.",
        "outlined": outlined,
        "block": length_text(plan.block_m) if plan.block_m >= 0 else "",
        "nearest": length_text(plan.nearest_m) if plan.nearest_m >= 0 else "",
    }


def _fold_counts(samples: SampleSet, plan: FoldPlan | None, code: int) -> list[int]:
    if plan is None:
        return []
    own = samples.codes == code
    return [int((own & (plan.fold == number)).sum()) for number in range(plan.folds)]
