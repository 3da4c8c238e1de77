"""Errors that say what happened, where, and how to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class CropMapError(Exception):
    """A problem that the user can mend.

    Args:
        what: What happened, with the offending value.
        where: The file, band, class, block or parameter it happened in.
        fix: How to go on.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        advice = f" {self.fix}" if self.fix else ""
        return f"{self.what}{place}{advice}"

    def to_dict(self) -> dict[str, str]:
        """Return the parts as plain text, for event lines."""
        return {"type": type(self).__name__, "what": self.what, "where": self.where, "fix": self.fix}


@dataclass(frozen=True)
class Problem:
    """One wrong parameter value: its name, what is wrong with it, how to go on."""

    parameter: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        advice = f" {self.fix}" if self.fix else ""
        return f"{self.parameter}: {self.what}{advice}"


class ParameterError(CropMapError):
    """Wrong parameter values, all of them at once."""

    def __init__(self, problems: Sequence[Problem], *, where: str = "") -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems), where=where)


class JobError(CropMapError):
    """A job file that cannot be read or run."""


class GridError(CropMapError):
    """Rasters that do not share a grid, or a window outside one."""


class SourceError(CropMapError):
    """Images that are missing, unreadable or incomplete."""


class RecipeError(CropMapError):
    """A preparation that does not fit the series it is given."""


class LegendError(CropMapError):
    """Class codes, names or colours that contradict each other."""


class SampleError(CropMapError):
    """Samples that cannot be used for what is asked."""


class ModelError(CropMapError):
    """A model that cannot be fitted or used on the data given."""


class PackageError(CropMapError):
    """A model package that is damaged, unsafe or made for other data."""


class TransferError(CropMapError):
    """A transfer that lacks what its strategy needs, or whose source and target do not fit together."""


class OutputError(CropMapError):
    """A result that cannot be written."""


class WorkerError(CropMapError):
    """A worker's environment that is missing or broken, or a worker that ended abnormally."""
