"""Which samples train, and which decide when a network stops."""

from __future__ import annotations

import numpy as np
import pytest

from cropmap.contract.errors import SampleError
from cropmap.data.legend import Legend, LegendClass
from cropmap.training.sides import check_split

LEGEND = Legend((LegendClass(1, "maize", "#ffd300"), LegendClass(5, "soya", "#267000")))


def test_too_few_samples_for_a_network_to_stop_by_call_for_a_model_that_needs_none() -> None:
    with pytest.raises(SampleError, match=r"No sample is left.*4 training samples.*random_forest"):
        check_split(np.zeros(4, np.bool_), np.array([0, 0, 1, 1]), LEGEND)
