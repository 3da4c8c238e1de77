"""Carry a model to another site: several strategies side by side, judged on the target's labels where there are any."""

from __future__ import annotations

import dataclasses
import math
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.assessment.model_comparison import (
    LeftOut,
    ModelComparison,
    class_rows,
    compare_models,
    model_rows,
    pair_rows,
    prediction_rows,
)
from cropmap.assessment.transfer_outcome import (
    BASELINES,
    Candidate,
    Outcome,
    class_match_rows,
    outcome_figures,
    ranked,
    strategy_rows,
)
from cropmap.assessment.transfer_report import TransferReport, write_transfer
from cropmap.contract.errors import CropMapError, OutputError, ParameterError, Problem, SampleError, TransferError
from cropmap.contract.params import chosen, param, to_dict
from cropmap.contract.words import listed
from cropmap.data.class_names import canonical
from cropmap.data.legend import Legend, legend_from_names
from cropmap.data.samples import FoldPlan
from cropmap.io.files import atomic_write_text, check_writable
from cropmap.io.packages import write_package
from cropmap.io.samples import write_samples
from cropmap.io.tables import csv_text
from cropmap.jobs import JOBS
from cropmap.jobs.advising import advised, situation_of, ways_to_run
from cropmap.jobs.candidates import Given, Made, Maker, Way
from cropmap.jobs.compared import named
from cropmap.jobs.params import DeviceParams, SplitParams, ValidationParams
from cropmap.jobs.run import Run, versions
from cropmap.jobs.sample import split
from cropmap.jobs.shift import measured, shift_figures, site_names, write_shift_tables
from cropmap.jobs.sites import (
    TARGET_SERIES,
    DrawParams,
    Source,
    SourcePackageParams,
    TargetImagesParams,
    draw_target,
    read_like,
    read_source,
)
from cropmap.jobs.train import CHECKPOINTS, clear_checkpoints, evidence, headline
from cropmap.models import MODELS
from cropmap.models.base import model_class
from cropmap.sampling.folds import check_training
from cropmap.sampling.unlabelled import without_labels
from cropmap.training.fit import FitOptions, check_fit
from cropmap.training.sides import occurring
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import LABELS, MODEL, SERIES
from cropmap.transfer.classes import ClassMatch, joined, match_classes, recoded
from cropmap.transfer.scores import ENOUGH, SCORES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress
    from cropmap.data.samples import SampleSet
    from cropmap.transfer.shift import Shift

PACKAGES = "packages"
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
    ValidationParams, DeviceParams, SplitParams, DrawParams, StrategyParams, TargetParams, OriginParams
):
    """What `transfer` takes."""


@JOBS.register("transfer", title="Carry a model to another site", params=TransferParams)
def transfer(params: TransferParams, run: Run) -> Mapping[str, Any]:
    """Make models for a target site by several strategies, and say which is best, by how much."""
    _asked(params)  # what is wrong with it is refused before anything is read
    source = read_source(params.sample_set, params.package, run)
    params = _trainable(params, source, run)
    asked = _asked(params)
    given, plan = _given(params, source, run)
    maker = Maker(given, run.folder / CHECKPOINTS)
    _check(params, asked, maker)
    for name in (PACKAGES, CHECKPOINTS):
        check_writable(run.folder / name)
    with run.stage("Reading the target", 0.0, 0.15) as progress:
        given = _with_series(params, source, given, (run, progress))
    maker = Maker(given, run.folder / CHECKPOINTS)
    with run.stage("Measuring the shift", 0.15, 0.25) as progress:
        shift = _shift(_with_model(asked, maker, _model(params), progress), given, run)
        known = situation_of(given, shift)
    ways = asked or ways_to_run(known, _model(params), labels=given.target is not None)
    ways = [*ways, *_baselines(ways, maker, params)]
    with run.stage("Making models", 0.25, 0.45) as progress:
        made, left_out = _made(ways, maker, (run, progress))
    work = _Work(params, run, maker, plan)
    with run.stage("Judging", 0.45, 0.95) as progress:
        found = _outcome(work, [way for way in ways if way.name in made], made, progress)
    found = dataclasses.replace(
        found, shift=shift, left_out=(*left_out, *found.left_out), advised=advised(known), match=_match(given, source)
    )
    with run.stage("Writing", 0.95, 1.0):
        _write(found, made, source, work)
    clear_checkpoints(run)
    return {"figures": outcome_figures(found) | (shift_figures(shift) if shift else {})}


@dataclass(frozen=True, eq=False)
class _Work:
    """What the parts of the job share; no plan where no label judges."""

    params: TransferParams
    run: Run
    maker: Maker
    plan: FoldPlan | None

    @property
    def given(self) -> Given:
        return self.maker.given


# ---------------------------------------------------------------- what is given


def _model(params: TransferParams) -> tuple[str, Mapping[str, Any]]:
    """Return name and values of the model that is trained on samples; an empty name is the package's."""
    if params.model:
        return chosen(params.model)
    return ("" if params.package else _FOREST), {}


def _trainable(params: TransferParams, source: Source, run: Run) -> TransferParams:
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


def _asked(params: TransferParams) -> list[Way]:
    model, values = _model(params)
    if model:
        check_fit(model, values, params.device)
    return [Way(own.name, own.entry, own.values, model, values) for own in named(params.strategies)]


def _given(params: TransferParams, source: Source, run: Run) -> tuple[Given, FoldPlan | None]:
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


def _match(given: Given, source: Source) -> ClassMatch:
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


def _check(params: TransferParams, asked: Sequence[Way], maker: Maker) -> None:
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


def _with_series(params: TransferParams, source: Source, given: Given, told: tuple[Run, Progress]) -> Given:
    """Return what is given with series drawn from the target's images, where there are images and no series yet."""
    if given.series is not None or not params.images:
        return given
    series = draw_target(params.images, params, params.seed, source, told)
    write_samples(told[0].output("target_series", TARGET_SERIES), series)
    return dataclasses.replace(given, series=series)


def _with_model(asked: Sequence[Way], maker: Maker, model: tuple[str, Mapping[str, Any]], progress: Progress) -> Source:
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


def _shift(source: Source, given: Given, run: Run) -> Shift | None:
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


def _baselines(ways: Sequence[Way], maker: Maker, params: TransferParams) -> list[Way]:
    """Return what every strategy has to beat, where labels judge and it is not among them."""
    if maker.given.target is None:
        return []
    model, values = _model(params)
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


# ---------------------------------------------------------------- the work


def _made(ways: Sequence[Way], maker: Maker, told: tuple[Run, Progress]) -> tuple[dict[str, Made], tuple[LeftOut, ...]]:
    """Run every strategy on everything and write its package at once; what cannot be run is left out and told."""
    run, progress = told
    made: dict[str, Made] = {}
    ledger = run.folder / CHECKPOINTS / "packages.txt"
    written = _lines(ledger)

    def make(way: Way, part: Progress) -> None:
        made[way.name] = maker.make(way, maker.whole(), part)
        path = _package_path(run, way.name)
        written.add(path.name)
        atomic_write_text(ledger, "\n".join(sorted(written)))
        write_package(path, made[way.name].package)

    left_out = _each(ways, make, (run, progress), "is not run")
    if not made:
        raise TransferError(
            "None of the strategies could be run.",
            where="; ".join(f"{out.name}: {out.why}" for out in left_out),
            fix="Give more of the source or the target, or choose other strategies.",
        )
    for name in written - {_package_path(run, own).name for own in made}:
        (run.folder / PACKAGES / Path(name).name).unlink(missing_ok=True)  # of an interrupted run with other files
    run.device = str(next(iter(made.values())).package.record.get("device", run.device))
    return made, left_out


def _lines(path: Path) -> set[str]:
    """Return a text file's lines; none where there is no such file."""
    with suppress(OSError, ValueError):
        return set(path.read_text(encoding="utf-8").split("\n")) - {""}
    return set()


def _each(
    ways: Sequence[Way], do: Callable[[Way, Progress], None], told: tuple[Run, Progress], lost: str
) -> tuple[LeftOut, ...]:
    """Do something with each strategy; those that refuse are told of and returned."""
    run, progress = told
    left_out = []
    for number, way in enumerate(ways):
        part = progress.part(number / len(ways), (number + 1) / len(ways)).curve(way.name)
        part.at(0.0, _title(way))
        try:
            do(way, part)
        except OutputError:  # a full disk is no fault of the strategy
            raise
        except CropMapError as error:
            left_out.append(LeftOut(way.name, way.model, str(error)))
            run.warn(f"{_title(way)} {lost}: {error}")
    return tuple(left_out)


def _package_path(run: Run, name: str) -> Path:
    return run.folder / PACKAGES / f"{name}.cropmap"


def _title(way: Way) -> str:
    return f"{STRATEGIES.get(way.strategy).title}{way.name.removeprefix(way.strategy)}"


def _outcome(work: _Work, ways: Sequence[Way], made: Mapping[str, Made], progress: Progress) -> Outcome:
    """Judge the strategies by the target's labels, or score them without."""
    comparison, overlap = None, None
    scores: dict[str, Mapping[str, float]] = {}
    left_out: tuple[LeftOut, ...] = ()
    if work.plan is not None:
        comparison, left_out = _judged(work, work.plan, ways, progress)
    elif len(work.maker.whole().series):
        scores, overlap, left_out = _scored(work, ways, made, progress)
    series = work.maker.whole().series
    candidates = [
        Candidate(
            name=way.name,
            strategy=way.strategy,
            values=way.values,
            title=_title(way),
            model=made[way.name].package.model,
            seconds=round(made[way.name].seconds, 3),
            masked=made[way.name].masked,
            masked_share=work.maker.masked_share(made[way.name], series),
            scores=scores.get(way.name, {}),
            added=way.added,
        )
        for way in ways
    ]
    given = work.given
    return Outcome(
        candidates=ranked(candidates, comparison),
        match=ClassMatch((), (), ()),
        classes_known=bool(given.classes or given.target is not None),
        labels=0 if given.target is None else len(given.target),
        series=0 if given.series is None else len(given.series),
        comparison=comparison,
        overlap=overlap,
        left_out=left_out,
    )


def _judged(
    work: _Work, plan: FoldPlan, ways: Sequence[Way], progress: Progress
) -> tuple[ModelComparison | None, tuple[LeftOut, ...]]:
    """Cross-validate every strategy on the same folds of the target's labels."""
    judged = []
    left_out = _each(
        ways,
        lambda way, part: judged.append(work.maker.judge(way, plan, part)),
        (work.run, progress),
        "is not judged",
    )
    target = work.given.target
    if not judged or target is None:
        return None, left_out
    said = np.concatenate([own.runs[0].codes[plan.fold >= 0] for own in judged])
    known = set(np.unique(np.concatenate([said, target.codes[plan.fold >= 0]])).tolist())
    positive = np.any([np.nanmax(own.runs[0].probabilities, axis=0) > 0 for own in judged], axis=0)
    classes = [own for own, some in zip(work.given.legend.classes, positive, strict=True) if some or own.code in known]
    columns = [work.given.legend.codes.index(own.code) for own in classes]
    compared = [
        dataclasses.replace(
            own,
            runs=tuple(dataclasses.replace(each, probabilities=each.probabilities[:, columns]) for each in own.runs),
        )
        for own in judged
    ]
    return compare_models(target, plan, Legend(tuple(classes)), compared, work.params.seed), left_out


def _scored(
    work: _Work, ways: Sequence[Way], made: Mapping[str, Made], progress: Progress
) -> tuple[dict[str, Mapping[str, float]], bool | None, tuple[LeftOut, ...]]:
    """Return the label-free scores of every strategy, made again without some of the source's land."""
    maker, run = work.maker, work.run
    held = maker.held_back(progress)
    if held is not None and work.given.package is not None:
        run.warn(
            "The model that was given may have learnt from the samples that scores are weighted from: its accuracy, "
            "risk and dev look too good beside those of models that are trained here."
        )
    scores: dict[str, Mapping[str, float]] = {}
    overlaps: list[bool] = []

    def one(way: Way, part: Progress) -> None:
        own = made[way.name] if held is None else maker.make(way, held[0], part)
        found = maker.scores(own, held, maker.whole().series)
        scores[way.name] = {name: found[name] for name in SCORES if math.isfinite(found[name])}
        if held is not None:
            overlaps.append(found.overlap)

    left_out = _each(ways, one, (run, progress), "has no scores")
    if overlaps and not all(overlaps):
        run.warn(
            f"Source and target overlap so little that accuracy, risk and dev rest on fewer than {ENOUGH} samples: "
            "do not choose by them."
        )
    return scores, all(overlaps) if overlaps else None, left_out


# ---------------------------------------------------------------- what is written


def _write(found: Outcome, made: Mapping[str, Made], source: Source, work: _Work) -> None:
    run = work.run
    for own in found.candidates:
        path = _package_path(run, own.name)
        record = {**made[own.name].package.record, **_told(own, found, work)}
        write_package(path, dataclasses.replace(made[own.name].package, record=record))
        run.output(f"package_{own.name.replace(' ', '_')}", f"{PACKAGES}/{path.name}")
    run.output("package", f"{PACKAGES}/{_package_path(run, found.candidates[0].name).name}")
    tables = {"strategies": strategy_rows(found), "classes_matched": class_match_rows(found)}
    if found.comparison is not None:
        judged = found.comparison
        tables |= {"judged": model_rows(judged), "classes": class_rows(judged)}
        tables |= {"pairs": pair_rows(judged), "predictions": prediction_rows(judged)}
    for name, rows in tables.items():
        atomic_write_text(run.output(name, f"{name}.csv"), csv_text(rows))
    series = work.given.series if work.given.series is not None else work.given.target
    names = site_names(source, series) if series is not None else ("Source", "Target")
    report = TransferReport(*names, found, to_dict(work.params), versions(), tuple(run.warnings))
    write_transfer(run.output("report", "transfer.html"), report)


def _told(own: Candidate, found: Outcome, work: _Work) -> dict[str, Any]:
    """Return what a package's record says of its target: spans of bands, mask, and how it was judged there."""
    given = work.given
    land = given.series if given.series is not None else given.target
    told: dict[str, Any] = {"cross_validation": {}} if land is None else evidence(land)
    judged = (
        next((each for each in found.comparison.models if each.name == own.name), None) if found.comparison else None
    )
    if found.comparison is not None and judged is not None:
        figures = headline(found.comparison.accuracy(judged.runs[0]))
        told["cross_validation"] = {**figures, "folds": found.comparison.plan.folds}
    if own.masked:
        told["masked_classes"] = list(own.masked)
    return told
