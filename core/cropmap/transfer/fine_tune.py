"""The source's network, trained on with the target's labels."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from cropmap.contract.errors import TransferError
from cropmap.contract.params import param
from cropmap.data.calendar import shifted
from cropmap.data.package import mask_position
from cropmap.models.base import load_model
from cropmap.training.fit import fit_once
from cropmap.training.start import Start
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import GRADIENTS, LABELS, MODEL

if TYPE_CHECKING:
    from cropmap.contract.progress import Progress
    from cropmap.data.package import ModelPackage
    from cropmap.data.samples import SampleSet
    from cropmap.models.neural import NeuralClassifier
    from cropmap.training.fit import FitOptions
    from cropmap.transfer.base import Transfer

# What learns in each part of the training, and how rare classes are brought up.
_LEARNS = {
    "full": ("all",),
    "balanced": ("all",),
    "head": ("head",),
    "partial": ("all but the first block",),
    "two_stage": ("head", "head and last block"),
}
_BALANCE = {"full": "none", "balanced": "weights", "head": "sampling", "partial": "none", "two_stage": "weights"}
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
        choices=(_AS_PRESET, "none", "weights", "sampling"),
        title="Rare classes",
        help="preset: as the choice above says. none: samples count alike. weights: errors of rare classes count more. "
        "sampling: rare classes are shown more often.",
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
    not learn stays bit for bit, in evaluation mode. Groups of target samples decide which epoch is kept; of two stages,
    which count errors alike, the better is kept. The model knows the classes of the target's samples, but for those
    with a single one.

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
    for number, learnt in enumerate(learns):
        before = found[-1] if found else source
        start = Start(before, keep_head=params.keep_head or number > 0, frozen=_frozen(learnt, blocks, source.model))
        part = progress.part(number / len(learns), (number + 1) / len(learns))
        found.append(_stage(params, samples, dataclasses.replace(options, start=start), learnt, part))
    best = min(found, key=lambda package: float(package.record["validation_loss"]))
    stages = [_told(learnt, package) for learnt, package in zip(learns, found, strict=True)]
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


def _stage(
    params: FineTuneParams, samples: SampleSet, options: FitOptions, learnt: str, progress: Progress
) -> ModelPackage:
    package = cast("ModelPackage", options.start.package)
    stages = len(_LEARNS[params.preset])
    values = {
        **package.params,
        "epochs": max(1, params.epochs // stages),
        "learning_rate": params.learning_rate * (_ALONE if learnt == "head" else 1.0),
        "batch_size": params.batch_size,
        "balance": _BALANCE[params.preset] if params.balance == _AS_PRESET else params.balance,
    }
    # One seed draws the same validation samples for all stages.
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


def _told(learnt: str, package: ModelPackage) -> dict[str, Any]:
    told = ("best_epoch", "validation_loss", "validation_accuracy")
    return {
        "learnt": learnt,
        "learning_rate": package.params["learning_rate"],
        "balance": package.params["balance"],
        **{name: package.record[name] for name in told},
    }
