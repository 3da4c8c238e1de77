import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cropmap.contract.errors import OutputError
from cropmap.io import files
from cropmap.io.files import (
    atomic_write_bytes,
    atomic_write_text,
    check_space,
    check_writable,
    free_bytes,
    readable_size,
    remove_atomic,
    safe_name,
    sha256_of,
)


def test_a_written_file_holds_its_text_and_nothing_is_left_beside_it(tmp_path):
    atomic_write_text(tmp_path / "run.json", "žito\n")
    assert (tmp_path / "run.json").read_bytes() == "žito\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_written_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_text("")
    atomic_write_text(tmp_path / "atomic", "")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_failed_write_leaves_the_old_content_and_no_temporary_file(tmp_path, monkeypatch):
    target = tmp_path / "run.json"
    atomic_write_text(target, "old")

    def fail(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(OutputError, match=r"No space left on device.*needs about 3 bytes.*Free some space"):
        atomic_write_bytes(target, b"new")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_missing_folder_is_an_error_with_its_path(tmp_path):
    with pytest.raises(OutputError, match=r"No such file.*nowhere"):
        atomic_write_text(tmp_path / "nowhere" / "run.json", "")


def test_a_writable_folder_is_made_and_left_empty(tmp_path):
    check_writable(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_file_where_the_folder_should_be_is_refused(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="Choose a folder that you may write to"):
        check_writable(tmp_path / "taken" / "runs")


def test_a_read_only_file_system_is_refused(read_only_folder):
    with pytest.raises(OutputError, match="Choose a folder that you may write to"):
        check_writable(read_only_folder)


@pytest.fixture
def read_only_folder(tmp_path):
    folder = tmp_path / "mount"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", str(folder)]
    made = subprocess.run(command, capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"cannot mount a file system: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_the_free_space_is_the_file_systems_also_for_folders_that_are_not_there_yet(tmp_path):
    status = os.statvfs(tmp_path)
    assert free_bytes(tmp_path / "not" / "yet") == pytest.approx(status.f_bavail * status.f_frsize, rel=0.01)


def test_too_little_space_is_refused_with_what_is_needed_and_what_is_free(tmp_path):
    check_space(tmp_path, 1, what="The map")
    with pytest.raises(OutputError, match=r"The map needs up to 1000\.0 TB; .* are free.*on another disk"):
        check_space(tmp_path, 10**15, what="The map")


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (123_456_789, "123 MB"), (2.5e9, "2.5 GB")],
)
def test_sizes_are_readable(count, text):
    assert readable_size(count) == text


@pytest.mark.parametrize("size", [0, 1, 2**20, 2**20 + 1])
def test_the_hash_is_the_files_sha256(tmp_path, size):
    path = tmp_path / "data"
    path.write_bytes(b"x" * size)
    assert sha256_of(path) == hashlib.sha256(b"x" * size).hexdigest()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("map", "map"),
        ("Winter wheat / 2023", "Winter_wheat_2023"),
        ("Bačka", "Backa"),
        ("../../etc/passwd", "etc_passwd"),
        ("v1.2", "v1.2"),
        ("...", "unnamed"),
        ("", "unnamed"),
        ("пшеница", "unnamed"),
        ("CON", "_CON"),
        ("aux.xml", "_aux.xml"),
        ("a" * 300, "a" * 100),
    ],
)
def test_names_are_safe_on_every_file_system(text, name):
    assert safe_name(text) == name
    assert Path(name).name == name


def test_a_lock_is_held_by_one_writer_and_leaves_no_file(tmp_path):
    path = tmp_path / "map.lock"
    first = files.FileLock(path)
    for _ in range(2):
        with pytest.raises(OutputError, match=r"Another run is writing here.*Wait until it has ended"):
            files.FileLock(path)
    first.release()
    first.release()
    assert not path.exists()
    files.FileLock(path).release()


def test_a_lock_file_that_a_killed_process_left_locks_nothing(tmp_path):
    path = tmp_path / "map.lock"
    path.touch()
    files.FileLock(path).release()
    assert not path.exists()


def test_of_many_processes_that_ask_for_a_lock_again_and_again_one_has_it_at_a_time(tmp_path):
    ask = """
import sys
from pathlib import Path
from cropmap.contract.errors import OutputError
from cropmap.io.files import FileLock
folder, held = Path(sys.argv[1]), 0
while held < 300:
    try:
        lock = FileLock(folder / "map.lock")
    except OutputError:
        continue
    (folder / "inside").touch(exist_ok=False)
    (folder / "inside").unlink()
    lock.release()
    held += 1
"""
    command = [sys.executable, "-c", ask, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(files.__file__).parents[2])}
    running = [subprocess.Popen(command, env=environment) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_locks_is_written_to_without_one(tmp_path, monkeypatch):
    def refuse(_file):
        raise OSError(errno.ENOTSUP, "no locks here")

    monkeypatch.setattr(files, "_lock", refuse)
    files.FileLock(tmp_path / "map.lock").release()


def test_what_a_killed_process_left_of_writing_a_file_goes_with_it(tmp_path):
    path = tmp_path / "cube[1].json"
    atomic_write_text(path, "whole")
    (tmp_path / ".cube[1].json.0123abcd.tmp").write_text("half")
    (tmp_path / ".cube1.json.0123abcd.tmp").write_text("another's")
    remove_atomic(path)
    remove_atomic(path)
    assert [left.name for left in tmp_path.iterdir()] == [".cube1.json.0123abcd.tmp"]
