"""What the job `transfer` is given: read, brought to one legend, and checked before any work."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.assessment.transfer_outcome import BASELINES
from cropmap.contract.errors import CropMapError, ParameterError, Problem, SampleError, TransferError
from cropmap.contract.params import chosen, param
from cropmap.contract.words import listed
from cropmap.data.class_names import canonical
from cropmap.data.legend import Legend, legend_from_names
from cropmap.io.samples import write_samples
from cropmap.jobs.advising import AdviceParams
from cropmap.jobs.candidates import Given, Maker, Way
from cropmap.jobs.compared import named
from cropmap.jobs.params import DeviceParams, SplitParams, ValidationParams
from cropmap.jobs.sample import split
from cropmap.jobs.shift import measured, write_shift_tables
from cropmap.jobs.sites import (
    TARGET_SERIES,
    DrawParams,
    Source,
    SourcePackageParams,
    TargetImagesParams,
    draw_target,
    read_like,
)
from cropmap.models import MODELS
from cropmap.models.base import model_class
from cropmap.sampling.folds import check_training
from cropmap.sampling.unlabelled import without_labels
from cropmap.training.fit import FitOptions, check_fit
from cropmap.training.sides import occurring
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import LABELS, MODEL, SERIES
from cropmap.transfer.classes import ClassMatch, joined, match_classes, recoded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress
    from cropmap.data.samples import FoldPlan, SampleSet
    from cropmap.jobs.run import Run
    from cropmap.transfer.shift import Shift

_FOREST = "random_forest"


@dataclass(frozen=True, kw_only=True)
class OriginParams(SourcePackageParams):
    """The source."""

    sample_set: str = param(
        "",
        kind="file",
        title="Source's samples",
        help="Sample file (samples.gpkg) of the source site; none where its model has to do.",
    )


@dataclass(frozen=True, kw_only=True)
class StrategyParams:
    """What is run, and for which classes."""

    strategies: list[Any] = param(
        [],
        kind="entries",
        registry="strategies",
        help="The strategies to run side by side; the same one may stand here several times. Empty: those that the "
        "advice ranks first.",
    )
    model: Any = param(
        "",
        kind="entry",
        registry="models",
        help="What is trained on samples, the target's or the source's; empty: a model like the source's, or a random "
        "forest where there is none.",
    )
    classes: list[str] = param(
        [],
        kind="texts",
        title="Classes of the target",
        help="Classes that the target has; others are not answered there. Empty: those of its labels, or all where it "
        "has none.",
    )


@dataclass(frozen=True, kw_only=True)
class TargetParams(TargetImagesParams):
    """What is known of the target."""

    target_series: str = param(
        "",
        kind="file",
        help="Sample file of series of the target, whose labels are not read, such as the shift job draws; none where "
        "empty.",
        advanced=True,
    )
    target_samples: str = param(
        "",
        kind="file",
        title="Target's samples",
        help="Sample file (samples.gpkg) of labelled samples of the target, to learn from and to be judged on; none "
        "where empty.",
    )


@dataclass(frozen=True, kw_only=True)
class TransferParams(
    AdviceParams, ValidationParams, DeviceParams, SplitParams, DrawParams, StrategyParams, TargetParams, OriginParams
):
    """What `transfer` takes."""


def trained_model(params: TransferParams) -> tuple[str, Mapping[str, Any]]:
    """Return name and values of the model that is trained on samples; an empty name is the package's."""
    if params.model:
        return chosen(params.model)
    return ("" if params.package else _FOREST), {}


def trainable(params: TransferParams, source: Source, run: Run) -> TransferParams:
    """Return the parameters with a model that can be trained, where one like the source's cannot."""
    if params.model or source.package is None:
        return params
    name = source.package.model
    try:
        model_class(name).check(MODELS.get(name).parse(source.package.params))
    except CropMapError:
        run.warn(
            f"A model like the source's ({name}) cannot be trained from samples alone: what is trained is a random "
            "forest. Name another by the parameter model."
        )
        return dataclasses.replace(params, model=_FOREST)
    return params


def asked_ways(params: TransferParams) -> list[Way]:
    """Return the strategies that are asked for by name; none where the advice is to choose."""
    model, values = trained_model(params)
    if model:
        check_fit(model, values, params.device)
    return [Way(own.name, own.entry, own.values, model, values) for own in named(params.strategies)]


def read_given(params: TransferParams, source: Source, run: Run) -> tuple[Given, FoldPlan | None]:
    """Read what is known of the target but for its images, bring all to one legend, and split its labels."""
    target, stored = None, None
    if params.target_samples:
        target, stored = read_like(params.target_samples, source, "target's samples", run)
    series = None
    if params.target_series:
        series = without_labels(read_like(params.target_series, source, "target's series", run)[0])
    legend = _legend(target, source)
    if target is not None:
        target = recoded(target, legend)
    own = recoded(source.samples, legend) if source.samples is not None else None
    options = FitOptions(params.seed, params.validation_share, params.device)
    given = Given(own, source.package, target, series, legend, tuple(params.classes), options)
    _check_classes(params.classes, target, legend)
    if target is None:
        return given, None
    _tell_shared(own, target, run)
    return given, _plan(params, target, run, stored)


def _plan(params: TransferParams, target: SampleSet, run: Run, stored: NDArray[Any] | None) -> FoldPlan:
    """Return the folds of the target's labels; what is wrong with these is told of their file."""
    try:
        plan = split(target, params, params.seed, run, stored)
        check_training(plan, target.legend)
    except SampleError as error:
        where = ", ".join(filter(None, (params.target_samples, error.where)))
        raise SampleError(error.what, where=where, fix=error.fix) from error
    return plan


def _tell_shared(source: SampleSet | None, target: SampleSet, run: Run) -> None:
    """Tell of samples that stand on both sides: strategies are judged on what they learnt."""
    if source is None:
        return
    known = {row.tobytes() for row in source.values}
    shared = sum(row.tobytes() in known for row in target.values)
    if shared:
        run.warn(
            f"{shared} of {len(target)} labelled samples of the target are among the source's samples too: strategies "
            "that learn from these look too good. Leave them out on one side."
        )


def _legend(target: SampleSet | None, source: Source) -> Legend:
    """Return a legend of all classes there are, the target's codes first."""
    legends = [target.legend] if target is not None else []
    legends += source.legends()
    found = legends[0]
    for other in legends[1:]:
        found = joined(found, other)
    return found


def matched(given: Given, source: Source) -> ClassMatch:
    """Return which classes both sites have; without knowledge of the target's, all are shared."""
    legends = source.legends()
    known = joined(legends[0], legends[1]) if len(legends) > 1 else legends[0]
    if given.classes:
        return match_classes(known, legend_from_names(given.classes))
    return match_classes(known, occurring(given.target) if given.target is not None else known)


def _check_classes(classes: Sequence[str], target: SampleSet | None, legend: Legend) -> None:
    """Refuse names that would be found wrong only after the work."""
    if not classes:
        return
    wanted: dict[str, str] = {}
    for name in classes:
        other = wanted.setdefault(canonical(name), name)
        if other is not name:
            raise _wrong_classes(f"{other!r} and {name!r} mean the same class.", "Name each class once.")
    if target is None and not wanted.keys() & {canonical(name) for name in legend.names}:
        raise _wrong_classes(f"names none of the source's classes: {listed(legend.names)}.", "Name some of these.")
    strange = [] if target is None else [name for name in occurring(target).names if canonical(name) not in wanted]
    if strange:
        what = f"leaves out {listed(strange)}, of which the target has labels."
        raise _wrong_classes(what, "Name all classes of the target, or none.")


def _wrong_classes(what: str, fix: str) -> ParameterError:
    return ParameterError([Problem("classes", what, fix)], where="transfer")


def check_ways(params: TransferParams, asked: Sequence[Way], maker: Maker) -> None:
    """Refuse strategies that lack what they need, before the target's images are read."""
    given = maker.given
    reached = bool(params.images or params.target_series or params.target_samples)
    needy = [way for way in asked if {SERIES, LABELS} & set(STRATEGIES.get(way.strategy).needs)]
    if not reached and (needy or not asked):
        raise TransferError(
            "Nothing of the target is given.",
            where="images, target_samples",
            fix="Give its images, labelled samples of it, or both.",
        )
    like = given.package if given.package is not None else given.source
    stand_in = maker.whole().series
    if params.images and not len(stand_in) and like is not None:
        stand_in = np.zeros((1, len(like.days), len(like.bands)), np.float32)
    for way in asked:
        maker.check(way, stand_in)


def with_series(params: TransferParams, source: Source, given: Given, told: tuple[Run, Progress]) -> Given:
    """Return what is given with series drawn from the target's images, where there are images and no series yet."""
    if given.series is not None or not params.images:
        return given
    series = draw_target(params.images, params, params.seed, source, told)
    write_samples(told[0].output("target_series", TARGET_SERIES), series)
    return dataclasses.replace(given, series=series)


def with_model(asked: Sequence[Way], maker: Maker, model: tuple[str, Mapping[str, Any]], progress: Progress) -> Source:
    """Return the source in the legend of all, with a model that tells its crops where one is needed anyway."""
    given = maker.given
    needed = given.target is not None or not asked or any(MODEL in STRATEGIES.get(way.strategy).needs for way in asked)
    if given.package is not None or given.source is None or not needed:
        return Source(given.source, given.package)
    try:
        return Source(given.source, maker.source_model(given.source, model, progress))
    except SampleError as error:  # strategies that need it say so; others may do without
        progress.warn(f"The source's samples teach no model: {error}")
        return Source(given.source, None)


def shift_between(source: Source, given: Given, run: Run) -> Shift | None:
    """Return how far the sites lie apart, where the source has samples and the target series."""
    series = given.series
    if series is None and given.target is not None:
        series = without_labels(given.target)
    if source.samples is None or series is None:
        return None
    try:
        found = measured(source, series, given.options.seed, given.options.device)
    except SampleError as error:
        run.warn(f"The shift is not measured: {error.what}")
        return None
    write_shift_tables(found, run)
    return found


def baselines(ways: Sequence[Way], maker: Maker, params: TransferParams) -> list[Way]:
    """Return what every strategy has to beat, where labels judge and it is not among them."""
    if maker.given.target is None:
        return []
    model, values = trained_model(params)
    found = []
    for name in BASELINES:
        way = Way(name, name, {}, model, values, added=True)
        if name not in {own.name for own in ways} and _possible(way, maker):
            found.append(way)
    return found


def _possible(way: Way, maker: Maker) -> bool:
    try:
        maker.check(way, maker.whole().series)
    except CropMapError:
        return False
    return True
