import logging
import os
import platform
import subprocess
import sys

import pytest
import torch

from cropmap.contract.errors import ModelError
from cropmap.models.memory import Rows, out_of_memory, spans

CPU = "[enforce fail at alloc_cpu.cpp:114] data. DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 B"
WINDOWS = "[enforce fail at ..] data. DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."


def short_of(most, error=None):
    """Return a task that takes so many rows at most."""

    def compute(size):
        if size > most:
            raise error or RuntimeError(CPU)
        return size

    return compute


@pytest.mark.parametrize(
    "error", [RuntimeError(CPU), RuntimeError(WINDOWS), MemoryError(), torch.OutOfMemoryError("CUDA out of memory.")]
)
def test_rows_are_halved_until_they_fit_and_stay_so(error):
    told = []
    rows = Rows(100, "Training", told.append)
    assert rows.within(short_of(30, error)) == 25
    assert rows.within(short_of(100)) == 25
    assert [line.split(";")[1] for line in told] == [" it goes on with 50.", " it goes on with 25."]


def test_what_does_not_fit_at_all_is_told():
    with pytest.raises(ModelError, match=r"Memory ran out.*Training, 1 rows at a time.*smaller network"):
        Rows(5, "Training", lambda _: None).within(short_of(0))
    rows = Rows(5, "Training", lambda _: None, least=2)
    with pytest.raises(ModelError, match="2 rows at a time"):
        rows.within(short_of(1))


def test_other_errors_go_on():
    with pytest.raises(RuntimeError, match="shapes"):
        Rows(5, "Training").within(short_of(1, RuntimeError("shapes cannot be multiplied")))
    assert not out_of_memory(ValueError("not enough"))


def test_without_a_listener_the_log_is_told(caplog):
    with caplog.at_level(logging.WARNING):
        Rows(4, "Prediction").within(short_of(2))
    assert "Prediction: memory ran out with 4 rows at a time; it goes on with 2." in caplog.text


def test_pytorch_s_own_error_is_known():
    """More than any computer's address space holds."""
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert out_of_memory(caught.value)


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [(0, 3, []), (1, 3, [1]), (3, 3, [3]), (4, 3, [4]), (5, 3, [3, 2]), (7, 3, [3, 4]), (3, 1, [1, 1, 1])],
)
def test_spans_cover_everything_in_order_and_leave_no_single_row(count, size, expected):
    found = list(spans(count, size))
    assert [span.stop - span.start for span in found] == expected
    assert [row for span in found for row in range(count)[span]] == list(range(count))


ASKED = """
import resource, torch
from cropmap.models.memory import keep_freed_memory
print(keep_freed_memory())
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        held = [torch.ones(500_000) for _ in range(8)]
        del held
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to keep memory")
@pytest.mark.parametrize("kept", [True, False])
def test_freed_memory_is_kept_unless_the_user_has_chosen(kept):
    """Pages that are given back are touched anew: 16 MB of 4 KB pages in each of 50 turns."""
    own = {} if kept else {"MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "131072"}
    env = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")} | own
    told = subprocess.run([sys.executable, "-c", ASKED], env=env, capture_output=True, text=True, check=True)
    said, faults = told.stdout.split()
    assert said == str(kept)
    assert (int(faults) < 1000) == kept
