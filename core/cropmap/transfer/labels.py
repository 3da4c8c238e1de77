"""Few labels: which of them can be learnt from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.words import counted
from cropmap.training.sides import MIN_SAMPLES

if TYPE_CHECKING:
    from cropmap.contract.progress import Progress
    from cropmap.data.samples import SampleSet


def teachable(samples: SampleSet, progress: Progress) -> SampleSet:
    """Return the samples without those of classes that have fewer than a model needs of each; the user is told.

    One label of a rare crop must not stop the others from being learnt.
    """
    rare = {name: count for name, count in samples.counts().items() if 0 < count < MIN_SAMPLES}
    if not rare or len(rare) == len(np.unique(samples.codes)):
        return samples
    for name, count in rare.items():
        progress.warn(
            f"Class {name!r} has {counted(count, 'label', 'labels')} in the target and is left out; "
            f"it needs {MIN_SAMPLES}."
        )
    return samples.subset(~np.isin(samples.codes, [samples.legend.code_of(name) for name in rare]))
