"""The models of an ensemble, fitted one after the other on the same samples."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cropmap.models.base import load_model
from cropmap.models.ensemble import Ensemble, EnsembleParams, Member, members_of
from cropmap.seeds import derived_seed
from cropmap.training.fit import FitOptions, fit_once

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress
    from cropmap.data.samples import SampleSet


def fit_members(
    samples: SampleSet,
    params: EnsembleParams,
    options: FitOptions,
    progress: Progress,
    validation: NDArray[np.bool_] | None,
) -> tuple[Ensemble, dict[str, Any]]:
    """Fit an ensemble's members, each with a seed of its own that follows from the one given.

    Args:
        samples: Labelled, prepared series.
        params: Which models, and how often each.
        options: As for `fit`; finished members stay in `checkpoints`.
        progress: Told how far it is; it cancels.
        validation: True for samples that decide when networks stop, (sample,); where None, each network draws its own.

    Returns:
        The ensemble, and evidence: "members", the training record of each with its "model"; and what they have in
        common.

    Raises:
        JobError: There is no such model.
        ParameterError: A member's parameter values are wrong.
        ModelError: A member is an ensemble itself; else as `fit`.
    """
    entries = members_of(params)
    members, records = [], []
    for number, (name, values) in enumerate(entries):
        part = progress.part(number / len(entries), (number + 1) / len(entries)).curve(f"{number + 1} {name}")
        package = fit_once(samples, name, values, _own(options, number), part, validation)
        members.append(Member(load_model(package), package.scaling))
        records.append({"model": name, **package.record})
    common = {key: max(record[key] for record in records) for key in ("training_samples", "validation_samples")}
    devices = sorted({record["device"] for record in records})
    return Ensemble(params, members[0].model.shape, members), {
        **common,
        "device": ", ".join(devices),
        "members": records,
    }


def _own(options: FitOptions, number: int) -> FitOptions:
    """Return the options of one member; its seed is drawn from the seed given and the member's number."""
    # The best so far of one member is not the ensemble's.
    return replace(options, seed=derived_seed(options.seed, number), keep=None)
