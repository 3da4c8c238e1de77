"""Every way a worker can end, seen from the supervisor."""

import contextlib
import threading
import time
from pathlib import Path

import pytest

from cropmap.contract.events import ProgressEvent, WarningEvent
from cropmap.contract.job import Job
from cropmap_plugin.worker.process import Order, Worker, crash_error


@pytest.fixture
def worker(fake_python, tmp_path):
    def make(act, grace_s=5.0):
        return Worker(Order(Job("demo", {"act": act}, str(tmp_path / "run")), fake_python, tmp_path / "core", grace_s))

    return make


def run(worker):
    heard = []
    return worker.run(heard.append), heard


def log_of(worker):
    return worker.order.log.read_text(encoding="utf-8", errors="replace")


def test_a_good_run_gives_its_result_and_all_its_events(worker):
    outcome, heard = run(worker("succeed"))
    assert (outcome.status, outcome.error) == ("done", None)
    assert outcome.result["figures"] == {"samples": 7}
    assert [event.fraction for event in heard if isinstance(event, ProgressEvent)] == [0.2, 0.4, 0.6, 0.8]
    assert WarningEvent("Two dates are cloudy.") in heard


def test_a_refusal_keeps_its_what_where_and_fix(worker):
    outcome, _ = run(worker("refuse"))
    assert outcome.status == "error"
    assert (outcome.error.what, outcome.error.where, outcome.error.fix) == (
        "Class 176 has no name.",
        "cdl.tif",
        "Name it.",
    )


@pytest.mark.parametrize(
    ("act", "what"),
    [
        ("die", "out of memory?"),
        ("abort", "SIGABRT"),
        ("vanish", "without a result"),
        ("stumble", "ended with code 1"),
    ],
)
def test_a_crash_is_told_in_a_sentence(worker, act, what):
    outcome, _ = run(worker(act))
    assert outcome.status == "crash"
    assert what in outcome.error.what
    assert outcome.error.fix


def test_a_crash_quotes_the_last_words(worker):
    outcome, _ = run(worker("stumble"))
    assert outcome.error.where == "ValueError: a bug"


@pytest.mark.parametrize(
    ("code", "name"), [(0xC0000005, "access violation"), (-11, "SIGSEGV"), (137, "out of memory?")]
)
def test_the_codes_of_other_systems_are_named(tmp_path, code, name):
    assert name in crash_error(code, tmp_path / "none").what


def test_cancel_ends_a_worker_that_listens(worker):
    supervised = worker("wait")
    outcome = supervised.run(lambda _event: supervised.cancel())
    assert outcome.status == "cancelled"


def test_cancel_kills_a_worker_that_does_not_listen_and_its_children(worker, tmp_path):
    supervised = worker("hang", grace_s=0.2)
    outcome = supervised.run(lambda _event: supervised.cancel())
    assert outcome.status == "cancelled"
    child = int((tmp_path / "run" / "child").read_text())
    assert not is_running(child)


def test_strange_output_goes_to_the_log_and_does_no_harm(worker):
    supervised = worker("babble")
    outcome, _ = run(supervised)
    assert outcome.status == "done"
    assert "Using 3 cores" in log_of(supervised)


def test_a_flood_of_messages_does_not_block_the_worker(worker):
    supervised = worker("flood")
    outcome, _ = run(supervised)
    assert outcome.status == "done"
    assert log_of(supervised).count("fills the pipe") == 20_000


def test_a_child_left_behind_does_not_keep_the_run_open(worker):
    began = time.monotonic()
    outcome, _ = run(worker("orphan"))
    assert outcome.status == "done"
    assert time.monotonic() - began < 30


def test_a_python_that_is_missing_is_an_error_with_a_fix(tmp_path):
    outcome, _ = run(Worker(Order(Job("demo", {}, str(tmp_path / "run")), tmp_path / "no_python", tmp_path)))
    assert outcome.status == "crash"
    assert "cannot be started" in outcome.error.what
    assert str(tmp_path / "no_python") in outcome.error.where


def test_an_output_folder_that_cannot_be_made_is_an_error_with_a_fix(fake_python, tmp_path):
    (tmp_path / "file").write_text("")
    order = Order(Job("demo", {}, str(tmp_path / "file" / "run")), fake_python, tmp_path)
    outcome, _ = run(Worker(order))
    assert "output folder can be written" in outcome.error.fix


def test_the_worker_sees_its_own_library_and_nothing_of_qgis(worker, monkeypatch, tmp_path):
    for name in ("PROJ_LIB", "GDAL_DATA", "PYTHONHOME", "LD_LIBRARY_PATH", "QT_PLUGIN_PATH"):
        monkeypatch.setenv(name, "/qgis")
    outcome, _ = run(worker("tell"))
    seen = outcome.result["figures"]
    assert seen["PYTHONPATH"] == str(tmp_path / "core")
    assert not {"PROJ_LIB", "GDAL_DATA", "PYTHONHOME", "LD_LIBRARY_PATH", "QT_PLUGIN_PATH"} & set(seen)
    assert outcome.result["words"][:3] == ["-m", "cropmap", "run"]


def test_a_supervisor_that_dies_takes_the_worker_with_it(fake_python, tmp_path):
    """The pipe closes with it: that is the worker's sign to stop."""
    import subprocess
    import sys

    script = (
        "import sys, os, pathlib\n"
        f"sys.path[:0] = {[str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / 'core')]!r}\n"
        "from cropmap.contract.job import Job\n"
        "from cropmap_plugin.worker.process import Order, Worker\n"
        f"job = Job('demo', {{'act': 'wait'}}, {str(tmp_path / 'run')!r})\n"
        f"order = Order(job, pathlib.Path({str(fake_python)!r}), pathlib.Path('/'))\n"
        "Worker(order).run(lambda event: os._exit(0))\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)
    end = time.monotonic() + 10
    while any(str(tmp_path / "run") in words for words in command_lines()):
        assert time.monotonic() < end, "the worker outlived its supervisor"
        threading.Event().wait(0.05)


def command_lines():
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            yield (process / "cmdline").read_bytes().decode(errors="replace")


def is_running(pid):
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().split(") ")[1][0] not in "ZX"
    except OSError:
        return False


def test_the_log_is_closed_after_the_run(worker):
    supervised = worker("succeed")
    run(supervised)
    open_files = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.exists()]
    assert str(supervised.order.log) not in open_files
