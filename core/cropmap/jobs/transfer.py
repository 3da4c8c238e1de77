"""Carry a model to another site: several strategies side by side, judged on the target's labels where there are any."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cropmap.assessment.model_comparison import LeftOut, class_rows, model_rows, pair_rows, prediction_rows
from cropmap.assessment.transfer_outcome import (
    Candidate,
    Outcome,
    class_match_rows,
    outcome_figures,
    strategy_rows,
)
from cropmap.assessment.transfer_report import TransferReport, write_transfer
from cropmap.contract.errors import TransferError
from cropmap.contract.params import to_dict
from cropmap.io.files import atomic_write_text, check_writable
from cropmap.io.packages import write_package
from cropmap.io.tables import csv_text
from cropmap.jobs import JOBS
from cropmap.jobs.advising import advised, after_scoring, situation_of, ways_to_run
from cropmap.jobs.candidates import Made, Maker, Way
from cropmap.jobs.judging import Work, each_way, outcome_of
from cropmap.jobs.run import Run, versions
from cropmap.jobs.shift import shift_figures, site_names
from cropmap.jobs.sites import Source, read_source
from cropmap.jobs.train import CHECKPOINTS, clear_checkpoints, evidence, headline
from cropmap.jobs.transfer_inputs import (
    TransferParams,
    asked_ways,
    baselines,
    check_ways,
    matched,
    read_given,
    shift_between,
    trainable,
    trained_model,
    with_model,
    with_series,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cropmap.contract.progress import Progress

PACKAGES = "packages"


@JOBS.register("transfer", title="Carry a model to another site", params=TransferParams)
def transfer(params: TransferParams, run: Run) -> Mapping[str, Any]:
    """Make models for a target site by several strategies, and say which is best, by how much."""
    asked_ways(params)  # what is wrong with it is refused before anything is read
    source = read_source(params.sample_set, params.package, run)
    params = trainable(params, source, run)
    asked = asked_ways(params)
    given, plan = read_given(params, source, run)
    maker = Maker(given, run.folder / CHECKPOINTS)
    check_ways(params, asked, maker)
    for name in (PACKAGES, CHECKPOINTS):
        check_writable(run.folder / name)
    with run.stage("Reading the target", 0.0, 0.15) as progress:
        given = with_series(params, source, given, (run, progress))
    maker = Maker(given, run.folder / CHECKPOINTS)
    with run.stage("Measuring the shift", 0.15, 0.25) as progress:
        shift = shift_between(with_model(asked, maker, trained_model(params), progress), given, run)
        known = situation_of(given, shift, params.seconds)
    ways = asked or ways_to_run(known, trained_model(params), labels=given.target is not None)
    ways = [*ways, *baselines(ways, maker, params)]
    with run.stage("Making models", 0.25, 0.45) as progress:
        made, left_out = _made(ways, maker, (run, progress))
    work = Work(params, run, maker, plan)
    with run.stage("Judging", 0.45, 0.95) as progress:
        found = outcome_of(work, [way for way in ways if way.name in made], made, progress)
    found = dataclasses.replace(
        found,
        shift=shift,
        left_out=(*left_out, *found.left_out),
        advised=advised(after_scoring(known, found.candidates)),
        match=matched(given, source),
    )
    with run.stage("Writing", 0.95, 1.0):
        _write(found, made, source, work)
    clear_checkpoints(run)
    return {"figures": outcome_figures(found) | (shift_figures(shift) if shift else {})}


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

    left_out = each_way(ways, make, (run, progress), "is not run")
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


def _package_path(run: Run, name: str) -> Path:
    return run.folder / PACKAGES / f"{name}.cropmap"


def _write(found: Outcome, made: Mapping[str, Made], source: Source, work: Work) -> None:
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


def _told(own: Candidate, found: Outcome, work: Work) -> dict[str, Any]:
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
