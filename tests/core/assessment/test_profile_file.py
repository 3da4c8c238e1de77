"""Class profiles as a file."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np

from cropmap.assessment.profile_file import profiles_json
from cropmap.data.legend import legend_from_names
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season


def test_hidden_values_do_not_count_and_a_step_without_any_is_null():
    values = np.zeros((4, 2, 2), np.float32)  # (sample, step, band): red, clear
    values[:, :, 0] = [[1, 5], [2, 5], [3, 5], [9, 5]]
    values[:, :, 1] = [[1, 0], [1, 0], [1, 0], [0, 1]]
    samples = SampleSet(
        values=values,
        codes=np.array([0, 0, 0, 2], np.uint8),
        ids=np.array(list("abcd")),
        x=np.arange(4.0),
        y=np.zeros(4),
        groups=np.array(list("abcd")),
        days=np.array([0, 10], np.int32),
        bands=("red", "clear"),
        legend=legend_from_names(["corn", "rye", "soy"]),
        recipe=Recipe("raw", Season(dt.date(2023, 4, 1), dt.date(2023, 5, 1)), ()),
        crs="",
    )
    found = json.loads(profiles_json(samples))
    assert (found["dates"], found["bands"]) == (["2023-04-01", "2023-04-11"], ["red"])
    assert list(found["classes"]) == ["corn", "soy"]  # of rye there is none
    assert found["classes"]["corn"]["quantiles"]["50"] == [[2.0], [None]]
    assert found["classes"]["corn"]["quantiles"]["25"] == [[1.5], [None]]
    assert found["classes"]["soy"]["quantiles"]["95"] == [[None], [5.0]]
