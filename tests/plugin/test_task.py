"""A job as a QGIS task: signals in the main thread, cancel, and what happens when the panel goes away."""

import pytest
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QThread

from cropmap.contract.job import Job
from cropmap_plugin.worker.process import Order
from cropmap_plugin.worker.task import Runner


class Witness:
    def __init__(self, runner):
        self.progress, self.warnings, self.points, self.ends, self.threads = [], [], [], [], set()
        runner.progressed.connect(self._progressed)
        runner.warned.connect(self.warnings.append)
        runner.pointed.connect(self._pointed)
        runner.ended.connect(self._ended)

    def _progressed(self, fraction, message):
        self.progress.append((fraction, message))
        self.threads.add(QThread.currentThread())

    def _pointed(self, curve, figures):
        self.points.append((curve, figures))
        self.threads.add(QThread.currentThread())

    def _ended(self, kind, outcome):
        self.ends.append((kind, outcome))
        self.threads.add(QThread.currentThread())


@pytest.fixture
def runner(qgis_app):
    return Runner()


@pytest.fixture
def order(fake_python, tmp_path):
    return lambda act: Order(Job("demo", {"act": act}, str(tmp_path / "run")), fake_python, tmp_path, 0.5)


@pytest.mark.parametrize(
    ("act", "status"),
    [("succeed", "done"), ("refuse", "error"), ("die", "crash"), ("babble", "done"), ("flood", "done")],
)
def test_every_end_is_told_once_and_in_the_main_thread(runner, order, wait_for, qgis_app, act, status):
    witness = Witness(runner)
    runner.start(order(act))
    assert runner.busy
    wait_for(lambda: witness.ends)
    assert [(kind, outcome.status) for kind, outcome in witness.ends] == [("demo", status)]
    assert witness.threads == {qgis_app.thread()}
    assert not runner.busy


def test_progress_and_warnings_arrive_in_order(runner, order, wait_for):
    witness = Witness(runner)
    runner.start(order("succeed"))
    wait_for(lambda: witness.ends)
    assert witness.progress == [(n / 5, f"Step {n}") for n in range(1, 5)]
    assert witness.warnings == ["Two dates are cloudy."]


def test_points_of_curves_arrive_in_order_and_what_is_none_is_passed_over(runner, order, wait_for, qgis_app):
    witness = Witness(runner)
    runner.start(order("learn"))
    wait_for(lambda: witness.ends)
    assert [(curve, figures["epoch"]) for curve, figures in witness.points] == [
        (curve, epoch) for curve in ("Fold 1", "Model") for epoch in (1, 2, 3)
    ]
    assert witness.points[1][1] == {
        "epoch": 2,
        "training_loss": 0.5,
        "validation_loss": None,
        "validation_accuracy": 0.5,
    }
    assert witness.threads == {qgis_app.thread()}
    assert witness.ends[0][1].status == "done"


def test_cancel_from_the_panel_stops_the_worker(runner, order, wait_for):
    witness = Witness(runner)
    runner.start(order("wait"))
    wait_for(lambda: witness.progress)
    runner.cancel()
    wait_for(lambda: witness.ends)
    assert witness.ends[0][1].status == "cancelled"


def test_cancel_from_qgis_s_own_task_list_stops_it_too(runner, order, wait_for):
    witness = Witness(runner)
    runner.start(order("hang"))
    wait_for(lambda: witness.progress)
    QgsApplication.taskManager().cancelAll()
    wait_for(lambda: witness.ends)
    assert witness.ends[0][1].status == "cancelled"


def test_one_job_after_another_runs_in_the_same_panel(runner, order, wait_for):
    witness = Witness(runner)
    for act in ("die", "succeed"):
        runner.start(order(act))
        wait_for(lambda: not runner.busy)
    assert [outcome.status for _, outcome in witness.ends] == ["crash", "done"]


def test_a_second_job_at_the_same_time_is_refused(runner, order, wait_for):
    runner.start(order("wait"))
    with pytest.raises(RuntimeError, match="running already"):
        runner.start(order("wait"))
    runner.cancel()
    wait_for(lambda: not runner.busy)


def test_a_panel_that_goes_away_is_never_called_again(runner, order, wait_for):
    witness = Witness(runner)
    runner.start(order("wait"))
    wait_for(lambda: witness.progress)
    runner.leave()
    wait_for(lambda: QgsApplication.taskManager().countActiveTasks() == 0)
    assert witness.ends == []
