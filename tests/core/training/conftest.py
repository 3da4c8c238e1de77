import datetime as dt

import numpy as np
import pytest

from cropmap.data.legend import Legend, LegendClass
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season

CLASSES = (LegendClass(1, "maize", "#ffd300"), LegendClass(5, "soybean", "#267000"), LegendClass(9, "other", "#d3d3d3"))


@pytest.fixture
def make_samples():
    def make(count=60, steps=5, bands=2, seed=0, noise=0.1):
        """Classes 1 and 5 (9 never occurs), told apart by the level of band 0; groups of five samples each."""
        rng = np.random.default_rng(seed)
        codes = np.where(np.arange(count) % 2, 5, 1).astype(np.uint8)
        values = rng.normal(0.3, noise, (count, steps, bands)).astype(np.float32)
        values[:, :, 0] += np.where(codes == 5, 0.5, 0.0)[:, None]
        return SampleSet(
            values=values,
            codes=codes,
            ids=np.array([f"s{number:04d}" for number in range(count)]),
            x=rng.uniform(0, 1e5, count),
            y=rng.uniform(0, 1e5, count),
            groups=np.array([f"field {number // 5}" for number in range(count)]),
            days=(np.arange(steps) * 7).astype(np.int32),
            bands=tuple(f"b{number}" for number in range(bands)),
            legend=Legend(CLASSES),
            recipe=Recipe("weekly", Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30)), (StepUse("linear", {"n": 7}),)),
            crs="",
        )

    return make
