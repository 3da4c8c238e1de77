"""Two sites for strategies: same crops, the second one later, brighter and with other shares."""

import datetime as dt

import numpy as np
import pytest

from cropmap.data.legend import legend_from_names
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season

NAMES = ("corn", "other", "soybean")
STEPS, BANDS = 12, ("red", "nir", "swir1")
DAYS = np.arange(0, 14 * STEPS, 14, dtype=np.int32)
PEAKS = {"corn": 70.0, "other": 40.0, "soybean": 100.0}


def site(counts, *, seed=0, lag=0.0, bright=0.0, noise=0.03, name="A"):
    """Samples of a site: `counts` by class name; every crop peaks `lag` days later; `bright` is added to all bands."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(list(counts), list(counts.values()))
    peaks = np.array([PEAKS.get(label, 130.0) for label in labels]) + lag + rng.normal(0, 4, len(labels))
    green = np.exp(-(((DAYS[None, :] - peaks[:, None]) / 28.0) ** 2))
    curves = np.stack([0.14 - 0.09 * green, 0.2 + 0.3 * green, 0.26 - 0.12 * green], axis=2) + bright
    values = (curves + rng.normal(0, noise, curves.shape)).astype(np.float32)
    legend = legend_from_names(sorted({*NAMES, *labels.tolist()}))
    ids = np.char.add(f"{name}-", np.arange(len(labels)).astype(str))
    return SampleSet(
        values=values,
        codes=np.array([legend.code_of(label) for label in labels.tolist()], np.uint8),
        ids=ids,
        x=rng.uniform(0, 50_000, len(labels)),
        y=rng.uniform(0, 50_000, len(labels)),
        groups=np.char.add("#", ids),
        days=DAYS,
        bands=BANDS,
        legend=legend,
        recipe=Recipe("own", Season(dt.date(2023, 4, 1), dt.date(2023, 4, 1) + dt.timedelta(days=int(DAYS[-1]))), ()),
        crs="EPSG:32634",
        sites=np.full(len(labels), name),
    )


def accuracy(package, samples):
    """The share of samples whose class the package tells, by canonical name."""
    from cropmap.models.predictor import Predictor
    from cropmap.transfer.classes import codes_in

    columns = Predictor(package).probabilities(samples.values).argmax(axis=1)
    return float((codes_in(package, samples.legend)[columns] == samples.codes).mean())


@pytest.fixture(scope="session")
def source():
    return site({"corn": 120, "other": 120, "soybean": 120}, seed=1)


@pytest.fixture(scope="session")
def late():
    """The same crops three weeks later: a model of the source takes many for another."""
    return site({"corn": 150, "other": 60, "soybean": 90}, seed=2, lag=21, name="B")
