import dataclasses

import numpy as np
import pytest
import torch

from cropmap.models.base import SeriesShape
from cropmap.models.recurrent import Recurrent, RecurrentNetwork, RecurrentParams
from cropmap.seeds import torch_seed
from tests.core.models.networks import (
    MASKED,
    SHAPE,
    again,
    check_batches,
    check_full_mask,
    check_skipped,
    check_unseen_steps,
    count_parameters,
    dense,
    masked_series,
    normalised,
    series,
    sigmoid,
    softmax,
    untrained,
    weights,
)

CELLS, FORMS = ("rnn", "lstm", "gru"), ("plain", "bidirectional", "attentive")
all_nine = pytest.mark.parametrize(("cell", "form"), [(cell, form) for cell in CELLS for form in FORMS])


def made(cell, form, shape=SHAPE, **others):
    return untrained(Recurrent, RecurrentParams(cell=cell, form=form, hidden=3, **others), shape)


@pytest.mark.parametrize(
    ("cell", "form", "count"),
    [
        ("rnn", "plain", 85_263),
        ("lstm", "plain", 288_015),
        ("gru", "plain", 220_431),
        ("rnn", "bidirectional", 564_751),
        ("lstm", "bidirectional", 2_152_975),
        ("gru", "bidirectional", 1_623_567),
        ("rnn", "attentive", 531_472),
        ("lstm", "attentive", 2_119_696),
        ("gru", "attentive", 1_590_288),
    ],
)
def test_the_paper_s_sizes_have_the_paper_s_numbers_of_parameters(cell, form, count):
    assert count_parameters(Recurrent, RecurrentParams(cell=cell, form=form), SeriesShape(23, 6, 3)) == count


def one_way(cell, x, a, suffix):
    """The outputs of one layer and direction for one series, (step, number)."""
    size = a[f"cells.weight_hh_{suffix}"].shape[1]
    h, memory, found = np.zeros(size), np.zeros(size), []
    for step in x:
        given = a[f"cells.weight_ih_{suffix}"] @ step + a[f"cells.bias_ih_{suffix}"]
        kept = a[f"cells.weight_hh_{suffix}"] @ h + a[f"cells.bias_hh_{suffix}"]
        if cell == "rnn":
            h = np.tanh(given + kept)
        elif cell == "lstm":
            enter, forget, new, out = np.split(given + kept, 4)
            memory = sigmoid(forget) * memory + sigmoid(enter) * np.tanh(new)
            h = sigmoid(out) * np.tanh(memory)
        else:
            (reset, update, new), (old_reset, old_update, old) = np.split(given, 3), np.split(kept, 3)
            stay = sigmoid(update + old_update)
            h = (1 - stay) * np.tanh(new + sigmoid(reset + old_reset) * old) + stay * h
        found.append(h)
    return np.array(found)


def by_hand(model, values):
    a, params = weights(model), model.params
    found = []
    for one in values.astype(float):
        x = normalised(one, a, "norm")
        if params.form == "plain":
            x = one_way(params.cell, x, a, "l0")
        else:
            for layer in range(2):
                forwards = one_way(params.cell, x, a, f"l{layer}")
                backwards = one_way(params.cell, x[::-1], a, f"l{layer}_reverse")[::-1]
                x = np.concatenate([forwards, backwards], axis=1)
        if params.form == "attentive":
            share = softmax(np.maximum(dense(x, a, "score")[:, 0], 0))
            features = share @ x
        else:
            features = np.maximum(x, 0).reshape(-1)
        found.append(softmax(dense(features, a, "head")))
    return np.array(found)


@all_nine
def test_the_forward_pass_is_the_one_written_by_hand(cell, form):
    model, values = made(cell, form), series(6)
    np.testing.assert_allclose(model.predict_proba(values), by_hand(model, values), atol=2e-6)


@all_nine
def test_no_answer_depends_on_the_other_rows(cell, form):
    check_batches(made(cell, form))


@all_nine
def test_steps_that_were_not_seen_do_not_count(cell, form):
    model = made(cell, form, MASKED)
    check_unseen_steps(model)
    check_full_mask(model)


@pytest.mark.parametrize("cell", CELLS)
def test_steps_that_were_not_seen_are_skipped(cell):
    model = made(cell, "attentive", MASKED)
    check_skipped(model)
    # Wherever they lie: the same as the series of the seen steps alone.
    values, seen = masked_series(10)
    for row, known in zip(values, seen, strict=True):
        short = again(model, steps=int(known.sum()))
        np.testing.assert_allclose(model.predict_proba(row[None]), short.predict_proba(row[known][None]), atol=1e-6)


@pytest.mark.parametrize("form", ["plain", "bidirectional"])
def test_outputs_of_steps_that_were_not_seen_are_0_and_stay_at_their_place(form):
    model = made("gru", form, MASKED)
    values, seen = masked_series(10)
    features = model.encode(values).reshape(10, MASKED.steps, -1)
    assert (features[~seen] == 0).all()
    for row, known, found in zip(values, seen, features, strict=True):
        short = Recurrent.untrained(model.params, dataclasses.replace(MASKED, steps=int(known.sum())))
        body = {name: tensor for name, tensor in model.network.state_dict().items() if not name.startswith("head")}
        short.network.load_state_dict(body, strict=False)
        expected = short.encode(row[known][None]).reshape(int(known.sum()), -1)
        np.testing.assert_allclose(found[known], expected, atol=1e-6)


def test_an_lstm_begins_by_remembering():
    with torch_seed(0):
        cells = RecurrentNetwork(RecurrentParams(cell="lstm", hidden=4), SHAPE).cells
    for name, bias in cells.named_parameters():
        if "bias" in name:
            forget = bias[4:8]
            assert (forget == 3).all() == name.startswith("bias_ih"), name
            assert bias[torch.arange(16) // 4 != 1].abs().max() <= 0.5


def test_one_or_two_bands_are_not_normalised():
    for shape in (SeriesShape(3, 1, 2), SeriesShape(3, 2, 2), SeriesShape(3, 3, 2, names=("vv", "vh", "clear"))):
        assert "norm.weight" not in Recurrent.build(RecurrentParams(hidden=2), shape).state_dict()
    wanted = Recurrent.build(RecurrentParams(hidden=2), SeriesShape(3, 3, 2))
    assert "norm.weight" in wanted.state_dict()
    assert "norm.weight" not in made("gru", "plain", band_norm=False).arrays()


@all_nine
def test_a_season_of_one_step_is_enough(cell, form):
    model = made(cell, form, SeriesShape(1, 1, 2))
    np.testing.assert_allclose(model.predict_proba(series(1, model.shape)).sum(), 1, atol=1e-6)
