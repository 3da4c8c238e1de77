"""Progress of a running job, and the way it is cancelled."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

Listener = Callable[[float, str], None]
PointListener = Callable[[str, Mapping[str, float]], None]


class Cancelled(Exception):  # noqa: N818 - it is an outcome, not an error
    """The user stopped the job."""


class Progress:
    """Tells a listener how far a computation is, as a fraction of the whole job.

    Algorithms call `at`, `part` or `over` and hold no `if cancelled`: each of these raises `Cancelled` once the user
    has stopped the job. The default is silent and never cancelled.

    Args:
        listener: Called with the fraction of the whole job done (0..1) and a message.
        cancelled: Asked at every report.
        warn: Called with a sentence that the user should see though the job goes on.
        point: Called with the name of a curve that grows, e.g. "Fold 1", and the figures of its next point.
    """

    def __init__(
        self,
        listener: Listener | None = None,
        *,
        cancelled: Callable[[], bool] | None = None,
        warn: Callable[[str], None] | None = None,
        point: PointListener | None = None,
    ) -> None:
        self._listener = listener or (lambda _fraction, _message: None)
        self._cancelled = cancelled or (lambda: False)
        self._warn = warn or (lambda _message: None)
        self._point = point or (lambda _curve, _figures: None)
        self._curve = ""
        self._start, self._end = 0.0, 1.0

    def at(self, fraction: float, message: str = "") -> None:
        """Report that this part is done to `fraction` (0..1)."""
        self.check()
        self._listener(self._start + (self._end - self._start) * min(max(fraction, 0.0), 1.0), message)

    def check(self) -> None:
        """Raise `Cancelled` if the user has stopped the job, without a report."""
        if self._cancelled():
            raise Cancelled

    def part(self, start: float, end: float) -> Progress:
        """Return a progress that covers from `start` to `end` of this one."""
        width = self._end - self._start
        return self._changed(_start=self._start + width * start, _end=self._start + width * end)

    def curve(self, name: str, *, default: bool = False) -> Progress:
        """Return the same progress, whose points belong to the curve of that name.

        Args:
            name: What it is called; within another curve both: "Forest, fold 1".
            default: Leave a curve that has a name already as it is.
        """
        if default and self._curve:
            return self
        return self._changed(_curve=f"{self._curve}, {name}" if self._curve else name)

    def point(self, figures: Mapping[str, float]) -> None:
        """Tell the next point of the curve, e.g. an epoch's losses."""
        self._point(self._curve, figures)

    def over(self, items: Sequence[T], message: str = "") -> Iterator[T]:
        """Yield the items one by one, reporting before each and after the last."""
        for done, item in enumerate(items):
            self.at(done / len(items), message)
            yield item
        self.at(1.0, message)

    def also_telling(self, keep: Callable[[str], None]) -> Progress:
        """Return the same progress, whose warnings reach `keep` too."""

        def both(message: str) -> None:
            keep(message)
            self._warn(message)

        return self._changed(_warn=both)

    def warn(self, message: str) -> None:
        """Tell the user something that does not stop the job."""
        self._warn(message)

    def _changed(self, **fields: Any) -> Progress:
        same = copy.copy(self)
        vars(same).update(fields)
        return same
