"""The command line: `cropmap run job.json`, one subcommand per job kind, `catalogue` and `check`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cropmap.contract.errors import CropMapError, ParameterError
from cropmap.contract.events import (
    EXIT_CANCELLED,
    EXIT_CRASH,
    EXIT_DONE,
    EXIT_ERROR,
    CancelledEvent,
    DoneEvent,
    ErrorEvent,
)
from cropmap.contract.job import Job, read_job
from cropmap.contract.progress import Cancelled, Progress
from cropmap.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_JOB_KINDS = {
    "inspect": "show what is recognised in a folder of images",
    "compare": "show how well recipes guess observations that they were not shown",
    "prepare": "write regular series without gaps as one raster",
    "import_series": "bring published labelled series into a table of samples",
    "trust": "select pixels that years of maps agree on, and draw samples",
    "sample": "extract labelled series",
    "review": "find labels that are likely wrong",
    "merge": "join samples of several sites or years",
    "train": "fit and cross-validate a model",
    "compare_models": "say which of several models is best, and by how much",
    "tune": "search for a model's best parameters",
    "early_season": "show from which date on crops are told apart",
    "shift": "measure how different another site or year looks",
    "transfer": "carry a model to another site or year, by several strategies",
    "ensemble": "join several models to one that answers their mean",
    "map": "map images with a fitted model",
    "assess": "compare a map with reference labels",
    "suggest": "find places where a new label helps most",
    "design": "plan a sample that validates a map",
    "classify": "the whole road: images and labels to map and report",
    "demo": "the whole road on a synthetic site",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 crash, 2 a mistake to mend, 3 cancelled."""
    try:
        return _main(list(sys.argv[1:] if arguments is None else arguments))
    except CropMapError as error:
        _complain(error)
        return EXIT_ERROR
    except KeyboardInterrupt:  # before a job has begun to listen, or the second one
        return EXIT_CANCELLED
    except BrokenPipeError:  # the reader of `cropmap catalogue | head` is gone
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - lives until exit
        return EXIT_CRASH


def _main(words: list[str]) -> int:
    parser = _parser(words)
    given = parser.parse_args(words)
    if not hasattr(given, "command"):
        parser.print_help()
        return EXIT_ERROR
    command: Callable[[argparse.Namespace], int] = given.command
    return command(given)


def _parser(words: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cropmap", description="Crop maps from satellite image time series.")
    parser.add_argument("--version", action="version", version=f"cropmap {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    run = commands.add_parser("run", help="run a job file")
    run.add_argument("job", type=Path, help="job file (JSON)")
    run.add_argument("--out", default="", help="run folder; the job file's own where not given")
    run.add_argument("--events", action="store_true", help="speak event lines (JSON) to a supervising program")
    run.set_defaults(command=_run)

    listed = commands.add_parser("catalogue", help="print all jobs, sources, recipes and models with their parameters")
    listed.add_argument("--out", type=Path, default=None, help="file to write instead")
    listed.set_defaults(command=_catalogue)

    checked = commands.add_parser("check", help="show versions, GPU, memory and disk, and what is missing")
    checked.add_argument("--json", action="store_true", help="as JSON")
    checked.set_defaults(command=_check)

    if words[:1] and words[0] in _JOB_KINDS:
        _add_job(commands, words)
    elif words[:1] not in (["run"], ["catalogue"], ["check"]):
        for kind, title in _JOB_KINDS.items():
            commands.add_parser(kind, help=title)
    return parser


def _add_job(commands: Any, words: list[str]) -> None:
    """Add the subcommand of the job kind that is asked for, with its options."""
    from cropmap.jobs import JOBS  # noqa: PLC0415 - importing the command line stays quick
    from cropmap.options import add_options  # noqa: PLC0415

    kind = words[0]
    entry = JOBS.get(kind)
    job = commands.add_parser(kind, help=entry.title, description=entry.summary, allow_abbrev=False)
    job.add_argument("--out", default="cropmap_demo" if kind == "demo" else "", help="run folder")
    job.add_argument("--write-job", type=Path, default=None, help="write the job file and stop, without running it")
    add_options(job, entry.catalogued().schema, words)
    job.set_defaults(command=_job, kind=kind)


def _run(given: argparse.Namespace) -> int:
    if given.events:
        return _supervised(given)
    job = read_job(given.job)
    return _with_bar(Job(job.kind, job.params, _out(given, job)), given.job.resolve().parent)


def _job(given: argparse.Namespace) -> int:
    from cropmap.jobs import JOBS  # noqa: PLC0415
    from cropmap.options import values_of  # noqa: PLC0415

    values = values_of(given, JOBS.get(given.kind).catalogued().schema)
    job = Job(given.kind, values, given.out)
    if given.write_job:
        from cropmap.jobs.run import checked  # noqa: PLC0415

        _write(given.write_job, checked(job, Path.cwd()).to_json())
        return EXIT_DONE
    if given.kind == "inspect" and not given.out:
        with tempfile.TemporaryDirectory() as folder:
            return _with_bar(Job(job.kind, job.params, f"{folder}/inspect"), Path.cwd(), keep=False)
    return _with_bar(job, Path.cwd())


def _out(given: argparse.Namespace, job: Job) -> str:
    return str(Path(given.out).resolve()) if given.out else job.out


def _write(path: Path, text: str) -> None:
    from cropmap.io.files import atomic_write_text  # noqa: PLC0415

    atomic_write_text(path, text)


def _with_bar(job: Job, base: Path, *, keep: bool = True) -> int:
    from cropmap.console import Bar, interruptible, summary  # noqa: PLC0415
    from cropmap.jobs.run import run_job  # noqa: PLC0415

    bar = Bar(sys.stderr)
    with interruptible() as cancelled:
        progress = Progress(bar.at, cancelled=cancelled, warn=lambda message: bar.say(f"Warning: {message}"))
        try:
            record = run_job(job, base=base, progress=progress)
        except Cancelled:
            bar.close()
            sys.stderr.write("Cancelled. Run the same command again to go on where it stopped.\n")
            return EXIT_CANCELLED
        finally:
            bar.close()
    sys.stdout.write(summary(record, keep=keep))
    return EXIT_DONE


def _supervised(given: argparse.Namespace) -> int:
    from cropmap.console import Channel  # noqa: PLC0415

    channel = Channel()
    try:
        from cropmap.jobs.run import run_job  # noqa: PLC0415

        job = read_job(given.job)
        base = given.job.resolve().parent
        record = run_job(Job(job.kind, job.params, _out(given, job)), base=base, progress=channel.progress())
    except Cancelled:
        channel.send(CancelledEvent())
        return EXIT_CANCELLED
    except CropMapError as error:
        _complain(error)
        channel.send(ErrorEvent(**error.to_dict()))
        return EXIT_ERROR
    except Exception as error:  # noqa: BLE001 - the supervisor must hear of any crash
        traceback.print_exc()
        channel.send(
            ErrorEvent(
                type(error).__name__, str(error) or "The worker crashed.", fix="The worker's own output says where."
            )
        )
        return EXIT_CRASH
    channel.send(DoneEvent(dict(record.result)))
    return EXIT_DONE


def _catalogue(given: argparse.Namespace) -> int:
    from cropmap.jobs.listing import catalogue  # noqa: PLC0415

    text = catalogue().to_json()
    if given.out:
        _write(given.out, text)
    else:
        sys.stdout.write(text)
    return EXIT_DONE


def _check(given: argparse.Namespace) -> int:
    from cropmap.jobs.environment import environment  # noqa: PLC0415

    found = environment()
    if given.json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        for name, value in found.items():
            shown = "; ".join(value) or "none" if isinstance(value, list) else value
            sys.stdout.write(f"{name:14} {shown}\n")
    return EXIT_ERROR if found["problems"] else EXIT_DONE


def _complain(error: CropMapError) -> None:
    lines = [f"Error: {error.what}"]
    if isinstance(error, ParameterError):
        lines = ["Error: these parameters are wrong:", *(f"  {problem}" for problem in error.problems)]
    if error.where:
        lines.append(f"  Where: {error.where}")
    if error.fix:
        lines.append(f"  What to do: {error.fix}")
    sys.stderr.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
