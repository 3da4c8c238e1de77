"""The source's network as it is, and a forest that learns from the target's labels."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from cropmap.contract.params import to_dict
from cropmap.models.feature_forest import FeatureForestSettings
from cropmap.training.fit import fit_once
from cropmap.training.start import Start
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import GRADIENTS, LABELS, MODEL

if TYPE_CHECKING:
    from cropmap.data.package import ModelPackage
    from cropmap.transfer.base import Transfer


@STRATEGIES.register(
    "feature_forest",
    title="Forest on the source model's features",
    params=FeatureForestSettings,
    citation="Antonijevic et al. 2023, doi:10.1186/s40537-023-00735-2 (settings of their released code)",
    needs=(MODEL, LABELS, GRADIENTS),
)
def feature_forest(params: FeatureForestSettings, task: Transfer) -> ModelPackage:
    """Leaves the source's network as it is and grows a random forest on its features of the target's labels.

    It needs no validation samples and takes seconds; for few labels and other classes than the source's. The package
    holds the network with its scaling, and the forest (`models.feature_forest`).

    Source: Antonijevic et al. 2023.
    """
    package, progress = task.package, task.progress
    if package is None:
        package, progress = task.source_package(task.progress.part(0.0, 0.8)), task.progress.part(0.8, 1.0)
    options = dataclasses.replace(task.options, start=Start(package))
    return fit_once(task.labelled(), "feature_forest", to_dict(params), options, progress)
