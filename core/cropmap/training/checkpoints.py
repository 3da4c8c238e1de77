"""What an interrupted training goes on from: one file, whole or absent, with nothing in it that could run."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import safetensors.torch
from torch import Tensor

from cropmap.contract.errors import OutputError
from cropmap.io.files import atomic_write_bytes

if TYPE_CHECKING:
    from pathlib import Path

# Seconds between two writes: a crash costs about as much, a cancelled training nothing.
_EVERY = 10.0


@dataclass(frozen=True)
class State:
    """All that the rest of a training depends on, as it is between two epochs.

    Args:
        tensors: By name; copies that the training does not change any more.
        figures: Plain JSON values.
    """

    tensors: Mapping[str, Tensor]
    figures: Mapping[str, Any]


class Checkpoint:
    """The file that keeps a training's last state.

    It begins with the SHA-256 of the rest, in hexadecimal, and one line of JSON; safetensors follow.

    Args:
        path: The file; its folder is made when it is first written.
        task: Tells samples, parameters, seed and versions apart: only the same training may go on from the file.
        warn: Told why a file is not used, or cannot be written.
    """

    def __init__(self, path: Path, task: str, warn: Callable[[str], None]) -> None:
        self.path, self.task = path, task
        self._warn = warn
        self._pending: State | None = None
        self._written = time.monotonic()

    def read(self) -> State | None:
        """Return the state to go on from; None where there is none of this training."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._warn_of(f"cannot be read: {error.strerror}")
            return None
        digest, _, body = content.partition(b"\n")
        if digest.decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
            self._warn_of("is damaged")
            return None
        line, _, tensors = body.partition(b"\n")
        head = json.loads(line)
        if head["task"] != self.task:
            self._warn_of("is that of another training")
            return None
        return State(safetensors.torch.load(tensors), head["figures"])

    def take(self, state: State) -> None:
        """Remember a state, and write it where the last write was a while ago."""
        self._pending = state
        if time.monotonic() - self._written >= _EVERY:
            self.write()

    def write(self) -> None:
        """Write the last state, unless it is written already. A full disk does not end the training."""
        state, self._pending = self._pending, None
        if state is None:
            return
        head = json.dumps({"task": self.task, "figures": dict(state.figures)})
        body = head.encode() + b"\n" + safetensors.torch.save(dict(state.tensors))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write_bytes(self.path, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        except (OutputError, OSError) as error:
            self._warn(f"What was trained so far could not be kept: {error}")
        self._written = time.monotonic()

    def remove(self) -> None:
        """Delete the file: the training is done."""
        self._pending = None
        self.path.unlink(missing_ok=True)

    def _warn_of(self, why: str) -> None:
        self._warn(f"The unfinished training in {self.path} {why}; the training starts anew.")
