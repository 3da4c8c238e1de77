"""Weights that PyTorch wrote, such as published pre-trained ones: read as numbers only, never as code."""

from __future__ import annotations

import pickle  # noqa: TID251 - for the name of its error alone
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import PackageError
from cropmap.io.files import readable_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LIMIT = 2 * 2**30
_CHOOSE = "Choose a file of weights (a state dict) that PyTorch 1.6 or later wrote, usually *.pt."
_DAMAGED = "Download the weights again."
_UNSAFE = "Use only weights from someone you trust, saved as a plain state dict."


def read_torch_weights(path: Path | str) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of a state dict that PyTorch saved, by name.

    Such a file is a pickle in a zip. Only numbers are taken from it: what would run code is refused by PyTorch before
    it runs (weights_only).

    Args:
        path: The file.

    Returns:
        Floating numbers as float32, others as they are; all finite.

    Raises:
        PackageError: The file is missing, damaged, unsafe or larger than 2 GiB, or holds anything but named arrays.
    """
    where = str(path)
    _check_file(Path(path), where)
    found = _loaded(where)
    if not isinstance(found, Mapping) or not found:
        raise PackageError("The file of weights holds no named arrays.", where=where, fix=_CHOOSE)
    return {str(name): _array(str(name), tensor, where) for name, tensor in found.items()}


def _check_file(path: Path, where: str) -> None:
    """Refuse what is not a zip, or would unpack to more than the limit."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except FileNotFoundError as error:
        raise PackageError("There is no such file of weights.", where=where, fix="Choose an existing file.") from error
    except zipfile.BadZipFile as error:
        raise PackageError("The file of weights is damaged or of another kind.", where=where, fix=_CHOOSE) from error
    except (OSError, ValueError) as error:
        raise PackageError(f"The file of weights cannot be read: {error}.", where=where, fix=_CHOOSE) from error
    if size > _LIMIT:
        raise PackageError(
            f"The file of weights unpacks to {readable_size(size)}; {readable_size(_LIMIT)} are allowed.",
            where=where,
            fix=_UNSAFE,
        )


def _loaded(where: str) -> Any:
    import torch

    try:
        return torch.load(where, map_location="cpu", weights_only=True)  # noqa: TID251 - numbers only
    except pickle.UnpicklingError as error:
        raise PackageError(
            "The file of weights holds more than numbers: it would run code.", where=where, fix=_UNSAFE
        ) from error
    except (OSError, RuntimeError, ValueError, EOFError, LookupError, TypeError, AttributeError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PackageError(f"The file of weights is damaged: {first}", where=where, fix=_DAMAGED) from error


def _array(name: str, tensor: Any, where: str) -> NDArray[np.generic]:
    import torch

    if not isinstance(tensor, torch.Tensor) or tensor.layout != torch.strided or tensor.is_quantized:
        raise PackageError(
            f"{name!r} in the file of weights is no plain array but {type(tensor).__name__}.", where=where, fix=_CHOOSE
        )
    plain = tensor.detach().to(torch.float32) if tensor.is_floating_point() else tensor.detach()
    array: NDArray[np.generic] = plain.numpy().copy()
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise PackageError(
            f"{name!r} in the file of weights holds numbers that are not finite.", where=where, fix=_DAMAGED
        )
    return array
