import errno

import numpy as np
import pytest
import torch

from cropmap.training import checkpoints
from cropmap.training.checkpoints import Checkpoint, State

STATE = State(
    {
        "weights": torch.linspace(0, 1, 7, dtype=torch.float64),
        "count": torch.tensor(3),
        "bytes": torch.arange(5).byte(),
    },
    {"epochs": [{"loss": 0.1 + 0.2, "rate": 1e-17}]},
)


@pytest.fixture
def told():
    return []


@pytest.fixture
def checkpoint(tmp_path, told):
    return Checkpoint(tmp_path / "new folder" / "training.checkpoint", "task", told.append)


def written(checkpoint):
    checkpoint.take(STATE)
    checkpoint.write()
    return checkpoint.path


def test_what_is_written_is_read_to_the_last_bit(checkpoint, told):
    written(checkpoint)
    found = checkpoint.read()
    assert found.figures == STATE.figures
    assert set(found.tensors) == set(STATE.tensors)
    assert all(torch.equal(found.tensors[name], STATE.tensors[name]) for name in STATE.tensors)
    assert all(found.tensors[name].dtype == STATE.tensors[name].dtype for name in STATE.tensors)
    assert told == []


def test_there_is_nothing_before_the_first_write_and_after_the_training(checkpoint, told):
    assert checkpoint.read() is None
    checkpoint.write()
    assert not checkpoint.path.exists()
    written(checkpoint)
    checkpoint.remove()
    assert checkpoint.read() is None
    checkpoint.remove()
    assert told == []


@pytest.mark.parametrize("place", [0, 70, 100, -1])
def test_one_changed_byte_is_seen_anywhere(checkpoint, told, place):
    path = written(checkpoint)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert checkpoint.read() is None
    assert "is damaged; the training starts anew" in told[0]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe" * 40])
def test_a_file_of_something_else_is_not_read(checkpoint, told, content):
    written(checkpoint).write_bytes(content)
    assert checkpoint.read() is None
    assert len(told) == 1


def test_the_state_of_another_training_is_not_gone_on_from(checkpoint, told):
    path = written(checkpoint)
    assert Checkpoint(path, "other task", told.append).read() is None
    assert "is that of another training" in told[0]


def test_states_are_written_now_and_then(checkpoint, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now[0])
    own = Checkpoint(checkpoint.path, "task", print)
    own.take(STATE)
    assert not own.path.exists()
    now[0] += 11
    own.take(STATE)
    assert own.path.exists()
    own.path.unlink()
    now[0] += 5
    own.take(STATE)
    assert not own.path.exists()


def test_a_full_disk_is_told_and_ends_nothing(checkpoint, told, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoints, "atomic_write_bytes", full)
    written(checkpoint)
    assert "could not be kept" in told[0]
    assert "No space left" in told[0]


def test_a_folder_in_its_place_is_told(checkpoint, told):
    checkpoint.path.mkdir(parents=True)
    assert checkpoint.read() is None
    assert "cannot be read" in told[0]


def test_nothing_in_the_file_could_run(checkpoint):
    """Plain text and numbers: not the marks of a pickle or of a zip that PyTorch writes."""
    content = written(checkpoint).read_bytes()
    head, line, rest = content.split(b"\n", 2)
    assert len(head) == 64
    assert line.startswith(b'{"task": "task"')
    size = int(np.frombuffer(rest[:8], "<u8")[0])
    assert rest[8 : 8 + size].strip().startswith(b"{")
