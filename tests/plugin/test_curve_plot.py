"""Curves that grow while a job runs."""

import math

import pytest
from qgis.PyQt.QtGui import QColor

from cropmap_plugin.widgets.curve_plot import BLUE, CurvePlot
from cropmap_plugin.widgets.look import AMBER, GREEN
from cropmap_plugin.widgets.run_panel import RunPanel

LEFT, RIGHT, TOP, BOTTOM, BETWEEN = 40, 392, 36, 192, 8  # the frame of both panels in a plot of 400 x 210
LOSSES = (TOP, TOP + 0.6 * (BOTTOM - TOP - BETWEEN))
ACCURACY = (LOSSES[1] + BETWEEN, BOTTOM)


@pytest.fixture
def plot(qgis_app):
    made = CurvePlot()
    made.resize(400, 210)
    yield made
    made.deleteLater()


def point(epoch, training=math.nan, validation=math.nan, accuracy=math.nan):
    return {
        "epoch": epoch,
        "training_loss": training,
        "validation_loss": validation,
        "validation_accuracy": accuracy,
        "learning_rate": 0.001,
    }


def has(plot, colour, x, y):
    """Return whether a colour was drawn at a place, two pixels more or less."""
    image = plot.grab().toImage()
    wanted = QColor(colour).rgb()
    around = (-2, -1, 0, 1, 2)
    return any(image.pixel(round(x) + dx, round(y) + dy) == wanted for dx in around for dy in around)


def y_of(value, low, high, panel):
    margin = 0.06 * (high - low)
    return panel[1] - (value - low + margin) / (high - low + 2 * margin) * (panel[1] - panel[0])


def test_losses_lie_above_and_the_accuracy_below_at_their_epochs(plot):
    for epoch, training, validation, accuracy in ((1, 2.0, 1.5, 0.2), (5, 1.0, 1.2, 0.6), (9, 0.0, 1.0, 0.8)):
        assert plot.add("Fold 1", point(epoch, training, validation, accuracy))
    middle = (LEFT + RIGHT) / 2
    assert has(plot, BLUE, middle, y_of(1.0, 0, 2, LOSSES))
    assert has(plot, AMBER, middle, y_of(1.2, 0, 2, LOSSES))
    assert has(plot, GREEN, middle, y_of(0.6, 0.2, 0.8, ACCURACY))
    assert not has(plot, GREEN, middle, y_of(1.2, 0, 2, LOSSES))


def test_only_the_current_curve_is_in_full_colour(plot):
    for epoch in (1, 9):
        plot.add("Fold 1", point(epoch, validation=2.0))
    for epoch in (1, 9):
        plot.add("Fold 2", point(epoch, validation=1.0))
    assert plot.names() == ("Fold 1", "Fold 2")
    middle = (LEFT + RIGHT) / 2
    assert has(plot, AMBER, middle, y_of(1.0, 1, 2, LOSSES))
    assert not has(plot, AMBER, middle, y_of(2.0, 1, 2, LOSSES))


def test_the_words_name_the_curve_the_epoch_and_the_best_one(plot):
    for epoch, loss, accuracy in ((1, 0.9, 0.5), (2, 0.4, 0.8123), (3, 0.6, 0.9)):
        plot.add("Fold 2", point(epoch, validation=loss, accuracy=accuracy))
    assert plot.words() == ("Fold 2", "epoch 3 · best: 2 · accuracy 0.812")
    assert plot.accessibleDescription() == "Fold 2: epoch 3 · best: 2 · accuracy 0.812"
    plot.clear()
    assert plot.words() == ("", "")
    assert plot.names() == ()


def test_a_training_that_goes_back_overwrites_what_it_did(plot):
    for epoch in (1, 2, 3, 2):
        plot.add("Model", point(epoch, training=1.0 / epoch))
    assert [found.x for found in plot.points("Model")] == [1, 2]


@pytest.mark.parametrize(
    "figures",
    [
        {},
        {"epoch": 1},
        {"epoch": "1", "training_loss": 1.0},
        {"epoch": None, "training_loss": 1.0},
        {"epoch": 2, "training_loss": None, "validation_loss": "low", "validation_accuracy": True},
        point(math.inf, 1.0),
    ],
)
def test_what_is_no_point_is_left_out(plot, figures):
    assert not plot.add("Model", figures)
    assert plot.names() == ()


@pytest.mark.parametrize("values", [[0.5], [0.0, 0.0], [1e-9, 1e12], [0.3, math.nan, 0.2], [-5.0, -5.0]])
def test_any_values_can_be_drawn(plot, values):
    for epoch, value in enumerate(values, 1):
        plot.add("Model", point(epoch, validation=value))
    assert not plot.grab().isNull()


def test_a_search_shows_its_scores_and_the_best_so_far(plot):
    best = 0.0
    for trial, score in enumerate((0.5, 0.8, 0.6)):
        best = max(best, score)
        assert plot.add("Search", {"trial": float(trial), "score": score, "best": best})
    assert plot.words() == ("Search", "trial 3 · best: 2 · score 0.800")
    # They count from 1, as in the report. Trials 1 to 5 have room; the third one's dot lies in the middle.
    middle, panel = (LEFT + RIGHT) / 2, (TOP, BOTTOM)
    assert has(plot, BLUE, middle, y_of(0.6, 0.5, 0.8, panel))
    assert has(plot, GREEN, middle, y_of(0.8, 0.5, 0.8, panel))
    plot.add("Model", point(1, 1.0))
    assert plot.names() == ("Model",)


@pytest.mark.parametrize(
    ("curve", "title"),
    [
        ("ltae, run 1, Fold 2", "Lightweight temporal attention (L-TAE), Fold 2"),
        ("tempcnn 2, run 3, Fold 1", "TempCNN 2, run 3, Fold 1"),
        ("Until 2023-05-28, Fold 1", "until 2023-05-28, Fold 1"),
        ("3 tempcnn", "3 TempCNN"),
        ("random_forest, 40 labels", "Random forest, 40 labels"),
        ("something else", "something else"),
    ],
)
def test_a_curve_s_name_is_told_in_words(plot, curve, title):
    plot.add(curve, point(1, 1.0))
    assert plot.words()[0] == title
    assert not plot.grab().isNull()


def test_the_run_panel_unfolds_the_curves_with_the_first_point(qgis_app, tmp_path):
    panel = RunPanel()
    panel.begin(tmp_path / "log.txt")
    panel.point("Fold 1", {"sparkle": 1})
    assert panel.curve.isHidden()
    assert panel.curves.isHidden()
    panel.point("Fold 1", point(1, 1.0))
    assert not panel.curve.isHidden()
    panel.curves.setChecked(False)
    panel.point("Fold 1", point(2, 0.9))
    assert panel.curve.isHidden()
    panel.end()
    assert not panel.curves.isHidden()
    panel.begin(tmp_path / "log.txt")
    assert panel.curves.isHidden()
    assert panel.curve.names() == ()
    panel.deleteLater()
