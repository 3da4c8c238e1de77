"""Savitzky and Golay's smoother: a polynomial through each step's neighbours."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import RecipeError
from cropmap.contract.params import param
from cropmap.kernels import fused_kernel
from cropmap.prepare import STEPS
from cropmap.prepare.step import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season


@dataclass(frozen=True)
class SavitzkyGolayParams:
    """How many neighbours, and how their polynomial may bend."""

    window: int = param(
        7, title="Window", help="Steps that a polynomial is fitted to, the middle one included: odd.", low=3, high=99
    )
    order: int = param(
        2, title="Order", help="Degree of the polynomial, below the window: higher keeps sharper peaks.", low=0, high=9
    )


class SavitzkyGolay(Step):
    """Smooths regular series without gaps.

    Raises:
        RecipeError: A window that is even, or an order that is not below it.
    """

    gaps = False

    def __init__(self, params: SavitzkyGolayParams) -> None:
        self.params = params
        if params.window % 2 == 0 or params.order >= params.window:
            raise RecipeError(
                f"A window of {params.window} steps with order {params.order} does not work.",
                where="step 'savitzky_golay'",
                fix="Give an odd window, and an order below it.",
            )
        self.shares = fitted_shares(params.window, params.order)

    def nodes(self, nodes: NDArray[np.int32] | None, season: Season) -> NDArray[np.int32] | None:
        """Return the days that there are.

        Raises:
            RecipeError: They are not equally spaced, or fewer than the window.
        """
        del season
        if nodes is not None:
            self._check(nodes)
        return nodes

    def apply(self, series: PixelSeries, season: Season) -> PixelSeries:
        """Return the smooth series; a pixel with a gap is NaN, and no longer valid.

        Raises:
            RecipeError: The days are not equally spaced, or fewer than the window.
        """
        del season
        self._check(series.days)
        whole: NDArray[np.bool_] = np.all(series.clear, axis=1)
        if series.holes:
            whole &= np.isfinite(series.values).all(axis=(1, 2))
        made = np.empty_like(series.values)
        _filter(series.values, whole, self.shares, made)
        clear = np.empty_like(series.clear)
        clear[:] = whole[:, np.newaxis]
        return dataclasses.replace(series, values=made, clear=clear, valid=series.valid & whole, holes=False)

    def _check(self, days: NDArray[np.int32]) -> None:
        gaps = np.diff(days)
        if len(days) < self.params.window or (gaps != gaps[0]).any():
            raise RecipeError(
                f"The series has {len(days)} dates, from one to the next {_span(gaps)} days; the filter takes equally "
                f"spaced ones, {self.params.window} at least.",
                where="step 'savitzky_golay'",
                fix="Put a step before it that makes regular dates, such as linear, or take a smaller window.",
            )


@STEPS.register(
    "savitzky_golay",
    title="Savitzky-Golay smoothing",
    params=SavitzkyGolayParams,
    citation="Savitzky and Golay 1964, doi 10.1021/ac60214a047",
)
def savitzky_golay(params: SavitzkyGolayParams) -> Step:
    """Fit a polynomial to each step and its neighbours by least squares, and take its value at the step.

    The first and the last steps lie on the polynomial of the first and the last whole window. It takes regular series
    without gaps: put it after linear resampling, for example.

    Raises:
        RecipeError: A window that is even, or an order that is not below it.
    """
    return SavitzkyGolay(params)


def fitted_shares(window: int, order: int) -> NDArray[np.float64]:
    """Return each value's share in the polynomial's values over one window, (step, value), float64.

    Row k gives the least-squares polynomial at step k of the window; the middle row is the filter inside a series, the
    others are for its edges.

    Source: Savitzky and Golay 1964, doi 10.1021/ac60214a047.
    """
    places = np.linspace(-1, 1, window)
    basis, _ = np.linalg.qr(np.polynomial.legendre.legvander(places, order))
    shares: NDArray[np.float64] = basis @ basis.T
    return shares


def _span(gaps: NDArray[np.int32]) -> str:
    if not len(gaps):
        return "no"
    low, high = int(gaps.min()), int(gaps.max())
    return str(low) if low == high else f"{low} to {high}"


@fused_kernel
def _filter(
    values: NDArray[np.float32], whole: NDArray[np.bool_], shares: NDArray[np.float64], made: NDArray[np.float32]
) -> None:
    """Fill in the smooth series; NaN where a pixel is not whole."""
    pixels, steps, bands = values.shape
    half, size = len(shares) // 2, steps * bands
    flat, into = values.reshape(pixels, size), made.reshape(pixels, size)
    known, wanted = np.empty(size), np.empty(size)
    for pixel in range(pixels):
        if not whole[pixel]:
            into[pixel] = np.nan
            continue
        row = flat[pixel]
        for place in range(size):
            known[place] = row[place]
        # All bands of all inner steps in one run: a neighbour in time is `bands` places away.
        inner = wanted[half * bands : size - half * bands]
        inner[:] = 0.0
        for neighbour in range(len(shares)):
            share = shares[half, neighbour]
            moved = known[neighbour * bands : neighbour * bands + len(inner)]
            for place in range(len(inner)):
                inner[place] += share * moved[place]
        _fit_edge(known, shares[:half], bands, wanted)
        start = size - len(shares) * bands
        _fit_edge(known[start:], shares[half + 1 :], bands, wanted[size - half * bands :])
        for place in range(size):
            into[pixel, place] = wanted[place]


@fused_kernel
def _fit_edge(known: NDArray[np.float64], shares: NDArray[np.float64], bands: int, wanted: NDArray[np.float64]) -> None:
    """Fill in the steps that one window's polynomial gives, one a row of the shares."""
    for step in range(len(shares)):
        for band in range(bands):
            total = 0.0
            for neighbour in range(shares.shape[1]):
                total += shares[step, neighbour] * known[neighbour * bands + band]
            wanted[step * bands + band] = total
