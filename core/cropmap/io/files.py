"""Writing files so that a reader never meets half of one, and so that a full disk is told, not met."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import os
import re
import shutil
import sys
import tempfile
import unicodedata
import uuid
from typing import IO, TYPE_CHECKING

from cropmap.contract.errors import OutputError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 1 << 20
# Names that Windows keeps for devices, with any ending.
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_LONGEST_NAME = 100
# What the systems answer where someone else holds a lock.
_LOCKED = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)


def atomic_write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that its name holds either the old content or the new, whatever happens.

    The data are on the disk (fsync) before the name is given to them.

    Raises:
        OutputError: The folder cannot be written or the disk is full; the old content stands.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with partial.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise write_error(path, error, needed_bytes=len(data)) from error


def atomic_write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file as `atomic_write_bytes` does, line ends as given."""
    atomic_write_bytes(path, text.encode("utf-8"))


def remove_atomic(path: Path) -> None:
    """Delete a file that `atomic_write_bytes` wrote, and what a killed process left of writing it."""
    path.unlink(missing_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        left.unlink(missing_ok=True)


def sync_file(path: Path) -> None:
    """Wait until a file's content is on the disk."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Wait until a folder's names are on the disk, where the system offers that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        # Some network file systems refuse it for folders; the rename itself still stands.
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def check_writable(folder: Path) -> None:
    """Make a folder if need be, and prove by writing that files can be made in it.

    Raises:
        OutputError: They cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"cropmap")
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        raise OutputError(
            f"The folder cannot be written: {error.strerror or error}.",
            where=str(folder),
            fix="Choose a folder that you may write to, on a disk that is not full.",
        ) from error


class FileLock:
    """Keeps two writers from one target: a lock of the system on a file, which ends with the process that holds it.

    The file itself is deleted at the release; one that a killed process left behind locks nothing. Where the file
    system offers no locks, there is none.

    Args:
        path: The lock file, in a folder that can be written.

    Raises:
        OutputError: Another writer, of this process or another one, holds it; or the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None
        while self._file is None:
            self._file = self._try()

    def release(self) -> None:
        """Let the next writer in."""
        held, self._file = self._file, None
        if held is None:
            return
        if os.name == "posix":
            # Before the lock ends: a file that another writer has locked since must stay.
            self._unlink()
            held.close()
        else:
            # Windows deletes no open file, neither ours nor that of the next writer.
            held.close()
            self._unlink()

    def _try(self) -> IO[bytes] | None:
        """Return the locked file; None where its holder deleted it in the meantime."""
        try:
            file = self.path.open("ab")
        except OSError as error:
            raise write_error(self.path, error, needed_bytes=1) from error
        try:
            _lock(file)
        except OSError as error:
            if error.errno in _LOCKED:
                file.close()
                raise OutputError(
                    "Another run is writing here.",
                    where=str(self.path.parent),
                    fix="Wait until it has ended, or choose another folder.",
                ) from error
        if self._same(file):
            return file
        file.close()
        return None

    def _same(self, file: IO[bytes]) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self.path.stat())
        except FileNotFoundError:
            return False

    def _unlink(self) -> None:
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def free_bytes(folder: Path) -> int:
    """Return the free space, in bytes, of the disk that holds a folder or its nearest existing parent."""
    existing = next(parent for parent in (folder, *folder.resolve().parents) if parent.exists())
    return shutil.disk_usage(existing).free


def check_space(folder: Path, needed: int, *, what: str) -> None:
    """Refuse to start what the disk cannot hold.

    Args:
        folder: Where it will be written.
        needed: Bytes that it may take.
        what: What it is, for the message: "The map".

    Raises:
        OutputError: Less than that is free.
    """
    free = free_bytes(folder)
    if free < needed:
        raise OutputError(
            f"{what} needs up to {readable_size(needed)}; {readable_size(free)} are free.",
            where=str(folder),
            fix=f"Free {readable_size(needed - free)}, or choose a folder on another disk.",
        )


def write_error(path: Path, error: Exception, *, needed_bytes: int, kept: str = "") -> OutputError:
    """Return the error that tells why a file could not be written.

    Args:
        path: The file.
        error: What the system or GDAL said.
        needed_bytes: About how much the write takes.
        kept: What stays on the disk and how to go on with it; empty where nothing does.
    """
    free = free_bytes(path.parent)
    full = getattr(error, "errno", None) == errno.ENOSPC or free < needed_bytes
    fix = "Choose a folder that you may write to." if not full else "Free some space, then run it again."
    reason = getattr(error, "strerror", None) or str(error)
    return OutputError(
        f"Writing failed: {reason.rstrip('.')}. It needs about {readable_size(needed_bytes)}; "
        f"{readable_size(free)} are free.",
        where=str(path),
        fix=f"{fix} {kept}".strip(),
    )


def readable_size(count: float) -> str:
    """Return a number of bytes as people write it: "3.2 MB"."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 as hexadecimal text, read in pieces of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def safe_name(text: str) -> str:
    """Return a file name, without ending, that every file system takes: letters, digits, "-", "_" and inner dots.

    Accents are dropped; a text of which nothing is left becomes "unnamed".
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", plain).strip("._- ")[:_LONGEST_NAME].rstrip("._-")
    return f"_{name}" if _RESERVED.fullmatch(name) else name or "unnamed"
