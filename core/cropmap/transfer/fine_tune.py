"""The source's network, trained on with the target's labels."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cropmap.contract.errors import TransferError
from cropmap.contract.params import param
from cropmap.contract.progress import Progress
from cropmap.data.accuracy import accuracy_of
from cropmap.data.calendar import shifted
from cropmap.data.package import mask_position
from cropmap.models.base import BALANCE, load_model
from cropmap.models.predictor import Predictor
from cropmap.training.fit import fit_once
from cropmap.training.sides import drawn_validation
from cropmap.training.start import Start
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import GRADIENTS, LABELS, MODEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cropmap.data.package import ModelPackage
    from cropmap.data.samples import SampleSet
    from cropmap.models.neural import NeuralClassifier
    from cropmap.training.fit import FitOptions
    from cropmap.transfer.base import Transfer

# What learns in each part of the training, and how this makes up for rare classes.
_LEARNS = {
    "full": (("all", "none"),),
    "balanced": (("all", "weights"),),
    "head": (("head", "sampling"),),
    "partial": (("all but the first block", "none"),),
    "two_stage": (("head", "sampling"), ("head and last block", "root_weights")),
}
_AS_PRESET = "preset"
# By what the step size is multiplied where the last layer learns alone: on Arkansas to California 1e-3 was best for
# whole networks and 1e-2 for heads, and what is published for two stages is a tenth for the second.
_ALONE = 10.0


@dataclass(frozen=True)
class FineTuneParams:
    """What of the source's network learns from the target's labels, and how."""

    preset: str = param(
        "full",
        choices=tuple(_LEARNS),
        title="What learns",
        help="full: the whole network. balanced: the same, and rare classes count more. head: only the last layer, on "
        "classes shown equally often; quickest, and changes the source least. partial: all but the layers that read "
        "the series. two_stage: the last layer alone for half of the epochs, then the last block with it, at a tenth "
        "of the step size.",
    )
    epochs: int = param(40, help="Most passes over the target's labels; two_stage shares them.", low=1, high=10_000)
    learning_rate: float = param(
        1e-3, help="Largest step size; ten times as large where the last layer learns alone.", low=1e-8, high=0.1
    )
    batch_size: int = param(32, help="Samples of one step.", low=2, high=1_000_000, advanced=True)
    keep_head: bool = param(
        True,
        title="Keep what is known of classes",
        help="Classes that the source knows by the same name begin with what it knows of them; others, and all where "
        "this is off, begin anew.",
        advanced=True,
    )
    balance: str = param(
        _AS_PRESET,
        choices=(_AS_PRESET, *BALANCE),
        title="Rare classes",
        help="preset: as the choice above says. none: samples count alike. weights: errors of rare classes count more. "
        "root_weights: the same, less strongly. sampling: rare classes are shown more often.",
        advanced=True,
    )


@STRATEGIES.register(
    "fine_tune",
    title="Source model trained on with the target's labels",
    params=FineTuneParams,
    citation="Long et al. 2026, doi:10.1016/j.compag.2026.111646; Antonijevic et al. 2023, "
    "doi:10.1186/s40537-023-00735-2; two stages: Kumar et al. 2022, arXiv:2202.10054",
    needs=(MODEL, LABELS, GRADIENTS),
)
def fine_tune(params: FineTuneParams, task: Transfer) -> ModelPackage:
    """Trains the source's network on with the target's labels; for a few hundred labels and more.

    Weights, scaling and time shift come from the source; step size, moments and validation samples do not. What does
    not learn stays bit for bit, in evaluation mode. Groups of target samples decide which epoch is kept, and which of
    two stages: the one with the higher macro F1 there, the second where both have the same. The model knows the classes
    of the target's samples, but for those with a single one.

    Names in the papers. Long et al.: `full` is R1 and their single-source fine-tuning, `balanced` R2 with one balance
    instead of two, `head` R3 (which draws a balanced subset once; here every epoch draws anew), `two_stage` R4 with a
    last block that does learn. Antonijevic et al.: `full` is FFT, `partial` PFT, and `head` with balance "none" FE as
    they describe it; their released FE trains what PFT does.

    Source: as cited; head first, then more: Kumar et al. 2022.
    """
    source, progress = task.package, task.progress
    if source is None:
        source, progress = task.source_package(task.progress.part(0.0, 0.5)), task.progress.part(0.5, 1.0)
    blocks = cast("NeuralClassifier", load_model(source)).network.blocks()
    learns, samples, options = _LEARNS[params.preset], _moved(task.labelled(), source), _keeping(task.options, source)
    found: list[ModelPackage] = []
    for number, stage in enumerate(learns):
        before = found[-1] if found else source
        start = Start(before, keep_head=params.keep_head or number > 0, frozen=_frozen(stage[0], blocks, source.model))
        part = progress.part(number / len(learns), (number + 1) / len(learns))
        found.append(_stage(params, samples, dataclasses.replace(options, start=start), stage, part))
    best = found[-1] if len(found) == 1 else _better(found, samples, options)
    stages = [_told(stage, package) for stage, package in zip(learns, found, strict=True)]
    return dataclasses.replace(best, shift_days=source.shift_days, record={**best.record, "fine_tuning": stages})


def _moved(samples: SampleSet, source: ModelPackage) -> SampleSet:
    """Return samples in the season that the source's network knows."""
    values = shifted(samples.values, samples.days, source.shift_days, mask_position(samples.bands))
    return dataclasses.replace(samples, values=values)


def _keeping(options: FitOptions, source: ModelPackage) -> FitOptions:
    """Return options under which the best so far, too, moves what it will see."""
    keep = options.keep
    if keep is None:
        return options
    return dataclasses.replace(
        options, keep=lambda package: keep(dataclasses.replace(package, shift_days=source.shift_days))
    )


def _better(found: Sequence[ModelPackage], samples: SampleSet, options: FitOptions) -> ModelPackage:
    """Return the package with the highest macro F1 on the validation samples, of equal ones the last.

    These are the same for all: one seed draws the same for each stage.
    """
    codes = np.array(found[0].legend.codes, np.uint8)
    columns = np.searchsorted(codes, samples.codes)
    held = samples.subset(drawn_validation(samples, columns, options.validation_share, options.seed, Progress()))

    def score(package: ModelPackage) -> float:
        # The samples are moved already.
        still = dataclasses.replace(package, shift_days=0.0)
        answers = Predictor(still, options.device).probabilities(held.values)
        return accuracy_of(held.codes, codes[answers.argmax(axis=1)], package.legend).macro_f1

    return max(reversed(found), key=score)


def _stage(
    params: FineTuneParams, samples: SampleSet, options: FitOptions, stage: tuple[str, str], progress: Progress
) -> ModelPackage:
    package = cast("ModelPackage", options.start.package)
    (learnt, balance), stages = stage, len(_LEARNS[params.preset])
    values = {
        **package.params,
        "epochs": max(1, params.epochs // stages),
        "learning_rate": params.learning_rate * (_ALONE if learnt == "head" else 1.0),
        "batch_size": params.batch_size,
        "balance": balance if params.balance == _AS_PRESET else params.balance,
    }
    return fit_once(samples, package.model, values, options, progress)


def _frozen(learnt: str, blocks: tuple[tuple[str, ...], ...], model: str) -> tuple[str, ...]:
    """Return the names of the parts that stay."""
    if learnt == "all but the first block" and len(blocks) == 1:
        raise TransferError(
            f"All layers of the model {model} read the series: without them only the last layer would learn.",
            where="preset partial",
            fix="Choose head or full, or another network.",
        )
    staying = {
        "all": (),
        "head": blocks,
        "all but the first block": blocks[:1],
        "head and last block": blocks[:-1],
    }[learnt]
    return tuple(name for block in staying for name in block)


def _told(stage: tuple[str, str], package: ModelPackage) -> dict[str, Any]:
    told = ("best_epoch", "validation_loss", "validation_accuracy")
    return {
        "learnt": stage[0],
        "learning_rate": package.params["learning_rate"],
        "balance": package.params["balance"],
        **{name: package.record[name] for name in told},
    }
