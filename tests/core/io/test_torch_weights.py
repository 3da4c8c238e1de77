import os
import zipfile

import numpy as np
import pytest
import torch

from cropmap.contract.errors import PackageError
from cropmap.io import torch_weights
from cropmap.io.torch_weights import read_torch_weights


def saved(path, content):
    torch.save(content, path)
    return path


def test_a_state_dict_is_read_as_named_arrays(tmp_path):
    layer = torch.nn.Linear(3, 2)
    state = {**layer.state_dict(), "half": torch.ones(2, dtype=torch.bfloat16), "count": torch.tensor(7)}
    found = read_torch_weights(saved(tmp_path / "layer.pt", state))
    assert {name: (array.shape, array.dtype.name) for name, array in found.items()} == {
        "weight": ((2, 3), "float32"),
        "bias": ((2,), "float32"),
        "half": ((2,), "float32"),
        "count": ((), "int64"),
    }
    np.testing.assert_array_equal(found["weight"], layer.weight.detach().numpy())


def test_the_arrays_are_the_caller_s_own(tmp_path):
    path = saved(tmp_path / "one.pt", {"a": torch.zeros(3)})
    read_torch_weights(path)["a"][:] = 5
    assert (read_torch_weights(path)["a"] == 0).all()


class _Runs:
    """What a hostile file holds: a call that is made while it is read."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_what_would_run_code_is_refused_and_does_not_run(tmp_path):
    path = saved(tmp_path / "hostile.pt", {"a": torch.zeros(2), "b": _Runs(tmp_path / "made")})
    with pytest.raises(PackageError, match="would run code"):
        read_torch_weights(path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ({"a": torch.zeros(2), "b": "text"}, "'b' in the file of weights is no plain array but str"),
        ({"a": torch.zeros(2).to_sparse()}, "no plain array"),
        ({"a": torch.tensor([1.0, torch.nan])}, "not finite"),
        ({}, "no named arrays"),
        ([torch.zeros(2)], "no named arrays"),
    ],
)
def test_anything_but_named_finite_arrays_is_refused(tmp_path, content, what):
    with pytest.raises(PackageError, match=what):
        read_torch_weights(saved(tmp_path / "other.pt", content))


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(PackageError, match="There is no such file of weights"):
        read_torch_weights(tmp_path / "none.pt")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(PackageError, match=r"cannot be read|damaged"):
        read_torch_weights(tmp_path)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_truncated_file_is_refused(tmp_path, kept):
    path = saved(tmp_path / "whole.pt", {"a": torch.arange(1000.0)})
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(PackageError, match="damaged"):
        read_torch_weights(path)


def test_a_zip_of_another_kind_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(PackageError, match="damaged"):
        read_torch_weights(tmp_path / "other.zip")


def test_a_file_that_unpacks_to_too_much_is_refused_unread(tmp_path, monkeypatch):
    path = saved(tmp_path / "large.pt", {"a": torch.zeros(10_000)})
    monkeypatch.setattr(torch_weights, "_LIMIT", 30_000)
    monkeypatch.setattr(torch, "load", lambda *_args, **_values: pytest.fail("it was read"))
    with pytest.raises(PackageError, match="unpacks to"):
        read_torch_weights(path)
