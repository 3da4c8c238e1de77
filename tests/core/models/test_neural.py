"""What is true of every network: its parts are named, and those that rest do not learn, drop or count."""

import numpy as np
import pytest
import torch

from cropmap.models import MODELS
from cropmap.models.base import SeriesShape, model_class
from cropmap.models.neural import SeriesNetwork
from cropmap.seeds import torch_seed
from cropmap.training.loop import freeze

SHAPE = SeriesShape(9, 4, 3)
SMALL = {"width": 8, "layers": 3, "heads": 2, "hidden": 8, "dense": 16, "summary": 8, "keys": 4, "feed_forward": 8}
NAMES = [entry.name for entry in MODELS.entries() if "gradients" in entry.needs]
networks = pytest.mark.parametrize("name", NAMES)


def network_of(name, **values):
    known = MODELS.get(name).catalogued().schema["properties"]
    own = {key: value for key, value in {**SMALL, **values}.items() if key in known}
    with torch_seed(0):
        return model_class(name).build(MODELS.get(name).parse(own), SHAPE)


@networks
def test_the_stages_hold_every_weight_and_statistic_but_the_head_s_once(name):
    network = network_of(name)
    stages = network.stages()
    holding = {
        key: [stage for stage in stages if key == stage or key.startswith(f"{stage}.")]
        for key in network.state_dict()
        if not key.startswith("head.")
    }
    assert {key: len(found) for key, found in holding.items()} == dict.fromkeys(holding, 1)
    assert len(set(stages)) == len(stages)


@networks
def test_with_all_stages_frozen_features_are_those_of_evaluation_and_no_statistic_moves(name):
    """The network itself is left in training mode, as it is while its head learns."""
    network = network_of(name, dropout=0.5, positions="day", form="attentive", band_norm=True)
    values = torch.from_numpy(np.random.default_rng(0).normal(size=(20, 9, 4)).astype(np.float32))
    network.eval()
    with torch.no_grad():
        expected = network.encode(values)
        before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
        frozen = freeze(network, network.stages())
        network.train()
        for module in frozen:
            module.eval()
        torch.testing.assert_close(network.encode(values), expected)
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())
    assert [key for key, weight in network.named_parameters() if weight.requires_grad] == ["head.weight", "head.bias"]


@pytest.mark.parametrize(
    ("name", "values", "blocks"),
    [
        ("bmp", {}, (("embed", "drop_code"), ("layers.0",), ("layers.1",), ("layers.2", "norm"))),
        ("transformer", {}, (("embed",), ("layers.0",), ("layers.1",), ("layers.2", "norm"))),
        (
            "ltae",
            {},
            (
                ("embed", "norm"),
                ("queries", "keys", "drop_attention"),
                ("sum_up", "norm_batch", "drop_summary", "norm_summary"),
            ),
        ),
        (
            "tempcnn",
            {},
            (
                ("convolutions.0", "convolutions.1", "convolutions.2", "convolutions.3"),
                ("convolutions.4", "convolutions.5", "convolutions.6", "convolutions.7"),
                ("convolutions.8", "convolutions.9", "convolutions.10", "convolutions.11"),
                ("dense.0", "dense.1", "dense.2", "dense.3"),
            ),
        ),
        (
            "inception_time",
            {"layers": 6},
            (
                ("inception.0", "shortcuts.0"),
                ("inception.1",),
                ("inception.2",),
                ("inception.3", "shortcuts.1"),
                ("inception.4",),
                ("inception.5",),
            ),
        ),
        ("recurrent", {"form": "attentive"}, (("norm", "cells", "score"),)),
        ("recurrent", {"form": "plain"}, (("norm", "cells"),)),
        ("deep_lstm", {}, (("norm", "cells", "norm_memories"),)),
        ("star_rnn", {}, (("norm", "cells.0"), ("cells.1",), ("cells.2", "norm_last"))),
        ("omniscale_cnn", {}, (("layers.0",), ("layers.1",), ("layers.2",))),
    ],
)
def test_blocks_stand_in_the_order_in_which_a_series_passes_them(name, values, blocks):
    assert network_of(name, **values).blocks() == blocks


def test_parts_side_by_side_make_a_block_together():
    stem, *depths = network_of("ms_resnet").blocks()
    assert stem == ("stem.0", "stem.1", "stem.2", "stem.3")
    assert depths == [tuple(f"branches.{branch}.{depth}" for branch in range(3)) for depth in range(3)]


def test_a_network_s_own_weights_are_parts_too():
    class Scaled(SeriesNetwork):
        def __init__(self):
            super().__init__(36, SHAPE)
            self.scale = torch.nn.Parameter(torch.ones(4))
            self.mix = torch.nn.Linear(4, 4)

        def encode(self, values):
            return self.mix(values * self.scale).flatten(1)

    assert Scaled().blocks() == (("scale", "mix"),)
